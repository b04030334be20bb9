"""The main screen: puts session, views and widgets together. Handlers are short: decide, call, refresh."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator, Sequence
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import Screen
from textual.timer import Timer
from textual.widgets import Static

from kellect_tui.errors import BadFilter, KellectError
from kellect_tui.events.catalogue import FAMILIES
from kellect_tui.session.chunk import EventId
from kellect_tui.session.filter import Context, Filter, completions, parse
from kellect_tui.session.filter.completion import EVENTS, PROCESSES
from kellect_tui.session.filter.of_processes import parse_processes
from kellect_tui.session.process import Process, Thread
from kellect_tui.session.session import Session
from kellect_tui.tui import columns
from kellect_tui.tui.actions import ACTIONS, BY_METHOD, EARLY, TABS, Action, allowed, bindings
from kellect_tui.tui.capture_switch import CaptureControl, CaptureSwitch
from kellect_tui.tui.clipboard import Clipboard
from kellect_tui.tui.command_view import CommandControl, CommandView, state_word
from kellect_tui.tui.describe import detail, process_of
from kellect_tui.tui.describe_process import Told, describe, title
from kellect_tui.tui.finder import Finder
from kellect_tui.tui.jobs import JobEnded, Jobs
from kellect_tui.tui.meter import Cost, CostMeter, OwnCost, Rate
from kellect_tui.tui.opening import Opened, is_counting, note, read_rest, unread
from kellect_tui.tui.quantities import Clock
from kellect_tui.tui.refine import joined, own_term, refined, tree_term
from kellect_tui.tui.safe_text import safe_text
from kellect_tui.tui.tree_columns import LIVE, SAVED
from kellect_tui.tui.views import Job, Views
from kellect_tui.tui.widgets.event_table import EventTable
from kellect_tui.tui.widgets.filter_bar import Candidate, FilterBar
from kellect_tui.tui.widgets.header import SO_FAR, Facts, Footer, Header, TabBar
from kellect_tui.tui.widgets.line import Line, Word
from kellect_tui.tui.widgets.pane import Pane
from kellect_tui.tui.widgets.process_tree import ProcessTree

FRAME_SECONDS = 0.125
EARLY_SECONDS, EARLY_FRAMES = 0.01, 20
"""How often a screen that waits for its capture looks for it, and how many such short frames there are after its start."""
ROW_FRAMES = 2
"""Between two looks at new rows where they keep coming; after a pause they are drawn in the next frame."""
STATUS_FRAMES = 4
TREE_FRAMES = 4
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
        now: Epoch ns.
        command: The command whose tree this is; None: there is none.

    Attributes:
        failure: Why the file could not be read to its end; the program is over then.
    """

    BINDINGS: ClassVar[list[BindingType]] = [*bindings()]

    def __init__(
        self,
        session: Session,
        live: CaptureControl | None,
        initial_filter: str,
        cost: CostMeter | None = None,
        rate: Rate | None = None,
        now: Callable[[], int] = time.time_ns,
        command: CommandControl | None = None,
    ) -> None:
        super().__init__()
        self.session = session
        self.live = live
        self.command = command
        self.command_view = None if command is None else CommandView(command, id="output")
        self.tab = "all"
        self.paused = False
        self.clock = Clock(origin_ns=session.started_ns or 0)
        self.views = Views(session)
        self.jobs = Jobs(self, self._built)
        self._initial_filter = initial_filter
        self._measure = cost if cost is not None else OwnCost()
        self._cost: Cost | None = None
        self._rate = rate if rate is not None else Rate()
        self._now = now
        self._frames = 0
        self._next_rows = 0
        self._next_status = 0
        self._dropped = 0
        self._tab_before = "all"
        self._preview: Job | None = None
        self._told_error = False
        self.failure: KellectError | None = None
        self._early: Timer | None = None
        self._early_frames = 0
        everything = self.views.job("tab", "all", None)
        self.header = Header(id="header")
        self.tab_bar = TabBar(id="tabs")
        self.filter_bar = FilterBar(self.fault_of, self._completions, id="filter-bar")
        self.table = EventTable(everything.view, columns.ALL, id="table")
        self.tree_view = ProcessTree(session.processes, session.users, self.now_ns, id="tree")
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
        if self.command_view is not None:
            yield self.command_view
        yield self.footer
        yield Static("terminal too small", id="too-small", markup=False)

    def on_mount(self) -> None:
        """Begin to draw."""
        for part in (self.header, self.tab_bar, self.filter_bar, self.footer):
            part.add_class("part")
        self.query_one("#detail").add_class("part")
        if self.command_view is not None:
            self.command_view.add_class("part")
        self.table.set_clock(self.clock)
        self.set_focus(self.table)
        self.table.show(self._everything)
        self._second()
        self._status()
        self.set_interval(FRAME_SECONDS, self._frame)
        self.set_interval(1.0, self._second)
        if self.is_starting:
            self._early = self.set_interval(EARLY_SECONDS, self._look_for_start)
        if self._initial_filter:
            self.apply_filter(self._initial_filter)
        self.call_after_refresh(read_rest, self, self.session)

    def on_unmount(self) -> None:
        """No thread goes on behind the screen."""
        self.jobs.cancel()
        if self.session.opening is not None:
            self.session.opening.stop()

    def on_resize(self, event: events.Resize) -> None:
        """Small terminals lose what is least needed; tiny ones say so."""
        width, height = event.size
        self.set_class(width < LEAST_SIZE[0] or height < LEAST_SIZE[1], "-tiny")
        self.call_after_refresh(self._status)
        self.set_class(height < 16, "-low")  # then the detail takes the place of the table

    # The start of a capture, which goes on behind the screen.

    @property
    def is_starting(self) -> bool:
        """Whether the capture is still about to begin."""
        return self.live is not None and not self.session.live and self.session.stopped_ns is None

    def _look_for_start(self) -> None:
        """Show the first events as soon as they are there. A capture that could not begin ends the program, which tells why."""
        if self.is_starting:
            if self.live is not None and self.live.error is not None:
                self.app.exit()
            return
        if not self._early_frames:
            self._begun()
        self._early_frames += 1
        self._draw_new()
        if self._early_frames >= EARLY_FRAMES and self._early is not None:
            self._early.stop()

    def _begun(self) -> None:
        """Times in filters count from the start, which is known now."""
        self._status()
        job = self.jobs.running
        filter = job.filter if job is not None and job.purpose == "filter" else self.views.filter
        if filter is not None:
            self.apply_filter(filter.text)
        if self.tree_view.filter is not None:
            self.filter_tree(self.tree_view.filter.text)

    # Frames.

    def _frame(self) -> None:
        """Take in what came; eight times a second, and next to no work when nothing came."""
        self._frames += 1
        drawn, is_due = False, self._is_building or self._frames >= self._next_rows
        if self._dropped != self.session.store.dropped and (is_due or self.paused or self.tab == "tree"):
            self._let_go()
        if self.tab != "tree":
            drawn = is_due and self._draw_new()
        elif not self.paused and self._frames % TREE_FRAMES == 0:
            self._sync_tree()
        if self.command_view is not None and self.has_class("-output"):
            self.command_view.sync()
        if self._frames >= self._next_status + (not drawn):  # best with new rows, in one paint
            self._status()

    @property
    def _is_building(self) -> bool:
        """Whether the tab's rows are being found, under our eyes."""
        running = self.jobs.running
        return running is not None and running.purpose == "tab"

    def _draw_new(self) -> bool:
        """Show what came, in a tab of events; whether there was anything."""
        if self.tab == "tree" or not (self._is_building or (not self.paused and self.views.advance(self.tab))) or not self.table.sync():
            return False
        self._next_rows = self._frames + ROW_FRAMES
        if self.table.follow:
            self._moved()
        return True

    def _let_go(self) -> None:
        """What retention has dropped is held by no view, not even by one that stands still."""
        self._dropped = self.session.store.dropped
        self.views.let_go()
        self.finder.let_go()
        if self._preview is not None and self._preview is not self.jobs.running:
            self._preview.let_go()
        if self.tab != "tree":
            self.table.sync()  # its rows have other numbers now

    def _second(self) -> None:
        if self.session.live:
            self._rate.update(self.session.ledger.captured)
            self.session.processes.sample(self._now())
        self._cost = self._measure()

    def _sync_tree(self) -> None:
        self.tree_view.set_columns(LIVE if self.session.live else SAVED)
        self.tree_view.sync()
        self._show_matches()
        if self.has_class("-detail"):
            self._show_process(keep_place=True)

    def now_ns(self) -> int:
        """Epoch ns that ages count to: now, or the end of what is over."""
        session = self.session
        if session.live:
            return self._now()
        chunk = session.store.chunks[-1] if session.store.chunks else None
        return session.stopped_ns or (int(chunk.time[chunk.count - 1]) if chunk is not None and chunk.count else 0)

    # What stands in the lines.

    @property
    def state(self) -> str:
        """The word in the header."""
        if self.live is not None and self.live.error is not None:
            return "FAILED"
        if self.paused:
            return "PAUSED"
        if self.is_starting:
            return "STARTING"
        return "LIVE" if self.session.live else "SAVED" if self.live is None else "STOPPED"

    def _status(self) -> None:
        self._next_status = self._frames + STATUS_FRAMES
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
            io_uring=sum(totals.io_uring.values()),
            unseen=totals.unseen - sum(totals.io_uring.values()),
            note=note(self.session),
            counting=is_counting(self.session),
            command=None if self.command is None else state_word(self.command),
        )
        self.header.tell(facts)
        counts = {"all": ledger.captured, **ledger.by_family, "tree": len(self.session.processes)}
        self.tab_bar.tell(TABS, counts, self.tab, counts if is_counting(self.session) else ["tree"] if self.session.opening is not None else [])
        self._show_matches()
        which = int(self.tab == "tree")
        arriving = self.session.live or self.paused  # what is paused may be continued
        offered = [action for action in ACTIONS if action.footer[which] and self._has(action) and (arriving or not action.arriving)]
        keys = [(action.shown_keys.split()[0], action.footer[which], f"screen.{action.name}") for action in offered]
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
            total = f"{self.views.total:,}{SO_FAR if is_counting(self.session) else ''}"
            everything = found is None and self.views.predicate(self.tab, self.views.filter) is None
            words.append(Word(f"{total if everything else f'{shown:,}'} of {total}"))
            if seconds is not None and (self.views.filter is not None or preview is not None):
                words.append(Word(f" · {seconds * 1000:.0f} ms" if seconds >= 0.001 else " · <1 ms", "dim"))
            words.append(Word(" "))
        elif self.session.opening is not None:
            words = [Word(f"{unread(self.session)} ", "warn")]
        else:
            table, shown = self.session.processes, self.tree_view.shown_count
            words = [Word(f"{shown:,} of {len(table):,}"), Word(f" · {table.running:,} running ", "dim")]
        self.filter_bar.show_status(words)

    # The filter.

    @property
    def filter_context(self) -> Context:
        """What filters may ask of this session; times of day are those that the TIME column shows."""
        return Context(self.session.processes, self.session.started_ns or 0, self.clock.zone, self.session.users)

    def _completions(self, text: str, cursor: int) -> Sequence[Candidate]:
        return completions(text, cursor, self.filter_context, PROCESSES if self.filter_bar.purpose == "processes" else EVENTS)

    def fault_of(self, text: str) -> BadFilter | None:
        """Why a text is no filter; None where it is one."""
        try:
            if self.filter_bar.purpose == "processes":
                parse_processes(text, self.filter_context)
            else:
                self.parsed(text)
        except BadFilter as error:
            return error
        return None

    def parsed(self, text: str) -> Filter | None:
        """The filter a text means; None for an empty one. Raises BadFilter."""
        filter = parse(text, self.filter_context)
        return None if filter.empty else filter

    def filter_tree(self, text: str) -> None:
        """Make a text the filter of the tree; a wrong one is told and changes nothing."""
        try:
            filter = parse_processes(text, self.filter_context)
        except BadFilter as error:
            self.notify(safe_text(str(error)), title="No filter", severity="error", markup=False)
            return
        self.tree_view.set_filter(None if filter.empty else filter)
        self._show_applied()
        self._moved()
        self._show_matches()

    @property
    def applied(self) -> str:
        """The filter that is in force in this tab, or will be as soon as its view is built."""
        if self.tab == "tree":
            return "" if self.tree_view.filter is None else self.tree_view.filter.text
        job = self.jobs.running
        filter = job.filter if job is not None and job.purpose == "filter" else self.views.filter
        return "" if filter is None else filter.text

    def _show_applied(self) -> None:
        self.filter_bar.show_applied(self.applied)

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
                self.filter_bar.remember("" if job.filter is None else job.filter.text)
                self._show_applied()
                self.finder.forget()
            if job.tab == self.tab or self.tab == "tree":
                self.table.show(view, TAB_COLUMNS[job.tab])
        self._status()

    def on_job_ended(self, message: JobEnded) -> None:
        """A job's thread is through."""
        self.jobs.ended(message)

    def on_opened(self, message: Opened) -> None:
        """All of the file is there; one that cannot be read to its end is not shown as if it were."""
        if message.error is not None:
            self.failure = message.error
            self.app.exit()
            return
        self._moved()
        self._status()

    def on_filter_bar_edited(self, message: FilterBar.Edited) -> None:
        """Count what a text would let through, while it is typed."""
        if not self.filter_bar.editing:
            return
        running = self.jobs.running
        if running is not None and running.purpose == "preview":
            self.jobs.cancel()
        self._preview = None
        filter = self.parsed(message.text) if message.error is None and message.purpose == "filter" else None
        if filter is not None:
            self.jobs.start(self.views.job("preview", self.tab, filter), here=self.views.is_small())
        self._show_matches()

    def on_filter_bar_entered(self, message: FilterBar.Entered) -> None:
        """Enter in the filter line."""
        self._leave_filter_bar()
        if message.purpose == "search":
            self.finder.search(message.text)
        elif message.purpose == "processes":
            self.filter_tree(message.text)
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
        self.filter_bar.edit("processes" if self.tab == "tree" else "filter", self.applied)

    def action_search(self) -> None:
        """Type what to look for."""
        self.filter_bar.edit("search", self.finder.text)

    def action_clear_filter(self) -> None:
        """Show everything again."""
        if self.tab == "tree":
            self.filter_tree("")
        elif self.views.filter is not None:
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

    @property
    def process(self) -> Process | None:
        """The process under the cursor, or the one that did the event there."""
        if self.tab == "tree":
            return self.tree_view.cursor_process
        event = self.table.cursor_event
        return None if event is None else process_of(event, self.session.processes)

    def action_only_process(self) -> None:
        """Only the process under the cursor and its descendants."""
        if self._is_unread():
            return
        process = self.process
        event = None if self.tab == "tree" else self.table.cursor_event
        if process is not None:
            self._filter_events(tree_term(process, self.session.processes.lives(process.pid)))
        elif event is not None and event.pid is not None:
            self._filter_events(f"tree = {event.pid}")

    def action_own_events(self) -> None:
        """Only what the process or thread under the cursor did itself."""
        if self._is_unread():
            return
        process, node = self.process, self.tree_view.cursor_node
        if isinstance(node, Thread):
            self._filter_events(f"tid = {node.tid}")
        elif process is not None:
            self._filter_events(own_term(process, self.session.processes.lives(process.pid)))

    def _is_unread(self) -> bool:
        """Whether processes are still being read; then that is said."""
        if said := unread(self.session):
            self.notify(said, markup=False, timeout=2)
        return bool(said)

    def _filter_events(self, term: str) -> None:
        if self.tab == "tree":
            self.action_tab("all")
        self.apply_filter(joined(self.views.filter, term))

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
        self._show_applied()
        if name == "tree":
            self.remove_class("-detail")
            self.set_focus(self.tree_view)
            self.call_after_refresh(self._sync_tree)
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
            if self.tab == "tree":
                self._show_process()
            else:
                self._show_detail()

    def on_process_tree_moved(self) -> None:
        """The cursor is on another process."""
        self._moved()

    def on_process_tree_opened(self) -> None:
        """A double click."""
        self.action_open()

    def action_open(self) -> None:
        """Open the detail of the event or the process."""
        if self.tab == "tree":
            if self.tree_view.row_count:
                self.remove_class("-output")
                self.add_class("-detail")
                self._show_process()
                self.call_after_refresh(self._keep_cursor_visible)
        elif self.table.row_count:
            self.table.hold()
            self.remove_class("-output")
            self.add_class("-detail")
            self._show_detail()
            self.call_after_refresh(self._keep_cursor_visible)

    def _keep_cursor_visible(self) -> None:
        if (index := self.list.cursor_index) is not None:
            self.list.reveal(index)

    def _show_detail(self) -> None:
        event = self.table.cursor_event
        event_id = self.table.cursor_id
        if event is None or event_id is None:
            self.detail_title.show([Word(" no event", "dim")])
            return
        title = [Word(f" {event.event_type} ", "title"), Word(f"event {int(event_id):,} of this session", "dim")]
        self.detail_title.show(title, [Word("J K scroll, Esc closes ", "dim")])
        self.detail_pane.show(detail(event, self.session.processes, self.clock, unread(self.session)))

    def _show_process(self, *, keep_place: bool = False) -> None:
        process, node = self.tree_view.cursor_process, self.tree_view.cursor_node
        if process is None:
            self.detail_title.show([Word(" no process", "dim")])
            return
        thread = node if isinstance(node, Thread) else None
        self.detail_title.show([Word(f" {title(process, thread)} ", "title")], [Word("J K scroll, P its events, Esc closes ", "dim")])
        told = Told(self.session.processes, self.tree_view.rollup() if self.tree_view.settings.subtree else None, self.clock, self.session.users, self.now_ns())
        self.detail_pane.show(describe(process, thread, told), keep_place=keep_place)

    def action_scroll_detail(self, lines: int) -> None:
        """Scroll the detail, or the output."""
        if self.command_view is not None and self.has_class("-output"):
            self.command_view.pane.scroll_by(lines)
        else:
            self.detail_pane.scroll_by(lines)

    def action_back(self) -> None:
        """Stop what is running, else close the detail, else forget the search."""
        job = self.jobs.cancel()
        if job is not None:
            if job.purpose == "tab":
                self.action_tab(self._tab_before)
            self._show_matches()
        elif self.has_class("-detail") or self.has_class("-output"):
            self.remove_class("-detail", "-output")
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
        if self._is_unread():
            return
        process = self.process
        if process is None:
            self.notify("This event's process is not in the tree.", markup=False)
            return
        self.action_tab("tree")
        self.call_after_refresh(self._go_to, process)

    def _go_to(self, process: Process) -> None:
        undone = self.tree_view.go_to(process)
        if undone is None:
            self.notify("This process is no longer kept: more have ended since than the tree keeps.", markup=False)
        elif undone:
            self.notify(f"To show it, this was switched off: {undone}.", markup=False)
        self._show_applied()

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

    def action_sums(self) -> None:
        """Figures of processes alone, or with all descendants."""
        self.tree_view.sums()

    def action_sort_tree(self, step: int) -> None:
        """Order siblings by the column beside."""
        self.tree_view.sort_next(step)

    def action_sort_by(self, column: str) -> None:
        """Order siblings by a column."""
        self.tree_view.sort_by(column)

    def action_invert_order(self) -> None:
        """The other way round."""
        self.tree_view.invert()

    def action_hide_ended(self) -> None:
        """How long ended processes are shown."""
        self.tree_view.hide_ended()
        self._show_matches()

    def action_threads(self) -> None:
        """Show or hide threads."""
        self.tree_view.show_threads()

    def action_kernel_threads(self) -> None:
        """Show or hide kernel threads."""
        self.tree_view.show_kernel()
        self._show_matches()

    # Program.

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys for another tab do nothing; while the filter is typed its letters are letters."""
        known = BY_METHOD.get(action)
        if known is None:
            return True
        if self.filter_bar.editing and action in EARLY and action != "save":
            return False
        return self._has(known)

    def _has(self, action: Action) -> bool:
        return allowed(action, self.tab, command=self.command is not None)

    # The command.

    def action_output(self) -> None:
        """Show or hide what the command prints."""
        self.toggle_class("-output")
        self.remove_class("-detail")
        if self.command_view is not None:
            self.call_after_refresh(self.command_view.sync)

    def action_interrupt_command(self) -> None:
        """As Ctrl-C on its terminal would."""
        self._send(signal.SIGINT)

    def action_end_command(self) -> None:
        """Ask it to end."""
        self._send(signal.SIGTERM)

    def action_kill_command(self) -> None:
        """End it."""
        self._send(signal.SIGKILL)

    def _send(self, number: signal.Signals) -> None:
        if self.command is None:
            return
        if self.command.poll() is not None:
            self.notify("The command has ended already.", markup=False)
            return
        self.command.send_group(number)
        self.notify(f"{number.name} sent to {safe_text(self.command.name)} and its process group.", markup=False)

    def action_summary(self) -> None:
        """What happened, in sums."""
        self.run_app_action("summary")

    def action_help(self) -> None:
        """The help."""
        self.run_app_action("show_help")

    def action_account(self) -> None:
        """The account of what happened."""
        self.run_app_action("show_account")

    def action_save(self) -> None:
        """The save dialogue."""
        if self.is_starting:
            self.notify("The capture has not begun yet.", markup=False)
        else:
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
