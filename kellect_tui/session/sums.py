"""Sums by key with a bound: what programs choose (names) must not decide how much memory a count takes."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, NamedTuple, TypeVar

KEYS_KEPT = 100_000
"""Keys of one tally; what comes with a new one beyond is counted together."""

K = TypeVar("K", bound=Hashable)


class Name(NamedTuple):
    """A text that came from a program, and what the contract says of it.

    Attributes:
        text: None where there is none, or it could not be read.
        mark: `truncated`, `unreadable`, `escaped`, or empty.
    """

    text: str | None
    mark: str = ""


class Tally(Generic[K]):
    """Sums of the same few amounts for each key.

    Args:
        fields: What the amounts are, in order.
        limit: Keys to keep.

    Attributes:
        others: The amounts of all keys that found no room; their number is not known.
    """

    def __init__(self, *fields: str, limit: int = KEYS_KEPT) -> None:
        self.fields = fields
        self.others = [0] * len(fields)
        self._limit = limit
        self._sums: dict[K, list[int]] = {}

    def __len__(self) -> int:
        return len(self._sums)

    def add(self, key: K, *amounts: int) -> None:
        """Add to a key's sums."""
        sums = self._sums.get(key)
        if sums is None:
            if len(self._sums) < self._limit:
                self._sums[key] = list(amounts)
                return
            sums = self.others
        for place, amount in enumerate(amounts):
            sums[place] += amount

    def get(self, key: K) -> dict[str, int]:
        """A key's sums by name; zeros for one that is not there."""
        return dict(zip(self.fields, self._sums.get(key, [0] * len(self.fields)), strict=True))

    def rows(self, *by: str) -> list[tuple[K, dict[str, int]]]:
        """Keys with their sums, the largest of the first of `by` first; equal ones by the next, then as texts."""
        places = [self.fields.index(name) for name in by]
        ordered = sorted(self._sums.items(), key=lambda item: ([-item[1][place] for place in places], str(item[0])))
        return [(key, dict(zip(self.fields, sums, strict=True))) for key, sums in ordered]

    def totals(self) -> dict[str, int]:
        """The sums over all keys, those without room too."""
        columns = zip(self.others, *list(self._sums.values()), strict=True)
        return dict(zip(self.fields, map(sum, columns), strict=True))
