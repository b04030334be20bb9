"""How columns share a line, and what they say."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kellect_tui.events.record import Event
from kellect_tui.session.session import Session
from kellect_tui.tui import columns
from kellect_tui.tui.columns import Column, place

ALL_TABS = (columns.ALL, columns.FILE, columns.PROCESS, columns.NETWORK, columns.USER)


@given(st.sampled_from(ALL_TABS), st.integers(1, 300))
def test_a_line_is_filled_exactly(tab: tuple[Column, ...], width: int) -> None:
    placed = place(tab, width)
    assert sum(column.width for column in placed) + len(placed) - 1 == width
    assert [column.column for column in placed] == list(tab[: len(placed)])


def test_at_80_all_columns_of_the_first_tab_fit_and_below_they_leave_from_the_right() -> None:
    assert [placed.column.title for placed in place(columns.ALL, 79)] == ["TIME", "COMM", "PID", "EVENT", "TARGET", "RESULT", "DURATION"]
    assert [placed.column.title for placed in place(columns.ALL, 77)] == ["TIME", "COMM", "PID", "EVENT", "TARGET", "RESULT"]
    assert [placed.column.title for placed in place(columns.ALL, 30)] == ["TIME", "COMM"]


def test_at_120_everybody_fits() -> None:
    for tab in ALL_TABS:
        assert len(place(tab, 119)) == len(tab)


def events(session: Session, event_type: str) -> list[Event]:
    view = session.view()
    view.advance()
    return [event for event in view.rows(0, len(view)) if event.event_type == event_type]


@pytest.mark.parametrize(
    ("event_type", "text"),
    [
        ("process.exec", "nginx -g daemon off;"),
        ("process.exit", "by SIGKILL"),
        ("process.fork", "child 4200 nginx"),
        ("network.connect", "10.1.2.3:5432"),
        ("user.setuid", "uid=1000"),
        ("file.stat", "/srv/www/index.html"),
    ],
)
def test_targets(session: Session, event_type: str, text: str) -> None:
    assert columns.target(events(session, event_type)[0]) == text


def test_a_failed_exec_names_the_file_that_was_tried(session: Session) -> None:
    exec_ = events(session, "process.exec")[0]
    failed = replace(exec_, error="ENOENT", result=-2)
    assert columns.target(failed) == "/usr/sbin/nginx -g daemon off;"
    assert columns.target(replace(failed, arguments={**failed.arguments, "argv": None})) == "/usr/sbin/nginx"
    assert columns.target(replace(failed, arguments={**failed.arguments, "path": None, "filename": None})) == "nginx -g daemon off;"


def test_network_ends(session: Session) -> None:
    connect = events(session, "network.connect")[0]
    assert columns.ends(connect) == "10.0.0.2:40000 → 10.1.2.3:5432"
    assert columns.endpoint("fe80::1%2", 80) == "[fe80::1%2]:80"
    assert columns.endpoint("", None, "AF_UNIX") == "(unnamed)"
    assert columns.endpoint(None, None) == ""


def test_results(session: Session) -> None:
    assert [columns.result(event) for event in events(session, "network.connect")] == ["0", "ECONNREFUSED", "ERESTARTSYS"]
    assert [columns.result_style(event) for event in events(session, "network.connect")] == ["dim", "failed", "dim"]
    assert columns.result(events(session, "process.fork")[0]) == ""


def test_bytes_are_those_really_moved(session: Session) -> None:
    assert columns.bytes_of(events(session, "file.read")[0]) == "512"
    assert columns.bytes_of(events(session, "file.open")[0]) == ""


def test_ids_before_and_after(session: Session) -> None:
    setuid = events(session, "user.setuid")[0]
    assert (columns.changed_from(setuid), columns.changed_to(setuid)) == ("uid=0", "uid=1000")


def test_every_cell_of_every_event_can_be_written(session: Session) -> None:
    view = session.view()
    view.advance()
    for event in view.rows(0, len(view)):
        for tab in ALL_TABS:
            for column in tab:
                assert column.text is None or isinstance(column.text(event), str)
                assert isinstance(column.filter_field(event), str)
