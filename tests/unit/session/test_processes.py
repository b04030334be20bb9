"""The tree of processes: who lives, who ended how, who stands under whom, and what each did."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kellect_tui.events.catalogue import BY_NAME, EXIT, MONITOR_LOST
from kellect_tui.events.record import NO_SYSCALL, Flag
from kellect_tui.events.syscalls import native
from kellect_tui.session.killers import KILL_NS
from kellect_tui.session.processes import Birth, Counts, Killer, Process, Processes, ProcessSeed, snapshot
from kellect_tui.session.proctree import Snapshot, Tree, TreeRow

EPOCH = 1_700_000_000_000_000_000
WHO = np.dtype([("comm", "S16"), ("pid", "<u4"), ("tid", "<u4"), ("ppid", "<u4"), ("uid", "<u4")])


class Story:
    """Tells a table of processes what happens, one clock tick after another."""

    def __init__(self, **options: Any) -> None:
        self.table = Processes(**options)
        self.table.epoch_offset_ns = EPOCH
        self.clock = 1_000_000_000

    def tick(self) -> int:
        self.clock += 1_000_000_000
        return self.clock

    def fork(self, pid: int, child: int, *, parent: int | None = None, comm: bytes = b"sh") -> int:
        start = self.tick()
        self.table.fork(time_ns=EPOCH + start, pid=pid, child_pid=child, child_tid=child, parent_pid=parent or pid, start_ns=start, comm=comm)
        return start

    def thread(self, pid: int, tid: int) -> None:
        start = self.tick()
        self.table.fork(time_ns=EPOCH + start, pid=pid, child_pid=pid, child_tid=tid, parent_pid=pid, start_ns=start)

    def exec(self, pid: int, start: int, *argv: str) -> None:
        self.table.exec(time_ns=EPOCH + self.tick(), pid=pid, start_ns=start, comm=argv[0].rpartition("/")[2].encode(), argv=argv, path=argv[0], uid=1000)

    def exit(self, pid: int, start: int, code: int = 0, *, tid: int | None = None, group_dead: bool = True) -> int:
        time = EPOCH + self.tick()
        self.table.exit(time_ns=time, pid=pid, tid=pid if tid is None else tid, code=code, group_dead=group_dead, start_ns=start)
        return time

    def shape(self) -> list[tuple[int, int]]:
        return [(row.depth, row.process.pid) for row in rows(self.table)]


def rows(table: Processes) -> list[TreeRow]:
    tree = Tree(Snapshot(table))
    return list(map(tree.row, range(len(tree))))


def who(*rows: tuple[bytes, int, int, int, int]) -> np.ndarray[Any, Any]:
    return np.array(list(rows), WHO)


def count(table: Processes, whos: np.ndarray[Any, Any], *rows: tuple[int, int, int, int], **options: Any) -> None:
    """Count rows of (who code, event, result, duration)."""
    codes, events, results, durations = (np.array(column) for column in zip(*rows, strict=True))
    syscalls = np.full(len(rows), options.pop("syscall", 0), np.uint16)
    table.count(whos, codes.astype(np.uint16), events, syscalls, np.full(len(rows), options.pop("flags", 0), np.uint32), results, durations, **options)


def seeds() -> list[ProcessSeed]:
    return [
        ProcessSeed(pid=50, ppid=1, start_ns=500_000_000, comm=b"bash", argv=(b"-bash",), path=b"/bin/bash", uid=1000, threads=1),
        ProcessSeed(pid=1, ppid=0, start_ns=10_000_000, comm=b"init", argv=(b"/sbin/init",), path=b"/sbin/init", uid=0),
        ProcessSeed(pid=2, ppid=0, start_ns=10_000_000, comm=b"kthreadd", uid=0),
    ]


def test_seeds_form_a_tree_whatever_their_order() -> None:
    story = Story()
    story.table.seed(seeds())
    assert story.shape() == [(0, 1), (1, 50), (0, 2)]
    bash = story.table.by_pid(50)
    assert bash is not None
    assert (bash.comm, bash.argv, bash.path, bash.uid, bash.started_ns, bash.label) == ("bash", ("-bash",), "/bin/bash", 1000, EPOCH + 500_000_000, "-bash")
    assert story.table.by_pid(2).label == "[kthreadd]"  # type: ignore[union-attr]  # it was seeded


def test_an_event_sharpens_a_seeds_start_within_its_tick() -> None:
    story = Story()
    story.table.seed(seeds())
    bash = story.table.by_pid(50)
    story.exec(50, 507_654_321, "/bin/ls")
    assert story.table.by_pid(50) is bash
    assert bash is not None
    assert (bash.start_ns, bash.comm, bash.executed) == (507_654_321, "ls", 1)


def test_a_fork_inherits_and_an_exec_replaces() -> None:
    story = Story()
    story.table.seed(seeds())
    start = story.fork(50, 60, comm=b"bash")
    child = story.table.by_pid(60)
    assert child is not None
    assert (child.argv, child.path, child.uid, child.comm, child.executed) == (("-bash",), "/bin/bash", 1000, "bash", 0)
    story.exec(60, start, "/usr/bin/make", "all")
    assert (child.argv, child.path, child.comm, child.executed) == (("/usr/bin/make", "all"), "/usr/bin/make", "make", 1)
    assert child.identity == (60, start)


@pytest.mark.parametrize(
    ("code", "status", "signal", "core"),
    [(3 << 8, 3, None, False), (9, None, 9, False), (11 | 0x80, None, 11, True), (0, 0, None, False)],
)
def test_an_end_says_how(code: int, status: int | None, signal: int | None, core: bool) -> None:
    story = Story()
    start = story.fork(1, 60)
    end = story.exit(60, start, code)
    process = story.table.by_pid(60)
    assert process is not None
    assert (process.running, process.exit_status, process.exit_signal, process.core_dumped, process.thread_count) == (False, status, signal, core, 0)
    assert process.lifetime_ns == end - EPOCH - start


def test_a_pid_that_is_used_again_is_another_process() -> None:
    story = Story()
    first = story.fork(1, 60, comm=b"first")
    ended = story.exit(60, first)
    second = story.fork(1, 60, comm=b"second")
    assert story.table.by_pid(60).comm == "second"  # type: ignore[union-attr]  # just forked
    assert story.table.by_pid(60, ended).comm == "first"  # type: ignore[union-attr]
    assert story.table.by_pid(60, EPOCH + second).comm == "second"  # type: ignore[union-attr]
    assert story.shape() == [(0, 1), (1, 60), (1, 60)]


def test_a_lost_exit_is_concluded_when_the_pid_is_used_again() -> None:
    story = Story()
    story.fork(1, 60)
    second = story.fork(1, 60)
    first = story.table.by_pid(60, EPOCH + second - 1)
    assert first is not None
    assert (first.running, first.exit_seen, first.ended_ns, first.exit_status) == (False, False, EPOCH + second, None)


def test_threads_are_counted_under_their_process() -> None:
    story = Story()
    start = story.fork(1, 60)
    story.thread(60, 61)
    story.thread(60, 62)
    process = story.table.by_pid(60)
    assert process is not None
    assert (process.thread_count, process.threads_started) == (3, 3)
    story.exit(60, 0, tid=61, group_dead=False)
    assert (process.thread_count, process.running) == (2, True)
    assert story.shape() == [(0, 1), (1, 60)]
    story.exit(60, start, 5 << 8)
    assert (process.thread_count, process.exit_status) == (0, 5)


def test_a_leader_that_ends_first_does_not_end_the_process() -> None:
    story = Story()
    start = story.fork(1, 60)
    story.thread(60, 61)
    story.exit(60, start, group_dead=False)
    process = story.table.by_pid(60)
    assert process is not None
    assert (process.running, process.leader_gone, process.thread_count) == (True, True, 1)
    story.exit(60, start + 77, 7 << 8, tid=61)
    assert (process.running, process.exit_status) == (False, 7)
    assert len(story.table) == 2


def test_an_exec_from_another_thread_keeps_the_process() -> None:
    story = Story()
    start = story.fork(1, 60)
    story.thread(60, 61)
    story.exit(60, start, group_dead=False)  # the old leader, replaced
    story.exec(60, start, "/bin/true")
    process = story.table.by_pid(60)
    assert process is not None
    assert (process.running, process.thread_count, process.leader_gone, process.path) == (True, 1, False, "/bin/true")


def test_orphans_stay_under_their_forker_and_are_marked() -> None:
    story = Story()
    start = story.fork(1, 60)
    story.fork(60, 61)
    child = story.table.by_pid(61)
    assert child is not None
    assert (child.orphaned, child.ppid) == (False, 60)
    story.exit(60, start)
    count(story.table, who((b"sh", 61, 61, 1, 0)), (0, BY_NAME["file.close"].id, 0, 10))
    assert (child.orphaned, child.ppid) == (True, 1)
    assert story.shape() == [(0, 1), (1, 60), (2, 61)]


def test_clone_parent_stands_under_its_forker() -> None:
    story = Story()
    story.fork(1, 60)
    story.fork(60, 61, parent=1)
    child = story.table.by_pid(61)
    assert child is not None
    assert child.forked_by is story.table.by_pid(60)
    assert (child.ppid, child.orphaned) == (1, False)


def test_a_fork_already_seen_in_the_snapshot_is_the_same_process() -> None:
    story = Story()
    story.table.seed([ProcessSeed(pid=60, ppid=1, start_ns=2_000_000_000, comm=b"sh"), *seeds()])
    story.clock = 1_000_500_000
    start = story.fork(50, 60)
    assert start == 2_000_500_000
    assert len(story.table) == 4
    process = story.table.by_pid(60)
    assert process is not None
    assert process.start_ns == start


def test_an_older_life_that_comes_late_does_not_end_the_newer_one() -> None:
    story = Story()
    story.table.seed([ProcessSeed(pid=60, ppid=0, start_ns=9_000_000_000, comm=b"new")])
    start = story.fork(1, 60, comm=b"old")
    story.exit(60, start)
    assert [(process.comm, process.running) for process in story.table.all() if process.pid == 60] == [("new", True), ("old", False)]
    assert story.table.by_pid(60).comm == "new"  # type: ignore[union-attr]  # it was seeded


def test_exited_ones_are_kept_up_to_a_bound_and_the_oldest_leaf_goes_first() -> None:
    story = Story(keep_exited=3)
    for pid in range(60, 66):
        story.exit(pid, story.fork(1, pid))
    assert [process.pid for process in story.table.all()] == [1, 63, 64, 65]
    assert story.table.forgotten == 3


def test_an_exited_parent_outlives_its_children_in_the_tree() -> None:
    story = Story(keep_exited=2)
    parent = story.fork(1, 60)
    child = story.fork(60, 61)
    story.exit(60, parent)
    for pid in (70, 71, 72):
        story.exit(pid, story.fork(1, pid))
    assert story.shape() == [(0, 1), (1, 60), (2, 61), (1, 72)]
    story.exit(61, child)
    assert story.shape() == [(0, 1), (1, 60), (2, 61)]
    story.exit(80, story.fork(1, 80))
    assert story.shape() == [(0, 1), (1, 60), (1, 80)]


def test_a_daemon_that_forks_itself_on_and_on_stays_bounded() -> None:
    story = Story(keep_exited=10)
    start = story.fork(1, 100)
    for pid in range(100, 400):
        following = story.fork(pid, pid + 1)
        story.exit(pid, start)
        start = following
    assert len(story.table) == 12
    assert story.shape()[-1] == (11, 400)
    assert max(len(row.guides) for row in rows(story.table)) == 10


def test_counts_of_a_batch() -> None:
    story = Story()
    story.fork(1, 60)
    read, write, send, receive, opened = (BY_NAME[name].id for name in ("file.read", "file.write", "network.send", "network.receive", "file.open"))
    whos = who((b"sh", 60, 60, 1, 0), (b"sh", 60, 61, 1, 0), (b"other", 99, 99, 60, 7))
    count(
        story.table, whos,
        (0, read, 100, 5), (1, read, 23, 7), (0, read, -11, 1), (0, write, 1000, -1), (1, send, 40, 2), (0, receive, 2, 3), (2, opened, -2, 9),
        (0, opened, -512, 4), (0, MONITOR_LOST, 0, -1),
    )  # fmt: skip
    process, other = story.table.by_pid(60), story.table.by_pid(99)
    assert process is not None
    assert other is not None
    assert process.counts == Counts(events=7, failures=1, read=123, written=1000, sent=40, received=2, time_ns=22, file=5, network=2)
    assert (other.counts, other.comm, other.uid, other.forked_by) == (Counts(events=1, failures=1, time_ns=9, file=1), "other", 7, process)
    assert story.table.totals(process) == Counts(events=8, failures=2, read=123, written=1000, sent=40, received=2, time_ns=31, file=6, network=2)
    assert story.table.rollup().subtree(process) == story.table.totals(process)
    assert (process.errnos, other.errnos) == ({11: 1}, {2: 1})


def test_what_is_no_call_neither_fails_nor_moves_bytes() -> None:
    story = Story()
    count(story.table, who((b"sh", 60, 60, 1, 0)), (0, BY_NAME["process.exit"].id, -5, -1), flags=int(Flag.NO_RESULT), syscall=NO_SYSCALL)
    assert story.table.by_pid(60).counts == Counts(events=1, process=1)  # type: ignore[union-attr]  # it was counted


def test_bytes_of_many_messages_are_asked_for() -> None:
    story = Story()
    send = BY_NAME["network.send"].id
    whos = who((b"sh", 60, 60, 1, 0))
    count(story.table, whos, (0, send, 3, 1), (0, send, -11, 1), syscall=native()["sendmmsg"], moved={0: 4_321}.get)
    assert story.table.by_pid(60).counts == Counts(events=2, failures=1, sent=4_321, time_ns=2, network=2)  # type: ignore[union-attr]


def test_the_last_row_of_a_batch_tells_comm_and_uid() -> None:
    story = Story()
    story.fork(1, 60)
    close = BY_NAME["file.close"].id
    whos = who((b"new\0rubbish", 60, 60, 1, 33), (b"old", 60, 60, 1, 0), (b"worker", 60, 61, 1, 5))
    count(story.table, whos, (1, close, 0, 1), (0, close, 0, 1), (2, close, 0, 1))
    process = story.table.by_pid(60)
    assert process is not None
    assert (process.comm, process.uid) == ("new", 33)


def test_a_thread_that_tells_of_its_end_after_the_process_starts_no_new_life() -> None:
    story = Story()
    start = story.fork(1, 60)
    story.thread(60, 61)
    end = story.exit(60, start)
    story.exit(60, 0, tid=61, group_dead=False)
    count(story.table, who((b"sh", 60, 61, 1, 0)), (0, EXIT, 0, -1), flags=int(Flag.NO_RESULT), times=np.array([end + 5]))
    assert [(process.pid, process.running) for process in story.table.all()] == [(1, True), (60, False)]


def test_what_a_pid_does_after_its_end_is_a_new_life_whose_fork_was_lost() -> None:
    story = Story()
    end = story.exit(60, story.fork(1, 60))
    close = BY_NAME["file.close"].id
    whos = who((b"old", 60, 60, 1, 0))
    count(story.table, whos, (0, close, 0, 1), times=np.array([end]))
    count(story.table, who((b"next", 60, 60, 1, 0)), (0, close, 0, 1), times=np.array([end + 1]))
    assert [(process.comm, process.running, process.counts.events) for process in story.table.all()[1:]] == [("sh", False, 1), ("next", True, 1)]


def test_version_changes_with_the_structure_only() -> None:
    story = Story()
    start = story.fork(1, 60, comm=b"sh")
    before = story.table.version
    count(story.table, who((b"sh", 60, 60, 1, 0)), (0, BY_NAME["file.close"].id, 0, 1))
    assert story.table.version == before
    story.exec(60, start, "/bin/ls")
    assert story.table.version > before


def test_ancestry_and_descendants() -> None:
    story = Story()
    story.fork(1, 10)
    story.fork(10, 11)
    story.fork(10, 12)
    eleven, ten = story.table.by_pid(11), story.table.by_pid(10)
    assert eleven is not None
    assert ten is not None
    assert [process.pid for process in story.table.ancestry(eleven)] == [10, 1]
    assert [process.pid for process in story.table.descendants(ten)] == [10, 11, 12]


def test_hostile_comms_become_text() -> None:
    story = Story()
    story.fork(1, 60, comm=b"\xff\x1b[2J")
    assert story.table.by_pid(60).comm == "\\xff\x1b[2J"  # type: ignore[union-attr]  # just forked


ACTIONS = st.lists(st.tuples(st.sampled_from(["fork", "exit", "exec", "thread", "leader"]), st.integers(1, 6), st.integers(2, 6)), max_size=60)


@given(ACTIONS, st.integers(1, 4))
def test_whatever_happens_the_table_stays_whole(actions: list[tuple[str, int, int]], keep: int) -> None:
    story = Story(keep_exited=keep)
    starts: dict[int, int] = {}
    for action, pid, child in actions:
        if action == "fork" and pid != child:
            starts[child] = story.fork(pid, child)
        elif action == "exit":
            story.exit(child, starts.get(child, 0))
        elif action == "exec":
            story.exec(child, starts.get(child, 0), "/bin/x")
        elif action == "thread":
            story.thread(child, child + 100)
        elif action == "leader":
            story.exit(child, starts.get(child, 0), group_dead=False)
    table = story.table
    everyone = table.all()
    assert sum(not process.running for process in everyone) <= keep
    assert {row.process for row in rows(table)} == set(everyone)
    assert len(table) == len(everyone)
    assert table.running == sum(process.running for process in everyone)
    for process in everyone:
        assert process.forked_by is None or process in process.forked_by.children
        assert (process.thread_count >= 1) == process.running
    pids = [process.pid for process in everyone if process.running]
    assert len(pids) == len(set(pids))
    written = table.to_json()
    assert Processes.from_json(json.loads(json.dumps(written))).to_json() == written


def test_the_tree_survives_a_file() -> None:
    story = Story(keep_exited=5)
    story.table.seed(seeds())
    story.exit(60, story.fork(50, 60))
    back = Processes.from_json(json.loads(json.dumps(story.table.to_json())))
    found = [(row.depth, row.process.pid, row.process.label) for row in rows(back)]
    assert found == [(0, 1, "/sbin/init"), (1, 50, "-bash"), (2, 60, "-bash"), (0, 2, "[kthreadd]")]
    assert back.epoch_offset_ns == EPOCH


def test_a_snapshot_of_this_machine_holds_ourselves() -> None:
    import os

    own = next(seed for seed in snapshot() if seed.pid == os.getpid())
    assert own.ppid == os.getppid()
    assert own.uid == os.geteuid()
    assert own.argv


def kernel_word(status: int = 0, signal: int = 0) -> int:
    return status << 8 | signal


def node(story: Story, pid: int, at: int | None = None) -> Process:
    found = story.table.by_pid(pid, at)
    assert found is not None
    return found


def test_each_program_is_a_generation_and_a_fork_has_none_of_its_own() -> None:
    story = Story()
    start = story.fork(1, 60)
    story.exec(60, start, "/bin/sh", "-c", "make")
    story.exec(60, start, "/usr/bin/make")
    story.fork(60, 61)
    programs = [(program.path, program.argv, program.tid, program.seen) for program in node(story, 60).generations]
    assert programs == [("/bin/sh", ("/bin/sh", "-c", "make"), 60, True), ("/usr/bin/make", ("/usr/bin/make",), 60, True)]
    assert (node(story, 61).generations, node(story, 61).path) == ([], "/usr/bin/make")


def test_of_very_many_programs_the_first_and_the_newest_are_kept() -> None:
    story = Story()
    start = story.fork(1, 60)
    for number in range(100):
        story.exec(60, start, f"/bin/p{number}")
    process = node(story, 60)
    assert process.executed == 100
    assert [program.path for program in process.generations] == ["/bin/p0", *(f"/bin/p{number}" for number in range(85, 100))]


def test_each_thread_is_a_node_with_its_own_end() -> None:
    story = Story()
    start = story.fork(1, 60, comm=b"server")
    story.thread(60, 61)
    born = story.clock
    story.thread(60, 62)
    time = EPOCH + story.tick()
    story.table.exit(time_ns=time, pid=60, tid=61, code=kernel_word(3), group_dead=False, start_ns=born, comm=b"worker")
    process = node(story, 60)
    assert list(process.threads) == [62]
    gone = process.ended_threads[0]
    assert (gone.tid, gone.start_ns, gone.started_ns, gone.comm) == (61, born, EPOCH + born, "worker")
    assert (gone.ended_ns, gone.exit_status, gone.running) == (time, 3, False)
    story.exit(60, start, kernel_word(signal=9))
    assert not process.threads
    assert [(thread.tid, thread.exit_seen) for thread in process.ended_threads] == [(61, True), (62, False)]
    story.exit(60, 0, kernel_word(signal=9), tid=62, group_dead=False)  # tells of its end after the process did
    assert [(thread.tid, thread.exit_seen, thread.exit_signal) for thread in process.ended_threads] == [(61, True, None), (62, True, 9)]
    assert process.healed == ()


def test_ended_threads_are_bounded_over_all_processes() -> None:
    story = Story(keep_threads=3)
    story.fork(1, 60)
    story.fork(1, 70)
    for tid in (61, 71, 62, 72, 63):
        pid = tid // 10 * 10
        story.thread(pid, tid)
        story.exit(pid, story.clock, tid=tid, group_dead=False)
    assert [thread.tid for pid in (60, 70) for thread in node(story, pid).ended_threads] == [62, 63, 72]
    assert story.table.threads_forgotten == 2
    assert (node(story, 60).threads_started, node(story, 60).thread_count) == (4, 1)


def test_an_exec_by_a_thread_makes_it_the_leader_and_ends_the_others() -> None:
    story = Story()
    start = story.fork(1, 60, comm=b"old")
    for tid in (61, 62):
        story.thread(60, tid)
    story.exit(60, story.clock, tid=62, group_dead=False)
    story.exit(60, start, group_dead=False)  # the old leader
    story.table.exec(time_ns=EPOCH + story.tick(), pid=60, start_ns=start, comm=b"new", argv=("new",), path="/bin/new", tid=61)
    process = node(story, 60)
    assert (process.thread_count, process.threads, process.leader, process.threads_started) == (1, {}, None, 3)
    assert [(thread.tid, thread.comm) for thread in process.ended_threads] == [(62, "old"), (60, "old")]
    assert process.generations[-1].tid == 61
    assert (len(story.table), process.healed) == (2, ())


def test_the_word_about_the_process_is_the_groups_not_the_last_threads() -> None:
    story = Story()
    start = story.fork(1, 60)
    story.thread(60, 61)
    story.exit(60, start, kernel_word(5), group_dead=False)
    story.table.exit(time_ns=EPOCH + story.tick(), pid=60, tid=61, code=kernel_word(7), group_dead=True, start_ns=story.clock, group_code=kernel_word(5))
    process = node(story, 60)
    assert process.exit_status == 5
    assert process.leader is not None
    assert (process.leader.exit_status, [thread.exit_status for thread in process.ended_threads]) == (5, [7])


def test_the_parent_at_the_end_is_told_by_the_end() -> None:
    story = Story()
    parent = story.fork(1, 60)
    start = story.fork(60, 61)
    story.exit(60, parent)
    assert list(story.table.orphans) == [node(story, 61)]
    story.table.exit(time_ns=EPOCH + story.tick(), pid=61, tid=61, code=0, group_dead=True, start_ns=start, ppid=1)
    assert (node(story, 61).ppid, node(story, 61).forked_by) == (1, node(story, 60))
    assert not story.table.orphans


def test_a_subreaper_that_ends_leaves_orphans_too() -> None:
    story = Story()
    reaper = story.fork(1, 50)
    middle = story.fork(50, 60)
    story.fork(60, 61)
    story.exit(60, middle)
    story.table.adopted(node(story, 61), 50)
    assert not story.table.orphans
    story.exit(50, reaper)
    assert list(story.table.orphans) == [node(story, 61)]


def test_an_adoption_told_late_is_asked_for_again() -> None:
    story = Story()
    parent = story.fork(1, 60)
    story.fork(60, 61)
    story.exit(60, parent)
    story.table.adopted(node(story, 61), 1)
    count(story.table, who((b"sh", 61, 61, 60, 0)), (0, BY_NAME["file.close"].id, 0, 10))  # from before its parent's end, held back
    assert list(story.table.orphans) == [node(story, 61)]


def test_kernel_threads_are_marked_until_they_execute() -> None:
    story = Story()
    start = story.tick()
    story.table.fork(time_ns=EPOCH + start, pid=2, child_pid=60, child_tid=60, parent_pid=2, start_ns=start, comm=b"kworker/0", kernel=True)
    assert node(story, 60).kernel
    story.exec(60, start, "/sbin/modprobe")
    assert not node(story, 60).kernel


def test_a_batch_with_two_lives_of_a_pid_counts_for_each_its_own() -> None:
    story = Story()
    read, whos = BY_NAME["file.read"].id, who((b"sh", 60, 60, 1, 0), (b"sh", 1, 1, 0, 0))
    times = []
    with story.table.taking():
        start = story.fork(1, 60)
        times += [EPOCH + story.tick() for _ in range(3)]
        story.exit(60, start)
        second = story.fork(1, 60)
        times += [EPOCH + story.tick() for _ in range(3)]
        rows = [(0, read, 1, 5), (1, read, 1, 5), (0, read, 2, 5), (0, read, 4, 5), (1, read, 8, 5), (0, read, 16, 5)]
        count(story.table, whos, *rows, times=np.array(times))
    assert (node(story, 60, EPOCH + second - 1).counts.read, node(story, 60).counts.read, node(story, 1).counts.read) == (3, 20, 9)


def test_the_name_of_a_thread_is_not_that_of_a_process_of_which_nothing_else_is_known() -> None:
    story, close = Story(), BY_NAME["file.close"].id
    count(story.table, who((b"worker", 70, 71, 1, 0)), (0, close, 0, 10))
    assert (node(story, 70).comm, node(story, 70).uid, node(story, 70).healed) == ("", 0, ("birth lost",))
    count(story.table, who((b"leader", 70, 70, 1, 0)), (0, close, 0, 10))
    assert node(story, 70).comm == "leader"


def test_within_a_batch_nothing_is_forgotten_before_it_is_counted() -> None:
    story = Story(keep_exited=1)
    close, ends = BY_NAME["file.close"].id, {}
    with story.table.taking():
        for pid in (60, 61, 62):
            ends[pid] = story.exit(pid, story.fork(1, pid))
        whos = who(*((b"sh", pid, pid, 1, 0) for pid in ends))
        count(story.table, whos, *((code, close, 0, 1) for code in range(3)), times=np.array(list(ends.values())))
    assert [(process.pid, process.counts.events, process.birth) for process in story.table.all()[1:]] == [(62, 1, Birth.FORKED)]


def test_one_that_is_forgotten_still_says_what_it_did() -> None:
    story = Story(keep_exited=1)
    start = story.fork(1, 60)
    count(story.table, who((b"sh", 60, 60, 1, 0)), (0, BY_NAME["file.read"].id, 7, 1))
    old = node(story, 60)
    story.exit(60, start)
    story.exit(61, story.fork(1, 61))
    story.fork(1, 62)
    count(story.table, who((b"sh", 62, 62, 1, 0)), (0, BY_NAME["file.read"].id, 9, 1))
    assert (old.counts.read, node(story, 62).counts.read, story.table.by_pid(60)) == (7, 9, None)


def test_births_before_the_session_are_not_lost() -> None:
    story = Story()
    story.table.began_ns = story.clock
    story.exit(60, story.clock - 5)
    story.exit(61, story.clock + 5)
    assert [(node(story, pid).birth, node(story, pid).healed) for pid in (60, 61)] == [(Birth.BEFORE, ()), (Birth.LOST, ("birth lost",))]


def test_an_end_that_was_taken_for_lost_can_still_be_told() -> None:
    story = Story()
    start = story.fork(1, 60)
    process = node(story, 60)
    story.table.gone(process, EPOCH + story.tick())
    assert (process.running, process.healed, process.lifetime_ns) == (False, ("end lost",), None)
    end = story.exit(60, start, kernel_word(4))
    assert (process.exit_status, process.ended_ns, process.healed, len(story.table)) == (4, end, (), 2)


def kill(story: Story, target: int, signal: int, *, pid: int = 7, entered: int | None = None) -> int:
    entered = EPOCH + story.tick() if entered is None else entered
    story.table.kill(time_ns=entered + 500, entered_ns=entered, pid=pid, comm=b"killer", target=target, signal=signal)
    return entered


def test_who_sent_the_signal_that_ended_it() -> None:
    story = Story()
    start = story.fork(1, 60)
    kill(story, 60, 15)
    time = kill(story, 60, 9, pid=8)
    kill(story, 60, 9, pid=9)  # it was dead by then
    story.exit(60, start, kernel_word(signal=9))
    assert node(story, 60).killed_by == Killer(8, "killer", 9, time)


def test_a_signal_that_did_not_end_it_is_nobodys_deed() -> None:
    story = Story()
    start = story.fork(1, 60)
    kill(story, 60, 15)
    story.exit(60, start, kernel_word(status=15))
    assert node(story, 60).killed_by is None


def test_a_handled_signal_of_long_ago_is_not_the_cause() -> None:
    story = Story()
    start = story.fork(1, 60)
    kill(story, 60, 15)
    story.clock += KILL_NS
    story.exit(60, start, kernel_word(signal=15))
    assert node(story, 60).killed_by is None


def test_a_kill_that_is_told_after_the_end_it_caused() -> None:
    story = Story()
    start = story.fork(1, 60)
    entered = EPOCH + story.tick()
    story.exit(60, start, kernel_word(signal=15))
    kill(story, 60, 15, entered=entered)
    kill(story, 60, 15, pid=9)  # begun after the end: meant for nobody
    assert node(story, 60).killed_by == Killer(7, "killer", 15, entered)


@pytest.mark.parametrize(("signal", "guilty"), [(9, 7), (15, 8)])
@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_of_two_kills_told_after_the_end_sigkill_is_the_firsts_another_the_lasts(signal: int, guilty: int, order: tuple[int, int]) -> None:
    story = Story()
    start = story.fork(1, 60)
    times = [EPOCH + story.tick(), EPOCH + story.tick()]
    story.exit(60, start, kernel_word(signal=signal))
    for number in order:
        kill(story, 60, signal, pid=7 + number, entered=times[number])
    assert node(story, 60).killed_by == Killer(guilty, "killer", signal, times[guilty - 7])


def test_a_thread_that_was_there_before_is_not_lost() -> None:
    story = Story()
    story.fork(1, 60)
    story.table.began_ns = story.tick()
    story.exit(60, story.table.began_ns - 5, tid=61, group_dead=False)
    story.exit(60, story.table.began_ns + 5, tid=62, group_dead=False)
    assert [(thread.tid, thread.birth) for thread in node(story, 60).ended_threads] == [(61, Birth.BEFORE), (62, Birth.LOST)]
    assert node(story, 60).healed == ("threads lost",)


def test_of_workers_that_the_kernel_makes_no_birth_is_told() -> None:
    story = Story()
    story.fork(1, 60)
    end = EPOCH + story.tick()
    story.table.exit(time_ns=end, pid=60, tid=61, code=0, group_dead=False, start_ns=story.clock - 5, comm=b"iou-wrk-60", kernel=True)
    assert [(thread.tid, thread.comm, thread.birth) for thread in node(story, 60).ended_threads] == [(61, "iou-wrk-60", Birth.KERNEL)]
    assert (node(story, 60).healed, node(story, 60).threads_started) == ((), 2)


def test_batches_tell_the_names_of_threads_the_group_and_add_up_errors() -> None:
    story = Story()
    story.fork(1, 60)
    story.thread(60, 61)
    whos = np.array([(b"worker\0x", 77, 60, 61, 1, 0)], [("comm", "S16"), ("cgroup", "<u8"), *WHO.descr[1:]])
    for _ in range(2):
        count(story.table, whos, (0, BY_NAME["file.open"].id, -2, 1), cgroups={77: b"/system.slice/x.service"})
    process = node(story, 60)
    assert (process.threads[61].comm, process.comm, process.cgroup, process.errnos) == ("worker", "sh", "/system.slice/x.service", {2: 2})


def test_a_kill_goes_to_the_life_it_was_meant_for() -> None:
    story = Story()
    first = story.fork(1, 60)
    kill(story, 60, 15)
    story.exit(60, first, 0)
    second = story.fork(1, 60)
    story.exit(60, second, kernel_word(signal=15))
    assert node(story, 60).killed_by is None


def test_a_gap_makes_those_that_lived_in_it_doubtful() -> None:
    story = Story()
    old = story.fork(1, 60)
    story.exit(60, old)
    since = EPOCH + story.tick()
    story.fork(1, 61)
    until = EPOCH + story.tick()
    story.table.lost(since, until)
    story.table.lost(until, until + 5)
    late = EPOCH + story.fork(1, 62)
    assert [story.table.lossy(node(story, pid)) for pid in (60, 61, 62)] == [False, True, False]
    assert (list(story.table.gaps), late > until + 5) == ([(since, until + 5)], True)


def test_everything_of_a_process_survives_a_file() -> None:
    story = Story()
    start = story.fork(1, 60, comm=b"sh")
    story.exec(60, start, "/bin/x")
    for tid in (61, 62):
        story.thread(60, tid)
    story.exit(60, story.clock, 3 << 8, tid=62, group_dead=False)
    story.exit(60, start, group_dead=False)
    count(story.table, who((b"x", 60, 61, 1, 0)), (0, BY_NAME["file.read"].id, -11, 3))
    story.exit(70, story.fork(60, 70), 0)
    kill(story, 71, 9)
    start = story.fork(1, 71)
    kill(story, 71, 9)
    story.exit(71, start, kernel_word(signal=9))
    story.table.lost(1, 2)
    back = Processes.from_json(json.loads(json.dumps(story.table.to_json())))
    names = ("identity", "birth", "generations", "errnos", "killed_by", "counts", "thread_count", "threads_started", "healed", "kernel", "cwd", "cgroup")
    for one, other in zip(story.table.all(), back.all(), strict=True):
        for name in names:
            assert getattr(one, name) == getattr(other, name), name
        assert [repr(thread) for thread in one.threads.values()] == [repr(thread) for thread in other.threads.values()]
        assert [repr(thread) for thread in (*one.ended_threads, one.leader)] == [repr(thread) for thread in (*other.ended_threads, other.leader)]
    assert list(back.gaps) == [(1, 2)]
    assert back.rollup().subtree(back.roots()[0]) == story.table.rollup().subtree(story.table.roots()[0])


def test_a_file_of_a_version_that_knew_less_is_read() -> None:
    row = {
        "number": 3, "pid": 60, "start_ns": 5, "exact": True, "started_ns": 6, "comm": "sh", "ppid": 1, "path": "/bin/sh", "interpreter": None,
        "uid": 0, "executed": 1, "threads": 0, "threads_started": 2, "leader_gone": False, "ended_ns": 9, "exit_status": None, "exit_signal": None,
        "core_dumped": False, "exit_seen": False, "argv": ["sh"], "forked_by": None, "counts": [7, 1, 2, 3, 4, 5, 6],
    }  # fmt: skip
    table = Processes.from_json({"epoch_offset_ns": 1, "forgotten": 0, "processes": [row]})
    process = table.by_pid(60)
    assert process is not None
    assert process.counts == Counts(7, 1, 2, 3, 4, 5, 6)
    assert (process.healed, process.birth, process.generations, process.thread_count) == (("end lost",), Birth.FORKED, [], 0)
