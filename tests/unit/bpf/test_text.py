"""The kernel program is one text of its parts, each line of which says where it stands."""

from __future__ import annotations

from pathlib import Path

from kellect_tui.bpf.text import ROOT, kernel_text


def test_parts_stand_where_they_are_included_and_say_so(tmp_path: Path) -> None:
    root = tmp_path / "root.bpf.c"
    root.write_text('// first\n#include "one.h"\n#include "two.bpf.c"\n// last\n')
    (tmp_path / "one.h").write_text("int one;\n")
    (tmp_path / "two.bpf.c").write_text("int two;\nint more;\n")
    assert kernel_text(root).splitlines() == [
        '#line 1 "root.bpf.c"', "// first",
        '#line 1 "one.h"', "int one;", '#line 3 "root.bpf.c"',
        '#line 1 "two.bpf.c"', "int two;", "int more;", '#line 4 "root.bpf.c"',
        "// last",
    ]  # fmt: skip


def test_every_part_is_in_the_program_once() -> None:
    files = {path.name for path in ROOT.parent.iterdir()}
    lines = kernel_text().splitlines()
    assert {name: lines.count(f'#line 1 "{name}"') for name in files} == dict.fromkeys(files, 1)
