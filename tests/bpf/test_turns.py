"""What does not fit into one turn of a loop in the kernel goes on in the next: long argument lists, deep directories."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

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
