"""What the program takes when little happens, and while it follows a moderate rate: CPU of the whole process, screen open, a filter on.

sudo .venv/bin/python benchmarks/idle.py [--rates 0,100000] [--seconds 10] [--rounds 3]
"""

from __future__ import annotations

import time
from pathlib import Path

import loads
import psutil
from goals import Board, parser
from terminal import PROGRAM, Terminal

GOAL_PERCENT = {0: 3.0, 100_000: 20.0}
FILTER = "event_type = file.*"


def sample(process: psutil.Process, seconds: float) -> float:
    """CPU in % of a core over so many seconds."""
    before, begun = process.cpu_times(), time.perf_counter()
    time.sleep(seconds)
    after, wall = process.cpu_times(), time.perf_counter() - begun
    return float(after.user + after.system - before.user - before.system) / wall * 100


def thread_shares(process: psutil.Process, seconds: float) -> str:
    """What of it is the screen's thread and what the reader's, in % of a core."""
    before = {thread.id: thread.user_time + thread.system_time for thread in process.threads()}
    time.sleep(seconds)
    spent = {thread.id: thread.user_time + thread.system_time - before.get(thread.id, 0.0) for thread in process.threads()}
    screen = spent.pop(process.pid, 0.0)
    return f"screen's thread {screen / seconds * 100:.1f} %, reader's {max(spent.values(), default=0.0) / seconds * 100:.1f} %"


def measure(board: Board, rate: int, seconds: float, rounds: int) -> None:
    """Run the program, tell."""
    terminal = Terminal([*PROGRAM, "--filter", FILTER])
    try:
        terminal.until("LIVE", 60)
        with loads.running(loads.build(), "mixed", rate):
            time.sleep(3)
            process = psutil.Process(terminal.pid)
            values = [sample(process, seconds) for _ in range(rounds)]
            memory = process.memory_info().rss
            shares = thread_shares(process, seconds)
    finally:
        terminal.close()
    what = f"following {rate:,} events/s, screen open, filter on" if rate else "idle, screen open, filter on"
    board.tell(what, values, "% of a core", GOAL_PERCENT.get(rate), also=f"{shares}; {memory >> 20} MiB")


def main() -> None:
    """Read the command line."""
    line = parser(__doc__)
    line.add_argument("--rates", default="0,100000", help="events a second, with commas")
    line.add_argument("--seconds", type=float, default=10.0)
    line.add_argument("--rounds", type=int, default=3)
    given = line.parse_args()
    board = Board(given.json, f"benchmarks/{Path(__file__).name}")
    for rate in map(int, given.rates.split(",")):
        measure(board, rate, given.seconds, given.rounds)


if __name__ == "__main__":
    main()
