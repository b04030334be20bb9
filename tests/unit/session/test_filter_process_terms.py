"""Filters about the process behind an event: masks say what single events say, and both say what happened."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kellect_tui.errors import BadFilter
from kellect_tui.events.record import Event
from kellect_tui.session.chunk import Row
from kellect_tui.session.filter import Context, parse
from kellect_tui.session.filter.process_terms import FOREVER_NS, clipped, joined, lifespans, opposite
from kellect_tui.session.session import Session
from tests.synthetic import Maker, session_of

BASH, OTHER = b"/bin/bash", b"/bin/zsh"


def told() -> Maker:
    """Each path says who did it and when: `PID.PROGRAM`, of pid 300's two lives `300a` and `300b`."""
    maker = Maker()
    maker.exec(BASH, (b"bash",), pid=100, ppid=1)
    maker.fork(200, pid=100, comm=b"bash")
    maker.close(b"200.bash", pid=200, comm=b"bash")
    maker.exec(b"/usr/bin/make", (b"make", b"-j2", b"all"), pid=200, ppid=100)
    maker.close(b"200.make", pid=200, comm=b"make")
    maker.fork(300, pid=200, comm=b"make")
    maker.close(b"300a.make", pid=300, comm=b"make")
    maker.exec(b"/usr/bin/cc1", (b"cc1", b"main.c"), pid=300, ppid=200)
    maker.close(b"300a.cc1", pid=300, comm=b"cc1")
    maker.exit(pid=300, comm=b"cc1", ppid=200)
    maker.fork(300, pid=100, comm=b"bash")
    maker.close(b"300b.bash", pid=300, comm=b"bash")
    maker.exec(b"/usr/bin/ls", (b"ls", b"-l"), pid=300, ppid=100)
    maker.close(b"300b.ls", pid=300, comm=b"ls")
    maker.fork(400, pid=200, comm=b"make")
    maker.exec(b"/usr/bin/as", (b"as",), pid=400, ppid=200)
    maker.close(b"400.as while make", pid=400, comm=b"as")
    maker.exec(OTHER, (b"zsh",), pid=200, ppid=100)
    maker.close(b"400.as while zsh", pid=400, comm=b"as")
    maker.exit(pid=200, comm=b"zsh", ppid=100)
    maker.close(b"400.as after zsh", pid=400, comm=b"as")
    return maker


@lru_cache
def session() -> Session:
    return session_of(told().batch(), chunk_rows=16)


def at(path: str) -> Event:
    view = session().view()
    view.advance()
    return next(event for event in view.rows(0, len(view)) if event.arguments.get("path") == path)


def closed(text: str) -> set[str]:
    """The paths of the closes that pass; every mask is compared with every event."""
    known = session()
    expression = parse(text, Context(known.processes, known.started_ns or 0))
    out = set()
    for chunk in known.store.chunks:
        events = [chunk.event_at(Row(row)) for row in range(chunk.count)]
        mask = expression.mask(chunk, 0, chunk.count).tolist()
        assert mask == [expression.matches(event) for event in events]
        assert expression.mask(chunk, 3, chunk.count).tolist() == mask[3:]
        out |= {event.arguments["path"] for event, passes in zip(events, mask, strict=True) if passes and event.event_type == "file.close"}
    return out


