"""What `record -- CMD` says at the end, against a program that does known things."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from kellect_tui.session.file import open_session
from tests.bpf.recording import PROGRAM, build

pytestmark = pytest.mark.bpf
SOURCE = Path(__file__).parent / "deeds.c"


def recorded(place: Path, *command: str | Path, options: tuple[str, ...] = ()) -> tuple[dict[str, Any], subprocess.CompletedProcess[str]]:
    """(the summary, how the recorder ended)."""
    said = place / "summary.json"
    words = [*PROGRAM, "record", "-o", str(place / "out.kellect"), "--summary", "json", "--summary-file", str(said), *options, "--", *map(str, command)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)
    return json.loads(said.read_text()), done


@pytest.fixture(scope="module")
def deeds(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Path, int]:
    """(summary, directory, port) of the program that does known things."""
    place = tmp_path_factory.mktemp("deeds")
    program = build(SOURCE, place)
    work = place / "work"
    work.mkdir()
    summary, done = recorded(place, program, work, "1")
    assert (done.returncode, summary["events"]["lost"]) == (3, 0), done.stderr
    return summary, work, int(done.stdout)


def under(rows: list[dict[str, Any]], work: Path, *fields: str) -> set[tuple[Any, ...]]:
    """Rows of files below the directory, as tuples."""
    return {tuple(row[field] for field in fields) for row in rows if str(row.get("path", row.get("from"))).startswith(str(work))}


def test_files(deeds: tuple[dict[str, Any], Path, int]) -> None:
    summary, work, _port = deeds
    files = summary["files"]
    assert under(files["written"], work, "path", "bytes", "calls") == {
        (f"{work}/large", 15009, 3),
        (f"{work}/small", 23, 23),
        (f"{work}/gone", 10007, 1),
    }
    assert under(files["created"], work, "what", "path", "times", "bytes_written") == {
        ("file", f"{work}/large", 1, 15009),
        ("file", f"{work}/small", 1, 23),
        ("file", f"{work}/gone", 1, 10007),
        ("directory", f"{work}/sub", 1, None),
        ("directory", f"{work}/brief", 1, None),
        ("symlink", f"{work}/link", 1, None),
        ("link", f"{work}/hard", 1, None),
    }
    assert under(files["deleted"], work, "what", "path", "times") == {
        ("file", f"{work}/gone", 1),
        ("file", f"{work}/link", 1),
        ("directory", f"{work}/brief", 1),
    }
    assert under(files["renamed"], work, "from", "to", "times", "bytes_written") == {(f"{work}/small", f"{work}/sub/moved", 1, 23)}


def test_failures(deeds: tuple[dict[str, Any], Path, int]) -> None:
    summary, work, _port = deeds
    by = {(row["errno"], one["event_type"], one["target"]): one["count"] for row in summary["failures"] for one in row["by"]}
    assert by["ENOENT", "file.open", "/no/such/file"] == 29
    assert by["ENOENT", "file.open", "/no/other/file"] == 1
    assert by["EEXIST", "file.mkdir", f"{work}/sub"] == 1
    assert by["ESRCH", "process.kill", None] == 1
    assert [row["by"][0]["count"] for row in summary["failures"]] == [max(one["count"] for one in row["by"]) for row in summary["failures"]]
    assert {row["errno"]: row["count"] for row in summary["failures"]} == {row["errno"]: sum(one["count"] for one in row["by"]) for row in summary["failures"]}


def test_processes_programs_and_signals(deeds: tuple[dict[str, Any], Path, int]) -> None:
    summary, _work, _port = deeds
    processes = summary["processes"]
    assert (processes["started"], processes["threads_started"], processes["ended"]) == (7, 0, 8)
    ends = {(row["comm"], row["status"], row["signal"]): row["count"] for row in processes["ends"]}
    assert ends == {("deeds", 0, None): 4, ("deeds", 41, None): 1, ("deeds", None, "SIGTERM"): 1, ("true", 0, None): 1, ("deeds", 3, None): 1}
    assert {(Path(row["path"]).name, row["runs"]) for row in summary["programs"]} == {("deeds", 1), ("true", 1)}
    sent = {(row["signal"], row["comm"], row["target_comm"], row["error"], row["count"]) for row in summary["signals"]}
    assert sent == {("SIGTERM", "deeds", "deeds", None, 1), ("SIGUSR1", "deeds", None, "ESRCH", 1)}
    command = summary["command"]
    assert (command["status"], command["signal"], command["left_running"]) == (3, None, [])
    assert 0 < command["seconds"] <= 60


def test_peers(deeds: tuple[dict[str, Any], Path, int]) -> None:
    summary, _work, port = deeds
    tcp = [row for row in summary["peers"] if row["protocol"] == "IPPROTO_TCP"]
    to_server = next(row for row in tcp if row["port"] == port)
    assert {key: to_server[key] for key in ("addr", "connections", "accepted", "sent", "received", "failed")} == {
        "addr": "127.0.0.1", "connections": 1, "accepted": 0, "sent": 7 * 101 + 48, "received": 0, "failed": 0,
    }  # fmt: skip
    from_client = next(row for row in tcp if row["accepted"])
    assert (from_client["received"], from_client["sent"]) == (7 * 101, 0)
    assert [row["failed"] for row in tcp if row["port"] == 1] == [1]
    sockets = next(row for row in summary["streams"] if row["what"] == "socket")
    assert (sockets["read"], sockets["written"]) == (48, 0)


def test_a_section_that_was_not_captured_is_null_and_a_later_summary_is_the_same(tmp_path: Path) -> None:
    summary, done = recorded(tmp_path, "sh", "-c", f"echo hi > {tmp_path}/copy; exit 5", options=("-e", "file.write,file.create"))
    assert done.returncode == 5
    assert summary["peers"] is summary["signals"] is summary["programs"] is summary["processes"] is None
    assert [Path(row["path"]).name for row in summary["files"]["written"]] == ["copy"]
    again = subprocess.run([*PROGRAM, "summary", "--json", tmp_path / "out.kellect"], capture_output=True, text=True, check=True)
    assert json.loads(again.stdout) == summary | {"command": None}


def test_the_text_goes_to_standard_error_and_fits_80_columns(tmp_path: Path) -> None:
    name = "evil\x1b[31m\n\u202ename" + "x" * 90
    words = [*PROGRAM, "record", "-o", str(tmp_path / "o.kellect"), "--", "sh", "-c", 'echo out; echo hi > "$1"', "sh", str(tmp_path / name)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "out\n")
    assert "── what happened" in done.stderr
    assert "exit status 0" in done.stderr
    assert max(map(len, done.stderr.splitlines()[:-1])) <= 80
    assert not any(character in done.stderr for character in "\x1b\u202e")
    silent = subprocess.run([*words[:5], "--summary", "none", *words[5:]], capture_output=True, text=True, check=False)
    assert "what happened" not in silent.stderr


@pytest.mark.parametrize(
    ("script", "status", "signal_name"), [("exit 7", 7, None), ("kill -KILL $$", 137, "SIGKILL"), ("kill -SEGV $$", 139, "SIGSEGV")]
)
def test_the_command_s_end(tmp_path: Path, script: str, status: int, signal_name: str | None) -> None:
    summary, done = recorded(tmp_path, "sh", "-c", script)
    assert done.returncode == status
    assert (summary["command"]["status"], summary["command"]["signal"]) == (None if signal_name else status, signal_name)


def test_only_the_command_s_own_processes_and_ancestors_are_saved(tmp_path: Path) -> None:
    secret = subprocess.Popen(["sleep", "987654"])  # another program of this machine, with a command line of its own
    beside = subprocess.Popen([sys.executable, "-c", "import subprocess\nwhile True: subprocess.run(['true', 'beside-the-command'])"])
    try:
        _, done = recorded(tmp_path, "sh", "-c", "/bin/true; (/bin/sleep 0.3); /bin/false", options=("-e", "file"))
    finally:
        for process in (secret, beside):
            process.kill()
            process.wait()
    assert done.returncode == 1
    data = (tmp_path / "out.kellect").read_bytes()
    session = open_session(tmp_path / "out.kellect")
    labels = [process.label for process in session.processes.all()]
    assert not [label for label in labels if "987654" in label or "beside-the-command" in label]
    assert b"987654" not in data
    roots = [process for process in session.processes.all() if process.argv[-1:] == ("/bin/true; (/bin/sleep 0.3); /bin/false",) and process.comm == "sh"]
    assert len(roots) in (1, 2)  # the shell, and its subshell where that is no exec
    (command,) = [process for process in roots if process.forked_by not in roots]
    below = {process.comm for process in session.processes.descendants(command)}
    assert {"true", "sleep", "false"} <= below
    ancestors = [process.pid for process in session.processes.ancestry(command)]
    assert os.getpid() in ancestors
    assert {process.pid for process in session.processes.all()} == {*ancestors, *(process.pid for process in session.processes.descendants(command))}


def test_a_daemon_that_is_left_running_is_said(tmp_path: Path) -> None:
    summary, done = recorded(tmp_path, "sh", "-c", "setsid sleep 60 >/dev/null 2>&1 & echo $!; while ! grep -q sleep /proc/$!/comm; do :; done; exit 9")
    pid = int(done.stdout)
    os.kill(pid, signal.SIGKILL)
    assert done.returncode == 9
    assert len(summary["command"]["left_running"]) == 1
    assert "left running" in done.stderr


def test_an_interrupted_command_is_summed_up(tmp_path: Path) -> None:
    out = tmp_path / "s.json"
    options = ("-o", str(tmp_path / "o.kellect"), "--summary", "json", "--summary-file", str(out))
    words = [*PROGRAM, "record", *options, "--", "sh", "-c", "echo ready; exec sleep 60"]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130
    assert json.loads(out.read_text())["command"]["signal"] == "SIGINT"


def test_a_full_disk_is_told_and_what_was_captured_is_summed_up(tmp_path: Path) -> None:
    place, said = tmp_path / "small", tmp_path / "s.json"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", place], check=True)
    try:
        options = ["-o", str(place / "o.kellect"), "--summary", "json", "--summary-file", str(said)]
        script = f"while [ ! -e {tmp_path}/stop ]; do cat /etc/hostname; done"
        with (tmp_path / "err").open("wb") as err:
            done = subprocess.run([*PROGRAM, "record", *options, "--", "sh", "-c", script], stdout=subprocess.DEVNULL, stderr=err, timeout=60, check=False)
    finally:
        (tmp_path / "stop").touch()
        subprocess.run(["umount", place], check=True)
    summary = json.loads(said.read_text())
    assert done.returncode == 1
    lines = (tmp_path / "err").read_text().splitlines()
    assert lines[-2] == "kellect-tui: the session cannot be written: No space left on device"
    assert f"sh still runs and is left running: {summary['command']['pid']}" in lines
    assert summary["command"]["status"] is summary["command"]["signal"] is None
    assert {Path(row["path"]).name: row["runs"] > 0 for row in summary["programs"]}["cat"]
    assert summary["events"]["summarized"] == summary["events"]["captured"] > 0


def test_a_summary_that_cannot_be_written_is_said_before_anything_runs(tmp_path: Path) -> None:
    words = [*PROGRAM, "record", "-o", str(tmp_path / "o.kellect"), "--summary-file", "/nonexistent/s.txt", "--", "touch", str(tmp_path / "ran")]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 2
    assert not (tmp_path / "ran").exists()


def test_names_that_are_no_utf8_are_written_as_those_of_events(tmp_path: Path) -> None:
    word, name = os.fsdecode(b"\xff\\"), os.fsdecode(b"tru\xe9")
    (tmp_path / name).symlink_to("/bin/true")
    summary, done = recorded(tmp_path, tmp_path / name, word, options=("-c", name))
    assert done.returncode == 0, done.stderr
    assert summary["command"]["argv"] == [f"{tmp_path}/tru\\xe9", "\\xff\\\\"]
    session = open_session(tmp_path / "out.kellect")
    assert session.start["options"]["comm"] == ["tru\\xe9"]
    assert session.ledger.captured == summary["events"]["captured"] > 1


def test_lines_on_a_disk_that_is_full_are_whole(tmp_path: Path) -> None:
    place = tmp_path / "small"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", place], check=True)
    try:
        words = [*PROGRAM, "record", "-o", str(place / "a.jsonl"), "--summary", "none", "--", "dd", "if=/dev/zero", "of=/dev/null", "bs=1", "count=3000"]
        done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)
        written = (place / "a.jsonl").read_bytes()
    finally:
        subprocess.run(["umount", place], check=True)
    assert done.returncode == 1
    assert "No space left on device\n  make room or choose another place; what was written before is whole\n" in done.stderr
    assert written.endswith(b"}\n")
    assert len([json.loads(line) for line in written.splitlines()]) > 100
