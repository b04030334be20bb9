"""The table of types: what EVENTS.md counts is there, and every row can be decoded."""

from __future__ import annotations

from collections import Counter

import pytest

from kellect_tui.events.arguments import DECODERS
from kellect_tui.events.catalogue import ALL_TYPES, BY_ID, BY_NAME, TYPES, Call, EventType, Kind, call_of, calls
from kellect_tui.events.syscalls import X86_64

PLACES_ONLY = {"command", "pidfd", "vlen", "addr"}
"""Places in a call that decoders look at, though the row has no such argument of a plain kind."""


def test_the_families_have_the_numbers_of_the_contract() -> None:
    assert Counter(row.family for row in TYPES) == {"file": 16, "process": 9, "network": 7, "user": 6}
    assert len({row.name for row in ALL_TYPES}) == len(ALL_TYPES) == 42


def test_ids_and_names_lead_to_their_rows() -> None:
    assert [row.id for row in ALL_TYPES] == list(range(1, 43))
    assert all(BY_ID[row.id] is row and BY_NAME[row.name] is row for row in ALL_TYPES)


def test_every_kind_has_a_decoder() -> None:
    assert set(DECODERS) == set(Kind)


@pytest.mark.parametrize(("row", "call"), list(calls()), ids=lambda value: value.name)
def test_a_calls_places_are_registers_of_arguments_that_the_row_has(row: EventType, call: Call) -> None:
    assert call.name in X86_64
    decided_by = {name for name, register in call.at.items() if call.when is not None and register == call.when.register}
    assert set(call.at) <= {argument.name for argument in row.arguments} | PLACES_ONLY | decided_by
    assert all(0 <= register <= 5 for register in call.at.values())
    assert call_of(row.id, call.name) is call


def test_a_target_is_one_of_the_rows_arguments() -> None:
    for row in TYPES:
        assert row.target
        assert set(row.target) <= {argument.name for argument in row.arguments}


def test_a_call_of_two_types_belongs_to_exactly_one_of_them_at_a_time() -> None:
    counts = Counter(call.name for _row, call in calls())
    twice = {name for name, count in counts.items() if count == 2}
    assert twice == {"open", "openat", "openat2", "unlinkat"}
    assert max(counts.values()) == 2
    for name in twice:
        first, second = (call.when for _row, call in calls() if call.name == name)
        assert first is not None
        assert second is not None
        assert (first.register, first.bits, first.how) == (second.register, second.bits, second.how)
        assert first.negated is not second.negated


def test_no_event_is_looked_up_for_what_is_no_call() -> None:
    assert call_of(BY_NAME["process.exit"].id, None) is None
    assert call_of(BY_NAME["file.read"].id, "write") is None
