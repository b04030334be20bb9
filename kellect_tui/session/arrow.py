"""A chunk as an Arrow record batch, and back: memory and disk hold the same columns.

docs/file-format.md describes the columns. Those named as EVENTS.md names them are for other readers of the file, and
are made from the others; those that begin with `raw.` (and `timestamp_ns`, `event_type`, `result`, `duration_ns`, the
dictionary of `arg.path`) are what a chunk is made of again.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from kellect_tui.events import arguments, constants
from kellect_tui.events.catalogue import ALL_TYPES, BY_ID, BY_NAME, FAMILIES, MONITOR_START
from kellect_tui.events.record import NO_ID, NO_SYSCALL, Flag
from kellect_tui.events.syscalls import names
from kellect_tui.session.chunk import KEPT, LOST_PATH, WHAT, WHO, Chunk, EventId
from kellect_tui.session.losses import failures, restarts

_TEXT, _BYTES = pa.string(), pa.binary()


def _coded(index: pa.DataType, value: pa.DataType) -> pa.DataType:
    return pa.dictionary(index, value)


_SMALL, _CODE = pa.uint8(), pa.uint16()
FIELDS: Sequence[tuple[str, pa.DataType]] = (
    ("timestamp", pa.int64()),
    ("timestamp_ns", pa.int64()),
    ("event_type", _coded(_SMALL, _TEXT)),
    ("family", _coded(_SMALL, _TEXT)),
    ("syscall", _coded(_CODE, _TEXT)),
    ("comm", _coded(_CODE, _TEXT)),
    ("pid", pa.uint32()),
    ("tid", pa.uint32()),
    ("ppid", pa.uint32()),
    ("process_type", _coded(_SMALL, _TEXT)),
    ("uid", pa.uint32()),
    ("gid", pa.uint32()),
    ("user", _coded(_CODE, _TEXT)),
    ("ruid", pa.uint32()),
    ("auid", pa.uint32()),
    ("cgroup", _coded(_CODE, _TEXT)),
    ("result", pa.int64()),
    ("error", _coded(_CODE, _TEXT)),
    ("duration_ns", pa.int64()),
    ("abi", _coded(_SMALL, _TEXT)),
    ("arg.path", _coded(pa.int32(), _BYTES)),
    ("raw.syscall", pa.uint16()),
    ("raw.flags", pa.uint32()),
    ("raw.cpu", pa.uint8()),
    ("raw.who", _coded(_CODE, _BYTES)),
    ("raw.what", _coded(_CODE, pa.binary(WHAT.itemsize))),
    ("raw.args", pa.list_(pa.uint64())),
    ("raw.payload", _coded(_CODE, _BYTES)),
)
NEEDED = tuple(name for name, _ in FIELDS if name.startswith("raw.") or name in ("timestamp_ns", "event_type", "result", "duration_ns", "arg.path"))
"""The columns that a chunk is made of; the others need not be decoded."""

_EVENT_NAMES = [row.name for row in ALL_TYPES]
_FAMILY_OF = np.array([0, *(FAMILIES.index(row.family) for row in ALL_TYPES)], np.uint8)
_ABIS = ((Flag.I386, "i386"), (Flag.X32, "x32"), (Flag.ARM, "arm"))
_ABSENT = 0xFFFF
_OWN_LAYOUT = {row.name: list(KEPT[row.id]) for row in ALL_TYPES}

Codes = NDArray[np.integer[Any]]


class Unreadable(ValueError):
    """A batch that no chunk can be made of; says why."""


def schema(metadata: Mapping[str, bytes]) -> pa.Schema:
    """The schema of every batch of a file."""
    return pa.schema([pa.field(name, kind) for name, kind in FIELDS], metadata=dict(metadata))


def layout() -> dict[str, list[int]]:
    """Which registers `raw.args` holds, by type; a file says so, for the table may grow."""
    return _OWN_LAYOUT


# a chunk's batch


def record_batch(chunk: Chunk, of: pa.Schema) -> pa.RecordBatch:
    """The chunk as Arrow data."""
    count = chunk.count
    columns = {name: getattr(chunk, name)[:count] for name in ("time", "duration", "result", "event", "syscall", "flags", "cpu", "who", "what", "payload")}
    own = columns["event"] >= MONITOR_START  # the monitor's rows are nobody's doing
    arrays = _identity(columns, chunk) | _people(chunk, columns["who"], own if own.any() else None) | _outcome(columns)
    what = chunk.whats["path0"].take(columns["what"])
    arrays["arg.path"] = _dictionary(np.where(columns["flags"] & np.uint32(Flag.OBJECT), what, -1).astype(np.int32), pa.array(chunk.paths, _BYTES))
    arrays["raw.syscall"], arrays["raw.flags"], arrays["raw.cpu"] = (pa.array(columns[name]) for name in ("syscall", "flags", "cpu"))
    arrays["raw.who"] = pa.DictionaryArray.from_arrays(pa.array(columns["who"]), pa.array(_who_values(chunk), _BYTES))
    arrays["raw.what"] = pa.DictionaryArray.from_arrays(pa.array(columns["what"]), _fixed(chunk.whats))
    offsets = chunk.offsets[: count + 1].astype(np.int32)
    arrays["raw.args"] = pa.ListArray.from_arrays(pa.array(offsets), pa.array(chunk.args[: int(offsets[-1])]))
    arrays["raw.payload"] = pa.DictionaryArray.from_arrays(pa.array(columns["payload"]), pa.array(chunk.payloads, _BYTES))
    return pa.RecordBatch.from_arrays([arrays[name] for name, _ in FIELDS], schema=of)


def empty_batch(of: pa.Schema) -> pa.RecordBatch:
    """A batch of no rows, to carry metadata."""
    return pa.RecordBatch.from_arrays([pa.array([], kind) for _, kind in FIELDS], schema=of)


def _identity(columns: Mapping[str, NDArray[Any]], chunk: Chunk) -> dict[str, pa.Array]:
    event, syscall, flags = columns["event"], columns["syscall"], columns["flags"]
    calls = names(chunk.machine)
    used = np.flatnonzero(np.bincount(syscall))
    known = [number for number in used.tolist() if number != NO_SYSCALL and number in calls]
    call_codes = np.full(1 << 16, -1, np.int32)
    call_codes[known] = np.arange(len(known))
    abi = np.full(len(flags), -1, np.int32)
    for code, (flag, _) in enumerate(_ABIS):
        abi[(flags & np.uint32(flag)) != 0] = code
    return {
        "timestamp": pa.array(columns["time"] // 1000),
        "timestamp_ns": pa.array(columns["time"]),
        "event_type": pa.DictionaryArray.from_arrays(pa.array(event - np.uint8(1)), pa.array(_EVENT_NAMES)),
        "family": pa.DictionaryArray.from_arrays(pa.array(_FAMILY_OF.take(event)), pa.array(FAMILIES)),
        "syscall": _dictionary(call_codes.take(syscall), pa.array([calls[number] for number in known], _TEXT), np.uint16),
        "abi": _dictionary(abi, pa.array([name for _, name in _ABIS]), np.uint8),
    }


def _people(chunk: Chunk, who: Codes, own: NDArray[np.bool_] | None) -> dict[str, pa.Array]:
    """The columns that say who it was; null in the rows `own`."""
    whos = chunk.whos
    arrays = {name: pa.array(whos[name].take(who), mask=own) for name in ("pid", "tid", "ppid", "uid", "gid", "ruid")}
    auid = whos["auid"].take(who)
    unset = auid == NO_ID
    arrays["auid"] = pa.array(auid, mask=unset if own is None else unset | own)
    thread = (whos["tid"] != whos["pid"]).astype(np.int32)
    texts: dict[str, list[str | None]] = {
        "comm": [arguments.text(comm)[0] for comm in whos["comm"].tolist()],
        "user": [chunk.users.get(uid) for uid in whos["uid"].tolist()],
        "cgroup": [None if (path := chunk.cgroups.get(group)) is None else arguments.text(path)[0] for group in whos["cgroup"].tolist()],
    }
    for name, values in texts.items():
        distinct = {value: code for code, value in enumerate(dict.fromkeys(value for value in values if value is not None))}
        codes = np.array([-1 if value is None else distinct[value] for value in values], np.int32).take(who)
        arrays[name] = _dictionary(_hidden(codes, own), pa.array(list(distinct), _TEXT), np.uint16)
    arrays["process_type"] = _dictionary(_hidden(thread.take(who), own), pa.array(["process", "thread"]), np.uint8)
    return arrays


def _outcome(columns: Mapping[str, NDArray[Any]]) -> dict[str, pa.Array]:
    result, flags, duration = columns["result"], columns["flags"], columns["duration"]
    restarted = restarts(result, flags)
    bad = failures(result, flags) | restarted
    numbers = np.unique(-result[bad]).tolist()
    codes = np.full(len(result), -1, np.int32)
    codes[bad] = np.searchsorted(numbers, -result[bad])
    no_result = ((flags & np.uint32(Flag.NO_RESULT)) != 0) | restarted
    return {
        # Under a null stays what the record held: reading takes it from there.
        "result": _with_nulls(result, no_result),
        "duration_ns": _with_nulls(duration, duration < 0),
        "error": _dictionary(codes, pa.array([constants.errno_name(number) for number in numbers], _TEXT), np.uint16),
    }


def _hidden(codes: Codes, rows: NDArray[np.bool_] | None) -> Codes:
    return codes if rows is None else np.where(rows, -1, codes)


def _dictionary(codes: Codes, values: pa.Array, dtype: type[np.integer[Any]] = np.int32) -> pa.DictionaryArray:
    """Codes, negative for null, into values."""
    null = codes < 0
    if not null.any():
        return pa.DictionaryArray.from_arrays(pa.array(codes.astype(dtype)), values)
    indices = pa.array(np.where(null, 0, codes).astype(dtype), mask=null)
    return pa.DictionaryArray.from_arrays(indices, values)


def _with_nulls(values: NDArray[np.int64], null: NDArray[np.bool_]) -> pa.Array:
    bits = np.packbits(~null, bitorder="little")
    return pa.Array.from_buffers(pa.int64(), len(values), [pa.py_buffer(bits) if null.any() else None, pa.py_buffer(np.ascontiguousarray(values))])


def _fixed(rows: NDArray[np.void]) -> pa.Array:
    return pa.Array.from_buffers(pa.binary(rows.dtype.itemsize), len(rows), [None, pa.py_buffer(rows.tobytes())])


def _who_values(chunk: Chunk) -> list[bytes]:
    """Each who's bytes, then its user name and its control group's path, each with its length in front (0xffff: none)."""
    out = []
    for row, uid, group in zip(chunk.whos, chunk.whos["uid"].tolist(), chunk.whos["cgroup"].tolist(), strict=True):
        user, path = chunk.users.get(uid), chunk.cgroups.get(group)
        out.append(row.tobytes() + _sized(None if user is None else user.encode()) + _sized(path))
    return out


def _sized(data: bytes | None) -> bytes:
    return struct.pack("<H", _ABSENT) if data is None else struct.pack("<H", len(data)) + data


# a batch's chunk


def fill(chunk: Chunk, batch: pa.RecordBatch, registers: Mapping[str, Sequence[int]], machine: str) -> None:
    """Give a chunk the columns and dictionaries of a batch.

    Args:
        registers: Which registers `raw.args` holds, by type.

    Raises:
        Unreadable: The batch is damaged.
    """
    if batch.num_rows != chunk.count:
        raise Unreadable("its number of rows is not what its header says")
    codes = {name: _numbers(batch[f"raw.{name}"].indices, np.uint16) for name in ("who", "what", "payload")}
    whos, users, cgroups = _whos(batch["raw.who"].dictionary.to_pylist())
    whats = np.frombuffer(b"".join(batch["raw.what"].dictionary.to_pylist()), WHAT)
    paths: list[bytes] = batch["arg.path"].dictionary.to_pylist()
    payloads: list[bytes] = batch["raw.payload"].dictionary.to_pylist()
    for name, size in (("who", len(whos)), ("what", len(whats)), ("payload", len(payloads))):
        if len(codes[name]) and int(codes[name].max()) >= size:
            raise Unreadable(f"raw.{name} points outside its dictionary")
    for name in ("path0", "path1"):
        if len(whats) and not (int(whats[name].min()) >= LOST_PATH and int(whats[name].max()) < len(paths)):
            raise Unreadable("raw.what points outside the paths")
    if None in paths or None in payloads:
        raise Unreadable("a dictionary holds a null")
    event = _events(batch["event_type"])
    args, offsets = _args(batch["raw.args"], event, registers)
    chunk.time = _numbers(batch["timestamp_ns"], np.int64)
    chunk.duration = _numbers(batch["duration_ns"], np.int64)
    chunk.result = _numbers(batch["result"], np.int64)
    chunk.event = event
    chunk.syscall, chunk.flags, chunk.cpu = (
        _numbers(batch["raw.syscall"], np.uint16), _numbers(batch["raw.flags"], np.uint32), _numbers(batch["raw.cpu"], np.uint8),
    )  # fmt: skip
    chunk.who, chunk.what, chunk.payload = codes["who"], codes["what"], codes["payload"]
    chunk.args, chunk.offsets = args, offsets
    chunk.whos, chunk.whats, chunk.paths, chunk.payloads = whos, whats, paths, payloads
    chunk.users, chunk.cgroups, chunk.machine = users, cgroups, machine
    chunk.text_bytes = sum(map(len, paths)) + sum(map(len, payloads)) + 48 * (len(paths) + len(payloads))


def _numbers(array: pa.Array, dtype: Any) -> NDArray[Any]:
    """The values of a column, whatever stands under its nulls included; a view of the batch's memory."""
    data = array.buffers()[1]
    count = len(array)
    if data is None:
        return np.zeros(count, dtype)
    return np.frombuffer(data, dtype, count, array.offset * np.dtype(dtype).itemsize)


