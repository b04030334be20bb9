"""The real screen over a made-up capture that goes on: for the test in a real terminal and for measuring.

    python -m tests.tui.streaming --rate 500000
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace

import numpy as np

from kellect_tui.capture import Capture
from kellect_tui.events.batch import Batch, SourceStart, SourceTotals
from kellect_tui.session.session import Session
from kellect_tui.tui.app import KellectApp
from tests.synthetic import START_NS, mixed, source_start

PATTERN_ROWS = 20_000


class Stream:
    """An event source that hands over `rate` events a second, the same mix again and again, its time going on."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._pattern = mixed(PATTERN_ROWS, losses=False)
        self._begun = 0.0
        self._given = 0

    def start(self) -> SourceStart:
        """Begin now."""
        self._begun = time.monotonic()
        return replace(source_start(), epoch_offset_ns=time.time_ns() - START_NS)

    def read(self) -> Batch | None:
        """What has become due, at most two patterns' worth."""
        due = min(int((time.monotonic() - self._begun) * self._rate) - self._given, 2 * PATTERN_ROWS)
        if due <= 0:
            return None
        at = self._given % PATTERN_ROWS
        rows = np.arange(at, at + due) % PATTERN_ROWS
        records = self._pattern.records[rows]
        step = 1e9 / self._rate
        records["time"] = START_NS + ((self._given + np.arange(due)) * step).astype(np.uint64)
        self._given += due
        return Batch(records, self._pattern.payload, self._pattern.paths, self._pattern.cgroups)

    def totals(self) -> SourceTotals:
        """Nothing is lost here."""
        return SourceTotals()

    def stop(self) -> Batch | None:
        """Nothing is held back."""
        return None


def main() -> None:
    """Run the screen."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rate", type=int, default=100_000)
    parser.add_argument("--keep", type=int, default=5_000_000)
    options = parser.parse_args()
    session = Session(options.keep)
    capture = Capture(Stream(options.rate), session)
    capture.start()
    try:
        KellectApp(session, live=capture).run()
    finally:
        capture.stop()


if __name__ == "__main__":
    main()
