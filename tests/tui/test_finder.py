"""Going to matches, failures and losses, without a screen."""

from __future__ import annotations

import pytest

from kellect_tui.session.filter import Filter, parse
from kellect_tui.session.session import Session
from kellect_tui.tui.finder import Finder
from kellect_tui.tui.jobs import Jobs
from kellect_tui.tui.tabs import Tabs
from kellect_tui.tui.views import Job, Views
from tests.synthetic import Maker, session_of
from tests.tui.seams import Table, Threads, Told


def parsed(text: str) -> Filter | None:
    return parse(text) if text else None


class Bench:
    """A finder over nine events: the opens of /0 to /7, of which every third fails, and a loss behind /3; the cursor on the last."""

    def __init__(self) -> None:
        maker = Maker()
        for number in range(8):
            maker.open(b"/%d" % number, result=-2 if number % 3 == 0 else 3)
            if number == 3:
                maker.lost(5)
        self.session: Session = session_of(maker.batch())
        self.maker = maker
        self.told = Told()
        views = Views(self.session)
        self.jobs = Jobs(Threads(), self._built)
        everything = views.job("tab", "all", None)
        everything.run()
        views.adopt(everything)
        self.table = Table(everything.view)
        self.tabs = Tabs(views, self.jobs, self.table)
        self.finder = Finder(self.tabs, self.jobs, self.table, parsed, self.told)

    def _built(self, job: Job) -> None:
        if job.purpose == "search":
            self.finder.built(job)
        else:
            self.tabs.adopt(job)

    @property
    def here(self) -> object:
        """What the cursor is on."""
        event = self.table.cursor_event
        return None if event is None else event.arguments.get("path", event.event_type)


@pytest.fixture
def bench() -> Bench:
    """See there."""
    return Bench()


def test_matches_are_gone_through_in_both_directions_and_round_the_end(bench: Bench) -> None:
    bench.finder.search("failed")
    assert (bench.here, bench.finder.position) == ("/0", "match 1 of 3, from the other end")
    seen = []
    for step in (1, 1, 1, -1, -1):
        bench.finder.match(step)
        seen.append((bench.here, bench.finder.position))
    assert seen == [
        ("/3", "match 2 of 3"),
        ("/6", "match 3 of 3"),
        ("/0", "match 1 of 3, from the other end"),
        ("/6", "match 3 of 3, from the other end"),
        ("/3", "match 2 of 3"),
    ]


def test_what_comes_later_is_found_too(bench: Bench) -> None:
    bench.finder.search("failed")
    bench.maker.open(b"/new", result=-2)
    bench.session.take(bench.maker.batch())
    assert bench.tabs.draw_new()
    bench.finder.match(-1)
    assert (bench.here, bench.finder.position) == ("/new", "match 4 of 4, from the other end")


def test_a_search_belongs_to_its_tab(bench: Bench) -> None:
    bench.finder.search("path = /1 or path = /2")
    assert bench.finder.position == "match 1 of 2, from the other end"
    bench.tabs.turn_to("network")
    bench.finder.match(1)
    assert bench.finder.position == "no match"


def test_without_a_search_there_is_nothing_to_go_to(bench: Bench) -> None:
    bench.finder.match(1)
    assert (bench.here, bench.told.messages) == ("/7", ["Nothing was searched for yet: Ctrl-F."])


def test_an_empty_text_ends_the_search_and_forgetting_keeps_the_text(bench: Bench) -> None:
    bench.finder.search("failed")
    bench.finder.forget()
    assert (bench.finder.text, bench.finder.position) == ("failed", "")
    bench.finder.match(-1)
    assert bench.here == "/6"
    bench.finder.search("")
    assert (bench.finder.text, bench.finder.position) == ("", "")


def test_failures_before_and_after_this_row(bench: Bench) -> None:
    seen = []
    for step in (-1, -1, -1, -1, 1):
        bench.finder.failure(step)
        seen.append(bench.here)
    assert seen == ["/6", "/3", "/0", "/0", "/3"]
    assert bench.told.messages == ["No failure before this."]


def test_after_the_last_loss_comes_the_first(bench: Bench) -> None:
    bench.finder.loss()
    assert bench.here == "monitor.lost"
    bench.finder.loss()
    assert (bench.here, bench.told.messages) == ("monitor.lost", [])