def _events(column: pa.DictionaryArray) -> NDArray[np.uint8]:
    ids = [row.id if (row := BY_NAME.get(name)) is not None else 0 for name in column.dictionary.to_pylist()]
    indices = _numbers(column.indices, np.uint8)
    if column.null_count or (len(indices) and int(indices.max()) >= len(ids)):
        raise Unreadable("an event without a type")
    event: NDArray[np.uint8] = np.array([*ids, 0], np.uint8)[indices]
    if len(event) and not int(event.min()):
        raise Unreadable("an event of a type that this version does not know")
    return event


def _args(column: pa.ListArray, event: NDArray[np.uint8], registers: Mapping[str, Sequence[int]]) -> tuple[NDArray[np.uint64], NDArray[np.uint32]]:
    if column.null_count:
        raise Unreadable("an event without arguments")
    offsets = np.frombuffer(column.buffers()[1], np.int32, len(event) + 1, column.offset * 4) if len(event) else np.zeros(1, np.int32)
    args = _numbers(column.values, np.uint64)
    counts = np.zeros(256, np.int64)
    for name, kept in registers.items():
        if name in BY_NAME:
            counts[BY_NAME[name].id] = len(kept)
    if len(event) and (int(offsets[0]) != 0 or int(offsets[-1]) > len(args) or (np.diff(offsets) != counts[event]).any()):
        raise Unreadable("raw.args does not fit the events")
    if all(registers.get(name) == kept for name, kept in _OWN_LAYOUT.items()):
        return args, offsets.astype(np.uint32)
    return _moved(args, offsets, event, registers)


