"""What the lines of the process tree say: settings, titles, names and cells, as pieces of text with a style and what a click does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.cells import cell_len

from kellect_tui.session.process import Process, Thread
from kellect_tui.session.proctree import Hiding, TreeRow
from kellect_tui.tui.actions import ACTIONS, key_name
from kellect_tui.tui.quantities import duration
from kellect_tui.tui.safe_text import fit, safe_text
from kellect_tui.tui.tree_columns import AGE, BAR_CELLS, NAME, NONE, Look, TreeColumn, bar

DEEPEST = 24
"""Levels that are drawn as such; what is deeper stands in the same column."""
ENDED_FOR_NS = (None, 10_000_000_000, 60_000_000_000, 600_000_000_000, 0)
"""What the key for ended processes goes through: all, those of the last 10 s, 1 min, 10 min, none."""
NO_KERNEL = Hiding(kernel=True)

_KEYS = {action.name: key_name(action.keys[0]) for action in ACTIONS if action.keys}

Piece = tuple[str, str, str]
"""Safe text, component style of `ProcessTree`, and the action of a click (empty: none)."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How the tree is looked at.

    Attributes:
        subtree: Figures are those of whole subtrees.
        sort: Title of the column that orders siblings.
        inverted: The other way round than is usual for it.
        hiding: What is not shown.
        threads: Threads are nodes of their own.
    """

    subtree: bool = False
    sort: str = AGE.title
    inverted: bool = False
    hiding: Hiding = NO_KERNEL
    threads: bool = False


def setting_pieces(settings: Settings, *, rising: bool) -> Iterator[Piece]:
    """Each setting with its key."""
    for action, words in (
        ("sums", "Σ subtree" if settings.subtree else "own only"),
        ("sort_tree(1)", f"by {settings.sort} {'▲' if rising else '▼'}"),
        ("hide_ended", ended_text(settings.hiding.ended_for_ns)),
        ("threads", f"threads: {'shown' if settings.threads else 'no'}"),
        ("kernel_threads", f"kernel: {'no' if settings.hiding.kernel else 'shown'}"),
    ):
        yield f" {_KEYS[action]} ", "mode--key", f"screen.{action}"
        yield f"{words} ", "mode", f"screen.{action}"


def ended_text(ended_for_ns: int | None) -> str:
    """The setting for ended processes in words."""
    if ended_for_ns is None:
        return "ended: all"
    return f"ended: last {duration(ended_for_ns).replace('.00s', 's').replace('m00s', 'm')}" if ended_for_ns else "ended: none"


def title_pieces(columns: Sequence[TreeColumn], settings: Settings, name_cells: int, *, rising: bool) -> Iterator[Piece]:
    """The columns' titles; the one that orders has an arrow, sums have a Σ."""
    for number, column in enumerate(columns):
        here, name = column.title == settings.sort, column.title == NAME
        title = f"{('▲' if rising else '▼') if here else ''}{'Σ' if column.summed and settings.subtree else ''}{column.title}"
        text = fit(f" {title}  ARGV" if name else title, (name_cells if name else column.width) + (number > 0), right=not name)
        yield text, "heading--cursor" if here else "heading", f"screen.sort_by('{column.title}')"


def name_pieces(row: TreeRow, cells: int) -> Iterator[Piece]:
    """The name in its place in the tree, in exactly so many cells."""
    room = cells
    for text, style, action in _name(row):
        width = cell_len(text)
        if room > 0:
            yield text if width <= room else fit(text, room), style, action
        room -= min(width, max(room, 0))
    yield " " * max(0, room), "plain", ""


def _name(row: TreeRow) -> Iterator[Piece]:
    lines, mark = _guides(row)
    yield lines, "guide", ""
    yield mark, "guide", f"fold_here({row.process.number})" if row.expandable else ""
    if isinstance(row.node, Thread):
        yield f"{{{safe_text(row.node.comm) or '?'}}}", "dim", ""
        return
    yield safe_text(row.process.comm) or "?", "name", ""
    if row.process.healed:
        yield f" [{', '.join(row.process.healed)}]", "warn", ""
    if row.process.argv:
        yield f"  {safe_text(row.process.label)}", "dim", ""
    if row.hidden:
        yield f"  (+{row.hidden:,})", "guide", ""


def _guides(row: TreeRow) -> tuple[str, str]:
    """The lines before a row's name, and its mark."""
    mark = "▾ " if row.expanded else "▸ " if row.expandable else ""
    if row.depth == 0:
        return "", mark or "  "
    lines = "".join("  " if last else "│ " for last in row.guides[-DEEPEST:])
    return f"{lines}{'└ ' if row.last else '├ '}", mark


def cell_pieces(row: TreeRow, column: TreeColumn, look: Look) -> Iterator[Piece]:
    """A cell beside the name, in exactly the column's width."""
    if isinstance(row.node, Thread):
        yield fit(column.of_thread(look, row.node), column.width, right=True), "dim", ""
        return
    text = column.text(look, row.process)
    style = "dim" if text == NONE else "failed" if column.title == "EXIT" and _ended_badly(row.process) else column.style
    if column.figure is None:
        yield fit(safe_text(text), column.width, right=column.title != "USER"), style, ""
        return
    yield fit(text, column.width - BAR_CELLS - 1, right=True) + " ", style, ""
    yield bar(column.figure(look, row.process), look.tops.get(column.title, 0)), "bar", ""


def _ended_badly(process: Process) -> bool:
    return process.exit_signal is not None or bool(process.exit_status)
