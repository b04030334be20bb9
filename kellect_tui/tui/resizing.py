"""The size of the terminal: a screen takes none that it no longer has.

A screen that was laid out anew tells itself so, by a message with its new size, and takes that message as it takes the terminal's.
Where two sizes come close together, as from a window's edge that is dragged while the machine is busy, each finds the other's message
behind it: the screen is laid out for one, for the other, and so on without an end. This is so for the one version of Textual that is pinned.
"""

from __future__ import annotations

from typing import Any

from textual.events import Resize
from textual.screen import Screen

_on_resize = Screen._on_resize


def only_the_latest_size() -> None:
    """Let screens pass over a size that was the terminal's before."""
    setattr(Screen, "_on_resize", _resized)  # noqa: B010  # an assignment is no method to mypy


async def _resized(self: Screen[Any], event: Resize) -> None:
    if event.size == self.app.size:
        await _on_resize(self, event)
    else:
        event.stop()
