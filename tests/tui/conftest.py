"""What the tests of the screen share: one time zone, a session."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import pytest

from kellect_tui.session.session import Session
from tests.tui.story import story


@pytest.fixture(autouse=True)
def _utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Times are written in UTC, whatever this machine's zone."""
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.delenv("NO_COLOR", raising=False)
    time.tzset()
    yield
    os.environ.pop("TZ", None)
    time.tzset()


@pytest.fixture
def session() -> Session:
    """A finished session."""
    return story()
