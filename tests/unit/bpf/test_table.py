"""The catalogue as the kernel program reads it."""

from __future__ import annotations

from kellect_tui.bpf import table
from kellect_tui.bpf.table import descriptors
from kellect_tui.events.catalogue import BY_NAME, CREATES, calls
from kellect_tui.events.record import Section
from kellect_tui.events.syscalls import AARCH64, X86_64


def test_every_call_of_the_catalogue_has_its_descriptor() -> None:
    rows = descriptors(X86_64)
    described = {(name, int(event)) for name, number in X86_64.items() for event in (rows[number]["event"], rows[number]["other"]) if event}
    assert described == {(call.name, row.id) for row, call in calls()}


def test_numbers_outside_the_catalogue_are_no_events() -> None:
    rows = descriptors(X86_64)
    known = {X86_64[call.name] for _row, call in calls()}
    assert all(rows[number]["event"] == 0 and rows[number]["other"] == 0 for number in range(table.SIZE) if number not in known)


def test_a_call_with_a_condition_names_both_types() -> None:
    row = descriptors(X86_64)[X86_64["openat"]]
    assert (row["event"], row["other"]) == (BY_NAME["file.create"].id, BY_NAME["file.open"].id)
    assert (row["condition"], row["condition_reg"], row["condition_value"]) == (1, 2, CREATES)
    fcntl = descriptors(X86_64)[X86_64["fcntl"]]
    assert (fcntl["condition"], fcntl["condition_value"], fcntl["other"]) == (2, 0 | 1030 << 32, 0)


def test_what_is_lost_first_says_so_with_its_family() -> None:
    rows = descriptors(X86_64)
    openat, read, connect = (rows[X86_64[name]] for name in ("openat", "read", "connect"))
    assert (openat["family"], openat["other_family"]) == (0, 0 | table.ROUTINE)  # file.create, file.open
    assert (read["family"], connect["family"]) == (0 | table.ROUTINE, 2)


def test_sections_come_strings_first() -> None:
    row = descriptors(X86_64)[X86_64["renameat2"]]
    assert row["kind"].tolist()[: row["sections"]] == [Section.STRING, Section.STRING]
    assert row["reg"].tolist()[: row["sections"]] == [1, 3]
    assert (row["name"], row["name2"], row["base"], row["base2"]) == (1, 3, 0, 2)


def test_pointers_to_strings_are_not_recorded() -> None:
    assert descriptors(X86_64)[X86_64["openat"]]["registers"] == 0b1101


def test_a_machine_without_a_call_simply_lacks_it() -> None:
    rows = descriptors(AARCH64)
    assert "open" not in AARCH64
    assert rows[AARCH64["openat"]]["event"] == BY_NAME["file.create"].id


def test_calls_that_move_or_remove_directories_mounts_and_roots_have_all_paths_told_anew() -> None:
    rows = descriptors(X86_64)
    moving = {name for name, number in X86_64.items() if rows[number]["flags"] & table.MOVES}
    calls = "rename renameat renameat2 rmdir unlinkat mount umount2 move_mount open_tree open_tree_attr fsmount pivot_root chroot unshare setns"
    assert moving == set(calls.split())
    assert [name for name in moving if rows[X86_64[name]]["condition"]] == ["unlinkat"]
