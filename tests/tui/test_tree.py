"""The tree of processes, key by key."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from textual.pilot import Pilot

from kellect_tui.events.batch import SourceTotals
from kellect_tui.events.record import Event
from kellect_tui.session.process import Process, Thread
from kellect_tui.session.session import Session
from kellect_tui.tui.app import KellectApp
from kellect_tui.tui.tree_columns import LIVE, SAVED, bar
from kellect_tui.tui.tree_rows import ended_text
from kellect_tui.tui.widgets.process_tree import ProcessTree
from tests.synthetic import Maker
from tests.tui.family import CONTAINER, GROUPS, NOW_NS, SHELL, family, process
from tests.tui.story import FakeCapture, still, until

SIZE = (120, 32)


@asynccontextmanager
async def tree_of(session: Session, size: tuple[int, int] = SIZE, *keys: str) -> Any:
    """The program with the tree shown, and these keys pressed."""
    app = still(session, live=FakeCapture() if session.live else None, now_ns=NOW_NS)
    async with app.run_test(size=size) as pilot:
        await pilot.press("6", *keys)
        await pilot.pause()
        yield app, pilot, app.main.tree_view


def pids(tree: ProcessTree) -> list[int]:
    """What stands in the rows, from top to bottom; a thread by its tid."""
    nodes = map(tree._tree.node, range(tree.row_count))
    return [node.tid if isinstance(node, Thread) else node.pid for node in nodes]


def text(tree: ProcessTree) -> list[str]:
    """The rows as they are drawn."""
    return [tree.draw_row(row).text.rstrip() for row in range(tree.row_count)]


def cursor(tree: ProcessTree) -> Process:
    """The process under the cursor."""
    assert tree.cursor_process is not None
    return tree.cursor_process


def shown(app: KellectApp) -> list[Event]:
    """The events that the filter lets through, without the monitor's own."""
    rows = app.main.table.view.rows(0, app.main.table.row_count)
    return [event for event in rows if event.family != "monitor"]


async def typed(pilot: Pilot[Any], filter: str) -> None:
    """Type a filter and apply it."""
    await pilot.press("slash", *filter)
    await pilot.press("enter")
    await pilot.pause()


async def test_rows_say_who_where_how_long_and_how_it_ended() -> None:
    async with tree_of(family(finished=False)) as (_, _, tree):
        assert tree.columns is LIVE
        rows = dict(zip(pids(tree), text(tree), strict=True))
        assert rows[4201].split() == ["4201", "│", "├", "cc1", "cc1", "-O2", "main.c", "ann", "19.99s", "63", "██▏", "10", "120K", "8.8K", "·", "·", "63"]
        assert rows[4202].split()[-10:] == ["ann", "3.0ms", "exit", "1", "2", "▏", "·", "·", "·", "·", "·", "2"][-10:]
        assert "KILL←4100" in rows[4203]
        assert "cron [birth lost]" in rows[6000]
        assert "?" in rows[6000].split()
        assert 2 not in rows  # kernel threads


async def test_what_is_over_has_no_rates() -> None:
    async with tree_of(family()) as (_, _, tree):
        assert tree.columns is SAVED
        assert "EVENTS/s" not in tree._draw_titles().text
        assert "EVENTS" in tree._draw_titles().text


async def test_an_order_that_is_over_goes_on_by_the_whole_figure() -> None:
    session = family(finished=False)
    async with tree_of(session) as (app, pilot, tree):
        app.main.action_sort_by("EVENTS/s")
        session.finish(SourceTotals(), 0.1)
        await until(pilot, lambda: tree.columns is SAVED)
        assert tree.settings.sort == "EVENTS"
        app.main.action_sort_by("EVENTS/s")
        assert "by EVENTS ▲" in tree._draw_settings().text


async def test_figures_of_whole_subtrees() -> None:
    session = family(finished=False)
    async with tree_of(session, SIZE, "S") as (_, pilot, tree):
        rows = dict(zip(pids(tree), text(tree), strict=True))
        assert "ΣEVENTS/s" in tree._draw_titles().text
        assert "Σ subtree" in tree._draw_settings().text
        assert rows[1].split()[-7:] == ["195", "████", "10", "139K", "8.8K", "·", "·", "195"][-7:]
        own = [process(session, pid).counts.events for pid in (4200, 4201, 4202, 4203)]
        assert rows[4200].split()[-1] == str(sum(own)) == "71"
        await pilot.press("S")
        assert "own only" in tree._draw_settings().text


