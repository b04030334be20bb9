"""The filter language as text: its grammar, its syntax tree, and the tree written as text again.

Knows no field and no event. `parse(unparse(tree)) == tree` for every tree that `parse` can give.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from kellect_tui.errors import BadFilter

MAX_LENGTH = 20_000
KEYWORDS = frozenset(("and", "or", "not", "in", "contains", "matches"))
FLAGS = ("failed", "incomplete")
"""Bare words that say something of an event instead of being looked for."""

OPERATORS = {
    "=": "is, or matches the pattern (* any text, ? one character)",
    "!=": "is not",
    "~": "a regular expression is found in it",
    "!~": "a regular expression is not found in it",
    "contains": "this text is found in it",
    "<": "less than", "<=": "at most", ">": "more than", ">=": "at least",
}  # fmt: skip
_SPELLINGS = {"==": "=", "=~": "~", "matches": "~"}
_REGEX_OPERATORS = ("~", "!~")

_SURROGATE = re.compile("[\ud800-\udfff]")
_PLAIN_WORD = re.compile(r"""[^\s()=<>!~,"'&|\\]+\Z""")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "e": "\x1b", "0": "\0"}
_CODE = re.compile(r"x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})")


@dataclass(frozen=True)
class Pattern:
    r"""A value as it was meant: text in which `*` and `?` are wild unless a backslash stands before them.

    Attributes:
        source: A literal `*`, `?` or backslash has a backslash before it.
        quoted: Whether it was written in quotes: then it is text, never a flag.
    """

    source: str
    quoted: bool = dataclasses.field(default=False, compare=False)

    @cached_property
    def pieces(self) -> tuple[tuple[str, bool], ...]:
        """(character, whether it is wild)."""
        out, characters = [], iter(self.source)
        for character in characters:
            if character == "\\":
                out.append((next(characters, "\\"), False))
            else:
                out.append((character, character in "*?"))
        return tuple(out)

    @property
    def wild(self) -> bool:
        """Whether it stands for more than one text."""
        return any(wild for _, wild in self.pieces)

    @property
    def text(self) -> str:
        """The text, wild characters as they are written."""
        return "".join(character for character, _ in self.pieces)

    @classmethod
    def literal(cls, text: str) -> Pattern:
        """The pattern that stands for `text` and nothing else."""
        return cls(_literal(text))


@dataclass(frozen=True)
class Regex:
    """A regular expression as Python's `re` reads it; no line breaks or other control characters (they are written as escapes)."""

    source: str


@dataclass(frozen=True)
class Compare:
    """`field operator value`."""

    field: str
    operator: str
    value: Pattern | Regex
    column: int = dataclasses.field(default=0, compare=False)
    value_column: int = dataclasses.field(default=0, compare=False)


@dataclass(frozen=True)
class Among:
    """`field in (value, …)`; any of them."""

    field: str
    values: tuple[Pattern, ...]
    negated: bool = False
    column: int = dataclasses.field(default=0, compare=False)
    value_columns: tuple[int, ...] = dataclasses.field(default=(), compare=False)


@dataclass(frozen=True)
class Bare:
    """A word without a field: looked for everywhere."""

    value: Pattern
    column: int = dataclasses.field(default=0, compare=False)


@dataclass(frozen=True)
class Is:
    """One of FLAGS."""

    flag: str


@dataclass(frozen=True)
class Not:
    """The opposite."""

    term: Tree


@dataclass(frozen=True)
class All:
    """Every one of two or more; of none: everything."""

    terms: tuple[Tree, ...]


@dataclass(frozen=True)
class Any_:
    """One of two or more."""

    terms: tuple[Tree, ...]


Tree = Compare | Among | Bare | Is | Not | All | Any_


def parse_tree(text: str) -> Tree:
    """The tree of `text`; of an empty one `All(())`. Raises BadFilter."""
    if len(text) > MAX_LENGTH:
        raise BadFilter(f"the filter is longer than {MAX_LENGTH:,} characters", "shorten it", column=MAX_LENGTH)
    if (broken := _SURROGATE.search(text)) is not None:
        raise BadFilter("half a character: it stands for nothing", "take it away", column=broken.start())
    from kellect_tui.session.filter.grammar import read  # lark: 15 ms of a start that has no filter

    return read(text)


def unparse(tree: Tree) -> str:
    """`tree` as text in its canonical form."""
    match tree:
        case Any_(terms):
            return " or ".join(_within(term, Any_) for term in terms)
        case All(terms):
            return " and ".join(_within(term, Any_, All) for term in terms)
        case Not(term):
            return f"not {_within(term, Any_, All)}"
        case Is(flag):
            return flag
        case Bare(value):
            return write_value(value, bare=True)
        case Among(name, values, negated):
            return f"{name} {'not in' if negated else 'in'} ({', '.join(write_value(value) for value in values)})"
        case Compare(name, operator, value):
            return f"{name} {operator} {write_value(value)}"


def comparisons(tree: Tree) -> Iterator[Compare | Among]:
    """Every term that names a field."""
    match tree:
        case Any_(terms) | All(terms):
            for term in terms:
                yield from comparisons(term)
        case Not(term):
            yield from comparisons(term)
        case Compare() | Among():
            yield tree
        case Bare() | Is():
            pass


def write_value(value: Pattern | Regex, *, bare: bool = False) -> str:
    """A value as the grammar reads it back: without quotes where none are needed."""
    source = value.source
    if _PLAIN_WORD.match(source) and source.lower() not in KEYWORDS and source.isprintable() and not (bare and source.lower() in FLAGS):
        return source
    if isinstance(value, Regex):
        return '"' + source.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return '"' + "".join(character if wild else _quoted(character) for character, wild in value.pieces) + '"'


def quote(text: str) -> str:
    """`text` as a value that stands for exactly it, whatever characters it has."""
    return write_value(Pattern.literal(text))


def _within(term: Tree, *looser: type) -> str:
    return f"({unparse(term)})" if isinstance(term, looser) else unparse(term)


def _quoted(character: str) -> str:
    if character in '\\"*?':
        return "\\" + character
    return character if character.isprintable() else _code(character)


def _code(character: str) -> str:
    number = ord(character)
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def _literal(text: str) -> str:
    return re.sub(r"([\\*?])", r"\\\1", text)


def _word_pattern(word: str) -> Pattern:
    """An unquoted word: a backslash is itself, but for `\\*` and `\\?`."""
    return Pattern(re.sub(r"\\(?![*?])", r"\\\\", word))


def _string_pattern(body: str, column: int) -> Pattern:
    out = []
    place = 0
    while place < len(body):
        character = body[place]
        place += 1
        if character != "\\":
            out.append(character)
            continue
        code = _CODE.match(body, place)
        following = body[place : place + 1]
        if code:
            out.append(_literal(_character(int(code[1] or code[2] or code[3], 16), column + place)))
            place = code.end()
        elif following in _ESCAPES:
            out.append(_ESCAPES[following])
            place += 1
        elif following and following in "\\\"'*?":
            out.append(_literal(following))
            place += 1
        else:
            out.append("\\\\")
    return Pattern("".join(out), quoted=True)


def _character(number: int, column: int) -> str:
    if number > 0x10FFFF or 0xD800 <= number < 0xE000:
        raise BadFilter(f"there is no character with the number {number:#x}", "\\xNN, \\uNNNN and \\UNNNNNNNN take the number of a character", column=column)
    return chr(number)
