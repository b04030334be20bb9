"""Stand-ins for what the parts of a screen are given: a table, threads, and somebody who is told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from textual.message import Message
from textual.notifications import SeverityLevel

from kellect_tui.events.record import Event
from kellect_tui.session.chunk import EventId, RowNumber
from kellect_tui.session.view import View
from kellect_tui.tui.columns import ALL, Column
from kellect_tui.tui.jobs import JobEnded, Jobs


@dataclass
class Told:
    """Keeps what it is told."""

    messages: list[str] = field(default_factory=list)

    def __call__(self, message: str, *, title: str = "", severity: SeverityLevel = "information", timeout: float | None = None, markup: bool = True) -> None:
        """See Notify."""
        assert not markup
        self.messages.append(message)


class Threads:
    """Work that is done when the test says so."""

    def __init__(self) -> None:
        self.work: list[Callable[[], None]] = []
        self.posted: list[Message] = []

    def run_worker(self, work: Callable[[], None], *, thread: bool, group: str) -> None:
        """Keep it for later."""
        assert thread
        self.work.append(work)

    def post_message(self, message: Message) -> bool:
        """Keep it."""
        self.posted.append(message)
        return True

    def finish(self, jobs: Jobs) -> None:
        """Do all of it, and have it handled as a screen does."""
        while self.work:
            self.work.pop(0)()
        for message in self.posted:
            assert isinstance(message, JobEnded)
            jobs.ended(message)
        self.posted.clear()


class Table:
    """Shows nothing, and knows what it would."""

    def __init__(self, view: View) -> None:
        self.view = view
        self.columns: Sequence[Column] | None = None
        self.limit: EventId | None = None
        self.cursor_index: int | None = len(view) - 1 if len(view) else None
        self.cursor_column = ALL[0]
        self.synced = 0

    def show(self, view: View, columns: Sequence[Column] | None = None) -> None:
        """See RowTable."""
        self.view, self.columns = view, columns

    def sync(self) -> bool:
        """See RowTable."""
        self.synced += 1
        return True

    @property
    def row_count(self) -> int:
        """See CursorTable."""
        return len(self.view)

    @property
    def cursor_id(self) -> EventId | None:
        """See CursorTable."""
        return None if self.cursor_index is None else self.view.event_id(RowNumber(self.cursor_index))

    @property
    def cursor_event(self) -> Event | None:
        """See EventCursor."""
        return None if self.cursor_index is None else self.view.event(RowNumber(self.cursor_index))

    def go_to(self, event_id: EventId) -> None:
        """See CursorTable."""
        self.cursor_index = int(self.view.position(event_id))
