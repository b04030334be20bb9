"""What the monitor adds to a call: CPU ns of the calling process; bare, two empty programs and the monitor in turn.

    sudo .venv/bin/python benchmarks/overhead.py [ROUNDS] [CALLS] [KIND ...]

Each round runs every kind of call five times, a fifth of CALLS each: short runs, because other work on the machine comes and goes.
Prints a line per kind of call: the three medians with their spread, and what the monitor and what the floor adds.
The floor is what any tracer pays that attaches to both tracepoints: a program that returns at once.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import statistics
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import loads

from kellect_tui.bpf.btf import Btf
from kellect_tui.bpf.source import LiveSource
from kellect_tui.bpf.syscall import attach, load
from kellect_tui.events.options import CaptureOptions

KINDS = {
    "close": "monitored, no file (bad descriptor)",
    "read": "monitored, with file identity",
    "shut": "close of a file, with its identity",
    "open": "open with name and path",
    "getppid": "not monitored",
}
RUNS = 5
_RETURN_0 = bytes.fromhex("b7000000000000009500000000000000")


@contextlib.contextmanager
def nothing() -> Iterator[None]:
    """No probes."""
    yield


@contextlib.contextmanager
def empty_programs() -> Iterator[None]:
    """A program that returns at once on sys_enter and on sys_exit."""
    names = ("btf_trace_sys_enter", "btf_trace_sys_exit")
    btf = Btf([], names)
    code = ctypes.create_string_buffer(_RETURN_0, len(_RETURN_0))
    programs = [load(ctypes.addressof(code), 2, "empty", btf.typedef(name))[0] for name in names]
    held = programs + [attach(program, None) for program in programs]
    try:
        yield
    finally:
        for descriptor in held:
            os.close(descriptor)


@contextlib.contextmanager
def monitored() -> Iterator[None]:
    """A live source that reads everything."""
    source = LiveSource(CaptureOptions())
    source.start()
    done = threading.Event()

    def drain() -> None:
        while not done.wait(0.01):
            source.read()

    reader = threading.Thread(target=drain)
    reader.start()
    try:
        yield
    finally:
        done.set()
        reader.join()
        source.stop()


CASES: dict[str, Callable[[], contextlib.AbstractContextManager[None]]] = {"bare": nothing, "empty": empty_programs, "monitored": monitored}


def main() -> None:
    """Measure and print."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    calls = int(sys.argv[2]) if len(sys.argv) > 2 else 500_000
    kinds = sys.argv[3:] or list(KINDS)
    load_program: Path = loads.build()
    spent: dict[str, dict[str, list[float]]] = {kind: {case: [] for case in CASES} for kind in kinds}
    for _round in range(rounds):
        for case, probes in CASES.items():
            with probes():
                for kind in kinds * RUNS:
                    spent[kind][case].append(loads.run(load_program, kind, calls // RUNS)[0])
    print(f"CPU ns a call, median (min-max) of {rounds * RUNS} runs of {calls // RUNS:,} calls")
    for kind in kinds:
        bare, empty, under = (statistics.median(spent[kind][case]) for case in CASES)
        shown = "  ".join(f"{case} {loads.spread(values):15}" for case, values in spent[kind].items())
        print(f"{kind:8} {shown}  monitor adds {under - bare:4.0f}, of which empty programs {empty - bare:4.0f}   {KINDS[kind]}")


if __name__ == "__main__":
    main()
