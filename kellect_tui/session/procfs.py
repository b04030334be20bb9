"""What /proc says about the processes that ran before the probes were in place, and about those of which events were lost.

The start time is read in the clock that events use (boot clock, ticks of 10 ms), which psutil turns into wall-clock
time and so loses; hence /proc/PID/stat itself.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kellect_tui.namespaces import own_boot_offset_ns

TICK_NS = 1_000_000_000 // os.sysconf("SC_CLK_TCK")

_PF_KTHREAD, _PF_WORKER = 0x00200000, 0x10 | 0x4000  # include/linux/sched.h; PF_IO_WORKER, PF_USER_WORKER
_DEAD = (b"Z", b"X")


@dataclass(frozen=True, slots=True)
class ThreadSeed:
    """A task that was already there; `start_ns` as in `ProcessSeed`."""

    tid: int
    start_ns: int
    comm: bytes
    kernel: bool = False  # a worker that the kernel made for the process


@dataclass(frozen=True, slots=True)
class ProcessSeed:
    """A process that was already there.

    Attributes:
        start_ns: Boot-clock ns, cut to the kernel's tick: the exact start lies within `TICK_NS` above it.
        argv: As bytes, as /proc/PID/cmdline has it; empty for a kernel thread.
        path: The executed file; None where it may not be read or there is none. cwd, cgroup: likewise.
        threads: How many tasks it has; `tasks` are those that were looked at: all of them where there is more than the leader.
        leader_gone: Its first thread has ended, others run on.
        arg_start: Where the kernel keeps its argv; 0 where it may not be read.
    """

    pid: int
    ppid: int
    start_ns: int
    comm: bytes
    argv: tuple[bytes, ...] = ()
    path: bytes | None = None
    uid: int | None = None
    threads: int = 1
    tasks: tuple[ThreadSeed, ...] = ()
    leader_gone: bool = False
    kernel: bool = False
    cwd: bytes | None = None
    cgroup: bytes | None = None
    arg_start: int = 0


@dataclass(frozen=True, slots=True)
class Stat:
    """/proc/PID/stat (proc(5)), what is used of it; `alive`: at least one of its tasks is."""

    pid: int
    comm: bytes
    alive: bool
    leader_gone: bool
    ppid: int
    kernel: bool
    worker: bool
    threads: int
    start_ns: int
    arg_start: int


def pids(proc: Path = Path("/proc")) -> list[int]:
    """The processes under `proc`, ascending."""
    return sorted(int(name) for name in os.listdir(proc) if name.isdigit())  # noqa: PTH208  # iterdir() makes 400 Path objects for their names


def snapshot(proc: Path = Path("/proc")) -> Iterator[ProcessSeed]:
    """Every process under `proc`, in ascending pid. One that ends while it is looked at is left out, as are zombies: they have ended."""
    for pid in pids(proc):
        if (seed := read_seed(proc / str(pid), pid)) is not None:
            yield seed


def lineage(pid: int, proc: Path = Path("/proc")) -> Iterator[ProcessSeed]:
    """A process, its parent, that one's parent, … up to the first: no others."""
    while pid and (seed := read_seed(proc / str(pid), pid)) is not None:
        yield seed
        pid = seed.ppid


def read_stat(directory: Path) -> Stat | None:
    """What the kernel says of a process or task in one line; None where it is gone."""
    try:
        stat = (directory / "stat").read_bytes()
    except OSError:
        return None
    # comm may hold spaces and parentheses: it ends at the last ")" (proc(5)).
    head, _, tail = stat.rpartition(b")")
    pid, _, comm = head.partition(b" (")
    fields = tail.split()
    threads, flags, dead = int(fields[17]), int(fields[6]), fields[0] in _DEAD
    return Stat(
        pid=int(pid),
        comm=comm,
        alive=not dead or threads > 1,
        leader_gone=dead,
        ppid=int(fields[1]),
        kernel=bool(flags & _PF_KTHREAD),
        worker=bool(flags & _PF_WORKER),
        threads=threads,
        start_ns=int(fields[19]) * TICK_NS - own_boot_offset_ns(),
        arg_start=int(fields[45]),
    )


def read_seed(directory: Path, pid: int) -> ProcessSeed | None:
    """One process's seed; None where it is gone, or a zombie."""
    stat = read_stat(directory)
    if stat is None or not stat.alive:
        return None
    try:
        status = (directory / "status").read_bytes()
        argv = (directory / "cmdline").read_bytes()
    except OSError:
        return None
    return ProcessSeed(
        pid=pid,
        ppid=stat.ppid,
        start_ns=stat.start_ns,
        comm=stat.comm,
        argv=tuple(argv.removesuffix(b"\0").split(b"\0")) if argv else (),
        path=_link(directory / "exe"),
        uid=_effective_uid(status),
        threads=stat.threads,
        tasks=read_tasks(directory) if stat.threads > 1 else (),
        leader_gone=stat.leader_gone,
        kernel=stat.kernel,
        cwd=_link(directory / "cwd"),
        cgroup=_cgroup(directory),
        arg_start=stat.arg_start,
    )


def read_tasks(directory: Path) -> tuple[ThreadSeed, ...]:
    """The living tasks of a process, its leader included."""
    try:
        found = [read_stat(directory / "task" / name) for name in os.listdir(directory / "task")]  # noqa: PTH208  # names are all that is wanted
    except OSError:
        return ()
    return tuple(ThreadSeed(stat.pid, stat.start_ns, stat.comm, stat.worker) for stat in found if stat is not None and not stat.leader_gone)


def _link(path: Path) -> bytes | None:
    try:
        return os.fsencode(path.readlink())
    except OSError:
        return None


def _effective_uid(status: bytes) -> int | None:
    for line in status.splitlines():
        if line.startswith(b"Uid:"):
            return int(line.split()[2])
    return None


def _cgroup(directory: Path) -> bytes | None:
    try:
        lines = (directory / "cgroup").read_bytes().splitlines()
    except OSError:
        return None
    return next((line.removeprefix(b"0::") for line in lines if line.startswith(b"0::")), None)
