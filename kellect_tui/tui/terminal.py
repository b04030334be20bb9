"""The terminal, which may go away at any time: its window is closed, its connection breaks.

Textual's writer thread ends at the first write that fails, its queue fills, and the program waits for ever: with the
probes in the kernel. So writes to a terminal that is gone are thrown away here, and the program is told to end. Its
input thread looks again and again at a terminal that has only an end of file to give; ours tells the program to end.

A terminal that goes away sends SIGHUP and SIGCONT together. Textual takes the second for the end of a suspension and
starts all its threads once more, of which one then stays for ever; here what is on is not started again.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
from codecs import getincrementaldecoder
from collections.abc import Callable
from typing import IO, TYPE_CHECKING, Any, cast

from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver

if TYPE_CHECKING:
    from textual.app import App

_LOOK_SECONDS = 0.1
"""How often the input thread looks whether it is to end, and whether an escape was a key by itself."""
_READ_BYTES = 4096


class GoneTerminal:
    """A text file whose failed writes are thrown away.

    Args:
        file: The terminal.
        gone: Called once, on any thread, when a write has failed.
    """

    def __init__(self, file: IO[str], gone: Callable[[], None]) -> None:
        self._file = file
        self._gone = gone
        self._is_gone = False

    def write(self, text: str) -> int:
        """Write, if there is anything to write to."""
        if not self._is_gone:
            try:
                return self._file.write(text)
            except OSError:
                self._lose()
        return len(text)

    def flush(self) -> None:
        """Flush, likewise."""
        if not self._is_gone:
            try:
                self._file.flush()
            except OSError:
                self._lose()

    def fileno(self) -> int:
        """The terminal's descriptor."""
        return self._file.fileno()

    def isatty(self) -> bool:
        """Whether it is one."""
        return self._file.isatty()

    def _lose(self) -> None:
        self._is_gone = True
        # what the file still buffers would fail again when Python ends
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
        if self._file is not None:
            self._file = cast("Any", GoneTerminal(self._file, self._end))

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
        """Wait until all is written."""
        super().close()
        self._writer_thread = None

    def write(self, data: str) -> None:
        """Write, while we have the terminal."""
        if self._writer_thread is not None:
            super().write(data)

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
