"""The application: the main screen, the dialogues over it, and how it ends. It never imports bpf.

What is not on the first screen is imported when it is asked for: the start waits for none of it.
"""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import App
from textual.binding import Binding, BindingType
from textual.command import Provider

from kellect_tui.priority import be_screen
from kellect_tui.session.session import Session
from kellect_tui.tui.capture_switch import CaptureControl
from kellect_tui.tui.command_view import CommandControl
from kellect_tui.tui.meter import CostMeter, Rate
from kellect_tui.tui.resizing import only_the_latest_size
from kellect_tui.tui.safe_text import safe_text
from kellect_tui.tui.screens.main import MainScreen
from kellect_tui.tui.terminal import TerminalDriver
from kellect_tui.tui.widgets.cheap import free_strips_at_once, paint_soon

if TYPE_CHECKING:
    from kellect_tui.tui.screens.save import Saved

ASK_FROM = 10_000
"""Unsaved events of a live capture from which quitting asks first."""


def spare_the_collector() -> None:
    """Full collections are the longest stops between a key and the screen: 45 to 95 ms at 500k events a second.

    What is loaded by now stays for good and need not be looked at again; and full collections become rare: what the
    screen makes (strips, segments) dies without them. The collector is off while the program starts (`starting`), so that it
    has not looked yet; that what is garbage by now stays, too, is a few hundred KiB.

    A collection of the middle generation looks at all that outlived a young one since the last: after twenty of them it stopped
    a key for 129 to 149 ms, after five for 39 to 75 on a busy machine. How seldom the full ones are stays the same: after a thousand young ones.
    """
    gc.freeze()
    gc.enable()
    gc.set_threshold(20_000, 5, 200)


def _actions() -> type[Provider]:
    from kellect_tui.tui.palette import ActionProvider

    return ActionProvider


