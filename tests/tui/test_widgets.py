"""Widgets on their own."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.segment import Segment
from textual.app import App, ComposeResult
from textual.strip import Strip

from kellect_tui import tui
from kellect_tui.errors import BadFilter
from kellect_tui.session.filter.fields import SPELLINGS
from kellect_tui.session.session import Session
from kellect_tui.tui import columns
from kellect_tui.tui.meter import Cost, Rate
from kellect_tui.tui.quantities import Clock
from kellect_tui.tui.tree_columns import LIVE, NAME_LEAST, fitting
from kellect_tui.tui.widgets.choice import Choice
from kellect_tui.tui.widgets.event_table import EventTable, loss_text
from kellect_tui.tui.widgets.filter_bar import FilterBar
from kellect_tui.tui.widgets.header import Facts, Footer, Header, TabBar
from kellect_tui.tui.widgets.line import Line, Word
from kellect_tui.tui.widgets.pane import Pane, beside, labelled
from tests.tui.story import StoppedClock, still


class Bench(App[None]):
    """A program with one widget."""

    CSS_PATH = Path(tui.__file__).parent / "app.tcss"

    def __init__(self, widget: Line | Choice | Pane | FilterBar) -> None:
        super().__init__()
        self.widget = widget

    def compose(self) -> ComposeResult:
        """The widget."""
        yield self.widget


def text_of(line: Line) -> str:
    """What is on the screen."""
    return line.render_line(0).text


@pytest.mark.parametrize(
    ("width", "shown"),
    [(20, "left words     right"), (15, "left wordsright"), (14, "left wor…right"), (7, "l…right"), (5, "l…ght"), (4, "…ght"), (3, "le…"), (1, "…")],
)
async def test_a_line_cuts_the_left_and_keeps_the_right_and_says_so(width: int, shown: str) -> None:
    line = Line(id="part")
    line.show([Word("left "), Word("words")], [Word("ri"), Word("ght")])
    async with Bench(line).run_test(size=(width, 2)):
        assert text_of(line) == shown


async def test_a_line_that_keeps_its_left_says_that_its_right_was_cut() -> None:
    line = Line(id="part")
    line.show([Word("left ")], [Word("much on the right"), Word(" ok")])
    async with Bench(line).run_test(size=(12, 2)):
        assert text_of(line) == "left    … ok"


async def test_blanks_at_the_end_are_cut_without_a_mark() -> None:
    line = Line(id="part")
    line.show([Word("left "), Word("   ")], [Word("right")])
    async with Bench(line).run_test(size=(9, 2)):
        assert text_of(line) == "leftright"


async def test_a_line_cuts_wide_characters_in_whole() -> None:
    line = Line(id="part")
    line.show([Word("名前名前")])
    async with Bench(line).run_test(size=(6, 2)):
        assert text_of(line) == "名前 …"


async def test_the_header_keeps_state_and_losses_when_it_is_narrow() -> None:
    header = Header(id="part")
    async with Bench(header).run_test(size=(50, 2)):
        header.tell(Facts(host="a" * 40, kernel="6.1", state="LIVE", rates=(1, 12_431), captured=4_211_093, lost=1_204))
        assert text_of(header).rstrip().endswith("4,211,093 events ·  1,204 lost")
        assert header._right[-1].style == "alarm"
        header.tell(Facts(state="SAVED", live=False, captured=3, dropped=1_000, io_uring=5, unseen=7, note="cut short"))
        for part in ("SAVED", "cut short", "3 events", "1.0k dropped", "5 by io_uring, not decoded", "7 not seen", "0 lost"):
            assert part in header.text
        assert "/s" not in header.text
        assert header._right[-1].style == "good"


@pytest.mark.parametrize(("lost", "style"), [(0, "dim"), (312, "alarm")])
async def test_the_header_marks_counts_that_are_not_final(lost: int, style: str) -> None:
    header = Header(id="part")
    async with Bench(header).run_test(size=(80, 2)):
        header.tell(Facts(state="SAVED", live=False, captured=4_211_093, lost=lost, counting=True))
        assert header.text.rstrip().endswith(f"4,211,093… events ·  {lost}… lost")
        assert header._right[-1].style == style


async def test_tabs_lose_their_counts_before_their_names() -> None:
    bar = TabBar(id="part")
    for width, shown in ((40, " 1 All 12 │ 2 File 3 "), (20, " 1 All 12  2 File 3 "), (18, " 1 All  2 File "), (5, " 1 A…")):
        async with Bench(bar).run_test(size=(width, 2)):
            bar.tell((("all", "All"), ("file", "File")), {"all": 12, "file": 3}, "all")
            assert text_of(bar).rstrip() == shown.rstrip()
        bar = TabBar(id="part")


async def test_tabs_mark_counts_that_are_not_final() -> None:
    bar = TabBar(id="part")
    async with Bench(bar).run_test(size=(40, 2)):
        bar.tell((("all", "All"), ("tree", "Tree")), {"all": 12, "tree": 0}, "all", ["tree"])
        assert text_of(bar).rstrip() == " 1 All 12 │ 2 Tree 0…"


async def test_the_footer_says_what_it_costs_and_only_what_is_true() -> None:
    footer = Footer(id="part")
    async with Bench(footer).run_test(size=(90, 2)):
        footer.tell((("?", "help", ""),), Cost(6.4, 212 << 20), "since 12:00:41 complete")
        assert text_of(footer).split() == ["?", "help", "cpu", "6", "%", "·", "mem", "212M", "·", "since", "12:00:41", "complete"]
        footer.tell((("?", "help", ""),), None, "")
        assert text_of(footer).strip() == "? help"


async def test_a_pane_wraps_and_leaves_nothing_out() -> None:
    pane = Pane(id="pane")
    async with Bench(pane).run_test(size=(21, 5)) as pilot:
        pane.show(lambda width: labelled("name", "abcdefghijklmnopqrstuvwxyz", 6, width))
        await pilot.pause()
        assert pane.text == "name  abcdefghijklmn\n      opqrstuvwxyz"
        pane.show(lambda width: [[("x" * width, "plain")]] * 30)
        pane.scroll_by(1000)
        assert pane.scroll_offset.y == 25


def test_blocks_beside_each_other_line_up() -> None:
    left = labelled("a", "1", 3, 8)
    right = [*labelled("b", "2", 3, 8), *labelled("c", "3", 3, 8)]
    assert ["".join(text for text, _ in row) for row in beside(left, right, 8)] == ["a  1    b  2", "        c  3"]


async def test_a_choice_goes_round() -> None:
    choice = Choice("Format ", [("a", "first"), ("b", "second")])
    async with Bench(choice).run_test(size=(40, 3)) as pilot:
        choice.focus()
        await pilot.press("right")
        assert choice.value == "b"
        await pilot.press("right")
        assert choice.value == "a"
        await pilot.click(choice, offset=(17, 0))
        assert choice.value == "b"
        choice.choose("nothing such")
        assert choice.value == "b"


async def test_a_choice_without_room_for_all_says_so() -> None:
    choice = Choice("Format ", [("a", "first"), ("b", "second"), ("c", "third")])
    async with Bench(choice).run_test(size=(20, 3)):
        assert choice.render_line(0).text == "Format >first  seco…"
        choice.choose("b")
        choice.choose("c")
        assert choice.render_line(0).text == "Forma… >third       "


def check(text: str, purpose: str) -> BadFilter | None:
    """Everything with an exclamation mark is wrong, at the mark."""
    return BadFilter("this is wrong [b]", "leave it out", column=text.index("!")) if "!" in text else None


async def test_a_fault_stands_under_its_place_however_long_the_text() -> None:
    bar = FilterBar(check, lambda text, cursor, purpose: (), id="bar")
    async with Bench(bar).run_test(size=(60, 6)) as pilot:
        bar.edit("filter", "")
        await pilot.press(*"abc!")
        assert bar.fault == " " * 5 + "^ this is wrong [b]; leave it out"
        await pilot.press("enter")
        assert bar.editing
        await pilot.press("ctrl+u", *("x" * 70), "!")
        await pilot.pause()
        caret = bar.fault.index("^")
        line = bar.screen._compositor.render_strips()[0].text
        assert line[caret] == "!"


@pytest.mark.parametrize(
    ("width", "shown"),
    [
        (100, "/ no filter: / to type one, for example  comm = nginx and failed         1,204 of 4,211,093 · 14 ms "),
        (60, "/ no filter: / to type one,…     1,204 of 4,211,093 · 14 ms "),
        (30, "/ no filter: /…1,204 of 4,211…"),
        (20, "/ no filt…1,204 of …"),
        (8, "/ n…1,2…"),
    ],
)
async def test_what_the_filter_line_has_no_room_for_is_marked(width: int, shown: str) -> None:
    bar = FilterBar(check, lambda text, cursor, purpose: (), id="bar")
    async with Bench(bar).run_test(size=(width, 6)) as pilot:
        await pilot.pause()
        bar.show_status([Word("1,204 of 4,211,093"), Word(" · 14 ms"), Word(" ")])
        await pilot.pause()
        assert bar.screen._compositor.render_strips()[0].text == shown


async def test_a_long_text_is_marked_where_it_goes_on_and_never_on_the_cursor() -> None:
    bar = FilterBar(check, lambda text, cursor, purpose: (), id="bar")
    async with Bench(bar).run_test(size=(22, 6)) as pilot:
        bar.show_status(())

        async def drawn(*keys: str) -> str:
            await pilot.press(*keys)
            await pilot.pause()
            return bar.screen._compositor.render_strips()[0].text[2:11]

        bar.edit("filter", "abcdefghijklmnop")
        assert await drawn() == "…jklmnop "
        assert await drawn("home") == "abcdefgh…"
        assert await drawn(*["right"] * 7) == "abcdefgh…"
        assert await drawn("right") == "…cdefghi…"
        assert await drawn(*["left"] * 6) == "…cdefghi…"
        assert await drawn("left") == "abcdefgh…"
        assert await drawn("end") == "…jklmnop "


@pytest.mark.parametrize(("text", "shown"), [("日本", "日本     "), ("ab日本", "ab日本   "), ("日本日本日", "… 日本日 "), ("日本語漢字é", "…語漢字é ")])
async def test_a_typed_wide_character_stays_whole_at_the_edge(text: str, shown: str) -> None:
    bar = FilterBar(check, lambda text, cursor, purpose: (), id="bar")
    async with Bench(bar).run_test(size=(22, 6)) as pilot:
        bar.show_status(())
        bar.edit("filter", text)
        await pilot.pause()
        assert Strip([Segment(bar.screen._compositor.render_strips()[0].text)]).crop(2, 11).text == shown


class Proposal:
    """A completion of three characters."""

    start, end, help = 0, 3, ""

    def __init__(self, number: int) -> None:
        self.text = f"w{number:02}"


async def test_more_completions_than_are_shown_are_marked_on_their_side() -> None:
    bar = FilterBar(check, lambda text, cursor, purpose: [Proposal(number) for number in range(20)], id="bar")
    async with Bench(bar).run_test(size=(100, 6)) as pilot:
        bar.edit("filter", "")
        await pilot.press("tab")
        assert bar._hints.text.split() == [f"w{number:02}" for number in range(12)] + ["…"]
        await pilot.press(*["tab"] * 5)
        assert bar._hints.text.split() == ["…", *(f"w{number:02}" for number in range(2, 14)), "…"]
        await pilot.press(*["tab"] * 14)
        assert bar._hints.text.split() == ["…", "w16", "w17", "w18", "w19"]


async def test_hostile_text_in_the_filter_line_is_shown_safely() -> None:
    bar = FilterBar(check, lambda text, cursor, purpose: (), id="bar")
    async with Bench(bar).run_test(size=(60, 6)) as pilot:
        bar.show_applied("comm = '\x1b[31m[red]'")
        await pilot.pause()
        assert bar.text == "comm = '␛[31m[red]'"
        assert "\x1b" not in bar.screen._compositor.render_strips()[0].text


async def test_every_drawn_row_is_safe_and_exactly_as_wide_as_the_table(session: Session) -> None:
    app = still(session)
    async with app.run_test(size=(83, 24)) as pilot:
        for tab in "12345":
            await pilot.press(tab)
            table = app.main.table
            for row in range(table.row_count):
                strip = table.draw_row(row)
                assert strip.cell_length == table.line_width == cell_len(strip.text)
                assert strip.text.isprintable()
        await pilot.press("6")
        await pilot.pause()
        for row in range(app.main.tree_view.row_count):
            strip = app.main.tree_view.draw_row(row)
            assert strip.cell_length == app.main.tree_view.line_width
            assert strip.text.isprintable()


async def test_rows_are_drawn_once(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    app = still(session)
    async with app.run_test(size=(100, 24)) as pilot:
        await pilot.pause()
        drawn: list[int] = []
        whole = EventTable._row

        def counted(self: EventTable, *args: object) -> object:
            drawn.append(1)
            return whole(self, *args)  # type: ignore[arg-type]  # handed through

        monkeypatch.setattr(EventTable, "_row", counted)
        app.main.table.refresh()
        await pilot.pause()
        assert drawn == []
        await pilot.press("up")  # the row that is left and the row that is reached
        await pilot.pause()
        assert len(drawn) == 2


def test_a_loss_says_how_many_of_what_where_and_when(session: Session) -> None:
    view = session.view()
    view.advance()
    loss = next(event for event in view.rows(0, len(view)) if event.event_type == "monitor.lost")
    assert loss_text(loss, Clock()) == "312 file events lost here (cpu 1, 22:30:00.000–22:30:00.000)"


def test_tree_columns_leave_room_for_the_name() -> None:
    assert [column.title for column in fitting(LIVE, 79)] == ["PID", "COMM", "USER", "AGE", "EXIT", "EVENTS/s"]
    assert [column.title for column in fitting(LIVE, 119)][-1] == "EVENTS"
    for width in range(1, 200):
        shown = fitting(LIVE, width)
        assert len(shown) == 2 or sum(column.width + 1 for column in shown) - 1 + NAME_LEAST <= width


def test_a_rate_is_one_point_a_second() -> None:
    clock = StoppedClock()
    rate = Rate(clock)
    assert rate.now == 0
    assert not rate.update(100)
    clock.now += 0.5
    assert not rate.update(300)
    clock.now += 0.5
    assert rate.update(500)
    assert list(rate.points) == [400]
    clock.now += 2
    assert rate.update(500)
    assert rate.now == 0


def test_columns_of_all_tabs_have_fields_that_filters_know() -> None:
    for tab in (columns.ALL, columns.FILE, columns.PROCESS, columns.NETWORK, columns.USER):
        for column in tab:
            assert not isinstance(column.field, str) or not column.field or column.field in SPELLINGS
