"""What the command of `run -- CMD` prints: through a pseudo-terminal of its own into memory, and into a file where wanted.

The command has no terminal to read: its standard input is empty, standard output and error can only be written, and it has
no controlling terminal, so opening /dev/tty fails instead of waiting for keys that the screen takes.
"""

from __future__ import annotations

import fcntl
import os
import re
import select
import struct
import subprocess
import termios
import threading
from collections import deque
from typing import BinaryIO

from kellect_tui.errors import CannotWrite
from kellect_tui.export.output import cannot_write

LINES_KEPT = 10_000
LINE_BYTES = 4_096
"""A longer line goes on in the next one."""

_READ_BYTES = 65_536
_LAST_SECONDS = 0.2  # for what a command that has ended left in the terminal
_COLOURS = re.compile(rb"\x1b\[[0-9;:]*m")  # SGR, ECMA-48 8.3.117
_LINE_END = re.compile(rb"\r*\n|\r+")


class OutputLog:
    """The last lines, as they were written; one thread adds, any thread reads.

    Colours are left out, every other control character stays (who shows it makes it visible). A carriage return ends a
    line too: what it would have overwritten is still to be read.

    Attributes:
        total: Bytes so far.
        end: Number of whole lines so far; `first` is the number of the oldest one kept.
    """

    def __init__(self, keep: int = LINES_KEPT) -> None:
        self.total = 0
        self._state: tuple[int, deque[bytes]] = (0, deque(maxlen=keep))
        self._rest = b""
        self._lock = threading.Lock()

    @property
    def end(self) -> int:
        """Whole lines so far."""
        return self._state[0]

    @property
    def first(self) -> int:
        """Number of the oldest line kept."""
        return self._state[0] - len(self._state[1])

    @property
    def last(self) -> str:
        """What was written after the last line's end."""
        return _text(self._rest)

    def lines(self, since: int) -> tuple[int, list[str]]:
        """(number of the first, the lines) from number `since` on, as far as they are kept."""
        with self._lock:
            end, kept = self._state
            first = end - len(kept)
            start = max(since, first)
            found = [kept[number - first] for number in range(start, end)]
        return start, [_text(line) for line in found]

    def add(self, data: bytes) -> None:
        """Take in what was written. A command that floods its terminal waits for this, so bytes stay bytes until they are looked at."""
        self.total += len(data)
        data = self._rest + data
        *whole, rest = _LINE_END.split(data) if b"\r" in data else data.split(b"\n")
        if rest == b"" and data.endswith(b"\r"):  # its newline may follow
            rest, whole = whole[-1] + b"\r", whole[:-1]
        if max(map(len, whole), default=0) > LINE_BYTES:
            whole = [part for line in whole for part in _parts(line)]
        *more, rest = _parts(rest)
        whole += more
        with self._lock:
            end, kept = self._state
            kept.extend(whole)
            self._state, self._rest = (end + len(whole), kept), rest


def _parts(line: bytes) -> list[bytes]:
    return [line[at : at + LINE_BYTES] for at in range(0, len(line), LINE_BYTES)] or [b""]


def _text(data: bytes) -> str:
    return _COLOURS.sub(b"", data.removesuffix(b"\r")).decode("utf-8", "backslashreplace").expandtabs()


class CommandTerminal:
    """A pseudo-terminal that a command writes to, and the thread that takes what it wrote.

    Args:
        width, height: What programs that ask for its size are told, in cells.
        file: Takes every byte as it was written; None: nowhere.
        name: The file's, for what is said of it.

    Attributes:
        log: What was written last.
        error: Why the file takes no more; the log goes on.
        heir: Who takes what is written after `finish`.
    """

    def __init__(self, width: int, height: int, file: BinaryIO | None = None, name: str = "") -> None:
        self.log = OutputLog()
        self.error: CannotWrite | None = None
        self.heir: subprocess.Popen[bytes] | None = None
        self._file, self._name = file, name
        self._master, held = os.openpty()
        settings = termios.tcgetattr(held)
        settings[1] &= ~termios.OPOST  # the file is to have the command's own bytes
        termios.tcsetattr(held, termios.TCSANOW, settings)
        fcntl.ioctl(held, termios.TIOCSWINSZ, struct.pack("4H", height, width, 0, 0))
        self._slave = os.open(os.ttyname(held), os.O_WRONLY | os.O_NOCTTY | os.O_CLOEXEC)
        os.close(held)
        self._told_to_stop, self._stop = os.pipe()
        self._thread = threading.Thread(target=self._run, name="output", daemon=True)

    def give(self) -> None:
        """In the command's process, before it executes: its descriptors, a session of its own, and the truth about its terminal."""
        os.setsid()
        nothing = os.open(os.devnull, os.O_RDONLY)
        for fd, target in ((nothing, 0), (self._slave, 1), (self._slave, 2)):
            os.dup2(fd, target)
        os.environ["TERM"] = "dumb"

    def start(self) -> None:
        """Begin to take, once the command has been forked."""
        os.close(self._slave)
        self._thread.start()

    @property
    def is_open(self) -> bool:
        """Whether anybody can still write to it."""
        return self._thread.is_alive()

    def finish(self) -> None:
        """Take what is left. Who still writes to it goes on writing: into the file, or nowhere."""
        self._thread.join(_LAST_SECONDS)
        if self._thread.is_alive():
            os.write(self._stop, b"x")
            self._thread.join()
            into = self._file if self._file is not None and self.error is None else subprocess.DEVNULL
            self.heir = subprocess.Popen(["cat"], stdin=self._master, stdout=into, stderr=subprocess.DEVNULL, start_new_session=True)

    def _run(self) -> None:
        while self._master in select.select([self._master, self._told_to_stop], [], [])[0] and (data := self._read()):
            self.log.add(data)
            self._keep(data)

    def _read(self) -> bytes:
        try:
            return os.read(self._master, _READ_BYTES)
        except OSError:  # EIO: nobody holds the other side any more
            return b""

    def _keep(self, data: bytes) -> None:
        if self._file is None or self.error is not None:
            return
        try:
            self._file.write(data)
            self._file.flush()
        except OSError as error:
            self.error = cannot_write(self._name, error)
