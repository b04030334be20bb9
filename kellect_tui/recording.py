"""`kellect-tui record`: a capture without a screen, of the whole system or of a command's own tree."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import click

from kellect_tui.capture import Capture, Sink
from kellect_tui.deadline import after, either, gone
from kellect_tui.errors import CannotWrite
from kellect_tui.events.options import CaptureOptions
from kellect_tui.export import format_of, known_format
from kellect_tui.export.follow import Follower
from kellect_tui.export.output import check, growing
from kellect_tui.session.session import Session

DONE = 0
NOT_EXECUTABLE, NOT_FOUND = 126, 127
_SIGNALS = frozenset({signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD})
_LOOK_SECONDS = 0.2
_SENT_BY_KERNEL = 0x80  # SI_KERNEL, siginfo.h: a key on the terminal, which its whole foreground group gets

# Native sessions are on disk as soon as a chunk is full; a text writer that falls behind needs room to catch up.
_KEEP_SESSION, _KEEP_TEXT = 262_144, 8_000_000


class Recording:
    """One run of `record`.

    Args:
        options: The capture filter.
        output: A path, or `-`.
        file_format: None: by the output's name; JSON lines for `-`.
        duration: Seconds; None: until it is stopped.
        command: What to run and record; empty: record what is there.
        everything: With a command: the whole system.
    """

    def __init__(self, options: CaptureOptions, *, output: str, file_format: str | None, duration: float | None, command: list[str], everything: bool) -> None:
        self._options, self._output, self._duration = options, output, duration
        self._command, self._everything = command, everything
        self._format = known_format(file_format) if file_format else "jsonl" if output == "-" else format_of(Path(output))

    def run(self) -> int:
        """Record until it ends. Returns the exit status. Raises KellectError before anything is captured."""
        program = _found(self._command[0]) if self._command else None
        if isinstance(program, int):
            return program
        if self._output != "-":
            check(Path(self._output))
        before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        child = _Child(program, self._command, before, output_is_stdout=self._output == "-") if program else None
        try:
            with self._file() as file:
                return self._record(file, child)
        except BaseException:
            if child is not None:
                child.give_up()
            raise
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    @contextmanager
    def _file(self) -> Iterator[BinaryIO]:
        if self._output == "-":
            yield sys.stdout.buffer
        else:
            with growing(Path(self._output)) as file:
                yield file

    def _record(self, file: BinaryIO, child: _Child | None) -> int:
        from kellect_tui.bpf.source import LiveSource

        source = LiveSource(self._options)
        if child is not None and not self._everything:
            source.watch_tree(child.pid, from_exec=True)
        session = Session(_KEEP_SESSION if self._format == "session" else _KEEP_TEXT)
        pids = gone(self._options.pids) if self._options.pids else None
        capture = Capture(source, session, [_Later(file, self._format, self._output)], ended=either(after(self._duration), pids))
        capture.start()
        status = DONE
        try:
            if child is None:
                click.echo("recording …" + ("" if self._duration else " (Ctrl-C ends it)"), err=True)
                _wait(capture)
            else:
                child.go()
                status = child.wait(capture)
        finally:
            capture.stop()
        if capture.error is not None:
            raise capture.error
        self._tell(session, child)
        return status

    def _tell(self, session: Session, child: _Child | None) -> None:
        ledger = session.ledger
        where = "standard output" if self._output == "-" else self._output
        said = f"{ledger.captured:,} events, {ledger.lost:,} lost, written to {where}"
        dropped = 0 if self._format == "session" else session.store.dropped
        if dropped:
            said += f"; {dropped:,} more came faster than {self._format} can be written: `-f session` keeps up"
        click.echo(said, err=True)
        if child is not None and (alive := _alive_below(session, child.pid)):
            click.echo(f"{len(alive)} descendants of {self._command[0]} still run and are left running: {', '.join(map(str, alive[:8]))}", err=True)


class _Later:
    """The sink of a format; made when the session has begun, because a session's file begins with its start."""

    def __init__(self, file: BinaryIO, format: str, name: str) -> None:
        self._file, self._format, self._name = file, format, name
        self._sink: Sink | None = None

    def _made(self, session: Session) -> Sink:
        if self._sink is None:
            from kellect_tui.session.file import SessionWriter

            self._sink = SessionWriter(self._file, session) if self._format == "session" else Follower(self._file, self._format, self._name)
        return self._sink

    def update(self, session: Session) -> None:
        self._made(session).update(session)

    def finish(self, session: Session) -> None:
        self._made(session).finish(session)
        try:
            self._file.flush()
        except BrokenPipeError as error:
            raise CannotWrite("the output pipe was closed", "what was written before is whole") from error


