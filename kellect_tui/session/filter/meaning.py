"""From a syntax tree to terms: fields are found, values understood, and what makes no sense is refused where it stands."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timezone
from fractions import Fraction
from typing import TYPE_CHECKING, Protocol

from kellect_tui.errors import BadFilter
from kellect_tui.events.catalogue import calls
from kellect_tui.events.constants import ERRNO, errno_name
from kellect_tui.session.cgroup import Place
from kellect_tui.session.filter import terms
from kellect_tui.session.filter.argument_terms import Anywhere, ArgumentTest, Incomplete, OfArguments
from kellect_tui.session.filter.fields import BOOLEAN_KINDS, FIELDS, MIXED, NUMBER, OCTAL_KINDS, SPELLINGS, TIME, Field
from kellect_tui.session.filter.process_terms import ByProcess, OfAncestors, OfFamily, OfProgram, argv_texts, exe_texts
from kellect_tui.session.filter.syntax import FLAGS, All, Among, Any_, Bare, Compare, Is, Not, Pattern, Regex, Tree
from kellect_tui.session.filter.values import BadValue, NumberTest, TextTest, bare_test, moment, number, text_test, whole

if TYPE_CHECKING:
    from kellect_tui.session.processes import Processes

PLACE_TEXTS: Mapping[str, Callable[[Place], tuple[str, ...]]] = {
    "unit": lambda place: (place.unit,) if place.unit else (),
    "container": lambda place: place.names,
    "pod": lambda place: (place.pod,) if place.pod else (),
}
"""By field: what it looks at of the place that a control group's path tells."""

ORDERS = ("<", "<=", ">", ">=")
_TRUTH = {"yes": "true", "1": "true", "no": "false", "0": "false", "true": "true", "false": "false"}


@dataclass(frozen=True)
class Context:
    """What a filter may ask of the session that it is for.

    Attributes:
        processes: For `tree`, `exe`, `argv` and `ancestor.comm`, and for what completion offers.
        origin_ns: Epoch ns at which the session began: times of day are near it.
        zone: Of times that name none; None: this machine's.
        users: Names of uids, for the tree's filter; None: none is known.
    """

    processes: Processes | None = None
    origin_ns: int = 0
    zone: timezone | None = None
    users: Callable[[int], str | None] | None = None


def resolve(tree: Tree) -> Tree:
    """`tree` with every field by its own name. Raises BadFilter for one that there is not."""
    match tree:
        case Any_(inner):
            return Any_(tuple(map(resolve, inner)))
        case All(inner):
            return All(tuple(map(resolve, inner)))
        case Not(inner_one):
            return Not(resolve(inner_one))
        case Compare() | Among():
            return replace(tree, field=_field(tree.field, tree.column).name)
        case Bare() | Is():
            return tree


def term(tree: Tree, context: Context) -> terms.Term:
    """The term that a resolved tree means. Raises BadFilter."""
    match tree:
        case All(inner):
            return terms.AllOf(term(each, context) for each in inner) if inner else terms.Everything()
        case Any_(inner):
            return terms.AnyOf(term(each, context) for each in inner)
        case Not(inner_one):
            return terms.Opposite(term(inner_one, context))
        case Is(flag):
            return terms.Failed() if flag == "failed" else Incomplete()
        case Bare(value):
            return _bare(value)
        case Among(name, values, negated):
            columns = tree.value_columns or (0,) * len(values)
            return _comparison(FIELDS[name], "!=" if negated else "=", tuple(values), columns, tree.column, context)
        case Compare(name, operator, one):
            return _comparison(FIELDS[name], operator, (one,), (tree.value_column,), tree.column, context)


def _field(name: str, column: int) -> Field:
    field = SPELLINGS.get(name) or SPELLINGS.get(name.lower())
    if field is not None:
        return field
    raise BadFilter(f"there is no field {name}", instead_of(name, SPELLINGS), column=column)


def instead_of(name: str, spellings: Iterable[str]) -> str:
    """What to write instead of a field that there is not."""
    if name.lower() in FLAGS:
        return f"{name.lower()} is a word that stands alone, as does `not {name.lower()}`"
    near = difflib.get_close_matches(name.lower(), list(spellings), 2, 0.6)
    return f"did you mean {' or '.join(near)}?" if near else "Tab lists all fields"


class Named(Protocol):
    """A field of events or of processes: faults name it."""

    @property
    def name(self) -> str:
        """As it is written."""
        ...


Values = tuple[Pattern | Regex, ...]


def _comparison(field: Field, operator: str, values: Values, columns: Sequence[int], column: int, context: Context) -> terms.Term:
    if operator in ORDERS and not (field.kind in (NUMBER, TIME) or field.kind == MIXED):
        raise BadFilter(f"{field.name} is text and has no order", "use =, !=, ~ or contains", column=column)
    build = _BUILDERS.get(field.name, _argument)
    return build(field, operator, values, columns, context)


_Builder = Callable[[Field, str, Values, Sequence[int], Context], terms.Term]


