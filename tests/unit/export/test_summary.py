"""The summary's document and its text: nothing unknown is told as nothing, nothing hostile reaches a terminal."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson
import pytest
from rich.cells import cell_len

from kellect_tui.bpf.coalesce import coalesced
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


def test_the_text_says_what_was_moved_on_pipes_sockets_and_devices() -> None:
    maker = Maker()
    pipe, socket, device = 0o010600, 0o140777, 0o020620
    for _ in range(3):
        maker.write(b"pipe:[7]", result=1000, file_mode=pipe)
    maker.read(b"pipe:[7]", result=500, file_mode=pipe)
    maker.read(b"socket:[8]", result=20, file_mode=socket)
    maker.write(b"/dev/tty1", result=7000, file_mode=device)
    maker.write(b"/etc/motd", result=1)
    shown = text(said(session_of(maker.batch(), finished=True)))
    assert shown[shown.index("streams") :] == (
        "streams     9.8K written, 520 read: pipes, sockets, devices and the like\n"
        "       6.8K character device  6.8K in 1 write\n"
        "       3.4K pipe  2.9K in 3 writes, 500 in 1 read\n"
        "         20 socket  20 in 1 read; these calls name no peer\n"
    )


def test_runs_of_calls_are_counted_as_what_they_stand_for() -> None:
    maker = Maker()
    for _ in range(5):
        maker.write(b"/log", result=10)
    for _ in range(4):
        maker.read(b"pipe:[7]", result=3, file_mode=0o010600)
    maker.read(b"/log", result=2)
    session = session_of(coalesced(maker.batch()), finished=True)
    found = said(session)
    assert (found["events"]["summarized"], found["events"]["coalesced"], session.ledger.coalesced) == (3, 7, 7)
    assert found["files"]["written"] == [{"path": "/log", "bytes": 50, "calls": 5}]
    assert found["files"]["read"] == [{"path": "/log", "bytes": 2, "calls": 1}]
    assert found["streams"] == [{"what": "pipe", "read": 12, "reads": 4, "written": 0, "writes": 0}]
    assert "events      3, 0 lost, 0 incomplete\n            and 7 calls more that stand in these (--coalesce)\n" in text(found)
    assert "--coalesce" not in text(said(session_of(mixed(100), finished=True)))
