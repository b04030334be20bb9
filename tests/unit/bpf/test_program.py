"""What needs no kernel: shapes, layouts, and the words of a comm filter."""

from __future__ import annotations

import ctypes as ct
from pathlib import Path

import numpy as np

from kellect_tui.bpf.compiled import dtype_of
from kellect_tui.bpf.program import CHUNK_BYTES, _has_jit, layout_differences, ring_shape
from kellect_tui.bpf.source import comm_words
from kellect_tui.events.record import RECORD


def test_the_rings_stay_within_their_budget() -> None:
    for cpus, budget in ((2, 64 << 20), (64, 1 << 30), (8, 16 << 20)):
        slots, chunks = ring_shape(budget, cpus)
        assert slots & (slots - 1) == 0
        assert chunks & (chunks - 1) == 0
        assert cpus * (slots * RECORD.itemsize + chunks * CHUNK_BYTES) <= budget


def test_a_tiny_budget_still_gives_rings() -> None:
    assert ring_shape(1, 128) == (1024, 2)


def test_kernel_functions_are_called_only_where_programs_are_compiled_by_the_kernel(tmp_path: Path) -> None:
    setting = tmp_path / "bpf_jit_enable"
    said = {}
    for value in ("0\n", "1\n", "2\n"):
        setting.write_text(value)
        said[value] = _has_jit(setting)
    assert said == {"0\n": False, "1\n": True, "2\n": True}
    assert _has_jit(tmp_path / "not shown")


class Compiled(ct.Structure):
    _fields_ = [("a", ct.c_uint32), ("b", ct.c_uint64)]


def test_a_layout_that_differs_is_named_field_by_field() -> None:
    same = np.dtype({"names": ["a", "b"], "formats": ["<u4", "<u8"], "offsets": [0, 8], "itemsize": 16})
    packed = np.dtype([("a", "<u4"), ("b", "<u8")])
    assert dtype_of(Compiled) == same
    assert layout_differences(dtype_of(Compiled), same) == []
    assert layout_differences(dtype_of(Compiled), packed) == ["b: (8, 8) in C, (4, 8) in Python", "size: 16 in C, 12 in Python"]


def _matches(comm: str, task: bytes) -> bool:
    value, mask = comm_words(comm)
    words = np.frombuffer(task.ljust(16, b"\0"), np.uint64).tolist()
    return all((have ^ want) & bits == 0 for have, want, bits in zip(words, value, mask, strict=True))


def test_comm_is_compared_whole_or_by_prefix_and_never_behind_its_nul() -> None:
    assert _matches("sh", b"sh\0hon3")
    assert not _matches("sh", b"ssh")
    assert not _matches("sh", b"sh2")
    assert _matches("nginx*", b"nginx: worker")
    assert not _matches("nginx*", b"ngin")
    assert _matches("a-very-long-program-name", b"a-very-long-pro\0")
    assert _matches("*", b"anything")
