"""Columns: up to 65,536 events that follow one another, with dictionaries of their own.

A chunk's dictionaries go with it, so that dropping it frees every byte that belonged to it, however many names a session
has seen; and codes fit into 16 bits. One thread writes a chunk (`ChunkWriter`), any thread reads it: rows and dictionary
entries are in place before `count` says so, and arrays that grow are replaced, never moved under a reader.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NewType

import numpy as np
from numpy.typing import NDArray

from kellect_tui.events import decode
from kellect_tui.events.catalogue import ALL_TYPES, EXEC, EXIT, FORK, MONITOR_LOST, RESULT, EventType, Kind
from kellect_tui.events.record import NO_ID, NO_SYSCALL, RECORD, Event, Flag, Raw
from kellect_tui.session.intern import BYTES_OBJECT, Payloads, Scratch, Words

CHUNK_ROWS = 65_536
ENTRY_BYTES = 120
"""What an entry of a dict costs besides its text."""
NO_PATH, LOST_PATH = -1, -2
"""Instead of an index into `Chunk.paths`: the record has no key; it has one whose text was lost."""

EventId = NewType("EventId", int)
"""Number of an event in its session: 0, 1, 2…, never used again."""
Row = NewType("Row", int)
"""Place of an event in its chunk."""
RowNumber = NewType("RowNumber", int)
"""Place of an event in a view."""

WHO = np.dtype(
    [("comm", "S16"), ("cgroup", "<u8"), ("pid", "<u4"), ("tid", "<u4"), ("ppid", "<u4"), ("uid", "<u4"), ("gid", "<u4"), ("ruid", "<u4"), ("auid", "<u4")]
)
WHAT = np.dtype([("path0", "<i4"), ("path1", "<i4"), ("inode", "<u8"), ("file_uid", "<u4"), ("file_mode", "<u2")])

COLUMNS: Mapping[str, np.dtype[Any]] = {
    "time": np.dtype(np.int64),
    "duration": np.dtype(np.int64),
    "result": np.dtype(np.int64),
    "event": np.dtype(np.uint8),
    "syscall": np.dtype(np.uint16),
    "flags": np.dtype(np.uint32),
    "cpu": np.dtype(np.uint8),
    "who": np.dtype(np.uint16),
    "what": np.dtype(np.uint16),
    "payload": np.dtype(np.uint16),
}
"""The columns with one number per event, in the order of `Chunk`'s documentation."""

_CODES = 1 << 16
TEXT_BYTES = 64 << 20
"""Bytes of distinct payloads and paths after which a chunk is sealed early."""
_EVENT_IDS = 256
_UNRECORDED = (Kind.STRING, Kind.PAIR, Kind.ARGV, Kind.EXEC_FILENAME)  # pointers: what lies behind them is payload

# Columns of a record seen as 64-bit words, and of its small fields
_WORDS = RECORD.itemsize // 8


_NAMES: tuple[str, ...] = RECORD.names or ()


def _word(name: str) -> int:
    return _part(_NAMES[0], name).itemsize // 8


def _part(first: str, behind: str) -> np.dtype[Any]:
    return np.dtype([(name, RECORD[name]) for name in _NAMES[_NAMES.index(first) : _NAMES.index(behind)]])


_RAW_WHO, _RAW_WHAT = _part("comm", "key0"), _part("key0", "payload_at")
_ARGS, _WHO, _WHAT = _word("args"), _word("comm"), _word("key0")
_WHO_WORDS, _WHAT_WORDS = _RAW_WHO.itemsize // 8, _RAW_WHAT.itemsize // 8
_WHO_TELLING, _WHAT_TELLING = _word("pid") - _WHO, _word("key0") - _WHAT  # pid and tid share a word
_UID = (WHO.names or ()).index("uid") - 1


def registers_of(row: EventType) -> tuple[int, ...]:
    """Registers that chunks keep of a type's events: those that some call of it uses; of what is no call all six."""
    if row.id in (FORK, EXEC, EXIT) or not row.calls:
        return tuple(range(6))
    kinds = {argument.name: argument.kind for argument in row.arguments}
    return tuple(sorted({register for call in row.calls for name, register in call.at.items() if register < RESULT and kinds.get(name) not in _UNRECORDED}))


KEPT: Mapping[int, tuple[int, ...]] = {row.id: registers_of(row) for row in ALL_TYPES}
_IS_KEPT = np.ones((_EVENT_IDS, 6), np.bool_)
for _id, _registers in KEPT.items():
    _IS_KEPT[_id] = [register in _registers for register in range(6)]
