"""Where the monitor stands, as /proc says it."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from kellect_tui import namespaces


@pytest.mark.parametrize(
    ("text", "offset_ns"),
    [
        ("monotonic           3         4\nboottime       100000         5\n", 100_000_000_000_005),
        ("monotonic           3         4\nboottime           -2 999999999\n", -1_000_000_001),
        ("1           3         4\n7           6         0\n", 6_000_000_000),
    ],
)
def test_the_boot_clocks_offset_is_read(tmp_path: Path, text: str, offset_ns: int) -> None:
    (tmp_path / "self").mkdir()
    (tmp_path / "self/timens_offsets").write_text(text)
    assert namespaces.boot_offset_ns(tmp_path) == offset_ns


def test_a_kernel_without_time_namespaces_has_none(tmp_path: Path) -> None:
    assert namespaces.boot_offset_ns(tmp_path) == 0


def test_the_clock_is_that_of_the_initial_time_namespace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(namespaces, "own_boot_offset_ns", lambda: 1_000)
    monkeypatch.setattr(time, "clock_gettime_ns", {time.CLOCK_BOOTTIME: 51_000}.__getitem__)
    assert namespaces.boot_ns() == 50_000


def test_numbers_are_those_of_events_in_the_initial_pid_namespace_only(tmp_path: Path) -> None:
    assert not namespaces.sees_all(tmp_path)
    (tmp_path / "self/ns").mkdir(parents=True)
    (tmp_path / "self/ns/pid").touch()
    assert not namespaces.sees_all(tmp_path)
