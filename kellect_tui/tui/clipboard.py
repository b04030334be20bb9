"""Copying through the terminal (OSC 52), so that it also works over ssh."""

from __future__ import annotations

from collections.abc import Callable

import orjson

from kellect_tui.events.record import to_dict
from kellect_tui.tui.describe import row_text
from kellect_tui.tui.notices import Notify
from kellect_tui.tui.widgets.event_table import EventTable


class Clipboard:
    """Copies what is under the table's cursor.

    Args:
        table: Whose cursor.
        copy: Gives the terminal a text.
        notify: Says that it was.
    """

    def __init__(self, table: EventTable, copy: Callable[[str], None], notify: Notify) -> None:
        self._table = table
        self._give = copy
        self._notify = notify

    def row(self) -> None:
        """The row's cells, uncut, apart by tabs."""
        table = self._table
        event = table.cursor_event
        if event is not None:
            self._copy(row_text(event, [placed.column for placed in table.placed], table.clock), "The row")

    def json(self) -> None:
        """The event as its JSON object."""
        event = self._table.cursor_event
        if event is not None:
            self._copy(orjson.dumps(to_dict(event)).decode(), "The event as JSON")

    def _copy(self, text: str, what: str) -> None:
        self._give(text)
        self._notify(f"{what} is copied, if the terminal allows it (OSC 52).", timeout=2, markup=False)
