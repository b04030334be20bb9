"""The rows of a table of processes are cut out of the JSON exactly, however hostile their texts, and parsed some at a time."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kellect_tui.session import state_document
from kellect_tui.session.state_document import StateDocument

TRAPS = (',{"number":', '},"ledger":{', ',"processes":[{"number":', ']},"ledger":{', '"', "\\", "\\\\", "]", "}", "plain", "", "ü…\n")
TEXTS = st.lists(st.sampled_from(TRAPS), max_size=4).map("".join)


def state(rows: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    table = {"epoch_offset_ns": 1, "gaps": [[1, 2]], "processes": rows}
    return {"at": "end", "events_before": 0, "processes": table, "ledger": {"by_type": {}, **more}, "dropped": 3, "totals": {}}


def joined(document: bytes) -> Any:
    """What the parts say together."""
    parts = StateDocument(document)
    rows = list(parts.rows())
    return {**parts.head, "processes": {**parts.head["processes"], "processes": rows}}


@given(st.lists(st.tuples(st.integers(0, 9), TEXTS, st.lists(TEXTS, max_size=3)), max_size=6), TEXTS, st.integers(1, 200))
def test_the_parts_say_what_the_whole_says(rows: list[tuple[int, str, list[str]]], text: str, piece_bytes: int) -> None:
    whole = state([{"number": number, "comm": comm, "argv": argv} for number, comm, argv in rows], text=text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(state_document, "PIECE_BYTES", piece_bytes)
        assert joined(orjson.dumps(whole)) == whole
        assert joined(json.dumps(whole, indent=1).encode()) == whole  # another writer's


def test_rows_stay_out_of_the_head_and_come_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state_document, "PIECE_BYTES", 40)
    rows = [{"number": number, "comm": "abc"} for number in range(8)]
    parts = StateDocument(orjson.dumps(state(rows)))
    assert parts.head == state([])
    told: list[float] = []
    found = [(row["number"], len(told)) for row in parts.rows(told.append)]
    assert found == [(0, 0), (1, 0), (2, 1), (3, 1), (4, 2), (5, 2), (6, 3), (7, 3)]
    assert told == sorted(told)
    assert (len(told), told[-1]) == (4, 1.0)


def test_an_object_that_only_looks_like_the_next_row_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state_document, "PIECE_BYTES", 1)
    whole = state([{"number": 1, "more": [1, {"number": 2}]}, {"number": 3}])
    assert joined(orjson.dumps(whole)) == whole


@pytest.mark.parametrize("document", [b"", b"{", orjson.dumps(state([{"number": 1}]))[:-1]])
def test_what_is_no_json_is_told_at_once(document: bytes) -> None:
    with pytest.raises(ValueError, match=r"unexpected|EOF|empty"):
        StateDocument(document)


def test_a_row_that_is_no_json_is_told_when_it_is_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state_document, "PIECE_BYTES", 1)
    rows = StateDocument(orjson.dumps(state([{"number": 1}, {"number": 2, "pid": 77}])).replace(b"77", b"7x")).rows()
    assert next(rows) == {"number": 1}
    with pytest.raises(ValueError, match="unexpected character"):
        next(rows)
