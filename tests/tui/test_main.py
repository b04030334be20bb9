"""The main screen, key by key."""

from __future__ import annotations

import base64
import gc
import weakref
from datetime import timezone
from typing import Any

import orjson
import pytest
from textual.events import Key
from textual.pilot import Pilot

from kellect_tui.errors import CannotTrace
from kellect_tui.events.record import Event
from kellect_tui.session.session import Session
from kellect_tui.tui import views
from kellect_tui.tui.app import KellectApp
from kellect_tui.tui.quantities import TimeMode
from kellect_tui.tui.screens.confirm import Confirm
from tests.synthetic import Maker, mixed, session_of, source_start
from tests.tui.story import FakeCapture, still, story, told, until

SIZE = (120, 32)


def under_cursor(app: KellectApp) -> Event:
    """The event that the cursor is on."""
    event = app.main.table.cursor_event
    assert event is not None
    return event


def shown(app: KellectApp) -> list[Event]:
    """All rows of the table."""
    return app.main.table.view.rows(0, app.main.table.row_count)


async def type_filter(pilot: Pilot[Any], text: str) -> None:
    """Type a filter and apply it."""
    await pilot.press("slash", *text)
    await pilot.press("enter")
    await pilot.pause()


async def test_it_begins_on_the_newest_event_and_follows(session: Session) -> None:
    app = still(session)
    async with app.run_test(size=SIZE):
        table = app.main.table
        assert table.follow
        assert under_cursor(app).event_type == "monitor.stop"
        assert table.top_index + table.page_rows == table.row_count == len(session.store)


async def test_leaving_the_last_row_holds_and_new_rows_are_counted() -> None:
    maker = told()
    session = session_of(maker.batch())
    app = still(session, live=FakeCapture())
    async with app.run_test(size=SIZE) as pilot:
        table = app.main.table
        await pilot.press("up", "up")
        event, top = table.cursor_id, table.top_index
        maker.open(b"/new/one")
        maker.open(b"/new/two")
        session.take(maker.batch())
        await until(pilot, lambda: table.new_rows == 2)
        assert (table.cursor_id, table.top_index, table.follow) == (event, top, False)
        await until(pilot, lambda: "▼ 2 new" in app.main.filter_bar._status.text)
        await pilot.press("G")
        assert table.follow
        assert table.new_rows == 0
        assert under_cursor(app).arguments["path"] == "/new/two"


async def test_following_takes_in_what_comes() -> None:
    maker = told()
    session = session_of(maker.batch())
    app = still(session, live=FakeCapture())
    async with app.run_test(size=SIZE) as pilot:
        maker.open(b"/new/one")
        session.take(maker.batch())
        await until(pilot, lambda: under_cursor(app).arguments.get("path") == "/new/one")


async def test_the_cursor_stays_on_its_event_when_old_chunks_go() -> None:
    maker = Maker()
    session = session_of(mixed(300, maker=maker), chunk_rows=100, keep_events=300)
    app = still(session, live=FakeCapture())
    async with app.run_test(size=SIZE) as pilot:
        table = app.main.table
        await pilot.press("up", "up", "up")
        event, line = table.cursor_id, (table.cursor_index or 0) - table.top_index
        session.take(mixed(150, maker=maker))
        await until(pilot, lambda: table.view.dropped > 0)
        await pilot.pause(0.1)
        assert table.cursor_id == event
        assert (table.cursor_index or 0) - table.top_index == line


async def test_between_two_paints_no_row_goes_from_under_the_table() -> None:
    """Rows are drawn four times a second; what retention drops meanwhile goes with the next of them."""
    maker = Maker()
    session = session_of(mixed(300, maker=maker), chunk_rows=100, keep_events=300)
    app = still(session, live=FakeCapture())
    async with app.run_test(size=SIZE) as pilot:
        table, due = app.main.table, app.main.pace.next_rows
        app.main.pace.next_rows = 1 << 60
        session.take(mixed(450, maker=maker))
        app.main._frame()
        assert session.store.dropped > 0
        assert table.row_count == len(table.view)
        assert under_cursor(app).timestamp
        app.main.pace.next_rows = due
        await until(pilot, lambda: table.view.dropped > 0)
        assert table.row_count == len(table.view) == len(session.store)
        assert table.cursor_id == session.store.end - 1


