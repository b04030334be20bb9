"""The tree and the trace of real processes: forks, threads, vforks, execs from threads, orphans, numbers used again."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from kellect_tui.session.chunk import Row
from kellect_tui.session.file import open_session
from tests.bpf.recording import PROGRAM
from tests.unit.export.graph_language import read
from tests.unit.export.test_process_tree import flat, said, told
from tests.unit.export.trace_rules import faults

pytestmark = pytest.mark.bpf


@pytest.fixture(scope="module")
def family(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recording of a program that makes processes in every way."""
    place = tmp_path_factory.mktemp("family")
    program, out = place / "family", place / "out.kellect"
    subprocess.run(["gcc", "-O1", "-static", "-pthread", "-o", program, Path(__file__).parent / "tree/family.c"], check=True)
    subprocess.run([*PROGRAM, "record", "--summary", "none", "-o", out, "--", program, place / "truth", "400"], check=True, timeout=120, capture_output=True)
    return out


def exported(session: Path, name: str) -> Path:
    out = session.parent / name
    subprocess.run([*PROGRAM, "export", session, "-o", out], check=True, timeout=120, capture_output=True)
    return out


def test_the_trace_keeps_the_rules_and_has_every_call(family: Path) -> None:
    rows: list[dict[str, Any]] = json.loads(exported(family, "out.trace.json").read_text())
    assert faults(rows) == []
    session = open_session(family)
    events = [chunk.event_at(Row(row)) for chunk in session.store.chunks for row in range(chunk.count)]
    assert sum(row["ph"] == "X" for row in rows) == sum(event.duration_ns is not None for event in events)
    begun = {row["pid"] for row in rows if row["ph"] == "B"}
    assert len(begun) == len([process for process in session.processes.all() if process.birth == "forked" or process.executed])
    # Every fork is an arrow, but that of a process whose parent was gone before its call returned.
    forks = sum(event.event_type == "process.fork" and not event.arguments["thread"] for event in events)
    assert forks * 0.9 < sum(row["ph"] == "s" for row in rows) <= forks


def test_the_nested_tree_is_the_model(family: Path) -> None:
    session = open_session(family)
    nodes = flat(json.loads(exported(family, "out.tree.json").read_text())["processes"])
    assert sorted((said(parent, node) for parent, node in nodes), key=str) == sorted(map(told, session.processes.all()), key=str)
    threads = sum(len(process.ended_threads) + len(process.threads) + (process.leader is not None) for process in session.processes.all())
    assert sum(len(node["threads"]) for _, node in nodes) == threads > 0


def test_the_graph_is_the_model(family: Path) -> None:
    graph = read(exported(family, "out.dot").read_text())
    processes = open_session(family).processes.all()
    assert set(graph.nodes) == {f"p{process.number}" for process in processes}
    assert len(graph.edges) == sum(process.forked_by is not None for process in processes)


@pytest.mark.parametrize("name", ["x.trace.json", "x.tree.json", "x.dot"])
def test_record_writes_them_too(tmp_path: Path, name: str) -> None:
    words = [*PROGRAM, "record", "-o", str(tmp_path / name), "--", "sh", "-c", "/bin/true; exit 3"]
    done = subprocess.run(words, check=False, timeout=60, capture_output=True, text=True)
    assert done.returncode == 3, done.stderr
    text = (tmp_path / name).read_text()
    if name == "x.dot":
        assert any(lines[0] == "/bin/true" for lines in read(text).nodes.values())
    elif name == "x.tree.json":
        (command,) = [node for _, node in flat(json.loads(text)["processes"]) if node["argv"][-1:] == ["/bin/true; exit 3"] and node["comm"] == "sh"]
        assert (command["ended"]["status"], [child["comm"] for child in command["children"]]) == (3, ["true"])
    else:
        rows = json.loads(text)
        assert faults(rows) == []
        assert {row["args"]["name"] for row in rows if row["name"] == "process_name"} == {"sh", "true"}
