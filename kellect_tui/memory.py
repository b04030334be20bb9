"""Keeps the program under `--memory`: a sink that looks at what is resident, and lets the oldest events go earlier where it is too much.

The bounds of all that grows (`events.budget`) are made to fit; what an allocator holds back between objects no bound knows.
"""

from __future__ import annotations

import ctypes
import resource
import time
from collections.abc import Callable
from pathlib import Path

from kellect_tui.session.session import Session

LOOK_SECONDS = 0.5
LOOK_EVENTS = 65_536
"""After so many events it is looked at once: half a second of 650,000 a second left 30 MiB in the allocator (benchmarks/memory.py)."""
SHARE, MARGIN = 0.07, 40 << 20
"""What is kept free below the limit, of it and at least: what comes between two looks may come on top. A chunk that is sealed and the one
that follows took up to 28 MiB at once, until it was given back (benchmarks/memory.py)."""
LEAST_BYTES = 16 << 20


def resident_bytes() -> int:
    """Resident memory of this process, mapped rings included (proc_pid_statm(5))."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def threshold(limit_bytes: int) -> int:
    """What may be resident when it is looked at."""
    return limit_bytes - max(int(limit_bytes * SHARE), MARGIN)


def give_back() -> None:
    """Give the system what malloc has free (malloc_trim(3); another libc keeps what it has)."""
    libc = ctypes.CDLL(None)
    if hasattr(libc, "malloc_trim"):
        libc.malloc_trim(0)


class MemoryGuard:
    """A capture's sink that writes nothing.

    Args:
        limit_bytes: What the whole program may hold.
        resident: Says what it holds; trim: gives back what is free; clock: seconds, monotonic.
    """

    def __init__(
        self,
        limit_bytes: int,
        *,
        resident: Callable[[], int] = resident_bytes,
        trim: Callable[[], None] = give_back,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limit = threshold(limit_bytes)
        self._resident, self._trim, self._clock = resident, trim, clock
        self._looked, self._seen = -LOOK_SECONDS, 0

    def update(self, session: Session) -> None:
        """Look twice a second, and after a chunk's worth of events; first give back, then let events go."""
        now, end = self._clock(), int(session.store.end)
        if now - self._looked < LOOK_SECONDS and end - self._seen < LOOK_EVENTS:
            return
        self._looked, self._seen = now, end
        if self._resident() <= self._limit:
            return
        self._trim()
        excess = self._resident() - self._limit
        if excess > 0:
            session.store.keep_bytes = max(LEAST_BYTES, session.store.nbytes - excess)

    def finish(self, session: Session) -> None:
        """Nothing is left to do."""


def guards(limit_bytes: int | None) -> list[MemoryGuard]:
    """The guard of a capture that has a limit; none without."""
    return [] if limit_bytes is None else [MemoryGuard(limit_bytes)]
