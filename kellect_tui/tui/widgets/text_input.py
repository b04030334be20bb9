"""One line of text whose keys act in the order in which they were typed."""

from __future__ import annotations

from textual import events
from textual.widgets import Input


class TextInput(Input):
    """Textual's Input, but for one thing: keys that are no letters (Ctrl-U, Enter, ↓ …) act at once.

    Textual inserts a letter when the widget gets it, and runs a binding only when the key has gone up to the screen:
    Ctrl-U and a path typed behind it, while the machine is busy, clear the beginning of the path.
    """

    async def _on_key(self, event: events.Key) -> None:
        # The bindings of whatever has the focus now: a key before this one may have moved it.
        if not event.is_printable and await self.app._check_bindings(event.key):
            event.stop()
            event.prevent_default()
            return
        await super()._on_key(event)
