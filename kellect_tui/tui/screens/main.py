"""The main screen: puts session, views and widgets together. Handlers are short: decide, call, refresh."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import Screen
from textual.timer import Timer
from textual.widgets import Static

from kellect_tui.errors import KellectError
from kellect_tui.events.catalogue import FAMILIES
from kellect_tui.session.process import Process
from kellect_tui.session.session import Session
from kellect_tui.tui import columns, status
from kellect_tui.tui.actions import BY_METHOD, EARLY, TABS, allowed, bindings, done_by
from kellect_tui.tui.capture_state import EARLY_SECONDS, Beginning, CaptureState
from kellect_tui.tui.capture_switch import CaptureControl, CaptureSwitch
from kellect_tui.tui.clipboard import Clipboard
from kellect_tui.tui.command_view import CommandControl, CommandView, signalled
from kellect_tui.tui.detail_view import DetailView
from kellect_tui.tui.filter_line import FilterLine
from kellect_tui.tui.filtering import Filtering
from kellect_tui.tui.finder import Finder
from kellect_tui.tui.jobs import JobEnded, Jobs
from kellect_tui.tui.meter import CostMeter, OwnCost, Rate
from kellect_tui.tui.opening import Opened, read_rest
from kellect_tui.tui.pace import FRAME_SECONDS, Pace
from kellect_tui.tui.panels import Panels
from kellect_tui.tui.quantities import Clock, TimeMode
from kellect_tui.tui.status_lines import StatusLines
from kellect_tui.tui.tabs import Tabs
from kellect_tui.tui.tree_columns import LIVE, SAVED
from kellect_tui.tui.under_cursor import UnderCursor
from kellect_tui.tui.views import Job, Views
from kellect_tui.tui.widgets.event_table import EventTable
from kellect_tui.tui.widgets.filter_bar import FilterBar
from kellect_tui.tui.widgets.process_tree import ProcessTree
from kellect_tui.tui.widgets.virtual_list import VirtualList

LEAST_SIZE = (20, 5)


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
        self.failure: KellectError | None = None
        self._initial_filter = initial_filter
        self._dropped = 0
        self._early: Timer | None = None
        self.capture = CaptureState(session, live, now)
        rate, cost = rate if rate is not None else Rate(), cost if cost is not None else OwnCost()
        self.lines = StatusLines(session, self.capture, rate=rate, measure=cost, now=now, command=command, notify=self.notify)
        self.views = Views(session)
        self.jobs = Jobs(self, self._built)
        self.filtering = Filtering(session, self.views, self.jobs, zone=lambda: self.clock.zone)
        everything = self.views.job("tab", "all", None)
        self.filter_bar = FilterBar(self.filtering.fault, self.filtering.completions, id="filter-bar")
        self.table = EventTable(everything.view, columns.ALL, id="table")
        self.tree_view = ProcessTree(session.processes, session.users, self.capture.now_ns, id="tree")
        self.detail = DetailView(session, id="detail")
        self.command_view = None if command is None else CommandView(command, id="output")
        self.tabs = Tabs(self.views, self.jobs, self.table)
        self.finder = Finder(self.tabs, self.jobs, self.table, self.filtering.parsed, self.notify)
        self.filter_line = FilterLine(
            self.filter_bar, self.filtering, self.tabs, self.tree_view, self.finder, notify=self.notify, tree_changed=self._tree_filtered
        )
        self.under_cursor = UnderCursor(session, self.tabs, self.table, self.tree_view, apply=self._filter_events, notify=self.notify)
        self.panels = Panels(self, self.detail, self.command_view)
        self.clipboard = Clipboard(self.table, lambda text: self.app.copy_to_clipboard(text), self.notify)
        self.switch = CaptureSwitch(session, live, self.notify)
        self.pace = Pace()
        self.beginning = Beginning(self.capture, begun=self._begun, draw=self._draw_new, give_up=lambda: self.app.exit())
        self._everything = self.views.adopt(everything)

    def compose(self) -> ComposeResult:
        """From top to bottom."""
        yield self.lines.header
        yield self.lines.tab_bar
        yield self.filter_bar
        with Vertical(id="body", classes="part"):
            yield self.table
            yield self.tree_view
        yield self.detail
        if self.command_view is not None:
            yield self.command_view
        yield self.lines.footer
        yield Static("terminal too small", id="too-small", markup=False)

    def on_mount(self) -> None:
        """Begin to draw."""
        for part in (self.lines.header, self.lines.tab_bar, self.filter_bar, self.detail, self.command_view, self.lines.footer):
            if part is not None:
                part.add_class("part")
        self.table.set_clock(Clock(origin_ns=self.session.started_ns or 0))
        self.set_focus(self.table)
        self.table.show(self._everything)
        self.lines.measure()
        self._status()
        self.set_interval(FRAME_SECONDS, self._frame)
        self.set_interval(1.0, self.lines.measure)
        if self.capture.is_starting:
            self._early = self.set_interval(EARLY_SECONDS, self._look_for_start)
        if self._initial_filter:
            self.filter_line.apply(self._initial_filter)
        if self.session.damage:
            self.notify(f"This session is {self.session.damage}.", severity="warning", timeout=8, markup=False)
        self.call_after_refresh(read_rest, self, self.session)

    def on_unmount(self) -> None:
        """No thread goes on behind the screen."""
        self.jobs.cancel()
        if self.session.opening is not None:
            self.session.opening.stop()

    def on_resize(self) -> None:
        """Small terminals lose what is least needed; tiny ones say so."""
        width, height = self.app.size
        self.set_class(width < LEAST_SIZE[0] or height < LEAST_SIZE[1], "-tiny")
        self.call_after_refresh(self._status)
        self.set_class(height < 16, "-low")  # then the detail takes the place of the table

    # What others ask.

    @property
    def tab(self) -> str:
        """The tab that is shown."""
        return self.tabs.here

    @property
    def state(self) -> str:
        """The word in the header."""
        return self.capture.word(paused=self.tabs.paused)

    @property
    def clock(self) -> Clock:
        """How times are written."""
        return self.table.clock

    def capture_commands(self) -> Iterator[tuple[str, str, Callable[[], object]]]:
        """What the palette offers for a running capture: each family on and off."""
        yield from self.switch.commands(FAMILIES[:-1])

    # The start of a capture, which goes on behind the screen, and the rest of a file, which is read there.

    def _look_for_start(self) -> None:
        if not self.beginning.look() and self._early is not None:
            self._early.stop()

    def _begun(self) -> None:
        """Times in filters count from the start, which is known now."""
        self._status()
        self.filter_line.begin_anew()

    def on_opened(self, message: Opened) -> None:
        """All of the file is there; one that cannot be read to its end is not shown as if it were."""
        if message.error is not None:
            self.failure = message.error
            self.app.exit()
            return
        self._moved()
        self._status()

    # Frames.

    def _frame(self) -> None:
        """Take in what came; eight times a second, and next to no work when nothing came."""
        self.pace.begin_frame()
        drawn, is_due = False, self.tabs.finding is not None or self.pace.rows_due
        if self._dropped != self.session.store.dropped and (is_due or self.tabs.paused or self.tabs.on_tree):
            self._let_go()
        if not self.tabs.on_tree:
            drawn = is_due and self._draw_new()
        elif not self.tabs.paused and self.pace.tree_due:
            self._sync_tree()
        self.panels.sync_output()
        if self.pace.status_due(drawn=drawn):
            self._status()

    def _draw_new(self) -> bool:
        """Show what came, in a tab of events; whether there was anything."""
        if not self.tabs.draw_new():
            return False
        self.pace.drew_rows()
        if self.table.follow:
            self._moved()
        return True

    def _let_go(self) -> None:
        """What retention has dropped is held by no view, not even by one that stands still."""
        self._dropped = self.session.store.dropped
        self.finder.let_go()
        self.filtering.let_go()
        self.tabs.let_go()

    def _sync_tree(self) -> None:
        self.tree_view.set_columns(LIVE if self.session.live else SAVED)
        self.tree_view.sync()
        self._show_matches()
        if self.panels.has_detail:
            self._show_detail(keep_place=True)

    # What stands in the lines.

    def _status(self) -> None:
        self.pace.told_status()
        if self.clock.origin_ns != (self.session.started_ns or 0):
            self._set_clock(self.clock.mode)
        self.lines.tell(self.tab, self.clock, paused=self.tabs.paused)
        self._show_matches()

    def _show_matches(self) -> None:
        """The end of the filter line: how much is shown, or how far a job is."""
        if (job := self.jobs.slow) is not None:
            words = status.of_job(job)
        elif self.tabs.on_tree:
            words = status.of_tree(self.session, self.tree_view.shown_count)
        else:
            preview = self.filtering.preview
            found = preview if self.filter_bar.editing else self.tabs.finding
            words = status.of_events(self.views, self.tab, found=found, preview=preview, new_rows=self.table.new_rows, position=self.finder.position)
        self.filter_bar.show_status(words)

    def _set_clock(self, mode: TimeMode) -> None:
        self.table.set_clock(Clock(mode, self.session.started_ns or 0))

    # Jobs and filters.

    def on_job_ended(self, message: JobEnded) -> None:
        """A job's thread is through."""
        self.jobs.ended(message)

    def _built(self, job: Job) -> None:
        """What was looked for is found."""
        if job.purpose == "preview":
            self.filtering.preview = job
        elif job.purpose == "search":
            self.finder.built(job)
        elif self.tabs.adopt(job):
            self.filter_line.is_in_force(job)
        self._status()

    def on_filter_bar_edited(self, message: FilterBar.Edited) -> None:
        """Count what a text would let through, while it is typed."""
        self.filter_line.edited(message)
        self._show_matches()

    def on_filter_bar_entered(self, message: FilterBar.Entered) -> None:
        """Enter in the filter line."""
        self._leave_filter_bar()
        self.filter_line.entered(message)

    def on_filter_bar_left(self) -> None:
        """Esc in the filter line: the old filter stays."""
        self.filtering.forget_preview()
        self._leave_filter_bar()

    def on_filter_bar_wanted(self) -> None:
        """A click on the filter line."""
        self.filter_line.edit()

    def _leave_filter_bar(self) -> None:
        self.filter_bar.end()
        self.set_focus(self.list)

    def _filter_events(self, text: str) -> None:
        if self.tabs.on_tree:
            self.action_tab("all")
        self.filter_line.apply(text)

    def _tree_filtered(self) -> None:
        self._moved()
        self._show_matches()

    # Tabs, pause, follow, time.

    def action_tab(self, name: str) -> None:
        """Show a tab; the cursor stays on its event."""
        if name == self.tab:
            return
        self.tabs.turn_to(name)
        self.set_class(self.tabs.on_tree, "-tree")
        self.filter_line.show_applied()
        if self.tabs.on_tree:
            self.panels.close_detail()
            self.call_after_refresh(self._sync_tree)
        self.set_focus(self.list)
        self._moved()
        self._status()

    def action_next_tab(self, step: int) -> None:
        """The tab beside this one, round and round."""
        names = [name for name, _ in TABS]
        self.action_tab(names[(names.index(self.tab) + step) % len(names)])

    def action_pause(self) -> None:
        """Stop the screen, never the capture."""
        self.tabs.pause()
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
        self._set_clock(self.clock.mode.following)
        self._moved()
        self._status()

    @property
    def list(self) -> EventTable | ProcessTree:
        """What the moving keys move."""
        return self.tree_view if self.tabs.on_tree else self.table

    # What is under the cursor.

    def on_event_table_moved(self) -> None:
        """The cursor is on another event."""
        self._moved()
        self._show_matches()

    def on_event_table_opened(self) -> None:
        """A double click."""
        self.action_open()

    def on_process_tree_moved(self) -> None:
        """The cursor is on another process."""
        self._moved()

    def on_process_tree_opened(self) -> None:
        """A double click."""
        self.action_open()

    def _moved(self) -> None:
        if self.panels.has_detail:
            self._show_detail()

    def _show_detail(self, *, keep_place: bool = False) -> None:
        if self.tabs.on_tree:
            self.detail.show_process(self.tree_view, self.clock, self.capture.now_ns(), keep_place=keep_place)
        else:
            self.detail.show_event(self.table, self.clock)

    def action_open(self) -> None:
        """Open the detail of the event or the process."""
        if not self.list.row_count:
            return
        if not self.tabs.on_tree:
            self.table.hold()
        self.panels.open_detail()
        self._show_detail()
        self.call_after_refresh(self._keep_cursor_visible)

    def _keep_cursor_visible(self) -> None:
        if (index := self.list.cursor_index) is not None:
            self.list.reveal(index)

    def action_back(self) -> None:
        """Stop what is running, else close the detail, else forget the search."""
        job = self.jobs.cancel()
        if job is not None:
            if job.purpose == "tab":
                self.action_tab(self.tabs.before)
            self.filter_line.show_applied()
            self._show_matches()
        elif not self.panels.close():
            self.finder.forget()
            self._show_matches()

    # Processes.

    def action_to_tree(self) -> None:
        """This event's process in the tree."""
        if (process := self.under_cursor.findable_process()) is not None:
            self.action_tab("tree")
            self.call_after_refresh(self._go_to, process)

    def _go_to(self, process: Process) -> None:
        undone = self.tree_view.go_to(process)
        if undone is None:
            self.notify("This process is no longer kept: more have ended since than the tree keeps.", markup=False)
        elif undone:
            self.notify(f"To show it, this was switched off: {undone}.", markup=False)
        self.filter_line.show_applied()

    def action_fold(self) -> None:
        """Fold this one."""
        self.tree_view.fold(fold=True)

    def action_unfold(self) -> None:
        """Unfold this one."""
        self.tree_view.fold(fold=False)

    def action_hide_ended(self) -> None:
        """How long ended processes are shown."""
        self.tree_view.hide_ended()
        self._show_matches()

    def action_kernel_threads(self) -> None:
        """Show or hide kernel threads."""
        self.tree_view.show_kernel()
        self._show_matches()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys for another tab do nothing; while the filter is typed its letters are letters."""
        known = BY_METHOD.get(action)
        if known is None:
            return True
        if self.filter_bar.editing and action in EARLY and action != "save":
            return False
        return allowed(known, self.tab, command=self.command is not None)

    # The command and the program.

    def action_signal(self, name: str) -> None:
        """Send the command a signal."""
        if self.command is not None:
            self.notify(signalled(self.command, signal.Signals[name]), markup=False)

    def action_save(self) -> None:
        """The save dialogue."""
        if self.capture.is_starting:
            self.notify("The capture has not begun yet.", markup=False)
        else:
            self.action_app("save")

    def action_palette(self) -> None:
        """Everything by name."""
        self.action_app("command_palette")

    def action_app(self, name: str) -> None:
        """An action of the whole program."""
        self.call_later(self.app.run_action, name)

    # Keys that a part of the screen answers alone. They are here because the screen is where keys arrive, whatever has the focus.

    action_filter = done_by("filter_line", FilterLine.edit)
    action_search = done_by("filter_line", FilterLine.edit_search)
    action_clear_filter = done_by("filter_line", FilterLine.clear)
    action_include = done_by("under_cursor", UnderCursor.include)
    action_exclude = done_by("under_cursor", UnderCursor.exclude)
    action_only_process = done_by("under_cursor", UnderCursor.only_family)
    action_own_events = done_by("under_cursor", UnderCursor.only_own)
    action_find_match = done_by("finder", Finder.match)
    action_find_failure = done_by("finder", Finder.failure)
    action_find_loss = done_by("finder", Finder.loss)
    action_scroll_detail = done_by("panels", Panels.scroll)
    action_output = done_by("panels", Panels.toggle_output)
    action_copy_row = done_by("clipboard", Clipboard.row)
    action_copy_json = done_by("clipboard", Clipboard.json)
    action_move = done_by("list", VirtualList.move)
    action_page = done_by("list", VirtualList.page)
    action_first = done_by("list", VirtualList.first)
    action_last = done_by("list", VirtualList.last)
    action_sideways = done_by("list", VirtualList.sideways)
    action_parent = done_by("tree_view", ProcessTree.to_parent)
    action_fold_all = done_by("tree_view", ProcessTree.fold_all)
    action_sums = done_by("tree_view", ProcessTree.sums)
    action_sort_tree = done_by("tree_view", ProcessTree.sort_next)
    action_sort_by = done_by("tree_view", ProcessTree.sort_by)
    action_invert_order = done_by("tree_view", ProcessTree.invert)
    action_threads = done_by("tree_view", ProcessTree.show_threads)