async def test_pause_stops_the_screen_and_never_the_capture() -> None:
    maker = told()
    session = session_of(maker.batch())
    app = still(session, live=FakeCapture())
    async with app.run_test(size=SIZE) as pilot:
        before = app.main.table.row_count
        await pilot.press("space")
        assert app.main.state == "PAUSED"
        maker.open(b"/new/one")
        session.take(maker.batch())
        await until(pilot, lambda: f"{session.ledger.captured:,} events" in app.main.lines.header.text)
        assert app.main.table.row_count == before
        await pilot.press("2", "1")  # another tab shows nothing newer either
        assert under_cursor(app).arguments.get("path") != "/new/one"
        await pilot.press("space")
        assert app.main.state == "LIVE"
        assert under_cursor(app).arguments["path"] == "/new/one"


async def test_what_retention_drops_is_held_by_no_view_of_a_paused_screen() -> None:
    maker = Maker()
    session = session_of(mixed(400, maker=maker), chunk_rows=100, keep_events=500)
    app = still(session, live=FakeCapture())
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("2", "ctrl+f", *"open", "enter")  # a view of another tab, and one of a search
        await pilot.press("1", "space")
        chunks = [weakref.ref(chunk) for chunk in session.store.chunks]
        session.take(mixed(400, maker=maker))
        await until(pilot, lambda: app.main.table.row_count < 401)
        assert under_cursor(app).event_type
        session.take(mixed(2_000, maker=maker))
        await until(pilot, lambda: gc.collect() >= 0 and not any(chunk() for chunk in chunks))
        assert app.main.table.row_count == 0
        await pilot.press("space")
        assert app.main.table.row_count == len(session.store)


async def test_each_tab_shows_its_family_and_its_losses(session: Session) -> None:
    app = still(session)
    async with app.run_test(size=SIZE) as pilot:
        for key, family in (("2", "file"), ("3", "process"), ("4", "network"), ("5", "user")):
            await pilot.press(key)
            events = shown(app)
            assert {event.family for event in events if event.event_type != "monitor.lost"} == {family}
            assert sum(event.event_type == "monitor.lost" for event in events) == (family == "file")
        await pilot.press("tab")
        assert app.main.tab == "tree"
        await pilot.press("tab")
        assert app.main.tab == "all"
        await pilot.press("shift+tab")
        assert app.main.tab == "tree"


async def test_the_tabs_count_what_was_captured(session: Session) -> None:
    app = still(session)
    async with app.run_test(size=SIZE) as pilot:
        families = session.ledger.by_family
        await until(pilot, lambda: f"2 File {families['file']} " in app.main.lines.tab_bar.text)
        assert f"4 Network {families['network']} " in app.main.lines.tab_bar.text


async def test_a_filter_lets_through_what_it_says_and_losses(session: Session) -> None:
    app = still(session)
    async with app.run_test(size=SIZE) as pilot:
        await type_filter(pilot, "comm = bash and failed")
        events = [event for event in shown(app) if event.family != "monitor"]
        assert events
        assert all(event.comm == "bash" and event.failed for event in events)
        assert sum(event.event_type == "monitor.lost" for event in shown(app)) == 1
        await until(pilot, lambda: f"{len(events)} of {session.ledger.captured}" in app.main.filter_bar._status.text)
        await pilot.press("X")
        assert len(shown(app)) == len(session.store)


async def test_a_wrong_filter_is_told_at_its_place_and_the_old_one_stays(session: Session) -> None:
    app = still(session)
    async with app.run_test(size=SIZE) as pilot:
        await type_filter(pilot, "failed")
        rows = len(shown(app))
        await pilot.press("slash", "ctrl+u", *"pid = 1 and nosuch = 3", "enter")
        bar = app.main.filter_bar
        assert bar.editing
        assert bar.fault.index("^") == len("/ pid = 1 and ")
        assert len(shown(app)) == rows
        await pilot.press("escape")
        assert not bar.editing
        assert bar.text == "failed"
        assert len(shown(app)) == rows


