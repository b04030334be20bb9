"""The account of a session as lines: what happened, what of it is here, and what is not. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from textwrap import wrap

from kellect_tui.session.session import Session
from kellect_tui.tui.opening import is_counting
from kellect_tui.tui.quantities import Clock
from kellect_tui.tui.safe_text import safe_text
from kellect_tui.tui.widgets.pane import Layout, Row, labelled

LABEL, NUMBER = 17, 15


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the account: a count, what it means, and in which parts it falls."""

    label: str
    count: int
    meaning: str
    parts: Mapping[str, int] = field(default_factory=dict)
    alarm: bool = False


def entries(session: Session) -> list[Entry]:
    """What is counted. captured + lost is all that happened of what the capture filter lets through."""
    ledger, totals = session.ledger, session.totals
    foreign = {f"{abi} {name}": count for abi, calls in totals.not_decoded.items() for name, count in calls.items()}
    return [
        Entry("captured", ledger.captured, "events", ledger.by_family),
        Entry("lost", ledger.lost, f"events that the kernel could not hand over; {ledger.gap_count:,} rows say where", ledger.lost_by_family, alarm=True),
        Entry("coalesced", ledger.coalesced, "calls that stand in other calls' events (--coalesce)"),
        Entry("happened", ledger.captured + ledger.coalesced + ledger.lost, "these together: every chosen call, fork, exec and exit"),
        Entry("incomplete", ledger.incomplete, "events with a mark (truncated, unreadable, escaped), counted when a chunk is full"),
        Entry("dropped", session.store.dropped, "captured, and let go of since (the oldest first)", alarm=True),
        Entry("skipped", totals.skipped, "runs of a probe that the kernel skipped", alarm=True),
        Entry("not decoded", sum(foreign.values()), "calls of other ABIs", foreign, alarm=True),
        Entry("io_uring", sum(totals.io_uring.values()), "operations that are no calls", totals.io_uring, alarm=True),
        Entry("left out", totals.left_out, "reads, writes, sends and receives of those who carry this screen"),
    ]


def account(session: Session, clock: Clock) -> Layout:
    """The account's lines for any width."""
    since = session.ledger.complete_since_ns

    def lay_out(width: int) -> list[Row]:
        rows: list[Row] = []
        if is_counting(session):
            rows += [[("The file was still being read when this was counted: more may have come since.", "warn")], []]
        for entry in entries(session):
            style = "plain" if not entry.count else "failed" if entry.alarm else "accent"
            (_label, meaning), *more = labelled("", entry.meaning, LABEL + NUMBER + 2, width, prose=True)
            rows += [[(entry.label.ljust(LABEL), "label"), (f"{entry.count:,}".rjust(NUMBER), style), ("  ", "plain"), meaning], *more]
            rows += [
                [(" " * (LABEL + 2), "plain"), (safe_text(name).ljust(NUMBER), "dim"), (f"{count:>{NUMBER},}", "dim")]
                for name, count in sorted(entry.parts.items(), key=lambda part: -part[1])
                if count
            ]
        if session.damage:
            rows += [[], *([(line, "warn")] for line in wrap(f"{session.damage}; its events count as dropped", width))]
        if since is not None:
            whole = not (session.store.dropped or session.cut_short or session.damage)
            rows += [[], [("nothing is missing since ", "plain"), (clock.full(since), "accent")] if whole else [("something is missing", "warn")]]
        return rows

    return lay_out
