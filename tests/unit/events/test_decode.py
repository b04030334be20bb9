"""From a record with its surroundings to the event that people see."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from kellect_tui.events import decode
from kellect_tui.events.catalogue import BY_NAME
from kellect_tui.events.record import FIELDS, NO_ID, NO_SYSCALL, Event, Flag, Raw, to_dict
from kellect_tui.events.syscalls import X86_64

TIME_NS = 1_700_000_000_123_456_789
WHO: dict[str, Any] = {"comm": b"prog\0junk", "pid": 10, "tid": 10, "ppid": 1, "uid": 33, "gid": 34, "ruid": 35, "auid": NO_ID}


def event(*, name: str = "file.close", syscall: int = X86_64["close"], flags: int = 0, result: int = 0, duration: int = 100, payload: bytes = b"",
          cgroup: bytes | None = b"/g", user: str | None = "www", **who: Any) -> Event:  # fmt: skip
    raw = Raw(BY_NAME[name].id, syscall, int(flags) | Flag.OBJECT, result, duration, (3, 0, 0, 0, 0, 0), payload, path0=b"/x")
    return decode.event(raw, time_ns=TIME_NS, who=WHO | who, user=user, cgroup=cgroup, machine="x86_64")


def test_every_field_in_the_contracts_order() -> None:
    assert list(to_dict(event())) == list(FIELDS)
    assert to_dict(event()) == {
        "timestamp": 1_700_000_000_123_456, "event_type": "file.close", "family": "file", "syscall": "close", "comm": "prog", "pid": 10, "tid": 10, "ppid": 1,
        "process_type": "process", "uid": 33, "gid": 34, "user": "www", "ruid": 35, "auid": None, "cgroup": "/g", "result": 0, "error": None,
        "duration_ns": 100,
        "arguments": {"fd": 3, "first": None, "last": None, "flags": None, "path": "/x"},
    }  # fmt: skip


def test_a_thread_and_a_login_uid() -> None:
    said = event(tid=11, auid=1000)
    assert (said.process_type, said.auid, said.user, said.cgroup) == ("thread", 1000, "www", "/g")


def test_what_a_host_does_not_have_is_null() -> None:
    said = event(user=None, cgroup=None, duration=-1)
    assert (said.user, said.cgroup, said.duration_ns) == (None, None, None)


@pytest.mark.parametrize(
    ("result", "flags", "said", "error", "failed"),
    [
        (5, 0, 5, None, False), (-9, 0, -9, "EBADF", True), (-4095, 0, -4095, "0xfff", True), (-4096, 0, -4096, None, False),
        (0x7F0000000000, 0, 0x7F0000000000, None, False),
        (-512, 0, None, "ERESTARTSYS", False), (-513, 0, None, "ERESTARTNOINTR", False), (-514, 0, None, "ERESTARTNOHAND", False),
        (-516, 0, None, "ERESTART_RESTARTBLOCK", False), (-515, 0, -515, "ENOIOCTLCMD", True),
        (0, Flag.NO_RESULT, None, None, False),
    ],
)  # fmt: skip
def test_results(result: int, flags: int, said: int | None, error: str | None, failed: bool) -> None:
    shown = event(result=result, flags=flags)
    assert (shown.result, shown.error, shown.failed) == (said, error, failed)


@pytest.mark.parametrize(("flag", "abi"), [(Flag.I386, "i386"), (Flag.X32, "x32"), (Flag.ARM, "arm"), (0, None)])
def test_the_abi_is_told_where_it_is_not_the_native_one(flag: int, abi: str | None) -> None:
    said = to_dict(event(flags=flag))
    assert said.get("abi") == abi
    assert ("abi" in said) == (abi is not None)


def test_marks_of_the_common_fields() -> None:
    said = to_dict(event(comm=b"\xffa", cgroup=b"/\xff"))
    assert (said["comm"], said["cgroup"], said["incomplete"]) == ("\\xffa", "/\\xff", ["comm:escaped", "cgroup:escaped"])


@pytest.mark.parametrize(("group", "marks"), [(0, ()), (1, ()), (2, ("cgroup:unreadable",))])
def test_only_the_root_of_a_host_without_control_groups_has_no_path_for_a_reason(group: int, marks: tuple[str, ...]) -> None:
    raw = Raw(BY_NAME["file.close"].id, 3, int(Flag.NO_OBJECT), -9, 5, (3, 0, 0, 0, 0, 0))
    said = decode.event(raw, time_ns=TIME_NS, who=WHO | {"cgroup": group}, user=None, cgroup=None)
    assert (said.cgroup, said.incomplete) == (None, marks)


def test_one_mark_for_the_comm_of_an_exit() -> None:
    raw = Raw(BY_NAME["process.exit"].id, NO_SYSCALL, Flag.NO_RESULT, 0, -1, (0, 120, 1, 5, 9, 0), comm=b"\xff", pid=10, tid=10)
    said = decode.event(raw, time_ns=TIME_NS, who=WHO | {"comm": b"\xff"}, user=None, cgroup=None)
    assert (said.comm, said.arguments["comm"], said.incomplete, said.syscall) == ("\\xff", "\\xff", ("comm:escaped",), None)


def test_the_monitors_own_have_null_for_what_they_lack() -> None:
    raw = Raw(BY_NAME["monitor.dropped"].id, NO_SYSCALL, Flag.NO_RESULT, 0, -1, (0,) * 6, orjson.dumps({"count": 5}))
    said = to_dict(decode.event(raw, time_ns=TIME_NS, who=None, user=None, cgroup=None))
    filled = {"timestamp": TIME_NS // 1000, "event_type": "monitor.dropped", "family": "monitor", "arguments": {"count": 5}}
    assert said == dict.fromkeys(FIELDS) | filled


def test_a_number_that_names_no_type_is_shown_as_such() -> None:
    raw = Raw(200, NO_SYSCALL, 0, 0, -1, (0,) * 6)
    assert decode.event(raw, time_ns=0, who=WHO, user=None, cgroup=None).event_type == "unknown.200"
