"""A view is the brute-force filter, event by event, whatever came and went meanwhile."""

from __future__ import annotations

import gc
import sys
import threading
import weakref
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from kellect_tui.session.chunk import Chunk, EventId, RowNumber
from kellect_tui.session.store import Store
from kellect_tui.session.view import Predicate, View
from tests.synthetic import Maker, tiled


@dataclass(frozen=True)
class CountIs:
    """Reads whose `count` leaves a remainder."""

    divisor: int
    remainder: int = 0

    def mask(self, chunk: Chunk, start: int, stop: int) -> NDArray[np.bool_]:
        mask: NDArray[np.bool_] = chunk.arg(2, slice(start, stop)) % np.uint64(self.divisor) == self.remainder
        return mask

    def lets_through(self, event_id: int) -> bool:
        return event_id % self.divisor == self.remainder


NONE = CountIs(1 << 40, 1 << 39)


class Source:
    """Appends reads whose `count` is the event's id."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.maker = Maker()

    def append(self, rows: int) -> None:
        end = int(self.store.end)
        for number in range(end, end + rows):
            self.maker.read(b"/dev/zero", count=number)
        if rows:
            self.store.append_batch(self.maker.batch(), 0)


def wanted(store: Store, predicate: CountIs | None) -> list[int]:
    kept = range(store.first, store.end)
    return [number for number in kept if predicate is None or predicate.lets_through(number)]


def ids(view: View) -> list[int]:
    return [view.event_id(RowNumber(row)) for row in range(len(view))]


PREDICATES = st.sampled_from([None, CountIs(1), CountIs(2), CountIs(3, 1), CountIs(17), NONE])


@given(st.lists(st.tuples(st.integers(0, 40), st.booleans()), max_size=15), PREDICATES, st.integers(1, 20), st.integers(1, 120))
def test_a_view_is_what_a_filter_of_every_event_gives(steps: list[tuple[int, bool]], predicate: CountIs | None, chunk_rows: int, keep: int) -> None:
    store = Store(keep, chunk_rows=chunk_rows)
    source, view = Source(store), View(store, predicate)
    ever: set[int] = set()
    for rows, look in steps:
        source.append(rows)
        if look:
            before = set(ids(view))
            added = view.advance()
            assert ids(view) == wanted(store, predicate)
            assert added >= len(set(ids(view)) - before)
            ever |= set(ids(view))
    built = View(store, predicate)
    assert built.build()
    assert ids(built) == wanted(store, predicate)
    view.advance()
    assert ids(view) == ids(built)
    for event_id in range(store.first, store.end + 1):
        later = [row for row, found in enumerate(ids(view)) if found >= event_id]
        assert view.position(EventId(event_id)) == (later[0] if later else len(view))


@given(st.integers(0, 200), PREDICATES, st.sampled_from([CountIs(1), CountIs(4, 3), CountIs(31), NONE]), st.integers(0, 210), st.booleans())
def test_find_is_the_nearest_in_its_direction(rows: int, predicate: CountIs | None, sought: CountIs, start: int, forward: bool) -> None:
    store = Store(chunk_rows=16)
    Source(store).append(rows)
    view = View(store, predicate)
    view.advance()
    found = [row for row, event_id in enumerate(ids(view)) if sought.lets_through(event_id) and (row >= start if forward else row <= start)]
    expected = None if not found else found[0] if forward else found[-1]
    assert view.find(RowNumber(start), sought, forward) == expected


@given(st.integers(0, 100), PREDICATES, st.integers(-5, 110), st.integers(-5, 110))
def test_spans_are_the_rows_asked_for(rows: int, predicate: CountIs | None, start: int, stop: int) -> None:
    store = Store(chunk_rows=16)
    Source(store).append(rows)
    view = View(store, predicate)
    view.advance()
    assert [chunk.first + row for chunk, found in view.spans(start, stop) for row in found.tolist()] == ids(view)[max(0, start) : max(0, stop)]


class Racing(Store):
    """Lets more events come just before it says which chunks there are, as a writer beside the reader would."""

    coming: tuple[int, ...] = ()

    @property
    def chunks(self) -> tuple[Chunk, ...]:
        if self.coming:
            rows, *rest = self.coming
            self.coming = tuple(rest)
            Source(self).append(rows)
        return super().chunks


@pytest.mark.parametrize("predicate", [None, CountIs(2)])
def test_rows_that_fill_up_a_chunk_while_it_is_looked_at_are_not_missed(predicate: CountIs | None) -> None:
    store = Racing(chunk_rows=10)
    view = View(store, predicate)
    store.coming = (5, 3, 7, 4, 26, 1)
    while store.coming:
        view.advance()
    assert ids(view) == wanted(store, predicate)


def test_rows_move_by_what_was_dropped() -> None:
    store = Store(40, chunk_rows=10)
    source, view = Source(store), View(store, CountIs(2))
    source.append(40)
    view.advance()
    tenth = view.event_id(RowNumber(10))
    source.append(10)
    view.advance()
    assert view.dropped == 5
    assert view.event_id(RowNumber(10 - 5)) == tenth == 20


@pytest.mark.parametrize(("come", "left"), [(20, 10), (200, 0)])
def test_a_view_that_stands_still_holds_no_chunk_that_the_store_has_dropped(come: int, left: int) -> None:
    store = Store(40, chunk_rows=10)
    source, view = Source(store), View(store, CountIs(2))
    source.append(40)
    view.advance()
    chunks = [weakref.ref(chunk) for chunk in store.chunks]
    source.append(come)
    view.let_go()
    gc.collect()
    assert [chunk() is None for chunk in chunks] == [chunk_first < store.first for chunk_first in (0, 10, 20, 30)]
    assert (len(view), view.dropped) == (left, 20 - left)
    view.advance()
    assert ids(view) == wanted(store, CountIs(2))
    assert view.dropped == 20 - left


def test_building_shows_the_newest_first_and_can_be_stopped_and_taken_up() -> None:
    store = Store(chunk_rows=10)
    Source(store).append(55)
    view, told = View(store, CountIs(5)), list[tuple[int, int]]()
    assert not view.build(lambda: len(told) == 2, lambda done, total: told.append((done, total)))
    assert told == [(1, 6), (2, 6)]
    assert ids(view) == [40, 45, 50]
    row = RowNumber(1)
    dropped = view.dropped
    assert view.build()
    assert ids(view) == list(range(0, 55, 5))
    assert view.event_id(RowNumber(row - (view.dropped - dropped))) == 45


def test_a_view_of_nothing() -> None:
    view = View(Store())
    assert (view.advance(), len(view), view.dropped, view.position(EventId(5)), view.find(RowNumber(0), NONE)) == (0, 0, 0, 0, None)
    assert view.build()
    assert view.rows(0, 10) == []
    with pytest.raises(IndexError):
        view.event_id(RowNumber(0))


def test_rows_outside_are_errors() -> None:
    store = Store(chunk_rows=4)
    Source(store).append(6)
    view = View(store)
    view.advance()
    for row in (-1, 6):
        with pytest.raises(IndexError):
            view.event_id(RowNumber(row))


@pytest.mark.parametrize("predicate", [None, CountIs(2)])
def test_a_reader_beside_the_writer_misses_nothing(predicate: Predicate | None) -> None:
    """One thread appends across many chunk ends, another follows: every row is seen once, and is whole when it is seen."""
    maker = Maker()
    for number in range(100):
        maker.open(b"/file%d" % number, pid=number)
        maker.read(b"/file%d" % number, pid=number, count=number)
    batch = tiled(maker.batch(), 1_000)
    store = Store(10**9, chunk_rows=768)
    view = View(store, predicate)
    wrong: list[int] = []

    def write() -> None:
        for _ in range(40):
            store.append_batch(batch, 0)

    switching = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    writer = threading.Thread(target=write)
    try:
        writer.start()
        while writer.is_alive():
            view.advance()
            for chunk, rows in view.spans(len(view) - 3, len(view)):
                for row in rows.tolist():
                    raw = chunk.raw(row)
                    if raw.path0 != b"/file%d" % raw.pid:
                        wrong.append(row)
        view.advance()
    finally:
        sys.setswitchinterval(switching)
        writer.join()
    assert wrong == []
    assert store.end == 40_000
    assert ids_of(view) == ids_of(fresh(store, predicate))


def fresh(store: Store, predicate: Predicate | None) -> View:
    view = View(store, predicate)
    view.build()
    return view


def ids_of(view: View) -> list[int]:
    return [chunk.first + row for chunk, rows in view.spans(0, len(view)) for row in rows.tolist()]
