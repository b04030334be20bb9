"""Terms on arguments: answered from columns where those say it, by decoding where they do not.

Decoding one event costs as much as filtering thousands, so rows that must decode alike are decoded once, and a text is looked
for in a chunk's dictionaries before anything is decoded.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kellect_tui.events import arguments
from kellect_tui.events.catalogue import ALL_TYPES, BY_ID, BY_NAME, MONITOR_START, RESULT, Argument, Call, Kind
from kellect_tui.events.record import Event, Flag
from kellect_tui.events.syscalls import native
from kellect_tui.session.chunk import Chunk, Row
from kellect_tui.session.filter.terms import DECODES, LOOKUP, Mask, Rows, length, narrowed
from kellect_tui.session.filter.values import NumberTest, TextTest

PATH_KINDS = frozenset((Kind.PATH, Kind.PATH2, Kind.EXEC_PATH))
"""What the field `path` looks at: a type's absolute paths."""

NAME_KINDS = PATH_KINDS | {Kind.STRING, Kind.EXEC_FILENAME, Kind.INTERPRETER, Kind.ARGV, Kind.CWD}
"""Texts that stand in the dictionaries as they are, but for how they are joined and escaped."""

ADDRESS_KINDS = frozenset((Kind.PEER_ADDR, Kind.LOCAL_ADDR))
PORT_KINDS = frozenset((Kind.PEER_PORT, Kind.LOCAL_PORT))

FLAG_KINDS = frozenset((
    Kind.OPEN_FLAGS, Kind.CREATE_FLAGS, Kind.RESOLVE, Kind.AT_FLAGS, Kind.RENAME_FLAGS, Kind.DUP_FLAGS, Kind.CLOSE_RANGE_FLAGS, Kind.CLONE_FLAGS,
    Kind.PIPE_FLAGS, Kind.PROT, Kind.MMAP_FLAGS, Kind.SOCKET_TYPE, Kind.MESSAGE_FLAGS, Kind.ACCEPT_FLAGS,
))  # fmt: skip
"""Symbols joined by `|`: each of them is a value of its own beside the whole."""

_REGISTERS: Mapping[Kind, type[np.integer[Any]]] = {
    Kind.FD: np.int32, Kind.INT: np.int32, Kind.LONG: np.int64, Kind.SIZE: np.uint64, Kind.UINT: np.uint32,
}  # fmt: skip
"""Kinds that are a register and nothing else, as the number type that it is read as."""

