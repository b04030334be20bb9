"""The background worker: from an event source into a session, and on to sinks. Knows neither BPF nor the screen."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from enum import Enum
from typing import Protocol

from kellect_tui.errors import KellectError
from kellect_tui.events.batch import Batch, EventSource
from kellect_tui.namespaces import boot_ns, own_boot_offset_ns, sees_all
from kellect_tui.priority import be_reader
from kellect_tui.session.healing import PROCESSES_PER_LOOK, Healer
from kellect_tui.session.procfs import TICK_NS, ProcessSeed, snapshot
from kellect_tui.session.session import Session

LEAST_PAUSE_SECONDS, MOST_PAUSE_SECONDS = 0.005, 0.02
MANY_ROWS, WANTED_ROWS = 8_192, 12_288
"""Rows of a batch from which on the next is read at once; rows that a pause is to bring: what a read costs besides, many share."""
IDLE_SECONDS = 0.05
"""How often what stands beside the reading is looked after while nothing comes."""
TOTALS_SECONDS = 0.25
LAST_CHECK_SECONDS = 1.0
"""How long the end of a capture may take for comparing the tree of processes with /proc, where events of it were lost."""


class State(str, Enum):
    """Where a capture is in its life."""

    NEW = "new"
    STARTING = "starting"
    RUNNING = "running"
    STOPPED = "stopped"
    FAILED = "failed"


class Sink(Protocol):
    """Takes what a session gets, as it gets it; called on the worker's thread."""

    def update(self, session: Session) -> None:
        """Take what is new in the session. Raises CannotWrite."""
        ...

    def finish(self, session: Session) -> None:
        """Take the rest, and close. Raises CannotWrite."""
        ...


