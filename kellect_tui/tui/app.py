"""The application: the main screen, the dialogues over it, and how it ends. It never imports bpf."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import time
from collections.abc import Callable
from typing import ClassVar

from textual.app import App
from textual.binding import Binding, BindingType

from kellect_tui.session.session import Session
from kellect_tui.tui.account import account
from kellect_tui.tui.capture_switch import CaptureControl
from kellect_tui.tui.meter import CostMeter, Rate
from kellect_tui.tui.palette import ActionProvider
from kellect_tui.tui.priority import prefer_this_thread
from kellect_tui.tui.saving import filter_help, save_screen
from kellect_tui.tui.screens.confirm import Confirm
from kellect_tui.tui.screens.help import HelpScreen
from kellect_tui.tui.screens.main import MainScreen
from kellect_tui.tui.screens.reading import Reading
from kellect_tui.tui.screens.save import Saved, saved_text
from kellect_tui.tui.terminal import TerminalDriver

ASK_FROM = 10_000
"""Unsaved events of a live capture from which quitting asks first."""


def spare_the_collector() -> None:
    """Full collections are the longest stops between a key and the screen: 45 to 95 ms at 500k events a second.

    What is loaded by now stays for good and need not be looked at again; and full collections become rare: what the
    screen makes (strips, segments) dies without them.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


class KellectApp(App[None]):
    """The screen over a session.

    Args:
        session: What is shown.
        live: The capture that feeds it; None for a file. Who started it stops it, after `run`.
        initial_filter: Display filter to begin with.
        title: Of the terminal's window.
        cost: Measures ourselves; None: by psutil.
        rate: Events per second; None: by the monotonic clock.
        now: Epoch ns.
    """

    CSS_PATH = "app.tcss"
    COMMANDS: ClassVar = {ActionProvider}
    ALLOW_SELECT = False
    COMMAND_PALETTE_BINDING = "ctrl+p"
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
    ) -> None:
        for name in ("COLUMNS", "LINES"):
            os.environ.pop(name, None)  # exported by some shells and by libreadline: a size that no resize changes
        super().__init__(driver_class=TerminalDriver)
        self.session = session
        self.title = title
        self.main = MainScreen(session, live, initial_filter, cost, rate, now)
        self._saved_events = 0

    def get_default_screen(self) -> MainScreen:
        """The main screen is always there."""
        return self.main

    def on_mount(self) -> None:
        """A terminal that is closed ends the program in order, so that the capture is stopped."""
        if not self.is_headless:
            loop = asyncio.get_running_loop()
            loop.add_signal_handler(signal.SIGHUP, self.exit)
            loop.add_signal_handler(signal.SIGTERM, self.exit)
            spare_the_collector()
            prefer_this_thread()

    def action_show_help(self) -> None:
        """The help, over the main screen."""
        self.push_screen(HelpScreen(filter_help()))

    def action_show_account(self) -> None:
        """The account of what happened, over the main screen."""
        self.push_screen(Reading("the account: what happened, and what of it is here", account(self.session, self.main.clock), "a"))

    def action_save(self) -> None:
        """The save dialogue, over the main screen."""
        self.push_screen(save_screen(self.session, self.main.views, self.main.tab), self._saved)

    def _saved(self, saved: Saved | None) -> None:
        if saved is not None:
            if saved.everything:
                self._saved_events = self.session.ledger.captured
            self.notify(saved_text(saved), title="Saved", timeout=8, markup=False)

    async def action_quit(self) -> None:
        """Quit; a second time while asked means yes."""
        unsaved = self.session.ledger.captured - self._saved_events
        if isinstance(self.screen, Confirm) or not self._is_capture() or unsaved <= ASK_FROM:
            self.exit()
        else:
            question = f"{unsaved:,} captured events are not saved."
            self.push_screen(Confirm(question, "quit without saving"), self._quit_if)

    def _is_capture(self) -> bool:
        return self.main.live is not None

    def _quit_if(self, yes: bool | None) -> None:
        if yes:
            self.exit()



