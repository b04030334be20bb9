"""The tree of processes as a flat list of visible rows, for a widget that draws only some of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Any, NamedTuple

from kellect_tui.session.process import Identity, Process

MAX_GUIDES = 32
"""Ancestors for which a row knows whether they are their parent's last child: more do not fit on a screen."""


class TreeRow(NamedTuple):
    """One visible line of the tree.

    Attributes:
        depth: 0 for a root.
        guides: For the nearest `MAX_GUIDES` ancestors below the root, outermost first: whether it is its parent's last child (no
            line runs down past this row there).
        last: Whether this row is its parent's last visible child.
        expandable: Whether it has children that could be shown.
        expanded: Whether they are.
        hidden: Descendants not shown because it is collapsed.
        matched: False where it is only the way to one that the predicate let through.
    """

    process: Process
    depth: int
    guides: tuple[bool, ...]
    last: bool
    expandable: bool
    expanded: bool
    hidden: int
    matched: bool


def flatten(
    roots: Iterable[Process],
    collapsed: Collection[Identity],
    predicate: Callable[[Process], bool] | None,
    sort: Callable[[Process], Any] | None,
) -> list[TreeRow]:
    """Visible rows from top to bottom. No recursion: a chain of forks may be thousands deep."""
    roots = list(roots)
    matched, shown = _chosen(roots, predicate) if predicate is not None else (None, None)

    def visible(processes: Iterable[Process]) -> list[Process]:
        chosen = [process for process in processes if process in shown] if shown is not None else list(processes)
        return sorted(chosen, key=sort) if sort is not None else chosen

    rows: list[TreeRow] = []
    waiting = _stacked(visible(roots), 0, ())
    while waiting:
        process, depth, guides, last = waiting.pop()
        children = visible(process.children) if process.children else []
        expanded = bool(children) and not (collapsed and process.identity in collapsed)
        hidden = 0 if expanded or not children else _count(children, shown)
        rows.append(TreeRow(process, depth, guides, last, bool(children), expanded, hidden, matched is None or process in matched))
        if expanded:
            below = (*guides[-MAX_GUIDES + 1 :], last) if depth else ()
            waiting.extend(_stacked(children, depth + 1, below))
    return rows


def _stacked(siblings: list[Process], depth: int, guides: tuple[bool, ...]) -> list[tuple[Process, int, tuple[bool, ...], bool]]:
    """Siblings with the first on top of the stack."""
    final = len(siblings) - 1
    return [(siblings[i], depth, guides, i == final) for i in range(final, -1, -1)]


def _chosen(roots: Iterable[Process], predicate: Callable[[Process], bool]) -> tuple[set[Process], set[Process]]:
    """Those let through, and those with their ancestors."""
    matched: set[Process] = set()
    shown: set[Process] = set()
    waiting = list(roots)
    while waiting:
        process = waiting.pop()
        waiting.extend(process.children)
        if predicate(process):
            matched.add(process)
            above: Process | None = process
            while above is not None and above not in shown:
                shown.add(above)
                above = above.forked_by
    return matched, shown


def _count(processes: Iterable[Process], shown: set[Process] | None) -> int:
    total = 0
    waiting = list(processes)
    while waiting:
        process = waiting.pop()
        if shown is None or process in shown:
            total += 1
            waiting.extend(process.children)
    return total
