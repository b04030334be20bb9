"""Values of another kind than a session's file has are refused, by name."""

from __future__ import annotations

from typing import Any

import pytest

from kellect_tui.session.shapes import BOOL, INT, MAYBE_INT, TEXT, Shape, check_counts

SHAPE = Shape(pid=INT, exact=BOOL, comm=TEXT, ended_ns=MAYBE_INT)


@pytest.mark.parametrize("values", [(1, True, "sh", None), (2**63 - 1, False, "", -(2**63))])
def test_what_is_of_its_kind_passes(values: tuple[Any, ...]) -> None:
    SHAPE.check(values)
    SHAPE.check_row(dict(zip(("pid", "exact", "comm", "ended_ns"), values, strict=True)))


@pytest.mark.parametrize(
    ("values", "error", "said"),
    [
        ((True, True, "sh", None), TypeError, "pid is bool"),
        ((1, 1, "sh", None), TypeError, "exact is int"),
        ((1, True, None, None), TypeError, "comm is NoneType"),
        ((1, True, "sh", 1.5), TypeError, "ended_ns is float"),
        ((2**63, True, "sh", None), ValueError, "64 bits"),
        ((1, True, "sh", -(2**63) - 1), ValueError, "64 bits"),
        ((1, True, "sh"), ValueError, "shorter"),
    ],
)
def test_what_is_not_is_named(values: tuple[Any, ...], error: type[Exception], said: str) -> None:
    SHAPE.check((1, True, "sh", 7))
    with pytest.raises(error, match=said):
        SHAPE.check(values)


def test_a_row_that_lacks_one() -> None:
    with pytest.raises(KeyError, match="comm"):
        SHAPE.check_row({"pid": 1, "exact": True, "ended_ns": None})


def test_counts_are_numbers_by_name() -> None:
    check_counts({})
    check_counts({"read": 7})


@pytest.mark.parametrize("wrong", [None, [], {"read": "7"}, {"read": None}])
def test_other_counts(wrong: object) -> None:
    with pytest.raises(TypeError):
        check_counts(wrong)
