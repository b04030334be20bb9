"""The tree of processes at one moment, as columns: what a widget draws, sorts, hides and filters.

A look costs some passes over attributes and some over numpy columns, and takes the table's lock only to copy the list:
with 50,000 processes some tens of milliseconds, however many came and went since the last one.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kellect_tui.session.forest import Flags, Forest, Layout, Places
from kellect_tui.session.process import COUNT_NAMES, Process, Thread
from kellect_tui.session.tally import Rollup

if TYPE_CHECKING:
    from kellect_tui.session.processes import Processes

Node = Process | Thread
MAX_GUIDES = 32
"""Ancestors for which a row knows whether they are their parent's last child: more do not fit on a screen."""

_NUMBER = attrgetter("number")
_AT = {name: column for column, name in enumerate(COUNT_NAMES)}


class Snapshot:
    """Every process (and thread, where wanted) and who stands under whom; counts are read when they are asked for.

    Attributes:
        nodes: Processes in order of becoming known, then the threads.
        forest: Of their places.
        process_count: How many of them are processes.
    """

    def __init__(self, table: Processes, *, threads: bool = False) -> None:
        self.table = table
        processes, self._slots, above = table.standing()
        self.process_count = len(processes)
        parents = _places(self._slots, above)
        self.nodes: list[Node] = list(processes)
        if threads:
            pairs = list(_threads(processes))
            self.nodes += [thread for _, thread in pairs]
            parents = np.concatenate([parents, np.array([place for place, _ in pairs], np.intp)])
        self.forest = Forest(parents)

    def __len__(self) -> int:
        return len(self.nodes)

    @property
    def processes(self) -> list[Process]:
        """The nodes that are processes, at the same places."""
        return self.nodes[: self.process_count]  # type: ignore[return-value]  # the threads stand behind them

    def owner(self, place: int) -> Process:
        """The process at a place, or the one whose thread stands there."""
        node = self.nodes[place]
        return node if isinstance(node, Process) else self.owner(int(self.forest.parents[place]))

    def place_of(self, node: Node) -> int | None:
        """Where a node is; None where it is not here."""
        if isinstance(node, Thread):
            return self._thread_places.get(node)
        place = bisect_left(self.nodes, node.number, hi=self.process_count, key=_NUMBER)
        return place if place < self.process_count and self.nodes[place] is node else None

    @cached_property
    def numbers(self) -> NDArray[np.int64]:
        """The processes' numbers, ``(process_count,)``, ascending."""
        return np.fromiter(map(_NUMBER, self.processes), np.int64, self.process_count)

    @cached_property
    def _thread_places(self) -> dict[Thread, int]:
        return {node: place for place, node in enumerate(self.nodes[self.process_count :], self.process_count) if isinstance(node, Thread)}

    def column(self, read: Callable[[Process], int | float], dtype: type[np.generic] = np.int64, of_thread: int | float = 0) -> NDArray[Any]:
        """A number of each node, ``(n,)``; threads have `of_thread`."""
        out = np.full(len(self.nodes), of_thread, dtype)
        out[: self.process_count] = np.fromiter(map(read, self.processes), dtype, self.process_count)
        return out

    @cached_property
    def ended(self) -> NDArray[np.int64]:
        """Epoch ns of each node's end, 0 where it runs."""
        return np.fromiter((node.ended_ns or 0 for node in self.nodes), np.int64, len(self.nodes))

    @cached_property
    def kernel(self) -> Flags:
        """Kernel threads, which are processes here."""
        return self.column(lambda process: process.kernel, np.bool_)

    def amounts(self, name: str, rollup: Rollup | None = None) -> NDArray[np.int64]:
        """One of the counts (a name of `Counts`) of each node; with a rollup of its subtree."""
        return self._of_slots(self.table.own(name) if rollup is None else rollup.whole[:, _AT[name]])

    def rates(self, rollup: Rollup | None = None) -> NDArray[np.float64]:
        """Events a second of each node; with a rollup of its subtree."""
        return self._of_slots(self.table.own_rates() if rollup is None else rollup.rates)

    def _of_slots(self, values: NDArray[Any]) -> NDArray[Any]:
        out = np.zeros(len(self.nodes), values.dtype)
        slots = self._slots
        known = slots < len(values)  # a process may be younger than the sums
        out[: self.process_count][known] = values[slots[known]]
        return out


