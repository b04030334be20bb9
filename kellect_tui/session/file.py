"""Sessions on disk: an Arrow IPC stream, one record batch a chunk. docs/file-format.md is its description.

Each batch carries all of its dictionaries, so that a chunk can be decoded alone, when it is looked at. Batches without
rows carry what is no event (the process table, the counts) in their metadata: one at the beginning, one at the end.
"""

from __future__ import annotations

import mmap
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import orjson
import pyarrow as pa
from numpy.typing import NDArray

from kellect_tui.errors import BadSessionFile, CannotWrite
from kellect_tui.events import arguments
from kellect_tui.events.batch import SourceTotals
from kellect_tui.events.catalogue import MONITOR_DROPPED, MONITOR_START, MONITOR_STOP
from kellect_tui.session.arrow import FIELDS, NEEDED, LazyChunk, Unreadable, empty_batch, fill, layout, record_batch, schema
from kellect_tui.session.bulk import nothing_is_garbage
from kellect_tui.session.chunk import Chunk, ChunkWriter, EventId, Row
from kellect_tui.session.intern import Scratch
from kellect_tui.session.lives import feed_rows
from kellect_tui.session.losses import Ledger
from kellect_tui.session.marks import incomplete
from kellect_tui.session.messages import END_OF_STREAM, Damaged, Header, messages
from kellect_tui.session.processes import Processes
from kellect_tui.session.session import Session
from kellect_tui.session.store import Span
from kellect_tui.session.users import UserNames
from kellect_tui.session.view import View

FORMAT = "kellect-tui/1"
SEAL_SECONDS = 2.0
"""How long a recorded event may wait for its chunk to be written."""

_NAME, _NUMBER = FORMAT.split("/")
_LEVEL = 1  # level 3 is a fifth slower and saves nothing
_STATE_LIMIT = 1 << 30
_FRAME = (MONITOR_START, MONITOR_STOP, MONITOR_DROPPED)
_OLDER = "it was made by another program, or is damaged"


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
        self._head = _stream([], self._schema, self._options)[: -len(END_OF_STREAM)]
        self._next = EventId(0)
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
        self._put(self._body([(record_batch(chunk, self._schema), None)]))
        self._flush()
        self._next = chunk.end
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
        self._put(self._body([(empty_batch(self._schema), {"state": packed})]))

    def _body(self, batches: list[tuple[pa.RecordBatch, Mapping[str, bytes] | None]]) -> memoryview:
        # A stream of its own, so that every dictionary is written, though the batch before had an equal one.
        return memoryview(_stream(batches, self._schema, self._options))[len(self._head) : -len(END_OF_STREAM)]

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


def open_session(source: Path | str | BinaryIO) -> Session:
    """The session in a file. Chunks are decoded when they are first looked at.

    Args:
        source: A path, or a stream that is read to its end.

    Raises:
        BadSessionFile: It is no session, a damaged one, or one of a newer version. A chunk that is damaged inside raises it
            when it is first looked at.
        OSError: The file cannot be read.
    """
    data = _mapped(Path(source)) if isinstance(source, (str, os.PathLike)) else source.read()
    try:
        return _Reader(data).session()
    except Damaged as error:
        raise BadSessionFile(f"this is no whole kellect-tui session: {error}", _OLDER, offset=error.offset) from error


# writing


def _metadata(session: Session) -> dict[str, bytes]:
    return {
        "format": FORMAT.encode(),
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


def _stream(batches: list[tuple[pa.RecordBatch, Mapping[str, bytes] | None]], of: pa.Schema, options: pa.ipc.IpcWriteOptions) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, of, options=options) as writer:
        for batch, metadata in batches:
            writer.write_batch(batch, custom_metadata=metadata)
    data: bytes = sink.getvalue().to_pybytes()
    return data


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


# reading


def _mapped(path: Path) -> bytes | mmap.mmap:
    with path.open("rb") as file:
        if os.fstat(file.fileno()).st_size == 0:
            return b""
        try:
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError):  # a pipe, a device
            return file.read()


