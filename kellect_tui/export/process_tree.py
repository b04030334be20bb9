"""The tree of processes as nested JSON (`kellect-tui/tree-1`) and as a graph for Graphviz. docs/tree.md describes both.

Both are written process by process with a stack of their own: a chain of forks may be thousands deep.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any, BinaryIO

import numpy as np
import orjson

from kellect_tui.amounts import duration, size
from kellect_tui.events.catalogue import MONITOR_START
from kellect_tui.events.constants import errno_name, signal_name
from kellect_tui.safe_text import fit, safe_text
from kellect_tui.session.process import COUNT_NAMES, Birth, Generation, Process, Thread
from kellect_tui.session.session import Session
from kellect_tui.session.view import View

FORMAT = "kellect-tui/tree-1"

Cancelled = Callable[[], bool]


def chosen(session: Session, view: View) -> set[Process]:
    """The processes that did what a view shows."""
    found: set[Process] = set()
    for chunk, rows in view.spans(0, len(view)):
        rows = rows[chunk.event[rows] < MONITOR_START]
        pids, times = chunk.whos["pid"][chunk.who[rows]], chunk.time[rows]
        for pid in np.unique(pids).tolist():
            own = times[pids == pid]
            ends = {session.processes.by_pid(pid, int(own[0])), session.processes.by_pid(pid, int(own[-1]))}
            if len(ends) > 1:  # the pid had more than one life meanwhile
                ends = {session.processes.by_pid(pid, time) for time in own.tolist()}
            found |= {process for process in ends if process is not None}
    return found


def write_json(session: Session, file: BinaryIO, selected: Collection[Process] | None, cancelled: Cancelled = lambda: False) -> int:
    """Nested JSON. Returns the number of processes selected; -1 when cancelled."""
    head = {
        "format": FORMAT,
        "host": session.start.get("host"),
        "kernel": session.start.get("kernel"),
        "started": _micros(session.started_ns),
        "stopped": _micros(session.stopped_ns),
        "lost": session.ledger.lost,
        "forgotten": session.processes.forgotten,
    }
    file.write(orjson.dumps(head)[:-1] + b',"processes":[')
    count = levels = 0  # levels: nodes whose children are being written
    for process, depth in _walk(session, selected):
        if cancelled():
            return -1
        is_selected = selected is None or process in selected
        count += is_selected
        closed = levels - depth
        file.write(b"]}" * closed + (b",\n" if closed else b"\n"))
        file.write(orjson.dumps(_node(process, is_selected=is_selected))[:-1] + b',"children":[')
        levels = depth + 1
    file.write(b"]}" * levels + b"\n]}\n")
    return count


def write_dot(session: Session, file: BinaryIO, selected: Collection[Process] | None, cancelled: Cancelled = lambda: False) -> int:
    """A directed graph in Graphviz' language. Returns the number of processes selected; -1 when cancelled."""
    file.write(b'digraph processes {\n  graph [rankdir=LR]\n  node [shape=box, fontname="monospace", fontsize=10]\n')
    if session.processes.forgotten:
        file.write(f'  forgotten [shape=note, label="{session.processes.forgotten} processes that ended early are no longer known"]\n'.encode())
    count = 0
    for process, _depth in _walk(session, selected):
        if cancelled():
            return -1
        is_selected = selected is None or process in selected
        count += is_selected
        label = "".join(f"{_quoted(line)}\\l" for line in _label(process))
        file.write(f'  p{process.number} [label="{label}"{_style(process) if is_selected else _ON_THE_WAY}]\n'.encode())
        if process.forked_by is not None:
            guess = "" if process.birth is Birth.FORKED else " [style=dashed]"
            file.write(f"  p{process.forked_by.number} -> p{process.number}{guess}\n".encode())
    file.write(b"}\n")
    return count


TREES: dict[str, Callable[[Session, BinaryIO, Collection[Process] | None, Cancelled], int]] = {"tree-json": write_json, "dot": write_dot}


def _walk(session: Session, selected: Collection[Process] | None) -> Iterator[tuple[Process, int]]:
    """Processes and their depth, a forker before whom it forked; where some are selected, these and their ancestors."""
    shown: set[Process] | None = None
    if selected is not None:
        shown = set()
        for process in selected:
            above: Process | None = process
            while above is not None and above not in shown:
                shown.add(above)
                above = above.forked_by
    waiting = [(process, 0) for process in reversed(session.processes.roots())]
    while waiting:
        process, depth = waiting.pop()
        if shown is None or process in shown:
            yield process, depth
            waiting.extend((child, depth + 1) for child in reversed(list(process.children)))