_KEPT_COUNT = _IS_KEPT.sum(axis=1).astype(np.uint32)
_RANK = (_IS_KEPT.cumsum(axis=1) - 1).astype(np.uint32)  # place of a register among those kept


class Chunk:
    """Up to `CHUNK_ROWS` events. Read `sealed` before `count`: only of a sealed chunk is the count final.

    Attributes:
        first: Id of its first event.
        count: Events that are readable: ``[0:count]`` of every column.
        sealed: Nothing will be added.
        time: Epoch ns. duration: ns, -1 for null. result: null where `flags` has NO_RESULT. event: EventType.id.
        syscall: Number in the machine's native table. flags: record.Flag. cpu. All ``(n,)``.
        who, what, payload: ``(n,) uint16`` codes into `whos`, `whats`, `payloads`.
        whos: ``(k,)`` of WHO; comm ends at its first NUL. whats: ``(k,)`` of WHAT, paths as indices into `paths`.
        args: ``(m,) uint64``, the registers that `KEPT` names of each event, one event behind the other.
        offsets: ``(n + 1,) uint32``, where an event's registers begin in `args`.
        cgroups: Paths by control group id. users: User names by uid, as they were when first seen.
        machine: Architecture whose system call numbers these are.
    """

    __slots__ = (
        "__weakref__",
        "args",
        "cgroups",
        "count",
        "cpu",
        "duration",
        "event",
        "first",
        "flags",
        "machine",
        "offsets",
        "paths",
        "payload",
        "payloads",
        "result",
        "sealed",
        "syscall",
        "text_bytes",
        "time",
        "users",
        "what",
        "whats",
        "who",
        "whos",
    )  # fmt: skip

    time: NDArray[np.int64]
    duration: NDArray[np.int64]
    result: NDArray[np.int64]
    event: NDArray[np.uint8]
    syscall: NDArray[np.uint16]
    flags: NDArray[np.uint32]
    cpu: NDArray[np.uint8]
    who: NDArray[np.uint16]
    what: NDArray[np.uint16]
    payload: NDArray[np.uint16]

    def __init__(self, first: EventId, capacity: int = CHUNK_ROWS, machine: str = "x86_64") -> None:
        self.first = first
        self.count = 0
        self.sealed = False
        for name, dtype in COLUMNS.items():
            setattr(self, name, np.empty(capacity, dtype))
        self.args: NDArray[np.uint64] = np.empty(0, np.uint64)
        self.offsets: NDArray[np.uint32] = np.zeros(capacity + 1, np.uint32)
        self.whos: NDArray[np.void] = np.empty(0, WHO)
        self.whats: NDArray[np.void] = np.empty(0, WHAT)
        self.paths: list[bytes] = []
        self.payloads: list[bytes] = [b""]
        self.cgroups: dict[int, bytes] = {}
        self.users: dict[int, str | None] = {}
        self.machine = machine
        self.text_bytes = 0

    @property
    def end(self) -> EventId:
        """Id behind the last readable event."""
        return EventId(self.first + self.count)

    @property
    def nbytes(self) -> int:
        """Bytes held: columns, dictionaries, texts."""
        arrays = [getattr(self, name) for name in COLUMNS]
        columns = sum(int(array.nbytes) for array in (*arrays, self.args, self.offsets, self.whos, self.whats))
        return columns + self.text_bytes

    def arg(self, register: int, rows: NDArray[np.integer[Any]] | slice) -> NDArray[np.uint64]:
        """Register 0-5 of `rows`, ``(k,)``; 0 where the type does not keep it."""
        events = self.event[rows]
        kept = _IS_KEPT[events, register]
        if not len(self.args):
            return np.zeros(len(events), np.uint64)
        at = self.offsets[:-1][rows] + _RANK[events, register]
        values: NDArray[np.uint64] = np.where(kept, np.take(self.args, at, mode="clip"), np.uint64(0))
        return values

    def registers(self, row: Row) -> tuple[int, ...]:
        """All six registers of one event; those not kept are 0."""
        out = [0] * 6
        values = self.args[int(self.offsets[row]) : int(self.offsets[row + 1])].tolist()
        for register, value in zip(KEPT.get(int(self.event[row]), range(6)), values, strict=False):
            out[register] = value
        return tuple(out)

    def part(self, rows: NDArray[np.int64]) -> Chunk:
        """Only these rows (ascending), as a sealed chunk with no more in its dictionaries than they need."""
        if self.sealed and len(rows) == self.count:
            return self
        part = Chunk(self.first, 0, self.machine)
        for name in COLUMNS:
            setattr(part, name, getattr(self, name)[rows])
        starts, counts = self.offsets[rows].astype(np.int64), _KEPT_COUNT[part.event].astype(np.int64)
        part.offsets = np.concatenate([np.zeros(1, np.uint32), np.cumsum(counts, dtype=np.uint32)])
        part.args = self.args[np.repeat(starts - part.offsets[:-1], counts) + np.arange(int(part.offsets[-1]))]
        used, part.who = _renumbered(part.who)
        part.whos = self.whos[used]
        used, part.what = _renumbered(part.what)
        part.whats = self.whats[used]
        paths, indices = np.unique(np.concatenate([part.whats["path0"], part.whats["path1"]]), return_inverse=True)
        kept = paths[paths >= 0].tolist()
        indices = np.where(paths >= 0, np.cumsum(paths >= 0) - 1, paths)[indices]
        part.whats["path0"], part.whats["path1"] = indices[: len(part.whats)], indices[len(part.whats) :]
        part.paths = [self.paths[index] for index in kept]
        used, part.payload = _renumbered(part.payload, with_zero=True)
        part.payloads = [self.payloads[code] for code in used.tolist()]
        part.users = {uid: self.users.get(uid) for uid in part.whos["uid"].tolist()}
        part.cgroups = {group: path for group in part.whos["cgroup"].tolist() if (path := self.cgroups.get(group)) is not None}
        part.text_bytes = sum(len(text) + BYTES_OBJECT for text in (*part.paths, *part.payloads))
        part.count, part.sealed = len(rows), True
        return part

    def raw(self, row: Row) -> Raw:
        """One event as decoders want it."""
        path0, path1, inode, file_uid, file_mode = self.whats[self.what[row]].item()
        who = self.whos[self.who[row]]
        return Raw(
            event=int(self.event[row]),
            syscall=int(self.syscall[row]),
            flags=int(self.flags[row]),
            result=int(self.result[row]),
            duration=int(self.duration[row]),
            args=self.registers(row),
            payload=self.payloads[self.payload[row]],
            path0=self.paths[path0] if path0 >= 0 else None,
            path1=self.paths[path1] if path1 >= 0 else None,
            inode=inode,
            file_uid=file_uid,
            file_mode=file_mode,
            lost_path=LOST_PATH in (path0, path1),
            comm=bytes(who["comm"]),
            pid=int(who["pid"]),
            tid=int(who["tid"]),
        )

    def event_at(self, row: Row) -> Event:
        """One event as people see it."""
        who = self.whos[self.who[row]]
        return decode.event(
            self.raw(row),
            time_ns=int(self.time[row]),
            who=who,
            user=self.users.get(int(who["uid"])),
            cgroup=self.cgroups.get(int(who["cgroup"])),
            machine=self.machine,
        )


