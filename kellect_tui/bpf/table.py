"""The catalogue as the kernel program reads it: one descriptor per system call number."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from kellect_tui.events.catalogue import CWD, FAMILIES, RESULT, Call, EventType, Kind, calls
from kellect_tui.events.record import Section
from kellect_tui.events.syscalls import PATH_MOVERS

DESCRIPTOR = np.dtype(
    [
        ("event", "<u2"), ("other", "<u2"), ("family", "u1"), ("other_family", "u1"), ("sections", "u1"), ("registers", "u1"),
        ("condition", "u1"), ("condition_reg", "u1"), ("object", "u1"), ("object_failed", "u1"), ("base", "u1"), ("base2", "u1"),
        ("name", "u1"), ("name2", "u1"), ("flags", "<u4"), ("pad", "<u4"), ("condition_value", "<u8"), ("kind", "u1", (4,)), ("reg", "u1", (4,)),
    ]
)  # fmt: skip
"""`struct desc` of kernel/records.h; checked against the compiled program."""

SIZE = 512
NOTHING = 255
S_MESSAGES, S_STATX = 20, 21
ROUTINE = 8

# descriptor flags of kernel/records.h
EARLY, CWD_OBJECT, MOVES, OLD_IDS, ADDRLEN, TARGET, EXEC, MSG_NAME, CLONE, IO, OUT, PIDFD = (1 << bit for bit in range(12))

_UNRECORDED = frozenset({Kind.STRING, Kind.PAIR, Kind.ARGV, Kind.EXEC_FILENAME})
_IO_TYPES = frozenset({"file.read", "file.write", "network.send", "network.receive"})


def descriptors(numbers: Mapping[str, int]) -> NDArray[np.void]:
    """``(512,)`` of DESCRIPTOR, by call number; a call that `numbers` lacks is left out."""
    table = np.zeros(SIZE, DESCRIPTOR)
    for field in ("object", "object_failed", "base", "base2", "name", "name2"):
        table[field] = NOTHING
    by_call: dict[str, list[tuple[EventType, Call]]] = defaultdict(list)
    for row, call in calls():
        by_call[call.name].append((row, call))
    for name, rows in by_call.items():
        if name in numbers:
            _describe(table[numbers[name]], rows)
    for name in PATH_MOVERS:
        if name in numbers:
            table[numbers[name]]["flags"] = MOVES
    return table


def _describe(entry: np.void, rows: list[tuple[EventType, Call]]) -> None:
    rows = sorted(rows, key=lambda pair: pair[1].when is not None and pair[1].when.negated)
    row, call = rows[0]
    entry["event"], entry["family"] = row.id, _family(row)
    condition = call.when
    if condition is not None:
        if row.moves_paths and (condition.register != 2 or not condition.bits):
            raise ValueError(f"{call.name}: kernel/moves.h looks for what makes a call move names in register 2")
        entry["condition"] = 3 if condition.how else 2 if condition.values else 1
        entry["condition_reg"] = condition.register
        first, second = (*condition.values, condition.values[-1])[:2] if condition.values else (0, 0)
        entry["condition_value"] = first | second << 32 if condition.values else condition.bits
    for other, _call in rows[1:]:
        entry["other"], entry["other_family"] = other.id, _family(other)
    _places(entry, row, call)
    reads = _reads(row, call)
    entry["sections"] = len(reads)
    for index, (kind, register) in enumerate(reads):
        entry["kind"][index], entry["reg"][index] = kind, register
    entry["flags"] = _flags(row, call, [kind for kind, _register in reads])


def _family(row: EventType) -> int:
    """The family's number as the program wants it: with a bit for types that are lost first."""
    return FAMILIES.index(row.family) | (ROUTINE if row.routine else 0)


def _places(entry: np.void, row: EventType, call: Call) -> None:
    strings = _strings(row, call)
    kinds = {argument.name: argument.kind for argument in row.arguments}
    entry["registers"] = sum({1 << register for name, register in call.at.items() if register < RESULT and kinds.get(name) not in _UNRECORDED})
    for field, value in (("object", call.object), ("object_failed", call.object_failed), ("base", call.base), ("base2", call.base2)):
        entry[field] = NOTHING if value is None else value
    if call.base is not None and strings:
        entry["name"] = strings[0]
    if call.base2 is not None and strings:
        entry["name2"] = strings[-1]


def _strings(row: EventType, call: Call) -> list[int]:
    kinds = {argument.name: argument.kind for argument in row.arguments}
    return [register for name, register in call.at.items() if kinds.get(name) in (Kind.STRING, Kind.EXEC_FILENAME)]


def _reads(row: EventType, call: Call) -> list[tuple[int, int]]:
    """Sections in the order in which the program writes them, at most four."""
    reads: list[tuple[int, int]] = [(int(Section.STRING), register) for register in _strings(row, call)]
    kinds = {argument.name: argument.kind for argument in row.arguments}
    reads += [(int(Section.ARGV), register) for name, register in call.at.items() if kinds.get(name) is Kind.ARGV]
    for section, register in call.reads:
        kind = int(section)
        if section is Section.MESSAGE and call.name.endswith("mmsg"):
            kind = S_MESSAGES
        if section is Section.STAT and call.name == "statx":
            kind = S_STATX
        reads.append((kind, register))
    if len(reads) > 4:
        raise ValueError(f"{call.name}: {len(reads)} payload sections, the descriptor holds 4")
    return reads


def _flags(row: EventType, call: Call, sections: Iterable[int]) -> int:
    present = set(sections)
    flags = {
        EARLY: call.early,
        CWD_OBJECT: call.cwd_object,
        MOVES: row.moves_paths,
        OLD_IDS: int(Section.OLD_IDS) in present,
        ADDRLEN: int(Section.ADDRLEN) in present,
        TARGET: int(Section.TARGET) in present,
        EXEC: row.name == "process.exec",
        MSG_NAME: call.name in ("recvmsg", "recvmmsg"),
        CLONE: row.name == "process.clone",
        IO: row.name in _IO_TYPES,
        OUT: int(Section.ADDRLEN) in present,
        PIDFD: call.name == "pidfd_send_signal",
    }
    return sum(bit for bit, on in flags.items() if on)


assert (CWD, RESULT) == (8, 6), "REG_CWD and REG_RESULT of kernel/records.h"
