"""The lower part of the screen: all about the event or the process under the cursor."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical

from kellect_tui.session.process import Thread
from kellect_tui.session.session import Session
from kellect_tui.tui.describe import detail
from kellect_tui.tui.describe_process import Told, describe, title
from kellect_tui.tui.opening import unread
from kellect_tui.tui.quantities import Clock
from kellect_tui.tui.widgets.event_table import EventTable
from kellect_tui.tui.widgets.line import Line, Word
from kellect_tui.tui.widgets.pane import Pane
from kellect_tui.tui.widgets.process_tree import ProcessTree


class DetailView(Vertical):
    """A title and a pane.

    Args:
        session: Whose processes they are.
    """

    def __init__(self, session: Session, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._session = session
        self.title = Line(id="detail-title")
        self.pane = Pane(id="detail-pane")

    def compose(self) -> ComposeResult:
        """The title and the pane."""
        yield self.title
        yield self.pane

    def show_event(self, table: EventTable, clock: Clock) -> None:
        """Tell all about the event under the table's cursor."""
        event, event_id = table.cursor_event, table.cursor_id
        if event is None or event_id is None:
            self.title.show([Word(" no event", "dim")])
            return
        words = [Word(f" {event.event_type} ", "title"), Word(f"event {int(event_id):,} of this session", "dim")]
        self.title.show(words, [Word("J K scroll, Esc closes ", "dim")])
        self.pane.show(detail(event, self._session.processes, clock, unread(self._session)))

    def show_process(self, tree: ProcessTree, clock: Clock, now_ns: int, *, keep_place: bool = False) -> None:
        """Tell all about the process or thread under the tree's cursor.

        Args:
            now_ns: Epoch ns that ages count to.
            keep_place: It is the one that was shown, as it is now.
        """
        process, node = tree.cursor_process, tree.cursor_node
        if process is None:
            self.title.show([Word(" no process", "dim")])
            return
        thread = node if isinstance(node, Thread) else None
        told = Told(self._session.processes, tree.rollup() if tree.settings.subtree else None, clock, self._session.users, now_ns)
        self.title.show([Word(f" {title(process, thread)} ", "title")], [Word("J K scroll, P its events, Esc closes ", "dim")])
        self.pane.show(describe(process, thread, told), keep_place=keep_place)
