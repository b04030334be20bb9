"""A real terminal for the real program: a tmux server of our own, driven through control mode, no process per command."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Sequence

WIDTH, HEIGHT = 120, 32
POLL_SECONDS = 0.001
PATIENCE_SECONDS = 10.0
PROGRAM = (sys.executable, "-m", "kellect_tui")


class Terminal:
    """A program in a session of 120x32.

    Attributes:
        pid: Of the program.
        started: time.perf_counter() just before it was started.
    """

    def __init__(self, command: Sequence[str]) -> None:
        self._tmux = ["tmux", "-L", f"bench-{os.getpid()}-{time.monotonic_ns()}", "-f", "/dev/null"]
        subprocess.run([*self._tmux, "new-session", "-d", "-s", "idle", "-x", str(WIDTH), "-y", str(HEIGHT), "cat"], check=True)
        attach = [*self._tmux, "-C", "attach-session", "-t", "idle", "-f", "no-output,ignore-size"]
        self._client = subprocess.Popen(attach, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, errors="replace", bufsize=1)
        self.ask("display-message -p ready")
        self.started = time.perf_counter()
        words = shlex.join(str(word) for word in command)
        self.pid = int(self.ask(f"new-session -d -P -F '#{{pane_pid}}' -s t -x {WIDTH} -y {HEIGHT} {shlex.quote(words)}")[-1])

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

    def type(self, text: str) -> None:
        """Hand over text as it is."""
        self.ask(f"send-keys -t t -l {shlex.quote(text)}")

    def screen(self) -> list[str]:
        """What is on the screen."""
        return self.ask("capture-pane -p -t t")

    def has(self, text: str) -> bool:
        """Whether a line of the screen has this."""
        return any(text in line for line in self.screen())

    def wait(self, seen: Callable[[], bool], seconds: float = PATIENCE_SECONDS) -> float | None:
        """When the condition came true; None where it did not in time."""
        deadline = time.perf_counter() + seconds
        while time.perf_counter() < deadline:
            if seen():
                return time.perf_counter()
            time.sleep(POLL_SECONDS)
        return None

    def until(self, text: str, seconds: float = PATIENCE_SECONDS) -> float:
        """When this text was on the screen. Raises TimeoutError with the screen."""
        seen = self.wait(lambda: self.has(text), seconds)
        if seen is None:
            raise TimeoutError(f"{text!r} did not come on the screen:\n" + "\n".join(self.screen()))
        return seen

    def close(self) -> None:
        """End the program and the server."""
        subprocess.run([*self._tmux, "kill-server"], check=False, capture_output=True)
        self._client.wait(10)
