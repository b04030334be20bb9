"""The real program in a real terminal: tmux."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).parents[2]
PATIENCE = 30.0
SERVERS = itertools.count()
"""A new server for each test: one that is still ending refuses new sessions."""

pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")


class Tmux:
    """A server of its own with one window, in which a command runs."""

    def __init__(self, command: str, width: int = 120, height: int = 32) -> None:
        self._base = ["tmux", "-L", f"kellect-test-{os.getpid()}-{next(SERVERS)}", "-f", "/dev/null"]
        # A size in the environment is a lie as soon as the window changes.
        command = f"COLUMNS=80 LINES=24 {command}"
        self.run("new-session", "-d", "-s", "t", "-x", str(width), "-y", str(height), "-c", str(ROOT), command)
        self.pid = int(self.run("list-panes", "-t", "t", "-F", "#{pane_pid}"))

    def run(self, *words: str) -> str:
        """One tmux command; what it said."""
        return subprocess.run([*self._base, *words], check=True, capture_output=True, text=True).stdout

    def press(self, *keys: str) -> None:
        """Keys by tmux's names."""
        self.run("send-keys", "-t", "t", *keys)

    def type(self, text: str) -> None:
        """Letters, all at once."""
        self.run("send-keys", "-t", "t", "-l", text)

    def screen(self) -> str:
        """What is on the screen."""
        return self.run("capture-pane", "-p", "-t", "t")

    def until(self, condition: Callable[[], bool]) -> None:
        """Wait for a condition; fails with the screen where it does not come true."""
        deadline = time.monotonic() + PATIENCE
        pause = threading.Event()
        while not condition():
            assert time.monotonic() < deadline, self.screen()
            pause.wait(0.02)

    def shows(self, text: str) -> None:
        """Wait for a text."""
        self.until(lambda: text in self.screen())

    def close(self) -> None:
        """End everything."""
        subprocess.run([*self._base, "kill-server"], check=False, capture_output=True)


@pytest.fixture
def tmux() -> Iterator[Tmux]:
    """A shell in which the screen runs over a capture of 20,000 events a second."""
    terminal = Tmux("PS1='ready> ' exec sh")
    try:
        terminal.press(f"{sys.executable} -m tests.tui.streaming --rate 20000", "Enter")
        terminal.shows("LIVE")
        terminal.shows("file.read")  # there are rows
        yield terminal
    finally:
        terminal.close()


def program(tmux: Tmux) -> psutil.Process:
    """The screen's process."""
    return next(child for child in psutil.Process(tmux.pid).children() if "tests.tui.streaming" in child.cmdline())


def test_keys_typed_all_at_once_arrive_where_they_belong(tmux: Tmux) -> None:
    tmux.type("/comm = bash and failed\r")
    tmux.until(lambda: tmux.screen().splitlines()[2].startswith("/ comm = bash and failed "))
    tmux.until(lambda: all("bash" in line for line in tmux.screen().splitlines()[4:10]))
    tmux.type("/nosuch = 3\r")
    tmux.shows("^")
    tmux.press("Escape")
    tmux.until(lambda: "^" not in tmux.screen())
    tmux.type("X")
    tmux.until(lambda: tmux.screen().splitlines()[2].startswith("/ no filter"))


def test_hold_detail_tree_pause_and_quit_that_asks(tmux: Tmux) -> None:
    tmux.press("Up", "Up", "Enter")
    tmux.shows("of this session")
    tmux.shows("▼")
    tmux.press("Escape")
    tmux.until(lambda: "of this session" not in tmux.screen())
    tmux.press("t")
    tmux.shows("COMM  ARGV")
    tmux.press("1", "Space")
    tmux.shows("PAUSED")
    tmux.until(lambda: "1 All" in tmux.screen() and any(unit in tmux.screen().splitlines()[1] for unit in "kM"))
    tmux.press("Space", "End", "q")
    tmux.shows("are not saved")
    tmux.press("y")
    tmux.shows("ready> ")
    tmux.type("echo status=$?\r")
    tmux.shows("status=0")


def test_the_tree_of_a_busy_machine(tmux: Tmux) -> None:
    tmux.type("6")
    tmux.shows("COMM  ARGV")
    tmux.shows("own only")
    tmux.type("S")
    tmux.shows("ΣEVENTS/s")
    tmux.type("z")
    tmux.shows("ended: last 10s")
    tmux.type("/comm = bash and state = running\r")
    tmux.until(lambda: tmux.screen().splitlines()[2].startswith("/ comm = bash and state = running"))
    tmux.press("End", "Enter")
    tmux.until(lambda: any(line.startswith(" process ") and " bash " in line for line in tmux.screen().splitlines()))
    tmux.shows("ancestry")
    tmux.type("P")
    tmux.until(lambda: tmux.screen().splitlines()[2].startswith("/ tree = "))
    tmux.type("6X")
    tmux.shows("/ no filter")


def test_a_terminal_that_shrinks_and_grows(tmux: Tmux) -> None:
    tmux.run("resize-window", "-t", "t", "-x", "19", "-y", "4")
    tmux.shows("terminal too small")
    tmux.run("resize-window", "-t", "t", "-x", "60", "-y", "12")
    tmux.shows("TARGET")
    tmux.run("resize-window", "-t", "t", "-x", "160", "-y", "45")
    tmux.until(lambda: "DURATION" in tmux.screen() and len(tmux.screen().splitlines()) == 45)


def test_a_terminal_that_is_said_to_be_dumb_is_drawn_in_its_size_and_ends_the_program_when_it_goes() -> None:
    terminal = Tmux(f"TERM=dumb {sys.executable} -m kellect_tui --demo", 100, 20)
    try:
        terminal.shows("6 Tree 30")
        lines = terminal.screen().splitlines()
        assert (lines[0].startswith(" kellect-tui "), lines[0].endswith(" events ·  0 lost"), len(lines[0])) == (True, True, 99)
        assert [lines[3].split()[0], lines[3].split()[-1], len(lines[3])] == ["TIME", "DURATION", 99]
        running = psutil.Process(terminal.pid)
        terminal.close()
        running.wait(PATIENCE)
    finally:
        terminal.close()


def test_suspend_and_back(tmux: Tmux) -> None:
    tmux.press("C-z")
    tmux.shows("ready> ")
    tmux.type("fg\r")
    tmux.until(lambda: "LIVE" in tmux.screen() and "ready> " not in tmux.screen())
    tmux.press("6")
    tmux.shows("COMM  ARGV")


def test_a_closed_terminal_ends_the_program(tmux: Tmux) -> None:
    process = program(tmux)
    tmux.close()
    process.wait(PATIENCE)
