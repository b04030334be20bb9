"""The quick ways to look up and to group say what the plain ones say."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kellect_tui.session.filter import parse
from kellect_tui.session.filter.decoded import grouped
from kellect_tui.session.filter.terms import of_events
from tests.synthetic import Maker, session_of


@given(st.lists(st.integers(0, 255), max_size=300), st.sets(st.integers(0, 255)))
def test_a_table_of_types_is_looked_up(events: list[int], ids: set[int]) -> None:
    table = np.zeros(256, np.bool_)
    table[list(ids)] = True
    found = of_events(table, np.array(events, np.uint8))
    assert found.tolist() == [event in ids for event in events]
    found &= False  # the caller's own


@given(st.lists(st.sampled_from([0, 1, 7, 2**63, 2**64 - 1, *range(20)]), max_size=200))
def test_equal_keys_and_no_others_share_a_group(keys: list[int]) -> None:
    rows, inverse = grouped(np.array(keys, np.uint64))
    assert len(rows) == len(set(keys))
    assert [keys[row] for row in rows[inverse].tolist()] == keys


@pytest.mark.parametrize(
    ("word", "found"),
    [("etc", [True, False, True]), ("sh", [False, True, False]), (r'"\\xff"', [False, False, True]), ("xffetc", [False, False, True]), ("xetc", [False] * 3)],
)
def test_a_bare_word_finds_the_comm_of_a_child(word: str, found: list[bool]) -> None:
    maker = Maker()
    for comm in (b"etc", b"my-sh", b"\xffetc"):
        maker.fork(500, comm=comm, pid=10)
    chunk = session_of(maker.batch()).store.chunks[0]
    assert parse(word).mask(chunk, 1, 4).tolist() == found


def test_a_needle_that_lies_across_two_names_is_in_neither() -> None:
    maker = Maker()
    for name in (b"/srv/ab", b"/srv/cd"):
        maker.open(name)
        maker.fork(500, comm=name[-2:], pid=10)
    chunk = session_of(maker.batch()).store.chunks[0]
    for text in ("path contains abcd", 'path contains "ab/srv"', "abcd", '"b/s"', 'path ~ "ab.*cd"'):
        assert parse(text).mask(chunk, 1, 5).tolist() == [False] * 4, text


def test_calls_are_asked_once_for_all_chunks_and_what_is_no_call_each_time() -> None:
    maker = Maker()
    for number in range(40):
        maker.open(b"/a")
        maker.read(b"/a") if number % 2 else maker.fork(number, pid=10)
    session = session_of(maker.batch(), chunk_rows=64, finished=True)
    view = session.view(parse("syscall = read"))
    view.build()
    assert [event.event_type for event in view.rows(0, len(view)) if event.family != "monitor"] == ["file.read"] * 20
    abi = session.view(parse("abi ~ ."))
    abi.build()
    everything = session.view()
    everything.build()
    assert [event for event in abi.rows(0, len(abi)) if event.family != "monitor"] == [e for e in everything.rows(0, len(everything)) if e.abi is not None]
