"""What is still to be read of a session's file while it is on the screen: its table of processes, and of a file cut short its counts.

All else of a file is read when it is looked at; this is the part that takes long and that no row shows.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from kellect_tui.errors import BadSessionFile
from kellect_tui.session.bulk import nothing_is_garbage
from kellect_tui.session.chunk import EventId, Row
from kellect_tui.session.lives import feed_rows
from kellect_tui.session.marks import incomplete
from kellect_tui.session.processes import Processes
from kellect_tui.session.state_document import StateDocument
from kellect_tui.session.store import Span

if TYPE_CHECKING:
    from kellect_tui.session.session import Session

UNREADABLE = "the session's process table or counts cannot be read"
_LOOK_SECONDS = 0.05
_PARSED, _COUNTED = 0.9, 0.8
"""Of the work on a table of processes: parsing its rows (the rest puts them in their places); of all work where events are counted: counting."""


class _Stopped(Exception):
    """Nobody wants it any more."""


class Opening:
    """Reads the rest of a session; `Session.opening` is None again once all is there.

    Args:
        session: Filled in place: who holds its table of processes sees it come.
        state: What the file says last of processes and counts; None: nothing.
        counting: The counts must be made from the events: the file was cut short.
        holes: Events in front of which some cannot be read.
        remedy: Of the error where the rest cannot be read; offset: where in the file it stands.

    Attributes:
        share: How much is read, 0 to 1.
        counting: As given: the session's counts are those of the events read so far.
    """

    def __init__(self, session: Session, state: StateDocument | None, *, counting: bool, remedy: str, offset: int, holes: Sequence[EventId] = ()) -> None:
        self.share = 0.0
        self.counting = counting
        self._session, self._state = session, state
        self._holes = holes
        self._remedy, self._offset = remedy, offset
        self._stopped = threading.Event()
        self._ended = threading.Event()

    def run(self) -> None:
        """Read it, on any one thread. Raises BadSessionFile: then, or when it was stopped, the session stays incomplete."""
        try:
            self._run()
        except _Stopped:
            pass
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise BadSessionFile(f"{UNREADABLE}: {error!r}", self._remedy, offset=self._offset) from error
        finally:
            self._ended.set()

    def stop(self) -> None:
        """Give up, from any thread."""
        self._stopped.set()

    def wait(self, cancelled: Callable[[], bool] = lambda: False) -> bool:
        """Wait until all is there, on a thread that may; False where it was cancelled, or will never be there."""
        while not cancelled():
            if self._ended.wait(_LOOK_SECONDS):
                return self._session.opening is None
        return False

    def _run(self) -> None:
        parsing = _PARSED * (1 - _COUNTED if self.counting else 1)
        if self._state is not None:
            with nothing_is_garbage():
                rows = self._state.rows(lambda share: self._told(share * parsing))
                self._session.processes.become(Processes.from_json(self._state.head["processes"], rows=rows))
        if self.counting:
            self._count()
        self._session.opening = self._state = None

    def _told(self, share: float) -> None:
        self.share = share
        if self._stopped.is_set():
            raise _Stopped

    def _count(self) -> None:
        """Make counts and processes anew from the events."""
        session = self._session
        anew = self._state is None or not self._state.head.get("events_before")  # else the table already knows what these events tell
        chunks = session.store.chunks
        for done, chunk in enumerate(chunks):
            self._told(1 - _COUNTED + _COUNTED * done / len(chunks))
            try:
                session.ledger.count(chunk, 0, chunk.count)
                session.ledger.incomplete += incomplete(chunk)
                if anew:
                    with session.processes.taking():
                        feed_rows(session.processes, chunk)
                        session.count_processes(Span(chunk, Row(0), Row(chunk.count)))
            except BadSessionFile:
                continue  # told when somebody looks at it
        if anew:
            self._mark_losses()

    def _mark_losses(self) -> None:
        """Tell the processes when events that make them may be missing."""
        session = self._session
        spans = [(gap.from_ns, gap.to_ns) for gap in session.ledger.gaps if gap.family == "process"]
        for event_id in self._holes:
            begin = self._time(EventId(event_id - 1)) if event_id else session.started_ns or 0
            spans.append((begin, self._time(event_id)))
        newest = 0
        for begin, end in sorted(spans) if self._holes else spans:
            newest = max(newest, begin, end)  # the table joins a span to the one before it
            session.processes.lost(begin, newest)

    def _time(self, event_id: EventId) -> int:
        """Of an event, or of the last where there are no more."""
        store = self._session.store
        try:
            chunk, row = store.locate(min(event_id, EventId(store.end - 1)))
            return int(chunk.time[row])
        except (LookupError, BadSessionFile):
            return self._session.started_ns or 0