def _micros(ns: int | None) -> int | None:
    return None if ns is None else ns // 1000


def _node(process: Process, *, is_selected: bool) -> dict[str, Any]:
    counts = process.counts
    ended = None
    if not process.running:
        killer = process.killed_by
        ended = {
            "time": _micros(process.ended_ns),
            "seen": process.exit_seen,
            "status": process.exit_status,
            "signal": None if process.exit_signal is None else signal_name(process.exit_signal),
            "core_dumped": process.core_dumped,
            "killed_by": None if killer is None else {"pid": killer.pid, "comm": killer.comm, "time": _micros(killer.time_ns)},
        }
    leader = [process.leader] if process.leader is not None else []
    return {
        "pid": process.pid,
        "ppid": process.ppid,
        "selected": is_selected,
        "comm": process.comm,
        "argv": list(process.argv),
        "path": process.path,
        "interpreter": process.interpreter,
        "cwd": process.cwd,
        "uid": process.uid,
        "cgroup": process.cgroup,
        "kernel": process.kernel,
        "birth": process.birth.value,
        "started": _micros(process.started_ns),
        "ended": ended,
        "healed": list(process.healed),
        "programs": [_program(program) for program in list(process.generations)],
        "executed": process.executed,
        "threads_started": process.threads_started,
        "threads": [_thread(thread) for thread in (*leader, *list(process.ended_threads), *list(process.threads.values()))],
        "counts": {name: getattr(counts, name) for name in COUNT_NAMES},
        "errnos": {errno_name(errno): count for errno, count in sorted(process.errnos.items())},
    }


def _program(program: Generation) -> dict[str, Any]:
    row = program._asdict()
    return {"started": _micros(row.pop("started_ns"))} | row


def _thread(thread: Thread) -> dict[str, Any]:
    return {
        "tid": thread.tid,
        "comm": thread.comm,
        "started": _micros(thread.started_ns),
        "ended": _micros(thread.ended_ns),
        "status": thread.exit_status,
        "signal": None if thread.exit_signal is None else signal_name(thread.exit_signal),
    }


_LABEL_CELLS = 60


def _label(process: Process) -> Sequence[str]:
    """A node's lines, safe text."""
    words = " ".join(process.argv) if process.argv else f"[{process.comm}]"
    lines = [fit(safe_text(words), _LABEL_CELLS).rstrip(), f"{process.pid} {safe_text(process.comm)}, {_end(process)}"]
    if len(process.generations) > 1:
        names = " → ".join(safe_text(program.comm) for program in process.generations)
        lines.append(fit(f"ran {names}", _LABEL_CELLS, from_end=True).strip())
    counts = process.counts
    if counts.events:
        moved = [f"{size(amount)} {what}" for what in ("read", "written", "sent", "received") if (amount := getattr(counts, what))]
        lines.append(", ".join([f"{counts.events:,} events", *([f"{counts.failures:,} failed"] if counts.failures else []), *moved]))
    if process.healed:
        lines.append(", ".join(process.healed))
    return lines


def _end(process: Process) -> str:
    if process.running:
        return "running"
    if not process.exit_seen:
        return "gone, its end was lost"
    after = "" if process.lifetime_ns is None else f" after {duration(process.lifetime_ns)}"
    if process.exit_signal is not None:
        by = "" if process.killed_by is None else f" from {safe_text(process.killed_by.comm)} {process.killed_by.pid}"
        return f"{signal_name(process.exit_signal)}{by}{after}"
    return f"status {process.exit_status}{after}"


_ON_THE_WAY = ", color=gray, fontcolor=gray"


def _style(process: Process) -> str:
    if process.running:
        return ", color=darkgreen"
    return ", color=red" if process.exit_signal or process.exit_status or not process.exit_seen else ""


def _quoted(text: str) -> str:
    """Text within a quoted label: Graphviz reads escapes and, in labels, entities too."""
    return text.replace("&", "&amp;").replace("\\", "\\\\").replace('"', '\\"')
