"""Numbers as people read them: counts, durations, sizes, times of day. Pure functions."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import timezone
from enum import Enum
from functools import lru_cache

from kellect_tui.amounts import SECOND_NS, duration, short, size

__all__ = ["BLOCKS", "SECOND_NS", "Clock", "TimeMode", "duration", "short", "size", "sparkline"]

class TimeMode(str, Enum):
    """How the TIME column reads."""

    LOCAL = "local"
    UTC = "UTC"
    RELATIVE = "relative"
    DELTA = "delta"

    @property
    def following(self) -> TimeMode:
        """The mode that `r` goes to from this one."""
        modes = list(TimeMode)
        return modes[(modes.index(self) + 1) % len(modes)]


@lru_cache(512)
def _day_time(second: int, utc: bool) -> str:
    return time.strftime("%H:%M:%S", time.gmtime(second) if utc else time.localtime(second))


@lru_cache(512)
def _zone(second: int, utc: bool) -> str:
    return "UTC" if utc else time.strftime("%Z", time.localtime(second))


def _span(ns: int) -> str:
    sign = "-" if ns < 0 else "+"
    seconds, rest = divmod(abs(ns), SECOND_NS)
    return f"{sign}{seconds}.{rest // 1000:06d}"


@dataclass(frozen=True, slots=True)
class Clock:
    """Writes times of events.

    Attributes:
        mode: How.
        origin_ns: Epoch ns that relative times count from (the session's start).
    """

    mode: TimeMode = TimeMode.LOCAL
    origin_ns: int = 0

    @property
    def zone(self) -> timezone | None:
        """The zone of the times of day that are shown; None: this machine's."""
        return timezone.utc if self.mode is TimeMode.UTC else None

    def text(self, time_ns: int, previous_ns: int | None = None) -> str:
        """`12:01:02.123456`, or seconds since the start (RELATIVE) or since the row before (DELTA)."""
        if self.mode is TimeMode.RELATIVE:
            return _span(time_ns - self.origin_ns)
        if self.mode is TimeMode.DELTA:
            return _span(0 if previous_ns is None else time_ns - previous_ns)
        seconds, rest = divmod(time_ns, SECOND_NS)
        return f"{_day_time(seconds, self.mode is TimeMode.UTC)}.{rest // 1000:06d}"

    def cell(self, time_ns: int, previous_ns: int | None, width: int) -> str:
        """The same in exactly `width` cells: digits that do not fit are left out, the last ones first."""
        text = self.text(time_ns, previous_ns)
        if self.mode in (TimeMode.LOCAL, TimeMode.UTC):
            return text[:width].ljust(width)
        return text[:width].rjust(width) if len(text) <= width or "." in text[: width - 1] else "…".rjust(width)

    def full(self, time_ns: int) -> str:
        """Date, time to the nanosecond and zone, whatever the mode (relative and delta: local)."""
        utc = self.mode is TimeMode.UTC
        seconds, rest = divmod(time_ns, SECOND_NS)
        day = time.strftime("%Y-%m-%d", time.gmtime(seconds) if utc else time.localtime(seconds))
        return f"{day} {_day_time(seconds, utc)}.{rest:09d} {_zone(seconds, utc)}"

    def of_day(self, time_ns: int) -> str:
        """`12:01:02`, for sentences."""
        return _day_time(time_ns // SECOND_NS, self.mode is TimeMode.UTC)

    def of_day_ms(self, time_ns: int) -> str:
        """`12:01:02.130`, for the two ends of a gap."""
        return f"{self.of_day(time_ns)}.{time_ns % SECOND_NS // 1_000_000:03d}"


BLOCKS = " ▁▂▃▄▅▆▇█"


def sparkline(values: list[int], width: int) -> str:
    """The last `width` values as blocks, the highest one as a full block, any value above 0 as at least the lowest."""
    shown = values[-width:]
    top = max(shown, default=0)
    marks = [BLOCKS[0 if not value else max(1, round(value / top * 8))] for value in shown]
    return "".join(marks).rjust(width)
