"""The tree of processes is true: ten thousand of them, made in every way there is, node by node."""

from __future__ import annotations

import subprocess
from collections import Counter
from pathlib import Path

import pytest

from kellect_tui.session.file import open_session
from kellect_tui.session.session import Session
from tests.bpf.recording import PROGRAM
from tests.bpf.tree.truth import Life, differences, lives_in

pytestmark = pytest.mark.bpf
PROCESSES = 10_000


@pytest.fixture(scope="module")
def family(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("family") / "family"
    subprocess.run(["gcc", "-O1", "-Wall", "-static", "-pthread", "-o", out, Path(__file__).parent / "tree/family.c"], check=True)
    return out


def recorded(place: Path, family: Path, processes: int, *options: str) -> tuple[list[Life], Session]:
    """What `family` wrote down, and the session of its recording."""
    log, out = place / "truth", place / "out.kellect"
    words: list[str | Path] = [*PROGRAM, "record", "-o", out, *options, "--", family, log, str(processes)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr
    return lives_in(log), open_session(out)


def test_the_tree_is_what_happened(tmp_path: Path, family: Path) -> None:
    lives, session = recorded(tmp_path, family, PROCESSES)
    assert session.ledger.lost == 0
    assert len(lives) >= PROCESSES
    again = Counter(life.pid for life in lives)
    assert sum(count > 1 for count in again.values()) > PROCESSES // 100, "no pid was used again: the test proves less than it says"
    wrong = differences(lives, session.processes)
    assert not wrong, f"{len(wrong)} of {len(lives)} nodes:\n" + "\n".join(wrong[:20])