def numbers_of(field: Named, operator: str, values: Values, columns: Sequence[int], read: Callable[[str], Fraction]) -> NumberTest:
    """The test of a field that has only numbers."""
    if operator in ("~", "!~", "contains"):
        raise BadFilter(f"{field.name} is a number", "compare it with =, !=, <, <=, >, >= or in (…)", column=columns[0])

    def one(value: Pattern | Regex, column: int) -> Fraction:
        try:
            return read(value.text if isinstance(value, Pattern) else value.source)
        except BadValue as error:
            remedy = "a user's name goes with user, as in `user = www-data`" if field.name == "uid" else error.args[1]
            raise BadFilter(f"{field.name}: {error.args[0]}", remedy, column=column) from None

    return NumberTest(operator, tuple(map(one, values, columns)))


def texts_of(operator: str, values: Values, columns: Sequence[int]) -> TextTest:
    try:
        return text_test(operator, values)
    except BadValue as error:
        raise BadFilter(error.args[0], error.args[1], column=columns[0]) from None


def known_texts(field: Named, operator: str, values: Values, columns: Sequence[int], names: Iterable[str]) -> TextTest:
    """The test of a field of which all values are known: each that is written must be able to pass."""
    known = list(names)
    for value, column in zip(values, columns, strict=True):
        positive = texts_of(operator.removeprefix("!"), (value,), (column,))
        if not any(map(positive.passes, known)):
            written = value.text if isinstance(value, Pattern) else value.source
            near = next(iter(difflib.get_close_matches(written, known, 1, 0.5)), None) or next((name for name in known if name.endswith(f".{written}")), None)
            remedy = f"did you mean {near}?" if near else f"one of {', '.join(known)}" if len(known) <= 6 else "Tab lists them all"
            raise BadFilter(f"there is no {field.name} {written!r}", remedy, column=column)
    return texts_of(operator, values, columns)


def _who_number(field: Field, operator: str, values: Values, columns: Sequence[int], context: Context) -> terms.Term:
    return terms.WhoNumber(field.name, numbers_of(field, operator, values, columns, number))


def _who_text(field: Field, operator: str, values: Values, columns: Sequence[int], context: Context) -> terms.Term:
    test = known_texts(field, operator, values, columns, field.choices) if field.choices else texts_of(operator, values, columns)
    return terms.WhoText(field.name, test)


def _type(field: Field, operator: str, values: Values, columns: Sequence[int], context: Context) -> terms.Term:
    test = known_texts(field, operator, values, columns, field.choices)
    if field.name == "family":
        return terms.OfType(lambda name, family: test.any((family,)))
    return terms.OfType(lambda name, family: test.any((name,)))


def _column(field: Field, operator: str, values: Values, columns: Sequence[int], context: Context) -> terms.Term:
    return terms.OfNumber(field.name, numbers_of(field, operator, values, columns, lambda text: number(text, field.unit)))


def _timestamp(field: Field, operator: str, values: Values, columns: Sequence[int], context: Context) -> terms.Term:
    return terms.OfNumber(field.name, numbers_of(field, operator, values, columns, lambda text: moment(text, context.origin_ns, context.zone)))


def _error(field: Field, operator: str, values: Values, columns: Sequence[int], context: Context) -> terms.Term:
    named = tuple(map(_errno_named, values))
    unnamed = [value.text for value in named if isinstance(value, Pattern) and value.text.startswith("0x")]
    return terms.OfError(known_texts(field, operator, named, columns, [*ERRNO.values(), *unnamed]))


def _errno_named(value: Pattern | Regex) -> Pattern | Regex:
    number = whole(value.source) if isinstance(value, Pattern) else None
    return Pattern.literal(errno_name(number)) if number is not None and 0 < number <= terms.LAST_ERRNO else value


def _call(field: Field, operator: str, values: Values, columns: Sequence[int], context: Context) -> terms.Term:
    known = field.choices or sorted({call.name for _, call in calls()})
    return terms.OfCall(field.name, known_texts(field, operator, values, columns, known))


def _incomplete(field: Field, operator: str, values: Values, columns: Sequence[int], context: Context) -> terms.Term:
    return Incomplete(texts_of(operator, values, columns))


def _processes(field: Field, columns: Sequence[int], context: Context) -> Processes:
    if context.processes is None:
        raise BadFilter(f"{field.name} needs the table of processes, and there is none here", "use pid, ppid or comm", column=columns[0])
    return context.processes


def _tree(field: Field, operator: str, values: Values, columns: Sequence[int], context: Context) -> terms.Term:
    if operator not in ("=", "!="):
        raise BadFilter("tree takes a process", "write it as in tree = 42", column=columns[0])
    roots = [life_of("tree", value, column, context) for value, column in zip(values, columns, strict=True)]
    processes = _processes(field, columns, context)
    inside = ByProcess(processes, OfFamily(processes, roots))
    return terms.AllOf((terms.WhoNumber("pid", NumberTest(">=", (Fraction(0),))), terms.Opposite(inside))) if operator == "!=" else inside


