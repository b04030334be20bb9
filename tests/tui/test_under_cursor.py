"""Filters of what is under the cursor, without a screen."""

from __future__ import annotations

import pytest

from kellect_tui.session.chunk import RowNumber
from kellect_tui.session.filter import parse
from kellect_tui.session.process import Process
from kellect_tui.session.proctree import Node
from kellect_tui.session.session import Session
from kellect_tui.tui.columns import ALL
from kellect_tui.tui.jobs import Jobs
from kellect_tui.tui.tabs import Tabs
from kellect_tui.tui.under_cursor import UnderCursor
from kellect_tui.tui.views import Job, Views
from tests.tui.family import family, process
from tests.tui.seams import Table, Threads, Told

COMM, DURATION = (next(column for column in ALL if column.title == title) for title in ("COMM", "DURATION"))


class Tree:
    """A cursor on a process or a thread."""

    def __init__(self, node: Node | None = None, process: Process | None = None) -> None:
        self.cursor_node = node
        self.cursor_process = process


def nothing_is_sought(job: Job) -> None:
    raise AssertionError(job)


class Bench:
    """Over the story of a family; keeps what was to be applied."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.applied: list[str] = []
        self.told = Told()
        self.tree = Tree()
        self.views = Views(session)
        everything = self.views.job("tab", "all", None)
        everything.run()
        self.views.adopt(everything)
        self.table = Table(everything.view)
        self.tabs = Tabs(self.views, Jobs(Threads(), nothing_is_sought), self.table)
        self.under = UnderCursor(session, self.tabs, self.table, self.tree, apply=self.applied.append, notify=self.told)

    def go_to(self, pid: int) -> None:
        """Put the table's cursor on the first event of a pid."""
        rows = range(len(self.table.view))
        self.table.cursor_index = next(row for row in rows if self.table.view.event(RowNumber(row)).pid == pid)


@pytest.fixture
def bench() -> Bench:
    """See there."""
    return Bench(family(finished=True))


def test_a_cell_is_demanded_or_ruled_out(bench: Bench) -> None:
    bench.go_to(4201)
    bench.table.cursor_column = COMM
    bench.under.include()
    bench.under.exclude()
    assert bench.applied == ["comm = sh", "not comm = sh"]


def test_a_cell_that_says_nothing_to_filter_by_is_told(bench: Bench) -> None:
    bench.table.cursor_index = 0  # the start of the capture, which took no time
    bench.table.cursor_column = DURATION
    bench.under.include()
    assert (bench.applied, bench.told.messages) == ([], ["This cell has nothing to filter by; ← → choose another."])


def test_what_is_demanded_is_added_to_the_filter_in_force(bench: Bench) -> None:
    bench.views.filter = parse("failed or pid = 4200")
    bench.go_to(4201)
    bench.under.only_family()
    assert bench.applied == ["(failed or pid = 4200) and tree = 4201"]


def test_over_the_tree_its_own_cursor_counts(bench: Bench) -> None:
    bench.go_to(4201)
    assert bench.under.process is process(bench.session, 4201)
    make = process(bench.session, 4200)
    bench.tabs.turn_to("tree")
    bench.tree.cursor_node = bench.tree.cursor_process = make
    assert bench.under.process is make
    bench.under.only_family()
    bench.under.only_own()
    assert bench.applied == ["tree = 4200", "pid = 4200"]


def test_a_thread_has_events_of_its_own(bench: Bench) -> None:
    node = process(bench.session, 5000)
    bench.tabs.turn_to("tree")
    bench.tree.cursor_node, bench.tree.cursor_process = node.threads[5001], node
    bench.under.only_own()
    assert bench.applied == ["tid = 5001"]


def test_an_event_without_a_known_process_is_told_or_filtered_by_its_pid(bench: Bench) -> None:
    bench.go_to(4201)
    bench.session.processes.become(Session().processes)
    assert bench.under.findable_process() is None
    assert bench.told.messages == ["This event's process is not in the tree."]
    bench.under.only_family()
    assert bench.applied == ["tree = 4201"]


def test_under_no_cursor_there_is_nothing_to_do(bench: Bench) -> None:
    bench.table.cursor_index = None
    bench.under.include()
    bench.under.only_family()
    bench.tabs.turn_to("tree")
    bench.under.only_own()
    assert (bench.applied, bench.told.messages) == ([], [])
