"""Snapshots of the tree, their rows, and what hides."""

from __future__ import annotations

import numpy as np

from kellect_tui.session.process import Process, Thread
from kellect_tui.session.processes import Counts, Processes
from kellect_tui.session.procfs import ProcessSeed
from kellect_tui.session.proctree import Hiding, Snapshot, Tree

EPOCH = 1_700_000_000_000_000_000


class Story:
    """A table to which things happen a second apart."""

    def __init__(self) -> None:
        self.table = Processes()
        self.table.epoch_offset_ns = EPOCH
        init, kernel = (ProcessSeed(pid=pid, ppid=0, start_ns=10_000_000, comm=b"seed", kernel=pid == 2) for pid in (1, 2))
        self.table.seed([init, kernel])
        self.clock = 0

    def fork(self, pid: int, child: int, tid: int | None = None) -> None:
        self.clock += 1_000_000_000
        self.table.fork(
            time_ns=EPOCH + self.clock, pid=pid, child_pid=child, child_tid=tid or child, parent_pid=pid, start_ns=self.clock, comm=b"p%d" % (tid or child)
        )

    def exit(self, pid: int) -> None:
        process = self.at(pid)
        self.clock += 1_000_000_000
        self.table.exit(time_ns=EPOCH + self.clock, pid=pid, tid=pid, code=0, group_dead=True, start_ns=process.start_ns)

    def at(self, pid: int) -> Process:
        found = self.table.by_pid(pid)
        assert found is not None
        return found

    def numbers(self, *pids: int) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        snapshot = Snapshot(self.table)
        out = np.zeros(len(snapshot), np.bool_)
        out[[place for pid in pids if (place := snapshot.place_of(self.at(pid))) is not None]] = True
        return out


def pids(tree: Tree) -> list[int]:
    nodes = map(tree.node, range(len(tree)))
    return [node.tid if isinstance(node, Thread) else node.pid for node in nodes]


def family() -> Story:
    story = Story()
    story.fork(1, 10)
    story.fork(10, 11)
    story.fork(10, 12)
    story.fork(1, 20)
    story.fork(20, 21)
    return story


def test_rows_fold_and_know_their_lines() -> None:
    story = family()
    snapshot = Snapshot(story.table)
    rows = [Tree(snapshot).row(row) for row in range(7)]
    assert {row.process.pid: (row.depth, row.guides, row.last) for row in rows} == {
        1: (0, (), False), 10: (1, (), False), 11: (2, (False,), False), 12: (2, (False,), True), 20: (1, (), True), 21: (2, (True,), True), 2: (0, (), True),
    }  # fmt: skip
    folded = Tree(snapshot, folded=story.numbers(10))
    assert [(row.process.pid, row.expandable, row.expanded, row.hidden) for row in map(folded.row, range(len(folded)))] == [
        (1, True, True, 0), (10, True, False, 2), (20, True, True, 0), (21, False, False, 0), (2, False, False, 0),
    ]  # fmt: skip


def test_what_is_meant_keeps_the_way_to_it() -> None:
    story = family()
    tree = Tree(Snapshot(story.table), story.numbers(12))
    assert [(row.process.pid, row.matched, row.last) for row in map(tree.row, range(len(tree)))] == [(1, False, True), (10, False, True), (12, True, True)]


def test_siblings_are_ordered_and_threads_come_first() -> None:
    story = family()
    story.fork(10, 10, 15)
    snapshot = Snapshot(story.table, threads=True)
    assert pids(Tree(snapshot)) == [1, 10, 15, 11, 12, 20, 21, 2]
    assert pids(Tree(snapshot, keys=(-snapshot.column(lambda process: process.pid),))) == [2, 1, 20, 21, 10, 15, 12, 11]
    thread = Tree(snapshot).row(2)
    assert isinstance(thread.node, Thread)
    assert (thread.node.tid, thread.process.pid, thread.depth) == (15, 10, 2)
    assert snapshot.place_of(thread.node) == len(snapshot) - 1
    assert snapshot.column(lambda process: process.pid, of_thread=-1).tolist()[-1] == -1


def test_ended_and_kernel_threads_are_hidden_but_not_the_way_to_the_living() -> None:
    story = family()
    story.exit(11)
    story.exit(20)
    snapshot, now_ns = Snapshot(story.table), EPOCH + story.clock
    assert pids(Tree(snapshot, Hiding(kernel=True).shown(snapshot, now_ns))) == [1, 10, 11, 12, 20, 21]
    assert pids(Tree(snapshot, Hiding(ended_for_ns=0).shown(snapshot, now_ns))) == [1, 10, 12, 20, 21, 2]
    assert pids(Tree(snapshot, Hiding(ended_for_ns=1_000_000_000).shown(snapshot, now_ns))) == [1, 10, 11, 12, 20, 21, 2]


def test_amounts_are_own_or_of_the_subtree() -> None:
    story = family()
    for pid, events in ((10, 5), (11, 7), (21, 100)):
        story.table.credit(story.at(pid), Counts(events=events))
    snapshot = Snapshot(story.table)
    places = [place for pid in (1, 10, 11, 12, 20) if (place := snapshot.place_of(story.at(pid))) is not None]
    assert len(places) == 5
    assert snapshot.amounts("events")[places].tolist() == [0, 5, 7, 0, 0]
    assert snapshot.amounts("events", story.table.rollup())[places].tolist() == [112, 12, 7, 0, 100]
    story.table.sample(1)
    story.table.credit(story.at(11), Counts(events=30))
    story.table.sample(1_000_000_001)
    assert snapshot.rates()[places].tolist() == [0, 0, 30, 0, 0]
    assert snapshot.rates(story.table.rollup())[places].tolist() == [30, 30, 30, 0, 0]


def test_a_snapshot_stays_what_it_was() -> None:
    story = family()
    snapshot = Snapshot(story.table)
    gone = story.at(12)
    story.exit(12)
    story.fork(21, 30)
    assert pids(Tree(snapshot)) == [1, 10, 11, 12, 20, 21, 2]
    assert snapshot.place_of(gone) is not None
    assert snapshot.place_of(story.at(30)) is None
