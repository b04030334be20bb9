"""A program from the cache is the compiled one; a file that cannot be trusted is compiled anew."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from kellect_tui.bpf import program as program_module
from kellect_tui.bpf.compiled import Compiled
from kellect_tui.bpf.compiler import compile_apart
from kellect_tui.bpf.program import Program
from kellect_tui.bpf.text import ROOT, kernel_text
from kellect_tui.errors import CannotTrace

pytestmark = pytest.mark.bpf
RING_BYTES = 1 << 20


def load(kept: Path, **options: object) -> tuple[bool, dict[str, bytes]]:
    """(whether it was kept, its instructions) of a program that was loaded and attached."""
    program = Program(RING_BYTES, kept=kept, **options)  # type: ignore[arg-type]  # the test's own
    try:
        program.attach()
        return program.was_kept, dict(program._made.programs)
    finally:
        program.close()


def test_the_second_start_compiles_nothing_and_is_the_same(tmp_path: Path) -> None:
    place = tmp_path / "kept"
    first, second = load(place), load(place)
    assert (first[0], second[0]) == (False, True)
    assert first[1] == second[1]


def test_another_source_is_not_taken_for_this_one(tmp_path: Path) -> None:
    place = tmp_path / "kept"
    load(place)
    assert not load(place, text=kernel_text() + "\n")[0]
    assert not load(place, typed=False)[0]


def test_a_damaged_file_is_made_anew(tmp_path: Path) -> None:
    place = tmp_path / "kept"
    whole = load(place)[1]
    (file,) = place.iterdir()
    data = bytearray(file.read_bytes())
    data[-9] ^= 4
    file.write_bytes(data)
    assert load(place) == (False, whole)
    assert load(place) == (True, whole)


def test_a_place_that_others_may_enter_is_not_used(tmp_path: Path) -> None:
    place = tmp_path / "kept"
    load(place)
    place.chmod(0o755)
    assert not load(place)[0]


def test_no_start_loads_bcc_into_the_monitor(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom pathlib import Path\nfrom kellect_tui.bpf.program import Program\n"
        "Program(1 << 20, kept=Path(sys.argv[1])).close()\nprint('bcc' in sys.modules)"
    )
    said = [subprocess.run([sys.executable, "-c", code, tmp_path / "kept"], check=True, capture_output=True, text=True).stdout.strip() for _start in range(2)]
    assert said == ["False", "False"]  # it compiles in a process of its own


def test_what_the_compiler_says_is_in_the_error_and_nowhere_else(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(CannotTrace) as caught:
        Program(4 << 20, text="int broken(\n", kept=None)
    assert "BCC could not build the probes" in caught.value.message
    assert "expected parameter declarator" in caught.value.message  # the first error of clang
    assert tuple(capfd.readouterr()) == ("", "")


def test_what_the_compiler_says_names_the_part_and_its_line() -> None:
    line = (ROOT.parent / "walk.h").read_text().splitlines().index("    r->event = PATHDEF;") + 1
    with pytest.raises(CannotTrace) as caught:
        Program(4 << 20, text=kernel_text().replace("    r->event = PATHDEF;", "    r->event PATHDEF;"), kept=None)
    assert f"walk.h:{line}:13: error: expected ';' after expression" in caught.value.message


def test_the_compiler_is_shown_no_symbols_and_nobody_else_is_touched() -> None:
    code = "from kellect_tui.bpf.compiler import hide_symbols\nhide_symbols()\nprint(len(open('/proc/kallsyms').read()))"
    mounts = Path("/proc/self/mountinfo").read_text()
    said = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert said == "0\n"
    assert Path("/proc/self/mountinfo").read_text() == mounts
    assert Path("/proc/kallsyms").read_text()


def test_programs_are_the_same_where_the_compiler_is_shown_the_symbols(monkeypatch: pytest.MonkeyPatch) -> None:
    jobs: list[tuple[Any, ...]] = []

    def noted(*job: Any) -> Compiled:
        jobs.append(job)
        return compile_apart(*job)

    monkeypatch.setattr(program_module, "compile_apart", noted)
    program = Program(RING_BYTES, kept=None)
    program.close()
    (job,) = jobs
    code = (
        "import json, sys\nfrom kellect_tui.bpf.compiled import compile_program\n"
        "sys.stdout.buffer.write(compile_program(*json.load(sys.stdin)).to_bytes())"
    )
    seen = subprocess.run([sys.executable, "-c", code], input=json.dumps(job).encode(), check=True, capture_output=True).stdout
    assert Compiled.from_bytes(seen) == program._made


def test_compiling_leaves_the_working_directory_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Program(4 << 20, kept=None).close()
    assert Path.cwd() == tmp_path
