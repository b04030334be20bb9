"""A session: everything known about one run of the monitor, live or read from a file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from kellect_tui.events import arguments
from kellect_tui.events.batch import Batch, SourceStart, SourceTotals
from kellect_tui.events.budget import Budget
from kellect_tui.events.catalogue import MONITOR_START, MONITOR_STOP
from kellect_tui.session.chunk import Chunk, Row
from kellect_tui.session.lives import feed
from kellect_tui.session.losses import Ledger
from kellect_tui.session.marks import incomplete
from kellect_tui.session.opening import Opening
from kellect_tui.session.processes import Processes, ProcessSeed
from kellect_tui.session.scope import Scope
from kellect_tui.session.store import KEEP_EVENTS, Span, Store
from kellect_tui.session.users import UserNames
from kellect_tui.session.view import Predicate, View

_USUAL_BYTES = 80
_LEAST_BYTES = 256 << 20


class Session:
    """Events, processes and counts of one run. One thread feeds it (`begin`, `take`, `update`, `finish`); any thread reads.

    Args:
        keep_events: Events to keep at least.
        keep_bytes: Bytes of events to keep at most; None: twice what so many events usually need.
        processes: The tree to feed; None: an empty one.
        users: Names of uids; None: those of this host.
        chunk_rows: Rows of a chunk; None: as many as are best.
        bounds: Of what grows besides the number of events; None: the usual ones.
        scope: The one tree whose processes are kept; None: all of the machine.

    Attributes:
        scope: As given.
        start: Arguments of `monitor.start`; empty before it. stop: those of `monitor.stop`, None before it.
        started_ns, stopped_ns: Epoch ns; None before.
        totals: The source's counters as last told.
        live: Whether events may still come.
        cut_short: Of a file: it ends before its end; what is here is all that could be read.
        damage: Of a file: what of it cannot be read, in words that go on as a sentence; empty: nothing. Its events count as dropped.
        opening: Of a file: reads what is not here yet; None: all is here.
    """

    def __init__(
        self,
        keep_events: int = KEEP_EVENTS,
        processes: Processes | None = None,
        *,
        keep_bytes: int | None = None,
        users: UserNames | None = None,
        chunk_rows: int | None = None,
        scope: Scope | None = None,
        bounds: Budget | None = None,
    ) -> None:
        bounds = bounds if bounds is not None else Budget()
        self.scope = scope
        self.users = users if users is not None else UserNames()
        # Bytes are bounded too: events with long argument lists can be a hundred times the usual size.
        usual = max(_LEAST_BYTES, _USUAL_BYTES * 2 * keep_events)
        self.store = Store(keep_events, min(keep_bytes or usual, bounds.events or usual), chunk_rows=chunk_rows)
        self.store.user_name = self.users
        self.processes = processes if processes is not None else Processes(bounds.exited, bounds.exited)
        self.ledger = Ledger()
        self.store.on_sealed.append(self._count_marks)
        self.start: Mapping[str, Any] = {}
        self.stop: Mapping[str, Any] | None = None
        self.started_ns: int | None = None
        self.stopped_ns: int | None = None
        self.totals = SourceTotals()
        self.live = False
        self.cut_short = False
        self.damage = ""
        self.opening: Opening | None = None
        self.epoch_offset_ns = 0

    def begin(self, start: SourceStart, seeds: Iterable[ProcessSeed] = ()) -> None:
        """The source has started: writes `monitor.start`.

        Args:
            start: What the source says of itself.
            seeds: The processes that are already there (`processes.snapshot()`).
        """
        self.epoch_offset_ns = start.epoch_offset_ns
        self.started_ns = start.started_ns + start.epoch_offset_ns
        self.start = {
            "host": start.host,
            "kernel": start.kernel,
            "machine": start.machine,
            "boot_id": start.boot_id,
            "run_id": start.run_id,
            "version": start.version,
            "options": dict(start.options),
            "left_out": list(start.left_out),
        }
        self.processes.epoch_offset_ns, self.processes.began_ns = start.epoch_offset_ns, start.started_ns
        self.processes.seed(seeds)
        self.store.machine = start.machine
        self.ledger.begin(self.started_ns)
        self.live = True
        self.store.append_monitor(MONITOR_START, self.start, self.started_ns)

    def take(self, batch: Batch) -> None:
        """Take in a batch; hidden records go to the processes only. Nothing of the batch is kept."""
        with self.processes.taking():
            feed(self.processes, self.scope.cut(batch) if self.scope is not None else batch, self.epoch_offset_ns, self.store.machine)
            for span in _joined(self.store.append_batch(batch, self.epoch_offset_ns)):
                self.ledger.count(*span)
                self.count_processes(span)

    def update(self, totals: SourceTotals) -> None:
        """Take in the source's counters as they stand."""
        if totals.unseen > self.totals.unseen:
            self.ledger.missing_until(totals.at_ns + self.epoch_offset_ns)
        self.totals = totals

    def finish(self, totals: SourceTotals, cpu_seconds: float) -> None:
        """The source has stopped: writes `monitor.stop` and seals the store."""
        stopped_ns = totals.stopped_ns + self.epoch_offset_ns if totals.stopped_ns else (self.started_ns or 0)
        newest = self.store.chunks[-1] if self.store.chunks else None
        if newest is not None and newest.count:
            stopped_ns = max(stopped_ns, int(newest.time[newest.count - 1]))
        self.update(totals)
        self.stopped_ns = stopped_ns
        self.store.seal()
        self.stop = self.stop_arguments(stopped_ns, cpu_seconds)
        self.store.append_monitor(MONITOR_STOP, self.stop, stopped_ns)
        self.store.seal()
        self.live = False

    def stop_arguments(self, stopped_ns: int, cpu_seconds: float) -> dict[str, Any]:
        """What `monitor.stop` says if the session ends now."""
        totals = self.totals
        return {
            "captured": self.ledger.captured,
            "lost": self.ledger.lost,
            "coalesced": self.ledger.coalesced,
            "not_decoded": {abi: dict(calls) for abi, calls in (*totals.not_decoded.items(), ("io_uring", totals.io_uring)) if calls},
            "left_out": totals.left_out,
            "skipped": totals.skipped,
            "incomplete": self.ledger.incomplete,
            "by_type": self.ledger.by_type,
            "wall_seconds": round((stopped_ns - (self.started_ns or stopped_ns)) / 1e9, 3),
            "cpu_seconds": round(cpu_seconds, 3),
        }

    def _count_marks(self, chunk: Chunk) -> None:
        self.ledger.incomplete += incomplete(chunk)

    def view(self, predicate: Predicate | None = None) -> View:
        """A view of the events that match; empty until `advance` or `build`."""
        return View(self.store, predicate)

    def count_processes(self, span: Span) -> None:
        """Add rows to the counts of their processes."""
        chunk, start, stop = span

        def moved(row: int) -> int | None:
            amount = _arguments(chunk, Row(start + row)).get("bytes")
            return amount if isinstance(amount, int) else None

        self.processes.count(
            chunk.whos, chunk.who[start:stop], chunk.event[start:stop], chunk.syscall[start:stop], chunk.flags[start:stop],
            chunk.result[start:stop], chunk.duration[start:stop], moved, chunk.time[start:stop], chunk.cgroups,
        )  # fmt: skip


def _joined(spans: list[Span]) -> list[Span]:
    """The same rows, those of a chunk in one span: counting pays per span."""
    out: list[Span] = []
    for span in spans:
        if out and out[-1].chunk is span.chunk and out[-1].stop == span.start:
            out[-1] = Span(span.chunk, out[-1].start, span.stop)
        else:
            out.append(span)
    return out


def _arguments(chunk: Chunk, row: Row) -> dict[str, Any]:
    return arguments.decode(chunk.raw(row), chunk.machine)[0]
