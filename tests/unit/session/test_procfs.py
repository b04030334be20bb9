"""What /proc says, read from a directory made for the purpose."""

from __future__ import annotations

from pathlib import Path

from kellect_tui.session.procfs import TICK_NS, ProcessSeed, snapshot

STAT = "{pid} ({comm}) S {ppid} 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 {threads} 0 {start} 1 2 3\n"


def make(proc: Path, pid: int, comm: bytes, *, ppid: int = 1, threads: int = 1, start: int = 100, argv: bytes = b"", exe: str | None = None) -> None:
    directory = proc / str(pid)
    directory.mkdir()
    text = STAT.format(pid=pid, comm="COMM", ppid=ppid, threads=threads, start=start).encode().replace(b"COMM", comm)
    (directory / "stat").write_bytes(text)
    (directory / "status").write_bytes(b"Name:\t" + comm + b"\nUid:\t1000\t1001\t1002\t1003\n")
    (directory / "cmdline").write_bytes(argv)
    if exe is not None:
        (directory / "exe").symlink_to(exe)


def test_reads_every_process(tmp_path: Path) -> None:
    make(tmp_path, 12, b"ev) il ( R 7", ppid=3, threads=4, start=4321, argv=b"prog\0--x\0\0", exe="/bin/prog")
    make(tmp_path, 2, b"kthreadd", ppid=0)
    (tmp_path / "self").mkdir()
    assert list(snapshot(tmp_path)) == [
        ProcessSeed(pid=2, ppid=0, start_ns=100 * TICK_NS, comm=b"kthreadd", uid=1001),
        ProcessSeed(pid=12, ppid=3, start_ns=4321 * TICK_NS, comm=b"ev) il ( R 7", argv=(b"prog", b"--x", b""), path=b"/bin/prog", uid=1001, threads=4),
    ]


def test_one_that_vanishes_meanwhile_is_left_out(tmp_path: Path) -> None:
    make(tmp_path, 5, b"here")
    (tmp_path / "6").mkdir()
    assert [seed.pid for seed in snapshot(tmp_path)] == [5]
