"""What must be known about a thread to say what its next call means: its process, comm, ids, working directory.

Followed through a run from strace's own records, in the order in which things happened.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path

from tests.oracle.ids import Ids, after
from tests.oracle.names import Names
from tests.oracle.strace import Call, End, Other, Run
from tests.oracle.syntax import Quoted, Tagged, Word
from tests.oracle.text import Flags, joined, word

_AT_EXECVE_CHECK = 0x10000  # include/uapi/linux/fcntl.h

FORKS = ("fork", "vfork", "clone", "clone3")
ELSEWHERE = ("chroot", "pivot_root", "setns", "mount", "umount2", "move_mount")
"""Calls after which strace, which looks from outside, may name files otherwise than the program's own root does."""
_PRIORITIES = ("setpriority", "sched_setscheduler", "sched_setattr")
_OWNERS = ("chown", "lchown", "fchown", "fchownat")
_MAKERS = ("mknod", "mknodat")
ALSO_READ = (*ELSEWHERE, *_PRIORITIES, *_OWNERS, *_MAKERS, "unshare", "prctl", "exit")
"""Calls that are no events, but say what a task or a file is now."""


@dataclass(slots=True)
class Directory:
    """A working directory, shared by the threads that share CLONE_FS.

    Attributes:
        path: Its name; None where it is not known.
        elsewhere: The root or the mounts are not strace's.
    """

    path: bytes | None
    elsewhere: bool = False


@dataclass(slots=True)
class Task:
    """A thread as its next call finds it. Unknown: None.

    Attributes:
        parent: Its process's parent.
        prio: As the kernel counts: 120 is nice 0.
        born: When the call that made it began.
        first: When its first record begins.
        numbered: Whether its namespace numbers tasks as strace's does.
    """

    tid: int
    pid: int
    comm: bytes | None
    fs: Directory
    parent: int | None = None
    ids: Ids | None = None
    prio: int | None = None
    born: Decimal | None = None
    first: Decimal | None = None
    numbered: bool = True


@dataclass(slots=True)
class Step:
    """A record of strace and the thread it is about, as it was when the call began.

    Attributes:
        existed: Whether the file that the call opened was there before; None where that is not known.
        ppid: The parent, where it is sure to have lived when the call returned.
        names: The files of the run.
        last: When the thread's last call began; of an end.
        status: The status that the thread gave itself by exit(); of an end.
        alone: Of an end: whether it ended the process; None where threads ended together.
        until: When the thread's next call began: by then this one had returned.
        goal: Of chdir: the directory.
        later: Of connect: what strace says about the descriptor when the thread uses it next.
    """

    record: Call | End
    task: Task
    names: Names
    existed: bool | None = None
    ppid: int | None = None
    last: Decimal | None = None
    status: int | None = None
    alone: bool | None = None
    until: Decimal | None = None
    later: Tagged | None = None
    goal: bytes | None = None


