"""What helps to write a filter: completions at the cursor, a term made from an event, and the help's rows.

All of it follows from the tables that the language itself is made of.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from kellect_tui.events.catalogue import BY_NAME, FAMILIES, TYPES, calls
from kellect_tui.events.constants import ERRNO, errno_text
from kellect_tui.events.record import Event
from kellect_tui.session.cgroup import place
from kellect_tui.session.filter.fields import ARGUMENTS, COMMON, SPELLINGS, TEXT, Field
from kellect_tui.session.filter.meaning import PLACE_TEXTS, Context
from kellect_tui.session.filter.of_processes import PROCESS_FIELDS
from kellect_tui.session.filter.syntax import OPERATORS, quote

MOST = 50
"""Completions given at most."""


@dataclass(frozen=True, slots=True)
class Completion:
    """Put `text` in place of what stands at ``[start:end]``."""

    text: str
    start: int
    end: int
    help: str


@dataclass(frozen=True, slots=True)
class HelpRow:
    """A line of the help: how it is written, and what it means."""

    section: str
    syntax: str
    meaning: str
    example: str = ""


_TOKEN = re.compile(r"""\s+|"(?:[^"\\]|\\.)*(?:"|\Z)|'(?:[^'\\]|\\.)*(?:'|\Z)|[=!~<>]+|[(),]|[^\s()=<>!~,"']+""", re.DOTALL)
_WORDS = {"and": "both sides", "or": "one of the sides", "not": "the opposite"}
_WORD_OPERATORS = ("contains", "matches", "in", "not in")


class Word(Protocol):
    """What a field is to completion: one of events, or of processes."""

    @property
    def name(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def help(self) -> str: ...
    @property
    def choices(self) -> tuple[str, ...]: ...


@dataclass(frozen=True)
class Vocabulary:
    """What can be filtered by: `fields` by every name of theirs, `terms` with a word of help, in the order in which they are offered."""

    fields: Mapping[str, Word]
    terms: tuple[tuple[str, str], ...]


def completions(text: str, cursor: int, context: Context | None = None, vocabulary: Vocabulary | None = None) -> list[Completion]:
    """What could stand at `cursor`: fields and words, operators, or the values of the field before, best first, at most MOST.

    Args:
        vocabulary: EVENTS (as where it is None) or PROCESSES.
    """
    start, end, before = _place(text, cursor)
    begun = text[start:cursor]
    offered = _offers(before, context or Context(), vocabulary or EVENTS)
    unquoted = begun.lstrip("\"'").lower()
    found = [Completion(word, start, end, help) for word, help in offered if _fits(word, unquoted)]
    found.sort(key=lambda completion: not completion.text.lstrip('"').removeprefix("arg.").lower().startswith(unquoted))
    return [completion for completion in found if completion.text.strip() != text[start:end]][:MOST]


def _fits(word: str, begun: str) -> bool:
    bare = word.lstrip('"').lower()
    return bare.startswith(begun) or any(part.startswith(begun) for part in re.split(r"[._/]", bare)[1:] if begun)


def _place(text: str, cursor: int) -> tuple[int, int, list[str]]:
    """Where the word at the cursor begins and ends, and the words before it."""
    before: list[str] = []
    for token in _TOKEN.finditer(text):
        if token.start() >= cursor:
            break
        if token.end() >= cursor and not token[0].isspace() and not re.match(r"[=!~<>(),]", token[0]):
            return token.start(), token.end(), before
        if not token[0].isspace():
            before.append(token[0])
    return cursor, cursor, before


def _offers(before: list[str], context: Context, vocabulary: Vocabulary) -> Iterator[tuple[str, str]]:
    fields = vocabulary.fields
    field = _value_of(before, fields)
    if field is not None:
        yield from _values(field, context)
    elif before and before[-1].lower() in fields and not (len(before) > 1 and _is_operator(before[-2])):
        yield from ((name, help) for name, help in OPERATORS.items() if fields[before[-1].lower()].kind != TEXT or name not in ("<", "<=", ">", ">="))
        yield "in (", "one of several"
    else:
        if before and before[-1].lower() not in (*_WORDS, "(", "!"):
            yield from _WORDS.items()
        yield from vocabulary.terms


def _is_operator(word: str) -> bool:
    return bool(re.fullmatch(r"[=!~<>]+", word)) or word.lower() in _WORD_OPERATORS


def _value_of(before: list[str], fields: Mapping[str, Word]) -> Word | None:
    """The field whose value stands at the cursor; None where no value is expected."""
    words = list(before)
    if words and words[-1] in ("(", ","):  # inside in (…): back to its field
        while words and words[-1].lower() != "in":
            if words[-1] in (")",) or _is_operator(words[-1]):
                return None
            words.pop()
        if not words:
            return None
        words.pop()
        if words and words[-1].lower() == "not":
            words.pop()
    elif words and _is_operator(words[-1]):
        words.pop()
    else:
        return None
    return fields.get(words[-1].lower()) if words else None


def _terms() -> Iterator[tuple[str, str]]:
    yield "failed", "calls that failed"
    for field in COMMON:
        yield field.name, field.help
        yield from ((alias, f"{field.name}: {field.help}") for alias in field.aliases)
    yield "incomplete", "something is cut or could not be read"
    yield "not", _WORDS["not"]
    yield from ((field.name, field.help) for field in ARGUMENTS)


def _process_terms() -> Iterator[tuple[str, str]]:
    yield "failed", "processes that ended with another status than 0, or by a signal"
    for field in PROCESS_FIELDS.values():
        yield field.name, field.help
    yield "incomplete", "an event that made it what it is was lost"
    yield "not", _WORDS["not"]


EVENTS = Vocabulary(SPELLINGS, tuple(_terms()))
PROCESSES = Vocabulary(PROCESS_FIELDS, tuple(_process_terms()))


def _values(field: Word, context: Context) -> Iterator[tuple[str, str]]:
    if field.name == "event_type":
        yield from ((f"{family}.*", f"all of {family}") for family in FAMILIES[:-1])
        yield from ((row.name, row.help) for row in TYPES)
    yield from ((choice, "") for choice in field.choices if field.name != "event_type" or choice.startswith("monitor"))
    if field.name == "error":
        yield from ((name, errno_text(name)) for _, name in sorted(ERRNO.items()))
    elif field.name == "syscall":
        yield from ((name, "") for name in sorted({call.name for _, call in calls()}))
    elif context.processes is not None and field.name in _SEEN:
        yield from ((quote(value), "") for value in _seen(context, _SEEN[field.name]))


_SEEN: dict[str, str] = {
    "comm": "comm", "arg.comm": "comm", "ancestor.comm": "comm", "pid": "pid", "tree": "pid", "ppid": "ppid", "uid": "uid", "exe": "path",
}  # fmt: skip
_OF_PROCESS = frozenset(("exe", "argv", "ancestor.comm"))
"""Fields that an event alone has no value of."""


def _seen(context: Context, name: str) -> list[str]:
    assert context.processes is not None
    known: dict[str, int] = {}
    for process in context.processes.all():
        value = getattr(process, name)
        if value is not None and value != "":
            known[str(value)] = known.get(str(value), 0) + process.counts.events
    return sorted(known, key=lambda value: (-known[value], value))


def term_for(event: Event, field: str) -> str | None:
    """The term that lets through what has this event's value of `field`; None where it has none.

    The value is written so that exactly it is meant, whatever characters a program put into it.
    """
    known = SPELLINGS.get(field)
    if known is None or known.name == "tree":
        return None if known is None or event.pid is None else f"tree = {event.pid}"
    for value in _own_values(event, known):
        if isinstance(value, bool):
            return f"{known.name} = {'true' if value else 'false'}"
        if isinstance(value, int | str):
            return f"{known.name} = {quote(str(value))}"
    return None


def _own_values(event: Event, field: Field) -> Iterable[object]:
    if field.arguments:
        for argument in field.arguments.get(BY_NAME[event.event_type].id, ()):
            value = event.arguments.get(argument.name)
            yield from value if isinstance(value, list | tuple) else [value]
    elif field.name in PLACE_TEXTS:
        yield from PLACE_TEXTS[field.name](place(event.cgroup)) if event.cgroup is not None else ()
    elif field.name not in _OF_PROCESS:
        value = getattr(event, field.name)
        yield from value if isinstance(value, tuple) else [value]


def _help() -> tuple[HelpRow, ...]:
    rows = [
        HelpRow("Words", "word", "found in comm, type, call, errno, user, cgroup, paths, addresses, argv; without capitals in any case", "passwd"),
        HelpRow("Words", "42", "the same, and as pid, tid, ppid or port", "4121"),
        HelpRow("Words", "failed", "calls that failed", "comm = nginx and failed"),
        HelpRow("Words", "incomplete", "something is cut or could not be read", "incomplete"),
    ]
    rows += [HelpRow("Operators", f"field {operator} value", meaning) for operator, meaning in OPERATORS.items()]
    rows += [
        HelpRow("Operators", "field in (a, b)", "one of several; not in: none of them", "errno in (EACCES, EPERM)"),
        HelpRow("Joining", "a and b   a b", "both", "nginx failed"),
        HelpRow("Joining", "a or b", "one of them; and binds closer", "type = file.open or type = file.create"),
        HelpRow("Joining", "not a   !a", "the opposite", "not comm = sshd"),
        HelpRow("Values", '"…"', r"with spaces or operators in it; \" \\ \n \t \xNN \uNNNN; \* and \? are no patterns", r'path = "/tmp/a b"'),
        HelpRow("Values", "5ms 10k 4MiB", "ns us ms s min h; k M G; B kB KiB MB MiB GB GiB; 0x2a", "duration > 5ms"),
    ]
    for field in COMMON:
        names = ", ".join((field.name, *field.aliases))
        rows.append(HelpRow("Fields", names, field.help, field.example))
    rows.append(HelpRow("Fields", "arg.NAME", "an argument; NAME alone where no field is called so", "arg.flags = O_CREAT"))
    rows += [HelpRow("In the tree", "failed", "processes that ended with another status than 0, or by a signal")]
    rows += [HelpRow("In the tree", field.name, field.help) for field in PROCESS_FIELDS.values()]
    return tuple(rows)


FILTER_HELP = _help()
"""Rows for the help screen and the docs."""
