"""Writes the generated parts of README from the catalogue; with --check, fails when they are stale.

A part stands between `<!-- NAME -->` and `<!-- /NAME -->`.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from kellect_tui.listing import as_markdown

README = Path(__file__).parent.parent / "README.md"
PARTS = {"types": as_markdown}


def generated(text: str) -> str:
    """The text with every part made anew."""
    for name, make in PARTS.items():
        pattern = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
        if not pattern.search(text):
            raise SystemExit(f"{README.name} has no part {name}")
        text = pattern.sub(lambda match, make=make: match[1] + make() + "\n" + match[2], text)  # type: ignore[misc]  # the default binds the loop's value
    return text


def main() -> None:
    """Write, or check."""
    text = README.read_text()
    fresh = generated(text)
    if "--check" in sys.argv:
        if fresh != text:
            raise SystemExit("README.md is stale: run `make docs`")
    elif fresh != text:
        README.write_text(fresh)


if __name__ == "__main__":
    main()
