"""What reading costs: CPU of the capture's thread, ring to columns, strings interned, processes and losses counted.

    sudo .venv/bin/python benchmarks/reader.py [--rates 100000,500000,1000000] [--seconds 5] [--rounds 3] [--mode mixed]

The whole capture as `record` and the screen run it, without either: probes, reader, session. The thread's own clock is read.
"""

from __future__ import annotations

import time
from pathlib import Path

import loads
from goals import Board, parser

from kellect_tui.bpf.source import LiveSource
from kellect_tui.capture import Capture
from kellect_tui.events.options import CaptureOptions
from kellect_tui.session.session import Session

GOAL_PERCENT = {1_000_000: 20.0}


def sample(capture: Capture, seconds: float) -> tuple[float, float]:
    """(CPU of the capture's thread in % of a core, events a second) over so many seconds."""
    clock = time.pthread_getcpuclockid(capture.thread_id)
    ledger = capture.session.ledger
    cpu, events, begun = time.clock_gettime(clock), ledger.captured, time.perf_counter()
    time.sleep(seconds)
    wall = time.perf_counter() - begun
    return (time.clock_gettime(clock) - cpu) / wall * 100, (ledger.captured - events) / wall


def measure(board: Board, rate: int, mode: str, seconds: float, rounds: int) -> None:
    """Capture while the loads run, tell."""
    session = Session()
    capture = Capture(LiveSource(CaptureOptions()), session)
    with loads.running(loads.build(), mode, rate):
        capture.start()
        time.sleep(1)
        samples = [sample(capture, seconds) for _ in range(rounds)]
        capture.stop()
    reached = sum(events for _, events in samples) / rounds
    cost = [percent / events * 1e7 for percent, events in samples]  # % of a core → ns an event
    failed = f"{session.ledger.lost:,} lost" if session.ledger.lost else ""
    if reached < rate * 0.95:
        failed = (failed + "; " if failed else "") + f"the loads made only {reached:,.0f} events/s"
    also = f"{sorted(cost)[rounds // 2]:.0f} ns an event"
    what = f"reader, ring to interned columns, at {rate:,} events/s ({mode})"
    board.tell(what, [percent for percent, _ in samples], "% of a core", GOAL_PERCENT.get(rate), also=also, failed=failed)


def main() -> None:
    """Read the command line."""
    line = parser(__doc__)
    line.add_argument("--rates", default="100000,500000,1000000", help="events a second, with commas")
    line.add_argument("--mode", default="mixed", help="what load.c does")
    line.add_argument("--seconds", type=float, default=5.0)
    line.add_argument("--rounds", type=int, default=3)
    given = line.parse_args()
    board = Board(given.json, f"benchmarks/{Path(__file__).name}")
    for rate in map(int, given.rates.split(",")):
        measure(board, rate, given.mode, given.seconds, given.rounds)


if __name__ == "__main__":
    main()
