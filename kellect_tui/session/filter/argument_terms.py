"""Terms on arguments: answered from columns where those say it, by decoding where they do not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kellect_tui.events import arguments
from kellect_tui.events.catalogue import ALL_TYPES, BY_ID, BY_NAME, FORK, MONITOR_START, RESULT, Argument, Call, Kind
from kellect_tui.events.record import ROOT_GROUP, Event, Raw
from kellect_tui.events.syscalls import native
from kellect_tui.session.chunk import Chunk
from kellect_tui.session.filter.decoded import ADDRESS_KINDS, MARKS, NAME_KINDS, PORT_KINDS, Need, containing, decide, may_name, needs, paths_holding, values
from kellect_tui.session.filter.paths import KEPT, SINGLE_PATH, of_object
from kellect_tui.session.filter.terms import DECODES, LOOKUP, Mask, Rows, Term, length, narrowed, of_events
from kellect_tui.session.filter.values import NumberTest, TextTest

FLAG_KINDS = frozenset((
    Kind.OPEN_FLAGS, Kind.CREATE_FLAGS, Kind.RESOLVE, Kind.AT_FLAGS, Kind.RENAME_FLAGS, Kind.DUP_FLAGS, Kind.CLOSE_RANGE_FLAGS, Kind.CLONE_FLAGS,
    Kind.PIPE_FLAGS, Kind.PROT, Kind.MMAP_FLAGS, Kind.SOCKET_TYPE, Kind.MESSAGE_FLAGS, Kind.ACCEPT_FLAGS,
))  # fmt: skip
"""Symbols joined by `|`: each of them is a value of its own beside the whole."""

MANY = 4096
"""Rows whose paths are asked for at once, from which on it pays to compose the texts of their whole chunk."""


@dataclass(frozen=True)
class ArgumentTest:
    """A test of an argument's value, whatever type that has.

    Attributes:
        number: For numbers; None: a number is tested as text.
        text: For texts, symbols, true and false; None: none passes.
        negated: None of the values may pass, and there must be one.
    """

    number: NumberTest | None
    text: TextTest | None
    negated: bool = False

    def any(self, of: Iterable[tuple[Any, Kind]]) -> bool:
        """Whether a thing passes that has these values; nulls do not count."""
        found = False
        for value, kind in of:
            for element in _elements(value, kind):
                found = True
                if self._one(element):
                    return not self.negated
        return found and self.negated

    def _one(self, value: Any) -> bool:
        if isinstance(value, bool):
            return self.text is not None and self.text.passes("true" if value else "false")
        if isinstance(value, int | float):
            if self.number is not None:
                return self.number.one(Fraction(str(value)) if isinstance(value, float) else value)  # 0.001 as it is shown, not as a float holds it
            return self.text is not None and self.text.passes(str(value))
        return self.text is not None and self.text.passes(value)


def _elements(value: Any, kind: Kind) -> Sequence[Any]:
    if value is None or isinstance(value, dict):
        return ()
    if isinstance(value, str):
        return (value, *value.split("|")) if kind in FLAG_KINDS and "|" in value else (value,)
    return value if isinstance(value, list | tuple) else (value,)


class OfArguments:
    """By the values of some arguments together: `arg.NAME`, or `path`.

    Args:
        chosen: The arguments by type; a type without one never passes.
    """

    cost = DECODES

    def __init__(self, chosen: Mapping[int, tuple[Argument, ...]], test: ArgumentTest) -> None:
        self._chosen = {row: each for row, each in chosen.items() if row >= MONITOR_START or any(argument.kind is not Kind.ABSENT for argument in each)}
        self._test = test
        several = [argument for row, each in self._chosen.items() if row < MONITOR_START for argument in each]
        self._has = _event_table(self._chosen)
        of_type = {row: needs(each) if row < MONITOR_START else Need.ALL for row, each in self._chosen.items()}
        self._needs = tuple(dict.fromkeys(of_type.values()))
        self._group = np.full(256, -1, np.int8)
        for row, need in of_type.items():
            self._group[row] = self._needs.index(need)
        self._own = tuple({argument.name for argument in several})
        self._names_only = max(self._chosen, default=0) < MONITOR_START and {argument.kind for argument in several} <= NAME_KINDS
        paths = [row for row, each in self._chosen.items() if len(each) == 1 and SINGLE_PATH.get(row) == each[0]]
        self._paths = PathTerm(paths, test.text, negated=test.negated) if paths and test.text is not None else None
        self._columns = tuple(argument for argument in several if argument.kind in _COLUMN_KINDS) if test.number is not None else ()
        if several and len(self._columns) == len(several):
            self.cost = LOOKUP

    def select(self, chunk: Chunk, rows: Rows) -> Mask:
        pending = of_events(self._has, chunk.event[rows])
        passed = np.zeros(len(pending), np.bool_)
        if not pending.any():
            return passed
        if self._columns:
            self._by_columns(chunk, rows, passed, pending)
        if self._paths is not None:
            self._paths.decide(chunk, rows, passed, pending)
        if self._names_only and not self._test.negated and self._test.text is not None and self._test.text.needle:
            others = pending if self._paths is None else pending & ~of_events(self._paths.types, chunk.event[rows])
            if others.any():
                pending &= ~others | may_name(chunk, rows, self._test.text)
        if pending.any():
            self._by_decoding(chunk, rows, passed, pending)
        return passed

    def matches(self, event: Event) -> bool:
        row = BY_NAME[event.event_type]
        return self._test.any((event.arguments.get(argument.name), argument.kind) for argument in self._chosen.get(row.id, ()))

    def _passes(self, raw: Raw, call: Call | None) -> bool:
        return self._test.any(values(raw, call, self._chosen[raw.event]))

    def _by_decoding(self, chunk: Chunk, rows: Rows, passed: Mask, pending: Mask) -> None:
        """Types whose arguments need the same are decoded together."""
        groups = self._group.take(chunk.event[rows])
        for group, need in enumerate(self._needs):
            own = pending & (groups == group)
            if own.any():
                passed[own] = decide(chunk, narrowed(rows, own), self._passes, need, self._own)

    def _by_columns(self, chunk: Chunk, rows: Rows, passed: Mask, pending: Mask) -> None:
        """Numbers that stand in registers or results: no decoding."""
        events = chunk.event[rows]
        present = np.flatnonzero(np.bincount(events, minlength=256))
        for event in present.tolist():
            chosen = self._chosen.get(event, ())
            if len(chosen) == 1 and chosen[0].kind in _COLUMN_KINDS and event < MONITOR_START:
                own = np.flatnonzero(pending & (events == event))
                numbers = own + rows.start if isinstance(rows, slice) else rows[own]
                _by_column(chunk, numbers, own, chosen[0], event, self._test, passed, pending)


_SIGNED: Mapping[Kind, type[np.integer[Any]]] = {
    Kind.FD: np.int32, Kind.INT: np.int32, Kind.LONG: np.int64, Kind.SIZE: np.uint64, Kind.UINT: np.uint32, Kind.COUNT: np.uint64, Kind.NEWFD: np.int32,
}  # fmt: skip
"""Kinds that are a register, as the number type that it is read as."""
_OF_RESULT = (Kind.RESULT_FD, Kind.NEWFD)
"""Kinds that are the result where the call succeeded."""
_COLUMN_KINDS = frozenset((*_SIGNED, *_OF_RESULT))
_LACKS, _UNKNOWN = -1, -2


@lru_cache(512)
def _register_table(event: int, name: str, kind: Kind, machine: str) -> NDArray[np.int8]:
    """``(65536,)`` by call number: the argument's register; _LACKS where the call has none, _UNKNOWN where decoding must tell."""
    numbers = native(machine)
    table = np.full(1 << 16, _UNKNOWN, np.int8)
    for call in BY_ID[event].calls:
        if call.name in numbers:
            register = call.at.get(name, _UNKNOWN if kind is Kind.COUNT else _LACKS)
            table[numbers[call.name]] = register if register < RESULT else _UNKNOWN
    return table


