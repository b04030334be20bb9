"""The rows of a store that a predicate lets through, by position.

A view keeps, for each chunk, the matching row numbers (16 bits each); taking in what is new costs only what is new.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from kellect_tui.events.record import Event
from kellect_tui.session.chunk import CHUNK_ROWS, Chunk, EventId, Row, RowNumber
from kellect_tui.session.store import Store


class Predicate(Protocol):
    """A condition on events."""

    def mask(self, chunk: Chunk, start: int, stop: int) -> NDArray[np.bool_]:
        """Which of the chunk's rows ``[start:stop]`` it lets through, ``(stop - start,)``.

        The chunk may be growing behind `stop`.
        """
        ...


class _Segment:
    """The matching rows of one chunk; `rows` None: all that were scanned."""

    __slots__ = ("chunk", "rows", "scanned")

    def __init__(self, chunk: Chunk, predicate: Predicate | None) -> None:
        self.chunk = chunk
        self.rows: NDArray[np.uint16] | None = None if predicate is None else np.empty(0, np.uint16)
        self.scanned = 0
        self.advance(predicate)

    def __len__(self) -> int:
        return self.scanned if self.rows is None else len(self.rows)

    def advance(self, predicate: Predicate | None) -> None:
        start, stop = self.scanned, self.chunk.count
        if start == stop:
            return
        if self.rows is not None and predicate is not None:
            fresh = (np.flatnonzero(predicate.mask(self.chunk, start, stop)) + start).astype(np.uint16)
            if len(fresh):
                self.rows = np.concatenate([self.rows, fresh]) if len(self.rows) else fresh
        self.scanned = stop

    def row(self, position: int) -> Row:
        return Row(position if self.rows is None else int(self.rows[position]))

    def position(self, row: int) -> int:
        """Where `row` is, or the next that matches."""
        return min(row, self.scanned) if self.rows is None else int(np.searchsorted(self.rows, row))

    def chosen(self, start: int, stop: int) -> NDArray[np.int64]:
        """Rows at positions ``[start:stop]``."""
        return np.arange(start, stop) if self.rows is None else self.rows[start:stop].astype(np.int64)


class View:
    """Events of a store that match, by row number: 0 is the oldest that is still there.

    One thread calls `advance` or `build`; while `build` runs on a worker, another may read what it has found so far.

    Row numbers move when rows come or go at the front: a row that had number r is at ``r - (dropped - dropped_before)``.
    Event ids never change.
    """

    def __init__(self, store: Store, predicate: Predicate | None = None) -> None:
        self.store = store
        self.predicate = predicate
        # Replaced, never changed: segments, and the position of each one's first row, counted from the first match ever seen.
        self._state: tuple[tuple[_Segment, ...], tuple[int, ...]] = ((), ())
        self._base = 0  # the position that the next row gets while there are no segments

    def __len__(self) -> int:
        segments, starts = self._state
        return starts[-1] + len(segments[-1]) - starts[0] if segments else 0

    @property
    def dropped(self) -> int:
        """Rows gone at the front since the first `advance`, less those that `build` put there."""
        starts = self._state[1]
        return starts[0] if starts else self._base

    def advance(self) -> int:
        """Take in what is new, forget what the store has dropped.

        Returns:
            Rows added.
        """
        chunks = self.store.chunks
        segments, starts = self._state
        if not chunks:
            return 0
        added = 0
        if segments:
            before = len(segments[-1])
            segments[-1].advance(self.predicate)
            added = len(segments[-1]) - before
        newest = segments[-1].chunk.first if segments else -1
        new = [_Segment(chunk, self.predicate) for chunk in chunks[bisect_right(chunks, newest, key=_first) :]]
        gone = bisect_right(segments, chunks[0].first - 1, key=_first_of)
        if not new and not gone:
            return added
        at = list(starts)
        end = starts[-1] + len(segments[-1]) if segments else self._base
        for segment in new:
            at.append(end)
            end += len(segment)
            added += len(segment)
        self._state = ((*segments, *new)[gone:], tuple(at[gone:]))
        return added

    def let_go(self) -> None:
        """Forget what the store has dropped, and take in nothing: for a view that stands still, so that it holds no chunk for itself."""
        chunks = self.store.chunks
        segments, starts = self._state
        if chunks and segments and segments[0].chunk.first < chunks[0].first:
            gone = bisect_right(segments, chunks[0].first - 1, key=_first_of)
            if gone == len(segments):
                self._base = starts[-1] + len(segments[-1])
            self._state = (segments[gone:], starts[gone:])

    def build(self, cancelled: Callable[[], bool] = lambda: False, progress: Callable[[int, int], None] = lambda done, total: None) -> bool:
        """First full pass, newest chunks first, for a worker thread; what is found can be read at once.

        Args:
            cancelled: Asked before each chunk.
            progress: Told the chunks done and their total after each.

        Returns:
            False when cancelled; the view then holds the newest chunks only, and `build` may be called again.
        """
        if self._state[0]:
            self.advance()
        chunks = self.store.chunks
        segments, starts = self._state
        todo = chunks[: bisect_right(chunks, segments[0].chunk.first - 1, key=_first)] if segments else chunks
        for done, chunk in enumerate(reversed(todo), 1):
            if cancelled():
                return False
            segment = _Segment(chunk, self.predicate)
            segments, starts = self._state
            front = (starts[0] if starts else self._base + len(segment)) - len(segment)
            self._state = ((segment, *segments), (front, *starts))
            progress(done, len(todo))
        self.advance()
        return True

    def at(self, row: RowNumber) -> tuple[Chunk, Row]:
        """Where an event is. Raises IndexError."""
        segments, starts = self._state
        position = row + (starts[0] if starts else 0)
        index = bisect_right(starts, position) - 1
        if row < 0 or index < 0 or position - starts[index] >= len(segments[index]):
            raise IndexError(row)
        return segments[index].chunk, segments[index].row(position - starts[index])

    def event(self, row: RowNumber) -> Event:
        """One event. Raises IndexError."""
        chunk, at = self.at(row)
        return chunk.event_at(at)

    def event_id(self, row: RowNumber) -> EventId:
        """An event's id. Raises IndexError."""
        chunk, at = self.at(row)
        return EventId(chunk.first + at)

    def position(self, event_id: EventId) -> RowNumber:
        """Row of the event, or of the next one that matches; the view's length if there is none."""
        segments, starts = self._state
        index = bisect_right(segments, event_id, key=_first_of) - 1
        if index < 0:
            return RowNumber(0)
        segment = segments[index]
        return RowNumber(starts[index] - starts[0] + segment.position(min(event_id - segment.chunk.first, CHUNK_ROWS)))

    def spans(self, start: int, stop: int) -> Iterator[tuple[Chunk, NDArray[np.int64]]]:
        """Rows ``[start:stop]`` of the view, clipped to what is there: chunk by chunk, ``(k,)`` ascending rows of each."""
        segments, starts = self._state
        if not segments:
            return
        start, stop = max(0, start) + starts[0], stop + starts[0]
        for index in range(max(0, bisect_right(starts, start) - 1), len(segments)):
            low, high = max(0, start - starts[index]), min(len(segments[index]), stop - starts[index])
            if starts[index] >= stop:
                return
            if low < high:
                yield segments[index].chunk, segments[index].chosen(low, high)

    def rows(self, start: int, stop: int) -> list[Event]:
        """Events ``[start:stop]``, clipped to what is there."""
        return [chunk.event_at(Row(row)) for chunk, rows in self.spans(start, stop) for row in rows.tolist()]

    def find(self, start: RowNumber, predicate: Predicate, forward: bool = True) -> RowNumber | None:
        """Nearest row from `start` on (itself included), or back, that `predicate` lets through; None if there is none."""
        segments, starts = self._state
        if not segments:
            return None
        position = start + starts[0]
        here = bisect_right(starts, position) - 1
        order = range(max(0, here), len(segments)) if forward else range(min(here, len(segments) - 1), -1, -1)
        for index in order:
            segment, count = segments[index], len(segments[index])
            low, high = (max(0, position - starts[index]), count) if forward else (0, min(count, position - starts[index] + 1))
            if low >= high:
                continue
            rows = segment.chosen(low, high)
            first, last = int(rows[0]), int(rows[-1])
            hits = np.flatnonzero(predicate.mask(segment.chunk, first, last + 1)[rows - first])
            if len(hits):
                return RowNumber(starts[index] - starts[0] + low + int(hits[0 if forward else -1]))
        return None


def _first(chunk: Chunk) -> EventId:
    return chunk.first


def _first_of(segment: _Segment) -> EventId:
    return segment.chunk.first
