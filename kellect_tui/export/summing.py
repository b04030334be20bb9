"""Sums up a capture while it runs, on a thread of its own: the reader must not wait for it."""

from __future__ import annotations

import threading
from collections import deque

from kellect_tui.errors import KellectError
from kellect_tui.events.budget import Budget
from kellect_tui.session.chunk import Chunk
from kellect_tui.session.session import Session
from kellect_tui.session.summary import Summary
from kellect_tui.session.sums import KEYS_KEPT

WAITING_BYTES = 320 << 20
"""Bytes of chunks that may wait to be summed up; the events of what comes beyond are counted as missed, and told."""

_SHARE = 8  # of what `--memory` gives to events: for what waits, and again for the names
_NAME_BYTES = 1_500  # of one name in each list that may hold it


class SummingSink:
    """A capture's sink. It holds on to each sealed chunk until it is summed up, whatever retention does.

    Args:
        bounds: Of the session's memory.

    Attributes:
        summary: The sums; complete once `finish` has returned.
    """

    def __init__(self, bounds: Budget | None = None) -> None:
        share = None if bounds is None or bounds.events is None else bounds.events // _SHARE
        self.summary = Summary(KEYS_KEPT if share is None else min(KEYS_KEPT, share // _NAME_BYTES))
        self._limit = WAITING_BYTES if share is None else min(WAITING_BYTES, share)
        self._waiting: deque[Chunk] = deque()
        self._waiting_bytes = 0
        self._new = threading.Condition()
        self._is_last = False
        self._error: Exception | None = None
        self._thread: threading.Thread | None = None

    def update(self, session: Session) -> None:
        """Called by the capture at every poll; the first call begins. Raises KellectError where summing failed."""
        if self._thread is None:
            for chunk in session.store.chunks:
                if chunk.sealed:
                    self._take(chunk)
            session.store.on_sealed.append(self._take)
            self._thread = threading.Thread(target=self._run, name="summary", daemon=True)
            self._thread.start()
        if self._error is not None:
            raise KellectError(f"the summary failed: {type(self._error).__name__}: {self._error}", "`--summary none` records without one; please report this")

    def finish(self, session: Session) -> None:
        """Sum up all the rest; the session is sealed."""
        self.update(session)
        with self._new:
            self._is_last = True
            self._new.notify()
        if self._thread is not None:
            self._thread.join()
        self.update(session)

    def _take(self, chunk: Chunk) -> None:
        """On the thread that feeds the session."""
        with self._new:
            if self._waiting_bytes + chunk.nbytes > self._limit and self._waiting:
                self.summary.missed += chunk.count
                return
            self._waiting.append(chunk)
            self._waiting_bytes += chunk.nbytes
            self._new.notify()

    def _run(self) -> None:
        try:
            while (chunk := self._following()) is not None:
                self.summary.add(chunk)
        except Exception as error:
            self._error = error  # raised again on the capture's thread

    def _following(self) -> Chunk | None:
        with self._new:
            self._new.wait_for(lambda: bool(self._waiting) or self._is_last)
            if not self._waiting:
                return None
            chunk = self._waiting.popleft()
            self._waiting_bytes -= chunk.nbytes
            return chunk
