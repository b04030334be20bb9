"""How much the whole chain keeps: two loads at a given rate, the monitor beside them, and what it says at the end.

    sudo .venv/bin/python benchmarks/sustained.py [--rate 500000] [--seconds 20] [--mode mixed] [--headless]

With the screen (default) the real program runs in tmux at 120x32; its session is saved by keys at the end and read back.
Prints one line: calls made, events kept and lost of the loads (they must add up), CPU of the monitor in % of one core.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import loads
import psutil

from kellect_tui.session.file import open_session

PROGRAM = [sys.executable, "-m", "kellect_tui"]
COMM = b"kellect-load"


class Screen:
    """The live monitor in a tmux of its own."""

    def __init__(self, keep: int, directory: Path) -> None:
        self._socket = f"kellect-bench-{os.getpid()}"
        self._saved = directory / "bench.kellect"
        command = " ".join([*PROGRAM, "--keep", str(keep)])
        self._tmux("new-session", "-d", "-x", "120", "-y", "32", command)
        wait_for(lambda: "LIVE" in self.text(), 60)
        self.pid = int(self._tmux("list-panes", "-F", "#{pane_pid}"))

    def _tmux(self, *words: str) -> str:
        return subprocess.run(["tmux", "-L", self._socket, *words], check=True, capture_output=True, text=True).stdout

    def text(self) -> str:
        """What is on the screen."""
        return self._tmux("capture-pane", "-p")

    def session(self) -> Path:
        """Save everything by keys, quit, and say where it is."""
        self._tmux("send-keys", "C-s")
        wait_for(lambda: "Save" in self.text(), 30)
        self._tmux("send-keys", "C-u")
        self._tmux("send-keys", "-l", str(self._saved))
        self._tmux("send-keys", "Enter")
        wait_for(self._saved.exists, 600)
        self._tmux("send-keys", "q")
        return self._saved

    def close(self) -> None:
        """End the tmux server."""
        subprocess.run(["tmux", "-L", self._socket, "kill-server"], check=False, capture_output=True)


class Headless:
    """`record` into a session file."""

    def __init__(self, _keep: int, directory: Path) -> None:
        self._saved = directory / "bench.kellect"
        self._process = subprocess.Popen([*PROGRAM, "record", "-o", self._saved], stderr=subprocess.PIPE, text=True)
        assert self._process.stderr is not None
        if "recording" not in self._process.stderr.readline():
            raise SystemExit("the recorder did not start")
        self.pid = self._process.pid

    def session(self) -> Path:
        """Stop it."""
        self._process.send_signal(signal.SIGINT)
        self._process.wait(120)
        return self._saved

    def close(self) -> None:
        """Nothing is left."""
        if self._process.poll() is None:
            self._process.kill()


def wait_for(condition: object, seconds: float) -> None:
    """Until the condition holds; SystemExit where it does not in time."""
    end = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]  # any callable
        if time.monotonic() > end:
            raise SystemExit("the monitor did not get there in time")
        time.sleep(0.1)  # a benchmark polls; tests wait for events


def kept_and_lost(path: Path) -> tuple[int, int]:
    """(events of the loads, events lost of all families) in a saved session."""
    session = open_session(path)
    kept = 0
    for chunk in session.store.chunks:
        ours = chunk.whos["comm"] == COMM
        kept += int(ours[chunk.who[: chunk.count]].sum())
    return kept, session.ledger.lost


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rate", type=int, default=500_000)
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--mode", default="mixed")
    parser.add_argument("--headless", action="store_true")
    given = parser.parse_args()
    load = loads.build()
    each = given.rate * given.seconds // 2
    with tempfile.TemporaryDirectory() as directory:
        monitor = (Headless if given.headless else Screen)(4 * each, Path(directory))
        try:
            process = psutil.Process(monitor.pid)
            before, began = process.cpu_times(), time.monotonic()
            runs = [subprocess.Popen([load, given.mode, str(each), str(given.rate // 2)], stdout=subprocess.DEVNULL) for _cpu in range(2)]
            for run in runs:
                run.wait()
            wall = time.monotonic() - began
            after = process.cpu_times()
            cpu = after.user + after.system - before.user - before.system
            memory = process.memory_info().rss
            kept, lost = kept_and_lost(monitor.session())
        finally:
            monitor.close()
    # Starting each load makes a few dozen events of its own, counted in `kept`.
    print(f"{'headless' if given.headless else 'screen'}: {2 * each:,} calls of {given.mode} in {wall:.1f} s ({2 * each / wall:,.0f}/s): "
          f"{kept:,} events kept, {lost:,} lost; monitor {cpu / wall * 100:.0f} % of a core, {memory >> 20} MiB")  # fmt: skip


if __name__ == "__main__":
    main()
