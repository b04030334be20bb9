"""A forest as numpy columns: which rows of it are visible and in which order, and what whole subtrees amount to.

Knows nothing of processes. A node is its place in the columns, a parent is a place or -1. Everything is done level by
level, a level at a time, so 50,000 nodes cost some milliseconds whatever came and went between two looks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Places = NDArray[np.intp]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Layout:
    """The visible rows.

    Attributes:
        rows: ``(m,)`` nodes from top to bottom.
        row_of: ``(n,)`` the row of each node, -1 where it is not visible.
        last: ``(n,)`` whether it is its parent's last child in sight.
        expandable: ``(n,)`` whether it has children that could be in sight.
        hidden: ``(n,)`` descendants that could be in sight and are not, because it is folded.
    """

    rows: Places
    row_of: Places
    last: Flags
    expandable: Flags
    hidden: Places


class Forest:
    """Who stands under whom.

    Args:
        parents: ``(n,)`` place of each node's parent, -1 for a root. Nodes that no root leads to (a circle) are in no row.
    """

    def __init__(self, parents: Places) -> None:
        self.parents = parents
        self._order = np.argsort(parents, kind="stable")
        self.depth = np.full(len(parents), -1, np.intp)
        self.levels = self._find_levels()

    def _find_levels(self) -> list[Places]:
        """Nodes by depth, roots first; the children of one node stand together."""
        edges = np.searchsorted(self.parents, np.arange(-1, len(self.parents) + 1), sorter=self._order)
        starts, counts = edges[:-1], np.diff(edges)  # of the children of node p at p + 1; of the roots at 0
        level = self._order[: counts[0]] if len(counts) else self._order
        levels: list[Places] = []
        while len(level):
            self.depth[level] = len(levels)
            levels.append(level)
            fertile = level[counts[level + 1] > 0] + 1
            level = self._order[_ranges(starts[fertile], counts[fertile])]
        return levels

    def totals(self, values: NDArray[Any]) -> NDArray[Any]:
        """Sums over each node and all below it; ``(n,)`` or ``(n, k)``, of the type of `values`."""
        out = values.copy()
        for level in reversed(self.levels[1:]):
            above = self.parents[level]
            firsts = np.flatnonzero(np.append(True, above[1:] != above[:-1]))
            out[above[firsts]] += np.add.reduceat(out[level], firsts)
        return out

    def with_ancestors(self, wanted: Flags) -> Flags:
        """`wanted` and all above them."""
        out = wanted.copy()
        for level in reversed(self.levels[1:]):
            out[self.parents[level[out[level]]]] = True
        return out

    def below(self, chosen: Flags) -> Flags:
        """`chosen` and all below them."""
        out = chosen.copy()
        for level in self.levels[1:]:
            out[level] |= out[self.parents[level]]
        return out

    def layout(self, wanted: Flags | None = None, folded: Flags | None = None, keys: NDArray[Any] | None = None) -> Layout:
        """Rows from top to bottom.

        Args:
            wanted: Nodes in sight if nothing hides them, those above them included (`with_ancestors`); None: all.
            folded: Nodes whose children are hidden; None: none.
            keys: Siblings are ordered by it, lowest first; equal ones, and all where it is None, by place.
        """
        size = len(self.parents)
        wanted = np.ones(size, np.bool_) if wanted is None else wanted
        folded = np.zeros(size, np.bool_) if folded is None else folded
        visible, expandable = self._visible(wanted, folded)
        sizes = self.totals(visible.astype(np.intp))
        order = self._siblings(keys)
        last = self._last(order, wanted)
        row_of = self._rows(order, sizes, visible)
        rows = np.empty(int(visible.sum()), np.intp)
        rows[row_of[visible]] = np.flatnonzero(visible)
        hidden = np.where(visible & folded & expandable, self.totals(wanted.astype(np.intp)) - wanted, 0)
        return Layout(rows, row_of, last, expandable, hidden)

    def _visible(self, wanted: Flags, folded: Flags) -> tuple[Flags, Flags]:
        visible, expandable = np.zeros_like(wanted), np.zeros_like(wanted)
        for number, level in enumerate(self.levels):
            shown = wanted[level]
            if number:
                above = self.parents[level]
                expandable[above[shown]] = True
                shown = shown & visible[above] & ~folded[above]
            visible[level] = shown
        return visible, expandable

    def _siblings(self, keys: NDArray[Any] | None) -> Places:
        """All nodes, siblings beside each other in their order."""
        return self._order if keys is None else np.lexsort((keys, self.parents))

    def _last(self, order: Places, wanted: Flags) -> Flags:
        shown = order[wanted[order]]
        ends = np.append(self.parents[shown[1:]] != self.parents[shown[:-1]], [True])[: len(shown)]
        last = np.zeros_like(wanted)
        last[shown[ends]] = True
        return last

    def _rows(self, order: Places, sizes: Places, visible: Flags) -> Places:
        before = np.cumsum(sizes[order]) - sizes[order]
        firsts = np.flatnonzero(np.append([True], self.parents[order[1:]] != self.parents[order[:-1]])) if len(order) else np.empty(0, np.intp)
        before -= np.repeat(before[firsts], np.diff(np.append(firsts, len(order))))
        rows = np.full(len(order), -1, np.intp)
        rows[order] = before
        for level in self.levels[1:]:
            rows[level] += rows[self.parents[level]] + 1
        rows[~visible] = -1
        return rows


def _ranges(starts: Places, counts: Places) -> Places:
    """The numbers ``starts[i] … starts[i] + counts[i] - 1``, one range behind the other."""
    ends = np.cumsum(counts)
    if not len(ends):
        return np.empty(0, np.intp)
    return np.repeat(starts - ends + counts, counts) + np.arange(ends[-1])
