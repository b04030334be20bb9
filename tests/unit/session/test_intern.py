"""Interning is exact: one code for equal rows, different codes for different rows, whatever the hash says."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kellect_tui.session.intern import SLICE_ROWS, Payloads, Scratch, Words, split


class Dictionary:
    """What codes are resolved from; notes what it was asked."""

    def __init__(self) -> None:
        self.asked: list[bytes] = []

    def resolve(self, keys: list[bytes]) -> list[int]:
        first = len(self.asked)
        self.asked += keys
        return list(range(first, len(self.asked)))


def looked_up(words: Words, rows: np.ndarray) -> list[int]:
    codes = np.empty(len(rows), np.uint16)
    words.codes(rows, codes)
    return codes.tolist()


NASTY = (0, 1, 2, 1 << 31, 1 << 32, 1 << 63, (1 << 64) - 1)
WORD_ROWS = st.lists(st.tuples(*[st.sampled_from(NASTY)] * 3), min_size=1, max_size=60)


@pytest.mark.parametrize("telling", [None, 1])
@given(batches=st.lists(WORD_ROWS, min_size=1, max_size=5))
def test_a_code_stands_for_one_row(telling: int | None, batches: list[list[tuple[int, ...]]]) -> None:
    dictionary = Dictionary()
    words = Words(3, dictionary.resolve, Scratch(), telling)
    for batch in batches:
        rows = np.array(batch, np.uint64)
        assert [dictionary.asked[code] for code in looked_up(words, rows)] == split(rows)
    assert len(set(dictionary.asked)) == len(dictionary.asked)


def test_rows_with_equal_hashes_are_told_apart() -> None:
    # Odd multipliers carry two top bits out of the sum, whatever the multipliers are.
    top = 1 << 63
    rows = np.array([[5, 7, 9], [5 + top, 7 + top, 9], [5, 7 + top, 9 + top]], np.uint64)
    words = Words(3, Dictionary().resolve, Scratch())
    assert looked_up(words, rows[[0, 1, 2, 0, 1, 2]]) == [0, 1, 2, 0, 1, 2]


@pytest.mark.parametrize("telling", [None, 0])
def test_a_row_is_resolved_once_however_many_others_come_between(telling: int | None) -> None:
    dictionary = Dictionary()
    words = Words(2, dictionary.resolve, Scratch(), telling)
    rows = np.arange(40_000, dtype=np.uint64).reshape(-1, 2)
    for start in range(0, len(rows), SLICE_ROWS):
        looked_up(words, rows[start : start + SLICE_ROWS])
    again = [code for start in range(0, len(rows), SLICE_ROWS) for code in looked_up(words, rows[start : start + SLICE_ROWS])]
    assert again == list(range(len(rows)))
    assert len(dictionary.asked) == len(rows)


def test_rows_may_lie_apart_in_memory() -> None:
    table = np.arange(80, dtype=np.uint64).reshape(10, 8)
    dictionary = Dictionary()
    looked_up(Words(3, dictionary.resolve, Scratch()), table[:, 2:5])
    assert sorted(dictionary.asked) == sorted(split(np.ascontiguousarray(table[:, 2:5])))


@given(st.lists(st.lists(st.binary(min_size=1, max_size=40), max_size=40), max_size=4), st.booleans())
def test_payloads_of_every_length_come_back(batches: list[list[bytes]], whole_words: bool) -> None:
    values = [b""]
    payloads = Payloads(values, Scratch())
    for batch in batches:
        pieces = [piece.ljust(-(-len(piece) // 8) * 8, b"\0") if whole_words else piece for piece in batch]
        if not pieces:
            continue
        lengths = np.array([len(piece) for piece in pieces], np.int64)
        codes = np.empty(len(pieces), np.uint16)
        payloads.codes(np.frombuffer(b"".join(pieces), np.uint8), np.cumsum(lengths) - lengths, lengths, codes)
        assert [values[code] for code in codes.tolist()] == pieces
    assert len(set(values)) == len(values)
    assert values[0] == b""


@pytest.mark.parametrize("width", [1, 300])
def test_many_payloads_of_one_length(width: int) -> None:
    table = np.zeros((900, width), np.uint64)
    table[:, -1] = np.arange(900) % 7
    values = [b""]
    codes = np.empty(900, np.uint16)
    lengths = np.full(900, width * 8, np.int64)
    Payloads(values, Scratch()).codes(table.view(np.uint8).reshape(-1), np.arange(900) * width * 8, lengths, codes)
    assert len(values) == 8
    assert [values[code] for code in codes.tolist()] == [row.tobytes() for row in table]