async def test_a_filter_is_counted_while_it_is_typed(session: Session) -> None:
    app = still(session)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("slash", *"comm = bash")
        count = sum(1 for event in shown(app) if event.comm == "bash")
        await until(pilot, lambda: f"{count} of " in app.main.filter_bar._status.text)
        await pilot.press("escape")
        assert app.main.views.filter is None
        assert len(shown(app)) == len(session.store)


async def test_keys_typed_ahead_reach_the_filter(session: Session) -> None:
    app = still(session)
    async with app.run_test(size=SIZE) as pilot:
        for key in ("slash", "q", "x", "2", "slash"):
            app.post_message(Key(key, {"slash": "/"}.get(key, key)))
        await until(pilot, lambda: app.main.filter_bar.text == "qx2/")
        assert app.main.tab == "all"


async def test_history_and_completion(session: Session) -> None:
    app = still(session)
    async with app.run_test(size=SIZE) as pilot:
        bar = app.main.filter_bar
        await type_filter(pilot, "failed")
        await type_filter(pilot, " and pid = 4200")
        assert app.main.views.filter is not None
        assert app.main.views.filter.text == "failed and pid = 4200"
        await pilot.press("slash", "ctrl+u", "up")
        assert bar.text == "failed and pid = 4200"
        await pilot.press("up")
        assert bar.text == "failed"
        await pilot.press("down", "down")
        assert bar.text == ""
        await pilot.press(*"event_type = file.mk", "tab")
        assert bar.text == "event_type = file.mkdir"


async def test_include_and_exclude_take_the_cell_under_the_cursor(session: Session) -> None:
    app = still(session)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("up", "up")
        assert under_cursor(app).event_type == "file.stat"
        event_id = app.main.table.cursor_id
        await pilot.press("right", "right", "i")  # from COMM to EVENT
        assert app.main.filter_bar.text == "event_type = file.stat"
        assert app.main.table.cursor_id == event_id
        await pilot.press("left", "left", "x")
        assert app.main.filter_bar.text == "event_type = file.stat and not comm = nginx"
        assert app.main.table.row_count == 0
        await pilot.press("i", "e", "n", "c", "t", "P", "enter", "escape")  # an empty table takes any key


async def test_a_hostile_cell_becomes_a_filter_that_means_exactly_it(session: Session) -> None:
    app = still(session)
    async with app.run_test(size=SIZE) as pilot:
        await type_filter(pilot, "filename contains redxx or filename ~ 31mred")
        await pilot.press("E", "right", "right", "right", "i")
        wanted = under_cursor(app)
        assert "\x1b" in wanted.arguments["filename"]
        assert [event for event in shown(app) if event.family != "monitor"] == [wanted]


async def test_an_or_is_kept_together_when_a_term_is_added(session: Session) -> None:
    app = still(session, initial_filter="comm = bash or comm = nginx")
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("E", "P")
        assert app.main.views.filter is not None
        assert app.main.views.filter.text.startswith("(comm = bash or comm = nginx) and tree = ")


async def test_search_counts_and_goes_round(session: Session) -> None:
    app = still(session)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("home", "ctrl+f", *"page03", "enter")
        first = under_cursor(app)
        assert first.arguments["filename"] == "/srv/www/page03.html"
        await pilot.press("ctrl+f", "ctrl+u", *"access.log", "enter")
        count = sum("access.log" in str(event.arguments.get("filename")) for event in shown(app))
        assert app.main.finder.position.endswith(f" of {count}")
        before = app.main.table.cursor_id
        await pilot.press("n")
        assert app.main.table.cursor_id != before
        await pilot.press("N")
        assert app.main.table.cursor_id == before
        await pilot.press(*["n"] * count)
        assert app.main.table.cursor_id == before
        assert "from the other end" in app.main.finder.position or count > 1


async def test_failures_and_losses_are_found(session: Session) -> None:
    app = still(session)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("home", "e")
        assert under_cursor(app).arguments["path"] == "/srv/www/page03.html"
        await pilot.press("e", "E")
        assert under_cursor(app).arguments["path"] == "/srv/www/page03.html"
        await pilot.press("L")
        assert under_cursor(app).event_type == "monitor.lost"
        await pilot.press("L")  # the only one: it stays
        assert under_cursor(app).event_type == "monitor.lost"


