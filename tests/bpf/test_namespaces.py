"""The monitor in name spaces of its own: events bear the numbers and the clock of the initial ones, and so must what it says of itself."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path

import pytest

from kellect_tui.session.file import open_session
from tests.bpf.recording import PROGRAM

pytestmark = pytest.mark.bpf
IN_PIDS = ("unshare", "--pid", "--fork", "--mount-proc")
IN_TIME = ("unshare", "--time", "--boottime", "100000")


def recorded(space: tuple[str, ...], *words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*space, *PROGRAM, "record", *words], capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize("chosen", [("--", "true"), ("-p", "1"), ("--descendants-of", "1")])
def test_processes_cannot_be_chosen_by_numbers_that_events_do_not_have(tmp_path: Path, chosen: tuple[str, ...]) -> None:
    done = recorded(IN_PIDS, "-o", tmp_path / "o.jsonl", *chosen)
    assert done.returncode == 1
    assert "in a pid namespace of its own the monitor cannot choose processes" in done.stderr
    assert "--pid=host" in done.stderr


def test_the_process_that_is_left_out_is_the_monitor_and_no_other(tmp_path: Path) -> None:
    out = tmp_path / "o.jsonl"
    done = recorded(IN_PIDS, "-o", out, "--all", "--", "cat", "/etc/hostname")
    assert done.returncode == 0, done.stderr
    events = [json.loads(line) for line in out.read_text().splitlines()]
    (own,) = events[0]["arguments"]["left_out"]
    command = next(line for line in events if line["comm"] == "cat")
    assert command["ppid"] == own
    assert not [line for line in events if line["pid"] == own]


def test_in_a_time_namespace_the_time_is_the_right_one(tmp_path: Path) -> None:
    out = tmp_path / "o.kellect"
    before = time.time_ns()
    done = recorded(IN_TIME, "-o", out, "--", "sh", "-c", "cat /etc/hostname & wait")
    after = time.time_ns()
    assert done.returncode == 0, done.stderr
    session = open_session(out)
    view = session.view()
    view.advance()
    times = [event.time_ns for event in view.rows(0, len(view))]
    assert before < times[0] <= times[-1] < after
    assert times == sorted(times)
    init = session.processes.by_pid(1)  # from /proc, whose starts are by the same clock
    assert init is not None
    assert init.started_ns is not None
    assert before - time.clock_gettime_ns(time.CLOCK_BOOTTIME) <= init.started_ns <= before
