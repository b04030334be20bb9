"""`run -- CMD` in a real terminal: the screen over the command's own tree, its output, its end and ours."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from kellect_tui.session.file import open_session
from tests.bpf.recording import PROGRAM
from tests.tui.test_terminal import Tmux

pytestmark = pytest.mark.bpf


@pytest.fixture
def tmux() -> Iterator[Tmux]:
    """A shell in a terminal."""
    terminal = Tmux("PS1='ready> ' exec sh")
    terminal.shows("ready>")
    yield terminal
    terminal.close()


Start = Callable[..., None]


@pytest.fixture
def start(tmux: Tmux, tmp_path: Path) -> Start:
    """Starts `run` over a shell script, with options; afterwards the shell says the exit status."""

    def started(script: str, *options: str) -> None:
        words = [*PROGRAM, "run", "--summary", "json", "--summary-file", str(tmp_path / "s.json"), *options, "--", "sh", "-c", script]
        (tmp_path / "go").write_text(f"{shlex.join(words)}; echo status=$?\n")
        tmux.type(f". {tmp_path}/go\r")
        tmux.until(lambda: any(f"sh {state}" in tmux.screen() for state in ("runs", "exited")))

    return started


def printed(tmp_path: Path) -> str:
    """What the command has printed so far."""
    log = tmp_path / "log"
    return log.read_text() if log.exists() else ""


def summary(tmp_path: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((tmp_path / "s.json").read_text())
    return document


def test_from_its_first_event_to_its_exit_status(tmux: Tmux, start: Start, tmp_path: Path) -> None:
    log, saved = tmp_path / "out.log", tmp_path / "s.kellect"
    start("echo to-be-seen; cat /no/such/quokka; exit 42", "--output", str(log))
    tmux.shows("sh exited 42")
    tmux.press("O")
    tmux.shows("to-be-seen")
    tmux.shows("No such file")
    tmux.press("O", "C-s")
    tmux.shows("Save to a file")
    tmux.press("C-u")
    tmux.type(f"{saved}\r")
    tmux.until(saved.exists)
    tmux.press("q")
    tmux.shows("status=42")
    assert log.read_text() == "to-be-seen\ncat: /no/such/quokka: No such file or directory\n"
    session = open_session(saved)
    first = session.store.event(1)  # type: ignore[arg-type]  # monitor.start is number 0
    assert (first.event_type, first.comm) == ("process.exec", "sh")
    (command,) = [process for process in session.processes.all() if process.pid == first.pid]
    below = [process.comm for process in session.processes.descendants(command)]
    assert below == ["sh", "cat"]
    assert {process.pid for process in session.processes.all()} == {
        process.pid for process in (*session.processes.descendants(command), *session.processes.ancestry(command))
    }
    said = summary(tmp_path)
    assert (said["command"]["status"], said["events"]["lost"]) == (42, 0)
    assert {(Path(row["path"]).name, row["runs"]) for row in said["programs"]} == {("cat", 1), (Path("/bin/sh").resolve().name, 1)}


def test_quitting_ends_what_still_runs(tmux: Tmux, start: Start, tmp_path: Path) -> None:
    start("trap '' TERM; (trap - TERM; echo group; exec sleep 600) & wait")
    tmux.press("O")
    tmux.shows("group")
    tmux.press("q")
    tmux.shows("sh still runs")
    tmux.press("n")
    tmux.until(lambda: "still runs" not in tmux.screen())
    tmux.press("q")
    tmux.shows("sh still runs")
    tmux.press("y")
    # The sleeper has got its SIGTERM with the group; the shell ignores it, and is left without a child to wait for.
    tmux.shows("status=")
    said = summary(tmp_path)
    ends = {(row["comm"], row["signal"]) for row in said["processes"]["ends"]}
    assert ("sleep", "SIGTERM") in ends
    assert said["command"]["left_running"] == []


def test_one_that_ignores_the_end_is_killed(tmux: Tmux, start: Start, tmp_path: Path) -> None:
    start("trap '' TERM; echo deaf; while :; do sleep 1; done")
    tmux.press("O")
    tmux.shows("deaf")
    tmux.press("q")
    tmux.shows("sh still runs")
    tmux.press("y")
    tmux.shows("status=137")
    assert summary(tmp_path)["command"]["signal"] == "SIGKILL"


def test_left_running_it_goes_on_and_its_output_is_kept(tmux: Tmux, start: Start, tmp_path: Path) -> None:
    log, go = tmp_path / "log", tmp_path / "fifo"
    os.mkfifo(go)
    start(f"echo before; read x < {go}; echo after", "--output", str(log))
    tmux.press("O")
    tmux.shows("before")
    tmux.press("q")
    tmux.shows("sh still runs")
    tmux.press("l")
    tmux.shows("status=0")
    tmux.shows("left running")
    command = summary(tmp_path)["command"]
    assert (command["status"], command["signal"], command["left_running"]) == (None, None, [command["pid"]])
    go.write_text("x\n")
    tmux.until(lambda: log.read_text() == "before\nafter\n")


def test_a_daemon_is_watched_after_the_command_has_ended(tmux: Tmux, start: Start, tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    start(f"(setsid sh -c 'read x < {fifo}; cat /no/such/wombat' >/dev/null 2>&1 &) ; exit 5")
    tmux.shows("sh exited 5")
    fifo.write_text("x\n")
    tmux.shows("/no/such/wombat")
    tmux.press("q")
    tmux.shows("status=5")


def test_signals_are_passed_on(tmux: Tmux, start: Start, tmp_path: Path) -> None:
    start("trap 'echo got-int' INT; trap 'echo got-term; exit 9' TERM; echo ready; while :; do sleep 0.1; done", "--output", str(tmp_path / "log"))
    tmux.until(lambda: "ready" in printed(tmp_path))
    monitor = next(child for child in psutil.Process(tmux.pid).children(recursive=True) if "run" in child.cmdline())
    monitor.send_signal(signal.SIGINT)
    tmux.until(lambda: "got-int" in printed(tmp_path))
    assert "sh runs" in tmux.screen()
    monitor.send_signal(signal.SIGTERM)
    tmux.shows("status=9")


def test_a_terminal_that_goes_away_is_passed_on(tmux: Tmux, start: Start, tmp_path: Path) -> None:
    start("echo $$; exec sleep 600", "--output", str(tmp_path / "log"))
    tmux.until(lambda: printed(tmp_path).endswith("\n"))
    command = psutil.Process(int(printed(tmp_path)))
    monitor = command.parent()
    assert monitor is not None
    tmux.close()
    psutil.wait_procs([command, monitor], timeout=60)
    assert summary(tmp_path)["command"]["signal"] == "SIGHUP"


@pytest.mark.parametrize(("words", "status"), [(["/no/such/program"], 127), (["{tmp}/plain"], 126), (["{tmp}/garbage"], 126)])
def test_what_cannot_be_run(tmux: Tmux, tmp_path: Path, words: list[str], status: int) -> None:
    (tmp_path / "plain").write_text("no program")
    (tmp_path / "garbage").write_bytes(b"\x7fELF rubbish")
    (tmp_path / "garbage").chmod(0o755)
    command = [word.replace("{tmp}", str(tmp_path)) for word in words]
    (tmp_path / "go").write_text(f"{shlex.join([*PROGRAM, 'run', '--', *command])}; echo status=$?\n")
    tmux.type(f". {tmp_path}/go\r")
    if words == ["{tmp}/garbage"]:
        tmux.shows("garbage exited 126")
        tmux.press("q")
    tmux.shows(f"status={status}")


def test_without_a_terminal_it_says_so() -> None:
    done = subprocess.run([sys.executable, "-m", "kellect_tui", "run", "--", "true"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.splitlines() == ["kellect-tui: the screen needs a terminal", "  `kellect-tui record -o FILE` captures without one"]
