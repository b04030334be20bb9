"""captured + lost = happened: a loop of a known number of calls, through rings that are far too small."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bpf.recording import build, record

pytestmark = pytest.mark.bpf
LOOPS = 1_000_003


@pytest.fixture(scope="module")
def loop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(Path(__file__).parent / "loop.c", tmp_path_factory.mktemp("loop"))


def test_what_a_tiny_ring_cannot_hold_is_counted_at_its_place(tmp_path: Path, loop: Path) -> None:
    events, _done = record(tmp_path / "o.jsonl", "--ring-size", "64k", "-e", "file.close,network.connect,user.setuid", command=[loop, "mixed", str(LOOPS)])
    gaps = [line["arguments"] for line in events if line["event_type"] == "monitor.lost"]
    stop = events[-1]["arguments"]
    assert gaps, "the ring held everything: the test proves nothing"
    assert sum(gap["count"] for gap in gaps) == stop["lost"]
    assert stop["captured"] == sum(line["family"] != "monitor" for line in events)
    happened = {family: len(range(place, LOOPS, 3)) for place, family in enumerate(("file", "network", "user"))}
    for family, count in happened.items():
        kept = sum(line["family"] == family and line["result"] in (-9, -22) for line in events)
        lost = sum(gap["count"] for gap in gaps if gap["family"] == family)
        other = sum(line["family"] == family and line["result"] not in (-9, -22) for line in events)  # the loader's own
        assert 0 <= kept + lost - count <= 20 - other
    assert {gap["family"] for gap in gaps} == set(happened)
    for gap in gaps:
        assert 0 < gap["from"] <= gap["to"]


def test_order_holds_across_losses(tmp_path: Path, loop: Path) -> None:
    events, _done = record(tmp_path / "o.jsonl", "--ring-size", "64k", command=[loop, "close", "300007"])
    times = [line["timestamp"] for line in events[1:-1]]
    assert times == sorted(times)
    gaps = [line for line in events if line["event_type"] == "monitor.lost"]
    assert gaps, "the ring held everything: the test proves nothing"
    for gap in gaps:  # `to` may lie behind events of another CPU that follow the gap
        assert gap["timestamp"] == gap["arguments"]["from"] <= gap["arguments"]["to"]


def test_with_room_enough_nothing_is_lost(tmp_path: Path, loop: Path) -> None:
    events, _done = record(tmp_path / "o.jsonl", "-e", "file.close", command=[loop, "close", "200003"])
    closes = [line for line in events if line["event_type"] == "file.close" and line["result"] == -9]
    assert len(closes) == 200_003
    assert events[-1]["arguments"]["lost"] == 0


def test_calls_by_the_32_bit_gate_are_counted_and_never_shown_as_others(tmp_path: Path, loop: Path) -> None:
    events, _done = record(tmp_path / "o.jsonl", command=[loop, "int80", "5003"])
    # 20 is writev and 6 is lstat by the 64-bit table
    ours = [line for line in events if line["comm"] == "loop" and line["syscall"] in ("writev", "lstat")]
    assert ours == []
    assert events[-1]["arguments"]["not_decoded"]["i386"]["close"] == 5003
