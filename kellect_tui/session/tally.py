"""What processes did, in columns: a row a process, so that a batch is counted and a subtree is summed without a loop over events or nodes."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kellect_tui.events import constants
from kellect_tui.events.catalogue import BY_ID, BY_NAME, FAMILIES, MONITOR_START
from kellect_tui.events.record import Flag
from kellect_tui.events.syscalls import native
from kellect_tui.session.forest import Forest
from kellect_tui.session.process import COUNT_NAMES, Counts, Process

RESTARTS = tuple(-number for number in constants.RESTARTS)  # neither success nor failure
LOWEST_ERRNO = -4095

_AT = {name: column for column, name in enumerate(COUNT_NAMES)}
_WIDTH = len(COUNT_NAMES)
_TYPES = 64  # event ids below MONITOR_START fit
_MOVED = {BY_NAME[event].id: _AT[name] for event, name in (
    ("file.read", "read"), ("file.write", "written"), ("network.send", "sent"), ("network.receive", "received"),
)}  # fmt: skip
SEND, RECEIVE = BY_NAME["network.send"].id, BY_NAME["network.receive"].id
_MANY_MESSAGES = tuple(native()[name] for name in ("sendmmsg", "recvmmsg"))
_IN_FAMILY = np.zeros((_TYPES, len(FAMILIES) - 1), np.int64)
for _row in BY_ID.values():
    if _row.id < MONITOR_START:
        _IN_FAMILY[_row.id, FAMILIES.index(_row.family)] = 1
_FAMILY_COLUMNS = slice(_AT["file"], _AT["user"] + 1)


class Sums(NamedTuple):
    """A batch, summed.

    Attributes:
        used: `(k,)` who codes that occur, ascending.
        last: `(k,)` the last row of each.
        table: `(k, COUNT_NAMES) int64`. Bytes of sendmmsg and recvmmsg are missing in it.
        failed: `(m, 3)`: index into `used`, errno, how often.
        many: Rows of sendmmsg and recvmmsg that succeeded, ascending.
    """

    used: NDArray[np.intp]
    last: NDArray[np.intp]
    table: NDArray[np.int64]
    failed: list[list[int]]
    many: list[int]


def sums(
    size: int,
    codes: NDArray[np.integer[Any]],
    events: NDArray[np.integer[Any]],
    syscalls: NDArray[np.integer[Any]],
    flags: NDArray[np.integer[Any]],
    results: NDArray[np.int64],
    durations: NDArray[np.integer[Any]],
) -> Sums:
    """Sum rows by who code (below `size`); all columns `(n,)`, events below MONITOR_START, n > 0.

    Sums are exact below 2**53, far above what a batch can hold.
    """
    used, places, last = _who(size, codes)
    k = 1 if places is None else size if size * _TYPES <= len(codes) else len(used)
    if places is not None and k != size:
        places = _renumbered(size, used)[places]
    table = np.zeros((k, _WIDTH), np.int64)
    kinds = _by_type(k, places, events)
    table[:, _AT["events"]] = kinds.sum(axis=1)
    table[:, _FAMILY_COLUMNS] = kinds @ _IN_FAMILY
    durations = durations.astype(np.int64, copy=False)  # NO_DURATION becomes -1
    table[:, _AT["time_ns"]] = _summed(k, places, np.maximum(durations, 0))
    failed: list[list[int]] = []
    if results.min() < 0:
        failed = _failures(k, places, flags, results)
        for place, _errno, count in failed:
            table[place, _AT["failures"]] += count
    seen = np.logical_or.reduce(kinds != 0, axis=0)
    many = _many_messages(events, syscalls, results) if seen[SEND] or seen[RECEIVE] else _NONE
    for event, column in _MOVED.items():
        if seen[event]:
            table[:, column] = _moved(k, places, None if seen.sum() == 1 else events == event, results, many)
    if k != len(used):  # the codes themselves were places
        table = table[used]
        number = _renumbered(size, used).tolist()
        failed = [[number[code], errno, count] for code, errno, count in failed]
    return Sums(used, last, table, failed, many.tolist())


_NONE = np.empty(0, np.intp)
_FIRST = np.zeros(1, np.intp)


def _who(size: int, codes: NDArray[np.integer[Any]]) -> tuple[NDArray[np.intp], NDArray[np.intp] | None, NDArray[np.intp]]:
    """(codes that occur, the codes as indices, the last row of each that occurs); no indices where there is but one."""
    count = len(codes)
    if codes.min() == codes.max():
        return np.array([codes[0]], np.intp), None, np.array([count - 1], np.intp)
    places = codes.astype(np.intp)
    order = np.full(size, -1, np.intp)
    order[places] = np.arange(count)  # where an index repeats, numpy keeps the last
    used = np.flatnonzero(order >= 0)
    return used, places, order[used]


def _renumbered(size: int, used: NDArray[np.intp]) -> NDArray[np.intp]:
    """The place of each code among those that occur."""
    place_of = np.zeros(size, np.intp)
    place_of[used] = np.arange(len(used))
    return place_of


def _by_type(k: int, places: NDArray[np.intp] | None, events: NDArray[np.integer[Any]]) -> NDArray[np.int64]:
    """Rows of each who and type, ``(k, _TYPES)``."""
    if places is None:
        first = int(events[0])
        if first == events.max() and first == events.min():
            one = np.zeros((1, _TYPES), np.int64)
            one[0, first] = len(events)
            return one
        places = _FIRST  # broadcasts: all rows are of the first
    counts: NDArray[np.int64] = np.bincount(places * _TYPES + events, minlength=k * _TYPES).reshape(k, _TYPES)
    return counts


def _summed(k: int, places: NDArray[np.intp] | None, values: NDArray[np.int64]) -> NDArray[np.int64]:
    if places is None:
        return np.array([values.sum()], np.int64)
    summed: NDArray[np.int64] = np.bincount(places, values, k).astype(np.int64)
    return summed


def _moved(
    k: int, places: NDArray[np.intp] | None, chosen: NDArray[np.bool_] | None, results: NDArray[np.int64], many: NDArray[np.intp]
) -> NDArray[np.int64]:
    """Bytes by who: of the chosen rows (None: all) whose result is a number of bytes."""
    if chosen is not None:
        if len(many):
            chosen[many] = False
        rows = np.flatnonzero(chosen)
        results, places = results[rows], None if places is None else places[rows]
    elif len(many):
        results = results.copy()
        results[many] = 0
    return _summed(k, places, np.maximum(results, 0))


def _failures(k: int, places: NDArray[np.intp] | None, flags: NDArray[np.integer[Any]], results: NDArray[np.int64]) -> list[list[int]]:
    rows = np.flatnonzero((results < 0) & (results >= LOWEST_ERRNO) & ((flags & flags.dtype.type(Flag.NO_RESULT)) == 0))
    errors = results[rows]
    if errors.min(initial=0) <= RESTARTS[0]:
        rows = rows[~np.isin(errors, RESTARTS)]
        errors = results[rows]
    keys = -errors if places is None else places[rows] << 12 | -errors
    if k << 12 <= 4 * len(keys):
        counts = np.bincount(keys)
        found = np.flatnonzero(counts)
        amounts = counts[found]
    else:
        found, amounts = np.unique(keys, return_counts=True)
    out: list[list[int]] = np.column_stack((found >> 12, found & 4095, amounts)).tolist()
    return out


def _many_messages(events: NDArray[np.integer[Any]], syscalls: NDArray[np.integer[Any]], results: NDArray[np.int64]) -> NDArray[np.intp]:
    """Rows whose result is a number of messages, not of bytes."""
    rows = np.flatnonzero((events == SEND) | (events == RECEIVE))
    return rows[np.isin(syscalls[rows], _MANY_MESSAGES) & (results[rows] > 0)]


def calls_only(events: NDArray[np.integer[Any]]) -> NDArray[np.intp] | None:
    """Rows that are no monitor's own; None for all of them."""
    return None if not len(events) or events.max() < MONITOR_START else np.flatnonzero(events < MONITOR_START)


