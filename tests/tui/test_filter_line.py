"""What was typed goes to where it belongs, without a screen."""

from __future__ import annotations

import pytest

from kellect_tui.errors import BadFilter
from kellect_tui.session.filter import parse
from kellect_tui.session.filter.of_processes import ProcessFilter
from kellect_tui.tui.filter_line import FilterLine
from kellect_tui.tui.filtering import Filtering
from kellect_tui.tui.finder import Finder
from kellect_tui.tui.jobs import Jobs
from kellect_tui.tui.tabs import Tabs
from kellect_tui.tui.views import Job, Views
from kellect_tui.tui.widgets.filter_bar import FilterBar
from tests.synthetic import mixed, session_of
from tests.tui.seams import Table, Threads, Told


class Bar:
    """Keeps what it was told to show and to let be typed."""

    def __init__(self) -> None:
        self.editing = False
        self.shown: list[str] = []
        self.edits: list[tuple[str, str]] = []
        self.remembered: list[str] = []

    def show_applied(self, text: str) -> None:
        """See TypedLine."""
        self.shown.append(text)

    def edit(self, purpose: str, text: str) -> None:
        """See TypedLine."""
        self.editing = True
        self.edits.append((purpose, text))

    def remember(self, text: str) -> None:
        """See TypedLine."""
        self.remembered.append(text)


class Tree:
    """Has a filter."""

    def __init__(self) -> None:
        self.filter: ProcessFilter | None = None
        self.changes = 0

    def set_filter(self, filter: ProcessFilter | None) -> None:
        """See FilteredTree."""
        self.filter = filter

    def changed(self) -> None:
        """Count."""
        self.changes += 1


class Bench:
    """A filter line over 200 events."""

    def __init__(self) -> None:
        session = session_of(mixed(200))
        self.bar, self.tree, self.told = Bar(), Tree(), Told()
        views = Views(session)
        jobs = Jobs(Threads(), self._built)
        everything = views.job("tab", "all", None)
        self.tabs = Tabs(views, jobs, table := Table(everything.view))
        self.filtering = Filtering(session, views, jobs, zone=lambda: None)
        self.finder = Finder(self.tabs, jobs, table, self.filtering.parsed, self.told)
        self.line = FilterLine(self.bar, self.filtering, self.tabs, self.tree, self.finder, notify=self.told, tree_changed=self.tree.changed)
        everything.run()
        self.tabs.adopt(everything)

    def _built(self, job: Job) -> None:
        if job.purpose == "search":
            self.finder.built(job)
        elif job.purpose == "preview":
            self.filtering.preview = job
        else:
            if self.tabs.adopt(job):
                self.line.is_in_force(job)

    def enter(self, purpose: str, text: str) -> None:
        """Type a text and Enter."""
        self.line.entered(FilterBar.Entered(text, purpose))


@pytest.fixture
def bench() -> Bench:
    """See there."""
    return Bench()


def test_each_purpose_has_its_place(bench: Bench) -> None:
    bench.enter("filter", "failed")
    assert (bench.filtering.in_force, bench.tree.filter, bench.finder.text) == (parse("failed"), None, "")
    bench.enter("processes", "comm = bash")
    assert (bench.tree.filter is not None, bench.tree.changes) == (True, 1)
    bench.enter("search", "path")
    assert (bench.finder.text, bench.filtering.in_force) == ("path", parse("failed"))
    assert bench.bar.remembered == ["failed"]


def test_each_kind_of_tab_has_a_filter_of_its_own(bench: Bench) -> None:
    bench.enter("filter", "failed")
    bench.enter("processes", "comm = bash")
    assert bench.line.applied == "failed"
    bench.line.edit()
    bench.tabs.turn_to("tree")
    assert bench.line.applied == "comm = bash"
    bench.line.edit()
    bench.line.edit_search()
    assert bench.bar.edits == [("filter", "failed"), ("processes", "comm = bash"), ("search", "")]
    bench.line.clear()
    assert (bench.line.applied, bench.filtering.in_force) == ("", parse("failed"))
    bench.tabs.turn_to("all")
    bench.line.clear()
    assert (bench.line.applied, bench.filtering.in_force) == ("", None)


def test_a_wrong_text_is_told_and_changes_nothing(bench: Bench) -> None:
    bench.line.apply("failed")
    bench.line.apply("pid = ")
    bench.line.apply_to_tree("path = /etc")
    assert (bench.line.applied, bench.tree.filter, bench.tree.changes) == ("failed", None, 0)
    assert len(bench.told.messages) == 2


def test_what_is_typed_is_counted_where_it_is_a_filter_of_events(bench: Bench) -> None:
    bench.bar.editing = True
    bench.line.edited(FilterBar.Edited("failed", "filter", None))
    assert bench.filtering.preview is not None
    assert bench.filtering.preview.filter == parse("failed")
    for text, purpose, fault in (("pid =", "filter", BadFilter("no", "do", column=0)), ("failed", "search", None), ("comm = a", "processes", None)):
        bench.line.edited(FilterBar.Edited(text, purpose, fault))
        assert bench.filtering.preview is None


def test_a_message_of_a_line_that_is_no_longer_typed_in_counts_nothing(bench: Bench) -> None:
    bench.line.edited(FilterBar.Edited("failed", "filter", None))
    assert bench.filtering.preview is None


def test_a_search_belongs_to_the_filter_it_was_made_under(bench: Bench) -> None:
    bench.enter("search", "failed")
    assert bench.finder.position
    bench.line.apply("family = file")
    assert bench.finder.position == ""


def test_texts_are_read_again_where_times_count_from_somewhere_else(bench: Bench) -> None:
    bench.line.apply("failed")
    bench.line.apply_to_tree("comm = bash")
    before, shown = bench.filtering.in_force, bench.tree.filter
    bench.line.begin_anew()
    assert bench.filtering.in_force is not before
    assert bench.tree.filter is not shown
    assert (bench.line.applied, bench.tree.changes) == ("failed", 2)
