"""What does not fit into one turn of a loop in the kernel goes on in the next: long argument lists, deep directories."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from kellect_tui.bpf import source as source_module
from kellect_tui.bpf.program import Program
from kellect_tui.bpf.source import LiveSource
from kellect_tui.bpf.text import kernel_text
from kellect_tui.events.options import CaptureOptions
from kellect_tui.session.session import Session
from tests.bpf.recording import record

pytestmark = pytest.mark.bpf


COUNTS = (1, 255, 256, 257, 511, 512, 513, 700)
DEPTHS = (159, 160, 161, 1980)


def test_the_arguments_of_a_program_that_is_not_there(tmp_path: Path) -> None:
    code = "import os, sys\nfor count in map(int, sys.argv[1:]):\n try:\n  os.execv('/no/such', ['a%d' % n for n in range(count)])\n except OSError: pass"
    events, _done = record(tmp_path / "o.jsonl", "-e", "process.exec", command=[sys.executable, "-c", code, *map(str, COUNTS)])
    failed = [line for line in events if line["event_type"] == "process.exec" and line["error"] == "ENOENT"]
    assert [line["arguments"]["argv"] for line in failed] == [[f"a{number}" for number in range(count)] for count in COUNTS]
    assert not any("incomplete" in line for line in failed)


@pytest.fixture
def deep_place() -> Iterator[Path]:
    """A directory of its own, taken away by a program that goes down without recursion: pytest's own way does not."""
    place = Path(tempfile.mkdtemp()).resolve()
    yield place
    subprocess.run(["rm", "-rf", place], check=True)


def test_files_below_many_directories(tmp_path: Path, deep_place: Path) -> None:
    """Both directories of a rename, and a file that is made: walks of so many names each."""
    code = (
        "import os, sys\n"
        "for depth in map(int, sys.argv[2:]):\n"
        " a, b = (os.open(sys.argv[1] + ('/' + name) * depth, os.O_RDONLY) for name in 'xy')\n"
        " os.close(os.open('f', os.O_WRONLY | os.O_CREAT, dir_fd=a))\n"
        " os.rename('f', 'g', src_dir_fd=a, dst_dir_fd=b)\n"
    )
    for name in "xy":
        place = os.open(deep_place, os.O_RDONLY)
        for directory in [name] * max(DEPTHS):
            os.mkdir(directory, dir_fd=place)
            below = os.open(directory, os.O_RDONLY, dir_fd=place)
            os.close(place)
            place = below
        os.close(place)
    command = [sys.executable, "-c", code, str(deep_place), *map(str, DEPTHS)]
    events, _done = record(tmp_path / "o.jsonl", "-e", "file.create,file.rename", command=command)
    made = [line for line in events if line["event_type"] == "file.create" and line["arguments"]["filename"] == "f"]
    renamed = [line for line in events if line["event_type"] == "file.rename" and line["arguments"]["oldname"] == "f"]
    old, new = ([str(deep_place) + f"/{name}" * depth for depth in DEPTHS] for name in "xy")
    assert [line["arguments"]["path"] for line in made] == [f"{place}/f" for place in old]
    assert [line["arguments"]["oldpath"] for line in renamed] == [f"{place}/f" for place in old]
    assert [line["arguments"]["newpath"] for line in renamed] == [f"{place}/g" for place in new]
    assert not any("incomplete" in line for line in (*made, *renamed))


def test_what_the_kernel_makes_no_turn_for_is_marked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A link from one deep directory to another, four names a turn: more turns than the kernel allows tail calls."""
    text = kernel_text().replace("#define COMPONENTS 160", "#define COMPONENTS 4").replace("#define WALK_TURNS 14", "#define WALK_TURNS 40")
    monkeypatch.setattr(source_module, "Program", partial(Program, text=text, kept=None))
    shallow, deep = tmp_path.resolve() / "shallow", tmp_path.resolve().joinpath("deep", *"d" * 90)
    for place in (shallow, deep, deep / "e"):
        place.mkdir(parents=True)
        (place / "f").touch()
    code = (
        "import os, sys\n"
        "sys.stdin.readline()\n"
        "for place, name in ((sys.argv[1], 'g'), (sys.argv[2], 'e/g')):\n"
        " a, b = os.open(place, os.O_RDONLY), os.open(place + '/' + os.path.dirname(name), os.O_RDONLY)\n"
        " os.link('f', 'g', src_dir_fd=a, dst_dir_fd=b)\n"
    )
    source, session = LiveSource(CaptureOptions(events=frozenset({"file.link"}), ring_bytes=1 << 20)), Session()
    with subprocess.Popen([sys.executable, "-c", code, shallow, deep], stdin=subprocess.PIPE, text=True) as process:
        source.watch_tree(process.pid)
        session.begin(source.start())
        process.communicate("go\n")
    batch = source.stop()
    assert batch is not None
    session.take(batch)
    events = [session.store.event(number) for number in range(session.store.first, session.store.end)]  # type: ignore[arg-type]  # ids are numbers
    whole, cut = (event for event in events if event.event_type == "file.link")
    assert (whole.arguments["oldpath"], whole.arguments["newpath"], list(whole.incomplete)) == (f"{shallow}/f", f"{shallow}/g", [])
    names = ("oldname", "oldpath", "newname", "newpath")
    assert [cut.arguments[name] for name in names] == [None] * 4
    assert sorted(cut.incomplete) == sorted(f"{name}:unreadable" for name in names)