@dataclass(slots=True)
class World:
    """All threads of a run.

    Attributes:
        names: What is there below the directory in which the command runs.
    """

    names: Names
    tasks: dict[int, Task] = field(default_factory=dict)
    _alive: dict[int, Decimal] = field(default_factory=dict)
    _last: dict[int, Decimal] = field(default_factory=dict)
    _exits: dict[int, int] = field(default_factory=dict)
    _ends: dict[int, Decimal] = field(default_factory=dict)
    _until: dict[tuple[int, int], Decimal] = field(default_factory=dict)
    _later: dict[tuple[int, int], Tagged] = field(default_factory=dict)

    def steps(self, run: Run, root: int, cwd: bytes) -> Iterator[Step]:
        """Every record in the order in which the calls began; births come before what the child does.

        Args:
            root: The first thread, which execs the command in `cwd`.
        """
        first = {tid: records[0].told for tid, records in run.items() if records}
        self.tasks[root] = Task(root, root, None, Directory(cwd), None, Ids.own(), 120 + os.getpriority(os.PRIO_PROCESS, 0), None, first.get(root))
        moments = self._moments(run)
        self._look_ahead(run, moments)
        for _when, _order, record, what in moments:
            if what == "birth":
                assert isinstance(record, Call)
                self._birth(record, first)
            elif what == "effect":
                assert isinstance(record, Call)
                self._effect(record)
            elif record.tid in self.tasks:
                task = self.tasks[record.tid]
                if isinstance(record, Call):
                    self._learn(record, task)
                yield self._step(record, task)

    def _moments(self, run: Run) -> list[tuple[Decimal, int, Call | End, str]]:
        """What happened when. A call's effect is there when it has returned; a birth when the call that makes the child has begun."""
        moments: list[tuple[Decimal, int, Call | End, str]] = []
        order = 0
        for records in run.values():
            for record in records:
                order += 1
                if isinstance(record, End):
                    moments.append((record.at, order, record, "end"))
                    continue
                if isinstance(record, Other) or (record.abi and not executes(record)):
                    continue  # calls of another ABI are no events, but the program that one of them starts is
                moments.append((record.told, order, record, "begin"))
                if record.name in FORKS and record.child:
                    moments.append((record.begun, order, record, "birth"))
                elif record.returned and record.took is not None:
                    moments.append((max(record.told, record.begun + record.took), order, record, "effect"))
        return sorted(moments, key=lambda moment: moment[:2])

    def _look_ahead(self, run: Run, moments: list[tuple[Decimal, int, Call | End, str]]) -> None:
        """When each thread was last seen alive, and when it ended; when its calls were over; what its sockets became."""
        for tid, records in run.items():
            last = next((record for record in reversed(records) if not isinstance(record, End)), None)
            if last is not None:
                self._last[tid] = last.told
                self._alive[tid] = last.over
                if isinstance(last, Call) and last.name == "exit":
                    self._exits[tid] = int(last.values[0]) & 0xFF
            self._look_back(tid, records)
        for when, _order, record, what in moments:
            if what == "end" and not (isinstance(record, End) and record.by):
                self._ends[record.tid] = when

    def _look_back(self, tid: int, records: Sequence[Call | Other | End]) -> None:
        until, sockets = None, dict[int, Tagged]()
        for record in reversed(records):
            if isinstance(record, Call):
                if until is not None:
                    self._until[tid, record.number] = until
                first = record.values[0] if record.values else None
                if isinstance(first, Tagged) and first.kind == "socket":
                    if first.value in sockets:
                        self._later[tid, record.number] = sockets[first.value]
                    sockets[first.value] = first
            until = record.told

    def _step(self, record: Call | End, task: Task) -> Step:
        step = Step(record, replace(task, fs=replace(task.fs)), self.names)
        if isinstance(record, End):
            step.last, step.alone = None if record.by else self._last.get(record.tid), self._alone(record, task)
            step.status = self._exits.get(record.tid)
            over = record.at
        else:
            if isinstance(record.result, Tagged) and record.result.path is not None and not task.fs.elsewhere:
                step.existed = self.names.existed(record.result.path)
            over = record.over
            if record.name == "chdir" and record.result == 0:
                step.goal = self.directory_named(record, task)
            step.until, step.later = self._until.get((record.tid, record.number)), self._later.get((record.tid, record.number))
        if task.parent is not None and over < self._alive.get(task.parent, Decimal(0)):
            step.ppid = task.parent
        return step

    def _alone(self, end: End, task: Task) -> bool | None:
        """Whether this end is its process's: none where threads ended together, in an order that only the kernel knows."""
        others = [tid for tid, other in self.tasks.items() if other.pid == task.pid and tid != end.tid]
        if end.by or any(self._last.get(tid, Decimal(0)) > end.at for tid in others):
            return False
        began = self._last.get(end.tid)
        return True if began is not None and all(self._ends.get(tid, end.at) < began for tid in others) else None

    def _birth(self, call: Call, first: dict[int, Decimal]) -> None:
        parent = self.tasks.get(call.tid)
        child = call.child
        if parent is None:
            return
        flags = clone_flags(call)
        thread, shared = "CLONE_THREAD" in flags, "CLONE_FS" in flags
        elsewhere = parent.fs.elsewhere or any(flag.startswith("CLONE_NEW") for flag in flags)
        fs = parent.fs if shared else Directory(parent.fs.path, elsewhere)
        ppid = parent.parent if thread or "CLONE_PARENT" in flags else parent.pid
        ids = None if "CLONE_NEWUSER" in flags else parent.ids
        numbered = parent.numbered and not call.translated and "CLONE_NEWPID" not in flags
        self.tasks[child] = Task(child, parent.pid if thread else child, parent.comm, fs, ppid, ids, parent.prio, call.begun, first.get(child), numbered)

    def _learn(self, call: Call, task: Task) -> None:
        """strace names the working directory wherever AT_FDCWD is passed."""
        for value in call.values:
            if isinstance(value, Tagged) and value.value == -100 and value.path is not None:
                task.fs.path = value.path

    def _effect(self, call: Call) -> None:
        task = self.tasks.get(call.tid)
        if task is None or call.result_number is None or call.result_number < 0:
            return
        if not task.fs.elsewhere:
            self.names.follow(call, task.fs.path)
        task.ids = after(call, task.ids)
        if call.name in _EFFECTS:
            _EFFECTS[call.name](call, task)
        elif call.name == "chdir":
            task.fs.path = self.directory_named(call, task)
        elif executes(call):
            self._exec(call, task)
        elif call.name in ("rename", "renameat", "renameat2", "rmdir", "unlinkat"):
            moved = self.names.mover(call, task.fs.path)
            for fs in {id(one.fs): one.fs for one in self.tasks.values()}.values():
                if fs.path is not None:
                    fs.path = moved(fs.path)

    def directory_named(self, call: Call, task: Task) -> bytes | None:
        """Where a chdir that succeeded leads."""
        name = call.values[0]
        there = joined(task.fs.path, name.data) if isinstance(name, Quoted) else None
        return None if there is None else self.names.directory(there)

    def _exec(self, call: Call, task: Task) -> None:
        comm, ids = executed_comm(call), task.ids
        if ids is not None:
            ids = replace(ids, suid=ids.euid, sgid=ids.egid)
        name = call.values[0]
        path = joined(task.fs.path, name.data) if isinstance(name, Quoted) else None
        if path is not None and Path(os.fsdecode(path)).exists() and Path(os.fsdecode(path)).stat().st_mode & (stat.S_ISUID | stat.S_ISGID):
            ids = None
        leader = self.tasks.get(task.pid, task)
        for tid in [tid for tid, other in self.tasks.items() if other.pid == task.pid and tid != task.pid]:
            del self.tasks[tid]
        self.tasks[task.pid] = replace(leader, comm=comm, ids=ids, fs=replace(task.fs))


