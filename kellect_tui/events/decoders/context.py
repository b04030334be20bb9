"""One record while it is being decoded: its sections, its registers, and what is to be said of its arguments."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

from kellect_tui.events import constants
from kellect_tui.events.catalogue import Argument, Call, EventType
from kellect_tui.events.escaping import text
from kellect_tui.events.record import Flag, Mark, Raw, Section

# Plain numbers: an operation on an IntFlag costs a microsecond, and this runs for every row on the screen.
OBJECT, NO_OBJECT = int(Flag.OBJECT), int(Flag.NO_OBJECT)
NO_ROOM = int(Flag.NO_PAYLOAD | Flag.MORE)
TRUNCATED, UNREADABLE = int(Mark.TRUNCATED), int(Mark.UNREADABLE)
U64 = struct.Struct("<Q")
_HEAD = struct.Struct("<BBHI")


class Context:
    """One record while it is being decoded.

    Attributes:
        raw: The record. row: its type. call: the call's entry in the row; None for what is no call.
        failed: the call's result is an error (or it was interrupted).
        marks: What to say of each argument, in order.
    """

    __slots__ = ("_sections", "call", "failed", "marks", "raw", "row")

    def __init__(self, raw: Raw, row: EventType, call: Call | None) -> None:
        self.raw = raw
        self.row = row
        self.call = call
        self.failed = -constants.MAX_ERRNO <= raw.result < 0
        self.marks: list[tuple[str, str]] = []
        self._sections: dict[tuple[int, int], tuple[bytes, int]] | None = None

    def mark(self, name: str, what: str) -> None:
        """Say that an argument is `truncated`, `unreadable` or `escaped`."""
        if (name, what) not in self.marks:
            self.marks.append((name, what))

    def unreadable(self, name: str) -> None:
        """Null, and why."""
        self.mark(name, "unreadable")

    def section(self, kind: Section, register: int) -> tuple[bytes, int] | None:
        """(data, marks) of a payload section, None where the record has none such."""
        if self._sections is None:
            self._sections = sections(self.raw.payload)
        return self._sections.get((kind, register))

    def missing(self, name: str) -> None:
        """A section is not there: say so where that is for want of room."""
        if self.raw.flags & NO_ROOM:
            self.unreadable(name)

    def data(self, name: str, kind: Section, register: int, size: int = 0) -> bytes | None:
        """A section's bytes, at least `size` of them; None, marked, where it could not be read."""
        found = self.section(kind, register)
        if found is None:
            self.missing(name)
            return None
        body, marks = found
        if marks & UNREADABLE or len(body) < size:
            self.unreadable(name)
            return None
        return body

    def register(self, name: str) -> int | None:
        """Where the call has this argument (0-5), None where it has not."""
        return self.call.at.get(name) if self.call is not None else None

    def value(self, name: str) -> int | None:
        """The register that holds this argument, 64 bit unsigned; None where the call has none."""
        register = self.register(name)
        return None if register is None else self.raw.args[register]

    def write(self, name: str, data: bytes) -> str:
        """Bytes as text, marked where they had to be escaped."""
        value, escaped = text(data)
        if escaped:
            self.mark(name, "escaped")
        return value

    def write_list(self, name: str, parts: list[bytes]) -> list[str]:
        """The same of a list. Its mark speaks of all of it, so where one part is escaped, backslashes are doubled in all."""
        values = [text(part) for part in parts]
        if not any(escaped for _value, escaped in values):
            return [value for value, _escaped in values]
        self.mark(name, "escaped")
        return [value if escaped else value.replace("\\", "\\\\") for value, escaped in values]


def sections(payload: bytes) -> dict[tuple[int, int], tuple[bytes, int]]:
    """(kind, register) → (data, marks). What does not fit its own lengths ends the walk."""
    out: dict[tuple[int, int], tuple[bytes, int]] = {}
    at = 0
    while at + 8 <= len(payload):
        kind, register, marks, length = _HEAD.unpack_from(payload, at)
        end = at + 8 + length
        if end > len(payload):
            break
        out.setdefault((kind, register), (payload[at + 8 : end], marks))
        at = (end + 7) & ~7
    return out


Decoder = Callable[[Context, Argument], Any]
"""The value of an argument."""


def word(data: bytes, index: int) -> int | None:
    """A 64-bit member of a structure that its caller sizes; None where it was not passed (the call then fails)."""
    return U64.unpack_from(data, index * 8)[0] if len(data) >= index * 8 + 8 else None
