"""The filter language over processes, for the tree: the same grammar and values, the fields of a process.

A condition compiles to a mask over a `Snapshot`; the tree shows what passes and the way to it. Where a process ran several
programs, `comm`, `exe` and `argv` find it by any of them. A thread passes with its process.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kellect_tui.errors import BadFilter
from kellect_tui.events.constants import SIGNALS
from kellect_tui.session.cgroup import Place, place
from kellect_tui.session.filter.fields import NUMBER, TEXT
from kellect_tui.session.filter.meaning import ORDERS, PLACE_TEXTS, Context, Values, instead_of, known_texts, life_of, numbers_of, texts_of
from kellect_tui.session.filter.syntax import All, Among, Any_, Bare, Compare, Is, Not, Tree, parse_tree, unparse
from kellect_tui.session.filter.values import NumberTest, TextTest, bare_test, number, whole
from kellect_tui.session.forest import Flags
from kellect_tui.session.process import COUNT_NAMES, Process
from kellect_tui.session.proctree import Snapshot

KNOWN_TEXTS = 100_000
"""Answers that a term keeps; beyond that it begins anew."""

Texts = Callable[[Process], tuple[str, ...]]
Numbers = Callable[[Snapshot], tuple[NDArray[Any], Flags | None]]
"""A column, and who has such a number at all (None: all)."""
Mask = Callable[[Snapshot], Flags]


@dataclass(frozen=True)
class ProcessField:
    """A field of a process.

    Attributes:
        texts: Its texts; none: it has no such thing, and no comparison passes.
        numbers: Its number, of all processes at once.
        unit, choices: As in `Field`.
    """

    name: str
    help: str
    texts: Texts | None = None
    numbers: Numbers | None = None
    unit: str = ""
    choices: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """NUMBER or TEXT."""
        return TEXT if self.texts is not None else NUMBER


def _comms(process: Process) -> tuple[str, ...]:
    ran = process.generations
    return (process.comm,) if len(ran) < 2 else tuple({process.comm, *(program.comm for program in list(ran))})


def _exes(process: Process) -> tuple[str, ...]:
    ran = process.generations
    paths = (process.path, process.interpreter) if len(ran) < 2 else {path for program in list(ran) for path in (program.path, program.interpreter)}
    return tuple(path for path in paths if path is not None)


def _words(process: Process) -> tuple[str, ...]:
    lines = (process.argv,) if len(process.generations) < 2 else {program.argv for program in list(process.generations)}
    return tuple(word for line in lines if line for word in (*line, " ".join(line)))


def _user(context: Context) -> Texts:
    def texts(process: Process) -> tuple[str, ...]:
        name = None if process.uid is None or context.users is None else context.users(process.uid)
        return () if name is None else (name,)

    return texts


def _of_place(read: Callable[[Place], tuple[str, ...]]) -> Texts:
    return lambda process: () if process.cgroup is None else read(place(process.cgroup))


def _column(read: Callable[[Process], int | None]) -> Numbers:
    def numbers(snapshot: Snapshot) -> tuple[NDArray[Any], Flags | None]:
        values = [read(process) for process in snapshot.processes]
        has = np.fromiter((value is not None for value in values), np.bool_, len(values))
        return np.fromiter((value or 0 for value in values), np.int64, len(values)), has

    return numbers


def _count(name: str) -> Numbers:
    return lambda snapshot: (snapshot.amounts(name)[: snapshot.process_count], None)


def _signal(process: Process) -> tuple[str, ...]:
    return () if process.exit_signal is None else (SIGNALS.get(process.exit_signal, hex(process.exit_signal)),)


_BYTES = ("read", "written", "sent", "received")
_COUNT_HELP = {
    "events": "what it did, as events", "failures": "failed calls", "read": "bytes read", "written": "bytes written", "sent": "bytes sent",
    "received": "bytes received",
}  # fmt: skip


def _fields() -> Mapping[str, ProcessField]:
    rows = [
        ProcessField("comm", "its name, of any program it ran", _comms),
        ProcessField("exe", "the file of any program it ran, and a script's interpreter", _exes),
        ProcessField("argv", "a word of a command line, or all of it", _words),
        ProcessField("pid", "its number", numbers=_column(lambda process: process.pid)),
        ProcessField("ppid", "its parent's number", numbers=_column(lambda process: process.ppid)),
        ProcessField("tree", "this process and its descendants", numbers=_column(lambda process: process.pid)),
        ProcessField("ancestor.comm", "the name of one above it", _comms),
        ProcessField("user", "the name of its uid"),
        ProcessField("uid", "its effective user id", numbers=_column(lambda process: process.uid)),
        ProcessField("unit", "the systemd unit", _of_place(PLACE_TEXTS["unit"])),
        ProcessField("container", "the container's id, whole or its first 12 characters", _of_place(PLACE_TEXTS["container"])),
        ProcessField("pod", "the Kubernetes pod's uid", _of_place(PLACE_TEXTS["pod"])),
        ProcessField("cgroup", "the control group's path", lambda process: () if process.cgroup is None else (process.cgroup,)),
        ProcessField("state", "running or ended", lambda process: ("running" if process.running else "ended",), choices=("running", "ended")),
        ProcessField("exit", "its exit status", numbers=_column(lambda process: process.exit_status)),
        ProcessField("signal", "the signal that ended it", _signal),
        ProcessField("lifetime", "from start to end, of ended ones", numbers=_column(lambda process: process.lifetime_ns), unit="ns"),
        ProcessField("threads", "threads alive", numbers=_column(lambda process: process.thread_count)),
        *(ProcessField(name, _COUNT_HELP[name], numbers=_count(name), unit="bytes" if name in _BYTES else "") for name in COUNT_NAMES if name in _COUNT_HELP),
    ]
    return MappingProxyType({row.name: row for row in rows})


PROCESS_FIELDS = _fields()
"""THE table of the tree's filter fields."""


