"""What /proc says, read from a directory made for the purpose."""

from __future__ import annotations

from pathlib import Path

from kellect_tui.session.procfs import TICK_NS, ProcessSeed, ThreadSeed, snapshot
from tests.fake_proc import KTHREAD, make


def test_reads_every_process(tmp_path: Path) -> None:
    make(tmp_path, 12, b"ev) il ( R 7", ppid=3, start=4321, argv=b"prog\0--x\0\0", exe="/bin/prog", tasks=(12, 15))
    make(tmp_path, 2, b"kthreadd", ppid=0, flags=KTHREAD)
    (tmp_path / "self").mkdir()
    kthread, prog = snapshot(tmp_path)
    assert kthread == ProcessSeed(pid=2, ppid=0, start_ns=100 * TICK_NS, comm=b"kthreadd", uid=1001, kernel=True, cgroup=b"/user.slice", arg_start=1400)
    assert prog == ProcessSeed(
        pid=12, ppid=3, start_ns=4321 * TICK_NS, comm=b"ev) il ( R 7", argv=(b"prog", b"--x", b""), path=b"/bin/prog", uid=1001, threads=2,
        tasks=prog.tasks, cwd=b"/srv", cgroup=b"/user.slice", arg_start=1400,
    )  # fmt: skip
    assert sorted(prog.tasks, key=lambda task: task.tid) == [ThreadSeed(tid, tid * TICK_NS, b"worker") for tid in (12, 15)]


def test_zombies_have_ended_but_not_a_leader_whose_threads_run(tmp_path: Path) -> None:
    make(tmp_path, 7, b"zombie", state="Z")
    make(tmp_path, 8, b"leader", state="Z", tasks=(8, 9))
    assert [(seed.pid, seed.leader_gone) for seed in snapshot(tmp_path)] == [(8, True)]


def test_one_that_vanishes_meanwhile_is_left_out(tmp_path: Path) -> None:
    make(tmp_path, 5, b"here")
    (tmp_path / "6").mkdir()
    assert [seed.pid for seed in snapshot(tmp_path)] == [5]
