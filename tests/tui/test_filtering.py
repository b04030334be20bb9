"""From a filter's text to rows, without a screen."""

from __future__ import annotations

import pytest

from kellect_tui.errors import BadFilter
from kellect_tui.session.filter import parse
from kellect_tui.session.session import Session
from kellect_tui.tui import views
from kellect_tui.tui.filtering import Filtering
from kellect_tui.tui.jobs import Jobs
from kellect_tui.tui.views import Job, Views
from tests.synthetic import mixed, session_of
from tests.tui.seams import Threads


class Bench:
    """Filtering of a session; what is found is kept as the screen keeps it."""

    def __init__(self, session: Session) -> None:
        self.threads = Threads()
        self.views = Views(session)
        self.jobs = Jobs(self.threads, self._built)
        self.filtering = Filtering(session, self.views, self.jobs, zone=lambda: None)
        self.built: list[Job] = []

    def _built(self, job: Job) -> None:
        self.built.append(job)
        if job.purpose == "preview":
            self.filtering.preview = job
        else:
            self.views.adopt(job)


@pytest.fixture
def bench() -> Bench:
    """Over 2,000 events."""
    return Bench(session_of(mixed(2_000), chunk_rows=300))


@pytest.fixture
def slow(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """Where everything is found on a thread."""
    monkeypatch.setattr(views, "SOON", 10)
    return bench


@pytest.mark.parametrize(
    ("text", "purpose", "column"),
    [("failed", "filter", None), ("", "filter", None), ("pid = ", "filter", 5), ("comm = bash", "processes", None), ("path = /etc", "processes", 0)],
)
def test_a_text_is_judged_by_the_language_of_its_purpose(bench: Bench, text: str, purpose: str, column: int | None) -> None:
    fault = bench.filtering.fault(text, purpose)
    assert (None if fault is None else fault.column) == column


def test_completions_are_those_of_the_purpose(bench: Bench) -> None:
    of_events, of_processes = ({found.text.strip() for found in bench.filtering.completions("", 0, purpose)} for purpose in ("filter", "processes"))
    assert "path" in of_events - of_processes
    assert "comm" in of_events & of_processes


def test_an_empty_text_is_no_filter(bench: Bench) -> None:
    assert bench.filtering.parsed("  ") is None
    assert bench.filtering.parsed_processes("") is None


def test_a_wrong_text_changes_nothing(bench: Bench) -> None:
    bench.filtering.apply("failed", "all")
    with pytest.raises(BadFilter):
        bench.filtering.apply("pid = ", "all")
    assert bench.filtering.in_force == parse("failed")
    assert len(bench.built) == 1


def test_a_filter_that_takes_long_is_in_force_when_its_rows_are_found(slow: Bench) -> None:
    slow.filtering.apply("failed", "file")
    assert slow.filtering.in_force is None
    slow.threads.finish(slow.jobs)
    assert slow.filtering.in_force == parse("failed")
    assert [job.tab for job in slow.built] == ["file"]


def test_what_was_counted_while_it_was_typed_is_not_sought_again(bench: Bench) -> None:
    bench.filtering.look_ahead("failed", "all")
    preview = bench.filtering.preview
    assert preview is not None
    bench.filtering.apply("failed", "all")
    assert bench.built == [preview, preview]
    assert (bench.filtering.preview, bench.filtering.in_force) == (None, parse("failed"))


def test_what_is_still_being_counted_is_applied_as_soon_as_it_is_found(slow: Bench) -> None:
    slow.filtering.look_ahead("failed", "all")
    slow.filtering.apply("failed", "all")
    assert slow.filtering.in_force is None
    slow.threads.finish(slow.jobs)
    assert slow.filtering.in_force == parse("failed")


@pytest.mark.parametrize(("text", "tab"), [("failed", "file"), ("comm = bash", "all")])
def test_another_text_or_tab_is_sought_anew(bench: Bench, text: str, tab: str) -> None:
    bench.filtering.look_ahead("failed", "all")
    bench.filtering.apply(text, tab)
    assert [(job.purpose, job.tab) for job in bench.built] == [("preview", "all"), ("filter", tab)]


def test_who_types_on_gives_up_what_was_being_counted(slow: Bench) -> None:
    slow.filtering.look_ahead("failed", "all")
    job = slow.jobs.running
    assert job is not None
    slow.filtering.look_ahead("", "all")
    assert job.cancelled.is_set()
    assert (slow.jobs.running, slow.filtering.preview) == (None, None)


def test_to_forget_what_is_typed_does_not_stop_a_filter_on_its_way(slow: Bench) -> None:
    slow.filtering.apply("failed", "all")
    slow.filtering.forget_preview()
    slow.threads.finish(slow.jobs)
    assert slow.filtering.in_force == parse("failed")
