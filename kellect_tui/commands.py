"""What each command does, once its words are understood. Heavy imports happen here, so that `--help` stays quick."""

from __future__ import annotations

import os
import shlex
import signal
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from kellect_tui import starting
from kellect_tui.errors import BadSessionFile, CannotWrite, KellectError
from kellect_tui.events.options import CaptureOptions
from kellect_tui.priority import preferred_session
from kellect_tui.telling import tell

if TYPE_CHECKING:
    from kellect_tui.session.filter import Filter
    from kellect_tui.session.processes import Processes
    from kellect_tui.session.session import Session

DEMO = Path(__file__).parent / "data" / "demo.kellect"


@starting.quickly()
@preferred_session()
def live(options: CaptureOptions, *, duration: float | None, keep: int, display_filter: str) -> None:
    """The screen over a capture that starts now."""
    from kellect_tui.bpf import privileges

    _require_terminal()
    check_filter(display_filter)
    privileges.require()
    from kellect_tui.bpf.source import LiveSource

    source = LiveSource(options, screen=True)
    source.prepare()  # the kernel looks at the probes while what follows is imported
    from kellect_tui.capture import Capture, State
    from kellect_tui.deadline import after
    from kellect_tui.memory import guards
    from kellect_tui.session.filter.paths import KEPT
    from kellect_tui.session.session import Session

    bounds = options.budget
    session = Session(keep, bounds=bounds)
    KEPT.keep_bytes = bounds.texts
    capture = Capture(source, session, guards(options.memory_bytes), ended=after(duration))
    capture.start(wait=False)  # events are taken in while the screen is imported and drawn
    try:
        from kellect_tui.tui.app import KellectApp

        if capture.state != State.FAILED:  # else there is nothing to show, not even for a moment
            KellectApp(session, live=capture, initial_filter=display_filter).run()
    finally:
        capture.stop()
    if capture.error is not None:
        raise capture.error


def _require_terminal(remedy: str = "`kellect-tui record -o FILE` captures without one") -> None:
    """Keys are read from standard input, and Textual draws on standard error. Raises KellectError."""
    if not os.isatty(0) or not os.isatty(1):
        raise KellectError("the screen needs a terminal", remedy)
    if not os.isatty(2):
        raise KellectError("the screen is drawn on standard error, which is no terminal", "leave out `2>`")


@starting.quickly()
@preferred_session()
def run(
    options: CaptureOptions,
    command: list[str],
    *,
    everything: bool,
    output: Path | None,
    keep: int,
    display_filter: str,
    duration: float | None,
    summary: str,
    summary_file: Path | None,
) -> int:
    """The screen over a command's own tree. Returns the exit status."""
    from kellect_tui.bpf import privileges
    from kellect_tui.running import Run
    from kellect_tui.summarizing import SummaryWish

    _require_terminal()
    check_filter(display_filter)
    privileges.require()
    wish = SummaryWish(summary, summary_file)
    watched = Run(
        options, command, everything=everything, output=output, keep=keep, display_filter=display_filter, duration=duration, summary=wish
    )
    return watched.run()


def demo(display_filter: str) -> None:
    """The screen over the recording that comes with the program."""
    open_file(DEMO, display_filter)


@starting.quickly()
def open_file(file: Path, display_filter: str) -> None:
    """The screen over a saved session."""
    from kellect_tui.tui.app import KellectApp

    check_filter(display_filter)
    session = load(file, at_once=True)
    if str(file) == "-":
        _take_terminal()
    _require_terminal(f"`kellect-tui export {shlex.quote(str(file))} -o -` prints the events")
    app = KellectApp(session, initial_filter=display_filter, title=f"kellect-tui {file.name}")
    app.run()
    if app.main.failure is not None:
        raise app.main.failure


def _take_terminal() -> None:
    """Standard input was the session: the keys come from the terminal."""
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY)
    except OSError as error:
        raise KellectError("the screen needs a terminal", "save the session to a file and open that") from error
    os.dup2(terminal, 0)


