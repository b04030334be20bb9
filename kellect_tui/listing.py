"""The catalogue for people and scripts: `kellect-tui events`, and the tables in README and docs/events.md."""

from __future__ import annotations

import orjson

from kellect_tui.events.catalogue import FAMILIES, MONITOR_TYPES, TYPES, EventType


def _calls(row: EventType) -> str:
    return ", ".join(call.name for call in row.calls) or row.source


def _source(row: EventType) -> str:
    return row.source if row.source != "syscalls" else _calls(row)


def _arguments(row: EventType) -> str:
    return ", ".join(argument.name for argument in row.arguments)


def as_text() -> str:
    """A block per family: type, what it is, what feeds it, its arguments."""
    lines: list[str] = []
    for family in FAMILIES:
        rows = [row for row in (*TYPES, *MONITOR_TYPES) if row.family == family]
        lines.append(f"{family} ({len(rows)})")
        for row in rows:
            lines += [f"  {row.name:20} {row.help}", f"  {'':20}   from: {_source(row)}", f"  {'':20}   arguments: {_arguments(row)}"]
            if row.routine:
                lines.append(f"  {'':20}   routine: lost first when more happens than can be kept")
        lines.append("")
    return "\n".join(lines).rstrip()


def as_json() -> str:
    """A list of objects: type, family, help, importance, source, syscalls, arguments (name, kind, unit, beyond KellectAgent-Linux's)."""
    rows = [
        {
            "event_type": row.name,
            "family": row.family,
            "help": row.help,
            "importance": row.importance,
            "source": row.source,
            "syscalls": [call.name for call in row.calls],
            "arguments": [{"name": a.name, "kind": a.kind.value, "unit": a.unit or None, "extension": not a.classic} for a in row.arguments],
        }
        for row in (*TYPES, *MONITOR_TYPES)
    ]
    return orjson.dumps(rows, option=orjson.OPT_INDENT_2).decode()


def as_markdown() -> str:
    """The table of types for docs/events.md."""
    lines = ["| type | what | from | arguments |", "|---|---|---|---|"]
    lines += [f"| `{row.name}` | {row.help} | {_source(row)} | {_arguments(row)} |" for row in TYPES]
    return "\n".join(lines)


def families_as_markdown() -> str:
    """README's table: which types a family has."""
    lines = ["| family | types |", "|---|---|"]
    for family in FAMILIES:
        names = [row.name.partition(".")[2] for row in TYPES if row.family == family]
        if names:
            lines.append(f"| {family} ({len(names)}) | {', '.join(names)} |")
    return "\n".join(lines)
