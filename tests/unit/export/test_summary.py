"""The summary's document and its text: nothing unknown is told as nothing, nothing hostile reaches a terminal."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson
import pytest
from rich.cells import cell_len

from kellect_tui.events.batch import SourceTotals
from kellect_tui.export.summary import Command, document, summarize
from kellect_tui.export.summary_text import text
from kellect_tui.session.filter import Context, parse
from kellect_tui.session.session import Session
from tests.synthetic import HOSTILE, Maker, mixed, session_of, source_start


def said(session: Session, **options: Any) -> dict[str, Any]:
    summary = summarize(session)
    assert summary is not None
    return document(session, summary, **options)


def test_the_document_is_json_and_its_keys_are_those_of_the_schema() -> None:
    session = session_of(mixed(3000, seed=3), finished=True)
    found = orjson.loads(orjson.dumps(said(session)))
    assert found["format"] == "kellect-tui/summary-1"
    assert list(found) == [
        "format", "host", "kernel", "version", "started", "stopped", "command", "options", "filter", "events", "seconds", "processes", "programs", "files",
        "streams", "peers", "failures", "signals", "beyond",
    ]  # fmt: skip
    assert (found["events"]["captured"], found["events"]["lost"]) == (session.ledger.captured, session.ledger.lost)
    assert found["events"]["summarized"] == session.ledger.captured
    assert found["beyond"] == {}


def test_what_was_not_captured_is_null_not_empty() -> None:
    session = Session()
    session.begin(replace(source_start(), options={"events": ["file.open"]}))
    maker = Maker()
    maker.open(b"/etc/passwd")
    session.take(maker.batch())
    session.finish(SourceTotals(), 0.1)
    found = said(session)
    assert found["processes"] is found["programs"] is found["peers"] is found["signals"] is found["files"]["written"] is None
    assert found["failures"] == []
    assert "not captured (-e)" in text(found)
    assert "captured    only events file.open\n" in text(found)
    assert said(session_of(finished=True))["programs"] == []


@pytest.mark.parametrize("seed", range(3))
def test_every_line_fits_80_columns_and_is_harmless(seed: int) -> None:
    maker = Maker()
    for path in HOSTILE:
        maker.exec(path, [path])
        maker.write(path, result=3)
        maker.open(path, result=-2)
    session = session_of(mixed(2000, seed=seed), maker.batch(), finished=True)
    command = Command(["sh", "-c", "echo \x1b[2J\n" + "x" * 300], 7, None, "SIGKILL", 1.5, [8, 9])
    shown = text(said(session, command=command, filter="comm = \x1b[31m"))
    assert max(map(cell_len, shown.splitlines())) <= 80
    assert all(character.isprintable() or character == "\n" for character in shown)
    assert "ended by SIGKILL after 1.50s; 2 left running" in shown


def test_the_filter_s_sums() -> None:
    session = session_of(mixed(2000, seed=9), finished=True)
    predicate = parse("failed", Context(session.processes, session.started_ns or 0))
    summary = summarize(session, predicate)
    assert summary is not None
    assert summary.events == session.ledger.failed
    assert summarize(session, predicate, lambda: True) is None
    assert summarize(session, None, lambda: True) is None


def test_marks_stand_beside_the_name() -> None:
    maker = Maker()
    maker.write(b"/tmp/\xff\\", result=1)
    (row,) = said(session_of(maker.batch(), finished=True))["files"]["written"]
    assert row == {"path": "/tmp/\\xff\\\\", "incomplete": ["path:escaped"], "bytes": 1, "calls": 1}
