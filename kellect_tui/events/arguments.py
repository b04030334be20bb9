"""From a record's registers and payload to the arguments of EVENTS.md; one decoder per kind of argument (`decoders/`).

Whatever the bytes, a decoder gives a value or null, and says where a value was truncated, unreadable or escaped. It
never raises and never guesses.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import orjson

from kellect_tui.events import constants
from kellect_tui.events.catalogue import BY_ID, EXEC, EXIT, FAMILIES, FORK, MONITOR_LOST, Argument, Call, EventType, Kind
from kellect_tui.events.decoders import executions, files, paths, processes, registers, sockets
from kellect_tui.events.decoders.addresses import sockaddr, unix_text
from kellect_tui.events.decoders.context import Context, Decoder, sections
from kellect_tui.events.decoders.files import calls_in, file_type
from kellect_tui.events.decoders.paths import joined
from kellect_tui.events.decoders.registers import PLAIN, Convert, s32, s64
from kellect_tui.events.escaping import text, unescape
from kellect_tui.events.record import Raw
from kellect_tui.events.syscalls import names

__all__ = [
    "DECODERS", "PLAIN", "Context", "calls_in", "decode", "file_type", "joined", "monitor", "s32", "s64", "sections", "sockaddr", "text", "unescape",
    "unix_text",
]  # fmt: skip

DECODERS: Mapping[Kind, Decoder] = MappingProxyType(
    {kind: decoder for module in (registers, paths, executions, files, processes, sockets) for kind, decoder in module.DECODERS.items()}
)


@dataclass(frozen=True, slots=True)
class _Plan:
    """How the events of one type and call are decoded.

    Attributes:
        nulls: Every argument, null. plain: (name, conversion, register) of those that are a register; steps: what needs more.
    """

    row: EventType
    call: Call | None
    nulls: dict[str, Any]
    plain: tuple[tuple[str, Convert, int], ...]
    steps: tuple[tuple[str, Decoder, Argument], ...]


@lru_cache(1024)
def _plan(event: int, syscall: int, machine: str | None) -> _Plan | None:
    row = BY_ID.get(event)
    if row is None:
        return None
    call = row.by_name.get(names(machine).get(syscall, "")) if event not in (FORK, EXIT) else None
    plain: list[tuple[str, Convert, int]] = []
    steps: list[tuple[str, Decoder, Argument]] = []
    for argument in row.arguments:
        convert = _conversion(row, call, argument.kind)
        if convert is None:
            steps.append((argument.name, DECODERS[argument.kind], argument))
        elif call is not None and argument.name in call.at:
            plain.append((argument.name, convert, call.at[argument.name]))
    return _Plan(row, call, dict.fromkeys(argument.name for argument in row.arguments), tuple(plain), tuple(steps))


def _conversion(row: EventType, call: Call | None, kind: Kind) -> Convert | None:
    """What makes the argument of its register alone; None where it is more than that. (exec's registers depend on its result.)"""
    if row.id != EXEC and kind is Kind.DIRFD:
        return registers.dirfd
    if row.id != EXEC and kind is Kind.AT_FLAGS and call is not None:
        return constants.AT_FLAGS.get(call.name, constants.AT_OTHERS).text
    return PLAIN.get(kind)


def decode(raw: Raw, machine: str | None = None) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The arguments of a record, in the row's order, every one present; and its marks, `NAME:what`."""
    plan = _plan(raw.event, raw.syscall, machine)
    if plan is None:
        return {}, ()
    if plan.row.family == "monitor":
        return monitor(raw), ()
    values = plan.nulls.copy()
    for name, convert, register in plan.plain:
        values[name] = convert(raw.args[register])
    context = Context(raw, plan.row, plan.call)
    for name, decoder, argument in plan.steps:
        values[name] = decoder(context, argument)
    return values, tuple([f"{name}:{what}" for name, what in context.marks]) if context.marks else ()


def monitor(raw: Raw) -> dict[str, Any]:
    """The arguments of one of the monitor's own rows: of a loss from its registers, else from its JSON."""
    if raw.event == MONITOR_LOST:
        count, family, cpu, start, end, _unused = raw.args
        name = FAMILIES[family] if family < len(FAMILIES) else str(family)
        return {"count": count, "family": name, "cpu": cpu, "from": start // 1000, "to": end // 1000}
    try:
        document = orjson.loads(raw.payload)
    except orjson.JSONDecodeError:
        document = None
    names_ = [argument.name for argument in BY_ID[raw.event].arguments]
    return {name: document.get(name) for name in names_} if isinstance(document, dict) else dict.fromkeys(names_)
