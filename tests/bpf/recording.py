"""Runs `kellect-tui record` for tests, and reads what it wrote."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

Line = dict[str, Any]
PROGRAM = (sys.executable, "-m", "kellect_tui")


def record(out: Path, *options: str, command: Sequence[str | Path] = ()) -> tuple[list[Line], subprocess.CompletedProcess[str]]:
    """(the events, how the recorder ended) of a command recorded to its end."""
    words = [*PROGRAM, "record", "-o", out, *options, *(["--", *command] if command else [])]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)
    return [json.loads(line) for line in out.read_text().splitlines()], done


class Recorder:
    """`record` without a command, in the background; `with` ends it by SIGINT and `events` are there afterwards."""

    def __init__(self, out: Path, *options: str) -> None:
        self._out = out
        self._process = subprocess.Popen([*PROGRAM, "record", "-o", out, *options], stderr=subprocess.PIPE, text=True)
        self.events: list[Line] = []
        self.pid = self._process.pid

    def __enter__(self) -> Recorder:
        assert self._process.stderr is not None
        line = self._process.stderr.readline()
        if not line.startswith("recording"):
            self._process.kill()
            raise AssertionError(line + self._process.stderr.read())
        return self

    def __exit__(self, *_error: object) -> None:
        self._process.send_signal(2)
        _out, self.said = self._process.communicate(timeout=60)
        self.status = self._process.returncode
        self.events = [json.loads(line) for line in self._out.read_text().splitlines()]


def until(condition: Callable[[], object]) -> None:
    """Wait until it holds; fails after a minute."""
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end, "it never came to hold"
        threading.Event().wait(0.01)


def stop(pid: int) -> None:
    """SIGSTOP, and wait until every thread of the process stands still."""
    os.kill(pid, signal.SIGSTOP)
    until(lambda: all((task / "stat").read_text().rpartition(") ")[2][0] == "T" for task in Path(f"/proc/{pid}/task").iterdir()))


def build(source: Path, place: Path) -> Path:
    """A test's C program, compiled."""
    out = place / source.stem
    subprocess.run(["gcc", "-O1", "-pthread", "-o", out, source], check=True)
    return out
