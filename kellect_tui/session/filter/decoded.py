"""Arguments of many rows: each decoded once for all rows that must decode alike, and only those arguments that are wanted.

Decoding costs some µs, filtering a column some ns; so what tells two rows apart is told by numpy, and a text is looked for
in a chunk's dictionaries before anything is decoded.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import IntFlag
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kellect_tui.events import arguments
from kellect_tui.events.catalogue import ALL_TYPES, BY_ID, EXIT, FORK, RESULT, Argument, Call, Kind
from kellect_tui.events.record import Raw
from kellect_tui.events.syscalls import native
from kellect_tui.session.chunk import LOST_PATH, Chunk, Row
from kellect_tui.session.filter.terms import Mask, none_of, of_events
from kellect_tui.session.filter.values import TextTest

_FEW = 48
"""Rows that are decoded one by one: to tell them apart would cost more."""


class Need(IntFlag):
    """What the value of an argument depends on, besides type, call and flags."""

    OWN = 1  # its own register
    SMALL = 2  # registers that hold descriptors, flags, ids; of what is no call all
    NULL = 4  # whether the other registers are zero
    PAYLOAD = 8
    HOW = 16  # the payload, but of openat2 only
    WHAT = 32
    FAILED = 64  # the result where it is negative, else whether it is zero
    ALL = 128


_OWN_KINDS = (
    Kind.FD, Kind.INT, Kind.LONG, Kind.SIZE, Kind.UINT, Kind.ID, Kind.ADDRESS, Kind.MODE, Kind.RENAME_FLAGS, Kind.CLOSE_RANGE_FLAGS, Kind.PIPE_FLAGS,
    Kind.SIGNAL, Kind.PTRACE_REQUEST, Kind.PROT, Kind.MMAP_FLAGS, Kind.SOCKET_FAMILY, Kind.SOCKET_TYPE, Kind.MESSAGE_FLAGS, Kind.ACCEPT_FLAGS,
)  # fmt: skip
_OPEN_KINDS = (Kind.OPEN_FLAGS, Kind.CREATE_FLAGS, Kind.OPEN_MODE, Kind.RESOLVE)
_STAT_KINDS = (Kind.STAT_MODE, Kind.STAT_TYPE, Kind.STAT_UID, Kind.STAT_GID, Kind.STAT_INODE, Kind.STAT_SIZE)
_FILE_KINDS = (Kind.FILE_INODE, Kind.FILE_UID, Kind.FILE_MODE, Kind.FILE_TYPE)
_NAME_NEEDS = Need.PAYLOAD | Need.WHAT | Need.SMALL | Need.FAILED
_SOCKET_NEEDS = Need.PAYLOAD | Need.SMALL | Need.NULL | Need.FAILED

PATH_KINDS = frozenset((Kind.PATH, Kind.PATH2, Kind.EXEC_PATH))
"""What the field `path` looks at: a type's absolute paths."""
NAME_KINDS = PATH_KINDS | {Kind.STRING, Kind.EXEC_FILENAME, Kind.INTERPRETER, Kind.ARGV, Kind.CWD}
"""Texts whose bytes stand in a chunk's dictionaries, but for how they are joined and escaped."""
ADDRESS_KINDS = frozenset((Kind.PEER_ADDR, Kind.LOCAL_ADDR))
PORT_KINDS = frozenset((Kind.PEER_PORT, Kind.LOCAL_PORT))

NEEDS: Mapping[Kind, Need] = {
    Kind.ABSENT: Need(0),
    **dict.fromkeys(_OWN_KINDS, Need.OWN),
    **dict.fromkeys(_OPEN_KINDS, Need.SMALL | Need.HOW),
    **dict.fromkeys(_STAT_KINDS, Need.PAYLOAD | Need.FAILED),
    **dict.fromkeys(_FILE_KINDS, Need.WHAT),
    **dict.fromkeys(NAME_KINDS, _NAME_NEEDS),
    **dict.fromkeys((*ADDRESS_KINDS, *PORT_KINDS, Kind.PEER_FAMILY, Kind.PROTOCOL, Kind.ADDR_LEN), _SOCKET_NEEDS),
    **dict.fromkeys((Kind.CHILD_COMM, Kind.TARGET_COMM, Kind.PAIR), _SOCKET_NEEDS),
    **dict.fromkeys((Kind.DUP_FLAGS, Kind.AT_FLAGS, Kind.DIRFD), Need.SMALL | Need.FAILED),
    Kind.COUNT: Need.OWN | Need.PAYLOAD,
    Kind.RUN: Need.PAYLOAD,
}
"""By kind; one that is not here needs ALL. Wrong entries are found by the test that compares masks with events."""


def needs(chosen: Iterable[Argument]) -> Need:
    """What the values of these arguments depend on together."""
    out = Need(0)
    for argument in chosen:
        out |= NEEDS.get(argument.kind, Need.ALL)
    return out


