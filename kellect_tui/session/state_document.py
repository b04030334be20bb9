"""The state that a session's file carries (docs/file-format.md), its few counts apart from its many processes.

A table of 50,000 processes is 40 MB of JSON: parsed whole it would hold every other thread up for a third of a second, and
need three times that memory. So its rows are cut out first, and parsed some at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import orjson

# As the writer puts them. In JSON a quote behind `,` or `{` begins or ends a string: where such a text stands within one, what follows is no JSON.
_BEFORE = b',"processes":['
_FIRST = b'{"number":'
_BETWEEN = b',{"number":'
_BEHIND = b'},"ledger":{'
PIECE_BYTES = 256 << 10
"""Parsed at once, in two milliseconds."""


class StateDocument:
    """A state as it was read. Raises ValueError where it is no JSON.

    Attributes:
        head: All of it but the rows of the table of processes: that list is empty here, unless they could not be found.
    """

    def __init__(self, document: bytes) -> None:
        self._document = document
        begin, end = document.find(_BEFORE + _FIRST) + len(_BEFORE), document.rfind(b"]" + _BEHIND)
        self._begin, self._end = (begin, end) if len(_BEFORE) <= begin < end else (0, 0)
        self.head: Mapping[str, Any] = orjson.loads(document[: self._begin] + document[self._end :] if self._end else document)

    def rows(self, progress: Callable[[float], None] = lambda share: None) -> Iterator[Any]:
        """The rows of the table of processes. Raises ValueError, also late; what `progress` raises, too.

        Args:
            progress: Told the share that is parsed, after each piece.
        """
        if not self._end:
            yield from self.head["processes"]["processes"]
        at, end = self._begin, self._end
        while at < end:
            stop = self._document.find(_BETWEEN, min(at + PIECE_BYTES, end), end)
            stop = end if stop < 0 else stop
            try:
                rows = orjson.loads(b"[" + self._document[at:stop] + b"]")
            except ValueError:  # another writer's rows: their end looks otherwise
                rows, stop = orjson.loads(b"[" + self._document[at:end] + b"]"), end
            yield from rows
            at = stop + 1
            progress((min(at, end) - self._begin) / (end - self._begin))
