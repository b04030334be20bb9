"""The capture filter: what is chosen is there, what is not chosen is not."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from kellect_tui.events.catalogue import TYPES
from tests.bpf.recording import Recorder, record

pytestmark = pytest.mark.bpf


def kinds(events: list[dict[str, object]]) -> set[object]:
    return {line["event_type"] for line in events if line["family"] != "monitor"}


def test_only_the_types_asked_for(tmp_path: Path) -> None:
    events, _done = record(tmp_path / "o.jsonl", "-e", "file.open,process", "-e", "-process.mmap", command=["sh", "-c", "cat /etc/hostname; true"])
    assert "file.open" in kinds(events)
    assert kinds(events) <= {"file.open", *(row.name for row in TYPES if row.family == "process" and row.name != "process.mmap")}
    assert events[0]["arguments"]["options"]["events"][0] == "file.open"


def test_only_tasks_of_a_name_or_prefix(tmp_path: Path) -> None:
    events, _done = record(tmp_path / "o.jsonl", "-c", "ca*", command=["sh", "-c", "cat /etc/hostname; ls /"])
    assert {line["comm"] for line in events if line["comm"]} == {"cat"}


def test_only_an_effective_user(tmp_path: Path) -> None:
    script = "import os; os.setuid(12345); os.stat('/')"
    events, _done = record(tmp_path / "o.jsonl", "-u", "12345", command=["/usr/bin/python3", "-c", script])
    users = {line["uid"] for line in events if line["family"] != "monitor"}
    assert users == {12345}
    assert "user.setuid" in kinds(events)


def test_a_process_without_its_children_and_a_tree_with_them(tmp_path: Path) -> None:
    script = "read go; cat /etc/hostname >/dev/null; cd /"
    for option, with_children in (("-p", False), ("--descendants-of", True)):
        with subprocess.Popen(["sh", "-c", script], stdin=subprocess.PIPE, text=True) as shell:
            with Recorder(tmp_path / f"o{option}.jsonl", option, str(shell.pid)) as recorder:
                shell.communicate("go\n")
            pids = {line["pid"] for line in recorder.events if line["pid"]}
            assert shell.pid in pids
            assert (len(pids) > 1) is with_children
            assert recorder.status == 0


def test_the_recorder_ends_when_the_processes_it_watches_have(tmp_path: Path) -> None:
    with subprocess.Popen(["sh", "-c", "read go"], stdin=subprocess.PIPE, text=True) as shell:
        recorder = Recorder(tmp_path / "o.jsonl", "-p", str(shell.pid))
        with recorder:
            shell.communicate("go\n")
            recorder._process.wait(30)
    assert recorder.status == 0


def test_the_monitor_does_not_record_itself_unless_asked(tmp_path: Path) -> None:
    for option, there in (((), False), (("--include-self",), True)):
        with Recorder(tmp_path / "o.jsonl", *option) as recorder:
            subprocess.run(["true"], check=True)
        assert (recorder.pid in {line["pid"] for line in recorder.events}) is there
        assert (recorder.pid in recorder.events[0]["arguments"]["left_out"]) is not there


def test_a_command_ends_as_itself_and_its_output_is_left_alone(tmp_path: Path) -> None:
    for script, status in (("exit 3", 3), ("kill -TERM $$", 143), ("echo said", 0)):
        events, done = record(tmp_path / "o.jsonl", command=["sh", "-c", script])
        assert done.returncode == status
        assert done.stdout == ("said\n" if status == 0 else "")
        assert events[1]["event_type"] == "process.exec"
        assert Path(events[1]["arguments"]["filename"]).name == "sh"