class ProcessFilter:
    """A condition on processes, as somebody typed it.

    Attributes:
        text: As it was typed.
    """

    def __init__(self, text: str, tree: Tree, context: Context) -> None:
        self.text = text
        self._tree = tree
        self._mask = _compiled(tree, context)

    def mask(self, snapshot: Snapshot) -> Flags:
        """Which nodes pass, ``(n,)``."""
        out = np.empty(len(snapshot), np.bool_)
        out[: snapshot.process_count] = self._mask(snapshot)
        owners = snapshot.forest.parents[snapshot.process_count :]
        out[snapshot.process_count :] = out[owners]
        return out

    @property
    def empty(self) -> bool:
        """Whether it lets everything through."""
        return not str(self)

    def __str__(self) -> str:
        return unparse(self._tree)


def parse_processes(text: str, context: Context) -> ProcessFilter:
    """The condition that `text` writes. Raises BadFilter, whose column is where it goes wrong."""
    try:
        return ProcessFilter(text, parse_tree(text), context)
    except RecursionError:
        raise BadFilter("the filter is nested too deeply", "use fewer parentheses and negations") from None


def _compiled(tree: Tree, context: Context) -> Mask:
    match tree:
        case All(inner):
            return _all([_compiled(each, context) for each in inner])
        case Any_(inner):
            return _any([_compiled(each, context) for each in inner])
        case Not(one):
            mask = _compiled(one, context)
            return lambda snapshot: ~mask(snapshot)
        case Is(flag):
            return _flag("failed" if flag == "failed" else "incomplete")
        case Bare(value):
            return _bare(bare_test(value), value.text, context)
        case Among(name, values, negated):
            columns = tree.value_columns or (0,) * len(values)
            return _comparison(_field(name, tree.column), "!=" if negated else "=", tuple(values), columns, tree.column, context)
        case Compare(name, operator, value):
            return _comparison(_field(name, tree.column), operator, (value,), (tree.value_column,), tree.column, context)


def _all(masks: Sequence[Mask]) -> Mask:
    def both(snapshot: Snapshot) -> Flags:
        out = np.ones(snapshot.process_count, np.bool_)
        for mask in masks:
            out &= mask(snapshot)
        return out

    return both


def _any(masks: Sequence[Mask]) -> Mask:
    def either(snapshot: Snapshot) -> Flags:
        out = np.zeros(snapshot.process_count, np.bool_)
        for mask in masks:
            out |= mask(snapshot)
        return out

    return either


