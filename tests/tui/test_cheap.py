"""What makes drawing cheap: it draws the same, and less."""

from __future__ import annotations

import textual.screen
from rich.segment import Segment
from textual.app import App, ComposeResult
from textual.geometry import Region
from textual.strip import Strip

from kellect_tui.session.session import Session
from kellect_tui.tui import columns
from kellect_tui.tui.widgets.cheap import PAINT_SECONDS, PlainLines, free_strips_at_once, paint_soon, thumb
from kellect_tui.tui.widgets.event_table import EventTable
from kellect_tui.tui.widgets.pane import Pane


class Bench(App[None]):
    """A program with a table and a pane."""

    ALLOW_SELECT = False

    def __init__(self, session: Session) -> None:
        super().__init__()
        view = session.view(None)
        view.advance()
        self.table = EventTable(view, columns.ALL)
        self.pane = Pane()

    def compose(self) -> ComposeResult:
        yield self.table
        yield self.pane


async def test_a_row_that_is_drawn_again_is_the_same_strip(session: Session) -> None:
    """So that what it knows of itself stays: its cuts, its escape sequences."""
    app = Bench(session)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        region = Region(0, 0, 120, 10)
        first = app.table.render_lines(region)
        app.table.refresh()
        again = app.table.render_lines(region)
        assert isinstance(app.table._styles_cache, PlainLines)
        assert [one is other for one, other in zip(first[1:], again[1:], strict=True)] == [True] * 9
        assert {strip.cell_length for strip in first} == {app.table.line_width}


def test_a_line_that_is_cut_into_one_does_not_hold_itself() -> None:
    """Only the collector would find it."""
    free_strips_at_once()
    whole = Strip([Segment("abcdef")], 6)
    assert [whole.divide([6]) == [whole], whole.divide([6, 7]) == [whole], whole.crop_extend(0, 6, None) is whole] == [True] * 3
    assert (len(whole._divide_cache), len(whole._crop_extend_cache)) == (0, 0)
    assert [piece.text for piece in whole.divide([2, 6])] == ["ab", "cdef"]
    assert [whole.crop_extend(start, end, None).text for start, end in ((0, 4), (2, 6), (4, 8))] == ["abcd", "cdef", "ef  "]


async def test_styles_have_the_filters_applied_that_lines_no_longer_get(session: Session) -> None:
    """Colours by number become those of the theme, as Textual's filter would have made them."""
    app = Bench(session)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        assert app.get_line_filters()
        assert app.table.get_line_filters() == ()
        strip = app.table.render_line(2)
        filtered = strip
        for filter in app.get_line_filters():
            filtered = filtered.apply_filter(filter, app.table.background_colors[1])
        assert list(filtered) == list(strip)


async def test_a_pane_draws_only_lines_that_change(session: Session) -> None:
    app = Bench(session)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        pane = app.pane
        pane.show(lambda width: [[("one", "plain")], [("two", "plain")], [("three", "plain")]])
        pane._exchange_repaint_regions()
        pane.show(lambda width: [[("one", "plain")], [("2", "plain")], [("three", "plain")], [("four", "plain")]])
        assert sorted(region.y for region in pane._exchange_repaint_regions()) == [1, 3]
        pane.show(lambda width: [[("one", "plain")]])
        assert sorted(region.y for region in pane._exchange_repaint_regions()) == [1, 2, 3]


def test_the_grip_is_where_textual_draws_it() -> None:
    assert thumb(24, 24, 24, 0) is None
    assert thumb(24, 10, 24, 0) is None
    assert thumb(0, 100, 24, 0) is None
    assert thumb(24, 48, 24, 0) == (0, 96)
    assert thumb(24, 48, 24, 24) == (96, 192)
    assert thumb(24, 1_000_000, 24, 999_976) == (184, 192)


def test_new_rows_below_a_million_do_not_move_the_grip() -> None:
    assert thumb(24, 1_000_000, 24, 999_976) == thumb(24, 1_001_000, 24, 1_000_976)


def test_a_paint_is_not_waited_for() -> None:
    paint_soon()
    assert textual.screen.UPDATE_PERIOD == PAINT_SECONDS
