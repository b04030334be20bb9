"""What any Textual program pays for the same picture: 27 new rows four times a second, and a line that answers a key.

    .venv/bin/python benchmarks/screen_bound.py [--frames 4] [--seconds 8] [--keys 100] [--rounds 3]

The program has nothing else to do: no events, no columns, no cache, no other thread at work. Beside it stand the same
numbers of `idle.py` (the screen's thread) and `keys.py`. The value of a round of keys is its p99 (nearest rank).
"""

from __future__ import annotations

import sys
import time
from itertools import count
from pathlib import Path
from typing import ClassVar

import psutil
from goals import Board, parser
from idle import sample
from keys import pause, rank
from rich.segment import Segment
from rich.style import Style
from terminal import HEIGHT, WIDTH, Terminal
from textual import events
from textual.app import App, ComposeResult
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widget import Widget

ROWS = HEIGHT - 5
PIECES = (13, 11, 8, 17, 49, 13, 8)
"""Cells of the pieces of a row, as wide as the columns of the program's first tab."""


class Rows(ScrollView):
    """New rows at each frame: as many pieces as the program's have columns, each in a colour of its own."""

    DEFAULT_CSS = f"Rows {{ height: {ROWS}; overflow-y: scroll; scrollbar-size-vertical: 1; }}"
    STYLES: ClassVar = [Style.parse(f"color({number}) on #121212") for number in (2, 3, 4, 5, 6, 7, 8)]

    def on_mount(self) -> None:
        """No frame yet."""
        self.frame = 0

    def next(self) -> None:
        """Another frame: all rows are others."""
        self.frame += 1
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """One row."""
        number = str(self.frame * ROWS + y)
        return Strip([Segment(number.ljust(cells), style) for cells, style in zip(PIECES, self.STYLES, strict=True)], WIDTH - 1)


class Answer(Widget):
    """A line that says how many keys came."""

    DEFAULT_CSS = "Answer { height: 1; }"
    keys = 0

    def render_line(self, y: int) -> Strip:
        """The line."""
        return Strip([Segment(f"keys: {self.keys}.")])


class Bound(App[None]):
    """Rows that come, and a line that answers.

    Args:
        frames: A second; 0: none.
    """

    def __init__(self, frames: float) -> None:
        super().__init__()
        self._frames = frames
        self._rows, self._answer = Rows(), Answer()

    def compose(self) -> ComposeResult:
        """Both."""
        yield self._rows
        yield self._answer

    def on_mount(self) -> None:
        """Begin."""
        if self._frames:
            self.set_interval(1 / self._frames, self._rows.next)

    def on_key(self, event: events.Key) -> None:
        """Answer."""
        if event.key == "k":
            self._answer.keys += 1
            self._answer.refresh()


def answers(terminal: Terminal, numbers: count[int], keys: int) -> list[float]:
    """How long each key took until the line had changed."""
    samples: list[float] = []
    for number in (next(numbers) for _ in range(keys)):
        began = time.perf_counter()
        terminal.press("k")
        seen = terminal.wait(lambda number=number: terminal.has(f"keys: {number}."))  # type: ignore[misc]  # a lambda's default has no type
        if seen is None:
            break
        samples.append(seen - began)
        pause(number)
    return samples


def measure(board: Board, frames: float, seconds: float, keys: int, rounds: int) -> None:
    """Run the program, tell."""
    terminal = Terminal([sys.executable, __file__, "--app", "--frames", str(frames)])
    try:
        terminal.until("keys: 0", 30)
        time.sleep(1)
        process = psutil.Process(terminal.pid)
        costs = [sample(process, seconds) for _ in range(rounds)]
        numbers = count(1)
        tries = [answers(terminal, numbers, keys) for _ in range(rounds)]
    finally:
        terminal.close()
    board.tell(f"a bare Textual program: {ROWS} new rows {frames:g} times a second", costs, "% of a core")
    every = [sample for samples in tries for sample in samples]
    lost = "" if len(every) == keys * rounds else f"only {len(every)} of {keys * rounds} keys were seen"
    also = f"p50 {rank(every, 0.5):.0f}, longest {1000 * max(every):.0f} ms of {len(every)} keys"
    board.tell("the same: key to changed screen, p99", [rank(samples, 0.99) for samples in tries], "ms", also=also, failed=lost)


def main() -> None:
    """Read the command line."""
    line = parser(__doc__)
    line.add_argument("--frames", type=float, default=4.0, help="a second")
    line.add_argument("--seconds", type=float, default=8.0)
    line.add_argument("--keys", type=int, default=100)
    line.add_argument("--rounds", type=int, default=3)
    line.add_argument("--app", action="store_true", help="be the program that is measured")
    given = line.parse_args()
    if given.app:
        Bound(given.frames).run()
        return
    measure(Board(given.json, f"benchmarks/{Path(__file__).name}"), given.frames, given.seconds, given.keys, given.rounds)


if __name__ == "__main__":
    main()
