"""The whole table of what the monitor must reach, measured: `make bench`.

    sudo .venv/bin/python benchmarks/table.py [--quick] [--only NAME,…] [--out benchmarks]

Runs every benchmark alone, one after the other, prints each line as it comes, and writes `results.json` (from which the tables of
README.md and docs/performance.md are made: `make docs`) and `results.md`. A part that fails is a line that says so; with
`--only` the results of the other parts stay.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from goals import Board, Result, machine, of_json

HERE = Path(__file__).parent
PATIENCE_SECONDS = 600

PARTS: dict[str, tuple[list[str], list[str]]] = {
    "sustained": (["sustained.py", "--seconds", "60", "--rate", "1600000"], ["--seconds", "5"]),
    "flood": (["sustained.py", "--seconds", "60"], ["--seconds", "5"]),
    "mixed": (["sustained.py", "--seconds", "20", "--mode", "mixed"], ["--seconds", "5"]),
    "overload": (["overload.py"], ["--seconds", "3"]),
    "overhead": (["overhead.py"], ["2", "300000"]),
    "reader": (["reader.py"], ["--seconds", "2", "--rounds", "2"]),
    "least": (["reader_bound.py"], ["--seconds", "1", "--rounds", "1"]),
    "keys": (["keys.py"], ["--keys", "30", "--rounds", "1"]),
    "tree": (["tree.py"], ["--processes", "5000", "--keys", "30", "--rounds", "1"]),
    "idle": (["idle.py"], ["--seconds", "4", "--rounds", "2"]),
    "bound": (["screen_bound.py"], ["--seconds", "4", "--keys", "30", "--rounds", "1"]),
    "start": (["start.py"], ["--rounds", "2"]),
    "start bound": (["start_bound.py"], ["--rounds", "2"]),
    "large": (["large.py"], ["--rounds", "2"]),
    "memory": (["memory.py"], ["--events", "3M"]),
    "replay": (["replay.py", "--stages", "--rows", "10000"], ["--rounds", "50"]),
    "paused": (["replay.py", "--rows", "10000", "--pause", "0.01"], ["--rounds", "50"]),
    "programs": (["programs.py"], ["--calls", "100000"]),
}
"""Name → command and, for `--quick`, what is added to it."""

_ADDED = {"close": 350.0, "read": 420.0, "shut": 420.0, "open": 750.0}
_OVERHEAD = re.compile(r"^(\w+) .*\badds +(-?\d+), of which empty programs +(-?\d+) +(.*)$")
_NOT_MONITORED, _OVER_FLOOR = "getppid", 20.0


def overhead(board: Board, output: str) -> None:
    """The lines of overhead.py as results."""
    for found in filter(None, map(_OVERHEAD.match, output.splitlines())):
        kind, added, floor, meaning = found[1], float(found[2]), float(found[3]), found[4]
        goal = floor + _OVER_FLOOR if kind == _NOT_MONITORED else _ADDED.get(kind)
        board.tell(f"added to a call: {meaning}", [added], "ns", goal, also=f"two empty programs add {floor:.0f}")


READERS: dict[str, Callable[[Board, str], None]] = {"overhead": overhead}
"""Parts that print lines of their own instead of results."""


def run(name: str, command: Sequence[str], file: Path) -> str:
    """Run one part; why it failed, or nothing."""
    own = name in READERS
    words = [sys.executable, str(HERE / command[0]), *command[1:], *(() if own else ("--json", str(file)))]
    try:
        done = subprocess.run(words, stdout=subprocess.PIPE if own else None, stderr=subprocess.PIPE, text=True, timeout=PATIENCE_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return f"gave no answer in {PATIENCE_SECONDS} s"
    if own:
        READERS[name](Board(file, f"benchmarks/{command[0]}"), done.stdout)
    return "" if done.returncode == 0 else (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]


def markdown(results: Sequence[Result], head: str) -> str:
    """The table as README has it."""
    rows = ["| what | measured | goal | | command |", "|---|---|---|---|---|"]
    for result in results:
        behind = f"; {result.also}" if result.also else ""
        verdict = f"{result.verdict}: {result.failed}" if result.failed else result.verdict
        rows.append(f"| {result.what} | {result.measured}{behind} | {result.wanted} | {verdict} | `{result.command}` |")
    return f"{head}\n\n" + "\n".join(rows) + "\n"


def main() -> None:
    """Run, print, write."""
    line = argparse.ArgumentParser(description="every goal of the speed table, measured")
    line.add_argument("--quick", action="store_true", help="short runs: to see that everything works, not to publish")
    line.add_argument("--only", default="", help=f"these parts, with commas: {', '.join(PARTS)}")
    line.add_argument("--out", type=Path, help="directory for results.json and results.md; else here, and nothing after --quick")
    given = line.parse_args()
    out = given.out or (None if given.quick else HERE)
    chosen = given.only.split(",") if given.only else list(PARTS)
    head = f"{machine()}; {time.strftime('%Y-%m-%d')}"
    print(head)
    file_of_results = (out or HERE) / "results.json"
    known = json.loads(file_of_results.read_text())["parts"] if given.only and file_of_results.exists() else {}
    parts: dict[str, list[Result]] = {name: [of_json(json.dumps(row)) for row in rows] for name, rows in known.items() if name in PARTS}
    failed: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as directory:
        for name in chosen:
            command, shorter = PARTS[name]
            file = Path(directory) / name
            file.touch()
            failure = run(name, [*command, *(shorter if given.quick else ())], file)
            if failure:
                failed[name] = failure
                print(f"{name}: failed: {failure}", flush=True)
            parts[name] = [of_json(text) for text in file.read_text().splitlines()]
    results = [result for name in PARTS for result in parts.get(name, ())]
    goals = [result for result in results if result.goal is not None]
    missed = [result for result in goals if result.verdict == "missed"]
    print(f"{len(goals) - len(missed)} of {len(goals)} goals met" + "".join(f"\n  missed: {result.what}: {result.measured}" for result in missed))
    if out is not None:
        rows = {name: [json.loads(result.as_json()) for result in parts[name]] for name in PARTS if name in parts}
        document = {"machine": head, "failed": failed, "parts": rows}
        file_of_results.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n")
        (out / "results.md").write_text(markdown(results, head))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
