"""One of a few, in one line: ← and → choose."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.segment import Segment
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget


class Choice(Widget, can_focus=True):
    """Options beside each other.

    Args:
        label: Stands before them.
        options: (value, safe text).
    """

    DEFAULT_CSS = "Choice { height: 1; }"
    COMPONENT_CLASSES: ClassVar[set[str]] = {"label", "option", "option--here"}
    BINDINGS: ClassVar[list[BindingType]] = [Binding("left", "choose(-1)", show=False), Binding("right,space", "choose(1)", show=False)]

    class Changed(Message):
        """Another option was chosen by the user."""

        def __init__(self, choice: Choice) -> None:
            super().__init__()
            self.choice = choice

    def __init__(self, label: str, options: Sequence[tuple[str, str]], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._label = label
        self._options = tuple(options)
        self._at = 0

    @property
    def value(self) -> str:
        """The chosen option's value."""
        return self._options[self._at][0]

    def choose(self, value: str) -> None:
        """Choose by value; an unknown one changes nothing."""
        for number, (name, _) in enumerate(self._options):
            if name == value:
                self._at = number
                self.refresh()

    def action_choose(self, step: int) -> None:
        """The next or the one before, round and round."""
        self._at = (self._at + step) % len(self._options)
        self.refresh()
        self.post_message(self.Changed(self))

    def on_click(self, event: events.Click) -> None:
        """Choose what the mouse points at."""
        first, left = self._first_shown(), len(self._label)
        for number, (_, text) in enumerate(self._options[first:], first):
            if left <= event.x < left + len(text) + 2:
                self._at = number
                self.refresh()
                self.post_message(self.Changed(self))
            left += len(text) + 2

    def _first_shown(self) -> int:
        """The first option that has room, where the chosen one is to be seen."""
        room = self.size.width - len(self._label)
        first = 0
        while first < self._at and sum(len(text) + 2 for _, text in self._options[first : self._at + 1]) > room:
            first += 1
        return first

    def render_line(self, y: int) -> Strip:
        """The label and the options."""
        first = self._first_shown()
        label = self._label if not first else f"{self._label[:-2]}… "
        segments = [Segment(label, self.get_component_rich_style("label", partial=True))]
        for number, (_, text) in enumerate(self._options[first:], first):
            name = "option--here" if number == self._at else "option"
            pointer = ">" if number == self._at and self.has_focus else " "
            segments.append(Segment(f"{pointer}{text} ", self.get_component_rich_style(name, partial=True)))
        strip, width = Strip(segments), self.size.width
        if strip.cell_length > width:
            strip = Strip.join([strip.crop(0, width - 1), Strip([Segment("…", self.get_component_rich_style("option", partial=True))])])
        return strip.adjust_cell_length(width).apply_style(self.rich_style)
