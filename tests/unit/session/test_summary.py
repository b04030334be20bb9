"""A summary equals what plain Python counts over the events, one by one."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kellect_tui.events.record import Event, Flag, Section
from kellect_tui.session.chunk import Row
from kellect_tui.session.session import Session
from kellect_tui.session.summary import End, Failure, Peer, Program, Signal, Summary
from kellect_tui.session.sums import Name, Tally
from tests.synthetic import HOSTILE, Maker, mixed, section, session_of

OTHERS = ("monitor.start", "monitor.stop", "monitor.lost")


def summed(session: Session) -> Summary:
    summary = Summary()
    for chunk in session.store.chunks:
        summary.add(chunk)
    return summary


def events_of(session: Session) -> list[Event]:
    events = [chunk.event_at(Row(row)) for chunk in session.store.chunks for row in range(chunk.count)]
    return [event for event in events if event.family != "monitor"]


def counted(tally: Tally[Any], field: str = "count") -> dict[Any, int]:
    return {key: sums[field] for key, sums in tally.rows(field) if sums[field]}


def name(event: Event, argument: str) -> Name:
    marks = [mark.split(":")[1] for mark in event.incomplete if mark.split(":")[0] == argument]
    return Name(event.arguments[argument], marks[0] if marks else "")


def target(event: Event) -> Name:
    said = event.arguments
    for argument in ("path", "oldpath", "newpath", "filename"):
        if said.get(argument) is not None:
            return name(event, argument)
    return Name(f"{said['addr']}:{said['port']}") if said.get("addr") else Name(None)


@settings(max_examples=20)
@given(st.integers(0, 1 << 30), st.sampled_from([100, 256, 4096]))
def test_the_sums_are_those_of_the_events_one_by_one(seed: int, chunk_rows: int) -> None:
    session = session_of(mixed(1500, seed=seed), finished=True, chunk_rows=chunk_rows)
    events, summary = events_of(session), summed(session)
    assert summary.events == len(events)
    assert summary.by_type == dict(Counter(event.event_type for event in events))
    assert int(summary.time_ns.sum()) == sum(event.duration_ns or 0 for event in events)
    assert (summary.first_ns, summary.last_ns) == (events[0].time_ns, events[-1].time_ns)
    failed = [event for event in events if event.failed]
    assert counted(summary.errnos) == dict(Counter(event.error for event in failed))
    assert counted(summary.failures) == dict(Counter(Failure(event.error or "", event.event_type, target(event)) for event in failed))
    written: Counter[Name] = Counter()
    for event in events:
        if event.event_type == "file.write" and not event.failed and event.arguments["file_type"] == "regular":
            written[name(event, "filename")] += event.result or 0
    assert counted(summary.files, "written") == dict(written)
    forks = [event for event in events if event.event_type == "process.fork"]
    assert (summary.processes, summary.threads) == (sum(not event.arguments["thread"] for event in forks), sum(event.arguments["thread"] for event in forks))
    programs = Counter(Program(name(event, "path"), name(event, "interpreter")) for event in events if event.event_type == "process.exec" and not event.failed)
    assert counted(summary.programs, "runs") == dict(programs)
    ends = [event for event in events if event.event_type == "process.exit" and event.arguments["group_dead"]]
    assert counted(summary.ends) == dict(Counter(End(event.arguments["exit_code"], event.arguments["signal"], name(event, "comm")) for event in ends))
    connects = Counter(Peer(event.arguments["family"], event.arguments["protocol"], name(event, "addr"), event.arguments["port"])
                       for event in events if event.event_type == "network.connect" and event.result == 0)  # fmt: skip
    assert counted(summary.peers, "connections") == dict(connects)


def test_a_program_that_was_only_asked_for_did_not_run() -> None:
    maker = Maker()
    maker.add("process.exec", "execveat", (3, 0, 0, 0, 0x10000), result=0, flags=int(Flag.CHECKED))
    maker.exec(b"/bin/a")
    assert counted(summed(session_of(maker.batch())).programs, "runs") == {Program(Name("/bin/a"), Name(None)): 1}


def test_only_the_rows_that_are_asked_for() -> None:
    session = session_of(mixed(500, seed=4), finished=True)
    chunk = session.store.chunks[0]
    summary = Summary()
    rows = np.arange(100, 200)
    summary.add(chunk, rows)
    events = [event for event in (chunk.event_at(Row(int(row))) for row in rows) if event.family != "monitor"]
    assert summary.events == len(events)
    assert counted(summary.errnos) == dict(Counter(event.error for event in events if event.failed))


def test_what_was_made_removed_renamed_and_signalled() -> None:
    maker = Maker()
    base = maker.key(b"/srv")

    def two(first: bytes, second: bytes) -> bytes:
        return section(Section.STRING, 0, first) + section(Section.STRING, 1, second)

    for made in (True, False):  # the second time it is there already
        flags = int(Flag.OBJECT | Flag.CREATED if made else Flag.OBJECT)
        maker.add("file.create", "creat", (0, 0o644), section(Section.STRING, 0, b"new"), result=3, key0=maker.key(b"/srv/new"), flags=flags)
    maker.add("file.mkdir", "mkdir", (0, 0o755), section(Section.STRING, 0, b"d"), result=0, key0=base)
    maker.add("file.mkdir", "mkdir", (0, 0o755), section(Section.STRING, 0, b"d"), result=-17, key0=base)
    maker.add("file.rename", "rename", (0, 0), two(b"new", b"newer"), result=0, key0=base, key1=base)
    for _ in range(2):
        maker.add("file.delete", "unlink", (0,), section(Section.STRING, 0, b"newer"), result=0, key0=base)
    maker.add("file.rmdir", "rmdir", (0,), section(Section.STRING, 0, b"d"), result=0, key0=base)
    maker.add("process.kill", "kill", (99, 15), result=0, comm=b"bash", pid=7)
    maker.add("process.kill", "kill", (99, 15), result=-3, comm=b"bash", pid=7)
    summary = summed(session_of(maker.batch(), finished=True))
    assert counted(summary.created) == {("file", Name("/srv/new")): 1, ("directory", Name("/srv/d")): 1}
    assert counted(summary.removed) == {("file", Name("/srv/newer")): 2, ("directory", Name("/srv/d")): 1}
    assert counted(summary.renamed) == {(Name("/srv/new"), Name("/srv/newer")): 1}
    assert counted(summary.signals) == {
        Signal("SIGTERM", Name("bash"), 7, 99, Name(None), None): 1,
        Signal("SIGTERM", Name("bash"), 7, 99, Name(None), "ESRCH"): 1,
    }


def test_memory_that_could_not_be_mapped_failed_at_its_address() -> None:
    maker = Maker()
    maker.add("process.mmap", "mmap", (0x7000, 4096, 0, 0x22, 0xFFFFFFFF, 0), result=-12, comm=b"bash")
    summary = summed(session_of(maker.batch(), finished=True))
    assert [(key.target, sums["count"]) for key, sums in summary.failures.rows("count")] == [(Name("0x7000"), 1)]


def test_hostile_names_are_kept_as_the_contract_writes_them() -> None:
    maker = Maker()
    for path in HOSTILE:
        maker.write(path, result=1)
    events = events_of(session := session_of(maker.batch(), finished=True))
    assert counted(summed(session).files, "written") == {name(event, "filename"): 1 for event in events}


def test_a_tally_is_bounded_and_its_totals_are_whole() -> None:
    tally: Tally[str] = Tally("bytes", "calls", limit=2)
    for key, amount in (("a", 1), ("b", 2), ("c", 4), ("d", 8), ("a", 16)):
        tally.add(key, amount, 1)
    assert tally.rows("bytes") == [("a", {"bytes": 17, "calls": 2}), ("b", {"bytes": 2, "calls": 1})]
    assert tally.others == [12, 2]
    assert tally.totals() == {"bytes": 31, "calls": 5}


@pytest.mark.parametrize("count", [0, 1])
def test_nothing_is_nothing(count: int) -> None:
    summary = Summary()
    for chunk in session_of(finished=bool(count)).store.chunks:
        summary.add(chunk)
    assert (summary.events, summary.first_ns, len(summary.failures)) == (0, None, 0)
