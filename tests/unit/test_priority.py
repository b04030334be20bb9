"""The session's priority: raised in the block only, and only where nobody has chosen one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kellect_tui.priority import preferred_session

AUTOGROUP = Path("/proc/self/autogroup")


@pytest.mark.parametrize(("before", "inside", "after"), [("/autogroup-7 nice 0\n", "-10", "0"), ("/autogroup-7 nice -5\n", None, None), ("", None, None)])
def test_only_a_session_without_a_priority_of_its_own_is_preferred(tmp_path: Path, before: str, inside: str | None, after: str | None) -> None:
    place = tmp_path / "autogroup"
    place.write_text(before)
    with preferred_session(place):
        assert place.read_text() == (before if inside is None else inside)
    assert place.read_text() == (before if after is None else after)


def test_a_failure_in_the_block_comes_out_and_the_priority_is_taken_back(tmp_path: Path) -> None:
    place = tmp_path / "autogroup"
    place.write_text("/autogroup-7 nice 0\n")
    with pytest.raises(FileNotFoundError), preferred_session(place):
        raise FileNotFoundError
    assert place.read_text() == "0"


def test_a_kernel_without_sessions_priorities_is_left_alone(tmp_path: Path) -> None:
    with preferred_session(tmp_path / "none"):
        assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0 or not AUTOGROUP.exists(), reason="needs root and sched_autogroup")
def test_the_kernel_takes_it_and_a_command_in_a_session_of_its_own_has_none() -> None:
    code = """
import subprocess
from kellect_tui.priority import preferred_session
nice = lambda: open("/proc/self/autogroup").read().split()[-1]
other = lambda: subprocess.run(["cat", "/proc/self/autogroup"], start_new_session=True, capture_output=True, text=True).stdout.split()[-1]
before = nice()
with preferred_session():
    print(before, nice(), other())
print(nice())
"""
    out = subprocess.run([sys.executable, "-c", code], start_new_session=True, capture_output=True, text=True, check=True).stdout
    assert out == "0 -10 0\n0\n"
