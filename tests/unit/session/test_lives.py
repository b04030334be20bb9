"""Forks, execs and exits reach the tree, from batches and from chunks alike."""

from __future__ import annotations

from kellect_tui.events.record import Flag
from kellect_tui.session.lives import feed, feed_rows
from kellect_tui.session.processes import Processes
from tests.synthetic import EPOCH_OFFSET_NS, Maker, mixed, session_of


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


def test_a_chunk_tells_the_same_as_its_batch() -> None:
    batch = mixed(2000)
    from_batch, from_chunks = Processes(), Processes()
    feed(from_batch, batch, EPOCH_OFFSET_NS, "x86_64")
    for chunk in session_of(batch, chunk_rows=300).store.chunks:
        feed_rows(from_chunks, chunk)
    assert from_chunks.to_json() == from_batch.to_json()
