"""The command of `record -- CMD` and `run -- CMD`: forked before the probes, executed when they are in place."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from kellect_tui.events.constants import signal_name
from kellect_tui.telling import tell

NOT_EXECUTABLE, NOT_FOUND = 126, 127
_OF_PYTHON = (signal.SIGPIPE, signal.SIGXFSZ)  # Python ignores them; programs expect them


@dataclass(frozen=True, slots=True)
class Ending:
    """How a command ended.

    Attributes:
        status: 0-255; None where a signal ended it.
        signal: The signal that did.
        seconds: From its start to its end.
    """

    status: int | None
    signal: int | None
    seconds: float

    @property
    def exit_status(self) -> int:
        """As a shell says it: its status, or 128 and the signal."""
        return 128 + self.signal if self.signal is not None else self.status or 0

    @property
    def signal_name(self) -> str | None:
        """`SIGSEGV`."""
        return None if self.signal is None else signal_name(self.signal)


def found(name: str) -> str | int:
    """The program's path, or the exit status that a shell would give, told."""
    path = shutil.which(name)
    if path is not None:
        return path
    exists = "/" in name and Path(name).exists()
    tell(f"kellect-tui: {name}: {'not executable' if exists else 'command not found'}")
    tell("  nothing was recorded; check the name")
    return NOT_EXECUTABLE if exists else NOT_FOUND


class Child:
    """A command: forked at once, so that the probes can be told its pid; it executes its program at `go`.

    Make it while the process has one thread. SIGCHLD and what is to be passed on are blocked by the caller.

    Args:
        program: The file to execute. argv: what it sees.
        mask: Signal mask that it gets.
        prepare: Called in the child before it executes, to give it its descriptors.
    """

    def __init__(self, program: str, argv: list[str], mask: Iterable[int], prepare: Callable[[], None]) -> None:
        gate, self._gate = os.pipe()
        self._report, failed = os.pipe()
        self.argv = argv
        self.why_not = ""
        self.ending: Ending | None = None
        self._began = time.monotonic()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self._gate)
            os.close(self._report)
            _become(program, argv, mask, prepare, gate, failed)
        os.close(gate)
        os.close(failed)

    def go(self) -> None:
        """Let it execute its program."""
        self._began = time.monotonic()
        os.write(self._gate, b"x")
        os.close(self._gate)

    def give_up(self) -> None:
        """End it before it has begun; one that runs already is left alone."""
        with contextlib.suppress(OSError):
            os.close(self._gate)

    def poll(self) -> Ending | None:
        """How it ended; None while it runs. `why_not` says why its program could not be executed, where that was so."""
        if self.ending is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                seconds = time.monotonic() - self._began
                by_signal = os.WIFSIGNALED(status)
                self.ending = Ending(None if by_signal else os.WEXITSTATUS(status), os.WTERMSIG(status) if by_signal else None, seconds)
                with os.fdopen(self._report, "rb") as report:
                    self.why_not = report.read().decode(errors="replace")
        return self.ending

    def send(self, number: int) -> None:
        """Send it a signal; one that has ended gets none."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def send_group(self, number: int) -> None:
        """Send its process group a signal, as a key on its terminal would; for a command that leads one."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, number)


def _become(program: str, argv: list[str], mask: Iterable[int], prepare: Callable[[], None], gate: int, failed: int) -> None:
    """The child's side: wait at the gate, then be the command. Never returns."""
    try:
        if os.read(gate, 1) == b"x":
            prepare()
            for number in _OF_PYTHON:
                signal.signal(number, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            os.execv(program, argv)
    except OSError as error:
        os.write(failed, f"{program}: {error.strerror}".encode())
    finally:
        os._exit(NOT_EXECUTABLE)
