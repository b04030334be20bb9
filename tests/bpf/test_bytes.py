"""Names with newlines, ESC, markup, bidi controls, bytes that are no UTF-8: exact in every file, harmless and visible on every screen."""

from __future__ import annotations

import base64
import os
import random
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import orjson
import pytest

from tests.bpf.recording import PROGRAM, Line
from tests.tui.test_terminal import Tmux

pytestmark = [pytest.mark.bpf, pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")]

WORST = (
    b"\x1b]0;pwned\x07", b"\x1b[31mred\x1b[2J", b"\x1bP+q\x1b\\", b"two\nlines\r\ttab", b"[red]markup[@click=app.quit]", "\u202efdp.exe\u202c".encode(),
    "\u2066isolated\u2069\u200b".encode(), b"\xff\xfe\x80", b"\xc3(", b"\xed\xa0\x80", b"\xc2\x9b31m", b"back\\x41\\\\", b"back\\\xff", b"\x7f\x08\x08",
    b" ", "王🚀e\u0301".encode(), b"' \"$(x)`;|", b"-rf", b"@abstract", b"%s%n", b"{0}", b"null", b"a\xf4\x90\x80\x80", b"\x9d0;c1\x9c",
)  # fmt: skip
FORBIDDEN = (b"\x1b]0;pwned", b"\x1b[31mred", b"\x1bP+q", "\u202e".encode(), "\u2066".encode(), "\u200b".encode(), b"\xc2\x9b", b"\xff", b"\x9d0;c1")
"""What must not reach a terminal: each of them would be obeyed, hidden or reordered."""


def names() -> list[bytes]:
    """The worst, and some of every byte."""
    chance = random.Random(7)
    every = [bytes(chance.choices([byte for byte in range(1, 256) if byte != 0x2F], k=chance.randint(1, 60))) for _ in range(60)]
    return [*WORST, *(name for name in every if name not in (b".", b".."))]


def unescaped(text: str, *, escaped: bool) -> bytes:
    """The bytes behind a text by the contract's words: where it is marked, `\\xNN` is a byte and a doubled backslash is one."""
    if not escaped:
        return text.encode()
    parts = re.split(r"(\\x[0-9a-f]{2}|\\\\)", text)
    return b"".join(b"\\" if part == "\\\\" else bytes([int(part[2:], 16)]) if part.startswith("\\x") else part.encode() for part in parts)


def is_marked(line: Line, name: str, what: str = "escaped") -> bool:
    """Whether an argument carries the mark."""
    return f"{name}:{what}" in line.get("incomplete", ())


def data(line: Line, name: str) -> bytes:
    """The bytes of an argument."""
    return unescaped(line["arguments"][name], escaped=is_marked(line, name))


@dataclass(frozen=True)
class Run:
    """A recording of all names."""

    session: Path
    lines: list[Line]
    work: bytes
    said: bytes  # what the recorder wrote to the terminal


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    place = tmp_path_factory.mktemp("bytes").resolve()
    session, out, work = place / "x.kellect", place / "x.jsonl", place / "w"
    work.mkdir()
    program: list[str | Path] = [sys.executable, "-I", Path(__file__).parent / "hostile.py", work]
    fed = "\n".join(name.hex() for name in names()).encode()
    done = subprocess.run([*PROGRAM, "record", "-o", session, "--", *program], input=fed, capture_output=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    subprocess.run([*PROGRAM, "export", session, "-o", out], check=True, capture_output=True, timeout=60)
    text = out.read_bytes().removesuffix(b"\n")
    assert b"\r" not in text
    return Run(session, [orjson.loads(line) for line in text.split(b"\n")], os.fsencode(work), done.stderr)


def of(run: Run, event_type: str) -> list[Line]:
    """The events of a type in the work directory."""
    return [line for line in run.lines if line["event_type"] == event_type]


def test_every_name_of_a_file_comes_back_byte_for_byte(run: Run) -> None:
    paths = [run.work + b"/" + name for name in names()]
    made = [line for line in of(run, "file.create") if data(line, "filename").startswith(run.work)]
    assert [data(line, "filename") for line in made] == paths
    assert [data(line, "path") for line in made] == paths
    assert [data(line, "path") for line in of(run, "file.mkdir")] == paths
    assert [(data(line, "oldpath"), data(line, "newpath")) for line in of(run, "file.rename")] == [(path, path[:-1] + b"~") for path in paths]
    assert [data(line, "path") for line in of(run, "file.chdir")] == [path for each in paths for path in (each, run.work)]


def test_comm_argv_and_names_of_sockets_too(run: Run) -> None:
    assert [unescaped(line["comm"], escaped=is_marked(line, "comm")) for line in of(run, "network.bind")] == [name[:15] for name in names()]
    addresses = [b"@" + name[:50] + b"\0" + name[:50] for name in names()]
    assert [data(line, "addr") for line in of(run, "network.bind")] == addresses
    assert [data(line, "addr") for line in of(run, "network.connect")] == addresses
    execs = [line for line in of(run, "process.exec") if line["comm"] == "run"]
    argvs = [[unescaped(part, escaped=is_marked(line, "argv")) for part in line["arguments"]["argv"]] for line in execs]
    assert argvs == [[name, name, b""] for name in names()]


def test_unreadable_memory_is_marked_and_not_empty(run: Run) -> None:
    line = [line for line in of(run, "file.open") if line["error"] == "EFAULT"][-1]
    assert (line["arguments"]["filename"], line["arguments"]["path"]) == (None, None)
    assert is_marked(line, "filename", "unreadable")


def test_a_name_that_is_cut_is_marked_and_another_is_whole(run: Run) -> None:
    lines = [line for line in of(run, "file.open") if line["error"] == "ENAMETOOLONG"]
    said = [(line["arguments"]["filename"], is_marked(line, "filename", "truncated"), is_marked(line, "path", "truncated")) for line in lines]
    assert said == [("x" * 4095, False, False), ("x" * 4096, True, True), ("x" * 4096, True, True)]


def test_what_the_recorder_says_is_safe(run: Run) -> None:
    assert [bad for bad in FORBIDDEN if bad in run.said] == []
    assert run.said.decode().replace("\n", "").isprintable()


# ---- the screen


@pytest.fixture
def screen(run: Run, tmp_path: Path) -> Iterator[tuple[Tmux, Path]]:
    """(a terminal with the recording open, the file that gets every byte that the program writes to it). The file's name is hostile too."""
    named = tmp_path / "\x1b]0;pwned\x07[red]x.kellect"
    shutil.copy(run.session, named)
    raw = tmp_path / "raw"
    terminal = Tmux("PS1='ready> ' exec sh", width=240, height=40)  # names have room in the tree, however deep
    try:
        terminal.run("set", "-s", "set-clipboard", "on")
        terminal.run("pipe-pane", "-t", "t", f"cat > {shlex.quote(str(raw))}")
        terminal.press(f"{sys.executable} -m kellect_tui open {shlex.quote(str(tmp_path))}/*.kellect; echo", "Enter")
        terminal.shows("EVENT")
        yield terminal, raw
    finally:
        terminal.close()


def copied(raw: Path) -> list[bytes]:
    """What was sent to the clipboard (OSC 52)."""
    return [base64.b64decode(found) for found in re.findall(rb"\x1b\]52;c;([A-Za-z0-9+/=]*)(?:\x07|\x1b\\)", raw.read_bytes())]


def test_no_widget_lets_a_name_through(run: Run, screen: tuple[Tmux, Path]) -> None:
    tmux, raw = screen
    title = tmux.run("display-message", "-p", "-t", "t", "#{pane_title}")
    tmux.type("/event_type = file.create\r")
    tmux.until(lambda: f"{len(names())} of" in tmux.screen())
    tmux.press("Home")
    tmux.shows("[red]markup[@click=app.quit]")  # visible as it is
    tmux.shows("␛]0;pwned␇")
    tmux.shows("two␊lines␍␉tab")
    tmux.shows("\\u202efdp.exe")
    for _name in WORST:
        tmux.press("Down", "c", "C", "Enter")  # copied, and its detail, which tells that the table holds it
        tmux.shows("of this session")
        tmux.press("Escape")
    tmux.until(lambda: len(copied(raw)) >= 2 * len(WORST))
    tmux.press("Home", "Down", "Down", "i")  # a filter of what is in the cell
    tmux.shows("/ ")
    tmux.press("X", "a")
    tmux.shows("nothing is missing")
    tmux.press("Escape")
    tmux.until(lambda: "nothing is missing" not in tmux.screen())
    tmux.press("6")
    tmux.shows("ARGV")
    tmux.press("I", "End")  # the youngest first: the worst are the last lines, whatever is above the recorder
    tmux.shows("␛[31mred␛[2J")
    for pid in [line["pid"] for line in of(run, "process.exec") if line["comm"] == "run"][: len(WORST)]:
        tmux.press("Enter")
        tmux.shows(f"process {pid} run")
        tmux.shows("forked by")
        tmux.press("Escape")  # on its own: with a key behind it, it is another key
        tmux.until(lambda: "forked by" not in tmux.screen())
        tmux.press("Up")
    tmux.press("1")
    tmux.shows("TARGET")
    tmux.type("/comm = ")
    tmux.shows("/ comm =")
    tmux.press("Tab")  # completion: names of programs
    tmux.press("Escape")
    tmux.shows("/ no filter")
    tmux.press("q")
    tmux.shows("ready> ")
    said = raw.read_bytes()
    assert [bad for bad in FORBIDDEN if bad in without_the_shells_own(said)] == []
    assert tmux.run("display-message", "-p", "-t", "t", "#{pane_title}") == title
    events = {orjson.dumps(line) for line in run.lines}
    documents = [text for text in copied(raw) if text.startswith(b"{")]
    assert len(documents) >= len(WORST)
    assert [text for text in documents if orjson.dumps(orjson.loads(text)) not in events] == []
    assert [text for text in copied(raw) if any(byte < 0x20 and byte != 9 for byte in text)] == []


def without_the_shells_own(said: bytes) -> bytes:
    """What was written between the alternate screen's begin and end."""
    return b"".join(re.findall(rb"\x1b\[\?1049h.*?\x1b\[\?1049l", said, re.DOTALL))
