"""What a comparison lets through, against an evaluator that knows the events as JSON only: no column, no term, no needle."""

from __future__ import annotations

import operator
import random
import re
from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np
import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from kellect_tui.events.catalogue import BY_NAME
from kellect_tui.events.record import to_dict
from kellect_tui.session.filter import parse
from kellect_tui.session.filter.argument_terms import FLAG_KINDS
from kellect_tui.session.filter.fields import BOOLEAN_KINDS, FIELDS, NUMBER, TIME
from kellect_tui.session.filter.syntax import Regex, quote, write_value
from tests.unit.session.test_filter_masks import chunks, context

Json = dict[str, Any]
ORDER: dict[str, Callable[[Any, Any], bool]] = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
NUMERAL = re.compile(r"-?[0-9]+(\.[0-9]+)?")
PATHS = {"path", "oldpath", "newpath"}
FILENAME_IS_A_PATH = ("file.read", "file.write")
OF_OTHER_TABLES = {"tree", "exe", "argv", "ancestor.comm", "unit", "container", "pod"}
NAMES = sorted(set(FIELDS) - OF_OTHER_TABLES)


@lru_cache
def documents() -> tuple[tuple[Json, ...], ...]:
    """The events of each chunk as their JSON."""
    return tuple(tuple(orjson.loads(orjson.dumps(to_dict(event))) for event in events) for _, events in chunks())


def values(event: Json, field: str) -> list[Any]:
    """What an event has under a field: nothing, one or several."""
    if field == "incomplete":
        return list(event.get(field, ()))
    if field == "path":
        names = PATHS | ({"filename"} if event["event_type"] in FILENAME_IS_A_PATH else set())
        return [value for name, value in event["arguments"].items() if name in names and value is not None]
    if not field.startswith("arg."):
        return [event[field]] if event.get(field) is not None else []
    value = event["arguments"].get(field[4:])
    if isinstance(value, list):
        return value
    flags = any(f"arg.{argument.name}" == field and argument.kind in FLAG_KINDS for argument in BY_NAME[event["event_type"]].arguments)
    if isinstance(value, str) and "|" in value and flags:
        return [value, *value.split("|")]
    return [] if value is None or isinstance(value, dict) else [value]


@lru_cache
def pool(field: str) -> tuple[Any, ...]:
    """All values that events have under it."""
    found = {repr(value): value for events in documents() for event in events for value in values(event, field)}
    return tuple(found[key] for key in sorted(found))


def text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def one(value: Any, sign: str, wanted: str) -> bool:
    """Whether one value passes, the sign without its negation."""
    if isinstance(value, int | float) and not isinstance(value, bool) and NUMERAL.fullmatch(wanted) and sign in ("=", *ORDER):
        number = Fraction(str(value))
        return number == Fraction(wanted) if sign == "=" else ORDER[sign](number, Fraction(wanted))
    if sign == "~":
        return re.search(wanted, text(value)) is not None
    return wanted in text(value) if sign == "contains" else sign == "=" and text(value) == wanted


def passes(event: Json, field: str, sign: str, wanted: str) -> bool:
    of = values(event, field)
    found = any(one(value, sign.removeprefix("!"), wanted) for value in of)
    return bool(of) and found != sign.startswith("!")


def comparison(chance: random.Random, field: str) -> tuple[str, str, str]:
    """(sign, what is wanted, the same as it is written); a value that occurs, or a piece of one."""
    value = chance.choice(pool(field))
    if isinstance(value, bool) or FIELDS[field].kinds & BOOLEAN_KINDS:
        wanted = chance.choice(("true", "false"))
        return chance.choice(("=", "!=")), wanted, wanted
    if isinstance(value, int | float):
        wanted = str(value) if chance.random() < 0.5 or isinstance(value, float) else f"{value + chance.choice((-1, 1))}"
        return chance.choice(("=", "!=", *ORDER)), wanted, wanted
    sign = chance.choice(("=", "!=", "contains", "~", "!~"))
    if sign in ("=", "!="):
        return sign, value, quote(value)
    first, last = sorted(chance.choices(range(len(value) + 1), k=2))
    if sign == "contains":
        return sign, value[first:last], quote(value[first:last])
    source = re.escape("".join(character for character in value[first:last] if character.isprintable()))
    return sign, source, write_value(Regex(source))


@settings(deadline=None, max_examples=200)
@given(st.sampled_from(NAMES), st.integers(0, 2**32), st.booleans())
def test_a_comparison_says_what_it_says(field: str, seed: int, negated: bool) -> None:
    if not pool(field):
        return
    sign, wanted, written = comparison(random.Random(seed), field)
    assert not (FIELDS[field].kind in (NUMBER, TIME) and sign in ("~", "!~", "contains"))
    # Said of a family too: the monitor's own rows are then rows like others.
    expression = parse(f"family ~ . and {'not ' * negated}{field} {sign} {written}", context())
    for (chunk, _), events in zip(chunks(), documents(), strict=True):
        expected = [passes(event, field, sign, wanted) != negated for event in events]
        different: Sequence[int] = np.flatnonzero(expression.mask(chunk, 0, chunk.count) != np.array(expected)).tolist()
        assert not different, f"{expression}: {events[different[0]]}"
