"""A chunk says of every event what its record said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kellect_tui.events.batch import Batch
from kellect_tui.events.catalogue import ALL_TYPES, BY_NAME, MONITOR_LOST
from kellect_tui.events.record import Raw
from kellect_tui.session.chunk import KEPT, Chunk, ChunkWriter, EventId, Row
from kellect_tui.session.intern import SLICE_ROWS, Scratch
from kellect_tui.session.lives import raw_of
from tests.synthetic import EPOCH_OFFSET_NS, HOSTILE, Maker, mixed

USERS: Mapping[int, str] = {0: "root", 33: "www-data"}


def written(*batches: Batch, capacity: int = 65_536, seal: bool = False) -> Chunk:
    chunk = Chunk(EventId(0), capacity)
    writer = ChunkWriter(chunk, Scratch(), USERS.get)
    for batch in batches:
        writer.begin(batch.paths, batch.cgroups)
        for start in range(0, len(batch.records), SLICE_ROWS):
            writer.append(batch.records[start : start + SLICE_ROWS], batch.payload, EPOCH_OFFSET_NS)
    if seal:
        writer.seal()
    return chunk


def expected(batch: Batch, row: int) -> Raw:
    """The record as a decoder should see it, made without the chunk."""
    raw = raw_of(batch, batch.records[row : row + 1])
    args = raw.args
    if raw.event == MONITOR_LOST:
        args = (*args[:3], args[3] + EPOCH_OFFSET_NS, args[4] + EPOCH_OFFSET_NS, args[5])
    kept = KEPT[raw.event]
    duration = -1 if raw.duration == (1 << 64) - 1 else raw.duration
    return replace(raw, args=tuple(value if register in kept else 0 for register, value in enumerate(args)), duration=duration)


@given(st.integers(0, 1000), st.integers(1, 300), st.booleans())
def test_every_row_is_what_its_record_was(seed: int, rows: int, seal: bool) -> None:
    batch = mixed(rows, seed=seed)
    chunk = written(batch, seal=seal)
    assert chunk.count == rows
    assert [chunk.raw(Row(row)) for row in range(rows)] == [expected(batch, row) for row in range(rows)]
    assert chunk.time[:rows].tolist() == [int(time) + EPOCH_OFFSET_NS for time in batch.records["time"]]
    assert chunk.cpu[:rows].tolist() == batch.records["cpu"].tolist()
    for name in ("cgroup", "pid", "tid", "ppid", "uid", "gid", "ruid", "auid"):
        assert chunk.whos[name][chunk.who[:rows]].tolist() == batch.records[name].tolist()


def test_equal_values_share_their_codes() -> None:
    maker = Maker()
    for _ in range(100):
        maker.open(b"/etc/passwd")
        maker.close(b"/etc/passwd", inode=5)
    chunk = written(maker.batch())
    assert (len(chunk.whos), len(chunk.whats), chunk.paths) == (1, 2, [b"/etc/passwd"])
    assert len(chunk.payloads) == 2
    assert chunk.payloads[0] == b""


def test_no_type_loses_a_register_that_its_calls_use() -> None:
    assert KEPT[BY_NAME["file.read"].id] == (0, 2, 3)
    assert KEPT[BY_NAME["process.mmap"].id] == (0, 1, 2, 3, 4, 5)
    assert KEPT[BY_NAME["process.fork"].id] == KEPT[BY_NAME["process.exec"].id] == KEPT[MONITOR_LOST] == tuple(range(6))
    assert set(KEPT) == {row.id for row in ALL_TYPES}


def test_a_register_as_a_column() -> None:
    maker = Maker()
    for row in range(20):
        maker.read(b"/dev/zero", count=row)
        maker.close(b"/dev/zero")
    chunk = written(maker.batch())
    assert chunk.arg(2, slice(0, 40)).tolist() == [row // 2 if row % 2 == 0 else 0 for row in range(40)]
    assert chunk.arg(0, np.array([1, 2, 39])).tolist() == [3, 3, 3]
    assert chunk.arg(5, slice(0, 2)).tolist() == [0, 0]


def test_what_stands_behind_the_name_is_cut_off() -> None:
    maker = Maker()
    maker.read(b"/a", comm=b"sh\0rubbish")
    maker.read(b"/a", comm=b"sh\0other")
    chunk = written(maker.batch())
    assert chunk.whos["comm"].tolist() == [b"sh"]
    assert chunk.who[:2].tolist() == [0, 0]


def test_a_lost_path_is_told_from_no_path_and_found_when_its_text_comes() -> None:
    maker = Maker()
    maker.read(b"/a")
    maker.add("file.read", "read", (3, 0, 1))
    lost = replace(maker.batch(), paths={})
    maker.read(b"/a")
    chunk = written(lost, maker.batch())
    assert [(raw.path0, raw.lost_path) for raw in map(chunk.raw, map(Row, range(3)))] == [(None, True), (None, False), (b"/a", False)]


def test_control_groups_and_users_are_taken_along() -> None:
    maker = Maker(cgroups={})
    maker.read(b"/a", cgroup=5, uid=33)
    first = maker.batch()
    maker.read(b"/a", cgroup=6, uid=12345)
    second = replace(maker.batch(), cgroups={5: b"/late", 6: b"/user.slice"})
    chunk = written(first, second)
    assert chunk.cgroups == {5: b"/late", 6: b"/user.slice"}
    assert chunk.users == {33: "www-data", 12345: None}


@given(st.integers(0, 1000), st.lists(st.integers(0, 199), unique=True))
def test_a_part_holds_its_rows_and_nothing_else(seed: int, chosen: list[int]) -> None:
    batch = mixed(200, seed=seed)
    chunk = written(batch, seal=True)
    rows = np.array(sorted(chosen), np.int64)
    part = chunk.part(rows)
    assert part.sealed
    assert [part.raw(Row(row)) for row in range(part.count)] == [chunk.raw(Row(row)) for row in rows.tolist()]
    used = [chunk.raw(Row(row)) for row in rows.tolist()]
    assert set(part.paths) == {path for raw in used for path in (raw.path0, raw.path1) if path is not None}
    assert set(part.payloads) == {b""} | {raw.payload for raw in used}


def test_sealing_keeps_everything_and_lets_go_of_spare_room() -> None:
    batch = mixed(1000)
    open_chunk, sealed = written(batch), written(batch, seal=True)
    assert [sealed.raw(Row(row)) for row in range(1000)] == [open_chunk.raw(Row(row)) for row in range(1000)]
    assert len(sealed.time) == 1000
    assert sealed.nbytes < open_chunk.nbytes


def test_room_is_left_for_a_new_value_in_every_row() -> None:
    chunk = Chunk(EventId(0))
    writer = ChunkWriter(chunk, Scratch(), USERS.get)
    assert writer.room == 65_535  # code 0 is the empty payload


@pytest.mark.parametrize("name", HOSTILE)
def test_names_that_want_to_hurt_are_bytes_here(name: bytes) -> None:
    maker = Maker()
    maker.open(name)
    raw = written(maker.batch()).raw(Row(0))
    assert raw.path0 == name
    assert name in raw.payload
