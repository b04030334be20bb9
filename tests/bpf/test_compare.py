"""The comparison itself sees what is missing, too many, in another order, or different."""

from __future__ import annotations

from typing import Any

from tests.bpf.compare import Line, compare, lies


def close(fd: int, **fields: Any) -> Line:
    """An event as made, and as recorded."""
    arguments = {"fd": fd, "first": None, "last": None, "flags": None, "path": None}
    base = {"event_type": "file.close", "syscall": "close", "comm": "x", "pid": 7, "tid": 7, "ppid": 1, "uid": 0, "gid": 0, "ruid": 0}
    rest = {"result": -9, "error": "EBADF", "duration_ns": 5, "process_type": "process", "arguments": arguments, "incomplete": [], "may": []}
    return {**base, **rest, **fields}


MADE = [close(1), close(2), close(3)]


def test_the_same_events_are_right() -> None:
    assert compare(MADE, MADE) == []
    assert lies(MADE, MADE) == []


def test_a_missing_event_is_told_but_is_no_lie() -> None:
    assert len(compare(MADE, MADE[:2])) == 1
    assert lies(MADE, [MADE[0], MADE[2]]) == []


def test_an_event_too_many_or_out_of_order_is_told() -> None:
    assert len(compare(MADE, [*MADE, close(3)])) == 1
    assert len(compare(MADE, [MADE[0], MADE[2], MADE[1]])) == 2
    assert lies(MADE, [MADE[0], MADE[2], MADE[1]]) == [MADE[1]]


def test_a_thread_that_nobody_knows_is_told() -> None:
    assert len(compare(MADE, [*MADE, close(4, tid=8, process_type="thread")])) == 1


def test_every_field_and_every_mark_counts() -> None:
    for field, value in (
        ("comm", "y"),
        ("ppid", 2),
        ("uid", 1),
        ("gid", 1),
        ("ruid", 1),
        ("result", 0),
        ("error", None),
        ("duration_ns", None),
        ("incomplete", ["path:unreadable"]),
    ):
        assert len(compare(MADE, [close(1, **{field: value}), *MADE[1:]])) == 1
    for name, other in (("fd", 1.0), ("path", "/x"), ("first", 0)):
        wrong = close(1, arguments={**MADE[0]["arguments"], name: other})
        assert len(compare(MADE, [wrong, *MADE[1:]])) == 1
        assert lies(MADE, [wrong]) == [wrong]


def test_the_order_of_symbols_is_free_and_their_set_is_not() -> None:
    made = [close(1, arguments={**MADE[0]["arguments"], "flags": "A|B"})]
    assert compare(made, [close(1, arguments={**MADE[0]["arguments"], "flags": "B|A"})]) == []
    assert len(compare(made, [close(1, arguments={**MADE[0]["arguments"], "flags": "A"})])) == 1


def test_what_is_marked_unreadable_may_be_missing_after_a_loss_only() -> None:
    made = [close(1, arguments={**MADE[0]["arguments"], "path": "/x"})]
    got = [close(1, incomplete=["path:unreadable"])]
    assert lies(made, got) == []
    assert len(compare(made, got)) == 1
