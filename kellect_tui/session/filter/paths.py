"""The path of each row as text, told apart by numpy and composed once for each distinct one.

Only types with one path are here; those with two (rename, link) are rare and are decoded. Texts of sealed chunks are kept, up
to a bound.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from threading import Lock
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from kellect_tui.events import arguments
from kellect_tui.events.catalogue import ALL_TYPES, BY_NAME, Argument, Kind
from kellect_tui.events.decoders.paths import MAP_ANONYMOUS
from kellect_tui.events.record import Flag, Section
from kellect_tui.events.syscalls import native
from kellect_tui.session.chunk import Chunk, Row
from kellect_tui.session.filter.decoded import PATH_KINDS, grouped, values
from kellect_tui.session.filter.terms import Mask, Rows, of_events
from kellect_tui.session.filter.values import TextTest

KEEP_BYTES = 128 << 20
"""Texts kept for all chunks together. What comes beyond it is not kept: to let others go would, in a scan over all, keep none."""

_MMAP = BY_NAME["process.mmap"].id
_SEPARATOR = "\0"  # in no text: it is written \x00


def _single_paths() -> dict[int, Argument]:
    found = {row.id: [argument for argument in row.arguments if argument.kind in PATH_KINDS] for row in ALL_TYPES}
    return {row: paths[0] for row, paths in found.items() if len(paths) == 1 and paths[0].kind is Kind.PATH}


SINGLE_PATH = _single_paths()
"""Types with exactly one path that is an ordinary one, and the argument that it is."""
_SINGLE = np.zeros(256, np.bool_)
_SINGLE[list(SINGLE_PATH)] = True


def of_object(chunk: Chunk, rows: Rows) -> Mask:
    """Rows whose path is that of the object that the kernel held, and that has a text: `path0` says all."""
    events = chunk.event[rows]
    mask: Mask = (chunk.flags[rows] & np.uint32(Flag.OBJECT | Flag.NO_OBJECT)) == Flag.OBJECT
    mask &= of_events(_SINGLE, events)
    mask &= (chunk.whats["path0"] >= 0).take(chunk.what[rows])
    mapped = np.flatnonzero(events == _MMAP)
    if len(mapped):  # a path that an anonymous mapping does not have
        numbers = mapped + rows.start if isinstance(rows, slice) else rows[mapped]
        mask[mapped] &= (chunk.arg(3, numbers) & np.uint64(MAP_ANONYMOUS)) == 0
    return mask


@dataclass(frozen=True)
class PathTexts:
    """The paths of a sealed chunk.

    Attributes:
        codes: ``(n,)`` of each row: index of its path; `count` where it has none, or is of a type with several.
        joined: The distinct texts, `_SEPARATOR` between them.
        count: How many there are.
    """

    codes: NDArray[np.uint32]
    joined: str
    count: int

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return self.codes.nbytes + sys.getsizeof(self.joined)

    def passing(self, test: TextTest) -> Mask:
        """Which texts pass the test (its negation not regarded), ``(count + 1,)``: the last stands for no path."""
        out = np.zeros(self.count + 1, np.bool_)
        if test.needle and not test.fold and test.needle not in self.joined:
            return out
        texts = self.joined.split(_SEPARATOR) if self.count else []
        if test.needle and not test.fold:
            needle, passes = test.needle, test.passes
            out[: self.count] = np.fromiter((needle in text and passes(text) for text in texts), np.bool_, self.count)
        else:
            out[: self.count] = np.fromiter(map(test.passes, texts), np.bool_, self.count)
        return out


class Kept:
    """Texts of sealed chunks, as long as the chunks live."""

    def __init__(self, keep_bytes: int) -> None:
        self.keep_bytes = keep_bytes
        self._lock = Lock()
        self._of: WeakKeyDictionary[Chunk, PathTexts] = WeakKeyDictionary()

    def get(self, chunk: Chunk) -> PathTexts | None:
        return self._of.get(chunk)

    def build(self, chunk: Chunk) -> PathTexts | None:
        """The chunk's texts, kept; None where it still grows or there is no room for more."""
        if not chunk.sealed:
            return None
        with self._lock:
            held = sum(texts.nbytes for texts in self._of.values())
        if held >= self.keep_bytes:
            return None
        texts = compose(chunk)
        with self._lock:
            self._of[chunk] = texts
        return texts


KEPT = Kept(KEEP_BYTES)


