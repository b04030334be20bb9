"""Everything that is known about one event, as lines: the detail, and what is copied."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kellect_tui.events.constants import errno_text
from kellect_tui.events.record import Event
from kellect_tui.session.history import program_at
from kellect_tui.session.process import Process
from kellect_tui.session.processes import Processes
from kellect_tui.tui.columns import Column
from kellect_tui.tui.describe_process import ancestry_line, command_line, quoted, runs_in
from kellect_tui.tui.quantities import Clock, duration
from kellect_tui.tui.safe_text import safe_text
from kellect_tui.tui.widgets.pane import Layout, Row, beside, labelled

TWO_BLOCKS = 90
"""Cells from which the common fields and the arguments stand beside each other."""
LEFT = 54
LABEL = 13


def _value(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return " ".join(quoted(item) for item in value)
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_value(item)}" for key, item in value.items())
    return safe_text(str(value))


def marks(event: Event, name: str) -> str:
    """`truncated` and the like, where the argument is marked so."""
    return ", ".join(mark.partition(":")[2] for mark in event.incomplete if mark.partition(":")[0] == name)


def _field(event: Event, label: str, value: str, width: int, style: str = "plain", *, name: str = "") -> list[Row]:
    mark = marks(event, name or label)
    return labelled(label, f"{value}  [{mark}]" if mark else value, LABEL, width, "warn" if mark else style, prose=label == "result")


def outcome(event: Event) -> tuple[str, str]:
    """The result in words, and its style."""
    if event.error is not None:
        meaning = errno_text(event.error)
        number = "" if event.result is None else f"{event.result} "
        return f"{number}{event.error}{f': {meaning}' if meaning else ''}", "failed" if event.failed else "warn"
    return ("null (no call)" if event.syscall is None and event.result is None else _value(event.result)), "plain"


def common_rows(event: Event, clock: Clock, width: int) -> list[Row]:
    """The fields that every event has."""
    result, style = outcome(event)
    took = "null" if event.duration_ns is None else f"{duration(event.duration_ns)}  ({event.duration_ns:,} ns)"
    rows: list[Row] = []
    for label, value, shade in (
        ("timestamp", f"{clock.full(event.time_ns)}", "plain"),
        ("syscall", _value(event.syscall) + (f" ({event.abi})" if event.abi else ""), "plain"),
        ("comm", _value(event.comm), "plain"),
        ("pid", f"{_value(event.pid)}  tid {_value(event.tid)} ({_value(event.process_type)})  ppid {_value(event.ppid)}", "plain"),
        ("uid", f"{_value(event.uid)} ({_value(event.user)})   gid {_value(event.gid)}", "plain"),
        ("ruid", f"{_value(event.ruid)}   auid {_value(event.auid)}", "plain"),
        ("cgroup", _value(event.cgroup), "plain"),
        *((("runs in", runs_in(event.cgroup), "plain"),) if event.cgroup is not None and runs_in(event.cgroup) else ()),
        ("result", result, style),
        ("duration", took, "plain"),
    ):
        rows += _field(event, label, value, width, shade)
    if event.incomplete:
        rows += labelled("incomplete", safe_text(", ".join(event.incomplete)), LABEL, width, "warn")
    return rows


def argument_rows(event: Event, width: int) -> list[Row]:
    """The arguments in the type's order."""
    rows: list[Row] = []
    for name, value in event.arguments.items():
        rows += _field(event, safe_text(name), _value(value), width, "dim" if value is None else "plain", name=name)
    return rows or [[("no arguments", "dim")]]


def process_of(event: Event, processes: Processes) -> Process | None:
    """The process that did it: the life of its pid at that time."""
    return None if event.pid is None else processes.by_pid(event.pid, event.time_ns)


def ancestry(event: Event, processes: Processes) -> str:
    """`systemd(1) › sshd(812) › bash(4100)`: who started it, each as it was called then; empty where nothing is known."""
    process = process_of(event, processes)
    return "" if process is None else ancestry_line(process, processes, event.time_ns)


def detail(event: Event, processes: Processes, clock: Clock, unread: str = "") -> Layout:
    """Lines of the detail for any width; `unread`: why nothing can be said of processes yet."""
    came = unread or ancestry(event, processes)
    process = None if unread else process_of(event, processes)
    argv = () if process is None else program_at(process, event.time_ns).argv

    def lay_out(width: int) -> list[Row]:
        rows: list[Row] = []
        if came:
            rows += labelled("ancestry", came, LABEL, width, "warn" if unread else "accent")
        if argv:
            rows += labelled("command", command_line(argv), LABEL, width, "dim")
        if width < TWO_BLOCKS:
            return [*common_rows(event, clock, width), *rows, [("arguments", "title")], *argument_rows(event, width)]
        return [*beside(common_rows(event, clock, LEFT - 2), argument_rows(event, width - LEFT), LEFT), *rows]

    return lay_out


def row_text(event: Event, columns: Sequence[Column], clock: Clock) -> str:
    """The row as it would be without any cut, cells apart by tabs, for the clipboard."""
    cells = (clock.text(event.time_ns) if column.text is None else column.text(event) for column in columns)
    return "\t".join(safe_text(cell) for cell in cells)
