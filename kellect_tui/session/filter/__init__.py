"""Display filters: a small language over events, compiled to masks over a chunk's columns.

    comm = nginx and event_type = file.* and failed
    path ~ "^/etc" or duration > 5ms
    passwd                                   (a bare word: anywhere)

`parse` gives a `Filter`, which is a `Predicate` for views; `completions`, `term_for` and `FILTER_HELP` serve the screen.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kellect_tui.errors import BadFilter
from kellect_tui.events.catalogue import MONITOR_START
from kellect_tui.events.record import Event
from kellect_tui.session.chunk import Chunk
from kellect_tui.session.filter.completion import FILTER_HELP, Completion, HelpRow, completions, term_for
from kellect_tui.session.filter.meaning import OF_TABLE, Context, is_about_types, resolve, term
from kellect_tui.session.filter.syntax import Tree, comparisons, parse_tree, unparse

__all__ = ["FILTER_HELP", "Completion", "Context", "Filter", "HelpRow", "completions", "parse", "term_for"]


class Filter:
    """A condition on events, as somebody typed it.

    Two filters are equal where they say the same, times in the same zone; `str` gives the canonical text, and `parse(str(f)) == f`.

    Attributes:
        text: As it was typed.
        fields: Names of the fields that it looks at.
        about_types: It speaks of event types or families. Else the monitor's own rows (losses above all) pass whatever it says,
            for they must stay visible at their place.
        about_processes: Whom it lets through depends on the table of processes.
    """

    def __init__(self, text: str, tree: Tree, context: Context) -> None:
        self.text = text
        self.tree = tree
        self.fields = frozenset(comparison.field for comparison in comparisons(tree))
        self.about_types = is_about_types(self.fields)
        self.about_processes = not OF_TABLE.isdisjoint(self.fields)
        self._zone = context.zone if "timestamp" in self.fields else None
        self._term = term(tree, context)

    def mask(self, chunk: Chunk, start: int, stop: int) -> NDArray[np.bool_]:
        """Which of the chunk's rows ``[start:stop]`` pass, ``(stop - start,)``. From any thread; the chunk may be growing behind `stop`."""
        mask = self._term.select(chunk, slice(start, stop))
        if not self.about_types:
            mask |= chunk.event[start:stop] >= MONITOR_START
        return mask

    def matches(self, event: Event) -> bool:
        """Whether one event passes, with the same answer as `mask`."""
        return (event.family == "monitor" and not self.about_types) or self._term.matches(event)

    @property
    def empty(self) -> bool:
        """Whether it lets everything through."""
        return not str(self)

    def __str__(self) -> str:
        return unparse(self.tree)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Filter) and (self.tree, self._zone) == (other.tree, other._zone)

    def __hash__(self) -> int:
        return hash(self.tree)

    def __repr__(self) -> str:
        return f"Filter({str(self)!r})"


def parse(text: str, context: Context | None = None) -> Filter:
    """The filter that `text` writes; an empty one lets everything through.

    Raises BadFilter, whose column is where `text` goes wrong.
    """
    try:
        return Filter(text, resolve(parse_tree(text)), context or Context())
    except RecursionError:
        raise BadFilter("the filter is nested too deeply", "use fewer parentheses and negations") from None
