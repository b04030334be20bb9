"""What the rows of a batch add, by person."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kellect_tui.events.catalogue import BY_NAME, EXIT, MONITOR_LOST
from kellect_tui.events.syscalls import native
from kellect_tui.session.counting import Work, work
from kellect_tui.session.process import COUNT_NAMES

WHO = np.dtype([("pid", "<u4"), ("tid", "<u4"), ("ppid", "<u4"), ("uid", "<u4"), ("comm", "S16"), ("cgroup", "<u8")])
WHOS = np.array([(100, 100, 1, 0, b"a", 5), (200, 201, 1, 7, b"b", 6), (300, 300, 2, 0, b"c", 9)], WHO)
READ, OPEN, SEND = (BY_NAME[name].id for name in ("file.read", "file.open", "network.send"))
TIMES = np.arange(1_000, 1_010)


def columns(*rows: tuple[int, int, int] | tuple[int, int, int, str]) -> tuple[NDArray[Any], ...]:
    """Rows of (who, event, result, syscall), 10 ns each."""
    numbers = [(code, event, native()[call[0] if call else "read"], 0, result, 10) for code, event, result, *call in rows]
    types = (np.uint32, np.uint16, np.int16, np.uint32, np.int64, np.int64)
    return tuple(np.array(column, type_) for column, type_ in zip(zip(*numbers, strict=True), types, strict=True))


def by_name(done: Work, person: int) -> dict[str, int]:
    """What somebody did, without zeros."""
    return {name: int(count) for name, count in zip(COUNT_NAMES, done.table[person], strict=True) if count}


def test_people_have_the_order_of_their_last_rows_and_what_they_did() -> None:
    done = work(WHOS, columns((1, READ, 5), (0, OPEN, -2), (2, READ, 7), (0, OPEN, -2), (1, READ, -13)), TIMES[:5], {5: b"/five", 6: b"/six"})
    assert done is not None
    assert done.people == [(100, 100, 1, 0, b"a", b"/five"), (200, 201, 1, 7, b"b", b"/six"), (300, 300, 2, 0, b"c", None)]
    assert (done.order, done.lasts, done.until_ns) == ([2, 0, 1], [1_003, 1_004, 1_002], 1_004)
    assert [by_name(done, person) for person in range(3)] == [
        {"events": 2, "file": 2, "failures": 2, "time_ns": 20},
        {"events": 2, "file": 2, "failures": 1, "read": 5, "time_ns": 20},
        {"events": 1, "file": 1, "read": 7, "time_ns": 10},
    ]
    assert sorted(done.failed) == [[0, 2, 2], [1, 13, 1]]
    assert done.many == []


def test_without_times_nothing_is_said_of_lives_and_without_paths_nothing_of_groups() -> None:
    done = work(WHOS, columns((2, READ, 1), (0, READ, 1)), None, {})
    assert done is not None
    assert (done.people, done.order) == ([(100, 100, 1, 0, b"a", None), (300, 300, 2, 0, b"c", None)], [1, 0])
    assert (done.lasts, done.until_ns) == ([0, 0], None)


def test_an_end_tells_nothing_of_a_new_life() -> None:
    done = work(WHOS, columns((0, READ, 1), (1, READ, 1), (0, EXIT, 0)), TIMES[:3], {})
    assert done is not None
    assert (done.lasts, done.until_ns) == ([0, 1_001], 1_002)


def test_rows_of_messages_are_those_that_were_given() -> None:
    lost = (0, MONITOR_LOST, 0)
    done = work(WHOS, columns(lost, (1, SEND, 3, "sendmmsg"), (0, SEND, 99, "sendto"), lost, (0, SEND, 2, "sendmmsg")), TIMES[:5], {})
    assert done is not None
    assert [person[0] for person in done.people] == [100, 200]
    assert done.many == [(1, 1, SEND), (0, 4, SEND)]
    assert [by_name(done, person).get("sent", 0) for person in range(2)] == [99, 0]


def test_the_monitors_own_rows_are_nobodys_work() -> None:
    assert work(WHOS, columns((0, MONITOR_LOST, 0)), TIMES[:1], {}) is None
