"""The tree of processes: what lives, what ended and how, who forked whom, and what each did.

Built from a snapshot of /proc and then from fork, exec, exit and kill records only. One thread (the session's writer)
feeds it; any thread reads. A process stands under the one that forked it for good; that the kernel gives an orphan a new
parent is kept apart (`Process.ppid`, `Process.orphaned`).
"""

from __future__ import annotations

import heapq
from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import pairwise
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kellect_tui.events import arguments
from kellect_tui.events.catalogue import EXIT
from kellect_tui.session.process import COUNT_NAMES, Birth, Counts, Generation, Healed, Identity, Killer, Process, Thread
from kellect_tui.session.procfs import TICK_NS, ProcessSeed, ThreadSeed, snapshot
from kellect_tui.session.tally import SEND, Rollup, Tally, calls_only, sums

__all__ = ["Birth", "Counts", "Generation", "Healed", "Identity", "Killer", "Process", "ProcessSeed", "Processes", "Rollup", "Thread", "snapshot"]

KEEP_EXITED = 20_000
KEEP_THREADS = 20_000
"""Ended threads that are kept, of all processes together."""
KEEP_GENERATIONS = 16
KEEP_GAPS = 1_000
KILL_NS = 5_000_000_000
"""How long before an end a signal may have been sent that is told as its cause; SIGKILL, which nothing can put off, at any time."""
FOREVER_NS = (1 << 63) - 1

_SIGKILL = 9
_NO_GROUPS: Mapping[int, bytes] = {}


def _text(data: bytes) -> str:
    return arguments.text(data)[0]


