"""Amounts as people read them: counts, sizes, spans of time. Pure functions."""

from __future__ import annotations

SECOND_NS = 1_000_000_000


def short(count: float) -> str:
    """A count in at most four characters, rounded down: `12`, `2.9k`, `81k`, `4.2M`, `12G`."""
    if count < 1000:
        return f"{count:.0f}"
    for unit in "kMG":
        count /= 1000
        if count < 10:
            return f"{int(count * 10) / 10:.1f}{unit}"
        if count < 1000:
            return f"{int(count)}{unit}"
    return f"{int(count):,}G"


def size(count: int) -> str:
    """Bytes in at most six characters: `512`, `4.0K`, `212M`."""
    if count < 1024:
        return str(count)
    value = float(count)
    for unit in "KMGTP":
        value /= 1024
        if value < 9.95:
            return f"{value:.1f}{unit}"
        if value < 1023.5:
            return f"{value:.0f}{unit}"
    return f"{value / 1024:.0f}E"


def duration(ns: int) -> str:
    """A time span in at most seven characters, rounded down: `812ns`, `3.1µs`, `12.3ms`, `1.25s`, `3m12s`."""
    if ns < 1000:
        return f"{ns}ns"
    for unit, scale in (("µs", 1000), ("ms", 1_000_000)):
        if ns < 100 * scale:
            return f"{ns // scale}.{ns % scale * 10 // scale}{unit}"
        if ns < 1000 * scale:
            return f"{ns // scale}{unit}"
    seconds, rest = divmod(ns, SECOND_NS)
    if seconds < 60:
        return f"{seconds}.{rest * 100 // SECOND_NS:02d}s"
    minutes, seconds = divmod(seconds, 60)
    if minutes < 60:
        return f"{minutes}m{seconds:02d}s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes:02d}m" if hours < 48 else f"{hours // 24}d{hours % 24:02d}h"
