"""Mends the tree of processes by what /proc shows: after a loss of events that make it, and where nothing tells of an adoption.

A difference between the tree and /proc is believed only if it still stands when all events up to that look have been
taken in; what is then concluded is marked (`Process.healed`). Each look costs little, whatever the number of processes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from kellect_tui.session.process import Birth, Process, Thread
from kellect_tui.session.processes import Processes
from kellect_tui.session.procfs import TICK_NS, ProcessSeed, Stat, ThreadSeed, pids, read_seed, read_stat, read_tasks

PROCESSES_PER_LOOK = 64
ORPHANS_PER_LOOK = 32
SETTLED_NS = 100_000_000
"""Where nothing is ready, nothing older than this is still to come: a source holds no event back for more than half of it."""
MARGIN_NS = 50_000_000
"""A birth or a program is seen in /proc a moment before its event."""
PAUSE_NS = 1_000_000_000
"""Between two checks of everything, however often events are lost."""
_TRIES = 500


@dataclass(slots=True)
class _Findings:
    """Differences seen at a look, to be believed later."""

    listed_ns: int = 0
    listed: frozenset[int] = frozenset()  # the pids in /proc at that time
    compared: frozenset[Process] = frozenset()
    gone: list[tuple[Process, int]] = field(default_factory=list)
    unknown: list[ProcessSeed] = field(default_factory=list)
    programs: list[tuple[Process, int, ProcessSeed]] = field(default_factory=list)  # with the execs known then
    threads: list[tuple[Process, list[ThreadSeed], list[Thread], int]] = field(default_factory=list)  # not known; not there


class Healer:
    """Compares the tree with /proc. For the thread that feeds it.

    Args:
        processes: The tree.
        clock: Epoch ns, now.
        root: Pid of the one process that the tree is about, with its descendants: others are not looked at. None: all are.
        proc: Where /proc is.
    """

    def __init__(self, processes: Processes, clock: Callable[[], int], *, root: int | None = None, proc: Path = Path("/proc")) -> None:
        self._processes = processes
        self._clock = clock
        self._root = root
        self._proc = proc
        self._lost = 0
        self._told_ns = clock()
        self._looked_ns = 0
        self._known_ns = 0  # what /proc showed by then, events would have told by now
        self._wanted = False
        self._ended_ns = 0
        self._findings: _Findings | None = None
        self._reading: Iterator[None] | None = None
        self._read_ns = 0

    def lost(self, count: int) -> None:
        """So many events that make the tree were lost so far: to be told as often as it is known."""
        now_ns = self._clock()
        if count != self._lost:
            self._processes.lost(self._told_ns, now_ns)
            self._lost, self._wanted = count, True
        self._told_ns = now_ns

    def look(self, taken_ns: int | None = None) -> None:
        """After each read of the source: do a little of what there is to do.

        Args:
            taken_ns: Time of the newest record that was handed over, in whose order there is nothing before it any more; None: none was ready.
        """
        now_ns = self._clock()
        self._known_ns = max(self._known_ns, self._looked_ns - SETTLED_NS if taken_ns is None else taken_ns - MARGIN_NS)
        self._adopt()
        if self._findings is None:
            if self._wanted and now_ns - self._ended_ns >= PAUSE_NS:
                self._begin()
        elif self._reading is not None:
            self.read(PROCESSES_PER_LOOK)
        elif self._known_ns >= self._read_ns:
            self._believe()
        self._looked_ns = now_ns

    def last_check(self) -> bool:
        """Before the probes go: begin a last check, where one is due. Whether there is something to `read`."""
        if self._wanted or self._findings is not None:
            self._begin()
        return self._reading is not None

    def read(self, most: int) -> bool:
        """Look at so many processes. Whether there are more."""
        if self._reading is not None and sum(1 for _ in islice(self._reading, most)) < most:
            self._reading = None
        self._read_ns = self._clock()
        return self._reading is not None

    def finish(self) -> None:
        """After the last batch: believe what was found."""
        self._adopt()
        if self._findings is not None:
            self._believe()
        if self._lost:  # who is not there now has ended, if perhaps a moment after the probes went: no later check would find it
            for process in self._chosen():
                stat = read_stat(self._proc / str(process.pid))
                if stat is None or not _lives(process, stat):
                    self._processes.gone(process, self._clock())

    def _adopt(self) -> None:
        """Ask who adopted those whose parent has just ended; the kernel decides it a moment after the parent's exit event."""
        orphans = self._processes.orphans
        for process, tries in list(islice(orphans.items(), ORPHANS_PER_LOOK)):
            stat = read_stat(self._proc / str(process.pid))
            orphans.pop(process, None)
            if stat is None or not _lives(process, stat):
                continue
            if stat.ppid != process.ppid:
                self._processes.adopted(process, stat.ppid)
            elif tries < _TRIES:
                orphans[process] = tries + 1

    def _begin(self) -> None:
        self._wanted = False
        self._findings = _Findings()
        self._reading = self._compare()

    def _compare(self) -> Iterator[None]:
        """One process after the other; each gives way to what else there is to do."""
        living = {process.pid: process for process in self._chosen()}  # before /proc is listed: those born later are not missed in it
        listed = pids(self._proc)
        if self._findings is not None:
            self._findings.listed_ns = self._clock()
            self._findings.listed, self._findings.compared = frozenset(listed), frozenset(living.values())
        for process in living.values():
            self._compare_one(process)
            yield
        for pid in listed:
            if pid not in living:
                self._look_for(pid)
                yield

    def _chosen(self) -> list[Process]:
        """The living ones that the tree is about: with a root not those above it, whose ends nobody tells."""
        return [process for process in self._processes.living() if self._root in (None, process.pid) or process.birth is not Birth.BEFORE]

    def _belongs(self, seed: ProcessSeed) -> bool:
        parent = self._processes.by_pid(seed.ppid)
        if self._root is None or parent is None:
            return self._root is None
        return any(member.pid == self._root for member in (parent, *self._processes.ancestry(parent)))

    def _compare_one(self, process: Process) -> None:
        if self._findings is None or not process.running:
            return
        threads = list(process.threads.values())
        directory = self._proc / str(process.pid)
        stat = read_stat(directory)
        if stat is None or not _lives(process, stat):
            self._findings.gone.append((process, self._clock()))
            if stat is not None:
                self._look_for(process.pid)
            return
        if process not in self._processes.orphans:
            self._processes.adopted(process, stat.ppid)
        if stat.threads != process.thread_count:
            self._compare_threads(process, threads, read_tasks(directory))
        self._compare_program(process, stat, directory)

    def _compare_threads(self, process: Process, known: list[Thread], there: tuple[ThreadSeed, ...]) -> None:
        fresh = [seed for seed in there if seed.tid != process.pid and not seed.kernel and not _has(process, seed)]
        missing = [thread for thread in known if not any(seed.tid == thread.tid and _is_task(thread, seed) for seed in there)]
        if self._findings is not None and there and (fresh or missing):
            self._findings.threads.append((process, fresh, missing, self._clock()))

    def _compare_program(self, process: Process, stat: Stat, directory: Path) -> None:
        if not stat.arg_start or not process.arg_start or stat.arg_start == process.arg_start:
            return
        seed = read_seed(directory, process.pid)
        if self._findings is not None and seed is not None and _is(process, seed.start_ns):
            self._findings.programs.append((process, process.executed, seed))

    def _look_for(self, pid: int) -> None:
        seed = read_seed(self._proc / str(pid), pid)
        if self._findings is not None and seed is not None and not self._processes.knows(pid, seed.start_ns):
            self._findings.unknown.append(seed)

    def _believe(self) -> None:
        """What the events have not explained meanwhile was lost."""
        findings, self._findings, self._reading, self._ended_ns = self._findings, None, None, self._clock()
        if findings is None:
            return
        for process, time_ns in findings.gone:
            self._processes.gone(process, time_ns)
        for process in self._chosen():  # one that was gone before its birth, or the first that it did, was told
            if process in findings.compared or process.pid in findings.listed:
                continue
            if process.started_ns is None:  # it may have been born after the list was read
                self._wanted = True
            elif process.started_ns < findings.listed_ns:
                self._processes.gone(process, findings.listed_ns)
        for seed in sorted(findings.unknown, key=lambda seed: seed.start_ns):  # a parent before its children
            if self._belongs(seed):
                self._processes.found(seed)
        for process, executed, seed in findings.programs:
            if process.running and process.executed == executed and process.arg_start != seed.arg_start:
                self._processes.runs(process, seed)
        for process, fresh, missing, time_ns in findings.threads:
            lost = [thread for thread in missing if process.threads.get(thread.tid) is thread]
            born = [seed for seed in fresh if not _has(process, seed)]
            if process.running and (lost or born):
                self._processes.mend_threads(process, born, lost, time_ns)


def _is(process: Process, start_ns: int) -> bool:
    return not process.start_ns or process.start_ns // TICK_NS == start_ns // TICK_NS


def _lives(process: Process, stat: Stat) -> bool:
    return stat.alive and _is(process, stat.start_ns)


def _is_task(thread: Thread, seed: ThreadSeed) -> bool:
    return not thread.start_ns or thread.start_ns // TICK_NS == seed.start_ns // TICK_NS


def _has(process: Process, seed: ThreadSeed) -> bool:
    """Whether the thread is known, running or ended since."""
    known = process.threads.get(seed.tid)
    if known is not None and _is_task(known, seed):
        return True
    return any(thread.tid == seed.tid and _is_task(thread, seed) for thread in process.ended_threads)
