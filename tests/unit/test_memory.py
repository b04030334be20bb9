"""What `--memory` does when more is resident than the bounds know of."""

from __future__ import annotations

from kellect_tui.memory import LEAST_BYTES, LOOK_EVENTS, LOOK_SECONDS, MemoryGuard, give_back, guards, resident_bytes, threshold
from kellect_tui.session.session import Session
from tests.synthetic import Maker, session_of, tiled

MIB = 1 << 20


class Machine:
    """A resident size that trimming lowers, and a clock."""

    def __init__(self, resident: int, free: int) -> None:
        self.resident, self.free, self.now, self.trims = resident, free, 0.0, 0

    def trim(self) -> None:
        self.trims += 1
        self.resident -= self.free
        self.free = 0

    def guard(self, limit: int) -> MemoryGuard:
        return MemoryGuard(limit, resident=lambda: self.resident, trim=self.trim, clock=lambda: self.now)


def filled(events: int) -> Session:
    maker = Maker()
    maker.read(b"/dev/zero")
    return session_of(tiled(maker.batch(), events))


def test_room_for_what_comes_between_two_looks_is_kept_free() -> None:
    assert [threshold(limit * MIB) >> 20 for limit in (400, 571, 1_000, 10_000)] == [360, 531, 930, 9_300]


def test_below_the_limit_nothing_is_touched() -> None:
    session, machine = filled(100), Machine(threshold(100 * MIB), 0)
    before = session.store.keep_bytes
    machine.guard(100 * MIB).update(session)
    assert (machine.trims, session.store.keep_bytes) == (0, before)


def test_what_the_allocator_holds_back_is_given_back_first() -> None:
    session, machine = filled(100), Machine(85 * MIB, 30 * MIB)
    before = session.store.keep_bytes
    machine.guard(100 * MIB).update(session)
    assert (machine.trims, session.store.keep_bytes) == (1, before)


def test_then_the_oldest_events_go_earlier() -> None:
    session, limit = filled(600_000), 118 * MIB
    left = session.store.nbytes - 10 * MIB
    assert left > LEAST_BYTES
    machine = Machine(threshold(limit) + 10 * MIB, 0)
    machine.guard(limit).update(session)
    assert session.store.keep_bytes == left
    before = session.store.dropped
    maker = Maker()
    maker.read(b"/dev/zero")
    session.take(maker.batch())
    assert session.store.dropped > before == 0
    assert session.store.nbytes <= left


def test_it_looks_twice_a_second_where_little_happens() -> None:
    session, machine = filled(100), Machine(120 * MIB, 1)
    guard = machine.guard(100 * MIB)
    for machine.now in (0.0, LOOK_SECONDS * 0.9, LOOK_SECONDS * 1.1):
        guard.update(session)
    assert machine.trims == 2


def test_it_looks_after_a_chunk_of_events_however_soon_they_came() -> None:
    session, machine = filled(LOOK_EVENTS - 2), Machine(120 * MIB, 1)
    guard = machine.guard(100 * MIB)
    maker = Maker()
    looks = []
    for events in (1, LOOK_EVENTS - 1, 1, LOOK_EVENTS):  # monitor.start is a row, too
        guard.update(session)
        looks.append(machine.trims)
        maker.read(b"/dev/zero")
        session.take(tiled(maker.batch(), events))
    guard.update(session)
    assert [*looks, machine.trims] == [1, 1, 2, 2, 3]
    assert machine.now == 0.0


def test_without_a_limit_nobody_looks() -> None:
    assert guards(None) == []
    assert len(guards(1 << 30)) == 1
    give_back()
    assert resident_bytes() > MIB
