"""Which tab is shown with which rows: without a screen."""

from __future__ import annotations

import pytest

from kellect_tui.session.filter import parse
from kellect_tui.session.session import Session
from kellect_tui.tui import columns, views
from kellect_tui.tui.jobs import Jobs
from kellect_tui.tui.tabs import Tabs
from kellect_tui.tui.views import Job, Views
from tests.synthetic import Maker, mixed, session_of
from tests.tui.seams import Table, Threads


class Bench:
    """Tabs over a session, with a table that shows nothing; what is found is adopted, as on the screen."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.threads = Threads()
        self.views = Views(session)
        self.jobs = Jobs(self.threads, self._built)
        everything = self.views.job("tab", "all", None)
        self.table = Table(everything.view)
        self.tabs = Tabs(self.views, self.jobs, self.table)
        self.views.adopt(everything)

    def _built(self, job: Job) -> None:
        self.tabs.adopt(job)


def events_of(session: Session, family: str) -> int:
    """Rows of a family's tab, losses of the family included."""
    everything = session.view()
    everything.advance()
    rows = everything.rows(0, len(everything))
    return sum(event.family == family or (event.event_type == "monitor.lost" and event.arguments["family"] == family) for event in rows)


@pytest.fixture
def bench() -> Bench:
    """Over 2,000 events."""
    return Bench(session_of(mixed(2_000), chunk_rows=300))


def test_a_tab_has_the_rows_of_its_family_and_its_columns(bench: Bench) -> None:
    for name, shown in (("file", columns.FILE), ("network", columns.NETWORK)):
        bench.tabs.turn_to(name)
        assert (len(bench.table.view), bench.table.columns) == (events_of(bench.session, name), shown)
    assert (bench.tabs.here, bench.tabs.before) == ("network", "file")


def test_a_tab_that_was_made_is_shown_again_with_what_came_meanwhile(bench: Bench) -> None:
    bench.tabs.turn_to("file")
    view, rows = bench.table.view, len(bench.table.view)
    bench.tabs.turn_to("all")
    maker = Maker(time_ns=10**15)
    maker.open(b"/a")
    bench.session.take(maker.batch())
    bench.tabs.turn_to("file")
    assert bench.table.view is view
    assert len(view) == rows + 1


def test_over_the_tree_the_table_keeps_its_rows_and_a_filter_is_one_of_all_events(bench: Bench) -> None:
    bench.tabs.turn_to("file")
    view = bench.table.view
    bench.tabs.turn_to("tree")
    assert bench.table.view is view
    assert (bench.tabs.on_tree, bench.tabs.of_events) == (True, "all")
    assert not bench.tabs.draw_new()
    assert bench.table.synced == 0


def test_a_large_tab_is_shown_while_its_rows_are_found(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "SOON", 10)
    bench.tabs.turn_to("file")
    finding = bench.tabs.finding
    assert finding is not None
    assert bench.table.view is finding.view
    assert len(finding.view) == 0
    assert bench.tabs.draw_new()
    bench.threads.finish(bench.jobs)
    assert bench.tabs.finding is None
    assert len(bench.table.view) == events_of(bench.session, "file")


def test_who_turns_on_gives_up_what_was_being_found(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "SOON", 10)
    bench.tabs.turn_to("file")
    given_up = bench.tabs.finding
    assert given_up is not None
    bench.tabs.turn_to("tree")
    assert given_up.cancelled.is_set()
    assert bench.tabs.finding is None
    bench.threads.finish(bench.jobs)
    assert bench.views.ready("file") is None


def test_paused_nothing_newer_is_shown_also_not_in_another_tab(bench: Bench) -> None:
    end, limits = bench.session.store.end, []
    bench.tabs.pause()
    maker = Maker(time_ns=10**15)
    maker.open(b"/a")
    bench.session.take(maker.batch())
    limits.append(bench.table.limit)
    assert not bench.tabs.draw_new()
    bench.tabs.turn_to("file")
    limits.append(bench.table.limit)
    bench.tabs.pause()
    limits.append(bench.table.limit)
    assert limits == [end, end, None]
    assert len(bench.table.view) == events_of(bench.session, "file")


