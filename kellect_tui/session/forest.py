"""A forest as numpy columns: which rows of it are visible and in which order, and what whole subtrees amount to.

Knows nothing of processes. A node is its place in the columns, a parent is a place or -1. What comes from above (depth, what a folded
one hides, rows) is found by doubling: first from the parent, then from two above, four, eight; what comes from below is
summed level by level. So 50,000 nodes cost some milliseconds, also where each is the child of the one before.
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
        sizes: ``(n,)`` visible nodes in its subtree, itself included: they stand in the rows from its own on.
    """

    rows: Places
    row_of: Places
    last: Flags
    expandable: Flags
    hidden: Places
    sizes: Places


_SHORT = 65_000
MANY_LEVELS = 200
"""From so many on a sum is made node by node: a level costs as much as some hundred nodes."""


class Forest:
    """Who stands under whom.

    Args:
        parents: ``(n,)`` place of each node's parent, -1 for a root. Nodes that no root leads to (a circle) are in no row.

    Attributes:
        depth: ``(n,)``; 0 for a root, -1 in a circle.
    """

    def __init__(self, parents: Places) -> None:
        self.parents = parents
        size = len(parents)
        self._jumps: list[Places] = []  # to the parent, to the one two above, …; the place behind the last is nobody
        jump = np.append(np.where(parents < 0, size, parents), [size])
        for _ in range(size.bit_length() + 1):
            if (jump == size).all():
                break
            self._jumps.append(jump)
            jump = jump[jump]
        depth = self._from_above(np.ones(size, np.intp), np.add) - 1
        self.depth: Places = np.where(jump[:size] == size, depth, -1)
        self._siblings = np.argsort(parents, kind="stable")
        small = self.depth.max(initial=0) < _SHORT  # numpy sorts short numbers by counting them
        self._by_depth = np.argsort((self.depth + 1).astype(np.uint16) if small else self.depth, kind="stable")

    def _from_above(self, values: NDArray[Any], join: np.ufunc) -> NDArray[Any]:
        """Each node's value joined with those of all above it; `join` must leave a value as it is that is joined with zero."""
        out = np.append(values, np.zeros(1, values.dtype))
        for jump in self._jumps:
            out = join(out, out[jump])
        return out[:-1]

    def totals(self, values: NDArray[Any]) -> Places:
        """Sums over each node and all below it, ``(n,)``; in a circle the node's own."""
        out = values.astype(np.intp)
        depths = self.depth[self._by_depth]
        bounds = np.searchsorted(depths, np.arange(1, int(depths[-1]) + 2)) if len(depths) else np.zeros(1, np.intp)
        if len(bounds) > MANY_LEVELS:
            return self._totals_one_by_one(out, int(bounds[0]))
        for start, stop in zip(bounds[-2::-1], bounds[:0:-1], strict=True):
            level = self._by_depth[start:stop]
            np.add.at(out, self.parents[level], out[level])
        return out

    def _totals_one_by_one(self, values: Places, first: int) -> Places:
        order = self._by_depth[first:][::-1]
        out = values.tolist()
        for node, parent in zip(order.tolist(), self.parents[order].tolist(), strict=True):
            out[parent] += out[node]
        return np.array(out, np.intp)

    def with_ancestors(self, wanted: Flags) -> Flags:
        """`wanted` and all above them, without circles."""
        out: Flags = (self.totals(wanted) > 0) & (self.depth >= 0)
        return out

    def below(self, chosen: Flags) -> Flags:
        """`chosen` and all below them."""
        return self._from_above(chosen, np.logical_or)

    def layout(self, wanted: Flags | None = None, folded: Flags | None = None, keys: NDArray[Any] | None = None) -> Layout:
        """Rows from top to bottom.

        Args:
            wanted: Nodes in sight if nothing hides them, those above them included (`with_ancestors`); None: all.
            folded: Nodes whose children are hidden; None: none.
            keys: Siblings are ordered by it, lowest first; equal ones, and all where it is None, by place.
        """
        size = len(self.parents)
        rooted = self.depth >= 0
        wanted = rooted if wanted is None else wanted & rooted
        folded = np.zeros(size, np.bool_) if folded is None else folded
        has_parent = self.parents >= 0
        visible = wanted & ~(self.below(folded)[self.parents] & has_parent)
        expandable = np.zeros(size, np.bool_)
        expandable[self.parents[wanted & has_parent]] = True
        order = self._siblings if keys is None else np.lexsort((keys, self.parents))
        sizes = self.totals(visible)
        row_of = self._rows(order, sizes)
        row_of[~visible] = -1
        rows = np.empty(int(visible.sum()), np.intp)
        rows[row_of[visible]] = np.flatnonzero(visible)
        hidden = np.zeros(size, np.intp)
        if folded.any():
            hidden = np.where(visible & folded & expandable, self.totals(wanted) - wanted, 0)
        return Layout(rows, row_of, self._last(order, wanted), expandable, hidden, sizes)

    def _last(self, order: Places, wanted: Flags) -> Flags:
        shown = order[wanted[order]]
        ends = np.append(self.parents[shown[1:]] != self.parents[shown[:-1]], [True])[: len(shown)]
        last = np.zeros_like(wanted)
        last[shown[ends]] = True
        return last

    def _rows(self, order: Places, sizes: Places) -> Places:
        """The row of each node that is visible: below its parent, below what stands before it among its siblings."""
        before = np.cumsum(sizes[order]) - sizes[order]
        firsts = np.flatnonzero(np.append(True, self.parents[order[1:]] != self.parents[order[:-1]])[: len(order)])
        before -= np.repeat(before[firsts], np.diff(np.append(firsts, len(order))))
        own = np.empty(len(order), np.intp)
        own[order] = before + 1
        return self._from_above(own, np.add) - 1
