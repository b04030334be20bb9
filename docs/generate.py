"""Writes the generated parts of README and docs from the catalogue and from what benchmarks measured; with --check, fails when they are stale.

A part stands between `<!-- NAME -->` and `<!-- /NAME -->`.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from kellect_tui.listing import as_markdown

HERE = Path(__file__).parent
BENCHMARKS = HERE.parent / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))

from goals import Result, of_json  # noqa: E402  # found by the line above


@cache
def _document() -> Any:
    return json.loads((BENCHMARKS / "results.json").read_text())


def results(*names: str) -> list[Result]:
    """What was measured by these parts of `make bench`, or by all."""
    return [of_json(json.dumps(row)) for name, rows in _document()["parts"].items() if not names or name in names for row in rows]


def costs() -> str:
    """README's table: what has a goal."""
    rows = [f"On {_document()['machine']}:", "", "| what | measured | goal | | command |", "|---|---|---|---|---|"]
    for result in results():
        if result.goal is not None:
            lost = f"; {result.failed}" if result.failed else ""
            rows.append(f"| {result.what} | {result.measured}{lost} | {result.wanted} | {result.verdict} | `{result.command}` |")
    return "\n".join(rows)


def everything() -> str:
    """docs/performance.md's table: all that was measured."""
    rows = [f"On {_document()['machine']}:", "", "| what | median (least–most) | besides | command |", "|---|---|---|---|"]
    for result in results():
        behind = "; ".join(part for part in (result.also, result.failed) if part)
        rows.append(f"| {result.what} | {result.measured} | {behind} | `{result.command}` |")
    return "\n".join(rows)


def peers() -> str:
    """README's table of other tracers."""
    return (BENCHMARKS / "peers.md").read_text().strip()


PARTS: Mapping[Path, Mapping[str, Callable[[], str]]] = {
    HERE.parent / "README.md": {"types": as_markdown, "costs": costs, "peers": peers},
    HERE / "performance.md": {"results": everything},
}


def generated(path: Path, parts: Mapping[str, Callable[[], str]]) -> str:
    """The file's text with every part made anew."""
    text = path.read_text()
    for name, make in parts.items():
        pattern = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
        if not pattern.search(text):
            raise SystemExit(f"{path.name} has no part {name}")
        text = pattern.sub(lambda match, make=make: match[1] + make() + "\n" + match[2], text)  # type: ignore[misc]  # the default binds the loop's value
    return text


def main() -> None:
    """Write, or check."""
    for path, parts in PARTS.items():
        fresh = generated(path, parts)
        if "--check" in sys.argv:
            if fresh != path.read_text():
                raise SystemExit(f"{path.name} is stale: run `make docs`")
        elif fresh != path.read_text():
            path.write_text(fresh)


if __name__ == "__main__":
    main()
