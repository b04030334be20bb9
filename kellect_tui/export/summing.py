"""Sums up a capture while it runs, on a thread of its own: the reader must not wait for it."""

from __future__ import annotations

import threading
from collections import deque

from kellect_tui.errors import KellectError
from kellect_tui.session.chunk import Chunk
from kellect_tui.session.session import Session
from kellect_tui.session.summary import Summary

WAITING_EVENTS = 4_000_000
"""Events that may wait to be summed up; what comes beyond is counted as missed, and told."""


class SummingSink:
    """A capture's sink. It holds on to each sealed chunk until it is summed up, whatever retention does.

    Attributes:
        summary: The sums; complete once `finish` has returned.
    """

    def __init__(self, waiting_events: int = WAITING_EVENTS) -> None:
        self.summary = Summary()
        self._limit = waiting_events
        self._waiting: deque[Chunk] = deque()
        self._waiting_events = 0
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
            if self._waiting_events + chunk.count > self._limit and self._waiting:
                self.summary.missed += chunk.count
                return
            self._waiting.append(chunk)
            self._waiting_events += chunk.count
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
            self._waiting_events -= chunk.count
            return chunk
