"""The filter language as text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kellect_tui.errors import BadFilter
from kellect_tui.session.filter.syntax import (
    MAX_LENGTH,
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
    parse_tree,
    quote,
    unparse,
)


def a(name: str) -> Bare:
    return Bare(Pattern(name))


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("", All(())),
        ("  ", All(())),
        ("comm = nginx", Compare("comm", "=", Pattern("nginx"))),
        ("comm==nginx", Compare("comm", "=", Pattern("nginx"))),
        ("a b", All((a("a"), a("b")))),
        ("a or b c", Any_((a("a"), All((a("b"), a("c")))))),
        ("a and b or not c", Any_((All((a("a"), a("b"))), Not(a("c"))))),
        ("(a or b) and c", All((Any_((a("a"), a("b"))), a("c")))),
        ("((a)) && !b || c", Any_((All((a("a"), Not(a("b")))), a("c")))),
        ("failed", Is("failed")),
        ('"failed"', a("failed")),
        ("NOT Failed AND x", All((Not(Is("failed")), a("x")))),
        ("android or notes", Any_((a("android"), a("notes")))),
        ("pid in (1,2)", Among("pid", (Pattern("1"), Pattern("2")))),
        ("pid not in (1)", Among("pid", (Pattern("1"),), negated=True)),
        ("x not y", All((a("x"), Not(a("y"))))),
        ('path ~ "^/etc (x)"', Compare("path", "~", Regex("^/etc (x)"))),
        (r"path ~ \.so$", Compare("path", "~", Regex(r"\.so$"))),
        (r'path ~ "\.so\"$"', Compare("path", "~", Regex(r"\.so\"$".replace(r"\"", '"')))),
        ("path matches /etc", Compare("path", "~", Regex("/etc"))),
        ("path contains 'a b'", Compare("path", "contains", Pattern("a b"))),
        ("flags = O_WRONLY|O_CREAT", Compare("flags", "=", Pattern("O_WRONLY|O_CREAT"))),
        (r"cgroup = /system.slice/a\x2db.service", Compare("cgroup", "=", Pattern(r"/system.slice/a\\x2db.service"))),
        (r'x = "a\*b*\n\x1b\u202e\\"', Compare("x", "=", Pattern("a\\*b*\n\x1b\u202e\\\\"))),
        ("a = 'it\"s'", Compare("a", "=", Pattern('it"s'))),
    ],
)
def test_parses(text: str, tree: Tree) -> None:
    assert parse_tree(text) == tree


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ("comm =", 6, "a value is missing"),
        ("comm = ", 6, "a value is missing"),
        ("(a", 2, "a parenthesis is not closed"),
        ("a)", 1, "this parenthesis was never opened"),
        ("a and", 5, "something is missing after and"),
        ("and a", 0, "and stands where a term is expected"),
        ("a or or b", 5, "or stands where a term is expected"),
        ("= x", 0, "= needs a field before it"),
        ('a = "x', 4, "the quote is never closed"),
        ("comm = (a)", 7, "'(' does not belong here"),
        ("pid in ()", 8, "a value is missing"),
        ("a and ()", 7, "a value is missing"),
        ('x ""', 2, "an empty text is found everywhere"),
        (r'a = "b\ud800"', 7, "there is no character with the number 0xd800"),
        ("a \ud800", 2, "half a character: it stands for nothing"),
        ("a, b", 1, "',' does not belong here"),
        ("x" * (MAX_LENGTH + 1), MAX_LENGTH, f"the filter is longer than {MAX_LENGTH:,} characters"),
        ("!" * 10_000 + "a", 0, "the filter is nested too deeply"),
    ],
)
def test_says_what_is_wrong_and_where(text: str, column: int, message: str) -> None:
    with pytest.raises(BadFilter) as caught:
        parse_tree(text)
    assert (caught.value.message, caught.value.column) == (message, column)
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("a && (b || c)", "a and (b or c)"),
        ("a (b c)", "a and b and c"),
        ("!(a b)", "not (a and b)"),
        ("! ! a", "not not a"),
        ("errno in(A ,B)", "errno in (A, B)"),
        ('comm = "and"', 'comm = "and"'),
        ('comm = "plain"', "comm = plain"),
        ('comm = "two words"', 'comm = "two words"'),
        (r'comm = "\x1b[2J"', r'comm = "\x1b[2J"'),
    ],
)
def test_writes_itself_in_one_way(text: str, canonical: str) -> None:
    assert unparse(parse_tree(text)) == canonical


TEXT = st.text(min_size=1, max_size=12)
PATTERN = st.builds(lambda text: Pattern.literal(text), TEXT) | st.builds(
    lambda parts: Pattern("".join(Pattern.literal(part).source if part not in "*?" else part for part in parts)),
    st.lists(st.sampled_from(["*", "?", "a", "\\", '"', " ", "é", "\n", "b.c", "not"]), min_size=1, max_size=6),
)
REGEX = st.builds(lambda text: Regex("".join(c for c in text if c.isprintable()) or "x"), TEXT)
NAME = st.sampled_from(["comm", "arg.path", "pid"])
ATOM: st.SearchStrategy[Tree] = st.one_of(
    st.builds(Bare, PATTERN),
    st.sampled_from([Is("failed"), Is("incomplete")]),
    st.builds(Compare, NAME, st.sampled_from(["=", "!=", "<", "<=", ">", ">=", "contains"]), PATTERN),
    st.builds(Compare, NAME, st.sampled_from(["~", "!~"]), REGEX),
    st.builds(Among, NAME, st.lists(PATTERN, min_size=1, max_size=3).map(tuple), st.booleans()),
)


def joined(kind: type[Any_] | type[All], parts: list[Tree]) -> Tree:
    flat: list[Tree] = []
    for part in parts:
        flat.extend(part.terms if isinstance(part, kind) else [part])
    return kind(tuple(flat))


TREE = st.recursive(
    ATOM,
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: joined(All, parts)),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: joined(Any_, parts)),
    ),
    max_leaves=8,
)


@given(TREE)
def test_what_is_written_reads_back_the_same(tree: Tree) -> None:
    text = unparse(tree)
    assert text.isprintable()
    assert parse_tree(text) == tree


@given(st.text(alphabet=st.sampled_from(list("ab=!<>~()\"'\\*?, &|\n")) | st.characters(), max_size=30))
def test_any_text_parses_to_itself_or_is_a_bad_filter(text: str) -> None:
    fault = None
    tree: Tree = All(())
    try:
        tree = parse_tree(text)
    except BadFilter as error:
        fault = error
    assert parse_tree(unparse(tree)) == tree
    assert fault is None or 0 <= fault.column <= len(text)


@given(st.text())
def test_a_quoted_text_stands_for_itself_alone(text: str) -> None:
    tree = parse_tree(f"comm = {quote(text)}")
    assert isinstance(tree, Compare)
    assert isinstance(tree.value, Pattern)
    assert (tree.value.text, tree.value.wild) == (text, False)
