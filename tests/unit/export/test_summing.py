"""The sums of a capture are those of its session, whatever retention lets go of; what cannot wait is counted as missed."""

from __future__ import annotations

import pytest

from kellect_tui.errors import KellectError
from kellect_tui.events.batch import SourceTotals
from kellect_tui.events.budget import Budget
from kellect_tui.export.summary import document, summarize
from kellect_tui.export.summary_text import text
from kellect_tui.export.summing import SummingSink
from kellect_tui.session.session import Session
from tests.synthetic import STEP_NS, Maker, mixed, session_of, source_start


def summed(session: Session, sink: SummingSink, maker: Maker, rounds: int) -> None:
    for seed in range(rounds):
        session.take(mixed(1000, seed=seed, maker=maker))
        sink.update(session)
    session.finish(SourceTotals(stopped_ns=maker.time_ns + STEP_NS), 0.25)
    sink.finish(session)


def test_what_retention_let_go_of_is_in_the_sums() -> None:
    session, sink = Session(2000), SummingSink()
    session.begin(source_start())
    summed(session, sink, Maker(), 10)
    assert session.store.dropped
    assert (sink.summary.events, sink.summary.missed) == (session.ledger.captured, 0)
    assert sink.summary.by_type == session.ledger.by_type
    whole = session_of(*(mixed(1000, seed=seed, maker=maker) for maker in [Maker()] for seed in range(10)), finished=True)
    said, again = document(session, sink.summary), document(whole, summarize(whole) or sink.summary)
    assert "not in here" not in text(said)
    assert "not in here" in text(document(session, summarize(session) or sink.summary))
    assert {key: said[key] for key in ("files", "peers", "failures", "programs", "processes", "signals")} == {
        key: again[key] for key in ("files", "peers", "failures", "programs", "processes", "signals")
    }


def test_what_finds_no_room_is_counted() -> None:
    session, sink = Session(2000), SummingSink(Budget(events=8))
    session.begin(source_start())
    sink.update(session)
    with sink._new:  # nothing is summed up meanwhile
        for seed in range(5):
            session.take(mixed(1000, seed=seed))
    session.finish(SourceTotals(), 0.25)
    sink.finish(session)
    assert sink.summary.missed > 0
    assert sink.summary.events + sink.summary.missed >= session.ledger.captured


def test_a_fault_ends_the_capture_loudly(monkeypatch: pytest.MonkeyPatch) -> None:
    session, sink = Session(2000), SummingSink()
    monkeypatch.setattr(sink.summary, "add", lambda chunk: 1 / 0)
    session.begin(source_start())
    with pytest.raises(KellectError, match="summary failed"):
        summed(session, sink, Maker(), 3)
