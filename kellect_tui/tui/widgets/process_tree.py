"""The process tree: a flat list of the visible rows that `Processes` gives, rebuilt only when the structure changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.strip import Strip

from kellect_tui.events.constants import SIGNALS
from kellect_tui.session.process import Identity, Process
from kellect_tui.session.processes import Processes
from kellect_tui.session.proctree import TreeRow
from kellect_tui.tui.quantities import duration, short, size
from kellect_tui.tui.safe_text import fit, safe_text
from kellect_tui.tui.widgets.virtual_list import VirtualList

DEEPEST = 24
"""Levels that are drawn as such; what is deeper stands in the same column."""


@dataclass(frozen=True, slots=True)
class TreeColumn:
    """A column beside the names: title, cells, what it says."""

    title: str
    width: int
    text: Callable[[Process], str]
    style: str = "plain"


def _count(value: int) -> str:
    return short(value) if value else "·"


def _bytes(value: int) -> str:
    return size(value) if value else "·"


def end_of(process: Process) -> str:
    """How it ended: `0`, `SIGKILL`, `?` where the end was only concluded; empty while it runs."""
    if process.running:
        return ""
    if process.exit_signal is not None:
        return SIGNALS.get(process.exit_signal, f"sig {process.exit_signal}")
    return "?" if process.exit_status is None else f"exit {process.exit_status}"


COLUMNS = (
    TreeColumn("PID", 7, lambda process: str(process.pid)),
    TreeColumn("EVENTS", 7, lambda process: _count(process.counts.events)),
    TreeColumn("FAILED", 7, lambda process: _count(process.counts.failures), "failed"),
    TreeColumn("END", 9, end_of, "dim"),
    TreeColumn("IN CALLS", 8, lambda process: duration(process.counts.time_ns) if process.counts.time_ns else "·"),
    TreeColumn("READ", 6, lambda process: _bytes(process.counts.read)),
    TreeColumn("WRITTEN", 7, lambda process: _bytes(process.counts.written)),
    TreeColumn("LIVED", 7, lambda process: "" if process.lifetime_ns is None else duration(process.lifetime_ns), "dim"),
    TreeColumn("SENT", 6, lambda process: _bytes(process.counts.sent)),
    TreeColumn("RECV", 6, lambda process: _bytes(process.counts.received)),
    TreeColumn("THR", 4, lambda process: str(process.thread_count) if process.thread_count > 1 else "·"),
)
NAME_LEAST = 44


def fitting(width: int) -> Sequence[TreeColumn]:
    """The columns that leave room for a name; they leave from the right, the pid and what it did go last."""
    shown = list(COLUMNS)
    while len(shown) > 1 and sum(column.width + 1 for column in shown) + NAME_LEAST > width:
        shown.pop()
    return shown


class ProcessTree(VirtualList):
    """Draws the processes; owns cursor, offset and what is folded."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"heading", "cursor", "plain", "dim", "failed", "guide", "name", "gone"}

    def __init__(self, processes: Processes, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.processes = processes
        self._rows: list[TreeRow] = []
        self._index: dict[Process, int] = {}
        self._cursor: Process | None = None
        self._folded: set[Identity] = set()
        self._version = -1
        self._columns: Sequence[TreeColumn] = ()

    @property
    def row_count(self) -> int:
        return len(self._rows)

    @property
    def cursor_index(self) -> int | None:
        return None if self._cursor is None else self._index.get(self._cursor)

    @property
    def cursor_process(self) -> Process | None:
        """The process under the cursor."""
        index = self.cursor_index
        return None if index is None else self._rows[index].process

    def set_cursor_index(self, index: int) -> None:
        self._cursor = self._rows[index].process

    def cursor_or_edge(self) -> int:
        cursor = self.cursor_index
        return 0 if cursor is None else cursor

    def sync(self) -> bool:
        """Show the processes as they are; the cursor's row keeps its place on the screen. Whether the structure changed."""
        changed = self._version != self.processes.version
        if changed:
            self._rebuild()
        self.refresh()
        return changed

    def _rebuild(self) -> None:
        before = self.cursor_index
        line = None if before is None else before - self.top_index
        self._version = self.processes.version
        self._rows = self.processes.rows(self._folded)
        self._index = {row.process: index for index, row in enumerate(self._rows)}
        if self._rows and self.cursor_index is None:
            # Its process is hidden or forgotten: what stands at its place now, or at the first look the first row.
            self.set_cursor_index(min(before or 0, len(self._rows) - 1))
        self.set_extent()
        cursor = self.cursor_index
        if line is not None and cursor is not None and 0 <= line < self.page_rows:
            self.put_top(cursor - line)

    def go_to(self, process: Process) -> bool:
        """Put the cursor on a process, unfolding what hides it. False where it is no longer kept."""
        above = process.forked_by
        while above is not None:
            self._folded.discard(above.identity)
            above = above.forked_by
        self._rebuild()
        index = self._index.get(process)
        if index is None:
            return False
        self._cursor = process
        self.centre(index)
        self.refresh()
        return True

    def to_parent(self) -> None:
        """Put the cursor on the one that forked this one."""
        process = self.cursor_process
        if process is not None and process.forked_by in self._index:
            self.move_cursor(self._index[process.forked_by])

    def fold(self, *, fold: bool | None = None) -> bool:
        """Fold or unfold the row under the cursor; None: the other way round. False where there is nothing to do."""
        index = self.cursor_index
        if index is None or not self._rows[index].expandable:
            return False
        row = self._rows[index]
        wanted = row.expanded if fold is None else fold
        if wanted is not row.expanded:
            return False
        (self._folded.add if wanted else self._folded.discard)(row.process.identity)
        self._rebuild()
        self.refresh()
        return True

    def fold_all(self) -> None:
        """Fold everything, or where something is folded unfold everything."""
        if self._folded:
            self._folded.clear()
        else:
            self._folded = {process.identity for process in self.processes.all() if process.children}
            top = self.cursor_process
            while top is not None and top.forked_by is not None:
                top = top.forked_by
            self._cursor = top
        self._rebuild()
        if (cursor := self.cursor_index) is not None:
            self.reveal(cursor)
        self.refresh()

    def sideways(self, step: int) -> None:
        """Right unfolds; left folds, or goes to the parent."""
        if step > 0:
            self.fold(fold=False)
        elif not self.fold(fold=True):
            self.to_parent()

    def clear_strips(self) -> None:
        self._columns = ()

    def clicked(self, index: int, event: events.Click) -> None:
        super().clicked(index, event)
        if event.chain == 2:
            self.fold()

    # Drawing.

    def _shown_columns(self) -> Sequence[TreeColumn]:
        if not self._columns:
            self._columns = fitting(self.line_width)
        return self._columns

    def draw_heading(self) -> Strip:
        style = self.style_of("heading")
        titles = "".join(f"{column.title:>{column.width}} " for column in self._shown_columns())
        return self.line([Segment(f"{titles} PROCESS", style)], style)

    def draw_row(self, index: int) -> Strip:
        row = self._rows[index]
        process = row.process
        here = process is self._cursor
        base = self.style_of("cursor") if here else None
        segments: list[Segment] = []

        def put(text: str, name: str) -> None:
            segments.append(Segment(text, base or self._shade(process, name)))

        for column in self._shown_columns():
            text = column.text(process)
            put(fit(text, column.width, right=True) + " ", "dim" if text == "·" else column.style)
        put(f" {_guides(row)}", "guide")
        put(safe_text(process.comm) or "?", "name")
        label = safe_text(process.label)
        if process.argv:
            put(f"  {label}", "dim")
        if row.hidden:
            put(f"  (+{row.hidden})", "guide")
        return self.line(segments, base)

    def _shade(self, process: Process, name: str) -> Style:
        return self.style_of(name if process.running or name in ("failed", "guide") else "gone")


def _guides(row: TreeRow) -> str:
    mark = "▾ " if row.expanded else "▸ " if row.expandable else "  "
    if row.depth == 0:
        return mark
    lines = "".join("  " if last else "│ " for last in row.guides[-DEEPEST:])
    return f"{lines}{'└ ' if row.last else '├ '}{mark.strip() + ' ' if row.expandable else ''}"
