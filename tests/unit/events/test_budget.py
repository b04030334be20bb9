"""What `--memory` means for each thing that grows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kellect_tui.errors import BadOption
from kellect_tui.events.budget import LEAST_BYTES, PROCESS_BYTES, PROGRAM_BYTES, Budget, budget
from kellect_tui.events.options import CaptureOptions

MIB = 1 << 20


@given(memory=st.integers(1, 1 << 40), ring=st.integers(1, 1 << 32))
def test_the_shares_together_are_less_than_what_was_given(memory: int, ring: int) -> None:
    try:
        shares = budget(memory, ring)
    except BadOption:
        assert memory - PROGRAM_BYTES - ring < LEAST_BYTES
    else:
        assert shares.events is not None
        assert shares.exited > 0
        assert PROGRAM_BYTES + ring + shares.events + shares.paths + shares.texts + shares.exited * PROCESS_BYTES < memory


def test_too_little_is_refused_with_what_would_do() -> None:
    with pytest.raises(BadOption, match="--memory 100M is too little") as error:
        budget(100 * MIB, 64 * MIB)
    assert error.value.remedy == "with this --ring-size give at least 416M"
    assert budget(416 * MIB, 64 * MIB).events


def test_without_a_word_each_has_its_usual_bound() -> None:
    assert CaptureOptions().budget == Budget() == budget(None, 64 * MIB)
