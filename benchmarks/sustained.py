"""The rate that the whole chain sustains with nothing lost: two loads in tight loops beside the monitor.

    sudo .venv/bin/python benchmarks/sustained.py [--seconds 60] [--mode read] [--rate 0] [--headless]

With the screen (default) the real program runs in tmux at 120x32, following, under a display filter; its session is saved by
keys at the end and read back: events of the loads as the process tree has counted them, losses as the ledger has. Every call that a load
made must be among them or be lost. Without `--rate` the loops make as many calls as the machine lets them, which may be far more than the goal.
"""

from __future__ import annotations

import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Protocol

import loads
import psutil
from goals import Board, parser
from terminal import PROGRAM, Terminal

from kellect_tui.session.file import open_session
from kellect_tui.session.session import Session

GOAL = 1_500_000.0
FILTER = "comm = kellect-load"
OTHERS_PER_LOAD = 100
"""Events that a load makes besides its calls: its start and its end."""


class Monitor(Protocol):
    """The monitor under test."""

    pid: int

    def session(self) -> Session:
        """Stop it; what it captured."""
        ...

    def close(self) -> None:
        """Nothing is left of it."""
        ...


class Screen:
    """The live monitor in a terminal."""

    def __init__(self, directory: Path) -> None:
        self._saved = directory / "bench.kellect"
        self._terminal = Terminal([*PROGRAM, "--filter", FILTER])
        self._terminal.until("LIVE", 60)
        self.pid = self._terminal.pid

    def session(self) -> Session:
        """Save everything by keys, and read it."""
        terminal = self._terminal
        terminal.press("C-s")
        terminal.until("Save", 30)
        terminal.press("C-u")
        terminal.type(str(self._saved))
        terminal.press("Enter")
        if terminal.wait(self._saved.exists, 300) is None:
            raise TimeoutError("the session was not saved")
        return open_session(self._saved)

    def close(self) -> None:
        """End the terminal."""
        self._terminal.close()


class Headless:
    """`record` into a session file."""

    def __init__(self, directory: Path) -> None:
        self._saved = directory / "bench.kellect"
        self._process = subprocess.Popen([*PROGRAM, "record", "-o", self._saved], stderr=subprocess.PIPE, text=True)
        if self._process.stderr is None or "recording" not in self._process.stderr.readline():
            raise RuntimeError("the recorder did not start")
        self.pid = self._process.pid

    def session(self) -> Session:
        """Stop it, and read its file."""
        self._process.send_signal(signal.SIGINT)
        self._process.wait(120)
        return open_session(self._saved)

    def close(self) -> None:
        """Nothing is left."""
        if self._process.poll() is None:
            self._process.kill()


def cpu_seconds(process: psutil.Process) -> float:
    """User and system time so far."""
    times = process.cpu_times()
    return float(times.user + times.system)


def measure(board: Board, *, headless: bool, mode: str, seconds: int, rate: int, goal: float | None) -> None:
    """Run the loads, tell."""
    load = loads.build()
    with tempfile.TemporaryDirectory() as directory:
        monitor: Monitor = (Headless if headless else Screen)(Path(directory))
        try:
            process = psutil.Process(monitor.pid)
            time.sleep(1)
            cpu, begun = cpu_seconds(process), time.monotonic()
            command = [str(load), mode, f"{seconds}s", str(rate // 2)]
            runs = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
            calls = [int(run.communicate()[0].split()[0]) for run in runs]
            wall = time.monotonic() - begun
            share, memory = (cpu_seconds(process) - cpu) / wall * 100, process.memory_info().rss
            session = monitor.session()
        finally:
            monitor.close()
    kept = sum(seen.counts.events for run in runs if (seen := session.processes.by_pid(run.pid)) is not None)
    lost, made = session.ledger.lost, sum(calls)
    failed = f"{lost:,} lost" if lost else ""
    if not made <= kept + lost <= made + OTHERS_PER_LOAD * len(runs) + lost:
        failed = f"{kept:,} kept and {lost:,} lost of {made:,} calls do not add up"
    also = f"{made:,} calls, {kept:,} captured, {lost:,} lost; monitor {share:.0f} % of a core, {memory >> 20} MiB"
    where = "headless" if headless else "screen open, filter on"
    what = f"sustained for {seconds} s, 2 × {mode}{f' at {rate:,}/s' if rate else ''}, {where}"
    board.tell(what, [kept / wall], "events/s", goal, at_least=True, also=also, failed=failed)


def main() -> None:
    """Read the command line."""
    line = parser(__doc__)
    line.add_argument("--rate", type=int, default=0, help="events a second; 0: as fast as they go")
    line.add_argument("--seconds", type=int, default=60)
    line.add_argument("--mode", default="read")
    line.add_argument("--headless", action="store_true")
    given = line.parse_args()
    board = Board(given.json, f"benchmarks/{Path(__file__).name} --mode {given.mode}" + (f" --rate {given.rate}" if given.rate else ""))
    measure(
        board,
        headless=given.headless,
        mode=given.mode,
        seconds=given.seconds,
        rate=given.rate,
        goal=GOAL if not 0 < given.rate < GOAL else None,
    )


if __name__ == "__main__":
    main()