_ABI = np.uint32(Flag.I386 | Flag.X32 | Flag.ARM)
_FEW = 48
_MMAP = BY_NAME["process.mmap"].id


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

    def any(self, values: Iterable[tuple[Any, Kind]]) -> bool:
        """Whether a thing passes that has these values; nulls do not count."""
        found = False
        for value, kind in values:
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
                return self.number.one(value)  # type: ignore[arg-type]  # Fractions compare with floats as well
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
        self._chosen = chosen
        self._test = test
        kinds = {argument.kind for several in chosen.values() for argument in several}
        self._has = _event_table(chosen)
        self._registers = _register_plans(chosen) if test.number is not None else ()
        self._names_only = kinds <= NAME_KINDS
        self._objects = _event_table(row for row, several in chosen.items() if _one_object_path(several)) if kinds <= PATH_KINDS else None
        if self._registers and kinds <= set(_REGISTERS):
            self.cost = LOOKUP

    def select(self, chunk: Chunk, rows: Rows) -> Mask:
        out: Mask = self._has[chunk.event[rows]]
        if not out.any():
            return out
        left = narrowed(rows, out)
        passed = np.zeros(len(left), np.bool_)
        pending = np.ones(len(left), np.bool_)
        for plan in self._registers:
            _by_register(plan, chunk, left, self._test, passed, pending)
        if self._objects is not None:
            self._by_object(chunk, left, passed, pending)
        if pending.any():
            self._by_decoding(chunk, left, passed, pending)
        out[out] = passed
        return out

    def matches(self, event: Event) -> bool:
        row = BY_NAME[event.event_type]
        return self._test.any((event.arguments.get(argument.name), argument.kind) for argument in self._chosen.get(row.id, ()))

    def _by_object(self, chunk: Chunk, rows: NDArray[np.intp], passed: Mask, pending: Mask) -> None:
        """Where the kernel still held the object, its path is the whole answer: one test per distinct path."""
        assert self._objects is not None
        whats = chunk.whats
        events = chunk.event[rows]
        of_object = self._objects[events] & ((chunk.flags[rows] & np.uint32(Flag.OBJECT | Flag.NO_OBJECT)) == Flag.OBJECT)
        of_object &= (events != _MMAP) | ((chunk.arg(3, rows) & np.uint64(arguments.MAP_ANONYMOUS)) == 0)
        places = whats["path0"][chunk.what[rows]]
        of_object &= places >= 0
        if not of_object.any():
            return
        chosen = places[of_object]
        paths = chunk.paths
        if len(chosen) < len(paths) // 4:
            distinct, inverse = np.unique(chosen, return_inverse=True)
            passed[of_object] = self._paths_that_pass([paths[place] for place in distinct.tolist()])[inverse]
        else:
            passed[of_object] = self._paths_that_pass(paths)[chosen]
        pending &= ~of_object

    def _paths_that_pass(self, paths: Sequence[bytes]) -> Mask:
        test = self._test
        paths = list(paths)  # the chunk may be growing
        if test.text is None:
            return np.full(len(paths), test.negated)
        out = np.zeros(len(paths), np.bool_)
        for place in np.flatnonzero(_containing(paths, test.text)).tolist():
            out[place] = test.text.passes(arguments.text(paths[place])[0])
        return ~out if test.negated else out

    def _by_decoding(self, chunk: Chunk, rows: NDArray[np.intp], passed: Mask, pending: Mask) -> None:
        test = self._test
        if self._names_only and not test.negated and test.text is not None and test.text.needle:
            pending &= may_name(chunk, rows, test.text)
        chosen = self._chosen

        def passes(row: Row) -> bool:
            wanted = chosen[int(chunk.event[row])]
            said = decoded(chunk, row, wanted)
            return test.any((said.get(argument.name), argument.kind) for argument in wanted)

        passed[pending] = decide(chunk, rows[pending], passes, names_only=self._names_only)


class Incomplete:
    """Events with a mark; with a test: one of whose marks passes."""

    cost = DECODES

    def __init__(self, test: TextTest | None = None) -> None:
        self._test = test

    def select(self, chunk: Chunk, rows: Rows) -> Mask:
        numbers = np.arange(rows.start, rows.stop) if isinstance(rows, slice) else rows
        return decide(chunk, numbers, lambda row: self.matches(chunk.event_at(row)), names_only=False)

    def matches(self, event: Event) -> bool:
        return bool(event.incomplete) if self._test is None else self._test.any(event.incomplete)


