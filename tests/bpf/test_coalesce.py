"""`--coalesce` on a real copy: far fewer events, and the same totals."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bpf.recording import record

pytestmark = pytest.mark.bpf
BYTES = 20_011


def test_a_copy_byte_by_byte(tmp_path: Path) -> None:
    source, target, out = tmp_path / "source", tmp_path / "target", tmp_path / "o.jsonl"
    source.write_bytes(bytes(BYTES))
    command = ["dd", f"if={source}", f"of={target}", "bs=1", "status=none"]
    events, _done = record(out, "--coalesce", "--ring-size", "128M", "-e", "file.read,file.write", command=command)
    stop = events[-1]["arguments"]
    assert events[0]["arguments"]["options"]["coalesce"] is True
    for kind, path, calls in (("file.read", source, BYTES + 1), ("file.write", target, BYTES)):  # the last read returns 0
        ours = [line for line in events if line["event_type"] == kind and line["arguments"]["filename"] == str(path)]
        assert sum(line["arguments"]["calls"] or 1 for line in ours) == calls
        assert sum(line["result"] for line in ours) == BYTES
        assert len(ours) < calls // 2
        for line in ours:
            said = line["arguments"]
            if said["calls"] is not None:
                assert (said["bytes"], said["total_ns"]) == (line["result"], line["duration_ns"])
                assert said["span_ns"] >= said["total_ns"]
    folded = sum(line["arguments"]["calls"] - 1 for line in events if line["arguments"].get("calls"))
    assert (stop["lost"], stop["coalesced"]) == (0, folded)
    assert stop["captured"] == len(events) - 2
