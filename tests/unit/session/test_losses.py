"""The ledger counts what came and what did not."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from kellect_tui.events.record import Flag
from kellect_tui.session.losses import GAPS_KEPT, Gap, Ledger, failures, restarts
from tests.synthetic import EPOCH_OFFSET_NS, START_NS, STEP_NS, Maker, mixed, session_of


def test_counts_by_type_and_family() -> None:
    maker = Maker()
    for _ in range(3):
        maker.open(b"/a")
    maker.open(b"/a", result=-2)
    maker.connect(result=-111)
    maker.connect(result=-512)
    maker.fork(9)
    ledger = session_of(maker.batch()).ledger
    assert ledger.captured == 7
    assert ledger.by_type == {"file.open": 4, "process.fork": 1, "network.connect": 2}
    assert ledger.by_family == {"file": 4, "process": 1, "network": 2, "user": 0}
    assert ledger.failed == 2
    assert ledger.lost == 0
    assert ledger.complete_since_ns == START_NS + EPOCH_OFFSET_NS


def test_losses_by_family_and_the_time_since_which_nothing_is_missing() -> None:
    maker = Maker()
    maker.lost(312, "file", cpu=1)
    maker.open(b"/a")
    maker.lost(5, "network")
    ledger = session_of(maker.batch()).ledger
    first, second = START_NS + EPOCH_OFFSET_NS, START_NS + EPOCH_OFFSET_NS + 2 * STEP_NS
    assert (ledger.lost, ledger.lost_by_family) == (317, {"file": 312, "process": 0, "network": 5, "user": 0})
    assert list(ledger.gaps) == [Gap(312, "file", 1, first, first + 500), Gap(5, "network", 0, second, second + 500)]
    assert ledger.complete_since_ns == second + 500
    assert ledger.captured == 1


def test_the_oldest_gaps_are_forgotten_their_sum_is_not() -> None:
    maker = Maker()
    for _ in range(GAPS_KEPT + 5):
        maker.lost(2)
    ledger = session_of(maker.batch()).ledger
    assert (len(ledger.gaps), ledger.lost) == (GAPS_KEPT, 2 * (GAPS_KEPT + 5))


@given(st.integers(-5000, 5000) | st.integers(-520, -508), st.booleans())
def test_what_a_failure_is(result: int, is_call: bool) -> None:
    flags = np.array([0 if is_call else int(Flag.NO_RESULT)], np.uint32)
    results = np.array([result], np.int64)
    restarted = is_call and result in (-512, -513, -514, -516)
    assert restarts(results, flags).tolist() == [restarted]
    assert failures(results, flags).tolist() == [is_call and -4095 <= result < 0 and not restarted]


def test_failed_is_what_events_say() -> None:
    session = session_of(mixed(2000), chunk_rows=256)
    view = session.view()
    view.advance()
    assert sum(event.failed for event in view.rows(0, len(view))) == session.ledger.failed > 0


def test_a_ledger_comes_back_from_json() -> None:
    ledger = session_of(mixed(3000)).ledger
    again = Ledger.from_json(ledger.to_json())
    assert again.to_json() == ledger.to_json()
    assert (again.captured, again.by_family, list(again.gaps)) == (ledger.captured, ledger.by_family, list(ledger.gaps))
