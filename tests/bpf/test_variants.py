"""The program as the kernel takes it: laid out as Python reads it, typed and plain, and cheap to verify."""

from __future__ import annotations

import re

import pytest

from kellect_tui.bpf.program import Program, layout_differences
from kellect_tui.bpf.table import DESCRIPTOR
from kellect_tui.events.record import RECORD

pytestmark = pytest.mark.bpf
VERIFIER_LIMIT = 1_000_000  # include/linux/bpf.h, BPF_COMPLEXITY_LIMIT_INSNS


@pytest.mark.parametrize("typed", [True, False])
def test_records_are_laid_out_in_c_as_python_reads_them(typed: bool) -> None:
    program = Program(1 << 20, typed=typed)
    try:
        assert layout_differences(program.layouts["ring"], RECORD) == []
        assert layout_differences(program.layouts["desc"], DESCRIPTOR) == []
        program.attach()
    finally:
        program.close()


def test_no_program_is_near_the_verifiers_limit() -> None:
    program = Program(1 << 20, log_level=4)
    program.close()
    steps = {name: int(found[1]) for name, log in program.logs.items() if (found := re.search(r"processed (\d+) insns", log))}
    assert steps.keys() == program.logs.keys()
    assert max(steps.values()) < VERIFIER_LIMIT // 4, steps
