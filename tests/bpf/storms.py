"""The program `storm`, all of whose events are known, and what came out of a source."""

from __future__ import annotations

import subprocess
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from kellect_tui.events.batch import Batch
from kellect_tui.events.catalogue import BY_ID, BY_NAME, FAMILIES, MONITOR_LOST
from kellect_tui.events.record import Flag

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Storm:
    """What the program is asked for; see storm.c."""

    program: Path
    helper: Path
    rounds: int
    routine: int
    important: int

    @property
    def words(self) -> list[str]:
        """Its command line."""
        return [str(word) for word in (self.program, self.rounds, self.routine, self.important, self.helper)]

    @property
    def file_calls(self) -> int:
        """Reads, writes and closes, the read that it waits in included."""
        return 1 + 3 * self.routine * self.rounds

    @property
    def others(self) -> dict[str, int]:
        """All other events, by type; not its own exec."""
        several = self.important * self.rounds
        return {
            "process.fork": self.rounds, "process.clone": self.rounds, "process.exec": -(-self.rounds // 16), "process.exit": self.rounds + 1,
            "network.connect": several, "user.setuid": several,
        }  # fmt: skip

    @property
    def by_family(self) -> dict[str, int]:
        """All events by family."""
        totals = Counter({"file": self.file_calls})
        for name, count in self.others.items():
            totals[BY_NAME[name].family] += count
        return dict(totals)


def compiled(place: Path) -> tuple[Path, Path]:
    """(storm, the program that its children execute)."""
    for name, source in (("storm", HERE / "storm.c"), ("helper", HERE / "workload" / "helper.c")):
        subprocess.run(["gcc", "-O1", "-static", "-nostdlib", "-fno-builtin", "-fno-stack-protector", "-o", place / name, source], check=True)
    return place / "storm", place / "helper"


@dataclass
class Seen:
    """What came out of a source."""

    kept: Counter[str] = field(default_factory=Counter)  # by type
    lost: Counter[str] = field(default_factory=Counter)  # by family
    gaps: int = 0

    def take(self, batch: Batch | None) -> None:
        """Count a batch."""
        if batch is None:
            return
        records = batch.records[(batch.records["flags"] & int(Flag.HIDDEN)) == 0]
        losses = records["event"] == MONITOR_LOST
        for number, count in enumerate(np.bincount(records["event"][~losses])):
            if count:
                self.kept[BY_ID[number].name] += int(count)
        for count, family in records["args"][losses][:, :2].tolist():
            self.lost[FAMILIES[family]] += count
            self.gaps += 1
