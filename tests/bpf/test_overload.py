"""When more happens than can be kept: routine events are lost first, each is counted, and no other event is touched."""

from __future__ import annotations

import os
import subprocess
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kellect_tui.bpf.program import possible_cpus
from kellect_tui.bpf.source import LiveSource
from kellect_tui.events.batch import Batch
from kellect_tui.events.catalogue import BY_NAME
from kellect_tui.events.options import CaptureOptions
from tests.bpf import overloads
from tests.bpf.storms import Seen, Storm, compiled

pytestmark = pytest.mark.bpf
RING_BYTES = 8 << 20
Read = Callable[[LiveSource, threading.Event], Iterator[Batch | None]]


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return compiled(tmp_path_factory.mktemp("storm"))


def stopped(_source: LiveSource, over: threading.Event) -> Iterator[Batch | None]:
    """A reader that reads nothing until all is over."""
    over.wait()
    yield None


def three_times_too_slow(source: LiveSource, over: threading.Event) -> Iterator[Batch | None]:
    """A reader that comes when three times as much has happened as a ring holds."""
    program = source.program
    assert program is not None
    seq, then = program.ctl["seq"], program.ctl["seq"].copy()
    while not over.wait(0.001):
        if (seq - then).max() > 3 * program.slots:
            then = seq.copy()
            yield source.read()


def with_others_inside(source: LiveSource, over: threading.Event) -> Iterator[Batch | None]:
    """A kernel that takes tasks off the CPU inside the program, every other millisecond: whoever runs meanwhile finds the ring in use."""
    program = source.program
    assert program is not None
    while not over.wait(0.001):
        program.ctl["busy"] = 1 - program.ctl["busy"].astype(bool)
        yield source.read()
    program.ctl["busy"] = 0


def run(storm: Storm, read: Read, *, ring_bytes: int = RING_BYTES, cpu: int | None = None) -> tuple[Seen, LiveSource]:
    """A storm (on one CPU only) recorded by a source that `read` reads as it likes until the event says that the storm is over."""
    over, seen = threading.Event(), Seen()
    source = LiveSource(CaptureOptions(ring_bytes=ring_bytes))
    with subprocess.Popen(storm.words, stdin=subprocess.PIPE) as process:
        if cpu is not None:
            os.sched_setaffinity(process.pid, {cpu})
        source.watch_tree(process.pid)
        source.start()
        assert process.stdin is not None
        process.stdin.write(b"x")
        process.stdin.close()

        def wait() -> None:
            process.wait()
            over.set()

        waiter = threading.Thread(target=wait)
        waiter.start()
        for batch in read(source, over):
            seen.take(batch)
        waiter.join()
        seen.take(source.stop())
    return seen, source


@pytest.mark.parametrize(("read", "rounds", "important"), [(stopped, 211, 1), (three_times_too_slow, 1009, 2)])
def test_only_what_is_routine_is_lost_and_all_of_it_is_counted(programs: tuple[Path, Path], read: Read, rounds: int, important: int) -> None:
    storm = Storm(*programs, rounds=rounds, routine=151, important=important)
    seen, source = run(storm, read)
    lost = seen.lost["file"]
    assert lost > storm.file_calls // 3, "the ring held nearly everything: the test proves nothing"
    assert {name: seen.kept[name] for name in storm.others} == storm.others
    assert +seen.lost == {"file": lost}
    assert sum(count for name, count in seen.kept.items() if name.startswith("file.")) + lost == storm.file_calls
    assert source.totals().lost == lost
    assert seen.gaps > 1


def test_the_reserve_holds_an_eighth_of_the_slots(programs: tuple[Path, Path]) -> None:
    """While nobody reads: routine events fill seven eighths, what is important the rest, one slot each whatever was lost between."""
    slots = 4096  # of 2 MiB on two CPUs
    storm = Storm(*programs, rounds=1, routine=slots, important=slots)
    cpu = min(os.sched_getaffinity(0))
    seen, source = run(storm, stopped, ring_bytes=(1 << 20) * possible_cpus(), cpu=cpu)
    routine = sum(count for name, count in seen.kept.items() if BY_NAME[name].routine)
    important = seen.kept.total() - routine
    assert slots * 7 // 8 - 16 <= routine <= slots * 7 // 8  # a record and its definitions need eight slots
    assert slots // 8 - 8 <= important <= slots // 8 + 8
    kept = Counter[str]()
    for name, count in seen.kept.items():
        kept[BY_NAME[name].family] += count
    assert dict(kept + seen.lost) == storm.by_family
    assert source.totals().lost == seen.lost.total()


def test_what_finds_the_ring_in_use_is_lost_and_counted(programs: tuple[Path, Path]) -> None:
    storm = Storm(*programs, rounds=1009, routine=31, important=3)
    seen, source = run(storm, with_others_inside)
    kept: Counter[str] = Counter()
    for name, count in seen.kept.items():
        kept[BY_NAME[name].family] += count
    assert all(seen.lost[family] for family in storm.by_family), "nobody was inside: the test proves nothing"
    assert all(kept.values())
    assert dict(kept + seen.lost) == storm.by_family
    assert source.totals().lost == seen.lost.total()


@pytest.mark.parametrize("rates", [(45_000, 45_000), (0, 90_000)])
def test_at_three_times_too_much_no_important_event_is_lost_and_every_loss_stands_at_its_place(tmp_path: Path, rates: tuple[int, int]) -> None:
    program = overloads.compiled(tmp_path)
    seen = overloads.run(program, tmp_path, 1_500, rates)
    assert seen.faults() == []
    made = sum(seen.made.values())
    assert 3 * seen.in_time <= made
    assert seen.lost["file"] > made // 10, "the rings held nearly everything: the test proves nothing"
    assert seen.lost["process"] > 0  # mmap
    assert all(count > 0 for count in seen.important.values())