def _fchdir(call: Call, task: Task) -> None:
    fd = call.values[0]
    task.fs.path = fd.path if isinstance(fd, Tagged) else None  # strace does not name what lies deeper than a path reaches


def _prctl(call: Call, task: Task) -> None:
    if str(call.values[0]) == "PR_SET_NAME":
        task.comm = call.values[1].data[:15] if isinstance(call.values[1], Quoted) else None


def _unshare(call: Call, task: Task) -> None:
    flags = str(call.values[0])
    task.fs = replace(task.fs, elsewhere=task.fs.elsewhere or "CLONE_NEW" in flags)
    task.ids = None if "CLONE_NEWUSER" in flags else task.ids
    task.numbered = task.numbered and "CLONE_NEWPID" not in flags


def _elsewhere(_call: Call, task: Task) -> None:
    task.fs.elsewhere = True


def _priority(_call: Call, task: Task) -> None:
    task.prio = None


_EFFECTS: dict[str, Callable[[Call, Task], None]] = {
    "fchdir": _fchdir, "prctl": _prctl, "unshare": _unshare,
    **dict.fromkeys(ELSEWHERE, _elsewhere), **dict.fromkeys(_PRIORITIES, _priority),
}  # fmt: skip


def executes(call: Call) -> bool:
    """Whether another program runs from this call on: not where it only asked whether it might."""
    if call.name not in ("execve", "execveat") or call.result != 0:
        return False
    return call.name == "execve" or not Flags.read(word(call.values[4])).rest & _AT_EXECVE_CHECK


def clone_flags(call: Call) -> frozenset[str]:
    """The flags of a call that makes a task."""
    value = call.named.get("flags")
    if call.name == "clone3":
        how = call.values[0]
        before = getattr(how, "before", how)
        value = before["flags"] if isinstance(before, dict) else None
    return frozenset(value.parts) if isinstance(value, Word) else frozenset()


def executed_comm(call: Call) -> bytes | None:
    """The comm that an exec gives: the last component of what was named; None where the kernel makes up a name."""
    name = call.values[1 if call.name == "execveat" else 0]
    return name.data.rpartition(b"/")[2][:15] if isinstance(name, Quoted) and name.data else None
