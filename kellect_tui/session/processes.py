"""The tree of processes: what lives, what ended and how, who forked whom, and what each did.

Built from a snapshot of /proc and then from fork, exec, exit and kill records only. One thread (the session's writer)
feeds it; any thread reads. A process stands under the one that forked it for good; that the kernel gives an orphan a new
parent is kept apart (`Process.ppid`, `Process.orphaned`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kellect_tui.session import killers, process_file
from kellect_tui.session.bulk import nothing_is_garbage
from kellect_tui.session.counting import work
from kellect_tui.session.lifetable import KEEP_EXITED, KEEP_THREADS, LifeTable, ancestors, ended_how, family, program_of, text_of
from kellect_tui.session.process import COUNT_NAMES, Birth, Counts, Generation, Healed, Identity, Killer, Process, Thread
from kellect_tui.session.procfs import ProcessSeed, ThreadSeed, snapshot
from kellect_tui.session.tally import SEND, Rollup

__all__ = [
    "KEEP_EXITED", "KEEP_THREADS", "Birth", "Counts", "Generation", "Healed", "Identity", "Killer", "Process", "ProcessSeed", "Processes",
    "Rollup", "Thread", "snapshot",
]  # fmt: skip

FOREVER_NS = (1 << 63) - 1
_WRITTEN_AT_ONCE = 256

_NO_GROUPS: Mapping[int, bytes] = {}


class Processes(LifeTable):
    """Every process known, by pid and by life; `LifeTable` says how many are kept, and what the attributes are."""

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
            child.comm = text_of(comm) if comm else forker.comm
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
            process.comm = text_of(comm)
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
        kernel: bool = False,
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
            kernel: A kernel thread, or a worker that the kernel made for the process.
        """
        with self._lock:
            process = self._ending(pid, tid, start_ns, ppid, time_ns, group_dead=group_dead)
            if comm and tid == pid:
                process.comm = text_of(comm)
            if tid != pid or not group_dead:
                self._end_thread(process, tid, start_ns, time_ns, code, comm, kernel=kernel)
            if not group_dead or (not process.running and process.exit_seen):
                return
            if uid is not None:
                process.uid = uid
            process.cgroup = cgroup or process.cgroup
            if ppid:
                self._set_ppid(process, ppid)
            process.marks &= ~Healed.END
            process.exit_status, process.exit_signal, process.core_dumped = ended_how(code if group_code is None else group_code)
            self._end(process, time_ns)
            if killers.ended(process):
                self.version += 1

    def kill(self, *, time_ns: int, entered_ns: int, pid: int, comm: bytes, target: int, signal: int) -> None:
        """A signal was sent to a process (or a thread of it).

        Args:
            time_ns, entered_ns: Epoch ns of the call's end and beginning: the signal was sent in between.
            pid, comm: Who sent it.
            target: Pid of whom it was sent to.
        """
        with self._lock:
            process = self._at(target, entered_ns)
            if process is None:
                return
            killer = Killer(pid, text_of(comm), signal, entered_ns)
            if process.running:
                killers.sent(process, killer)
            elif killers.blame(process, killer):
                self.version += 1

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
            self.counted += 1

    # ── what is asked ────────────────────────────────────────────────────────────────────────────────────────────

    def __len__(self) -> int:
        return len(self._known)

    @property
    def running(self) -> int:
        """Processes whose end has not been seen."""
        return len(self._known) - len(self._exited)

    def all(self) -> list[Process]:
        """Every process kept, in order of becoming known."""
        with self._lock:
            return list(self._known)

    def standing(self) -> tuple[list[Process], NDArray[np.intp], NDArray[np.intp]]:
        """What `all` gives, the row of each in `rollup`, and the row of the one above it (-1: none), at one moment."""
        with self._lock:
            processes = list(self._known)
            slots = np.fromiter((process.slot for process in processes), np.intp, len(processes))
            return processes, slots, self._tally.parents(slots)

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
            return list(ancestors(process))

    def descendants(self, process: Process) -> list[Process]:
        """`process` and all it forked, directly or not, as far as they are kept; a parent before its children."""
        with self._lock:
            return list(family(process))

    def totals(self, process: Process) -> Counts:
        """What `process` and its descendants did together; `rollup` says it of all processes at once."""
        with self._lock:
            members = list(family(process))
            total = self._tally.total([member.slot for member in members if member.slot >= 0])
            for member in members:
                if member.slot < 0:
                    total.add(member.counts)
            return total

    def rollup(self) -> Rollup:
        """Counts, members and rates of every subtree, as they are now; made anew only where something has changed."""
        state = (self.version, self.counted)
        made = self._rollup
        if made is None or made[0] != state:
            with self._lock:
                state, standing = (self.version, self.counted), self._tally.standing(self._number)
            made = self._rollup = (state, standing.rollup())
        return made[1]

    def own(self, name: str) -> NDArray[np.int64]:
        """One of the counts of each process alone, by `Process.slot`; a copy."""
        with self._lock:
            return self._tally.column(name)

    def own_rates(self) -> NDArray[np.float64]:
        """Events a second of each process alone, by `Process.slot`; a copy."""
        with self._lock:
            return self._tally.rates()

    def lossy(self, process: Process) -> bool:
        """Whether events that make the tree were lost while it lived: an exec, thread or child of it may be missing."""
        since, until = process.started_ns or 0, process.ended_ns or FOREVER_NS
        return any(start <= until and end >= since for start, end in tuple(self.gaps))

    # ── files ────────────────────────────────────────────────────────────────────────────────────────────────────

    def to_json(self) -> dict[str, Any]:
        """The whole table as plain JSON values; `from_json` gives an equal one back."""
        rows: list[dict[str, Any]] = []
        processes = self.all()
        with nothing_is_garbage():
            for start in range(0, len(processes), _WRITTEN_AT_ONCE):  # whoever feeds the table does not wait for all of it
                with self._lock:
                    some = processes[start : start + _WRITTEN_AT_ONCE]
                    rows += map(process_file.written, some, self._tally.rows([process.slot for process in some]))
        with self._lock:
            return {
                "epoch_offset_ns": self.epoch_offset_ns, "forgotten": self.forgotten, "threads_forgotten": self.threads_forgotten,
                "gaps": [list(gap) for gap in self.gaps], "processes": rows,
            }  # fmt: skip

    @classmethod
    def from_json(cls, document: Mapping[str, Any], keep_exited: int = KEEP_EXITED, *, rows: Iterable[Mapping[str, Any]] | None = None) -> Processes:
        """The table that `to_json` wrote. Raises KeyError, TypeError or ValueError for anything else.

        Args:
            rows: Those of `processes`, where they are not in the document: each is looked at once.
        """
        table = cls(keep_exited)
        table.epoch_offset_ns = int(document["epoch_offset_ns"])
        table.forgotten = int(document["forgotten"])
        table.threads_forgotten = int(document.get("threads_forgotten", 0))
        table.gaps.extend((int(since), int(until)) for since, until in document.get("gaps", ()))
        by_number: dict[int, Process] = {}
        forkers: dict[Process, int | None] = {}
        amounts: list[list[int]] = []
        for row in document["processes"] if rows is None else rows:
            process, counts = process_file.read(row)
            by_number[process.number], forkers[process] = process, row["forked_by"]
            table._enter(process)
            amounts.append(counts)
            table._lives.setdefault(process.pid, []).append(process)
            table._number = max(table._number, process.number)
        table._tally.add([process.slot for process in by_number.values()], np.array(amounts, np.int64).reshape(-1, len(COUNT_NAMES)))
        for process, forker in forkers.items():
            table._put(process, None if forker is None else by_number.get(forker))
        for process in sorted((process for process in by_number.values() if not process.running), key=lambda process: process.ended_ns or 0):
            table._tally.end(process.slot)
            table._exited[process] = None
            if not process.children:
                table._offer(process)
        table._known = dict.fromkeys(sorted(table._known, key=lambda process: process.number))
        ended = [(process, thread) for process in by_number.values() for thread in process.ended_threads]
        table._threads_ended.extend(sorted(ended, key=lambda pair: pair[1].ended_ns or 0))
        return table

    def become(self, other: Processes) -> None:
        """Hold what another table holds, which nobody uses any more; who has asked this one before sees that it has changed."""
        with self._lock:
            changes = {name: getattr(self, name) + getattr(other, name) + 1 for name in ("version", "thread_version", "counted")}
            self.__dict__.update(other.__dict__ | changes | {"_lock": self._lock, "_rollup": None})  # at once, for those who look without the lock

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
            if not self._knows(seed.pid, seed.start_ns):
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
            process.comm, process.arg_start = text_of(seed.comm), seed.arg_start
            # It began while events were being lost: at the end of that time at the latest.
            self._new_program(process, program_of(seed)._replace(started_ns=self.gaps[-1][1] if self.gaps else None))

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
            return self._knows(pid, start_ns)

    def living(self) -> list[Process]:
        """Those that run, in no order."""
        with self._lock:
            return [lives[-1] for lives in self._lives.values() if lives[-1].running]

    # ── inside, under the lock ───────────────────────────────────────────────────────────────────────────────────

    def _count(
        self,
        whos: NDArray[np.void],
        columns: tuple[NDArray[Any], ...],
        offset: int,
        moved: Callable[[int], int | None] | None,
        times: NDArray[np.int64] | None,
        cgroups: Mapping[int, bytes],
    ) -> None:
        done = work(whos, columns, times, cgroups)
        if done is None:
            return
        at_ns = done.until_ns if self._reused_ns else None
        with self._lock:
            members = {number: self._member(at_ns, done.lasts[number], *done.people[number]) for number in done.order}
            self._tally.add([members[number].slot for number in range(len(members))], done.table)
            for number, errno, count in done.failed:
                errnos = members[number].errnos
                errnos[errno] = errnos.get(errno, 0) + count
            if moved is not None:
                for number, row, event in done.many:
                    self._many(members[number], event, moved(offset + row))
            self.counted += 1

    def _many(self, process: Process, event: int, amount: int | None) -> None:
        """Bytes of a sendmmsg or recvmmsg."""
        if amount:
            self._tally.add_one(process.slot, "sent" if event == SEND else "received", amount)

    def _member(self, at_ns: int | None, last_ns: int, pid: int, tid: int, ppid: int, uid: int, comm: bytes, cgroup: bytes | None) -> Process:
        """The process that somebody's rows belong to, brought up to what the last of them says."""
        process = self._latest(pid) if at_ns is None else self._at(pid, at_ns)
        if process is None or (process.ended_ns is not None and last_ns > process.ended_ns):
            process = self._born(pid, 0, forked_by=self._latest(ppid), birth=Birth.LOST)
            self._set_ppid(process, ppid)
            process.uid = uid
            if tid == pid:  # a thread's name is its own
                process.comm = text_of(comm.partition(b"\0")[0])
        elif process.running:
            name = text_of(comm.partition(b"\0")[0])
            if tid == pid:
                self._told(process, name, ppid, uid)
            elif (thread := process.threads.get(tid)) is not None:
                thread.comm = name
        if cgroup is not None and process.running:
            process.cgroup = text_of(cgroup)
        return process

    def _told(self, process: Process, comm: str, ppid: int, uid: int) -> None:
        process.uid = uid
        self._set_ppid(process, ppid)
        if comm != process.comm:
            process.comm = comm
            self.version += 1
