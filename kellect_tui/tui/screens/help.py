"""The help: every key from the table of actions, the filter language from the grammar's own tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from kellect_tui.tui.actions import GROUPS, in_group
from kellect_tui.tui.safe_text import safe_text
from kellect_tui.tui.widgets.line import Line, Word
from kellect_tui.tui.widgets.pane import Pane, Row, beside, labelled

KEY_CELLS = 17
SAMPLE_CELLS = 20
TWO_BLOCKS = 104
"""Cells from which keys and filter help stand beside each other."""


def key_rows(width: int) -> list[Row]:
    """The keys by group."""
    rows: list[Row] = []
    for group in GROUPS:
        rows += [[], [(group, "title")]]
        for action in in_group(group):
            first, *more = labelled(f"  {action.shown_keys}", action.help, KEY_CELLS, width, prose=True)
            rows += [first, *more]
    return rows[1:]


def filter_rows(entries: Sequence[tuple[str, str, str]], width: int) -> list[Row]:
    """The filter language: (heading, what to type, what it does)."""
    rows: list[Row] = []
    heading = ""
    for section, sample, meaning in entries:
        if section != heading:
            heading = section
            rows += [[], [(f"Filter: {section.lower()}", "title")]]
        if len(sample) < SAMPLE_CELLS - 2:
            rows += labelled(f"  {sample}", meaning, SAMPLE_CELLS, width, prose=True)
        else:
            rows += [*labelled("", sample, 2, width, "label"), *labelled("", meaning, SAMPLE_CELLS, width, prose=True)]
    return rows[1:]


class HelpScreen(ModalScreen[None]):
    """All keys and the filter language; any of the usual keys scrolls or closes it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark,f1,backspace,enter", "dismiss", show=False),
        Binding("down,j", "scroll(1)", show=False),
        Binding("up,k", "scroll(-1)", show=False),
        Binding("pagedown,space", "scroll(20)", show=False),
        Binding("pageup", "scroll(-20)", show=False),
        Binding("home,g", "scroll(-100000)", show=False),
        Binding("end,G", "scroll(100000)", show=False),
    ]

    def __init__(self, filter_help: Sequence[tuple[str, str, str]]) -> None:
        super().__init__()
        self._filter_help = [(section, safe_text(sample), safe_text(meaning)) for section, sample, meaning in filter_help]
        self._pane = Pane(id="help-pane", can_focus=True)

    def compose(self) -> ComposeResult:
        """The pane and how to leave it."""
        with Vertical(id="help"):
            yield Line(id="help-title")
            yield self._pane

    def on_mount(self) -> None:
        """Fill it."""
        self.query_one("#help-title", Line).show([Word(" kellect-tui: keys and filter language", "title")], [Word("Esc closes, ↑ ↓ scroll ", "dim")])
        self._pane.show(self._layout)
        self.set_focus(self._pane)

    def _layout(self, width: int) -> Sequence[Row]:
        if width < TWO_BLOCKS:
            return [*key_rows(width), [], *filter_rows(self._filter_help, width)]
        half = width // 2 - 1
        return beside(key_rows(half), filter_rows(self._filter_help, width - half - 2), half + 2)

    def action_scroll(self, lines: int) -> None:
        """Up and down."""
        self._pane.scroll_by(lines)
