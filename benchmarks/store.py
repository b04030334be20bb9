"""What the session costs: appending, memory, following a view. No root, no BPF.

    python benchmarks/store.py    # a few seconds; large.py is the same for ten million events

Prints median and spread (10th to 90th percentile) of repeated runs; the workloads are those of tests/synthetic.py.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from kellect_tui.events.batch import Batch
from kellect_tui.session.filter import parse
from kellect_tui.session.session import Session
from kellect_tui.session.store import Store
from tests.synthetic import Maker, mixed, session_of, tiled

RUNS = 40


def read_loop() -> Batch:
    """Two processes in a loop of read()."""
    maker = Maker()
    for number in range(100):
        maker.read(b"/dev/zero", pid=100 + number % 2)
    return maker.batch()


def open_loop() -> Batch:
    """Two processes that open, read and close thirty files over and over."""
    maker = Maker()
    for number in range(60):
        path, pid = b"/etc/file%02d" % (number % 30), 100 + number % 2
        maker.open(path, pid=pid)
        maker.read(path, pid=pid)
        maker.close(path, pid=pid)
    return maker.batch()


def fresh_names() -> Batch:
    """stat of 10,000 different names: the worst case, each payload is new."""
    maker = Maker()
    for number in range(10_000):
        maker.stat(b"tmp/build/object-%06d.o" % number)
    return maker.batch()


WORKLOADS: dict[str, tuple[Callable[[], Batch], int]] = {
    "read loop": (read_loop, 10_000),
    "open, read, close": (open_loop, 10_000),
    "mix, 5,000 different records": (lambda: mixed(5_000, losses=False), 10_000),
    "the same in batches of 1,000": (lambda: mixed(5_000, losses=False), 1_000),
    "the same in batches of 10": (lambda: mixed(5_000, losses=False), 10),
    "10,000 new names a batch": (fresh_names, 10_000),
}


def spread(name: str, values: list[float], unit: str) -> None:
    """Print one line."""
    values.sort()
    low, middle, high = (values[int(part * (len(values) - 1))] for part in (0.1, 0.5, 0.9))
    print(f"{name:52} {middle:9,.1f} {unit}   ({low:,.1f} to {high:,.1f})")


def timed(work: Callable[[], object], per: float = 1.0) -> float:
    """ns of one run, divided by `per`."""
    begun = time.perf_counter_ns()
    work()
    return (time.perf_counter_ns() - begun) / per


def appending() -> None:
    """Store.append_batch alone, then the whole of Session.take."""
    for name, (make, rows) in WORKLOADS.items():
        batch = tiled(make(), rows)
        store = Store(10**9)
        spread(f"append: {name}", [timed(lambda: store.append_batch(batch, 0), rows) for _ in range(RUNS)], "ns/event")  # noqa: B023  # called at once
        store.seal()
        print(f"{'':52} {store.nbytes / len(store):9,.1f} B/event")
        session = session_of()
        spread(f"take:   {name}", [timed(lambda: session.take(batch), rows) for _ in range(RUNS)], "ns/event")  # noqa: B023  # called at once


def following() -> None:
    """View.advance by 10,000 rows of the mix."""
    for text in ("", "event_type = file.*", "pid = 4007", "path ~ lib01"):
        store, batch = Store(10**9), tiled(mixed(5_000), 10_000)
        view = Session().view(parse(text) if text else None)
        view.store = store
        times = []
        for _ in range(RUNS):
            store.append_batch(batch, 0)
            times.append(timed(view.advance, 1_000))
        spread(f"view.advance by 10,000 rows: {text or 'all'}", times, "µs")
    session = session_of(*[mixed(5_000)])
    view = session.view()
    view.advance()
    spread("50 events for the screen", [timed(lambda: view.rows(1_000, 1_050), 1_000) for _ in range(RUNS)], "µs")


if __name__ == "__main__":
    appending()
    following()
