"""The account adds up, names what is not here, and claims completeness only where it is true."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kellect_tui.events.batch import SourceTotals
from kellect_tui.session.session import Session
from kellect_tui.tui import status
from kellect_tui.tui.account import account, entries
from kellect_tui.tui.quantities import Clock
from tests.synthetic import EPOCH_OFFSET_NS, START_NS, Maker, mixed, session_of

TOTALS = SourceTotals(left_out=7, skipped=2, not_decoded={"i386": {"open": 3, "close": 4}}, io_uring={"READ": 5}, at_ns=START_NS + 10**9)


def text(session: Session) -> str:
    return "\n".join("".join(piece for piece, _ in row) for row in account(session, Clock())(100))


def test_it_adds_up() -> None:
    session = session_of(mixed(5000), chunk_rows=256, keep_events=1000)
    session.update(TOTALS)
    counts = {entry.label: entry.count for entry in entries(session)}
    assert counts["captured"] + counts["lost"] == counts["happened"] == session.ledger.captured + session.ledger.lost
    assert counts["dropped"] == session.store.dropped > 0
    assert (counts["skipped"], counts["not decoded"], counts["io_uring"], counts["left out"]) == (2, 7, 5, 7)
    for entry in entries(session):
        assert not entry.parts or sum(entry.parts.values()) == entry.count
    assert "i386 open" in text(session)


def complete(session: Session) -> str:
    return status.complete(session, Clock())


UNSEEN = (SourceTotals(skipped=1), SourceTotals(not_decoded={"i386": {"open": 1}}), SourceTotals(io_uring={"READ": 1}))


@pytest.mark.parametrize("totals", UNSEEN)
def test_what_was_not_seen_moves_the_time_since_which_all_is_complete(totals: SourceTotals) -> None:
    maker = Maker()
    maker.open(b"/a")
    session = session_of(maker.batch(), finished=False)
    assert complete(session).startswith("since ")
    later = START_NS + 5 * 10**9
    for at_ns in (later, later + 99):  # the second time nothing new was counted
        session.update(replace(totals, at_ns=at_ns))
        assert session.ledger.complete_since_ns == later + EPOCH_OFFSET_NS
        assert complete(session).startswith("complete since ")


def test_nothing_is_called_complete_where_retention_let_something_go() -> None:
    session = session_of(mixed(5000, losses=False), finished=False, chunk_rows=256, keep_events=1000)
    assert session.store.dropped > 0
    assert complete(session) == ""
    assert "something is missing" in text(session)
