"""What the tabs let through, and what the keys `e` and `L` look for: predicates beside the user's filter."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kellect_tui.events.catalogue import ALL_TYPES, FAMILIES, MONITOR_LOST, MONITOR_START
from kellect_tui.session.chunk import Chunk
from kellect_tui.session.filter import Filter
from kellect_tui.session.losses import failures
from kellect_tui.session.view import Predicate

LOST_FAMILY_REGISTER = 1
"""Where a `monitor.lost` row has the number of the family that was lost."""


@dataclass(frozen=True, slots=True)
class OfFamily:
    """Events of one family, and the losses of that family at their place."""

    family: str

    def mask(self, chunk: Chunk, start: int, stop: int) -> NDArray[np.bool_]:
        """Which rows pass."""
        events = chunk.event[start:stop]
        table = np.zeros(256, np.bool_)
        table[[row.id for row in ALL_TYPES if row.family == self.family]] = True
        mask: NDArray[np.bool_] = table[events]
        losses = np.flatnonzero(events == MONITOR_LOST)
        if len(losses):
            mask[losses] = chunk.arg(LOST_FAMILY_REGISTER, losses + start) == FAMILIES.index(self.family)
        return mask


@dataclass(frozen=True, slots=True)
class Both:
    """What both let through."""

    first: Predicate
    second: Predicate

    def mask(self, chunk: Chunk, start: int, stop: int) -> NDArray[np.bool_]:
        """Which rows pass; the second is not asked where the first lets nothing through."""
        mask = self.first.mask(chunk, start, stop)
        return mask & self.second.mask(chunk, start, stop) if mask.any() else mask


@dataclass(frozen=True, slots=True)
class EventsOnly:
    """What another one lets through, without the monitor's own rows: losses pass every filter, but are no match of a search."""

    inner: Predicate

    def mask(self, chunk: Chunk, start: int, stop: int) -> NDArray[np.bool_]:
        """Which rows pass."""
        return self.inner.mask(chunk, start, stop) & (chunk.event[start:stop] < MONITOR_START)


class Failures:
    """Calls that failed."""

    def mask(self, chunk: Chunk, start: int, stop: int) -> NDArray[np.bool_]:
        """Which rows pass."""
        return failures(chunk.result[start:stop], chunk.flags[start:stop])


class Losses:
    """Where the kernel lost events."""

    def mask(self, chunk: Chunk, start: int, stop: int) -> NDArray[np.bool_]:
        """Which rows pass."""
        mask: NDArray[np.bool_] = chunk.event[start:stop] == MONITOR_LOST
        return mask


class MonitorRows:
    """The monitor's own rows."""

    def mask(self, chunk: Chunk, start: int, stop: int) -> NDArray[np.bool_]:
        """Which rows pass."""
        mask: NDArray[np.bool_] = chunk.event[start:stop] >= MONITOR_START
        return mask


def both(first: Predicate | None, second: Predicate | None) -> Predicate | None:
    """The two joined; None lets everything through."""
    if first is None or second is None:
        return second if first is None else first
    return Both(first, second)


def asks_processes(predicate: Predicate | None) -> bool:
    """Whether its answers depend on the table of processes."""
    if isinstance(predicate, Both):
        return asks_processes(predicate.first) or asks_processes(predicate.second)
    if isinstance(predicate, EventsOnly):
        return asks_processes(predicate.inner)
    return isinstance(predicate, Filter) and predicate.about_processes
