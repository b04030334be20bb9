"""Copying through the terminal (OSC 52), so that it also works over ssh."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from kellect_tui.events.record import to_dict
from kellect_tui.tui.describe import row_text

if TYPE_CHECKING:
    from kellect_tui.tui.screens.main import MainScreen


class Clipboard:
    """Copies what is under the table's cursor."""

    def __init__(self, screen: MainScreen) -> None:
        self._screen = screen

    def row(self) -> None:
        """The row's cells, uncut, apart by tabs."""
        table = self._screen.table
        event = table.cursor_event
        if event is not None:
            self._copy(row_text(event, [placed.column for placed in table.placed], table.clock), "The row")

    def json(self) -> None:
        """The event as its JSON object."""
        event = self._screen.table.cursor_event
        if event is not None:
            self._copy(orjson.dumps(to_dict(event)).decode(), "The event as JSON")

    def _copy(self, text: str, what: str) -> None:
        self._screen.app.copy_to_clipboard(text)
        self._screen.notify(f"{what} is copied, if the terminal allows it (OSC 52).", timeout=2, markup=False)