async def test_siblings_are_ordered_by_the_column_of_choice() -> None:
    async with tree_of(family(finished=False)) as (app, pilot, tree):
        assert pids(tree) == [1, 812, 4100, 4200, 4201, 4202, 4203, 4900, 5000, 6000]
        app.main.action_sort_by("EVENTS/s")
        assert [pid for pid in pids(tree) if pid in (4201, 4202, 4203)] == [4201, 4202, 4203]
        assert [pid for pid in pids(tree) if pid in (812, 4900, 6000)] == [6000, 812, 4900]
        await pilot.press("S")
        assert [pid for pid in pids(tree) if pid in (812, 4900, 6000)] == [4900, 812, 6000]
        await pilot.press("I")
        assert [pid for pid in pids(tree) if pid in (812, 4900, 6000)] == [6000, 812, 4900]
        assert "▲ΣEVENTS/s" in tree._draw_titles().text
        await pilot.press("s")
        assert tree.settings.sort == "FAIL"
        await pilot.press("less_than_sign", "less_than_sign")
        assert tree.settings.sort == "EXIT"
        assert not tree.settings.inverted
        assert [pid for pid in pids(tree) if pid in (4201, 4202, 4203)] == [4203, 4202, 4201]


@pytest.mark.parametrize("column", [column.title for column in LIVE])
async def test_every_column_orders_and_keeps_every_row(column: str) -> None:
    async with tree_of(family(finished=False), (240, 32)) as (app, pilot, tree):
        before = set(pids(tree))
        app.main.action_sort_by(column)
        first = pids(tree)
        assert set(first) == before
        assert f"▼{column}" in tree._draw_titles().text or f"▲{column}" in tree._draw_titles().text
        await pilot.press("I")
        assert set(pids(tree)) == before


async def test_ended_processes_leave_by_age_and_the_way_to_the_living_stays() -> None:
    session = family(finished=False)
    ended = process(session, 4203).ended_ns
    assert ended is not None
    async with tree_of(session) as (app, pilot, tree):
        for expected, gone in (("ended: last 10s", {4202}), ("ended: last 1m", set()), ("ended: last 10m", set()), ("ended: none", {4202, 4203})):
            await pilot.press("z")
            assert expected in tree._draw_settings().text
            assert {4202, 4203} - set(pids(tree)) == gone
        assert app.main.filter_bar._status.text.startswith("8 of 12")
        await pilot.press("z")
        assert {4202, 4203} <= set(pids(tree))
        session.processes.exit(time_ns=NOW_NS - 60_000_000_000, pid=4200, tid=4200, code=0, group_dead=True, start_ns=process(session, 4200).start_ns)
        await pilot.press("z")
        assert 4200 in pids(tree)  # above 4201, which runs
        assert not tree._tree.row(pids(tree).index(4200)).matched


def test_settings_in_words() -> None:
    assert [ended_text(ns) for ns in (None, 10_000_000_000, 60_000_000_000, 600_000_000_000, 0)] == [
        "ended: all", "ended: last 10s", "ended: last 1m", "ended: last 10m", "ended: none",
    ]  # fmt: skip


async def test_threads_and_kernel_threads_come_and_go() -> None:
    async with tree_of(family()) as (app, pilot, tree):
        await pilot.press("w")
        assert pids(tree)[pids(tree).index(5000) :][:3] == [5000, 5001, 5002]
        assert any("{libuv-worker}" in row for row in text(tree))
        tree.move_cursor(pids(tree).index(5002))
        await pilot.press("u")
        assert cursor(tree).pid == 5000
        assert isinstance(tree.cursor_node, Process)
        await pilot.press("down", "enter")
        await pilot.pause()
        assert "thread 5001 libuv-worker of process 5000 node" in app.main.detail.title.text
        await pilot.press("w", "W")
        assert {2, 17} <= set(pids(tree))
        assert 5001 not in pids(tree)


