"""Sessions as the bytes of a file, and back."""

from __future__ import annotations

import io
from typing import Any

from kellect_tui.events.record import to_dict
from kellect_tui.session.file import open_session, write_session
from kellect_tui.session.session import Session


def saved(session: Session) -> bytes:
    """The file of a session."""
    file = io.BytesIO()
    write_session(session, file)
    return file.getvalue()


def opened(data: bytes) -> Session:
    """The session of a file."""
    return open_session(io.BytesIO(data))


def all_events(session: Session) -> list[dict[str, Any]]:
    """Every event as JSON has it, with its time in ns."""
    view = session.view()
    view.advance()
    return [to_dict(event) | {"ns": event.time_ns} for event in view.rows(0, len(view))]
