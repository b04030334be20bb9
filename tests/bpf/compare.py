"""Compares what a program wrote down with what was recorded, call by call within each thread.

An expected event has the fields of `COMPARED`, the marks that must be there (`incomplete`) and those that may be there
(`may`). In its arguments `{"any": true}` stands for what nobody outside the kernel can know.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from kellect_tui.events.catalogue import BY_NAME

Line = dict[str, Any]
COMPARED = ("event_type", "syscall", "comm", "pid", "tid", "ppid", "uid", "gid", "ruid", "result", "error")
SYMBOLS = frozenset(("flags", "clone_flags", "prot", "type"))
"""Arguments whose symbols may stand in any order."""


def same(name: str, wanted: Any, got: Any) -> bool:
    """Whether an argument is as expected: equal, and of the same JSON type."""
    if wanted == {"any": True}:
        return True
    if name in SYMBOLS and isinstance(wanted, str) and isinstance(got, str):
        return sorted(wanted.split("|")) == sorted(got.split("|"))
    return type(wanted) is type(got) and bool(wanted == got)


def differences(wanted: Line, got: Line) -> Iterator[str]:
    """What is wrong with a recorded event, a line for each field."""
    for name in COMPARED:
        if wanted[name] != got[name]:
            yield f"{name}: made {wanted[name]!r}, recorded {got[name]!r}"
    row = BY_NAME[wanted["event_type"]]
    if [argument.name for argument in row.arguments] != list(got["arguments"]):
        yield f"arguments are not the row's: {list(got['arguments'])}"
    for name, value in wanted["arguments"].items():
        if not same(name, value, got["arguments"].get(name)):
            yield f"{name}: made {value!r}, recorded {got['arguments'].get(name)!r}"
    marks, required = set(got.get("incomplete", ())), set(wanted["incomplete"])
    if not required <= marks <= required | set(wanted["may"]):
        yield f"incomplete: made {sorted(required)}, recorded {sorted(marks)}"
    if (got["duration_ns"] is None) is not (wanted["syscall"] is None or wanted.get("no_duration", False)):
        yield f"duration_ns: {got['duration_ns']!r}"
    if got.get("abi") != wanted.get("abi"):
        yield f"abi: made {wanted.get('abi')!r}, recorded {got.get('abi')!r}"
    if got["process_type"] != ("process" if got["pid"] == got["tid"] else "thread"):
        yield f"process_type: {got['process_type']!r}"


def by_thread(lines: Iterable[Line]) -> dict[int, list[Line]]:
    """Events of each tid, in their order."""
    threads: dict[int, list[Line]] = defaultdict(list)
    for line in lines:
        threads[line["tid"]].append(line)
    return threads


def compare(expected: Iterable[Line], recorded: Iterable[Line]) -> list[str]:
    """Every expected event exactly once, in order, and no other of these processes; what is wrong, one text an event."""
    wanted_by, wrong = by_thread(expected), []
    pids = {line["pid"] for lines in wanted_by.values() for line in lines}
    got_by = by_thread(line for line in recorded if line["pid"] in pids)
    for tid in wanted_by.keys() | got_by.keys():
        wanted, got = wanted_by.get(tid, []), got_by.get(tid, [])
        for index in range(max(len(wanted), len(got))):
            if index >= len(got):
                wrong.append(f"thread {tid}: never recorded: {json.dumps(wanted[index])}")
            elif index >= len(wanted):
                wrong.append(f"thread {tid}: never made: {json.dumps(got[index])}")
            elif (wanted[index]["event_type"], wanted[index]["syscall"]) != (got[index]["event_type"], got[index]["syscall"]):
                wrong.append(f"thread {tid}, event {index}:\n  made     {json.dumps(wanted[index])}\n  recorded {json.dumps(got[index])}")
                break  # one missing or one too many: all that follow would differ
            elif found := list(differences(wanted[index], got[index])):
                wrong.append(f"thread {tid}, event {index}, {wanted[index]['event_type']} {wanted[index]['syscall']}: " + "; ".join(found))
    return wrong


def honest(wanted: Line, got: Line) -> bool:
    """Whether a recorded event is this one, where what it says it could not read may be missing."""
    marked = {name: kind for name, _, kind in (mark.partition(":") for mark in got.get("incomplete", ()))}
    known = dict(wanted["arguments"])
    for name, kind in marked.items():
        if kind == "unreadable" and got["arguments"].get(name, 0) is None:
            known[name] = None
    shown = {**wanted, "arguments": known, "incomplete": [], "may": list(got.get("incomplete", ()))}
    return not any(differences(shown, got))


def lies(expected: Iterable[Line], recorded: Iterable[Line]) -> list[Line]:
    """Recorded events of these processes that never happened so, or not in this order; events may be missing."""
    wanted_by = by_thread(expected)
    pids = {line["pid"] for lines in wanted_by.values() for line in lines}
    found: list[Line] = []
    places: dict[int, int] = defaultdict(int)
    for got in recorded:
        if got["pid"] not in pids:
            continue
        wanted = wanted_by.get(got["tid"], [])
        place = next((index for index in range(places[got["tid"]], len(wanted)) if honest(wanted[index], got)), None)
        if place is None:
            found.append(got)
        else:
            places[got["tid"]] = place + 1
    return found
