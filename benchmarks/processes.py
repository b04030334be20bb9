"""What the tree of processes costs: counting, births, sums over subtrees, memory. No root, no BPF.

    python benchmarks/processes.py            # some ten seconds

Prints median and spread (10th to 90th percentile) of repeated runs.
"""

from __future__ import annotations

import gc
import resource
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
from store import spread, timed

from kellect_tui.session.processes import KEEP_EXITED, Processes
from kellect_tui.session.proctree import Snapshot, Tree
from tests.synthetic import EPOCH_OFFSET_NS, Maker, mixed, session_of, tiled

RUNS = 30
MILLION = 1_000_000


def reads(processes: int) -> Maker:
    """Reads by so many processes, in turn."""
    maker = Maker()
    for number in range(max(100, processes)):
        maker.read(b"/dev/zero", pid=100 + number % processes)
    return maker


def counting() -> None:
    """1 M events counted, in spans as large as the chunks that hold them."""
    workloads = {
        "1 M reads of one process": reads(1).batch(),
        "1 M reads of two processes in turn": reads(2).batch(),
        "1 M reads of 1,000 processes in turn": reads(1_000).batch(),
        "1 M of the mix, 20 processes": mixed(5_000, losses=False),
    }
    for name, batch in workloads.items():
        session = session_of(tiled(batch, MILLION))
        spans = [(chunk, 0, chunk.count) for chunk in session.store.chunks]

        def count() -> None:
            for span in spans:  # noqa: B023  # called at once
                session.count_processes(span)  # type: ignore[arg-type]  # noqa: B023

        spread(f"count: {name}", [timed(count, 1e6) for _ in range(RUNS)], "ms")


def story(table: Processes, lives: int, *, first: int = 0) -> None:
    """So many processes that are forked by one, execute a program and end."""
    table.epoch_offset_ns = EPOCH_OFFSET_NS
    for number in range(first, first + lives):
        pid, start = 1_000 + number % 4_000_000, number * 1_000
        table.fork(time_ns=EPOCH_OFFSET_NS + start, pid=1, child_pid=pid, child_tid=pid, parent_pid=1, start_ns=start, comm=b"sh")
        table.fork(time_ns=EPOCH_OFFSET_NS + start, pid=pid, child_pid=pid, child_tid=pid + 1, parent_pid=pid, start_ns=start + 1)
        table.exec(time_ns=EPOCH_OFFSET_NS + start + 10, pid=pid, start_ns=start, comm=b"cc1", argv=("cc1", f"file{number}.c"), path="/usr/bin/cc1", cwd="/src")
        table.exit(time_ns=EPOCH_OFFSET_NS + start + 20, pid=pid, tid=pid, code=0, group_dead=True, start_ns=start)


def births() -> None:
    """A life from fork to exit, with a thread; what 1 M of them leave in memory."""
    table = Processes()
    spread("fork, thread, exec, exit", [timed(lambda: story(table, 10_000, first=run * 10_000), 10_000 * 1e3) for run in range(10)], "µs")  # noqa: B023
    table = Processes()
    tracemalloc.start()
    story(table, 2 * KEEP_EXITED)
    gc.collect()
    kept = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    print(f"{'memory of ' + format(len(table), ',') + ' ended processes kept':52} {kept / 1e6:9,.1f} MB")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    story(table, MILLION, first=2 * KEEP_EXITED)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    print(f"{'1 M more lives: kept ' + format(len(table), ',') + ', peak memory grown by':52} {grown / 1e3:9,.1f} MB")


def sums() -> None:
    """Sums over the subtrees of 50,000 living processes, and what the screen's tree is laid out from."""
    shapes: dict[str, Callable[[int], int]] = {"each under one of the last hundred": lambda n: max(0, n - 1 - n % 100), "a chain": lambda n: max(0, n - 1)}
    for shape, forker in shapes.items():
        table = Processes()
        with table.taking():
            for number in range(1, 50_001):
                table.fork(time_ns=number, pid=forker(number) + 1, child_pid=number + 1, child_tid=number + 1, parent_pid=1, start_ns=number)
        times = []
        for run in range(10):
            table.sample(run + 1)
            times.append(timed(table.rollup, 1e6))
        spread(f"sums over subtrees of 50,000: {shape}", times, "ms")
        assert int(np.max(table.rollup().members)) == 50_001
        spread(f"rows of 50,000, as they came: {shape}", [timed(lambda: Tree(Snapshot(table)), 1e6) for _ in range(RUNS)], "ms")  # noqa: B023
        keys = (-Snapshot(table).amounts("events", table.rollup()),)
        spread(f"rows of 50,000, by a sum: {shape}", [timed(lambda: Tree(Snapshot(table), keys=keys), 1e6) for _ in range(RUNS)], "ms")  # noqa: B023


if __name__ == "__main__":
    counting()
    births()
    sums()
