"""However a capture ends, or fails to begin: nothing of it stays in the kernel or in this process."""

from __future__ import annotations

import gc
import signal
import subprocess
from pathlib import Path

import pytest

from kellect_tui.bpf.program import Program
from kellect_tui.bpf.ring import Reader
from kellect_tui.bpf.source import LiveSource
from kellect_tui.capture import Capture, State
from kellect_tui.errors import BadOption, CannotTrace
from kellect_tui.events.options import CaptureOptions
from kellect_tui.session.file import open_session
from kellect_tui.session.session import Session
from tests.bpf.recording import PROGRAM

pytestmark = pytest.mark.bpf
OPTIONS = CaptureOptions(ring_bytes=1 << 20)


def held() -> list[str]:
    """What this process has open of the kernel's programs, and as which maps it has mapped."""
    gc.collect()
    fds = [str(path.readlink()) for path in Path("/proc/self/fd").iterdir() if path.is_symlink()]
    maps = Path("/proc/self/maps").read_text().splitlines()
    return [fd for fd in fds if "bpf" in fd] + [line for line in maps if "anon_inode:bpf" in line]


def refuse(*_arguments: object, **_options: object) -> None:
    raise CannotTrace("the kernel refused it", "try something else")


def test_nothing_stays_open_of_a_capture_that_was_ended() -> None:
    for _ in range(3):
        source = LiveSource(OPTIONS)
        source.start()
        assert len(held()) > 20
        source.read()
        source.stop()
        assert held() == []
        source.set_events({"file.open"})  # another thread may come late
        assert source.stop() is None


def test_a_batch_outlives_its_capture() -> None:
    source = LiveSource(CaptureOptions(ring_bytes=1 << 20, include_self=True))
    source.start()
    Path("/etc/hostname").read_bytes()
    batch = source.stop()
    assert batch is not None
    assert len(batch.payload.tobytes()) > 0
    del batch
    assert held() == []


def test_a_start_that_fails_half_way_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    for what in ("attach", "_map"):
        with monkeypatch.context() as patch:
            patch.setattr(Program, what, refuse)
            capture = Capture(LiveSource(OPTIONS), Session(), seeds=list)
            with pytest.raises(CannotTrace, match="the kernel refused it"):
                capture.start()
        capture.join()
        assert (capture.state, held()) == (State.FAILED, [])


def test_probes_that_were_only_prepared_are_let_go_of() -> None:
    source = LiveSource(OPTIONS)
    source.prepare()
    assert source.stop() is None
    assert held() == []
    source = LiveSource(CaptureOptions(pids=(1 << 22,), ring_bytes=1 << 20))
    source.prepare()
    capture = Capture(source, Session(), seeds=list)
    with pytest.raises(BadOption):
        capture.start()
    capture.join()
    assert held() == []


def test_a_last_read_that_fails_is_told_and_frees_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    source = LiveSource(OPTIONS)
    session = Session()
    capture = Capture(source, session, seeds=list)
    capture.start()
    monkeypatch.setattr(Reader, "read", refuse)
    capture.stop()
    assert capture.state is State.FAILED
    assert capture.error is not None
    assert capture.error.message == "the kernel refused it"
    assert not session.live
    assert session.totals.stopped_ns > 0
    assert held() == []


def test_types_that_are_chosen_before_the_start_are_those_recorded() -> None:
    source = LiveSource(OPTIONS)
    source.set_events({"file.truncate"})
    source.start()
    assert source.program is not None
    assert int(source.program.cfg["events"][0]).bit_count() == 1
    source.stop()


def test_who_asks_again_while_a_recording_ends_changes_nothing(tmp_path: Path) -> None:
    out = tmp_path / "a.kellect"
    process = subprocess.Popen([*PROGRAM, "record", "-o", out], stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    assert process.stderr.readline().startswith("recording")
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        process.send_signal(number)
    _, said = process.communicate(timeout=60)
    assert (process.returncode, said.endswith(f"written to {out}\n")) == (0, True), said
    assert not open_session(out).cut_short