class Anywhere:
    """A bare word: in a name, path, address or command line; or as a number in an id or a port."""

    cost = DECODES + 1

    def __init__(self, test: TextTest, number: int | None, others: Sequence[Any]) -> None:
        self._test = test
        self._number = number
        self._others = others  # terms on comm, type, syscall, error, user, cgroup, pid, tid, ppid
        kinds = NAME_KINDS | ADDRESS_KINDS | PORT_KINDS | {Kind.TARGET_COMM, Kind.CHILD_COMM}
        self._chosen = {row.id: chosen for row in ALL_TYPES if (chosen := tuple(a for a in row.arguments if a.kind in kinds))}
        self._has = _event_table(self._chosen)
        self._elsewhere = _event_table(row for row, chosen in self._chosen.items() if any(a.kind not in NAME_KINDS for a in chosen))

    def select(self, chunk: Chunk, rows: Rows) -> Mask:
        mask = np.zeros(length(rows), np.bool_)
        for term in self._others:
            mask |= term.select(chunk, rows)
        left = np.flatnonzero(~mask & self._has[chunk.event[rows]])
        numbers = left + rows.start if isinstance(rows, slice) else rows[left]
        if self._test.needle and len(left):
            possible = may_name(chunk, numbers, self._test) | self._elsewhere[chunk.event[numbers]]
            left, numbers = left[possible], numbers[possible]

        def passes(row: Row) -> bool:
            event = int(chunk.event[row])
            return self._in_arguments(event, decoded(chunk, row, self._chosen[event]))

        mask[left] = decide(chunk, numbers, passes, names_only=False)
        return mask

    def matches(self, event: Event) -> bool:
        return any(term.matches(event) for term in self._others) or self._in_arguments(BY_NAME[event.event_type].id, event.arguments)

    def _in_arguments(self, row: int, said: Mapping[str, Any]) -> bool:
        for argument in self._chosen.get(row, ()):
            for value in _elements(said.get(argument.name), argument.kind):
                if self._test.passes(value) if isinstance(value, str) else value == self._number:
                    return True
        return False


def decoded(chunk: Chunk, row: Row, wanted: Iterable[Argument]) -> Mapping[str, Any]:
    """Those of the row's arguments that are wanted (the monitor's own rows: all)."""
    raw = chunk.raw(row)
    event = BY_ID[raw.event]
    if event.family == "monitor":
        return arguments.monitor(raw)
    call = _calls(chunk.machine)[raw.event].get(raw.syscall)
    context = arguments.Context(raw, event, call)
    return {argument.name: arguments.DECODERS[argument.kind](context, argument) for argument in wanted}


@lru_cache(8)
def _calls(machine: str) -> Mapping[int, Mapping[int, Call]]:
    """By type and system call number; none for what is no call."""
    numbers = native(machine)
    return {row.id: {numbers[call.name]: call for call in row.calls if call.name in numbers} for row in ALL_TYPES}


def decide(chunk: Chunk, rows: NDArray[np.intp], passes: Callable[[Row], bool], *, names_only: bool) -> Mask:
    """`passes` of each row, asked once for all rows that decode alike.

    Args:
        names_only: The answer depends on names and paths alone, so that addresses and lengths in registers do not tell rows apart.
    """
    if len(rows) <= _FEW:
        return np.array([passes(Row(row)) for row in rows.tolist()], np.bool_)
    _, first, inverse = np.unique(_keys(chunk, rows, names_only=names_only), return_index=True, return_inverse=True)
    answers = np.array([passes(Row(row)) for row in rows[first].tolist()], np.bool_)
    decided: Mask = answers[inverse]
    return decided


_ODD = [random.SystemRandom().getrandbits(64) | 1 for _ in range(12)]


def _keys(chunk: Chunk, rows: NDArray[np.intp], *, names_only: bool) -> NDArray[np.uint64]:
    """A number per row, equal where all is equal that decoding reads (a multilinear hash with random multipliers)."""
    results = chunk.result[rows]
    events = chunk.event[rows]
    columns: list[NDArray[Any]] = [events, chunk.syscall[rows], chunk.flags[rows], chunk.what[rows], chunk.payload[rows]]
    if names_only:
        columns.append(np.minimum(results, 0))
    else:
        columns += [results, chunk.who[rows]]
    for register in range(6):
        values = chunk.arg(register, rows)
        columns.append(np.where(_SMALL[register][events], values, 0) if names_only else values)
    key = np.zeros(len(rows), np.uint64)
    for column, odd in zip(columns, _ODD, strict=False):
        key += column.astype(np.uint64) * np.uint64(odd)
    return key ^ key >> np.uint64(32)


