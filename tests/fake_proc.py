"""A /proc made for the purpose."""

from __future__ import annotations

from pathlib import Path
from typing import Any

STAT = "{pid} ({comm}) {state} {ppid} 1 1 0 -1 {flags} 1 2 3 4 5 6 7 8 20 0 {threads} 0 {start} " + "0 " * 25 + "{arg_start} 1500 0 0 0\n"
"""proc(5): the 48th is arg_start."""
KTHREAD = 0x200000


def write_stat(
    directory: Path, pid: int, comm: bytes, *, ppid: int = 1, threads: int = 1, start: int = 100, state: str = "S", flags: int = 4194560, arg_start: int = 1400
) -> None:
    """/proc/PID/stat, start in ticks."""
    text = STAT.format(pid=pid, comm="COMM", state=state, ppid=ppid, threads=threads, start=start, flags=flags, arg_start=arg_start)
    (directory / "stat").write_bytes(text.encode().replace(b"COMM", comm))


def make(proc: Path, pid: int, comm: bytes, *, argv: bytes = b"", exe: str | None = None, tasks: tuple[int, ...] = (), **stat: Any) -> None:
    """A process; `tasks` are its threads, where there is more than one."""
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
