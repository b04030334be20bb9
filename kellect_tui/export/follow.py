"""Writes a text format while a capture runs, on a thread of its own: decoding must not keep the reader from the rings."""

from __future__ import annotations

import threading
from typing import BinaryIO

from kellect_tui.errors import CannotWrite, KellectError
from kellect_tui.events.catalogue import MONITOR_DROPPED
from kellect_tui.export import own
from kellect_tui.export.output import cannot_write
from kellect_tui.export.writers import LINES, WRITERS, EventWriter
from kellect_tui.session.chunk import EventId
from kellect_tui.session.session import Session

_SLICE = 4096
_IDLE_SECONDS = 0.05


class Follower:
    """A capture's sink. What it has not written yet waits in the session's store.

    Where the store lets go of events that were not written (they came faster than they could be written, for long),
    a `monitor.dropped` record says how many, at their place.
    """

    def __init__(self, file: BinaryIO, format: str, name: str) -> None:
        self._file, self._name = file, name
        self._writer: EventWriter = WRITERS[format](file)
        self._left = "what was written before is whole" if format in LINES else "what was written before has no end: `-f session` needs none"
        self._next = EventId(0)
        self._new = threading.Event()
        self._is_last = False
        self._error: KellectError | None = None
        self._thread: threading.Thread | None = None

    def update(self, session: Session) -> None:
        """Called by the capture at every poll. Raises CannotWrite where writing failed."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, args=(session,), name="writer", daemon=True)
            self._thread.start()
        if self._error is not None:
            raise self._error
        self._new.set()

    def finish(self, session: Session) -> None:
        """Write all the rest. Raises CannotWrite."""
        self._is_last = True
        self.update(session)
        if self._thread is not None:
            self._thread.join()
        if self._error is not None:
            raise self._error

    def _run(self, session: Session) -> None:
        try:
            while True:
                last = self._is_last  # before the store is looked at: what comes after `last` was seen is not missed
                self._write_new(session)
                if last:
                    self._writer.close()
                    self._file.flush()
                    return
                self._file.flush()
                self._new.wait(_IDLE_SECONDS)
                self._new.clear()
        except BrokenPipeError:
            self._error = CannotWrite("the output pipe was closed", "what was written before is whole")
        except OSError as error:
            told = cannot_write(self._name, error)
            self._error = CannotWrite(told.message, f"{told.remedy}; {self._left}")
        except Exception as error:  # whatever it is, the file is not whole, and nobody may believe that it is
            self._error = KellectError(f"{self._name} cannot be written: {type(error).__name__}: {error}", "`-f session` keeps all of it; please report this")

    def _write_new(self, session: Session) -> None:
        store = session.store
        while (end := store.end) > self._next:
            if (first := store.first) > self._next:
                self._writer.write(own(MONITOR_DROPPED, int(store.chunks[0].time[0]), {"count": first - self._next}))
                self._next = first
            for event_id in range(self._next, min(end, self._next + _SLICE)):
                try:
                    event = store.event(EventId(event_id))
                except LookupError:
                    break  # let go of between two looks; the next turn says so
                self._writer.write(event)
                self._next = EventId(event_id + 1)
