"""What the monitor adds to a call: CPU ns of the calling process, rounds interleaved with bare ones.

    sudo .venv/bin/python benchmarks/overhead.py [ROUNDS] [CALLS]

Prints a line per kind of call: bare, under the monitor, and the difference of the medians.
"""

from __future__ import annotations

import statistics
import sys
import threading
from pathlib import Path

import loads

from kellect_tui.bpf.source import LiveSource
from kellect_tui.events.options import CaptureOptions

KINDS = {
    "close": "monitored, no path (bad descriptor)",
    "read": "monitored, with file identity",
    "openclose": "open with name and path, and close; per call",
    "getppid": "not monitored",
}


def monitored(load: Path, mode: str, calls: int) -> float:
    """CPU ns a call while a live source reads everything."""
    source = LiveSource(CaptureOptions())
    source.start()
    done = threading.Event()

    def drain() -> None:
        while not done.wait(0.01):
            source.read()

    reader = threading.Thread(target=drain)
    reader.start()
    try:
        return loads.run(load, mode, calls)[0]
    finally:
        done.set()
        reader.join()
        source.stop()


def main() -> None:
    """Measure and print."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    calls = int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000
    load = loads.build()
    print(f"CPU ns a call, median (min-max) of {rounds} rounds of {calls:,} calls")
    for mode, meaning in KINDS.items():
        bare, under = [], []
        for _round in range(rounds):
            bare.append(loads.run(load, mode, calls)[0])
            under.append(monitored(load, mode, calls))
        added = statistics.median(under) - statistics.median(bare)
        print(f"{mode:10} bare {loads.spread(bare):18} monitored {loads.spread(under):18} added {added:4.0f}   {meaning}", flush=True)


if __name__ == "__main__":
    main()