def _moved(
    args: NDArray[np.uint64], offsets: NDArray[np.int32], event: NDArray[np.uint8], registers: Mapping[str, Sequence[int]]
) -> tuple[NDArray[np.uint64], NDArray[np.uint32]]:
    """The arguments of a file whose table keeps other registers, as this version keeps them."""
    table = np.zeros((len(event), 6), np.uint64)
    kept = np.zeros((len(event), 6), np.bool_)
    for number in np.unique(event).tolist():
        rows = np.flatnonzero(event == number)
        for place, register in enumerate(registers.get(BY_ID[number].name, ())):
            table[rows, register] = args[offsets[rows] + place]
        kept[rows[:, None], list(KEPT[number])] = True
    ends = np.cumsum(kept.sum(axis=1), dtype=np.uint32)
    return table[kept], np.concatenate([np.zeros(1, np.uint32), ends])


def _whos(values: Sequence[bytes | None]) -> tuple[NDArray[np.void], dict[int, str | None], dict[int, bytes]]:
    whos = np.empty(len(values), WHO)
    users: dict[int, str | None] = {}
    cgroups: dict[int, bytes] = {}
    for at, value in enumerate(values):
        if value is None or len(value) < WHO.itemsize + 4:
            raise Unreadable("raw.who is too short")
        whos[at] = np.frombuffer(value, WHO, 1)[0]
        user, behind = _unsized(value, WHO.itemsize)
        path, _ = _unsized(value, behind)
        users[int(whos["uid"][at])] = None if user is None else user.decode("utf-8", "replace")
        if path is not None:
            cgroups[int(whos["cgroup"][at])] = path
    return whos, users, cgroups


