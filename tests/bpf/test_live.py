"""The real program on real events in a real terminal: see a program, filter by its name, save, quit, check the file."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kellect_tui.session.file import open_session

pytestmark = pytest.mark.bpf
PATIENCE = 60.0


class Terminal:
    """The monitor in a tmux server of its own."""

    def __init__(self, command: str) -> None:
        self._name = f"kellect-test-{os.getpid()}"
        self.tmux("new-session", "-d", "-x", "120", "-y", "32", command)

    def tmux(self, *words: str) -> str:
        done = subprocess.run(["tmux", "-L", self._name, "-f", "/dev/null", *words], capture_output=True, text=True, check=False)
        return done.stdout

    def text(self) -> str:
        return self.tmux("capture-pane", "-p")

    def press(self, *keys: str) -> None:
        self.tmux("send-keys", *keys)

    def type(self, text: str) -> None:
        self.tmux("send-keys", "-l", text)

    def wait(self, what: str, condition: Callable[[], object]) -> None:
        end = time.monotonic() + PATIENCE
        while not condition():
            if time.monotonic() > end:
                pytest.fail(f"never saw {what}; the screen:\n{self.text()}")
            threading.Event().wait(0.05)  # between two looks: each look is a program started, and so events

    def shows(self, text: str) -> None:
        self.wait(repr(text), lambda: text in self.text())

    def close(self) -> None:
        self.tmux("kill-server")


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    made = Terminal(f"{sys.executable} -m kellect_tui -e file,process,network,user")
    yield made
    made.close()


def test_see_filter_save_quit(terminal: Terminal, tmp_path: Path) -> None:
    program = tmp_path / "quokka"
    shutil.copy("/bin/cat", program)
    saved = tmp_path / "quokka.kellect"
    terminal.shows("LIVE")
    subprocess.run([program, "/etc/hostname", "/no/such/quokka-file"], capture_output=True, check=False)
    terminal.press("/")
    terminal.type("comm = quokka and path = /no/such/*")
    terminal.press("Enter")
    terminal.shows("quokka-file")
    terminal.shows("ENOENT")
    terminal.press("C-s")
    terminal.shows("Save to a file")
    terminal.press("C-u")
    terminal.type(str(saved))
    terminal.shows("quokka.kellect")
    terminal.press("Enter")
    terminal.wait("the saved file", saved.exists)
    terminal.press("q", "q")  # the second answers the question that it asks where much happened since
    terminal.wait("its end", lambda: not terminal.tmux("list-sessions"))
    session = open_session(saved)
    events = [chunk.event_at(row) for chunk in session.store.chunks for row in range(chunk.count)]  # type: ignore[arg-type]  # every row
    ours = [event for event in events if event.comm == "quokka"]
    opened = [event for event in ours if event.arguments.get("path") == "/no/such/quokka-file"]
    assert [(event.event_type, event.error) for event in opened] == [("file.open", "ENOENT")]
    assert any(event.event_type == "process.exec" and event.arguments["path"] == str(program) for event in ours)
    assert session.ledger.lost == 0
    assert saved.stat().st_mode & 0o777 == 0o600
