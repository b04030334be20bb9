"""Families of events on and off while the capture runs: capture options in the palette."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Protocol

from kellect_tui.errors import KellectError
from kellect_tui.events.catalogue import TYPES
from kellect_tui.events.options import ALL_EVENTS
from kellect_tui.session.session import Session
from kellect_tui.tui.notices import Notify
from kellect_tui.tui.safe_text import safe_text


class CaptureControl(Protocol):
    """What the screen needs of a running capture; it never ends it."""

    @property
    def error(self) -> KellectError | None:
        """Why it failed; None while it has not."""
        ...

    def set_events(self, types: frozenset[str]) -> None:
        """Record these types from now on."""
        ...


class CaptureSwitch:
    """Knows which types are being recorded.

    Args:
        session: Says what the capture began with.
        live: The capture; None for a file.
        notify: How it is told what is recorded now.
    """

    def __init__(self, session: Session, live: CaptureControl | None, notify: Notify) -> None:
        self._session = session
        self._live = live
        self._notify = notify
        self._chosen: frozenset[str] | None = None

    @property
    def chosen(self) -> frozenset[str]:
        """The types recorded now: as last set here, else as the capture began."""
        if self._chosen is None:
            begun = self._session.start.get("options", {}).get("events")
            self._chosen = frozenset(begun) & ALL_EVENTS if begun else ALL_EVENTS
        return self._chosen

    def commands(self, families: Sequence[str]) -> Iterator[tuple[str, str, Callable[[], object]]]:
        """(title, help, what to do) for each family; none without a running capture."""
        if self._live is None or not self._session.live:
            return
        for family in families:
            types = _types_of(family)
            if types & self.chosen:
                off = partial(self._set, self.chosen - types, f"{family} events are not recorded any more")
                yield f"Capture: no {family} events from now on", "saves work: the kernel program leaves them out", off
            if types - self.chosen:
                on = partial(self._set, self.chosen | types, f"all {family} events are recorded now")
                yield f"Capture: all {family} events from now on", "the kernel program records them", on

    def _set(self, types: frozenset[str], said: str) -> None:
        if self._live is None:
            return
        try:
            self._live.set_events(types)
        except KellectError as error:
            self._notify(safe_text(str(error)), severity="error", markup=False)
            return
        self._chosen = types
        self._notify(said, markup=False)


def _types_of(family: str) -> frozenset[str]:
    return frozenset(row.name for row in TYPES if row.family == family)
