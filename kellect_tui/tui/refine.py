"""Filters made from what is under the cursor. The language's own writer quotes; nothing is glued together here but terms."""

from __future__ import annotations

from kellect_tui.events.record import Event
from kellect_tui.session.filter import Filter, term_for
from kellect_tui.session.filter.syntax import Any_
from kellect_tui.tui.columns import Column


def refined(filter: Filter | None, event: Event, column: Column, *, exclude: bool) -> str | None:
    """The filter's text with the cell's value demanded, or ruled out; None where the cell gives no term."""
    field = column.filter_field(event)
    term = term_for(event, field) if field else None
    if term is None:
        return None
    return joined(filter, f"not {term}" if exclude else term)


def joined(filter: Filter | None, term: str) -> str:
    """Both must hold; a filter that has this term already stays as it is."""
    if filter is None or not filter.text.strip():
        return term
    before = filter.text.strip()
    if before == term or before.endswith(f" and {term}"):
        return before
    return f"({before}) and {term}" if isinstance(filter.tree, Any_) else f"{before} and {term}"


def only_process(filter: Filter | None, pid: int) -> str:
    """The filter's text, for one process and its descendants only."""
    return joined(filter, f"tree = {pid}")
