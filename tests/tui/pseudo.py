"""The screen on pseudo-terminals of its own, one for the keys and one for what is drawn, each of which can go away."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import threading
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
STREAM = (sys.executable, "-m", "tests.tui.streaming")
PATIENCE = 30.0
_FUTEX, _WRITE_TO_STDERR = "202 ", "1 0x2 "  # /proc/PID/task/TID/syscall, x86_64


class Window:
    """A program on its terminals.

    Args:
        words: The program.
        controlling: One terminal for all, and the program's controlling one: it is sent signals when the terminal goes.
            Else nothing but its reads and writes tells it.
    """

    def __init__(self, words: Sequence[str] = STREAM, *, controlling: bool = False) -> None:
        self.keys, stdin = pty.openpty()
        self.picture, output = (self.keys, stdin) if controlling else pty.openpty()
        for fd in (stdin, output):  # Textual asks the one, Rich the other
            fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("4H", 32, 120, 0, 0))

        def adopt() -> None:
            os.setsid()
            if controlling:
                fcntl.ioctl(0, termios.TIOCSCTTY, 0)

        self.process = subprocess.Popen(words, stdin=stdin, stdout=output, stderr=output, cwd=ROOT, preexec_fn=adopt)  # no thread of ours holds a lock
        for fd in {stdin, output}:
            os.close(fd)
        self._drawn = bytearray()
        self._more = threading.Condition()
        self._stop, self._told_to_stop = os.pipe()
        self.take()

    def take(self) -> None:
        """Take what is drawn, from now on."""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        while self._stop not in (ready := select.select([self.picture, self._stop], [], [])[0]) and self.picture in ready:
            try:
                data = os.read(self.picture, 65_536)
            except OSError:  # EIO: nobody holds the other side any more
                return
            with self._more:
                self._drawn += data
                self._more.notify_all()

    def shows(self, text: str) -> None:
        """Wait until this is drawn, after what was waited for before."""
        self.matches(re.escape(text))

    def matches(self, pattern: str) -> None:
        """Wait until something like this is drawn, likewise: for what changes faster than it is drawn."""
        wanted = re.compile(pattern.encode())
        with self._more:
            found = self._more.wait_for(lambda: wanted.search(self._drawn), PATIENCE)
            assert found, self._drawn.decode(errors="replace")
            end = found.end()
            del found  # a bytearray that is looked into cannot shrink
            del self._drawn[:end]

    def press(self, keys: str) -> None:
        """Keys as bytes."""
        os.write(self.keys, keys.encode())

    def lose_keys(self) -> None:
        """Nothing can be read from any more."""
        os.close(self.keys)

    def stall(self) -> None:
        """Take nothing any more, and wait until the program waits: its screen for its writer, and that for us."""
        os.write(self._told_to_stop, b"x")
        self._reader.join()
        os.read(self._stop, 1)
        tasks = Path(f"/proc/{self.process.pid}/task")
        waiting = 0
        while waiting < 20:
            threading.Event().wait(0.01)
            calls = {task.name: (task / "syscall").read_text() for task in tasks.iterdir()}
            waits = calls[str(self.process.pid)].startswith(_FUTEX) and any(call.startswith(_WRITE_TO_STDERR) for call in calls.values())
            waiting = waiting + 1 if waits else 0

    def lose_picture(self) -> None:
        """Nothing can be written to any more."""
        os.write(self._told_to_stop, b"x")
        self._reader.join()
        os.close(self.picture)

    def hang_up(self) -> None:
        """The terminal goes, of a program that it controls: SIGHUP, SIGCONT, end of file."""
        self.lose_picture()

    def signal(self) -> None:
        """SIGHUP alone."""
        self.process.send_signal(signal.SIGHUP)

    def ends(self) -> int:
        """Its exit status, once it has ended by itself."""
        return self.process.wait(PATIENCE)

    def close(self) -> None:
        """Whatever became of it."""
        self.process.kill()
        self.process.wait()
