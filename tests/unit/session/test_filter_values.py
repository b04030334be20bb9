"""What values mean: numbers with units, points in time, tests of text."""

from __future__ import annotations

import operator
import re
import time
from collections.abc import Callable, Iterator
from datetime import timedelta, timezone
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kellect_tui.session.filter.decoded import containing
from kellect_tui.session.filter.syntax import Pattern, Regex
from kellect_tui.session.filter.values import BadValue, NumberTest, bare_test, folded, moment, number, text_test, whole

UTC = timezone.utc
NOON = 1_795_521_600_000_000_000  # 2026-11-24T12:00:00Z


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("42", "", 42), ("-2", "", -2), ("+7", "", 7), ("0x2a", "", 42), ("-0x10", "", -16), ("10k", "", 10_000), ("1_000", "", 1000), ("1.5M", "", 1_500_000),
        ("5", "ns", 5), ("5ns", "ns", 5), ("5us", "ns", 5_000), ("5µs", "ns", 5_000), ("5ms", "ns", 5_000_000), ("1.5s", "ns", 1_500_000_000),
        ("2m", "ns", 120 * 10**9), ("2min", "ns", 120 * 10**9), ("1h", "ns", 3600 * 10**9), (".5us", "ns", 500), ("0.3ns", "ns", Fraction(3, 10)),
        ("4KiB", "bytes", 4096), ("4kB", "bytes", 4000), ("4k", "bytes", 4000), ("1MiB", "bytes", 1 << 20), ("1g", "bytes", 10**9), ("7B", "bytes", 7),
    ],
)  # fmt: skip
def test_numbers(text: str, unit: str, value: int | Fraction) -> None:
    assert number(text, unit) == value


@pytest.mark.parametrize(
    ("text", "unit", "message"),
    [
        ("x", "", "'x' is no number"),
        ("", "", "'' is no number"),
        ("1e5", "", "'1e5' is no number"),
        ("5kg", "ns", "'kg' is no unit of a duration"),
        ("5ms", "bytes", "'ms' is no unit of a number of bytes"),
        ("5ms", "", "'ms' is no unit of a plain number"),
    ],
)
def test_what_is_no_number(text: str, unit: str, message: str) -> None:
    with pytest.raises(BadValue) as caught:
        number(text, unit)
    assert caught.value.args[0] == message


@pytest.mark.parametrize(
    ("text", "micros"),
    [
        ("1795521662123456", 1_795_521_662_123_456),
        ("12:01:02", 1_795_521_662_000_000),
        ("12:01:02.5", 1_795_521_662_500_000),
        ("12:01", 1_795_521_660_000_000),
        ("2026-11-24T12:01:02Z", 1_795_521_662_000_000),
        ("2026-11-24T13:01:02.250000+01:00", 1_795_521_662_250_000),
        ("2026-11-24T12:01:02", 1_795_521_662_000_000),
        ("2026-11-24T12:01:02.5Z", 1_795_521_662_500_000),
        ("2026-11-24T12:01:02.123456789Z", Fraction(1_795_521_662_123_456_789, 1000)),
        ("12:01:02.123456789", Fraction(1_795_521_662_123_456_789, 1000)),
        ("2026-11-24", 1_795_478_400_000_000),
    ],
)
def test_points_in_time(text: str, micros: Fraction) -> None:
    assert moment(text, NOON, UTC) == micros


def test_a_time_of_day_is_in_the_zone_that_is_shown() -> None:
    assert moment("13:01:02", NOON, timezone(timedelta(hours=1))) == 1_795_521_662_000_000


def test_a_session_over_midnight() -> None:
    eleven = NOON + 11 * 3600 * 10**9
    assert moment("00:30", eleven, UTC) == (eleven + 90 * 60 * 10**9) // 1000
    assert moment("22:00", eleven, UTC) == (eleven - 3600 * 10**9) // 1000


@pytest.fixture
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """This machine is in Berlin, where clocks went from 02:00 to 03:00 on 29 March 2026."""
    monkeypatch.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("berlin")
def test_a_session_in_which_the_clocks_change() -> None:
    began = 1_774_744_200_000_000_000  # 01:30 in winter, 00:30 UTC
    assert moment("01:45", began) == 1_774_745_100_000_000
    assert moment("03:30", began) == 1_774_747_800_000_000  # 01:30 UTC, an hour later
    assert moment("2026-03-29T03:30", began) == moment("03:30", began)


@pytest.mark.usefixtures("berlin")
def test_a_year_that_no_zone_can_be_reckoned_with() -> None:
    assert moment("0001-01-01", NOON, UTC) == -62_135_596_800_000_000
    with pytest.raises(BadValue, match="no point in time"):
        moment("0001-01-01", NOON)


@pytest.mark.parametrize("text", ["9" * 5000, "0x" + "f" * 5000, "1." + "3" * 5000, "9" * 81])
def test_a_number_longer_than_any(text: str) -> None:
    with pytest.raises(BadValue, match="longer than any number") as caught:
        number(text)
    assert len(caught.value.args[0]) < 60
    assert whole(text) is None


@pytest.mark.parametrize("text", ["25:00", "12:60", "2026-13-01", "noon", "9" * 5000])
def test_what_is_no_point_in_time(text: str) -> None:
    with pytest.raises(BadValue):
        moment(text, NOON, UTC)


