"""What was kept is given back only from where root alone can have put it, and as it was."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kellect_tui.bpf import cache
from kellect_tui.bpf.compiled import Compiled
from kellect_tui.bpf.syscall import MapShape

NAME, DATA = cache.name_of([b"a"]), b"instructions"
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root keeps anything")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A directory with something kept in it."""
    made = tmp_path / "cache"
    assert cache.write(NAME, DATA, made)
    assert cache.read(NAME, made) == DATA
    return made


def replaced(path: Path, make: Callable[[Path], object]) -> None:
    path.unlink()
    make(path)


HOSTILE: dict[str, Callable[[Path], object]] = {
    "a group may enter": lambda place: place.chmod(0o750),
    "others may enter": lambda place: place.chmod(0o701),
    "anybody may write": lambda place: place.chmod(0o1777),
    "another's directory": lambda place: os.chown(place, 1000, 1000),
    "a link in its place": lambda place: place.symlink_to(place.rename(place.with_name("real"))),
    "a file in its place": lambda place: (place.rename(place.with_name("real")), place.write_bytes(DATA)),
    "another's file": lambda place: os.chown(place / NAME, 1000, 1000),
    "a file that a group may write": lambda place: (place / NAME).chmod(0o620),
    "a file that others may write": lambda place: (place / NAME).chmod(0o602),
    "a link to a file": lambda place: replaced(place / NAME, lambda path: path.symlink_to("/etc/hostname")),
    "a pipe that would hold us up": lambda place: replaced(place / NAME, os.mkfifo),
    "a directory instead of a file": lambda place: replaced(place / NAME, Path.mkdir),
    "more than could be": lambda place: os.truncate(place / NAME, 1 << 30),
    "nothing": lambda place: (place / NAME).unlink(),
}


@as_root
@pytest.mark.parametrize("hostile", HOSTILE)
def test_what_others_could_have_put_there_is_not_taken(place: Path, hostile: str) -> None:
    HOSTILE[hostile](place)
    assert cache.read(NAME, place) is None


@as_root
@pytest.mark.parametrize("hostile", list(HOSTILE)[:6])
def test_nothing_is_put_where_others_could_change_it(place: Path, hostile: str) -> None:
    HOSTILE[hostile](place)
    assert not cache.write(cache.name_of([b"b"]), DATA, place)


@as_root
def test_a_place_that_cannot_be_made_is_no_error(tmp_path: Path) -> None:
    assert not cache.write(NAME, DATA, tmp_path / "no" / "such")
    assert cache.read(NAME, tmp_path / "no" / "such") is None


@as_root
def test_only_the_newest_are_kept_and_nothing_else_is_touched(place: Path) -> None:
    (place / "other").touch()
    os.utime(place / NAME, ns=(0, 0))
    names = [cache.name_of([b"%d" % number]) for number in range(cache.KEPT)]
    for number, name in enumerate(names):
        cache.write(name, DATA, place)
        os.utime(place / name, ns=(number + 1, number + 1))
    cache.write(NAME, DATA, place)  # again: it is the newest now
    assert {entry.name for entry in place.iterdir()} == {"other", NAME, *names[1:]}
    assert [oct(entry.stat().st_mode & 0o777) for entry in place.iterdir() if entry.name != "other"] == ["0o600"] * cache.KEPT


def test_a_name_is_of_all_its_parts_and_of_where_they_end() -> None:
    names = [cache.name_of(parts) for parts in ([b"a", b"b"], [b"ab"], [b"ab", b""], [b"b", b"a"], [])]
    assert len(set(names)) == len(names)


def compiled() -> Compiled:
    load = b"\x18\x11\0\0\1\0\0\0" + bytes(8)  # r1 = map 1
    end = b"\x95" + bytes(7)
    layout = np.dtype({"names": ["a", "b"], "formats": ["<u8", ("<u8", (6,))], "offsets": [0, 16], "itemsize": 64})
    return Compiled({"one": load + end, "two": end}, {"x": MapShape(2, 4, 8, 1, 0), "y": MapShape(2, 4, 64, 9, 1024)}, {"y": layout}, {"ids": {"t": 7}})


def test_a_compiled_program_comes_back_from_its_bytes() -> None:
    assert Compiled.from_bytes(compiled().to_bytes()) == compiled()


def test_maps_are_put_where_instructions_name_them() -> None:
    code = compiled().bound("one", [77, 99])
    assert code["imm"].tolist() == [99, 0, 0]
    assert compiled().bound("two", [77, 99])["imm"].tolist() == [0]


@given(st.data())
def test_whatever_is_changed_in_the_bytes_is_noticed(data: st.DataObject) -> None:
    whole = compiled().to_bytes()
    at = data.draw(st.integers(0, len(whole) - 1))
    changed = data.draw(st.sampled_from([whole[:at], whole[:at] + bytes([whole[at] ^ 1 << at % 8]) + whole[at + 1 :], whole + b"\0"]))
    with pytest.raises(ValueError, match="not what was written"):
        Compiled.from_bytes(changed)


def test_bytes_of_another_version_are_no_program() -> None:
    import hashlib

    for text in (b"{}", b'{"programs": 1}', b"[]"):
        body = len(text).to_bytes(8, "little") + text
        with pytest.raises(ValueError, match="another version"):
            Compiled.from_bytes(hashlib.sha256(body).digest() + body)


@as_root
def test_what_a_killed_program_left_unfinished_goes_when_it_is_old(place: Path) -> None:
    now = time.time()
    ages = {"tmpold": cache.STALE_SECONDS + 60, "tmpnew": cache.STALE_SECONDS - 60, "tmpanother": 1e6, "other": 1e6, "tmpdirectory": 1e6}
    for name, age in ages.items():
        (place / name).mkdir() if name == "tmpdirectory" else (place / name).write_bytes(b"half")
        os.utime(place / name, (now - age, now - age))
    os.chown(place / "tmpanother", 1000, 1000)
    outside = place.with_name("outside")
    outside.write_bytes(DATA)
    os.utime(outside, (1, 1))
    (place / "tmplink").symlink_to(outside)
    os.utime(place / "tmplink", (1, 1), follow_symlinks=False)
    assert cache.read(NAME, place) == DATA
    assert {path.name for path in place.iterdir()} == {NAME, "tmpnew", "tmpanother", "tmplink", "other", "tmpdirectory"}
    assert outside.read_bytes() == DATA