def _renumbered(codes: NDArray[np.uint16], *, with_zero: bool = False) -> tuple[NDArray[np.intp], NDArray[np.uint16]]:
    """The codes in use, ascending, and each row's place among them; code 0 keeps its place where asked."""
    is_used = np.zeros(_CODES, np.bool_)
    is_used[codes] = True
    is_used[0] |= with_zero
    places = (np.cumsum(is_used) - 1).astype(np.uint16)
    return np.flatnonzero(is_used), places[codes]


class _Rows:
    """A structured array that grows; what was handed out stays as it was."""

    def __init__(self, dtype: np.dtype[Any]) -> None:
        self._rows = np.empty(64, dtype)
        self.count = 0

    def extend(self, rows: Sequence[tuple[Any, ...]]) -> NDArray[np.void]:
        """All rows so far, with the new ones."""
        end = self.count + len(rows)
        if end > len(self._rows):
            larger = np.empty(max(end, 2 * len(self._rows)), self._rows.dtype)
            larger[: self.count] = self._rows[: self.count]
            self._rows = larger
        self._rows[self.count : end] = rows
        self.count = end
        return self._rows[:end]


class ChunkWriter:
    """Appends records to one chunk; one thread.

    Args:
        chunk: An empty chunk.
        scratch: Buffers shared by all chunks of a store.
        user_name: The name of a uid, or None.
        text_bytes: Bytes of distinct payloads and paths after which there is no more room.
    """

    def __init__(self, chunk: Chunk, scratch: Scratch, user_name: Callable[[int], str | None], text_bytes: int = TEXT_BYTES) -> None:
        self.chunk = chunk
        self._capacity = len(chunk.time)
        self._user_name = user_name
        self._text_bytes = text_bytes
        self._words_who = Words(_WHO_WORDS, self._new_whos, scratch, _WHO_TELLING)
        self._words_what = Words(_WHAT_WORDS, self._new_whats, scratch, _WHAT_TELLING)
        self._payloads = Payloads(chunk.payloads, scratch)
        self._scratch = scratch
        self._whos, self._whats = _Rows(WHO), _Rows(WHAT)
        self._who_codes: dict[tuple[Any, ...], int] = {}
        self._what_codes: dict[tuple[int, ...], int] = {}
        self._path_codes: dict[bytes, int] = {}
        self._lost_keys: set[int] = set()
        self._groups_missing: set[int] = set()
        self._args_end = 0
        self._other_bytes = 0
        self._paths: Mapping[int, bytes] = {}
        self._cgroups: Mapping[int, bytes] = {}

    @property
    def room(self) -> int:
        """Rows that can be appended, even if each brings new values; 0: seal the chunk."""
        if self._payloads.nbytes + self._other_bytes > self._text_bytes:
            return 0
        return min(self._capacity - self.chunk.count, _CODES - len(self.chunk.payloads))

    def begin(self, paths: Mapping[int, bytes], cgroups: Mapping[int, bytes]) -> None:
        """Take in the texts of a new batch."""
        self._paths, self._cgroups = paths, cgroups
        if any(key in paths for key in self._lost_keys):  # a key's text came late: look at its rows anew
            self._lost_keys.clear()
            self._words_what = Words(_WHAT_WORDS, self._new_whats, self._scratch, _WHAT_TELLING)
        self._learn_groups({group for group in self._groups_missing if group in cgroups})

    def append(self, records: NDArray[np.void], payload: NDArray[np.uint8], epoch_offset_ns: int) -> None:
        """Append ``(n,)`` records, n ≤ min(room, SLICE_ROWS); `payload_at` are offsets into `payload`."""
        chunk = self.chunk
        start, end = chunk.count, chunk.count + len(records)
        words = records.view(np.uint64).reshape(-1, _WORDS)
        np.add(records["time"].view(np.int64), epoch_offset_ns, out=chunk.time[start:end])
        for name in ("duration", "result", "event", "syscall", "flags", "cpu"):
            np.copyto(getattr(chunk, name)[start:end], records[name], casting="unsafe")
        self._words_who.codes(words[:, _WHO : _WHO + _WHO_WORDS], chunk.who[start:end])
        self._words_what.codes(words[:, _WHAT : _WHAT + _WHAT_WORDS], chunk.what[start:end])
        self._append_payloads(records, payload, chunk.payload[start:end])
        self._append_args(words, start, end, epoch_offset_ns)
        chunk.text_bytes = self._payloads.nbytes + self._other_bytes
        chunk.count = end  # readers may look from here on

    def append_one(self, event: int, time_ns: int, payload: bytes) -> None:
        """Append a record of the monitor's own, which is nobody's doing."""
        record = np.zeros(1, RECORD)
        record["time"], record["event"], record["syscall"] = time_ns, event, NO_SYSCALL
        record["duration"], record["flags"], record["auid"] = (1 << 64) - 1, int(Flag.NO_RESULT), NO_ID
        record["payload_len"] = len(payload)
        self.append(record, np.frombuffer(payload, np.uint8), 0)

    def seal(self) -> None:
        """Make the chunk compact and final; readers are not disturbed."""
        chunk = self.chunk
        if chunk.count < self._capacity:
            for name in COLUMNS:
                setattr(chunk, name, getattr(chunk, name)[: chunk.count].copy())
            chunk.offsets = chunk.offsets[: chunk.count + 1].copy()
        if chunk.count:
            self._scratch.args_per_row = self._args_end / chunk.count
        args = chunk.args[: self._args_end]
        chunk.args = args.copy() if len(args) < len(chunk.args) * 7 // 8 else args  # a little spare room is not worth a copy
        chunk.whos, chunk.whats = chunk.whos.copy(), chunk.whats.copy()
        chunk.sealed = True
        self._let_go()

    def _let_go(self) -> None:
        """The lookups ask this writer, which has them: without this only the collector would find it, and with it the chunk, long after retention."""
        self._payloads.let_go()
        del self._words_who, self._words_what

    def _append_payloads(self, records: NDArray[np.void], payload: NDArray[np.uint8], out: NDArray[np.uint16]) -> None:
        lengths = records["payload_len"].astype(np.int64)
        rows = np.flatnonzero(lengths)
        out[:] = 0
        if len(rows):
            codes = np.empty(len(rows), np.uint16)
            self._payloads.codes(payload, records["payload_at"][rows].view(np.int64), lengths[rows], codes)
            out[rows] = codes

    def _append_args(self, words: NDArray[np.uint64], start: int, end: int, epoch_offset_ns: int) -> None:
        chunk = self.chunk
        events = chunk.event[start:end]
        offsets = chunk.offsets[start : end + 1]
        np.cumsum(_KEPT_COUNT[events], dtype=np.uint32, out=offsets[1:])
        offsets[1:] += np.uint32(self._args_end)
        at, self._args_end = self._args_end, int(offsets[-1])
        self._reserve_args(self._args_end)
        registers = self._scratch.words(len(events), 6)
        np.copyto(registers, words[:, _ARGS : _ARGS + 6])
        kept = self._scratch.differs(len(events), 6)
        np.take(_IS_KEPT, events, axis=0, out=kept, mode="clip")
        np.take(registers.reshape(-1), np.flatnonzero(kept.reshape(-1)), out=chunk.args[at : self._args_end], mode="clip")
        lost = np.flatnonzero(events == MONITOR_LOST)
        if len(lost):  # from and to, args 3 and 4, in epoch ns as everything else in a chunk
            for place in (3, 4):
                chunk.args[offsets[:-1][lost] + np.uint32(place)] += np.uint64(epoch_offset_ns % (1 << 64))

    def _reserve_args(self, count: int) -> None:
        if count > len(self.chunk.args):
            expected = int(self._scratch.args_per_row * self._capacity * 1.05) + 64
            larger = np.empty(max(count, expected if not len(self.chunk.args) else count * 5 // 4), np.uint64)
            larger[: len(self.chunk.args)] = self.chunk.args
            self.chunk.args = larger

    # dictionaries: the only Python per value, once for each that is new to the chunk

    def _new_whos(self, keys: list[bytes]) -> list[int]:
        codes, known, fresh = [], self._who_codes, []
        for comm, *rest in np.frombuffer(b"".join(keys), _RAW_WHO)[list(WHO.names or ())].tolist():
            who = (comm.split(b"\0", 1)[0], *rest)  # Linux 5.10 leaves rubbish behind the NUL
            code = known.get(who)
            if code is None:
                code = known[who] = len(known)
                fresh.append(who)
            codes.append(code)
        if fresh:
            self._learn_groups({who[1] for who in fresh})
            self._learn_users({who[1 + _UID] for who in fresh})
            self.chunk.whos = self._whos.extend(fresh)
        return codes

    def _new_whats(self, keys: list[bytes]) -> list[int]:
        codes, known, fresh = [], self._what_codes, []
        for key0, key1, inode, file_uid, file_mode in np.frombuffer(b"".join(keys), _RAW_WHAT)[list(_RAW_WHAT.names or ())[:5]].tolist():
            what = (self._path(key0), self._path(key1), inode, file_uid, file_mode)
            code = known.get(what)
            if code is None:
                code = known[what] = len(known)
                fresh.append(what)
            codes.append(code)
        if fresh:
            self.chunk.whats = self._whats.extend(fresh)
        return codes

    def _path(self, key: int) -> int:
        if not key:
            return NO_PATH
        text = self._paths.get(key)
        if text is None:
            self._lost_keys.add(key)
            return LOST_PATH
        code = self._path_codes.get(text)
        if code is None:
            code = self._path_codes[text] = len(self.chunk.paths)
            self.chunk.paths.append(text)
            self._other_bytes += len(text) + BYTES_OBJECT
        return code

    # New dicts: one that grows under a reader's iteration would raise there.

    def _learn_groups(self, groups: set[int]) -> None:
        found = {group: text for group in groups if group not in self.chunk.cgroups and (text := self._cgroups.get(group)) is not None}
        self._groups_missing = (self._groups_missing | groups) - found.keys() - self.chunk.cgroups.keys()
        if found:
            self.chunk.cgroups = {**self.chunk.cgroups, **found}
            self._other_bytes += sum(len(text) + ENTRY_BYTES for text in found.values())

    def _learn_users(self, uids: set[int]) -> None:
        found = {uid: self._user_name(uid) for uid in uids if uid not in self.chunk.users}
        if found:
            self.chunk.users = {**self.chunk.users, **found}
            self._other_bytes += len(found) * ENTRY_BYTES
