"""A page to read over the main screen: a title and a pane; any of the usual keys scrolls or closes it."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from kellect_tui.tui.widgets.line import Line, Word
from kellect_tui.tui.widgets.pane import Layout, Pane


class Reading(ModalScreen[None]):
    """A page.

    Args:
        title: What it is.
        layout: Its lines.
        key: The key that opened it closes it, too.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,backspace,enter", "dismiss", show=False),
        Binding("down,j", "scroll(1)", show=False),
        Binding("up,k", "scroll(-1)", show=False),
        Binding("pagedown,space", "scroll(20)", show=False),
        Binding("pageup", "scroll(-20)", show=False),
        Binding("home,g", "scroll(-100000)", show=False),
        Binding("end,G", "scroll(100000)", show=False),
    ]

    def __init__(self, title: str, layout: Layout, key: str) -> None:
        super().__init__()
        self._title, self._layout = title, layout
        self._pane = Pane(id="reading-pane", can_focus=True)
        for name in key.split(","):
            self._bindings.bind(name, "dismiss", show=False)

    @property
    def text(self) -> str:
        """What it says."""
        return self._pane.text

    def compose(self) -> ComposeResult:
        """The pane and how to leave it."""
        with Vertical(id="reading"):
            yield Line(id="reading-title")
            yield self._pane

    def on_mount(self) -> None:
        """Fill it."""
        self.query_one("#reading-title", Line).show([Word(f" {self._title}", "title")], [Word("Esc closes, ↑ ↓ scroll ", "dim")])
        self._pane.show(self._layout)
        self.set_focus(self._pane)

    def action_scroll(self, lines: int) -> None:
        """Up and down."""
        self._pane.scroll_by(lines)
