"""What was captured and what was not: counts that the header, `monitor.stop` and the loss list are made of."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kellect_tui.events.arguments import calls_in
from kellect_tui.events.catalogue import BY_ID, BY_NAME, FAMILIES, MONITOR_LOST, TYPES
from kellect_tui.events.constants import ENOIOCTLCMD, RESTARTS
from kellect_tui.events.record import Flag
from kellect_tui.session.chunk import Chunk, Row

GAPS_KEPT = 10_000

_EVENT_IDS = 256
_LAST_TYPE = TYPES[-1].id
_LAST_ERROR = 4095  # MAX_ERRNO, include/linux/err.h


@dataclass(frozen=True, slots=True)
class Gap:
    """Events of one family that the kernel could not hand over; times are epoch ns."""

    count: int
    family: str
    cpu: int
    from_ns: int
    to_ns: int


def failures(result: NDArray[np.int64], flags: NDArray[np.uint32]) -> NDArray[np.bool_]:
    """Which calls failed, ``(n,)``. A call that may be restarted did neither succeed nor fail."""
    failed: NDArray[np.bool_] = (result < 0) & (result >= -_LAST_ERROR) & ((flags & np.uint32(Flag.NO_RESULT)) == 0)
    if failed.any():
        failed &= ~interrupted(result)
    return failed


def interrupted(result: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which results of calls, ``(n,)``, say that the kernel may restart the call."""
    found: NDArray[np.bool_] = (result <= -RESTARTS[0]) & (result >= -RESTARTS[-1]) & (result != -ENOIOCTLCMD)
    return found


def restarts(result: NDArray[np.int64], flags: NDArray[np.uint32]) -> NDArray[np.bool_]:
    """Which calls were interrupted and may be restarted by the kernel, ``(n,)``."""
    restarted: NDArray[np.bool_] = interrupted(result) & ((flags & np.uint32(Flag.NO_RESULT)) == 0)
    return restarted


def calls_of(chunk: Chunk, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many calls stand behind each of these events, ``(n,)``: 1, or those of a run (`--coalesce`)."""
    calls = np.ones(len(rows), np.int64)
    for place in np.flatnonzero(chunk.flags[rows] & np.uint32(Flag.COALESCED)).tolist():
        calls[place] = calls_in(chunk.raw(Row(int(rows[place]))))
    return calls


def _family(number: int) -> str:
    return FAMILIES[number] if number < len(FAMILIES) else FAMILIES[-1]


class Ledger:
    """Counts since the session began; the writer's thread counts, any thread reads.

    Attributes:
        failed: Calls that failed.
        coalesced: Calls that stand in the events of other calls (`--coalesce`): captured + coalesced + lost = happened.
        incomplete: Events with a mark, in chunks that are sealed.
        lost: Events lost. lost_by_family: the same by family.
        gaps: The newest `GAPS_KEPT` losses, oldest first. gap_count: all of them.
        complete_since_ns: Epoch ns since when nothing that happened is missing; None before the start.
    """

    def __init__(self) -> None:
        self._by_id = np.zeros(_EVENT_IDS, np.int64)
        self.failed = 0
        self.coalesced = 0
        self.lost = 0
        self.incomplete = 0
        self.lost_by_family: dict[str, int] = dict.fromkeys(FAMILIES[:-1], 0)
        self.gaps: deque[Gap] = deque(maxlen=GAPS_KEPT)
        self.gap_count = 0
        self.complete_since_ns: int | None = None

    @property
    def captured(self) -> int:
        """Events, the monitor's own not counted."""
        return int(self._by_id[1 : _LAST_TYPE + 1].sum())

    @property
    def by_type(self) -> dict[str, int]:
        """Events by type, in the catalogue's order; types that did not occur are left out."""
        return {BY_ID[number].name: count for number, count in enumerate(self._by_id.tolist()) if count and 0 < number <= _LAST_TYPE}

    @property
    def by_family(self) -> dict[str, int]:
        """Events by family, all four of them."""
        out = dict.fromkeys(FAMILIES[:-1], 0)
        for row, count in zip(TYPES, self._by_id[1 : _LAST_TYPE + 1].tolist(), strict=True):
            out[row.family] += count
        return out

    def begin(self, time_ns: int) -> None:
        """The session starts here."""
        self.complete_since_ns = time_ns

    def count(self, chunk: Chunk, start: int, stop: int) -> None:
        """Take in new rows."""
        events = chunk.event[start:stop]
        self._by_id += np.bincount(events, minlength=_EVENT_IDS)
        self.failed += int(np.count_nonzero(failures(chunk.result[start:stop], chunk.flags[start:stop])))
        for row in (np.flatnonzero(chunk.flags[start:stop] & np.uint32(Flag.COALESCED)) + start).tolist():
            self.coalesced += calls_in(chunk.raw(Row(row))) - 1
        lost = np.flatnonzero(events == MONITOR_LOST) + start
        if len(lost):
            self._lose(np.stack([chunk.arg(register, lost) for register in range(5)], axis=1))

    def _lose(self, losses: NDArray[np.uint64]) -> None:
        """Take in ``(n, 5)`` losses: count, family, cpu, from, to. Under overload they come by ten thousands a second."""
        counts = np.zeros(len(FAMILIES), np.uint64)
        np.add.at(counts, np.minimum(losses[:, 1], len(FAMILIES) - 1).astype(np.intp), losses[:, 0])
        for name, count in zip(FAMILIES, counts.tolist(), strict=True):
            if count:
                self.lost_by_family[name] = self.lost_by_family.get(name, 0) + count
        self.lost += int(losses[:, 0].sum())
        self.gap_count += len(losses)
        self.gaps.extend(Gap(count, _family(family), cpu, from_ns, to_ns) for count, family, cpu, from_ns, to_ns in losses[-GAPS_KEPT:].tolist())
        self.missing_until(int(losses[:, 4].max()))

    def missing_until(self, time_ns: int) -> None:
        """Something before this time is missing."""
        self.complete_since_ns = max(self.complete_since_ns or 0, time_ns)

    def to_json(self) -> dict[str, Any]:
        """All of it as plain JSON values; `from_json` gives an equal one back."""
        return {
            "by_type": self.by_type,
            "failed": self.failed,
            "incomplete": self.incomplete,
            "lost": self.lost,
            "lost_by_family": dict(self.lost_by_family),
            "gap_count": self.gap_count,
            "coalesced": self.coalesced,
            "gaps": [[gap.count, gap.family, gap.cpu, gap.from_ns, gap.to_ns] for gap in self.gaps],
            "complete_since_ns": self.complete_since_ns,
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Ledger:
        """The ledger that `to_json` wrote. Raises KeyError, TypeError or ValueError for anything else."""
        ledger = cls()
        for name, count in document["by_type"].items():
            ledger._by_id[BY_NAME[name].id] = count
        ledger.failed, ledger.incomplete, ledger.lost = (int(document[name]) for name in ("failed", "incomplete", "lost"))
        ledger.lost_by_family.update({str(name): int(count) for name, count in document["lost_by_family"].items()})
        ledger.gaps.extend(Gap(int(count), str(family), int(cpu), int(since), int(to)) for count, family, cpu, since, to in document["gaps"])
        ledger.gap_count = int(document.get("gap_count", len(ledger.gaps)))  # files of before it was written lack it
        ledger.coalesced = int(document.get("coalesced", 0))
        since = document["complete_since_ns"]
        ledger.complete_since_ns = None if since is None else int(since)
        return ledger