async def test_detail_shows_everything_and_moves_on_with_the_cursor(session: Session) -> None:
    app = still(session)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("home", "e", "enter")
        pane = app.main.detail.pane
        parts = ("ENOENT: No such file or", "openat", "4121", "www-data", "/system.slice/nginx.service", "O_RDONLY|O_CLOEXEC", "/srv/www/page03.html")
        for part in (*parts, "2023-11-14 22:30:00.", "(3,391 ns)"):
            assert part in pane.text
        assert "nginx(4121)" in pane.text
        await pilot.press("down")
        assert "/srv/www/page04.html" in pane.text
        assert not app.main.table.follow
        await pilot.press("escape")
        assert not app.main.has_class("-detail")
        await pilot.press("enter", "backspace")
        assert not app.main.has_class("-detail")


async def test_the_detail_leaves_the_cursor_on_the_screen(session: Session) -> None:
    app = still(session)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("enter")
        await pilot.pause()
        table = app.main.table
        assert table.cursor_index is not None
        assert table.top_index <= table.cursor_index < table.top_index + table.page_rows


async def test_the_tree_and_back(session: Session) -> None:
    app = still(session)
    async with app.run_test(size=SIZE) as pilot:
        await type_filter(pilot, "comm = bash and failed")
        await pilot.press("up", "t")
        await pilot.pause()
        tree = app.main.tree_view
        assert app.main.tab == "tree"
        assert tree.cursor_process is not None
        assert tree.cursor_process.pid == 4200
        await pilot.press("u")
        assert tree.cursor_process.pid == 4121
        rows = tree.row_count
        await pilot.press("minus")
        assert tree.row_count == 1 < rows
        await pilot.press("plus")
        assert tree.row_count == rows
        await pilot.press("asterisk")
        assert tree.row_count == 1
        await pilot.press("asterisk", "down", "P")
        assert app.main.tab == "all"
        assert app.main.views.filter is not None
        assert app.main.views.filter.text == "comm = bash and failed and tree = 4200"


async def test_times_change_with_r(session: Session) -> None:
    app = still(session)
    async with app.run_test(size=SIZE) as pilot:
        modes = []
        for _ in range(4):
            await pilot.press("r")
            modes.append(app.main.table.clock.mode)
        assert modes == [TimeMode.UTC, TimeMode.RELATIVE, TimeMode.DELTA, TimeMode.LOCAL]


async def test_a_time_of_day_in_a_filter_is_the_one_that_is_shown(session: Session) -> None:
    app = still(session)
    async with app.run_test(size=SIZE) as pilot:
        zones = [app.main.filtering.context.zone]
        await pilot.press("r")
        zones.append(app.main.filtering.context.zone)
        assert zones == [None, timezone.utc]


async def test_copying_goes_through_the_terminal(session: Session) -> None:
    app = still(session)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("home", "e", "c")
        assert app.clipboard == "22:30:00.000014\tnginx\t4121\tfile.open\t/srv/www/page03.html\tENOENT\t3.3µs"
        await pilot.press("C")
        document = orjson.loads(app.clipboard)
        assert list(document)[:3] == ["timestamp", "event_type", "family"]
        assert document["arguments"]["path"] == "/srv/www/page03.html"
        assert base64.b64encode(app.clipboard.encode())


async def test_quitting_asks_only_for_a_capture_of_some_size() -> None:
    for events, asks in ((300, False), (12_000, True)):
        session = session_of(mixed(events))
        app = still(session, live=FakeCapture())
        async with app.run_test(size=SIZE) as pilot:
            await pilot.press("q")
            await pilot.pause()
            assert (len(app.screen_stack) == 2) is asks
            if asks:
                await pilot.press("n")
                assert app.is_running
                await pilot.press("ctrl+c")
                await pilot.press("ctrl+c")
        assert app.return_code == 0


async def test_a_capture_that_failed_is_told_with_its_remedy() -> None:
    capture = FakeCapture()
    app = still(story(finished=False), live=capture)
    async with app.run_test(size=SIZE) as pilot:
        capture.error = CannotTrace("the kernel said no [b]", "run it with sudo")
        await until(pilot, lambda: app.main.state == "FAILED")
        await until(pilot, lambda: len(app._notifications) == 1)
        assert [note.message for note in app._notifications] == ["the kernel said no [b]; run it with sudo"]


