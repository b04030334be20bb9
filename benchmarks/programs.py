"""Where the kernel's share goes: time and runs of every BPF program, by the kernel's own statistics (run_time_ns, run_cnt).

    sudo .venv/bin/python benchmarks/programs.py [--calls 500000] [--modes close,read,openclose,mixed,getppid]

The statistics themselves cost two clock readings a run: the sum is more than what overhead.py measures without them.
"""

from __future__ import annotations

import threading
from pathlib import Path

import loads
from goals import Board, parser

from kellect_tui.bpf.program import Program
from kellect_tui.bpf.ring import Reader
from kellect_tui.bpf.syscall import measuring
from kellect_tui.bpf.table import descriptors
from kellect_tui.events.options import DEFAULT_RING_BYTES
from kellect_tui.events.syscalls import native


def measure(board: Board, mode: str, calls: int) -> None:
    """One load under the monitor; a line for each program that ran."""
    load = loads.build()
    program = Program(DEFAULT_RING_BYTES)
    program.desc[:] = descriptors(native())
    program.cfg["events"][0] = (1 << 63) - 1
    reader, done = Reader(program), threading.Event()

    def drain() -> None:
        while not done.wait(0.005):
            reader.read()

    thread = threading.Thread(target=drain)
    program.attach()
    thread.start()
    try:
        with measuring():
            before = program.run_times()
            loads.run(load, mode, calls)
            after = program.run_times()
    finally:
        done.set()
        thread.join()
        program.close()
    for name, (spent, runs) in after.items():
        spent, runs = spent - before[name][0], runs - before[name][1]
        if runs > calls // 50:
            board.tell(f"{mode}: program {name}", [spent / runs], "ns a run", also=f"{runs / calls:.2f} runs a call: {spent / calls:.0f} ns a call")


def main() -> None:
    """Measure, tell."""
    line = parser(__doc__)
    line.add_argument("--calls", type=int, default=500_000)
    line.add_argument("--modes", default="close,read,openclose,mixed,getppid")
    given = line.parse_args()
    board = Board(given.json, f"benchmarks/{Path(__file__).name}")
    for mode in given.modes.split(","):
        measure(board, mode, given.calls)


if __name__ == "__main__":
    main()