class _Reader:
    """The batches of a file by their place; decodes one when asked."""

    def __init__(self, data: bytes | mmap.mmap) -> None:
        self._data = pa.py_buffer(data)
        self._batches: list[tuple[int, int, int]] = []  # start, end, rows
        self._schema_end = 0
        self.whole = False
        self._walk(memoryview(data))
        self._metadata = self._read_schema()
        self._options = pa.ipc.IpcReadOptions(included_fields=[number for number, (name, _) in enumerate(FIELDS) if name in NEEDED], use_threads=False)
        self._registers: Mapping[str, list[int]] = self._json("registers")
        self._machine = self._text("machine")

    def session(self) -> Session:
        """The session, its chunks not yet decoded."""
        places = [(start, end) for start, end, rows in self._batches if not rows]
        with nothing_is_garbage():
            state = self._state(*places[-1]) if places else None
        session = Session(processes=None, users=UserNames.recorded({}))
        session.start = self._json("start")
        session.store.machine = self._machine
        session.started_ns = self._number("started_ns")
        session.epoch_offset_ns = self._number("epoch_offset_ns")
        for start, end, rows in self._batches:
            if rows:
                session.store.append_chunk(LazyChunk(session.store.end, rows, self._loader(start, end, session.users)))
        whole = self.whole and state is not None and state.get("at") == "end"
        session.cut_short = not whole
        try:
            self._recall(session, state or {}, whole=whole)
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise BadSessionFile(f"the session's process table or counts cannot be read: {error!r}", _OLDER) from error
        _read_stop(session)
        return session

    def _walk(self, data: memoryview) -> None:
        start = 0
        for message in messages(data):
            if message is None:
                self.whole = True
            elif (message.header is Header.SCHEMA) != (message.start == 0):
                raise Damaged("a schema where none belongs" if message.start else "it does not begin with a schema", message.start)
            elif message.header is Header.SCHEMA:
                self._schema_end = start = message.end
            elif message.header is Header.BATCH:
                self._batches.append((start, message.end, message.rows))
                start = message.end

    def _read_schema(self) -> dict[bytes, bytes]:
        if not self._schema_end:
            raise Damaged("it ends before it begins" if len(self._data) else "it is empty", 0)
        try:
            found = pa.ipc.read_schema(self._data.slice(0, self._schema_end))
            columns = [(field.name, field.type) for field in found]
        except (pa.ArrowException, OSError, ValueError) as error:
            raise Damaged("its schema cannot be read", 0) from error
        metadata: dict[bytes, bytes] = found.metadata or {}
        name, _, number = metadata.get(b"format", b"").decode("utf-8", "replace").partition("/")
        if name != _NAME or not number.isdecimal():
            raise BadSessionFile("this Arrow file is no kellect-tui session", "open files that kellect-tui has saved (.kellect)")
        if number != _NUMBER:
            raise BadSessionFile(f"the session has format {number}, this kellect-tui reads {_NUMBER}", "please update kellect-tui")
        if columns != list(FIELDS):
            raise BadSessionFile("the session's columns are not those of its format", _OLDER)
        return metadata

    def _text(self, key: str) -> str:
        return self._metadata.get(key.encode(), b"").decode("utf-8", "replace")

    def _number(self, key: str) -> int:
        try:
            return int(self._text(key))
        except ValueError as error:
            raise BadSessionFile(f"the session's {key} cannot be read", _OLDER) from error

    def _json(self, key: str) -> Any:
        try:
            value = orjson.loads(self._metadata.get(key.encode(), b""))
        except ValueError as error:
            raise BadSessionFile(f"the session's {key} cannot be read", _OLDER) from error
        if not isinstance(value, dict):
            raise BadSessionFile(f"the session's {key} cannot be read", _OLDER)
        return value

    def _loader(self, start: int, end: int, users: UserNames) -> Callable[[Chunk], None]:
        def load(chunk: Chunk) -> None:
            batch, _ = self._decode(start, end)
            try:
                fill(chunk, batch, self._registers, self._machine)
                users.learn(chunk.users)
            except (Unreadable, ValueError, TypeError, KeyError, IndexError, OverflowError) as error:
                raise BadSessionFile(f"a part of the session is damaged: {error}", _OLDER, offset=start) from error

        return load

    def _decode(self, start: int, end: int) -> tuple[pa.RecordBatch, Mapping[bytes, bytes]]:
        data = b"".join([self._data.slice(0, self._schema_end), self._data.slice(start, end - start), END_OF_STREAM])
        try:
            with pa.ipc.open_stream(data, options=self._options) as reader:
                batch, metadata = reader.read_next_batch_with_custom_metadata()
            batch.validate(full=True)
        except (pa.ArrowException, OSError, ValueError, TypeError, KeyError, IndexError, StopIteration, MemoryError, OverflowError) as error:
            raise BadSessionFile(f"a part of the session is damaged: {error}", _OLDER, offset=start) from error
        return batch, metadata if metadata is not None else {}

    def _state(self, start: int, end: int) -> dict[str, Any] | None:
        """The state that a batch without rows carries."""
        packed = self._decode(start, end)[1].get(b"state")
        if packed is None:
            return None
        size = int.from_bytes(packed[:8], "little")
        try:
            document = orjson.loads(pa.Codec("zstd").decompress(packed[8:], min(size, _STATE_LIMIT), asbytes=True))
        except (pa.ArrowException, OSError, ValueError, MemoryError) as error:
            raise BadSessionFile("the session's process table or counts cannot be read", _OLDER, offset=start) from error
        return document if isinstance(document, dict) else None

    def _recall(self, session: Session, state: Mapping[str, Any], *, whole: bool) -> None:
        """Processes and counts: as the end of the file has them; of a file cut short, made anew from its events."""
        if state:
            with nothing_is_garbage():
                session.processes = Processes.from_json(state["processes"])
            said = dict(state["totals"])
            session.totals = SourceTotals(**{name: said[name] for name in ("lost", "left_out", "skipped", "stopped_ns", "not_decoded", "io_uring")})
        if whole:
            session.ledger = Ledger.from_json(state["ledger"])
            session.store.dropped = int(state["dropped"])
            return
        session.ledger.begin(session.started_ns or 0)
        anew = not state.get("events_before")  # else the table already knows what these events tell
        for chunk in session.store.chunks:
            try:
                session.ledger.count(chunk, 0, chunk.count)
                session.ledger.incomplete += incomplete(chunk)
                if anew:
                    with session.processes.taking():
                        feed_rows(session.processes, chunk)
                        session.count_processes(Span(chunk, Row(0), Row(chunk.count)))
            except BadSessionFile:
                continue  # told when somebody looks at it
        for gap in session.ledger.gaps if anew else ():
            if gap.family == "process":
                session.processes.lost(gap.from_ns, gap.to_ns)


def _read_stop(session: Session) -> None:
    """Take `monitor.stop` from the last row, where it is."""
    chunks = session.store.chunks
    if not chunks:
        return
    last = chunks[-1]
    try:
        is_stop = int(last.event[last.count - 1]) == MONITOR_STOP
    except BadSessionFile:
        return  # told when somebody looks at it
    if is_stop:
        session.stop = arguments.monitor(last.raw(Row(last.count - 1)))
        session.stopped_ns = int(last.time[last.count - 1])
