"""A scrollable list of one-line rows that costs the same at ten rows and ten million.

It knows nothing of events or processes: a subclass says how many rows there are, draws one, and keeps the cursor as
an identity, so that it survives rows that come and go. Private parts of Textual are touched here only (pinned).
"""

from __future__ import annotations

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.scrollbar import ScrollTo
from textual.strip import Strip
from textual.widget import Widget


def scroll_now(widget: ScrollView, top: int) -> None:
    """Scroll to a line at once, unclamped, and draw.

    `set_scroll` tells nobody: the scrollbar and the target (from which the next turn of the wheel goes on) are set
    here. Assigning `scroll_y` would clamp it to the length of the last layout.
    """
    if top == int(widget.scroll_offset.y):
        return
    widget.set_scroll(None, top)
    widget.set_reactive(Widget.scroll_target_y, top)
    if widget.show_vertical_scrollbar:
        widget.vertical_scrollbar.position = top
    widget.refresh()


def set_extent_now(widget: ScrollView, extent: Size) -> None:
    """Tell the scrollbar the current length without a layout pass.

    `virtual_size` is a reactive with `layout=True`: assigning it ten times a second would arrange the whole screen anew
    each time (24 instead of 19 % of a core).
    """
    if extent != widget.virtual_size:
        widget.set_reactive(Widget.virtual_size, extent)
        widget._scroll_update(extent)


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
        """A component style over the widget's own (an empty name: the widget's own), cached."""
        style = self._styles.get(name)
        if style is None:
            own = self.rich_style
            style = self._styles[name] = own + self.get_component_rich_style(name, partial=True) if name else own
        return style

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
        scroll_now(self, max(0, min(index, self.row_count - self.page_rows)))

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
        return Strip(segments).adjust_cell_length(self.line_width, style or self.style_of(""))
