"""What goes through, and what the monitor itself costs: numbers for the header and the footer."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import psutil

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
    """Our own process, by psutil."""

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._process.cpu_percent()

    def __call__(self) -> Cost:
        """CPU since the last call (100: one core) and resident memory now."""
        return Cost(self._process.cpu_percent(), self._process.memory_info().rss)


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