def may_name(chunk: Chunk, rows: NDArray[np.intp], test: TextTest) -> Mask:
    """Rows whose payload or paths hold the test's needle: no other can have a name that passes."""
    whats = chunk.whats
    in_paths = np.append(_containing(chunk.paths, test), [False, False])  # -1 and -2: no path
    of_what = in_paths[whats["path0"]] | in_paths[whats["path1"]]
    in_payloads = _containing(chunk.payloads, test)
    mask: Mask = of_what[chunk.what[rows]] | in_payloads[chunk.payload[rows]]
    return mask


def _containing(texts: Sequence[bytes], test: TextTest) -> Mask:
    """Which of the texts hold the test's needle; all of them where it has none."""
    texts = list(texts)  # the chunk may be growing
    if not test.needle:
        return np.ones(len(texts), np.bool_)
    needle = test.needle.encode()
    joined = b"\0".join(texts)
    if test.fold:
        if needle not in joined.lower():
            return np.zeros(len(texts), np.bool_)
        return np.fromiter((needle in text.lower() for text in texts), np.bool_, len(texts))
    if needle not in joined:
        return np.zeros(len(texts), np.bool_)
    return np.fromiter((needle in text for text in texts), np.bool_, len(texts))


def _event_table(ids: Iterable[int]) -> Mask:
    table = np.zeros(256, np.bool_)
    table[list(ids)] = True
    return table


def _one_object_path(several: tuple[Argument, ...]) -> bool:
    """Whether the only path of the type is that of the object, where there is one."""
    return len(several) == 1 and several[0].kind is Kind.PATH


_BIG = frozenset((Kind.ADDRESS, Kind.SIZE, Kind.COUNT, Kind.LONG, Kind.MESSAGE_LEN, Kind.CLONE_FIELD, Kind.MODE, Kind.PAIR))


def _small_registers() -> NDArray[np.bool_]:
    """(register, event): whether it can tell two names apart: descriptors and flags can, addresses and lengths cannot."""
    table = np.zeros((6, 256), np.bool_)
    for row in ALL_TYPES:
        kinds = {argument.name: argument.kind for argument in row.arguments}
        if not row.calls or row.name == "process.exec":
            table[:, row.id] = True
        for call in row.calls:
            for name, register in call.at.items():
                if register < RESULT and kinds.get(name) not in _BIG:
                    table[register, row.id] = True
    return table


_SMALL = _small_registers()


@dataclass(frozen=True)
class _Plan:
    """Where an argument is a register of a call, of the native ABI.

    Attributes:
        register: ``(65536,)`` by system call number: the register, -1 where the call does not have it, -2 where decoding must tell.
    """

    row: int
    dtype: type[np.integer[Any]]
    register: NDArray[np.int8]


def _register_plans(chosen: Mapping[int, tuple[Argument, ...]]) -> tuple[_Plan, ...]:
    numbers = native()
    plans = []
    for row, several in chosen.items():
        kind = _REGISTERS.get(several[0].kind)
        if len(several) != 1 or kind is None or row >= MONITOR_START:
            continue
        table = np.full(1 << 16, -2, np.int8)
        for call in BY_ID[row].calls:
            if call.name in numbers:
                table[numbers[call.name]] = call.at.get(several[0].name, -1)
        table[table == RESULT] = -2
        plans.append(_Plan(row, kind, table))
    return tuple(plans)


def _by_register(plan: _Plan, chunk: Chunk, rows: NDArray[np.intp], test: ArgumentTest, passed: Mask, pending: Mask) -> None:
    assert test.number is not None
    own = pending & (chunk.event[rows] == plan.row) & ((chunk.flags[rows] & _ABI) == 0)
    if not own.any():
        return
    registers = plan.register[chunk.syscall[rows]]
    pending &= ~(own & (registers != -2))
    for register in range(6):
        of = own & (registers == register)
        if of.any():
            values = chunk.arg(register, rows[of]).astype(plan.dtype)
            passed[of] = test.number.column(values) != test.negated
