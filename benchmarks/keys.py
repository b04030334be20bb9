"""Key-to-screen latency of the real program in a real terminal (tmux), while whatever it shows goes on.

    python benchmarks/keys.py [--keys 100] [--warm 5] -- kellect-tui --demo

A key's time runs from handing it to tmux until the row of the cursor (or the typed letter) is on tmux' screen; what tmux
itself takes (about 1 ms) is in it. Prints p50, p95, p99 and the longest, and what the program cost meanwhile.
"""

from __future__ import annotations

import argparse
import math
import os
import shlex
import subprocess
import threading
import time
from collections.abc import Callable, Sequence

import psutil

WIDTH, HEIGHT = 120, 32
POLL_SECONDS = 0.001
PATIENCE_SECONDS = 10.0
MOVES = ("Up", "Up", "Up", "Down", "Down")
LETTERS = "abcdefghij"


class Terminal:
    """A tmux server of its own with one session, driven through control mode: no process per command."""

    def __init__(self, command: Sequence[str]) -> None:
        self._tmux = ["tmux", "-L", f"keys-{os.getpid()}", "-f", "/dev/null"]
        start = [*self._tmux, "new-session", "-d", "-s", "t", "-x", str(WIDTH), "-y", str(HEIGHT), shlex.join(command)]
        subprocess.run(start, check=True)
        self.pid = int(subprocess.check_output([*self._tmux, "list-panes", "-t", "t", "-F", "#{pane_pid}"], text=True))
        attach = [*self._tmux, "-C", "attach-session", "-t", "t", "-f", "no-output,ignore-size"]
        self._client = subprocess.Popen(attach, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, errors="replace", bufsize=1)
        self.ask("display-message -p ready")

    def ask(self, command: str) -> list[str]:
        """Run a tmux command; its output."""
        if self._client.stdin is None or self._client.stdout is None:
            raise RuntimeError("tmux has no pipes")
        token = f"token{time.monotonic_ns()}"
        self._client.stdin.write(f"{command}\ndisplay-message -p {token}\n")
        self._client.stdin.flush()
        lines: list[str] = []
        for line in self._client.stdout:
            if line.startswith(token):
                return lines
            if not line.startswith("%"):
                lines.append(line.rstrip("\n"))
        raise RuntimeError("the program ended")

    def press(self, *keys: str) -> None:
        """Hand keys over."""
        self.ask("send-keys -t t " + " ".join(keys))

    def screen(self, *, styled: bool = False) -> list[str]:
        """What is on the screen, with or without colours."""
        return self.ask(f"capture-pane -p{'e' if styled else ''} -t t")

    def wait(self, seen: Callable[[], bool], seconds: float = PATIENCE_SECONDS) -> float | None:
        """When the condition came true; None where it did not in time."""
        pause = threading.Event()
        deadline = time.perf_counter() + seconds
        while time.perf_counter() < deadline:
            if seen():
                return time.perf_counter()
            pause.wait(POLL_SECONDS)
        return None

    def close(self) -> None:
        """End the program and the server."""
        subprocess.run([*self._tmux, "kill-server"], check=False)
        self._client.wait(5)


def detail_title(terminal: Terminal) -> str:
    """The line over the detail, which names the event under the cursor: `file.open event 1,234 of this session`."""
    return next((line for line in terminal.screen() if "of this session" in line), "")


def moving(terminal: Terminal, count: int) -> list[float]:
    """Move the cursor with the detail open; a key counts when the detail is another event's."""
    terminal.press("Enter")
    if terminal.wait(lambda: bool(detail_title(terminal))) is None:
        return []
    samples: list[float] = []
    pause = threading.Event()
    for number in range(count):
        before = detail_title(terminal)
        began = time.perf_counter()
        terminal.press(MOVES[number % len(MOVES)])
        seen = terminal.wait(lambda before=before: detail_title(terminal) not in ("", before))  # type: ignore[misc]  # a lambda's default has no type
        if seen is None:
            break
        samples.append(seen - began)
        pause.wait(0.02 + number % 7 * 0.013)  # not in step with the frames
    terminal.press("Escape")
    terminal.wait(lambda: not detail_title(terminal))  # else the escape becomes part of the next key
    return samples


def typing(terminal: Terminal, count: int) -> list[float]:
    """Type into the search line while the table follows; a key counts when its letter is on the screen."""
    terminal.press("End")
    terminal.wait(lambda: not any("▼" in line for line in terminal.screen()))
    terminal.press("C-f")
    pause = threading.Event()
    terminal.wait(lambda: any(line.startswith("? ") for line in terminal.screen()))
    samples: list[float] = []
    text = ""
    for number in range(count):
        if len(text) == 20:
            terminal.press("C-u")
            terminal.wait(lambda: not any(line.startswith("? a") for line in terminal.screen()))
            text = ""
        text += LETTERS[number % len(LETTERS)]
        began = time.perf_counter()
        terminal.press(text[-1])
        seen = terminal.wait(lambda text=text: any(line.startswith(f"? {text} ") for line in terminal.screen()))  # type: ignore[misc]  # as above
        if seen is None:
            break
        samples.append(seen - began)
        pause.wait(0.02 + number % 7 * 0.013)
    terminal.press("Escape")
    return samples


def percentiles(samples: Sequence[float], wanted: int) -> str:
    """p50, p95, p99 (nearest rank: of 100 keys p99 is the longest but one) and the longest, in ms."""
    if len(samples) < wanted:
        return f"only {len(samples)} of {wanted} keys were seen"
    ordered = sorted(samples)
    p50, p95, p99 = (1000 * ordered[math.ceil(share * len(ordered)) - 1] for share in (0.5, 0.95, 0.99))
    return f"p50 {p50:5.0f}   p95 {p95:5.0f}   p99 {p99:5.0f}   max {1000 * ordered[-1]:5.0f} ms   ({len(ordered)} keys)"


def cpu_seconds(pid: int) -> float:
    """CPU time of the program and its children."""
    family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    return sum(sum(process.cpu_times()[:2]) for process in family)


def measure(command: Sequence[str], keys: int, warm: float) -> None:
    """Run, measure, print."""
    terminal = Terminal(command)
    try:
        pause = threading.Event()
        terminal.wait(lambda: any("events" in line for line in terminal.screen()))
        pause.wait(warm)
        began, cpu = time.perf_counter(), cpu_seconds(terminal.pid)
        pause.wait(5)
        share = (cpu_seconds(terminal.pid) - cpu) / (time.perf_counter() - began)
        memory = psutil.Process(terminal.pid).memory_info().rss
        print(f"following, no keys   cpu {100 * share:.1f} % of a core, memory {memory / 1e6:.0f} MB")
        print(f"moving, detail open  {percentiles(moving(terminal, keys), keys)}")
        print(f"typing               {percentiles(typing(terminal, keys), keys)}")
        print("\n".join(terminal.screen()[:3]))
    finally:
        terminal.close()


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="key-to-screen latency of a running kellect-tui, in tmux")
    parser.add_argument("--keys", type=int, default=100)
    parser.add_argument("--warm", type=float, default=5.0, help="seconds to let it run before measuring")
    parser.add_argument("command", nargs="+")
    options = parser.parse_args()
    measure(options.command, options.keys, options.warm)


if __name__ == "__main__":
    main()
