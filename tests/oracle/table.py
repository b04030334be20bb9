"""The exactness table: event type × program, calls compared and agreeing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from kellect_tui.events.catalogue import TYPES
from tests.oracle.compare import Outcome


def cell(outcome: Outcome, kind: str) -> str:
    """Calls compared; where not all agree, how many do before them."""
    compared, agreeing = outcome.compared[kind], outcome.agreeing[kind]
    return "" if not compared else str(compared) if compared == agreeing else f"{agreeing}/{compared}"


def table(outcomes: Mapping[str, Outcome]) -> Iterator[str]:
    """Its lines: a row for each type, a column for each program, the sums."""
    total = sum(outcomes.values(), Outcome())
    columns = {**outcomes, "all": total}
    widths = {name: max(len(name), *(len(cell(outcome, row.name)) for row in TYPES), 6) for name, outcome in columns.items()}
    yield f"{'type':20}" + "".join(f"{name:>{widths[name] + 2}}" for name in columns)
    for row in TYPES:
        yield f"{row.name:20}" + "".join(f"{cell(outcome, row.name):>{widths[name] + 2}}" for name, outcome in columns.items())
    for title, counts in (("compared", "compared"), ("agreeing", "agreeing")):
        yield f"{title:20}" + "".join(f"{sum(getattr(outcome, counts).values()):>{widths[name] + 2}}" for name, outcome in columns.items())
    yield f"{'known differences':20}" + "".join(f"{sum(map(len, outcome.known.values())):>{widths[name] + 2}}" for name, outcome in columns.items())


def known(outcomes: Mapping[str, Outcome]) -> Iterator[str]:
    """How often each known class was met."""
    total = sum(outcomes.values(), Outcome())
    for name, differences in sorted(total.known.items()):
        yield f"  {name}: {len(differences)}"


def arguments(outcomes: Mapping[str, Outcome]) -> Iterator[str]:
    """Of each type's arguments, in how many of its calls strace knew them."""
    total = sum(outcomes.values(), Outcome())
    for row in TYPES:
        yield f"{row.name:20} " + " ".join(f"{argument.name} {total.arguments[row.name, argument.name]}" for argument in row.arguments)