class Processes:
    """Every process known, by pid and by life.

    Args:
        keep_exited: How many ended ones are kept. Beyond that the one that ended first leaves, if it has no children
            left; where all of them have some, it leaves its place to its children.
        keep_threads: How many ended threads are kept.

    Attributes:
        version: Changes when the structure changes (a birth, an exec, an end, one forgotten), not when counts do.
        thread_version: Changes when a thread begins or ends.
        counted: Changes when counts do.
        epoch_offset_ns: Epoch ns = boot-clock ns + this; set by the session when the source has started.
        began_ns: Boot-clock ns since which births are seen; 0 where not known.
        forgotten: Ended processes that are no longer kept. threads_forgotten: ended threads, likewise.
        orphans: Running ones whose parent has just ended: who adopted them is not known yet; how often that was asked.
        gaps: (from, to) in epoch ns during which events that make the tree were lost, oldest first.
    """

    def __init__(self, keep_exited: int = KEEP_EXITED, keep_threads: int = KEEP_THREADS) -> None:
        self.version = self.thread_version = self.counted = 0
        self.epoch_offset_ns = 0
        self.began_ns = 0
        self.forgotten = self.threads_forgotten = 0
        self.orphans: dict[Process, int] = {}
        self.gaps: deque[tuple[int, int]] = deque(maxlen=KEEP_GAPS)
        self._keep_exited, self._keep_threads = keep_exited, keep_threads
        self._lock = Lock()
        self._tally = Tally()
        self._rollup: tuple[tuple[int, int], Rollup] | None = None
        self._lives: dict[int, list[Process]] = {}  # pid → its lives, oldest first
        self._roots: dict[Process, None] = {}
        self._exited: dict[Process, None] = {}  # by time of end
        self._leaves: list[tuple[int, int, Process]] = []  # heap of ended ones that had no children when put in
        self._adopted: dict[int, dict[Process, None]] = {}  # ppid → those whose ppid is not their forker's
        self._threads_ended: deque[tuple[Process, Thread]] = deque()
        self._reused_ns: list[int] = []  # births, within this batch, of pids that had another life within it
        self._taking = False
        self._number = 0
        self._kept = 0

    # ── what happened ────────────────────────────────────────────────────────────────────────────────────────────

    def seed(self, seeds: Iterable[ProcessSeed], birth: Birth = Birth.BEFORE) -> None:
        """Take in processes that /proc shows, in any order. A pid that is already known is left alone."""
        found = list(seeds)
        with self._lock:
            fresh = {seed.pid: self._seeded(seed, birth) for seed in found if seed.pid not in self._lives}
            for process in fresh.values():
                parent = self._latest(process.ppid or 0)
                if parent is not None and parent is not process:
                    self._move(process, parent)

    @contextmanager
    def taking(self) -> Iterator[None]:
        """Around a batch, fed first and counted then: until its end everything that it tells of is kept."""
        self._taking = True
        try:
            yield
        finally:
            self._taking = False
            with self._lock:
                self._reused_ns.clear()
                self._trim()

    def fork(
        self,
        *,
        time_ns: int,
        pid: int,
        child_pid: int,
        child_tid: int,
        parent_pid: int,
        start_ns: int,
        comm: bytes = b"",
        uid: int | None = None,
        kernel: bool = False,
        cgroup: str | None = None,
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
            kernel: The child is a kernel thread.
            cgroup: The caller's control group; None where not known.
        """
        with self._lock:
            if child_pid != child_tid:
                self._new_thread(self._seen(child_pid), child_tid, time_ns, start_ns, comm)
                return
            forker = self._seen(pid)
            known = self._life(child_pid, start_ns)
            if known is not None and known.start_ns:  # the snapshot was quicker than the record
                self._sharpen(known, start_ns)
                if known.birth is not Birth.FORKED:
                    known.birth, known.marks = Birth.FORKED, known.marks & ~Healed.BIRTH
                    self._move(known, forker)
                return
            child = self._born(child_pid, start_ns, forked_by=forker, birth=Birth.FORKED)
            child.started_ns = time_ns
            self._set_ppid(child, parent_pid)
            child.comm = _text(comm) if comm else forker.comm
            child.argv, child.path, child.interpreter, child.cwd = forker.argv, forker.path, forker.interpreter, forker.cwd
            child.kernel, child.arg_start = kernel, forker.arg_start
            child.uid = forker.uid if uid is None else uid
            child.cgroup = cgroup or forker.cgroup

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
        cwd: str | None = None,
        tid: int | None = None,
        arg_start: int = 0,
        uid: int | None = None,
        ppid: int | None = None,
        cgroup: str | None = None,
    ) -> None:
        """A program began to run in `pid`, whichever of its threads called: all others are gone, and the caller is the leader now.

        Args:
            start_ns: The process's start, boot-clock ns (the new leader takes the old one's: fs/exec.c, de_thread).
            argv: What the new program sees; None where it could not be read.
            cwd: Its working directory.
            tid: The thread that called, by its number before the call; None: the leader.
            arg_start: Where the kernel keeps argv.
        """
        with self._lock:
            process = self._seen(pid, start_ns, ppid)
            if not process.running:
                return
            process.comm = _text(comm)
            words = tuple(argv) if argv is not None else ()
            self._new_program(process, Generation(time_ns, words, path, interpreter, cwd, process.comm, tid or pid))
            process.executed += 1
            process.kernel, process.arg_start = False, arg_start
            self._only_caller(process, tid or pid, time_ns)
            if uid is not None:
                process.uid = uid
            process.cgroup = cgroup or process.cgroup
            if ppid:
                self._set_ppid(process, ppid)

    def exit(
        self,
        *,
        time_ns: int,
        pid: int,
        tid: int,
        code: int,
        group_dead: bool,
        start_ns: int = 0,
        group_code: int | None = None,
        comm: bytes = b"",
        ppid: int | None = None,
        uid: int | None = None,
        cgroup: str | None = None,
    ) -> None:
        """A task ended; the process only where `group_dead`.

        Args:
            code: The kernel's word about the task: status << 8 | core 0x80 | signal.
            start_ns: The task's start, boot-clock ns: the process's only where `tid == pid`.
            group_code: The word about the process that its parent gets; None: `code`.
        """
        with self._lock:
            process = self._ending(pid, tid, start_ns, ppid, time_ns, group_dead=group_dead)
            if comm and tid == pid:
                process.comm = _text(comm)
            if tid != pid or not group_dead:
                self._end_thread(process, tid, start_ns, time_ns, code, comm)
            if not group_dead or (not process.running and process.exit_seen):
                return
            if uid is not None:
                process.uid = uid
            process.cgroup = cgroup or process.cgroup
            if ppid:
                self._set_ppid(process, ppid)
            process.marks &= ~Healed.END
            process.exit_status, process.exit_signal, process.core_dumped = _ended_how(code if group_code is None else group_code)
            self._end(process, time_ns)
            if process.signals and process.exit_signal:
                self._blame(process, process.signals.get(process.exit_signal))
            process.signals = None

    def kill(self, *, time_ns: int, entered_ns: int, pid: int, comm: bytes, target: int, signal: int) -> None:
        """A signal was sent to a process (or a thread of it).

        Args:
            time_ns, entered_ns: Epoch ns of the call's end and beginning: the signal was sent in between.
            pid, comm: Who sent it.
            target: Pid of whom it was sent to.
        """
        with self._lock:
            process = self._at(target, entered_ns)
            if process is None or (process.ended_ns is not None and process.ended_ns < entered_ns):
                return
            killer = Killer(pid, _text(comm), signal, entered_ns)
            if not process.running:
                self._blame(process, killer)
            elif process.signals is None:
                process.signals = {signal: killer}
            elif signal != _SIGKILL or signal not in process.signals:  # nothing outlives the first SIGKILL
                process.signals[signal] = killer

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
        cgroups: Mapping[int, bytes] = _NO_GROUPS,
    ) -> None:
        """Add a batch to the counts of its processes; call it after the batch's fork, exec and exit, without its HIDDEN rows.

        Args:
            whos: `(k,)` structured, at least with pid, tid, ppid, uid, comm; cgroup where `cgroups` are given.
            codes: `(n,)` index into `whos` of each row. The other columns are `(n,)` as in a record or chunk:
                a duration that is null may be -1 or NO_DURATION.
            moved: Bytes that row i moved, for sendmmsg and recvmmsg, whose result is a number of messages; None: not counted.
            times: Epoch ns, ascending. With it what a pid did after its end belongs to a new life, whose fork was lost; None: to the latest one.
            cgroups: Paths by control group id.
        """
        bounds = [0, len(events)]
        if times is not None and self._reused_ns:  # a pid had two lives in this batch: each gets its own
            bounds = sorted({*bounds, *np.searchsorted(times, self._reused_ns).tolist()})
        for start, stop in pairwise(bounds):
            rows = slice(start, stop)
            columns = (codes[rows], events[rows], syscalls[rows], flags[rows], results[rows], durations[rows])
            self._count(whos, columns, start, moved, None if times is None else times[rows], cgroups)

    def credit(self, process: Process, counts: Counts) -> None:
        """Add to what a process did."""
        with self._lock:
            self._tally.add([process.slot], np.array([[getattr(counts, name) for name in COUNT_NAMES]], np.int64))
            self.counted += 1

    def sample(self, now_ns: int) -> None:
        """Take `Process.rate` anew: what was counted since the last look. For one caller, about once a second; any clock."""
        with self._lock:
            self._tally.sample(now_ns)
            self._rollup = None

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
            return self._latest(pid) if at_time_ns is None else self._at(pid, at_time_ns)

    def lives(self, pid: int) -> tuple[Process, ...]:
        """The lives of a pid that are kept, oldest first."""
        with self._lock:
            return tuple(self._lives.get(pid, ()))

    def ancestry(self, process: Process) -> list[Process]:
        """Who forked it, who forked that, … up to a root; without `process` itself."""
        with self._lock:
            return list(_ancestors(process))

    def descendants(self, process: Process) -> list[Process]:
        """`process` and all it forked, directly or not, as far as they are kept; a parent before its children."""
        with self._lock:
            return list(_family(process))

    def totals(self, process: Process) -> Counts:
        """What `process` and its descendants did together; `rollup` says it of all processes at once."""
        with self._lock:
            members = list(_family(process))
            total = self._tally.total([member.slot for member in members if member.slot >= 0])
            for member in members:
                if member.slot < 0:
                    total.add(member.last)
            return total

    def rollup(self) -> Rollup:
        """Counts, members and rates of every subtree, as they are now; made anew only where something has changed."""
        state = (self.version, self.counted)
        made = self._rollup
        if made is None or made[0] != state:
            with self._lock:
                made = self._rollup = ((self.version, self.counted), self._tally.rollup())
        return made[1]

    def lossy(self, process: Process) -> bool:
        """Whether events that make the tree were lost while it lived: an exec, thread or child of it may be missing."""
        since, until = process.started_ns or 0, process.ended_ns or FOREVER_NS
        return any(start <= until and end >= since for start, end in tuple(self.gaps))

    # ── files ────────────────────────────────────────────────────────────────────────────────────────────────────

    def to_json(self) -> dict[str, Any]:
        """The whole table as plain JSON values; `from_json` gives an equal one back."""
        from kellect_tui.session.process_file import written

        processes = self.all()
        with self._lock:
            return {
                "epoch_offset_ns": self.epoch_offset_ns, "forgotten": self.forgotten, "threads_forgotten": self.threads_forgotten,
                "gaps": [list(gap) for gap in self.gaps], "processes": [written(process) for process in processes],
            }  # fmt: skip

    @classmethod
    def from_json(cls, document: Mapping[str, Any], keep_exited: int = KEEP_EXITED) -> Processes:
        """The table that `to_json` wrote. Raises KeyError, TypeError or ValueError for anything else."""
        from kellect_tui.session.process_file import read

        table = cls(keep_exited)
        table.epoch_offset_ns = int(document["epoch_offset_ns"])
        table.forgotten = int(document["forgotten"])
        table.threads_forgotten = int(document.get("threads_forgotten", 0))
        table.gaps.extend((int(since), int(until)) for since, until in document.get("gaps", ()))
        by_number: dict[int, Process] = {}
        for row in document["processes"]:
            process, counts = read(row)
            by_number[process.number] = process
            table._enter(process)
            table.credit(process, counts)
            table._lives.setdefault(process.pid, []).append(process)
            table._number = max(table._number, process.number)
        for row in document["processes"]:
            process, forker = by_number[row["number"]], by_number.get(row["forked_by"])
            table._put(process, forker)
        for process in sorted((process for process in by_number.values() if not process.running), key=lambda process: process.ended_ns or 0):
            table._tally.end(process.slot)
            table._exited[process] = None
            if not process.children:
                table._offer(process)
        ended = [(process, thread) for process in by_number.values() for thread in process.ended_threads]
        table._threads_ended.extend(sorted(ended, key=lambda pair: pair[1].ended_ns or 0))
        return table

    # ── healing, from what /proc shows ───────────────────────────────────────────────────────────────────────────

    def lost(self, since_ns: int, until_ns: int) -> None:
        """Events that make the tree were lost in between (epoch ns)."""
        with self._lock:
            if self.gaps and self.gaps[-1][1] >= since_ns:
                since_ns = self.gaps.pop()[0]
            self.gaps.append((since_ns, until_ns))
            self.version += 1

    def gone(self, process: Process, time_ns: int) -> None:
        """It is not there any more, since `time_ns` at the latest, and nothing told its end."""
        with self._lock:
            if process.running:
                process.marks |= Healed.END
                self._end(process, time_ns)

    def found(self, seed: ProcessSeed) -> None:
        """A running process that no event told of."""
        with self._lock:
            if self._life(seed.pid, seed.start_ns) is None:
                process = self._seeded(seed, Birth.LOST)
                self._put(process, self._latest(seed.ppid))

    def adopted(self, process: Process, ppid: int) -> None:
        """It has this parent now."""
        with self._lock:
            self.orphans.pop(process, None)
            if process.running:
                self._set_ppid(process, ppid)

    def runs(self, process: Process, seed: ProcessSeed) -> None:
        """It runs another program than that of its last exec seen."""
        with self._lock:
            process.marks |= Healed.EXEC
            process.comm, process.arg_start = _text(seed.comm), seed.arg_start
            self._new_program(process, _generation(seed))

    def mend_threads(self, process: Process, born: Sequence[ThreadSeed], gone: Sequence[Thread], time_ns: int) -> None:
        """It has threads that no event told of, and has some no longer, since `time_ns` at the latest."""
        with self._lock:
            for thread in gone:
                self._thread_gone(process, thread.tid, time_ns)
            for seed in born:
                self._seed_thread(process, seed, Birth.LOST)
            process.marks |= Healed.THREADS
            self.version += 1

    def knows(self, pid: int, start_ns: int) -> bool:
        """Whether it has this life of a pid; `start_ns` may be cut to the tick."""
        with self._lock:
            return any(process.start_ns // TICK_NS == start_ns // TICK_NS for process in self._lives.get(pid, ()))

    def living(self) -> list[Process]:
        """Those that run, in no order."""
        with self._lock:
            return [lives[-1] for lives in self._lives.values() if lives[-1].running]

    # ── inside, under the lock ───────────────────────────────────────────────────────────────────────────────────

    def _latest(self, pid: int) -> Process | None:
        lives = self._lives.get(pid)
        return lives[-1] if lives else None

    def _life(self, pid: int, start_ns: int) -> Process | None:
        for process in reversed(self._lives.get(pid, ())):
            if _same_start(process, start_ns):
                return process
        return None

    def _at(self, pid: int, time_ns: int) -> Process | None:
        lives = self._lives.get(pid)
        if not lives:
            return None
        for process in reversed(lives):
            if process.started_ns is None or process.started_ns <= time_ns:
                return process
        return lives[0]

    def _seen(self, pid: int, start_ns: int = 0, ppid: int | None = None) -> Process:
        """The life that an event of `pid` belongs to; a new one where its fork was never seen."""
        process = self._latest(pid) if not start_ns else self._life(pid, start_ns)
        if process is None or (not start_ns and not process.running):
            before = 0 < start_ns < self.began_ns
            process = self._born(pid, start_ns, forked_by=self._latest(ppid) if ppid else None, birth=Birth.BEFORE if before else Birth.LOST)
            if ppid:
                self._set_ppid(process, ppid)
        elif start_ns:
            self._sharpen(process, start_ns)
        return process

    def _ending(self, pid: int, tid: int, start_ns: int, ppid: int | None, time_ns: int, *, group_dead: bool) -> Process:
        """The life that the end of a task belongs to."""
        if tid == pid:
            return self._seen(pid, start_ns, ppid)
        latest = self._latest(pid)
        # do_exit() counts the living before it tells of the end: two threads may tell in the other order.
        if latest is not None and not latest.running and (not group_dead or not latest.exit_seen):
            return latest
        return self._seen(pid, 0, ppid)

    def _sharpen(self, process: Process, start_ns: int) -> None:
        if start_ns and (not process.exact or not process.start_ns):
            process.start_ns, process.exact = start_ns, True
            process.started_ns = start_ns + self.epoch_offset_ns

    def _born(self, pid: int, start_ns: int, *, forked_by: Process | None, birth: Birth, exact: bool = True) -> Process:
        lives = self._lives.setdefault(pid, [])
        later = bool(lives) and 0 < start_ns < lives[-1].start_ns  # the snapshot already saw the next life of this pid
        if lives and not later:
            if self._taking:
                self._reused_ns.append(start_ns + self.epoch_offset_ns if start_ns else lives[-1].ended_ns or 0)
            if lives[-1].running:  # its exit was lost, for the pid is in use again
                lives[-1].marks |= Healed.END
                self._end(lives[-1], start_ns + self.epoch_offset_ns if start_ns else lives[-1].started_ns or 0)
                lives = self._lives.setdefault(pid, [])  # the end may have let the list go
        self._number += 1
        started = start_ns + self.epoch_offset_ns if start_ns else None
        process = Process(self._number, pid, start_ns, exact and bool(start_ns), started, birth=birth)
        if birth is Birth.LOST:
            process.marks |= Healed.BIRTH
        self._enter(process)
        lives.insert(len(lives) - later, process)
        self._put(process, forked_by)
        return process

    def _enter(self, process: Process) -> None:
        process.tally, process.slot = self._tally, self._tally.take()
        self._kept += 1

    def _seeded(self, seed: ProcessSeed, birth: Birth) -> Process:
        process = self._born(seed.pid, seed.start_ns, forked_by=None, birth=birth, exact=False)
        process.comm, process.uid = _text(seed.comm), seed.uid
        process.cgroup = None if seed.cgroup is None else _text(seed.cgroup)
        process.kernel, process.arg_start = seed.kernel, seed.arg_start
        self._set_ppid(process, seed.ppid)
        if not seed.kernel:
            self._new_program(process, _generation(seed))
        for thread in seed.tasks:
            if thread.tid != seed.pid:
                self._seed_thread(process, thread, birth)
        if seed.leader_gone:
            process.leader = Thread(seed.pid, seed.start_ns, process.started_ns, process.comm, birth, running=False, exit_seen=False)
        return process

    def _new_program(self, process: Process, program: Generation) -> None:
        process.argv, process.path, process.interpreter, process.cwd = program.argv, program.path, program.interpreter, program.cwd
        process.generations.append(program)
        if len(process.generations) > KEEP_GENERATIONS:
            del process.generations[1]
        self.version += 1

    def _put(self, process: Process, forker: Process | None) -> None:
        """Put `process` under `forker`, or among the roots; never below itself."""
        if forker is None or forker is process or process in _ancestors(forker):
            process.forked_by = None
            self._roots[process] = None
            self._tally.move(process.slot, -1)
        else:
            self._roots.pop(process, None)
            process.forked_by = forker
            forker.children[process] = None
            self._tally.move(process.slot, forker.slot)
        self.version += 1

    def _move(self, process: Process, forker: Process | None) -> None:
        if process.forked_by is not None:
            process.forked_by.children.pop(process, None)
        self._put(process, forker)

    def _set_ppid(self, process: Process, ppid: int) -> None:
        if ppid == process.ppid:
            return
        self._leave_parent(process)
        process.ppid = ppid
        self.orphans.pop(process, None)
        if process.running and (process.forked_by is None or process.forked_by.pid != ppid):
            self._adopted.setdefault(ppid, {})[process] = None
        parent = self._latest(ppid)
        if parent is not None and not parent.running and process.running:  # told before the adoption, taken in after it
            self.orphans[process] = 0
        self.version += 1

    def _leave_parent(self, process: Process) -> None:
        if process.ppid is not None and (adopted := self._adopted.get(process.ppid)):
            adopted.pop(process, None)
            if not adopted:
                del self._adopted[process.ppid]

    def _end(self, process: Process, time_ns: int) -> None:
        again = not process.running
        process.ended_ns = time_ns
        self.version += 1
        for tid in list(process.threads):
            self._thread_gone(process, tid, None)
        if again:
            return
        self.orphans.pop(process, None)
        self._leave_parent(process)
        for child in (*process.children, *self._adopted.pop(process.pid, ())):
            if child.running and child.ppid == process.pid:
                self.orphans[child] = 0
        self._tally.end(process.slot)
        self._exited[process] = None
        if not process.children:
            self._offer(process)
        self._trim()

    def _trim(self) -> None:
        """Let go of what is too many, once nothing can ask for it any more."""
        if self._taking:
            return
        while len(self._exited) > self._keep_exited:
            self._forget_one()
        while len(self._threads_ended) > self._keep_threads:
            process, thread = self._threads_ended.popleft()
            if process.ended_threads and process.ended_threads[0] is thread:
                process.ended_threads.popleft()
                self.threads_forgotten += 1

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
        process.last, slot = self._tally.counts(process.slot), process.slot
        process.tally, process.slot = None, -1
        self._tally.give_back(slot)
        self._kept -= 1
        self.forgotten += 1
        self.version += 1

    # ── threads and signals ──────────────────────────────────────────────────────────────────────────────────────

    def _new_thread(self, process: Process, tid: int, time_ns: int, start_ns: int, comm: bytes) -> None:
        thread = process.threads.get(tid)
        if thread is not None and _same_task(thread.start_ns, start_ns):  # the snapshot was quicker than the record
            thread.start_ns, thread.started_ns = start_ns, time_ns
            return
        if thread is not None:  # its end was lost, for the tid is in use again
            self._thread_gone(process, tid, time_ns)
            process.marks |= Healed.THREADS
        process.threads[tid] = Thread(tid, start_ns, time_ns, _text(comm) if comm else process.comm)
        process.threads_started += 1
        self.thread_version += 1

    def _seed_thread(self, process: Process, seed: ThreadSeed, birth: Birth) -> None:
        process.threads[seed.tid] = Thread(seed.tid, seed.start_ns, seed.start_ns + self.epoch_offset_ns, _text(seed.comm), birth)
        process.threads_started += 1
        self.thread_version += 1

    def _end_thread(self, process: Process, tid: int, start_ns: int, time_ns: int, code: int, comm: bytes) -> None:
        """A task told of its end, and others of its process run on (or have told already)."""
        if tid == process.pid:
            thread = process.leader = Thread(tid, process.start_ns, process.started_ns, process.comm, process.birth)
        else:
            thread = process.threads.pop(tid) if tid in process.threads else self._unseen_end(process, tid) or self._unknown_thread(process, tid, start_ns)
        if comm:
            thread.comm = _text(comm)
        kept = not thread.running
        thread.start_ns = start_ns or thread.start_ns
        thread.running, thread.ended_ns, thread.exit_seen = False, time_ns, True
        thread.exit_status, thread.exit_signal, _core = _ended_how(code)
        if tid != process.pid and not kept:
            self._keep_thread(process, thread)
        self.thread_version += 1

    def _unseen_end(self, process: Process, tid: int) -> Thread | None:
        """A thread that was taken for gone when its process ended: it tells of its end only now."""
        return next((thread for thread in reversed(process.ended_threads) if thread.tid == tid and not thread.exit_seen), None)

    def _unknown_thread(self, process: Process, tid: int, start_ns: int) -> Thread:
        # The kernel tells of no birth of its io_uring workers (create_io_thread); of others it was lost, or came before the start.
        birth = Birth.BEFORE if start_ns < self.began_ns else Birth.LOST
        if birth is Birth.LOST:
            process.marks |= Healed.THREADS
        process.threads_started += 1
        return Thread(tid, start_ns, start_ns + self.epoch_offset_ns if start_ns else None, "", birth)

    def _thread_gone(self, process: Process, tid: int, time_ns: int | None) -> None:
        thread = process.threads.pop(tid)
        thread.running, thread.exit_seen, thread.ended_ns = False, False, time_ns
        self._keep_thread(process, thread)
        self.thread_version += 1

    def _keep_thread(self, process: Process, thread: Thread) -> None:
        process.ended_threads.append(thread)
        self._threads_ended.append((process, thread))
        self._trim()

    def _only_caller(self, process: Process, tid: int, time_ns: int) -> None:
        """An exec leaves one task, which is the leader from now on."""
        if tid != process.pid:
            process.threads.pop(tid, None)
            if process.leader is not None:
                self._keep_thread(process, process.leader)
        for other in list(process.threads):
            self._thread_gone(process, other, time_ns)
            process.marks |= Healed.THREADS
        process.leader = None
        self.thread_version += 1

    def _blame(self, process: Process, killer: Killer | None) -> None:
        """Take the sender of the signal that ended it: of SIGKILL the first, of others the last before the end."""
        end = process.ended_ns
        if killer is None or end is None or killer.signal != process.exit_signal or killer.time_ns > end:
            return
        if killer.signal != _SIGKILL and end - killer.time_ns > KILL_NS:
            return
        known = process.killed_by
        if known is None or (killer.time_ns < known.time_ns) == (killer.signal == _SIGKILL):
            process.killed_by = killer
            self.version += 1

    # ── counts ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _count(
        self,
        whos: NDArray[np.void],
        columns: tuple[NDArray[Any], ...],
        offset: int,
        moved: Callable[[int], int | None] | None,
        times: NDArray[np.int64] | None,
        cgroups: Mapping[int, bytes],
    ) -> None:
        rows = calls_only(columns[1])
        if rows is not None:
            columns = tuple(column[rows] for column in columns)
            times = None if times is None else times[rows]
        if not len(columns[1]):
            return
        found = sums(len(whos), *columns)
        by_time = np.argsort(found.last)
        people = list(_people(whos[found.used[by_time]], cgroups))
        lasts = [0] * len(people)
        if times is not None:  # a thread's own end may come after that of the process: it tells nothing of a new life
            final = found.last[by_time]
            lasts = np.where(columns[1][final] == EXIT, 0, times[final]).tolist()
        at = int(times[-1]) if times is not None and self._reused_ns else None
        with self._lock:
            members = [self._member(at, last_ns, *person) for person, last_ns in zip(people, lasts, strict=True)]
            self._tally.add([member.slot for member in members], found.table[by_time])
            place_of = np.argsort(by_time).tolist()
            for place, errno, count in found.failed:
                errnos = members[place_of[place]].errnos
                errnos[errno] = errnos.get(errno, 0) + count
            for row in found.many if moved is not None else ():
                self._many(members[place_of[bisect_left(found.used, columns[0][row])]], row if rows is None else int(rows[row]), offset, columns[1][row], moved)
            self.counted += 1

    def _many(self, process: Process, row: int, offset: int, event: int, moved: Callable[[int], int | None] | None) -> None:
        """Bytes of a sendmmsg or recvmmsg."""
        amount = moved(offset + row) if moved is not None else None
        if amount:
            self._tally.add_one(process.slot, "sent" if event == SEND else "received", amount)

    def _member(self, at_ns: int | None, last_ns: int, pid: int, tid: int, ppid: int, uid: int, comm: bytes, cgroup: bytes | None) -> Process:
        """The process that somebody's rows belong to, brought up to what the last of them says."""
        process = self._latest(pid) if at_ns is None else self._at(pid, at_ns)
        if process is None or (process.ended_ns is not None and last_ns > process.ended_ns):
            process = self._born(pid, 0, forked_by=self._latest(ppid), birth=Birth.LOST)
            self._set_ppid(process, ppid)
            process.comm, process.uid = _text(comm.partition(b"\0")[0]), uid
        elif process.running:
            name = _text(comm.partition(b"\0")[0])
            if tid == pid:
                self._told(process, name, ppid, uid)
            elif (thread := process.threads.get(tid)) is not None:
                thread.comm = name
        if cgroup is not None and process.running:
            process.cgroup = _text(cgroup)
        return process

    def _told(self, process: Process, comm: str, ppid: int, uid: int) -> None:
        process.uid = uid
        self._set_ppid(process, ppid)
        if comm != process.comm:
            process.comm = comm
            self.version += 1


