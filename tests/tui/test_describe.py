"""The detail's lines and what is copied."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from kellect_tui.events.record import Event
from kellect_tui.session.session import Session
from kellect_tui.tui.columns import ALL
from kellect_tui.tui.describe import ancestry, detail, marks, outcome, row_text
from kellect_tui.tui.describe_process import quoted
from kellect_tui.tui.quantities import Clock
from tests.synthetic import mixed, session_of
from tests.tui.story import story

SESSION = session_of(mixed(300), finished=True)


def all_events(session: Session) -> list[Event]:
    """Every row of a session."""
    view = session.view()
    view.advance()
    return view.rows(0, len(view))


@given(st.sampled_from(all_events(SESSION)), st.integers(30, 200))
@settings(max_examples=60, deadline=None)
def test_no_line_is_wider_than_asked_and_none_is_unsafe(event: Event, width: int) -> None:
    for row in detail(event, SESSION.processes, Clock())(width):
        text = "".join(piece for piece, _ in row)
        assert cell_len(text) <= width
        assert text.isprintable()


def test_every_field_and_argument_is_there() -> None:
    event = next(event for event in all_events(story()) if event.event_type == "process.exec")
    for width in (60, 120):
        text = "\n".join("".join(piece for piece, _ in row) for row in detail(event, story().processes, Clock())(width))
        for name in ("timestamp", "syscall", "comm", "pid", "tid", "ppid", "uid", "gid", "ruid", "auid", "cgroup", "result", "duration", *event.arguments):
            assert name in text
        assert "nginx -g 'daemon off;'" in text


def test_marks_stand_at_their_argument() -> None:
    event = next(event for event in all_events(story()) if event.event_type == "file.open")
    cut = replace(event, incomplete=("filename:truncated", "comm:escaped"))
    assert (marks(cut, "filename"), marks(cut, "comm"), marks(cut, "path")) == ("truncated", "escaped", "")
    text = "\n".join("".join(piece for piece, _ in row) for row in detail(cut, story().processes, Clock())(120))
    assert "/srv/www/page00.html  [truncated]" in text


@pytest.mark.parametrize(
    ("error", "result", "text", "style"),
    [
        ("ENOENT", -2, "-2 ENOENT: No such file or directory", "failed"),
        ("ERESTARTSYS", None, "ERESTARTSYS", "warn"),
        (None, 5, "5", "plain"),
    ],
)
def test_outcomes(error: str | None, result: int | None, text: str, style: str) -> None:
    event = replace(all_events(story())[2], error=error, result=result)
    shown, shade = outcome(event)
    assert shown.startswith(text)
    assert shade == style


def test_ancestry_goes_from_the_root_to_the_process(session: Session) -> None:
    event = next(event for event in all_events(session) if event.pid == 4200)
    assert ancestry(event, session.processes) == "nginx(4121) › bash(4200)"
    assert ancestry(replace(event, pid=None), session.processes) == ""


def test_words_with_blanks_are_quoted() -> None:
    assert [quoted(word) for word in ("a", "a b", "", "it's", "\x1b[m")] == ["a", "'a b'", "''", "'it's'", "␛[m"]


def test_a_copied_row_is_one_safe_line(session: Session) -> None:
    for event in all_events(session):
        text = row_text(event, ALL, Clock())
        assert "\n" not in text
        assert text.count("\t") == len(ALL) - 1
