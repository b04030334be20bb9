"""Texts behind path keys: what the walker sends, as EVENTS.md writes it."""

from __future__ import annotations

import pytest

from kellect_tui.bpf import paths
from kellect_tui.bpf.paths import PathTable, group_text, path_text

EXT4 = 0xEF53


@pytest.mark.parametrize(
    ("names", "magic", "inode", "bits", "text"),
    [
        (b"passwd\0etc\0", EXT4, 7, 0, b"/etc/passwd"),
        (b"", EXT4, 2, 0, b"/"),
        (b"gone\0tmp\0", EXT4, 7, paths.UNLINKED, b"/tmp/gone (deleted)"),
        (b"x\0y\0", EXT4, 7, paths.UNREACHABLE, b"(unreachable)/y/x"),
        (b"a\nb\xff\0tmp\0", EXT4, 7, 0, b"/tmp/a\nb\xff"),
        (b"\0", paths.PIPEFS, 123, paths.PSEUDO, b"pipe:[123]"),
        (b"TCP\0", paths.SOCKFS, 99, paths.PSEUDO, b"socket:[99]"),
        (b"[eventfd]\0", paths.ANON_INODE_FS, 5, paths.PSEUDO, b"anon_inode:[eventfd]"),
        (b"net\0", paths.NSFS, 4026531840, paths.PSEUDO, b"net:[4026531840]"),
        (b"memfd:n\0", 0x01021994, 3, paths.PSEUDO, b"/memfd:n (deleted)"),
        (b"half\0", EXT4, 7, paths.CUT, None),
    ],
)
def test_path_text(names: bytes, magic: int, inode: int, bits: int, text: bytes | None) -> None:
    assert path_text(names, magic, inode, bits) == text


def test_group_text_of_the_root_and_below() -> None:
    assert group_text(b"") == b"/"
    assert group_text(b"ssh.service\0system.slice\0") == b"/system.slice/ssh.service"


def test_a_full_table_keeps_the_newer_half_and_asks_for_a_new_generation() -> None:
    table = PathTable(limit=3)
    assert [table.take(key, b"%d" % key) for key in (1, 2, 3)] == [False, False, True]
    assert {key: table[key] for key in table} == {1: b"1", 2: b"2", 3: b"3"}
    assert [table.take(key, b"%d" % key) for key in (4, 5, 6)] == [False, False, True]
    assert table.get(1) is None
    assert table.get(1, b"?") == b"?"
    assert sorted(table) == [4, 5, 6]
    assert len(table) == 3


def test_bytes_bound_the_table_too() -> None:
    table = PathTable(keep_bytes=20_000)
    turned = [table.take(key, b"p" * 4095) for key in range(1, 10)]
    assert turned == [False, False, True] * 3
    assert sorted(table) == [7, 8, 9]
