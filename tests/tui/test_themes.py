"""Light themes: what is written can be read."""

from __future__ import annotations

import pytest
from textual.color import Color
from textual.theme import BUILTIN_THEMES
from textual.widget import Widget

from kellect_tui.session.session import Session
from tests.tui.story import still

LIGHT = [name for name, theme in BUILTIN_THEMES.items() if not theme.dark and not name.startswith("ansi")]
LEAST = 2.0
"""Ratio of luminances between text and ground, as WCAG counts it; what cannot be seen has 1.0 to 1.5."""
COLOURS_OF_FAMILIES = {"file", "process", "network", "user"}
"""Those of the terminal."""


def contrast(text: Color, ground: Color) -> float:
    """From 1, the same, to 21, black on white."""

    def luminance(colour: Color) -> float:
        parts = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour.normalized]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    light, dark = sorted((luminance(text), luminance(ground)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def illegible(widget: Widget) -> list[str]:
    """The component classes whose text is hardly to be seen on the widget."""
    found = []
    for name in sorted(type(widget)._get_component_classes() - COLOURS_OF_FAMILIES):
        own = widget.get_component_styles(name)
        ground = own.background if own.background.a else widget.background_colors[1]
        if own.has_rule("color") and not own.auto_color and not own.text_style.reverse and contrast(own.color, ground) < LEAST:
            found.append(f"{name}: {own.color.hex} on {ground.hex}")
    return found


@pytest.mark.parametrize("theme", LIGHT)
async def test_everything_can_be_read_on_a_light_ground(session: Session, theme: str) -> None:
    app = still(session)
    async with app.run_test(size=(120, 32)) as pilot:
        app.theme = theme
        await pilot.pause()
        parts = [app.main.query_one(f"#{name}") for name in ("header", "footer", "table", "tree", "detail-pane")]
        assert [illegible(part) for part in parts] == [[]] * 5
