"""captured + lost = happened: a loop of a known number of calls, through rings that are far too small."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import signal
import subprocess
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
from pyarrow import parquet

from kellect_tui.export import export
from kellect_tui.session.file import open_session
from tests.bpf.recording import PROGRAM, Line, Recorder, build, record, stop, until
from tests.bpf.storms import Storm, compiled

pytestmark = pytest.mark.bpf
LOOPS = 1_000_003


@pytest.fixture(scope="module")
def loop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(Path(__file__).parent / "loop.c", tmp_path_factory.mktemp("loop"))


@pytest.fixture(scope="module")
def storm(tmp_path_factory: pytest.TempPathFactory) -> Storm:
    return Storm(*compiled(tmp_path_factory.mktemp("storm")), rounds=307, routine=401, important=11)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory, storm: Storm) -> Path:
    """The session of a storm through a tiny ring."""
    out = tmp_path_factory.mktemp("tiny") / "o.kellect"
    words = [*PROGRAM, "record", "-o", str(out), "--ring-size", "64k", "--", *storm.words]
    done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return out


def exported(session: Path, format: str) -> bytes:
    out = io.BytesIO()
    export(open_session(session), out, format)
    return out.getvalue()


def test_what_a_tiny_ring_cannot_hold_is_counted_exactly_by_family(tiny: Path, storm: Storm) -> None:
    events = [json.loads(line) for line in exported(tiny, "jsonl").splitlines()]
    gaps = [line["arguments"] for line in events if line["event_type"] == "monitor.lost"]
    stop = events[-1]["arguments"]
    kept, lost = Counter(line["family"] for line in events), Counter[str]()
    for gap in gaps:
        assert 0 < gap["from"] <= gap["to"]
        lost[gap["family"]] += gap["count"]
    assert lost["file"] > 0, "the ring held everything: the test proves nothing"
    assert {family: kept[family] + lost[family] for family in storm.by_family} == storm.by_family | {"process": storm.by_family["process"] + 1}  # its own exec
    assert stop["captured"] == sum(kept.values()) - kept["monitor"]
    assert stop["lost"] == lost.total() == open_session(tiny).ledger.lost
    assert (stop["skipped"], stop["not_decoded"]) == (0, {})


def places(rows: Iterable[Mapping[str, Any]]) -> list[tuple[Any, ...]]:
    """Of every row: its type, and of a gap what it says."""
    names = [f"arg.{name}" for name in ("count", "family", "cpu", "from", "to")]
    return [(row["event_type"], *((str(row[name]) for name in names) if row["event_type"] == "monitor.lost" else ())) for row in rows]


def test_gaps_stand_at_the_same_place_in_every_format(tiny: Path) -> None:
    lines = [json.loads(line) for line in exported(tiny, "jsonl").splitlines()]
    flat = [{"event_type": line["event_type"], **{f"arg.{name}": value for name, value in line["arguments"].items()}} for line in lines]
    wanted = places(flat)
    assert sum(place[0] == "monitor.lost" for place in wanted) > 1
    document = json.loads(exported(tiny, "json"))
    assert [document["start"], *document["events"], document["stop"]] == lines
    assert places(csv.DictReader(io.StringIO(exported(tiny, "csv").decode(), newline=""))) == wanted
    assert places(parquet.read_table(io.BytesIO(exported(tiny, "parquet"))).to_pylist()) == wanted
    again = tiny.with_name("again.kellect")
    again.write_bytes(exported(tiny, "session"))
    assert exported(again, "jsonl") == exported(tiny, "jsonl")


def test_what_happens_while_the_recorder_is_stopped_is_counted_exactly(tmp_path: Path, loop: Path) -> None:
    paused, cpu = tmp_path / "paused-loop", min(os.sched_getaffinity(0))
    shutil.copy(loop, paused)
    with Recorder(tmp_path / "o.jsonl", "-c", "paused-loop", "-e", "file.close", "--ring-size", "1M") as recorder:
        stop(recorder.pid)
        subprocess.run(["taskset", "-c", str(cpu), paused, "close", str(LOOPS)], check=True)
        os.kill(recorder.pid, signal.SIGCONT)
    kept = [line["timestamp"] for line in recorder.events if line["event_type"] == "file.close" and line["result"] == -9]
    gaps = [line["arguments"] for line in recorder.events if line["event_type"] == "monitor.lost"]
    assert gaps, "the ring held everything: the test proves nothing"
    assert len(kept) + sum(gap["count"] for gap in gaps) == LOOPS
    assert {gap["cpu"] for gap in gaps} == {cpu}
    # Nothing frees a slot meanwhile: all that was kept stands before all that was lost. (The gap may be in pieces: what other programs
    # do to the tree is important, has room of its own, and stands between them.)
    assert max(kept) <= min(gap["from"] for gap in gaps)


def deep(place: Path) -> str:
    """A new directory below `place` whose path is 3,800 bytes long."""
    path = str(place)
    while len(path) < 3800:
        path += "/" + "d" * min(240, 3799 - len(path) + 1)
        Path(path).mkdir()
    return path


def test_names_that_a_full_payload_heap_cannot_hold_are_marked_and_sent_again_later(tmp_path: Path) -> None:
    first, second = 151, 23
    program, place, out = build(Path(__file__).parent / "longnames.c", tmp_path), deep(tmp_path.resolve()), tmp_path / "o.jsonl"
    for number in range(first):
        Path(f"{place}/f{number}").touch()
    with Recorder(out, "-c", "longnames", "-e", "file.open", "--ring-size", "64k") as recorder:
        stop(recorder.pid)
        with subprocess.Popen([program, place, str(first), str(second)], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdout.read(1)
            os.kill(recorder.pid, signal.SIGCONT)
            for opened in (2 * first + 2, 2 * first + 3):  # two are the loader's; what was read is free only when the next is read
                until(lambda opened=opened: out.read_text(errors="replace").count('"event_type":"file.open"') >= opened)  # type: ignore[misc]
                process.stdin.write(b"x")
                process.stdin.flush()
            process.stdin.close()
            process.wait()
    assert recorder.events[-1]["arguments"]["lost"] == 0
    opens = [line for line in recorder.events if line["event_type"] == "file.open" and line["arguments"]["flags"] == "O_RDONLY"]
    absent = {int(line["arguments"]["dirfd"]): line for line in opens if line["error"] == "ENOENT" and str(line["arguments"]["dirfd"]).isdecimal()}
    assert sorted(absent) == list(range(first))
    for number, line in absent.items():
        assert_named_or_marked(line, "filename", f"/none/{'n' * 3984}{number:010}")
    files = [line for line in opens if line["result"] is not None and line["result"] >= 0 and line["arguments"]["dirfd"] == "AT_FDCWD"]
    wanted = [*range(first), 0, *range(second)]
    assert len(files) == len(wanted)
    for number, line in zip(wanted, files, strict=True):
        assert_named_or_marked(line, "filename", f"f{number}")
        assert_named_or_marked(line, "path", f"{place}/f{number}")
    marked = [line for line in (*absent.values(), *files[:first]) if line.get("incomplete")]
    assert marked, "the heap held everything: the test proves nothing"
    assert not any(line.get("incomplete") for line in files[first + 1 :])
    assert recorder.events[-1]["arguments"]["incomplete"] == sum("incomplete" in line for line in recorder.events)


def assert_named_or_marked(line: Line, name: str, wanted: str) -> None:
    marks = line.get("incomplete", [])
    assert (line["arguments"][name], f"{name}:unreadable" in marks) in ((wanted, False), (None, True))


def test_order_holds_across_losses(tmp_path: Path, loop: Path) -> None:
    events, _done = record(tmp_path / "o.jsonl", "--ring-size", "64k", command=[loop, "close", "300007"])
    times = [line["timestamp"] for line in events[1:-1]]
    assert times == sorted(times)
    gaps = [line for line in events if line["event_type"] == "monitor.lost"]
    assert gaps, "the ring held everything: the test proves nothing"
    for gap in gaps:  # `to` may lie behind events of another CPU that follow the gap
        assert gap["timestamp"] == gap["arguments"]["from"] <= gap["arguments"]["to"]


def test_with_room_enough_nothing_is_lost(tmp_path: Path, loop: Path) -> None:
    events, _done = record(tmp_path / "o.jsonl", "-e", "file.close", "--ring-size", "256M", command=[loop, "close", "200003"])
    closes = [line for line in events if line["event_type"] == "file.close" and line["result"] == -9]
    assert len(closes) == 200_003
    assert events[-1]["arguments"]["lost"] == 0


def test_calls_by_the_32_bit_gate_are_counted_and_never_shown_as_others(tmp_path: Path, loop: Path) -> None:
    events, _done = record(tmp_path / "o.jsonl", command=[loop, "int80", "5003"])
    # 20 is writev and 6 is lstat by the 64-bit table
    ours = [line for line in events if line["comm"] == "loop" and line["syscall"] in ("writev", "lstat")]
    assert ours == []
    assert events[-1]["arguments"]["not_decoded"]["i386"]["close"] == 5003