MARKS = _SOCKET_NEEDS | Need.WHAT | Need.OWN
"""What the marks of a record depend on."""

Decoded = Callable[[Raw, Call | None], int]
"""A small number for a record, such as whether it passes; the call is that of its type."""


def decide(chunk: Chunk, rows: NDArray[np.intp], passes: Decoded, need: Need, own: Sequence[str] = ()) -> NDArray[np.int8]:
    """`passes` of each row, asked once for all rows that are alike in what is needed.

    Args:
        rows: Row numbers, ``(k,)``; the answer is ``(k,)`` too.
        own: Names of the arguments whose own registers are needed.
    """
    known = _calls(chunk.machine)
    if len(rows) <= _FEW:
        raws: Iterable[Raw] = (chunk.raw(Row(row)) for row in rows.tolist())
        return np.array([passes(raw, known[raw.event].get(raw.syscall)) for raw in raws], np.int8)
    first, inverse = grouped(_keys(chunk, rows, need, own))
    answers = np.fromiter((passes(raw, known[raw.event].get(raw.syscall)) for raw in raws_of(chunk, rows[first])), np.int8, len(first))
    return answers.take(inverse)


def grouped(keys: NDArray[np.uint64]) -> tuple[NDArray[np.intp], NDArray[np.int32]]:
    """A row of each distinct key, and for each row the place of its key among these; by hashing, for sorting takes ten times as long."""
    import pyarrow as pa  # a capture without such a filter needs none of it

    encoded = pa.array(keys).dictionary_encode()
    inverse: NDArray[np.int32] = encoded.indices.to_numpy()
    row = np.empty(len(encoded.dictionary), np.intp)
    row[inverse] = np.arange(len(keys))
    return row, inverse


def values(raw: Raw, call: Call | None, wanted: Iterable[Argument]) -> Iterator[tuple[Any, Kind]]:
    """The values of the wanted arguments, with their kinds."""
    event = BY_ID[raw.event]
    if event.family == "monitor":
        said = arguments.monitor(raw)
        for argument in wanted:
            yield said.get(argument.name), argument.kind
    else:
        context = arguments.Context(raw, event, call)
        for argument in wanted:
            yield arguments.DECODERS[argument.kind](context, argument), argument.kind


def raws_of(chunk: Chunk, rows: NDArray[np.intp]) -> Iterator[Raw]:
    """What `Chunk.raw` gives, for many rows at a third of the cost."""
    columns = [getattr(chunk, name)[rows].tolist() for name in ("event", "syscall", "flags", "result", "duration", "payload")]
    registers = zip(*(chunk.arg(register, rows).tolist() for register in range(6)), strict=True)
    whats = chunk.whats[chunk.what[rows]].tolist()
    whos = chunk.whos[["comm", "pid", "tid"]][chunk.who[rows]].tolist()
    paths, payloads = chunk.paths, chunk.payloads
    for event, syscall, flags, result, duration, payload, args, (at0, at1, inode, uid, mode), (comm, pid, tid) in zip(
        *columns, registers, whats, whos, strict=True
    ):
        yield Raw(
            event, syscall, flags, result, duration, args, payloads[payload], paths[at0] if at0 >= 0 else None, paths[at1] if at1 >= 0 else None,
            inode, uid, mode, LOST_PATH in (at0, at1), comm, pid, tid,
        )  # fmt: skip


@lru_cache(8)
def _calls(machine: str) -> Mapping[int, Mapping[int, Call]]:
    """By type and system call number; none for what is no call."""
    numbers = native(machine)
    return {row.id: {} if row.id in (FORK, EXIT) else {numbers[call.name]: call for call in row.calls if call.name in numbers} for row in ALL_TYPES}


_ODD = [random.SystemRandom().getrandbits(64) | 1 for _ in range(24)]


def _keys(chunk: Chunk, rows: NDArray[np.intp], need: Need, own: Sequence[str]) -> NDArray[np.uint64]:
    """A number per row, equal where all that is needed is equal (a multilinear hash with random multipliers)."""
    key = np.zeros(len(rows), np.uint64)
    odd = iter(_ODD)

    def add(column: NDArray[Any]) -> None:
        nonlocal key
        key += column.astype(np.uint64) * np.uint64(next(odd))

    events, syscalls = chunk.event[rows], chunk.syscall[rows]
    for column in (events, syscalls, chunk.flags[rows]):
        add(column)
    if need & (Need.PAYLOAD | Need.ALL):
        add(chunk.payload[rows])
    elif need & Need.HOW:
        add(np.where(syscalls == native(chunk.machine)["openat2"], chunk.payload[rows], 0))
    if need & (Need.WHAT | Need.ALL):
        add(chunk.what[rows])
    if need & Need.ALL:
        add(chunk.result[rows])
        add(chunk.who[rows])
    elif need & Need.FAILED:
        add(np.minimum(chunk.result[rows], 1))
    if need & (Need.SMALL | Need.NULL | Need.OWN | Need.ALL):
        _add_registers(chunk, rows, events, need, own, add)
    return key ^ key >> np.uint64(32)


