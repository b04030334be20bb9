"""Puts the monitor's events beside what strace says, thread by thread, in order."""

from __future__ import annotations

import difflib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from tests.oracle.expect import CLOCK_SLACK, NS, Expected
from tests.oracle.strace import Call
from tests.oracle.text import Between, Flags, Prefix

Line = dict[str, Any]


@dataclass(slots=True)
class Difference:
    """One call about which the two do not say the same.

    Attributes:
        fields: name → (strace's, the monitor's); empty where one of them has no such call.
    """

    expected: Expected | None
    event: Line | None
    fields: dict[str, tuple[Any, Any]] = field(default_factory=dict)

    def __str__(self) -> str:
        if self.event is None:
            assert self.expected is not None
            return f"only strace: {self.expected.kind} {self.expected.record}"
        if self.expected is None:
            return f"only the monitor: {self.event}"
        told = "\n".join(f"    {name}: strace {theirs!r}, monitor {ours!r}" for name, (theirs, ours) in self.fields.items())
        return f"{self.event['event_type']} {self.event['syscall']} of {self.event['tid']}\n{told}\n    {self.expected.record}"


Classes = Mapping[str, Callable[[Difference], bool]]


@dataclass(slots=True)
class Outcome:
    """What came out: calls compared and agreeing by event type, arguments compared, the differences, those of a known class by class."""

    compared: Counter[str] = field(default_factory=Counter)
    agreeing: Counter[str] = field(default_factory=Counter)
    arguments: Counter[tuple[str, str]] = field(default_factory=Counter)
    differences: list[Difference] = field(default_factory=list)
    known: defaultdict[str, list[Difference]] = field(default_factory=lambda: defaultdict(list))

    def __add__(self, other: Outcome) -> Outcome:
        known = defaultdict(list, {name: [*self.known[name], *other.known[name]] for name in {*self.known, *other.known}})
        counts = (self.compared + other.compared, self.agreeing + other.agreeing, self.arguments + other.arguments)
        return Outcome(*counts, [*self.differences, *other.differences], known)


def same(theirs: Any, ours: Any) -> bool:
    """Whether the monitor's value is what strace's means."""
    if isinstance(theirs, Flags):
        return isinstance(ours, str) and Flags.read(ours) == theirs
    if isinstance(theirs, Prefix):
        return isinstance(ours, str) and ours.startswith(theirs.text)
    if isinstance(theirs, Between):
        return type(ours) is int and theirs.low <= ours <= theirs.high
    return type(theirs) is type(ours) and bool(theirs == ours)


def fields_that_differ(expected: Expected, event: Line) -> dict[str, tuple[Any, Any]]:
    """name → (strace's, the monitor's) of everything strace knows."""
    family = expected.kind.partition(".")[0]
    checks = {name: (value, event[name]) for name, value in (expected.common | {"event_type": expected.kind, "family": family}).items()}
    checks |= {f"arg.{name}": (value, event["arguments"].get(name, "no such argument")) for name, value in expected.arguments.items()}
    wrong = {name: pair for name, pair in checks.items() if not same(*pair)}
    told = {*expected.arguments, *expected.common}
    marks = {mark for mark in event.get("incomplete", ()) if mark.partition(":")[0] in told}
    if marks != expected.marks:
        wrong["incomplete"] = (sorted(expected.marks), sorted(marks))
    abi = expected.record.abi if isinstance(expected.record, Call) else ""
    if event.get("abi", "") != abi:
        wrong["abi"] = (abi, event.get("abi", ""))
    return wrong | _times_that_differ(expected, event)


def _times_that_differ(expected: Expected, event: Line) -> dict[str, tuple[Any, Any]]:
    wrong: dict[str, tuple[Any, Any]] = {}
    ended = Decimal(event["timestamp"]) / 1_000_000
    if not expected.begun - CLOCK_SLACK <= ended <= (expected.until or ended) + CLOCK_SLACK:
        wrong["timestamp"] = (f"{expected.begun} to {expected.until}", ended)
    duration = event["duration_ns"]
    if expected.syscall is None:
        if duration is not None:
            wrong["duration_ns"] = (None, duration)
    elif expected.took is not None and not same(limits := Between(1, int(expected.took * NS)), duration):
        wrong["duration_ns"] = (limits, duration)
    return wrong


def pairs(expected: list[Expected], events: list[Line]) -> Iterator[tuple[Expected | None, Line | None]]:
    """The calls of one thread side by side; what only one of the two has stands alone."""
    theirs = [one.syscall or one.kind for one in expected]
    ours = [one["syscall"] or one["event_type"] for one in events]
    if theirs == ours:
        yield from zip(expected, events, strict=True)
        return
    for what, a, b, c, d in difflib.SequenceMatcher(None, theirs, ours, autojunk=False).get_opcodes():
        if what == "equal":
            yield from zip(expected[a:b], events[c:d], strict=True)
        else:
            yield from ((one, None) for one in expected[a:b])
            yield from ((None, one) for one in events[c:d])


def compare(expected: Iterable[Expected], events: Iterable[Line], classes: Classes) -> Outcome:
    """Every thread of a run.

    Args:
        classes: Known differences: name → whether a difference is one.
    """
    by_thread: dict[int, tuple[list[Expected], list[Line]]] = defaultdict(lambda: ([], []))
    for one in expected:
        by_thread[one.tid][0].append(one)
    for line in events:
        by_thread[line["tid"]][1].append(line)
    outcome = Outcome()
    for theirs, ours in by_thread.values():
        for wanted, event in pairs(theirs, ours):
            if event is None and wanted is not None and not wanted.returned:
                continue  # its thread was ended in it, before the kernel left it: no event by definition
            _count(outcome, wanted, event, classes)
    return outcome


def _count(outcome: Outcome, wanted: Expected | None, event: Line | None, classes: Classes) -> None:
    fields: dict[str, tuple[Any, Any]] = {}
    if wanted is not None and event is not None:
        fields = fields_that_differ(wanted, event)
        outcome.arguments.update((wanted.kind, name) for name in wanted.arguments)
    kind = wanted.kind if wanted is not None else event["event_type"] if event is not None else ""
    difference = Difference(wanted, event, fields)
    if wanted is not None and event is not None and wanted.returned and not fields:
        outcome.compared[kind] += 1
        outcome.agreeing[kind] += 1
    elif (known := next((name for name, test in classes.items() if test(difference)), None)) is not None:
        outcome.known[known].append(difference)
    else:
        outcome.compared[kind] += 1
        outcome.differences.append(difference)
