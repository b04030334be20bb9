"""What the monitor has to say about a call, worked out from what strace says about it.

One function per system call (or kind of call), written from the contract, in `file_calls`, `process_calls`, `network_calls`.
An argument that strace cannot know is left out of what is expected.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.oracle.file_calls import FILE_CALLS
from tests.oracle.ids import Ids, after
from tests.oracle.names import Names
from tests.oracle.network_calls import NETWORK_CALLS
from tests.oracle.process_calls import PROCESS_CALLS
from tests.oracle.row import Row
from tests.oracle.strace import Call, End
from tests.oracle.syntax import Tagged, Word
from tests.oracle.text import Between, as_text, mode_text, signal_text
from tests.oracle.user_calls import USER_CALLS
from tests.oracle.world import FORKS, Step, Task, clone_flags, executed_comm, executes

CLOCK_SLACK = Decimal("0.002")
"""The monitor ties the boot clock to the wall clock once, strace asks the wall clock each time."""
NS = 1_000_000_000

CALLS: dict[str, Callable[[Row], tuple[str, Row]]] = {**FILE_CALLS, **PROCESS_CALLS, **NETWORK_CALLS, **USER_CALLS}
_ERRNO = {name: value for name, value in vars(errno).items() if name.startswith("E")}
_FILE_TYPES = ((stat.S_ISREG, "regular"), (stat.S_ISDIR, "directory"), (stat.S_ISCHR, "character"), (stat.S_ISBLK, "block"), (stat.S_ISFIFO, "fifo"))
_KINDS = {
    **dict.fromkeys(("read", "pread64", "readv", "preadv", "preadv2"), "file.read"),
    **dict.fromkeys(("write", "pwrite64", "writev", "pwritev", "pwritev2"), "file.write"),
    **dict.fromkeys(("recvfrom", "recvmsg", "recvmmsg"), "network.receive"), **dict.fromkeys(("sendto", "sendmsg", "sendmmsg"), "network.send"),
    **dict.fromkeys(("accept", "accept4"), "network.accept"), "connect": "network.connect",
}  # fmt: skip
"""Calls that may wait for long, and their types."""
_NAMES = {"syscall_0x1c4": "fchmodat2"}
"""Calls that strace 6.1 does not know by name."""


@dataclass(slots=True)
class Expected:
    """One event as it has to be.

    Attributes:
        kind: Its event type.
        common: Fields of every event that strace knows.
        arguments: Those that strace knows; `Flags`, `Prefix` and `Between` stand for what is known in part.
        marks: Names that have to be marked `unreadable` or `escaped`.
        begun, until, took: Seconds; the event has to lie between the first two, and to last no longer than `took`.
        returned: Whether strace saw the call return: where a thread was ended in it, the kernel may have left it or not.
        file: The path of the file whose inode, owner and mode are still to be asked for.
    """

    kind: str
    syscall: str | None
    task: Task
    begun: Decimal
    until: Decimal | None
    took: Decimal | None
    common: dict[str, Any]
    arguments: dict[str, Any] = field(default_factory=dict)
    marks: set[str] = field(default_factory=set)
    record: Call | End | None = None
    returned: bool = True
    file: bytes | None = None

    @property
    def tid(self) -> int:
        """The thread among whose events it stands: one that executes a program has taken its process's number over."""
        return int(self.common["tid"])


def _common(step: Step, comm: bytes | None, ids: Ids | None) -> dict[str, Any]:
    task = step.task
    found: dict[str, Any] = {"tid": task.tid, "pid": task.pid, "process_type": "process" if task.tid == task.pid else "thread", "result": None, "error": None}
    if comm is not None:
        found["comm"] = as_text(comm)[0]
    if ids is not None:
        found |= {"uid": ids.euid, "gid": ids.egid, "ruid": ids.ruid}
    if step.ppid is not None:
        found["ppid"] = step.ppid
    return found


def _marks(comm: bytes | None) -> set[str]:
    return {"comm:escaped"} if comm is not None and as_text(comm)[1] else set()


