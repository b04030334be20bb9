"""What every format says of one session, and what happens when it cannot be written."""

from __future__ import annotations

import csv
import io
import json
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from pyarrow import parquet

from kellect_tui.errors import BadOption, CannotWrite
from kellect_tui.events.catalogue import BY_NAME, TYPES
from kellect_tui.events.record import FIELDS, to_dict
from kellect_tui.export import FORMATS, export, format_of, known_format, unit_of
from kellect_tui.session.chunk import Chunk
from kellect_tui.session.file import open_session
from kellect_tui.session.session import Session
from tests.synthetic import Maker, mixed, session_of


class Only:
    """A predicate: events of one type."""

    def __init__(self, name: str) -> None:
        self._number = BY_NAME[name].id

    def mask(self, chunk: Chunk, start: int, stop: int) -> NDArray[np.bool_]:
        mask: NDArray[np.bool_] = chunk.event[start:stop] == self._number
        return mask


def exported(session: Session, format: str, **options: Any) -> bytes:
    file = io.BytesIO()
    export(session, file, format, **options)
    return file.getvalue()


def lines(data: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in data.splitlines()]


def shown(session: Session) -> list[dict[str, Any]]:
    """The session's rows as a screen shows them."""
    view = session.view()
    view.advance()
    return [to_dict(event) for event in view.rows(0, len(view))]


@pytest.fixture(scope="module")
def session() -> Session:
    """Thirteen events, a loss among them, begun and finished."""
    maker = Maker()
    for number in range(5):
        maker.read(b"/data/%d" % number)
    maker.open(b"/tmp/\xff\\x", result=-2)
    maker.lost(312, "network")
    maker.connect()
    maker.exec(b"/bin/ls", [b"ls", b"-l"])
    maker.fork(5000)
    maker.exit(status=3)
    maker.stat(b'with,comma "quote"\nline')
    maker.write(b"/data/out")
    maker.close(b"/data/out")
    return session_of(maker.batch(), finished=True)


def test_json_lines_are_the_events_as_they_are_shown(session: Session) -> None:
    rows = lines(exported(session, "jsonl"))
    assert rows == shown(session)
    assert rows[0]["event_type"] == "monitor.start"
    assert rows[-1]["event_type"] == "monitor.stop"
    assert [list(row)[: len(FIELDS)] for row in rows] == [list(FIELDS)] * len(rows)


def test_the_stop_counts_what_is_in_the_file(session: Session) -> None:
    stop = lines(exported(session, "jsonl"))[-1]["arguments"]
    assert (stop["captured"], stop["lost"], stop["incomplete"]) == (13, 312, 1)
    assert sum(stop["by_type"].values()) == 13


def test_the_number_of_events_is_without_the_monitors_own(session: Session) -> None:
    formats = [format for format in FORMATS if unit_of(format) == "events"]
    assert {format: export(session, io.BytesIO(), format) for format in formats} == dict.fromkeys(formats, 13)


def test_json_is_one_document(session: Session) -> None:
    document = json.loads(exported(session, "json"))
    rows = lines(exported(session, "jsonl"))
    assert document == {"format": "kellect-tui/1", "start": rows[0], "events": rows[1:-1], "stop": rows[-1]}
    assert "monitor.lost" in [row["event_type"] for row in document["events"]]


def test_json_of_nothing_is_a_document_too() -> None:
    document = json.loads(exported(session_of(finished=True), "json"))
    assert document["events"] == []
    assert document["stop"]["arguments"]["captured"] == 0