def _by_column(
    chunk: Chunk, rows: NDArray[np.intp], places: NDArray[np.intp], argument: Argument, event: int, test: ArgumentTest, passed: Mask, pending: Mask
) -> None:
    """Answer rows of one type; `places` are theirs in `passed` and `pending`."""
    assert test.number is not None
    registers = _register_table(event, argument.name, argument.kind, chunk.machine)[chunk.syscall[rows]]
    if argument.kind in _OF_RESULT:
        results = chunk.result[rows]
        succeeded = results >= 0
        passed[places] = succeeded & (test.number.column(results) != test.negated)
        pending[places[succeeded]] = False
        if argument.kind is Kind.RESULT_FD:
            pending[places] = False
            return
        rows, places, registers = rows[~succeeded], places[~succeeded], registers[~succeeded]
    pending[places[registers != _UNKNOWN]] = False
    for register in range(6):
        of = np.flatnonzero(registers == register)
        if len(of):
            numbers = chunk.arg(register, rows[of]).astype(_SIGNED[argument.kind])
            passed[places[of]] = test.number.column(numbers) != test.negated


class PathTerm:
    """By the one path of some types: `types` is true at their ids."""

    def __init__(self, types: Iterable[int], test: TextTest, *, negated: bool) -> None:
        self.types = _event_table(types)
        self._test = test
        self._negated = negated

    def decide(self, chunk: Chunk, rows: Rows, passed: Mask, pending: Mask) -> None:
        """Answer those of the pending rows that are cheap to answer: they are pending no longer."""
        own = pending & of_events(self.types, chunk.event[rows])
        texts = KEPT.get(chunk)
        if texts is None:
            in_paths = paths_holding(chunk, rows, self._test)
            objects = own & of_object(chunk, rows)
            left = own & ~objects
            if not self._negated and self._test.needle:
                possible = may_name(chunk, rows, self._test, in_paths)
                pending &= possible | ~own
                left &= possible
                worth = np.count_nonzero(left) + np.count_nonzero(objects & possible) > MANY
            else:
                worth = np.count_nonzero(own) > MANY
            texts = KEPT.build(chunk) if worth else None
            if texts is None:
                self._by_object(chunk, rows, objects, in_paths, passed)
                pending &= ~objects
                return
        codes = texts.codes[rows]
        answers = texts.passing(self._test)
        if self._negated:
            answers = ~answers
            answers[-1] = False
        if answers.any():
            passed |= own & answers.take(codes)
        pending &= ~own

    def _by_object(self, chunk: Chunk, rows: Rows, objects: Mask, in_paths: Mask, passed: Mask) -> None:
        """Where the kernel still held the object, its path is the whole answer: one test per distinct path that may pass and is asked for."""
        places = chunk.whats["path0"]
        asked = np.flatnonzero(in_paths)
        if len(asked) > np.count_nonzero(objects):
            used = np.unique(places[chunk.what[rows][objects]])
            asked = used[in_paths[used]]
        if not len(asked) and not self._negated:
            return
        answers = np.full(len(in_paths) + 2, self._negated)  # -1 and -2: no path, and so no object
        paths = chunk.paths
        for place in asked.tolist():
            answers[place] = self._test.passes(arguments.text(paths[place])[0]) != self._negated
        passed |= objects & answers[places].take(chunk.what[rows])


