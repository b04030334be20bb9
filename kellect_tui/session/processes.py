"""The tree of processes: what lives, what ended and how, who forked whom, and what each did.

Built from a snapshot of /proc and then from fork, exec and exit records only. One thread (the session's writer) feeds
it; any thread reads. A process stands under the one that forked it for good; that the kernel gives an orphan a new
parent is kept apart (`Process.ppid`, `Process.orphaned`).
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Collection, Iterable, Iterator
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kellect_tui.events import arguments
from kellect_tui.events.catalogue import BY_NAME, EXIT, MONITOR_START
from kellect_tui.events.record import Flag
from kellect_tui.events.syscalls import native
from kellect_tui.session.process import COUNT_NAMES, Counts, Identity, Process
from kellect_tui.session.procfs import TICK_NS, ProcessSeed, snapshot
from kellect_tui.session.proctree import TreeRow, flatten

__all__ = ["Counts", "Identity", "Process", "ProcessSeed", "Processes", "TreeRow", "snapshot"]

KEEP_EXITED = 20_000
FOREVER_NS = (1 << 63) - 1
RESTARTS = (-512, -513, -514, -516)  # include/linux/errno.h: the kernel may restart the call; neither success nor failure
LOWEST_ERRNO = -4095

_READ, _WRITE = BY_NAME["file.read"].id, BY_NAME["file.write"].id
_SEND, _RECEIVE = BY_NAME["network.send"].id, BY_NAME["network.receive"].id
_MOVED = (("read", _READ), ("written", _WRITE), ("sent", _SEND), ("received", _RECEIVE))
_MANY_MESSAGES = tuple(native()[name] for name in ("sendmmsg", "recvmmsg"))


def _text(data: bytes) -> str:
    return arguments.text(data)[0]


class Processes:
    """Every process known, by pid and by life.

    Args:
        keep_exited: How many ended ones are kept. Beyond that the one that ended first leaves, if it has no children
            left; where all of them have some, it leaves its place to its children.

    Attributes:
        version: Changes when the structure changes (a birth, an exec, an end, one forgotten), not when counts do.
        epoch_offset_ns: Epoch ns = boot-clock ns + this; set by the session when the source has started.
        forgotten: Ended processes that are no longer kept.
    """

    def __init__(self, keep_exited: int = KEEP_EXITED) -> None:
        self.version = 0
        self.epoch_offset_ns = 0
        self.forgotten = 0
        self._keep_exited = keep_exited
        self._lock = Lock()
        self._lives: dict[int, list[Process]] = {}  # pid → its lives, oldest first
        self._roots: dict[Process, None] = {}
        self._exited: dict[Process, None] = {}  # by time of end
        self._leaves: list[tuple[int, int, Process]] = []  # heap of ended ones that had no children when put in
        self._number = 0
        self._kept = 0

    # ── what happened ────────────────────────────────────────────────────────────────────────────────────────────

    def seed(self, seeds: Iterable[ProcessSeed]) -> None:
        """Take in the processes that were there before the first event, in any order. A pid already known is left alone."""
        found = list(seeds)
        with self._lock:
            fresh = {}
            for seed in found:
                if seed.pid in self._lives:
                    continue
                process = fresh[seed.pid] = self._born(seed.pid, seed.start_ns, forked_by=None, exact=False)
                process.comm, process.ppid, process.uid = _text(seed.comm), seed.ppid, seed.uid
                process.argv = tuple(_text(word) for word in seed.argv)
                process.path = None if seed.path is None else _text(seed.path)
                process.threads = process.threads_started = seed.threads
            for process in fresh.values():
                parent = self._latest(process.ppid or 0)
                if parent is not None and parent is not process:
                    self._move(process, parent)

    def fork(
        self, *, time_ns: int, pid: int, child_pid: int, child_tid: int, parent_pid: int, start_ns: int, comm: bytes = b"", uid: int | None = None
    ) -> None:
        """A new task.

        Args:
            time_ns: Epoch ns.
            pid: The process that called.
            child_pid, child_tid: Of the new task; they differ for a thread.
            parent_pid: The child's real parent: not `pid` with CLONE_PARENT. Ignored for a thread.
            start_ns: The new task's start, boot-clock ns.
            comm: The child's.
            uid: The child's effective uid, where known.
        """
        with self._lock:
            if child_pid != child_tid:
                process = self._seen(child_pid)
                process.threads += 1
                process.threads_started += 1
                return
            forker = self._seen(pid)
            known = self._life(child_pid, start_ns)
            if known is not None:  # the snapshot was quicker than the record
                self._sharpen(known, start_ns)
                if known.forked_by is None:
                    self._move(known, forker)
                return
            child = self._born(child_pid, start_ns, forked_by=forker)
            child.started_ns = time_ns
            child.ppid = parent_pid
            child.comm = _text(comm) if comm else forker.comm
            child.argv, child.path, child.interpreter = forker.argv, forker.path, forker.interpreter
            child.uid = forker.uid if uid is None else uid

    def exec(
        self,
        *,
        time_ns: int,
        pid: int,
        start_ns: int,
        comm: bytes,
        argv: Iterable[str] | None = None,
        path: str | None = None,
        interpreter: str | None = None,
        uid: int | None = None,
        ppid: int | None = None,
    ) -> None:
        """A program began to run in `pid`, whichever of its threads called: all others are gone, and the caller is the leader now.

        Args:
            start_ns: The process's start, boot-clock ns (the new leader takes the old one's: fs/exec.c, de_thread).
            argv: What the new program sees; None where it could not be read.
        """
        with self._lock:
            process = self._seen(pid, start_ns, ppid)
            if not process.running:
                return
            process.comm = _text(comm)
            process.argv = tuple(argv) if argv is not None else ()
            process.path, process.interpreter = path, interpreter
            process.executed += 1
            process.threads = 1
            process.leader_gone = False
            if uid is not None:
                process.uid = uid
            self.version += 1

    def exit(
        self,
        *,
        time_ns: int,
        pid: int,
        tid: int,
        code: int,
        group_dead: bool,
        start_ns: int = 0,
        comm: bytes = b"",
        ppid: int | None = None,
        uid: int | None = None,
    ) -> None:
        """A task ended; the process only where `group_dead`.

        Args:
            code: The kernel's word: status << 8 | core 0x80 | signal.
            start_ns: The task's start, boot-clock ns: the process's only where `tid == pid`.
        """
        with self._lock:
            latest = self._latest(pid)
            if tid != pid and not group_dead and latest is not None and not latest.running:
                return  # do_exit() counts the living before it tells of the end: two threads may tell in the other order
            process = self._seen(pid, start_ns if tid == pid else 0, ppid)
            if not process.running:
                return
            if not group_dead:
                # A leader that leaves its threads running, or is replaced by an exec from another thread.
                process.leader_gone |= tid == pid
                process.threads = max(1, process.threads - 1)
                return
            if comm and tid == pid:
                process.comm = _text(comm)
            if uid is not None:
                process.uid = uid
            signal = code & 0x7F
            process.exit_signal = signal or None
            process.exit_status = None if signal else code >> 8 & 0xFF
            process.core_dumped = bool(code & 0x80)
            self._end(process, time_ns)

    def count(
        self,
        whos: NDArray[np.void],
        codes: NDArray[np.integer[Any]],
        events: NDArray[np.integer[Any]],
        syscalls: NDArray[np.integer[Any]],
        flags: NDArray[np.integer[Any]],
        results: NDArray[np.int64],
        durations: NDArray[np.integer[Any]],
        moved: Callable[[int], int | None] | None = None,
        times: NDArray[np.int64] | None = None,
    ) -> None:
        """Add a batch to the counts of its processes; call it after the batch's fork, exec and exit, without its HIDDEN rows.

        Args:
            whos: `(k,)` structured, at least with pid, tid, ppid, uid, comm.
            codes: `(n,)` index into `whos` of each row. The other columns are `(n,)` as in a record or chunk:
                a duration that is null may be -1 or NO_DURATION.
            moved: Bytes that row i moved, for sendmmsg and recvmmsg, whose result is a number of messages; None: not counted.
            times: Epoch ns. With it what a pid did after its end belongs to a new life, whose fork was lost; None: to the latest one.
        """
        calls = np.flatnonzero(np.asarray(events) < MONITOR_START)
        if not len(calls):
            return
        who_codes: NDArray[np.intp] = codes[calls].astype(np.intp)
        order = np.full(len(whos), -1, np.intp)
        order[who_codes] = np.arange(len(who_codes))  # where an index repeats, numpy keeps the last
        used = np.flatnonzero(order >= 0)
        used = used[np.argsort(order[used])]
        sums = _sums(len(whos), who_codes, events[calls], syscalls[calls], flags[calls], results[calls], durations[calls])
        table = np.column_stack([sums[name][used] for name in COUNT_NAMES]).tolist()
        lasts = [0] * len(used)
        if times is not None:  # a thread's own end may come after that of the process: it tells nothing of a new life
            finals = calls[order[used]]
            lasts = np.where(events[finals] == EXIT, 0, times[finals]).tolist()
        many = _many_messages(who_codes, events[calls], syscalls[calls], results[calls], calls, moved)
        with self._lock:
            for (pid, tid, ppid, uid, comm), last_ns, amounts in zip(_people(whos[used]), lasts, table, strict=True):
                self._credit(pid, tid, ppid, uid, comm, last_ns, amounts)
            for code, name, amount in many:
                counts = self._lives[int(whos["pid"][code])][-1].counts
                setattr(counts, name, getattr(counts, name) + amount)

    # ── what is asked ────────────────────────────────────────────────────────────────────────────────────────────

    def __len__(self) -> int:
        return sum(map(len, list(self._lives.values())))  # list() is atomic: the writer may add a pid meanwhile

    @property
    def running(self) -> int:
        """Processes whose end has not been seen."""
        return self._kept - len(self._exited)

    def all(self) -> list[Process]:
        """Every process kept, in order of becoming known."""
        with self._lock:
            return sorted((process for lives in self._lives.values() for process in lives), key=lambda process: process.number)

    def roots(self) -> list[Process]:
        """Those whose forker is not known."""
        with self._lock:
            return list(self._roots)

    def by_pid(self, pid: int, at_time_ns: int | None = None) -> Process | None:
        """The life of `pid` at that epoch time, or its latest; None where it is not known."""
        with self._lock:
            lives = self._lives.get(pid)
            if not lives:
                return None
            if at_time_ns is not None:
                for process in reversed(lives):
                    if process.started_ns is None or process.started_ns <= at_time_ns:
                        return process
                return lives[0]
            return lives[-1]

    def ancestry(self, process: Process) -> list[Process]:
        """Who forked it, who forked that, … up to a root; without `process` itself."""
        with self._lock:
            return list(_ancestors(process))

    def descendants(self, process: Process) -> list[Process]:
        """`process` and all it forked, directly or not, as far as they are kept; a parent before its children."""
        with self._lock:
            return list(_family(process))

    def spans(self, pids: Iterable[int]) -> list[tuple[int, int, int]]:
        """(pid, from, to) in epoch ns of the latest life of each of `pids` and of all its descendants.

        A life lasts until the next one of its pid: threads may tell of their end just after the process told of its own.
        """
        with self._lock:
            out = []
            for root in filter(None, map(self._latest, pids)):
                for member in _family(root):
                    lives = self._lives[member.pid]
                    following = lives[lives.index(member) + 1 :]
                    end = FOREVER_NS if not following else following[0].started_ns or member.ended_ns or FOREVER_NS
                    out.append((member.pid, member.started_ns or 0, end))
            return out

    def totals(self, process: Process) -> Counts:
        """What `process` and its descendants did together."""
        total = Counts()
        for member in self.descendants(process):
            total.add(member.counts)
        return total

    def rows(
        self,
        collapsed: Collection[Identity] = frozenset(),
        predicate: Callable[[Process], bool] | None = None,
        *,
        sort: Callable[[Process], Any] | None = None,
    ) -> list[TreeRow]:
        """The visible tree from top to bottom, as it stands now.

        Args:
            collapsed: Identities whose children are hidden.
            predicate: Only those it lets through, with their ancestors (`TreeRow.matched` False) as the way to them.
            sort: Key by which siblings are ordered; None: as they came.
        """
        with self._lock:
            return flatten(self._roots, collapsed, predicate, sort)

    # ── files ────────────────────────────────────────────────────────────────────────────────────────────────────

    def to_json(self) -> dict[str, Any]:
        """The whole table as plain JSON values; `from_json` gives an equal one back."""
        processes = self.all()
        with self._lock:
            return {"epoch_offset_ns": self.epoch_offset_ns, "forgotten": self.forgotten, "processes": [_to_json(process) for process in processes]}

    @classmethod
    def from_json(cls, document: dict[str, Any], keep_exited: int = KEEP_EXITED) -> Processes:
        """The table that `to_json` wrote. Raises KeyError, TypeError or ValueError for anything else."""
        table = cls(keep_exited)
        table.epoch_offset_ns = int(document["epoch_offset_ns"])
        table.forgotten = int(document["forgotten"])
        table._kept = len(document["processes"])
        by_number: dict[int, Process] = {}
        for row in document["processes"]:
            process = _from_json(row)
            by_number[process.number] = process
            table._lives.setdefault(process.pid, []).append(process)
            table._number = max(table._number, process.number)
        for row in document["processes"]:
            process, forker = by_number[row["number"]], by_number.get(row["forked_by"])
            if forker is None or process in _ancestors(forker) or forker is process:
                table._roots[process] = None
            else:
                process.forked_by = forker
                forker.children[process] = None
        for process in sorted((process for process in by_number.values() if not process.running), key=lambda process: process.ended_ns or 0):
            table._exited[process] = None
            if not process.children:
                table._offer(process)
        return table

    # ── inside, under the lock ───────────────────────────────────────────────────────────────────────────────────

    def _latest(self, pid: int) -> Process | None:
        lives = self._lives.get(pid)
        return lives[-1] if lives else None

    def _life(self, pid: int, start_ns: int) -> Process | None:
        for process in reversed(self._lives.get(pid, ())):
            if _same_start(process, start_ns):
                return process
        return None

    def _seen(self, pid: int, start_ns: int = 0, ppid: int | None = None) -> Process:
        """The life that an event of `pid` belongs to; a new one where its fork was never seen."""
        process = self._latest(pid) if not start_ns else self._life(pid, start_ns)
        if process is None or (not start_ns and not process.running):
            process = self._born(pid, start_ns, forked_by=self._latest(ppid) if ppid else None)
            process.ppid = ppid
        elif start_ns:
            self._sharpen(process, start_ns)
        return process

    def _sharpen(self, process: Process, start_ns: int) -> None:
        if start_ns and (not process.exact or not process.start_ns):
            process.start_ns, process.exact = start_ns, True
            process.started_ns = start_ns + self.epoch_offset_ns

    def _born(self, pid: int, start_ns: int, *, forked_by: Process | None, exact: bool = True) -> Process:
        lives = self._lives.setdefault(pid, [])
        later = bool(lives) and 0 < start_ns < lives[-1].start_ns  # the snapshot already saw the next life of this pid
        if lives and lives[-1].running and not later:  # its exit was lost, for the pid is in use again
            lives[-1].exit_seen = False
            self._end(lives[-1], start_ns + self.epoch_offset_ns if start_ns else lives[-1].started_ns or 0)
            lives = self._lives.setdefault(pid, [])  # the end may have let the list go
        self._number += 1
        self._kept += 1
        started = start_ns + self.epoch_offset_ns if start_ns else None
        process = Process(self._number, pid, start_ns, exact and bool(start_ns), started)
        lives.insert(len(lives) - later, process)
        self._move(process, forked_by)
        return process

    def _move(self, process: Process, forker: Process | None) -> None:
        """Put `process` under `forker`, or among the roots; never below itself."""
        if process.forked_by is not None:
            process.forked_by.children.pop(process, None)
        self._roots.pop(process, None)
        if forker is None or forker is process or process in _ancestors(forker):
            process.forked_by = None
            self._roots[process] = None
        else:
            process.forked_by = forker
            forker.children[process] = None
        self.version += 1

    def _end(self, process: Process, time_ns: int) -> None:
        process.ended_ns = time_ns
        process.threads = 0
        self._exited[process] = None
        self.version += 1
        if not process.children:
            self._offer(process)
        while len(self._exited) > self._keep_exited:
            self._forget_one()

    def _offer(self, process: Process) -> None:
        heapq.heappush(self._leaves, (process.ended_ns or 0, process.number, process))

    def _forget_one(self) -> None:
        while self._leaves:
            process = heapq.heappop(self._leaves)[2]
            if process in self._exited and not process.children:
                self._forget(process)
                return
        self._forget(next(iter(self._exited)))

    def _forget(self, process: Process) -> None:
        """Let an ended process go; children that it still has take its place."""
        del self._exited[process]
        forker = process.forked_by
        for child in tuple(process.children):
            self._move(child, forker)
        if forker is None:
            self._roots.pop(process, None)
        else:
            forker.children.pop(process, None)
            if not forker.running and not forker.children and forker in self._exited:
                self._offer(forker)
        lives = self._lives[process.pid]
        lives.remove(process)
        if not lives:
            del self._lives[process.pid]
        self._kept -= 1
        self.forgotten += 1
        self.version += 1

    def _credit(self, pid: int, tid: int, ppid: int, uid: int, comm: bytes, last_ns: int, amounts: list[int]) -> None:
        process = self._latest(pid)
        if process is None or (process.ended_ns is not None and last_ns > process.ended_ns):
            process = self._born(pid, 0, forked_by=self._latest(ppid))
            process.ppid = ppid
            process.comm, process.uid = _text(comm.partition(b"\0")[0]), uid
        elif tid == pid and process.running:
            process.uid = uid
            if ppid != process.ppid:
                process.ppid = ppid
                self.version += 1
            if (name := _text(comm.partition(b"\0")[0])) != process.comm:
                process.comm = name
                self.version += 1
        counts = process.counts
        for name, amount in zip(COUNT_NAMES, amounts, strict=True):
            if amount:
                setattr(counts, name, getattr(counts, name) + amount)


def _same_start(process: Process, start_ns: int) -> bool:
    if not process.start_ns:
        return process.running
    return process.start_ns == start_ns if process.exact else process.start_ns // TICK_NS == start_ns // TICK_NS


def _ancestors(process: Process) -> Iterator[Process]:
    above = process.forked_by
    while above is not None:
        yield above
        above = above.forked_by


def _family(process: Process) -> Iterator[Process]:
    waiting = [process]
    while waiting:
        member = waiting.pop()
        yield member
        waiting.extend(reversed(member.children))


def _people(whos: NDArray[np.void]) -> Iterator[tuple[int, int, int, int, bytes]]:
    columns = (whos[name].tolist() for name in ("pid", "tid", "ppid", "uid", "comm"))
    return zip(*columns, strict=True)


def _sums(
    size: int,
    codes: NDArray[np.intp],
    events: NDArray[np.integer[Any]],
    syscalls: NDArray[np.integer[Any]],
    flags: NDArray[np.integer[Any]],
    results: NDArray[np.int64],
    durations: NDArray[np.integer[Any]],
) -> dict[str, NDArray[np.int64]]:
    """Each count summed by who code: `(size,)` each. Exact below 2**53, far above what a batch can hold."""
    durations = durations.astype(np.int64, copy=False)  # NO_DURATION becomes -1
    out = {
        "events": np.bincount(codes, minlength=size),
        "time_ns": np.bincount(codes, np.maximum(durations, 0), size).astype(np.int64),
    }
    negative = np.flatnonzero(results < 0)
    negative = negative[_is_error(flags[negative], results[negative])]
    out["failures"] = np.bincount(codes[negative], minlength=size)
    for name, event in _MOVED:
        rows = np.flatnonzero(events == event)
        rows = rows[(results[rows] > 0) & ~np.isin(syscalls[rows], _MANY_MESSAGES)]
        out[name] = np.bincount(codes[rows], results[rows], size).astype(np.int64)
    return out


def _is_error(flags: NDArray[np.integer[Any]], results: NDArray[np.int64]) -> NDArray[np.bool_]:
    error: NDArray[np.bool_] = (results >= LOWEST_ERRNO) & ((flags & int(Flag.NO_RESULT)) == 0) & ~np.isin(results, RESTARTS)
    return error


def _many_messages(
    codes: NDArray[np.intp],
    events: NDArray[np.integer[Any]],
    syscalls: NDArray[np.integer[Any]],
    results: NDArray[np.int64],
    rows: NDArray[np.intp],
    moved: Callable[[int], int | None] | None,
) -> list[tuple[int, str, int]]:
    """(who code, count, bytes) of the sendmmsg and recvmmsg rows: rare enough for Python."""
    if moved is None:
        return []
    found = np.flatnonzero((events == _SEND) | (events == _RECEIVE))
    found = found[np.isin(syscalls[found], _MANY_MESSAGES) & (results[found] > 0)]
    return [(int(codes[i]), "sent" if events[i] == _SEND else "received", amount) for i in found.tolist() if (amount := moved(int(rows[i])))]


_PLAIN = (
    "number", "pid", "start_ns", "exact", "started_ns", "comm", "ppid", "path", "interpreter", "uid", "executed", "threads",
    "threads_started", "leader_gone", "ended_ns", "exit_status", "exit_signal", "core_dumped", "exit_seen",
)  # fmt: skip


def _to_json(process: Process) -> dict[str, Any]:
    row = {name: getattr(process, name) for name in _PLAIN}
    row["argv"] = list(process.argv)
    row["forked_by"] = None if process.forked_by is None else process.forked_by.number
    row["counts"] = [getattr(process.counts, name) for name in COUNT_NAMES]
    return row


def _from_json(row: dict[str, Any]) -> Process:
    process = Process(**{name: row[name] for name in _PLAIN})
    process.argv = tuple(str(word) for word in row["argv"])
    process.counts = Counts(**{name: int(amount) for name, amount in zip(COUNT_NAMES, row["counts"], strict=True)})
    return process
