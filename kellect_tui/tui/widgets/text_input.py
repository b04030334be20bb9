"""One line of text whose keys act in the order in which they were typed."""

from __future__ import annotations

from collections.abc import Iterable

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region
from textual.strip import Strip
from textual.widgets import Input
from textual.widgets.input import Selection

from kellect_tui.tui.safe_text import fit


class TextInput(Input):
    """Textual's Input, but for two things.

    Keys that are no letters (Ctrl-U, Enter, ↓ …) act at once. Textual inserts a letter when the widget gets it, and runs
    a binding only when the key has gone up to the screen: Ctrl-U and a path typed behind it, while the machine is busy,
    clear the beginning of the path.

    What is cut at either side shows a mark there, never on the cursor.
    """

    def __init__(self, value: str | None = None, *, hint: str = "", id: str | None = None) -> None:
        super().__init__(value, hint, id=id, compact=True, select_on_focus=False)
        self._hint = hint

    def on_resize(self) -> None:
        """The hint has the room that there is, and the cursor stays in sight."""
        self.placeholder = fit(self._hint, self.scrollable_content_region.width).rstrip()
        self._reveal_cursor()

    def render_line(self, y: int) -> Strip:
        """The text, with a mark where it goes on."""
        strip, width = super().render_line(y), self.scrollable_content_region.width
        if y or not self.value or not width:
            return strip
        before = self.scroll_offset.x
        after = self._position_to_cell(len(self.value)) - before - width
        return _marked(strip.adjust_cell_length(width, self.rich_style), at_start=before > 0, at_end=after > 0)

    def _watch_selection(self, selection: Selection) -> None:
        super()._watch_selection(selection)
        if not self._initial_value:
            self._reveal_cursor()

    def _reveal_cursor(self) -> None:
        around = Region(max(0, self._cursor_offset - 1), 0, width=3, height=1)  # one cell on either side may become a mark
        self.scroll_to_region(around, force=True, animate=False)

    async def _on_key(self, event: events.Key) -> None:
        # The bindings of whatever has the focus now: a key before this one may have moved it.
        if not event.is_printable and await self.app._check_bindings(event.key):
            event.stop()
            event.prevent_default()
            return
        await super()._on_key(event)


def _marked(strip: Strip, *, at_start: bool, at_end: bool) -> Strip:
    """The strip with its marks. Where there is none the edge stays whole: a crop through a wide character leaves two spaces of it."""
    width = strip.cell_length
    if at_start:
        strip = Strip.join([_mark(strip.crop(0, 1)), strip.crop(1, width)])
    if at_end:
        strip = Strip.join([strip.crop(0, width - 1), _mark(strip.crop(width - 1, width))])
    return strip


def _mark(cell: Strip) -> Strip:
    return Strip([Segment("…", _style(cell))])


def _style(segments: Iterable[Segment]) -> Style | None:
    return next((segment.style for segment in segments), None)
