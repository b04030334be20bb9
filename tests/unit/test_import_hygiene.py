"""What each layer does not load: the screen works where BCC is not installed, `--help` is quick."""

from __future__ import annotations

import subprocess
import sys

import pytest


def loaded_by(statement: str) -> set[str]:
    """Names of all modules that a fresh interpreter has after the statement."""
    code = f"import sys\n{statement}\nprint('\\n'.join(sys.modules))"
    return set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())


@pytest.mark.parametrize(
    ("statement", "absent"),
    [
        ("import kellect_tui.session.session, kellect_tui.session.file, kellect_tui.session.filter", {"textual", "bcc", "kellect_tui.bpf", "kellect_tui.tui"}),
        (  # the live screen starts without them
            "import kellect_tui.tui.app, kellect_tui.bpf.source, kellect_tui.capture",
            {"bcc", "pyarrow", "lark", "psutil", "kellect_tui.export"},
        ),
        ("import kellect_tui.tui.app", {"kellect_tui.bpf"}),
        ("import kellect_tui.export, kellect_tui.capture", {"bcc", "textual", "kellect_tui.bpf"}),
        ("import kellect_tui.bpf.source", {"textual", "kellect_tui.session"}),
        ("import kellect_tui.events.catalogue, kellect_tui.events.arguments", {"textual", "bcc", "pyarrow", "kellect_tui.session", "kellect_tui.bpf"}),
        ("import kellect_tui.cli", {"textual", "pyarrow", "bcc", "kellect_tui.session", "kellect_tui.tui", "kellect_tui.bpf"}),
    ],
)
def test_a_layer_loads_nothing_above_or_beside_it(statement: str, absent: set[str]) -> None:
    assert loaded_by(statement) & absent == set()


@pytest.mark.parametrize("format", ["session", "jsonl"])
def test_what_writes_a_recording_is_loaded_before_the_capture_begins(format: str) -> None:
    """Else the thread that reads the rings would load it, and lose what comes meanwhile."""
    ready = f"import io, kellect_tui.recording as r, tests.synthetic as t; s = t.session_of(t.mixed(100)); k = r._Later(io.BytesIO(), {format!r}, 'x')"
    before, after = loaded_by(ready), loaded_by(f"{ready}; k.update(s); k.finish(s)")
    assert {name for name in after - before if name.startswith(("kellect_tui", "pyarrow"))} == set()
