"""Terms about the process behind an event: whose descendant it is, which program it runs, who is above it.

An event has a pid and a time. The pid's lives say which process that was, its programs what it ran then; so a question
about a process becomes spans of time in which a pid is meant, and a column of events is compared with spans by numpy.
Python asks once per process, never per event.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from kellect_tui.events.record import Event
from kellect_tui.session.chunk import Chunk
from kellect_tui.session.filter.terms import LOOKUP, Mask, Rows, not_monitor
from kellect_tui.session.filter.values import TextTest
from kellect_tui.session.history import programs
from kellect_tui.session.process import Generation, Process

if TYPE_CHECKING:
    from kellect_tui.session.processes import Processes

FOREVER_NS = (1 << 63) - 1
KNOWN_PIDS = 200_000
"""Pids whose spans a term keeps; beyond that it begins anew."""
Spans = tuple[tuple[int, int], ...]
"""From and to in epoch ns, both within; ascending, apart from each other."""
ALWAYS: Spans = ((0, FOREVER_NS),)
NEVER: Spans = ()


def joined(spans: Iterable[tuple[int, int]]) -> Spans:
    """Any spans, as those that hold the same and are apart."""
    out: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if out and start <= out[-1][1] + 1:
            out[-1] = (out[-1][0], max(out[-1][1], end))
        else:
            out.append((start, end))
    return tuple(out)


def opposite(spans: Spans) -> Spans:
    """What these leave out of all time."""
    edges = [-1, *(edge for span in spans for edge in span), FOREVER_NS + 1]
    return tuple((end + 1, start - 1) for end, start in zip(edges[::2], edges[1::2], strict=True) if end + 1 <= start - 1)


def clipped(spans: Spans, start: int, end: int) -> Iterator[tuple[int, int]]:
    """What of these lies in another span."""
    return ((max(low, start), min(high, end)) for low, high in spans if low <= end and high >= start)


class Lives:
    """Spans of time in which pids are meant: ``(n,)`` pids, ascending, and for each from and to in epoch ns."""

    def __init__(self, spans: Iterable[tuple[int, int, int]]) -> None:
        table = np.array(sorted(spans), np.int64).reshape(-1, 3)
        self._from, self._to = table[:, 1], table[:, 2]
        self.pids, self._first, self._count = np.unique(table[:, 0], return_index=True, return_counts=True)

    def hold(self, pids: NDArray[np.integer], times: NDArray[np.int64]) -> Mask:
        """Which (pid, time) lie in a span of that pid."""
        out = np.zeros(len(pids), np.bool_)
        if not len(self.pids):
            return out
        place = np.minimum(np.searchsorted(self.pids, pids), len(self.pids) - 1)
        known = self.pids[place] == pids
        for turn in range(int(self._count.max())):  # as often as the busiest pid has spans
            at = np.minimum(self._first[place] + turn, len(self._from) - 1)
            out |= known & (turn < self._count[place]) & (times >= self._from[at]) & (times <= self._to[at])
        return out


class Question(Protocol):
    """Something that is asked of a process."""

    def spans(self, process: Process) -> Spans:
        """When the answer is yes; what lies outside its life does not matter."""
        ...


class ByProcess:
    """By the process that did it, found by pid and time. The table is asked anew as it changes: processes come, and run other programs."""

    cost = LOOKUP

    def __init__(self, processes: Processes, question: Question) -> None:
        self._processes = processes
        self._question = question
        self._known: tuple[int, dict[int, tuple[tuple[int, int, int], ...]]] = (-1, {})  # of one version of the table

    def select(self, chunk: Chunk, rows: Rows) -> Mask:
        codes, times = chunk.who[rows], chunk.time[rows]
        if not len(codes):
            return np.zeros(0, np.bool_)
        pids = chunk.whos["pid"]
        used = np.zeros(len(pids), np.bool_)
        used[codes] = True
        begin, end = int(times.min()), int(times.max())
        whole: list[int] = []  # pids that are meant all the time: most are, and need no look at single events
        partly: list[tuple[int, int, int]] = []
        for pid in np.unique(pids[used]).tolist():
            spans = [span for span in self._of_pid(pid) if span[1] <= end and span[2] >= begin]
            if any(low <= begin and high >= end for _, low, high in spans):
                whole.append(pid)
            else:
                partly += spans
        mask: Mask = np.isin(pids, whole)[codes]
        if partly:
            lives = Lives(partly)
            found = np.flatnonzero(np.isin(pids, lives.pids)[codes])
            mask[found] = lives.hold(pids[codes[found]], times[found])
        return mask & not_monitor(chunk, rows)

    def matches(self, event: Event) -> bool:
        if event.pid is None or event.family == "monitor":
            return False
        return any(low <= event.time_ns <= high for _, low, high in self._of_pid(event.pid))

    def _of_pid(self, pid: int) -> tuple[tuple[int, int, int], ...]:
        version = self._processes.version
        if self._known[0] != version or len(self._known[1]) > KNOWN_PIDS:
            self._known = (version, {})
        known = self._known[1]
        spans = known.get(pid)
        if spans is None:
            spans = known[pid] = tuple(self._spans(pid))
        return spans

    def _spans(self, pid: int) -> Iterator[tuple[int, int, int]]:
        for process, start, end in lifespans(self._processes.lives(pid)):
            yield from ((pid, low, high) for low, high in clipped(self._question.spans(process), start, end))


def lifespans(lives: Sequence[Process]) -> Iterator[tuple[Process, int, int]]:
    """When each life of a pid (oldest first) is the one that its events belong to.

    A life lasts until the next one begins: threads may tell of their end just after the process told of its own.
    """
    starts = [0] * (len(lives) + 1)
    starts[-1] = FOREVER_NS + 1
    for place, process in enumerate(lives):
        before = lives[place - 1].ended_ns if place else None
        starts[place] = process.started_ns if process.started_ns is not None else 0 if before is None else before + 1
    for place, process in enumerate(lives):
        yield process, starts[place], starts[place + 1] - 1


class OfFamily:
    """Whether it is one of some processes or descends from one.

    Args:
        processes: Where they are looked up.
        roots: (pid, epoch ns at which it lived, or None: the latest life). Each is looked up until it is found, then stays the one it is, whoever
            gets its pid later.
    """

    def __init__(self, processes: Processes, roots: Iterable[tuple[int, int | None]]) -> None:
        self._processes = processes
        self._missing = list(roots)
        self._roots: set[Process] = set()
        self._find()

    def _find(self) -> None:
        for root in tuple(self._missing):
            process = self._processes.by_pid(*root)
            if process is not None:
                self._roots.add(process)
                self._missing.remove(root)

    def spans(self, process: Process) -> Spans:
        if self._missing:
            self._find()
        above: Process | None = process
        while above is not None:
            if above in self._roots:
                return ALWAYS
            above = above.forked_by
        return NEVER


def program_spans(process: Process, passes: Callable[[Generation], bool]) -> Spans:
    """When it ran a program that passes: from one exec to the next; before the first and after its end the nearest counts."""
    ran = programs(process)
    starts = [0, *(program.started_ns or 0 for program in ran[1:]), FOREVER_NS + 1]
    return joined((starts[place], starts[place + 1] - 1) for place, program in enumerate(ran) if passes(program))


class OfProgram:
    """Whether a text of the program that it ran passes.

    Args:
        texts: The texts; none: it has no such thing, and the answer is no.
    """

    def __init__(self, texts: Callable[[Generation], tuple[str, ...]], test: TextTest) -> None:
        self._texts = texts
        self._test = test

    def spans(self, process: Process) -> Spans:
        return program_spans(process, lambda program: self._test.any(self._texts(program)))


class OfAncestors:
    """Whether the comm of one above it passes, at that time: who forked it, who forked that, … without itself; negated: of none.

    One that has ended counts as what it was at last. A process above which nobody is known never passes.
    """

    def __init__(self, test: TextTest) -> None:
        self._passes = test.passes
        self._negated = test.negated

    def spans(self, process: Process) -> Spans:
        found: list[tuple[int, int]] = []
        above = process.forked_by
        if above is None:
            return NEVER
        while above is not None:
            found += program_spans(above, self._comm_passes)
            above = above.forked_by
        return opposite(joined(found)) if self._negated else joined(found)

    def _comm_passes(self, program: Generation) -> bool:
        return bool(program.comm) and self._passes(program.comm)


def exe_texts(program: Generation) -> tuple[str, ...]:
    """The executed file, and of a script its interpreter too."""
    return tuple(path for path in (program.path, program.interpreter) if path is not None)


def argv_texts(program: Generation) -> tuple[str, ...]:
    """Each word of its command line, and the whole of it."""
    argv = program.argv
    return (*argv, " ".join(argv)) if len(argv) > 1 else tuple(argv)
