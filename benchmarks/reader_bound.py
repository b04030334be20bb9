"""What reading the rings costs at least: the same probes and loads as reader.py, and less and less done with the records.

    sudo .venv/bin/python benchmarks/reader_bound.py [--rate 1000000] [--seconds 3] [--rounds 3] [--mode mixed]

`looked at`: the heads are read and everything is handed back. `copied once`: each CPU's records go into a kept buffer, 192 bytes each, in no
order and with no loss looked for: no reader that hands over whole records does less. `ordered`: what `Reader.read` gives, in the order of time, losses
in their places, path definitions learnt. CPU of the thread that reads, every 10 ms.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import loads
import numpy as np
from goals import Board, parser

from kellect_tui.bpf.program import Program
from kellect_tui.bpf.ring import WORDS, Reader
from kellect_tui.bpf.source import LiveSource
from kellect_tui.events.options import CaptureOptions
from kellect_tui.priority import be_reader

PAUSE_SECONDS = 0.01

Step = Callable[[Program, Reader], int]
"""Reads what is there; how many records that were."""


def looked_at(program: Program, reader: Reader) -> int:
    """Hand everything back unread."""
    count = 0
    for cpu in range(program.cpus):
        head = int(program.ctl["head"][cpu])
        count += head - int(program.ctl["tail"][cpu])
        program.ctl["heap_tail"][cpu], program.ctl["tail"][cpu] = program.ctl["heap"][cpu], head
    return count


_BUFFER = np.empty((1 << 18, WORDS), np.uint64)


def copied_once(program: Program, reader: Reader) -> int:
    """Copy every record."""
    for cpu, ring in enumerate(program.ring):
        head, tail = int(program.ctl["head"][cpu]), int(program.ctl["tail"][cpu])
        words, first, end = ring.view(np.uint64).reshape(-1, WORDS), tail % program.slots, head % program.slots
        for start, stop in ((first, end),) if first <= end else ((first, program.slots), (0, end)):
            _BUFFER[: stop - start] = words[start:stop]
    return looked_at(program, reader)


def ordered(program: Program, reader: Reader) -> int:
    """Read as the monitor does."""
    count = 0
    while (batch := reader.read()) is not None:
        count += len(batch.records)
    return count


STEPS: dict[str, Step] = {"looked at": looked_at, "copied once": copied_once, "ordered": ordered}


def measure(board: Board, name: str, step: Step, rate: int, mode: str, seconds: float, rounds: int) -> None:
    """Read while the loads run, tell."""
    source = LiveSource(CaptureOptions())
    source.start()
    program, reader = source.program, source.reader
    if program is None or reader is None:
        raise RuntimeError("the source did not start")
    samples: list[tuple[float, float]] = []
    with loads.running(loads.build(), mode, rate):
        for _ in range(rounds + 1):  # the first is not taken
            cpu, begun, count = time.thread_time(), time.perf_counter(), 0
            while time.perf_counter() - begun < seconds:
                count += step(program, reader)
                time.sleep(PAUSE_SECONDS)
            wall = time.perf_counter() - begun
            samples.append(((time.thread_time() - cpu) / wall * 100, count / wall))
    source.stop()
    samples = samples[1:]
    cost = sorted(percent / events * 1e7 for percent, events in samples)
    reached = min(events for _, events in samples)
    also = f"{cost[rounds // 2]:.0f} ns an event" + (f" at {reached:,.0f} events/s" if reached < rate * 0.95 else "")
    board.tell(f"at least, at {rate:,} events/s: records {name}", [percent for percent, _ in samples], "% of a core", also=also)


def main() -> None:
    """Read the command line."""
    line = parser(__doc__)
    line.add_argument("--rate", type=int, default=1_000_000, help="events a second")
    line.add_argument("--mode", default="mixed", help="what load.c does")
    line.add_argument("--seconds", type=float, default=3.0)
    line.add_argument("--rounds", type=int, default=3)
    given = line.parse_args()
    board = Board(given.json, f"benchmarks/{Path(__file__).name}")
    be_reader()
    for name, step in STEPS.items():
        measure(board, name, step, given.rate, given.mode, given.seconds, given.rounds)


if __name__ == "__main__":
    main()