def life_of(name: str, value: Pattern | Regex, column: int, context: Context) -> tuple[int, int | None]:
    """`42`, or of a pid that was used again `42@12:01:02`: (pid, epoch ns at which it lived or None). Raises BadFilter."""
    pid, at, moment_text = (value.text if isinstance(value, Pattern) else value.source).partition("@")
    try:
        root = number(pid)
        at_ns = int(moment(moment_text, context.origin_ns, context.zone) * 1000) if at else None
    except BadValue as error:
        raise BadFilter(f"{name}: {error.args[0]}", error.args[1], column=column) from None
    if root.denominator != 1:
        raise BadFilter(f"{name}: {pid} is no pid", "write a whole number", column=column)
    return int(root), at_ns


def _program(field: Field, operator: str, values: Values, columns: Sequence[int], context: Context) -> terms.Term:
    texts = exe_texts if field.name == "exe" else argv_texts
    return ByProcess(_processes(field, columns, context), OfProgram(texts, texts_of(operator, values, columns)))


def _ancestor(field: Field, operator: str, values: Values, columns: Sequence[int], context: Context) -> terms.Term:
    return ByProcess(_processes(field, columns, context), OfAncestors(texts_of(operator, values, columns)))


def _place(field: Field, operator: str, values: Values, columns: Sequence[int], context: Context) -> terms.Term:
    return terms.OfPlace(PLACE_TEXTS[field.name], texts_of(operator, values, columns))


def _argument(field: Field, operator: str, values: Values, columns: Sequence[int], context: Context) -> terms.Term:
    negated = operator.startswith("!")
    positive = operator.removeprefix("!")
    kinds = field.kinds
    if positive == "=" and kinds and kinds <= OCTAL_KINDS:
        values = tuple(Pattern(value.source.zfill(4)) if isinstance(value, Pattern) and value.source.isdecimal() else value for value in values)
    if kinds and kinds <= BOOLEAN_KINDS:
        values = _truths(field, positive, values, columns)
    numeric = None
    if positive in ("=", *ORDERS):
        numeric = _numeric(field, positive, values, columns)
    textual = None if positive in ORDERS or (field.kind == NUMBER and numeric is not None) else texts_of(positive, values, columns)
    return OfArguments(field.arguments, ArgumentTest(numeric, textual, negated))


def _numeric(field: Field, operator: str, values: Values, columns: Sequence[int]) -> NumberTest | None:
    """The test of an argument's numbers; None where it is text that is asked for."""
    if field.kind == NUMBER or operator in ORDERS:
        return numbers_of(field, operator, values, columns, lambda text: number(text, field.unit))
    try:
        return NumberTest(operator, tuple(number(value.text, field.unit) for value in values if isinstance(value, Pattern)))
    except BadValue:
        return None


def _truths(field: Field, operator: str, values: Values, columns: Sequence[int]) -> Values:
    out = []
    for value, column in zip(values, columns, strict=True):
        truth = _TRUTH.get(value.text.lower()) if isinstance(value, Pattern) and operator == "=" else None
        if truth is None:
            raise BadFilter(f"{field.name} is true or false", f"write it as in {field.name} = true", column=column)
        out.append(Pattern(truth))
    return tuple(out)


def _bare(pattern: Pattern) -> terms.Term:
    test = bare_test(pattern)
    others: list[terms.Term] = [terms.WhoText(name, test) for name in ("comm", "user", "cgroup")]
    others.append(terms.OfType(lambda name, family: test.passes(name)))
    others += [terms.OfError(test), terms.OfCall("syscall", test)]
    written = whole(pattern.text)
    if written is not None:
        others += [terms.WhoNumber(name, NumberTest("=", (Fraction(written),))) for name in ("pid", "tid", "ppid")]
    return Anywhere(test, written, others)


def is_about_types(names: Iterable[str]) -> bool:
    """Whether a filter with these fields speaks of types: then the monitor's own rows must pass it as others do."""
    return any(name in ("event_type", "family") for name in names)


_OF_TABLE: dict[str, _Builder] = {"tree": _tree, **dict.fromkeys(("exe", "argv"), _program), "ancestor.comm": _ancestor}
OF_TABLE = frozenset(_OF_TABLE)
"""Fields that the table of processes is asked for."""

_BUILDERS: dict[str, _Builder] = {
    **dict.fromkeys(("pid", "tid", "ppid", "uid", "gid", "ruid", "auid"), _who_number),
    **dict.fromkeys(("comm", "user", "cgroup", "process_type"), _who_text),
    **dict.fromkeys(("event_type", "family"), _type),
    **dict.fromkeys(("result", "duration_ns"), _column),
    **dict.fromkeys(("syscall", "abi"), _call),
    "timestamp": _timestamp,
    "error": _error,
    "incomplete": _incomplete,
    **_OF_TABLE,
    **dict.fromkeys(PLACE_TEXTS, _place),
}
