"""The main screen: puts session, views and widgets together. Handlers are short: decide, call, refresh."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import Screen
from textual.widgets import Static

from kellect_tui.errors import BadFilter
from kellect_tui.events.catalogue import FAMILIES
from kellect_tui.session.chunk import EventId
from kellect_tui.session.filter import Context, Filter, completions, parse
from kellect_tui.session.session import Session
from kellect_tui.tui import columns
from kellect_tui.tui.actions import ACTIONS, BY_METHOD, EARLY, TABS, allowed, bindings
from kellect_tui.tui.capture_switch import CaptureControl, CaptureSwitch
from kellect_tui.tui.clipboard import Clipboard
from kellect_tui.tui.describe import detail
from kellect_tui.tui.finder import Finder
from kellect_tui.tui.jobs import JobEnded, Jobs
from kellect_tui.tui.meter import Cost, CostMeter, OwnCost, Rate
from kellect_tui.tui.quantities import Clock
from kellect_tui.tui.refine import only_process, refined
from kellect_tui.tui.safe_text import safe_text
from kellect_tui.tui.views import Job, Views
from kellect_tui.tui.widgets.event_table import EventTable
from kellect_tui.tui.widgets.filter_bar import FilterBar
from kellect_tui.tui.widgets.header import Facts, Footer, Header, TabBar
from kellect_tui.tui.widgets.line import Line, Word
from kellect_tui.tui.widgets.pane import Pane
from kellect_tui.tui.widgets.process_tree import ProcessTree

FRAME_SECONDS = 0.1
STATUS_FRAMES = 3
TREE_FRAMES = 5
LEAST_SIZE = (20, 5)

TAB_COLUMNS = {"all": columns.ALL, "file": columns.FILE, "process": columns.PROCESS, "network": columns.NETWORK, "user": columns.USER}


class MainScreen(Screen[None]):
    """Tabs, filter line, table or tree, detail.

    Args:
        session: What is shown; somebody else feeds it.
        live: The capture that feeds it; None for a file.
        initial_filter: Display filter to begin with.
        cost: Measures ourselves.
        rate: Events per second.
    """

    BINDINGS: ClassVar[list[BindingType]] = [*bindings()]

    def __init__(self, session: Session, live: CaptureControl | None, initial_filter: str, cost: CostMeter | None = None, rate: Rate | None = None) -> None:
        super().__init__()
        self.session = session
        self.live = live
        self.tab = "all"
        self.paused = False
        self.clock = Clock(origin_ns=session.started_ns or 0)
        self.views = Views(session)
        self.jobs = Jobs(self, self._built)
        self._initial_filter = initial_filter
        self._measure = cost if cost is not None else OwnCost()
        self._cost: Cost | None = None
        self._rate = rate if rate is not None else Rate()
        self._frames = 0
        self._tab_before = "all"
        self._preview: Job | None = None
        self._told_error = False
        everything = self.views.job("tab", "all", None)
        self.header = Header(id="header")
        self.tab_bar = TabBar(id="tabs")
        self.filter_bar = FilterBar(self.fault_of, lambda text, cursor: completions(text, cursor, self.filter_context), id="filter-bar")
        self.table = EventTable(everything.view, columns.ALL, id="table")
        self.tree_view = ProcessTree(session.processes, id="tree")
        self.detail_title = Line(id="detail-title")
        self.detail_pane = Pane(id="detail-pane")
        self.footer = Footer(id="footer")
        self.finder = Finder(self)
        self.clipboard = Clipboard(self)
        self.switch = CaptureSwitch(self)
        self._everything = self.views.adopt(everything)

    def compose(self) -> ComposeResult:
        """From top to bottom."""
        yield self.header
        yield self.tab_bar
        yield self.filter_bar
        with Vertical(id="body", classes="part"):
            yield self.table
            yield self.tree_view
        with Vertical(id="detail"):
            yield self.detail_title
            yield self.detail_pane
        yield self.footer
        yield Static("terminal too small", id="too-small", markup=False)

    def on_mount(self) -> None:
        """Begin to draw."""
        for part in (self.header, self.tab_bar, self.filter_bar, self.footer):
            part.add_class("part")
        self.query_one("#detail").add_class("part")
        self.table.set_clock(self.clock)
        self.set_focus(self.table)
        self.table.show(self._everything)
        self._second()
        self._status()
        self.set_interval(FRAME_SECONDS, self._frame)
        self.set_interval(1.0, self._second)
        if self._initial_filter:
            self.apply_filter(self._initial_filter)

    def on_unmount(self) -> None:
        """No thread goes on behind the screen."""
        self.jobs.cancel()

    def on_resize(self, event: events.Resize) -> None:
        """Small terminals lose what is least needed; tiny ones say so."""
        width, height = event.size
        self.set_class(width < LEAST_SIZE[0] or height < LEAST_SIZE[1], "-tiny")
        self.call_after_refresh(self._status)
        self.set_class(height < 16, "-low")  # then the detail takes the place of the table

    # Frames.

    def _frame(self) -> None:
        """Take in what came; ten times a second, and next to no work when nothing came."""
        self._frames += 1
        running = self.jobs.running
        building_here = running is not None and running.purpose == "tab"
        if self.tab == "tree":
            if not self.paused and self._frames % TREE_FRAMES == 0:
                self.tree_view.sync()
        elif (building_here or (not self.paused and self.views.advance(self.tab))) and self.table.sync() and self.table.follow:
            self._moved()
        if self._frames % STATUS_FRAMES == 0:
            self._status()

    def _second(self) -> None:
        if self.session.live:
            self._rate.update(self.session.ledger.captured)
        self._cost = self._measure()

    # What stands in the lines.

    @property
    def state(self) -> str:
        """The word in the header."""
        if self.live is not None and self.live.error is not None:
            return "FAILED"
        if self.paused:
            return "PAUSED"
        if self.live is not None and self.session.started_ns is None:
            return "STARTING"
        return "LIVE" if self.session.live else "SAVED" if self.live is None else "STOPPED"

    def _status(self) -> None:
        ledger, totals, start = self.session.ledger, self.session.totals, self.session.start
        if self.clock.origin_ns != (self.session.started_ns or 0):
            self._set_clock(Clock(self.clock.mode, self.session.started_ns or 0))
        facts = Facts(
            host=str(start.get("host", "")),
            kernel=str(start.get("kernel", "")),
            state=self.state,
            live=self.session.live,
            rates=tuple(self._rate.points),
            captured=ledger.captured,
            lost=ledger.lost,
            dropped=self.session.store.dropped,
            unseen=totals.unseen,
            note="cut short" if self.session.cut_short else "",
        )
        self.header.tell(facts)
        counts = {"all": ledger.captured, **ledger.by_family, "tree": len(self.session.processes)}
        self.tab_bar.tell(TABS, counts, self.tab)
        self._show_matches()
        which = int(self.tab == "tree")
        keys = [(action.shown_keys.split()[0], action.footer[which], f"screen.{action.name}") for action in ACTIONS if action.footer[which]]
        self.footer.tell(keys, self._cost, self._complete())
        if self.live is not None and self.live.error is not None and not self._told_error:
            self._told_error = True
            self.notify(safe_text(str(self.live.error)), title="The capture failed", severity="error", timeout=30, markup=False)

    def _complete(self) -> str:
        ledger = self.session.ledger
        if ledger.complete_since_ns is None or self.session.store.dropped or self.session.cut_short:
            return ""
        if not ledger.lost and not self.session.totals.unseen:
            return f"since {self.clock.of_day(ledger.complete_since_ns)} complete"
        return f"complete since {self.clock.of_day(ledger.complete_since_ns)}" if self.session.live else ""

    def _show_matches(self) -> None:
        job = self.jobs.slow
        words: list[Word] = []
        if job is not None:
            words = [Word(f"{'searching' if job.purpose == 'search' else 'filtering'} {job.share:4.0%}", "warn"), Word(" Esc stops ", "dim")]
        elif self.tab != "tree":
            preview = self._preview
            running = self.jobs.running
            found = preview if self.filter_bar.editing else running if running is not None and running.purpose == "tab" else None
            shown = self.views.matches(self.tab) if found is None else found.matches
            seconds = preview.seconds if preview is not None else self.views.seconds(self.tab)
            if self.table.new_rows:
                words.append(Word(f"▼ {self.table.new_rows:,} new  ", "accent"))
            if self.finder.position:
                words.append(Word(f"{self.finder.position}  ", "warn"))
            words.append(Word(f"{shown:,} of {self.views.total:,}"))
            if seconds is not None and (self.views.filter is not None or preview is not None):
                words.append(Word(f" · {seconds * 1000:.0f} ms" if seconds >= 0.001 else " · <1 ms", "dim"))
            words.append(Word(" "))
        else:
            words = [Word(f"{self.session.processes.running:,} running "), Word(f"of {len(self.session.processes):,} ", "dim")]
        self.filter_bar.show_status(words)

    # The filter.

    @property
    def filter_context(self) -> Context:
        """What filters may ask of this session."""
        return Context(processes=self.session.processes, origin_ns=self.session.started_ns or 0)

    def fault_of(self, text: str) -> BadFilter | None:
        """Why a text is no filter; None where it is one."""
        try:
            self.parsed(text)
        except BadFilter as error:
            return error
        return None

    def parsed(self, text: str) -> Filter | None:
        """The filter a text means; None for an empty one. Raises BadFilter."""
        filter = parse(text, self.filter_context)
        return None if filter.empty else filter

    def apply_filter(self, text: str) -> None:
        """Make a text the filter of all event tabs; a wrong one is told and changes nothing."""
        try:
            filter = self.parsed(text)
        except BadFilter as error:
            self.notify(safe_text(str(error)), title="No filter", severity="error", markup=False)
            return
        preview = self._preview
        self._preview = None
        tab = "all" if self.tab == "tree" else self.tab
        if preview is not None and preview.filter == filter and preview.tab == tab:
            preview.purpose = "filter"
            if preview.seconds is not None:
                self._built(preview)
            return  # else it is still being built and is applied when it is done
        self.jobs.start(self.views.job("filter", tab, filter), here=self.views.is_small())

    def _built(self, job: Job) -> None:
        """A view is finished."""
        if job.purpose == "preview":
            self._preview = job
        elif job.purpose == "search":
            self.finder.built(job)
        else:
            filter_changed = job.purpose == "filter"
            view = self.views.adopt(job)
            if filter_changed:
                text = "" if job.filter is None else job.filter.text
                self.filter_bar.remember(text)
                self.filter_bar.show_applied(text)
                self.finder.forget()
            if job.tab == self.tab or self.tab == "tree":
                self.table.show(view, TAB_COLUMNS[job.tab])
        self._status()

    def on_job_ended(self, message: JobEnded) -> None:
        """A job's thread is through."""
        self.jobs.ended(message)

    def on_filter_bar_edited(self, message: FilterBar.Edited) -> None:
        """Count what a text would let through, while it is typed."""
        if not self.filter_bar.editing:
            return
        running = self.jobs.running
        if running is not None and running.purpose == "preview":
            self.jobs.cancel()
        self._preview = None
        filter = self.parsed(message.text) if message.error is None else None
        if filter is not None and message.purpose == "filter" and self.tab != "tree":
            self.jobs.start(self.views.job("preview", self.tab, filter), here=self.views.is_small())
        self._show_matches()

    def on_filter_bar_entered(self, message: FilterBar.Entered) -> None:
        """Enter in the filter line."""
        self._leave_filter_bar()
        if message.purpose == "search":
            self.finder.search(message.text)
        else:
            self.apply_filter(message.text)

    def on_filter_bar_left(self) -> None:
        """Esc in the filter line: the old filter stays."""
        running = self.jobs.running
        if running is not None and running.purpose == "preview":
            self.jobs.cancel()
        self._preview = None
        self._leave_filter_bar()

    def on_filter_bar_wanted(self) -> None:
        """A click on the filter line."""
        self.action_filter()

    def _leave_filter_bar(self) -> None:
        self.filter_bar.end()
        self.set_focus(self.tree_view if self.tab == "tree" else self.table)

    def action_filter(self) -> None:
        """Type a filter."""
        self.filter_bar.edit("filter", "" if self.views.filter is None else self.views.filter.text)

    def action_search(self) -> None:
        """Type what to look for."""
        self.filter_bar.edit("search", self.finder.text)

    def action_clear_filter(self) -> None:
        """Show everything again."""
        if self.views.filter is not None:
            self.apply_filter("")

    def action_include(self) -> None:
        """Only what has this cell's value."""
        self._refine(exclude=False)

    def action_exclude(self) -> None:
        """Without what has this cell's value."""
        self._refine(exclude=True)

    def _refine(self, *, exclude: bool) -> None:
        event = self.table.cursor_event
        if event is None:
            return
        text = refined(self.views.filter, event, self.table.cursor_column, exclude=exclude)
        if text is None:
            self.notify("This cell has nothing to filter by; ← → choose another.", markup=False)
        else:
            self.apply_filter(text)

    def action_only_process(self) -> None:
        """Only the process under the cursor."""
        if self.tab == "tree":
            process = self.tree_view.cursor_process
            pid = None if process is None else process.pid
        else:
            event = self.table.cursor_event
            pid = None if event is None else event.pid
        if pid is None:
            return
        if self.tab == "tree":
            self.action_tab("all")
        self.apply_filter(only_process(self.views.filter, pid))

    # Tabs, pause, follow, time.

    def action_tab(self, name: str) -> None:
        """Show a tab; the cursor stays on its event."""
        if name == self.tab:
            return
        running = self.jobs.running
        if running is not None and running.purpose == "tab":
            self.jobs.cancel()
        self._tab_before, self.tab = self.tab, name
        self.set_class(name == "tree", "-tree")
        if name == "tree":
            self.remove_class("-detail")
            self.set_focus(self.tree_view)
            self.call_after_refresh(self.tree_view.sync)
        else:
            self._show_tab(name)
            self.set_focus(self.table)
            self._moved()
        self._status()

    def _show_tab(self, name: str) -> None:
        view = None if self.paused else self.views.ready(name)
        if view is not None:
            self.table.show(view, TAB_COLUMNS[name])
            return
        job = self.views.job("tab", name, self.views.filter)
        here = self.views.is_small()
        if not here:
            self.table.show(job.view, TAB_COLUMNS[name])  # newest rows first, as they are found
        self.jobs.start(job, here=here)

    def action_next_tab(self, step: int) -> None:
        """The tab beside this one, round and round."""
        names = [name for name, _ in TABS]
        self.action_tab(names[(names.index(self.tab) + step) % len(names)])

    def action_pause(self) -> None:
        """Stop the screen, never the capture."""
        self.paused = not self.paused
        self.table.limit = EventId(int(self.session.store.end)) if self.paused else None
        if not self.paused and self.tab != "tree":
            self._show_tab(self.tab)
        self._status()

    def action_follow(self) -> None:
        """Follow the newest event, or hold."""
        if self.table.follow:
            self.table.hold()
        else:
            self.table.start_follow()
        self._show_matches()

    def action_time_mode(self) -> None:
        """The next way to write times."""
        self._set_clock(Clock(self.clock.mode.following, self.session.started_ns or 0))
        self._moved()
        self._status()

    def _set_clock(self, clock: Clock) -> None:
        self.clock = clock
        self.table.set_clock(clock)

    # Moving.

    @property
    def list(self) -> EventTable | ProcessTree:
        """What the moving keys move."""
        return self.tree_view if self.tab == "tree" else self.table

    def action_move(self, rows: int) -> None:
        """By rows."""
        self.list.move(rows)

    def action_page(self, pages: float) -> None:
        """By screens."""
        self.list.page(pages)

    def action_first(self) -> None:
        """To the first row."""
        self.list.first()

    def action_last(self) -> None:
        """To the last row."""
        self.list.last()

    def action_sideways(self, step: int) -> None:
        """To another cell; in the tree fold and unfold."""
        self.list.sideways(step)

    # Finding.

    def action_find_match(self, step: int) -> None:
        """To the next match of the search, or back."""
        self.finder.match(step)

    def action_find_failure(self, step: int) -> None:
        """To the next failure, or back."""
        self.finder.failure(step)

    def action_find_loss(self) -> None:
        """To the next loss."""
        self.finder.loss()

    # The event under the cursor.

    def on_event_table_moved(self) -> None:
        """The cursor is on another event."""
        self._moved()
        self._show_matches()

    def on_event_table_opened(self) -> None:
        """A double click."""
        self.action_open()

    def _moved(self) -> None:
        if self.has_class("-detail"):
            self._show_detail()

    def action_open(self) -> None:
        """Open the detail; in the tree fold or unfold."""
        if self.tab == "tree":
            self.tree_view.fold()
        elif self.table.row_count:
            self.table.hold()
            self.add_class("-detail")
            self._show_detail()
            self.call_after_refresh(self._keep_cursor_visible)

    def _keep_cursor_visible(self) -> None:
        if (index := self.table.cursor_index) is not None:
            self.table.reveal(index)

    def _show_detail(self) -> None:
        event = self.table.cursor_event
        event_id = self.table.cursor_id
        if event is None or event_id is None:
            self.detail_title.show([Word(" no event", "dim")])
            return
        title = [Word(f" {event.event_type} ", "title"), Word(f"event {int(event_id):,} of this session", "dim")]
        self.detail_title.show(title, [Word("J K scroll, Esc closes ", "dim")])
        self.detail_pane.show(detail(event, self.session.processes, self.clock))

    def action_scroll_detail(self, lines: int) -> None:
        """Scroll the detail."""
        self.detail_pane.scroll_by(lines)

    def action_back(self) -> None:
        """Stop what is running, else close the detail, else forget the search."""
        job = self.jobs.cancel()
        if job is not None:
            if job.purpose == "tab":
                self.action_tab(self._tab_before)
            self._show_matches()
        elif self.has_class("-detail"):
            self.remove_class("-detail")
        else:
            self.finder.forget()
            self._show_matches()

    def action_copy_row(self) -> None:
        """The row to the clipboard."""
        self.clipboard.row()

    def action_copy_json(self) -> None:
        """The event as JSON to the clipboard."""
        self.clipboard.json()

    # Processes.

    def action_to_tree(self) -> None:
        """This event's process in the tree."""
        event = self.table.cursor_event
        process = None if event is None or event.pid is None else self.session.processes.by_pid(event.pid, event.time_ns)
        if process is None:
            self.notify("This event's process is not in the tree.", markup=False)
            return
        self.action_tab("tree")
        self.call_after_refresh(self.tree_view.go_to, process)

    def action_parent(self) -> None:
        """The parent in the tree."""
        self.tree_view.to_parent()

    def action_fold_all(self) -> None:
        """Fold or unfold everything."""
        self.tree_view.fold_all()

    def action_fold(self) -> None:
        """Fold this one."""
        self.tree_view.fold(fold=True)

    def action_unfold(self) -> None:
        """Unfold this one."""
        self.tree_view.fold(fold=False)

    # Program.

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys for another tab do nothing; while the filter is typed its letters are letters."""
        known = BY_METHOD.get(action)
        if known is None:
            return True
        if self.filter_bar.editing and action in EARLY and action != "save":
            return False
        return allowed(known, self.tab)

    def action_help(self) -> None:
        """The help."""
        self.run_app_action("show_help")

    def action_account(self) -> None:
        """The account of what happened."""
        self.run_app_action("show_account")

    def action_save(self) -> None:
        """The save dialogue."""
        self.run_app_action("save")

    def action_palette(self) -> None:
        """Everything by name."""
        self.run_app_action("command_palette")

    def action_theme(self) -> None:
        """Choose the colours."""
        self.run_app_action("change_theme")

    def action_suspend(self) -> None:
        """Back to the shell."""
        self.run_app_action("suspend_process")

    def action_quit(self) -> None:
        """Quit, perhaps after a question."""
        self.run_app_action("quit")

    def run_app_action(self, name: str) -> None:
        """An action of the whole program."""
        self.call_later(self.app.run_action, name)

    def capture_commands(self) -> Iterator[tuple[str, str, Callable[[], object]]]:
        """What the palette offers for a running capture: each family on and off."""
        yield from self.switch.commands(FAMILIES[:-1])
