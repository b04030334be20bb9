"""Going to the next match, failure or loss."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from kellect_tui.session.chunk import EventId, RowNumber
from kellect_tui.session.filter import Filter
from kellect_tui.session.view import Predicate, View
from kellect_tui.tui.jobs import Jobs
from kellect_tui.tui.notices import Notify
from kellect_tui.tui.predicates import EventsOnly, Failures, Losses
from kellect_tui.tui.tabs import Tabs
from kellect_tui.tui.views import Job


class CursorTable(Protocol):
    """What is searched, and whose cursor is moved."""

    view: View

    @property
    def row_count(self) -> int:
        """Rows that are shown."""
        ...

    @property
    def cursor_index(self) -> int | None:
        """The cursor's row; None where there are no rows."""
        ...

    @property
    def cursor_id(self) -> EventId | None:
        """The event under the cursor."""
        ...

    def go_to(self, event_id: EventId) -> None:
        """Put the cursor on this event."""
        ...


class Finder:
    """Moves the table's cursor to what is looked for.

    A search is a view of its own (the tab's filter and the search text), so that every match is counted, n and N cost
    the same anywhere, and what comes later is found too.

    Args:
        tabs: What is shown is what is searched.
        jobs: Finds the matches.
        table: Where the cursor is.
        parse: The filter a text means; None for an empty one.
        notify: How it is told that nothing is there.

    Attributes:
        text: What was searched for last.
        position: Where the search is, in words; empty: nowhere.
    """

    def __init__(self, tabs: Tabs, jobs: Jobs, table: CursorTable, parse: Callable[[str], Filter | None], notify: Notify) -> None:
        self._tabs = tabs
        self._jobs = jobs
        self._table = table
        self._parse = parse
        self._notify = notify
        self.text = ""
        self.position = ""
        self._job: Job | None = None
        self._step = 1

    def forget(self) -> None:
        """Its matches belong to another view; the text is kept for the next time."""
        self._job = None
        self.position = ""

    def let_go(self) -> None:
        """Forget matches that the store has dropped."""
        if self._job is not None:
            self._job.let_go()

    def search(self, text: str) -> None:
        """Look for a filter's text and go to the next match; an empty text ends the search."""
        self.text = text
        self.forget()
        if text:
            self._start(1)

    def match(self, step: int) -> None:
        """To the next match, or back."""
        if not self.text:
            self._notify("Nothing was searched for yet: Ctrl-F.", markup=False)
        elif self._job is None or self._job.tab != self._tabs.here or self._job.filter is not self._tabs.views.filter:
            self._start(step)
        else:
            self._job.advance()
            self._go(self._job.view, step)

    def _start(self, step: int) -> None:
        filter = self._parse(self.text)
        if filter is None:
            return
        self._step = step
        views = self._tabs.views
        self._jobs.start(views.job("search", self._tabs.here, views.filter, EventsOnly(filter)), here=views.is_small())

    def built(self, job: Job) -> None:
        """The matches are known."""
        self._job = job
        self._go(job.view, self._step)

    def _go(self, view: View, step: int) -> None:
        """To the match after the cursor, or before it; round the end it begins anew, and says so."""
        count = len(view)
        if not count:
            self.position = "no match"
            return
        here = self._table.cursor_id
        at = 0 if here is None else int(view.position(here))
        on_match = at < count and here is not None and view.event_id(RowNumber(at)) == here
        at = at - 1 if step < 0 else at + 1 if on_match else at
        around = not 0 <= at < count
        at %= count
        self._table.go_to(view.event_id(RowNumber(at)))
        self.position = f"match {at + 1:,} of {count:,}{', from the other end' if around else ''}"

    def failure(self, step: int) -> None:
        """To the next failure, or back."""
        self._nearest(EventsOnly(Failures()), step, "failure")

    def loss(self) -> None:
        """To the next loss; after the last one to the first."""
        if not self._nearest(Losses(), 1, "") and not self._nearest(Losses(), 1, "loss", from_start=True):
            return

    def _nearest(self, predicate: Predicate, step: int, what: str, *, from_start: bool = False) -> bool:
        table = self._table
        cursor = table.cursor_index
        start = 0 if from_start else None if cursor is None else cursor + step
        found = None
        if start is not None and 0 <= start < table.row_count:
            found = table.view.find(RowNumber(start), predicate, forward=step > 0)
        if found is None or found >= table.row_count:
            if what:
                self._notify(f"No {what} {'here' if from_start else 'after this' if step > 0 else 'before this'}.", markup=False, timeout=2)
            return False
        table.go_to(table.view.event_id(found))
        return True
