"""Every call of the catalogue, really made by a C program that writes down what it did, against what was recorded."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kellect_tui.events.catalogue import TYPES, calls

pytestmark = pytest.mark.bpf

Line = dict[str, Any]
COMPARED = ("event_type", "syscall", "pid", "tid", "ppid", "uid", "gid", "result", "error", "incomplete", "arguments")
BEGIN, END = "/kellect-begin", "/kellect-end"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[list[Line], list[Line]]]:
    """(what the program wrote down, what was recorded), of one run."""
    place = tmp_path_factory.mktemp("calls").resolve()
    program, work, log, out = place / "calls", place / "w", place / "log.jsonl", place / "out.jsonl"
    work.mkdir()
    subprocess.run(["gcc", "-O1", "-o", program, Path(__file__).parent / "calls.c"], check=True)
    done = subprocess.run([sys.executable, "-m", "kellect_tui", "record", "-o", out, "--", program, work, log], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    yield [of_one_call(json.loads(line)) for line in log.read_text().splitlines()], [json.loads(line) for line in out.read_text().splitlines()]
    shutil.rmtree(work)


def of_one_call(line: Line) -> Line:
    """What was written down, with the arguments that only a run of calls has."""
    if line.get("event_type") in ("file.read", "file.write"):
        line["arguments"] |= dict.fromkeys(("calls", "bytes", "total_ns", "span_ns"))
    return line


def by_task(expected: list[Line]) -> tuple[dict[int, list[Line]], set[int]]:
    """Expected events by thread, and the processes of which only these are compared (they execute a program)."""
    tasks: dict[int, list[Line]] = defaultdict(list)
    loose = {line["loose"] for line in expected if "loose" in line}
    for line in expected:
        if "loose" not in line:
            tasks[line["tid"]].append(line)
    return tasks, loose


def recorded_between_markers(recorded: list[Line]) -> list[Line]:
    """The events from the first marker to the last."""
    places = [index for index, line in enumerate(recorded) if line["arguments"].get("filename") in (BEGIN, END)]
    assert len(places) == 2
    return recorded[places[0] + 1 : places[1]]


def matches(wanted: Any, got: Any) -> bool:
    """Equal, where `{"any": true}` equals everything."""
    if wanted == {"any": True}:
        return True
    if isinstance(wanted, dict) and isinstance(got, dict):
        return list(wanted) == list(got) and all(matches(wanted[name], got[name]) for name in wanted)
    return bool(wanted == got and type(wanted) is type(got))


def shown(line: Line) -> Line:
    """The fields that are compared."""
    return {name: line.get(name, []) for name in COMPARED}


def test_every_event_of_every_task_is_recorded_as_it_was(run: tuple[list[Line], list[Line]]) -> None:
    expected, recorded = run
    tasks, loose = by_task(expected)
    events = recorded_between_markers(recorded)
    wrong: list[str] = []
    for tid, wanted in tasks.items():
        got = [shown(line) for line in events if line["tid"] == tid]
        if tid in loose:
            got = [line for line in got if line["event_type"] == "process.exec"]
        for index, line in enumerate(wanted):
            if index >= len(got) or not matches(shown(line), got[index]):
                there = json.dumps(got[index]) if index < len(got) else "nothing"
                wrong.append(f"task {tid}, event {index}:\n  made     {json.dumps(shown(line))}\n  recorded {there}")
                break
        else:
            wrong += [f"task {tid}: recorded, never made: {json.dumps(line)}" for line in got[len(wanted) :]]
    assert not wrong, "\n".join(wrong)


def test_every_type_and_every_call_of_the_catalogue_was_made(run: tuple[list[Line], list[Line]]) -> None:
    expected, _recorded = run
    made = {(line["event_type"], line["syscall"]) for line in expected if "loose" not in line}
    wanted = {(row.name, call.name) for row, call in calls()} | {(row.name, None) for row in TYPES if not row.calls}
    assert wanted - made == set()


def test_nothing_was_lost_and_the_counts_agree(run: tuple[list[Line], list[Line]]) -> None:
    _expected, recorded = run
    stop = recorded[-1]
    assert stop["event_type"] == "monitor.stop"
    assert stop["arguments"]["lost"] == 0
    assert stop["arguments"]["captured"] == sum(line["family"] != "monitor" for line in recorded)
    assert stop["arguments"]["incomplete"] == sum("incomplete" in line for line in recorded)


def test_the_first_event_is_the_commands_own_exec_and_the_last_its_exit(run: tuple[list[Line], list[Line]]) -> None:
    _expected, recorded = run
    assert recorded[0]["event_type"] == "monitor.start"
    assert recorded[1]["event_type"] == "process.exec"
    assert recorded[1]["pid"] == recorded[-2]["pid"]
    assert recorded[-2]["event_type"] == "process.exit"
