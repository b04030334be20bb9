"""The terminal, which may go away at any time: its window is closed, its connection breaks.

Textual's writer thread ends at the first write that fails, its queue fills, and the program waits for ever: with the
probes in the kernel. So writes to a terminal that is gone are thrown away here, and the program is told to end. Its
input thread looks again and again at a terminal that has only an end of file to give; ours tells the program to end.

A terminal may also stand still: it is there, but takes nothing (its reader does not read, its connection hangs). The screen waits for it; told to
end, it waits no longer than `STALL_SECONDS` in which nothing moves, and leaves the terminal as it is.

A terminal that goes away sends SIGHUP and SIGCONT together. Textual takes the second for the end of a suspension and
starts all its threads once more, of which one then stays for ever; here what is on is not started again.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import time
from codecs import getincrementaldecoder
from collections.abc import Callable
from queue import Full
from typing import TYPE_CHECKING, Any, TextIO, cast

from textual._xterm_parser import XTermParser
from textual.drivers._writer_thread import WriterThread
from textual.drivers.linux_driver import LinuxDriver

if TYPE_CHECKING:
    from textual.app import App

_LOOK_SECONDS = 0.1
"""How often the input thread looks whether it is to end, and whether an escape was a key by itself."""
_READ_BYTES = 4096


STALL_SECONDS = 1.0
_PIECE_BYTES = 4096
"""Written at a time: whether anything moves is seen after each piece."""


class GoneTerminal:
    """A text file whose failed writes are thrown away. It keeps no buffer, which Python would want to write at its end.

    Args:
        file: The terminal.
        gone: Called once, on any thread, when it is given up.

    Attributes:
        is_gone: Whether it has been. written: Bytes that it has taken.
    """

    def __init__(self, file: TextIO, gone: Callable[[], None]) -> None:
        self._file = file
        self._gone = gone
        self.is_gone = False
        self.written = 0

    def write(self, text: str) -> int:
        """Write, if there is anything to write to."""
        data = text.encode(self._file.encoding, "backslashreplace")
        try:
            while data and not self.is_gone:
                count = os.write(self._file.fileno(), data[:_PIECE_BYTES])
                self.written += count
                data = data[count:]
        except OSError:
            self.give_up()
        return len(text)

    def flush(self) -> None:
        """There is nothing to flush."""

    def fileno(self) -> int:
        """The terminal's descriptor."""
        return self._file.fileno()

    def isatty(self) -> bool:
        """Whether it is one."""
        return self._file.isatty()

    def give_up(self) -> None:
        """Write nowhere from now on. Nor does anybody else in this program: that would fail, or wait, as this did."""
        self.is_gone = True
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self._file.fileno())
        os.close(nowhere)
        self._gone()


class TerminalDriver(LinuxDriver):
    """Textual's driver over a terminal that may go away, be suspended and come back."""

    def __init__(self, app: App[Any], *, debug: bool = False, mouse: bool = True, size: tuple[int, int] | None = None) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        self._is_on = False
        self._waits_to_come_back = False
        self._is_to_end = False
        self._terminal = GoneTerminal(cast("TextIO", self._file), self._end)
        self._file = cast("Any", self._terminal)

    def start_application_mode(self) -> None:
        """Take the terminal. Where we are in its background, that happens when we are continued."""
        self._waits_to_come_back = False
        super().start_application_mode()  # type: ignore[no-untyped-call]  # Textual says nothing of it
        self._is_on = self._writer_thread is not None
        if not self._is_on:
            if os.isatty(self.fileno):
                self._waits_to_come_back = True
            else:
                self._end()

    def stop_application_mode(self) -> None:
        """Give the terminal back as it was."""
        self._is_on = self._waits_to_come_back = False
        super().stop_application_mode()

    def close(self) -> None:
        """Wait until all is written, or no longer can be."""
        writer, self._writer_thread = self._writer_thread, None
        if writer is not None:
            self._hand_over(writer, None)
            self._wait_until(lambda: _has_ended(writer))

    def write(self, data: str) -> None:
        """Write, while we have the terminal; where it is full, wait until it takes something."""
        if self._writer_thread is not None and not self._terminal.is_gone:
            self._hand_over(self._writer_thread, data)

    def told_to_end(self) -> None:
        """From now on wait no more for a terminal that stands still; fit for a signal handler."""
        self._is_to_end = True

    def _hand_over(self, writer: WriterThread, data: str | None) -> None:
        self._wait_until(lambda: _has_taken(writer, data))

    def _wait_until(self, done: Callable[[], bool]) -> None:
        """Look again and again; give the terminal up where we are told to end and nothing moves."""
        written, give_up_at = -1, 0.0
        while not done() and not self._terminal.is_gone:
            if self._terminal.written != written or not self._is_to_end:
                written, give_up_at = self._terminal.written, time.monotonic() + STALL_SECONDS
            elif time.monotonic() > give_up_at:
                self._terminal.give_up()

    def run_input_thread(self) -> None:
        """Hand on what comes from the terminal, until told to end or nothing can come any more."""
        parser = XTermParser(self._debug)
        decode = getincrementaldecoder("utf-8")("replace").decode
        while not self.exit_event.is_set():
            if select.select([self.fileno], [], [], _LOOK_SECONDS)[0]:
                data = self._read()
                if not data:
                    self._end()
                    return
                text = decode(data)
                for message in parser.feed(text) if text else ():  # feeding nothing would end the parser
                    self.process_message(message)
            for message in parser.tick():
                self.process_message(message)

    def _read(self) -> bytes:
        """What is there; empty: the terminal is gone."""
        try:
            return os.read(self.fileno, _READ_BYTES)
        except OSError:  # EIO: its other side is closed
            return b""

    def _end(self) -> None:
        self._soon(self._app.exit)

    def _soon(self, what: Callable[[], object]) -> None:
        """On the screen's thread, between two messages; fit for signal handlers and other threads."""
        with contextlib.suppress(RuntimeError):  # the loop is closed: the program has ended
            self._loop.call_soon_threadsafe(what)

    # A signal comes in the middle of anything, also while a lock is held that writing to the terminal takes.

    def _sigtstp_application(self, *_signal: object) -> None:
        self._soon(self._suspend)

    def _sigcont_application(self, *_signal: object) -> None:
        self._soon(self._come_back)

    def _suspend(self) -> None:
        if self._auto_restart and self._is_on:
            self.suspend_application_mode()
            self._waits_to_come_back = self._must_signal_resume = True
        os.kill(os.getpid(), signal.SIGSTOP)

    def _come_back(self) -> None:
        if not self._auto_restart or self._app._exit:
            return
        if self._is_on:  # stopped by SIGSTOP: a shell has had the terminal meanwhile
            self.suspend_application_mode()
            self._waits_to_come_back = True
        if self._waits_to_come_back:
            self.resume_application_mode()
            self._app.refresh(layout=True)


def _has_taken(writer: WriterThread, data: str | None) -> bool:
    """Whether there was, or soon came to be, room in its queue for this."""
    try:
        writer._queue.put(data, timeout=_LOOK_SECONDS)
    except Full:
        return False
    return True


def _has_ended(writer: WriterThread) -> bool:
    writer.join(_LOOK_SECONDS)
    return not writer.is_alive()
