"""From the command to the first event on the screen, and from `q` to the end: the real program in a real terminal.

    sudo .venv/bin/python benchmarks/start.py [--rounds 5]

An event is made every few milliseconds meanwhile, so that there is a first one. `first time`: what the program keeps of an
earlier start (its compiled probes) was removed; Python's own bytecode was not, and is made before (a checkout may have none, where
PYTHONDONTWRITEBYTECODE is set; what pip installs has it).
"""

from __future__ import annotations

import compileall
import shutil
import time
from pathlib import Path

import loads
import psutil
from goals import Board, parser
from terminal import PROGRAM, Terminal

import kellect_tui

FIRST_SECONDS, CACHED_SECONDS, STOP_SECONDS = 1.2, 0.5, 0.5
CACHES = (Path("/var/cache/kellect-tui"),)


def forget() -> None:
    """Remove what an earlier start left."""
    for cache in CACHES:
        shutil.rmtree(cache, ignore_errors=True)


def ended(process: psutil.Process, seconds: float) -> None:
    """Wait until it has ended; a terminal may leave it a zombie for longer than it runs. Raises TimeoutError."""
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        try:
            if process.status() == psutil.STATUS_ZOMBIE:
                return
        except psutil.NoSuchProcess:
            return
        time.sleep(0.002)
    raise TimeoutError("the monitor did not end")


def once() -> tuple[float, float]:
    """(seconds to the first event on the screen, seconds from `q` to the end)."""
    terminal = Terminal([*PROGRAM, "-c", "kellect-load"])
    try:
        seen = terminal.wait(lambda: terminal.has(" file.close "), 30)
        if seen is None:
            raise TimeoutError("no event came on the screen:\n" + "\n".join(terminal.screen()))
        process = psutil.Process(terminal.pid)
        begun = time.perf_counter()
        terminal.press("q")
        ended(process, 30)
        return seen - terminal.started, time.perf_counter() - begun
    finally:
        terminal.close()


def main() -> None:
    """Measure, tell."""
    line = parser(__doc__)
    line.add_argument("--rounds", type=int, default=5)
    given = line.parse_args()
    board = Board(given.json, f"benchmarks/{Path(__file__).name}")
    compileall.compile_dir(Path(kellect_tui.__file__).parent, quiet=1)
    with loads.running(loads.build(), "close", 200, producers=1):
        once()  # the page cache
        first, cached = [], []
        for _ in range(given.rounds):
            forget()
            first.append(once())
            cached.append(once())
    board.tell("start to first event on the screen, first time", [start for start, _ in first], "s", FIRST_SECONDS)
    board.tell("start to first event on the screen, again", [start for start, _ in cached], "s", CACHED_SECONDS)
    board.tell("stop: from q to the end", [stop for _, stop in first + cached], "s", STOP_SECONDS)


if __name__ == "__main__":
    main()
