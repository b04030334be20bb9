"""The table of actions: no dead keys, no secret ones."""

from __future__ import annotations

import pytest

from kellect_tui.session.session import Session
from kellect_tui.tui.actions import ACTIONS, GROUPS, TABS, allowed, bindings, in_group, key_name
from kellect_tui.tui.saving import filter_help
from kellect_tui.tui.screens.help import HelpScreen
from kellect_tui.tui.screens.main import MainScreen
from tests.tui.story import still, until


def test_every_action_has_its_method() -> None:
    assert [action.name for action in ACTIONS if not callable(getattr(MainScreen, f"action_{action.method}", None))] == []


def test_no_key_has_two_meanings() -> None:
    for tab, _ in TABS:
        keys = [key for action in ACTIONS if allowed(action, tab) for key in action.keys]
        assert len(keys) == len(set(keys))


def test_every_key_is_bound_and_every_bound_key_is_in_the_help() -> None:
    bound = {binding.key for binding in bindings()}
    helped = {key for group in GROUPS for action in in_group(group) for key in action.keys}
    assert bound == helped == {key for action in ACTIONS for key in action.keys}


@pytest.mark.parametrize(("key", "name"), [("ctrl+s", "Ctrl-S"), ("f4", "F4"), ("slash", "/"), ("f", "f"), ("X", "X"), ("pageup", "PgUp")])
def test_names_of_keys(key: str, name: str) -> None:
    assert key_name(key) == name


@pytest.mark.parametrize("tab", [name for name, _ in TABS])
async def test_every_key_does_no_harm_in_every_tab(session: Session, tab: str) -> None:
    app = still(session)
    async with app.run_test(size=(120, 32)) as pilot:
        for action in ACTIONS:
            if action.name in ("app('quit')", "app('suspend_process')", "app('change_theme')"):
                continue
            app.main.action_tab(tab)
            for key in action.keys[:1]:
                await pilot.press(key)
                while len(app.screen_stack) > 1:
                    await pilot.press("escape")
                    await pilot.pause()
                if app.main.filter_bar.editing:
                    await pilot.press("escape")
        assert app.is_running


async def test_the_help_names_every_key_and_the_filter_language(session: Session) -> None:
    app = still(session)
    async with app.run_test(size=(120, 32)) as pilot:
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))
        help_screen = app.screen
        assert isinstance(help_screen, HelpScreen)
        text = help_screen.text
        for action in ACTIONS:
            assert action.shown_keys in text
        for _, sample, _ in filter_help():
            assert sample in text
        await pilot.press("pagedown", "end", "up", "home", "escape")
        assert app.screen_stack == [app.main]
