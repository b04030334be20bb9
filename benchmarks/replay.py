"""The reader and the session without a kernel: rings filled beforehand, read over and over. No root, no BPF, little noise.

    .venv/bin/python benchmarks/replay.py [--rows 10000] [--rounds 150] [--stages] [--pause 0.01]

What one event costs on each stage, and what moving its bytes once costs at least (numpy's copy of the same records).
With ``--stages`` every stage is timed by itself, which costs some microseconds a batch more.
Two rings' worth: two processes in a loop of read(), and in one of open, read, stat, write, close.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from goals import Board, parser
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from kellect_tui.bpf.program import CHUNK_BYTES
from kellect_tui.bpf.ring import Reader
from kellect_tui.events.batch import Batch
from kellect_tui.events.record import RECORD
from kellect_tui.session.chunk import ChunkWriter
from kellect_tui.session.intern import Words
from kellect_tui.session.losses import Ledger
from kellect_tui.session.session import Session
from tests.synthetic import Maker, session_of

SLOTS, CHUNKS, CPUS = 131_072, 32, 2
CTL = np.dtype([(name, "<u8") for name in ("head", "tail", "heap", "heap_tail", "busy", "gap", "last_group", "special")] + [("lost", "<u8", (6,))])
SHORTEST_FIRST = 0.5
"""The share of the rounds that is reported: the others met somebody else's work."""


def read_loop() -> Batch:
    """Two processes in a loop of read()."""
    maker = Maker()
    for number in range(1000):
        maker.read(b"/dev/zero", pid=100 + number % 2, cpu=number % 2, duration=200 + number)
    return maker.batch()


