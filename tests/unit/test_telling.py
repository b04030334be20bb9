"""Standard error that takes nothing changes nothing: no traceback, the same exit status."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DEMO = ROOT / "kellect_tui" / "data" / "demo.kellect"
COMMANDS: dict[int, tuple[str, ...]] = {
    0: ("export", str(DEMO), "-o", "-", "--filter", "failed"),
    1: ("summary", "/nonexistent/session"),
    2: ("summary",),
}
"""By their exit status; all of them say something."""
SAYS = "from kellect_tui.telling import tell, tell_bytes; tell('a'); tell_bytes(b'b'); tell('\\udcff'); print('done')"


def status_of(words: tuple[str, ...], stderr: int) -> int:
    """The exit status of a command with this as its standard error."""
    return subprocess.run([sys.executable, "-m", "kellect_tui", *words], stderr=stderr, stdout=subprocess.DEVNULL, cwd=ROOT, check=False).returncode


@pytest.fixture
def dead_ends() -> dict[str, int]:
    """Descriptors that refuse what is written."""
    reader, pipe = os.pipe()
    os.close(reader)
    master, terminal = os.openpty()
    os.close(master)
    return {"full": os.open("/dev/full", os.O_WRONLY), "pipe": pipe, "terminal": terminal}


def test_a_dead_standard_error_changes_no_exit_status(dead_ends: dict[str, int]) -> None:
    for status, words in COMMANDS.items():
        assert {name: status_of(words, fd) for name, fd in dead_ends.items()} == dict.fromkeys(dead_ends, status)
    for fd in dead_ends.values():
        os.close(fd)


def test_what_is_said_and_what_comes_after() -> None:
    done = subprocess.run([sys.executable, "-c", SAYS], capture_output=True, cwd=ROOT, check=True)
    assert (done.stdout, done.stderr) == (b"done\n", b"a\nb\\udcff\n")
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run([sys.executable, "-c", SAYS], stdout=subprocess.PIPE, stderr=full, cwd=ROOT, check=False)
    assert (done.stdout, done.returncode) == (b"done\n", 0)
