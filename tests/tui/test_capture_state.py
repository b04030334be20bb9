"""What the screen says of its capture, and how it waits for it."""

from __future__ import annotations

import pytest

from kellect_tui.errors import CannotTrace
from kellect_tui.session.chunk import RowNumber
from kellect_tui.session.session import Session
from kellect_tui.tui.capture_state import EARLY_FRAMES, Beginning, CaptureState
from tests.synthetic import Maker, session_of, source_start
from tests.tui.story import FakeCapture

REFUSED = CannotTrace("the kernel said no", "run it with sudo")


def now() -> int:
    return 77


def opened(*, finished: bool) -> Session:
    """One event, at its time."""
    maker = Maker()
    maker.open(b"/a")
    return session_of(maker.batch(), finished=finished)


@pytest.mark.parametrize(
    ("session", "live", "word", "paused"),
    [
        (Session(), FakeCapture(), "STARTING", "PAUSED"),
        (opened(finished=False), FakeCapture(), "LIVE", "PAUSED"),
        (opened(finished=True), FakeCapture(), "STOPPED", "PAUSED"),
        (opened(finished=True), None, "SAVED", "PAUSED"),
    ],
    ids=["starting", "live", "stopped", "file"],
)
def test_the_word_in_the_header(session: Session, live: FakeCapture | None, word: str, paused: str) -> None:
    state = CaptureState(session, live, now)
    assert (state.word(paused=False), state.word(paused=True), state.error) == (word, paused, None)
    assert state.is_starting is (word == "STARTING")
    if live is not None:
        live.error = REFUSED
        assert (state.word(paused=False), state.word(paused=True), state.error) == ("FAILED", "FAILED", REFUSED)


def test_ages_count_to_now_or_to_the_end() -> None:
    live, over = opened(finished=False), opened(finished=True)
    assert CaptureState(live, FakeCapture(), now).now_ns() == 77
    assert CaptureState(over, FakeCapture(), now).now_ns() == over.stopped_ns
    over.stopped_ns = None  # a file cut short: its last event
    view = over.view()
    view.advance()
    assert CaptureState(over, None, now).now_ns() == view.event(RowNumber(len(view) - 1)).time_ns
    assert CaptureState(Session(), None, now).now_ns() == 0


class Watcher:
    """Keeps what was called."""

    def __init__(self, session: Session, live: FakeCapture) -> None:
        self.calls: list[str] = []
        state = CaptureState(session, live, now)
        self.beginning = Beginning(state, begun=self._keep("begun"), draw=self._keep("draw"), give_up=self._keep("give up"))

    def _keep(self, what: str) -> Keeper:
        return Keeper(what, self.calls)


class Keeper:
    """Notes that it was called."""

    def __init__(self, what: str, calls: list[str]) -> None:
        self._what = what
        self._calls = calls

    def __call__(self) -> None:
        """Note it."""
        self._calls.append(self._what)


def test_the_first_events_are_looked_for_until_some_frames_after_the_start() -> None:
    watcher = Watcher(session := Session(), FakeCapture())
    assert [watcher.beginning.look() for _ in range(3)] == [True] * 3
    assert watcher.calls == []
    session.begin(source_start())
    assert [watcher.beginning.look() for _ in range(EARLY_FRAMES)] == [True] * (EARLY_FRAMES - 1) + [False]
    assert watcher.calls == ["begun"] + ["draw"] * EARLY_FRAMES


def test_a_capture_that_cannot_begin_is_given_up() -> None:
    live = FakeCapture()
    watcher = Watcher(Session(), live)
    live.error = REFUSED
    assert watcher.beginning.look()
    assert watcher.calls == ["give up"]