def _found(name: str) -> str | int:
    """The program's path, or the exit status that a shell would give."""
    path = shutil.which(name)
    if path is not None:
        return path
    exists = "/" in name and Path(name).exists()
    click.echo(f"kellect-tui: {name}: {'not executable' if exists else 'command not found'}", err=True)
    click.echo("  nothing was recorded; check the name", err=True)
    return NOT_EXECUTABLE if exists else NOT_FOUND


class _Child:
    """The command: forked at once, so that the probes can be told its pid; executed when they are in place."""

    def __init__(self, program: str, command: list[str], mask: set[signal.Signals] | set[int], *, output_is_stdout: bool) -> None:
        self._gate, gate = os.pipe()[::-1]
        failed, self._failed = os.pipe()
        self._report = failed
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self._gate)
            _become(program, command, mask, gate, self._failed, output_is_stdout=output_is_stdout)
        os.close(gate)
        os.close(self._failed)

    def go(self) -> None:
        """Let it execute its program."""
        os.write(self._gate, b"x")
        os.close(self._gate)

    def give_up(self) -> None:
        """End it before it has begun; one that runs already is left alone."""
        with contextlib.suppress(OSError):
            os.close(self._gate)

    def wait(self, capture: Capture) -> int:
        """Until it has ended, or the capture has: its exit status as a shell would say it."""
        while True:
            info = signal.sigtimedwait(_SIGNALS, _LOOK_SECONDS)
            if info is not None and info.si_signo in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP) and info.si_code != _SENT_BY_KERNEL:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self.pid, info.si_signo)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                return self._status(status)
            if capture.join(0):
                return DONE

    def _status(self, status: int) -> int:
        with os.fdopen(self._report, "rb") as report:
            said = report.read()
        if said:
            click.echo(f"kellect-tui: {said.decode(errors='replace')}", err=True)
            return NOT_EXECUTABLE
        return 128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def _become(program: str, command: list[str], mask: set[signal.Signals] | set[int], gate: int, failed: int, *, output_is_stdout: bool) -> None:
    """The child's side: wait at the gate, then be the command. Never returns."""
    try:
        if os.read(gate, 1) == b"x":
            if output_is_stdout:
                os.dup2(2, 1)
            for number in (signal.SIGPIPE, signal.SIGXFSZ):  # Python ignores them; programs expect them
                signal.signal(number, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            os.execv(program, command)
    except OSError as error:
        os.write(failed, f"{program}: {error.strerror}".encode())
    finally:
        os._exit(NOT_EXECUTABLE)


def _wait(capture: Capture) -> None:
    """Until a signal asks to stop, or the capture ends by itself."""
    while not capture.join(0):
        info = signal.sigtimedwait(_SIGNALS, _LOOK_SECONDS)
        if info is not None and info.si_signo != signal.SIGCHLD:
            return


def _alive_below(session: Session, pid: int) -> list[int]:
    """Pids of the command's descendants that have not ended."""
    root = session.processes.by_pid(pid)
    if root is None:
        return []
    return [process.pid for process in session.processes.descendants(root) if process.pid != pid and process.ended_ns is None]


