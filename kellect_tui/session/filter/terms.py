"""What a filter compiles to: terms that look at columns, and at single events with the same answer.

Each term has `select` (many rows of a chunk, numpy) and `matches` (one decoded event): what `matches` says is the meaning,
`select` must agree with it row by row. The monitor's own rows lack most fields, and a comparison with a field that the
event lacks is false.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from kellect_tui.events import arguments
from kellect_tui.events.catalogue import ALL_TYPES, BY_NAME, MONITOR_START
from kellect_tui.events.constants import errno_name
from kellect_tui.events.record import NO_ID, NO_SYSCALL, Event, Flag
from kellect_tui.session.cgroup import Place, place
from kellect_tui.session.chunk import Chunk, Row
from kellect_tui.session.filter.values import NumberTest, TextTest
from kellect_tui.session.losses import interrupted

Rows = slice | NDArray[np.intp]
"""Rows of a chunk: ascending, a slice without step or their numbers."""
Mask = NDArray[np.bool_]

CHEAP, LOOKUP, DECODES = 1, 3, 100
"""Costs: a column or a small table; several of them; arguments must be decoded."""

_ABI_BITS = int(Flag.I386 | Flag.X32 | Flag.ARM)
_ABI_SHIFT = 8
_ABI_NUMBER = np.array([0, 1, 2, 0, 3, 0, 0, 0], np.uint32)  # of I386, X32, ARM, which never come together
LAST_ERRNO = 4095


class Term(Protocol):
    """A condition on events."""

    @property
    def cost(self) -> int:
        """How dear one row is: cheaper terms go first."""
        ...

    def select(self, chunk: Chunk, rows: Rows) -> Mask:
        """Which of the rows pass, one bool for each."""
        ...

    def matches(self, event: Event) -> bool:
        """Whether one event passes."""
        ...


def length(rows: Rows) -> int:
    """How many rows there are."""
    return rows.stop - rows.start if isinstance(rows, slice) else len(rows)


def narrowed(rows: Rows, mask: Mask) -> NDArray[np.intp]:
    """The rows that `mask` lets through."""
    return np.flatnonzero(mask) + rows.start if isinstance(rows, slice) else rows[mask]


def of_events(table: Mask, events: NDArray[np.uint8]) -> Mask:
    """``table[events]`` of a table of 256 types, at a third of the cost."""
    return np.frombuffer(bytearray(events.tobytes().translate(table.tobytes())), np.bool_)


def none_of(rows: Rows) -> Mask:
    """No row passes."""
    return np.zeros(length(rows), np.bool_)


def not_monitor(chunk: Chunk, rows: Rows) -> Mask:
    """Rows that are somebody's doing."""
    mask: Mask = chunk.event[rows] < MONITOR_START
    return mask


@dataclass(frozen=True)
class Everything:
    """Lets all through."""

    cost = CHEAP

    def select(self, chunk: Chunk, rows: Rows) -> Mask:
        return np.ones(length(rows), np.bool_)

    def matches(self, event: Event) -> bool:
        return True


class AllOf:
    """Every term; the cheap ones first, the others only on the rows left."""

    def __init__(self, terms: Iterable[Term]) -> None:
        self.terms = sorted(terms, key=lambda term: term.cost)
        self.cost = max(term.cost for term in self.terms)

    def select(self, chunk: Chunk, rows: Rows) -> Mask:
        first, *others = self.terms
        mask = first.select(chunk, rows)
        for term in others:
            count = np.count_nonzero(mask)
            if not count:
                break
            if term.cost < DECODES and count > len(mask) // 4:  # a whole column is quicker than many single rows
                mask &= term.select(chunk, rows)
            else:
                left = np.flatnonzero(mask)
                mask[left] = term.select(chunk, narrowed(rows, mask))
        return mask

    def matches(self, event: Event) -> bool:
        return all(term.matches(event) for term in self.terms)


class AnyOf:
    """One of the terms; each is asked only for the rows that none before it let through."""

    def __init__(self, terms: Iterable[Term]) -> None:
        self.terms = sorted(terms, key=lambda term: term.cost)
        self.cost = max(term.cost for term in self.terms)

    def select(self, chunk: Chunk, rows: Rows) -> Mask:
        first, *others = self.terms
        mask = first.select(chunk, rows)
        for term in others:
            if term.cost < DECODES:
                mask |= term.select(chunk, rows)
            else:
                left = np.flatnonzero(~mask)
                if len(left):
                    mask[left] = term.select(chunk, narrowed(rows, ~mask))
        return mask

    def matches(self, event: Event) -> bool:
        return any(term.matches(event) for term in self.terms)


