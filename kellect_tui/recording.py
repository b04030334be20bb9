"""`kellect-tui record`: a capture without a screen, of the whole system or of a command's own tree."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import BinaryIO

from kellect_tui.capture import Capture, Sink
from kellect_tui.command import Child, found
from kellect_tui.deadline import after, either, gone
from kellect_tui.errors import CannotWrite
from kellect_tui.events.options import CaptureOptions
from kellect_tui.export import export, format_of, known_format
from kellect_tui.export.follow import Follower
from kellect_tui.export.output import cannot_write, check, end_at_line, growing, standard_output
from kellect_tui.export.process_tree import TREES
from kellect_tui.export.summing import SummingSink
from kellect_tui.export.writers import LINES, WRITERS
from kellect_tui.memory import guards
from kellect_tui.session.procfs import lineage
from kellect_tui.session.scope import Scope
from kellect_tui.session.session import Session
from kellect_tui.summarizing import SummaryWish, alive_below, command_of
from kellect_tui.telling import tell

DONE = 0
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
        summary: The summary that is wanted at the end.
    """

    def __init__(
        self,
        options: CaptureOptions,
        *,
        output: str,
        file_format: str | None,
        duration: float | None,
        command: list[str],
        everything: bool,
        summary: SummaryWish,
    ) -> None:
        self._options, self._output, self._duration = options, output, duration
        self._command, self._everything, self._summary = command, everything, summary
        self._format = known_format(file_format) if file_format else "jsonl" if output == "-" else format_of(Path(output))

    def run(self) -> int:
        """Record until it ends. Returns the exit status. Raises KellectError before anything is captured."""
        program = found(self._command[0]) if self._command else None
        if isinstance(program, int):
            return program
        if self._output == "-":
            standard_output()
        else:
            check(Path(self._output))
        self._summary.check()
        before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        child = Child(program, self._command, before, _to_stderr if self._output == "-" else _as_it_is) if program else None
        try:
            with self._file() as file:
                return self._record(file, child)
        except BaseException:
            if child is not None:
                child.give_up()
            raise
        finally:
            _forget_pending()
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    @contextmanager
    def _file(self) -> Iterator[BinaryIO]:
        if self._output == "-":
            yield standard_output()
        else:
            path = Path(self._output)
            try:
                with growing(path) as file:
                    yield file
            except CannotWrite:
                if self._format in LINES:
                    end_at_line(path)
                raise

    def _record(self, file: BinaryIO, child: Child | None) -> int:
        from kellect_tui.bpf.source import LiveSource

        source = LiveSource(self._options)
        own_tree = child.pid if child is not None and not self._everything else None
        if own_tree is not None:
            source.watch_tree(own_tree, from_exec=True)
        source.prepare()  # the kernel looks at the probes while what follows is made
        keep = _KEEP_TEXT if self._format in WRITERS else _KEEP_SESSION
        session = Session(keep, bounds=self._options.budget, scope=None if own_tree is None else Scope(own_tree))
        summing = SummingSink(self._options.budget) if self._summary.wanted else None
        sinks: list[Sink] = [_Later(file, self._format, self._output), *([summing] if summing is not None else [])]
        sinks += guards(self._options.memory_bytes)
        pids = gone(self._options.pids) if self._options.pids else None
        seeds = None if own_tree is None else partial(lineage, own_tree)
        capture = Capture(source, session, sinks, ended=either(after(self._duration), pids), seeds=seeds)
        capture.start()
        status = DONE
        try:
            if child is None:
                tell("recording …" + ("" if self._duration else " (Ctrl-C ends it)"))
                _wait(capture)
            else:
                child.go()
                status = _wait_for(child, capture)
        finally:
            capture.stop()
        if summing is not None:
            summing.finish(session)
            self._summary.write(session, summing.summary, None if child is None else command_of(child, session))
        self._tell_left(session, child)
        if capture.error is not None:
            raise capture.error
        self._tell(session)
        return status

    def _tell(self, session: Session) -> None:
        ledger = session.ledger
        where = "standard output" if self._output == "-" else self._output
        said = f"{ledger.captured:,} events, {ledger.lost:,} lost, written to {where}"
        dropped = 0 if self._format in ("session", *TREES) else session.store.dropped
        if dropped:
            said += f"; {dropped:,} more came faster than {self._format} can be written: `-f session` keeps up"
        tell(said)

    def _tell_left(self, session: Session, child: Child | None) -> None:
        """Who still runs."""
        if child is None:
            return
        alive = alive_below(session, child.pid)
        if child.poll() is None:
            tell(f"{self._command[0]} still runs and is left running: {child.pid}")
        if alive:
            tell(f"{len(alive)} descendants of {self._command[0]} still run and are left running: {', '.join(map(str, alive[:8]))}")


class _Later:
    """The sink of a format; made when the session has begun, because a session's file begins with its start."""

    def __init__(self, file: BinaryIO, format: str, name: str) -> None:
        self._file, self._format, self._name = file, format, name
        self._sink: Sink | None = None
        if format == "session":
            # Here and not where it is made: that is on the reader's thread, and 0.15 s of importing lose what fills the rings meanwhile.
            from kellect_tui.session.file import SessionWriter

            self._of_session = SessionWriter

    def _made(self, session: Session) -> Sink:
        if self._sink is None:
            if self._format == "session":
                self._sink = self._of_session(self._file, session)
            elif self._format in TREES:
                self._sink = _AtTheEnd(self._file, self._format, self._name)
            else:
                self._sink = Follower(self._file, self._format, self._name)
        return self._sink

    def update(self, session: Session) -> None:
        self._made(session).update(session)

    def finish(self, session: Session) -> None:
        self._made(session).finish(session)
        try:
            self._file.flush()
        except BrokenPipeError as error:
            raise CannotWrite("the output pipe was closed", "what was written before is whole") from error


class _AtTheEnd:
    """The sink of a format that holds the processes: they are known when all is over."""

    def __init__(self, file: BinaryIO, format: str, name: str) -> None:
        self._file, self._format, self._name = file, format, name

    def update(self, session: Session) -> None:
        pass

    def finish(self, session: Session) -> None:
        try:
            export(session, self._file, self._format)
            self._file.flush()
        except BrokenPipeError as error:
            raise CannotWrite("the output pipe was closed", "what was written before is whole") from error
        except OSError as error:
            raise cannot_write(self._name, error) from error


def _as_it_is() -> None:
    """The command has our own terminal."""


def _to_stderr() -> None:
    """Standard output is the recording's."""
    os.dup2(2, 1)


def _forget_pending() -> None:
    """Who asked again while the recording was being ended has what he asked for: it changes nothing, the exit status neither."""
    while signal.sigtimedwait(_SIGNALS, 0) is not None:
        pass


def _wait_for(child: Child, capture: Capture) -> int:
    """Until the command has ended, or the capture has: its exit status as a shell would say it."""
    while True:
        info = signal.sigtimedwait(_SIGNALS, _LOOK_SECONDS)
        if info is not None and info.si_signo in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP) and info.si_code != _SENT_BY_KERNEL:
            child.send(info.si_signo)
        if (ending := child.poll()) is not None:
            if child.why_not:
                tell(f"kellect-tui: {child.why_not}")
            return ending.exit_status
        if capture.join(0):
            return DONE


def _wait(capture: Capture) -> None:
    """Until a signal asks to stop, or the capture ends by itself."""
    while not capture.join(0):
        info = signal.sigtimedwait(_SIGNALS, _LOOK_SECONDS)
        if info is not None and info.si_signo != signal.SIGCHLD:
            return
