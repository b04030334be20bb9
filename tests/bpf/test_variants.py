"""The program as the kernel takes it: laid out as Python reads it, in every variant, and cheap to verify."""

from __future__ import annotations

import os
import re
import subprocess
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from kellect_tui.bpf import source as source_module
from kellect_tui.bpf.program import Program, layout_differences
from kellect_tui.bpf.source import LiveSource
from kellect_tui.bpf.table import DESCRIPTOR
from kellect_tui.events.options import CaptureOptions
from kellect_tui.events.record import RECORD
from kellect_tui.session.session import Session

pytestmark = pytest.mark.bpf
VERIFIER_LIMIT = 1_000_000  # include/linux/bpf.h, BPF_COMPLEXITY_LIMIT_INSNS


VARIANTS: dict[str, dict[str, Any]] = {
    "casts": {"typed": True}, "typed": {"typed": True, "casts": False}, "plain": {"typed": False}, "ordered": {"ordered": True},
}  # fmt: skip
"""Kernels from 6.2, from 5.11, and older ones; processors that reorder stores."""


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_variant_names_a_file_and_knows_its_facts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variant: str) -> None:
    monkeypatch.setattr(source_module, "Program", partial(Program, **VARIANTS[variant]))
    file = tmp_path.resolve() / "known"
    file.write_text("x" * 700)
    file.chmod(0o640)
    os.chown(file, 1234, 0)
    source, session = LiveSource(CaptureOptions(ring_bytes=1 << 20)), Session()
    with subprocess.Popen(["sh", "-c", 'read go; exec cat "$1"', "sh", file], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as process:
        source.watch_tree(process.pid)
        session.begin(source.start())
        process.communicate(b"go\n")
    batch = source.stop()
    assert batch is not None
    session.take(batch)
    events = [session.store.event(number) for number in range(session.store.first, session.store.end)]  # type: ignore[arg-type]  # ids are numbers
    said = {(event.event_type, event.arguments.get("path") or event.arguments.get("filename")): event.arguments for event in events}
    read = said["file.read", str(file)]
    assert (read["inode"], read["uid"], read["mode"], read["file_type"]) == (file.stat().st_ino, 1234, "0640", "regular")
    assert ("file.open", str(file)) in said
    assert ("file.close", str(file)) in said


@pytest.mark.parametrize("variant", VARIANTS)
def test_records_are_laid_out_in_c_as_python_reads_them(variant: str) -> None:
    program = Program(1 << 20, **VARIANTS[variant])
    try:
        assert layout_differences(program.layouts["ring"], RECORD) == []
        assert layout_differences(program.layouts["desc"], DESCRIPTOR) == []
        program.attach()
    finally:
        program.close()


def test_no_program_is_near_the_verifiers_limit() -> None:
    program = Program(1 << 20, log_level=4)
    program.close()
    steps = {name: int(found[1]) for name, log in program.logs.items() if (found := re.search(r"processed (\d+) insns", log))}
    assert steps.keys() == program.logs.keys()
    assert max(steps.values()) < VERIFIER_LIMIT // 4, steps