async def test_the_screen_stands_before_its_capture_begins_and_shows_it_then() -> None:
    session = Session()
    app = still(session, live=FakeCapture())
    async with app.run_test(size=SIZE) as pilot:
        assert (app.main.state, app.main.table.row_count) == ("STARTING", 0)
        await pilot.press("s")  # nothing is there to be saved
        await pilot.pause()
        assert app.screen is app.main
        session.begin(source_start())
        session.take(told().batch())
        await until(pilot, lambda: app.main.table.row_count == len(session.store))
        assert app.main.state == "LIVE"
        assert app.main.clock.origin_ns == session.started_ns


async def test_times_in_an_initial_filter_count_from_a_start_that_comes_later() -> None:
    session = Session()
    app = still(session, live=FakeCapture(), initial_filter="time < 22:31")
    async with app.run_test(size=SIZE) as pilot:
        session.begin(source_start())
        session.take(told().batch())
        expected = len(session_of(told().batch()).store)
        await until(pilot, lambda: app.main.table.row_count == expected)
        assert app.main.views.filter is not None
        assert app.main.views.filter.text == "time < 22:31"


async def test_a_capture_that_could_not_begin_ends_the_screen() -> None:
    capture = FakeCapture()
    app = still(Session(), live=capture)
    async with app.run_test(size=SIZE) as pilot:
        capture.error = CannotTrace("the kernel said no", "run it with sudo")
        await until(pilot, lambda: not app.is_running)
    assert app.return_code == 0  # the command tells why, on the terminal as it was


async def test_families_are_switched_from_the_palette() -> None:
    capture = FakeCapture()
    app = still(story(finished=False), live=capture)
    async with app.run_test(size=SIZE) as pilot:
        commands = {title: run for title, _, run in app.main.capture_commands()}
        commands["Capture: no file events from now on"]()
        await pilot.pause()
        assert capture.types is not None
        assert {name.partition(".")[0] for name in capture.types} == {"process", "network", "user"}
        assert "Capture: all file events from now on" in {title for title, _, _ in app.main.capture_commands()}


async def test_the_palette_runs_what_it_offers(session: Session) -> None:
    app = still(session)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("colon")
        await until(pilot, lambda: len(app.screen_stack) == 2)
        await pilot.press(*"show network")
        await pilot.pause(0.5)
        await pilot.press("enter")
        await until(pilot, lambda: app.main.tab == "network")


async def test_an_initial_filter_is_in_force(session: Session) -> None:
    app = still(session, initial_filter="comm = bash")
    async with app.run_test(size=SIZE):
        assert {event.comm for event in shown(app) if event.family != "monitor"} == {"bash"}


@pytest.mark.parametrize("size", [(200, 60), (80, 24), (60, 12), (40, 10), (21, 6), (20, 5), (10, 3), (1, 1)])
async def test_any_size_will_do(size: tuple[int, int]) -> None:
    app = still(story())
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("up", "enter")
        await pilot.resize_terminal(*size)
        await pilot.pause()
        for key in ("down", "slash", "a", "escape", "escape", "2", "6", "1", "question_mark", "escape", "ctrl+s", "escape"):
            await pilot.press(key)
        assert app.main.has_class("-tiny") is (size[0] < 20 or size[1] < 5)
        await pilot.resize_terminal(*SIZE)
        await pilot.pause()
        assert not app.main.has_class("-tiny")


async def test_a_click_chooses_the_row_and_the_cell(session: Session) -> None:
    app = still(session)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.click(app.main.table, offset=(3, 4))
        table = app.main.table
        assert table.cursor_index == table.top_index + 3
        assert table.column == 0
        await pilot.click(app.main.lines.tab_bar, offset=(45, 0))
        await until(pilot, lambda: app.main.tab == "network")


async def test_big_sessions_are_filtered_on_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "SOON", 10)
    session = story()
    app = still(session)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("slash", *"comm = bash", "enter")
        await until(pilot, lambda: app.main.views.filter is not None)
        assert {event.comm for event in shown(app) if event.family != "monitor"} == {"bash"}
        await pilot.press("4")
        await until(pilot, lambda: app.main.jobs.running is None)
        assert {event.family for event in shown(app)} <= {"network"}
        await pilot.press("X")
        await until(pilot, lambda: app.main.views.filter is None)
        assert len(shown(app)) == session.ledger.by_family["network"]


