"""What is kept of a call between its beginning and its end stays its own, though another task's number leads to the same place."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from kellect_tui.bpf import program as program_module
from kellect_tui.bpf import source as source_module
from kellect_tui.bpf.program import Program
from kellect_tui.bpf.source import LiveSource
from kellect_tui.events.catalogue import BY_NAME, EXEC
from kellect_tui.events.options import CaptureOptions
from kellect_tui.events.record import NO_SYSCALL
from kellect_tui.events.syscalls import native

pytestmark = pytest.mark.bpf
TWO_AT_ONCE = pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="two processes have to run at once")

EXECS = 2_000
CLOSES = 20_000
CHILD = """
import os, sys
file = os.open(sys.argv[1], os.O_RDONLY)
os.sched_setaffinity(0, {int(sys.stdin.readline())})
for _ in range(int(sys.argv[2])):
    os.close(os.dup(file))
"""


@TWO_AT_ONCE
def test_two_tasks_that_share_a_place_do_not_get_each_others_paths(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(program_module, "_flight_slots", lambda _pid_max: 2)
    monkeypatch.setattr(source_module, "Program", partial(Program, kept=None))
    files = {}
    with ExitStack() as stack:
        waiting = []
        for number in range(3):  # of three numbers two are both odd or both even: the same place
            (file := tmp_path.resolve() / f"file-{number}").touch()
            child = subprocess.Popen([sys.executable, "-c", CHILD, file, str(CLOSES)], stdin=subprocess.PIPE, text=True)
            waiting.append(stack.enter_context(child))
            files[child.pid] = os.fsencode(file)
        odd = [child.pid % 2 for child in waiting]
        one, other = next((i, j) for i, j in ((0, 1), (1, 2), (0, 2)) if odd[i] == odd[j])
        source = LiveSource(CaptureOptions(pids=tuple(files), events=frozenset({"file.close"}), ring_bytes=64 << 20))
        source.start()
        for number, cpu in zip((one, other), sorted(os.sched_getaffinity(0)), strict=False):
            if (go := waiting[number].stdin) is not None:
                go.write(f"{cpu}\n")
                go.flush()
        for number in (one, other):
            waiting[number].wait()
        batch = source.stop()
        for child in waiting:
            child.kill()
    assert batch is not None
    closes = batch.records[batch.records["event"] == BY_NAME["file.close"].id]
    said = [(int(pid), batch.paths.get(int(key))) for pid, key in zip(closes["pid"], closes["key0"], strict=True)]
    mine = [path == files[pid] for pid, path in said if path in files.values()]
    assert len(mine) > CLOSES
    assert mine.count(False) == 0


@TWO_AT_ONCE
def test_two_tasks_that_share_a_place_do_not_get_each_others_directory_of_an_exec(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(program_module, "_flight_slots", lambda _pid_max: 2)
    monkeypatch.setattr(source_module, "Program", partial(Program, kept=None))
    program = tmp_path.resolve() / "reexec"
    flags = ["-O1", "-static", "-nostdlib", "-fno-builtin", "-fno-stack-protector"]
    subprocess.run(["gcc", *flags, "-o", program, Path(__file__).parent / "reexec.c"], check=True)
    places = [os.open(tmp_path, os.O_RDONLY) for _number in range(3)]
    with ExitStack() as stack:
        for place in places:
            stack.callback(os.close, place)
        waiting = {}
        for place in places:  # of three numbers two are both odd or both even: the same place
            child = subprocess.Popen(["sh", "-c", 'read go; exec "$@"', "sh", program, str(place), str(EXECS)], stdin=subprocess.PIPE, pass_fds=places)
            waiting[stack.enter_context(child)] = place
        source = LiveSource(CaptureOptions(pids=tuple(child.pid for child in waiting), events=frozenset({"process.exec"}), ring_bytes=64 << 20))
        source.start()
        for child in waiting:
            if child.stdin is not None:
                child.stdin.write(b"go\n")
                child.stdin.close()
        for child in waiting:
            child.wait()
        batch = source.stop()
    assert batch is not None
    own = {child.pid: place for child, place in waiting.items()}
    execs = batch.records[(batch.records["event"] == EXEC) & np.isin(batch.records["pid"], list(own))]
    called = execs[execs["syscall"] == native()["execveat"]]
    assert set(execs["syscall"].tolist()) <= {native()["execve"], native()["execveat"], NO_SYSCALL}
    assert len(execs) == 3 * (EXECS + 1)
    assert len(called) > EXECS
    assert [int(place) for place in called["args"][:, 1]] == [own[int(pid)] for pid in called["pid"]]
