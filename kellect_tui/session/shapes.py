"""What a session's file says in JSON is what it may say: another program's file must be refused where it is read, not wherever it is used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Kinds = tuple[type, ...]

NULL = type(None)
INT: Kinds = (int,)
BOOL: Kinds = (bool,)
TEXT: Kinds = (str,)
MAYBE_INT: Kinds = (int, NULL)
MAYBE_TEXT: Kinds = (str, NULL)

_LEAST, _MOST = -(1 << 63), (1 << 63) - 1


class Shape:
    """The kinds that values, one after the other, may have; a number fits into 64 bits."""

    def __init__(self, **kinds: Kinds) -> None:
        self._kinds = kinds
        self._seen: set[tuple[type, ...]] = set()  # a table of 50,000 processes has few different ones: it is not gone through value by value

    def check(self, values: Sequence[Any]) -> None:
        """Raises TypeError or ValueError where a value is of another kind, or there are too many or too few."""
        types = tuple(map(type, values))
        if types not in self._seen:
            for (name, kinds), found in zip(self._kinds.items(), types, strict=True):
                if found not in kinds:
                    raise TypeError(f"{name} is {found.__name__}")
            self._seen.add(types)
        numbers = [value for value in values if type(value) is int]
        if numbers and (min(numbers) < _LEAST or max(numbers) > _MOST):
            raise ValueError("a number does not fit into 64 bits")

    def check_row(self, row: Mapping[str, Any]) -> None:
        """The same of the values that a row has under these names. Raises KeyError, too."""
        self.check([row[name] for name in self._kinds])


_COUNT = Shape(count=INT)


def check_counts(document: Any) -> None:
    """Raises TypeError or ValueError for anything but numbers by name."""
    if not isinstance(document, dict):
        raise TypeError(f"counts are {type(document).__name__}")
    for count in document.values():
        _COUNT.check((count,))
