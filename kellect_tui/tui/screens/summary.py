"""The summary over the main screen: what happened so far, or in what the filter lets through."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import partial

from textual.message import Message

from kellect_tui.priority import be_ordinary
from kellect_tui.tui.screens.reading import Reading
from kellect_tui.tui.widgets.pane import Row, wrap

Make = Callable[[Callable[[], bool]], str | None]
"""(asked whether to stop) → the text, lines of safe text; None where it was stopped."""


class SummaryScreen(Reading):
    """Sums up on a thread, then shows the text; closing it stops the thread.

    Args:
        make: Makes the text.
    """

    class Made(Message):
        """The text is there."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def __init__(self, make: Make) -> None:
        super().__init__("summary", lambda width: [[("summing up …", "dim")]], "f1")
        self._make = make
        self._stopped = threading.Event()

    def on_mount(self) -> None:
        """Begin to sum up."""
        self.run_worker(self._work, thread=True)

    def on_unmount(self) -> None:
        """No thread goes on behind the screen."""
        self._stopped.set()

    def _work(self) -> None:
        """On a thread: only posts a message."""
        be_ordinary()
        text = self._make(self._stopped.is_set)
        if text is not None:
            self.post_message(self.Made(text))

    def on_summary_screen_made(self, message: Made) -> None:
        """Show it."""
        self._pane.show(partial(_rows, message.text.splitlines()[1:]))


def _rows(lines: Sequence[str], width: int) -> list[Row]:
    """A line's label in another colour than what it says."""
    rows: list[Row] = []
    for line in lines:
        label = line[:12] if line[:1] not in ("", " ") else ""
        first, *more = wrap(line[len(label) :], width - len(label))
        rows += [[(label, "label"), (first, "plain")], *([(part, "plain")] for part in more)]
    return rows
