"""What helps to write a filter."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kellect_tui.events.catalogue import ALL_TYPES
from kellect_tui.events.record import Event
from kellect_tui.session.filter import FILTER_HELP, Context, completions, parse, term_for
from kellect_tui.session.filter.completion import MOST
from kellect_tui.session.filter.fields import COMMON, SPELLINGS
from kellect_tui.session.processes import Counts, Processes, ProcessSeed

EVENT = Event(
    timestamp=1, event_type="file.rename", family="file", syscall="rename", comm="mv", pid=42, tid=43, ppid=1, process_type="thread", uid=0, gid=0, user=None,
    ruid=0, auid=None, cgroup="/", result=-2, error="ENOENT", duration_ns=5, incomplete=("oldname:truncated",), time_ns=1000,
    arguments={"olddirfd": "AT_FDCWD", "oldname": "a b", "oldpath": "/x/a b", "newdirfd": 3, "newname": None, "newpath": None, "flags": "RENAME_NOREPLACE"},
)  # fmt: skip


def seen() -> Context:
    processes = Processes()
    processes.seed(
        [ProcessSeed(pid=pid, ppid=0, start_ns=pid, comm=comm, uid=0) for pid, comm in ((10, b"nginx"), (11, b"nginx"), (12, b"a b"), (13, b"node"))]
    )
    processes.credit(processes.by_pid(13), Counts(events=5))  # type: ignore[arg-type]  # it was seeded
    return Context(processes)


def texts(text: str, cursor: int | None = None, context: Context | None = None) -> list[str]:
    return [completion.text for completion in completions(text, len(text) if cursor is None else cursor, context)]


def test_an_empty_line_offers_fields_and_words() -> None:
    offered = texts("")
    assert offered[:4] == ["failed", "event_type", "type", "family"]
    assert len(offered) == MOST


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("com", ["comm", "arg.comm", "ancestor.comm", "arg.child_comm", "arg.parent_comm", "arg.target_comm"]),
        ("dur", ["duration_ns", "duration"]),
        ("family = ne", ["network"]),
        ("family = network or fam", ["family", "arg.family"]),
        ("type = file.ren", ["file.rename"]),
        ("type = ren", ["file.rename"]),
        ("errno in (ENOENT, EACC", ["EACCES"]),
        ("errno not in (EACC", ["EACCES"]),
        ('family = "ne', ["network"]),
        ("comm ", ["=", "!=", "~", "!~", "contains", "in ("]),
        ("failed an", ["and", "ancestor.comm"]),
        ("abi = ", ["i386", "x32", "arm"]),
    ],
)
def test_offers(text: str, expected: list[str]) -> None:
    assert texts(text) == expected


def test_offers_what_was_seen_the_busiest_first() -> None:
    assert texts("comm = ", context=seen()) == ["node", '"a b"', "nginx"]
    assert texts("comm = n", context=seen()) == ["node", "nginx"]
    assert texts("tree = 1", context=seen()) == ["13", "10", "11", "12"]


def test_replaces_the_word_at_the_cursor() -> None:
    (completion,) = completions("errno = EACC and failed", 12)
    assert (completion.text, completion.start, completion.end, completion.help) == ("EACCES", 8, 12, "Permission denied")


@given(st.text(alphabet=st.sampled_from(list("acem =!<>~()\"', .")), max_size=20), st.integers(0, 20))
def test_never_fails_and_stays_within_the_text(text: str, cursor: int) -> None:
    for completion in completions(text, min(cursor, len(text)), seen()):
        assert 0 <= completion.start <= min(cursor, len(text)) <= completion.end <= len(text)


@pytest.mark.parametrize(
    ("field", "term"),
    [
        ("comm", "comm = mv"),
        ("type", "event_type = file.rename"),
        ("error", "error = ENOENT"),
        ("path", 'path = "/x/a b"'),
        ("arg.newdirfd", "arg.newdirfd = 3"),
        ("oldname", 'arg.oldname = "a b"'),
        ("incomplete", "incomplete = oldname:truncated"),
        ("tree", "tree = 42"),
        ("user", None),
        ("arg.newname", None),
        ("arg.port", None),
        ("nonsense", None),
    ],
)
def test_a_term_from_an_event(field: str, term: str | None) -> None:
    assert term_for(EVENT, field) == term


@pytest.mark.parametrize("field", sorted(set(SPELLINGS) - {"tree"}))
def test_a_term_from_an_event_lets_it_through(field: str) -> None:
    term = term_for(EVENT, field)
    if term is not None:
        assert parse(term).matches(EVENT)


@given(st.text())
def test_whatever_a_program_calls_itself_its_term_means_it_alone(comm: str) -> None:
    named = replace(EVENT, comm=comm)
    term = term_for(named, "comm")
    assert term is not None
    assert term.isprintable()
    assert parse(term).matches(named)
    assert not parse(term).matches(replace(EVENT, comm=comm + "x"))


def test_every_example_of_the_help_is_a_filter() -> None:
    context = Context(Processes())
    assert [row.example for row in FILTER_HELP if row.example and not str(parse(row.example, context))] == []
    assert {row.section for row in FILTER_HELP} == {"Words", "Operators", "Joining", "Values", "Fields", "In the tree"}
    assert {field.name for field in COMMON if not field.example} == set()


def test_every_argument_is_a_field() -> None:
    assert {f"arg.{argument.name}" for row in ALL_TYPES for argument in row.arguments} <= set(SPELLINGS)