class Capture:
    """Runs a source on a thread of its own until it is stopped, ends by itself, or fails.

    Args:
        source: Where batches come from.
        session: What takes them.
        sinks: What else wants them.
        ended: Asked at every poll: whether the capture is to end by itself (duration over, processes gone).
        on_change: Called, on the worker's thread, when the state has changed.
        seeds: The processes that are there before the first event; None: all of /proc.

    Attributes:
        state: Where it is. error: why it failed. cpu_seconds: what the worker and everything else of this process used since the start.
    """

    def __init__(
        self,
        source: EventSource,
        session: Session,
        sinks: Sequence[Sink] = (),
        *,
        ended: Callable[[], bool] | None = None,
        on_change: Callable[[State], None] | None = None,
        seeds: Callable[[], Iterable[ProcessSeed]] | None = None,
    ) -> None:
        self.source = source
        self.session = session
        self.state = State.NEW
        self.error: KellectError | None = None
        self._sinks = sinks
        self._ended = ended
        self._seeds = seeds or snapshot
        self.on_change = on_change
        self._stop = threading.Event()
        self._settled = threading.Event()
        self._thread = threading.Thread(target=self._run, name="capture", daemon=True)
        self._cpu_before = 0.0
        self._healer: Healer | None = None
        self._told: Sink | None = None  # the sink that is being told, or that failed

    def start(self, *, wait: bool = True) -> None:
        """Start the thread; with `wait`, until the probes are in place. Raises what the source's start raised."""
        self._thread.start()
        if wait:
            self._settled.wait()
            if self.error is not None:
                raise self.error

    def stop(self, timeout: float | None = None) -> None:
        """Ask it to end, and wait until all that was captured is in the session and in the sinks."""
        self._stop.set()
        self.join(timeout)

    def ask_to_stop(self) -> None:
        """Ask it to end, without waiting; fit for a signal handler."""
        self._stop.set()

    def join(self, timeout: float | None = None) -> bool:
        """Wait until it has ended. False: it has not yet."""
        if self._thread.ident is not None:
            self._thread.join(timeout)
        return not self._thread.is_alive()

    def set_events(self, names: Iterable[str]) -> None:
        """Choose the types that are captured from now on, where the source can."""
        change = getattr(self.source, "set_events", None)
        if change is not None:
            change(names)

    @property
    def thread_id(self) -> int:
        """The worker's thread, as `threading.Thread.ident` has it; 0 before the start."""
        return self._thread.ident or 0

    @property
    def cpu_seconds(self) -> float:
        """CPU time of this process since the capture began."""
        return time.process_time() - self._cpu_before

    def _change(self, state: State) -> None:
        self.state = state
        if self.on_change is not None:
            self.on_change(state)

    def _run(self) -> None:
        be_reader()
        try:
            self._begin()
            self._loop()
            self._finish()
        except KellectError as error:
            self._fail(error)
        except Exception as error:  # whatever it is, the screen must say that the capture has ended
            self._fail(KellectError(f"the capture failed: {type(error).__name__}: {error}", "what was captured is kept: save it, and please report this"))
        finally:
            self._settled.set()

    def _begin(self) -> None:
        self._change(State.STARTING)
        self._cpu_before = time.process_time()
        start = self.source.start()
        # In another pid namespace the numbers of /proc are not those of events; with an odd offset of the clock their ticks are not those of starts.
        is_told = sees_all() and own_boot_offset_ns() % TICK_NS == 0
        self.session.begin(start, self._seeds() if is_told else ())
        if is_told:
            root = self.session.scope.pid if self.session.scope is not None else None
            self._healer = Healer(self.session.processes, self._now_ns, root=root)
        self._change(State.RUNNING)
        self._settled.set()

    def _loop(self) -> None:
        read = looked = time.monotonic()
        told, pause = 0.0, MOST_PAUSE_SECONDS
        while not self._stop.is_set():
            batch = self.source.read()
            rows = self._take(batch)
            now = time.monotonic()
            if not rows and now - looked < IDLE_SECONDS:
                self._stop.wait(pause)
                continue
            looked = now
            if now - told >= TOTALS_SECONDS:
                told = now
                self._update()
            if self._healer is not None and (rows < MANY_ROWS or told == now):  # while the rings fill, reading them comes first
                self._healer.look(None if batch is None else int(batch.records["time"][-1]) + self.session.epoch_offset_ns)
            for sink in self._sinks:
                self._told = sink
                sink.update(self.session)
            self._told = None
            if self._ended is not None and self._ended():
                break
            if rows:
                pause, read = pause_after(rows, now - read), now
            if rows < MANY_ROWS:
                self._stop.wait(pause)

    def _update(self) -> None:
        totals = self.source.totals()
        self.session.update(totals)
        if self._healer is not None:
            self._healer.lost(totals.tree_lost)

    def _take(self, batch: Batch | None) -> int:
        """Rows taken in."""
        if batch is None:
            return 0
        self.session.take(batch)
        return len(batch.records) + batch.coalesced

    def _now_ns(self) -> int:
        return boot_ns() + self.session.epoch_offset_ns

    def _finish(self) -> None:
        healer = self._healer
        self._update()
        if healer is not None and healer.last_check():
            end = time.monotonic() + LAST_CHECK_SECONDS
            while healer.read(PROCESSES_PER_LOOK) and time.monotonic() < end:
                self._take(self.source.read())
        self._take(self.source.stop())
        if healer is not None:
            self._update()
            healer.finish()
        self.session.finish(self.source.totals(), self.cpu_seconds)
        self._finish_sinks()
        self._change(State.STOPPED)

    def _fail(self, error: KellectError) -> None:
        """End loudly; what was captured stays in the session, closed as far as that still goes. The source is stopped wherever it was."""
        self.error = error.with_traceback(None)  # whose frames would hold what the source wants to let go of
        with contextlib.suppress(Exception):  # the first error is the one to tell
            rest = self.source.stop()
            if self.session.live:
                self._take(rest)
        if self.session.live:
            totals = self.session.totals
            with contextlib.suppress(Exception):
                totals = self.source.totals()
            with contextlib.suppress(Exception):
                self.session.finish(totals, self.cpu_seconds)
                self._finish_sinks()
        self._change(State.FAILED)

    def _finish_sinks(self) -> None:
        """Finish every sink, also behind one that cannot; raises the first error then. A sink that has failed before is asked no more."""
        errors: list[Exception] = []
        for sink in self._sinks:
            if sink is not self._told:
                try:
                    sink.finish(self.session)
                except Exception as error:
                    errors.append(error)
        if errors:
            raise errors[0]


def pause_after(rows: int, seconds: float) -> float:
    """Seconds until so many rows as are handled well at once have come, if they go on as those did that came in `seconds`."""
    return min(max(seconds * WANTED_ROWS / rows, LEAST_PAUSE_SECONDS), MOST_PAUSE_SECONDS)
