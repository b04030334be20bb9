"""What makes drawing cheap where Textual's own way is not, by private parts of the one version of Textual that is pinned.

None of it changes what is seen: without it the widgets would draw the same at a higher price.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import ceil

import textual.screen
from rich.style import Style
from textual._styles_cache import StylesCache
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.scrollbar import ScrollBar
from textual.strip import Strip
from textual.widget import Widget

PAINT_SECONDS = 1 / 250


def paint_soon() -> None:
    """Let the screen be painted again soon after it was painted.

    Textual waits for the second turn of a clock of 60 a second: what changed just after a paint, as the answer to a key does
    that came with a frame's rows, was seen up to 33 ms later. A clock that nobody waits for costs nothing.
    """
    vars(textual.screen)["UPDATE_PERIOD"] = PAINT_SECONDS


_divide, _crop_extend = Strip.divide, Strip.crop_extend


def free_strips_at_once() -> None:
    """Let a line that is no longer needed go at once.

    Textual keeps the pieces into which a strip is cut with the strip: where it is cut into one, that is itself, and only the collector finds it:
    some thousand objects for each key, and stops of a tenth of a second for finding them.
    """
    for name, method in (("divide", _divided), ("crop_extend", _cropped)):
        setattr(Strip, name, method)


def _divided(self: Strip, cuts: Iterable[int]) -> Sequence[Strip]:
    at = [cut for cut in cuts if cut <= self.cell_length]
    return [self] if at == [self.cell_length] else _divide(self, at)


def _cropped(self: Strip, start: int, end: int, style: Style | None) -> Strip:
    return self if (start, end) == (0, self.cell_length) else _crop_extend(self, start, end, style)


class PlainLines(StylesCache):
    """Hands lines on as the widget draws them; for widgets without border, padding, opacity or tint.

    Textual makes a new strip of every line that is drawn again, and with it goes what a strip knows of itself: how it is
    cut beside the scrollbar, its colours as the terminal has them, its escape sequences. A row that moves up is made once here.
    """

    def __init__(self, widget: Widget) -> None:
        super().__init__()
        self._widget = widget

    def render_line(self, styles: object, y: int, *others: object) -> Strip:
        """The line as it is."""
        return self._widget.render_line(y)


def keep_lines(widget: Widget) -> None:
    """Of a widget that is being made: its lines are handed on as they are."""
    widget._styles_cache = PlainLines(widget)


def thumb(cells: int, rows: int, window: int, top: float) -> tuple[int, int] | None:
    """Where a scrollbar's grip begins and ends, in eighths of a cell, as Textual draws it; None: it has none."""
    if not 0 < window < rows or not cells or cells == rows:
        return None
    length = max(1, window * cells / rows)
    start = int((cells - length) * top / (rows - window) * 8)
    return start, start + ceil(length * 8)


def _tell_scrollbar(widget: ScrollView, rows: int, top: float) -> None:
    """Tell the scrollbar; it is drawn where that is to be seen: a thousand new rows below a million move it by nothing."""
    if not widget.show_vertical_scrollbar:
        return
    bar = widget.vertical_scrollbar
    top = bar.validate_position(top)
    cells = bar.size.height
    changed = thumb(cells, bar.window_virtual_size, bar.window_size, bar.position) != thumb(cells, rows, bar.window_size, top)
    bar.set_reactive(ScrollBar.window_virtual_size, rows)
    bar.set_reactive(ScrollBar.position, top)
    if changed:
        bar.refresh()


def scroll_now(widget: ScrollView, top: int, *lines: Region) -> None:
    """Scroll to a line at once, unclamped, and draw: everything, or the lines that scroll.

    `set_scroll` tells nobody: the scrollbar and the target (from which the next turn of the wheel goes on) are set
    here. Assigning `scroll_y` would clamp it to the length of the last layout.
    """
    if top == int(widget.scroll_offset.y):
        return
    widget.set_scroll(None, top)
    widget.set_reactive(Widget.scroll_target_y, top)
    _tell_scrollbar(widget, widget.virtual_size.height, top)
    widget.refresh(*lines)


def set_extent_now(widget: ScrollView, extent: Size) -> None:
    """Tell the scrollbar the current length without a layout pass.

    `virtual_size` is a reactive with `layout=True`: assigning it with each frame would arrange the whole screen anew
    (24 instead of 19 % of a core, at ten frames a second).
    """
    before = widget.virtual_size
    if extent == before:
        return
    widget.set_reactive(Widget.virtual_size, extent)
    if extent.width != before.width or extent.height < before.height:
        widget._scroll_update(extent)  # may move what is seen
    else:
        _tell_scrollbar(widget, extent.height, widget.scroll_offset.y)