async def test_a_filter_keeps_the_way_in_sight() -> None:
    async with tree_of(family()) as (app, pilot, tree):
        await typed(pilot, "cc1")
        assert pids(tree) == [1, 812, 4100, 4200, 4201]
        assert [tree._tree.row(row).matched for row in range(5)] == [False] * 4 + [True]
        await pilot.press("1")
        assert app.main.filter_bar.text == ""  # the events have a filter of their own
        await pilot.press("6")
        assert app.main.filter_bar.text == "cc1"
        await typed(pilot, " and nosuch = 1")
        assert "nosuch" in app.main.filter_bar.fault
        await pilot.press("escape", "1", "slash", "up")
        assert app.main.filter_bar.text == ""  # and a history of their own
        await pilot.press("escape", "6", "slash", "up")
        assert app.main.filter_bar.text == "cc1"
        await pilot.press("escape", "X")
        assert len(pids(tree)) == 10
        await pilot.press("slash", *"contai", "tab")
        assert app.main.filter_bar.text == "container"
        await pilot.press(*f" = {CONTAINER[:12]}", "enter")
        await pilot.pause()
        assert pids(tree) == [1, 4900, 5000]


async def test_an_event_finds_its_process_whatever_hides_it() -> None:
    async with tree_of(family(), SIZE, "asterisk", "z", "z", "z", "z") as (app, pilot, tree):
        assert pids(tree) == [1]
        await typed(pilot, "node")
        await pilot.press("1")
        app.main.filter_line.apply("comm = tests")
        await pilot.press("home", "down", "t")
        await pilot.pause()
        await pilot.pause()
        assert cursor(tree).pid == 4203
        assert tree.filter is None
        assert app.main.filter_bar.text == ""
        assert tree.settings.hiding.ended_for_ns is None


async def test_events_of_a_process_that_is_gone_and_of_a_pid_that_was_used_again() -> None:
    session = family(finished=False)
    maker = Maker(cgroups=dict(GROUPS), time_ns=20_000_000_000 + 1_000_000_000_000)
    maker.fork(4203, pid=4100, comm=b"bash", **SHELL)
    maker.open(b"/second/life", pid=4203, ppid=4100, comm=b"bash", **SHELL)
    session.take(maker.batch())
    first, second = session.processes.lives(4203)
    async with tree_of(session) as (app, pilot, tree):
        assert tree.go_to(first) == ""
        await pilot.press("P")
        await pilot.pause()
        assert app.main.tab == "all"
        assert {(event.pid, event.comm) for event in shown(app)} == {(4203, "tests")}
        await pilot.press("X", "6")
        tree.go_to(second)
        await pilot.press("P")
        assert [event.arguments.get("path") for event in shown(app)] == ["/second/life"]
        await pilot.press("X", "6")
        tree.go_to(process(session, 4200))
        await pilot.press("o")
        assert app.main.views.filter is not None
        assert str(app.main.views.filter) == "pid = 4200"
        assert {event.pid for event in shown(app)} == {4200}
        await pilot.press("X", "6", "P")
        assert str(app.main.views.filter) == "tree = 4200"
        assert {event.pid for event in shown(app)} == {4200, 4201, 4202, 4203}
        assert "/second/life" not in {event.arguments.get("path") for event in shown(app)}


async def test_the_detail_tells_each_program_and_what_became_of_it() -> None:
    async with tree_of(family()) as (app, pilot, tree):
        tree.go_to(process(app.session, 4201))
        await pilot.press("enter")
        await pilot.pause()
        said = app.main.detail.pane.text
        assert "systemd(1) › sshd(812) › bash(4100) › make(4200) › cc1(4201)" in said
        for expected in ("programs (3)", "at birth      make -j2", "sh -c 'cc1 -O2 main.c'", "cc1 -O2 main.c", "exe /usr/lib/gcc/cc1", "cwd /root",
                         "unit session-3.scope", "10 ENOENT", "1000 (ann)"):  # fmt: skip
            assert expected in said
        assert said.index("at birth") < said.index("sh -c 'cc1") < said.index("exe /usr/lib/gcc/cc1")
        await pilot.press("down", "down")
        assert "SIGKILL after 12.00s" in app.main.detail.pane.text
        assert "sent by 4100 (bash)" in app.main.detail.pane.text
        await pilot.press("escape")
        assert not app.main.has_class("-detail")


async def test_an_events_ancestry_is_that_of_its_time() -> None:
    session = family()
    view = session.view()
    view.advance()
    events = [event for event in view.rows(0, len(view)) if event.pid == 4201]
    from kellect_tui.tui.describe import ancestry

    assert ancestry(events[0], session.processes).endswith("make(4200) › sh(4201)")
    assert ancestry(events[-1], session.processes).endswith("make(4200) › cc1(4201)")


