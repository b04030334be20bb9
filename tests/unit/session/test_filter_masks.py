"""A filter's mask says of each row what the filter says of the event in it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import timezone
from functools import lru_cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kellect_tui.events.catalogue import ALL_TYPES, EXIT, FAMILIES, MONITOR_START, RESULT, Kind, calls
from kellect_tui.events.record import NO_DURATION, NO_ID, STAT_INFO, Event, Flag, Mark, Section
from kellect_tui.session.chunk import Chunk, Row
from kellect_tui.session.filter import Context, Filter, argument_terms, parse, term_for
from kellect_tui.session.filter.fields import ARGUMENTS, COMMON, FIELDS, MIXED, NUMBER
from kellect_tui.session.filter.paths import Kept
from kellect_tui.session.filter.process_terms import Lives
from kellect_tui.session.filter.syntax import Regex, quote, write_value
from kellect_tui.session.session import Session
from tests.synthetic import AT_FDCWD, EPOCH_OFFSET_NS, HOSTILE, START_NS, Maker, inet, mixed, section, session_of, socket_info

PATHS = (*HOSTILE[:9], b"/etc/passwd", b"/etc", b"/srv/www (deleted)", b"/usr/lib/libETC.so", b"pipe:[123]", b"/etc/x\\y")
FILENAMES = (b"passwd", b"../etc/passwd", b"", b"./a//b/.", b"/etc/shadow", b"x\xff.so", b"/dev/fd/5/run", b"back\\slash", "é".encode())
NUMBERS = (0, 1, 3, 5, 4096, 0o644, AT_FDCWD, 2**32 - 1, 2**64 - 1, 0o2000101, 0x1000, 0x7FFF_1234_5000, 9)
CONTAINER, POD = "4c01db0b339c" + "0123456789abc" * 4, "8b3c1f2e-0a4d-4e57-9c1b-2f6d7a8e9b0c"
RESULTS = (0, 3, 512, -2, -13, -11, -512, -515, -516, 2**31)


def any_payload(chance: random.Random) -> bytes:
    """Some sections, right or wrong ones."""
    out = b""
    for _ in range(chance.randrange(4)):
        register = chance.choice((0, 0, 1, 1, 2, 3, 4, 7))
        marks = chance.choice((0, 0, 0, int(Mark.TRUNCATED), int(Mark.UNREADABLE)))
        data = {
            Section.STRING: chance.choice(FILENAMES),
            Section.SOCKADDR: chance.choice((inet("10.0.0.1", 443), b"\x01\0/run/etc.sock\0", b"\x01\0\0abstract etc", b"\x10\0\xff\xfe")),
            Section.SOCKET: socket_info(),
            Section.STAT: bytes(STAT_INFO.itemsize),
            Section.INTS: bytes((3, 0, 0, 0, 4, 0, 0, 0)),
            Section.HOW: (0o101).to_bytes(8, "little") + (0o644).to_bytes(8, "little") + bytes(8),
            Section.ARGV: b"cat\0/etc/passwd\0--x=\xff\0",
            Section.VECTORS: (8192).to_bytes(8, "little"),
            Section.TEXT: b"/base/etc",
        }
        kind = chance.choice(list(data))
        out += section(kind, register, data[kind], marks)
    return out


def any_row(maker: Maker, chance: random.Random, event: int, syscall: str | None, registers: tuple[int, ...]) -> None:
    """A record that is possible of this type and call as far as its shape goes."""
    flags = chance.choice((0, 0, Flag.OBJECT, Flag.OBJECT, Flag.NO_OBJECT, Flag.OBJECT | Flag.SCRIPT, Flag.MORE, Flag.CREATED | Flag.OBJECT))
    flags |= chance.choice((0, 0, 0, 0, Flag.I386, Flag.NO_PAYLOAD))
    pid = chance.choice((10, 10, 11, 4121))
    args = [chance.choice(NUMBERS) if register in registers else 0 for register in range(6)]
    maker.add(
        event, syscall, args, any_payload(chance), pid=pid, tid=chance.choice((pid, pid, 77)), ppid=chance.choice((1, 10)),
        uid=chance.choice((0, 33, 1000, 5)),
        ruid=chance.choice((0, 1000)), auid=chance.choice((NO_ID, 1000)), cgroup=chance.choice((1, 77, 99, 88)),
        comm=chance.choice((b"nginx", b"cat", b"\xff\x1b[2J", b"etc")),
        duration=chance.choice((0, 1, 5_000_000, 10**10, NO_DURATION)), result=chance.choice(RESULTS), flags=int(flags),
        key0=chance.choice((0, 0xDEAD, *(maker.key(path) for path in PATHS))), key1=chance.choice((0, maker.key(b"/etc"), 0xDEAD)),
        inode=chance.choice((0, 7)), file_mode=chance.choice((0, 0o100644)), file_uid=chance.choice((0, 1000)),
    )  # fmt: skip


def no_call(maker: Maker, chance: random.Random) -> None:
    """The events that are no calls."""
    maker.fork(chance.choice((10, 500)), child_tid=chance.choice((None, 501)), comm=chance.choice((b"etc", b"sh")))
    maker.exit(status=chance.randrange(3), signal=chance.choice((0, 9)), group_dead=chance.random() < 0.5)
    maker.exec(chance.choice((b"/etc/init.d/x", b"/bin/sh")), (b"sh", b"-c", b"cat /etc/passwd"))
    maker.exec(b"/bin/sh", flags=int(Flag.OBJECT | Flag.SCRIPT))
    maker.lost(chance.randrange(1, 99), chance.choice(FAMILIES[:4]))


@lru_cache
def everything() -> Session:
    """A session with every type and call, several times, and a second chunk."""
    chance = random.Random(7)
    maker = Maker()
    maker.cgroups[88] = f"/kubepods.slice/kubepods-pod{POD.replace('-', '_')}.slice/cri-containerd-{CONTAINER}.scope".encode()
    for _ in range(8):
        for row, call in calls():
            registers = tuple(register for register in call.at.values() if register < RESULT)
            any_row(maker, chance, row.id, call.name, registers)
        no_call(maker, chance)
    return session_of(maker.batch(), mixed(300, maker=maker), finished=True, chunk_rows=1000)


@lru_cache
def chunks() -> tuple[tuple[Chunk, tuple[Event, ...]], ...]:
    return tuple((chunk, tuple(chunk.event_at(Row(row)) for row in range(chunk.count))) for chunk in everything().store.chunks)


def all_events() -> Iterator[Event]:
    for _, events in chunks():
        yield from events


def context() -> Context:
    """Of the session above."""
    return Context(everything().processes, EPOCH_OFFSET_NS + START_NS)


def check(expression: Filter) -> int:
    """Compare masks with events over the whole and over a part; how many rows pass."""
    passed = 0
    for chunk, events in chunks():
        expected = [expression.matches(event) for event in events]
        got = expression.mask(chunk, 0, chunk.count)
        wrong = [(events[row], expected[row]) for row in np.flatnonzero(got != np.array(expected)).tolist()[:3]]
        assert not wrong, f"{expression}: {wrong}"
        start = chunk.count // 3
        stop = min(start + 30, chunk.count)
        assert expression.mask(chunk, start, stop).tolist() == expected[start:stop]
        passed += sum(expected)
    return passed


def test_units_containers_and_pods_are_those_of_the_control_group() -> None:
    for text, cgroup in (("unit = nginx.service", 77), (f"container = {CONTAINER}", 88), ("container = 4c01db0b339c", 88), (f"pod = {POD}", 88)):
        expression = parse(f"family != monitor and {text}", context())
        for chunk, _ in chunks():
            expected = (chunk.whos["cgroup"][chunk.who[: chunk.count]] == cgroup) & (chunk.event[: chunk.count] < MONITOR_START)
            assert expression.mask(chunk, 0, chunk.count).tolist() == expected.tolist()
        assert check(expression) > 3


def test_the_session_has_every_type() -> None:
    seen = {event.event_type for event in all_events()}
    assert seen == {row.name for row in ALL_TYPES} - {"monitor.dropped"}
    assert len(chunks()) >= 2


def values_of(field: str) -> list[Any]:
    """Values of the field that occur, as text."""
    values: set[str] = set()
    for event in all_events():
        term = term_for(event, field)
        if term is not None:
            values.add(term.partition(" = ")[2])
    return sorted(values)


@pytest.mark.parametrize("field", [field.name for field in COMMON if field.name not in ("tree", "exe", "argv", "ancestor.comm")])
def test_each_value_of_a_common_field_finds_itself(field: str) -> None:
    values = values_of(field)
    assert values
    for value in values[:40]:
        assert check(parse(f"{field} = {value}", context())) >= 1
        check(parse(f"{field} != {value}", context()))


@pytest.mark.parametrize("field", [field.name for field in ARGUMENTS])
def test_each_value_of_an_argument_finds_itself(field: str) -> None:
    for value in values_of(field)[:12]:
        assert check(parse(f"{field} = {value}", context())) >= 1
        check(parse(f"not {field} != {value}", context()))


@pytest.mark.parametrize(
    "text",
    [
        "", "failed", "not failed", "incomplete", "incomplete = *:escaped", "etc", "ETC", "passwd", "443", "10", "openat", "file.op", "ENOENT", "nginx*",
        "www-data", "10.0.0", "10.0.0.1", "sock", "abstract", "xff", "\\xff", "s", "/", 'x\\\\', "*passwd", "run", "slash",
        "path contains etc", "path = /etc/*", "path ~ ^/etc", 'path ~ "(etc|srv)"', "path != /etc/passwd", "path !~ etc", r'path contains "\\"',
        "path ~ \\.so$",
        'path = "*\\x1b*"', "path in (/etc/passwd, /etc)", "path not in (/etc/passwd, /etc)", "path = *", "path contains deleted", "path ~ é",
        "fd = 3", "fd > 3", "fd < 0", "fd != 3", "fd not in (3, 5)", "fd >= 1.5", "count > 1k", "count = 18446744073709551615", "arg.len >= 4KiB",
        "offset < 0",
        "flags = O_CREAT", "flags != O_CREAT", "flags ~ CREAT", "mode = 644", "mode = 0644", "dirfd = AT_FDCWD", "dirfd = 3", "dirfd < 4", "thread = true",
        "arg.comm = etc", "arg.pid = 10", "arg.uid = -1", "arg.argv = cat", "arg.argv != cat", "addr = 0x1000", "addr = 10.0.0.1", "fildes = 3", "arg.pid ~ ^1",
        "pid = 10", "pid in (10, 11)", "pid not in (10, 11)", "tid != 10", "ppid < 10", "auid = 1000", "auid != 5", "uid <= 33", "user = root",
        "user != root", "user ~ ^w",
        "cgroup = /system.slice/*", "cgroup != /", "process_type = thread", "comm = *g*", "comm !~ ngi", "syscall = open*", "syscall != openat",
        "abi = i386", "abi != x32",
        "result >= 4k", "result < 0", "result != 0", "duration > 5ms", "duration <= 0", "duration != 1", "errno = 2", "errno in (ENOENT, EACCES)",
        "errno = ERESTARTSYS",
        "error != ENOENT", "time >= 2020-01-01", "time < 1700000001000000", "time >= 1700001000000.5", "type = file.*", "type != file.read",
        "family = network",
        "family in (user, monitor)", "type = monitor.lost and arg.count > 50", "arg.family = file and type = monitor.*",
        "arg.captured > 0 and family = monitor",
        "failed and path = /etc/* or not comm = nginx", "not (etc or failed) pid = 10", "comm = nginx and (arg.argv = cat or count > 3 or path ~ etc)",
        "arg.wall_seconds >= 0 and family = monitor", "arg.host = testhost and family = monitor", "arg.by_type = 3",
        "arg.left_out = 77 and type = monitor.start",
        "exe = /bin/sh", "exe != /bin/sh", "exe ~ etc", "exe = *", "argv = cat", "argv != sh", "argv contains passwd", 'argv = "sh -c cat /etc/passwd"',
        "ancestor.comm = nginx", "ancestor.comm != nginx", "ancestor.comm = *", "not ancestor.comm = nginx", "tree = 10", "tree != 10", "tree in (10, 11)",
        "unit = *.service", "unit != nginx.service", "container = 4c01db0b339c", "container != 4c01db0b339c", "container = *", "pod ~ ^8b3c", "not pod = *",
        "unit = *.scope and exe = *sh and failed",
    ],
)  # fmt: skip
def test_masks_agree_with_events(text: str) -> None:
    check(parse(text, context()))


@pytest.mark.parametrize(
    ("text", "types"),
    [
        ("arg.captured > 1000", {"monitor.stop"}), ("arg.captured > 1009", set()), ("arg.host = testhost", {"monitor.start"}),
        ("arg.host ~ ^test", {"monitor.start"}), ("arg.host != testhost", set()), ("arg.left_out = 77", {"monitor.start"}),
        ("arg.left_out = 0", {"monitor.stop"}),
        ("arg.wall_seconds = 0.001", {"monitor.stop"}), ("arg.wall_seconds != 0.001", set()),
        ("arg.cpu_seconds <= 0.25", {"monitor.stop"}),
        ("arg.cpu = 0", {"monitor.lost"}), ("arg.from > 0 and arg.to > 0", {"monitor.lost"}), ("arg.count > 0", {"monitor.lost"}),
    ],
)  # fmt: skip
def test_what_the_monitor_says_of_itself_is_found_by_its_arguments(text: str, types: set[str]) -> None:
    expression = parse(f"family = monitor and {text}", context())
    assert (check(expression) > 0) == bool(types)
    assert {event.event_type for event in all_events() if expression.matches(event)} == types


def test_a_digit_is_looked_for_within_a_mode() -> None:
    modes = [str(event.arguments["mode"]) for event in all_events() if event.arguments.get("mode") is not None]
    for digit in "0167":
        assert check(parse(f"family != monitor and arg.mode contains {digit}", context())) == sum(digit in mode for mode in modes)


def test_losses_are_told_apart_by_what_they_say_however_many_there_are() -> None:
    maker = Maker()
    for count in range(1, 101):
        maker.lost(count, FAMILIES[count % 4], cpu=count % 2)
    session = session_of(maker.batch())
    (chunk,) = session.store.chunks
    events = [chunk.event_at(Row(row)) for row in range(chunk.count)]
    for text, number in (("arg.count > 60", 40), ("arg.count <= 60 and arg.cpu = 1", 30), ("arg.family = file", 25), ("arg.family != file", 75)):
        expression = parse(f"type = monitor.lost and {text}")
        mask = expression.mask(chunk, 0, chunk.count)
        assert mask.tolist() == [expression.matches(event) for event in events]
        assert np.count_nonzero(mask) == number, text


@pytest.mark.parametrize(
    "text", ["path = /etc/*", "path != /etc/passwd", "path contains etc", "path ~ so$", "etc", "ETC", "arg.filename = passwd", 'path = "*\\x1b*"', "path = *"]
)
def test_masks_agree_where_the_texts_of_whole_chunks_are_composed(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(argument_terms, "MANY", 0)
    kept = Kept(1 << 30)
    monkeypatch.setattr(argument_terms, "KEPT", kept)
    expression = parse(text, context())
    check(expression)
    check(expression)
    assert kept.get(chunks()[0][0]) is not None


def test_texts_are_kept_up_to_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(argument_terms, "MANY", 0)
    kept = Kept(1)
    monkeypatch.setattr(argument_terms, "KEPT", kept)
    check(parse("path = *", context()))
    first, second, *_ = (chunk for chunk, _ in chunks())
    assert kept.get(first) is not None
    assert kept.get(second) is None


NUMBER_VALUES = st.sampled_from(["0", "3", "-1", "10", "4k", "0x1000", "18446744073709551615", "2.5", "5000000"])
TEXT_VALUES = st.sampled_from(["etc", "*etc*", "/etc/*", "?ginx", "nginx", "O_CREAT", "\\xff", "AT_FDCWD", "3", "passwd", "*", "10.0.0.1", "s"])


@st.composite
def expressions(draw: st.DrawFn) -> str:
    field = draw(st.sampled_from([field for field in FIELDS.values() if not field.choices and field.name not in ("tree", "error", "syscall", "timestamp")]))
    numeric = field.kind == NUMBER or (field.kind == MIXED and draw(st.booleans()))
    sign = draw(st.sampled_from(["=", "!=", "<", "<=", ">", ">="] if numeric else ["=", "!=", "contains", "~", "!~"]))
    value = draw(NUMBER_VALUES if numeric else TEXT_VALUES)
    if field.unit == "ns":
        value = value.removesuffix("k")  # a duration's units are those of time
    if sign in ("~", "!~"):
        value = value.replace("*", ".*").replace("?", ".").replace("\\", "\\\\")
        value = write_value(Regex(value))
    elif sign == "contains":
        value = quote(value.replace("*", "") or "e")
    return f"{field.name} {sign} {value}"


@settings(max_examples=60, deadline=None)
@given(st.lists(expressions(), min_size=1, max_size=3), st.sampled_from(["and", "or", "and not", "or not"]))
def test_masks_of_joined_terms_agree_with_events(parts: list[str], joint: str) -> None:
    check(parse(f" {joint} ".join(parts), context()))


def test_losses_pass_a_filter_that_is_not_about_types() -> None:
    nobody = parse("pid = 999")
    passed = {events[row].event_type for chunk, events in chunks() for row in np.flatnonzero(nobody.mask(chunk, 0, chunk.count)).tolist()}
    assert passed == {"monitor.start", "monitor.lost", "monitor.stop"}
    assert check(parse("type = file.read and pid = 999")) == 0


def test_a_filter_equals_what_it_writes() -> None:
    typed = parse("type=file.* errno in(EACCES,EPERM) || duration>5ms")
    assert str(typed) == "event_type = file.* and error in (EACCES, EPERM) or duration_ns > 5ms"
    assert parse(str(typed)) == typed
    assert typed.text == "type=file.* errno in(EACCES,EPERM) || duration>5ms"
    assert typed.fields == {"event_type", "error", "duration_ns"}


def test_a_time_of_day_in_another_zone_is_another_filter() -> None:
    def of(text: str, zone: timezone | None) -> Filter:
        return parse(text, Context(zone=zone))

    assert of("time > 12:00", timezone.utc) == of("timestamp > 12:00", timezone.utc) != of("time > 12:00", None)
    assert of("pid = 1", timezone.utc) == of("pid = 1", None)


@pytest.mark.parametrize("text", ["9" * 5000, f"errno = 2 or path = {'9' * 5000}", f"arg.argv = {'9' * 5000}"])
def test_more_digits_than_any_number_has_are_text(text: str) -> None:
    assert check(parse(f"family != monitor and ({text})", context())) == sum(event.error == "ENOENT" for event in all_events()) * ("errno" in text)


def test_a_tree_of_processes() -> None:
    maker = Maker()
    maker.fork(50, pid=10)
    start = maker.time_ns
    maker.fork(51, pid=50)
    maker.close(b"/a", pid=51)
    maker.close(b"/b", pid=10)
    maker.add(EXIT, None, (0, 120, 1, start), pid=51, flags=int(Flag.NO_RESULT), duration=NO_DURATION)
    maker.close(b"/c", pid=51)
    session = session_of(maker.batch())
    chunk = session.store.chunks[-1]
    expression = parse("tree = 50", Context(session.processes))
    events = [chunk.event_at(Row(row)) for row in range(chunk.count)]
    mask = expression.mask(chunk, 0, chunk.count)
    assert [expression.matches(event) for event in events] == mask.tolist()
    assert [(event.event_type, event.pid) for event, passes in zip(events, mask, strict=True) if passes and event.family != "monitor"] == [
        ("process.fork", 50), ("file.close", 51), ("process.exit", 51),
    ]  # fmt: skip


@given(st.lists(st.tuples(st.integers(1, 4), st.integers(0, 9), st.integers(0, 9)), max_size=6), st.lists(st.tuples(st.integers(0, 5), st.integers(0, 9))))
def test_lives_hold_what_lies_in_them(spans: list[tuple[int, int, int]], points: list[tuple[int, int]]) -> None:
    pids, times = (np.array(column, np.int64) for column in ([pid for pid, _ in points], [time for _, time in points]))
    expected = [any(pid == own and start <= time <= end for own, start, end in spans) for pid, time in points]
    assert Lives(spans).hold(pids, times).tolist() == expected


def test_every_kind_of_register_agrees() -> None:
    """Each number argument, compared with each number that the session was made of."""
    for field in ARGUMENTS:
        if field.kinds <= {Kind.FD, Kind.INT, Kind.LONG, Kind.SIZE, Kind.UINT, Kind.COUNT} and field.kinds:
            for value in (0, 3, -1, -100, 2**32 - 1, 2**64 - 1):
                check(parse(f"{field.name} = {value}"))
