"""A session that was saved is the session that was; a damaged file says so, and nothing else happens."""

from __future__ import annotations

import io
import random
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kellect_tui.errors import BadSessionFile, CannotWrite, KellectError
from kellect_tui.events.batch import Batch, SourceTotals
from kellect_tui.events.record import FIELDS, to_dict
from kellect_tui.export import FORMATS, export
from kellect_tui.export.summary import document, summarize
from kellect_tui.session import file, file_reader
from kellect_tui.session.arrow import LazyChunk, layout, schema
from kellect_tui.session.chunk import COLUMNS, Chunk
from kellect_tui.session.file import SessionWriter, open_session, write_session
from kellect_tui.session.filter import Context, parse
from kellect_tui.session.messages import messages
from kellect_tui.session.proctree import Snapshot, Tree
from kellect_tui.summarizing import rendered
from tests.old_files import without_checksums
from tests.saved import all_events, opened, saved
from tests.synthetic import START_NS, STEP_NS, Maker, mixed, session_of
from tests.unit.session.test_view import CountIs


def assert_equal_chunks(one: Chunk, other: Chunk) -> None:
    assert (one.first, one.count, one.machine) == (other.first, other.count, other.machine)
    for name in (*COLUMNS, "args", "offsets", "whos", "whats"):
        left, right = getattr(one, name), getattr(other, name)
        assert left.dtype == right.dtype, name
        assert np.array_equal(left, right), name
    assert (one.paths, one.payloads, one.users, one.cgroups) == (other.paths, other.payloads, other.users, other.cgroups)


EXAMPLE = saved(session_of(mixed(700), mixed(300, seed=2), finished=True, chunk_rows=256))
UNCHECKED = without_checksums(EXAMPLE)


@settings(deadline=None, max_examples=25)
@given(st.lists(st.tuples(st.integers(0, 500), st.integers(0, 99)), max_size=3), st.sampled_from([16, 100, 65_536]), st.booleans())
def test_what_was_saved_comes_back(batches: list[tuple[int, int]], chunk_rows: int, finished: bool) -> None:
    session = session_of(*(mixed(rows, seed=seed) for rows, seed in batches if rows), finished=finished, chunk_rows=chunk_rows)
    again = opened(saved(session))
    assert not again.cut_short
    assert not again.live
    for one, other in zip(session.store.chunks, again.store.chunks, strict=finished):
        if one.sealed:
            assert_equal_chunks(one, other)
    before, after = all_events(session), all_events(again)
    assert after[: len(before)] == before
    assert [event["event_type"] for event in after[len(before) :]] == ([] if finished else ["monitor.stop"])
    marked = sum("incomplete" in event for event in before)  # the session itself has not yet looked at the chunk it writes
    assert again.ledger.to_json() == session.ledger.to_json() | {"incomplete": marked}
    assert again.processes.to_json() == session.processes.to_json()
    assert (again.start, again.started_ns, again.epoch_offset_ns) == (session.start, session.started_ns, session.epoch_offset_ns)
    if finished:
        assert (again.stop, again.stopped_ns) == (session.stop, session.stopped_ns)


def test_a_recording_written_as_it_grows_is_the_same_file_in_the_end() -> None:
    session = session_of(chunk_rows=128)
    file = io.BytesIO()
    writer = SessionWriter(file, session)
    for seed in range(4):
        session.take(mixed(100, seed=seed))
        writer.update(session)
    session.finish(SourceTotals(stopped_ns=START_NS + 100 * STEP_NS), 0.5)
    writer.finish(session)
    again = opened(file.getvalue())
    assert not again.cut_short
    assert all_events(again) == all_events(session)
    assert again.processes.to_json() == session.processes.to_json()
    assert again.stop == session.stop


def test_a_recording_holds_what_retention_let_go_of_meanwhile() -> None:
    session = session_of(keep_events=100, chunk_rows=50)
    file = io.BytesIO()
    writer = SessionWriter(file, session)
    for seed in range(10):
        writer.update(session)
        session.take(mixed(100, seed=seed, losses=False))
    session.finish(SourceTotals(), 0.0)
    writer.finish(session)
    again = opened(file.getvalue())
    assert session.store.dropped > 0
    assert (again.store.dropped, again.ledger.captured, len(again.store)) == (0, 1000, 1002)
    assert again.stop is not None
    assert again.stop["captured"] == 1000


