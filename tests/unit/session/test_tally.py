"""Counts in columns: the same as one by one."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from kellect_tui.events.catalogue import BY_ID, BY_NAME, TYPES
from kellect_tui.events.record import NO_DURATION, Flag
from kellect_tui.events.syscalls import native
from kellect_tui.session.process import COUNT_NAMES, Counts, Process
from kellect_tui.session.tally import RESTARTS, Tally, calls_only, sums

MOVES = {"file.read": "read", "file.write": "written", "network.send": "sent", "network.receive": "received"}
MANY = native()["sendmmsg"]
ROW = st.tuples(
    st.integers(0, 4),
    st.sampled_from([row.id for row in TYPES[:12]] + [BY_NAME[name].id for name in MOVES]),
    st.sampled_from([0, MANY]),
    st.sampled_from([0, int(Flag.NO_RESULT)]),
    st.sampled_from([0, 1, 4096, -1, -2, -11, -4095, -4096, *RESTARTS]),
    st.sampled_from([0, 5, 1 << 40, NO_DURATION]),
)


def one_by_one(rows: list[tuple[int, ...]]) -> tuple[dict[int, Counts], Counter[tuple[int, int]], list[int]]:
    totals: dict[int, Counts] = {}
    failed: Counter[tuple[int, int]] = Counter()
    many = []
    for number, (who, event, syscall, flags, result, duration) in enumerate(rows):
        name, family = BY_ID[event].name, BY_ID[event].family
        one = Counts(events=1, time_ns=0 if duration == NO_DURATION else duration)
        setattr(one, family, 1)
        if -4096 < result < 0 and not flags and result not in RESTARTS:
            one.failures = 1
            failed[who, -result] += 1
        if name in MOVES and result > 0:
            if syscall == MANY and family == "network":
                many.append(number)
            else:
                setattr(one, MOVES[name], result)
        totals.setdefault(who, Counts()).add(one)
    return totals, failed, many


@given(st.lists(ROW, min_size=1, max_size=80), st.sampled_from([1, 30]))
def test_a_batch_is_the_sum_of_its_rows(rows: list[tuple[int, ...]], times: int) -> None:
    rows *= times  # many rows of few are summed in another way
    who, event, syscall, flags, result, duration = zip(*rows, strict=True)
    found = sums(
        5, np.array(who, np.uint16), np.array(event, np.uint8), np.array(syscall, np.uint16), np.array(flags, np.uint32),
        np.array(result, np.int64), np.array(duration, np.uint64),
    )  # fmt: skip
    totals, failed, many = one_by_one(rows)
    assert found.used.tolist() == sorted(totals)
    assert {code: Counts(*row) for code, row in zip(found.used.tolist(), found.table.tolist(), strict=True)} == totals
    assert {(int(found.used[place]), errno): count for place, errno, count in found.failed} == failed
    assert found.last.tolist() == [len(who) - 1 - who[::-1].index(code) for code in found.used.tolist()]
    assert found.many == many


def test_messages_are_not_taken_for_bytes() -> None:
    send, read = BY_NAME["network.send"].id, BY_NAME["file.read"].id
    for events, expected in (([send, send], [0, 40]), ([send, send, read], [0, 40])):
        size = len(events)
        found = sums(
            2, np.array([0, 1, 1][:size], np.uint16), np.array(events, np.uint8), np.array([MANY, 0, 0][:size], np.uint16), np.zeros(size, np.uint32),
            np.array([3, 40, 0][:size], np.int64), np.zeros(size, np.int64),
        )  # fmt: skip
        assert found.table[:, COUNT_NAMES.index("sent")].tolist() == expected
        assert found.many == [0]


def test_the_monitors_own_rows_are_no_calls() -> None:
    assert calls_only(np.array([1, 2, 38], np.uint8)) is None
    rows = calls_only(np.array([1, BY_NAME["monitor.lost"].id, 2], np.uint8))
    assert rows is not None
    assert rows.tolist() == [0, 2]


@given(st.lists(st.integers(-1, 30), min_size=1, max_size=31), st.randoms(use_true_random=False))
def test_a_subtree_is_the_sum_of_its_members(choices: list[int], chance: object) -> None:
    parents = [min(choice, number - 1) for number, choice in enumerate(choices)]
    tally = Tally()
    slots = [tally.take() for _ in parents]
    shuffled = list(slots)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]  # a random.Random: a parent may have a higher slot than its child
    for number, parent in enumerate(parents):
        tally.move(shuffled[number], shuffled[parent] if parent >= 0 else -1)
        tally.add_one(shuffled[number], "events", 1 << number)
    tally.end(shuffled[0])
    rollup = tally.rollup()
    for number in range(len(parents)):
        members = [other for other in range(len(parents)) if number in _line(other, parents)]
        assert rollup.whole[shuffled[number], 0] == sum(1 << member for member in members)
        assert rollup.members[shuffled[number]] == len(members)
        assert rollup.running[shuffled[number]] == len([member for member in members if member])


def _line(node: int, parents: list[int]) -> list[int]:
    line = []
    while node >= 0:
        line.append(node)
        node = parents[node]
    return line


def test_rows_are_used_again_and_begin_at_nothing() -> None:
    tally = Tally()
    slots = [tally.take() for _ in range(3_000)]  # grows on the way
    for slot in slots:
        tally.add_one(slot, "read", slot + 1)
    assert [tally.counts(slot).read for slot in (0, 1_500, 2_999)] == [1, 1_501, 3_000]
    tally.give_back(slots[7])
    assert tally.take() == slots[7]
    assert tally.counts(slots[7]) == Counts()
    assert tally.total([0, 1]) == Counts(read=3)


def test_rates_are_events_between_two_looks() -> None:
    tally = Tally()
    one, two = tally.take(), tally.take()
    tally.sample(1_000_000_000)
    tally.add([one, two, one], np.array([[5, *[0] * (len(COUNT_NAMES) - 1)]] * 3))
    tally.sample(1_500_000_000)
    assert (tally.rate(one), tally.rate(two)) == (20.0, 10.0)
    tally.move(two, one)
    assert tally.rollup().rates[one] == 30.0
    tally.sample(2_500_000_000)
    assert tally.rate(one) == 0.0


def test_counts_are_a_copy() -> None:
    tally = Tally()
    slot = tally.take()
    before = tally.counts(slot)
    tally.add_one(slot, "sent", 3)
    assert replace(before, sent=3) == tally.counts(slot)


class LetsGo(Tally):
    """The writer lets go of a process while another thread asks for its counts."""

    def __init__(self, process: Process) -> None:
        super().__init__()
        self.process = process

    def counts(self, slot: int) -> Counts:
        self._let_go(slot)
        return super().counts(slot)

    def rate(self, slot: int) -> float:
        self._let_go(slot)
        self._rates[slot] = 7.0
        return super().rate(slot)

    def _let_go(self, slot: int) -> None:
        self.process.last = super().counts(slot)
        self.process.tally, self.process.slot = None, -1
        self.give_back(slot)
        self.add_one(self.take(), "read", 99)  # the row is another's already


def test_counts_of_a_process_that_is_let_go_of_meanwhile_are_its_last() -> None:
    process = Process(1, 10)
    process.tally = tally = LetsGo(process)
    process.slot = tally.take()
    tally.add_one(process.slot, "read", 5)
    assert process.counts == Counts(read=5)
    process.tally, process.slot = tally, tally.take()
    assert process.rate == 0.0


class ForgottenAtOnce(Process):
    """Its slot is there once, and gone at the next look."""

    def __getattribute__(self, name: str) -> Any:
        found = super().__getattribute__(name)
        if name == "slot":
            self.slot = -1
        return found


def test_sums_of_a_process_that_is_let_go_of_meanwhile_are_those_of_its_row() -> None:
    tally = Tally()
    slot, last = tally.take(), tally.take()
    tally.add_one(slot, "sent", 5)
    tally.add_one(last, "sent", 9)
    rollup = tally.rollup()
    process = ForgottenAtOnce(1, 10)
    for ask, known in ((rollup.subtree, Counts(sent=5)), (lambda process: rollup.amount(process, "sent"), 5), (rollup.size, (1, 1))):
        object.__setattr__(process, "slot", slot)
        assert ask(process) == known
