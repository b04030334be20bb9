"""Three times more than the reader takes, for seconds: is all that is important there, and is every loss told at its place?

    sudo .venv/bin/python benchmarks/overload.py [--seconds 10] [--rate 99000] [--share 3]

Two loads in tight loops (open, stat, read, write, mmap, close) that also make RATE important events a second together: ids, connects,
chmod, kill, rename, fork, exec, exit. What they did is known call by call (`tests/bpf/overload.c`). The source is read as the recorder
reads it, but never more than one in SHARE of what happened. Exact equality is asked for, by type and family, and of each loss that it
stands between its neighbours: `tests/bpf/overloads.py`.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from goals import Board, parser

from tests.bpf.overloads import Outcome, compiled, run


def tell(board: Board, what: str, seen: Outcome) -> None:
    """One line: important events that are there, of each second; what else was made, and what of it was lost."""
    made, important, lost = sum(seen.made.values()), sum(seen.important.values()), sum(seen.lost.values())
    families = ", ".join(f"{count:,} {family}" for family, count in sorted(seen.lost.items()))
    missing = important - sum(seen.kept[name] for name in seen.important)
    also = f"{made:,} events made, {seen.in_time:,} read in that time; lost: {families}; of {important:,} important {missing:,}"
    failed = "; ".join(seen.faults()[:3]) or ("" if lost else "nothing was lost: no overload")
    board.tell(what, [important / seen.seconds], "important events/s", also=also, failed=failed)


def main() -> None:
    """Read the command line."""
    line = parser(__doc__)
    line.add_argument("--seconds", type=float, default=10)
    line.add_argument("--rate", type=int, default=99_000, help="important events a second")
    line.add_argument("--share", type=int, default=3, help="how many times too much")
    given = line.parse_args()
    board = Board(given.json, f"benchmarks/{Path(__file__).name}")
    with tempfile.TemporaryDirectory() as directory:
        program, half = compiled(Path(directory)), given.rate // 2
        for rates, where in (((half, half), "both CPUs"), ((given.rate, 0), "one CPU")):
            seen = run(program, Path(directory), round(given.seconds * 1000), rates, share=given.share)
            tell(board, f"{given.share} × too much for {given.seconds:g} s, important ones of {where}", seen)


if __name__ == "__main__":
    main()
