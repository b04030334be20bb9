"""Files that are whole or not there, never written through a link or over a device."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from kellect_tui.errors import CannotWrite
from kellect_tui.export import output
from kellect_tui.export.output import check, end_at_line, growing, owner, whole


def test_a_file_appears_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("older")
    with whole(path) as out:
        out.file.write(b"newer")
        assert path.read_text() == "older"
    assert path.read_text() == "newer"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == ["a.jsonl"]  # noqa: PTH208  # hidden names too, and names only


@pytest.mark.parametrize(
    ("there", "left"),
    [(b"", b""), (b"cut", b""), (b"one\n", b"one\n"), (b"one\ntwo\ncu", b"one\ntwo\n"), (b"\n", b"\n"), (b"one\n" + b"x" * 20, b"one\n"), (b"x" * 20, b"")],
)
def test_a_last_line_that_was_cut_is_taken_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: bytes, left: bytes) -> None:
    monkeypatch.setattr(output, "_BLOCK", 4)
    (tmp_path / "a").write_bytes(there)
    end_at_line(tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == left


def test_a_last_line_of_what_is_not_there(tmp_path: Path) -> None:
    end_at_line(tmp_path / "a")
    assert list(tmp_path.iterdir()) == []


def test_a_file_given_up_does_not_appear(tmp_path: Path) -> None:
    with whole(tmp_path / "a.jsonl") as out:
        out.file.write(b"half")
        out.give_up()
    assert list(tmp_path.iterdir()) == []


def test_an_error_leaves_the_older_file(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("older")

    def fail() -> None:
        with whole(path) as out:
            out.file.write(b"half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert path.read_text() == "older"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("place", [whole, growing])
def test_a_link_is_not_followed(tmp_path: Path, place: object) -> None:
    target, link = tmp_path / "target", tmp_path / "link.jsonl"
    target.write_text("precious")
    link.symlink_to(target)
    with pytest.raises(CannotWrite, match="is a symbolic link"), place(link):  # type: ignore[operator]  # two context managers
        pass
    assert target.read_text() == "precious"
    assert link.is_symlink()


@pytest.mark.parametrize("place", [whole, growing])
def test_a_pipe_is_not_replaced(tmp_path: Path, place: object) -> None:
    fifo = tmp_path / "fifo.jsonl"
    os.mkfifo(fifo)
    with pytest.raises(CannotWrite, match="is a device, pipe or socket"), place(fifo):  # type: ignore[operator]  # two context managers
        pass
    assert fifo.is_fifo()


def test_devices_are_not_replaced() -> None:
    with pytest.raises(CannotWrite, match="/dev/null is a device, pipe or socket; give a file's name; `-o -` of record and export"):
        check(Path("/dev/null"))
    assert Path("/dev/null").is_char_device()


def test_a_name_with_nul_is_told(tmp_path: Path) -> None:
    with pytest.raises(CannotWrite, match="a file's name with a NUL in it cannot be written; choose another name"):
        check(tmp_path / "a\0b")


def test_places_that_cannot_be_written_say_why(tmp_path: Path) -> None:
    with pytest.raises(CannotWrite, match="is a directory; give a file's name"):
        check(tmp_path)
    with pytest.raises(CannotWrite, match="No such file or directory; make the directory first"):
        check(tmp_path / "none" / "a.jsonl")
    (tmp_path / "plain").touch()
    with pytest.raises(CannotWrite, match="Not a directory; a part of the path is a file"):
        check(tmp_path / "plain" / "a.jsonl")


@pytest.mark.parametrize("place", [whole, growing])
def test_a_place_that_cannot_even_be_looked_at_says_why(tmp_path: Path, place: object) -> None:
    (tmp_path / "loop").symlink_to("loop")
    for path, why in ((tmp_path / ("y" * 300), "File name too long; choose a shorter name"), (tmp_path / "loop" / "a", "Too many levels of symbolic links")):
        with pytest.raises(CannotWrite, match=why), place(path):  # type: ignore[operator]  # two context managers
            pass


def test_check_leaves_nothing_behind(tmp_path: Path) -> None:
    check(tmp_path / ("long" * 60 + ".jsonl"))
    assert list(tmp_path.iterdir()) == []


def test_a_growing_file_replaces_an_older_one_at_once(tmp_path: Path) -> None:
    path = tmp_path / "a.kellect"
    path.write_text("older")
    with growing(path) as file:
        file.write(b"new")
        file.flush()
        assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("euid", "uid", "gid", "who"),
    [(0, "1000", "1001", (1000, 1001)), (1000, "1000", "1001", None), (0, "", "", None), (0, "x", "1", None), (0, "-1", "1", None)],
)
def test_files_belong_to_who_typed_sudo(monkeypatch: pytest.MonkeyPatch, euid: int, uid: str, gid: str, who: tuple[int, int] | None) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: euid)
    monkeypatch.setenv("SUDO_UID", uid)
    monkeypatch.setenv("SUDO_GID", gid)
    assert owner() == who


def test_the_owner_is_set_before_anything_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[int, int, int]] = []
    monkeypatch.setattr(output, "owner", lambda: (1000, 1001))
    monkeypatch.setattr(os, "fchown", lambda fd, uid, gid: told.append((os.fstat(fd).st_size, uid, gid)))
    with whole(tmp_path / "a.jsonl") as out:
        out.file.write(b"x")
    assert told == [(0, 1000, 1001)]


def test_a_file_that_cannot_be_given_away_is_not_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: int) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(output, "owner", lambda: (1000, 1001))
    monkeypatch.setattr(os, "fchown", refuse)
    with pytest.raises(CannotWrite, match="Operation not permitted"):
        check(tmp_path / "a.jsonl")
    assert list(tmp_path.iterdir()) == []
