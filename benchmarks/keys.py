"""Key to screen: how long after a key the program's screen has changed, in a real terminal (tmux), while the machine is busy.

    sudo .venv/bin/python benchmarks/keys.py [--rates 0,10000,100000,500000] [--keys 100] [--rounds 3]
    python benchmarks/keys.py --rates 0 -- kellect-tui --demo

A key's time runs from handing it to tmux until the row of the cursor (or the typed letter) is on tmux' screen; what tmux
itself takes (about 1 ms) is in it. A round is KEYS moves with the detail open and KEYS letters typed while the table follows.
The value of a round is its p99 (nearest rank).
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from pathlib import Path

import loads
from goals import Board, parser
from terminal import PROGRAM, Terminal

GOAL_MS = {500_000: 50.0}
MOVES = ("Up", "Up", "Up", "Down", "Down")
LETTERS = "abcdefghij"
FILTER = "event_type = file.*"


def detail_title(terminal: Terminal) -> str:
    """The line over the detail, which names the event under the cursor: `file.open event 1,234 of this session`."""
    return next((line for line in terminal.screen() if "of this session" in line), "")


def pause(number: int) -> None:
    """Between two keys: not in step with the frames."""
    time.sleep(0.02 + number % 7 * 0.013)


def moving(terminal: Terminal, count: int) -> list[float]:
    """Move the cursor with the detail open; a key counts when the detail is another event's."""
    terminal.press("Enter")
    if terminal.wait(lambda: bool(detail_title(terminal))) is None:
        return []
    samples: list[float] = []
    for number in range(count):
        before = detail_title(terminal)
        began = time.perf_counter()
        terminal.press(MOVES[number % len(MOVES)])
        seen = terminal.wait(lambda before=before: detail_title(terminal) not in ("", before))  # type: ignore[misc]  # a lambda's default has no type
        if seen is None:
            break
        samples.append(seen - began)
        pause(number)
    terminal.press("Escape")
    terminal.wait(lambda: not detail_title(terminal))  # else the escape becomes part of the next key
    return samples


def typing(terminal: Terminal, count: int) -> list[float]:
    """Type into the search line while the table follows; a key counts when its letter is on the screen."""
    terminal.press("End")
    terminal.wait(lambda: not terminal.has("▼"))
    terminal.press("C-f")
    terminal.wait(lambda: any(line.startswith("? ") for line in terminal.screen()))
    samples: list[float] = []
    text = ""
    for number in range(count):
        if len(text) in (0, 20):
            terminal.press("C-u")
            terminal.wait(lambda: not any(line.startswith("? a") for line in terminal.screen()))
            text = ""
        text += LETTERS[number % len(LETTERS)]
        began = time.perf_counter()
        terminal.press(text[-1])
        seen = terminal.wait(lambda text=text: any(line.startswith(f"? {text} ") for line in terminal.screen()))  # type: ignore[misc]  # as above
        if seen is None:
            break
        samples.append(seen - began)
        pause(number)
    terminal.press("Escape")
    terminal.wait(lambda: not any(line.startswith("? ") for line in terminal.screen()))
    return samples


def rank(samples: Sequence[float], share: float) -> float:
    """The value below which this share lies (nearest rank), in ms."""
    return 1000 * sorted(samples)[math.ceil(share * len(samples)) - 1]


def measure(board: Board, command: Sequence[str], rate: int, keys: int, rounds: int) -> None:
    """Run the program, press keys, tell."""
    terminal = Terminal(command)
    try:
        terminal.until("events", 30)
        with loads.running(loads.build(), "mixed", rate):
            time.sleep(3)
            tries = [moving(terminal, keys) + typing(terminal, keys) for _ in range(rounds)]
        last = terminal.screen()
    finally:
        terminal.close()
    tries = [samples for samples in tries if samples]
    every = [sample for samples in tries for sample in samples]
    if not every:
        raise TimeoutError(f"no key was answered at {rate:,} events/s:\n" + "\n".join(last))
    lost = "" if len(every) == 2 * keys * rounds else f"only {len(every)} of {2 * keys * rounds} keys were seen"
    p50, p95 = (f"p{share} {rank(every, share / 100):.0f}" for share in (50, 95))
    also = f"{p50}, {p95}, longest {1000 * max(every):.0f} ms of {len(every)} keys"
    board.tell(f"key to changed screen, p99, at {rate:,} events/s", [rank(samples, 0.99) for samples in tries], "ms", GOAL_MS.get(rate), also=also, failed=lost)


def main() -> None:
    """Read the command line."""
    line = parser(__doc__)
    line.add_argument("--rates", default="0,10000,100000,500000", help="events a second, with commas")
    line.add_argument("--keys", type=int, default=100)
    line.add_argument("--rounds", type=int, default=3)
    line.add_argument("command", nargs="*", default=[*PROGRAM, "--filter", FILTER])
    given = line.parse_args()
    board = Board(given.json, f"benchmarks/{Path(__file__).name}")
    for rate in map(int, given.rates.split(",")):
        measure(board, given.command, rate, given.keys, given.rounds)


if __name__ == "__main__":
    main()
