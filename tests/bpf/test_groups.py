"""The control group of a process is told whatever is captured of it, whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bpf.recording import Line, record

pytestmark = pytest.mark.bpf
DEEP = 70

ENTERS = """
import os, sys
for group in sys.argv[1:]:
    if not os.fork():
        with open(group + "/cgroup.procs", "w") as procs:
            procs.write("0")
        os._exit(7)
    os.wait()
"""


def mounted() -> Path | None:
    """Where cgroup v2 is."""
    mounts = (line.split() for line in Path("/proc/mounts").read_text().splitlines())
    return next((Path(words[1]) for words in mounts if words[2] == "cgroup2"), None)


@pytest.fixture
def group() -> Iterator[tuple[Path, Path]]:
    """(where the hierarchy is, a new group in it)."""
    root = mounted()
    if root is None:
        pytest.skip("no cgroup v2 here")
    top = root / f"kellect-test-{os.getpid()}"
    top.mkdir()
    yield root, top
    for directory in sorted((path for path in top.rglob("*") if path.is_dir()), reverse=True):
        directory.rmdir()
    top.rmdir()


def ends(out: Path, types: str, *groups: Path) -> tuple[list[Line], Line]:
    """(the exits of a process in each of these groups, monitor.stop)."""
    events, done = record(out, "-e", types, command=["/usr/bin/python3", "-c", ENTERS, *groups])
    assert done.returncode == 0, done.stderr
    return [line for line in events if line["event_type"] == "process.exit" and line["arguments"]["exit_code"] == 7], events[-1]


@pytest.mark.parametrize("types", ["process.exit", "process.fork,process.exit", "process,file"])
def test_a_group_in_which_nothing_is_recorded_but_an_end(tmp_path: Path, group: tuple[Path, Path], types: str) -> None:
    root, top = group
    (top / "new").mkdir()
    told, stop = ends(tmp_path / "o.jsonl", types, top, top / "new")
    names = [f"/{path.relative_to(root)}" for path in (top, top / "new")]
    assert [(line["cgroup"], line.get("incomplete")) for line in told] == [(name, None) for name in names]
    assert stop["arguments"]["incomplete"] == 0


def test_a_group_too_deep_to_be_walked_is_not_told_as_if_it_began_below(tmp_path: Path, group: tuple[Path, Path]) -> None:
    _root, top = group
    deep = top.joinpath(*(f"d{number:02}" for number in range(DEEP)))
    deep.mkdir(parents=True)
    told, stop = ends(tmp_path / "o.jsonl", "process.exit", deep)
    assert [(line["cgroup"], line["incomplete"]) for line in told] == [(None, ["cgroup:unreadable"])]
    assert stop["arguments"]["incomplete"] == 1
