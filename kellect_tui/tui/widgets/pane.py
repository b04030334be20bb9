"""A scrollable pane of styled lines: the detail of an event, the help."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from typing import ClassVar

from rich.cells import cell_len, chop_cells
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from kellect_tui.tui.widgets.cheap import keep_lines, scroll_now, set_extent_now

Piece = tuple[str, str]
"""Safe text and the name of a component style."""

Row = Sequence[Piece]

Layout = Callable[[int], Sequence[Row]]
"""Lines for a width in cells; none is wider."""


def wrap(text: str, width: int) -> list[str]:
    """`text` (safe) in lines of at most `width` cells; nothing is left out."""
    return chop_cells(text, max(1, width)) or [""]


def labelled(label: str, value: str, label_width: int, width: int, style: str = "plain", *, prose: bool = False) -> list[Row]:
    """`label  value`, the value wrapped into as many lines as it needs; prose between its words."""
    room = max(8, width - label_width)
    lines = textwrap.wrap(value, room) or [""] if prose else wrap(value, room)
    return [((label.ljust(label_width) if number == 0 else " " * label_width, "label"), (line, style)) for number, line in enumerate(lines)]


def beside(left: Sequence[Row], right: Sequence[Row], left_width: int) -> list[Row]:
    """Two blocks next to each other; the left one is `left_width` cells wide."""
    rows: list[Row] = []
    for number in range(max(len(left), len(right))):
        row = list(left[number]) if number < len(left) else []
        if number < len(right):
            row.append((" " * (left_width - sum(cell_len(text) for text, _ in row)), "plain"))
            row += right[number]
        rows.append(row)
    return rows


class Pane(ScrollView, inherit_bindings=False):
    """Draws lines that a layout function makes for the width at hand."""

    DEFAULT_CSS = "Pane { overflow-x: hidden; overflow-y: scroll; scrollbar-size-vertical: 1; }"
    COMPONENT_CLASSES: ClassVar[set[str]] = {"plain", "label", "title", "failed", "warn", "dim", "key", "good", "accent"}

    def __init__(self, *, id: str | None = None, can_focus: bool = False) -> None:
        super().__init__(id=id)
        keep_lines(self)
        self.can_focus = can_focus
        self._layout: Layout = lambda width: ()
        self._rows: Sequence[Row] = ()
        self._width = -1
        self._styles: dict[str, Style] = {}

    @property
    def text(self) -> str:
        """What it says."""
        return "\n".join("".join(text for text, _ in row) for row in self._rows)

    def show(self, layout: Layout, *, keep_place: bool = False) -> None:
        """Say something else; only lines that change are drawn."""
        self._layout = layout
        self._arrange()
        if not keep_place:
            scroll_now(self, 0)

    def _arrange(self) -> None:
        before, same_width = self._rows, self._width == self.size.width - 1
        self._width = max(1, self.size.width - 1)
        self._rows = self._layout(self._width)
        set_extent_now(self, Size(self._width, len(self._rows)))
        if same_width:
            self._refresh_changed(before)
        else:
            self.refresh()

    def _refresh_changed(self, before: Sequence[Row]) -> None:
        top, (width, height) = int(self.scroll_offset.y), self.size
        old, new = before[top : top + height], self._rows[top : top + height]
        changed = [y for y in range(max(len(old), len(new))) if tuple(old[y : y + 1]) != tuple(new[y : y + 1])]
        if changed:
            self.refresh(*[Region(0, y, width, 1) for y in changed])

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._styles.clear()

    def _style(self, name: str) -> Style:
        style = self._styles.get(name)
        if style is None:
            style = self._styles[name] = self.rich_style + self.get_component_rich_style(name, partial=True)
        return style

    def on_resize(self) -> None:
        """Wrap anew for another width."""
        if self._width != self.size.width - 1:
            self._arrange()

    def scroll_by(self, lines: int) -> None:
        """Scroll, at once."""
        scroll_now(self, max(0, min(int(self.scroll_offset.y) + lines, self.max_scroll_y)))

    def render_line(self, y: int) -> Strip:
        """One line."""
        index = int(self.scroll_offset.y) + y
        if index >= len(self._rows):
            return Strip.blank(self.size.width, self.rich_style)
        segments = [Segment(text, self._style(style)) for text, style in self._rows[index]]
        return Strip(segments).adjust_cell_length(self.size.width, self.rich_style)
