"""A scrollable list of one-line rows that costs the same at ten rows and ten million.

It knows nothing of events or processes: a subclass says how many rows there are, draws one, and keeps the cursor as
an identity, so that it survives rows that come and go.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.filter import LineFilter
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.scrollbar import ScrollTo
from textual.strip import Strip

from kellect_tui.tui.widgets.cheap import keep_lines, scroll_now, set_extent_now


class VirtualList(ScrollView, can_focus=True, inherit_bindings=False):
    """A Line API widget with a heading line and a cursor.

    Rows are exactly as wide as the widget: nothing scrolls sideways as a whole.
    """

    DEFAULT_CSS = """
    VirtualList { overflow-x: hidden; overflow-y: scroll; scrollbar-size-vertical: 1; }
    """

    HEADING_LINES = 1

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        keep_lines(self)
        self._styles: dict[str, Style] = {}

    # What a subclass provides.

    @property
    def row_count(self) -> int:
        """How many rows there are."""
        raise NotImplementedError

    @property
    def cursor_index(self) -> int | None:
        """The row of the cursor; None where it is on none."""
        raise NotImplementedError

    def set_cursor_index(self, index: int) -> None:
        """Put the cursor on a row that exists."""
        raise NotImplementedError

    def draw_row(self, index: int) -> Strip:
        """One row, exactly `line_width` cells wide."""
        raise NotImplementedError

    def draw_heading(self) -> Strip:
        """The heading, exactly `line_width` cells wide."""
        raise NotImplementedError

    def scrolled_up_by_user(self) -> None:
        """The wheel or the scrollbar moves the rows down, towards the older ones."""

    def clear_strips(self) -> None:
        """Forget what was drawn: width, columns or colours changed."""

    # What it gets.

    @property
    def line_width(self) -> int:
        """Cells of a row."""
        return int(self.scrollable_content_region.width)

    @property
    def page_rows(self) -> int:
        """Rows that fit on the screen."""
        return max(1, self.scrollable_content_region.height - self.HEADING_LINES)

    @property
    def top_index(self) -> int:
        """The first row on the screen."""
        return int(self.scroll_offset.y)

    def style_of(self, name: str) -> Style:
        """A component style over the widget's own (an empty name: the widget's own), as the terminal can show it, cached."""
        style = self._styles.get(name)
        if style is None:
            own = self.rich_style
            style = self._styles[name] = self._filtered(own + self.get_component_rich_style(name, partial=True) if name else own)
        return style

    def _filtered(self, style: Style) -> Style:
        pieces = [Segment("x", style)]
        for filter in super().get_line_filters():
            pieces = filter.apply(pieces, self.background_colors[1])
        return pieces[0].style or style

    def get_line_filters(self) -> Sequence[LineFilter]:
        """None: what they do to a line (no colour, no dim) is done once to each style that a line is made of."""
        return ()

    def notify_style_update(self) -> None:
        """Another theme: what was drawn has the old colours."""
        super().notify_style_update()
        self._styles.clear()
        self.clear_strips()

    def set_extent(self) -> None:
        """Tell the scrollbar the current length."""
        set_extent_now(self, Size(self.line_width, self.row_count + self.HEADING_LINES))

    def put_top(self, index: int) -> None:
        """Scroll so that `index` is the first row shown, now and without animation."""
        scroll_now(self, max(0, min(index, self.row_count - self.page_rows)), self._rows_region)

    def reveal(self, index: int) -> None:
        """Scroll as little as needed to have the row on the screen."""
        if index < self.top_index:
            self.put_top(index)
        elif index >= self.top_index + self.page_rows:
            self.put_top(index - self.page_rows + 1)

    def centre(self, index: int) -> None:
        """Have the row on the screen; in its middle where it was far away."""
        if not self.top_index <= index < self.top_index + self.page_rows:
            self.put_top(index - self.page_rows // 2)

    @property
    def _rows_region(self) -> Region:
        return Region(0, self.HEADING_LINES, self.line_width, self.page_rows)

    def refresh_rows(self) -> None:
        """Draw all rows again, the heading and the scrollbar not."""
        self.refresh(self._rows_region)

    def refresh_row(self, index: int | None) -> None:
        """Draw one row again; a row off screen costs nothing."""
        if index is not None and 0 <= index - self.top_index < self.page_rows:
            # in coordinates of the screen's content, as `refresh` takes them (refresh_lines would add the scroll offset)
            self.refresh(Region(0, index - self.top_index + self.HEADING_LINES, self.line_width, 1))

    # The user's own scrolling. A change of `scroll_y` would not tell: a layout clamps it too.

    def on_mouse_scroll_up(self) -> None:
        """The wheel, upwards."""
        self.scrolled_up_by_user()

    def on_scroll_up(self) -> None:
        """A click above the scrollbar's grip."""
        self.scrolled_up_by_user()

    def on_scroll_to(self, message: ScrollTo) -> None:
        """The grip was dragged."""
        if message.y is not None and message.y < self.scroll_y:
            self.scrolled_up_by_user()

    def render_line(self, y: int) -> Strip:
        """One line of the widget."""
        if y < self.HEADING_LINES:
            return self.draw_heading()
        index = self.top_index + y - self.HEADING_LINES
        if index >= self.row_count:
            return Strip.blank(self.line_width, self.style_of(""))
        return self.draw_row(index)

    def on_resize(self) -> None:
        """Another size. (Textual calls this handler of every base class: subclasses override `resized`, not this.)"""
        self.resized()

    def resized(self) -> None:
        """Every row is drawn anew, the cursor stays on the screen."""
        self.clear_strips()
        self.set_extent()
        if (cursor := self.cursor_index) is not None:
            self.reveal(cursor)
        self.refresh()

    def move_cursor(self, index: int) -> None:
        """Put the cursor on the nearest row that exists, and show it."""
        if not self.row_count:
            return
        index = max(0, min(index, self.row_count - 1))
        self.refresh_row(self.cursor_index)
        self.set_cursor_index(index)
        self.reveal(index)
        self.refresh_row(index)

    def cursor_or_edge(self) -> int:
        """The cursor's row, or the last one on the screen."""
        cursor = self.cursor_index
        return min(self.row_count, self.top_index + self.page_rows) - 1 if cursor is None else cursor

    def move(self, rows: int) -> None:
        """Move the cursor by rows."""
        self.move_cursor(self.cursor_or_edge() + rows)

    def page(self, pages: float) -> None:
        """Move the cursor by screens."""
        self.move(int(pages * self.page_rows))

    def first(self) -> None:
        """To the first row."""
        self.move_cursor(0)

    def last(self) -> None:
        """To the last row."""
        self.move_cursor(self.row_count - 1)

    def sideways(self, step: int) -> None:
        """To the right or to the left, whatever that is here."""

    def row_at(self, event: events.MouseEvent) -> int | None:
        """The row under the mouse."""
        offset = event.get_content_offset(self)
        if offset is None or offset.y < self.HEADING_LINES:
            return None
        index = self.top_index + offset.y - self.HEADING_LINES
        return index if index < self.row_count else None

    def on_click(self, event: events.Click) -> None:
        """The cursor goes where the mouse points."""
        if (index := self.row_at(event)) is not None:
            self.clicked(index, event)

    def clicked(self, index: int, event: events.Click) -> None:
        """A row was clicked; subclasses make more of it."""
        self.move_cursor(index)

    def line(self, segments: list[Segment], style: Style | None = None) -> Strip:
        """A strip of exactly `line_width` cells; the tail has `style` too, or the widget's own."""
        return Strip([piece for piece in segments if piece.text]).adjust_cell_length(self.line_width, style or self.style_of(""))
