"""What the lines say, without a screen."""

from __future__ import annotations

import pytest

from kellect_tui.session.filter import parse
from kellect_tui.session.session import Session
from kellect_tui.tui import status
from kellect_tui.tui.views import Views
from kellect_tui.tui.widgets.line import Word
from tests.synthetic import Maker, session_of
from tests.tui.story import told


def words(found: list[Word]) -> str:
    return "".join(word.text for word in found)


@pytest.fixture
def views() -> Views:
    """Of ten opens, two of them failed; all tabs' rows are known."""
    maker = Maker()
    for number in range(10):
        maker.open(b"/%d" % number, result=-2 if number < 2 else 3)
    made = Views(session_of(maker.batch()))
    for tab in ("all", "network"):
        job = made.job("tab", tab, None)
        job.run()
        made.adopt(job)
    return made


def test_everything_is_shown_or_only_a_tab(views: Views) -> None:
    assert words(status.of_events(views, "all", found=None, preview=None, new_rows=0, position="")) == "10 of 10 "
    assert words(status.of_events(views, "network", found=None, preview=None, new_rows=0, position="")) == "0 of 10 "


def test_of_a_tab_whose_rows_are_not_known_no_number_is_told(views: Views) -> None:
    assert words(status.of_events(views, "file", found=None, preview=None, new_rows=0, position="")) == "… of 10 "


def test_new_rows_and_the_place_of_a_search_come_first(views: Views) -> None:
    said = status.of_events(views, "all", found=None, preview=None, new_rows=1234, position="match 1 of 2")
    assert words(said) == "▼ 1,234 new  match 1 of 2  10 of 10 "


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.0004, " · <1 ms"), (0.0421, " · 42 ms"), (0.9994, " · 999 ms"), (0.9996, " · 1.0 s"), (13.643, " · 13.6 s"), (None, "")],
)
def test_a_filter_that_is_typed_is_counted_with_the_time_it_took(views: Views, seconds: float | None, said: str) -> None:
    preview = views.job("preview", "all", parse("failed"))
    preview.run()
    preview.seconds = seconds
    assert words(status.of_events(views, "all", found=preview, preview=preview, new_rows=0, position="")) == f"2 of 10{said} "


def test_how_far_a_job_is(views: Views) -> None:
    for purpose, said in (("search", "searching"), ("filter", "filtering"), ("tab", "filtering")):
        job = views.job(purpose, "all", None)
        job.done, job.total = 1, 4
        assert words(status.of_job(job)) == f"{said}  25% Esc stops "


def test_counts_of_the_tabs() -> None:
    session = session_of(told().batch())
    assert status.counts(session)["all"] == session.ledger.captured
    assert status.counts(session)["tree"] == len(session.processes)
    assert sum(count for tab, count in status.counts(session).items() if tab not in ("all", "tree")) == session.ledger.captured
    assert status.unfinished(session) == []


def test_the_footer_offers_what_the_tab_has() -> None:
    in_events, in_tree = (status.keys(tab, arriving=False, command=False) for tab in ("all", "tree"))
    assert ("t", "tree", "screen.to_tree") in in_events
    assert ("P", "events", "screen.only_process") in in_tree
    assert ("t", "tree", "screen.to_tree") not in in_tree


def test_pause_is_offered_while_events_come_and_the_output_where_there_is_a_command() -> None:
    for arriving, command in ((False, False), (True, False), (False, True), (True, True)):
        words = [word for _, word, _ in status.keys("all", arriving=arriving, command=command)]
        assert ("pause" in words, "output" in words) == (arriving, command)


def test_the_header_of_an_empty_session() -> None:
    facts = status.facts(Session(), "STARTING", (3, 4), None)
    assert (facts.host, facts.state, facts.live, facts.rates, facts.captured, facts.lost, facts.command) == ("", "STARTING", False, (3, 4), 0, 0, None)
