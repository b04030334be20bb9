"""What stands below the list: the detail, the command's output, or nothing. Only one of them at a time."""

from __future__ import annotations

from textual.widget import Widget

from kellect_tui.tui.command_view import CommandView
from kellect_tui.tui.detail_view import DetailView

DETAIL, OUTPUT = "-detail", "-output"
"""Classes of the screen, by which its style sheet shows them."""


class Panels:
    """Opens and closes them.

    Args:
        screen: Has the classes.
        detail: All about what is under the cursor.
        output: What the command prints; None: there is no command.
    """

    def __init__(self, screen: Widget, detail: DetailView, output: CommandView | None) -> None:
        self._screen = screen
        self._detail = detail
        self._output = output

    @property
    def has_detail(self) -> bool:
        """Whether the detail is open."""
        return self._screen.has_class(DETAIL)

    def open_detail(self) -> None:
        """The detail, in place of the output."""
        self._screen.remove_class(OUTPUT)
        self._screen.add_class(DETAIL)

    def close_detail(self) -> None:
        """Without the detail."""
        self._screen.remove_class(DETAIL)

    def toggle_output(self) -> None:
        """The output, in place of the detail; or nothing."""
        self._screen.toggle_class(OUTPUT)
        self._screen.remove_class(DETAIL)
        if self._output is not None:
            self._screen.call_after_refresh(self._output.sync)

    def close(self) -> bool:
        """Nothing; whether there was something."""
        was_open = self._screen.has_class(DETAIL) or self._screen.has_class(OUTPUT)
        self._screen.remove_class(DETAIL, OUTPUT)
        return was_open

    def scroll(self, lines: int) -> None:
        """Scroll what is open."""
        if self._output is not None and self._screen.has_class(OUTPUT):
            self._output.pane.scroll_by(lines)
        else:
            self._detail.pane.scroll_by(lines)

    def sync_output(self) -> None:
        """Have the output show what is new, where it is open."""
        if self._output is not None and self._screen.has_class(OUTPUT):
            self._output.sync()
