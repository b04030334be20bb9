"""Keys in the process tree while 1,000 processes a second come and go and 50,000 are in the table: the real program in tmux (root).

    sudo .venv/bin/python benchmarks/tree.py [--processes 50000] [--rate 1000] [--keys 100] [--rounds 3]

Moving: from the key to the detail of another process. Settings: from `S` (own figures, whole subtrees) to its word on the
screen, for which every row is laid out anew. The value of a round is the p99 of its keys (nearest rank).
"""

from __future__ import annotations

import re
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil
from goals import Board, parser
from keys import MOVES, pause, rank
from terminal import PROGRAM, Terminal

HERE = Path(__file__).parent
GOAL_MS = 100.0
SETTINGS = ("own only", "Σ subtree")


@contextmanager
def births(processes: int, rate: int) -> Iterator[None]:
    """`processes` were made, and `rate` a second are being made meanwhile. Needs gcc."""
    with tempfile.TemporaryDirectory() as directory:
        program = Path(directory) / "births"
        subprocess.run(["gcc", "-O2", "-o", program, HERE / "births.c"], check=True)
        maker = subprocess.Popen([program, str(processes), str(rate)], stdout=subprocess.PIPE, text=True)
        try:
            if maker.stdout is None or maker.stdout.readline() != "ready\n":
                raise SystemExit("no processes could be made")
            yield
        finally:
            maker.kill()
            maker.wait()


def title(terminal: Terminal) -> str:
    """The line over the detail: `process 4121 make`."""
    return next((line for line in terminal.screen() if "Esc closes" in line), "")


def setting(terminal: Terminal) -> str:
    """Whose figures are shown."""
    screen = "\n".join(terminal.screen()[:6])
    return next((word for word in SETTINGS if word in screen), "")


def sampled(terminal: Terminal, keys: Sequence[str], count: int, look: Callable[[Terminal], str]) -> list[float]:
    """Seconds from each key until what `look` sees has changed."""
    samples: list[float] = []
    for number in range(count):
        before = look(terminal)
        began = time.perf_counter()
        terminal.press(keys[number % len(keys)])
        changed = terminal.wait(lambda before=before: look(terminal) not in ("", before))  # type: ignore[misc]  # a lambda's default has no type
        if changed is None:
            break
        samples.append(changed - began)
        pause(number)
    return samples


def table(terminal: Terminal) -> str:
    """`49,812 of 50,012`: what the filter line says of the tree."""
    found = re.search(r"([\d,]+ of [\d,]+) · [\d,]+ running", "\n".join(terminal.screen()[:4]))
    return found[1] if found else "?"


def moving(terminal: Terminal, keys: int) -> list[float]:
    """The cursor among the newest processes, the detail open."""
    terminal.press("End", "Up", "Enter")
    terminal.wait(lambda: bool(title(terminal)))
    samples = sampled(terminal, MOVES, keys, title)
    terminal.press("Escape")
    terminal.wait(lambda: not title(terminal))
    return samples


def measure(board: Board, command: Sequence[str], processes: int, rate: int, keys: int, rounds: int) -> None:
    """Run, fill, press keys, tell."""
    terminal = Terminal(command)
    try:
        terminal.until("LIVE", 30)
        terminal.press("6")
        with births(processes, rate):
            time.sleep(3)
            program = psutil.Process(terminal.pid)
            began, cpu = time.perf_counter(), sum(program.cpu_times()[:2])
            time.sleep(5)
            share = (sum(program.cpu_times()[:2]) - cpu) / (time.perf_counter() - began)
            cost = f"{table(terminal)} processes in sight, cpu {100 * share:.0f} %, {program.memory_info().rss / 1e6:.0f} MB"
            moves = [moving(terminal, keys) for _ in range(rounds)]
            settings = [sampled(terminal, ("S",), keys, setting) for _ in range(rounds)]
            cost += f", {' '.join(terminal.screen()[0].split()[-2:])}"
    finally:
        terminal.close()
    for what, tries in (("moving", moves), ("every row anew", settings)):
        every = [sample for samples in tries for sample in samples]
        failed = "" if len(every) == keys * rounds else f"only {len(every)} of {keys * rounds} keys were seen"
        also = f"p50 {rank(every, 0.5):.0f}, p95 {rank(every, 0.95):.0f}, longest {1000 * max(every):.0f} ms of {len(every)} keys; {cost}"
        board.tell(f"tree, {rate:,} births/s: key to screen, p99, {what}", [rank(one, 0.99) for one in tries], "ms", GOAL_MS, also=also, failed=failed)


def main() -> None:
    """Read the command line."""
    line = parser(__doc__)
    line.add_argument("--processes", type=int, default=50_000)
    line.add_argument("--rate", type=int, default=1_000)
    line.add_argument("--keys", type=int, default=100)
    line.add_argument("--rounds", type=int, default=3)
    line.add_argument("command", nargs="*", default=[*PROGRAM])
    given = line.parse_args()
    measure(Board(given.json, f"benchmarks/{Path(__file__).name}"), given.command, given.processes, given.rate, given.keys, given.rounds)


if __name__ == "__main__":
    main()
