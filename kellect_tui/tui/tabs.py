"""Which tab is shown and with which rows, and whether it stands still. It draws nothing: a table is handed views."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from kellect_tui.session.chunk import EventId
from kellect_tui.session.filter import Filter
from kellect_tui.session.view import View
from kellect_tui.tui import columns
from kellect_tui.tui.columns import Column
from kellect_tui.tui.jobs import Jobs
from kellect_tui.tui.views import Job, Views

TAB_COLUMNS = {"all": columns.ALL, "file": columns.FILE, "process": columns.PROCESS, "network": columns.NETWORK, "user": columns.USER}


class RowTable(Protocol):
    """What shows the rows of the event tabs."""

    limit: EventId | None
    """From here on nothing is shown; None: everything is."""

    def show(self, view: View, columns: Sequence[Column] | None = None) -> None:
        """Show another view."""
        ...

    def sync(self) -> bool:
        """Take in what the view has got, or has let go of; whether anything changed."""
        ...


class Tabs:
    """Turns from tab to tab.

    An event tab whose rows are not known is shown while they are found; who stops that comes back to the tab before. The tab that
    is shown either has its rows, or they are being found, or it waits for what runs instead. A filter whose rows are being found
    stays on its way from tab to tab.

    Args:
        views: The views of the event tabs.
        jobs: Finds rows.
        table: Shows them.

    Attributes:
        here: Name of the tab that is shown.
        before: The one before it.
        paused: Whether the screen stands still; the capture goes on.
    """

    def __init__(self, views: Views, jobs: Jobs, table: RowTable) -> None:
        self.views = views
        self.here = self.before = "all"
        self.paused = False
        self._jobs = jobs
        self._table = table

    @property
    def on_tree(self) -> bool:
        """Whether processes are shown, not events."""
        return self.here == "tree"

    @property
    def of_events(self) -> str:
        """The tab whose rows a filter of events is asked for: this one; over the tree that of all events."""
        return "all" if self.on_tree else self.here

    @property
    def finding(self) -> Job | None:
        """What finds this tab's rows, under our eyes."""
        running = self._jobs.running
        return running if running is not None and running.purpose == "tab" else None

    @property
    def coming(self) -> Filter | None:
        """The filter that is in force, or will be as soon as its rows are found; None: everything is let through."""
        running = self._jobs.running
        return running.filter if running is not None and running.purpose in ("filter", "tab") else self.views.filter

    def turn_to(self, name: str) -> None:
        """Show another tab, with the filter that is on its way, if one is."""
        filter = self.coming
        if self.finding is not None:
            self._jobs.cancel()
        self.before, self.here = self.here, name
        if not self.on_tree:
            self._show_rows(filter)
        elif filter is not self.views.filter and self._jobs.running is None:
            self._jobs.start(self.views.job("filter", self.of_events, filter), here=False)

    def _show_rows(self, filter: Filter | None) -> None:
        """Hand this event tab's rows to the table: at once, or as they are found."""
        view = None if self.paused or filter is not self.views.filter else self.views.ready(self.here)
        if view is not None:
            self._table.show(view, TAB_COLUMNS[self.here])
            return
        job = self.views.job("tab", self.here, filter)
        at_once = self.views.is_small()
        if not at_once:
            self._table.show(job.view, TAB_COLUMNS[self.here])  # newest rows first, as they are found
        self._jobs.start(job, here=at_once)

    def adopt(self, job: Job) -> bool:
        """Take what a finished job has found: a tab's rows, or those of a filter that is in force from now on, which is said."""
        is_new = job.purpose == "filter" or job.filter is not self.views.filter
        view = self.views.adopt(job)
        if job.tab == self.here or self.on_tree:
            self._table.show(view, TAB_COLUMNS[job.tab])
        return is_new

    def pause(self) -> None:
        """Stand still, or go on."""
        self.paused = not self.paused
        self._table.limit = EventId(int(self.views.session.store.end)) if self.paused else None
        if not self.paused and not self.on_tree:
            self._show_rows(self.coming)

    def draw_new(self) -> bool:
        """Show what came, or was found; whether there was anything."""
        if self.on_tree:
            return False
        if not self.views.knows(self.here):
            if self._jobs.running is None:  # what was sought instead is found, or was given up
                self._show_rows(self.views.filter)
            return self.finding is not None and self._table.sync()
        has_new = self.finding is not None or (not self.paused and self.views.advance(self.here))
        return has_new and self._table.sync()

    def let_go(self) -> None:
        """Forget what retention has dropped, in every view."""
        self.views.let_go()
        if not self.on_tree:
            self._table.sync()  # its rows have other numbers now
