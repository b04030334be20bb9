"""A capture that fails says so, keeps what it had, and stops its source wherever that was; its pauses fit the rate."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from kellect_tui.capture import LEAST_PAUSE_SECONDS, MOST_PAUSE_SECONDS, WANTED_ROWS, Capture, State, pause_after
from kellect_tui.errors import CannotTrace, CannotWrite
from kellect_tui.events.batch import Batch, SourceStart, SourceTotals
from kellect_tui.session.procfs import ProcessSeed
from kellect_tui.session.session import Session
from tests.synthetic import Maker, source_start

REFUSED = CannotTrace("refused", "try again")


def refuse() -> None:
    raise REFUSED


def burst() -> None:
    raise ZeroDivisionError("odd")


class Source:
    """Yields one event, and fails where it is told to.

    Args:
        faults: What to do instead, by the method's name.
    """

    def __init__(self, **faults: Callable[[], None]) -> None:
        self.faults = faults
        self.stops = 0
        maker = Maker()
        maker.open(b"/etc/passwd")
        self.batches = [maker.batch()]

    def _fault(self, name: str) -> None:
        if name in self.faults:
            self.faults[name]()

    def start(self) -> SourceStart:
        """See EventSource."""
        self._fault("start")
        return source_start()

    def read(self) -> Batch | None:
        """See EventSource."""
        batch = self.batches.pop() if self.batches else None
        if batch is None:
            self._fault("read")
        return batch

    def totals(self) -> SourceTotals:
        """See EventSource."""
        if self.stops:
            self._fault("totals")
        return SourceTotals(skipped=7)

    def stop(self) -> Batch | None:
        """See EventSource."""
        self.stops += 1
        self._fault("stop")
        return None


def test_a_start_that_failed_half_way_is_stopped() -> None:
    source = Source(start=refuse)
    capture = Capture(source, session := Session(), seeds=list)
    with pytest.raises(CannotTrace, match="refused"):
        capture.start()
    assert capture.join(10)
    assert (capture.state, source.stops, session.live, session.stop) == (State.FAILED, 1, False, None)


def no_processes() -> list[ProcessSeed]:
    raise ZeroDivisionError("odd")


def test_seeds_that_cannot_be_read_stop_the_source(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kellect_tui.capture.sees_all", lambda: True)
    source = Source()
    capture = Capture(source, Session(), seeds=no_processes)
    capture.start(wait=False)
    assert capture.join(10)
    assert capture.error is not None
    assert capture.error.message == "the capture failed: ZeroDivisionError: odd"
    assert (capture.state, source.stops) == (State.FAILED, 1)


@pytest.mark.parametrize(("is_initial", "offset_ns", "asked"), [(True, 0, 1), (True, 100_000_000_000_000, 1), (True, 100_000_000_000_005, 0), (False, 0, 0)])
def test_proc_is_looked_at_where_its_numbers_and_ticks_are_those_of_events(
    monkeypatch: pytest.MonkeyPatch, is_initial: bool, offset_ns: int, asked: int
) -> None:
    monkeypatch.setattr("kellect_tui.capture.sees_all", lambda: is_initial)
    monkeypatch.setattr("kellect_tui.capture.own_boot_offset_ns", lambda: offset_ns)
    looks: list[str] = []

    def seeds() -> list[ProcessSeed]:
        looks.append("at /proc")
        return []

    capture = Capture(Source(), Session(), seeds=seeds)
    capture.start()
    capture.stop()
    assert capture.join(10)
    assert len(looks) == asked


@pytest.mark.parametrize("faults", [{"read": refuse}, {"read": refuse, "stop": burst}, {"read": refuse, "stop": burst, "totals": burst}])
def test_what_was_captured_before_the_failure_is_kept_and_closed(faults: dict[str, Callable[[], None]]) -> None:
    source = Source(**faults)
    capture = Capture(source, session := Session(), seeds=list)
    capture.start(wait=False)
    assert capture.join(10)
    assert (capture.state, capture.error, source.stops) == (State.FAILED, REFUSED, 1)
    assert (session.live, session.ledger.captured, session.totals.skipped) == (False, 1, 7)
    assert session.stop is not None
    assert (session.stop["captured"], session.stop["skipped"]) == (1, 7)


class Told:
    """A sink that keeps what it was told.

    Args:
        full: It fails at its first update.
        fault: What it does at the end.
    """

    def __init__(self, *, full: bool = False, fault: Callable[[], None] | None = None) -> None:
        self._full = full
        self._fault = fault
        self.finished: list[int] = []

    def update(self, session: Session) -> None:
        """See Sink."""
        if self._full and session.ledger.captured:
            raise FULL

    def finish(self, session: Session) -> None:
        """See Sink."""
        self.finished.append(session.ledger.captured)
        if self._fault is not None:
            self._fault()


FULL = CannotWrite("no space left", "make room")


def test_where_the_source_fails_what_was_captured_comes_into_the_files() -> None:
    sinks = [Told(), Told()]
    capture = Capture(Source(read=refuse), Session(), sinks, seeds=list)
    capture.start(wait=False)
    assert capture.join(10)
    assert (capture.error, [sink.finished for sink in sinks]) == (REFUSED, [[1], [1]])


def test_where_one_file_fails_the_others_are_finished_and_it_is_left_as_it_is() -> None:
    sinks = [Told(), Told(full=True), Told()]
    capture = Capture(Source(), Session(), sinks, seeds=list)
    capture.start(wait=False)
    assert capture.join(10)
    assert (capture.error, [sink.finished for sink in sinks]) == (FULL, [[1], [], [1]])


def fill() -> None:
    raise FULL


@pytest.mark.parametrize("later", [fill, burst])
def test_where_one_file_cannot_be_finished_the_others_are_and_the_first_error_is_told(later: Callable[[], None]) -> None:
    sinks = [Told(fault=fill), Told(), Told(fault=later), Told()]
    capture = Capture(Source(), session := Session(), sinks, ended=lambda: True, seeds=list)
    capture.start(wait=False)
    assert capture.join(10)
    assert (capture.state, capture.error, session.live) == (State.FAILED, FULL, False)
    assert [sink.finished for sink in sinks] == [[1], [1], [1], [1]]


def test_a_stop_that_fails_is_told() -> None:
    source = Source(stop=refuse)
    capture = Capture(source, session := Session(), seeds=list)
    capture.start()
    capture.stop(10)
    assert (capture.state, capture.error, session.live) == (State.FAILED, REFUSED, False)
    assert session.stop is not None


@pytest.mark.parametrize(
    ("rate", "seconds"),
    [(40, MOST_PAUSE_SECONDS), (100_000, MOST_PAUSE_SECONDS), (1_000_000, WANTED_ROWS / 1_000_000), (20_000_000, LEAST_PAUSE_SECONDS)],
)
def test_a_pause_brings_so_many_rows_as_are_handled_well_at_once(rate: int, seconds: float) -> None:
    assert pause_after(int(rate * 0.5), 0.5) == pytest.approx(seconds)
