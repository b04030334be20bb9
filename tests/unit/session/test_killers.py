"""Whose signal ended a process."""

from __future__ import annotations

from signal import SIGKILL, SIGTERM

import pytest

from kellect_tui.session.killers import KILL_NS, blame, ended, sent
from kellect_tui.session.process import Killer, Process

END_NS = 100_000_000_000


def killed(signal: int | None, *killers: Killer) -> Process:
    """One that was sent all that, and ended by `signal`."""
    process = Process(1, 60, 5, True, 5)
    for killer in killers:
        sent(process, killer)
    process.ended_ns, process.exit_signal = END_NS, signal
    return process


def by(pid: int, signal: int, before_ns: int) -> Killer:
    """A signal that long before the end."""
    return Killer(pid, "sh", signal, END_NS - before_ns)


@pytest.mark.parametrize(("signal", "guilty"), [(SIGTERM, 8), (SIGKILL, 7)])
def test_of_several_before_the_end_sigkill_is_the_firsts_another_the_lasts(signal: int, guilty: int) -> None:
    process = killed(signal, by(7, signal, 900), by(8, signal, 500))
    assert ended(process)
    assert process.killed_by is not None
    assert (process.killed_by.pid, process.signals) == (guilty, None)


@pytest.mark.parametrize(("signal", "before_ns", "is_told"), [(SIGTERM, KILL_NS, True), (SIGTERM, KILL_NS + 1, False), (SIGKILL, KILL_NS + 1, True)])
def test_what_was_sent_long_before_the_end_is_no_cause_but_sigkill(signal: int, before_ns: int, is_told: bool) -> None:
    process = killed(signal, by(7, signal, before_ns))
    assert ended(process) is is_told
    assert (process.killed_by is not None) is is_told


@pytest.mark.parametrize("signal", [None, SIGKILL])
def test_an_end_by_another_signal_or_none_is_nobodys(signal: int | None) -> None:
    process = killed(signal, by(7, SIGTERM, 500))
    assert not ended(process)
    assert (process.killed_by, process.signals) == (None, None)


@pytest.mark.parametrize("order", [(900, 500), (500, 900)])
@pytest.mark.parametrize(("signal", "guilty"), [(SIGTERM, 500), (SIGKILL, 900)])
def test_told_after_the_end_it_is_the_same(signal: int, guilty: int, order: tuple[int, int]) -> None:
    process = killed(signal)
    for before_ns in order:
        blame(process, by(before_ns, signal, before_ns))
    assert process.killed_by == by(guilty, signal, guilty)


def test_what_is_sent_after_the_end_or_to_the_living_is_no_cause() -> None:
    process = killed(SIGTERM)
    assert not blame(process, by(7, SIGTERM, -1))
    process.ended_ns = None
    assert not blame(process, by(7, SIGTERM, 500))
    assert process.killed_by is None
