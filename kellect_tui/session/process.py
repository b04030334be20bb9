"""One process: a life of a pid, and what it did."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import NamedTuple


class Identity(NamedTuple):
    """What tells one life of a pid from the next: a pid alone is used again."""

    pid: int
    start_ns: int  # boot clock; 0 where it was never learned


@dataclass(slots=True)
class Counts:
    """What a process did, failed calls included in `events` and `time_ns`.

    Attributes:
        time_ns: Spent inside calls, waiting included; summed over threads, so it can exceed the lifetime.
        read, written, sent, received: Bytes really moved, by calls that succeeded.
    """

    events: int = 0
    failures: int = 0
    read: int = 0
    written: int = 0
    sent: int = 0
    received: int = 0
    time_ns: int = 0

    def add(self, other: Counts) -> None:
        """Add `other` to this."""
        for name in COUNT_NAMES:
            setattr(self, name, getattr(self, name) + getattr(other, name))


COUNT_NAMES = tuple(entry.name for entry in fields(Counts))


@dataclass(slots=True, eq=False)
class Process:
    """A life of a pid. Written by the session's writer under the lock of `Processes`; others only read.

    Attributes:
        number: Serial number in its session, in order of becoming known; stable, never used again.
        start_ns: Boot-clock ns; 0 where not known. A seeded one is cut to the tick (`exact` False) until an event tells it.
        started_ns, ended_ns: Epoch ns; None where not known, or still running.
        forked_by: Who made it, and its place in the tree for good; None for a root and where that was never seen.
        ppid: The parent as last seen: differs from the forker's pid once a subreaper or init has adopted it.
        argv, path: Of the last exec; a fork has its forker's until then. `path` is the executed file, a script's the script.
        executed: Number of successful execs seen.
        exit_status: 0-255; None while running, where a signal ended it, or where the end was not seen.
        exit_seen: False where the end was only concluded (the pid was used again).
        threads: Tasks alive now, 0 once ended. `threads_started` counts those seen to start, the first included.
        children: Processes it forked that are still kept, oldest first.
    """

    number: int
    pid: int
    start_ns: int = 0
    exact: bool = True
    started_ns: int | None = None
    comm: str = ""
    forked_by: Process | None = None
    ppid: int | None = None
    argv: tuple[str, ...] = ()
    path: str | None = None
    interpreter: str | None = None
    uid: int | None = None
    executed: int = 0
    threads: int = 1
    threads_started: int = 1
    leader_gone: bool = False
    ended_ns: int | None = None
    exit_status: int | None = None
    exit_signal: int | None = None
    core_dumped: bool = False
    exit_seen: bool = True
    counts: Counts = field(default_factory=Counts)
    children: dict[Process, None] = field(default_factory=dict)

    @property
    def identity(self) -> Identity:
        """Its identity; it can become more exact once, when the first event after a seed tells the start time."""
        return Identity(self.pid, self.start_ns)

    @property
    def running(self) -> bool:
        """Whether its end has not been seen."""
        return self.ended_ns is None

    @property
    def orphaned(self) -> bool:
        """Whether its forker has ended: it stands under it still, but another process is its parent now."""
        return self.forked_by is not None and not self.forked_by.running

    @property
    def lifetime_ns(self) -> int | None:
        """From start to end; None while it runs, or where the start is not known."""
        return None if self.ended_ns is None or self.started_ns is None else max(0, self.ended_ns - self.started_ns)

    @property
    def label(self) -> str:
        """The command line where one is known, else the comm in brackets as ps has it."""
        return " ".join(self.argv) if self.argv else f"[{self.comm}]"

    def __repr__(self) -> str:
        return f"Process({self.number}: {self.pid} {self.comm!r}{'' if self.running else ' ended'})"