class KellectApp(App[None]):
    """The screen over a session.

    Args:
        session: What is shown.
        live: The capture that feeds it; None for a file. Who started it stops it, after `run`.
        initial_filter: Display filter to begin with.
        title: Of the terminal's window.
        cost: Measures ourselves; None: by /proc.
        rate: Events per second; None: by the monotonic clock.
        now: Epoch ns.
        command: The command whose tree is shown; None: there is none.

    Attributes:
        answer: What is to become of a command that runs still (`screens.leave`); None: nobody was asked.
    """

    CSS_PATH = "app.tcss"
    COMMANDS: ClassVar = {_actions}
    ALLOW_SELECT = False
    COMMAND_PALETTE_BINDING = "ctrl+p"
    VERTICAL_BREAKPOINTS: ClassVar[list[tuple[int, str]]] = [(0, "-low"), (16, "-high")]  # type: ignore[misc]  # declared as of an instance
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+c", "quit", show=False, priority=True), Binding("ctrl+q", "quit", show=False, priority=True)]

    def __init__(
        self,
        session: Session,
        *,
        live: CaptureControl | None = None,
        initial_filter: str = "",
        title: str = "kellect-tui",
        cost: CostMeter | None = None,
        rate: Rate | None = None,
        now: Callable[[], int] = time.time_ns,
        command: CommandControl | None = None,
    ) -> None:
        for name in ("COLUMNS", "LINES"):
            os.environ.pop(name, None)  # exported by some shells and by libreadline: a size that no resize changes
        if os.environ.get("TERM", "").lower() in ("dumb", "unknown"):
            os.environ["TERM"] = "xterm"  # for such a one Rich takes 80x25, whatever size it has, and draws beside what Textual draws
        paint_soon()
        free_strips_at_once()
        only_the_latest_size()
        super().__init__(driver_class=TerminalDriver)
        self.session = session
        self.title = title
        self.main = MainScreen(session, live, initial_filter, cost, rate, now, command)
        self.command = command
        self.answer: str | None = None
        self._screen_loop: asyncio.AbstractEventLoop | None = None
        self._before: dict[signal.Signals, Any] = {}
        self._saved_events = 0

    def get_default_screen(self) -> MainScreen:
        """The main screen is always there."""
        return self.main

    def on_mount(self) -> None:
        """A terminal that is closed ends the program in order, so that the capture is stopped."""
        if not self.is_headless:
            self._screen_loop = loop = asyncio.get_running_loop()
            for number in (signal.SIGHUP, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._signalled)
            if self.command is not None:
                loop.add_signal_handler(signal.SIGINT, self.command.send_group, signal.SIGINT)
            spare_the_collector()
            be_screen()

    def run(self, *args: Any, **options: Any) -> Any:
        """As Textual does; signals mean afterwards what they meant before."""
        try:
            return super().run(*args, **options)
        finally:
            for number, handler in self._before.items():
                signal.signal(number, handler)

    def _signalled(self, number: int, _frame: object) -> None:
        """In the middle of anything, also of waiting for a terminal that stands still: no handler of the loop's would run then."""
        if isinstance(self._driver, TerminalDriver):
            self._driver.told_to_end()
        if self._screen_loop is not None:
            with suppress(RuntimeError):  # it is closed: the screen has ended
                self._screen_loop.call_soon_threadsafe(self._told_to_end, number)

    def _told_to_end(self, number: int) -> None:
        if self.command is not None:
            self.command.send_group(number)
        self.exit()

    def action_show_help(self) -> None:
        """The help, over the main screen."""
        from kellect_tui.tui.saving import filter_help
        from kellect_tui.tui.screens.help import HelpScreen

        self.push_screen(HelpScreen(filter_help()))

    def action_show_account(self) -> None:
        """The account of what happened, over the main screen."""
        from kellect_tui.tui.account import account
        from kellect_tui.tui.screens.reading import Reading

        self.push_screen(Reading("the account: what happened, and what of it is here", account(self.session, self.main.clock), "a"))

    def action_summary(self) -> None:
        """What happened, over the main screen."""
        from kellect_tui.tui.saving import summary_text
        from kellect_tui.tui.screens.summary import SummaryScreen

        self.push_screen(SummaryScreen(partial(summary_text, self.session, self.main.views.filter)))

    def action_save(self) -> None:
        """The save dialogue, over the main screen."""
        from kellect_tui.tui.saving import save_screen

        self.push_screen(save_screen(self.session, self.main.views, self.main.tab), self._saved)

    def _saved(self, saved: Saved | None) -> None:
        from kellect_tui.tui.screens.save import saved_text

        if saved is not None:
            if saved.everything:
                self._saved_events = self.session.ledger.captured
            self.notify(saved_text(saved), title="Saved", timeout=8, markup=False)

    async def action_quit(self) -> None:
        """Quit; a second time while asked means yes."""
        from kellect_tui.tui.screens.confirm import Confirm

        unsaved = self.session.ledger.captured - self._saved_events
        if self.command is not None and self.command.poll() is None:
            self._ask_about_command(unsaved)
            return
        if isinstance(self.screen, Confirm) or not self._is_capture() or unsaved <= ASK_FROM:
            self.exit()
        else:
            question = f"{unsaved:,} captured events are not saved."
            self.push_screen(Confirm(question, "quit without saving"), self._quit_if)

    def _ask_about_command(self, unsaved: int) -> None:
        from kellect_tui.tui.screens.leave import END, LeaveCommand

        if isinstance(self.screen, LeaveCommand):
            self._leave(END)  # asked again: as with the other question, that means yes
        elif self.command is not None:
            said = f"{unsaved:,} captured events are not saved." if unsaved > ASK_FROM else ""
            self.push_screen(LeaveCommand(safe_text(self.command.name), said), self._leave)

    def _leave(self, answer: str | None) -> None:
        if answer is not None:
            self.answer = answer
            self.exit()

    def _is_capture(self) -> bool:
        return self.main.live is not None

    def _quit_if(self, yes: bool | None) -> None:
        if yes:
            self.exit()



