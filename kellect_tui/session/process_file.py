"""A process as the session file holds it: plain JSON values. docs/file-format.md names the keys.

Files of versions that knew less of a process lack keys; what they do not say is what a process has by default.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kellect_tui.session.process import COUNT_NAMES, Birth, Counts, Generation, Healed, Killer, Process, Thread

_OLD_COUNTS = 7
"""Counts in the list that every version reads; the others stand beside it, by name."""
_PLAIN = ("number", "pid", "start_ns", "exact", "started_ns", "comm", "ppid", "path", "interpreter", "uid", "executed",
          "threads_started", "ended_ns", "exit_status", "exit_signal", "core_dumped")  # fmt: skip
_MORE = ("kernel", "cwd", "cgroup")
_THREAD = ("tid", "start_ns", "started_ns", "comm", "running", "ended_ns", "exit_status", "exit_signal", "exit_seen")


def written(process: Process) -> dict[str, Any]:
    """The row of a process."""
    counts = process.counts
    row = {name: getattr(process, name) for name in (*_PLAIN, *_MORE, "leader_gone", "exit_seen")}
    row |= {
        "argv": list(process.argv),
        "forked_by": None if process.forked_by is None else process.forked_by.number,
        "threads": process.thread_count,
        "counts": [getattr(counts, name) for name in COUNT_NAMES[:_OLD_COUNTS]],
        "families": {name: getattr(counts, name) for name in COUNT_NAMES[_OLD_COUNTS:]},
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


def read(row: Mapping[str, Any]) -> tuple[Process, Counts]:
    """The process of a row, and what it did. Raises KeyError, TypeError or ValueError."""
    process = Process(**{name: row[name] for name in _PLAIN})
    process.argv = tuple(map(str, row["argv"]))
    for name in _MORE:
        setattr(process, name, row.get(name, getattr(process, name)))
    process.marks = Healed(int(row["marks"])) if "marks" in row else Healed.NONE if row["exit_seen"] else Healed.END
    process.birth = Birth(row.get("birth", Birth.FORKED if process.exact else Birth.BEFORE))
    process.generations = [Generation(*_words_in(program)) for program in row.get("generations", ())]
    process.errnos = {int(errno): int(count) for errno, count in row.get("errnos", ())}
    process.killed_by = Killer(*row["killed_by"]) if "killed_by" in row else None
    process.leader = _read_thread(row["leader"]) if "leader" in row else None
    tasks = [_read_thread(task) for task in row.get("tasks", ())]
    process.threads = {task.tid: task for task in tasks if task.running}
    process.ended_threads = [task for task in tasks if not task.running]
    counts = dict(zip(COUNT_NAMES[:_OLD_COUNTS], row["counts"], strict=True))
    families = row.get("families", {})
    counts |= {name: families.get(name, 0) for name in COUNT_NAMES[_OLD_COUNTS:]}
    return process, Counts(**{name: int(amount) for name, amount in counts.items()})


def _words_in(program: list[Any]) -> list[Any]:
    return [program[0], tuple(map(str, program[1])), *program[2:]]


def _written_thread(thread: Thread) -> list[Any]:
    return [*(getattr(thread, name) for name in _THREAD), thread.birth.value]


def _read_thread(task: list[Any]) -> Thread:
    return Thread(**dict(zip(_THREAD, task[:-1], strict=True)), birth=Birth(task[-1]))