async def test_a_tab_and_a_filter_typed_ahead_of_a_big_session(monkeypatch: pytest.MonkeyPatch) -> None:
    """What finds the tab's rows is given up for what is typed, and begun again."""
    monkeypatch.setattr(views, "SOON", 10)
    app = still(story())
    async with app.run_test(size=SIZE) as pilot:
        app.main.action_tab("file")
        app.main.filter_line.edit()
        app.main.filtering.look_ahead("failed", "file")
        app.main._frame()
        await pilot.press("escape")
        await until(pilot, lambda: app.main.views.knows("file"))
        await until(pilot, lambda: len(shown(app)) == app.session.ledger.by_family["file"] + 1)  # and a loss


async def test_a_filter_that_takes_long_goes_along_into_another_tab(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "SOON", 10)
    app = still(story())
    async with app.run_test(size=SIZE) as pilot:
        app.main.filter_line.apply("comm = bash")
        app.main.action_tab("file")
        assert app.main.filter_bar.text == "comm = bash"
        await until(pilot, lambda: app.main.views.filter is not None)
        assert {event.comm for event in shown(app) if event.family != "monitor"} == {"bash"}
        assert {event.family for event in shown(app)} <= {"file", "monitor"}


async def test_escape_stops_a_filter_that_takes_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "SOON", 10)
    app = still(story())
    async with app.run_test(size=SIZE) as pilot:
        monkeypatch.setattr(views.Job, "run", lambda job: not job.cancelled.wait(30))
        app.main.filter_line.apply("comm = bash")
        job = app.main.jobs.running
        assert job is not None
        await until(pilot, lambda: "filtering" in app.main.filter_bar._status.text)
        await pilot.press("escape")
        assert job.cancelled.is_set()
        assert app.main.views.filter is None


async def test_another_theme_draws_everything_anew(session: Session) -> None:
    app = still(session)
    async with app.run_test(size=SIZE) as pilot:
        table = app.main.table
        before = table.draw_row(5)
        app.theme = "textual-light"
        await pilot.pause()
        after = table.draw_row(5)
        assert after.text == before.text
        assert after != before
        await app.main.run_action("app('change_theme')")
        await until(pilot, lambda: len(app.screen_stack) == 2)
        await pilot.press("escape")


async def test_detail_of_the_monitors_own_rows(session: Session) -> None:
    app = still(session)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("enter")
        assert "captured" in app.main.detail.pane.text
        await pilot.press("L")
        assert "312" in app.main.detail.pane.text
        await pilot.press("home")
        assert "testhost" in app.main.detail.pane.text


async def test_an_empty_session_takes_any_key() -> None:
    app = still(Session())
    async with app.run_test(size=SIZE) as pilot:
        for key in ("up", "end", "enter", "i", "x", "c", "C", "e", "L", "t", "P", "r", "2", "6", "u", "asterisk", "enter", "1", "space", "space"):
            await pilot.press(key)
        assert app.main.table.row_count == 0


async def test_the_footer_offers_a_pause_only_while_events_arrive() -> None:
    for shown, offered in ((story(), False), (story(finished=False), True)):
        app = still(shown)
        async with app.run_test(size=(120, 32)) as pilot:
            await pilot.pause()
            assert ("Space pause" in app.main.lines.footer.text) == offered
            await pilot.press("space")  # who has paused is told how to go on
            await pilot.pause()
            assert "Space pause" in app.main.lines.footer.text


@pytest.mark.parametrize("size", [(80, 24), (60, 10), (20, 5)])
async def test_the_question_before_the_end_can_be_read_on_a_small_terminal(size: tuple[int, int]) -> None:
    app = still(story(finished=False), live=FakeCapture())
    app.session.ledger._by_id[1] += 20_000
    async with app.run_test(size=size) as pilot:
        await pilot.press("q")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.pause()
        drawn = " ".join("".join(strip.text) for strip in app.screen._compositor.render_strips())
        words = drawn.replace("│", " ").split()
        for word in ("captured", "events", "are", "not", "saved.", "y", "quit", "without", "saving", "n", "stay"):
            assert word in words
