"""Runs of equal reads and writes become one record; whatever else there is stays, and every total stays."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from kellect_tui.bpf.coalesce import coalesced
from kellect_tui.events.batch import Batch
from kellect_tui.events.catalogue import BY_ID, MONITOR_LOST
from kellect_tui.events.record import RUN_INFO, Flag
from tests.synthetic import START_NS, STEP_NS, Maker, session_of


def run_of(batch: Batch, index: int) -> tuple[int, ...]:
    """calls, bytes, total_ns, span_ns of a record; of a single call itself."""
    row = batch.records[index]
    if not row["flags"] & int(Flag.COALESCED):
        return 1, int(row["result"]), int(row["duration"]), int(row["duration"])
    at = int(row["payload_at"]) + 8
    return tuple(batch.payload[at : at + RUN_INFO.itemsize].view(RUN_INFO)[0].tolist())


def test_a_run_is_one_record_with_its_sums_at_the_time_of_its_last_call() -> None:
    maker = Maker()
    for number in range(5):
        maker.read(b"/a", result=100 + number, duration=10 + number, count=512)
    maker.close(b"/a")
    batch = coalesced(maker.batch())
    assert [BY_ID[number].name for number in batch.records["event"]] == ["file.read", "file.close"]
    assert run_of(batch, 0) == (5, 510, 60, 4 * STEP_NS + 10)
    assert batch.coalesced == 4
    last = START_NS + 5 * STEP_NS  # the first comes a step after the start
    assert (batch.records["result"][0], batch.records["duration"][0], batch.records["time"][0]) == (510, 60, last)


def test_what_differs_ends_a_run() -> None:
    """Another file, descriptor, size, thread's own other call, a failure, a short word between: each stands alone."""
    maker = Maker()
    differences: list[dict[str, Any]] = [
        {}, {"flags": int(Flag.OBJECT | Flag.CREATED)}, {"count": 8}, {"pid": 7, "tid": 7}, {"result": -11}, {"syscall": "pread64"}, {"inode": 9}, {"flags": 0},
        {"event": "file.write", "syscall": "write"}, {"path": b"/b"},
    ]  # fmt: skip
    for fields in differences:
        maker.read(**{"path": b"/a", **fields})
    assert len(coalesced(maker.batch()).records) == len(differences)


def test_what_others_carry_stays_theirs() -> None:
    """Also where the payload they lie in is much more than they need."""
    maker = Maker()
    maker.read(b"/a")
    maker.stat(b"/first", tid=9)
    maker.read(b"/a")
    maker.connect(tid=9)
    batch = maker.batch()
    wanted = [batch.payload[at : at + size].tobytes() for at, size in zip(batch.records["payload_at"], batch.records["payload_len"], strict=True) if size]
    wide = np.concatenate([np.zeros(4096, np.uint8), batch.payload, np.zeros(1 << 20, np.uint8)])
    batch.records["payload_at"] += np.where(batch.records["payload_len"] != 0, np.uint64(4096), np.uint64(0))
    folded = coalesced(Batch(batch.records, wide, batch.paths, batch.cgroups))
    others = folded.records[(folded.records["flags"] & int(Flag.COALESCED)) == 0]
    assert [folded.payload[at : at + size].tobytes() for at, size in zip(others["payload_at"], others["payload_len"], strict=True)] == wanted
    assert len(folded.payload) < 4096


def test_a_copy_is_two_runs() -> None:
    maker = Maker()
    for number in range(6):
        maker.read(b"/from", result=10 + number)
        maker.write(b"/to", result=10 + number)
    batch = coalesced(maker.batch())
    assert [BY_ID[number].name for number in batch.records["event"]] == ["file.read", "file.write"]
    assert [run_of(batch, index)[:2] for index in (0, 1)] == [(6, 75), (6, 75)]


def test_another_call_of_the_thread_ends_a_run_and_another_threads_call_does_not() -> None:
    maker = Maker()
    maker.read(b"/a", tid=1)
    maker.stat(b"/x", tid=2)
    maker.read(b"/a", tid=1)
    maker.stat(b"/x", tid=1)
    maker.read(b"/a", tid=1)
    batch = coalesced(maker.batch())
    assert [run_of(batch, index)[0] for index in range(len(batch.records))] == [1, 2, 1, 1]
    assert [BY_ID[number].name for number in batch.records["event"]] == ["file.stat", "file.read", "file.stat", "file.read"]


def test_no_run_reaches_across_a_loss() -> None:
    maker = Maker()
    maker.read(b"/a")
    maker.read(b"/a")
    maker.lost(5)
    maker.read(b"/a")
    batch = coalesced(maker.batch())
    assert batch.records["event"].tolist()[1] == MONITOR_LOST
    assert [run_of(batch, index)[0] for index in (0, 2)] == [2, 1]


def test_the_session_says_what_such_an_event_is_and_adds_up() -> None:
    maker = Maker()
    for _call in range(4):
        maker.write(b"/log", result=7, duration=3)
    maker.lost(2)
    maker.read(b"/a", result=1)
    session = session_of(coalesced(maker.batch()), finished=True)
    events = [session.store.event(number) for number in range(session.store.end)]  # type: ignore[arg-type]  # ids are numbers
    (written,) = [event for event in events if event.event_type == "file.write"]
    (single,) = [event for event in events if event.event_type == "file.read"]
    names = ("calls", "bytes", "total_ns", "span_ns")
    assert [written.arguments[name] for name in names] == [4, 28, 12, 3 * STEP_NS + 3]
    assert (written.result, written.duration_ns) == (28, 12)
    assert [single.arguments[name] for name in names] == [None] * 4
    stop = events[-1].arguments
    assert (stop["captured"], stop["coalesced"], stop["lost"]) == (2, 3, 2)


CALLS = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 1), st.sampled_from(["read", "write", "stat", "lost"]), st.integers(-2, 3)), max_size=60)


@given(CALLS)
def test_nothing_is_made_or_lost(calls: list[tuple[int, int, str, int]]) -> None:
    """Against a plain loop: the same runs, in the same order, with the same sums."""
    maker = Maker()
    wanted: list[list[Any]] = []
    open_runs: dict[int, dict[tuple[str, int], list[Any]]] = {}
    for tid, file, what, result in calls:
        path = b"/%d" % file
        if what == "lost":
            maker.lost(3)
            open_runs.clear()
            wanted.append(["lost", 0, 1, 0])
            continue
        if what == "stat":
            maker.stat(path, tid=tid)
        else:
            maker.read(path, tid=tid, result=result, event=f"file.{what}", syscall=what, duration=5)
        runs = open_runs.setdefault(tid, {})
        if what == "stat" or result < 0:
            runs.clear()
            wanted.append([what, tid, 1, result if what != "stat" else 0])
            continue
        entry = runs.setdefault((what, file), [what, tid, 0, 0])
        entry[2] += 1
        entry[3] += result
        wanted = [other for other in wanted if other is not entry] + [entry]  # it stands at its last call
    if not calls:
        return
    batch = coalesced(maker.batch())
    got = []
    for index, row in enumerate(batch.records):
        name = BY_ID[int(row["event"])].action
        count, moved, total, _span = run_of(batch, index) if name in ("read", "write") else (1, 0, 5, 0)
        assert name == "lost" or name == "stat" or total == 5 * count
        got.append([name, int(row["tid"]) if name != "lost" else 0, count, moved])
    assert got == wanted
    assert np.all(np.diff(batch.records["time"].astype(np.int64)) >= 0)
