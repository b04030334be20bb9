"""The grammar of the filter language, read by lark: from a text to its tree, or to what is wrong with it.

Apart from `syntax`, so that lark is loaded when the first filter is read, not at the start.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, cast

from lark import Lark, Token, Transformer, UnexpectedCharacters, UnexpectedInput, UnexpectedToken
from lark.exceptions import VisitError

from kellect_tui.errors import BadFilter
from kellect_tui.session.filter.syntax import (
    _REGEX_OPERATORS,
    _SPELLINGS,
    FLAGS,
    KEYWORDS,
    OPERATORS,
    All,
    Among,
    Any_,
    Bare,
    Compare,
    Is,
    Not,
    Pattern,
    Regex,
    Tree,
    _code,
    _string_pattern,
    _word_pattern,
)

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


def read(text: str) -> Tree:
    """The tree of `text`; of an empty one `All(())`. Raises BadFilter."""
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
