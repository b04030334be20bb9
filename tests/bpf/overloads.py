"""The program `overload`, a reader that takes a third of what it makes, and what must be true of what comes out."""

from __future__ import annotations

import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kellect_tui.bpf.source import LiveSource
from kellect_tui.events.batch import Batch
from kellect_tui.events.catalogue import BY_ID, BY_NAME, FAMILIES, MONITOR_LOST
from kellect_tui.events.options import CaptureOptions
from kellect_tui.events.record import Flag

SOURCE = Path(__file__).parent / "overload.c"
MOST_ROWS = 16_384
"""Of one batch."""


def compiled(place: Path) -> Path:
    """The program."""
    out = place / "overload"
    subprocess.run(["gcc", "-O1", "-static", "-nostdlib", "-fno-builtin", "-fno-stack-protector", "-o", out, SOURCE], check=True)
    return out


class Order:
    """Looks at every record: all in the order of time, and each loss between its neighbours on its CPU, no less and no more.

    A record's `seq` counts the attempts of its CPU: what is missing between two must be what is said to be lost between them.
    """

    def __init__(self) -> None:
        self.wrong: list[str] = []
        self._newest = 0
        self._behind: dict[int, NDArray[np.void]] = {}  # by CPU: its last event and the losses after it

    def take(self, records: NDArray[np.void]) -> None:
        """Look at a batch."""
        if not len(records):
            return
        times = records["time"].astype(np.int64)
        if times[0] < self._newest or (np.diff(times) < 0).any():
            self.wrong.append("times do not ascend")
        self._newest = int(times[-1])
        for cpu in np.unique(records["cpu"]).tolist():
            rows = records[records["cpu"] == cpu]
            rows = np.concatenate([self._behind[cpu], rows]) if cpu in self._behind else rows.copy()
            events = np.flatnonzero(rows["event"] != MONITOR_LOST)
            if len(events):
                self._between(rows, events)
            self._behind[cpu] = rows[events[-1] :] if len(events) else rows

    def _between(self, rows: NDArray[np.void], events: NDArray[np.intp]) -> None:
        inner = np.flatnonzero(rows["event"] == MONITOR_LOST)
        inner = inner[(inner > events[0]) & (inner < events[-1])]
        at = np.searchsorted(events, inner)  # the event behind each loss
        counts, start, end = (rows["args"][inner, word] for word in (0, 3, 4))
        before, after = rows["time"][events[at - 1]], rows["time"][events[at]] if len(at) else start
        if (start != before).any() or (rows["time"][inner] != start).any() or (end < start).any() or (end > after).any():
            self.wrong.append("a loss does not stand between its neighbours")
        said = np.bincount(at, counts, len(events)).astype(np.int64)[1:]
        missing = np.diff(rows["seq"][events].astype(np.int64)) - 1
        for place in np.flatnonzero(said != missing)[:3].tolist():
            self.wrong.append(f"{missing[place]} are missing between two events where {said[place]} are said to be lost")


@dataclass
class Outcome:
    """What was made, and what came out.

    Attributes:
        made, kept: By type. lost: by family. hidden_lost: of the tree's own records.
        in_time: Events that were read while the program ran. unnamed: events that are important and lack their payload.
        wrong: What `Order` found.
    """

    seconds: float = 0.0
    made: Counter[str] = field(default_factory=Counter)
    kept: Counter[str] = field(default_factory=Counter)
    lost: Counter[str] = field(default_factory=Counter)
    hidden_lost: int = 0
    in_time: int = 0
    unnamed: int = 0
    wrong: list[str] = field(default_factory=list)

    @property
    def important(self) -> dict[str, int]:
        """What was made of types that are not routine."""
        return {name: count for name, count in self.made.items() if not BY_NAME[name].routine}

    def faults(self) -> list[str]:
        """What is not as it must be, in words."""
        found = list(self.wrong)
        found += [f"{name}: {self.kept[name]:,} of {count:,}" for name, count in self.important.items() if self.kept[name] != count]
        for family in FAMILIES:
            made, kept = (sum(count for name, count in counts.items() if BY_NAME[name].family == family) for counts in (self.made, self.kept))
            if made != kept + self.lost[family]:
                found.append(f"{family}: {kept:,} kept and {self.lost[family]:,} lost of {made:,}")
        if self.hidden_lost:
            found.append(f"{self.hidden_lost} of other programs' forks, execs, exits lost")
        if self.unnamed:
            found.append(f"{self.unnamed} important events without their names")
        return found

    def take(self, batch: Batch | None) -> int:
        """Count a batch; how many events were in it."""
        if batch is None:
            return 0
        records = batch.records[(batch.records["flags"] & int(Flag.HIDDEN)) == 0]
        losses = records["event"] == MONITOR_LOST
        for number, count in enumerate(np.bincount(records["event"][~losses])):
            if count:
                self.kept[BY_ID[number].name] += int(count)
        unnamed = records["event"][(records["flags"] & int(Flag.NO_PAYLOAD)) != 0]
        self.unnamed += sum(int(count) for number, count in enumerate(np.bincount(unnamed)) if count and not BY_ID[number].routine)
        for count, family in records["args"][losses][:, :2].tolist():
            self.lost[FAMILIES[family]] += count
        return len(records) - int(losses.sum())


def third(source: LiveSource, over: threading.Event, share: int = 3) -> Iterator[Batch]:
    """Reads as the recorder does, but of all that happens a third at the most (or another share), at any moment."""
    program = source.program
    assert program is not None
    seq = program.ctl["seq"]
    begun, taken = int(seq.sum()), 0
    while not over.wait(0.0005):
        while share * (taken + MOST_ROWS) <= int(seq.sum()) - begun and (batch := source.read()) is not None:
            taken += int((batch.records["event"] != MONITOR_LOST).sum())
            yield batch


def run(program: Path, place: Path, milliseconds: int, rates: tuple[int, int], *, ring_bytes: int | None = None, share: int = 3) -> Outcome:
    """Overload a source. `rates`: important events a second of each worker; files are made in `place`."""
    for name in ("f0", "f1", "m0", "m1"):
        (place / name).touch()
    over, seen, order = threading.Event(), Outcome(), Order()
    source = LiveSource(CaptureOptions() if ring_bytes is None else CaptureOptions(ring_bytes=ring_bytes))
    words = [str(word) for word in (program, milliseconds, *rates)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=place) as process:
        source.watch_tree(process.pid)
        source.start()
        said: list[str] = []

        def wait() -> None:
            said.append(process.communicate("x")[0])
            over.set()

        waiter = threading.Thread(target=wait)
        waiter.start()
        for batch in third(source, over, share):
            order.take(batch.records)
            seen.in_time += seen.take(batch)
        waiter.join()
        last = source.stop()
        if last is not None:
            order.take(last.records)
            seen.take(last)
    counts = {name: int(count) for name, count in (line.split() for line in said[0].splitlines())}
    seen.seconds = counts.pop("nanoseconds") / 1e9
    seen.made = Counter(counts)
    seen.hidden_lost = source.totals().tree_lost - seen.lost["process"]
    seen.wrong = order.wrong
    return seen
