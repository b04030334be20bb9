"""The hard cases, each in a process all of whose events are known from its birth to its end.

`workload` runs them all in one recording; see workload/workload.h for how it knows what is true.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.bpf.compare import Line, compare, lies

pytestmark = pytest.mark.bpf
SOURCES = Path(__file__).parent / "workload"
CASES = [name for source in sorted(SOURCES.glob("cases_*.c")) for name in re.findall(r"^CASE\((\w+)\)", source.read_text(), re.MULTILINE)]


@dataclass(frozen=True)
class Run:
    """One recording of all cases."""

    listed: list[str]
    truth: dict[str, list[Line]]  # by case
    broken: dict[str, list[str]]  # cases that did not go as they were meant to go
    recorded: list[Line]


def compiled(place: Path) -> tuple[Path, Path]:
    """(the workload, the program that its cases execute)."""
    program, helper = place / "workload", place / "helper"
    sources = [SOURCES / "main.c", SOURCES / "log.c", SOURCES / "names.c", SOURCES / "calls.c", SOURCES / "sockets.c", *sorted(SOURCES.glob("cases_*.c"))]
    subprocess.run(["gcc", "-O1", "-Wall", "-fmax-errors=3", "-o", program, *sources], check=True)
    subprocess.run(["gcc", "-O1", "-static", "-nostdlib", "-o", helper, SOURCES / "helper.c"], check=True)
    narrow = ["-m32", "-ffreestanding", "-fno-pie", "-no-pie", "-fno-stack-protector"]  # where it is not made, its case says so
    subprocess.run(["gcc", *narrow, "-O1", "-static", "-nostdlib", "-o", place / "helper32", SOURCES / "helper32.c"], check=False)
    return program, helper


def recording(place: Path, *options: str, made: tuple[Path, Path] | None = None, cases: Sequence[str] = CASES, patience: float = 120) -> Run:
    """Cases, recorded once, with files in `place`. `made`: the programs, where they are compiled already."""
    program, helper = made or compiled(place)
    work, log, out = place / "w", place / "truth.jsonl", place / "out.jsonl"
    work.mkdir()
    listed = subprocess.run([program, "--list"], check=True, capture_output=True, text=True).stdout.split()
    words: list[Any] = [sys.executable, "-m", "kellect_tui", "record", "-o", out, *options, "--", program, work, log, helper, *cases]
    done = subprocess.run(words, capture_output=True, text=True, timeout=patience, check=False)
    assert done.returncode == 0, done.stderr
    truth, broken = defaultdict(list), defaultdict(list)
    for line in map(json.loads, log.read_text().splitlines()):
        if "broken" in line:
            broken[line["case"]].append(line["broken"])
        else:
            truth[line["case"]].append(line)
    return Run(listed, dict(truth), dict(broken), [json.loads(line) for line in out.read_text().splitlines()])


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return recording(tmp_path_factory.mktemp("workload").resolve())


def test_every_case_is_run(run: Run) -> None:
    assert sorted(run.listed) == sorted(CASES)
    assert set(run.truth) == set(CASES)


@pytest.mark.parametrize("case", CASES)
def test_case(run: Run, case: str) -> None:
    assert run.broken.get(case, []) == []
    wrong = compare(run.truth[case], run.recorded)
    assert not wrong, "\n".join(wrong)


def test_calls_of_other_abis_are_counted_by_their_own_numbers(run: Run) -> None:
    """What is past a table's end, and what succeeds as an event of its own (execve), is not in it. Others on this machine may make more of the same."""
    helper32 = 4 if any(line["abi"] for line in run.truth["programs_of_32_bits"]) else 0  # each run of it closes once
    rings = {"NOP": 3} if any(line["event_type"] == "process.mmap" for line in run.truth["by_io_uring"]) else {}
    made = {"i386": {"close": 7 + helper32, "unlink": 1, "rename": 1}, "x32": {"3": 1, "87": 1}, "io_uring": rings}
    counted = run.recorded[-1]["arguments"]["not_decoded"]
    assert counted["i386"].keys() <= made["i386"].keys()
    assert counted["x32"].keys() == made["x32"].keys()
    assert all(counted[abi][call] >= count for abi, calls in made.items() for call, count in calls.items())


def test_vfork_returns_inside_its_childs_exec_or_after_it(run: Run) -> None:
    """The parent goes on when the child has given its memory back, which execve does before the new program stands (kernel: exec_mmap)."""
    execs = {line["pid"]: line for line in run.recorded if line["event_type"] == "process.exec" and line["result"] == 0}
    vforks = [line for line in run.recorded if line["syscall"] == "vfork"]
    children = [line["result"] for line in run.truth["vforks"] if line["syscall"] == "vfork"]
    assert [line["result"] for line in vforks] == children
    assert len(children) == 3
    for line in vforks:
        called = execs[line["result"]]
        assert called["timestamp"] - called["duration_ns"] // 1000 - 1 <= line["timestamp"]
        assert line["timestamp"] - line["duration_ns"] // 1000 <= called["timestamp"]


def test_what_is_left_of_a_recording_with_losses_is_true(tmp_path: Path) -> None:
    run = recording(tmp_path.resolve(), "--ring-size", "64k")
    expected = [line for lines in run.truth.values() for line in lines]
    stop = run.recorded[-1]["arguments"]
    assert stop["lost"] > 0, "the ring held everything: the test proves nothing"
    assert lies(expected, run.recorded) == []
    pids = {line["pid"] for line in expected}
    assert len(expected) - sum(line["pid"] in pids for line in run.recorded) <= stop["lost"]
