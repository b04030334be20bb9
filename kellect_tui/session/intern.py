"""Interning without Python per event: rows of 64-bit words become small codes.

A batch says the same few things again and again: who did it, on which file, with which payload. `Words` finds the code
of every row with a handful of numpy calls; only values that are new to the chunk reach Python.

A lookup is exact. A slot only says where to look; the words found there are compared with the row's, and a row that differs
takes the slow way. The first slot hangs on one telling word where a row has such a one (a task's number, a path's key), for a
hash of all words costs a third of the lookup; the second on a hash of all (multilinear: random odd multipliers, so that
nobody who chooses the words can choose the slot).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

SLICE_ROWS = 16_384
"""Rows looked up at once: a batch as the reader makes them is not parted. In halves an event costs a fifth more (`benchmarks/replay.py --rows 12000`)."""

Codes = NDArray[np.uint16]
WordRows = NDArray[np.uint64]
Resolve = Callable[[list[bytes]], Sequence[int]]
"""Codes of distinct rows that are new, given as bytes."""

_FIRST_BITS = 8
_MOST_BITS = 18
_SLICE_WORDS = 1 << 17
_FEW = 4  # rows of one payload length that are quicker one by one


class Scratch:
    """Buffers that all lookups of one writer share: fresh pages for each batch cost more than the work in them."""

    def __init__(self) -> None:
        self._words = np.empty(0, np.uint64)
        self._differs = np.empty(0, np.bool_)
        self.hashes = np.empty(SLICE_ROWS, np.uint64)
        self.slots = np.empty(SLICE_ROWS, np.uint64)
        self.local = np.empty(SLICE_ROWS, np.int32)
        self.args_per_row = 3.0  # of the last chunk: how much the next one will need

    def words(self, rows: int, width: int) -> WordRows:
        """``(rows, width)``, undefined contents; valid until the next call."""
        size = rows * width
        if size > len(self._words):
            self._words = np.empty(size, np.uint64)
        return self._words[:size].reshape(rows, width)

    def differs(self, rows: int, width: int) -> NDArray[np.bool_]:
        """``(rows, width)``, undefined contents; valid until the next call."""
        size = rows * width
        if size > len(self._differs):
            self._differs = np.empty(size, np.bool_)
        return self._differs[:size].reshape(rows, width)


class Words:
    """Codes of rows of `width` words, learnt from `resolve` the first time a row is seen.

    Lives as long as one chunk is written, and belongs to its writer's thread.

    Args:
        width: Words in a row.
        resolve: Gives the codes of rows that are new; two rows may get the same code.
        scratch: The writer's buffers.
        telling: The word by which most rows that differ can be told apart; None: all of them together.
    """

    def __init__(self, width: int, resolve: Resolve, scratch: Scratch, telling: int | None = None) -> None:
        self._width = width
        self._telling = telling
        self._resolve = resolve
        self._scratch = scratch
        self._multipliers = np.frombuffer(os.urandom(8 * width), np.uint64) | np.uint64(1)
        self._known: dict[bytes, int] = {}
        self._table = np.empty((16, width), np.uint64)  # the rows known, by local number
        self._codes = np.empty(16, np.uint16)
        self._kept_empty = -1
        self._clear_slots(_FIRST_BITS)

    def _clear_slots(self, bits: int) -> None:
        # An empty slot points to row 0: comparing tells whether that happens to be right.
        self._slots = np.zeros(1 << bits, np.int32)
        self._bits = bits
        self._first_shift, self._second_shift = np.uint64(64 - bits), np.uint64(64 - 2 * bits)
        self._slot_mask = np.uint64((1 << bits) - 1)

    def codes(self, rows: WordRows, out: Codes) -> None:
        """Write the code of each of `rows` (``(n, width)``, n ≤ SLICE_ROWS, any strides) to `out`."""
        count = len(rows)
        if not self._known:
            self._learn_rows(rows[:1])
        scratch = self._scratch
        hashes, slots, local = scratch.hashes[:count], scratch.slots[:count], scratch.local[:count]
        self._first_hash(rows, hashes)
        np.right_shift(hashes, self._first_shift, out=slots)
        np.take(self._slots, slots.view(np.int64), out=local, mode="clip")
        found = scratch.words(count, self._width)
        np.take(self._table, local, axis=0, out=found, mode="clip")
        differs = scratch.differs(count, self._width)
        np.not_equal(found, rows, out=differs)
        if differs.any():
            missed = np.flatnonzero(differs.any(axis=1))
            local[missed] = self._second_look(rows[missed])
        np.take(self._codes, local, out=out, mode="clip")

    def _first_hash(self, rows: WordRows, out: NDArray[np.uint64] | None = None) -> NDArray[np.uint64]:
        """The hash that the first slot hangs on; the second hangs on `_hash`."""
        if self._telling is None:
            return np.matmul(rows, self._multipliers, out=out)
        hashed: NDArray[np.uint64] = np.multiply(rows[:, self._telling], self._multipliers[0], out=out)
        return hashed

    def _hash(self, rows: WordRows) -> NDArray[np.uint64]:
        hashed: NDArray[np.uint64] = rows @ self._multipliers
        return hashed

    def _second_look(self, rows: WordRows) -> NDArray[np.int32]:
        """Local numbers of rows that were not in their first slot."""
        hashes = self._hash(rows)
        local: NDArray[np.int32] = self._slots[(hashes >> self._second_shift) & self._slot_mask]
        missed = np.flatnonzero((self._table[local] != rows).any(axis=1))
        if len(missed):
            local[missed] = self._look_up(rows[missed], hashes[missed])
        return local

    def _look_up(self, rows: WordRows, hashes: NDArray[np.uint64]) -> NDArray[np.int32]:
        """Local numbers by the exact dictionary: Python for each distinct hash, numpy for its repetitions."""
        _, first, inverse = np.unique(hashes, return_index=True, return_inverse=True)
        order = np.argsort(first)  # new rows are learnt as they came: codes do not hang on the multipliers
        place = np.empty(len(order), np.intp)
        place[order] = np.arange(len(order))
        local = self._learn_rows(rows[first[order]])[place[inverse]]
        twins = np.flatnonzero((self._table[local] != rows).any(axis=1))
        if len(twins):  # other rows with the very same hash
            for at in twins.tolist():
                local[at] = self._learn_rows(rows[at : at + 1])[0]
        return local

    def _learn_rows(self, rows: WordRows) -> NDArray[np.int32]:
        """Local numbers of rows of which no two are equal; new ones are resolved and given a slot."""
        keys = split(rows)
        known = self._known
        before = len(known)
        local = np.array([known.setdefault(key, len(known)) for key in keys], np.int32)
        count = len(known)
        if count > before:
            fresh = np.flatnonzero(local >= before)
            self._reserve(count)
            self._table[before:count] = rows[fresh]
            self._codes[before:count] = self._resolve([keys[at] for at in fresh.tolist()])
        if count * 4 > len(self._slots) and self._bits < _MOST_BITS:
            self._clear_slots(min(_MOST_BITS, count.bit_length() + 3))
            self._place(np.arange(count, dtype=np.int32), self._table[:count])
        else:
            self._place(local, rows)
        return local

    def _reserve(self, count: int) -> None:
        if count > len(self._table):
            room = max(count, 2 * len(self._table))
            table, codes = np.empty((room, self._width), np.uint64), np.empty(room, np.uint16)
            table[: len(self._table)], codes[: len(self._codes)] = self._table, self._codes
            self._table, self._codes = table, codes

    def _place(self, local: NDArray[np.int32], rows: WordRows) -> None:
        """Give each a slot: its first if that is empty, else its second, whoever was there. Row 0 keeps an empty one."""
        first = (self._first_hash(rows) >> self._first_shift).view(np.int64)
        second = ((self._hash(rows) >> self._second_shift) & self._slot_mask).view(np.int64)
        if local[0] == 0:
            self._kept_empty = int(first[0])
        free = (self._slots[first] == 0) & (first != self._kept_empty)
        self._slots[first[free]] = local[free]
        late = (self._slots[first] != local) & (second != self._kept_empty)
        self._slots[second[late]] = local[late]


def split(rows: WordRows) -> list[bytes]:
    """Each row's bytes."""
    step = rows.shape[1] * 8
    data = rows.tobytes()
    return [data[at : at + step] for at in range(0, len(data), step)]


