"""The lives of pids: which are known, who stands under whom, which threads they have, and how many that ended are kept.

Bookkeeping only; what events and /proc tell comes in through `processes.Processes`. Everything here runs under its lock.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterator
from threading import Lock

from kellect_tui.events import arguments
from kellect_tui.session.process import Birth, Generation, Healed, Process, Thread
from kellect_tui.session.procfs import TICK_NS, ProcessSeed, ThreadSeed
from kellect_tui.session.tally import Rollup, Tally

KEEP_EXITED = 50_000
KEEP_THREADS = 20_000
"""Ended threads that are kept, of all processes together."""
KEEP_GENERATIONS = 16
KEEP_GAPS = 1_000


def text_of(data: bytes) -> str:
    """Bytes of a name as text."""
    return arguments.text(data)[0]


class LifeTable:
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
        self._known: dict[Process, None] = {}  # all that are kept, by number

    # ── lives ────────────────────────────────────────────────────────────────────────────────────────────────────

    def _latest(self, pid: int) -> Process | None:
        lives = self._lives.get(pid)
        return lives[-1] if lives else None

    def _life(self, pid: int, start_ns: int) -> Process | None:
        for process in reversed(self._lives.get(pid, ())):
            if _same_start(process, start_ns):
                return process
        return None

    def _knows(self, pid: int, start_ns: int) -> bool:
        """Whether this life of a pid is known; of one that runs and whose birth nobody saw it cannot be said that it is another."""
        lives = self._lives.get(pid, ())
        return any(process.start_ns // TICK_NS == start_ns // TICK_NS if process.start_ns else process.running for process in lives)

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
        self._known[process] = None

    def _seeded(self, seed: ProcessSeed, birth: Birth) -> Process:
        process = self._born(seed.pid, seed.start_ns, forked_by=None, birth=birth, exact=False)
        process.comm, process.uid = text_of(seed.comm), seed.uid
        process.cgroup = None if seed.cgroup is None else text_of(seed.cgroup)
        process.kernel, process.arg_start = seed.kernel, seed.arg_start
        self._set_ppid(process, seed.ppid)
        if not seed.kernel:
            self._new_program(process, program_of(seed))
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
        below = bool(process.children) and forker is not None and process in ancestors(forker)  # of a newborn nobody descends: the way up may be long
        if forker is None or forker is process or below:
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
                del process.ended_threads[0]
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
        del self._known[process]
        self.forgotten += 1
        self.version += 1

    # ── threads ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _new_thread(self, process: Process, tid: int, time_ns: int, start_ns: int, comm: bytes) -> None:
        thread = process.threads.get(tid)
        if thread is not None and _same_task(thread.start_ns, start_ns):  # the snapshot was quicker than the record
            thread.start_ns, thread.started_ns = start_ns, time_ns
            return
        if thread is not None:  # its end was lost, for the tid is in use again
            self._thread_gone(process, tid, time_ns)
            process.marks |= Healed.THREADS
        process.threads[tid] = Thread(tid, start_ns, time_ns, text_of(comm) if comm else process.comm)
        process.threads_started += 1
        self.thread_version += 1

    def _seed_thread(self, process: Process, seed: ThreadSeed, birth: Birth) -> None:
        process.threads[seed.tid] = Thread(seed.tid, seed.start_ns, seed.start_ns + self.epoch_offset_ns, text_of(seed.comm), birth)
        process.threads_started += 1
        self.thread_version += 1

    def _end_thread(self, process: Process, tid: int, start_ns: int, time_ns: int, code: int, comm: bytes, *, kernel: bool) -> None:
        """A task told of its end, and others of its process run on (or have told already)."""
        if tid == process.pid:
            thread = process.leader = Thread(tid, process.start_ns, process.started_ns, process.comm, process.birth)
        else:
            known = process.threads.pop(tid) if tid in process.threads else self._unseen_end(process, tid)
            thread = known or self._unknown_thread(process, tid, start_ns, kernel=kernel)
        if comm:
            thread.comm = text_of(comm)
        kept = not thread.running
        thread.start_ns = start_ns or thread.start_ns
        thread.running, thread.ended_ns, thread.exit_seen = False, time_ns, True
        thread.exit_status, thread.exit_signal, _core = ended_how(code)
        if tid != process.pid and not kept:
            self._keep_thread(process, thread)
        self.thread_version += 1

    def _unseen_end(self, process: Process, tid: int) -> Thread | None:
        """A thread that was taken for gone when its process ended: it tells of its end only now."""
        return next((thread for thread in reversed(process.ended_threads) if thread.tid == tid and not thread.exit_seen), None)

    def _unknown_thread(self, process: Process, tid: int, start_ns: int, *, kernel: bool) -> Thread:
        birth = Birth.KERNEL if kernel else Birth.BEFORE if start_ns < self.began_ns else Birth.LOST  # create_io_thread() has no tracepoint
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



def ended_how(code: int) -> tuple[int | None, int | None, bool]:
    """(status, signal, core dumped) of the kernel's word."""
    signal = code & 0x7F
    return (None, signal, bool(code & 0x80)) if signal else (code >> 8 & 0xFF, None, False)


def program_of(seed: ProcessSeed) -> Generation:
    """The program that a process seen in /proc runs."""
    path, cwd = (None if name is None else text_of(name) for name in (seed.path, seed.cwd))
    return Generation(None, tuple(map(text_of, seed.argv)), path, None, cwd, text_of(seed.comm), seen=False)


def _same_start(process: Process, start_ns: int) -> bool:
    if not process.start_ns:
        return process.running
    return process.start_ns == start_ns if process.exact else process.start_ns // TICK_NS == start_ns // TICK_NS


def _same_task(known_ns: int, start_ns: int) -> bool:
    """Whether two starts of a thread can be one; a seeded one is cut to the tick."""
    return known_ns == start_ns or known_ns // TICK_NS == start_ns // TICK_NS


def ancestors(process: Process) -> Iterator[Process]:
    """Who forked it, who forked that, … up to a root."""
    above = process.forked_by
    while above is not None:
        yield above
        above = above.forked_by


def family(process: Process) -> Iterator[Process]:
    """A process and all its descendants, a parent before its children."""
    waiting = [process]
    while waiting:
        member = waiting.pop()
        yield member
        waiting.extend(reversed(member.children))
