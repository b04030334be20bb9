"""What /proc says about the processes that ran before the probes were in place.

The start time is read in the clock that events use (boot clock, ticks of 10 ms), which psutil turns into wall-clock
time and so loses; hence /proc/PID/stat itself.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

TICK_NS = 1_000_000_000 // os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class ProcessSeed:
    """A process that was already there.

    Attributes:
        start_ns: Boot-clock ns, cut to the kernel's tick: the exact start lies within `TICK_NS` above it.
        argv: As bytes, as /proc/PID/cmdline has it; empty for a kernel thread.
        path: The executed file; None where it may not be read or there is none.
    """

    pid: int
    ppid: int
    start_ns: int
    comm: bytes
    argv: tuple[bytes, ...] = ()
    path: bytes | None = None
    uid: int | None = None
    threads: int = 1


def snapshot(proc: Path = Path("/proc")) -> Iterator[ProcessSeed]:
    """Every process under `proc`, in ascending pid. One that ends while it is looked at is left out."""
    pids = sorted(int(name) for name in os.listdir(proc) if name.isdigit())  # noqa: PTH208  # iterdir() makes 400 Path objects for their names
    for pid in pids:
        if (seed := read_seed(proc / str(pid), pid)) is not None:
            yield seed


def read_seed(directory: Path, pid: int) -> ProcessSeed | None:
    """One process's seed; None where it is gone (or a zombie that was reaped meanwhile)."""
    try:
        stat = (directory / "stat").read_bytes()
        status = (directory / "status").read_bytes()
        argv = (directory / "cmdline").read_bytes()
    except OSError:
        return None
    # comm may hold spaces and parentheses: it ends at the last ")" (proc(5)).
    head, _, tail = stat.rpartition(b")")
    fields = tail.split()
    return ProcessSeed(
        pid=pid,
        ppid=int(fields[1]),
        start_ns=int(fields[19]) * TICK_NS,
        comm=head.partition(b"(")[2],
        argv=tuple(argv.removesuffix(b"\0").split(b"\0")) if argv else (),
        path=_executable(directory),
        uid=_effective_uid(status),
        threads=int(fields[17]),
    )


def _executable(directory: Path) -> bytes | None:
    try:
        return os.fsencode((directory / "exe").readlink())
    except OSError:
        return None


def _effective_uid(status: bytes) -> int | None:
    for line in status.splitlines():
        if line.startswith(b"Uid:"):
            return int(line.split()[2])
    return None
