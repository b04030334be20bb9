"""Ten million events: memory, file, filters, and how soon a saved session is on the screen. No root, no BPF but for the load's shape.

    .venv/bin/python benchmarks/large.py [--events 10000000] [--rounds 5]

The events are the mix of tests/synthetic.py (open, read, write, stat, close, connect, hostile names, failures; 5,000 different records).
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from goals import Board, parser
from terminal import PROGRAM, Terminal

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from kellect_tui.events.batch import SourceTotals
from kellect_tui.session.chunk import RowNumber
from kellect_tui.session.file import open_at_once, open_session, write_session
from kellect_tui.session.filter import parse
from kellect_tui.session.session import Session
from tests.synthetic import mixed, source_start, tiled

FILTERS = {"pid = 4007": 100.0, "comm = nginx": 100.0, "event_type = file.*": 100.0, "failed": 100.0, "path ~ lib01": 300.0, "no-such-text": None}
BATCH = 10_000


def timed(work: Callable[[], object]) -> float:
    """Milliseconds."""
    begun = time.perf_counter()
    work()
    return (time.perf_counter() - begun) * 1000


def first_screen(path: Path) -> float:
    """Milliseconds from the command to the first screen of a saved session; Python's own start is in it."""
    terminal = Terminal([*PROGRAM, "open", str(path)])
    try:
        return (terminal.until("SAVED", 60) - terminal.started) * 1000
    finally:
        terminal.close()


def last_events(path: Path) -> None:
    """What the first screen of an opened file needs of it."""
    view = open_at_once(path).view()
    view.advance()
    view.rows(max(0, len(view) - 50), RowNumber(len(view)))


def imports_only() -> None:
    """What no program of these libraries is quicker than."""
    subprocess.run([sys.executable, "-c", "import numpy, pyarrow, textual.app, textual.screen, textual.widgets"], check=True)


def main() -> None:
    """Measure, tell."""
    line = parser(__doc__)
    line.add_argument("--events", type=int, default=10_000_000)
    line.add_argument("--rounds", type=int, default=5)
    given = line.parse_args()
    board = Board(given.json, f"benchmarks/{Path(__file__).name}")
    scale = given.events / 10_000_000
    session, batch = Session(10**9), tiled(mixed(5_000), BATCH)
    session.begin(source_start())
    for number in range(given.events // BATCH):
        batch.records["time"] += 0 if not number else BATCH * 1_000
        session.take(batch)
    session.finish(SourceTotals(), 0.0)
    count = f"{given.events:,} events"
    board.tell(f"memory of {count}", [session.store.nbytes / 1e6], "MB", 800 * scale)
    for text, goal in FILTERS.items():
        times = [timed(session.view(parse(text)).build) for _ in range(given.rounds)]
        board.tell(f"filter over {count}: {text}", times, "ms", goal)
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "large.kellect"
        with path.open("wb") as file:
            saving = timed(partial(write_session, session, file))
        board.tell(f"file of {count}", [path.stat().st_size / 1e6], "MB", 200 * scale, also=f"saved in {saving / 1000:.1f} s")
        board.tell(f"the last 50 of {count} from a file, decoded", [timed(partial(last_events, path)) for _ in range(given.rounds)], "ms")
        board.tell(f"all processes and counts of {count} from a file", [timed(partial(open_session, path)) / 1000 for _ in range(given.rounds)], "s")
        least = sorted(timed(imports_only) for _ in range(given.rounds))[0] / 1000
        also = f"Python importing Textual, numpy and pyarrow, and no more: {least:.2f} s"
        board.tell(f"open to first screen of {count}", [first_screen(path) / 1000 for _ in range(given.rounds)], "s", 0.3, also=also)


if __name__ == "__main__":
    main()
