"""Reading a session's file: its batches are found by their headers, and decoded when they are looked at.

`open_at_once` gives the session as far as a first screen needs it; what takes longer, the table of processes, comes by
`Opening.run`. docs/file-format.md describes the file.
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import orjson
import pyarrow as pa

from kellect_tui.errors import BadSessionFile
from kellect_tui.events import arguments
from kellect_tui.events.batch import SourceTotals
from kellect_tui.events.catalogue import MONITOR_STOP
from kellect_tui.session.arrow import FIELDS, NEEDED, LazyChunk, Unreadable, fill
from kellect_tui.session.checksums import Gap, is_right, told, whole_blocks
from kellect_tui.session.chunk import CHUNK_ROWS, Chunk, EventId, Row
from kellect_tui.session.losses import Ledger
from kellect_tui.session.messages import END_OF_STREAM, Damaged, Header, messages, unpacked_bytes
from kellect_tui.session.opening import UNREADABLE, Opening
from kellect_tui.session.session import Session
from kellect_tui.session.shapes import INT, MAYBE_INT, NULL, Shape, check_counts
from kellect_tui.session.state_document import StateDocument
from kellect_tui.session.users import UserNames

FORMAT = "kellect-tui/2"

_NAME, _NUMBER = FORMAT.split("/")
_UNCHECKED = "1"
"""The number of the format without checksums."""
_DICTIONARIES = sum(pa.types.is_dictionary(kind) for _, kind in FIELDS)
_STATE_LIMIT = _BATCH_LIMIT = 1 << 30
"""What is unpacked at most. A chunk is sealed at 64 MiB of texts: a batch that asks for more was made to fill the memory."""
_TOTALS = Shape(lost=INT, left_out=INT, skipped=INT, stopped_ns=INT, not_decoded=(dict,), io_uring=(dict,))
_STOP = Shape(
    captured=MAYBE_INT, lost=MAYBE_INT, coalesced=MAYBE_INT, not_decoded=(dict, NULL), left_out=MAYBE_INT, skipped=MAYBE_INT, incomplete=MAYBE_INT,
    by_type=(dict, NULL), wall_seconds=(float, int, NULL), cpu_seconds=(float, int, NULL),
)  # fmt: skip
_INT64 = range(-(1 << 63), 1 << 63)
_OLDER = "it was made by another program, or is damaged"


def open_session(source: Path | str | BinaryIO) -> Session:
    """The session in a file, its processes and counts complete. Chunks are decoded when they are first looked at.

    Args:
        source: A path, or a stream that is read to its end.

    Raises:
        BadSessionFile: It is no session, one whose beginning is damaged, or one of a newer version. What else is damaged is
            left out, and told by `Session.damage`; where a file has no checksums, a damaged chunk raises it when first looked at.
        OSError: The file cannot be read.
    """
    session = open_at_once(source)
    if session.opening is not None:
        session.opening.run()
    return session


def open_at_once(source: Path | str | BinaryIO) -> Session:
    """The session in a file as far as it is known at once: `Session.opening` reads the rest, which takes long where processes are many.

    Raises as `open_session` does, but for a table of processes that is damaged: `Opening.run` tells of that.
    """
    data = _mapped(Path(source)) if isinstance(source, (str, os.PathLike)) else source.read()
    try:
        return _Reader(data).session()
    except Damaged as error:
        raise BadSessionFile(f"this is no whole kellect-tui session: {error}", _OLDER, offset=error.offset) from error


def _mapped(path: Path) -> bytes | mmap.mmap:
    with path.open("rb") as file:
        try:
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError):  # a pipe, a device; or empty
            return file.read()


class _Reader:
    """The batches of a file by their place; decodes one when asked."""

    def __init__(self, data: bytes | mmap.mmap) -> None:
        self._data = pa.py_buffer(data)
        self._batches: list[tuple[int, int, int]] = []  # start, end, rows
        self._gaps: list[Gap] = []
        self.whole = False
        view = memoryview(data)
        self._schema_end = _schema_end(view)
        self._metadata = self._read_schema()
        if self._number_of_format() == _UNCHECKED:
            self._walk(view)
        elif not is_right(view[: self._schema_end]):
            raise Damaged("its beginning is not as it was written", 0)
        else:
            blocks, self._gaps, self.whole = whole_blocks(view, self._schema_end, _DICTIONARIES)
            for block in blocks:
                self._add(block.start, block.end, block.rows)
        self._options = pa.ipc.IpcReadOptions(included_fields=[number for number, (name, _) in enumerate(FIELDS) if name in NEEDED], use_threads=False)
        self._registers: Mapping[str, list[int]] = self._json("registers")
        self._machine = self._text("machine")

    def session(self) -> Session:
        """The session, its chunks not yet decoded."""
        places = [(start, end) for start, end, rows in self._batches if not rows]
        state = self._state(*places[-1]) if places else None
        session = Session(processes=None, users=UserNames.recorded({}))
        session.start = self._start()
        session.store.machine = self._machine
        session.started_ns = self._number("started_ns")
        session.epoch_offset_ns = self._number("epoch_offset_ns")
        for start, end, rows in self._batches:
            if rows:
                session.store.append_chunk(LazyChunk(session.store.end, rows, self._loader(start, end, session.users)))
        whole = self.whole and state is not None and state.head.get("at") == "end"
        session.cut_short = not whole
        try:
            _recall(session, None if state is None else state.head, whole=whole)
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise BadSessionFile(f"{UNREADABLE}: {error!r}", _OLDER) from error
        holes = self._leave_out(session)
        _read_stop(session)
        session.opening = Opening(session, state, counting=not whole, holes=holes, remedy=_OLDER, offset=places[-1][0] if places else 0)
        return session

    def _leave_out(self, session: Session) -> list[EventId]:
        """Tell what cannot be read; says which events now stand behind a gap."""
        session.damage = told(self._gaps)
        missing, holes = 0, []
        for gap in self._gaps:
            if gap.end is not None and gap.end > gap.first:
                holes.append(EventId(gap.first - missing))
                missing += gap.end - gap.first
        session.store.dropped += missing
        return holes

    def _walk(self, data: memoryview) -> None:
        """Find the batches of a file that has no checksums."""
        start = self._schema_end
        for message in messages(data, start):
            if message is None:
                self.whole = True
            elif message.header is Header.SCHEMA:
                raise Damaged("a schema where none belongs", message.start)
            elif message.header is Header.BATCH:
                self._add(start, message.end, message.rows)
                start = message.end

    def _add(self, start: int, end: int, rows: int) -> None:
        if rows > CHUNK_ROWS:
            raise Damaged("a batch of more rows than a chunk has", start)
        self._batches.append((start, end, rows))

    def _number_of_format(self) -> str:
        return self._text("format").partition("/")[2]

    def _read_schema(self) -> dict[bytes, bytes]:
        try:
            found = pa.ipc.read_schema(self._data.slice(0, self._schema_end))
            columns = [(field.name, field.type) for field in found]
        except (pa.ArrowException, OSError, ValueError) as error:
            raise Damaged("its schema cannot be read", 0) from error
        metadata: dict[bytes, bytes] = found.metadata or {}
        name, _, number = metadata.get(b"format", b"").decode("utf-8", "replace").partition("/")
        if name != _NAME or not number.isdecimal():
            raise BadSessionFile("this Arrow file is no kellect-tui session", "open files that kellect-tui has saved (.kellect)")
        if number not in (_UNCHECKED, _NUMBER):
            raise BadSessionFile(f"the session has format {number}, this kellect-tui reads {_NUMBER}", "please update kellect-tui")
        if columns != list(FIELDS):
            raise BadSessionFile("the session's columns are not those of its format", _OLDER)
        return metadata

    def _text(self, key: str) -> str:
        return self._metadata.get(key.encode(), b"").decode("utf-8", "replace")

    def _number(self, key: str) -> int:
        try:
            number = int(self._text(key))
        except ValueError as error:
            raise BadSessionFile(f"the session's {key} cannot be read", _OLDER) from error
        if number not in _INT64:
            raise BadSessionFile(f"the session's {key} is no number of nanoseconds", _OLDER)
        return number

    def _json(self, key: str) -> Any:
        try:
            value = orjson.loads(self._metadata.get(key.encode(), b""))
        except ValueError as error:
            raise BadSessionFile(f"the session's {key} cannot be read", _OLDER) from error
        if not isinstance(value, dict):
            raise BadSessionFile(f"the session's {key} cannot be read", _OLDER)
        return value

    def _start(self) -> dict[str, Any]:
        start: dict[str, Any] = self._json("start")
        if not isinstance(start.get("options") or {}, dict):
            raise BadSessionFile("the session's start cannot be read", _OLDER)
        return start

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
            _require_room(memoryview(data)[self._schema_end :], start)
            with pa.ipc.open_stream(data, options=self._options) as reader:
                batch, metadata = reader.read_next_batch_with_custom_metadata()
            batch.validate(full=True)
        except (pa.ArrowException, OSError, ValueError, TypeError, KeyError, IndexError, StopIteration, MemoryError, OverflowError) as error:
            raise BadSessionFile(f"a part of the session is damaged: {error}", _OLDER, offset=start) from error
        return batch, metadata if metadata is not None else {}

    def _state(self, start: int, end: int) -> StateDocument | None:
        """The state that a batch without rows carries."""
        packed = self._decode(start, end)[1].get(b"state")
        if packed is None:
            return None
        size = int.from_bytes(packed[:8], "little")
        try:
            document = StateDocument(pa.Codec("zstd").decompress(packed[8:], min(size, _STATE_LIMIT), asbytes=True))
        except (pa.ArrowException, OSError, ValueError, MemoryError) as error:
            raise BadSessionFile(UNREADABLE, _OLDER, offset=start) from error
        return document if isinstance(document.head, dict) else None


def _schema_end(data: memoryview) -> int:
    """Where the message that a session begins with ends. Raises Damaged."""
    message = next(messages(data), None)
    if message is None:
        raise Damaged("it ends before it begins" if len(data) else "it is empty", 0)
    if message.header is not Header.SCHEMA:
        raise Damaged("it does not begin with a schema", 0)
    return message.end


def _require_room(batch: memoryview, start: int) -> None:
    if unpacked_bytes(batch) > _BATCH_LIMIT:
        raise Damaged("it would fill the memory", start)


def _recall(session: Session, head: Mapping[str, Any] | None, *, whole: bool) -> None:
    """Counts as the end of the file has them; of a file cut short they are made from its events, by `Opening`."""
    if head:
        said = dict(head["totals"])
        _TOTALS.check_row(said)
        for calls in (*dict(said["not_decoded"]).values(), said["io_uring"]):
            check_counts(calls)
        session.totals = SourceTotals(**{name: said[name] for name in ("lost", "left_out", "skipped", "stopped_ns", "not_decoded", "io_uring")})
    if whole and head:
        session.ledger = Ledger.from_json(head["ledger"])
        session.store.dropped = int(head["dropped"])
    else:
        session.ledger.begin(session.started_ns or 0)


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
        stop = arguments.monitor(last.raw(Row(last.count - 1)))
        try:
            _STOP.check(list(stop.values()))
        except (TypeError, ValueError) as error:
            raise BadSessionFile(f"the session's end cannot be read: {error}", _OLDER) from error
        session.stop = stop
        session.stopped_ns = int(last.time[last.count - 1])
