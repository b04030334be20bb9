"""What a value means: numbers with units, points in time, and tests of text.

A `NumberTest` works on columns (numpy) and on single numbers alike, exactly: also fractions and numbers that no 64-bit
column can hold. A `TextTest` says besides what any text must contain to pass, so that most texts need no closer look.
"""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kellect_tui.session.filter.syntax import Pattern, Regex

UNITS = {
    "": {"": 1, "k": 10**3, "M": 10**6, "G": 10**9},
    "ns": {"": 1, "ns": 1, "us": 10**3, "µs": 10**3, "μs": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "min": 60 * 10**9, "h": 3600 * 10**9},
    "bytes": {
        "": 1, "B": 1, "k": 10**3, "kB": 10**3, "KB": 10**3, "M": 10**6, "MB": 10**6, "G": 10**9, "GB": 10**9,
        "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30,
    },
}  # fmt: skip
"""Suffixes by what is measured; the value is in the unit that the field has."""
_NAMED_UNITS = {"": "k, M, G", "ns": "ns, us, ms, s, min, h", "bytes": "B, kB, KiB, MB, MiB, GB, GiB"}

_NUMBER = re.compile(r"([+-]?)(?:0[xX]([0-9a-fA-F]+)|(\d[\d_]*(?:\.\d+)?|\.\d+)\s*([^\W\d_]*))\Z")
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?\Z")
_FRACTION = re.compile(r"(?<=:\d\d:\d\d)\.\d{1,9}(?!\d)")  # datetime cuts it to six digits
LONGEST = 80
"""Characters of a number: no field has one that takes more, and Python refuses to read thousands of digits."""
_ORDER: dict[str, Callable[[Any, Any], Any]] = {
    "=": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


class BadValue(ValueError):
    """A value that its field cannot have. `args`: message, remedy."""


def number(text: str, unit: str = "") -> Fraction:
    """The number that `text` writes, in the field's own unit. Raises BadValue."""
    match = _NUMBER.match(text)
    if len(text) > LONGEST:
        raise BadValue(f"{text[:20]}… is longer than any number here", "write fewer digits")
    if match is None:
        raise BadValue(f"{text!r} is no number", f"write one as in 42, 0x2a, 1.5{'ms' if unit == 'ns' else 'MiB' if unit == 'bytes' else 'k'}")
    sign = -1 if match[1] == "-" else 1
    if match[2]:
        return Fraction(sign * int(match[2], 16))
    factor = _factor(match[4], unit)
    return sign * Fraction(match[3].replace("_", "")) * factor


def whole(text: str) -> int | None:
    """The number that `text` writes in plain digits; None where it is something else."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= LONGEST else None


def _factor(suffix: str, unit: str) -> int:
    known = UNITS[unit]
    if suffix in known:
        return known[suffix]
    folded = {name.lower(): factor for name, factor in reversed(known.items())}
    if suffix.lower() in folded:
        return folded[suffix.lower()]
    what = {"": "plain number", "ns": "duration", "bytes": "number of bytes"}[unit]
    raise BadValue(f"{suffix!r} is no unit of a {what}", f"use {_NAMED_UNITS[unit]}")


def moment(text: str, origin_ns: int, zone: timezone | None = None) -> Fraction:
    """A point in time as µs since the epoch: such a number, `2026-11-24T12:01:02.5` (Z or an offset may follow), or `12:01:02`.

    Args:
        origin_ns: Epoch ns at which the session began: a time of day is that of the same day, or of the next one where that is nearer.
        zone: Of times that name none; None: this machine's.
    Raises BadValue.
    """
    clock = _CLOCK.match(text)
    if clock is not None:
        return _time_of_day(clock, origin_ns, zone)
    if re.match(r"\d{4}-\d\d", text):
        fraction = _FRACTION.search(text)
        try:
            parsed = datetime.fromisoformat(_FRACTION.sub("", re.sub(r"[zZ]\Z", "+00:00", text)))
            return _micros(_in_zone(parsed, zone)) + (Fraction(f"0{fraction[0]}") * 1_000_000 if fraction else 0)
        except (ValueError, OverflowError):  # OverflowError: a year that no zone can be reckoned with
            raise BadValue(f"{text!r} is no point in time", "write one as in 12:01:02 or 2026-11-24T12:01:02.5Z") from None
    try:
        return number(text)
    except BadValue:
        raise BadValue(f"{text!r} is no point in time", "write one as in 12:01:02, 2026-11-24T12:01:02.5Z or as µs since the epoch") from None


def _micros(point: datetime) -> Fraction:
    since = point - datetime(1970, 1, 1, tzinfo=timezone.utc)
    return Fraction((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds)


def _time_of_day(clock: re.Match[str], origin_ns: int, zone: timezone | None) -> Fraction:
    hour, minute, second = (int(part or 0) for part in clock.groups()[:3])
    if hour > 23 or minute > 59 or second > 59:
        raise BadValue(f"{clock[0]!r} is no time of day", "hours go to 23, minutes and seconds to 59")
    # As a clock on the wall shows it: the zone's offset at that time, which need not be that of the session's beginning.
    origin = datetime.fromtimestamp(origin_ns // 1_000_000_000, tz=zone).replace(tzinfo=None)
    fraction = Fraction(int((clock[4] or "0").ljust(9, "0")), 1000)
    point = origin.replace(hour=hour, minute=minute, second=second, microsecond=0)
    if point < origin - timedelta(hours=12):  # a session that began before midnight
        point += timedelta(days=1)
    return _micros(_in_zone(point, zone)) + fraction


def _in_zone(point: datetime, zone: timezone | None) -> datetime:
    """A point in time, its zone told where it names none."""
    if point.tzinfo is not None:
        return point
    return point.replace(tzinfo=zone) if zone else point.astimezone()


@dataclass(frozen=True)
class NumberTest:
    """A comparison with numbers: `operator` with `values[0]`, or `=` / `!=` with any of several."""

    operator: str
    values: tuple[Fraction, ...]

    def one(self, value: int | Fraction) -> bool:
        """Whether a number passes."""
        if self.operator == "!=":
            return all(value != other for other in self.values)
        return any(_ORDER[self.operator](value, other) for other in self.values)

    def column(self, column: NDArray[np.integer[Any]]) -> NDArray[np.bool_]:
        """Which of an integer column pass, as `one` says."""
        if self.operator == "!=":
            return ~NumberTest("=", self.values).column(column)
        out: NDArray[np.bool_] | None = None
        for value in self.values:
            mask = _compare(column, self.operator, value)
            out = mask if out is None else out | mask
        return np.zeros(column.shape, np.bool_) if out is None else out


def _compare(column: NDArray[np.integer[Any]], operator: str, value: Fraction) -> NDArray[np.bool_]:
    """One comparison, with the value brought to an integer of the column's type."""
    floor = math.floor(value)
    whole = value.denominator == 1
    if operator == "=" and not whole:
        return np.zeros(column.shape, np.bool_)
    # Between two integers: x < 1.5 is x <= 1, and x > 1.5 is x >= 2.
    limit = floor if operator in ("=", "<=", ">") or whole else floor + 1
    if operator == "<=" and not whole:
        limit = floor
    info = np.iinfo(column.dtype)
    if limit > info.max:
        return np.full(column.shape, operator in ("<", "<="), np.bool_)
    if limit < info.min:
        return np.full(column.shape, operator in (">", ">="), np.bool_)
    mask: NDArray[np.bool_] = _ORDER[operator](column, column.dtype.type(limit))
    return mask


def folded(text: str) -> str:
    """`text` with A-Z in lower case and nothing else changed, so that it can be done on bytes as well."""
    return text.lower() if text.isascii() else text.translate(_FOLD)


_FOLD = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}


