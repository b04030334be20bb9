"""Which view each tab shows, and how a new one comes to be: pure bookkeeping, no Textual, no thread of its own."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

from kellect_tui.session.chunk import EventId
from kellect_tui.session.filter import Filter
from kellect_tui.session.opening import Opening
from kellect_tui.session.session import Session
from kellect_tui.session.view import Predicate, View
from kellect_tui.tui.predicates import MonitorRows, OfFamily, asks_processes, both

SOON = 100_000
"""Events that may be filtered on the screen's own thread: some milliseconds even with a filter on paths."""


@dataclass(slots=True, eq=False)
class Job:
    """A view in the making.

    Attributes:
        purpose: `filter` (to be applied), `preview` (only counted, while it is typed), `tab` or `search`.
        tab: The tab it is for.
        filter: The user's filter in it; None for none.
        view: Filled by `run`.
        opening: Waited for first: the filter asks for processes, which are still being read; None: there is nothing to wait for.
        own: The monitor's own rows in it, so that they are not counted as matches; None where it need not be known.
        seconds: How long it took; None while it runs.
    """

    purpose: str
    tab: str
    filter: Filter | None
    view: View
    own: View | None = None
    opening: Opening | None = None
    cancelled: threading.Event = field(default_factory=threading.Event)
    started: float = field(default_factory=time.perf_counter)
    seconds: float | None = None
    done: int = 0
    total: int = 0

    def run(self) -> bool:
        """Build the view, on any one thread; False when it was cancelled."""
        if self.opening is not None and not self.opening.wait(self.cancelled.is_set):
            return False
        self.started = time.perf_counter()
        finished = self.view.build(self.cancelled.is_set, self._progress) and (self.own is None or self.own.build(self.cancelled.is_set))
        if finished:
            self.seconds = time.perf_counter() - self.started
        return finished

    def _progress(self, done: int, total: int) -> None:
        self.done, self.total = done, total  # read by the screen's frame: no message per chunk

    @property
    def share(self) -> float:
        """How much is done, 0 to 1."""
        return self.done / self.total if self.total else 0.0

    @property
    def matches(self) -> int:
        """Events in it, the monitor's own rows not counted."""
        return len(self.view) - (0 if self.own is None else len(self.own))

    def advance(self) -> None:
        """Take in what is new."""
        self.view.advance()
        if self.own is not None:
            self.own.advance()

    def let_go(self) -> None:
        """Forget what the store has dropped."""
        self.view.let_go()
        if self.own is not None:
            self.own.let_go()


class Views:
    """The views of a session under one filter.

    A tab's view is kept when another tab is shown, but not kept up to date: it catches up when it is shown again, or is
    built anew where too much has come meanwhile.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self.filter: Filter | None = None
        self._made: dict[str, Job] = {}
        self._seen: dict[str, EventId] = {}

    def predicate(self, tab: str, filter: Filter | None) -> Predicate | None:
        """What a tab lets through under a filter; None for everything."""
        return both(None if tab == "all" else OfFamily(tab), filter)

    def job(self, purpose: str, tab: str, filter: Filter | None, also: Predicate | None = None) -> Job:
        """A view that is still to be built."""
        predicate = both(self.predicate(tab, filter), also)
        own = None if predicate is None else self.session.view(both(MonitorRows(), predicate))
        return Job(purpose, tab, filter, self.session.view(predicate), own, self.session.opening if asks_processes(predicate) else None)

    def ready(self, tab: str) -> View | None:
        """The tab's view if it is up to date, or can be brought up to date at once."""
        if tab not in self._made or self.behind(tab) > SOON:
            return None
        self.advance(tab)
        return self._made[tab].view

    def knows(self, tab: str) -> bool:
        """Whether the tab's rows are known, if not up to date."""
        return tab in self._made

    def behind(self, tab: str) -> int:
        """Events that came since the tab's view was last advanced."""
        return int(self.session.store.end) - int(self._seen.get(tab, self.session.store.first))

    def is_small(self) -> bool:
        """Whether a view of everything can be built on the screen's thread."""
        return int(self.session.store.end) - int(self.session.store.first) <= SOON

    def adopt(self, job: Job) -> View:
        """Take a finished job's view for its tab; one for another filter makes the other tabs' views useless."""
        if job.filter is not self.filter:
            self._made.clear()
            self._seen.clear()
            self.filter = job.filter
        self._made[job.tab] = job
        self._seen[job.tab] = EventId(0)
        self.advance(job.tab)
        return job.view

    def advance(self, tab: str) -> bool:
        """Take in what is new in a tab whose rows are known; False (and no work) where nothing came."""
        end = self.session.store.end
        if self._seen[tab] == end:
            return False
        self._seen[tab] = end
        self._made[tab].advance()
        return True

    def let_go(self) -> None:
        """Let every view forget what the store has dropped, also those that are not shown or stand still."""
        for made in self._made.values():
            made.let_go()

    def matches(self, tab: str) -> int:
        """Events in the tab's view; of everything, without a look at each chunk, as the ledger has it."""
        made = self._made.get(tab)
        if made is None:
            return 0
        return self.total if made.own is None else made.matches

    @property
    def total(self) -> int:
        """Events that are kept."""
        return max(0, self.session.ledger.captured - self.session.store.dropped)

    def seconds(self, tab: str) -> float | None:
        """How long the tab's view took to build."""
        made = self._made.get(tab)
        return None if made is None else made.seconds
