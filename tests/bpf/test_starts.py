"""What is recorded from the start on: nothing older than it says it is, and every process, whatever its number will be."""

from __future__ import annotations

import os
import subprocess
from functools import partial
from pathlib import Path

import pytest

from kellect_tui.bpf import source as source_module
from kellect_tui.bpf.program import Program
from kellect_tui.bpf.source import LiveSource
from kellect_tui.events.batch import Batch
from kellect_tui.events.catalogue import BY_NAME, EXIT
from kellect_tui.events.options import CaptureOptions
from kellect_tui.events.record import Flag

pytestmark = pytest.mark.bpf


def test_no_event_is_older_than_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    attach = Program.attach

    def attached(program: Program) -> None:
        attach(program)
        Path("/before").exists()

    monkeypatch.setattr(Program, "attach", attached)
    source = LiveSource(CaptureOptions(ring_bytes=1 << 20, include_self=True))
    begun = source.start()
    Path("/after").exists()
    batch = source.stop()
    assert batch is not None
    records = batch.records[(batch.records["flags"] & int(Flag.HIDDEN)) == 0]
    assert (records["time"] >= begun.started_ns).all()
    own = records[(records["pid"] == os.getpid()) & (records["event"] == BY_NAME["file.stat"].id)]
    names = [batch.payload[int(at) : int(at) + int(length)].tobytes() for at, length in zip(own["payload_at"], own["payload_len"], strict=True)]
    assert any(b"/after\0" in name for name in names)
    assert not any(b"/before\0" in name for name in names)


def ended(batch: Batch | None) -> set[int]:
    """Pids of the exits in it."""
    if batch is None:
        return set()
    shown = (batch.records["event"] == EXIT) & (batch.records["flags"] & int(Flag.HIDDEN) == 0)
    return set(batch.records["pid"][shown].tolist())


def test_a_process_whose_number_is_beyond_the_greatest_of_the_start_is_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    read = Path.read_text
    monkeypatch.setattr(Path, "read_text", lambda path, *rest: "301\n" if str(path) == "/proc/sys/kernel/pid_max" else read(path, *rest))
    monkeypatch.setattr(source_module, "Program", partial(Program, kept=None))
    source = LiveSource(CaptureOptions(ring_bytes=4 << 20, events=frozenset({"process.exit"}), include_self=True))
    source.start()
    number, ends = 0, set[int]()
    while number <= 8192:  # as sysctl kernel.pid_max=… allows it later
        with subprocess.Popen(["true"]) as child:
            number = child.pid
        ends |= ended(source.read())
    while (batch := source.read()) is not None:
        ends |= ended(batch)
    assert number in ends | ended(source.stop())