class Opposite:
    """What a term does not let through."""

    def __init__(self, term: Term) -> None:
        self.term = term
        self.cost = term.cost

    def select(self, chunk: Chunk, rows: Rows) -> Mask:
        return ~self.term.select(chunk, rows)

    def matches(self, event: Event) -> bool:
        return not self.term.matches(event)


class OfType:
    """By event type: whatever is asked of its name or family is answered once per type."""

    cost = CHEAP

    def __init__(self, passes: Callable[[str, str], bool]) -> None:
        self.ids = frozenset(row.id for row in ALL_TYPES if passes(row.name, row.family))
        self._table = np.zeros(256, np.bool_)
        self._table[list(self.ids)] = True

    def select(self, chunk: Chunk, rows: Rows) -> Mask:
        return of_events(self._table, chunk.event[rows])

    def matches(self, event: Event) -> bool:
        return BY_NAME[event.event_type].id in self.ids


class _OfWho:
    """By who did it: answered once per distinct who of a chunk."""

    cost = CHEAP

    def people(self, chunk: Chunk, whos: NDArray[np.void]) -> Mask:
        """Which of `whos` pass."""
        raise NotImplementedError

    def select(self, chunk: Chunk, rows: Rows) -> Mask:
        codes = chunk.who[rows]
        whos = chunk.whos
        if len(codes) < len(whos):
            return self.people(chunk, whos[codes]) & not_monitor(chunk, rows)
        people = self.people(chunk, whos)
        return people.take(codes) & not_monitor(chunk, rows) if people.any() else none_of(rows)


class WhoNumber(_OfWho):
    """By pid, tid, ppid, uid, gid, ruid or auid."""

    def __init__(self, name: str, test: NumberTest) -> None:
        self.name = name
        self.test = test

    def people(self, chunk: Chunk, whos: NDArray[np.void]) -> Mask:
        numbers = whos[self.name]
        mask = self.test.column(numbers)
        return mask & (numbers != NO_ID) if self.name == "auid" else mask

    def matches(self, event: Event) -> bool:
        value = getattr(event, self.name)
        return value is not None and self.test.one(value)


class WhoText(_OfWho):
    """By comm, user, cgroup or process_type: each distinct text is tested once."""

    def __init__(self, name: str, test: TextTest) -> None:
        self.name = name
        self.test = test

    def people(self, chunk: Chunk, whos: NDArray[np.void]) -> Mask:
        known: dict[Any, bool] = {}
        out = np.empty(len(whos), np.bool_)
        for at, key in enumerate(_who_keys(whos, self.name)):
            passes = known.get(key)
            if passes is None:
                text = _who_text(chunk, self.name, key)
                passes = known[key] = text is not None and self.test.any((text,))
            out[at] = passes
        return out

    def matches(self, event: Event) -> bool:
        value = getattr(event, self.name)
        return value is not None and self.test.any((value,))


_WHO_COLUMNS = {"comm": "comm", "user": "uid", "cgroup": "cgroup"}


def _who_keys(whos: NDArray[np.void], name: str) -> list[Any]:
    if name == "process_type":
        keys: list[Any] = (whos["pid"] == whos["tid"]).tolist()
        return keys
    keys = whos[_WHO_COLUMNS[name]].tolist()
    return keys


def _who_text(chunk: Chunk, name: str, key: Any) -> str | None:
    if name == "process_type":
        return "process" if key else "thread"
    if name == "user":
        return chunk.users.get(key)
    data = key if name == "comm" else chunk.cgroups.get(key)
    return None if data is None else arguments.text(data)[0]


class OfPlace(_OfWho):
    """By what the control group's path says: each distinct path is read once.

    Args:
        texts: Of a place; none: it has no such thing.
    """

    def __init__(self, texts: Callable[[Place], tuple[str, ...]], test: TextTest) -> None:
        self._texts = texts
        self._test = test

    def people(self, chunk: Chunk, whos: NDArray[np.void]) -> Mask:
        groups, codes = np.unique(whos["cgroup"], return_inverse=True)
        passing = np.fromiter((self._passes(_who_text(chunk, "cgroup", group)) for group in groups.tolist()), np.bool_, len(groups))
        mask: Mask = passing[codes]
        return mask

    def matches(self, event: Event) -> bool:
        return self._passes(event.cgroup)

    def _passes(self, path: str | None) -> bool:
        return path is not None and self._test.any(self._texts(place(path)))