def _places(slots: Places, above: Places) -> Places:
    """The place of each one's parent, -1 for a root, from the table's rows of both."""
    if not len(slots):
        return slots
    place_of = np.full(int(slots.max()) + 2, -1, np.intp)  # the last one is that of no row
    place_of[slots] = np.arange(len(slots))
    places: Places = place_of[above]
    return places


def _threads(processes: list[Process]) -> Iterator[tuple[int, Thread]]:
    for place, process in enumerate(processes):
        if process.threads or process.ended_threads or process.leader is not None:
            ended = (process.leader,) if process.leader is not None else ()
            # list() is atomic: the writer may add one meanwhile
            yield from ((place, thread) for thread in (*ended, *list(process.threads.values()), *list(process.ended_threads)))


@dataclass(frozen=True)
class Hiding:
    """What is not shown.

    Attributes:
        ended_for_ns: Nodes that ended longer ago than this; None: none. One with a descendant in sight stays.
        kernel: Kernel threads.
    """

    ended_for_ns: int | None = None
    kernel: bool = False

    def shown(self, snapshot: Snapshot, now_ns: int) -> Flags:
        """Nodes that are not hidden, ``(n,)``."""
        out = np.ones(len(snapshot), np.bool_)
        if self.kernel:
            out &= ~snapshot.kernel
        if self.ended_for_ns is not None:
            out &= (snapshot.ended == 0) | (now_ns - snapshot.ended <= self.ended_for_ns)
        return out


@dataclass(frozen=True)
class TreeRow:
    """One visible line of the tree.

    Attributes:
        depth: 0 for a root.
        guides: For the nearest `MAX_GUIDES` ancestors below the root, outermost first: whether it is its parent's last child (no
            line runs down past this row there).
        last: Whether this row is its parent's last visible child.
        expandable: Whether it has children that could be shown.
        expanded: Whether they are.
        hidden: Descendants not shown because it is folded.
        matched: False where it is only the way to one that is meant.
    """

    node: Node
    process: Process
    depth: int
    guides: tuple[bool, ...]
    last: bool
    expandable: bool
    expanded: bool
    hidden: int
    matched: bool


class Tree:
    """The visible rows of a snapshot.

    Args:
        meant: Nodes that are to be seen; those above them are shown as the way to them. None: all.
        folded: Nodes whose children are hidden.
        keys: Columns by which siblings are ordered, the first one most; equal ones by their places. A process's threads come before its children.
    """

    def __init__(self, snapshot: Snapshot, meant: Flags | None = None, folded: Flags | None = None, keys: tuple[NDArray[Any], ...] = ()) -> None:
        self.snapshot = snapshot
        self.meant = np.ones(len(snapshot), np.bool_) if meant is None else meant
        forest = snapshot.forest
        self.wanted = forest.with_ancestors(self.meant)
        self.layout: Layout = forest.layout(self.wanted, folded, _ranks(snapshot, keys))
        self._folded = folded

    def __len__(self) -> int:
        return len(self.layout.rows)

    def node(self, row: int) -> Node:
        """What stands in a row."""
        return self.snapshot.nodes[int(self.layout.rows[row])]

    def row(self, row: int) -> TreeRow:
        """All about a row."""
        place = int(self.layout.rows[row])
        layout, forest = self.layout, self.snapshot.forest
        expandable = bool(layout.expandable[place])
        return TreeRow(
            node=self.snapshot.nodes[place],
            process=self.snapshot.owner(place),
            depth=int(forest.depth[place]),
            guides=self._guides(place),
            last=bool(layout.last[place]),
            expandable=expandable,
            expanded=expandable and not (self._folded is not None and bool(self._folded[place])),
            hidden=int(layout.hidden[place]),
            matched=bool(self.meant[place]),
        )

    def _guides(self, place: int) -> tuple[bool, ...]:
        parents, depth, last = self.snapshot.forest.parents, self.snapshot.forest.depth, self.layout.last
        guides: list[bool] = []
        above = int(parents[place])
        while above >= 0 and depth[above] > 0 and len(guides) < MAX_GUIDES:
            guides.append(bool(last[above]))
            above = int(parents[above])
        return tuple(reversed(guides))


def _ranks(snapshot: Snapshot, keys: tuple[NDArray[Any], ...]) -> Places | None:
    if not keys and len(snapshot) == snapshot.process_count:
        return None
    is_process = np.arange(len(snapshot)) < snapshot.process_count
    order = np.lexsort((*reversed(keys), is_process))
    ranks = np.empty(len(order), np.intp)
    ranks[order] = np.arange(len(order))
    return ranks
