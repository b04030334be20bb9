"""One command under strace and under the monitor at once."""

from __future__ import annotations

import json
import os
import pwd
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.bpf.recording import PROGRAM
from tests.oracle import strace
from tests.oracle.compare import Classes, Line, Outcome, compare
from tests.oracle.expect import CALLS, Expected, ask_for_files, expected
from tests.oracle.names import Names
from tests.oracle.world import ALSO_READ, World

READ = frozenset((*CALLS, *ALSO_READ))
UNSET = 0xFFFFFFFF


def both(words: Sequence[str], cwd: Path, place: Path, timeout: float = 300) -> tuple[list[Expected], list[Line]]:
    """(what strace makes expect, what the monitor recorded) of the command, from its own exec on.

    Args:
        words: The command.
        cwd: Where it runs.
        place: An empty directory for the records.

    Raises:
        AssertionError: The recorder failed or lost events.
    """
    trace, session, out = place / "strace", place / "events.kellect", place / "events.jsonl"
    names = Names(cwd)
    _run([*PROGRAM, "record", "-o", session, "--", *strace.command(trace, words)], cwd, timeout)
    # strace's own calls are a hundred times the command's. Its child, which becomes the command, bears its name until then.
    _run([*PROGRAM, "export", session, "-o", out, "--filter", "comm != strace"], cwd, timeout)
    events = [json.loads(line) for line in out.read_text().splitlines()]
    assert events[-1]["event_type"] == "monitor.stop"
    assert events[-1]["arguments"]["lost"] == 0
    run = strace.read(trace, READ)
    root = first_of(run)
    wanted = all_expected(run, root, cwd, names)
    _same_for_all(wanted)
    return wanted, of_traced(events, set(run), root)


def first_of(run: strace.Run) -> int:
    """The thread that execs the command. Its number need not be the smallest: they begin anew."""
    return min(run, key=lambda tid: run[tid][0].told)


def all_expected(run: strace.Run, root: int, cwd: Path, names: Names) -> list[Expected]:
    """The events of a run. `names` is what there was before it.

    It is gone through twice: what a file is now, says what it was only if nothing will have changed it in the end.
    """
    first = names.copy()
    for _step in World(first).steps(run, root, os.fsencode(cwd)):
        pass
    names.changed = first.changed
    wanted = [one for step in World(names).steps(run, root, os.fsencode(cwd)) for one in expected(step)]
    ask_for_files(wanted, names)
    return wanted


def _run(words: Sequence[str | Path], cwd: Path, timeout: float) -> None:
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(words, cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, timeout=timeout, check=False, env=environment)
    assert "events" in done.stderr.splitlines()[-1], done.stderr[-2000:]


def _same_for_all(wanted: list[Expected]) -> None:
    """What a run does not change: control group, login uid; and the users' names."""
    group = next((line[3:] for line in Path("/proc/self/cgroup").read_text().splitlines() if line.startswith("0::")), None)
    login = int(Path("/proc/self/loginuid").read_text()) if Path("/proc/self/loginuid").exists() else UNSET
    users = {user.pw_uid: user.pw_name for user in pwd.getpwall()}
    for one in wanted:
        one.common |= {"cgroup": group, "auid": None if login == UNSET else login}
        if "uid" in one.common:
            one.common["user"] = users.get(one.common["uid"])


def of_traced(events: list[Line], threads: set[int], root: int) -> list[Line]:
    """The events of the command's threads; what strace's child did before it became the command is no part of this."""
    found, begun = [], False
    for event in events:
        begun = begun or (event["tid"] == root and event["event_type"] == "process.exec" and event["result"] == 0)
        if event["tid"] in threads and (begun or event["tid"] != root):
            found.append(event)
    return found


def exactness(words: Sequence[str], cwd: Path, place: Path, classes: Classes) -> Outcome:
    """How far the two agree about a command."""
    return compare(*both(words, cwd, place), classes)