@dataclass(frozen=True)
class TextTest:
    """A test of a text.

    Attributes:
        passes: The test.
        needle: A piece of printable ASCII that the bytes behind every text that passes contain (in lower case where `fold`), however
            they were joined, as long as nothing in them had to be escaped. Empty where there is none.
        tail: What is left of it where the text before may end in an escape, to which its first characters could belong.
        negated: Of a thing with several texts (or flags), none may pass and there must be one at least.
    """

    passes: Callable[[str], bool]
    needle: str = ""
    tail: str = ""
    fold: bool = False
    negated: bool = False

    def any(self, texts: tuple[str, ...]) -> bool:
        """Whether a thing passes that has these texts; none: never."""
        found = any(map(self.passes, texts))
        return bool(texts) and found != self.negated


def text_test(operator: str, values: tuple[Pattern | Regex, ...]) -> TextTest:
    """The test that `operator` makes of one value, or `=` and `!=` of several. Raises BadValue."""
    negated = operator.startswith("!")
    tests = [_positive(operator.removeprefix("!"), value) for value in values]
    if len(tests) == 1:
        return dataclasses.replace(tests[0], negated=negated)
    exact = [value.text for value in values if isinstance(value, Pattern) and not value.wild]
    if len(exact) == len(values):
        return TextTest(frozenset(exact).__contains__, negated=negated)
    return TextTest(lambda text: any(test.passes(text) for test in tests), negated=negated)


