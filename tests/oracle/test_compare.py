"""The comparison, given events that are right and events that are wrong on purpose."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path

import pytest

from tests.oracle.compare import Difference, Line, compare, fields_that_differ
from tests.oracle.expect import Expected, expected
from tests.oracle.names import Names
from tests.oracle.run import READ
from tests.oracle.strace import read
from tests.oracle.table import table
from tests.oracle.test_strace import hexadecimal
from tests.oracle.text import Flags
from tests.oracle.world import World
from tests.oracle.wrong import one_field_wrong

TRACE = f"""\
10.000000000 openat(AT_FDCWD<{hexadecimal("/w")}>, "{hexadecimal("f")}", O_RDONLY|O_CLOEXEC) = 3<{hexadecimal("/w/f")}> <0.000005000>
11.000000000 read(3<{hexadecimal("/w/f")}>, "", 100) = 0 <0.000005000>
12.000000000 close(9) = -1 EBADF (Bad file descriptor) <0.000005000>
13.000000000 setuid(5) = 0 <0.000005000>
14.000000000 exit_group(3) = ?
15.000000000 +++ exited with 3 +++
"""
COMMON = {
    "family": "file", "comm": "a", "pid": 7, "tid": 7, "ppid": 1, "process_type": "process", "uid": 0, "gid": 0, "user": "root", "ruid": 0,
    "auid": None, "cgroup": "/", "error": None, "duration_ns": 4000,
}  # fmt: skip
EVENTS: list[Line] = [
    {**COMMON, "timestamp": 10000004, "event_type": "file.open", "syscall": "openat", "result": 3,
     "arguments": {"dirfd": "AT_FDCWD", "filename": "f", "path": "/w/f", "flags": "O_RDONLY|O_CLOEXEC", "mode": None, "resolve": None, "fd": 3}},
    {**COMMON, "timestamp": 11000004, "event_type": "file.read", "syscall": "read", "result": 0,
     "arguments": {"fd": 3, "count": 100, "offset": None, "inode": 5, "uid": 0, "mode": "0644", "file_type": "regular", "filename": "/w/f",
                   "calls": None, "bytes": None, "total_ns": None, "span_ns": None}},
    {**COMMON, "timestamp": 12000004, "event_type": "file.close", "syscall": "close", "result": -9, "error": "EBADF",
     "arguments": {"fd": 9, "first": None, "last": None, "flags": None, "path": None}},
    {**COMMON, "timestamp": 13000004, "event_type": "user.setuid", "syscall": "setuid", "family": "user", "result": 0, "uid": 5, "ruid": 5, "user": None,
     "arguments": {"uid": 5, "old_uid": 0}},
    {**COMMON, "timestamp": 14000004, "event_type": "process.exit", "syscall": None, "family": "process", "result": None, "duration_ns": None,
     "uid": 5, "ruid": 5, "user": None,
     "arguments": {"exit_code": 3, "signal": None, "core_dumped": False, "prio": 120, "pid": 7, "comm": "a", "group_dead": True, "lifetime_ns": 6000000000}},
]  # fmt: skip


@pytest.fixture
def wanted(tmp_path: Path) -> list[Expected]:
    """What the trace makes expect."""
    (tmp_path / "s.7").write_text(TRACE)
    return [one for step in World(Names(tmp_path)).steps(read(tmp_path / "s", READ), 7, b"/w") for one in expected(step)]


def test_right_events_agree(wanted: list[Expected]) -> None:
    outcome = compare(wanted, EVENTS, {})
    assert outcome.differences == []
    assert outcome.agreeing == outcome.compared == {"file.open": 1, "file.read": 1, "file.close": 1, "user.setuid": 1, "process.exit": 1}


@pytest.mark.parametrize("place", range(len(EVENTS)))
def test_each_field_that_is_wrong_is_named(wanted: list[Expected], place: int) -> None:
    seen = 0
    for name, event in one_field_wrong(wanted[place], EVENTS[place]):
        assert list(fields_that_differ(wanted[place], event)) == [name]
        seen += 1
    assert seen > 10


def test_an_event_that_is_missing_one_too_many_and_two_in_the_wrong_order(wanted: list[Expected]) -> None:
    for place, event in enumerate(EVENTS):
        (missing,) = compare(wanted, [*EVENTS[:place], *EVENTS[place + 1 :]], {}).differences
        assert missing.event is None
        assert missing.expected is wanted[place]
        (extra,) = compare(wanted, [*EVENTS[:place], event, *EVENTS[place:]], {}).differences
        assert extra.expected is None
        assert extra.event == event
    for place in range(len(EVENTS) - 1):
        first, second = EVENTS[place : place + 2]
        assert compare(wanted, [*EVENTS[:place], second, first, *EVENTS[place + 2 :]], {}).differences


def test_an_event_of_another_thread_is_not_taken_for_it(wanted: list[Expected]) -> None:
    events = deepcopy(EVENTS)
    events[0]["tid"] = 8
    assert len(compare(wanted, events, {}).differences) == 2


def test_a_wrong_symbol_or_an_unknown_bit_is_seen(wanted: list[Expected]) -> None:
    for flags in ("O_RDONLY", "O_WRONLY|O_CLOEXEC", "O_RDONLY|O_CLOEXEC|0x40000000", "0x80000", None):
        event = {**EVENTS[0], "arguments": {**EVENTS[0]["arguments"], "flags": flags}}
        assert list(fields_that_differ(wanted[0], event)) == ["arg.flags"]


def test_a_known_difference_is_counted_apart(wanted: list[Expected]) -> None:
    def fd_is_other(difference: Difference) -> bool:
        return set(difference.fields) == {"arg.fd"}

    events = deepcopy(EVENTS)
    events[2]["arguments"]["fd"] = 8
    outcome = compare(wanted, events, {"other fd": fd_is_other})
    assert (outcome.differences, len(outcome.known["other fd"])) == ([], 1)
    assert "file.close" not in outcome.compared


def test_fchmodat2_as_old_and_new_straces_show_it(tmp_path: Path) -> None:
    (tmp_path / "s.7").write_text(
        f'1.0 syscall_0x1c4(0xffffffffffffff9c, 0x5f00, 0x1a4, 0x100, 0, 0) = 0 <0.1>\n'
        f'2.0 fchmodat2(AT_FDCWD<{hexadecimal("/w")}>, "{hexadecimal("f")}", 0644, AT_SYMLINK_NOFOLLOW) = 0 <0.1>\n'
    )
    old, new = (one for step in World(Names(tmp_path)).steps(read(tmp_path / "s", READ), 7, b"/w") for one in expected(step))
    told = {"dirfd": "AT_FDCWD", "fd": None, "mode": "0644", "flags": Flags(frozenset({"AT_SYMLINK_NOFOLLOW"}), 0)}
    assert old.arguments == told
    assert new.arguments == {**told, "filename": "f", "path": "/w/f"}
    assert (old.kind, old.syscall, new.kind, new.syscall) == ("file.chmod", "fchmodat2") * 2


def test_a_call_in_which_its_thread_ended_may_be_an_event_or_none(tmp_path: Path) -> None:
    (tmp_path / "s.7").write_text("11.0 read(3<\\x2f>,  <unfinished ...>) = ?\n15.0 +++ exited with 3 +++\n")
    wanted = [one for step in World(Names(tmp_path)).steps(read(tmp_path / "s", READ), 7, b"/w") for one in expected(step)]
    exit_event = {**EVENTS[4], "timestamp": 14900000, "uid": 0, "ruid": 0}
    assert compare(wanted, [exit_event], {}).differences == []
    cut_short = {**EVENTS[1], "result": None, "error": "ERESTARTSYS"}
    (difference,) = compare(wanted, [cut_short, exit_event], {}).differences
    assert difference.fields == {}
    cut_short["arguments"] = {**cut_short["arguments"], "fd": 4}
    (difference,) = compare(wanted, [cut_short, exit_event], {}).differences
    assert list(difference.fields) == ["arg.fd"]


def test_the_table_shows_what_does_not_agree(wanted: list[Expected]) -> None:
    lines = list(table({"right": compare(wanted, EVENTS, {}), "wrong": compare(wanted, EVENTS[1:], {})}))
    assert next(line for line in lines if line.startswith("file.open")).split() == ["file.open", "1", "0/1", "1/2"]
    assert next(line for line in lines if line.startswith("agreeing")).split() == ["agreeing", "5", "4", "9"]
