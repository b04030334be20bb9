"""What /proc says, read from a directory made for the purpose."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kellect_tui.session.procfs import TICK_NS, ProcessSeed, ThreadSeed, snapshot

STAT = "{pid} ({comm}) {state} {ppid} 1 1 0 -1 {flags} 1 2 3 4 5 6 7 8 20 0 {threads} 0 {start} " + "0 " * 25 + "1400 1500 0 0 0\n"
"""proc(5): the 48th is arg_start."""
KTHREAD = 0x200000


def write_stat(
    directory: Path, pid: int, comm: bytes, *, ppid: int = 1, threads: int = 1, start: int = 100, state: str = "S", flags: int = 4194560
) -> None:
    text = STAT.format(pid=pid, comm="COMM", state=state, ppid=ppid, threads=threads, start=start, flags=flags)
    (directory / "stat").write_bytes(text.encode().replace(b"COMM", comm))


def make(proc: Path, pid: int, comm: bytes, *, argv: bytes = b"", exe: str | None = None, tasks: tuple[int, ...] = (), **stat: Any) -> None:
    directory = proc / str(pid)
    directory.mkdir()
    write_stat(directory, pid, comm, threads=max(1, len(tasks)), **stat)
    (directory / "status").write_bytes(b"Name:\t" + comm + b"\nUid:\t1000\t1001\t1002\t1003\n")
    (directory / "cmdline").write_bytes(argv)
    (directory / "cgroup").write_bytes(b"1:name=systemd:/init\n0::/user.slice\n")
    if exe is not None:
        (directory / "exe").symlink_to(exe)
        (directory / "cwd").symlink_to("/srv")
    for tid in tasks:
        (directory / "task" / str(tid)).mkdir(parents=True)
        write_stat(directory / "task" / str(tid), tid, b"worker", start=tid)


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
