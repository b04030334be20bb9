"""The save dialogue."""

from __future__ import annotations

import threading
from pathlib import Path

import orjson
import pytest
from textual.widgets import Input

from kellect_tui.errors import CannotWrite
from kellect_tui.session.session import Session
from kellect_tui.tui import saving
from kellect_tui.tui.app import KellectApp
from kellect_tui.tui.screens.save import SaveScreen
from tests.tui.story import still, until

SIZE = (100, 30)


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """File names without a directory mean this one."""
    monkeypatch.chdir(tmp_path)


def dialogue(app: KellectApp) -> SaveScreen:
    """The dialogue that is open."""
    assert isinstance(app.screen, SaveScreen)
    return app.screen


async def test_it_saves_and_says_where(session: Session, tmp_path: Path) -> None:
    app = still(session)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("ctrl+s")
        await until(pilot, lambda: isinstance(app.screen, SaveScreen))
        assert dialogue(app).path.name == "kellect-testhost-20231114-223000.kellect"
        await pilot.press("ctrl+u", *"out.jsonl", "enter")
        await until(pilot, lambda: app.screen is app.main)
        notes = [note.message for note in app._notifications]
        assert notes[0].startswith(f"{session.ledger.captured} events saved to out.jsonl")
    lines = (tmp_path / "out.jsonl").read_bytes().splitlines()
    assert orjson.loads(lines[0])["event_type"] == "monitor.start"
    assert orjson.loads(lines[-1])["event_type"] == "monitor.stop"
    assert sum(not orjson.loads(line)["event_type"].startswith("monitor.") for line in lines) == session.ledger.captured


async def test_only_what_is_shown_can_be_saved(session: Session, tmp_path: Path) -> None:
    app = still(session, initial_filter="comm = bash")
    async with app.run_test(size=SIZE) as pilot:
        count = app.main.views.matches("all")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: isinstance(app.screen, SaveScreen))
        await pilot.press("ctrl+u", *"out.json", "down", "down", "right", "enter")
        await until(pilot, lambda: app.screen is app.main)
    events = orjson.loads((tmp_path / "out.json").read_bytes())["events"]
    assert sum(not event["event_type"].startswith("monitor.") for event in events) == count
    assert {event["comm"] for event in events} - {None} == {"bash"}


async def test_format_and_suffix_go_together(session: Session) -> None:
    app = still(session)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("ctrl+s")
        await until(pilot, lambda: isinstance(app.screen, SaveScreen))
        await pilot.press("down", "right", "right")
        await pilot.pause()
        assert dialogue(app).path.name.endswith("223000.json")
        dialogue(app).query_one("#save-path", Input).value = "x.csv"
        await pilot.pause()
        assert "csv" in str(dialogue(app).query_one("#save-format").value)  # type: ignore[attr-defined]  # it is a Choice


async def test_an_error_is_a_sentence_and_a_remedy_and_can_be_mended(session: Session, tmp_path: Path) -> None:
    app = still(session)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("ctrl+s")
        await until(pilot, lambda: isinstance(app.screen, SaveScreen))
        await pilot.press("ctrl+u", *"nowhere/out.csv", "enter")
        await until(pilot, lambda: not dialogue(app).writing)
        assert "nowhere" in dialogue(app).message
        await pilot.press("ctrl+u", "enter")
        await pilot.pause()
        assert dialogue(app).message == "Type the name of a file first."
        await pilot.press(*"out.csv", "enter")
        await until(pilot, lambda: app.screen is app.main)
    assert (tmp_path / "out.csv").exists()
    assert list(tmp_path.iterdir()) == [tmp_path / "out.csv"]


async def test_a_file_that_is_there_is_replaced_only_when_asked_for_twice(session: Session, tmp_path: Path) -> None:
    for name in ("a.jsonl", "b.jsonl"):
        (tmp_path / name).write_text("precious\n")
    app = still(session)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("ctrl+s")
        await until(pilot, lambda: isinstance(app.screen, SaveScreen))
        for name in ("a.jsonl", "b.jsonl", "a.jsonl"):  # what was asked of another file, or before another name, counts no more
            await pilot.press("ctrl+u", *name, "enter")
            await until(pilot, lambda name=name: dialogue(app).message == f"{name} is there already: 9 bytes.\nEnter replaces it; another name keeps it.")  # type: ignore[misc]  # a lambda's default has no type
            assert not dialogue(app).writing
        assert (tmp_path / "a.jsonl").read_text() == "precious\n"
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is app.main)
    assert orjson.loads((tmp_path / "a.jsonl").read_bytes().splitlines()[0])["event_type"] == "monitor.start"
    assert (tmp_path / "b.jsonl").read_text() == "precious\n"


@pytest.mark.parametrize("name", ["~no-such-user/x.jsonl", "x" * 300, "a/b\0c"])
async def test_a_name_that_no_file_can_have_is_told(session: Session, tmp_path: Path, name: str) -> None:
    app = still(session)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("ctrl+s")
        await until(pilot, lambda: isinstance(app.screen, SaveScreen))
        dialogue(app).query_one("#save-path", Input).value = name
        await pilot.press("enter")
        await until(pilot, lambda: "cannot be written" in dialogue(app).message)
    assert list(tmp_path.iterdir()) == []


async def test_escape_stops_writing_and_then_closes(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = threading.Event()

    def endless(*_args: object, progress: object = None, cancelled: object = None, **_more: object) -> int:
        assert callable(progress)
        assert callable(cancelled)
        progress(1, 4)
        begun.set()
        waited = threading.Event()
        while not cancelled():
            waited.wait(0.01)
        return -1

    monkeypatch.setattr(saving, "export", endless)
    app = still(session)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("ctrl+s")
        await until(pilot, lambda: isinstance(app.screen, SaveScreen))
        await pilot.press("enter")
        await until(pilot, lambda: "25%" in dialogue(app).message)
        await pilot.press("escape")
        await until(pilot, lambda: dialogue(app).message.startswith("Stopped"))
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.main)
    assert begun.is_set()


async def test_a_full_disk_leaves_the_session_untouched(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_args: object, **_more: object) -> int:
        raise CannotWrite("out.kellect cannot be written: no space left", "free some space [or] choose another disk")

    monkeypatch.setattr(saving, "export", full)
    app = still(session)
    rows = len(session.store)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("ctrl+s")
        await until(pilot, lambda: isinstance(app.screen, SaveScreen))
        await pilot.press("enter")
        await until(pilot, lambda: "no space left" in dialogue(app).message)
        assert "free some space [or] choose another disk" in dialogue(app).message
    assert len(session.store) == rows


def test_the_suggested_name_trusts_no_host(session: Session) -> None:
    session.start = {**session.start, "host": "../../etc/\x1bpasswd"}
    assert saving.suggested_name(session) == "kellect-....etcpasswd-20231114-223000.kellect"
