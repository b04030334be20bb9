"""While a file is still being read behind the screen, the screen says so and says nothing that it does not know."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from kellect_tui import commands
from kellect_tui.errors import BadSessionFile, CannotWrite
from kellect_tui.session.file import SessionWriter, open_at_once, open_session, write_session
from kellect_tui.session.opening import Opening
from kellect_tui.session.processes import Processes
from kellect_tui.session.session import Session
from kellect_tui.tui.account import account
from kellect_tui.tui.app import KellectApp
from kellect_tui.tui.quantities import Clock
from kellect_tui.tui.saving import save_screen, summary_text
from tests.synthetic import mixed, session_of
from tests.tui.story import still, story, told, until

SIZE = (120, 32)


class Gate:
    """Holds readers back at their first piece until it is opened."""

    def __init__(self) -> None:
        self.open = threading.Event()

    def hold(self, opening: Opening, share: float) -> None:
        while not self.open.wait(0.01):
            TELL(opening, 0.43)
        TELL(opening, share)


TELL: Callable[[Opening, float], None] = Opening._told


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    gate = Gate()
    monkeypatch.setattr(Opening, "_told", lambda opening, share: gate.hold(opening, share))
    yield gate
    gate.open.set()


def whole_file() -> bytes:
    file = io.BytesIO()
    write_session(story(), file)
    return file.getvalue()


def cut_file() -> bytes:
    session = session_of()
    file = io.BytesIO()
    writer = SessionWriter(file, session)
    writer.update(session)
    session.take(told().batch())
    session.store.seal()
    return file.getvalue()


def texts(app: KellectApp) -> dict[str, str]:
    main = app.main
    return {"header": main.lines.header.text, "tabs": main.lines.tab_bar.text, "status": main.filter_bar._status.text}


def notified(app: KellectApp) -> list[str]:
    return [note.message for note in app._notifications]


async def test_a_whole_file_has_its_counts_at_once_and_its_tree_when_it_is_read(gate: Gate) -> None:
    app = still(open_at_once(io.BytesIO(whole_file())))
    async with app.run_test(size=SIZE) as pilot:
        main = app.main
        await until(pilot, lambda: "opening 43%" in main.lines.header.text)
        first = texts(app)
        assert " SAVED  opening 43%  59 events " in first["header"]
        assert "All 59 │" in first["tabs"]
        assert first["tabs"].rstrip().endswith("Tree 0…")
        assert "59 of 59" in first["status"]
        await pilot.press("enter")
        assert "The table of processes is still being read (43%)." in main.detail.pane.text
        await pilot.press("t", "P")
        main.action_own_events()
        await pilot.pause()
        assert notified(app) == ["The table of processes is still being read (43%)."] * 3
        assert main.tab == "all"
        await pilot.press("6")
        await until(pilot, lambda: "The table of processes is still being read (43%)." in main.filter_bar._status.text)
        gate.open.set()
        await until(pilot, lambda: app.session.opening is None and "opening" not in main.lines.header.text)
        await until(pilot, lambda: main.tree_view.row_count == 2)
        assert main.lines.tab_bar.text.rstrip().endswith("Tree 2")
        await pilot.press("1", "enter")
        assert "still being read" not in main.detail.pane.text


async def test_a_filter_that_asks_for_processes_waits_for_them_and_others_do_not(gate: Gate) -> None:
    app = still(open_at_once(io.BytesIO(whole_file())), initial_filter="tree = 4200")
    async with app.run_test(size=SIZE) as pilot:
        main = app.main
        job = main.jobs.running
        assert job is not None
        assert job.opening is app.session.opening
        await until(pilot, lambda: "filtering" in main.filter_bar._status.text)
        assert main.views.filter is None
        main.filter_line.apply("comm = bash")
        assert str(main.views.filter) == "comm = bash"
        main.filter_line.apply("tree = 4200")
        waiting = main.jobs.running
        await pilot.press("escape")
        assert waiting is not None
        assert waiting.cancelled.is_set()
        main.filter_line.apply("tree = 4200 and event_type = file.*")
        gate.open.set()
        await until(pilot, lambda: str(main.views.filter).startswith("tree"))
        found = main.table.view.rows(0, main.table.row_count)
        assert [event.pid for event in found] == [4200] * 11


async def test_of_a_cut_file_every_count_is_marked_until_it_is_final(gate: Gate) -> None:
    session = open_at_once(io.BytesIO(cut_file()))
    app = still(session)
    async with app.run_test(size=SIZE) as pilot:
        main = app.main
        await until(pilot, lambda: "opening 43%" in main.lines.header.text)
        assert " SAVED  cut short · opening 43%  0… events ·  0… lost" in main.lines.header.text
        assert "All 0… │" in main.lines.tab_bar.text
        assert "0… of 0…" in main.filter_bar._status.text
        assert main.table.row_count == 61  # all rows are there
        main.filter_line.apply("comm = bash")
        assert "14 of 0…" in main.filter_bar._status.text
        assert "still being read when this was counted" in "".join(piece for row in account(session, Clock())(100) for piece, _ in row)
        main.filter_line.apply("")
        await pilot.press("enter")
        assert "still being read" in main.detail.pane.text
        gate.open.set()
        await until(pilot, lambda: "opening" not in main.lines.header.text)
        assert "still being read" not in main.detail.pane.text
        assert " SAVED  cut short  59 events ·  312 lost" in main.lines.header.text
        assert "All 59 │" in main.lines.tab_bar.text
        assert main.lines.tab_bar.text.rstrip().endswith("Tree 2")
        assert "still being read when this was counted" not in "".join(piece for row in account(session, Clock())(100) for piece, _ in row)


async def test_quitting_does_not_wait(gate: Gate) -> None:
    session = open_at_once(io.BytesIO(whole_file()))
    app = still(session)
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: "opening" in app.main.lines.header.text)
        opening = session.opening
        assert opening is not None
        await pilot.press("q")
    assert opening.wait() is False  # it has ended, and the gate is closed still
    assert not gate.open.is_set()
    assert app.main.failure is None


async def test_a_table_that_cannot_be_read_ends_the_program_with_what_is_wrong(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    session = story()
    table = session.processes.to_json()
    del table["processes"][-1]["pid"]
    monkeypatch.setattr(Processes, "to_json", lambda self: table)
    path = tmp_path / "a.kellect"
    with path.open("wb") as file:
        write_session(session, file)
    app = still(open_at_once(path))
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: app.main.failure is not None)
    with pytest.raises(BadSessionFile) as eager:
        open_session(path)
    assert str(app.main.failure) == str(eager.value)

    def run(shown: KellectApp) -> None:
        shown.main.failure = app.main.failure

    monkeypatch.setattr(KellectApp, "run", run)
    monkeypatch.setattr(commands, "_require_terminal", lambda remedy: None)
    with pytest.raises(BadSessionFile, match="process table"):
        commands.open_file(path, "")


def in_a_thread(work: Callable[[], Any]) -> tuple[threading.Thread, list[Any]]:
    results: list[Any] = []
    thread = threading.Thread(target=lambda: results.append(work()))
    thread.start()
    return thread, results


def opening_of(session: Session) -> Opening:
    assert session.opening is not None
    return session.opening


def test_what_is_saved_and_summed_up_meanwhile_is_the_whole_of_it(tmp_path: Path) -> None:
    data = io.BytesIO()
    write_session(session_of(mixed(500), finished=True, chunk_rows=100), data)
    session, whole = (open_at_once(io.BytesIO(data.getvalue())) for _ in range(2))
    opening_of(whole).run()
    screen = save_screen(session, still(session).main.views, "all")
    path = tmp_path / "b.kellect"
    saving, saved = in_a_thread(lambda: screen._write(path, "session", False, lambda done, total: None, lambda: False))
    summing, text = in_a_thread(lambda: summary_text(session, None, lambda: False))
    assert not path.exists()
    opening_of(session).run()
    saving.join()
    summing.join()
    assert saved == [whole.ledger.captured]
    assert text == [summary_text(whole, None, lambda: False)]
    again = open_session(path)
    assert again.processes.to_json() == whole.processes.to_json()
    assert again.ledger.to_json() == whole.ledger.to_json()


def test_what_will_never_be_whole_is_not_saved_and_says_why(tmp_path: Path) -> None:
    session = open_at_once(io.BytesIO(whole_file()))
    screen = save_screen(session, still(session).main.views, "all")
    opening_of(session).stop()
    opening_of(session).run()
    with pytest.raises(CannotWrite, match="has not been read wholly"):
        screen._write(tmp_path / "c.kellect", "session", False, lambda done, total: None, lambda: False)
    assert summary_text(session, None, lambda: False) is None
    assert list(tmp_path.iterdir()) == []


async def test_a_damaged_session_is_said_to_be_so_and_what_is_left_of_it_is_there() -> None:
    data = bytearray(whole_file())
    data[len(data) // 2] ^= 4
    session = open_at_once(io.BytesIO(data))
    app = still(session)
    async with app.run_test(size=SIZE) as pilot:
        main = app.main
        await until(pilot, lambda: "opening" not in main.lines.header.text)
        assert [toast.message for toast in app._notifications] == [f"This session is {session.damage}."]
        assert " SAVED  damaged " in main.lines.header.text
        assert "complete" not in main.lines.footer.text
        assert main.table.row_count == len(session.store)
        lines = ["".join(piece for piece, _ in row) for row in account(session, Clock())(200)]
        assert f"{session.damage}; its events count as dropped" in lines
        assert lines[-1] == "something is missing"