ALL = {"200.bash", "200.make", "300a.make", "300a.cc1", "300b.bash", "300b.ls", "400.as while make", "400.as while zsh", "400.as after zsh"}
AS = {path for path in ALL if path.startswith("400")}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("exe = /usr/bin/make", {"200.make", "300a.make"}), ("exe = /bin/bash", {"200.bash", "300b.bash"}), ("exe = /usr/bin/cc1", {"300a.cc1"}),
        ("exe != /usr/bin/as", ALL - AS), ("exe ~ ^/usr and not exe = *cc1", {"200.make", "300a.make", "300b.ls", *AS}),
        ("argv = main.c", {"300a.cc1"}), ('argv = "make -j2 all"', {"200.make", "300a.make"}), ('argv contains "-j2 a"', {"200.make", "300a.make"}),
        ("argv = -l", {"300b.ls"}), ("argv != make", ALL - {"200.make", "300a.make"}), ("argv in (as, ls)", {"300b.ls", *AS}),
        ("ancestor.comm = make", {"300a.make", "300a.cc1", "400.as while make"}), ("ancestor.comm = zsh", {"400.as while zsh", "400.as after zsh"}),
        ("ancestor.comm = bash", ALL), ("ancestor.comm != make", ALL - {"300a.make", "300a.cc1", "400.as while make"}),
        ("ancestor.comm = cc1", set()), ("not ancestor.comm = make and pid = 300", {"300b.bash", "300b.ls"}),
        ("tree = 200", ALL - {"300b.bash", "300b.ls"}), ("tree = 300", {"300b.bash", "300b.ls"}), ("tree = 100", ALL), ("tree = 999", set()),
        ("tree != 200", {"300b.bash", "300b.ls"}), ("tree in (300, 400)", {"300b.bash", "300b.ls", *AS}),
    ],
)  # fmt: skip
def test_what_passes(text: str, expected: set[str]) -> None:
    assert closed(text) == expected


def test_a_life_ends_before_the_next_begins() -> None:
    first, second = session().processes.lives(300)
    spans = list(lifespans((first, second)))
    assert spans == [(first, first.started_ns, (second.started_ns or 0) - 1), (second, second.started_ns, FOREVER_NS)]
    second.started_ns, known = None, second.started_ns  # a birth that was lost
    assert [span[1:] for span in lifespans((first, second))] == [(first.started_ns, first.ended_ns), ((first.ended_ns or 0) + 1, FOREVER_NS)]
    second.started_ns = known


def test_a_life_of_a_pid_is_chosen_by_a_time() -> None:
    assert closed(f"tree = 300@{at('300a.cc1').timestamp}") == {"300a.make", "300a.cc1"}
    assert closed(f"tree = 300@{at('300b.ls').timestamp}") == {"300b.bash", "300b.ls"}


def test_a_tree_stays_the_same_when_its_pid_is_used_again() -> None:
    known = session_of()
    first = Maker()
    first.fork(50, pid=10)
    known.take(first.batch())
    expression = parse("tree = 50", Context(known.processes))
    later = Maker(time_ns=first.time_ns, starts=first.starts)
    later.close(b"first", pid=50)
    later.exit(pid=50)
    later.fork(50, pid=10)
    later.close(b"second", pid=50)
    known.take(later.batch())
    view = known.view(expression)
    view.advance()
    assert [event.arguments["path"] for event in view.rows(0, len(view)) if event.event_type == "file.close"] == ["first"]


def test_a_tree_that_is_not_there_yet_is_found_when_it_comes() -> None:
    known = session_of()
    view = known.view(parse("tree = 50", Context(known.processes)))
    view.advance()
    before = len(view)
    maker = Maker()
    maker.fork(50, pid=10)
    maker.close(b"seen", pid=50)
    known.take(maker.batch())
    view.advance()
    assert len(view) == before + 1


@pytest.mark.parametrize(("text", "column"), [("tree = 4@noon", 7), ("tree = @5", 7), ("tree = 4.5", 7), ("tree ~ 4", 7)])
def test_faults(text: str, column: int) -> None:
    with pytest.raises(BadFilter) as caught:
        parse(text, Context(session().processes))
    assert caught.value.column == column


SPANS = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)).map(lambda pair: (min(pair), max(pair))), max_size=6)


@given(SPANS, st.integers(0, 40), st.integers(0, 20))
def test_spans_hold_the_same_moments(spans: list[tuple[int, int]], moment: int, start: int) -> None:
    def holds(some: object) -> bool:
        return any(low <= moment <= high for low, high in some)  # type: ignore[attr-defined]

    merged = joined(spans)
    assert holds(merged) == holds(spans)
    assert holds(opposite(merged)) != holds(merged)
    assert all(one[1] + 1 < following[0] for one, following in pairwise(merged))
    assert holds(clipped(merged, start, start + 10)) == (holds(merged) and start <= moment <= start + 10)
    assert opposite(()) == ((0, FOREVER_NS),)
