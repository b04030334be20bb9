"""Between the filter line and what it filters: the event tabs, the tree, or a search."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from kellect_tui.errors import BadFilter
from kellect_tui.session.filter.of_processes import ProcessFilter
from kellect_tui.tui.filtering import Filtering
from kellect_tui.tui.finder import Finder
from kellect_tui.tui.notices import Notify
from kellect_tui.tui.safe_text import safe_text
from kellect_tui.tui.tabs import Tabs
from kellect_tui.tui.views import Job
from kellect_tui.tui.widgets.filter_bar import FilterBar


class TypedLine(Protocol):
    """What it needs of the line on the screen."""

    @property
    def editing(self) -> bool:
        """Whether keys go into the text."""
        ...

    def edit(self, purpose: str, text: str) -> None:
        """Let the user type; `purpose` is `filter`, `processes` or `search`."""
        ...

    def show_applied(self, text: str) -> None:
        """The filter that is in force."""
        ...

    def remember(self, text: str) -> None:
        """Put a filter of events into the history."""
        ...


class FilteredTree(Protocol):
    """What it needs of the tree."""

    @property
    def filter(self) -> ProcessFilter | None:
        """What passes; None for everything."""
        ...

    def set_filter(self, filter: ProcessFilter | None) -> None:
        """Show what passes."""
        ...


class FilterLine:
    """Lets the user type, and puts what was typed into force. A wrong text is told and changes nothing.

    Args:
        bar: The line on the screen.
        filtering: What texts mean.
        tabs: Which tab a filter is for.
        tree: The tree has a filter of its own.
        finder: Searches.
        notify: How a fault is told that is not under a text.
        tree_changed: Called where the tree has another filter.
    """

    def __init__(
        self,
        bar: TypedLine,
        filtering: Filtering,
        tabs: Tabs,
        tree: FilteredTree,
        finder: Finder,
        *,
        notify: Notify,
        tree_changed: Callable[[], None],
    ) -> None:
        self._bar = bar
        self._filtering = filtering
        self._tabs = tabs
        self._tree = tree
        self._finder = finder
        self._notify = notify
        self._tree_changed = tree_changed

    @property
    def applied(self) -> str:
        """The filter that is in force in this tab, or will be as soon as its rows are found."""
        filter = self._tree.filter if self._tabs.on_tree else self._tabs.coming
        return "" if filter is None else filter.text

    def show_applied(self) -> None:
        """Have the line say it."""
        self._bar.show_applied(self.applied)

    # Typing.

    def edit(self) -> None:
        """Type a filter: of events, or of the tree where that is shown."""
        self._bar.edit("processes" if self._tabs.on_tree else "filter", self.applied)

    def edit_search(self) -> None:
        """Type what to look for."""
        self._bar.edit("search", self._finder.text)

    def edited(self, message: FilterBar.Edited) -> None:
        """Count what a text would let through, while it is typed."""
        if self._bar.editing:
            self._filtering.look_ahead(message.text if message.error is None and message.purpose == "filter" else "", self._tabs.here)

    def entered(self, message: FilterBar.Entered) -> None:
        """Do what was typed."""
        if message.purpose == "search":
            self._finder.search(message.text)
        elif message.purpose == "processes":
            self.apply_to_tree(message.text)
        else:
            self.apply(message.text)

    # Into force.

    def apply(self, text: str) -> None:
        """Make a text the filter of all event tabs."""
        try:
            self._filtering.apply(text, self._tabs.of_events)
        except BadFilter as error:
            self._refuse(error)

    def apply_to_tree(self, text: str) -> None:
        """Make a text the filter of the tree."""
        try:
            filter = self._filtering.parsed_processes(text)
        except BadFilter as error:
            self._refuse(error)
        else:
            self._tree.set_filter(filter)
            self.show_applied()
            self._tree_changed()

    def clear(self) -> None:
        """Show everything again."""
        if self._tabs.on_tree:
            self.apply_to_tree("")
        elif self._filtering.in_force is not None:
            self.apply("")

    def begin_anew(self) -> None:
        """Read the texts again: what times in them count from is known now."""
        if (coming := self._tabs.coming) is not None:
            self.apply(coming.text)
        if self._tree.filter is not None:
            self.apply_to_tree(self._tree.filter.text)

    def is_in_force(self, job: Job) -> None:
        """The rows of an event filter are shown from now on."""
        self._bar.remember("" if job.filter is None else job.filter.text)
        self.show_applied()
        self._finder.forget()

    def _refuse(self, error: BadFilter) -> None:
        self._notify(safe_text(str(error)), title="No filter", severity="error", markup=False)
