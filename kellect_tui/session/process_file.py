"""A process as the session file holds it: plain JSON values. docs/file-format.md names the keys.

Files of versions that knew less of a process lack keys; what they do not say is what a process has by default.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import attrgetter, itemgetter
from typing import Any

from kellect_tui.session.process import COUNT_NAMES, Birth, Generation, Healed, Killer, Process, Thread
from kellect_tui.session.shapes import BOOL, INT, MAYBE_INT, MAYBE_TEXT, TEXT, Shape

_OLD_COUNTS = 7
"""Counts in the list that every version reads; the others stand beside it, by name."""
_PLAIN = ("number", "pid", "start_ns", "exact", "started_ns", "comm", "ppid", "path", "interpreter", "uid", "executed",
          "threads_started", "ended_ns", "exit_status", "exit_signal", "core_dumped")  # fmt: skip
_MORE = ("kernel", "cwd", "cgroup")
_POSITIONAL = _PLAIN[:6]
"""Those that `Process` begins with."""
_WRITTEN = (*_PLAIN, *_MORE, "leader_gone", "exit_seen", "threads")
_values = attrgetter(*_PLAIN, *_MORE, "leader_gone", "exit_seen", "thread_count")
_FAMILIES = COUNT_NAMES[_OLD_COUNTS:]
_BIRTHS = {birth.value: birth for birth in Birth}
_THREAD = ("tid", "start_ns", "started_ns", "comm", "running", "ended_ns", "exit_status", "exit_signal", "exit_seen")

_ROW = Shape(
    number=INT, pid=INT, start_ns=INT, exact=BOOL, started_ns=MAYBE_INT, comm=TEXT, ppid=MAYBE_INT, path=MAYBE_TEXT, interpreter=MAYBE_TEXT, uid=MAYBE_INT,
    executed=INT, threads_started=INT, ended_ns=MAYBE_INT, exit_status=MAYBE_INT, exit_signal=MAYBE_INT, core_dumped=BOOL, forked_by=MAYBE_INT,
    kernel=BOOL, cwd=MAYBE_TEXT, cgroup=MAYBE_TEXT,
)  # fmt: skip
_needed = itemgetter(*_PLAIN, "forked_by")
_GENERATION_SHAPE = Shape(started_ns=MAYBE_INT, path=MAYBE_TEXT, interpreter=MAYBE_TEXT, cwd=MAYBE_TEXT, comm=TEXT, tid=MAYBE_INT, seen=BOOL)
_KILLER_SHAPE = Shape(pid=INT, comm=TEXT, signal=INT, time_ns=INT)
_THREAD_SHAPE = Shape(
    tid=INT, start_ns=INT, started_ns=MAYBE_INT, comm=TEXT, running=BOOL, ended_ns=MAYBE_INT, exit_status=MAYBE_INT, exit_signal=MAYBE_INT, exit_seen=BOOL
)


def written(process: Process, counts: Sequence[int]) -> dict[str, Any]:
    """The row of a process; what it did as `COUNT_NAMES` orders it."""
    row = dict(zip(_WRITTEN, _values(process), strict=True))
    row |= {
        "argv": list(process.argv),
        "forked_by": None if process.forked_by is None else process.forked_by.number,
        "counts": counts[:_OLD_COUNTS],
        "families": dict(zip(_FAMILIES, counts[_OLD_COUNTS:], strict=True)),
        "birth": process.birth.value,
        "marks": int(process.marks),
    }
    if process.generations:
        row["generations"] = [list(program) for program in process.generations]
    if process.errnos:
        row["errnos"] = sorted(process.errnos.items())
    if process.killed_by is not None:
        row["killed_by"] = list(process.killed_by)
    if process.leader is not None:
        row["leader"] = _written_thread(process.leader)
    if process.threads or process.ended_threads:
        row["tasks"] = [_written_thread(thread) for thread in (*process.ended_threads, *process.threads.values())]
    return row


def read(row: Mapping[str, Any]) -> tuple[Process, list[int]]:
    """The process of a row, and what it did. Raises KeyError, TypeError or ValueError."""
    _ROW.check((*_needed(row), row.get("kernel", False), row.get("cwd"), row.get("cgroup")))
    process = Process(*[row[name] for name in _POSITIONAL])
    for name in _PLAIN[len(_POSITIONAL) :]:
        setattr(process, name, row[name])
    process.argv = tuple(map(str, row["argv"]))
    process.birth = _BIRTHS[row["birth"]] if "birth" in row else Birth.FORKED if process.exact else Birth.BEFORE
    if marks := row["marks"] if "marks" in row else 0 if row["exit_seen"] else Healed.END:
        process.marks = Healed(int(marks))
    for name in _MORE:
        if name in row:
            setattr(process, name, row[name])
    if "generations" in row:
        process.generations = [_read_generation(*program) for program in row["generations"]]
    if "errnos" in row:
        process.errnos = {int(errno): int(count) for errno, count in row["errnos"]}
    if "killed_by" in row:
        process.killed_by = Killer(*row["killed_by"])
        _KILLER_SHAPE.check(process.killed_by)
    if "leader" in row:
        process.leader = _read_thread(row["leader"])
    if "tasks" in row:
        tasks = [_read_thread(task) for task in row["tasks"]]
        process.threads = {task.tid: task for task in tasks if task.running}
        process.ended_threads = [task for task in tasks if not task.running]
    families = row.get("families", {})
    counts = [*row["counts"], *[families.get(name, 0) for name in _FAMILIES]]
    if len(counts) != len(COUNT_NAMES):
        raise ValueError(counts)
    return process, counts


def _written_thread(thread: Thread) -> list[Any]:
    return [*(getattr(thread, name) for name in _THREAD), thread.birth.value]


def _read_generation(started_ns: Any, argv: Any, *rest: Any) -> Generation:
    program = Generation(started_ns, tuple(map(str, argv)), *rest)
    _GENERATION_SHAPE.check(program[:1] + program[2:])
    return program


def _read_thread(task: list[Any]) -> Thread:
    _THREAD_SHAPE.check(task[:-1])
    return Thread(**dict(zip(_THREAD, task[:-1], strict=True)), birth=Birth(task[-1]))