def cell(value: Any) -> str:
    """A value as CSV writes it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False) if isinstance(value, (list, dict)) else str(value)


def test_csv_is_a_flat_table(session: Session) -> None:
    rows = list(csv.DictReader(io.StringIO(exported(session, "csv").decode(), newline="")))
    events = lines(exported(session, "jsonl"))
    assert len(rows) == len(events)
    for row, event in zip(rows, events, strict=True):
        wanted = {name: cell(value) for name, value in event.items() if name not in ("arguments", "incomplete")}
        wanted |= {f"arg.{name}": cell(value) for name, value in event["arguments"].items()}
        wanted["incomplete"] = " ".join(event.get("incomplete", []))
        assert row == dict.fromkeys(row, "") | wanted


def test_parquet_keeps_numbers_and_truth(session: Session) -> None:
    table = parquet.read_table(io.BytesIO(exported(session, "parquet")))
    events = lines(exported(session, "jsonl"))
    assert table.num_rows == len(events)
    types = {name: str(table.schema.field(name).type) for name in ("timestamp", "comm", "arg.count", "arg.thread", "arg.path", "arg.fd", "arg.mode")}
    assert types == {
        "timestamp": "int64", "comm": "string", "arg.count": "uint64", "arg.thread": "bool", "arg.path": "string", "arg.fd": "int64", "arg.mode": "string",
    }  # fmt: skip
    for row, event in zip(table.to_pylist(), events, strict=True):
        for name, value in event["arguments"].items():
            found = row[f"arg.{name}"]
            assert found == (value if isinstance(found, (int, float)) or value is None else cell(value)), (event["event_type"], name)


def test_parquet_takes_the_largest_count() -> None:
    maker = Maker()
    maker.read(b"/x", count=(1 << 64) - 1)
    table = parquet.read_table(io.BytesIO(exported(session_of(maker.batch(), finished=True), "parquet")))
    assert table.column("arg.count").to_pylist()[1] == (1 << 64) - 1
    assert table.schema.field("arg.count").type == pa.uint64()


def test_kellect_has_its_own_names_and_documented_arguments_only(session: Session) -> None:
    rows = lines(exported(session, "kellect"))
    assert len(rows) == 13
    assert not [row for row in rows if row["event_type"].startswith("monitor.")]
    opened = next(row for row in rows if row["event_type"] == "file.open")
    event = next(row for row in shown(session) if row["event_type"] == "file.open")
    assert opened == {
        "timestamp": event["timestamp"], "event_type": "file.open", "comm": "nginx", "pid": event["tid"], "ppid": event["pid"], "process_type": "process",
        "arguments": {"dfd": "AT_FDCWD", "filename": "/tmp/\\xff\\\\x", "flags": "O_RDONLY|O_CLOEXEC", "mode": None},
    }  # fmt: skip
    classic = {row.name: [argument.name for argument in row.arguments if argument.classic] for row in TYPES}
    assert all(len(row["arguments"]) == len(classic[row["event_type"]]) for row in rows)


def test_a_session_saved_and_opened_exports_the_same(session: Session) -> None:
    again = open_session(io.BytesIO(exported(session, "session")))
    for format in ("jsonl", "json", "csv", "kellect"):
        assert exported(again, format) == exported(session, format)


@settings(deadline=None, max_examples=10)
@given(st.integers(0, 99), st.sampled_from([16, 100]))
def test_any_mix_is_exported_as_it_is_shown(seed: int, chunk_rows: int) -> None:
    mix = session_of(mixed(200, seed=seed), finished=True, chunk_rows=chunk_rows)
    rows = lines(exported(mix, "jsonl"))
    assert rows == shown(mix)
    assert len(json.loads(exported(mix, "json"))["events"]) == len(rows) - 2
    assert len(list(csv.reader(io.StringIO(exported(mix, "csv").decode(), newline="")))) == len(rows) + 1


def test_only_what_a_predicate_lets_through(session: Session) -> None:
    rows = lines(exported(session, "jsonl", predicate=Only("file.read")))
    assert [row["event_type"] for row in rows] == ["monitor.start", *["file.read"] * 5, "monitor.stop"]
    assert (rows[-1]["arguments"]["captured"], rows[-1]["arguments"]["lost"], rows[-1]["arguments"]["by_type"]) == (5, 0, {"file.read": 5})


def test_what_retention_let_go_of_is_told() -> None:
    kept = session_of(mixed(400, losses=False), finished=True, chunk_rows=100, keep_events=200)
    rows = lines(exported(kept, "jsonl"))
    dropped = kept.store.dropped
    assert dropped > 0
    assert [row["event_type"] for row in rows[:2]] == ["monitor.start", "monitor.dropped"]
    assert rows[1]["arguments"] == {"count": dropped}


def test_a_running_session_is_saved_as_if_it_ended_now() -> None:
    live = session_of(mixed(50))
    rows = lines(exported(live, "jsonl"))
    assert rows[-1]["event_type"] == "monitor.stop"
    assert rows[-1]["timestamp"] == rows[-2]["timestamp"]
    assert live.live


def test_progress_ends_at_the_total(session: Session) -> None:
    told: list[tuple[int, int]] = []
    exported(session, "jsonl", progress=lambda done, total: told.append((done, total)))
    assert told[-1][0] == told[-1][1]
    assert [done for done, _ in told] == sorted(done for done, _ in told)


@pytest.mark.parametrize("format", FORMATS)
def test_cancelled_leaves_nothing(session: Session, tmp_path: Path, format: str) -> None:
    path = tmp_path / "out"
    assert export(session, path, format, cancelled=lambda: True) == -1
    assert list(tmp_path.iterdir()) == []


@contextmanager
def small_files() -> Iterator[None]:
    """No file may become larger than 300 bytes: around the call alone, because pytest's own output may go to a file."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("format", FORMATS)
def test_a_file_that_takes_no_more_is_told_and_not_left(session: Session, tmp_path: Path, format: str) -> None:
    path = tmp_path / "out"
    with pytest.raises(CannotWrite, match=r"out.* cannot be written: File too large; "), small_files():
        export(session, path, format)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("format", FORMATS)
def test_a_full_disk_behind_a_stream(session: Session, format: str) -> None:
    with pytest.raises(CannotWrite, match=r"No space left on device;.* make room"), Path("/dev/full").open("wb", buffering=0) as full:
        export(session, full, format)


def test_formats_follow_from_names() -> None:
    assert {format_of(Path(f"a.{name}")) for name in ("trace.json", "perfetto.json", "perfetto-trace")} == {"perfetto"}
    assert [format_of(Path(f"a.{name}")) for name in ("tree.json", "dot", "gv")] == ["tree-json", "dot", "dot"]
    assert {name: format_of(Path(f"a.{name}")) for name in ("kellect", "jsonl", "ndjson", "JSON", "csv", "parquet")} == {
        "kellect": "session", "jsonl": "jsonl", "ndjson": "jsonl", "JSON": "json", "csv": "csv", "parquet": "parquet",
    }  # fmt: skip
    with pytest.raises(BadOption, match=r"a\.txt does not say which format"):
        format_of(Path("a.txt"))


def test_an_unknown_format_names_the_nearest() -> None:
    with pytest.raises(BadOption, match=r"there is no format 'parkett'; did you mean parquet\?"):
        known_format("parkett")
    with pytest.raises(BadOption, match="the formats are session, jsonl, json, csv, parquet, kellect"):
        known_format("zzz")


def test_exporting_needs_neither_screen_nor_bpf() -> None:
    code = "import sys, kellect_tui.export; print([name for name in ('textual', 'bcc', 'kellect_tui.bpf', 'kellect_tui.tui') if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout == "[]\n"
