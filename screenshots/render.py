"""SVG screenshots of Textual, and PNGs of them with one local font, so that the columns align."""

from __future__ import annotations

import re
from pathlib import Path

import resvg_py

FONT = "DejaVu Sans Mono"


def png(svg: str, width: int = 1600) -> bytes:
    """The picture of a screenshot.

    Textual's SVG asks for a web font that is not there; a screen is only right with one monospace font that is.
    """
    local = re.sub(r"@font-face\s*\{.*?\}", "", svg, flags=re.DOTALL).replace("Fira Code", FONT)
    return bytes(resvg_py.svg_to_bytes(svg_string=local, font_dirs=["/usr/share/fonts"], font_family=FONT, monospace_family=FONT, width=width))


def write(svg: str, out: Path, name: str) -> None:
    """`NAME.svg` and `NAME.png` in a directory."""
    (out / f"{name}.svg").write_text(svg)
    (out / f"{name}.png").write_bytes(png(svg))
