"""The filter language over processes: what passes in the tree."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
import pytest

from kellect_tui.errors import BadFilter
from kellect_tui.session.filter import Context, completions
from kellect_tui.session.filter.completion import PROCESSES
from kellect_tui.session.filter.of_processes import PROCESS_FIELDS, parse_processes
from kellect_tui.session.process import Process
from kellect_tui.session.processes import Counts
from kellect_tui.session.proctree import Snapshot
from kellect_tui.session.session import Session
from tests.tui.family import CONTAINER, family


@lru_cache
def session() -> Session:
    made = family()
    made.processes.credit(made.processes.by_pid(812), Counts(events=3, failures=2, read=5000))  # type: ignore[arg-type]  # it is there
    return made


def passing(text: str) -> set[int]:
    known = session()
    snapshot = Snapshot(known.processes)
    mask = parse_processes(text, Context(known.processes, known.started_ns or 0, users=known.users)).mask(snapshot)
    return {process.pid for process, passes in zip(snapshot.processes, mask.tolist(), strict=True) if passes}


def everyone(predicate: Callable[[Process], bool]) -> set[int]:
    return {process.pid for process in session().processes.all() if predicate(process)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("comm = cc1", {4201}), ("comm = sh", {4201}), ("comm = make", {4200}), ("comm ~ ^s", {1, 812, 4201}), ("comm != bash and pid = 4100", set()),
        ("exe = /bin/sh", {4201}), ("exe = *cc1", {4201}), ("argv = --all", {4203}), ('argv contains "-O2 main"', {4201}), ("argv = *", None),
        ("pid = 4200", {4200}), ("pid in (1, 2)", {1, 2}), ("ppid = 4200", {4201, 4202, 4203}), ("pid > 5000", {6000}),
        ("tree = 4200", {4200, 4201, 4202, 4203}), ("tree = 4900 or tree = 6000", {4900, 5000, 6000}),
        ("ancestor.comm = bash", {4200, 4201, 4202, 4203}), ("ancestor.comm != systemd", {17}), ("ancestor.comm = cron", set()),
        ("user = ann", {4100, 4200, 4201, 4202, 4203, 5000}), ("uid = 1000", {4100, 4200, 4201, 4202, 4203, 5000}), ("user = nobody", set()),
        ("unit = session-3.scope", {4100, 4200, 4201, 4202, 4203}), (f"container = {CONTAINER[:12]}", {5000}), (f"container = {CONTAINER}", {5000}),
        ("container = *", {5000}), ("cgroup = /init.scope and pid < 900", {1, 2, 17, 812}),
        ("state = ended", {4202, 4203}), ("failed", {4202, 4203}), ("exit = 1", {4202}), ("exit >= 0", {4202}), ("signal = SIGKILL", {4203}),
        ("lifetime > 5s", {4203}), ("lifetime < 5ms", {4202}), ("threads > 1", {5000}),
        ("events = 3", {812}), ("failures > 1", {812, 4201}), ("read >= 4KiB and failures = 2", {812}), ("written > 8k", {4201}),
        ("incomplete", {6000}), ("cc1", {4201}), ("4201", {4201}), ("session-3", {4100, 4200, 4201, 4202, 4203}), (CONTAINER[:8], {4900, 5000}),
        ("not (pid > 2)", {1, 2}), ("make and not failed", {4200}),
    ],
)  # fmt: skip
def test_what_passes(text: str, expected: set[int] | None) -> None:
    assert passing(text) == (everyone(lambda process: bool(process.argv)) if expected is None else expected)


def test_an_empty_filter_lets_everything_through() -> None:
    assert parse_processes("", Context()).empty
    assert passing("") == everyone(lambda process: True)


def test_more_digits_than_any_pid_has_are_a_word() -> None:
    assert passing("9" * 5000) == set()


def test_a_thread_passes_with_its_process() -> None:
    known = session()
    snapshot = Snapshot(known.processes, threads=True)
    mask = parse_processes("comm = node", Context(known.processes)).mask(snapshot)
    assert mask.sum() == 3
    assert len(np.flatnonzero(mask[snapshot.process_count :])) == 2


@pytest.mark.parametrize(
    ("text", "fault", "column"),
    [
        ("duration > 5ms", "a process has no field duration", 0), ("comm > 5", "comm is text and has no order", 0), ("pid ~ 4", "pid is a number", 6),
        ("state = dead", "there is no state 'dead'", 8), ("tree > 4", "tree takes a process", 7), ("tree = x", "tree: 'x' is no number", 7),
        ("pid = 1 and (comm = a", "a parenthesis is not closed", 21), ("lifetime > 5kg", "lifetime: 'kg' is no unit of a duration", 11),
    ],
)  # fmt: skip
def test_faults_stand_at_their_place(text: str, fault: str, column: int) -> None:
    with pytest.raises(BadFilter) as caught:
        passing(text)
    assert (caught.value.message, caught.value.column) == (fault, column)


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("failed = yes", "failed is a word that stands alone, as does `not failed`"), ("lifetme > 1s", "did you mean lifetime?"),
        ("qq = 1", "Tab lists all fields"), ("uid = nobody", "a user's name goes with user, as in `user = www-data`"),
    ],
)  # fmt: skip
def test_a_fault_says_what_to_write_instead(text: str, remedy: str) -> None:
    with pytest.raises(BadFilter) as caught:
        passing(text)
    assert caught.value.remedy == remedy


def test_completion_knows_the_fields_of_processes() -> None:
    def offered(text: str) -> list[str]:
        return [completion.text for completion in completions(text, len(text), Context(session().processes), PROCESSES)]

    assert offered("lif") == ["lifetime"]
    assert offered("state = ") == ["running", "ended"]
    assert offered("dur") == []
    assert "cc1" in offered("comm = ")
    assert set(PROCESS_FIELDS) <= set(offered(""))