def test_new_rows_are_drawn_where_there_are_any(bench: Bench) -> None:
    assert not bench.tabs.draw_new()
    maker = Maker(time_ns=10**15)
    maker.open(b"/a")
    bench.session.take(maker.batch())
    assert bench.tabs.draw_new()
    assert not bench.tabs.draw_new()
    assert bench.table.synced == 1


def test_a_filter_for_another_tab_is_not_shown_in_this_one(bench: Bench) -> None:
    bench.tabs.turn_to("file")
    view = bench.table.view
    job = bench.views.job("filter", "all", parse("failed"))
    job.run()
    bench.tabs.adopt(job)
    assert bench.table.view is view
    bench.tabs.turn_to("tree")
    job = bench.views.job("filter", "all", parse("failed"))
    job.run()
    bench.tabs.adopt(job)
    assert bench.table.view is job.view


@pytest.fixture
def slow(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """Where everything is found on a thread, and the rows of all events and of files are known."""
    bench.tabs.turn_to("file")
    bench.tabs.turn_to("all")
    monkeypatch.setattr(views, "SOON", 10)
    return bench


def test_a_tab_whose_rows_were_given_up_for_something_else_has_them_sought_again(slow: Bench) -> None:
    slow.tabs.turn_to("network")
    slow.jobs.start(slow.views.job("preview", "network", parse("failed")), here=False)
    assert (slow.tabs.finding, slow.tabs.draw_new()) == (None, False)
    slow.jobs.cancel()
    assert slow.tabs.draw_new()
    assert slow.tabs.finding is not None
    slow.threads.finish(slow.jobs)
    assert len(slow.table.view) == events_of(slow.session, "network")


@pytest.mark.parametrize("name", ["file", "network"])
def test_a_filter_stays_on_its_way_into_another_tab(slow: Bench, name: str) -> None:
    filter = parse("failed")
    slow.jobs.start(slow.views.job("filter", "all", filter), here=False)
    slow.tabs.turn_to(name)
    assert (slow.tabs.coming, slow.views.filter) == (filter, None)
    slow.threads.finish(slow.jobs)
    assert slow.views.filter is filter
    assert slow.views.knows(name)
    assert len(slow.table.view) == slow.views.matches(name) + sum(
        event.family == "monitor" for event in slow.table.view.rows(0, len(slow.table.view))
    )


def test_a_filter_stays_on_its_way_over_two_tabs_into_the_tree(slow: Bench) -> None:
    filter = parse("failed")
    slow.jobs.start(slow.views.job("filter", "all", filter), here=False)
    for name in ("file", "network", "tree"):
        slow.tabs.turn_to(name)
        assert slow.tabs.coming is filter
    slow.threads.finish(slow.jobs)
    assert slow.views.filter is filter
    assert slow.views.knows("all")


def test_who_stops_it_is_in_the_tab_before_with_the_filter_before(slow: Bench) -> None:
    view = slow.table.view
    slow.jobs.start(slow.views.job("filter", "all", parse("failed")), here=False)
    slow.tabs.turn_to("network")
    slow.jobs.cancel()
    slow.tabs.turn_to(slow.tabs.before)
    slow.threads.finish(slow.jobs)
    assert (slow.tabs.here, slow.views.filter) == ("all", None)
    assert slow.table.view is view


def test_a_filter_for_a_tab_that_is_left_meanwhile_leaves_no_tab_without_rows(slow: Bench) -> None:
    slow.tabs.turn_to("tree")
    slow.jobs.start(slow.views.job("filter", "all", parse("failed")), here=False)
    slow.threads.finish(slow.jobs)
    slow.tabs.turn_to("file")
    slow.threads.finish(slow.jobs)
    assert slow.views.knows("file")
    assert not slow.tabs.draw_new()
