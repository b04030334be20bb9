"""Text from programs."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from kellect_tui.tui.safe_text import fit, safe_text


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("plain /etc/passwd", "plain /etc/passwd"),
        ("\x1b[31mred\x1b]0;pwned\x07", "␛[31mred␛]0;pwned␇"),
        ("new\nline\ttab\x7f", "new␊line␉tab␡"),
        ("[red]markup[/red]", "[red]markup[/red]"),
        ("\u202egpj.exe", "\\u202egpj.exe"),
        ("a\u200bb\u0301\x9b", "a\\u200bb\\u0301\\x9b"),
        ("王小明 🚀", "王小明 🚀"),
        ("\U000e0041", "\\U000e0041"),
    ],
)
def test_what_a_terminal_could_obey_is_shown(raw: str, shown: str) -> None:
    assert safe_text(raw) == shown


@given(st.text())
def test_nothing_unsafe_is_left(raw: str) -> None:
    shown = safe_text(raw)
    assert shown == "" or shown.isprintable()
    assert not {unicodedata.category(character) for character in shown} & {"Cc", "Cf", "Cs", "Mn", "Me", "Zl", "Zp"}


@given(st.text(), st.integers(0, 40), st.booleans(), st.booleans())
def test_a_cell_is_exactly_as_wide_as_it_must_be(raw: str, width: int, right: bool, from_end: bool) -> None:
    assert cell_len(fit(safe_text(raw), width, right=right, from_end=from_end)) == width


def test_a_cut_is_marked() -> None:
    assert fit("abcdef", 4) == "abc…"
    assert fit("abcdef", 4, from_end=True) == "…def"
    assert fit("王小明", 4) == "王 …"
    assert fit("ab", 4, right=True) == "  ab"