_MARKED, _PASSES = 1, 2
_ALL_ARGUMENTS = tuple({argument.name for row in ALL_TYPES for argument in row.arguments if argument.kind in _SIGNED})


def _who_marks(chunk: Chunk, comm: bytes, cgroup: int) -> list[str]:
    marks = ["comm:escaped"] if arguments.text(comm)[1] else []
    group = chunk.cgroups.get(cgroup)
    if group is None:
        return [*marks, "cgroup:unreadable"] if cgroup > ROOT_GROUP else marks
    return [*marks, "cgroup:escaped"] if arguments.text(group)[1] else marks


class Incomplete:
    """Events with a mark; with a test: one of whose marks passes."""

    cost = DECODES + 2

    def __init__(self, test: TextTest | None = None) -> None:
        self._test = test

    def select(self, chunk: Chunk, rows: Rows) -> Mask:
        numbers = np.arange(rows.start, rows.stop) if isinstance(rows, slice) else rows

        def marks(raw: Raw, call: Call | None) -> int:
            return self._judge(arguments.decode(raw, chunk.machine)[1])

        whos = np.fromiter((self._judge(_who_marks(chunk, *who)) for who in chunk.whos[["comm", "cgroup"]].tolist()), np.int8, len(chunk.whos))
        found = decide(chunk, numbers, marks, MARKS, _ALL_ARGUMENTS) | whos[chunk.who[rows]]
        found[chunk.event[rows] >= MONITOR_START] = 0
        if self._test is not None and self._test.negated:
            marked: Mask = found == _MARKED
            return marked
        passed: Mask = found >= _PASSES
        return passed

    def _judge(self, marks: Sequence[str]) -> int:
        """_MARKED where there is a mark, and _PASSES where one passes."""
        if not marks:
            return 0
        return _MARKED | (_PASSES if self._test is None or any(map(self._test.passes, marks)) else 0)

    def matches(self, event: Event) -> bool:
        return bool(event.incomplete) if self._test is None else self._test.any(event.incomplete)


