"""Filters made from what is under the cursor. The language's own writer quotes; nothing is glued together here but terms."""

from __future__ import annotations

import time
from collections.abc import Sequence

from kellect_tui.events.record import Event
from kellect_tui.session.filter import Filter, term_for
from kellect_tui.session.filter.syntax import Any_
from kellect_tui.session.process import Process, Thread
from kellect_tui.session.processes import Processes
from kellect_tui.session.proctree import Node
from kellect_tui.tui.columns import Column


def refined(filter: Filter | None, event: Event, column: Column, *, exclude: bool) -> str | None:
    """The filter's text with the cell's value demanded, or ruled out; None where the cell gives no term."""
    field = column.filter_field(event)
    term = term_for(event, field) if field else None
    if term is None:
        return None
    return joined(filter, f"not {term}" if exclude else term)


def joined(filter: Filter | None, term: str) -> str:
    """Both must hold. A filter that ends with this term stays as it is; one that ends with its opposite, which nothing would pass, has this in its place."""
    if filter is None or not filter.text.strip():
        return term
    before = filter.text.strip()
    if isinstance(filter.tree, Any_):
        return f"({before}) and {term}"
    for last in (term, _opposite(term)):
        if before == last or before.endswith(f" and {last}"):
            return before.removesuffix(last) + term
    return f"{before} and {term}"


def _opposite(term: str) -> str:
    return term.removeprefix("not ") if term.startswith("not ") else f"not {term}"


def tree_term(process: Process, lives: Sequence[Process]) -> str:
    """The term for a process and its descendants; where its pid was used again (`lives`: all that had it) with a time at which it lived."""
    if len(lives) < 2:
        return f"tree = {process.pid}"
    return f"tree = {process.pid}@{_moment_of(process, lives)}"


def own_term(process: Process, lives: Sequence[Process]) -> str:
    """The term for what it did itself."""
    return f"pid = {process.pid}" if len(lives) < 2 else f"{tree_term(process, lives)} and pid = {process.pid}"


def family_term(process: Process | None, event: Event | None, processes: Processes) -> str | None:
    """The term for a process and its descendants; for an event whose process is not known with the pid it has; None where there is nothing."""
    if process is not None:
        return tree_term(process, processes.lives(process.pid))
    return None if event is None or event.pid is None else f"tree = {event.pid}"


def node_term(node: Node | None, processes: Processes) -> str | None:
    """The term for what a process or a thread did itself; None where there is nothing."""
    if isinstance(node, Thread):
        return f"tid = {node.tid}"
    return None if node is None else own_term(node, processes.lives(node.pid))


def _moment_of(process: Process, lives: Sequence[Process]) -> str:
    """A point in time at which this life is the one that its pid means, exact to the µs and read alike everywhere."""
    if process.started_ns is not None:
        micros = -(-process.started_ns // 1000)
    else:  # only of the first life the beginning is not known
        micros = min((other.started_ns for other in lives if other.started_ns is not None), default=1000) // 1000 - 1
    seconds, rest = divmod(micros, 1_000_000)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds))}.{rest:06d}Z"
