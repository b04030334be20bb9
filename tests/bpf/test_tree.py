"""The tree of processes is true: ten thousand of them, made in every way there is, node by node; and what is left of it after losses."""

from __future__ import annotations

import subprocess
from collections import Counter
from pathlib import Path

import pytest

from kellect_tui.session.file import open_session
from kellect_tui.session.process import Birth
from kellect_tui.session.session import Session
from tests.bpf.recording import PROGRAM, build
from tests.bpf.tree.truth import differences, lies, lives_in

pytestmark = pytest.mark.bpf
PROCESSES, AMONG_LOSSES = 10_000, 1_000


@pytest.fixture(scope="module")
def family(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("family") / "family"
    subprocess.run(["gcc", "-O1", "-Wall", "-static", "-pthread", "-o", out, Path(__file__).parent / "tree/family.c"], check=True)
    return out


def recorded(out: Path, *options: str, command: list[str | Path]) -> Session:
    """The session of a command."""
    words: list[str | Path] = [*PROGRAM, "record", "-o", out, *options, "--", *command]
    done = subprocess.run(words, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr
    return open_session(out)


def test_the_tree_is_what_happened(tmp_path: Path, family: Path) -> None:
    session = recorded(tmp_path / "out.kellect", command=[family, tmp_path / "truth", str(PROCESSES)])
    lives = lives_in(tmp_path / "truth")
    assert session.ledger.lost == 0
    assert len(lives) >= PROCESSES
    again = Counter(life.pid for life in lives)
    assert sum(count > 1 for count in again.values()) > PROCESSES // 100, "no pid was used again: the test proves less than it says"
    wrong = differences(lives, session.processes)
    assert not wrong, f"{len(wrong)} of {len(lives)} nodes:\n" + "\n".join(wrong[:20])


def test_what_is_left_of_a_tree_with_losses_is_true(tmp_path: Path, family: Path) -> None:
    loop = build(Path(__file__).parent / "loop.c", tmp_path)
    noise = " ".join(f"{loop} mixed 100000000 & {name}=$!;" for name in ("first", "second"))  # calls that are lost no sooner than births
    story = f"{noise} {family} {tmp_path}/truth {AMONG_LOSSES}; kill $first $second; wait"
    table = recorded(tmp_path / "out.kellect", "--ring-size", "64k", command=["bash", "-c", story]).processes
    lives = lives_in(tmp_path / "truth")
    healed = Counter(mark for process in table.all() for mark in process.healed)
    assert table.gaps
    assert healed["birth lost"] > 5, "hardly anything of the tree was lost: the test proves nothing"
    assert healed["end lost"] > 5, "hardly anything of the tree was lost: the test proves nothing"
    wrong = lies(lives, table)
    assert not wrong, f"{len(wrong)} of {len(lives)} nodes:\n" + "\n".join(wrong[:20])
    assert not [process for process in table.all() if process.running and process.birth is not Birth.BEFORE]
