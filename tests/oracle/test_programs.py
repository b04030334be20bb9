"""The workload and four programs under strace and under the monitor at once. `make exactness` runs all of them."""

from __future__ import annotations

import subprocess
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from kellect_tui.events.catalogue import TYPES
from tests.oracle.classes import KNOWN
from tests.oracle.compare import Line, Outcome, compare, fields_that_differ, pairs
from tests.oracle.expect import Expected
from tests.oracle.programs import MANY, PROGRAMS, TRACERS, Program, all_but, workload
from tests.oracle.run import both
from tests.oracle.wrong import one_field_wrong

pytestmark = pytest.mark.bpf

HERE = {
    **{program.name: program for program in PROGRAMS if program.name in ("calls", "python3", "sh", "git", "make -j2")},
    "workload": workload("workload", all_but(*TRACERS, *MANY)),
}


@dataclass(frozen=True)
class Run:
    """One program's run: what strace makes expect, what was recorded, how they agree."""

    wanted: list[Expected]
    events: list[Line]
    outcome: Outcome


def run_of(program: Program, directory: Path) -> Run:
    place, records = directory / "place", directory / "records"
    place.mkdir()
    records.mkdir()
    wanted, events = both(program.ready(place), place, records)
    subprocess.run(["rm", "-rf", place], check=True)  # the workload makes trees too deep for pytest's own sweeping
    return Run(wanted, events, compare(wanted, events, KNOWN))


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    return {name: run_of(program, tmp_path_factory.mktemp("oracle").resolve()) for name, program in HERE.items()}


@pytest.mark.parametrize("name", HERE)
def test_the_two_agree_about_every_call(runs: dict[str, Run], name: str) -> None:
    outcome = runs[name].outcome
    assert outcome.differences == [], "\n".join(map(str, outcome.differences[:10]))
    assert outcome.agreeing == outcome.compared
    assert sum(outcome.compared.values()) > 200


def test_every_event_type_has_an_oracle_row(runs: dict[str, Run]) -> None:
    met = sum((run.outcome.agreeing for run in runs.values()), Counter[str]())
    assert [row.name for row in TYPES if not met[row.name]] == []


def test_every_argument_of_every_type_is_compared(runs: dict[str, Run]) -> None:
    compared = sum((run.outcome.arguments for run in runs.values()), Counter[tuple[str, str]]())
    assert [(row.name, argument.name) for row in TYPES for argument in row.arguments if not compared[row.name, argument.name]] == []


@pytest.mark.parametrize("name", HERE)
def test_a_process_ends_once_and_nothing_is_done_before_birth_or_after_the_end(runs: dict[str, Run], name: str) -> None:
    """Laws of the recording as a whole: strace does not know in which order threads that end together do so."""
    events = runs[name].events
    ended = Counter(event["pid"] for event in events if event["event_type"] == "process.exit" and event["arguments"]["group_dead"])
    assert ended == dict.fromkeys((event["pid"] for event in events), 1)
    born = {event["arguments"]["child_tid"]: place for place, event in enumerate(events) if event["event_type"] == "process.fork"}
    last = {event["tid"]: place for place, event in enumerate(events) if event["event_type"] == "process.exit"}
    assert [event for place, event in enumerate(events) if not born.get(event["tid"], -1) < place <= last.get(event["tid"], place)] == []


def test_a_wrong_field_of_any_type_is_seen(runs: dict[str, Run]) -> None:
    """Each field that strace knows, of an event of each type and call, made wrong."""
    tried: set[tuple[str, str | None]] = set()
    for run in runs.values():
        by_thread: dict[int, tuple[list[Expected], list[Line]]] = {}
        for one in run.wanted:
            by_thread.setdefault(one.tid, ([], []))[0].append(one)
        for line in run.events:
            by_thread.setdefault(line["tid"], ([], []))[1].append(line)
        for wanted, events in by_thread.values():
            for expected, event in pairs(wanted, events):
                if expected is None or event is None or not expected.returned or fields_that_differ(expected, event):
                    continue
                call = expected.kind, expected.syscall
                if call not in tried:
                    tried.add(call)
                    assert all(name in fields_that_differ(expected, wrong) for name, wrong in one_field_wrong(expected, event)), call
    assert {kind for kind, _call in tried} == {row.name for row in TYPES}
