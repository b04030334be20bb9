"""The command line without probes: words, errors and their remedies, exit statuses."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from kellect_tui import __version__
from kellect_tui.events.catalogue import ALL_TYPES

PROGRAM = (sys.executable, "-m", "kellect_tui")
DEMO = Path(__file__).parents[2] / "kellect_tui" / "data" / "demo.kellect"


def run(*words: str | Path, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*PROGRAM, *words], capture_output=True, text=True, timeout=60, check=False, stdin=subprocess.DEVNULL, **options)  # type: ignore[call-overload,no-any-return]  # passed through


def failed(done: subprocess.CompletedProcess[str], status: int) -> str:
    """What it said on standard error; nothing on standard output, and never a traceback."""
    assert done.returncode == status, done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    return done.stderr


def test_version_and_help() -> None:
    assert run("--version").stdout == f"kellect-tui, version {__version__}\n"
    said = run("--help").stdout
    assert "sudo kellect-tui record -o build.kellect -- make -j2" in said
    assert {"record", "open", "export", "events", "doctor"} <= set(said.split())


def test_the_catalogue_for_scripts() -> None:
    rows = json.loads(run("events", "--json").stdout)
    assert [row["event_type"] for row in rows] == [row.name for row in ALL_TYPES]
    assert len(rows) == 42


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("recrod",), "Did you mean 'record'?"),
        (("--evnts", "file"), "--events"),
        (("-e", "file.opne"), "did you mean file.open?"),
        (("-e", "-file,-process,-network,-user"), "no event type is left"),
        (("-p", "abc"), "'abc' is no pid"),
        (("-u", "no-such-user"), "there is no user 'no-such-user'"),
        (("--duration", "soon"), "no length of time"),
        (("--duration", "0"), "no length of time"),
        (("--duration", "9" * 5000), "no length of time"),
        (("--ring-size", "big"), "no size"),
        (("--ring-size", "9" * 400), "no size"),
        (("--ring-size", "0.1"), "no size"),
        (("--ring-size", "1000T"), "--ring-size 1,048,576,000M is more than this machine has"),
        (("--memory", "0.5"), "no size"),
        (("--keep", "0.1"), "no count"),
        (("--keep", "9" * 400), "no count"),
        (("-p", "9" * 5000), "is no pid"),
        (("-u", "9" * 5000), "there is no user"),
        (("-u", "4294967296"), "there is no user '4294967296'"),
        (("-u", "root, no-such-user"), "there is no user 'no-such-user'"),
        (("export", DEMO, "-o", "-", "--filter", "9" * 5000 + " and pid = x"), "'x' is no number"),
        (("export", DEMO, "-o", "-", "--filter", "time > 0001-01-01"), "no point in time"),
        (("-e", ""), "a type or family of events is missing"),
        (("-c", ""), "a name is missing"),
        (("-p", ","), "a pid is missing"),
        (("-c", "nginx", "record", "-o", "x.kellect"), "--comm before `record` means nothing"),
        (("--filter", "failed", "summary", "x.kellect"), "--filter before `summary` means nothing"),
        (("--demo", "-e", "file"), "--events means nothing with --demo"),
        (("record", "-a", "-o", "x.kellect"), "--all means nothing without a command"),
        (("record", "-o", "x.kellect", "--summary", "none", "--summary-file", "x"), "--summary-file means nothing with --summary none"),
        (("record", "-o", "x.kellect", "--summary-file", "./x.kellect", "--", "true"), "--summary-file would replace x.kellect"),
        (("run", "--output", "x", "--summary-file", "x", "--", "true"), "--summary-file would replace x"),
        (("run", "--summary", "none", "--summary-file", "x", "--", "true"), "--summary-file means nothing with --summary none"),
        (("-u", " "), "a user is missing"),
        (("record", "-o", "x.jsonl", "-f", "jsnol"), "did you mean jsonl?"),
        (("record", "-o", "x.unknown"), "does not say which format"),
        (("record",), "--output"),
        (("export", DEMO, "-o", "x.txt"), "does not say which format"),
    ],
)
def test_a_wrong_word_is_named_with_the_right_one(words: tuple[str, ...], said: str, tmp_path: Path) -> None:
    assert said in failed(run(*words, cwd=tmp_path), 2)
    assert list(tmp_path.iterdir()) == []


def test_a_filter_that_does_not_parse_shows_where() -> None:
    lines = failed(run("export", DEMO, "-o", "-", "--filter", "comm = sh and pdi = 3"), 2).splitlines()
    at = next(index for index, line in enumerate(lines) if line.endswith("comm = sh and pdi = 3"))
    assert lines[at + 1].index("^") == lines[at].index("pdi")


def test_files_that_are_no_session(tmp_path: Path) -> None:
    assert "there is no file" in failed(run("export", tmp_path / "no", "-o", "-"), 1)
    for data in (b"", b"hello", DEMO.read_bytes()[:50], bytes(5000)):
        (tmp_path / "bad").write_bytes(data)
        assert len(failed(run("export", tmp_path / "bad", "-o", "-"), 1).splitlines()) <= 2


def test_a_directory_and_a_device_are_no_session(tmp_path: Path) -> None:
    for command in (("summary",), ("export", "-o", "-")):
        assert f"{tmp_path} is a directory" in failed(run(*command, tmp_path), 1)
        assert "/dev/zero is a device" in failed(run(*command, "/dev/zero"), 1)


@pytest.mark.parametrize("words", [("--help",), ("events",), ("summary", DEMO), ("export", DEMO, "-o", "-")])
def test_a_full_disk_behind_standard_output_is_a_sentence(words: tuple[str, ...]) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run([*PROGRAM, *words], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("kellect-tui: the output cannot be written: No space left on device\n")
    assert len(done.stderr.splitlines()) == 2


def test_a_place_that_cannot_be_written_is_called_by_the_name_that_was_given(tmp_path: Path) -> None:
    there = tmp_path / "none" / "x.jsonl"
    assert f"{there} cannot be written: No such file" in failed(run("export", DEMO, "-o", there), 1)


def test_a_session_cut_short_is_said_and_read_as_far_as_it_goes(tmp_path: Path) -> None:
    cut = tmp_path / "cut.kellect"
    cut.write_bytes(DEMO.read_bytes()[:-5000])
    done = run("export", cut, "-o", "-")
    assert done.returncode == 0
    assert "cut short" in done.stderr


def test_a_damaged_session_is_said_and_the_rest_of_it_is_there(tmp_path: Path) -> None:
    whole, damaged, out = tmp_path / "whole.kellect", tmp_path / "damaged.kellect", tmp_path / "x.jsonl"
    assert run("export", DEMO, "-o", whole).returncode == 0
    data = bytearray(whole.read_bytes())
    data[len(data) // 2] ^= 1
    damaged.write_bytes(data)
    done = run("export", damaged, "-o", out)
    assert done.returncode == 0
    assert "; damaged: events " in done.stderr
    assert "of the file cannot be read" in done.stderr
    told = json.loads(run("summary", "--json", damaged).stdout)["events"]
    assert told["damage"] in done.stderr
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert (rows[1]["event_type"], rows[1]["arguments"]) == ("monitor.dropped", {"count": told["dropped"]})
    text = run("summary", damaged).stdout
    assert told["damage"] in text
    assert f"{told['dropped']:,} events are not in here: they are damaged or gone\n" in text


def test_every_format_is_written_and_json_agrees_with_json_lines(tmp_path: Path) -> None:
    for suffix in ("kellect", "jsonl", "json", "csv", "parquet", "trace.json", "tree.json", "dot"):
        done = run("export", DEMO, "-o", tmp_path / f"x.{suffix}")
        assert (done.returncode, done.stdout) == (0, "")
        assert (tmp_path / f"x.{suffix}").stat().st_mode & 0o777 == 0o600
    lines = [json.loads(line) for line in (tmp_path / "x.jsonl").read_text().splitlines()]
    document = json.loads((tmp_path / "x.json").read_text())
    assert document["format"] == "kellect-tui/1"
    assert [document["start"], *document["events"], document["stop"]] == lines
    again = run("export", tmp_path / "x.kellect", "-o", tmp_path / "again.jsonl")
    assert again.returncode == 0
    assert (tmp_path / "again.jsonl").read_text() == (tmp_path / "x.jsonl").read_text()


def test_a_session_is_summed_up_for_people_and_for_scripts(tmp_path: Path) -> None:
    shown, as_json = run("summary", DEMO), run("summary", DEMO, "--json", "--filter", "failed")
    assert (shown.returncode, as_json.returncode, shown.stderr, as_json.stderr) == (0, 0, "", "")
    assert shown.stdout.startswith("── what happened ")
    document = json.loads(as_json.stdout)
    assert (document["format"], document["filter"]) == ("kellect-tui/summary-1", "failed")
    assert document["events"]["summarized"] == sum(row["count"] for row in document["failures"]) < document["events"]["captured"]
    wrong = run("summary", DEMO, "--filter", "nosuch = 3")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    missing = run("summary", tmp_path / "missing")
    assert missing.returncode == 1
    assert len(missing.stderr.splitlines()) == 2


SCREENS: tuple[list[str | Path], ...] = ([], ["run", "--", "true"], ["open", DEMO], ["--demo"])


@pytest.mark.parametrize("words", SCREENS, ids=["live", "run", "open", "demo"])
def test_a_screen_that_would_not_be_drawn_on_the_terminal_is_refused(words: list[str | Path]) -> None:
    terminal, side = os.openpty()
    done = subprocess.run([*PROGRAM, *words], stdin=side, stdout=side, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    os.set_blocking(terminal, False)
    with pytest.raises(BlockingIOError):
        os.read(terminal, 1)
    os.close(terminal)
    os.close(side)
    assert (done.returncode, done.stderr) == (1, "kellect-tui: the screen is drawn on standard error, which is no terminal\n  leave out `2>`\n")


@pytest.mark.parametrize("words", SCREENS, ids=["live", "run", "open", "demo"])
def test_a_screen_without_keys_is_refused_with_what_works_without_one(words: list[str | Path]) -> None:
    said = failed(run(*words), 1).splitlines()
    assert said[0] == "kellect-tui: the screen needs a terminal"
    assert ("export" if DEMO in words or "--demo" in words else "record") in said[1]


def test_the_shell_completes_formats_and_options() -> None:
    def completed(words: str) -> list[str]:
        environment = {"_KELLECT_TUI_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
        done = subprocess.run(PROGRAM, capture_output=True, text=True, check=False, env=os.environ | environment)
        return [line.partition(",")[2] for line in done.stdout.splitlines()]

    assert completed("kellect-tui export --format pe") == ["perfetto"]
    assert completed("kellect-tui run --su") == ["--summary", "--summary-file"]


def test_run_says_what_becomes_of_keyboard_output_and_status() -> None:
    done = run("run", "--help")
    assert done.returncode == 0
    said = " ".join(done.stdout.split())
    for words in ("no keyboard", "--output", "128+N", "left running"):
        assert words in said


def test_a_closed_pipe_is_one_line(tmp_path: Path) -> None:
    script = f"{' '.join(PROGRAM)} export {DEMO} -o - 2>{tmp_path}/err | head -1 >/dev/null; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "1\n"
    assert (tmp_path / "err").read_text().splitlines()[0] == "kellect-tui: the output pipe was closed"


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become nobody")
def test_without_root_it_says_so_and_how() -> None:
    said = failed(run("record", "-o", "/tmp/never.jsonl", user=65534, group=65534, extra_groups=[]), 1)
    assert said.splitlines()[0] == "kellect-tui: tracing needs root"
    assert "sudo kellect-tui" in said.splitlines()[1]
    assert not Path("/tmp/never.jsonl").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to give files away")
def test_files_belong_to_who_typed_sudo(tmp_path: Path) -> None:
    run("export", DEMO, "-o", tmp_path / "x.jsonl", env={**os.environ, "SUDO_UID": "1234", "SUDO_GID": "5678"})
    status = (tmp_path / "x.jsonl").stat()
    assert (status.st_uid, status.st_gid, status.st_mode & 0o777) == (1234, 5678, 0o600)


def test_a_link_at_the_output_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").symlink_to(tmp_path / "victim")
    assert "symbolic link" in failed(run("export", DEMO, "-o", tmp_path / "x.jsonl"), 1)
    assert not (tmp_path / "victim").exists()


@pytest.mark.bpf
def test_recording_says_what_is_wrong_before_it_begins(tmp_path: Path) -> None:
    assert "cannot be written" in failed(run("record", "-o", tmp_path / "no" / "x.jsonl"), 1)
    assert "command not found" in failed(run("record", "-o", tmp_path / "x.jsonl", "--", "no-such-command"), 127)
    plain = tmp_path / "plain"
    shutil.copy(__file__, plain)
    assert "not executable" in failed(run("record", "-o", tmp_path / "x.jsonl", "--", plain), 126)
    assert "there is no process" in failed(run("record", "-o", tmp_path / "x.jsonl", "-p", "999999999"), 2)


@pytest.mark.bpf
def test_a_full_disk_ends_it_loudly() -> None:
    script = f"{' '.join(PROGRAM)} record -o - -- ls -lR /etc 2>&1 >/dev/full"
    ended = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    assert "No space left on device" in ended.stdout
    assert "Traceback" not in ended.stdout


@pytest.mark.bpf
def test_json_lines_stream_to_standard_output_and_the_commands_output_does_not() -> None:
    done = run("record", "-o", "-", "--", "echo", "said")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert lines[0]["event_type"] == "monitor.start"
    assert lines[-1]["event_type"] == "monitor.stop"
    assert "said\n" in done.stderr


@pytest.mark.bpf
def test_doctor_finds_all_well_here() -> None:
    done = run("doctor", "--json")
    document = json.loads(done.stdout)
    assert [check["name"] for check in document["checks"] if not check["ok"]] == []
    assert document["ok"] is True
    assert done.returncode == 0


@pytest.mark.bpf
def test_a_file_on_a_full_disk_ends_it_in_two_lines_and_is_whole(tmp_path: Path) -> None:
    place = tmp_path / "small"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", place], check=True)
    try:
        for name in ("x.kellect", "x.jsonl"):
            lister = "for i in 1 2 3 4 5 6 7 8 9; do ls -lR /usr/share/doc /usr/lib >/dev/null 2>&1; done"
            said = failed(run("record", "-o", place / name, "--", "sh", "-c", lister), 1).splitlines()
            assert "No space left on device" in said[-2]
            if name.endswith("kellect"):
                assert run("export", place / name, "-o", tmp_path / "there.jsonl").returncode == 0
            (place / name).unlink()
    finally:
        subprocess.run(["umount", place], check=True)


@pytest.mark.bpf
def test_a_recorder_that_is_killed_leaves_what_it_had_written(tmp_path: Path) -> None:
    out = tmp_path / "x.kellect"
    with subprocess.Popen([*PROGRAM, "record", "-o", out], stderr=subprocess.PIPE, text=True) as recorder:
        assert recorder.stderr is not None
        assert recorder.stderr.readline().startswith("recording")
        sizes: set[int] = set()
        while len(sizes - {0}) < 3:  # the head, and two blocks: what ran before the first of them is in one
            subprocess.run(["true"], check=True)
            sizes.add(out.stat().st_size)
        recorder.kill()
    done = run("export", out, "-o", tmp_path / "x.jsonl")
    assert done.returncode == 0
    assert "cut short" in done.stderr
    lines = (tmp_path / "x.jsonl").read_text().splitlines()
    assert json.loads(lines[0])["event_type"] == "monitor.start"
    assert any(json.loads(line)["comm"] == "true" for line in lines)


def test_too_little_memory_is_told_with_what_would_do() -> None:
    said = failed(run("record", "-o", "/tmp/never.kellect", "--memory", "100M", "--", "true"), 2)
    assert said == "kellect-tui: --memory 100M is too little\n  with this --ring-size give at least 416M\n"


@pytest.mark.parametrize("words", [("export", DEMO, "-o", "-"), ("summary", DEMO), ("summary", DEMO, "--json")])
def test_a_closed_standard_output_is_told(words: tuple[str | Path, ...]) -> None:
    done = subprocess.run(["sh", "-c", '"$@" >&-', "sh", *PROGRAM, *words], stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (1, "kellect-tui: standard output is closed\n  leave out `>&-`, or give a file's name\n")


def test_what_is_closed_is_no_place_for_a_file(tmp_path: Path) -> None:
    """A file that got the number of standard error would get what a library prints there."""
    out = tmp_path / "a.jsonl"
    script = """import os; from kellect_tui import cli; cli._fill_descriptors()
