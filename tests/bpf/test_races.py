"""A program that rewrites its arguments while a call runs cannot make the monitor name what the kernel did not take.

`races.c` runs the race and asks the kernel what it took; every event of its main thread is compared.
"""

from __future__ import annotations

import os
import subprocess
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import orjson
import pytest

from tests.bpf.recording import PROGRAM, Line

pytestmark = pytest.mark.bpf

HERE = Path(__file__).parent
ROUNDS, EXECS = int(os.environ.get("KELLECT_RACE_ROUNDS", "10000")), 500
BEGIN, END = "/kellect-begin", "/kellect-end"

PATHS = {"open": "path", "openat": "path", "creat": "path", "chdir": "path", "execve": "path", "fstat": "path", "ftruncate": "path", "fchmod": "path",
         "close": "path", "read": "filename", "pwrite64": "filename"}  # fmt: skip
"""Where each call's event names the kernel's own object."""
RACED = {"open": "filename", "openat": "filename", "creat": "filename", "chdir": "filename"}
"""Where it says what the program passed, as it stood when the call ended."""
SOCKETS = ("connect", "accept4", "getpeername", "sendto", "recvfrom")
CALLS = (set(PATHS) - {"execve"}) | set(SOCKETS) | {"unlink", "mkdir", "bind"}
"""What the main thread logs."""


@dataclass(frozen=True)
class Truth:
    """A call as the program knows it: of a socket `name` and `port` are the peer's."""

    call: str
    result: int
    inode: int
    port: int
    name: str


@dataclass(frozen=True)
class Run:
    """What the program knows, what was recorded of its main thread and of its children's execs, and the monitor's own last words."""

    truth: list[Truth]
    main: list[Line]
    execs: list[Line]
    stop: Line


def truths(log: Path) -> Iterator[Truth]:
    """The program's log."""
    for line in log.read_text().splitlines():
        call, result, inode, port, name = line.split(" ", 4)
        yield Truth(call, int(result), int(inode), int(port), name)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    place = tmp_path_factory.mktemp("races").resolve()
    program, work, log, out = place / "races", place / "w", place / "log", place / "out.jsonl"
    work.mkdir()
    subprocess.run(["gcc", "-O1", "-Wall", "-pthread", "-o", program, HERE / "races.c"], check=True)
    ended = [place / "ended-1", place / "ended-2"]
    for code, path in enumerate(ended, 1):
        subprocess.run(["gcc", "-O1", "-static", "-nostdlib", f"-DCODE={code}", "-o", path, HERE / "ended.c"], check=True)
    words: list[str | Path] = [*PROGRAM, "record", "-o", out, "--ring-size", "256M", "--", program, work, log, *ended, str(ROUNDS), str(EXECS)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=250, check=False)
    assert done.returncode == 0, done.stderr
    lines = [orjson.loads(line) for line in out.read_bytes().splitlines()]
    pid = lines[1]["pid"]
    main = [line for line in lines if line["tid"] == pid]
    first, last = (next(index for index, line in enumerate(main) if line["arguments"].get("filename") == name) for name in (BEGIN, END))
    main = [line for line in main[first + 1 : last] if line["syscall"] in CALLS]
    execs = [line for line in lines if line["event_type"] == "process.exec" and line["ppid"] == pid]
    return Run(list(truths(log)), main, execs, lines[-1])


def wrong(truth: Truth, event: Line) -> str | None:
    """What the event says otherwise than the kernel."""
    arguments = event["arguments"]
    result = 0 if truth.call == "execve" else truth.result
    if event["syscall"] != truth.call or event["result"] != result or "incomplete" in event:
        return "the call"
    if truth.call in PATHS and truth.name != "-" and arguments[PATHS[truth.call]] != truth.name:
        return "the path"
    if truth.inode and arguments["inode"] != truth.inode:
        return "the inode"
    if truth.call in SOCKETS and (arguments["addr"], arguments["port"]) != (truth.name, None if truth.port < 0 else truth.port):
        return "the peer"
    return None


def compared(truth: list[Truth], events: list[Line]) -> list[str]:
    """Each call against its event; the first few that differ."""
    assert len(events) == len(truth)
    pairs = zip(truth, events, strict=True)
    return [f"{what}: {known}\n  recorded {event}" for known, event in pairs if (what := wrong(known, event)) is not None]


def test_nothing_was_lost(run: Run) -> None:
    assert run.stop["arguments"]["lost"] == 0


def test_every_event_names_what_the_kernel_took(run: Run) -> None:
    differing = compared([known for known in run.truth if known.call != "execve"], run.main)
    assert not differing, f"{len(differing)} of {len(run.main)}\n" + "\n".join(differing[:5])


def test_every_exec_names_the_program_that_ran(run: Run) -> None:
    truth = [known for known in run.truth if known.call == "execve"]
    assert len(truth) == EXECS
    assert Counter(known.name[-1] for known in truth).keys() == {"1", "2"}
    differing = compared(truth, run.execs)
    assert not differing, "\n".join(differing[:5])


@pytest.mark.parametrize("call", RACED)
def test_the_argument_did_lie(run: Run, call: str) -> None:
    """Else the race was none, and the tests above prove nothing."""
    pairs = zip((known for known in run.truth if known.call != "execve"), run.main, strict=True)
    lies = sum(event["arguments"][RACED[call]] != known.name for known, event in pairs if known.call == call)
    assert lies > 0
