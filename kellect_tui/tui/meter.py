"""What goes through, and what the monitor itself costs: numbers for the header and the footer."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

RATE_POINTS = 60
"""Seconds of history that are kept for the sparkline."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What the monitor takes from the machine."""

    cpu_percent: float
    memory_bytes: int


class CostMeter(Protocol):
    """Measures ourselves; tests give a fixed one."""

    def __call__(self) -> Cost:
        """The cost since the last call."""
        ...


class OwnCost:
    """Our own process: its clock of CPU time, and statm of /proc (proc_pid_statm(5))."""

    def __init__(self) -> None:
        self._then, self._used = time.monotonic(), time.process_time()

    def __call__(self) -> Cost:
        """CPU since the last call (100: one core) and resident memory now."""
        then, used = self._then, self._used
        self._then, self._used = time.monotonic(), time.process_time()
        passed = self._then - then
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return Cost(100 * (self._used - used) / passed if passed else 0.0, pages * os.sysconf("SC_PAGE_SIZE"))


class Rate:
    """Events per second from a running total, one point a second.

    Args:
        clock: Seconds, monotonic; tests give their own.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._then: float | None = None
        self._total = 0
        self.points: deque[int] = deque(maxlen=RATE_POINTS)

    @property
    def now(self) -> int:
        """Events per second in the last whole point."""
        return self.points[-1] if self.points else 0

    def update(self, total: int) -> bool:
        """Take the total as it stands; True when a point was added."""
        now = self._clock()
        if self._then is None:
            self._then, self._total = now, total
            return False
        passed = now - self._then
        if passed < 1:
            return False
        self.points.append(round((total - self._total) / passed))
        self._then, self._total = now, total
        return True
