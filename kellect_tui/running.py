"""`kellect-tui run -- CMD`: the screen over a command's own tree, from its first event on."""

from __future__ import annotations

import os
import shlex
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import BinaryIO

from kellect_tui.capture import Capture, Sink
from kellect_tui.command import Child, Ending, found
from kellect_tui.command_output import CommandTerminal, OutputLog
from kellect_tui.deadline import after
from kellect_tui.events.options import CaptureOptions
from kellect_tui.export.output import check, growing
from kellect_tui.export.summing import SummingSink
from kellect_tui.memory import guards
from kellect_tui.session.filter.paths import KEPT
from kellect_tui.session.procfs import lineage
from kellect_tui.session.scope import Scope
from kellect_tui.session.session import Session
from kellect_tui.summarizing import SummaryWish, alive_below, command_of
from kellect_tui.telling import tell
from kellect_tui.tui.app import KellectApp
from kellect_tui.tui.screens.leave import END, LEAVE

DONE = 0
PATIENCE_SECONDS = 5.0
"""How long a command that was told to end may take before it is killed."""

_PASSED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_LOOK_SECONDS = 0.05


class _Control:
    """The command as the screen sees it."""

    def __init__(self, child: Child, terminal: CommandTerminal, output: Path | None) -> None:
        self._child, self._terminal, self._output = child, terminal, output
        self.name, self.text = child.argv[0], shlex.join(child.argv)

    @property
    def output(self) -> OutputLog:
        """What it printed."""
        return self._terminal.log

    @property
    def kept_in(self) -> str:
        """Where its output is kept, or why not any more."""
        if self._terminal.error is not None:
            return f"not kept any more: {self._terminal.error.message}"
        return f"kept in {self._output}" if self._output is not None else ""

    def poll(self) -> Ending | None:
        """How it ended."""
        return self._child.poll()

    def send_group(self, number: int) -> None:
        """Send its process group a signal."""
        self._child.send_group(number)


class Run:
    """One run of `run`.

    Args:
        options: The capture filter.
        command: What to run.
        everything: Watch the whole system, not only the command's tree.
        output: A file for what the command prints; None: only the pane.
        keep: Events to keep.
        display_filter: To begin with.
        duration: Seconds after which the capture stops; None: never.
        summary: The summary that is wanted at the end.
    """

    def __init__(
        self,
        options: CaptureOptions,
        command: list[str],
        *,
        everything: bool,
        output: Path | None,
        keep: int,
        display_filter: str,
        duration: float | None,
        summary: SummaryWish,
    ) -> None:
        self._options, self._command, self._everything = options, command, everything
        self._output, self._keep, self._filter = output, keep, display_filter
        self._duration, self._summary = duration, summary

    def run(self) -> int:
        """Watch until the screen is left. Returns the exit status. Raises KellectError before the command has begun."""
        program = found(self._command[0])
        if isinstance(program, int):
            return program
        if self._output is not None:
            check(self._output)
        self._summary.check()
        with self._file() as file:
            size = os.get_terminal_size()
            terminal = CommandTerminal(size.columns - 1, size.lines, file, str(self._output))
            child = Child(program, self._command, signal.pthread_sigmask(signal.SIG_BLOCK, ()), terminal.give)
            try:
                return self._watch(child, terminal)
            except BaseException:
                child.give_up()
                raise

    @contextmanager
    def _file(self) -> Iterator[BinaryIO | None]:
        if self._output is None:
            yield None
        else:
            with growing(self._output) as file:
                yield file

    def _watch(self, child: Child, terminal: CommandTerminal) -> int:
        from kellect_tui.bpf.source import LiveSource

        source = LiveSource(self._options, screen=True)
        seeds = None
        scope = None
        if not self._everything:
            source.watch_tree(child.pid, from_exec=True)
            seeds, scope = partial(lineage, child.pid), Scope(child.pid)
        bounds = self._options.budget
        KEPT.keep_bytes = bounds.texts
        session = Session(self._keep, bounds=bounds, scope=scope)
        summing = SummingSink(bounds) if self._summary.wanted else None
        sinks: list[Sink] = [*([summing] if summing is not None else []), *guards(self._options.memory_bytes)]
        capture = Capture(source, session, sinks, ended=after(self._duration), seeds=seeds)
        capture.start()
        try:
            terminal.start()
            child.go()
            control = _Control(child, terminal, self._output)
            app = KellectApp(session, live=capture, initial_filter=self._filter, command=control, title=f"kellect-tui run {self._command[0]}")
            app.run()
            _settle(child, app.answer)
        finally:
            capture.stop()
        terminal.finish()
        if summing is not None:
            summing.finish(session)
            self._summary.write(session, summing.summary, command_of(child, session))
        if capture.error is not None:
            raise capture.error
        return self._tell(session, child)

    def _tell(self, session: Session, child: Child) -> int:
        if child.why_not:
            tell(f"kellect-tui: {child.why_not}")
        ending = child.poll()
        alive = [*([child.pid] if ending is None else []), *alive_below(session, child.pid)]
        if alive:
            what = f"{self._command[0]} and its descendants" if ending is None else f"descendants of {self._command[0]}"
            tell(f"{what} still run and are left running: {', '.join(map(str, alive[:8]))}")
        return DONE if ending is None else ending.exit_status


def _settle(child: Child, answer: str | None) -> None:
    """After the screen: what becomes of a command that runs still."""
    if child.poll() is not None or answer == LEAVE:
        return
    if answer == END:
        child.send_group(signal.SIGTERM)
        if not _wait(child, time.monotonic() + PATIENCE_SECONDS, threading.Event()):
            child.send_group(signal.SIGKILL)
            _wait(child, None, threading.Event())
        return
    # A signal, which was passed on, or a terminal that went away: the command decides when it ends.
    again = threading.Event()
    before = {number: signal.signal(number, lambda *_: again.set()) for number in _PASSED}
    try:
        tell(f"waiting for {child.argv[0]} to end; a second signal leaves it running")
        _wait(child, None, again)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _wait(child: Child, deadline: float | None, given_up: threading.Event) -> bool:
    """Until the command has ended: True; or until the deadline, or somebody has given up."""
    while child.poll() is None:
        if given_up.wait(_LOOK_SECONDS) or (deadline is not None and time.monotonic() > deadline):
            return False
    return True