print(all(os.path.samestat(os.fstat(number), os.stat('/dev/null')) for number in (0, 2)), os.fstat(1).st_size)"""
    with out.open("w") as file:
        subprocess.run(["sh", "-c", '"$@" 2>&- <&-', "sh", sys.executable, "-c", script], stdout=file, timeout=60, check=True)
    assert out.read_text() == "True 0\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_export_that_is_interrupted_has_not_been_done(tmp_path: Path, number: signal.Signals) -> None:
    os.mkfifo(tmp_path / "session")
    process = subprocess.Popen([*PROGRAM, "export", tmp_path / "session", "-o", tmp_path / "a.csv"], stderr=subprocess.PIPE, text=True)
    with (tmp_path / "session").open("wb"):  # it is there, and waits for the rest
        process.send_signal(number)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 128 + number, said
    assert "Traceback" not in said
    assert [path.name for path in tmp_path.iterdir()] == ["session"]


def test_a_session_comes_through_a_pipe_with_a_name(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "session")
    process = subprocess.Popen([*PROGRAM, "summary", tmp_path / "session"], stdout=subprocess.PIPE, text=True)
    (tmp_path / "session").write_bytes(DEMO.read_bytes())
    said, _ = process.communicate(timeout=60)
    assert (process.returncode, said) == (0, run("summary", DEMO).stdout)
