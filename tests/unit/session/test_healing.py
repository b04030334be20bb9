"""The tree is mended by what /proc shows, and only by what no event explains."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from kellect_tui.session.healing import MARGIN_NS, PAUSE_NS, SETTLED_NS, Healer
from kellect_tui.session.process import Birth, Process
from kellect_tui.session.processes import Processes
from kellect_tui.session.procfs import TICK_NS
from tests.fake_proc import make, write_stat

EPOCH = 1_700_000_000_000_000_000


class World:
    """A tree, a /proc, and a healer between them; a clock that stands still unless told."""

    def __init__(self, proc: Path, root: int | None = None) -> None:
        self.proc = proc
        self.table = Processes()
        self.table.epoch_offset_ns = EPOCH
        self.now = EPOCH + 1_000 * TICK_NS
        self.healer = Healer(self.table, lambda: self.now, root=root, proc=proc)

    def born(self, pid: int, *, start: int = 100, forker: int = 1, **stat: Any) -> Process:
        """Both an event and /proc tell of it."""
        make(self.proc, pid, b"sh", start=start, ppid=forker, **stat)
        return self.forked(pid, start=start, forker=forker)

    def forked(self, pid: int, *, start: int = 100, forker: int = 1, tid: int | None = None) -> Process:
        """An event tells of it."""
        start_ns = start * TICK_NS + 77
        self.table.fork(time_ns=EPOCH + start_ns, pid=forker, child_pid=pid, child_tid=tid or pid, parent_pid=forker, start_ns=start_ns, comm=b"sh")
        return self.node(pid)

    def exit(self, pid: int, *, start: int = 100, code: int = 0) -> None:
        self.table.exit(time_ns=self.now, pid=pid, tid=pid, code=code, group_dead=True, start_ns=start * TICK_NS + 77)

    def told(self, pid: int, *, forker: int = 1) -> Process:
        """An event of it is the first that is heard of it; the start is not in it."""
        self.table.exit(time_ns=self.now, pid=pid, tid=pid + 1_000, code=0, group_dead=False, ppid=forker)
        return self.node(pid)

    def node(self, pid: int) -> Process:
        found = self.table.by_pid(pid)
        assert found is not None
        return found

    def vanish(self, pid: int) -> None:
        shutil.rmtree(self.proc / str(pid))

    def look(self) -> None:
        self.healer.look()

    def settle(self) -> None:
        """Look often enough, over a time long enough, for what was found to be believed."""
        for _ in range(3):
            self.now += SETTLED_NS
            self.look()

    def lose(self) -> None:
        """Something was lost, and /proc is read once."""
        self.now += 2 * PAUSE_NS
        self.healer.lost(self.now)
        self.look()
        self.look()


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path)
    made.born(1, start=1, forker=1)
    return made


def test_nothing_is_read_while_nothing_is_lost(world: World) -> None:
    process = world.forked(60)
    world.settle()
    assert process.running


def test_one_that_is_gone_has_ended_nobody_knows_when(world: World) -> None:
    process, other = world.forked(60), world.born(61)
    world.lose()
    assert process.running, "believed before its end could be told"
    seen = world.now
    world.settle()
    assert (process.running, process.healed, process.ended_ns, process.exit_status, process.lifetime_ns) == (False, ("end lost",), seen, None, None)
    assert (other.running, other.healed) == (True, ())


def test_an_end_that_is_told_meanwhile_was_not_lost(world: World) -> None:
    process = world.forked(60)
    world.lose()
    world.exit(60, code=3 << 8)
    world.settle()
    assert (process.exit_status, process.healed) == (3, ())


def test_a_zombie_has_ended_and_a_leader_with_threads_has_not(world: World) -> None:
    zombie, leader = world.born(60, state="Z"), world.born(70, state="Z", tasks=(70, 71))
    world.forked(70, tid=71, start=71)
    world.lose()
    world.settle()
    assert (zombie.running, leader.running, leader.healed) == (False, True, ())


def test_one_that_nobody_told_of_is_there_and_marked(world: World) -> None:
    make(world.proc, 60, b"lost", ppid=1, start=500, argv=b"lost\0-x\0", exe="/bin/lost")
    make(world.proc, 61, b"child", ppid=60, start=501)
    world.lose()
    assert world.table.by_pid(60) is None
    world.settle()
    process = world.node(60)
    assert (process.birth, process.healed, process.argv, process.path, process.running) == (Birth.LOST, ("birth lost",), ("lost", "-x"), "/bin/lost", True)
    assert (process.forked_by, world.node(61).forked_by) == (world.node(1), process)


def test_one_without_a_birth_that_is_told_of_before_it_is_believed_is_the_same(world: World) -> None:
    make(world.proc, 60, b"sh", start=100, ppid=1)
    world.lose()  # it is seen in /proc
    process = world.told(60)  # a call of it, which does not say when it was born
    world.settle()
    assert (world.table.lives(60), process.running) == ((process,), True)
    world.exit(60, code=3 << 8)
    assert (world.table.lives(60), process.exit_status) == ((process,), 3)


def test_a_birth_that_is_told_meanwhile_was_not_lost(world: World) -> None:
    make(world.proc, 60, b"sh", start=500)
    world.lose()
    process = world.forked(60, start=500)
    world.settle()
    assert (process.healed, process.birth, len(world.table.lives(60))) == ((), Birth.FORKED, 1)


def test_a_birth_that_is_told_after_all_is_no_longer_marked(world: World) -> None:
    make(world.proc, 60, b"sh", start=500)
    world.lose()
    world.settle()
    process = world.node(60)
    assert "birth lost" in process.healed
    world.forked(60, start=500)
    assert (process.healed, process.birth, world.node(60)) == ((), Birth.FORKED, process)


def test_a_pid_that_is_another_process_by_now(world: World) -> None:
    old = world.forked(60)
    make(world.proc, 60, b"new", start=700)
    world.lose()
    world.settle()
    new = world.node(60)
    assert (old.healed, old.running, new.healed, new.running, new.comm) == (("end lost",), False, ("birth lost",), True, "new")


def test_a_program_whose_exec_was_lost(world: World) -> None:
    process, other = world.born(60, argv=b"new\0", exe="/bin/new", arg_start=9_000), world.born(61, arg_start=8_000)
    process.arg_start, other.arg_start = 7_000, 8_000
    world.lose()
    world.settle()
    assert (process.healed, process.path, process.argv, [program.seen for program in process.generations]) == (("exec lost",), "/bin/new", ("new",), [False])
    assert (other.healed, other.generations) == ((), [])


def test_an_exec_that_is_told_meanwhile_was_not_lost(world: World) -> None:
    process = world.born(60, arg_start=9_000)
    process.arg_start = 7_000
    world.lose()
    world.table.exec(time_ns=world.now, pid=60, start_ns=process.start_ns, comm=b"new", argv=("new",), path="/bin/new", arg_start=9_000)
    world.settle()
    assert (process.healed, process.executed, len(process.generations)) == ((), 1, 1)


def test_two_execs_told_meanwhile_were_not_lost(world: World) -> None:
    process = world.born(60, arg_start=9_000)
    process.arg_start = 7_000
    world.lose()
    for arg_start in (9_000, 5_000):
        world.table.exec(time_ns=world.now, pid=60, start_ns=process.start_ns, comm=b"new", argv=("new",), path="/bin/new", arg_start=arg_start)
    world.settle()
    assert (process.healed, process.executed, len(process.generations)) == ((), 2, 2)


def test_looks_alone_settle_nothing(world: World) -> None:
    process = world.forked(60)
    world.lose()
    for _ in range(5):
        world.look()
    assert process.running
    world.settle()
    assert not process.running


def test_while_events_come_late_only_their_own_time_settles_anything(world: World) -> None:
    process = world.forked(60)
    world.lose()
    seen = world.now
    for late in (-SETTLED_NS, 0, MARGIN_NS - 1):
        world.now += 10 * SETTLED_NS
        world.healer.look(seen + late)
        assert process.running
    world.healer.look(seen + MARGIN_NS)
    assert process.healed == ("end lost",)


def test_threads_that_nobody_told_of_and_that_are_gone(world: World) -> None:
    process = world.born(60, tasks=(60, 61, 62, 63))
    for tid in (61, 64):
        world.forked(60, tid=tid, start=tid)
    world.lose()
    world.forked(60, tid=63, start=63)  # told meanwhile
    world.settle()
    assert process.healed == ("threads lost",)
    assert {tid: thread.birth for tid, thread in process.threads.items()} == {61: Birth.FORKED, 62: Birth.LOST, 63: Birth.FORKED}
    assert [(thread.tid, thread.exit_seen) for thread in process.ended_threads] == [(64, False)]


def test_workers_that_the_kernel_made_are_no_loss(world: World) -> None:
    process = world.born(60, tasks=(60, 61, 62))
    world.forked(60, tid=61, start=61)
    write_stat(world.proc / "60/task/62", 62, b"iou-wrk-60", start=62, flags=0x4010)
    world.lose()
    world.settle()
    assert (process.healed, list(process.threads)) == ((), [61])


def test_who_adopted_an_orphan_is_asked_until_it_is_known(world: World) -> None:
    world.born(60)
    child = world.born(61, forker=60)
    world.vanish(60)
    world.exit(60)
    world.look()
    assert (child.ppid, list(world.table.orphans)) == (60, [child])
    write_stat(world.proc / "61", 61, b"sh", ppid=1)
    world.look()
    assert (child.ppid, child.forked_by, list(world.table.orphans)) == (1, world.node(60), [])


def test_an_orphan_that_ends_is_asked_for_no_longer(world: World) -> None:
    world.born(60)
    world.born(61, forker=60)
    world.exit(60)
    world.vanish(61)
    world.look()
    assert not world.table.orphans


def test_gaps_begin_where_the_counter_was_read_last(world: World) -> None:
    before = world.now
    world.now += 50
    world.healer.lost(3)
    world.now += 50
    world.healer.lost(3)
    world.now += 50
    world.healer.lost(4)
    assert list(world.table.gaps) == [(before, before + 50), (before + 100, before + 150)]


def test_checks_of_everything_keep_their_distance(world: World) -> None:
    world.lose()
    world.settle()
    process = world.forked(60)
    world.healer.lost(1)
    world.settle()
    world.settle()
    assert process.running
    world.now += PAUSE_NS
    world.look()
    world.settle()
    assert not process.running


def test_at_the_end_what_was_lost_last_is_looked_at_too(world: World) -> None:
    process = world.forked(60)
    world.healer.lost(1)
    assert world.healer.last_check()
    while world.healer.read(1):
        assert process.running
    world.healer.finish()
    assert process.healed == ("end lost",)


def test_one_that_was_gone_before_its_birth_was_told(world: World) -> None:
    world.lose()
    old, young = world.forked(60, start=500), world.forked(61, start=(world.now - EPOCH) // TICK_NS + 1)
    world.settle()
    assert (old.healed, young.healed) == (("end lost",), ())


def test_what_was_lost_after_the_last_check_is_looked_at_once_more(world: World) -> None:
    world.healer.lost(1)
    world.healer.last_check()
    while world.healer.read(1):
        pass
    gone, there = world.forked(60, start=5_000), world.born(61, start=5_000)
    world.healer.lost(2)
    world.healer.finish()
    assert (gone.healed, there.healed) == (("end lost",), ())


def test_one_without_a_birth_that_is_told_of_after_it_was_gone(world: World) -> None:
    """Of what was lost only its last calls are told, later than /proc was looked at."""
    world.lose()
    process = world.told(60)
    world.settle()
    assert process.running, "believed without a look"
    world.now += PAUSE_NS
    world.look()
    world.settle()
    assert not process.running
    assert "end lost" in process.healed


def test_at_the_end_one_without_a_birth_that_the_last_batch_tells_of_is_looked_at(world: World) -> None:
    world.healer.lost(1)
    assert world.healer.last_check()
    while world.healer.read(1):
        pass
    gone, there = world.told(60), world.told(61)
    make(world.proc, 61, b"there", ppid=1, start=500)
    world.healer.finish()
    assert (gone.running, there.running) == (False, True)


def test_a_last_check_that_was_not_finished_leaves_nobody_running(world: World) -> None:
    processes = [world.forked(pid) for pid in range(60, 70)]
    world.healer.lost(1)
    assert world.healer.last_check()
    world.healer.read(1)
    world.healer.finish()
    assert {process.healed for process in processes} == {("end lost",)}


def test_without_a_loss_there_is_no_last_check(world: World) -> None:
    assert not world.healer.last_check()


def test_a_tree_of_one_command_takes_in_no_others(tmp_path: Path) -> None:
    world = World(tmp_path, root=50)
    world.table.seed([])
    world.born(50)
    ours, theirs = 60, 70
    make(world.proc, ours, b"ours", ppid=50, start=500)
    make(world.proc, theirs, b"theirs", ppid=1, start=500)
    above = world.node(1)  # known as the forker; not in this /proc, and not ours
    above.birth = Birth.BEFORE
    world.lose()
    world.settle()
    assert (world.node(ours).healed, world.table.by_pid(theirs), above.running) == (("birth lost",), None, True)
