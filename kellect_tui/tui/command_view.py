"""The command that `run` started: its state for the header, and the pane with what it prints."""

from __future__ import annotations

import signal
from collections import deque
from typing import Protocol

from rich.segment import Segment
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from kellect_tui.tui.quantities import duration, size
from kellect_tui.tui.safe_text import safe_text
from kellect_tui.tui.widgets.cheap import keep_lines, scroll_now, set_extent_now
from kellect_tui.tui.widgets.line import Line, Word
from kellect_tui.tui.widgets.pane import wrap


class Ending(Protocol):
    """How a command ended."""

    @property
    def status(self) -> int | None:
        """0-255; None where a signal ended it."""
        ...

    @property
    def signal_name(self) -> str | None:
        """The signal that did."""
        ...

    @property
    def seconds(self) -> float:
        """From its start to its end."""
        ...


class Output(Protocol):
    """What it printed, by numbered lines."""

    @property
    def total(self) -> int:
        """Bytes."""
        ...

    @property
    def end(self) -> int:
        """Whole lines so far."""
        ...

    @property
    def first(self) -> int:
        """Number of the oldest line kept."""
        ...

    @property
    def last(self) -> str:
        """The line that is not whole yet."""
        ...

    def lines(self, since: int) -> tuple[int, list[str]]:
        """(number of the first, the lines) from `since` on, as far as they are kept."""
        ...


class CommandControl(Protocol):
    """What the screen needs of the command; texts are as the program gave them."""

    @property
    def name(self) -> str:
        """Its first word."""
        ...

    @property
    def text(self) -> str:
        """All its words."""
        ...

    @property
    def output(self) -> Output:
        """What it printed."""
        ...

    @property
    def kept_in(self) -> str:
        """Where its output is kept, or why not any more; empty: nowhere."""
        ...

    def poll(self) -> Ending | None:
        """How it ended; None while it runs."""
        ...

    def send_group(self, number: int) -> None:
        """Send its process group a signal."""
        ...


def state_word(command: CommandControl) -> Word:
    """The command in the header: ` make … `, ` make exited 2 `."""
    ending, name = command.poll(), safe_text(command.name.rpartition("/")[2])
    if ending is None:
        return Word(f" {name} runs ", "live")
    if ending.signal_name is not None:
        return Word(f" {name} {ending.signal_name} ", "alarm")
    return Word(f" {name} exited {ending.status} ", "good" if ending.status == 0 else "alarm")


def signalled(command: CommandControl, number: signal.Signals) -> str:
    """Send its process group a signal, where it still runs; what was done, in a sentence."""
    if command.poll() is not None:
        return "The command has ended already."
    command.send_group(number)
    return f"{number.name} sent to {safe_text(command.name)} and its process group."


class OutputPane(ScrollView, inherit_bindings=False):
    """Lines of output, wrapped, the newest in sight until somebody scrolls up. Only new lines are wrapped."""

    DEFAULT_CSS = "OutputPane { overflow-x: hidden; overflow-y: scroll; scrollbar-size-vertical: 1; }"

    def __init__(self, output: Output, *, id: str | None = None) -> None:
        super().__init__(id=id)
        keep_lines(self)
        self.can_focus = False
        self._output = output
        self._width = 0
        self._first = self._next = 0  # numbers of the lines held
        self._rows: deque[str] = deque()
        self._heights: deque[int] = deque()  # rows of each line
        self._last: list[str] = []

    @property
    def text(self) -> str:
        """What it says."""
        return "\n".join([*self._rows, *self._last])

    def sync(self) -> None:
        """Take in what is new."""
        width = max(1, self.size.width - 1)
        if width != self._width:
            self._width = width
            self._clear(0)
        follows = int(self.scroll_offset.y) >= self.max_scroll_y
        first, lines = self._output.lines(self._next)
        if first > self._next:  # lines that were never seen here are gone already, and so is all before them
            self._clear(first)
        for line in lines:
            text = safe_text(line)
            rows = [text] if len(text) <= width and text.isascii() else wrap(text, width)
            self._rows.extend(rows)
            self._heights.append(len(rows))
        self._next = first + len(lines)
        while self._first < self._output.first and self._heights:
            self._first += 1
            for _ in range(self._heights.popleft()):
                self._rows.popleft()
        last = self._output.last
        self._last = wrap(safe_text(last), width) if last else []
        set_extent_now(self, Size(width, len(self._rows) + len(self._last)))
        if follows:
            scroll_now(self, self.max_scroll_y)
        self.refresh()

    def _clear(self, first: int) -> None:
        self._rows.clear()
        self._heights.clear()
        self._first = self._next = first

    def scroll_by(self, lines: int) -> None:
        """Scroll, at once."""
        scroll_now(self, max(0, min(int(self.scroll_offset.y) + lines, self.max_scroll_y)))

    def render_line(self, y: int) -> Strip:
        """One line."""
        index = int(self.scroll_offset.y) + y
        if index < len(self._rows):
            text = self._rows[index]
        elif index - len(self._rows) < len(self._last):
            text = self._last[index - len(self._rows)]
        else:
            return Strip.blank(self.size.width, self.rich_style)
        return Strip([Segment(text, self.rich_style)]).adjust_cell_length(self.size.width, self.rich_style)


class CommandView(Vertical):
    """A title and the output; costs nothing while it is hidden."""

    def __init__(self, command: CommandControl, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._command = command
        self._shown = (-1, -1, "", 0)
        self.title = Line(id="output-title")
        self.pane = OutputPane(command.output, id="output-pane")

    def compose(self) -> ComposeResult:
        """The title and the pane."""
        yield self.title
        yield self.pane

    def sync(self) -> None:
        """Show what is new."""
        output, ending = self._command.output, self._command.poll()
        now = (output.total, output.end, "" if ending is None else str(ending.status), self.pane.size.width)
        if now == self._shown:
            return
        self._shown = now
        said = f"{output.end:,} line{'s' * (output.end != 1)}, {size(output.total)}"
        if output.first:
            said += f", the last {output.end - output.first:,} are kept"
        words = [Word(f" {safe_text(self._command.text)} ", "title"), Word(said, "dim")]
        if kept := self._command.kept_in:
            words.append(Word(f" · {safe_text(kept)}", "dim"))
        if ending is not None:
            words.append(Word(f" · ended after {duration(round(ending.seconds * 1e9))}", "dim"))
        self.title.show(words, [Word("J K scroll, O hides ", "dim")])
        self.pane.sync()
