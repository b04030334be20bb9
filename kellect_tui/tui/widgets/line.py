"""One line of the screen: words on the left, words on the right, some of them to click on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget


@dataclass(frozen=True, slots=True)
class Word:
    """A piece of a line.

    Attributes:
        text: Safe text.
        style: Component style of `Line`.
        action: Textual action that a click runs; empty for none.
    """

    text: str
    style: str = "plain"
    action: str = ""


class Line(Widget):
    """Draws words; where there is no room the left ones are cut, then the right ones lose their first. A mark says so."""

    DEFAULT_CSS = "Line { height: 1; }"
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "plain", "dim", "title", "live", "paused", "saved", "alarm", "good", "warn", "key", "accent", "tab", "tab--here", "spark", "caret",
        "choice", "choice--here",
    }  # fmt: skip

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._left: tuple[Word, ...] = ()
        self._right: tuple[Word, ...] = ()
        self._strip: tuple[int, Strip] | None = None
        self._styles: dict[tuple[str, str], Style] = {}

    @property
    def text(self) -> str:
        """What the line says, for tests and for the curious."""
        return "".join(word.text for word in (*self._left, *self._right))

    def show(self, left: Sequence[Word], right: Sequence[Word] = ()) -> None:
        """Say something else; nothing is drawn where nothing changed."""
        if (tuple(left), tuple(right)) != (self._left, self._right):
            self._left, self._right = tuple(left), tuple(right)
            self._strip = None
            self.refresh()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._styles.clear()
        self._strip = None

    def render_line(self, y: int) -> Strip:
        """The words, exactly as wide as the widget."""
        width = self.size.width
        if self._strip is None or self._strip[0] != width:
            self._strip = (width, self._draw(width))
        return self._strip[1]

    def _style(self, word: Word) -> Style:
        style = self._styles.get((word.style, word.action))
        if style is None:
            style = self.get_component_rich_style(word.style, partial=True)
            if word.action:
                style += Style.from_meta({"@click": word.action})
            self._styles[word.style, word.action] = style
        return style

    def _draw(self, width: int) -> Strip:
        if not width:
            return Strip([])
        left, right = "".join(word.text for word in self._left).rstrip(), list(self._right)
        mark = 0 if cell_len(left) + _cells(right) <= width else 1
        while right and _cells(right) > width - mark:
            right.pop(0)
        room = width - mark - _cells(right)
        segments: list[Segment] = []
        style = self._style(MARK)
        for word in self._left:
            text = word.text if cell_len(word.text) <= room else set_cell_size(word.text, room)
            segments.append(Segment(text, self._style(word)))
            room -= cell_len(text)
            if text != word.text:
                style = self._style(word)
                break
        if room:
            segments.append(Segment(" " * room))
        if mark:
            segments.append(Segment(MARK.text, style))
        segments += [Segment(word.text, self._style(word)) for word in right]
        # a strip of ours has only the colours that its segments name: the widget's own lie under them
        return Strip(segments).adjust_cell_length(width).apply_style(self.rich_style)


MARK = Word("…", "dim")
"""Stands where something was cut."""


def _cells(words: Sequence[Word]) -> int:
    return sum(cell_len(word.text) for word in words)
