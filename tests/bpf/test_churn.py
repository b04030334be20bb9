"""Millions of short-lived names: no path is ever that of another file, though the kernel uses its memory again and again.

`churn.c` writes down which path each of its calls must be told with. `make attack` runs it at full size.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from kellect_tui.bpf.source import LiveSource
from kellect_tui.events import arguments
from kellect_tui.events.options import CaptureOptions
from kellect_tui.events.syscalls import names
from kellect_tui.session.chunk import Row
from kellect_tui.session.file import open_session
from kellect_tui.session.session import Session
from tests.bpf.recording import PROGRAM

pytestmark = [pytest.mark.bpf, pytest.mark.timeout(1200)]

ROUNDS = int(os.environ.get("KELLECT_CHURN_ROUNDS", "4000"))
CACHES = Path("/proc/sys/vm/drop_caches")
PHASES = ("spaces", "forgotten", "processes", "quiet", "still", "moving", "moved", "foreign")
"""In the order of churn.c's `enum phase`."""
CALLS = {"openat": "path", "write": "filename", "close": "path", "unlink": "path", "mkdir": "path", "rmdir": "path", "rename": "oldpath", "link": "oldpath"}
UNKNOWN = "?"  # a directory was just being moved: both names are right

Call = tuple[str, str | None]
"""(call, path)"""


def told(log: Path) -> dict[int, list[Call]]:
    """What each task of a log made, in order."""
    made: dict[int, list[Call]] = defaultdict(list)
    tid = 0
    for line in log.read_text().splitlines():
        call, _, path = line.partition(" ")
        if call == "tid":
            tid = int(path)
        else:
            made[tid].append((call, path))
    return made


def succeeded(session: Session, log: Path) -> Iterator[tuple[int, str, str | None, tuple[str, ...]]]:
    """(tid, call, path, marks) of the calls that churn.c writes down: all of their kinds that succeeded but those on its own log."""
    known = names()
    logs = tuple(f"/{each.name}" for each in log.parent.glob(f"{log.name}.*"))  # seen from another root, too
    for chunk in session.store.chunks:
        calls = [known.get(number, "") for number in chunk.syscall.tolist()]
        tids = chunk.whos["tid"][chunk.who].tolist()
        for row in range(chunk.count):
            if calls[row] not in CALLS or chunk.result[row] < 0:
                continue
            raw = chunk.raw(Row(row))
            said, marks = arguments.decode(raw, chunk.machine)
            path = said[CALLS[calls[row]]]
            if path is None or not path.endswith(logs):
                yield tids[row], calls[row], path, marks


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Session, Path]:
    """(the session, the beginning of the logs' names)."""
    place = tmp_path_factory.mktemp("churn").resolve()
    program, work, log, out = place / "churn", place / "w", place / "log", place / "out.kellect"
    work.mkdir()
    source = Path(__file__).parent / "churn.c"
    subprocess.run(["gcc", "-O1", "-Wall", "-Wno-format-truncation", "-Wno-format-overflow", "-pthread", "-o", program, source], check=True)
    words: list[str | Path] = [*PROGRAM, "record", "-o", out, "--ring-size", "512M", "--", program, work, log, str(ROUNDS)]
    words += [CACHES] if os.access(CACHES, os.W_OK) else []
    done = subprocess.run(words, capture_output=True, text=True, timeout=1000, check=False)
    assert done.returncode == 0, done.stderr
    return open_session(out), log


@pytest.fixture(scope="module")
def recorded(run: tuple[Session, Path]) -> dict[int, list[tuple[str, str | None, tuple[str, ...]]]]:
    """(call, path, marks) by task."""
    found = defaultdict(list)
    for tid, call, path, marks in succeeded(*run):
        found[tid].append((call, path, marks))
    return found


@pytest.mark.parametrize("phase", PHASES)
def test_every_path_is_the_files_own(run: tuple[Session, Path], recorded: dict[int, list[tuple[str, str | None, tuple[str, ...]]]], phase: str) -> None:
    log = run[1]
    logs = sorted(log.parent.glob(f"{log.name}.{PHASES.index(phase)}.*"))
    if phase == "forgotten" and not logs:
        pytest.skip(f"{CACHES} cannot be written here")
    assert logs
    wrong, count = [], 0
    for each in logs:
        for tid, made in told(each).items():
            got = recorded[tid]
            assert [call for call, _path in made] == [call for call, _path, _marks in got]
            count += len(made)
            pairs = zip(made, got, strict=True)
            wrong += [f"{call} {path}: recorded {said} {marks}" for (call, path), (_call, said, marks) in pairs if path not in (UNKNOWN, said) or marks]
    assert not wrong, f"{len(wrong)} of {count} {phase}\n" + "\n".join(wrong[:10])


def test_nothing_was_lost(run: tuple[Session, Path]) -> None:
    stop = run[0].stop
    assert stop is not None
    assert stop["lost"] == 0


def test_a_process_killed_in_the_middle_of_a_rename_leaves_no_move_open(tmp_path: Path) -> None:
    """As long as one is open, every path is sent again with every event."""
    there_and_back = "os.rename('a', 'b')\n{0}os.rename('b', 'a')\n"
    mover = (
        "import os, sys\nos.mkdir('a')\n" + there_and_back.format("")
        + "sys.stdout.write('x')\nsys.stdout.flush()\nwhile True:\n    " + there_and_back.format("    ")
    )  # fmt: skip
    source = LiveSource(CaptureOptions(ring_bytes=16 << 20))
    source.start()
    try:
        for number in range(20):
            place = tmp_path / str(number)
            place.mkdir()
            with subprocess.Popen([sys.executable, "-c", mover], cwd=place, stdout=subprocess.PIPE) as process:
                assert process.stdout is not None
                process.stdout.read(1)
                while source.read() is None:
                    pass
                process.kill()
        assert source.program is not None
        assert source.program.cfg["generation"][0] > 20
        deadline = time.monotonic() + 30
        while source.program.cfg["movers"][0] and time.monotonic() < deadline:  # others on this machine rename, too
            source.read()
        assert source.program.cfg["movers"][0] == 0
    finally:
        source.stop()