class Tally:
    """The counts of every process that is kept, and who stands under whom. One thread writes, any thread reads."""

    def __init__(self) -> None:
        self._table = np.zeros((1024, _WIDTH), np.int64)
        self._parents = np.full(1024, -1, np.intp)
        self._living = np.zeros(1024, np.int64)  # 1: runs
        self._kept = np.zeros(1024, np.int64)
        self._rates: NDArray[np.float64] = np.zeros(1024)
        self._before = np.zeros(1024, np.int64)
        self._before_ns = 0
        self._free: list[int] = []
        self._top = 0

    def take(self) -> int:
        """A row for a new process, all zero."""
        if self._free:
            slot = self._free.pop()
        else:
            slot, self._top = self._top, self._top + 1
            if slot == len(self._table):
                self._grow()
        self._living[slot] = self._kept[slot] = 1
        return slot

    def give_back(self, slot: int) -> None:
        """Let the row of a process that is no longer kept be used again."""
        self._table[slot] = 0
        self._rates[slot] = self._before[slot] = self._living[slot] = self._kept[slot] = 0
        self._parents[slot] = -1
        self._free.append(slot)

    def parents(self, slots: NDArray[np.intp]) -> NDArray[np.intp]:
        """The row above each; -1: none."""
        above: NDArray[np.intp] = self._parents[slots]
        return above

    def column(self, name: str) -> NDArray[np.int64]:
        """One of the counts of all; a copy."""
        return self._table[: self._top, _AT[name]].copy()

    def rates(self) -> NDArray[np.float64]:
        """Events a second of all, between the last two samples; a copy."""
        return self._rates[: self._top].copy()

    def move(self, slot: int, parent: int) -> None:
        """Put a row under another; -1: under none."""
        self._parents[slot] = parent

    def end(self, slot: int) -> None:
        """It runs no longer."""
        self._living[slot] = 0

    def add(self, slots: list[int], amounts: NDArray[np.int64]) -> None:
        """Add rows of amounts; a slot may occur more than once."""
        if len(slots) == 1:
            self._table[slots[0]] += amounts[0]
        else:
            np.add.at(self._table, slots, amounts)

    def add_one(self, slot: int, name: str, amount: int) -> None:
        """Add to one count."""
        self._table[slot, _AT[name]] += amount

    def counts(self, slot: int) -> Counts:
        """The counts of one process."""
        return Counts(*self._table[slot].tolist())

    def rows(self, slots: list[int]) -> list[list[int]]:
        """The counts of some, as `COUNT_NAMES` orders them; zeros for -1."""
        rows = self._table[slots]
        rows[np.array(slots) < 0] = 0
        out: list[list[int]] = rows.tolist()
        return out

    def rate(self, slot: int) -> float:
        """Events a second of one process, between the last two samples."""
        return float(self._rates[slot])

    def sample(self, now_ns: int) -> None:
        """Take the rates anew: what was counted since the last look."""
        events = self._table[:, 0].copy()
        if self._before_ns and now_ns > self._before_ns:
            self._rates = ((events - self._before) * (1e9 / (now_ns - self._before_ns))).astype(np.float64)
        self._before, self._before_ns = events, now_ns

    def total(self, slots: list[int]) -> Counts:
        """The sum of some rows."""
        return Counts(*self._table[slots].sum(axis=0).tolist())

    def standing(self, newest: int = 1 << 62) -> Standing:
        """A copy of what sums over subtrees need; `newest`: the number of the youngest process."""
        top = self._top
        own = np.column_stack((self._table[:top], self._kept[:top], self._living[:top]))
        return Standing(own, self._rates[:top].copy(), self._parents[:top].copy(), newest)

    def rollup(self) -> Rollup:
        """The sums over every subtree, as they stand."""
        return self.standing().rollup()

    def _grow(self) -> None:
        for name in ("_table", "_parents", "_living", "_kept", "_rates", "_before"):
            old = getattr(self, name)
            new = np.zeros((2 * len(old), *old.shape[1:]), old.dtype)
            new[: len(old)] = old
            setattr(self, name, new)
        self._parents[len(self._parents) // 2 :] = -1


class Standing(NamedTuple):
    """What was counted, at one moment: summed without the table's lock."""

    own: NDArray[np.int64]
    rates: NDArray[np.float64]
    parents: NDArray[np.intp]
    newest: int

    def rollup(self) -> Rollup:
        """The sums over every subtree: in the order of rows a subtree is a span, whatever its shape, and sums are differences of running ones."""
        forest = Forest(self.parents)
        layout = forest.layout()
        ends = layout.row_of + layout.sizes
        whole, rates = self.own.copy(), self.rates.copy()
        found = layout.row_of >= 0
        for out, columns in ((whole, self.own), (rates, self.rates)):
            running = np.concatenate((np.zeros_like(columns[:1]), np.cumsum(columns[layout.rows], axis=0)))
            out[found] = running[ends[found]] - running[layout.row_of[found]]
        return Rollup(self.own[:, :_WIDTH], whole[:, :_WIDTH], whole[:, _WIDTH], whole[:, _WIDTH + 1], np.round(rates, 6), self.newest)


class Rollup:
    """What each process did and what its subtree did, at one moment. Never changes; fit for sorting by.

    Attributes:
        own, whole: ``(slots, COUNT_NAMES) int64``: of the process alone; with all its descendants that are kept.
        members, running: ``(slots,) int64``: processes in the subtree, itself included; those of them that run.
        rates: ``(slots,)`` events a second of the subtree.
        newest: Number of the youngest process in it: a younger one may have got the row of one that was forgotten.
    """

    def __init__(
        self,
        own: NDArray[np.int64],
        whole: NDArray[np.int64],
        members: NDArray[np.int64],
        running: NDArray[np.int64],
        rates: NDArray[np.float64],
        newest: int,
    ) -> None:
        self.own, self.whole, self.members, self.running, self.rates, self.newest = own, whole, members, running, rates, newest

    def subtree(self, process: Process) -> Counts:
        """The counts of a process and all its descendants; its own alone where it is younger than this."""
        slot = self._slot(process)
        return process.counts if slot < 0 else Counts(*self.whole[slot].tolist())

    def amount(self, process: Process, name: str, *, subtree: bool = True) -> int:
        """One of those counts, by its name in `Counts`."""
        slot = self._slot(process)
        return int(getattr(process.counts, name) if slot < 0 else (self.whole if subtree else self.own)[slot, _AT[name]])

    def rate(self, process: Process) -> float:
        """Events a second of its subtree."""
        slot = self._slot(process)
        return process.rate if slot < 0 else float(self.rates[slot])

    def size(self, process: Process) -> tuple[int, int]:
        """(processes in its subtree, those of them that run), itself included."""
        slot = self._slot(process)
        return (1, int(process.running)) if slot < 0 else (int(self.members[slot]), int(self.running[slot]))

    def _slot(self, process: Process) -> int:
        """Its row here, looked up once: the writer may let go of it meanwhile. -1: none."""
        slot = process.slot
        return slot if slot < len(self.whole) and process.number <= self.newest else -1
