"""The columns of the process tree, declared as data: what a cell says, what siblings are ordered by, what leaves first."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kellect_tui.events.constants import SIGNALS
from kellect_tui.session.process import Counts, Process, Thread
from kellect_tui.session.proctree import Node, Snapshot
from kellect_tui.session.tally import Rollup
from kellect_tui.tui.quantities import duration, short, size

NONE = "·"
"""What a cell says that has nothing to say: a zero is no news."""
NAME = "COMM"
"""The column of the names: tree, comm, command line. It takes what the others leave."""
NAME_LEAST = 28
BAR_CELLS = 4
_EIGHTHS = " ▏▎▍▌▋▊▉█"


@dataclass(frozen=True, slots=True)
class Look:
    """What cells are drawn from, at one moment.

    Attributes:
        now_ns: Epoch ns.
        rollup: Sums over subtrees; None where they are not looked at.
        user_name: Of a uid.
        tops: The highest figure of each column with a bar.
    """

    now_ns: int
    rollup: Rollup | None
    user_name: Callable[[int], str | None]
    tops: dict[str, float]

    def counts(self, process: Process) -> Counts:
        """Its own, or its subtree's."""
        return process.counts if self.rollup is None else self.rollup.subtree(process)

    def rate(self, process: Process) -> float:
        """Events a second, its own or its subtree's."""
        return process.rate if self.rollup is None else self.rollup.rate(process)


@dataclass(frozen=True, slots=True)
class TreeColumn:
    """A column.

    Attributes:
        title: Its heading, and its name in the table of actions.
        width: Cells.
        text: What it says of a process, given a look.
        key: What siblings are ordered by, ``(n,)``; lowest first unless `falling`.
        falling: Whether the highest come first as a rule.
        summed: Whether it can be that of the whole subtree.
        figure: What the bar behind it shows; None: there is no bar.
        style: Component style of its cells.
        of_thread: What it says of a thread.
    """

    title: str
    width: int
    text: Callable[[Look, Process], str]
    key: Callable[[Snapshot, Look], NDArray[Any]]
    falling: bool = True
    summed: bool = False
    figure: Callable[[Look, Process], float] | None = None
    style: str = "plain"
    of_thread: Callable[[Look, Thread], str] = lambda look, thread: ""


def _number(value: float) -> str:
    return short(value) if value else NONE


def _bytes(value: int) -> str:
    return size(value) if value else NONE


def bar(value: float, top: float) -> str:
    """A bar of `BAR_CELLS` cells, in eighths of a cell; anything above zero is at least one."""
    eighths = min(BAR_CELLS * 8, math.ceil(value / top * BAR_CELLS * 8)) if top > 0 else 0
    full, rest = divmod(eighths, 8)
    return ("█" * full + (_EIGHTHS[rest] if rest else "")).ljust(BAR_CELLS)


def signal_name(signal: int) -> str:
    """`SIGKILL`; `sig 99` for one without a name."""
    return SIGNALS.get(signal, f"sig {signal}")


def end_of(process: Process) -> str:
    """How it ended: `0`, `exit 1`, `SIGKILL`, `KILL←4121` where it is known who sent it, `?` where the end was only concluded; empty while it runs."""
    if process.running:
        return ""
    if process.exit_signal is None:
        return "?" if process.exit_status is None else f"exit {process.exit_status}"
    name = signal_name(process.exit_signal)
    return name if process.killed_by is None else f"{name.removeprefix('SIG')}←{process.killed_by.pid}"


def _thread_end(look: Look, thread: Thread) -> str:
    if thread.running:
        return ""
    if thread.exit_signal is not None:
        return signal_name(thread.exit_signal)
    return "?" if thread.exit_status is None else f"exit {thread.exit_status}"


def age_ns(node: Node, now_ns: int) -> int | None:
    """How long it has run, or how long it ran; None where its start is not known, or its end was not seen."""
    if node.started_ns is None or not node.exit_seen:
        return None
    return max(0, (now_ns if node.ended_ns is None else node.ended_ns) - node.started_ns)


def _age(look: Look, node: Node) -> str:
    age = age_ns(node, look.now_ns)
    return "?" if age is None else duration(age)