def file_loop() -> Batch:
    """Two processes that open, read, stat, write and close five files, as load.c's `mixed`."""
    maker = Maker()
    for number in range(1000):
        path, who = b"/etc/file%d" % (number // 5 % 5), dict[str, Any](pid=100 + number % 2, cpu=number % 2, duration=200 + number)
        kind = number // 2 % 5
        if kind == 0:
            maker.open(path, **who)
        elif kind == 1:
            maker.read(path, **who)
        elif kind == 2:
            maker.stat(path, **who)
        elif kind == 3:
            maker.write(b"/dev/null", **who)
        else:
            maker.close(path, **who)
    return maker.batch()


LOADS: dict[str, Callable[[], Batch]] = {"read": read_loop, "open, read, stat, write, close": file_loop}


class Rings:
    """The kernel's side of the rings, filled with the batch's records again and again; `publish` moves the heads."""

    def __init__(self, batch: Batch) -> None:
        self.cpus, self.slots, self.chunks = CPUS, SLOTS, CHUNKS
        self.records = np.zeros(CPUS * SLOTS, RECORD)
        self.payload = np.zeros(CPUS * CHUNKS * CHUNK_BYTES, np.uint8)
        self.ring, self.heap = np.split(self.records, CPUS), np.split(self.payload, CPUS)
        self.ctl = np.zeros(CPUS, CTL)
        self.cfg = np.zeros(1, np.dtype([("reader_generation", "<u8")]))
        self._patterns = [batch.records[batch.records["cpu"] == cpu] for cpu in range(CPUS)]
        self._step = 1 << max(3, (len(batch.payload) - 1).bit_length())  # a copy of the payload for each repetition
        for ring, heap, pattern in zip(self.ring, self.heap, self._patterns, strict=True):
            words = ring.view(np.uint64).reshape(SLOTS, -1)
            words[:] = np.resize(pattern.view(np.uint64).reshape(len(pattern), -1), words.shape)
            for at in range(0, len(heap), self._step):
                heap[at : at + len(batch.payload)] = batch.payload

    def publish(self, rows: int) -> None:
        """So many more records on every CPU, a microsecond apart."""
        for cpu, (ring, pattern) in enumerate(zip(self.ring, self._patterns, strict=True)):
            head = int(self.ctl["head"][cpu])
            positions = head + np.arange(rows)
            places = positions % SLOTS
            ring["time"][places] = positions * 1000 + cpu * 500 + 1
            repetition = positions // SLOTS * -(-SLOTS // len(pattern)) + places // len(pattern)
            ring["payload_at"][places] = repetition * self._step + pattern["payload_at"][places % len(pattern)].astype(np.int64)
            self.ctl["head"][cpu] = head + rows


def lowest(values: list[float], events: int) -> list[float]:
    """The quicker half, in ns an event."""
    return sorted(value / events for value in values)[: max(1, int(len(values) * SHORTEST_FIRST))]


STAGES: Mapping[str, tuple[type, str]] = {
    "find path definitions and losses": (Reader, "_scan"),
    "bring records into order, one copy": (Reader, "_gather"),
    "columns": (ChunkWriter, "append"),
    "    of these: codes of who, what and payloads": (Words, "codes"),
    "    of these: payloads found and grouped, their codes included": (ChunkWriter, "_append_payloads"),
    "    of these: registers": (ChunkWriter, "_append_args"),
    "count events, failures, losses": (Ledger, "count"),
    "count by process": (Session, "count_processes"),
    "count marks, once a chunk": (Session, "_count_marks"),
    "seal a chunk": (ChunkWriter, "seal"),
}
"""What is timed by `--stages`: stage → the method that does it."""


Spent = dict[str, list[int]]


def timed_stages() -> Spent:
    """Time every stage from now on; ns of each run by stage."""
    spent: Spent = {stage: [] for stage in STAGES}

    def timed(stage: str, method: Callable[..., Any]) -> Callable[..., Any]:
        def run(*given: Any, **named: Any) -> Any:
            begun = time.perf_counter_ns()
            try:
                return method(*given, **named)
            finally:
                spent[stage].append(time.perf_counter_ns() - begun)

        return run

    for stage, (owner, name) in STAGES.items():
        setattr(owner, name, timed(stage, getattr(owner, name)))
    return spent


def measure(board: Board, name: str, make: Callable[[], Batch], rows: int, rounds: int, spent: Spent | None = None, pause: float = 0.0) -> None:
    """Read and take so many rounds of `rows` records, `pause` seconds apart."""
    for runs in spent.values() if spent is not None else ():
        runs.clear()
    batch = make()
    rings: Any = Rings(batch)
    reader = Reader(rings)
    for key, text in batch.paths.items():
        reader.paths.take(key, text)
    session = session_of(keep_events=1_000_000)
    read, take, copy = [], [], []
    kept = np.empty((rows, RECORD.itemsize // 8), np.uint64)
    words: NDArray[np.uint64] = rings.records.view(np.uint64).reshape(len(rings.records), -1)
    for number in range(rounds):
        rings.publish(rows // CPUS)
        if pause:
            time.sleep(pause)
        begun = time.perf_counter_ns()
        made = reader.read()
        middle = time.perf_counter_ns()
        if made is not None:
            session.take(made)
        ended = time.perf_counter_ns()
        at = number * rows % (len(words) - rows)
        np.copyto(kept, words[at : at + rows])
        read.append(float(middle - begun))
        take.append(float(ended - middle))
        copy.append(float(time.perf_counter_ns() - ended))
    if session.ledger.captured != rows * rounds:
        raise RuntimeError(f"{session.ledger.captured} of {rows * rounds} events were taken")
    floor = f"copying the records once: {np.median(lowest(copy, rows)):.0f}"
    when = f"{rows:,} at once" + (f", each after a pause of {pause * 1000:.0f} ms" if pause else "")
    board.tell(f"ring to batch: {name}, {when}", lowest(read, rows), "ns/event", also=floor)
    board.tell(f"batch to session: {name}, {when}", lowest(take, rows), "ns/event")
    for stage, runs in spent.items() if spent is not None else ():
        if runs:  # the median run: others were interrupted
            board.tell(f"  {stage}", [float(np.median(runs)) * len(runs) / rows / rounds], "ns/event")


def main() -> None:
    """Measure, tell."""
    line = parser(__doc__)
    line.add_argument("--rows", default="1000,10000", help="records read at once, with commas")
    line.add_argument("--rounds", type=int, default=150)
    line.add_argument("--stages", action="store_true")
    line.add_argument("--pause", type=float, default=0.0, help="seconds of nothing before each read, as a reader has them")
    given = line.parse_args()
    spent = timed_stages() if given.stages else None
    board = Board(given.json, f"benchmarks/{Path(__file__).name}")
    for name, make in LOADS.items():
        for rows in map(int, given.rows.split(",")):
            measure(board, name, make, rows, given.rounds, spent, given.pause)


if __name__ == "__main__":
    main()
