"""The process tree: the visible rows of a snapshot of all processes, taken anew when something changed and time allows."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import ClassVar

import numpy as np
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.message import Message
from textual.strip import Strip

from kellect_tui.session.filter.of_processes import ProcessFilter
from kellect_tui.session.forest import Flags
from kellect_tui.session.process import Process, Thread
from kellect_tui.session.processes import Processes
from kellect_tui.session.proctree import Hiding, Node, Snapshot, Tree, TreeRow
from kellect_tui.session.tally import Rollup
from kellect_tui.tui import tree_rows
from kellect_tui.tui.tree_columns import AGE, EVENTS, NAME, SAVED, Look, TreeColumn, fitting
from kellect_tui.tui.tree_rows import ENDED_FOR_NS, Settings
from kellect_tui.tui.widgets.virtual_list import VirtualList

SHARE = 0.1
"""The part of the screen's time that taking snapshots may need."""
LOW = 8
"""Lines below which the tree gives up its line of settings."""


class ProcessTree(VirtualList):
    """Draws the processes; owns cursor, offset, what is folded and how it is looked at.

    Args:
        processes: The table.
        user_name: Of a uid.
        now: Epoch ns: ages and "ended longer ago than" count to it.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "heading", "heading--cursor", "mode", "mode--key", "cursor", "plain", "dim", "failed", "warn", "bar", "guide", "name", "gone", "way",
    }  # fmt: skip

    class Moved(Message):
        """The cursor is on another process, or its process changed."""

    class Opened(Message):
        """A row was double-clicked."""

    def __init__(self, processes: Processes, user_name: Callable[[int], str | None], now: Callable[[], int], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.processes = processes
        self.settings = Settings()
        self.filter: ProcessFilter | None = None
        self.columns: Sequence[TreeColumn] = SAVED
        self._user_name, self._now = user_name, now
        self._tree = Tree(Snapshot(Processes()))
        self._cursor: Node | None = None
        self._folded: set[int] = set()  # numbers of processes
        self._state: tuple[object, ...] = ()
        self._next_look = 0.0
        self._shown: Sequence[TreeColumn] = ()
        self._look = Look(0, None, user_name, {})
        self._rollup: Rollup | None = None  # of the last look

    # Rows and cursor.

    @property
    def HEADING_LINES(self) -> int:  # type: ignore[override]  # a constant elsewhere
        """The settings and the titles; in a low window the titles only."""
        return 1 if self.size.height < LOW else 2

    @property
    def row_count(self) -> int:
        return len(self._tree)

    @property
    def cursor_index(self) -> int | None:
        return None if self._cursor is None else self._row_of(self._cursor)

    @property
    def cursor_node(self) -> Node | None:
        """The process or thread under the cursor."""
        index = self.cursor_index
        return None if index is None else self._tree.node(index)

    @property
    def cursor_process(self) -> Process | None:
        """The process under the cursor, or the one of the thread there."""
        index = self.cursor_index
        return None if index is None else self._tree.row(index).process

    @property
    def shown_count(self) -> int:
        """Processes in sight, or that folding alone hides."""
        return int(self._tree.wanted[: self._tree.snapshot.process_count].sum())

    def rollup(self) -> Rollup:
        """Sums over subtrees, as of the last look: one for all that is drawn from it."""
        if self._rollup is None:
            self._rollup = self.processes.rollup()
        return self._rollup

    def set_cursor_index(self, index: int) -> None:
        self._cursor = self._tree.node(index)

    def cursor_or_edge(self) -> int:
        cursor = self.cursor_index
        return 0 if cursor is None else cursor

    def move_cursor(self, index: int) -> None:
        super().move_cursor(index)
        self.post_message(self.Moved())

    def _row_of(self, node: Node) -> int | None:
        place = self._tree.snapshot.place_of(node)
        row = -1 if place is None else int(self._tree.layout.row_of[place])
        return row if row >= 0 else None

    # What is shown.

    def sync(self, *, at_once: bool = False) -> None:
        """Show the processes as they are; the cursor's row keeps its place on the screen.

        Rows are laid out anew where something changed, but not so often that it would take more than SHARE of the time.

        Args:
            at_once: However short ago the last time was: the user waits for it.
        """
        began = time.monotonic()
        if at_once or began >= self._next_look:
            state = self._changes()
            if state != self._state:
                self._state = state
                self._lay_out(Snapshot(self.processes, threads=self.settings.threads))
            else:
                self._look = self._looked(self._tree.snapshot)
            self._next_look = time.monotonic() + (time.monotonic() - began) / SHARE
        self.refresh()

    def _changes(self) -> tuple[object, ...]:
        """What the rows follow from, as far as it changes by itself."""
        table, settings = self.processes, self.settings
        by_counts = self._column_of(settings.sort).summed or self.filter is not None
        by_time = settings.hiding.ended_for_ns and self._now() // 1_000_000_000
        return table.version, table.thread_version if settings.threads else 0, table.counted if by_counts else 0, by_time, settings, self.filter

    def _looked(self, snapshot: Snapshot) -> Look:
        self._rollup = None
        look = Look(self._now(), self.rollup() if self.settings.subtree else None, self._user_name, {})
        for column in self._shown_columns():
            if column.figure is not None:
                look.tops[column.title] = float(column.key(snapshot, look).max(initial=0))
        return look

    def _lay_out(self, snapshot: Snapshot) -> None:
        before = self.cursor_index
        line = None if before is None else before - self.top_index
        self._look = self._looked(snapshot)
        meant = self.settings.hiding.shown(snapshot, self._look.now_ns)
        if self.filter is not None:
            meant &= self.filter.mask(snapshot)
        self._tree = Tree(snapshot, meant, self._folds(snapshot), self._keys(snapshot, self._look))
        self._keep_cursor(before, line)

    def _keys(self, snapshot: Snapshot, look: Look) -> tuple[np.ndarray[tuple[int], np.dtype[np.generic]], ...]:
        column = self._column_of(self.settings.sort)
        if column is AGE and not self.settings.inverted:
            return ()  # the order in which they became known, which is that of their births
        key = column.key(snapshot, look)
        return (-key if column.falling != self.settings.inverted else key,)

    def _column_of(self, title: str) -> TreeColumn:
        return next((column for column in self.columns if column.title == title), AGE)

    def _folds(self, snapshot: Snapshot) -> Flags:
        folded = np.zeros(len(snapshot), np.bool_)
        if self._folded:
            folded[: snapshot.process_count] = np.isin(snapshot.numbers, list(self._folded))
        return folded

    def _keep_cursor(self, before: int | None, line: int | None) -> None:
        if len(self._tree) and self.cursor_index is None:
            # Its process is hidden or forgotten: what stands at its place now, or at the first look the first row.
            self.set_cursor_index(min(before or 0, len(self._tree) - 1))
        self.set_extent()
        cursor = self.cursor_index
        if line is not None and cursor is not None and 0 <= line < self.page_rows:
            self.put_top(cursor - line)

    def set_filter(self, filter: ProcessFilter | None) -> None:
        """Show what passes, and the way to it."""
        self.filter = filter
        self.sync(at_once=True)

    def set_columns(self, columns: Sequence[TreeColumn]) -> None:
        """Other columns: those of a running capture, or of one that is over."""
        if columns is not self.columns:
            self.columns = columns
            self.clear_strips()
            self._state = ()
            self.settings = replace(self.settings, sort=self._existing(self.settings.sort))

    # What the keys do.

    def sums(self) -> None:
        """Figures of the process alone, or of its whole subtree."""
        self._set(subtree=not self.settings.subtree)

    def sort_by(self, title: str) -> None:
        """Order siblings by a column; by the same one again: the other way round."""
        title = self._existing(title)
        same = title == self.settings.sort
        self._set(sort=title, inverted=same and not self.settings.inverted)

    def _existing(self, title: str) -> str:
        """The column, or where there is none a second any more the whole figure."""
        return title if any(column.title == title for column in self.columns) else EVENTS.title

    def sort_next(self, step: int) -> None:
        """Order siblings by the column beside, of those that are shown."""
        titles = [column.title for column in self._shown_columns()]
        at = titles.index(self.settings.sort) if self.settings.sort in titles else 0
        self._set(sort=titles[(at + step) % len(titles)], inverted=False)

    def invert(self) -> None:
        """The other way round."""
        self._set(inverted=not self.settings.inverted)

    def hide_ended(self) -> None:
        """Ended processes: all of them, of the last 10 s, …, none."""
        hiding = self.settings.hiding
        following = ENDED_FOR_NS[(ENDED_FOR_NS.index(hiding.ended_for_ns) + 1) % len(ENDED_FOR_NS)]
        self._set(hiding=replace(hiding, ended_for_ns=following))

    def show_threads(self) -> None:
        """Threads as nodes, or not."""
        self._set(threads=not self.settings.threads)

    def show_kernel(self) -> None:
        """Kernel threads, or not."""
        self._set(hiding=replace(self.settings.hiding, kernel=not self.settings.hiding.kernel))

    def _set(self, **changes: object) -> None:
        self.settings = replace(self.settings, **changes)  # type: ignore[arg-type]  # fields of Settings
        self.sync(at_once=True)

    def go_to(self, process: Process) -> str | None:
        """Put the cursor on a process, undoing what hides it.

        Returns:
            What was undone besides folding, in a few words (empty: nothing); None where the process is no longer kept.
        """
        self._unfold_above(process)
        self._look_again()
        undone = []
        if self._row_of(process) is None and self.filter is not None:
            self.filter = None
            undone.append("the tree's filter")
            self._look_again()
        if self._row_of(process) is None:
            hiding = self.settings.hiding
            self.settings = replace(self.settings, hiding=Hiding(None if not process.running else hiding.ended_for_ns, hiding.kernel and not process.kernel))
            undone.append("kernel threads hidden" if process.kernel else "ended processes hidden")
            self._look_again()
        index = self._row_of(process)
        if index is None:
            return None
        self._cursor = process
        self.centre(index)
        self.refresh()
        self.post_message(self.Moved())
        return ", ".join(undone)

    def _look_again(self) -> None:
        self._state = self._changes()
        self._lay_out(Snapshot(self.processes, threads=self.settings.threads))

    def _unfold_above(self, process: Process) -> None:
        above = process.forked_by
        while above is not None:
            self._folded.discard(above.number)
            above = above.forked_by

    def to_parent(self) -> None:
        """Put the cursor on the one that forked this one; of a thread, on its process."""
        index = self.cursor_index
        if index is None:
            return
        row = self._tree.row(index)
        above = row.process if isinstance(row.node, Thread) else row.process.forked_by
        if above is not None and (parent := self._row_of(above)) is not None:
            self.move_cursor(parent)

    def fold(self, *, fold: bool | None = None) -> bool:
        """Fold or unfold the row under the cursor; None: the other way round. False where there is nothing to do."""
        index = self.cursor_index
        if index is None:
            return False
        row = self._tree.row(index)
        wanted = row.expanded if fold is None else fold
        if not row.expandable or wanted is not row.expanded:
            return False
        (self._folded.add if wanted else self._folded.discard)(row.process.number)
        self._lay_out(self._tree.snapshot)
        self.refresh()
        return True

    def fold_all(self) -> None:
        """Fold everything, or where something is folded unfold everything."""
        if self._folded:
            self._folded.clear()
        else:
            snapshot = self._tree.snapshot
            parents = snapshot.forest.parents
            self._folded = set(snapshot.numbers[np.unique(parents[parents >= 0])].tolist())
            top = self.cursor_process
            while top is not None and top.forked_by is not None:
                top = top.forked_by
            self._cursor = top
        self._lay_out(self._tree.snapshot)
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
        self._shown = ()

    def clicked(self, index: int, event: events.Click) -> None:
        """One click puts the cursor there, or on its mark folds; two open the detail."""
        super().clicked(index, event)
        if event.chain == 2:
            self.post_message(self.Opened())

    def action_fold_here(self, number: int) -> None:
        """A click on a row's mark."""
        self._folded ^= {number}
        self._lay_out(self._tree.snapshot)
        self.refresh()

    # Drawing.

    def _shown_columns(self) -> Sequence[TreeColumn]:
        if not self._shown:
            self._shown = fitting(self.columns, self.line_width)
        return self._shown

    def _name_cells(self) -> int:
        shown = self._shown_columns()
        return max(0, self.line_width - sum(column.width + 1 for column in shown) + 1)

    def draw_heading(self) -> Strip:
        return self._draw_titles()

    def render_line(self, y: int) -> Strip:
        if y == 0 and self.HEADING_LINES == 2:
            return self._draw_settings()
        return self._draw_titles() if y < self.HEADING_LINES else super().render_line(y)

    def _draw_settings(self) -> Strip:
        """How the tree is looked at, each with its key; a click does what the key does."""
        pieces = tree_rows.setting_pieces(self.settings, rising=self._is_rising())
        return self.line([self._segment(text, self.style_of(name), action) for text, name, action in pieces], self.style_of("mode"))

    def _is_rising(self) -> bool:
        return self._column_of(self.settings.sort).falling == self.settings.inverted

    def _draw_titles(self) -> Strip:
        pieces = tree_rows.title_pieces(self._shown_columns(), self.settings, self._name_cells(), rising=self._is_rising())
        return self.line([self._segment(text, self.style_of(name), action) for text, name, action in pieces], self.style_of("heading"))

    def draw_row(self, index: int) -> Strip:
        row = self._tree.row(index)
        base = self.style_of("cursor") if row.node is self._cursor else None
        segments: list[Segment] = []
        for number, column in enumerate(self._shown_columns()):
            pieces = tree_rows.name_pieces(row, self._name_cells()) if column.title == NAME else tree_rows.cell_pieces(row, column, self._look)
            if number:
                segments.append(Segment(" ", base or self.style_of("plain")))
            segments += [self._segment(text, base or self._shade(row, name), action) for text, name, action in pieces]
        return self.line(segments, base)

    @staticmethod
    def _segment(text: str, style: Style, action: str) -> Segment:
        return Segment(text, style + Style.from_meta({"@click": action}) if action else style)

    def _shade(self, row: TreeRow, name: str) -> Style:
        if name in ("failed", "guide", "warn"):
            return self.style_of(name)
        if not row.matched:
            return self.style_of("way")
        return self.style_of(name if row.node.running else "gone")