def _unsized(value: bytes, at: int) -> tuple[bytes | None, int]:
    if at + 2 > len(value):
        raise Unreadable("raw.who is too short")
    (length,) = struct.unpack_from("<H", value, at)
    if length == _ABSENT:
        return None, at + 2
    return value[at + 2 : at + 2 + length], at + 2 + length


class LazyChunk(Chunk):
    """A chunk of a file: `load` gives it its columns the first time one is asked for."""

    __slots__ = ("_load",)

    def __init__(self, first: EventId, count: int, load: Callable[[Chunk], None]) -> None:
        self.first = first
        self.count = count
        self.sealed = True
        self._load = load

    def __getattr__(self, name: str) -> Any:
        # Reached only while the attribute has not been given: a slot that is still empty.
        if name not in Chunk.__slots__ or name == "__weakref__":
            raise AttributeError(name)
        self._load(self)
        return object.__getattribute__(self, name)

    @property
    def is_loaded(self) -> bool:
        """Whether its columns are in memory."""
        try:
            object.__getattribute__(self, "text_bytes")
        except AttributeError:
            return False
        return True

    @property
    def nbytes(self) -> int:
        """Bytes held; a chunk that has not been looked at holds none."""
        return Chunk.nbytes.fget(self) if self.is_loaded else 0  # type: ignore[attr-defined]  # a property has fget