class Anywhere:
    """A bare word: in a name, path, address or command line; or as a number in a port.

    Args:
        number: What a port must be; None: no port passes.
        others: Terms on comm, type, call, errno, user, cgroup, pid, tid, ppid: each of them is enough.
    """

    cost = DECODES + 1

    def __init__(self, test: TextTest, number: int | None, others: Sequence[Term]) -> None:
        self._test = test
        self._number = number
        self._others = others
        kinds = NAME_KINDS | ADDRESS_KINDS | PORT_KINDS | {Kind.TARGET_COMM, Kind.CHILD_COMM}
        self._chosen = {row.id: chosen for row in ALL_TYPES if (chosen := tuple(a for a in row.arguments if a.kind in kinds))}
        self._has = _event_table(self._chosen)
        outside = (PORT_KINDS if number is not None else frozenset()) | (ADDRESS_KINDS if _in_addresses(test.needle) else frozenset())
        self._elsewhere = _event_table(row for row, chosen in self._chosen.items() if any(a.kind in outside for a in chosen))
        self._only_path = _event_table(row for row, chosen in self._chosen.items() if chosen == (SINGLE_PATH.get(row),))
        self._need = needs(argument for chosen in self._chosen.values() for argument in chosen)
        self._paths = PathTerm(SINGLE_PATH, test, negated=False)

    def select(self, chunk: Chunk, rows: Rows) -> Mask:
        passed = np.zeros(length(rows), np.bool_)
        for term in self._others:
            passed |= term.select(chunk, rows)
        events = chunk.event[rows]
        pending: Mask = ~passed & of_events(self._has, events)
        if self._test.needle and pending.any():
            possible = may_name(chunk, rows, self._test) | of_events(self._elsewhere, events)
            forks = np.flatnonzero(pending & (events == FORK))
            if len(forks):  # a child's comm stands in registers
                possible[forks] |= containing(_child_comms(chunk, forks + rows.start if isinstance(rows, slice) else rows[forks]), self._test)
            pending &= possible
        if pending.any():
            asked = pending.copy()
            self._paths.decide(chunk, rows, passed, asked)
            # Where the path did not pass, another argument of the row still may.
            pending &= ~passed & (asked | ~of_events(self._only_path, events))
        if pending.any():
            passed[pending] = decide(chunk, narrowed(rows, pending), self._passes, self._need)
        return passed

    def matches(self, event: Event) -> bool:
        chosen = self._chosen.get(BY_NAME[event.event_type].id, ())
        return any(term.matches(event) for term in self._others) or self._among((event.arguments.get(a.name), a.kind) for a in chosen)

    def _passes(self, raw: Raw, call: Call | None) -> bool:
        return self._among(values(raw, call, self._chosen[raw.event]))

    def _among(self, of: Iterable[tuple[Any, Kind]]) -> bool:
        for value, kind in of:
            for element in _elements(value, kind):
                if self._test.passes(element) if isinstance(element, str) else element == self._number:
                    return True
        return False


def _child_comms(chunk: Chunk, forks: NDArray[np.intp]) -> list[bytes]:
    words = np.column_stack([chunk.arg(register, forks) for register in (4, 5)])
    return [comm.split(b"\0", 1)[0] for comm in words.view("V16")[:, 0].tolist()]


def _in_addresses(needle: str) -> bool:
    """Whether it could stand in an address that is written in digits, or before an abstract name; other names are bytes of the payload."""
    return all(character in "0123456789abcdefABCDEF:.%" for character in needle)


def _event_table(ids: Iterable[int]) -> Mask:
    table = np.zeros(256, np.bool_)
    table[list(ids)] = True
    return table
