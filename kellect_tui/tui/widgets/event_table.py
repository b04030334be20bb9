"""The event table: a window on a `View` of any length, that follows the newest event or stays on one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.segment import Segment
from textual import events
from textual.cache import FIFOCache
from textual.message import Message
from textual.strip import Strip

from kellect_tui.events.record import Event
from kellect_tui.session.chunk import EventId, RowNumber
from kellect_tui.session.view import View
from kellect_tui.tui.columns import Column, Placed, argument, place
from kellect_tui.tui.quantities import Clock, TimeMode
from kellect_tui.tui.safe_text import fit, safe_text
from kellect_tui.tui.widgets.virtual_list import VirtualList

STRIPS = 2_048
"""Drawn rows that are kept: some screens' worth, both ways."""


class EventTable(VirtualList):
    """Draws a view; owns the cursor, the scroll offset and a cache of drawn rows, and no event.

    While it follows, the cursor is on the last row. Held, the cursor is an event: it stays where it is whatever comes,
    goes or is filtered out.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "heading", "heading--cursor", "cursor", "cursor--cell", "plain", "dim", "failed", "loss", "monitor", "file", "process", "network", "user",
    }  # fmt: skip

    class Moved(Message):
        """The cursor is on another event, or following began or ended."""

    class Opened(Message):
        """A row was double-clicked."""

    def __init__(self, view: View, columns: Sequence[Column], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.view = view
        self.clock = Clock()
        self.follow = True
        self.column = 1
        self.limit: EventId | None = None
        self._columns = tuple(columns)
        self._placed: tuple[Placed, ...] = ()
        self._cells = 0, 0  # of a line, and those that no column takes
        self._cursor: EventId | None = None
        self._held_end: EventId | None = None
        self._count = 0
        self._dropped = 0
        self._strips: FIFOCache[tuple[object, ...], Strip] = FIFOCache(STRIPS)  # whose lines go with it; those of a linked list wait for the collector

    # Rows.

    @property
    def row_count(self) -> int:
        return self._count

    @property
    def cursor_index(self) -> int | None:
        if not self._count:
            return None
        if self.follow or self._cursor is None:
            return self._count - 1
        return min(self.view.position(self._cursor), self._count - 1)

    @property
    def cursor_id(self) -> EventId | None:
        """The event under the cursor."""
        index = self.cursor_index
        return None if index is None else self.view.event_id(RowNumber(index))

    @property
    def cursor_event(self) -> Event | None:
        """The event under the cursor."""
        index = self.cursor_index
        return None if index is None else self.view.event(RowNumber(index))

    @property
    def cursor_column(self) -> Column:
        """The column under the cursor, of those that fit."""
        return self.placed[min(self.column, len(self.placed) - 1)].column

    @property
    def new_rows(self) -> int:
        """Rows that came since the table was held."""
        if self.follow or self._held_end is None:
            return 0
        return max(0, self._count - int(self.view.position(self._held_end)))

    def set_cursor_index(self, index: int) -> None:
        self.hold()
        self._cursor = self.view.event_id(RowNumber(index))
        self._tell_moved()

    def _tell_moved(self) -> None:
        # not from parent to parent: the screen would paint the row before it has heard of the move, and the rest later
        self.screen.post_message(self.Moved())

    # Following.

    def hold(self) -> None:
        """Stay on the event under the cursor."""
        if self.follow:
            self._cursor = self.cursor_id
            self._held_end = EventId(int(self.view.event_id(RowNumber(self._count - 1))) + 1) if self._count else EventId(0)
            self.follow = False
            self._tell_moved()

    def start_follow(self) -> None:
        """Go to the newest row and stay there."""
        self.refresh_row(self.cursor_index)
        self.follow = True
        self.put_top(self._count)
        self.refresh()
        self._tell_moved()

    def last(self) -> None:
        self.start_follow()

    def move(self, rows: int) -> None:
        if self.follow and rows > 0:
            return
        super().move(rows)

    def scrolled_up_by_user(self) -> None:
        self.hold()

    # New events, other views.

    def sync(self) -> bool:
        """Take in what the view has got; call it at the frame rate, after `View.advance`. Whether anything changed."""
        before, dropped_before = self._count, self._dropped
        top = self.top_index
        was_full = before >= self.page_rows
        self._measure()
        gone = self._dropped - dropped_before
        if self._count == before and not gone:
            return False
        self.set_extent()
        if self.follow:
            self.put_top(self._count)
            self.refresh_rows()
        elif gone:
            self.put_top(top - gone)
            if top < gone:
                self.refresh_rows()
        elif not was_full:
            self.refresh_rows()
        return True

    def _measure(self) -> None:
        count = len(self.view)
        self._count = count if self.limit is None else min(count, int(self.view.position(self.limit)))
        self._dropped = self.view.dropped

    def show(self, view: View, columns: Sequence[Column] | None = None) -> None:
        """Show another view; the cursor stays on its event, or goes to the next one that is let through."""
        index = self.cursor_index
        line = None if index is None else index - self.top_index
        self.view = view
        if columns is not None and tuple(columns) != self._columns:
            self._columns = tuple(columns)
            self._placed = ()
            self.column = min(self.column, len(self._columns) - 1)
            self.clear_strips()
        self._measure()
        self.set_extent()
        index = self.cursor_index
        if self.follow or index is None or line is None:
            self.put_top(self._count)
        else:
            self.put_top(index - line)
            self.reveal(index)
        self.refresh()
        self._tell_moved()

    def go_to(self, event_id: EventId) -> None:
        """Put the cursor on this event (or the next one in the view)."""
        if self._count:
            index = min(int(self.view.position(event_id)), self._count - 1)
            self.refresh_row(self.cursor_index)
            self.set_cursor_index(index)
            self.centre(index)
            self.refresh_row(index)

    def set_clock(self, clock: Clock) -> None:
        """Write the times in another way."""
        self.clock = clock
        self.clear_strips()
        self.refresh()

    def sideways(self, step: int) -> None:
        """Move the cell cursor."""
        self.column = max(0, min(min(self.column, len(self.placed) - 1) + step, len(self.placed) - 1))
        self.refresh_row(self.cursor_index)
        self.refresh_heading()

    def refresh_heading(self) -> None:
        """Draw the heading again: the cursor's column stands out in it."""
        self.refresh(self.size.region._replace(height=self.HEADING_LINES))

    def clear_strips(self) -> None:
        self._strips.clear()
        self._placed = ()


    def clicked(self, index: int, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        left = 0
        for number, placed in enumerate(self.placed):
            if offset is not None and left <= offset.x <= left + placed.width:
                self.column = number
            left += placed.width + 1
        self.move_cursor(index)
        self.refresh_heading()
        if event.chain == 2:
            self.post_message(self.Opened())

    # Drawing.

    @property
    def placed(self) -> tuple[Placed, ...]:
        """The columns that fit, with their widths."""
        if not self._placed:
            width = self.line_width
            self._placed = place(self._columns, width)
            self._cells = width, max(0, width - sum(placed.width + 1 for placed in self._placed) + 1)
        return self._placed

    def draw_heading(self) -> Strip:
        style, here = self.style_of("heading"), self.style_of("heading--cursor")
        current = self.cursor_column
        segments: list[Segment] = []
        for placed in self.placed:
            title = placed.column.title
            if placed.column.text is None and self.clock.mode is not TimeMode.LOCAL:
                title = {TimeMode.UTC: "TIME UTC", TimeMode.RELATIVE: "SINCE START", TimeMode.DELTA: "DELTA"}[self.clock.mode]
            segments.append(Segment(fit(title, placed.width, right=placed.column.right), here if placed.column is current else style))
            segments.append(Segment(" ", style))
        return self.line(segments, style)

    def draw_row(self, index: int) -> Strip:
        row = RowNumber(index)
        event_id = self.view.event_id(row)
        here = index == self.cursor_index
        previous = self.view.event_id(RowNumber(index - 1)) if index and self.clock.mode is TimeMode.DELTA else None
        key = (event_id, previous, self.column if here else None)
        strip = self._strips.get(key)
        if strip is None:
            event = self.view.event(row)
            before = None if previous is None else self.view.event(RowNumber(index - 1)).time_ns
            strip = self._strips[key] = self._loss(event, here) if event.event_type == "monitor.lost" else self._row(event, before, here)
        return strip

    def _row(self, event: Event, before: int | None, here: bool) -> Strip:
        base = self.style_of("cursor") if here else None
        cell, own = self.style_of("cursor--cell"), self.style_of("")
        current = self.cursor_column
        segments: list[Segment] = []
        blank = Segment(" ", base or own)
        for placed in self.placed:
            column = placed.column
            if column.text is None:
                text = self.clock.cell(event.time_ns, before, placed.width)
            else:
                text = safe_text(column.text(event))
                text = fit(text, placed.width, right=column.right, from_end=column.from_end and text[:1] == "/" and " " not in text)
            style = self.style_of(column.style_of(event)) if base is None else cell if column is current else base
            segments.append(Segment(text, style))
            segments.append(blank)
        segments.pop()
        width, rest = self._cells
        if rest:
            segments.append(Segment(" " * rest, base or own))
        return Strip(segments, width)

    def _loss(self, event: Event, here: bool) -> Strip:
        style = self.style_of("cursor" if here else "loss")
        text = f"── {loss_text(event, self.clock)} "
        width = self.line_width
        return Strip([Segment(fit(text + "─" * max(0, width - len(text)), width), style)])


def loss_text(event: Event, clock: Clock) -> str:
    """The sentence of a `monitor.lost` row: how many of what were lost where and when."""
    count, family = event.arguments.get("count"), event.arguments.get("family")
    start, end = event.arguments.get("from"), event.arguments.get("to")
    span = ""
    if isinstance(start, int) and isinstance(end, int):
        span = f", {clock.of_day_ms(start * 1000)}–{clock.of_day_ms(end * 1000)}"
    number = f"{count:,}" if isinstance(count, int) else "?"
    return f"{number} {family or ''} events lost here (cpu {argument(event, 'cpu')}{span})".replace("  ", " ")
