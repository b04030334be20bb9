"""The palette (`:`): every action by its name, made from the table of actions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.screen import Screen

from kellect_tui.tui.actions import ACTIONS, allowed


class ActionProvider(Provider):
    """Offers what the main screen offers."""

    def _commands(self) -> Iterator[tuple[str, str, Callable[[], object]]]:
        screen: Screen[object] = self.screen
        tab, command = getattr(screen, "tab", "all"), getattr(screen, "command", None) is not None
        for action in ACTIONS:
            if action.title and allowed(action, tab, command=command):
                keys = f"{action.shown_keys}  " if action.keys else ""
                yield action.title, f"{keys}{action.help}", partial(screen.run_action, action.name)
        extra: Callable[[], Iterator[tuple[str, str, Callable[[], object]]]] | None = getattr(screen, "capture_commands", None)
        if extra is not None:
            yield from extra()

    async def discover(self) -> Hits:
        """Everything, before a letter is typed."""
        for title, help, run in self._commands():
            yield DiscoveryHit(title, run, help=help)

    async def search(self, query: str) -> Hits:
        """What matches the letters typed."""
        matcher = self.matcher(query)
        for title, help, run in self._commands():
            score = matcher.match(f"{title} {help}")
            if score > 0:
                yield Hit(score, matcher.highlight(title), run, help=help)