def _ended_how(code: int) -> tuple[int | None, int | None, bool]:
    """(status, signal, core dumped) of the kernel's word."""
    signal = code & 0x7F
    return (None, signal, bool(code & 0x80)) if signal else (code >> 8 & 0xFF, None, False)


def _generation(seed: ProcessSeed) -> Generation:
    path, cwd = (None if name is None else _text(name) for name in (seed.path, seed.cwd))
    return Generation(None, tuple(map(_text, seed.argv)), path, None, cwd, _text(seed.comm), seen=False)


def _same_start(process: Process, start_ns: int) -> bool:
    if not process.start_ns:
        return process.running
    return process.start_ns == start_ns if process.exact else process.start_ns // TICK_NS == start_ns // TICK_NS


def _same_task(known_ns: int, start_ns: int) -> bool:
    """Whether two starts of a thread can be one; a seeded one is cut to the tick."""
    return known_ns == start_ns or known_ns // TICK_NS == start_ns // TICK_NS


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


def _people(whos: NDArray[np.void], cgroups: Mapping[int, bytes]) -> Iterator[tuple[int, int, int, int, bytes, bytes | None]]:
    columns = [whos[name].tolist() for name in ("pid", "tid", "ppid", "uid", "comm")]
    groups = [cgroups.get(number) for number in whos["cgroup"].tolist()] if cgroups else [None] * len(whos)
    return zip(*columns, groups, strict=True)
