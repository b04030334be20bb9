"""What a capture is asked for, and how the words of the command line become it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

from kellect_tui.errors import BadOption
from kellect_tui.events.budget import Budget, budget
from kellect_tui.events.catalogue import FAMILIES, TYPES

ALL_EVENTS = frozenset(row.name for row in TYPES)
MAX_COMMS = 8
MAX_UIDS = 8
DEFAULT_RING_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class CaptureOptions:
    """The capture filter and the source's size. Different fields are joined by AND, values of one by OR.

    Attributes:
        events: Names of the types that are shown and saved (fork, exec and exit feed the tree in any case).
        pids: Only these processes (all their threads, not their children); empty: all.
        comms: `NAME` or `PREFIX*`, compared with the first 15 bytes of the event's own comm; empty: all.
        uids: Effective user ids; empty: all.
        descendants_of: Only these processes, their living descendants and all later ones; empty: all.
        ring_bytes: Size of all rings together.
        include_self: Record the monitor's own calls too.
        coalesce: Make one event of a run of equal reads or writes.
        memory_bytes: What the whole program may hold resident; None: what the number of events to keep needs.
    """

    events: frozenset[str] = ALL_EVENTS
    pids: tuple[int, ...] = ()
    comms: tuple[str, ...] = ()
    uids: tuple[int, ...] = ()
    descendants_of: tuple[int, ...] = ()
    ring_bytes: int = DEFAULT_RING_BYTES
    include_self: bool = False
    coalesce: bool = False
    memory_bytes: int | None = None

    @property
    def budget(self) -> Budget:
        """The bounds of all that grows. Raises BadOption where the memory is too little."""
        return budget(self.memory_bytes, self.ring_bytes)


def parse_events(words: Iterable[str]) -> frozenset[str]:
    """Types chosen by `TYPE|FAMILY` words; a leading `-` leaves out, and only such means all but these.

    Raises BadOption with the nearest right name.
    """
    chosen: set[str] = set()
    left_out: set[str] = set()
    for word in words:
        name = word.strip()
        if not name:
            continue
        target = left_out if name.startswith("-") else chosen
        target |= _types_of(name.removeprefix("-").lower())
    result = frozenset((chosen or set(ALL_EVENTS)) - left_out)
    if not result:
        raise BadOption("no event type is left", "choose at least one: `kellect-tui events` lists them")
    return result


def _types_of(name: str) -> frozenset[str]:
    if name == "all":
        return ALL_EVENTS
    if name in ALL_EVENTS:
        return frozenset({name})
    family = name.removesuffix(".*")
    if family in FAMILIES[:-1]:
        return frozenset(row.name for row in TYPES if row.family == family)
    known = [*FAMILIES[:-1], *sorted(ALL_EVENTS)]
    actions = {row.action: row.name for row in TYPES}
    near = actions.get(name) or next(iter(difflib.get_close_matches(name, known, 1, 0.5)), None)
    raise BadOption(f"there is no event type {name!r}", f"did you mean {near}?" if near else "`kellect-tui events` lists them all")
