"""One line for each thing measured: median, spread, the goal beside it, and whether it was met.

Every benchmark here prints such lines; with ``--json FILE`` it appends them to a file as well, one JSON object each, which is
what `table.py` (`make bench`) makes its table from.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Result:
    """What was measured.

    Attributes:
        what: In words, as the table's first column.
        values: One for each run, in `unit`.
        goal: What the median must not exceed, or (`at_least`) must reach; None: there is no goal for this.
        also: Said behind the numbers: how many keys, what else the run told.
        failed: Why the goal is missed whatever the number says (events were lost); empty where it is not.
        command: What to type to measure this alone.
    """

    what: str
    values: tuple[float, ...]
    unit: str
    goal: float | None = None
    at_least: bool = False
    also: str = ""
    failed: str = ""
    command: str = ""

    @property
    def median(self) -> float:
        """The middle value."""
        return statistics.median(self.values)

    @property
    def verdict(self) -> str:
        """`met`, `missed`, or nothing where there is no goal."""
        if self.goal is None:
            return ""
        reached = self.median >= self.goal if self.at_least else self.median <= self.goal
        return "met" if reached and not self.failed else "missed"

    @property
    def measured(self) -> str:
        """`median (min–max) unit`."""
        low, high = min(self.values), max(self.values)
        spread = f" ({number(low)}–{number(high)})" if len(self.values) > 1 else ""
        return f"{number(self.median)}{spread} {self.unit}"

    @property
    def wanted(self) -> str:
        """The goal in words."""
        return "" if self.goal is None else f"{'≥' if self.at_least else '≤'} {number(self.goal)}"

    def as_json(self) -> str:
        """As a line of a ``--json`` file; `of_json` reads it."""
        return json.dumps(asdict(self), ensure_ascii=False)

    def __str__(self) -> str:
        behind = "; ".join(part for part in (self.also, self.failed) if part)
        return f"{self.what:58} {self.measured:34} {self.wanted:12} {self.verdict:6} {behind}".rstrip()


def number(value: float) -> str:
    """Three digits where there are few, thousands grouped where there are many."""
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.1f}" if abs(value) >= 1 else f"{value:.2f}"


def of_json(text: str) -> Result:
    """The result that a line of a ``--json`` file holds."""
    fields = json.loads(text)
    return Result(**{**fields, "values": tuple(fields["values"])})


class Board:
    """Where results go: standard output, and a file where one was asked for."""

    def __init__(self, json_file: Path | None, command: str) -> None:
        self._file = json_file
        self._command = command

    def tell(
        self, what: str, values: Sequence[float], unit: str, goal: float | None = None, *, at_least: bool = False, also: str = "", failed: str = ""
    ) -> Result:
        """Print a result (and keep it)."""
        result = Result(what, tuple(round(value, 4) for value in values), unit, goal, at_least, also, failed, self._command)
        print(result, flush=True)
        if self._file is not None:
            with self._file.open("a") as file:
                file.write(result.as_json() + "\n")
        return result


def parser(description: str | None) -> argparse.ArgumentParser:
    """A command line with what all benchmarks share."""
    made = argparse.ArgumentParser(description=(description or "").partition("\n")[0])
    made.add_argument("--json", type=Path, metavar="FILE", help="append the results here")
    return made


def machine() -> str:
    """What the numbers hang on: processor, cores, memory, kernel, Python."""
    facts = dict(line.split(":", 1) for line in Path("/proc/cpuinfo").read_text().splitlines() if ":" in line)
    names = {key.strip(): value.strip() for key, value in facts.items()}
    cores = Path("/proc/cpuinfo").read_text().count("processor\t")
    memory = int(Path("/proc/meminfo").read_text().split()[1]) / (1 << 20)
    model = names.get("model name", platform.machine())
    return f"{model}, {cores} cores, {memory:.0f} GiB; kernel {platform.release()}; Python {platform.python_version()}"