def _add_registers(
    chunk: Chunk, rows: NDArray[np.intp], events: NDArray[np.uint8], need: Need, own: Sequence[str], add: Callable[[NDArray[Any]], None]
) -> None:
    whole = _registers(tuple(own), small=bool(need & Need.SMALL))
    for register in range(6):
        numbers = chunk.arg(register, rows)
        if need & Need.ALL:
            add(numbers)
            continue
        kept = of_events(whole[register], events)
        if kept.any():
            add(np.where(kept, numbers, np.uint64(0)))
        if need & Need.NULL:
            add(numbers != 0)


_BIG = frozenset((Kind.ADDRESS, Kind.SIZE, Kind.COUNT, Kind.LONG, Kind.MESSAGE_LEN, Kind.CLONE_FIELD, Kind.MODE, Kind.PAIR, Kind.PEER_ADDR))
"""Kinds whose registers are told apart by being zero or not: addresses and lengths."""


@lru_cache(256)
def _registers(own: tuple[str, ...], *, small: bool) -> NDArray[np.bool_]:
    """(register, event): whether all of its bits count."""
    table = np.zeros((6, 256), np.bool_)
    for row in ALL_TYPES:
        kinds = {argument.name: argument.kind for argument in row.arguments}
        if not row.calls or row.name == "process.exec":
            table[:, row.id] = True
        for call in row.calls:
            for name, register in call.at.items():
                if register < RESULT and (name in own or (small and kinds.get(name) not in _BIG)):
                    table[register, row.id] = True
    return table


def may_name(chunk: Chunk, rows: slice | NDArray[np.intp], test: TextTest, in_paths: Mask | None = None) -> Mask:
    """Rows whose payload or paths hold the test's needle: no other can have a name that passes.

    Args:
        in_paths: What `paths_holding` said of these rows, where that is known already.
    """
    in_payloads = holding(chunk.payloads, chunk.payload[rows], test)
    mask: Mask = in_payloads.take(chunk.payload[rows]) if in_payloads.any() else none_of(rows)
    paths = paths_holding(chunk, rows, test) if in_paths is None else in_paths
    if paths.any():
        whats = chunk.whats
        padded = np.append(paths, [False, False])  # -1 and -2: no path
        mask |= (padded[whats["path0"]] | padded[whats["path1"]]).take(chunk.what[rows])
    return mask


def paths_holding(chunk: Chunk, rows: slice | NDArray[np.intp], test: TextTest) -> Mask:
    """Which of the chunk's paths can hold the needle, as far as the rows use them."""
    whats = chunk.whats
    used = chunk.what[rows]
    if len(used) * _FEWER > len(whats):
        return containing(chunk.paths, test)
    chosen = whats[np.unique(used)]
    places = np.concatenate([chosen["path0"], chosen["path1"]])
    return holding(chunk.paths, places[places >= 0], test)


_FEWER = 4


def holding(texts: Sequence[bytes], codes: NDArray[np.integer[Any]], test: TextTest) -> Mask:
    """Which of the texts can hold the needle; where few of them are used, those that are not are not looked at, and are False."""
    if len(codes) * _FEWER > len(texts):
        return containing(texts, test)
    used = np.unique(codes)
    out = np.zeros(len(texts), np.bool_)
    out[used] = containing([texts[code] for code in used.tolist()], test)
    return out


def containing(texts: Sequence[bytes], test: TextTest) -> Mask:
    """Which of the texts can hold the test's needle, escapes regarded; all of them where it has none."""
    texts = list(texts)  # the chunk may be growing
    if not test.needle:
        return np.ones(len(texts), np.bool_)
    joined = b"\0".join(texts)
    if test.fold:
        joined = joined.lower()
    needle, tail = test.needle.encode(), test.tail.encode()
    found = _found(texts, joined, needle, fold=test.fold)
    if tail != needle and not joined.isascii():
        # A text that is escaped can hold the needle where its bytes hold only the tail.
        for place in np.flatnonzero(_found(texts, joined, tail, fold=test.fold) & ~found).tolist():
            found[place] = not texts[place].isascii()
    return found


def _found(texts: list[bytes], joined: bytes, needle: bytes, *, fold: bool) -> Mask:
    """Which texts hold the needle: hit by hit where hits are rare, text by text where not."""
    out = np.zeros(len(texts), np.bool_)
    hits = joined.count(needle)
    if not hits:
        return out
    if hits > len(texts) // 8:
        return np.fromiter((needle in (text.lower() if fold else text) for text in texts), np.bool_, len(texts))
    ends = np.cumsum(np.fromiter(map(len, texts), np.int64, len(texts)) + 1)
    at = joined.find(needle)
    while at >= 0:
        place = int(np.searchsorted(ends, at, "right"))
        out[place] = True
        at = joined.find(needle, int(ends[place]))
    return out