async def test_the_cursors_row_stays_while_siblings_come_and_go() -> None:
    session = family(finished=False)
    maker = Maker(cgroups=dict(GROUPS), time_ns=30_000_000_000 + 1_000_000_000_000)
    for number in range(100):
        maker.fork(7000 + number, pid=812, comm=b"sshd")
    session.take(maker.batch())
    async with tree_of(session) as (_, pilot, tree):
        tree.go_to(process(session, 5000))
        line = tree.cursor_index - tree.top_index
        for number in range(50):
            maker.exit(pid=7000 + number, comm=b"sshd", ppid=812)
            maker.fork(7500 + 2 * number, pid=4100, comm=b"bash", **SHELL)
            maker.fork(7501 + 2 * number, pid=4100, comm=b"bash", **SHELL)
        session.take(maker.batch())
        before = tree.row_count
        await until(pilot, lambda: tree.row_count > before)
        assert cursor(tree).pid == 5000
        assert tree.cursor_index - tree.top_index == line
        await pilot.press("z", "z", "z", "z")
        assert cursor(tree).pid == 5000
        assert tree.cursor_index - tree.top_index == line


async def test_a_process_stays_itself_across_its_execs() -> None:
    session = family(finished=False)
    maker = Maker(cgroups=dict(GROUPS), time_ns=30_000_000_000 + 1_000_000_000_000)
    async with tree_of(session) as (app, pilot, tree):
        same = process(session, 4201)
        tree.go_to(same)
        await pilot.press("enter")
        maker.starts[4201] = same.start_ns
        maker.exec(b"/usr/bin/collect2", (b"collect2",), pid=4201, ppid=4200, **SHELL)
        session.take(maker.batch())
        await until(pilot, lambda: "collect2" in app.main.detail.pane.text)
        assert cursor(tree) is same
        assert "programs (4)" in app.main.detail.pane.text


async def test_the_mouse_sorts_folds_and_sets() -> None:
    async with tree_of(family()) as (app, pilot, tree):
        titles = tree._draw_titles().text
        await pilot.click(ProcessTree, offset=(titles.index("FAIL") + 1, 1))
        assert tree.settings.sort == "FAIL"
        await pilot.click(ProcessTree, offset=(titles.index("FAIL") + 1, 1))
        assert tree.settings.inverted
        await pilot.click(ProcessTree, offset=(2, 0))
        assert tree.settings.subtree
        row = next(number for number, line in enumerate(text(tree)) if " make " in line)
        await pilot.click(ProcessTree, offset=(text(tree)[row].index("▾"), 2 + row))
        assert "(+3)" in next(line for line in text(tree) if " make " in line)
        await pilot.click(ProcessTree, offset=(text(tree)[row].index("▸"), 2 + row))
        assert 4201 in pids(tree)
        await pilot.click(ProcessTree, offset=(2, 2 + row), times=2)
        await pilot.pause()
        assert app.main.has_class("-detail")


async def test_a_hidden_cursor_goes_to_what_stands_there_now() -> None:
    async with tree_of(family()) as (app, pilot, tree):
        tree.go_to(process(app.session, 4203))
        row = tree.cursor_index
        await pilot.press("z", "z", "z", "z")
        assert tree.cursor_index == row - 1 or tree.cursor_index == row


def widths() -> Iterator[tuple[int, int]]:
    yield from ((20, 5), (21, 9), (40, 12), (80, 24), (119, 7), (200, 50))


@pytest.mark.parametrize("size", widths(), ids=str)
async def test_any_size_is_drawn_whole(size: tuple[int, int]) -> None:
    async with tree_of(family(finished=False), size, "w", "W", "S") as (_, _, tree):
        for row in range(tree.row_count):
            strip = tree.draw_row(row)
            assert strip.cell_length == tree.line_width
            assert strip.text.isprintable()
        assert tree._draw_titles().cell_length == tree._draw_settings().cell_length == tree.line_width
        assert (2 if tree.size.height >= 8 else 1) == tree.HEADING_LINES


@pytest.mark.parametrize(("value", "shown"), [(0, "    "), (1, "▏   "), (50, "██  "), (51, "██▏ "), (100, "████"), (200, "████")])
def test_a_bar_is_in_eighths(value: int, shown: str) -> None:
    assert bar(value, 100) == shown
    assert bar(value, 0) == "    "
