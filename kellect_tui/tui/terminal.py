"""The terminal, which may go away at any time: its window is closed, its connection breaks.

Textual's writer thread ends at the first write that fails, its queue fills, and the program waits for ever: with the
probes in the kernel. So writes to a terminal that is gone are thrown away here, and the program is told to end.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import IO, TYPE_CHECKING, Any, cast

from textual.drivers.linux_driver import LinuxDriver

if TYPE_CHECKING:
    from textual.app import App


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
    """Textual's driver over a terminal that may go away."""

    def __init__(self, app: App[Any], *, debug: bool = False, mouse: bool = True, size: tuple[int, int] | None = None) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        if self._file is not None:
            self._file = cast("Any", GoneTerminal(self._file, self._end))

    def _end(self) -> None:
        self._loop.call_soon_threadsafe(self._app.exit)
