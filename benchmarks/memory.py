"""Memory over a long run: events, distinct paths and pids by the million, resident memory sampled into a file and drawn.

.venv/bin/python benchmarks/memory.py [--events 20M] [--paths 200k] [--pids 40k] [--memory 700M] [--plot docs/memory.svg]
.venv/bin/python benchmarks/memory.py --full --plot docs/memory.svg

--full is 500M events, 5M paths, 1M pids: about a quarter of an hour. No root: the events are made as the rings would hold them, and
go through the whole session: columns, interning, the tree of processes, losses, a view that follows under a filter and one
that stands still (the paused screen). One event in a hundred is a loss, a fork, an exec or an exit; every path is sent once.
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from goals import Board, parser
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from kellect_tui.bpf.paths import PathTable
from kellect_tui.cli import Count, Size
from kellect_tui.events.batch import Batch
from kellect_tui.events.budget import PROGRAM_BYTES, budget
from kellect_tui.events.catalogue import BY_NAME, EXIT, FORK, MONITOR_LOST
from kellect_tui.events.options import DEFAULT_RING_BYTES
from kellect_tui.events.record import NO_DURATION, NO_ID, NO_SYSCALL, RECORD, Flag, Section
from kellect_tui.events.syscalls import X86_64
from kellect_tui.memory import MemoryGuard
from kellect_tui.session.filter import parse
from kellect_tui.session.session import Session
from kellect_tui.session.users import UserNames
from tests.synthetic import section, source_start

ROWS = 10_000
SAMPLES = 400
PER_BIRTH = 400
"""Events between two births at least: what a process of a busy machine makes."""


class Work:
    """Batches in which everything is new now and then: paths, names, processes, users, groups, losses."""

    def __init__(self, paths_per_batch: float, pids_per_batch: float, table: PathTable) -> None:
        self._paths_per_batch, self._pids_per_batch = paths_per_batch, pids_per_batch
        self._table = table
        self._groups = PathTable(20_000)
        self._random = np.random.default_rng(1)
        self._time = 1_000_000_000_000
        self._paths = self._pids = 0.0
        self._keys = np.arange(1, 2) * 16 + 1

    def batch(self) -> Batch:
        """The next one."""
        records = np.zeros(ROWS, RECORD)
        self._time += ROWS * 700
        records["time"] = self._time + np.arange(ROWS) * 700
        records["duration"], records["cpu"], records["auid"] = 1000 + np.arange(ROWS) % 977, np.arange(ROWS) % 2, NO_ID
        opens = np.arange(ROWS) % 2 == 0
        records["event"] = np.where(opens, BY_NAME["file.open"].id, BY_NAME["file.read"].id)
        records["syscall"] = np.where(opens, X86_64["openat"], X86_64["read"])
        records["result"], records["flags"] = np.where(opens, 3, 512), int(Flag.OBJECT)
        self._name(records)
        payload = self._payload(records, opens)
        self._people(records)
        records["event"][5], records["flags"][5], records["syscall"][5] = MONITOR_LOST, int(Flag.NO_RESULT), NO_SYSCALL
        records["args"][5] = (3, 0, 1, self._time, self._time + 1, 0)
        records["payload_len"][5] = 0
        return Batch(records, payload, self._table, self._groups)

    def _name(self, records: NDArray[Any]) -> None:
        before, self._paths = int(self._paths), self._paths + self._paths_per_batch
        fresh = np.arange(before, int(self._paths)) * 16 + 17
        for number in range(before, int(self._paths)):
            self._table.take(number * 16 + 17, b"/srv/data/tenant-%04d/objects/%012x.part" % (number % 5000, number * 2654435761 % (1 << 48)))
        self._keys = np.concatenate([self._keys, fresh])[-20_000:]
        records["key0"] = np.resize(self._keys[::-1], ROWS)
        records["inode"], records["file_mode"] = records["key0"] // 16, 0o100644

    def _payload(self, records: NDArray[Any], opens: NDArray[Any]) -> NDArray[Any]:
        names = [section(Section.STRING, 1, b"objects/%012x.part" % (number % (1 << 48))) for number in self._random.integers(0, int(self._paths) + 2, 2_000)]
        size = len(names[0])
        records["payload_len"] = np.where(opens, size, 0)
        records["payload_at"] = np.where(opens, np.arange(ROWS) // 2 % len(names) * size, 0)
        return np.frombuffer(b"".join(names), np.uint8)

    def _people(self, records: NDArray[Any]) -> None:
        before, self._pids = int(self._pids), self._pids + self._pids_per_batch
        living = 1000 + (before - np.arange(ROWS) // PER_BIRTH) % 4_000_000
        for name in ("pid", "tid"):
            records[name] = living
        records["ppid"], records["comm"], records["uid"] = 1, b"worker", living % 70_000
        records["cgroup"] = living % 50_000 + 1
        group = int(living[0]) % 50_000 + 1
        self._groups.take(group, b"/system.slice/worker-%d.scope" % group)
        for at, number in enumerate(range(before, int(self._pids))):
            birth, end = 20 + at * 2, 21 + at * 2
            pid = 1000 + number % 4_000_000
            for row, event, args in ((birth, FORK, (pid, pid, 1, self._time + number, 0, 0)), (end, EXIT, (0, 120, 1, self._time - 1, 0, 0))):
                records["event"][row], records["args"][row], records["syscall"][row] = event, args, NO_SYSCALL
                records["flags"][row], records["duration"][row], records["payload_len"][row] = int(Flag.NO_RESULT), NO_DURATION, 0
                records["key0"][row] = records["result"][row] = 0
            records["pid"][end] = records["tid"][end] = 1000 + (number - 400) % 4_000_000


def run(events: int, paths: int, pids: int, memory: int, limit: int) -> Iterator[tuple[int, int, Session]]:
    """(events so far, resident bytes, the session) now and then."""
    bounds = budget(memory, DEFAULT_RING_BYTES)
    batches = events // ROWS
    table = PathTable(keep_bytes=bounds.paths)
    work = Work(paths / batches, pids / batches, table)
    session = Session(5_000_000, users=UserNames(lambda uid: f"user{uid}"), bounds=bounds)
    session.begin(source_start())
    following, still = session.view(parse("comm = worker")), session.view()
    process, guard = psutil.Process(), MemoryGuard(limit)
    for number in range(batches):
        session.take(work.batch())
        following.advance()
        if number == 10:
            still.advance()
        still.let_go()
        guard.update(session)
        if number % max(1, batches // SAMPLES) == 0 or number == batches - 1:
            yield (number + 1) * ROWS, process.memory_info().rss, session


def plot(points: list[tuple[int, int]], limit: int, path: Path) -> None:
    """The samples as a small SVG of our own: resident memory over events, and the limit."""
    width, height, left, bottom = 760, 260, 60, 36
    most_events, top = points[-1][0], limit * 1.1

    def at(events: float, size: float) -> str:
        return f"{left + events / most_events * (width - left - 12):.1f},{height - bottom - size / top * (height - bottom - 12):.1f}"

    line = " ".join(at(events, size) for events, size in points)
    (x1, y1), (x2, _) = at(0, limit).split(","), at(most_events, limit).split(",")
    marks = "".join(
        f'<text x="{left - 8}" y="{at(0, size).split(",")[1]}" text-anchor="end" dominant-baseline="middle">{size >> 20} MiB</text>'
        for size in (0, limit // 2 >> 20 << 20, limit)
    )
    ticks = "".join(
        f'<text x="{at(most_events * part / 4, 0).split(",")[0]}" y="{height - 14}" text-anchor="middle">{most_events * part / 4 / 1e6:.0f} M</text>'
        for part in range(5)
    )
    path.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="11" fill="#444">'
        f'<rect width="{width}" height="{height}" fill="#fff"/>'
        f'<line x1="{x1}" x2="{x2}" y1="{y1}" y2="{y1}" stroke="#c33" stroke-dasharray="5 4"/>'
        f'<text x="{x2}" y="{float(y1) - 5:.1f}" text-anchor="end" fill="#c33">--memory</text>'
        f'<polyline points="{line}" fill="none" stroke="#27c" stroke-width="1.5"/>{marks}{ticks}'
        f'<text x="{width - 12}" y="{height - 2}" text-anchor="end">events</text></svg>\n'
    )


def main() -> None:
    """Measure, tell, draw."""
    line = parser(__doc__)
    line.add_argument("--events", default="20M")
    line.add_argument("--paths", default="200k")
    line.add_argument("--pids", default="40k")
    line.add_argument("--full", action="store_true")
    line.add_argument("--memory", default="700M")
    line.add_argument("--samples", type=Path, help="a file for the samples: events and bytes, one pair a line")
    line.add_argument("--plot", type=Path)
    given = line.parse_args()
    wanted = ("500M", "5M", "1M") if given.full else (given.events, given.paths, given.pids)
    events, paths, pids = (int(Count().convert(value, None, None)) for value in wanted)
    memory = int(Size().convert(given.memory, None, None))
    limit = memory - PROGRAM_BYTES - DEFAULT_RING_BYTES + psutil.Process().memory_info().rss  # here is no screen and no probe
    points: list[tuple[int, int]] = []
    begun = time.perf_counter()
    kept = Session()
    for count, size, session in run(events, paths, pids, memory, limit):
        points.append((count, size))
        kept = session
    if given.samples:
        given.samples.write_text("".join(f"{count} {size}\n" for count, size in points))
    if given.plot:
        plot(points, limit, given.plot)
    most = max(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10, max(size for _, size in points))
    grown = (points[-1][1] - points[len(points) // 2][1]) / (1 << 20)
    also = (
        f"{paths:,} paths, {pids:,} pids in {time.perf_counter() - begun:.0f} s; kept at the end: {len(kept.store):,} events, "
        f"{len(kept.processes):,} processes, {len(kept.users.known()):,} users; grown in the second half: {grown:.0f} MiB"
    )
    board = Board(given.json, f"benchmarks/{Path(__file__).name} {'--full' if given.full else ''}".strip())
    what = f"most resident memory over {events:,} events, --memory {given.memory} less screen, probes and rings"
    board.tell(what, [most / (1 << 20)], "MiB", limit / (1 << 20), also=also)


if __name__ == "__main__":
    main()
