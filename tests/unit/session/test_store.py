"""What the store keeps, lets go of, and where it is."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kellect_tui.events.batch import Batch
from kellect_tui.events.catalogue import MONITOR_DROPPED
from kellect_tui.events.record import Flag, Section
from kellect_tui.session.chunk import CHUNK_ROWS, Chunk, EventId, Row
from kellect_tui.session.store import Store
from tests.synthetic import Maker, mixed, section, tiled

OFFSET = 1_000


def reads(*counts: int, maker: Maker | None = None) -> Batch:
    maker = maker or Maker()
    for count in counts:
        maker.read(b"/dev/zero", count=count)
    return maker.batch()


def counts(store: Store) -> list[int]:
    """The `count` argument of every event kept, in order: which events they are."""
    return [value for chunk in store.chunks for value in chunk.arg(2, slice(0, chunk.count)).tolist()]


@given(st.lists(st.integers(1, 60), max_size=12), st.integers(1, 50), st.integers(1, 200))
def test_the_newest_events_are_kept_in_order_and_the_rest_is_counted(sizes: list[int], chunk_rows: int, keep: int) -> None:
    store, maker, appended = Store(keep, chunk_rows=chunk_rows), Maker(), 0
    for size in sizes:
        spans = store.append_batch(reads(*range(appended, appended + size), maker=maker), OFFSET)
        appended += size
        assert sum(stop - start for _, start, stop in spans) == size
    assert store.end == appended
    assert store.first == store.dropped == appended - len(store)
    assert counts(store) == list(range(store.dropped, appended))
    assert min(keep, appended) <= len(store) < keep + max(chunk_rows, *sizes, 1) + chunk_rows
    assert all(chunk.count == chunk_rows for chunk in store.chunks[:-1])
    assert [chunk.sealed for chunk in store.chunks[:-1]] == [True] * (len(store.chunks) - 1)


def test_ids_tell_where_an_event_is_and_are_never_used_again() -> None:
    store = Store(100, chunk_rows=50)
    store.append_batch(reads(*range(500)), OFFSET)
    assert (store.first, store.end, store.dropped) == (400, 500, 400)
    chunk, row = store.locate(EventId(462))
    assert (chunk.first, row, chunk.arg(2, slice(row, row + 1)).tolist()) == (450, 12, [462])
    for gone in (0, 399, 500):
        with pytest.raises(LookupError):
            store.locate(EventId(gone))


def test_a_chunk_of_long_names_is_sealed_early_so_that_few_bytes_can_be_kept() -> None:
    store, maker = Store(10**9, keep_bytes=8_000_000), Maker()
    for number in range(60):
        maker.paths.clear()
        for name in range(100):
            maker.open(b"/%d/" % number + b"p%04d" % name + b"x" * 4_000)
        store.append_batch(maker.batch(), OFFSET)
    assert store.dropped > 0
    assert store.nbytes <= 8_000_000 + 2 * 100 * 4_200
    assert sum(chunk.nbytes for chunk in store.chunks) == store.nbytes


def test_groups_and_users_of_a_chunk_are_counted_among_its_bytes() -> None:
    store, maker = Store(10**9), Maker()
    store.user_name = str
    maker.cgroups.update({number: b"/a.slice/%d.scope" % number for number in range(1, 3_001)})
    for number in range(1, 3_001):
        maker.read(b"/dev/zero", cgroup=number, uid=number)
    store.append_batch(maker.batch(), OFFSET)
    (chunk,) = store.chunks
    assert (len(chunk.cgroups), len(chunk.users)) == (3_000, 3_000)
    assert chunk.text_bytes > 3_000 * 2 * 100


def test_bytes_bound_it_too() -> None:
    store = Store(10**9, keep_bytes=200_000, chunk_rows=256)
    store.append_batch(tiled(mixed(500), 20_000), OFFSET)
    assert store.nbytes <= 200_000
    assert store.dropped == store.first > 0
    assert store.nbytes == sum(chunk.nbytes for chunk in store.chunks)


def test_hidden_records_are_left_out() -> None:
    maker = Maker()
    for number in range(10):
        maker.read(b"/a", count=number, flags=int(Flag.HIDDEN) if number % 3 else 0)
    store = Store()
    store.append_batch(maker.batch(), OFFSET)
    assert counts(store) == [0, 3, 6, 9]


def test_sealed_chunks_are_told_once_each_in_order_before_they_can_go() -> None:
    store, told = Store(20, chunk_rows=10), list[tuple[int, bool, bool]]()
    store.on_sealed.append(lambda chunk: told.append((chunk.first, chunk.sealed, chunk in store.chunks)))
    store.append_batch(reads(*range(95)), OFFSET)
    store.seal()
    store.seal()
    assert told == [(first, True, True) for first in range(0, 100, 10)]


def test_a_sealed_store_goes_on_with_a_new_chunk() -> None:
    store = Store(chunk_rows=100)
    for start in (0, 3):
        store.append_batch(reads(*range(start, start + 3)), OFFSET)
        store.seal()
    assert [(chunk.first, chunk.count) for chunk in store.chunks] == [(0, 3), (3, 3)]


def test_a_chunk_ends_early_when_its_payload_codes_are_used_up() -> None:
    maker = Maker()
    rows = CHUNK_ROWS + 10
    maker.stat(b"x")
    one = tiled(maker.batch(), rows)
    payload = b"".join(section(Section.STRING, 1, number.to_bytes(8, "little")) for number in range(rows))
    one.records["payload_at"], one.records["payload_len"] = range(0, 16 * rows, 16), 16
    store = Store()
    store.append_batch(Batch(one.records, np.frombuffer(payload, np.uint8), one.paths, one.cgroups), OFFSET)
    assert [chunk.count for chunk in store.chunks] == [CHUNK_ROWS - 1, 11]
    assert store.chunks[0].raw(Row(CHUNK_ROWS - 2)).payload == payload[16 * (CHUNK_ROWS - 2) : 16 * (CHUNK_ROWS - 1)]


def test_the_monitors_own_rows_carry_their_arguments() -> None:
    store = Store()
    assert store.append_monitor(MONITOR_DROPPED, {"count": 5}, 77) == 0
    chunk, row = store.locate(EventId(0))
    raw = chunk.raw(row)
    assert (raw.event, orjson.loads(raw.payload), int(chunk.time[row]), raw.duration) == (MONITOR_DROPPED, {"count": 5}, 77, -1)


def test_a_chunk_from_elsewhere_must_follow() -> None:
    store = Store()
    store.append_batch(reads(1, 2), OFFSET)
    store.seal()
    copy = store.chunks[0].part(np.arange(1))
    with pytest.raises(ValueError, match="0"):
        store.append_chunk(copy)
    copy.first = EventId(2)
    store.append_chunk(copy)
    assert (store.end, len(store.chunks)) == (3, 2)
    assert isinstance(store.chunks[1], Chunk)


def test_times_are_of_the_epoch_those_of_losses_too() -> None:
    maker = Maker(time_ns=5_000)
    maker.lost(3, "network", cpu=1)
    store = Store()
    store.append_batch(maker.batch(), OFFSET)
    chunk, row = store.locate(EventId(0))
    assert int(chunk.time[row]) == 6_000 + OFFSET
    assert chunk.registers(row) == (3, 2, 1, 5_000 + OFFSET, 5_500 + OFFSET, 0)


def test_a_chunk_that_was_let_go_needs_no_collector() -> None:
    store = Store(keep_events=64, chunk_rows=64)
    maker = Maker()
    gc.disable()
    try:
        for number in range(3 * 64):
            maker.open(b"/etc/%d" % number, pid=number)
        store.append_batch(maker.batch(), 0)
        first = [weakref.ref(chunk) for chunk in store.chunks]
        for number in range(4 * 64):
            maker.open(b"/var/%d" % number, pid=number)
        store.append_batch(maker.batch(), 0)
        assert [chunk() is None for chunk in first] == [True] * len(first)
    finally:
        gc.enable()
