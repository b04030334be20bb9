"""Names of user ids on this host, as they were when an id was first seen."""

from __future__ import annotations

import pwd
from collections.abc import Callable, Mapping

from kellect_tui.events.escaping import of_system


def _name_on_this_host(uid: int) -> str | None:
    """The passwd database's name of `uid` (which may ask the network: hence the cache); None where it has none."""
    try:
        return of_system(pwd.getpwuid(uid).pw_name)
    except (KeyError, OverflowError):
        return None


MOST_NAMES = 10_000


class UserNames:
    """uid → name, each looked up once in a while; an opened session gives the names that its file carries instead.

    Bounded: a program in a user namespace can be any of four thousand million users.

    Args:
        lookup: Finds the name of an id that is not known yet; None where it has none.
        known: Names to start with.
    """

    def __init__(self, lookup: Callable[[int], str | None] = _name_on_this_host, known: Mapping[int, str | None] | None = None) -> None:
        self._lookup = lookup
        self._most = max(MOST_NAMES, 2 * len(known or ()))
        self._names: dict[int, str | None] = dict(known or {})

    def __call__(self, uid: int) -> str | None:
        """The name of `uid`, None where it has none. May be called from any thread."""
        try:
            return self._names[uid]
        except KeyError:
            if len(self._names) >= self._most:
                self._names = {}  # replaced, not emptied: another thread may be reading it
            return self._names.setdefault(uid, self._lookup(uid))

    def learn(self, names: Mapping[int, str | None]) -> None:
        """Take in names that are known from elsewhere."""
        self._names.update((uid, name) for uid, name in names.items() if name is not None)

    def known(self) -> dict[int, str | None]:
        """A copy of all that was asked so far."""
        return dict(self._names)

    @classmethod
    def recorded(cls, known: Mapping[int, str | None]) -> UserNames:
        """Names of another host, from a file: never looked up here."""
        return cls(lambda uid: None, known)