def _user(look: Look, process: Process) -> str:
    return "?" if process.uid is None else look.user_name(process.uid) or str(process.uid)


def _ranked(texts: Sequence[str]) -> NDArray[Any]:
    """Each text's place in the alphabet."""
    ranks = {text: rank for rank, text in enumerate(sorted(set(texts)))}
    return np.fromiter((ranks[text] for text in texts), np.int64, len(texts))


def _by_text(read: Callable[[Look, Process], str]) -> Callable[[Snapshot, Look], NDArray[Any]]:
    def key(snapshot: Snapshot, look: Look) -> NDArray[Any]:
        out = np.zeros(len(snapshot), np.int64)
        out[: snapshot.process_count] = _ranked([read(look, process) for process in snapshot.processes])
        return out

    return key


def _by_count(name: str) -> Callable[[Snapshot, Look], NDArray[Any]]:
    return lambda snapshot, look: snapshot.amounts(name, look.rollup)


def _ending(process: Process) -> int:
    if process.running:
        return -2
    return 256 + process.exit_signal if process.exit_signal is not None else -1 if process.exit_status is None else process.exit_status


def _start(process: Process) -> int:
    return process.started_ns or process.start_ns or 0


def _count(title: str, width: int, name: str, write: Callable[[int], str], style: str = "plain", *, bar: bool = False) -> TreeColumn:
    def amount(look: Look, process: Process) -> int:
        return int(getattr(look.counts(process), name))

    figure = amount if bar else None
    return TreeColumn(title, width, lambda look, process: write(amount(look, process)), _by_count(name), summed=True, figure=figure, style=style)


PID = TreeColumn("PID", 7, lambda look, process: str(process.pid), lambda snapshot, look: snapshot.column(lambda process: process.pid),
                 falling=False, of_thread=lambda look, thread: str(thread.tid))  # fmt: skip
COMM = TreeColumn(NAME, 0, lambda look, process: process.comm, _by_text(lambda look, process: process.comm), falling=False)
AGE = TreeColumn("AGE", 7, _age, lambda snapshot, look: -snapshot.column(_start), style="dim", of_thread=_age)
RATE = TreeColumn("EVENTS/s", 11, lambda look, process: _number(look.rate(process)), lambda snapshot, look: snapshot.rates(look.rollup),
                  summed=True, figure=lambda look, process: look.rate(process))  # fmt: skip
EVENTS = _count("EVENTS", 11, "events", _number, bar=True)

_FIRST = (
    PID, COMM,
    TreeColumn("USER", 8, _user, _by_text(_user), falling=False),
    AGE,
    TreeColumn("EXIT", 10, lambda look, process: end_of(process), lambda snapshot, look: snapshot.column(_ending), style="dim", of_thread=_thread_end),
)  # fmt: skip
_LAST = (
    _count("FAIL", 5, "failures", _number, "failed"),
    _count("READ", 6, "read", _bytes),
    _count("WRITE", 6, "written", _bytes),
    _count("SENT", 6, "sent", _bytes),
    _count("RECV", 6, "received", _bytes),
)
_MORE = (
    _count("IN CALLS", 9, "time_ns", lambda value: duration(value) if value else NONE),
    TreeColumn("THR", 4, lambda look, process: str(process.thread_count) if process.thread_count > 1 else NONE,
               lambda snapshot, look: snapshot.column(lambda process: process.thread_count)),
)  # fmt: skip
LIVE: tuple[TreeColumn, ...] = (*_FIRST, RATE, *_LAST, _count("EVENTS", 7, "events", _number), *_MORE)
"""The columns of a running capture."""
SAVED: tuple[TreeColumn, ...] = (*_FIRST, EVENTS, *_LAST, *_MORE)
"""The columns of what is over: nothing happens a second."""

TITLES = tuple(column.title for column in LIVE)


def fitting(columns: Sequence[TreeColumn], width: int) -> Sequence[TreeColumn]:
    """The columns that leave room for a name; they leave from the right, pid and name stay."""
    shown = list(columns)
    while len(shown) > 2 and sum(column.width + 1 for column in shown) - 1 + NAME_LEAST > width:
        shown.pop()
    return shown
