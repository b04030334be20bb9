"""The three lines that are always there: header, tabs, footer. What they say is made in `status`; here it is known and told."""

from __future__ import annotations

from collections.abc import Callable

from kellect_tui.session.session import Session
from kellect_tui.tui import status
from kellect_tui.tui.actions import TABS
from kellect_tui.tui.capture_state import CaptureState
from kellect_tui.tui.command_view import CommandControl
from kellect_tui.tui.meter import Cost, CostMeter, Rate
from kellect_tui.tui.notices import Notify
from kellect_tui.tui.quantities import Clock
from kellect_tui.tui.safe_text import safe_text
from kellect_tui.tui.widgets.header import Footer, Header, TabBar


class StatusLines:
    """Tells how it stands, and once that the capture has failed.

    Args:
        session: What is shown.
        capture: What feeds it.
        rate: Events per second.
        measure: Our own cost.
        now: Epoch ns.
        command: The command whose tree this is; None: there is none.
        notify: How a failure is told.
    """

    def __init__(
        self,
        session: Session,
        capture: CaptureState,
        *,
        rate: Rate,
        measure: CostMeter,
        now: Callable[[], int],
        command: CommandControl | None,
        notify: Notify,
    ) -> None:
        self.header = Header(id="header")
        self.tab_bar = TabBar(id="tabs")
        self.footer = Footer(id="footer")
        self.rate = rate
        self._session = session
        self._capture = capture
        self._measure = measure
        self._now = now
        self._command = command
        self._notify = notify
        self._cost: Cost | None = None
        self._told_error = False

    def measure(self) -> None:
        """Take rates and cost anew; once a second."""
        if self._session.live:
            self.rate.update(self._session.ledger.captured)
            self._session.processes.sample(self._now())
        self._cost = self._measure()

    def tell(self, tab: str, clock: Clock, *, paused: bool) -> None:
        """Say how it stands: with this tab on the screen, times written so, and the screen standing still or not."""
        session = self._session
        self.header.tell(status.facts(session, self._capture.word(paused=paused), self.rate.points, self._command))
        self.tab_bar.tell(TABS, status.counts(session), tab, status.unfinished(session))
        arriving = session.live or paused  # what is paused may be continued
        keys = status.keys(tab, arriving=arriving, command=self._command is not None)
        self.footer.tell(keys, self._cost, status.complete(session, clock))
        error = self._capture.error
        if error is not None and not self._told_error:
            self._told_error = True
            self._notify(safe_text(str(error)), title="The capture failed", severity="error", timeout=30, markup=False)
