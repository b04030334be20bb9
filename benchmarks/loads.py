"""Builds and runs `load.c`, and keeps it running beside a measurement."""

from __future__ import annotations

import contextlib
import os
import statistics
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

HERE = Path(__file__).parent
FOREVER = 1 << 40


def build(directory: Path | None = None) -> Path:
    """The compiled load generator. Needs gcc."""
    out = (directory or Path(tempfile.gettempdir())) / "kellect-load"
    made = out.with_name(f"{out.name}.{os.getpid()}")
    subprocess.run(["gcc", "-O2", "-o", made, HERE / "load.c"], check=True)
    return made.replace(out)  # whole at once: another benchmark may be running the one that is there


def run(load: Path, mode: str, count: int, rate: int = 0) -> tuple[float, float]:
    """(CPU ns a call, wall seconds) of one run."""
    words = subprocess.run([load, mode, str(count), str(rate)], check=True, capture_output=True, text=True).stdout.split()
    return float(words[1]), float(words[2])


@contextlib.contextmanager
def running(load: Path, mode: str, rate: int, producers: int = 2) -> Iterator[None]:
    """Loads that make `rate` calls a second together until the block ends; none for 0."""
    command = [str(load), mode, str(FOREVER), str(rate // producers)]
    processes = [subprocess.Popen(command, stdout=subprocess.DEVNULL) for _ in range(producers)] if rate else []
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


def spread(values: Sequence[float], unit: str = "", digits: int = 0) -> str:
    """`median (min-max)` of the values."""
    low, middle, high = min(values), statistics.median(values), max(values)
    return f"{middle:.{digits}f}{unit} ({low:.{digits}f}-{high:.{digits}f})"
