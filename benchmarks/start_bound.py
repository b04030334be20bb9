"""What any program of this kind needs to start at least, and what the probes need beside it: the bound under `start.py`.

    sudo .venv/bin/python benchmarks/start_bound.py [--rounds 5]

A Textual program with one line, which imports numpy as we do, in the same terminal; and the probes from the cache, loaded with
nothing beside them. Seconds by the clock, so the machine should have nothing else to do.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

from goals import Board, parser
from terminal import Terminal

from kellect_tui.bpf.program import Program
from kellect_tui.events.options import DEFAULT_RING_BYTES

ONE_LINE = """
from kellect_tui import starting
with starting.quickly():
    from textual.app import App
    from textual.widgets import Static

    class OneLine(App):
        def compose(self):
            yield Static("first line")

    OneLine().run()
"""


def screen(program: Path, seen: str) -> float:
    """Seconds until the program's line stands in the terminal."""
    terminal = Terminal([sys.executable, str(program)])
    try:
        return terminal.until(seen) - terminal.started
    finally:
        terminal.close()


def probes() -> float:
    """Seconds to load the probes from the cache."""
    begun = time.perf_counter()
    program = Program(DEFAULT_RING_BYTES)
    took = time.perf_counter() - begun
    if not program.was_kept:
        raise RuntimeError("the probes did not come from the cache")
    program.close()
    return took


def main() -> None:
    """Measure, tell."""
    line = parser(__doc__)
    line.add_argument("--rounds", type=int, default=5)
    given = line.parse_args()
    board = Board(given.json, f"benchmarks/{Path(__file__).name}")
    Program(DEFAULT_RING_BYTES).close()  # keeps them
    with tempfile.TemporaryDirectory() as directory:
        bare, textual = Path(directory) / "bare.py", Path(directory) / "one_line.py"
        bare.write_text("print('first line', flush=True)\nimport threading\nthreading.Event().wait()\n")
        textual.write_text(ONE_LINE)
        os.environ["PYTHONPATH"] = str(Path(__file__).parents[1])
        screen(textual, "first line")  # the page cache
        rounds = [(screen(bare, "first line"), screen(textual, "first line"), probes()) for _ in range(given.rounds)]
    board.tell("least start: Python prints a line", [row[0] for row in rounds], "s")
    board.tell("least start: Python, numpy, a Textual screen with one line", [row[1] for row in rounds], "s")
    board.tell("least start: the probes from the cache, alone", [row[2] for row in rounds], "s")


if __name__ == "__main__":
    main()
