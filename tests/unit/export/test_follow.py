"""A text format written while a capture runs: every event once, in order, and what could not be kept is told."""

from __future__ import annotations

import io
import json
import os
import re
from pathlib import Path

import pytest

from kellect_tui.errors import CannotWrite, KellectError
from kellect_tui.events.batch import SourceTotals
from kellect_tui.export import export
from kellect_tui.export.follow import Follower
from tests.synthetic import Maker, mixed, session_of


def test_what_is_written_along_is_what_is_exported_afterwards() -> None:
    session = session_of(chunk_rows=64)
    file, maker = io.BytesIO(), Maker()
    follower = Follower(file, "jsonl", "a.jsonl")
    for seed in range(5):
        session.take(mixed(50, seed=seed, maker=maker))
        follower.update(session)
    session.finish(SourceTotals(), 0.5)
    follower.finish(session)
    exported = io.BytesIO()
    export(session, exported, "jsonl")
    assert file.getvalue() == exported.getvalue()


def test_a_document_is_closed_at_the_end() -> None:
    session = session_of(mixed(30), finished=True)
    file = io.BytesIO()
    Follower(file, "json", "a.json").finish(session)
    document = json.loads(file.getvalue())
    assert (document["start"]["event_type"], document["stop"]["event_type"], len(document["events"])) == ("monitor.start", "monitor.stop", 30)


def test_events_that_were_let_go_of_before_they_were_written_are_counted() -> None:
    session = session_of(mixed(400, losses=False), finished=True, chunk_rows=100, keep_events=200)
    file = io.BytesIO()
    Follower(file, "jsonl", "a.jsonl").finish(session)
    rows = [json.loads(line) for line in file.getvalue().splitlines()]
    assert (rows[0]["event_type"], rows[0]["arguments"]) == ("monitor.dropped", {"count": session.store.first})
    assert len(rows) - 1 == session.store.end - session.store.first


def test_a_full_disk_stops_it_loudly() -> None:
    session = session_of(mixed(30), finished=True)
    said = "a.jsonl cannot be written: No space left on device; make room or choose another place; what was written before is whole"
    with Path("/dev/full").open("wb", buffering=0) as full, pytest.raises(CannotWrite, match=re.escape(said)):
        Follower(full, "jsonl", "a.jsonl").finish(session)


def test_whatever_stops_it_the_file_is_not_said_to_be_whole() -> None:
    session = session_of(mixed(30), finished=True)
    for chunk in session.store.chunks:
        chunk.users = dict.fromkeys(chunk.users, "\ud800")  # what no JSON can hold
    with pytest.raises(KellectError, match=r"a\.jsonl cannot be written: TypeError: .*; .*please report this"):
        Follower(io.BytesIO(), "jsonl", "a.jsonl").finish(session)


def test_a_closed_pipe_is_told_as_such() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb", buffering=0) as pipe, pytest.raises(CannotWrite, match="the output pipe was closed; what was written before is whole"):
        Follower(pipe, "jsonl", "-").finish(session_of(mixed(30), finished=True))