def load(file: Path, *, at_once: bool = False) -> Session:
    """The session in a file, or on standard input for `-`; `at_once`: what takes long is left to `Session.opening`."""
    from kellect_tui.session.file import open_at_once, open_session

    read = open_at_once if at_once else open_session

    if str(file) == "-":
        if sys.stdin is None:
            raise BadSessionFile("standard input is closed", "give the name of a session's file")
        return read(sys.stdin.buffer)
    try:
        mode = file.stat().st_mode
        if stat.S_ISDIR(mode) or stat.S_ISCHR(mode) or stat.S_ISBLK(mode):  # a device may never end
            raise BadSessionFile(f"{file} is a {'directory' if stat.S_ISDIR(mode) else 'device'}", "give the name of a session's file")
        return read(file)
    except FileNotFoundError as error:
        raise BadSessionFile(f"there is no file {file}", "`kellect-tui record -o FILE` makes one") from error
    except OSError as error:
        raise BadSessionFile(f"{file} cannot be read: {error.strerror or error}", "a session belongs to who recorded it: try it with sudo") from error


def check_filter(text: str) -> None:
    """Raises BadFilter, with a caret under the spot, before anything starts."""
    if text:
        from kellect_tui.session.processes import Processes

        parse_filter(text, Processes())


def parse_filter(text: str, processes: Processes, origin_ns: int = 0) -> Filter:
    """The display filter over a session with these processes; its error shows the text and a caret."""
    from kellect_tui.errors import BadFilter
    from kellect_tui.session.filter import Context, parse

    try:
        return parse(text, Context(processes, origin_ns))
    except BadFilter as error:
        raise BadFilter(f"the filter does not parse: {error.message}\n  {text}\n  {' ' * error.column}^", error.remedy, column=error.column) from error


def export(file: Path, output: str, file_format: str | None, display_filter: str) -> None:
    """Convert a session."""
    from kellect_tui.export import export as write
    from kellect_tui.export import format_of, unit_of

    check_filter(display_filter)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _give_up)
    session = load(file)
    predicate = parse_filter(display_filter, session.processes, session.started_ns or 0) if display_filter else None
    format = file_format or ("jsonl" if output == "-" else format_of(Path(output)))
    if output == "-":
        with pipe_to_stdout() as stdout:
            count = write(session, stdout, format, predicate=predicate)
    else:
        count = write(session, Path(output), format, predicate=predicate)
    note = f"; {session.damage}" if session.damage else ""
    note += "; the session was cut short: these are all events up to its last whole block" if session.cut_short else ""
    tell(f"{count:,} {unit_of(format)} written to {'standard output' if output == '-' else output}{note}")


def _give_up(number: int, _frame: object) -> None:
    """End by a signal, but not without taking away what is half written beside its place."""
    sys.exit(128 + number)


@contextmanager
def pipe_to_stdout() -> Iterator[BinaryIO]:
    """Write to standard output in the block. Raises CannotWrite where its reader has gone, or where it is closed."""
    from kellect_tui.export.output import standard_output

    stdout = standard_output()
    try:
        yield stdout
        stdout.flush()
    except BrokenPipeError as error:  # click would end silently
        forget_stdout()
        raise CannotWrite("the output pipe was closed", "what was written before is whole") from error


def forget_stdout() -> None:
    """Standard output's reader has gone: keep Python from complaining when it flushes at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def record(
    options: CaptureOptions,
    *,
    output: str,
    file_format: str | None,
    duration: float | None,
    command: list[str],
    everything: bool,
    summary: str | None,
    summary_file: Path | None,
) -> int:
    """Capture without a screen. Returns the exit status."""
    from kellect_tui.bpf import privileges
    from kellect_tui.recording import Recording
    from kellect_tui.summarizing import SummaryWish

    privileges.require()
    wish = SummaryWish(summary or ("text" if command or summary_file else "none"), summary_file)
    return Recording(
        options, output=output, file_format=file_format, duration=duration, command=command, everything=everything, summary=wish
    ).run()


def summary(file: Path, display_filter: str, *, as_json: bool) -> None:
    """Say what happened in a session, on standard output."""
    from kellect_tui.export.summary import document, summarize
    from kellect_tui.summarizing import rendered

    check_filter(display_filter)
    session = load(file)
    predicate = parse_filter(display_filter, session.processes, session.started_ns or 0) if display_filter else None
    found = summarize(session, predicate)
    assert found is not None  # nobody stops it
    with pipe_to_stdout() as stdout:
        stdout.write(rendered(document(session, found, filter=display_filter), as_json=as_json))
