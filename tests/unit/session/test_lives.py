"""Forks, execs and exits reach the tree, from batches and from chunks alike."""

from __future__ import annotations

from typing import Any

import pytest

from kellect_tui.events.record import NO_DURATION, Flag
from kellect_tui.session.lives import feed, feed_rows
from kellect_tui.session.process import Killer
from kellect_tui.session.processes import Processes
from tests.synthetic import EPOCH_OFFSET_NS, STEP_NS, Maker, mixed, session_of


def family() -> Maker:
    maker = Maker()
    maker.fork(5000, pid=4121)
    maker.exec(b"/usr/bin/python3", (b"python3", b"-m", b"http.server"), pid=5000)
    maker.fork(5000, child_tid=5001, pid=5000, comm=b"python3")
    maker.exit(pid=5000, tid=5001, comm=b"python3", group_dead=False)
    maker.exit(pid=5000, comm=b"python3", signal=9)
    return maker


def test_a_life_from_fork_to_exit() -> None:
    table = Processes()
    table.epoch_offset_ns = EPOCH_OFFSET_NS
    feed(table, family().batch(), EPOCH_OFFSET_NS, "x86_64")
    child = table.by_pid(5000)
    assert child is not None
    assert child.forked_by is table.by_pid(4121)
    assert (child.comm, child.path, child.argv) == ("python3", "/usr/bin/python3", ("python3", "-m", "http.server"))
    assert (child.threads_started, child.exit_signal, child.exit_status, child.running) == (2, 9, None, False)


def test_hidden_records_feed_the_tree_only() -> None:
    maker = Maker()
    maker.fork(5000, flags=int(Flag.HIDDEN))
    session = session_of(maker.batch())
    assert session.processes.by_pid(5000) is not None
    assert session.ledger.captured == 0


def test_a_failed_exec_changes_nothing() -> None:
    maker = Maker()
    maker.add("process.exec", "execve", (0, 0), result=-2)
    table = Processes()
    feed(table, maker.batch(), EPOCH_OFFSET_NS, "x86_64")
    assert len(table) == 0


def test_an_exec_that_was_only_asked_for_changes_nothing() -> None:
    maker = Maker()
    maker.add("process.exec", "execveat", (3, 0, 0, 0, 0x10000), result=0, flags=int(Flag.CHECKED))
    table = Processes()
    feed(table, maker.batch(), EPOCH_OFFSET_NS, "x86_64")
    assert len(table) == 0


def test_a_chunk_tells_the_same_as_its_batch() -> None:
    batch = mixed(2000)
    from_batch, from_chunks = Processes(), Processes()
    feed(from_batch, batch, EPOCH_OFFSET_NS, "x86_64")
    for chunk in session_of(batch, chunk_rows=300).store.chunks:
        feed_rows(from_chunks, chunk)
    assert from_chunks.to_json() == from_batch.to_json()


def told(maker: Maker) -> Processes:
    table = Processes()
    table.epoch_offset_ns = EPOCH_OFFSET_NS
    feed(table, maker.batch(), EPOCH_OFFSET_NS, "x86_64")
    return table


def test_what_the_kernel_says_of_a_task_besides() -> None:
    maker = Maker()
    maker.fork(5000, pid=2, flags=int(Flag.KERNEL))
    maker.fork(6000, pid=4121)
    maker.exec(b"/bin/x", pid=6000)
    maker.exit(pid=6000, status=7, group_status=5)
    table = told(maker)
    kernel, process = table.by_pid(5000), table.by_pid(6000)
    assert kernel is not None
    assert process is not None
    assert (kernel.kernel, process.kernel) == (True, False)
    assert (process.cwd, process.exit_status, process.cgroup) == ("/root", 5, "/system.slice/nginx.service")


@pytest.mark.parametrize(
    ("how", "guilty"),
    [({}, True), ({"syscall": "tgkill"}, True), ({"result": -1}, False), ({"told": False}, False), ({"duration": NO_DURATION}, False), ({"signal": 17}, False)],
)
def test_kills_are_told(how: dict[str, Any], guilty: bool) -> None:
    maker = Maker()
    maker.fork(6000, pid=4121)
    arguments: dict[str, Any] = {"signal": 15, "duration": 300, "pid": 77, "comm": b"sender"} | how
    maker.kill(6000, arguments.pop("signal"), **arguments)
    entered = maker.time_ns + EPOCH_OFFSET_NS - 300
    maker.exit(pid=6000, signal=int(how.get("signal", 15)))
    process = told(maker).by_pid(6000)
    assert process is not None
    assert process.killed_by == (Killer(77, "sender", 15, entered) if guilty else None)


def test_of_a_storm_of_signals_those_that_can_have_ended_it_are_told() -> None:
    maker = Maker()
    for pid in (6000, 6001):
        maker.fork(pid, pid=4121)
    for number in range(300):
        maker.kill(6000 + number % 2, 15, pid=77 + number % 3, comm=b"sender")
    last = maker.time_ns
    for pid in (6000, 6001):
        maker.exit(pid=pid, signal=15)
    table = told(maker)
    for pid, sender, time_ns in ((6001, 77 + 299 % 3, last), (6000, 77 + 298 % 3, last - STEP_NS)):
        process = table.by_pid(pid)
        assert process is not None
        assert process.killed_by == Killer(sender, "sender", 15, time_ns - 3_100 + EPOCH_OFFSET_NS)
