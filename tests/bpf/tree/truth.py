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

SWEPT, EXECUTES, KERNEL = -1, -2, -3


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
        if thread.birth is Birth.KERNEL:
            yield thread.tid, thread.comm, KERNEL
        elif thread.tid != node.pid:  # a leader that an exec has replaced
            yield thread.tid, thread.comm, SWEPT if thread.tid in swept and thread.exit_seen else thread.exit_status


def lies(lives: list[Life], table: Processes) -> list[str]:
    """Claims of a tree with losses that are not so, one text for each node; nodes, and what they could have said, may be missing."""
    wanted: dict[int, list[Life]] = defaultdict(list)
    for one in lives:
        wanted[one.pid].append(one)
    wrong: list[str] = []
    taken: dict[Life, Process] = {}
    for node in _ours(lives, table):
        possible = _lives_of(node, wanted[node.pid])
        false = {life: list(_false(life, node, table)) for life in possible if life not in taken}
        life = next((life for life, claims in false.items() if not claims), None)
        if life is not None:
            taken[life] = node
        elif not possible:
            wrong.append(f"never made: {node} {node.healed} {node.start_ns // TICK_NS}")
        elif not false:
            wrong.append(f"made once: {node} {node.healed} and {taken[possible[0]]} {taken[possible[0]].healed}")
        else:
            wrong.append(f"{node} {node.healed}: " + "; or ".join("; ".join(claims) for claims in false.values()))
    return wrong


def _ours(lives: list[Life], table: Processes) -> list[Process]:
    """Nodes with pids of these processes, that are not of others before them."""
    pids, since = {life.pid for life in lives}, lives[0].start
    known = (node for node in table.all() if node.pid in pids and node.birth is not Birth.BEFORE)
    return [node for node in known if not node.start_ns or node.start_ns // TICK_NS >= since]


def _lives_of(node: Process, lives: list[Life]) -> list[Life]:
    """The lives that a node can speak of: those of its pid and tick; more than one where a pid was used again at once, or nobody saw its start."""
    return [life for life in lives if not node.start_ns or life.start == node.start_ns // TICK_NS]


def _false(life: Life, node: Process, table: Processes) -> Iterator[str]:
    if node.running:
        yield "runs"
    at = 0 if node.ended_ns is None else node.ended_ns - table.epoch_offset_ns
    if at < life.end["at"]:
        yield f"ended at {at}, was at {life.end['at']} at least"
    claims: list[tuple[str, Any, Any]] = []
    if node.exit_seen:
        status, signal, core = life.how()
        claims += [("status", status, node.exit_status), ("signal", signal, node.exit_signal), ("ppid", life.end["ppid"], node.ppid)]
        claims += [("comm", life.end["comm"], node.comm)] if node.comm else []  # none where only a thread's end was seen
        claims += [("core", core, node.core_dumped)] if core is not None else []
        if life.reaped is not None and at > life.reaped["at"]:
            yield f"ended at {at}, was reaped at {life.reaped['at']}"
    elif (node.exit_status, node.exit_signal, node.core_dumped) != (None, None, False):
        yield "an end that nobody saw"
    if node.birth is Birth.FORKED and life.forker is not None:
        forker = node.forked_by
        claims.append(("forker", life.forker.pid, None if forker is None else forker.pid))
        if forker is not None and forker.start_ns:
            claims.append(("forker's start", life.forker.start, forker.start_ns // TICK_NS))
    if node.killed_by is not None:
        claims.append(("killer", life.end["killer"], node.killed_by.pid))
    yield from (f"{name}: was {was!r}, is {told!r}" for name, was, told in claims if was != told)
    yield from _false_parts(life, node, table)


def _false_parts(life: Life, node: Process, table: Processes) -> Iterator[str]:
    """Programs and threads: what is claimed must have been, in this order, and what is missing must be owed to a loss."""
    ran = [_ran(line) for line in life.programs]
    told = [_told(program) for program in node.generations if program.seen]
    places = iter(ran)
    if not all(any(program == one for one in places) for program in told):
        yield f"programs: were {ran!r}, are {told!r}"
    if len(told) < len(ran) and not table.lossy(node):
        yield f"programs are missing and no loss is told: were {ran!r}, are {told!r}"
    tids = {line["tid"]: line for line in life.threads}
    for thread in node.ended_threads:
        if thread.tid != node.pid and thread.tid not in tids:
            yield f"a thread that never was: {thread}"
        elif thread.tid != node.pid and thread.exit_seen and tids[thread.tid]["code"] >= 0 and tids[thread.tid]["code"] != thread.exit_status:
            yield f"a thread's end: was {tids[thread.tid]!r}, is {thread}"
    if node.threads:
        yield f"threads left: {node.threads}"
