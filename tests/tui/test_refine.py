"""Filters made of terms, as text."""

from __future__ import annotations

import pytest

from kellect_tui.session.filter import Context, parse
from kellect_tui.session.session import Session
from kellect_tui.tui.refine import joined


@pytest.mark.parametrize(
    ("before", "term", "after"),
    [
        ("", "pid = 1", "pid = 1"),
        ("failed", "pid = 1", "failed and pid = 1"),
        ("failed or pid = 2", "pid = 1", "(failed or pid = 2) and pid = 1"),
        ("pid = 1", "pid = 1", "pid = 1"),
        ("failed and pid = 1", "pid = 1", "failed and pid = 1"),
        ("pid = 1", "not pid = 1", "not pid = 1"),
        ("failed and pid = 1", "not pid = 1", "failed and not pid = 1"),
        ("failed and not pid = 1", "pid = 1", "failed and pid = 1"),
        ("pid = 11", "not pid = 1", "pid = 11 and not pid = 1"),
        ("comm = a or failed and pid = 1", "not pid = 1", "(comm = a or failed and pid = 1) and not pid = 1"),
    ],
)
def test_a_term_comes_in_the_place_of_its_opposite(session: Session, before: str, term: str, after: str) -> None:
    filter = parse(before, Context(session.processes)) if before else None
    assert joined(filter, term) == after
