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

from kellect_tui.listing import as_markdown, families_as_markdown

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


@cache
def _peers() -> Any:
    return json.loads((BENCHMARKS / "peers.json").read_text())


def _told(rows: list[Any]) -> str:
    """What a tracer said of losses in all works: numbers summed."""
    total, behind = 0, ""
    for text in (row["lost"] for row in rows if row["lost"]):
        found = re.match(r"([\d,]*\d)(.*)", text)
        total, behind = (total + int(found[1].replace(",", "")), found[2]) if found else (total, text)
    return f"{total:,}{behind}" if behind.startswith(",") else behind or "nothing"


def _cell(row: Any) -> str:
    if row["refused"]:
        return "–"
    slower = f"{row['slower']:.1f} ×"
    return slower if row["kept"] is None else f"{slower}, {row['kept']:g} % kept"


def peers() -> str:
    """README's table of other tracers: a row for each, a column for each work."""
    works = _peers()["works"]
    bare = [f"{rows[0]['seconds']:.2f} s" for rows in works.values()]
    table = [f"| | {' | '.join(works)} | what it told of losses |", "|---" * (len(works) + 2) + "|", f"| {' | '.join(['nothing', *bare, ''])} |"]
    for column in zip(*works.values(), strict=True):
        if column[0]["under"] != "nothing":
            rows = list(column)
            table.append(f"| {' | '.join([rows[0]['under'], *map(_cell, rows), _told(rows)])} |")
    return "\n".join([f"On {_peers()['machine']}:", "", *table])


def every_peer() -> str:
    """docs/peers.md's tables: all that was measured, a table for each work."""
    lines = [f"On {_peers()['machine']}:"]
    for work, rows in _peers()["works"].items():
        lines += ["", f"## {work}", "", "| under | kept | slower | time | tracer's CPU | what it told of losses |", "|---|---|---|---|---|---|"]
        for row in rows:
            if row["refused"]:
                lines.append(f"| {row['under']} | {row['refused']} | | | | |")
            elif row["under"] == "nothing":
                lines.append(f"| nothing | | | {row['seconds']:.2f} s | | |")
            else:
                kept = "" if row["kept"] is None else f"{row['kept']:.1f} %"
                lines.append(f"| {row['under']} | {kept} | {row['slower']:.1f} × | {row['seconds']:.2f} s | {row['cpu']:.1f} s | {row['lost'] or 'nothing'} |")
    return "\n".join(lines)


PARTS: Mapping[Path, Mapping[str, Callable[[], str]]] = {
    HERE.parent / "README.md": {"types": families_as_markdown, "costs": costs, "peers": peers},
    HERE / "events.md": {"types": as_markdown},
    HERE / "peers.md": {"peers": every_peer},
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
