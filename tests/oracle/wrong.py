"""Events made wrong on purpose: a comparison that lets one of them through compares nothing."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from tests.oracle.compare import Line
from tests.oracle.expect import Expected


def altered(value: Any) -> Any:
    """Another value of the same kind."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + (1 << 62)
    if isinstance(value, str):
        return f"x{value}"
    if isinstance(value, list):
        return [*value, value[-1] if value else 0]
    return 0


def one_field_wrong(expected: Expected, event: Line) -> Iterator[tuple[str, Line]]:
    """(which field, the event with it wrong) for each field that strace knows."""
    for name in (*expected.common, "family"):
        yield name, {**deepcopy(event), name: altered(event[name])}
    for name in expected.arguments:
        wrong = deepcopy(event)
        wrong["arguments"][name] = altered(event["arguments"][name])
        yield f"arg.{name}", wrong
        if event["arguments"][name] is not None:
            wrong = deepcopy(event)
            wrong["arguments"][name] = None
            yield f"arg.{name}", wrong
    yield "timestamp", {**event, "timestamp": event["timestamp"] + 60_000_000}
    yield "timestamp", {**event, "timestamp": event["timestamp"] - 60_000_000}
    if expected.syscall is not None and expected.took is not None:
        yield "duration_ns", {**event, "duration_ns": None}
        yield "duration_ns", {**event, "duration_ns": event["duration_ns"] + 60_000_000_000}
    yield "abi", {**event, "abi": "arm"}
    marked = next(iter(expected.arguments), None)
    if marked is not None:
        yield "incomplete", {**event, "incomplete": [*event.get("incomplete", ()), f"{marked}:truncated"]}
