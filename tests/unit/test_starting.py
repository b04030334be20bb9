"""What makes the start quick does not outlast it."""

from __future__ import annotations

import gc
import subprocess
import sys

import pytest

from kellect_tui import starting


def test_the_collector_is_off_in_the_block_only() -> None:
    with starting.quickly():
        assert not gc.isenabled()
    assert gc.isenabled()


@pytest.mark.parametrize(("given", "left"), [("", "None"), ("OPENBLAS_NUM_THREADS=3", "3")])
def test_numpy_starts_no_threads_and_nothing_of_it_is_left_for_commands_that_are_run(given: str, left: str) -> None:
    code = "import os, kellect_tui.starting; print(os.environ.get('OPENBLAS_NUM_THREADS'), len(os.listdir('/proc/self/task')) if %r else 1)" % (not given)
    words = ["env", "-u", "OPENBLAS_NUM_THREADS", *([given] if given else []), sys.executable, "-c", code]
    assert subprocess.run(words, capture_output=True, text=True, check=True).stdout == f"{left} 1\n"
