"""The command in the header, its output's pane, and the question when it is left."""

from __future__ import annotations

import signal
from dataclasses import dataclass, field
from typing import Any

from textual.pilot import Pilot

from kellect_tui.command_output import OutputLog
from kellect_tui.session.session import Session
from kellect_tui.tui.app import KellectApp


@dataclass
class Ended:
    """How it ended."""

    status: int | None
    signal_name: str | None = None
    seconds: float = 1.5


@dataclass
class Pretended:
    """A command that does what the test says."""

    name: str = "/usr/bin/make\x1b[2J"
    text: str = "make -j2"
    kept_in: str = ""
    output: OutputLog = field(default_factory=lambda: OutputLog(keep=50))
    ending: Ended | None = None
    sent: list[int] = field(default_factory=list)

    def poll(self) -> Ended | None:
        return self.ending

    def send_group(self, number: int) -> None:
        self.sent.append(number)


class Live:
    """A capture that goes on."""

    error = None

    def set_events(self, types: frozenset[str]) -> None:
        """Nothing is captured here."""


def app_of(session: Session, command: Pretended) -> KellectApp:
    return KellectApp(session, live=Live(), command=command)


async def frames(pilot: Pilot[Any], app: KellectApp) -> None:
    """Let the screen take in what is new."""
    await pilot.pause()
    app.main._frame()
    app.main._status()
    await pilot.pause()


async def test_the_header_says_how_it_goes(session: Session) -> None:
    command = Pretended()
    app = app_of(session, command)
    async with app.run_test(size=(120, 32)) as pilot:
        await frames(pilot, app)
        assert " make␛[2J runs " in app.main.lines.header.text
        command.ending = Ended(2)
        await frames(pilot, app)
        assert "exited 2" in app.main.lines.header.text
        command.ending = Ended(None, "SIGSEGV")
        await frames(pilot, app)
        assert "SIGSEGV" in app.main.lines.header.text


async def test_the_output_is_harmless_bounded_and_follows(session: Session) -> None:
    command = Pretended()
    command.output.add(b"\x1b]0;pwned\x07one\n" + "\u202egpj.exe\n".encode())
    app = app_of(session, command)
    async with app.run_test(size=(80, 24)) as pilot:
        view = app.main.command_view
        assert view is not None
        assert not view.display
        await pilot.press("O")
        await frames(pilot, app)
        assert view.display
        assert view.pane.text == "␛]0;pwned␇one\n\\u202egpj.exe"
        command.output.add(b"".join(b"line %d\n" % number for number in range(200)) + b"y" * 100)
        await frames(pilot, app)
        rows = view.pane.text.splitlines()
        assert rows[0] == "line 150"
        assert rows[-3:] == ["line 199", "y" * 79, "y" * 21]
        assert view.pane.scroll_offset.y == view.pane.max_scroll_y > 0
        assert "the last 50 are kept" in view.title.text
        await pilot.press("K")  # somebody reads: it stays where it is
        here = view.pane.scroll_offset.y
        command.output.add(b"\nnew\n")
        await frames(pilot, app)
        assert view.pane.scroll_offset.y == here
        await pilot.press("O")
        assert not view.display


async def test_lines_that_are_no_longer_kept_leave_the_pane(session: Session) -> None:
    command = Pretended()
    app = app_of(session, command)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("O")
        for start in (0, 30, 60):
            command.output.add(b"".join(b"line %d\n" % number for number in range(start, start + 30)))
            await frames(pilot, app)
        assert app.main.command_view is not None
        assert app.main.command_view.pane.text.splitlines() == [f"line {number}" for number in range(40, 90)]


async def test_quitting_asks_what_becomes_of_it(session: Session) -> None:
    for keys, answer, ended in ((("q", "y"), "end", True), (("q", "l"), "leave", True), (("q", "q"), None, False), (("ctrl+c", "ctrl+c"), "end", True)):
        app = app_of(session, Pretended())
        async with app.run_test(size=(80, 24)) as pilot:
            await pilot.press(*keys)
            await pilot.pause()
            assert (app.answer, app._exit) == (answer, ended)


async def test_one_that_has_ended_is_not_asked_about(session: Session) -> None:
    app = app_of(session, Pretended(ending=Ended(0)))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("q")
        await pilot.pause()
        assert app._exit


async def test_signals_from_the_palette(session: Session) -> None:
    command = Pretended()
    app = app_of(session, command)
    async with app.run_test(size=(80, 24)) as pilot:
        for name in ("SIGINT", "SIGTERM", "SIGKILL"):
            await app.main.run_action(f"signal('{name}')")
        assert command.sent == [signal.SIGINT, signal.SIGTERM, signal.SIGKILL]
        command.ending = Ended(0)
        await app.main.run_action("signal('SIGTERM')")
        await pilot.pause()
        assert len(command.sent) == 3


async def test_without_a_command_there_are_no_such_keys(session: Session) -> None:
    app = KellectApp(session)
    async with app.run_test(size=(120, 32)) as pilot:
        await pilot.press("O")
        await frames(pilot, app)
        assert not app.main.has_class("-output")
        assert "output" not in app.main.lines.footer.text
        assert app.main.check_action("signal", ("SIGTERM",)) is False


async def test_the_summary_of_what_the_filter_lets_through(session: Session) -> None:
    app = KellectApp(session, initial_filter="failed")
    async with app.run_test(size=(120, 32)) as pilot:
        await pilot.pause()
        await app.main.run_action("app('summary')")
        await pilot.pause()
        await app.workers.wait_for_complete()
        await pilot.pause()
        text = app.screen.text  # type: ignore[attr-defined]  # the summary's screen has it
        assert "only        failed" in text
        assert "failures" in text
        await pilot.press("escape")
        await pilot.pause()
        assert app.screen is app.main