def bare_test(pattern: Pattern) -> TextTest:
    """A bare word: contained in the text, in any case where it has no capital letter itself; a pattern must match the whole of it."""
    fold = folded(pattern.text) == pattern.text
    if not pattern.wild:
        word = pattern.text
        passes = (lambda text: word in folded(text)) if fold else (lambda text: word in text)
        return TextTest(passes, *_needle(word), fold)
    found = re.compile(_glob(pattern), re.DOTALL).fullmatch
    passes = (lambda text: found(folded(text)) is not None) if fold else (lambda text: found(text) is not None)
    return TextTest(passes, *_glob_needle(pattern), fold)


def _positive(operator: str, value: Pattern | Regex) -> TextTest:
    if isinstance(value, Regex):
        return _regex_test(value)
    text = value.text
    if operator == "contains":
        return TextTest(lambda candidate: text in candidate, *_needle(text))
    if value.wild:
        found = re.compile(_glob(value), re.DOTALL).fullmatch
        return TextTest(lambda candidate: found(candidate) is not None, *_glob_needle(value))
    return TextTest(text.__eq__, *_needle(text))


def _regex_test(value: Regex) -> TextTest:
    try:
        found = re.compile(value.source).search
    except (re.error, OverflowError, RecursionError) as error:
        place = getattr(error, "pos", None)
        where = f" at its character {place + 1}" if place is not None else ""
        raise BadValue(f"the regular expression is wrong{where}: {getattr(error, 'msg', error)}", "a literal ( [ . * + ? needs a backslash before it") from None
    return TextTest(lambda candidate: found(candidate) is not None, *_regex_needle(value.source))


def _glob(pattern: Pattern) -> str:
    wild = {"*": ".*", "?": "."}
    return "".join(wild[character] if is_wild else re.escape(character) for character, is_wild in pattern.pieces)


def _glob_needle(pattern: Pattern) -> tuple[str, str]:
    return _needle("".join(_BREAK if wild else character for character, wild in pattern.pieces))


_BREAK = "\\"  # in a text that is searched for needles: anything may stand here
_SOLID = re.compile(r"[ -.0-?A-\[\]-~]+")  # printable ASCII without / @ and backslash
_ESCAPE_TAIL = re.compile(r"x[0-9a-f]{0,2}|[0-9a-f]{1,2}")  # what may belong to an escape (\\xNN) that begins before


def _needle(text: str) -> tuple[str, str]:
    """The longest piece of `text` that stands in the bytes as it does in their text; and its tail."""
    best = ("", "")
    for run in _SOLID.finditer(text):
        piece = tail = run[0]
        if run.start() == 0 or text[run.start() - 1] == _BREAK:
            escape = _ESCAPE_TAIL.match(piece)
            tail = piece[escape.end() :] if escape else piece
        if len(piece) > len(best[0]):
            best = (piece, tail)
    return best


def _regex_needle(source: str) -> tuple[str, str]:
    """The longest plain run that every match must contain; empty where that is not plain to see."""
    if re.search(r"\(\?(?!:)", source) or re.search(r"\\[xuUN0-9]", source):
        return "", ""
    depth = place = 0
    plain = [_BREAK]
    while place < len(source):
        character = source[place]
        place += 1
        if character == "|" and not depth:
            return "", ""
        if character == "[":
            end = source.find("]", place + 1 + (source[place : place + 1] == "^"))
            place = len(source) if end < 0 else end + 1
            plain.append(_BREAK)
        elif character in "()":
            depth += 1 if character == "(" else -1
            plain.append(_BREAK)
        elif character in "?*{":  # the character before may be missing
            plain[-1] = _BREAK
            if character == "{":
                place = max(place, source.find("}", place) + 1)
        elif character in ".^$+\\" or depth:
            place += character == "\\"
            plain.append(_BREAK)
        else:
            plain.append(character)
    return _needle("".join(plain))
