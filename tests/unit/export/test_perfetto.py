"""Traces keep the format's rules, hold every event, and never put two processes on one track."""

from __future__ import annotations

import io
import json
import struct
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kellect_tui.events.record import NONE_REGISTER, Event, Flag, Section
from kellect_tui.export import export
from kellect_tui.session.chunk import Row as ChunkRow
from kellect_tui.session.session import Session
from tests.synthetic import HOSTILE, STEP_NS, Maker, section, session_of
from tests.unit.export.trace_rules import faults

Row = dict[str, Any]
LIFE = 1 << 22


def traced(session: Session) -> list[Row]:
    file = io.BytesIO()
    export(session, file, "perfetto")
    rows: list[Row] = json.loads(file.getvalue())
    return rows


def cloned(maker: Maker, child: int, **who: Any) -> None:
    """The call that made a task returns; it began before the fork."""
    payload = section(Section.CHILD, NONE_REGISTER, struct.pack("<IIQQ", child, 0, 0, 0))
    maker.add("process.clone", "clone", (17,), payload, result=child, duration=STEP_NS + 300, **who)


def lively(seed: int, steps: int) -> Maker:
    """Processes and threads that live, each making one call at a time, and ends that are sometimes lost."""
    import random

    chance = random.Random(seed)
    maker = Maker()
    alive: dict[int, list[int]] = {100: [100]}
    free = list(range(101, 125))
    for _ in range(steps):
        pid = chance.choice(list(alive))
        tid = chance.choice(alive[pid])
        who: dict[str, Any] = {"pid": pid, "tid": tid, "comm": b"p%d" % pid}
        kind = chance.randrange(8)
        if kind == 0 and free:
            child = free.pop(chance.randrange(len(free)))
            maker.fork(child, comm=b"p%d" % pid, **{key: value for key, value in who.items() if key != "comm"})
            cloned(maker, child, **who)
            alive[child] = [child]
        elif kind == 1 and free:
            task = free.pop()
            maker.fork(pid, child_tid=task, comm=b"p%d" % pid, **{key: value for key, value in who.items() if key != "comm"})
            cloned(maker, task, **who)
            alive[pid].append(task)
        elif kind == 2 and len(alive[pid]) == 1:
            maker.exec(chance.choice(HOSTILE), [b"a", chance.choice(HOSTILE)], pid=pid, duration=700)
        elif kind == 3 and len(alive) > 1:
            last = len(alive[pid]) == 1
            if chance.random() < 0.9:
                maker.exit(status=chance.randrange(3), group_dead=last, **who)
            alive[pid].remove(tid)
            free.append(tid) if tid != pid or last else None
            if last:
                del alive[pid]
                if pid != tid:
                    free.append(pid)
        elif kind == 4:
            maker.add("process.kill", "kill", (1, 15), result=0, duration=300, **who)
        else:
            maker.read(b"/f", duration=chance.choice([0, 1, 999]), **who)
    return maker


@settings(max_examples=60)
@given(st.integers(0, 1 << 30))
def test_the_rules_of_the_format_hold(seed: int) -> None:
    session = session_of(lively(seed, 300).batch(), finished=True)
    rows = traced(session)
    assert faults(rows) == []


def test_every_event_is_there_at_its_time() -> None:
    session = session_of(lively(7, 400).batch(), finished=True)
    rows = traced(session)
    events: list[Event] = [chunk.event_at(ChunkRow(row)) for chunk in session.store.chunks for row in range(chunk.count)]
    begun = events[0].time_ns
    calls = sorted((event.time_ns - (event.duration_ns or 0) - begun, event.duration_ns, event.syscall) for event in events if event.syscall)
    slices = sorted((round(row["ts"] * 1000), round(row["dur"] * 1000), row["name"]) for row in rows if row["ph"] == "X")
    assert slices == calls
    ends = [event for event in events if event.event_type == "process.exit"]
    assert len([row for row in rows if row["ph"] == "i" and row["name"].startswith("exit ")]) == len(ends)
    assert len([row for row in rows if row["ph"] == "s"]) == sum(event.event_type == "process.fork" and not event.arguments["thread"] for event in events)
    assert [row["name"] for row in rows if row.get("cat") == "monitor"] == ["monitor.start", "monitor.stop"]


def test_a_number_used_again_is_another_track() -> None:
    maker = Maker()
    maker.fork(200, pid=100, comm=b"first")
    maker.read(b"/a", pid=200, comm=b"first")
    maker.exit(pid=200, comm=b"first")
    maker.fork(200, pid=100, comm=b"second")
    maker.read(b"/b", pid=200, comm=b"second")
    rows = traced(session_of(maker.batch(), finished=True))
    names = {row["pid"]: row["args"]["name"] for row in rows if row["name"] == "process_name"}
    assert names == {100: "second", 200: "first", 200 + LIFE: "second"}  # the forker's name is its last
    assert [row["pid"] for row in rows if row["ph"] == "X"] == [200, 200 + LIFE]


