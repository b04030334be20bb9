"""Rows of a forest, against the plain recursion that says what they mean."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from kellect_tui.session.forest import Forest


@dataclass
class Case:
    """Parents, what is wanted, what is folded, sort keys."""

    parents: list[int]
    wanted: set[int] = field(default_factory=set)
    folded: set[int] = field(default_factory=set)
    keys: list[int] = field(default_factory=list)

    def children(self, node: int) -> list[int]:
        return sorted((child for child, parent in enumerate(self.parents) if parent == node), key=lambda child: (self.keys[child], child))

    def family(self, node: int) -> Iterator[int]:
        yield node
        for child in self.children(node):
            yield from self.family(child)

    def in_sight(self, node: int) -> bool:
        return bool(self.wanted & set(self.family(node)))

    def rows(self, above: int = -1) -> Iterator[tuple[int, bool, bool, int]]:
        """(node, last, expandable, hidden) from top to bottom."""
        shown = [child for child in self.children(above) if self.in_sight(child)]
        for node in shown:
            below = [one for one in self.family(node) if one != node and self.in_sight(one)]
            folded = node in self.folded
            yield node, node == shown[-1], bool(below), len(below) if folded else 0
            if not folded:
                yield from self.rows(node)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    size = draw(st.integers(0, 12))
    order = draw(st.permutations(range(size)))  # a parent's place may be behind its child's
    parents = [-1] * size
    for rank, node in enumerate(order):
        parents[node] = draw(st.sampled_from([-1, *order[:rank]]))
    some = st.sets(st.sampled_from(range(size))) if size else st.just(set[int]())
    return Case(parents, draw(some), draw(some), draw(st.lists(st.integers(0, 3), min_size=size, max_size=size)))


def flags(size: int, chosen: set[int]) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    out = np.zeros(size, np.bool_)
    out[list(chosen)] = True
    return out


@given(cases())
def test_rows_are_those_of_the_recursion(case: Case) -> None:
    size = len(case.parents)
    forest = Forest(np.array(case.parents, np.intp))
    layout = forest.layout(forest.with_ancestors(flags(size, case.wanted)), flags(size, case.folded), np.array(case.keys, np.intp))
    rows = layout.rows.tolist()
    assert [(node, bool(layout.last[node]), bool(layout.expandable[node]), int(layout.hidden[node])) for node in rows] == list(case.rows())
    assert [layout.row_of[node] for node in rows] == list(range(len(rows)))
    assert set(np.flatnonzero(layout.row_of < 0).tolist()) == set(range(size)) - set(rows)


@given(cases())
def test_totals_and_depths_are_those_of_whole_subtrees(case: Case) -> None:
    forest = Forest(np.array(case.parents, np.intp))
    totals = forest.totals(np.array(case.keys, np.int64))
    assert totals.tolist() == [sum(case.keys[one] for one in case.family(node)) for node in range(len(case.parents))]
    for node, parent in enumerate(case.parents):
        assert forest.depth[node] == (0 if parent < 0 else forest.depth[parent] + 1)
    below = forest.below(flags(len(case.parents), case.wanted))
    assert set(np.flatnonzero(below).tolist()) == {one for node in case.wanted for one in case.family(node)}


def test_a_circle_is_in_no_row() -> None:
    layout = Forest(np.array([-1, 2, 1, 0], np.intp)).layout()
    assert layout.rows.tolist() == [0, 3]


def test_a_chain_of_thousands_is_no_recursion() -> None:
    forest = Forest(np.arange(-1, 69_999))
    layout = forest.layout(folded=flags(70_000, {60_000}))
    assert layout.rows.tolist() == list(range(60_001))
    assert layout.hidden[60_000] == 9_999
    assert forest.depth.tolist() == list(range(70_000))
    assert forest.totals(np.ones(70_000, np.intp)).tolist() == list(range(70_000, 0, -1))
