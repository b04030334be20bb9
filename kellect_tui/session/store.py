"""All chunks of a session, bounded by events and by bytes: the oldest chunk goes first, and is counted.

One thread appends. Any thread may read: the tuple of chunks is replaced, never changed.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import orjson
from numpy.typing import NDArray

from kellect_tui.events.batch import Batch
from kellect_tui.events.record import RECORD, Event, Flag
from kellect_tui.session.chunk import CHUNK_ROWS, TEXT_BYTES, Chunk, ChunkWriter, EventId, Row
from kellect_tui.session.intern import SLICE_ROWS, Scratch

KEEP_EVENTS = 5_000_000
_LEAST_CHUNK = 64
_LEAST_CHUNKS = 8  # of the bytes to keep: so coarse is retention at worst


class Span(NamedTuple):
    """Rows of one chunk: ``[start:stop]``."""

    chunk: Chunk
    start: Row
    stop: Row


class Store:
    """The newest events, in whole chunks.

    Args:
        keep_events: Events to keep at least (up to one chunk more are kept).
        keep_bytes: Bytes to keep at most; the chunk being written is kept in any case. None: no limit.
        chunk_rows: Rows of a chunk; None: as many as fit, fewer where `keep_events` is small.

    Attributes:
        on_sealed: Called with each chunk that has become full, before retention can let go of it, on the writer's thread.
        machine: Architecture that system call numbers belong to; set before the first event.
        user_name: The name of a uid, or None; set before the first event.
        dropped: Events that retention has let go of.
    """

    def __init__(self, keep_events: int = KEEP_EVENTS, keep_bytes: int | None = None, *, chunk_rows: int | None = None) -> None:
        self.keep_events = keep_events
        self.keep_bytes = keep_bytes
        self.on_sealed: list[Callable[[Chunk], None]] = []
        self.machine = "x86_64"
        self.user_name: Callable[[int], str | None] = _no_name
        self.dropped = 0
        self._chunk_rows = chunk_rows or max(_LEAST_CHUNK, min(CHUNK_ROWS, keep_events // 8))
        self._chunks: tuple[Chunk, ...] = ()
        self._end = EventId(0)
        self._writer: ChunkWriter | None = None
        self._scratch = Scratch()
        self._sealed_bytes = 0
        self._text_bytes = TEXT_BYTES if keep_bytes is None else min(TEXT_BYTES, keep_bytes // _LEAST_CHUNKS)

    @property
    def chunks(self) -> tuple[Chunk, ...]:
        """The chunks as they are now, oldest first; the last may still grow."""
        return self._chunks

    @property
    def first(self) -> EventId:
        """Id of the oldest event kept."""
        chunks = self._chunks
        return chunks[0].first if chunks else self._end

    @property
    def end(self) -> EventId:
        """Id that the next event gets."""
        chunks = self._chunks
        return chunks[-1].end if chunks else self._end

    @property
    def nbytes(self) -> int:
        """Bytes that the chunks hold."""
        writer = self._writer
        return self._sealed_bytes + (writer.chunk.nbytes if writer is not None else 0)

    def __len__(self) -> int:
        chunks = self._chunks
        return chunks[-1].end - chunks[0].first if chunks else 0

    def append_batch(self, batch: Batch, epoch_offset_ns: int) -> list[Span]:
        """Append the batch's records but the hidden ones; says where they are now.

        Args:
            batch: Records in their final order; nothing of it is kept.
            epoch_offset_ns: Added to boot-clock ns.
        """
        records = shown(batch.records)
        spans: list[Span] = []
        at = 0
        while at < len(records):
            writer = self._writer_with_room(batch.paths, batch.cgroups)
            stop = min(len(records), at + min(writer.room, SLICE_ROWS))
            start = writer.chunk.count
            writer.append(records[at:stop], batch.payload, epoch_offset_ns)
            spans.append(Span(writer.chunk, Row(start), Row(writer.chunk.count)))
            at = stop
        self._let_go()
        return spans

    def append_monitor(self, event_id: int, arguments: Mapping[str, Any], time_ns: int) -> EventId:
        """Append a row of the monitor's own.

        Args:
            event_id: MONITOR_START, MONITOR_DROPPED or MONITOR_STOP.
            arguments: As JSON shows them.
            time_ns: Since the epoch.
        """
        writer = self._writer_with_room({}, {})
        writer.append_one(event_id, time_ns, orjson.dumps(arguments))
        return EventId(writer.chunk.end - 1)

    def append_chunk(self, chunk: Chunk) -> None:
        """Append a sealed chunk, as read from a file; its `first` must be `end`."""
        if chunk.first != self.end or not chunk.sealed:
            raise ValueError(chunk.first)
        self.seal()
        self._chunks = (*self._chunks, chunk)

    def seal(self) -> None:
        """Finish the chunk that is being written, if there is one."""
        writer = self._writer
        if writer is None:
            return
        self._writer = None
        writer.seal()
        self._sealed_bytes += writer.chunk.nbytes
        for callback in self.on_sealed:
            callback(writer.chunk)

    def locate(self, event_id: EventId) -> tuple[Chunk, Row]:
        """Where an event is. Raises LookupError: dropped, or not there yet."""
        chunks = self._chunks
        at = bisect_right(chunks, event_id, key=_first) - 1
        if at < 0 or event_id >= chunks[at].end:
            raise LookupError(event_id)
        return chunks[at], Row(event_id - chunks[at].first)

    def event(self, event_id: EventId) -> Event:
        """One event. Raises LookupError: dropped, or not there yet."""
        chunk, row = self.locate(event_id)
        return chunk.event_at(row)

    def _writer_with_room(self, paths: Mapping[int, bytes], cgroups: Mapping[int, bytes]) -> ChunkWriter:
        writer = self._writer
        if writer is not None and not writer.room:
            self.seal()
            writer = None
        if writer is None:
            chunk = Chunk(self.end, self._chunk_rows, self.machine)
            writer = self._writer = ChunkWriter(chunk, self._scratch, self.user_name, self._text_bytes)
            self._chunks = (*self._chunks, chunk)
        writer.begin(paths, cgroups)
        return writer

    def _let_go(self) -> None:
        """Drop the oldest chunks that the bounds do not leave room for."""
        chunks, gone = self._chunks, 0
        while len(chunks) - gone > 1 and self._is_over(chunks[gone]):
            self.dropped += chunks[gone].count
            self._sealed_bytes -= chunks[gone].nbytes
            gone += 1
            self._chunks = chunks[gone:]

    def _is_over(self, oldest: Chunk) -> bool:
        return len(self) - oldest.count >= self.keep_events or (self.keep_bytes is not None and self.nbytes > self.keep_bytes)


def shown(records: NDArray[np.void]) -> NDArray[np.void]:
    """The records but those that feed the process tree only."""
    hidden = (records["flags"] & np.uint32(Flag.HIDDEN)) != 0
    if not hidden.any():
        return records
    words = records.view(np.uint64).reshape(len(records), -1)  # copied as blocks, not field by field
    kept: NDArray[np.void] = words[~hidden].view(RECORD).reshape(-1)
    return kept


def _first(chunk: Chunk) -> EventId:
    return chunk.first


def _no_name(uid: int) -> str | None:
    return None