def _fork(step: Step, call: Call) -> Expected:
    child, flags, task = call.child, clone_flags(call), step.task
    thread, sibling = "CLONE_THREAD" in flags, "CLONE_PARENT" in flags
    arguments: dict[str, Any] = {"child_tid": child, "child_pid": task.pid if thread else child, "thread": thread}
    if not sibling:
        arguments["parent_pid"] = task.pid
    if task.comm is not None:
        text = as_text(task.comm)[0]
        arguments |= {"child_comm": text, "parent_comm": None if sibling else text}
    return Expected("process.fork", None, task, call.begun, step.until, call.took, _common(step, task.comm, task.ids), arguments, _marks(task.comm), call)


def _end(step: Step, end: End) -> Expected:
    task = step.task
    arguments: dict[str, Any] = {"pid": end.tid}
    if end.signal:
        arguments |= {"exit_code": None, "signal": signal_text(Word((end.signal,))), "core_dumped": end.core}
    elif not end.by:
        arguments |= {"exit_code": end.status if step.status is None else step.status, "signal": None, "core_dumped": False}
    if task.comm is not None:
        arguments["comm"] = as_text(task.comm)[0]
    if task.prio is not None:
        arguments["prio"] = task.prio
    if step.alone is not None:
        arguments["group_dead"] = step.alone
    if task.born is not None and task.first is not None and step.last is not None:
        arguments["lifetime_ns"] = Between(int((step.last - task.first) * NS), int((end.at - task.born + CLOCK_SLACK) * NS))
    begun = step.last or task.born or end.at
    return Expected("process.exit", None, task, begun, end.at, None, _common(step, task.comm, task.ids), arguments, _marks(task.comm), end)


def _ended_in(step: Step, call: Call) -> list[Expected]:
    """A call in which its thread was ended: strace has seen only how it began, and cannot say of which of two types it is."""
    if call.name not in _KINDS:
        return []
    common = _common(step, step.task.comm, step.task.ids)
    del common["result"], common["error"]
    arguments = {"fd": call.values[0].value} if call.values and isinstance(call.values[0], Tagged) else {}
    return [Expected(_KINDS[call.name], call.name, step.task, call.begun, step.until, None, common, arguments, set(), call, returned=False)]


def _call(step: Step, call: Call) -> Expected:
    kind, row = CALLS[call.name](Row(call, step))
    restarts = call.result is None
    failed = bool(call.error) and not restarts
    task = step.task
    is_another = executes(call)
    comm = executed_comm(call) if is_another else task.comm
    common = _common(step, comm, after(call, task.ids))
    common |= {"result": None if restarts else -_ERRNO[call.error] if failed else call.result_number, "error": call.error or None}
    if is_another:
        common |= {"tid": task.pid, "process_type": "process"}
    marks = row.marks | _marks(comm)
    return Expected(kind, _NAMES.get(call.name, call.name), task, call.begun, step.until, call.took, common, row.arguments, marks, call, file=row.file)


def expected(step: Step) -> list[Expected]:
    """The events of one record of strace, in order. A child's birth is one of its own."""
    record = step.record
    if isinstance(record, End):
        return [_end(step, record)]
    if record.name not in CALLS or (record.name == "fcntl" and str(record.values[1]) not in ("F_DUPFD", "F_DUPFD_CLOEXEC")):
        return []
    if not record.returned:
        return _ended_in(step, record)
    born = record.name in FORKS and record.child > 0
    return [*([_fork(step, record)] if born else []), _call(step, record)]


def ask_for_files(events: Iterable[Expected], names: Names) -> None:
    """Inode, owner and mode of the files that nobody changed during the run, as they still are after it."""
    known: dict[bytes, dict[str, Any]] = {}
    for event in events:
        if event.file is None or not names.steady(event.file):
            continue
        if event.file not in known:
            known[event.file] = _facts(event.file)
        event.arguments |= known[event.file]


def _facts(path: bytes) -> dict[str, Any]:
    try:
        found = Path(os.fsdecode(path)).stat()
    except OSError:
        return {}
    kind = next(name for test, name in _FILE_TYPES if test(found.st_mode))
    return {"inode": found.st_ino, "uid": found.st_uid, "mode": mode_text(stat.S_IMODE(found.st_mode)), "file_type": kind}