class OfNumber:
    """By result, duration_ns or timestamp."""

    cost = CHEAP

    def __init__(self, name: str, test: NumberTest) -> None:
        self.name = name
        self.test = test

    def select(self, chunk: Chunk, rows: Rows) -> Mask:
        if self.name == "timestamp":
            return self.test.column(chunk.time[rows] // 1000)
        if self.name == "duration_ns":
            durations = chunk.duration[rows]
            return self.test.column(durations) & (durations >= 0)
        results = chunk.result[rows]
        return self.test.column(results) & has_result(chunk.flags[rows], results)

    def matches(self, event: Event) -> bool:
        value = getattr(event, self.name)
        return value is not None and self.test.one(value)


def has_result(flags: NDArray[np.uint32], results: NDArray[np.int64]) -> Mask:
    """Whose `result` is not null."""
    mask: Mask = ((flags & int(Flag.NO_RESULT)) == 0) & ~interrupted(results)
    return mask


def has_error(flags: NDArray[np.uint32], results: NDArray[np.int64]) -> Mask:
    """Whose `error` is not null."""
    mask: Mask = ((flags & int(Flag.NO_RESULT)) == 0) & (results < 0) & (results >= -LAST_ERRNO)
    return mask


class Failed:
    """Calls that failed; one that may be restarted has not."""

    cost = CHEAP

    def select(self, chunk: Chunk, rows: Rows) -> Mask:
        results = chunk.result[rows]
        return has_error(chunk.flags[rows], results) & ~interrupted(results)

    def matches(self, event: Event) -> bool:
        return event.failed


class OfError:
    """By the errno's symbol."""

    cost = CHEAP

    def __init__(self, test: TextTest) -> None:
        self.test = test
        self._table: NDArray[np.bool_] | None = None

    def select(self, chunk: Chunk, rows: Rows) -> Mask:
        if self._table is None:
            self._table = np.array([False, *(self.test.any((errno_name(number),)) for number in range(1, LAST_ERRNO + 1))])
        if not self._table.any():
            return none_of(rows)
        results = chunk.result[rows]
        mask: Mask = self._table.take(np.clip(-results, 0, LAST_ERRNO))
        return mask & has_error(chunk.flags[rows], results)

    def matches(self, event: Event) -> bool:
        return event.error is not None and self.test.any((event.error,))


class OfCall:
    """By syscall name or abi: answered once per distinct number and ABI."""

    cost = CHEAP

    def __init__(self, name: str, test: TextTest) -> None:
        self.name = name
        self.test = test
        self._known: dict[tuple[str, int], bool] = {}

    def select(self, chunk: Chunk, rows: Rows) -> Mask:
        keys = chunk.syscall[rows]
        abis = chunk.flags[rows] & np.uint32(_ABI_BITS)
        if abis.any():
            keys = keys + (_ABI_NUMBER[abis >> _ABI_SHIFT] << 16)
        used = np.flatnonzero(np.bincount(keys))
        passing = [key for key in used.tolist() if self._asked(chunk, rows, keys, key)]
        if not passing:
            return none_of(rows)
        table = np.zeros(int(used[-1]) + 1, np.bool_)
        table[passing] = True
        return table.take(keys) & not_monitor(chunk, rows)

    def _asked(self, chunk: Chunk, rows: Rows, keys: NDArray[np.integer[Any]], key: int) -> bool:
        """Whether calls of this number and ABI pass: the first of the rows with it is asked, once for all chunks."""
        known = self._known.get((chunk.machine, key))
        if known is None:
            place = int((keys == key).argmax())
            known = self._passes(chunk, rows.start + place if isinstance(rows, slice) else int(rows[place]))
            if key != NO_SYSCALL:  # what is no call has one of several types
                self._known[chunk.machine, key] = known
        return known

    def _passes(self, chunk: Chunk, row: int) -> bool:
        if self.name == "syscall" and chunk.syscall[row] == NO_SYSCALL:
            return False
        return self.matches(chunk.event_at(Row(row)))

    def matches(self, event: Event) -> bool:
        value = getattr(event, self.name)
        return value is not None and self.test.any((value,))
