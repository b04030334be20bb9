"""Draws the main screens without a terminal, as SVG and PNG. `make screenshots`.

    python screenshots/render.py [--session FILE] [--out DIRECTORY]

Without FILE: over the recording that comes with the program.
"""

from __future__ import annotations

import argparse
import asyncio
import re
from collections.abc import Sequence
from pathlib import Path

import resvg_py

from kellect_tui.session.file import open_session
from kellect_tui.session.session import Session
from kellect_tui.tui.app import KellectApp

FONT = "DejaVu Sans Mono"
SIZE = (120, 32)
DEMO = Path(__file__).parents[1] / "kellect_tui" / "data" / "demo.kellect"
SETTLE_SECONDS = 2.2  # until the cost is that of a screen that stands still

SCREENS: dict[str, Sequence[str]] = {
    "main": ("ctrl+f", *"family = network", "enter", "N", "X"),
    "filter": ("slash", *"failed and event_type = file.*"),
    "detail": ("slash", *"failed", "enter", "up", "up", "enter"),
    "process": ("3",),
    "network": ("4",),
    "tree": ("6", "S", *["down"] * 4),
    "tree-detail": ("6", *["down"] * 6, "enter"),
    "help": ("question_mark",),
    "save": ("2", "ctrl+s"),
}


def png(svg: str, width: int = 1600) -> bytes:
    """The picture of a screenshot.

    Textual's SVG asks for a web font that is not there; a screen is only right with one monospace font that is.
    """
    local = re.sub(r"@font-face\s*\{.*?\}", "", svg, flags=re.DOTALL).replace("Fira Code", FONT)
    return bytes(resvg_py.svg_to_bytes(svg_string=local, font_dirs=["/usr/share/fonts"], font_family=FONT, monospace_family=FONT, width=width))


async def draw(session: Session, keys: Sequence[str]) -> str:
    """One screen as SVG. It says SAVED, for that is what a recording is."""
    app = KellectApp(session)
    async with app.run_test(size=SIZE) as pilot:
        for key in keys:
            await pilot.press(key)
        await app.workers.wait_for_complete()
        await pilot.pause(SETTLE_SECONDS)
        return app.export_screenshot(title="kellect-tui")


def main() -> None:
    """Draw them all."""
    parser = argparse.ArgumentParser(description="screenshots of the main screens")
    parser.add_argument("--session", type=Path, default=DEMO)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    options = parser.parse_args()
    for name, keys in SCREENS.items():
        svg = asyncio.run(draw(open_session(options.session), keys))
        (options.out / f"{name}.svg").write_text(svg)
        (options.out / f"{name}.png").write_bytes(png(svg))
        print(options.out / f"{name}.png")


if __name__ == "__main__":
    main()