def test_chunks_are_decoded_when_they_are_looked_at() -> None:
    again = opened(EXAMPLE)
    chunks = again.store.chunks
    assert all(isinstance(chunk, LazyChunk) for chunk in chunks)
    assert [chunk.is_loaded for chunk in chunks if isinstance(chunk, LazyChunk)] == [False] * (len(chunks) - 1) + [True]
    assert again.store.nbytes == 0
    assert chunks[1].event_at(0).event_type  # type: ignore[arg-type]  # a row
    assert isinstance(chunks[1], LazyChunk)
    assert chunks[1].is_loaded


def test_a_file_is_mapped(tmp_path: Path) -> None:
    path = tmp_path / "a.kellect"
    path.write_bytes(EXAMPLE)
    assert all_events(open_session(path)) == all_events(opened(EXAMPLE))


def test_other_readers_find_the_common_fields_by_their_names() -> None:
    table = pa.ipc.open_stream(EXAMPLE).read_all()
    assert [name for name in table.column_names if name in FIELDS] == [name for name in FIELDS if name != "arguments"]
    rows, events = table.to_pylist(), all_events(opened(EXAMPLE))
    assert len(rows) == len(events)
    for row, event in zip(rows, events, strict=True):
        assert {name: row[name] for name in FIELDS if name != "arguments"} == {name: event[name] for name in FIELDS if name != "arguments"}
        assert row["timestamp_ns"] == event["ns"]
        assert row["abi"] == event.get("abi")


@pytest.mark.parametrize("predicate", [CountIs(2), CountIs(1 << 40, 1)])
def test_a_view_is_saved_with_its_rows_only_and_with_its_own_counts(predicate: CountIs) -> None:
    session = session_of(mixed(500, losses=False), finished=True, chunk_rows=100)
    view = session.view(predicate)
    view.advance()
    file = io.BytesIO()
    told: list[tuple[int, int]] = []
    written = write_session(session, file, view=view, progress=lambda done, total: told.append((done, total)))
    again = opened(file.getvalue())
    shown = [event for event in all_events(session) if event["event_type"] not in ("monitor.start", "monitor.stop")]
    wanted = [to_dict(event) | {"ns": event.time_ns} for event in view.rows(0, len(view)) if event.family != "monitor"]
    found = all_events(again)
    assert [event["event_type"] for event in (found[0], found[-1])] == ["monitor.start", "monitor.stop"]
    assert found[1:-1] == wanted
    assert all(event in shown for event in wanted[:3])
    assert written == again.ledger.captured == len(wanted)
    assert again.stop is not None
    assert (again.stop["captured"], sum(again.stop["by_type"].values())) == (written, written)
    assert not told or told[-1] == (len(view), len(view))


def test_what_retention_dropped_is_said() -> None:
    session = session_of(mixed(300, losses=False), keep_events=100, chunk_rows=50, finished=True)
    dropped = session.store.dropped
    again = opened(saved(session))
    types = [event["event_type"] for event in all_events(again)]
    assert types[:2] == ["monitor.start", "monitor.dropped"]
    assert types[-1] == "monitor.stop"
    assert again.store.dropped == dropped > 0
    assert again.ledger.captured == 300
    assert again.stop is not None
    # monitor.start was among what was dropped; the rest of it were events
    assert again.stop["captured"] + dropped - 1 == 300


def test_a_save_can_be_cancelled() -> None:
    session = session_of(mixed(300), chunk_rows=50)
    assert write_session(session, io.BytesIO(), cancelled=lambda: True) == -1


class Full(io.RawIOBase):
    """A disk that is full after some bytes."""

    def __init__(self, room: int) -> None:
        self.room = room

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        size = len(data)  # type: ignore[arg-type]  # bytes
        if size > self.room:
            raise OSError(28, "No space left on device")
        self.room -= size
        return size


def test_a_full_disk_is_told_once_and_the_recording_goes_on_without_it() -> None:
    session = session_of(chunk_rows=64)
    writer = SessionWriter(Full(12_000), session)  # type: ignore[arg-type]  # a BinaryIO as far as writing goes
    writer.update(session)
    session.take(mixed(2_000, losses=False))
    with pytest.raises(CannotWrite, match="No space left"):
        writer.update(session)
    session.take(mixed(64, losses=False))
    writer.finish(session)
    assert session.ledger.captured == 2_064


# damage