ORDER: dict[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
EDGES = [0, 1, -1, 2**31, 2**32 - 1, 2**63 - 1, -(2**63), 2**64 - 1, 2**64, -(2**64), 2**70]
VALUE = st.one_of(st.sampled_from(EDGES).map(Fraction), st.integers(-5, 5).map(Fraction), st.fractions(-5, 5, max_denominator=4))


@given(
    st.sampled_from(sorted(ORDER)),
    VALUE,
    st.sampled_from([np.int64, np.uint64, np.int32, np.uint32]),
    st.lists(st.sampled_from(EDGES) | st.integers(-6, 6), min_size=1, max_size=8),
)
def test_a_column_is_compared_as_exactly_as_one_number(sign: str, value: Fraction, dtype: type[np.integer[Any]], numbers: list[int]) -> None:
    info = np.iinfo(dtype)
    fitting = [each for each in numbers if info.min <= each <= info.max]
    test = NumberTest(sign, (value,))
    expected = [ORDER[sign](each, value) for each in fitting]
    assert test.column(np.array(fitting, dtype)).tolist() == expected
    assert [test.one(each) for each in fitting] == expected


def test_one_of_several_numbers_and_none_of_them() -> None:
    column = np.array([1, 2, 3])
    values = (Fraction(1), Fraction(3), Fraction(1, 2))
    assert NumberTest("=", values).column(column).tolist() == [True, False, True]
    assert NumberTest("!=", values).column(column).tolist() == [False, True, False]


@pytest.mark.parametrize(
    ("sign", "value", "passing", "failing"),
    [
        ("=", Pattern("a.c"), ["a.c"], ["abc", "a.cd", ""]),
        ("=", Pattern("/etc/*"), ["/etc/", "/etc/a/b", "/etc/new\nline"], ["/etc", "x/etc/a"]),
        ("=", Pattern("a?c"), ["abc", "a*c", "a\nc"], ["ac", "abbc"]),
        ("=", Pattern(r"a\*c"), ["a*c"], ["abc", "a\\*c"]),
        ("=", Pattern("[a]*"), ["[a]x"], ["ax"]),
        ("contains", Pattern("*"), ["a*b"], ["ab"]),
        ("~", Regex("^/etc|so$"), ["/etc/x", "lib.so"], ["x/etc"]),
    ],
)
def test_texts(sign: str, value: Pattern | Regex, passing: list[str], failing: list[str]) -> None:
    test = text_test(sign, (value,))
    assert [text for text in (*passing, *failing) if test.passes(text)] == passing


def test_a_negated_test_needs_a_text_and_none_that_passes() -> None:
    test = text_test("!=", (Pattern("a"),))
    assert [test.any(texts) for texts in ((), ("a",), ("b",), ("b", "a"))] == [False, False, True, False]


@pytest.mark.parametrize(("word", "passing", "failing"), [("etc", ["/ETC/x", "etc"], ["et"]), ("Etc", ["xEtc"], ["etc"]), ("e*c", ["Exxc"], ["xec"])])
def test_bare_words(word: str, passing: list[str], failing: list[str]) -> None:
    test = bare_test(Pattern(word))
    assert [text for text in (*passing, *failing) if test.passes(text)] == passing


def test_a_wrong_regular_expression() -> None:
    with pytest.raises(BadValue) as caught:
        text_test("~", (Regex("a("),))
    assert caught.value.args[0] == "the regular expression is wrong at its character 2: missing ), unterminated subpattern"


@pytest.mark.parametrize(
    ("source", "needle", "tail"),
    [
        ("^/etc/passwd$", "passwd", "passwd"),
        (r"\.so$", "so", "so"),
        ("pas?wd", "pa", "pa"),
        ("(foo)?barr", "barr", "rr"),
        ("foo|bar", "", ""),
        ("(?i)nginx", "", ""),
        (r"\x41nginx", "", ""),
        ("/usr/(lib|bin)/nginx", "nginx", "nginx"),
        ("n[ag]*inx{2}yyy", "yyy", "yyy"),
        ("/a/logs.*", "logs", "logs"),
        ("/etc", "etc", "etc"),
        ("etc", "etc", "tc"),
        ("xfff", "xfff", "f"),
    ],
)
def test_what_a_regular_expression_needs(source: str, needle: str, tail: str) -> None:
    test = text_test("~", (Regex(source),))
    assert (test.needle, test.tail) == (needle, tail)


def joined_and_escaped(data: bytes) -> str:
    """Bytes as EVENTS.md writes them."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.replace(b"\\", b"\\\\").decode("utf-8", "backslashreplace")


NAMES = st.lists(st.sampled_from([b"a", b"/", b"fx", b"\xff", b"\\", b"x", b"f0", b"E", "é".encode(), b".", b"@", b" "]), max_size=8).map(b"".join)


@given(NAMES, st.data())
def test_the_needle_is_in_the_bytes_of_every_text_that_passes(data: bytes, draw: st.DataObject) -> None:
    text = joined_and_escaped(data)
    start = draw.draw(st.integers(0, len(text)))
    piece = text[start : draw.draw(st.integers(start, len(text)))]
    literal = Pattern.literal(piece)
    tests = [text_test("contains", (literal,)), text_test("~", (Regex(re.escape(piece)),)), text_test("=", (Pattern(f"*{literal.source}*"),))]
    if piece:
        tests.append(bare_test(Pattern.literal(folded(piece))))
    for test in tests:
        assert test.passes(text)
        held = data.lower() if test.fold else data
        assert (test.needle if text.encode() == data else test.tail).encode() in held
        assert containing([b"other", data, b""], test)[1]