def compose(chunk: Chunk) -> PathTexts:
    """The path texts of all the chunk's rows."""
    rows = slice(0, chunk.count)
    objects = of_object(chunk, rows)
    texts = [arguments.text(path)[0] for path in chunk.paths]
    codes = np.where(objects, chunk.whats["path0"].take(chunk.what[rows]), np.int32(-1))
    named = np.flatnonzero(of_events(_SINGLE, chunk.event[rows]) & ~objects)
    if len(named):
        _compose_named(chunk, named, codes, texts)
    return PathTexts(np.where(codes < 0, len(texts), codes).astype(np.uint32), _SEPARATOR.join(texts), len(texts))


def _compose_named(chunk: Chunk, rows: NDArray[np.intp], codes: NDArray[np.int32], texts: list[str]) -> None:
    """Join bases and names. Most are plain, and depend on payload, base and call alone; the others are decoded one by one."""
    payload, what, syscall = (column.take(rows).astype(np.uint64) for column in (chunk.payload, chunk.what, chunk.syscall))
    keys = payload | what << np.uint64(16) | syscall << np.uint64(32)
    keys |= ((chunk.flags.take(rows) & np.uint32(Flag.OBJECT)) != 0).astype(np.uint64) << np.uint64(48)
    first, inverse = grouped(keys)
    known: dict[str, int] = {}
    found = np.empty(len(first), np.int32)
    for place, path in enumerate(_plain(chunk, rows[first])):
        if path is None:
            found[place] = -2
        else:
            text = arguments.text(path)[0]
            code = known.get(text)
            if code is None:
                code = known[text] = len(texts)
                texts.append(text)
            found[place] = code
    codes[rows] = found.take(inverse)
    if (found == -2).any():
        for row in rows[codes[rows] == -2].tolist():
            codes[row] = _decoded(chunk, row, known, texts)


def _decoded(chunk: Chunk, row: int, known: dict[str, int], texts: list[str]) -> int:
    raw = chunk.raw(Row(row))
    call = _CALLS.get((raw.event, raw.syscall)) if chunk.machine == _MACHINE else None
    argument = SINGLE_PATH[raw.event]
    if call is None:
        text = arguments.decode(raw, chunk.machine)[0][argument.name]
    else:
        ((text, _),) = values(raw, call, (argument,))
    if text is None:
        return -1
    if text not in known:
        known[text] = len(texts)
        texts.append(text)
    return known[text]


_MACHINE = "x86_64"
_CALLS = {(row.id, native(_MACHINE)[call.name]): call for row in ALL_TYPES for call in row.calls if call.name in native(_MACHINE)}


def _plain(chunk: Chunk, rows: NDArray[np.intp]) -> Iterable[bytes | None]:
    """The path of each row where base and name are simply joined (or the name is absolute); None where decoding must tell."""
    events, syscalls = chunk.event[rows].tolist(), chunk.syscall[rows].tolist()
    objects = ((chunk.flags[rows] & np.uint32(Flag.OBJECT)) != 0).tolist()
    bases = chunk.whats["path0"][chunk.what[rows]].tolist()
    payloads, paths = chunk.payloads, chunk.paths
    registers = _name_registers(chunk.machine)
    for event, syscall, is_object, base, payload in zip(events, syscalls, objects, bases, chunk.payload[rows].tolist(), strict=True):
        register = registers.get((event, syscall))
        yield None if register is None or is_object else _joined(payloads[payload], register, paths[base] if base >= 0 else b"")


_HEAD_LENGTH = 8


def _joined(payload: bytes, register: int, base: bytes) -> bytes | None:
    """A base and the name in the payload's first section, where EVENTS.md's rules leave both as they are."""
    if payload[:4] != bytes((Section.STRING, register, 0, 0)):
        return None
    end = _HEAD_LENGTH + int.from_bytes(payload[4:_HEAD_LENGTH], "little")
    name = payload[_HEAD_LENGTH:end]
    if not name or len(payload) < end or b"//" in name or b"/." in name or name[:1] == b".":
        return None
    if name[:1] == b"/":
        return name
    return base.removesuffix(b"/") + b"/" + name if base[:1] == b"/" else None


def _name_registers(machine: str) -> dict[tuple[int, int], int]:
    """By type and call number: the register of the name that becomes the path."""
    numbers = native(machine)
    return {
        (row.id, numbers[call.name]): call.at["filename"]
        for row in ALL_TYPES
        if row.id in SINGLE_PATH
        for call in row.calls
        if call.name in numbers and "filename" in call.at and call.base is not None
    }
