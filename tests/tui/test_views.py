"""Which rows the tabs show."""

from __future__ import annotations

import numpy as np
import pytest

from kellect_tui.session.filter import parse
from kellect_tui.session.session import Session
from kellect_tui.tui import views
from kellect_tui.tui.predicates import Both, EventsOnly, Failures, Losses, MonitorRows, OfFamily, both
from kellect_tui.tui.views import Views
from tests.synthetic import Maker, mixed, session_of


@pytest.fixture
def big() -> Session:
    """2,000 events in several chunks, with losses of every family."""
    return session_of(mixed(2_000), chunk_rows=300)


def ids(session: Session, predicate: object) -> list[int]:
    """Event ids that a predicate lets through."""
    view = session.view(predicate)  # type: ignore[arg-type]  # any of them
    view.advance()
    return [int(view.event_id(row)) for row in range(len(view))]  # type: ignore[arg-type]  # row numbers


def test_predicates_equal_a_plain_scan(big: Session) -> None:
    everything = big.view()
    everything.advance()
    events = list(enumerate(everything.rows(0, len(everything))))
    for family in ("file", "process", "network", "user"):
        wanted = [i for i, event in events if event.family == family or (event.event_type == "monitor.lost" and event.arguments["family"] == family)]
        assert ids(big, OfFamily(family)) == wanted
    assert ids(big, Failures()) == [i for i, event in events if event.failed]
    assert ids(big, Losses()) == [i for i, event in events if event.event_type == "monitor.lost"]
    assert ids(big, MonitorRows()) == [i for i, event in events if event.family == "monitor"]
    assert ids(big, EventsOnly(parse("comm = bash"))) == [i for i, event in events if event.comm == "bash"]
    assert ids(big, Both(OfFamily("file"), Failures())) == [i for i, event in events if event.family == "file" and event.failed]
    assert both(None, None) is None


def test_a_mask_has_one_value_a_row_for_any_span(big: Session) -> None:
    chunk = big.store.chunks[0]
    whole = OfFamily("file").mask(chunk, 0, chunk.count)
    for start, stop in ((0, 0), (3, 3), (5, 60), (0, chunk.count)):
        assert np.array_equal(OfFamily("file").mask(chunk, start, stop), whole[start:stop])


def test_matches_do_not_count_the_monitors_own_rows(big: Session) -> None:
    tabs = Views(big)
    job = tabs.job("tab", "file", parse("failed"))
    assert job.run()
    tabs.adopt(job)
    rows = job.view.rows(0, len(job.view))
    assert tabs.matches("file") == sum(event.failed for event in rows) < len(rows)
    assert tabs.total == big.ledger.captured
    assert tabs.matches("network") == 0


def test_a_view_is_up_to_date_or_built_anew(big: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    tabs = Views(big)
    job = tabs.job("tab", "all", None)
    assert job.run()
    tabs.adopt(job)
    assert tabs.ready("all") is job.view
    assert not tabs.advance("all")
    maker = Maker(time_ns=10**15)
    maker.open(b"/a")
    maker.open(b"/b")
    big.take(maker.batch())
    monkeypatch.setattr(views, "SOON", 1)
    assert tabs.ready("all") is None
    monkeypatch.setattr(views, "SOON", 2)
    assert tabs.ready("all") is job.view
    assert len(job.view) == len(big.store)
    assert tabs.ready("file") is None


def test_another_filter_makes_all_views_useless(big: Session) -> None:
    tabs = Views(big)
    for tab in ("all", "file"):
        job = tabs.job("tab", tab, None)
        job.run()
        tabs.adopt(job)
    job = tabs.job("filter", "file", parse("failed"))
    job.run()
    tabs.adopt(job)
    assert tabs.filter == parse("failed")
    assert tabs.ready("all") is None
    assert tabs.ready("file") is job.view


def test_a_cancelled_job_is_not_finished(big: Session) -> None:
    job = Views(big).job("filter", "all", parse("failed"))
    job.cancelled.set()
    assert not job.run()
    assert job.seconds is None
