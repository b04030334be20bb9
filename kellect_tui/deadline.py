"""When a capture ends by itself."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path


def after(seconds: float | None) -> Callable[[], bool] | None:
    """True once `seconds` have passed since the first time it was asked; None for no limit."""
    if seconds is None:
        return None
    end: list[float] = []

    def over() -> bool:
        if not end:
            end.append(time.monotonic() + seconds)
        return time.monotonic() >= end[0]

    return over


def gone(pids: Iterable[int]) -> Callable[[], bool]:
    """True once none of the processes is there any more. A number that is given to another process counts as gone."""
    started = {pid: _start_of(pid) for pid in pids}
    looked = [0.0]

    def over() -> bool:
        now = time.monotonic()
        if now - looked[0] < 0.1:
            return False
        looked[0] = now
        return all(_start_of(pid) != start or start is None for pid, start in started.items())

    return over


def either(*conditions: Callable[[], bool] | None) -> Callable[[], bool] | None:
    """True once any of the conditions is; None where there is none."""
    given = [condition for condition in conditions if condition is not None]
    return (lambda: any(condition() for condition in given)) if given else None


def _start_of(pid: int) -> str | None:
    """Start time of a living process (proc(5), stat: starttime), None where it is gone or a zombie."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else fields[19]
