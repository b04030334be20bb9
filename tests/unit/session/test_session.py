"""A session from its beginning to its end."""

from __future__ import annotations

from kellect_tui.events.batch import SourceTotals
from kellect_tui.events.catalogue import MONITOR_START, MONITOR_STOP
from kellect_tui.session.chunk import EventId, RowNumber
from kellect_tui.session.processes import ProcessSeed
from kellect_tui.session.session import Session
from tests.synthetic import EPOCH_OFFSET_NS, START_NS, STEP_NS, Maker, mixed, session_of, source_start

BEGUN = START_NS + EPOCH_OFFSET_NS


def test_the_first_row_says_who_watches() -> None:
    session = session_of()
    event = session.store.event(EventId(0))
    assert (event.event_type, event.time_ns, event.arguments) == ("monitor.start", BEGUN, dict(session.start))
    assert session.start["host"] == "testhost"
    assert session.live
    assert session.stop is None


def test_the_last_row_sums_up() -> None:
    maker = Maker()
    maker.open(b"/a", result=-2)
    maker.lost(7)
    session = session_of(maker.batch())
    totals = SourceTotals(lost=7, left_out=3, skipped=1, not_decoded={"i386": {"open": 2}}, stopped_ns=START_NS + 2_500_000_000)
    session.finish(totals, 0.1234567)
    view = session.view()
    view.advance()
    stop = view.event(RowNumber(len(view) - 1))
    assert stop.event_type == "monitor.stop"
    assert stop.arguments == session.stop == {
        "captured": 1, "lost": 7, "coalesced": 0, "not_decoded": {"i386": {"open": 2}}, "left_out": 3, "skipped": 1, "incomplete": 0,
        "by_type": {"file.open": 1}, "wall_seconds": 2.5, "cpu_seconds": 0.123,
    }  # fmt: skip
    assert not session.live
    assert all(chunk.sealed for chunk in session.store.chunks)
    assert session.stopped_ns == BEGUN + 2_500_000_000


def test_the_end_is_never_before_the_last_event() -> None:
    session = session_of(mixed(10))
    session.finish(SourceTotals(stopped_ns=START_NS), 0.0)
    assert session.stopped_ns == BEGUN + 10 * STEP_NS


def test_who_was_there_before_is_in_the_tree() -> None:
    session = Session()
    session.begin(source_start(), [ProcessSeed(pid=1, ppid=0, start_ns=10, comm=b"init"), ProcessSeed(pid=4121, ppid=1, start_ns=20, comm=b"nginx")])
    maker = Maker()
    maker.read(b"/a", result=100)
    maker.read(b"/a", result=-11)
    session.take(maker.batch())
    nginx = session.processes.by_pid(4121)
    assert nginx is not None
    assert nginx.forked_by is session.processes.by_pid(1)
    assert (nginx.counts.events, nginx.counts.failures, nginx.counts.read) == (2, 1, 100)


def test_each_event_is_counted_for_one_process() -> None:
    session = session_of(mixed(3000, losses=False), chunk_rows=500)
    assert sum(process.counts.events for process in session.processes.all()) == 3000 == session.ledger.captured


def test_a_name_is_that_of_when_it_was_first_seen() -> None:
    session = session_of(mixed(50, losses=False))
    view = session.view()
    view.advance()
    assert {(event.uid, event.user) for event in view.rows(1, len(view))} == {(0, "root"), (33, "www-data"), (1000, "user")}


def test_start_and_stop_stand_at_the_ends() -> None:
    session = session_of(mixed(100), mixed(100), finished=True, chunk_rows=64)
    chunks = session.store.chunks
    assert (chunks[0].event[0], chunks[-1].event[-1]) == (MONITOR_START, MONITOR_STOP)
