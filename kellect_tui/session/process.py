"""One process: a life of a pid, the programs it ran, its threads, and what it did."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from enum import Enum, IntFlag
from typing import NamedTuple, Protocol


class Identity(NamedTuple):
    """What tells one life of a pid from the next: a pid alone is used again."""

    pid: int
    start_ns: int  # boot clock; 0 where it was never learned


class Birth(str, Enum):
    """How a process or thread became known."""

    FORKED = "forked"  # its fork was seen: forker and start are the kernel's word
    BEFORE = "before"  # it ran before the session began
    LOST = "lost"  # the event of its fork was lost
    KERNEL = "kernel"  # of a thread: a worker that the kernel made for the process (io_uring, vhost); it tells of no such birth


class Healed(IntFlag):
    """What had to be concluded because the event that says it was lost."""

    NONE = 0
    BIRTH = 1  # known from a later event, or from /proc
    END = 2  # gone, or its pid is in use again: how and when it ended is not known (`ended_ns` is the latest it can have been)
    EXEC = 4  # it runs a program whose exec was not seen: what it ran in between, if anything, is not known
    THREADS = 8  # threads of it were seen by /proc or at their end only, or are gone without an end


_HEALED_WORDS = ((Healed.BIRTH, "birth lost"), (Healed.END, "end lost"), (Healed.EXEC, "exec lost"), (Healed.THREADS, "threads lost"))


class Generation(NamedTuple):
    """A program that a process ran, from one exec to the next.

    Attributes:
        started_ns: Epoch ns of the exec; None for one that ran when the session began. Of one whose exec was lost: the end of that loss.
        argv: What the program saw; empty where it could not be read. cwd: the working directory at that moment; None where not known.
        path: The executed file, a script's the script. interpreter: of a script, the program that runs at last.
        comm: As the exec set it. tid: the thread that called: where it is not the pid, it took the leader's number over; None where not known.
        seen: False where it is known from /proc only.
    """

    started_ns: int | None
    argv: tuple[str, ...]
    path: str | None
    interpreter: str | None
    cwd: str | None
    comm: str
    tid: int | None = None
    seen: bool = True

    @property
    def exe(self) -> str | None:
        """The file whose code runs: of a script its interpreter."""
        return self.interpreter or self.path


class Killer(NamedTuple):
    """Who sent a signal, as the event of the call shows it. time_ns: epoch ns, when the call began."""

    pid: int
    comm: str
    signal: int
    time_ns: int


@dataclass(slots=True, eq=False)
class Thread:
    """A task of a process besides its leader (or the leader itself, once it has ended before its process).

    Attributes:
        start_ns: Boot-clock ns; 0 where not known. started_ns, ended_ns: epoch ns; None where not known, or still running.
        exit_status, exit_signal: How it ended; both None while it runs and where that was not seen.
        exit_seen: False where its end was only concluded.
    """

    tid: int
    start_ns: int = 0
    started_ns: int | None = None
    comm: str = ""
    birth: Birth = Birth.FORKED
    running: bool = True
    ended_ns: int | None = None
    exit_status: int | None = None
    exit_signal: int | None = None
    exit_seen: bool = True


@dataclass(slots=True)
class Counts:
    """What a process did, failed calls included in `events` and `time_ns`.

    Attributes:
        time_ns: Spent inside calls, waiting included; summed over threads, so it can exceed the lifetime.
        read, written, sent, received: Bytes really moved, by calls that succeeded.
        file, process, network, user: Events by family; together they are `events`.
    """

    events: int = 0
    failures: int = 0
    read: int = 0
    written: int = 0
    sent: int = 0
    received: int = 0
    time_ns: int = 0
    file: int = 0
    process: int = 0
    network: int = 0
    user: int = 0

    def add(self, other: Counts) -> None:
        """Add `other` to this."""
        for name in COUNT_NAMES:
            setattr(self, name, getattr(self, name) + getattr(other, name))


COUNT_NAMES = tuple(entry.name for entry in fields(Counts))


class CountsTable(Protocol):
    """Where the counts of living nodes are kept (`tally.Tally`)."""

    def counts(self, slot: int) -> Counts:
        """Those of one process."""
        ...

    def rate(self, slot: int) -> float:
        """Its events a second."""
        ...


@dataclass(slots=True, eq=False)
class Process:
    """A life of a pid. Written by the session's writer under the lock of `Processes`; others only read.

    Attributes:
        number: Serial number in its session, in order of becoming known; stable, never used again.
        start_ns: Boot-clock ns; 0 where not known. A seeded one is cut to the tick (`exact` False) until an event tells it.
        started_ns, ended_ns: Epoch ns; None where not known, or still running.
        birth: How it became known.
        forked_by: Who made it, and its place in the tree for good. Where `birth` is not FORKED: who was its parent when it was first seen.
        ppid: The parent as last seen: differs from the forker's pid once a subreaper or init has adopted it.
        kernel: A kernel thread.
        argv, path, interpreter: Of the last exec; a fork has its forker's until then. `path` is the executed file, a script's the script.
        cwd: The working directory at the last exec; None where not known.
        cgroup: The control group's path as last seen; None where not known.
        executed: Number of successful execs seen.
        generations: The programs it ran, oldest first; of more than are kept the first and the newest. Empty for a fork that never executed.
        exit_status: 0-255; None while running, where a signal ended it, or where the end was not seen.
        killed_by: Who sent the signal that ended it, where an event shows that.
        threads: Its living tasks besides the leader, by tid. `ended_threads`: those that ended and are kept, oldest first.
        leader: The leader's own end, where it ended before its process; else None.
        threads_started: Tasks seen in this process, the first included.
        marks: What was concluded without an event; `healed` in words.
        errnos: Failed calls by errno.
        children: Processes it forked that are still kept, oldest first.
        tally, slot, last: Where its counts are; `last` once it is no longer kept.
        arg_start: Where the kernel keeps its argv: another address tells of an exec. 0 where not known.
    """

    number: int
    pid: int
    start_ns: int = 0
    exact: bool = True
    started_ns: int | None = None
    comm: str = ""
    birth: Birth = Birth.LOST
    forked_by: Process | None = None
    ppid: int | None = None
    kernel: bool = False
    argv: tuple[str, ...] = ()
    path: str | None = None
    interpreter: str | None = None
    cwd: str | None = None
    cgroup: str | None = None
    uid: int | None = None
    executed: int = 0
    generations: list[Generation] = field(default_factory=list)
    threads: dict[int, Thread] = field(default_factory=dict)
    ended_threads: list[Thread] = field(default_factory=list)
    leader: Thread | None = None
    threads_started: int = 1
    ended_ns: int | None = None
    exit_status: int | None = None
    exit_signal: int | None = None
    core_dumped: bool = False
    killed_by: Killer | None = None
    signals: dict[int, Killer] | None = None
    marks: Healed = Healed.NONE
    errnos: dict[int, int] = field(default_factory=dict)
    children: dict[Process, None] = field(default_factory=dict)
    tally: CountsTable | None = field(default=None, repr=False)
    slot: int = -1
    last: Counts | None = None
    arg_start: int = 0

    @property
    def identity(self) -> Identity:
        """Its identity; it can become more exact once, when the first event after a seed tells the start time."""
        return Identity(self.pid, self.start_ns)

    @property
    def running(self) -> bool:
        """Whether its end has not been seen."""
        return self.ended_ns is None

    @property
    def counts(self) -> Counts:
        """What it did so far; a copy."""
        tally, slot = self.tally, self.slot
        if tally is not None and slot >= 0:
            counts = tally.counts(slot)
            if self.slot == slot:  # else it was let go of meanwhile, and the row may be another's
                return counts
        return replace(self.last) if self.last is not None else Counts()

    @property
    def rate(self) -> float:
        """Events a second, when `Processes.sample` looked last."""
        tally, slot = self.tally, self.slot
        rate = tally.rate(slot) if tally is not None and slot >= 0 else 0.0
        return rate if self.slot == slot else 0.0

    @property
    def exe(self) -> str | None:
        """The file whose code it runs: of a script its interpreter."""
        return self.interpreter or self.path

    @property
    def exit_seen(self) -> bool:
        """False where the end was only concluded."""
        return not self.marks & Healed.END

    @property
    def healed(self) -> tuple[str, ...]:
        """What was concluded because an event was lost: `birth lost`, `end lost`, `exec lost`, `threads lost`; empty as a rule."""
        return tuple(word for mark, word in _HEALED_WORDS if self.marks & mark) if self.marks else ()

    @property
    def thread_count(self) -> int:
        """Tasks alive now; 0 once it has ended."""
        return max(1, len(self.threads) + (self.leader is None)) if self.ended_ns is None else 0

    @property
    def leader_gone(self) -> bool:
        """Whether its first thread has ended and others run on."""
        return self.leader is not None and self.ended_ns is None

    @property
    def orphaned(self) -> bool:
        """Whether its forker has ended: it stands under it still, but another process is its parent now."""
        return self.forked_by is not None and not self.forked_by.running

    @property
    def lifetime_ns(self) -> int | None:
        """From start to end; None while it runs, or where the start or the end is not known."""
        known = self.ended_ns is not None and self.started_ns is not None and self.exit_seen
        return max(0, self.ended_ns - self.started_ns) if known else None  # type: ignore[operator]  # both are numbers where `known`

    @property
    def label(self) -> str:
        """The command line where one is known, else the comm in brackets as ps has it."""
        return " ".join(self.argv) if self.argv else f"[{self.comm}]"

    def __repr__(self) -> str:
        return f"Process({self.number}: {self.pid} {self.comm!r}{'' if self.running else ' ended'})"
