"""How the parts of a screen tell the user something, without knowing the screen."""

from __future__ import annotations

from typing import Protocol

from textual.notifications import SeverityLevel


class Notify(Protocol):
    """Textual's own `notify`. Texts are given as they are: with `markup=False`, and from programs only as safe text."""

    def __call__(self, message: str, *, title: str = "", severity: SeverityLevel = "information", timeout: float | None = None, markup: bool = True) -> None:
        """Show a message for some seconds."""
        ...
