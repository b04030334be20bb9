"""What the screen says of the capture behind it: it begins, runs, has failed, is over; and the look-out for its first events."""

from __future__ import annotations

from collections.abc import Callable

from kellect_tui.errors import KellectError
from kellect_tui.session.session import Session
from kellect_tui.tui.capture_switch import CaptureControl

EARLY_SECONDS, EARLY_FRAMES = 0.01, 20
"""How often a screen that waits for its capture looks for it, and how many such short frames there are after its start."""


class CaptureState:
    """Where the capture of a session is in its life.

    Args:
        session: What it feeds.
        live: The capture; None for a file.
        now: Epoch ns.
    """

    def __init__(self, session: Session, live: CaptureControl | None, now: Callable[[], int]) -> None:
        self._session = session
        self._live = live
        self._now = now

    @property
    def error(self) -> KellectError | None:
        """Why it failed; None where it has not."""
        return None if self._live is None else self._live.error

    @property
    def is_starting(self) -> bool:
        """Whether it is still about to begin."""
        return self._live is not None and not self._session.live and self._session.stopped_ns is None

    def word(self, *, paused: bool) -> str:
        """The word in the header; `paused`: the screen stands still, whatever the capture does."""
        if self.error is not None:
            return "FAILED"
        if paused:
            return "PAUSED"
        if self.is_starting:
            return "STARTING"
        return "LIVE" if self._session.live else "SAVED" if self._live is None else "STOPPED"

    def now_ns(self) -> int:
        """Epoch ns that ages count to: now, or the end of what is over."""
        if self._session.live:
            return self._now()
        chunks = self._session.store.chunks
        chunk = chunks[-1] if chunks else None
        return self._session.stopped_ns or (int(chunk.time[chunk.count - 1]) if chunk is not None and chunk.count else 0)


class Beginning:
    """Shows the first events of a capture as soon as they are there: with short frames, some more after its start.

    Args:
        capture: What is awaited.
        begun: Called once, when it has begun.
        draw: Called in each of the short frames after that.
        give_up: Called where it could not begin.
    """

    def __init__(self, capture: CaptureState, *, begun: Callable[[], None], draw: Callable[[], object], give_up: Callable[[], None]) -> None:
        self._capture = capture
        self._begun, self._draw, self._give_up = begun, draw, give_up
        self._frames = 0

    def look(self) -> bool:
        """One short frame; False when no more are needed."""
        if self._capture.is_starting:
            if self._capture.error is not None:
                self._give_up()
            return True
        if not self._frames:
            self._begun()
        self._frames += 1
        self._draw()
        return self._frames < EARLY_FRAMES
