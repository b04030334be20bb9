"""The kernel program's source: `kernel/kellect.bpf.c` with its parts in the place of its includes.

The compiler cannot include them itself: BCC rewrites functions and accesses to maps in the main file only.
"""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parent / "kernel" / "kellect.bpf.c"

_INCLUDE = re.compile(r'#include "(.+)"')


def kernel_text(root: Path = ROOT) -> str:
    """The whole of it. `#line` says of every line where it stands, so that the compiler's messages name the part and its line."""
    lines = [_stands(root.name, 1)]
    for number, line in enumerate(root.read_text().splitlines(), 1):
        if found := _INCLUDE.fullmatch(line):
            lines += [_stands(found[1], 1), *root.with_name(found[1]).read_text().splitlines(), _stands(root.name, number + 1)]
        else:
            lines.append(line)
    return "\n".join(lines) + "\n"


def _stands(name: str, number: int) -> str:
    return f'#line {number} "{name}"'
