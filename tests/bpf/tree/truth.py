"""What `family` wrote down, and how the tree of a session differs from it."""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kellect_tui.session.process import Birth, Generation, Process, Thread
from kellect_tui.session.processes import Processes
from kellect_tui.session.procfs import TICK_NS

SWEPT, EXECUTES = -1, -2


@dataclass(eq=False)
class Life:
    """One process as it was."""

    pid: int
    start: int  # ticks since boot
    forker: Life | None
    programs: list[dict[str, Any]] = field(default_factory=list)
    threads: list[dict[str, Any]] = field(default_factory=list)
    leader: int | None = None
    end: dict[str, Any] = field(default_factory=dict)
    reaped: dict[str, Any] | None = None

    def how(self) -> tuple[int | None, int | None, bool | None]:
        """(exit status, signal, core dumped): what wait() said, or what the process was about to do."""
        if self.reaped is not None:
            status = self.reaped["status"]
            signalled = os.WIFSIGNALED(status)
            return (None, os.WTERMSIG(status), os.WCOREDUMP(status)) if signalled else (os.WEXITSTATUS(status), None, False)
        return (self.end["code"], None, False) if self.end["signal"] < 0 else (None, self.end["signal"], None)


def lives_in(log: Path) -> list[Life]:
    """Every process that wrote down its birth, in that order."""
    lives: list[Life] = []
    latest: dict[int, Life] = {}
    for line in map(json.loads, log.read_text().splitlines()):
        what, pid = line["what"], line["pid"]
        if what == "born":
            latest[pid] = Life(pid, line["start"], latest.get(line["forker"]))
            lives.append(latest[pid])
            continue
        life = latest[pid]
        if what == "exec":
            life.programs.append(line)
        elif what == "thread":
            life.threads.append(line)
        elif what == "leader":
            life.leader = line["code"]
        else:
            setattr(life, what, line)
    return lives


def paired(lives: list[Life], table: Processes) -> Iterator[tuple[Life | None, Process | None]]:
    """Each life with its node: by pid, and where a pid was used again in order; None where one of them lacks the other."""
    root = next(process for process in table.all() if process.pid == lives[0].pid and process.start_ns // TICK_NS == lives[0].start)
    nodes: dict[int, list[Process]] = defaultdict(list)
    wanted: dict[int, list[Life]] = defaultdict(list)
    for node in table.descendants(root):
        nodes[node.pid].append(node)
    for life in lives:
        wanted[life.pid].append(life)
    for pid in wanted.keys() | nodes.keys():
        known = sorted(nodes[pid], key=lambda node: node.start_ns)
        yield from zip([*wanted[pid], *[None] * len(known)], [*known, *[None] * len(wanted[pid])], strict=False)


def differences(lives: list[Life], table: Processes) -> list[str]:
    """What is wrong with the tree, one text for each node."""
    wrong: list[str] = []
    pairs = [(life, node) for life, node in paired(lives, table) if life is not None or node is not None]
    node_of = {life: node for life, node in pairs if life is not None and node is not None}
    for life, node in pairs:
        if life is None or node is None:
            wrong.append(f"never made: {node}" if life is None else f"missing: {life.pid}, born at {life.start}")
        elif found := list(_compared(life, node, node_of, table)):
            wrong.append(f"{node}: " + "; ".join(found))
    return wrong


def _compared(life: Life, node: Process, node_of: dict[Life, Process], table: Processes) -> Iterator[str]:
    at = None if node.ended_ns is None else node.ended_ns - table.epoch_offset_ns
    pairs: list[tuple[str, Any, Any]] = [
        ("start", life.start, node.start_ns // TICK_NS),
        ("birth", Birth.BEFORE if life.forker is None else Birth.FORKED, node.birth),
        ("healed", (), node.healed),
        ("ppid", life.end["ppid"], node.ppid),
        ("comm", life.end["comm"], node.comm),
        ("programs", [_ran(line) for line in life.programs], [_told(program) for program in node.generations if program.seen]),
        ("executed", len(life.programs), node.executed),
        ("tasks", 1 + len(life.threads), node.threads_started),
        ("threads left", {}, node.threads),
        ("threads", sorted(_threads(life)), sorted(_ended(life, node.ended_threads, node))),
        ("leader's end", life.leader, _leader(node)),
        ("killer", life.end["killer"] or None, None if node.killed_by is None else node.killed_by.pid),
        ("running", False, node.running),
    ]
    if life.forker is not None:
        pairs.append(("forker", node_of.get(life.forker), node.forked_by))
    status, signal, core = life.how()
    pairs += [("status", status, node.exit_status), ("signal", signal, node.exit_signal)]
    if core is not None:
        pairs.append(("core", core, node.core_dumped))
    yield from (f"{name}: was {was!r}, is {told!r}" for name, was, told in pairs if was != told)
    latest = life.reaped["at"] if life.reaped is not None else at
    if at is None or latest is None or not life.end["at"] <= at <= latest:
        yield f"ended at {at}, was between {life.end['at']} and {latest}"


def _ran(line: dict[str, Any]) -> tuple[str, tuple[str, ...], str]:
    return line["path"], tuple(line["argv"]), line["cwd"]


def _told(program: Generation) -> tuple[str | None, tuple[str, ...], str | None]:
    return program.path, program.argv, program.cwd


def _leader(node: Process) -> int | None:
    """The status of a leader that left its threads behind; not of one that went with them, if a moment before the last."""
    return None if node.leader is None or node.leader.exit_status == node.exit_status else node.leader.exit_status


def _threads(life: Life) -> Iterator[tuple[int, str, int]]:
    """(tid, comm, exit status) of those that ended as threads; one swept away has the group's status, which is not asked."""
    return ((line["tid"], line["comm"], line["code"]) for line in life.threads if line["code"] != EXECUTES)


def _ended(life: Life, threads: Iterable[Thread], node: Process) -> Iterator[tuple[int, str, int | None]]:
    swept = {line["tid"] for line in life.threads if line["code"] == SWEPT}
    for thread in threads:
        if thread.tid != node.pid:  # a leader that an exec has replaced
            yield thread.tid, thread.comm, SWEPT if thread.tid in swept and thread.exit_seen else thread.exit_status
