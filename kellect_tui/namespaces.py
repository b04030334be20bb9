"""Where the monitor itself stands: events bear the numbers of the initial pid namespace and the clock of the initial time namespace."""

from __future__ import annotations

import time
from functools import lru_cache
from pathlib import Path

_PID_INIT_INO = 0xEFFFFFFC  # include/linux/proc_ns.h


def sees_all(proc: Path = Path("/proc")) -> bool:
    """Whether the numbers in /proc, and our own, are those of the initial pid namespace, which events have."""
    try:
        return (proc / "self/ns/pid").stat().st_ino == _PID_INIT_INO
    except OSError:
        return False


def boot_offset_ns(proc: Path = Path("/proc")) -> int:
    """What our time namespace adds to the boot clock, also to the starts in /proc (time_namespaces(7)); 0 where the kernel has none."""
    try:
        lines = (proc / "self/timens_offsets").read_text().splitlines()
    except OSError:
        return 0
    for line in lines:
        clock, seconds, nanoseconds = line.split()
        if clock in ("boottime", "7"):  # by number before 5.7
            return int(seconds) * 1_000_000_000 + int(nanoseconds)
    return 0


@lru_cache(1)
def own_boot_offset_ns() -> int:
    """The same, looked up once: a process with threads cannot change its time namespace."""
    return boot_offset_ns()


def boot_ns() -> int:
    """The clock that the kernel program stamps records with (bpf_ktime_get_boot_ns)."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) - own_boot_offset_ns()