def _field(name: str, column: int) -> ProcessField:
    found = PROCESS_FIELDS.get(name) or PROCESS_FIELDS.get(name.lower())
    if found is not None:
        return found
    raise BadFilter(f"a process has no field {name}", instead_of(name, PROCESS_FIELDS), column=column)


def _comparison(field: ProcessField, operator: str, values: Values, columns: Sequence[int], column: int, context: Context) -> Mask:
    if field.kind == TEXT or field.name == "user":
        if operator in ORDERS:
            raise BadFilter(f"{field.name} is text and has no order", "use =, !=, ~ or contains", column=column)
        test = known_texts(field, operator, values, columns, field.choices) if field.choices else texts_of(operator, values, columns)
        texts = field.texts or _user(context)
        return _ancestors(test) if field.name == "ancestor.comm" else _text_mask(texts, test)
    if field.name == "tree":
        return _family(operator, values, columns, context)
    assert field.numbers is not None
    return _numbers(field.numbers, numbers_of(field, operator, values, columns, lambda text: number(text, field.unit)))


def _numbers(read: Numbers, test: NumberTest) -> Mask:
    def mask(snapshot: Snapshot) -> Flags:
        values, has = read(snapshot)
        passing = test.column(values)
        return passing if has is None else passing & has

    return mask


def _text_mask(texts: Texts, test: TextTest) -> Mask:
    """Each distinct row of texts is tested once, and not again when the tree is looked at again."""
    known: dict[tuple[str, ...], bool] = {}

    def mask(snapshot: Snapshot) -> Flags:
        if len(known) > KNOWN_TEXTS:
            known.clear()
        out = np.empty(snapshot.process_count, np.bool_)
        for at, process in enumerate(snapshot.processes):
            key = texts(process)
            passes = known.get(key)
            if passes is None:
                passes = known[key] = test.any(key)
            out[at] = passes
        return out

    return mask


def _ancestors(test: TextTest) -> Mask:
    """One above it passes; negated: there is one, and none passes."""
    passing = _text_mask(_comms, TextTest(test.passes))

    def mask(snapshot: Snapshot) -> Flags:
        size = snapshot.process_count
        own = np.zeros(len(snapshot), np.bool_)
        own[:size] = passing(snapshot)
        parents = snapshot.forest.parents[:size]
        above: Flags = snapshot.forest.below(own)[parents] & (parents >= 0)
        return (parents >= 0) & ~above if test.negated else above

    return mask


def _family(operator: str, values: Values, columns: Sequence[int], context: Context) -> Mask:
    if operator not in ("=", "!="):
        raise BadFilter("tree takes a process", "write it as in tree = 42", column=columns[0])
    roots = [life_of("tree", value, column, context) for value, column in zip(values, columns, strict=True)]

    def mask(snapshot: Snapshot) -> Flags:
        found = {process for root in roots if (process := snapshot.table.by_pid(*root)) is not None}
        own = np.fromiter((node in found for node in snapshot.nodes), np.bool_, len(snapshot))
        inside = snapshot.forest.below(own)[: snapshot.process_count]
        return ~inside if operator == "!=" else inside

    return mask


def _flag(flag: str) -> Mask:
    def ended_badly(process: Process) -> bool:
        return process.exit_signal is not None or bool(process.exit_status)

    def healed(process: Process) -> bool:
        return bool(process.healed)

    read = ended_badly if flag == "failed" else healed
    return lambda snapshot: np.fromiter(map(read, snapshot.processes), np.bool_, snapshot.process_count)


def _bare(test: TextTest, word: str, context: Context) -> Mask:
    """A bare word: in a name, program, command line, user, unit, container or pod; a number also as pid."""
    user = _user(context)

    def texts(process: Process) -> tuple[str, ...]:
        found = () if process.cgroup is None else _place_texts(place(process.cgroup))
        return (*_comms(process), *_exes(process), *_words(process), *user(process), *found)

    masks = [_text_mask(texts, test)]
    if (pid := whole(word)) is not None:
        masks.append(_numbers(_column(lambda process: process.pid), NumberTest("=", (Fraction(pid),))))
    return _any(masks)


def _place_texts(found: Place) -> tuple[str, ...]:
    return tuple(text for name in PLACE_TEXTS for text in PLACE_TEXTS[name](found))
