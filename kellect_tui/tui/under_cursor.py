"""Filters of what is under the cursor: its cell, its process, that one's descendants."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from kellect_tui.events.record import Event
from kellect_tui.session.filter import Filter
from kellect_tui.session.process import Process
from kellect_tui.session.proctree import Node
from kellect_tui.session.session import Session
from kellect_tui.tui.columns import Column
from kellect_tui.tui.describe import process_of
from kellect_tui.tui.notices import Notify
from kellect_tui.tui.opening import unread
from kellect_tui.tui.refine import family_term, joined, node_term, refined
from kellect_tui.tui.tabs import Tabs


class EventCursor(Protocol):
    """The cursor of the event tabs."""

    @property
    def cursor_event(self) -> Event | None:
        """The event under it."""
        ...

    @property
    def cursor_column(self) -> Column:
        """The cell it is on."""
        ...


class TreeCursor(Protocol):
    """The cursor of the tree."""

    @property
    def cursor_process(self) -> Process | None:
        """The process under it, or the one of the thread there."""
        ...

    @property
    def cursor_node(self) -> Node | None:
        """The process or thread under it."""
        ...


class UnderCursor:
    """Makes filters of what is under the cursor.

    Args:
        session: Whose processes they are.
        tabs: Which of the two cursors counts.
        table, tree: The cursors.
        apply: Puts a filter's text into force, in an event tab.
        notify: How it is told that nothing can be done.
    """

    def __init__(self, session: Session, tabs: Tabs, table: EventCursor, tree: TreeCursor, *, apply: Callable[[str], None], notify: Notify) -> None:
        self._session = session
        self._tabs = tabs
        self._table = table
        self._tree = tree
        self._apply = apply
        self._notify = notify

    @property
    def process(self) -> Process | None:
        """The process under the cursor, or the one that did the event there."""
        if self._tabs.on_tree:
            return self._tree.cursor_process
        event = self._table.cursor_event
        return None if event is None else process_of(event, self._session.processes)

    def include(self) -> None:
        """Only what has this cell's value."""
        self._refine(exclude=False)

    def exclude(self) -> None:
        """Without what has this cell's value."""
        self._refine(exclude=True)

    def _refine(self, *, exclude: bool) -> None:
        event = self._table.cursor_event
        if event is None:
            return
        text = refined(self._filter, event, self._table.cursor_column, exclude=exclude)
        if text is None:
            self._notify("This cell has nothing to filter by; ← → choose another.", markup=False)
        else:
            self._apply(text)

    def only_family(self) -> None:
        """Only the process under the cursor and its descendants."""
        if not self._is_unread():
            event = None if self._tabs.on_tree else self._table.cursor_event
            self._demand(family_term(self.process, event, self._session.processes))

    def only_own(self) -> None:
        """Only what the process or thread under the tree's cursor did itself."""
        if not self._is_unread():
            self._demand(node_term(self._tree.cursor_node, self._session.processes))

    def findable_process(self) -> Process | None:
        """The process to be found in the tree; None where there is none, or cannot be known yet, which is said."""
        if self._is_unread():
            return None
        if (process := self.process) is None:
            self._notify("This event's process is not in the tree.", markup=False)
        return process

    @property
    def _filter(self) -> Filter | None:
        return self._tabs.views.filter

    def _demand(self, term: str | None) -> None:
        if term is not None:
            self._apply(joined(self._filter, term))

    def _is_unread(self) -> bool:
        """Whether processes are still being read; then that is said."""
        if said := unread(self._session):
            self._notify(said, markup=False, timeout=2)
        return bool(said)
