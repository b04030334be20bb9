"""The help: every key from the table of actions, the filter language from the grammar's own tables."""

from __future__ import annotations

from collections.abc import Sequence

from kellect_tui.tui.actions import GROUPS, in_group
from kellect_tui.tui.safe_text import safe_text
from kellect_tui.tui.screens.reading import Reading
from kellect_tui.tui.widgets.pane import Row, beside, labelled

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


class HelpScreen(Reading):
    """All keys and the filter language."""

    def __init__(self, filter_help: Sequence[tuple[str, str, str]]) -> None:
        shown = [(section, safe_text(sample), safe_text(meaning)) for section, sample, meaning in filter_help]

        def lay_out(width: int) -> Sequence[Row]:
            if width < TWO_BLOCKS:
                return [*key_rows(width), [], *filter_rows(shown, width)]
            half = width // 2 - 1
            return beside(key_rows(half), filter_rows(shown, width - half - 2), half + 2)

        super().__init__("kellect-tui: keys and filter language", lay_out, "question_mark,f1")
