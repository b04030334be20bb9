"""Which types the words of `--events` choose."""

from __future__ import annotations

import pytest

from kellect_tui.errors import BadOption
from kellect_tui.events.catalogue import TYPES
from kellect_tui.events.options import ALL_EVENTS, parse_events

USER = {row.name for row in TYPES if row.family == "user"}


@pytest.mark.parametrize(
    ("words", "chosen"),
    [
        ([], ALL_EVENTS),
        (["all"], ALL_EVENTS),
        (["file.open"], {"file.open"}),
        (["user"], USER),
        (["USER.*"], USER),
        (["user", "-user.setgid"], USER - {"user.setgid"}),
        (["-user"], ALL_EVENTS - USER),
        (["file.open", " file.close ", ""], {"file.open", "file.close"}),
    ],
)
def test_words_choose_types(words: list[str], chosen: set[str]) -> None:
    assert parse_events(words) == chosen


@pytest.mark.parametrize(
    ("word", "remedy"),
    [("connect", "did you mean network.connect?"), ("file.opne", "did you mean file.open?"), ("qqqq", "`kellect-tui events` lists them all")],
)
def test_an_unknown_word_is_told_with_the_nearest_right_one(word: str, remedy: str) -> None:
    with pytest.raises(BadOption) as error:
        parse_events([word])
    assert error.value.remedy == remedy


def test_nothing_left_is_an_error() -> None:
    with pytest.raises(BadOption, match="no event type is left"):
        parse_events(["file.open", "-file"])