@given(st.integers(0, len(EXAMPLE) - 1))
@settings(deadline=None, max_examples=150)
def test_a_file_cut_off_anywhere_opens_up_to_its_last_whole_batch(length: int) -> None:
    whole = all_events(opened(EXAMPLE))
    try:
        session = opened(EXAMPLE[:length])
    except BadSessionFile as error:
        assert length < 8_000, error  # noqa: PT017  # the schema was not whole yet
        return
    assert session.cut_short
    assert not session.damage
    events = all_events(session)
    assert events == whole[: len(events)]
    assert session.ledger.captured == sum(not str(event["event_type"]).startswith("monitor.") for event in events)


def test_each_whole_chunk_of_a_cut_file_is_there() -> None:
    ends = [len(opened(EXAMPLE[:length]).store) for length in range(len(EXAMPLE) - 20_000, len(EXAMPLE), 4_001)]
    assert ends == sorted(ends)
    assert ends[-1] >= 768


def test_the_tree_of_a_cut_file_is_made_from_its_events() -> None:
    session = session_of()
    file = io.BytesIO()
    writer = SessionWriter(file, session)
    writer.update(session)
    maker = Maker()
    maker.fork(5000)
    maker.exec(b"/bin/true", pid=5000)
    maker.read(b"/a", pid=5000, result=77)
    session.take(maker.batch())
    session.store.seal()
    process = opened(file.getvalue()).processes.by_pid(5000)
    assert process is not None
    assert (process.path, process.counts.read) == ("/bin/true", 77)


def touch(data: bytes) -> None:
    """Open and look at everything."""
    session = opened(data)
    for chunk in session.store.chunks:
        for row in range(chunk.count):
            chunk.event_at(row)  # type: ignore[arg-type]  # a row
    Tree(Snapshot(session.processes))


@given(st.binary(max_size=400))
@settings(deadline=None)
def test_random_bytes_are_no_session(data: bytes) -> None:
    with pytest.raises(BadSessionFile):
        touch(data)


SMALL = saved(session_of(mixed(60), finished=True, chunk_rows=32))
OLD = without_checksums(SMALL)


@given(st.lists(st.tuples(st.integers(0, len(SMALL) - 1), st.integers(0, 255)), min_size=1, max_size=4))
@settings(deadline=None, max_examples=300)
def test_a_damaged_file_raises_nothing_else(changes: list[tuple[int, int]]) -> None:
    for whole in (SMALL, OLD):
        data = bytearray(whole)
        for at, value in changes:
            data[min(at, len(data) - 1)] = value
        try:
            touch(bytes(data))
        except BadSessionFile as error:
            assert error.message  # noqa: PT017  # of a file without checksums: whether it is found at all depends on the byte


@given(st.integers(0, len(SMALL)), st.binary(min_size=1, max_size=64))
@settings(deadline=None, max_examples=150)
def test_bytes_put_in_or_taken_out_raise_nothing_else(at: int, extra: bytes) -> None:
    for data in (whole[:at] + more + whole[at + less :] for whole in (SMALL, OLD) for more, less in ((extra, 0), (b"", len(extra)))):
        try:
            touch(data)
        except BadSessionFile as error:
            assert error.message  # noqa: PT017  # likewise


JUNK: tuple[Any, ...] = (None, -1, 2**31, 2**63 - 1, 2**63, 2**64 - 1, 1.5, "", "x", [], {}, [None], {"a": 1}, True, [1, 2, 3])


