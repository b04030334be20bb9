"""The filter language as text: its grammar, its syntax tree, and the tree written as text again.

Knows no field and no event. `parse(unparse(tree)) == tree` for every tree that `parse` can give.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, cast

from lark import Lark, Token, Transformer, UnexpectedCharacters, UnexpectedInput, UnexpectedToken
from lark.exceptions import VisitError

from kellect_tui.errors import BadFilter

GRAMMAR = r"""
    start: _or?
    _or: any
    any: all (OR all)*
    all: _not (AND? _not)*
    _not: not | _term
    not: NOT _not
    _term: "(" any ")" | compare | among | bare
    compare: WORD OPERATOR _value
    among: WORD (IN | NOT_IN) "(" _value ("," _value)* ")"
    bare: _value
    _value: WORD | STRING

    OPERATOR.3: "==" | "!=" | "!~" | "=~" | "<=" | ">=" | "=" | "<" | ">" | "~" | /(?:contains|matches)(?=[\s"'])/i
    NOT_IN.4: /not\s+in(?=\s*\()/i
    IN.3: /in(?=\s*\()/i
    OR.2: /or(?![^\s()=<>!~,"'&|])/i | "||"
    AND.2: /and(?![^\s()=<>!~,"'&|])/i | "&&"
    NOT.2: /not(?![^\s()=<>!~,"'&|])/i | "!"
    WORD: /(?!(?:and|or|not)(?![^\s()=<>!~,"'&|]))(?:[^\s()=<>!~,"'&|]|&(?!&)|\|(?!\|))(?:[^\s()=<>!,"'&|]|&(?!&)|\|(?!\|))*/i
    STRING: /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/s
    %ignore /\s+/
"""

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
    try:
        return cast("Tree", _TreeMaker().transform(_parser().parse(text)))
    except VisitError as error:
        if isinstance(error.orig_exc, BadFilter):
            raise error.orig_exc from None
        raise
    except RecursionError:
        raise BadFilter("the filter is nested too deeply", "use fewer parentheses and negations") from None
    except UnexpectedInput as error:
        raise _explain(error, text) from None


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


def _regex(token: Token) -> Regex:
    source = str(token)
    if token.type == "STRING":
        source = re.sub(r"\\([\\\"'])", r"\1", source[1:-1])
    return Regex("".join(character if character.isprintable() else _code(character) for character in source))


def _pattern(token: Token) -> Pattern:
    return _string_pattern(token[1:-1], _column(token) + 1) if token.type == "STRING" else _word_pattern(token)


def _column(token: Token) -> int:
    return token.start_pos or 0


class _TreeMaker(Transformer[Token, Any]):
    """lark's parse tree → ours."""

    def start(self, children: list[Tree]) -> Tree:
        return children[0] if children else All(())

    def any(self, children: list[Any]) -> Tree:
        return _joined(Any_, children)

    def all(self, children: list[Any]) -> Tree:
        return _joined(All, children)

    # lark calls a method by its rule's name
    def compare(self, children: list[Token]) -> Tree:
        name, operator, value = children
        spelled = _SPELLINGS.get(operator.lower(), operator.lower())
        meant = _regex(value) if spelled in _REGEX_OPERATORS else _pattern(value)
        return Compare(str(name), spelled, meant, _column(name), _column(value))

    def among(self, children: list[Token]) -> Tree:
        name, operator, *values = children
        return Among(str(name), tuple(map(_pattern, values)), operator.type == "NOT_IN", _column(name), tuple(map(_column, values)))

    def bare(self, children: list[Token]) -> Tree:
        (token,) = children
        if token.type == "WORD" and token.lower() in FLAGS:
            return Is(token.lower())
        pattern = _pattern(token)
        if not pattern.source:
            raise BadFilter("an empty text is found everywhere", "write what to look for between the quotes", column=_column(token))
        return Bare(pattern, _column(token))


def _negation(self: _TreeMaker, children: list[Any]) -> Tree:
    return Not(children[-1])


setattr(_TreeMaker, "not", _negation)  # the rule's name is a keyword of Python


def _joined(kind: type[Any_] | type[All], children: list[Any]) -> Tree:
    """One node for a row of terms; the same kind inside in parentheses is one with it."""
    terms: list[Tree] = []
    for child in children:
        if isinstance(child, Token):
            continue
        if isinstance(child, kind):
            terms.extend(child.terms)
        else:
            terms.append(child)
    return terms[0] if len(terms) == 1 else kind(tuple(terms))


@lru_cache(1)
def _parser() -> Lark:
    return Lark(GRAMMAR, parser="lalr", lexer="contextual")


def _explain(error: UnexpectedInput, text: str) -> BadFilter:
    """The fault as a person would say it."""
    place: int | None = getattr(error, "pos_in_stream", None)  # None or -1 at the end
    column = min(place, len(text)) if place is not None and place >= 0 else len(text)
    if isinstance(error, UnexpectedToken) and error.token.type == "$END":
        column = len(text.rstrip())
        return BadFilter(*_missing(error.expected, text), column=column)
    found = text[column : column + 1]
    if isinstance(error, UnexpectedCharacters) and found in "\"'":
        return BadFilter("the quote is never closed", f"write another {found} at the value's end", column=column)
    if isinstance(error, UnexpectedToken):
        found = str(error.token)
    expected = error.expected if isinstance(error, UnexpectedToken) else getattr(error, "allowed", None) or set()
    if found == ")" and "WORD" in expected and not text[:column].count("(") < text[: column + 1].count(")"):
        return BadFilter("a value is missing" if text[:column].rstrip().endswith("(") else "a term is missing", "write one before the )", column=column)
    if found == ")":
        return BadFilter("this parenthesis was never opened", "take it away", column=column)
    if found in OPERATORS or found in _SPELLINGS:
        return BadFilter(f"{found} needs a field before it", "write it as in `comm = nginx`; a text with such characters needs quotes", column=column)
    if "WORD" in expected and found.lower() in KEYWORDS:
        return BadFilter(f"{found} stands where a term is expected", "quote it if you look for the word itself", column=column)
    return BadFilter(f"{found!r} does not belong here", "values with spaces, parentheses, quotes, commas or operators need quotes", column=column)


def _missing(expected: Any, text: str) -> tuple[str, str]:
    if "RPAR" in expected:
        return "a parenthesis is not closed", "write ) where it ends"
    last = text.split()[-1] if text.split() else ""
    if last.lower() in ("and", "or", "not", "!", "&&", "||"):
        return f"something is missing after {last}", "write another term, as in `failed and comm = nginx`"
    return "a value is missing", "write one, as in `comm = nginx`"