class Payloads:
    """Codes of payloads, which have any length; 0 is the empty one.

    Args:
        values: The payloads by code; appended to. It begins with ``b""``.
    """

    def __init__(self, values: list[bytes], scratch: Scratch) -> None:
        self._values = values
        self._scratch = scratch
        self._known: dict[bytes, int] = {value: code for code, value in enumerate(values)}
        self._by_length: dict[int, Words] = {}
        self.nbytes = 0

    def codes(self, payload: NDArray[np.uint8], starts: NDArray[np.int64], lengths: NDArray[np.int64], out: Codes) -> None:
        """Write to `out` the codes of the payloads at `starts`, `lengths` bytes long, none of them empty (all ``(n,)``)."""
        whole = payload[: len(payload) & ~7].view(np.uint64)
        if ((starts | lengths) & 7).any():  # a source that does not keep to whole words: right, but slow
            out[:] = [self.code(payload[at : at + length].tobytes()) for at, length in zip(starts.tolist(), lengths.tolist(), strict=True)]
            return
        order = np.argsort((lengths >> 3).astype(np.uint16), kind="stable")  # 16 bits: numpy counts instead of comparing
        ordered = lengths[order]
        edges = [0, *(np.flatnonzero(np.diff(ordered)) + 1).tolist(), len(order)]
        for start, end in pairwise(edges):
            rows = order[start:end]
            out[rows] = self._of_one_length(whole, starts[rows] >> 3, int(ordered[start]) >> 3)

    def let_go(self) -> None:
        """Nothing more is looked up here: the lookups of each length, which ask this object, go."""
        self._by_length.clear()

    def _of_one_length(self, whole: NDArray[np.uint64], starts: NDArray[np.int64], width: int) -> Codes | list[int]:
        if len(starts) <= _FEW:
            return [self.code(whole[at : at + width].tobytes()) for at in starts.tolist()]
        words = self._by_length.get(width)
        if words is None:
            words = self._by_length[width] = Words(width, self._resolve, self._scratch)
        windows: WordRows = np.ndarray((len(whole) - width + 1, width), np.uint64, whole, strides=(8, 8))
        codes = np.empty(len(starts), np.uint16)
        step = max(1, min(SLICE_ROWS, _SLICE_WORDS // width))
        for at in range(0, len(starts), step):
            words.codes(windows[starts[at : at + step]], codes[at : at + step])
        return codes

    def _resolve(self, keys: list[bytes]) -> list[int]:
        return [self.code(key) for key in keys]

    def code(self, value: bytes) -> int:
        """The code of one payload."""
        code = self._known.get(value)
        if code is None:
            code = self._known[value] = len(self._values)
            self._values.append(value)
            self.nbytes += len(value) + BYTES_OBJECT
        return code


BYTES_OBJECT = 48
"""What a bytes object costs besides its bytes: header, rounding, and its place in a list."""
