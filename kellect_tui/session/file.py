"""Sessions on disk: an Arrow IPC stream, one record batch a chunk. docs/file-format.md is its description.

Each batch carries all of its dictionaries, so that a chunk can be decoded alone, when it is looked at. Batches without
rows carry what is no event (the process table, the counts) in their metadata: one at the beginning, one at the end.
Each batch with its dictionaries, and the schema, has a checksum.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO

import numpy as np
import orjson
import pyarrow as pa
from numpy.typing import NDArray

from kellect_tui.errors import CannotWrite
from kellect_tui.events.catalogue import MONITOR_DROPPED, MONITOR_START, MONITOR_STOP
from kellect_tui.session.arrow import empty_batch, layout, record_batch, schema
from kellect_tui.session.checksums import NO_CRC, seal
from kellect_tui.session.chunk import Chunk, ChunkWriter, EventId
from kellect_tui.session.file_reader import FORMAT, open_at_once, open_session
from kellect_tui.session.intern import Scratch
from kellect_tui.session.losses import Ledger
from kellect_tui.session.marks import incomplete
from kellect_tui.session.messages import END_OF_STREAM
from kellect_tui.session.session import Session
from kellect_tui.session.view import View

__all__ = ["FORMAT", "SessionWriter", "open_at_once", "open_session", "write_session"]

SEAL_SECONDS = 2.0
"""How long a recorded event may wait for its chunk to be written."""

_LEVEL = 1  # level 3 is a fifth slower and saves nothing
_FRAME = (MONITOR_START, MONITOR_STOP, MONITOR_DROPPED)


class SessionWriter:
    """Writes a session to a file as it grows, or what is there of it.

    Args:
        file: Takes bytes; stays open.
        session: The session, begun. Its state (processes, counts) is read when writing begins and when it ends.
    """

    def __init__(self, file: BinaryIO, session: Session) -> None:
        self._file = file
        self._session = session
        self._schema = schema(_metadata(session))
        self._options = pa.ipc.IpcWriteOptions(compression=pa.Codec("zstd", _LEVEL), use_threads=False)
        self._head = seal(_stream([], self._schema, self._options)[: -len(END_OF_STREAM)])
        self._rows = 0
        self._follows = False
        self._missed = 0  # let go of before it could be written
        self._failed = False
        self._untold: CannotWrite | None = None
        self._sealed_at = time.monotonic()
        self._put(self._head)
        self._put_state("begin")

    def write(self, chunk: Chunk) -> None:
        """Write one chunk, as far as it is filled. Raises CannotWrite, once: afterwards nothing is written any more."""
        if self._failed:
            return
        self._put(self._block(record_batch(chunk, self._schema)))
        self._flush()
        self._rows += chunk.count
        self._sealed_at = time.monotonic()

    def close(self, ledger: Ledger | None = None, dropped: int | None = None) -> None:
        """Write the state and the end of the stream. Raises CannotWrite.

        Args:
            ledger: Counts of what was written; None: the session's.
            dropped: Events let go of before; None: the session's.
        """
        if self._failed:
            return
        self._put_state("end", ledger, dropped)
        self._put(END_OF_STREAM)
        self._flush()

    def update(self, session: Session) -> None:
        """Write what has been sealed since; seal what has waited for long. For the thread that feeds the session. Raises CannotWrite, once."""
        if not self._follows:
            self._follows = True
            self._missed = session.store.dropped
            for chunk in session.store.chunks:
                if chunk.sealed:
                    self.write(chunk)
            session.store.on_sealed.append(self._write_sealed)
            self._flush()  # a recorder that is killed leaves a session that opens
        elif time.monotonic() - self._sealed_at > SEAL_SECONDS:
            self._sealed_at = time.monotonic()
            session.store.seal()
            if not self._failed:
                self._flush()
        if self._untold is not None:
            error, self._untold = self._untold, None
            raise error

    def _write_sealed(self, chunk: Chunk) -> None:
        # Told at the next `update`: here a batch is half taken in, and its other half must not be lost too.
        try:
            self.write(chunk)
        except CannotWrite as error:
            self._untold = error

    def finish(self, session: Session) -> None:
        """Write the rest, and the end. Raises CannotWrite."""
        self.update(session)
        session.store.seal()
        self.update(session)
        self.close(dropped=self._missed)

    def _put_state(self, at: str, ledger: Ledger | None = None, dropped: int | None = None) -> None:
        document = orjson.dumps(_state(self._session, at, ledger, dropped))
        packed = len(document).to_bytes(8, "little") + pa.Codec("zstd", _LEVEL).compress(document, asbytes=True)
        self._put(self._block(empty_batch(self._schema), {"state": packed}))

    def _block(self, batch: pa.RecordBatch, metadata: Mapping[str, bytes] | None = None) -> memoryview:
        # A stream of its own, so that every dictionary is written, though the batch before had an equal one.
        said = {"first": str(self._rows).encode(), "crc32": NO_CRC, **(metadata or {})}
        return seal(memoryview(_stream([(batch, said)], self._schema, self._options))[len(self._head) : -len(END_OF_STREAM)])

    def _put(self, data: bytes | memoryview) -> None:
        try:
            self._file.write(data)
        except (OSError, ValueError) as error:
            self._failed = True
            raise _cannot_write(error) from error

    def _flush(self) -> None:
        try:
            self._file.flush()
        except (OSError, ValueError) as error:
            self._failed = True
            raise _cannot_write(error) from error


def _cannot_write(error: OSError | ValueError) -> CannotWrite:
    why = getattr(error, "strerror", None) or error
    return CannotWrite(f"the session cannot be written: {why}", "what was written so far is whole; make room or choose another place")


def write_session(
    session: Session,
    file: BinaryIO,
    *,
    view: View | None = None,
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> int:
    """Write a session as it stands, live or not, or the rows of a view of it.

    Says what is missing: `monitor.dropped` where retention let events go, `monitor.stop` with what was counted so far where
    the session still runs.

    Args:
        view: Only its rows (`monitor.start` and `monitor.stop` in any case); built, and not advanced meanwhile.
        progress: Told the events done and their total after each chunk.
        cancelled: Asked before each chunk.

    Returns:
        Events written, the monitor's own not counted; -1 when cancelled.

    Raises:
        CannotWrite: The file takes no more.
    """
    writer = SessionWriter(file, session)
    dropped = session.store.dropped
    chunks = session.store.chunks
    as_it_is = view is None and not dropped  # monitor.start, and monitor.stop where it has come, are rows already
    parts: list[tuple[Chunk, NDArray[np.int64]]] = (
        [(chunk, np.arange(chunk.count)) for chunk in chunks] if view is None else list(view.spans(0, len(view)))
    )
    total = sum(len(rows) for _, rows in parts)
    ledger = Ledger()
    ledger.begin(session.started_ns or 0)
    if not as_it_is:
        begun = session.started_ns or 0
        head: list[tuple[int, Mapping[str, Any], int]] = [(MONITOR_START, session.start, begun)]
        if dropped:
            head.append((MONITOR_DROPPED, {"count": dropped}, int(chunks[0].time[0]) if chunks else begun))
        writer.write(_monitor_chunk(head, session))
    done = newest = 0
    stopped = False
    for chunk, rows in parts:
        if cancelled is not None and cancelled():
            return -1
        piece = chunk.part(rows if as_it_is else rows[~np.isin(chunk.event[rows], _FRAME)])
        if piece.count:
            stopped |= int(piece.event[-1]) == MONITOR_STOP
            ledger.count(piece, 0, piece.count)
            ledger.incomplete += incomplete(piece)
            newest = max(newest, int(piece.time[piece.count - 1]))
            writer.write(piece)
        done += len(rows)
        if progress is not None:
            progress(done, total)
    if not stopped:
        writer.write(_monitor_chunk([(MONITOR_STOP, _stop_of(session, ledger, newest), session.stopped_ns or newest)], session))
    # What the screen showed counts what was dropped, too.
    writer.close(session.ledger if dropped and view is None else ledger, dropped if view is None else 0)
    return ledger.captured


# writing


def _metadata(session: Session) -> dict[str, bytes]:
    return {
        "format": FORMAT.encode(),
        "crc32": NO_CRC,
        "start": orjson.dumps(session.start),
        "machine": session.store.machine.encode(),
        "started_ns": str(session.started_ns or 0).encode(),
        "epoch_offset_ns": str(session.epoch_offset_ns).encode(),
        "registers": orjson.dumps(layout()),
    }


def _state(session: Session, at: str, ledger: Ledger | None, dropped: int | None) -> dict[str, Any]:
    totals = session.totals
    return {
        "at": at,
        "events_before": session.ledger.captured if at == "begin" else 0,
        "processes": session.processes.to_json(),
        "ledger": (ledger or session.ledger).to_json(),
        "dropped": session.store.dropped if dropped is None else dropped,
        "totals": {
            "lost": totals.lost, "left_out": totals.left_out, "skipped": totals.skipped, "stopped_ns": totals.stopped_ns,
            "not_decoded": {abi: dict(calls) for abi, calls in totals.not_decoded.items()}, "io_uring": dict(totals.io_uring),
        },
    }  # fmt: skip


def _stream(batches: list[tuple[pa.RecordBatch, Mapping[str, bytes] | None]], of: pa.Schema, options: pa.ipc.IpcWriteOptions) -> memoryview:
    """A stream's bytes, which may be changed."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, of, options=options) as writer:
        for batch, metadata in batches:
            writer.write_batch(batch, custom_metadata=metadata)
    return memoryview(bytearray(sink.getvalue()))


def _monitor_chunk(rows: list[tuple[int, Mapping[str, Any], int]], session: Session) -> Chunk:
    """A chunk of the monitor's own rows: (event, arguments, epoch ns)."""
    chunk = Chunk(EventId(0), len(rows), session.store.machine)
    writer = ChunkWriter(chunk, Scratch(), session.users)
    for event, said, time_ns in rows:
        writer.append_one(event, time_ns, orjson.dumps(said))
    writer.seal()
    return chunk


def _stop_of(session: Session, ledger: Ledger, newest_ns: int) -> dict[str, Any]:
    """What `monitor.stop` says of a file with these events in it."""
    stop: dict[str, Any] = dict(session.stop) if session.stop is not None else session.stop_arguments(newest_ns, 0.0)
    return stop | {"captured": ledger.captured, "lost": ledger.lost, "coalesced": ledger.coalesced, "incomplete": ledger.incomplete, "by_type": ledger.by_type}