def test_an_exec_from_a_thread_stands_on_that_thread_s_track() -> None:
    maker = Maker()
    maker.fork(200, pid=100)
    maker.fork(200, child_tid=201, pid=200)
    maker.read(b"/a", pid=200, duration=900)
    maker.exit(pid=200, tid=200, group_dead=False)
    maker.exec(b"/bin/ls", [b"ls"], pid=200, duration=2500)
    maker.rows[-1]["args"] = (201, *maker.rows[-1]["args"][1:])  # the thread that called
    maker.read(b"/b", pid=200, duration=300)
    rows = traced(session_of(maker.batch(), finished=True))
    assert faults(rows) == []
    slices = [(row["pid"], row["tid"], row["name"]) for row in rows if row["ph"] == "X"]
    assert slices == [(200, 200, "read"), (200, 201, "execve"), (200, 200, "read")]
    assert [(row["ph"], row["name"]) for row in rows if row["ph"] in "BE"] == [("B", "nginx"), ("E", "nginx"), ("B", "ls")]


def test_each_program_is_a_slice_of_its_own() -> None:
    maker = Maker()
    maker.fork(200, pid=100)
    maker.exec(b"/bin/sh", [b"sh"], pid=200, duration=300)
    maker.exec(b"/bin/ls", [b"ls"], pid=200, duration=300)
    maker.exit(pid=200)
    rows = [row for row in traced(session_of(maker.batch(), finished=True)) if row["ph"] in "BE"]
    assert [(row["ph"], row["name"], row["ts"]) for row in rows] == [
        ("B", "nginx", 1), ("E", "nginx", 2), ("B", "sh", 2), ("E", "sh", 3), ("B", "ls", 3), ("E", "ls", 4),
    ]  # fmt: skip


def test_a_program_that_was_only_asked_for_does_not_run() -> None:
    maker = Maker()
    maker.exec(b"/bin/sh", [b"sh"], pid=200, duration=300)
    maker.add("process.exec", "execveat", (3, 0, 0, 0, 0x10000), pid=200, result=0, duration=300, flags=int(Flag.CHECKED))
    maker.exit(pid=200)
    rows = [row for row in traced(session_of(maker.batch(), finished=True)) if row["ph"] in "BE"]
    assert [(row["ph"], row["name"]) for row in rows] == [("B", "sh"), ("E", "sh")]


def test_a_call_whose_beginning_was_not_seen_is_a_moment() -> None:
    maker = Maker()
    maker.read(b"/a", duration=(1 << 64) - 1)
    (row,) = [row for row in traced(session_of(maker.batch(), finished=True)) if row["name"] == "read"]
    assert (row["ph"], row["s"]) == ("i", "t")


def test_hostile_names_come_back_from_the_json() -> None:
    maker = Maker()
    for path in HOSTILE:
        maker.open(path)
    session = session_of(maker.batch(), finished=True)
    shown = [chunk.event_at(ChunkRow(row)).arguments.get("path") for chunk in session.store.chunks for row in range(chunk.count)]
    assert [row["args"]["path"] for row in traced(session) if row["name"] == "openat"] == [path for path in shown if path]


def test_an_arrow_leaves_only_from_a_slice_that_is_there() -> None:
    maker = Maker()
    maker.fork(200, pid=100)  # whose clone is not here
    maker.fork(201, pid=200)  # from the slice of its program
    maker.fork(202, pid=100)
    cloned(maker, 202, pid=100)
    rows = traced(session_of(maker.batch(), finished=True))
    assert faults(rows) == []
    assert [(row["ph"], row["pid"]) for row in rows if row["ph"] in "sf"] == [("s", 200), ("f", 201), ("s", 100), ("f", 202)]


@pytest.mark.parametrize("broken", ["overlap", "open arrow", "end", "name"])
def test_the_rules_find_what_is_wrong(broken: str) -> None:
    rows: list[Row] = [{"ph": "X", "pid": 1, "tid": 1, "ts": 1.0, "dur": 2.0, "name": "a", "cat": "c"}]
    rows += {
        "overlap": [{"ph": "X", "pid": 1, "tid": 1, "ts": 2.0, "dur": 2.0, "name": "b", "cat": "c"}],
        "open arrow": [{"ph": "s", "pid": 1, "tid": 1, "ts": 2.0, "id": 1, "name": "n"}],
        "end": [{"ph": "E", "pid": 1, "tid": 1, "ts": 9.0, "name": "n"}],
        "name": [{"ph": "M", "pid": 1, "tid": 1, "name": "thread_name", "args": {"name": "n"}}] * 2,
    }[broken]
    assert len(faults(rows)) == 1
