"""What the screens look like. Look at the pictures before accepting others: `make snapshots`, then `screenshots/render.py`."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import pytest

from kellect_tui.tui import views
from tests.tui.family import NOW_NS, family
from tests.tui.story import FakeCapture, still, story

SIZES = ((120, 32), (80, 24))


@pytest.fixture(autouse=True)
def _filters_take_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """How long one took stands on the screen."""
    monkeypatch.setattr(views, "time", SimpleNamespace(perf_counter=lambda: 0.0))


SCREENS: dict[str, tuple[str, ...]] = {
    "all": (),
    "hostile": ("home", "L", "down", "down"),
    "file": ("2",),
    "process": ("3",),
    "network": ("4",),
    "user": ("5",),
    "filter": ("slash", *"comm = bash and failed", "enter"),
    "fault": ("slash", *"comm = bash and nosuch = 3"),
    "completion": ("slash", *"event_type = file.", "tab", "tab"),
    "detail": ("home", "e", "enter"),
    "exec_detail": ("home", "down", "enter"),
    "delta": ("home", "r", "r", "r"),
    "search": ("home", "ctrl+f", *"access.log", "enter", "n"),
    "help": ("question_mark",),
    "account": ("a",),
    "save": ("2", "ctrl+s"),
}


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", SCREENS)
def test_screen(snap_compare: Callable[..., bool], name: str, size: tuple[int, int]) -> None:
    assert snap_compare(still(story()), press=SCREENS[name], terminal_size=size)


TREES: dict[str, tuple[bool, tuple[str, ...]]] = {
    "live": (True, ("6", "down", "down")),
    "saved": (False, ("6", "S", "greater_than_sign", "greater_than_sign")),
    "threads": (True, ("6", "w", "W", "asterisk", "plus", "down", "plus")),
    "filter": (True, ("6", "slash", *"failed or container = *", "enter")),
    "process": (True, ("6", "down", "down", "down", "down", "enter")),
    "killed": (False, ("6", *["down"] * 6, "enter")),
}


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", TREES)
def test_tree(snap_compare: Callable[..., bool], name: str, size: tuple[int, int]) -> None:
    live, keys = TREES[name]
    app = still(family(finished=not live), live=FakeCapture() if live else None, now_ns=NOW_NS)
    assert snap_compare(app, press=keys, terminal_size=size)


def test_a_narrow_tree(snap_compare: Callable[..., bool]) -> None:
    app = still(family(finished=False), live=FakeCapture(), now_ns=NOW_NS)
    assert snap_compare(app, press=("6", "down", "down"), terminal_size=(40, 14))


def test_live(snap_compare: Callable[..., bool]) -> None:
    app = still(story(finished=False), live=FakeCapture())
    app.main.lines.rate.points.extend((0, 900, 4_100, 8_000, 12_431))
    assert snap_compare(app, press=("up", "space"), terminal_size=(120, 32))


def test_too_small(snap_compare: Callable[..., bool]) -> None:
    assert snap_compare(still(story()), terminal_size=(19, 4))