def places(document: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where something stands in a JSON document."""
    yield at
    for key in document if isinstance(document, dict) else range(len(document)) if isinstance(document, list) else ():
        yield from places(document[key], (*at, key))


def changed(chance: random.Random, document: Any) -> Any:
    """The document with something else, or nothing, in one place."""
    document = orjson.loads(orjson.dumps(document))
    *way, last = chance.choice(list(places(document))[1:])
    holder = document
    for key in way:
        holder = holder[key]
    if chance.random() < 0.25:
        del holder[last]
    else:
        holder[last] = chance.choice(JUNK)
    return document


@given(st.integers(0, 2**32), st.sampled_from(["state", "metadata", "monitor"]))
@settings(deadline=None, max_examples=100)
def test_json_that_says_something_else_raises_nothing_else(seed: int, what: str) -> None:
    """Of another program's making, so that no byte is damaged: it is refused where it is read, or can be used for everything."""
    chance = random.Random(seed)
    maker = Maker()
    maker.fork(5000)
    maker.exec(b"/bin/true", pid=5000)
    maker.kill(5000, 9)
    maker.exit(pid=5000, signal=9)
    session = session_of(mixed(20), maker.batch(), finished=True)
    state, metadata = file._state, file._metadata
    with pytest.MonkeyPatch.context() as patch:
        if what == "state":
            patch.setattr(file, "_state", lambda *given: changed(chance, state(*given)))
        elif what == "metadata":
            patch.setattr(session, "start", changed(chance, dict(session.start)))
            registers = orjson.dumps(changed(chance, layout()))
            patch.setattr(file, "_metadata", lambda of: metadata(of) | ({"registers": registers} if seed % 2 else {}))
        else:
            for chunk in session.store.chunks:
                chunk.payloads[:] = [orjson.dumps(changed(chance, orjson.loads(payload))) if payload[:1] == b"{" else payload for payload in chunk.payloads]
        data = saved(session)
    try:
        again = opened(data)
        Tree(Snapshot(again.processes))
        summary = summarize(again)
        assert summary is not None
        assert rendered(document(again, summary), as_json=True)
        assert rendered(document(again, summary), as_json=False)
        for format in FORMATS:
            export(again, io.BytesIO(), format)
        for text in ("exe = *", "argv = *", "ancestor.comm = *", "tree = 5000", "arg.count > 0"):
            export(again, io.BytesIO(), "jsonl", predicate=parse(text, Context(again.processes)))
    except KellectError as error:
        assert error.message  # noqa: PT017  # whether it can be used depends on the place


def arrow_file(metadata: dict[str, bytes] | None) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, pa.schema([("a", pa.int32())], metadata=metadata)):
        pass
    data: bytes = sink.getvalue().to_pybytes()
    return data


@pytest.mark.parametrize(
    ("data", "message", "remedy"),
    [
        (b"", "empty", ""),
        (b"#!/bin/sh\necho hello\n", "no message begins here", ""),
        (arrow_file(None), "no kellect-tui session", ""),
        (arrow_file({"format": b"kellect-tui/3"}), "format 3", "please update kellect-tui"),
        (arrow_file({"format": b"kellect-tui/1"}), "columns", ""),
        (arrow_file({"format": b"kellect-tui/2"}), "columns", ""),
        (EXAMPLE[:100], "ends before it begins", ""),
    ],
)
def test_what_is_no_session_is_said(data: bytes, message: str, remedy: str) -> None:
    with pytest.raises(BadSessionFile, match=message) as caught:
        opened(data)
    assert remedy in caught.value.remedy


def test_a_damaged_part_of_a_file_without_checksums_is_told_when_it_is_looked_at() -> None:
    data = bytearray(UNCHECKED)
    middle = data.index(struct.pack("<I", 0xFD2FB528), len(data) // 3)  # a zstd frame
    data[middle : middle + 4] = b"\0\0\0\0"
    session = opened(bytes(data))
    with pytest.raises(BadSessionFile, match="damaged"):
        all_events(session)


def test_a_batch_of_more_rows_than_a_chunk_has() -> None:
    data = bytearray(UNCHECKED)
    batch = next(message for message in messages(memoryview(UNCHECKED)) if message is not None and message.rows)
    rows = data.index(struct.pack("<q", batch.rows), batch.start)
    data[rows : rows + 8] = struct.pack("<q", 1 << 40)
    with pytest.raises(BadSessionFile, match="more rows than a chunk has"):
        opened(bytes(data))


def test_a_batch_that_would_fill_the_memory_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    session = opened(EXAMPLE)
    monkeypatch.setattr(file_reader, "_BATCH_LIMIT", 10_000)
    with pytest.raises(BadSessionFile, match="it would fill the memory"):
        all_events(session)


@pytest.mark.parametrize("number", [b"1" * 20, b"-" + b"9" * 19, b"1" * 5000, b"1e3", b""])
def test_a_beginning_that_is_no_point_in_time(number: bytes) -> None:
    data = io.BytesIO()
    kind = schema(dict(pa.ipc.open_stream(EXAMPLE).schema.metadata) | {b"format": b"kellect-tui/1", b"started_ns": number})
    with pa.ipc.new_stream(data, kind):
        pass
    with pytest.raises(BadSessionFile, match="started_ns"):
        opened(data.getvalue())


def test_a_batch_of_what_is_no_batch(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        open_session(tmp_path / "nowhere.kellect")
    with pytest.raises(BadSessionFile):
        open_session("/dev/null")


def test_batches_of_no_payload_and_no_path() -> None:
    maker = Maker()
    maker.add("process.exit", None, (0,))
    batch = maker.batch()
    session = session_of(Batch(batch.records, batch.payload, {}, {}), finished=True)
    assert all_events(opened(saved(session))) == all_events(session)
