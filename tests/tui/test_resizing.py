"""Two sizes of the terminal that come close together."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from textual.events import Resize
from textual.geometry import Size
from textual.screen import Screen

from kellect_tui.session.session import Session
from kellect_tui.tui.app import KellectApp
from kellect_tui.tui.screens.confirm import Confirm

BEFORE, AFTER = Size(90, 20), Size(100, 30)


def nothing() -> None:
    """What another message asks for."""


def no_dialogue(app: KellectApp) -> None:
    """The main screen alone."""


def a_dialogue(app: KellectApp) -> None:
    """One above the main screen."""
    app.push_screen(Confirm("Quit?", "quit"))


@pytest.mark.parametrize("prepare", [no_dialogue, a_dialogue])
async def test_a_size_that_is_no_longer_the_terminals_is_passed_over(
    session: Session, prepare: Callable[[KellectApp], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[Size] = []
    refresh = Screen._refresh_layout

    def noted(self: Screen[None], size: Size | None = None, scroll: bool = False) -> None:
        if size is not None:
            taken.append(size)
        assert len(taken) < 100, "the screen is laid out for one size and the other in turns"
        refresh(self, size, scroll)

    app = KellectApp(session)
    async with app.run_test(size=(80, 24)) as pilot:
        prepare(app)
        await pilot.pause()
        monkeypatch.setattr(Screen, "_refresh_layout", noted)
        for size in (BEFORE, AFTER):
            app._size = size
            app.screen.post_message(Resize(size, size))
            app.screen.call_later(nothing)  # another message between: equal ones that follow one another are one
        await pilot.pause()
        assert set(taken) == {AFTER}
        assert all(screen.size == AFTER for screen in app.screen_stack)
