"""Numbers as people read them."""

from __future__ import annotations

import pytest

from kellect_tui.tui.quantities import Clock, TimeMode, duration, short, size, sparkline

NOON = 1_700_000_000_123_456_789  # 2023-11-14 22:13:20.123456789 UTC


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0"), (999, "999"), (1000, "1.0k"), (81_999, "81k"), (4_211_093, "4.2M"), (999_999, "999k"), (12_000_000_000, "12G")]
)
def test_counts_are_short_and_never_rounded_up(count: int, text: str) -> None:
    assert short(count) == text


@pytest.mark.parametrize(("ns", "text"), [
    (0, "0ns"), (999, "999ns"), (3_149, "3.1µs"), (99_999, "99.9µs"), (100_000, "100µs"), (999_999, "999µs"), (1_204_000, "1.2ms"), (999_999_999, "999ms"),
    (1_005_000_000, "1.00s"), (59_999_999_999, "59.99s"), (60_000_000_000, "1m00s"), (3_725_000_000_000, "1h02m"), (3 * 86_400_000_000_000, "3d00h"),
])  # fmt: skip
def test_durations_are_rounded_down(ns: int, text: str) -> None:
    assert duration(ns) == text
    assert len(text) <= 7


@pytest.mark.parametrize(("count", "text"), [(0, "0"), (1023, "1023"), (4096, "4.0K"), (212 << 20, "212M"), (1 << 40, "1.0T")])
def test_sizes(count: int, text: str) -> None:
    assert size(count) == text


def test_times() -> None:
    assert Clock().text(NOON) == "22:13:20.123456"
    assert Clock(TimeMode.UTC).text(NOON) == "22:13:20.123456"
    assert Clock(TimeMode.RELATIVE, NOON - 1_500_000_000).text(NOON) == "+1.500000"
    assert Clock(TimeMode.RELATIVE, NOON + 1_000).text(NOON) == "-0.000001"
    assert Clock(TimeMode.DELTA).text(NOON, NOON - 2_000) == "+0.000002"
    assert Clock(TimeMode.DELTA).text(NOON) == "+0.000000"
    assert Clock().full(NOON) == "2023-11-14 22:13:20.123456789 UTC"
    assert Clock().of_day_ms(NOON) == "22:13:20.123"


def test_digits_of_a_time_that_do_not_fit_are_left_out() -> None:
    assert Clock().cell(NOON, None, 12) == "22:13:20.123"
    assert Clock(TimeMode.RELATIVE, NOON - 123_456_789_000_000_000).cell(NOON, None, 12) == "+123456789.0"
    assert Clock(TimeMode.RELATIVE, 0).cell(NOON, None, 8) == "       …"


def test_the_modes_go_round() -> None:
    mode = TimeMode.LOCAL
    seen = []
    for _ in range(4):
        mode = mode.following
        seen.append(mode)
    assert seen == [TimeMode.UTC, TimeMode.RELATIVE, TimeMode.DELTA, TimeMode.LOCAL]


def test_a_sparkline_shows_every_value_above_zero() -> None:
    assert sparkline([0, 1, 50, 100], 6) == "   ▁▄█"
    assert sparkline([], 3) == "   "
