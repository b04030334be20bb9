"""From the text of a filter to rows: what it means, what it would let through while it is typed, and putting it into force."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timezone

from kellect_tui.errors import BadFilter
from kellect_tui.session.filter import Context, Filter, completions, parse
from kellect_tui.session.filter.completion import EVENTS, PROCESSES, Completion
from kellect_tui.session.filter.of_processes import ProcessFilter, parse_processes
from kellect_tui.session.session import Session
from kellect_tui.tui.jobs import Jobs
from kellect_tui.tui.views import Job, Views


class Filtering:
    """The filter of the event tabs, and the language of the tree's.

    Args:
        session: What filters ask.
        views: The views of the event tabs.
        jobs: Finds what a filter lets through.
        zone: Of the times of day that are shown, which are those that are meant; None: this machine's.

    Attributes:
        preview: What the text that is being typed lets through, as soon as that is known; None: nothing is typed.
    """

    def __init__(self, session: Session, views: Views, jobs: Jobs, *, zone: Callable[[], timezone | None]) -> None:
        self._session = session
        self._views = views
        self._jobs = jobs
        self._zone = zone
        self.preview: Job | None = None

    # The language. `purpose` is the filter line's: `filter`, `processes` (the tree's filter) or `search`.

    @property
    def context(self) -> Context:
        """What filters may ask of this session."""
        return Context(self._session.processes, self._session.started_ns or 0, self._zone(), self._session.users)

    def parsed(self, text: str) -> Filter | None:
        """The filter a text means; None for an empty one. Raises BadFilter."""
        filter = parse(text, self.context)
        return None if filter.empty else filter

    def parsed_processes(self, text: str) -> ProcessFilter | None:
        """The filter of the tree that a text means; None for an empty one. Raises BadFilter."""
        filter = parse_processes(text, self.context)
        return None if filter.empty else filter

    def fault(self, text: str, purpose: str) -> BadFilter | None:
        """Why a text is no filter; None where it is one."""
        try:
            if purpose == "processes":
                self.parsed_processes(text)
            else:
                self.parsed(text)
        except BadFilter as error:
            return error
        return None

    def completions(self, text: str, cursor: int, purpose: str) -> Sequence[Completion]:
        """What could stand at the cursor."""
        return completions(text, cursor, self.context, PROCESSES if purpose == "processes" else EVENTS)

    # Of events.

    @property
    def in_force(self) -> Filter | None:
        """The filter of what is shown; None: everything is let through."""
        return self._views.filter

    def apply(self, text: str, tab: str) -> None:
        """Put a text into force, with the rows of this event tab first. Raises BadFilter, and changes nothing then."""
        filter = self.parsed(text)
        preview, self.preview = self.preview, None
        if preview is None or preview.filter != filter or preview.tab != tab:
            self._jobs.start(self._views.job("filter", tab, filter), here=self._views.is_small())
            return
        preview.purpose = "filter"
        if preview.seconds is not None:
            self._jobs.hand_over(preview)  # else it is still being built and is applied when it is done

    def look_ahead(self, text: str, tab: str) -> None:
        """Count what a text would let through in this tab; an empty one: nothing is typed that could be counted. Raises BadFilter."""
        self.forget_preview()
        filter = self.parsed(text)
        if filter is not None:
            self._jobs.start(self._views.job("preview", tab, filter), here=self._views.is_small())

    def forget_preview(self) -> None:
        """Nothing is typed any more, or something else."""
        running = self._jobs.running
        if running is not None and running.purpose == "preview":
            self._jobs.cancel()
        self.preview = None

    def let_go(self) -> None:
        """Forget what retention has dropped."""
        if self.preview is not None and self.preview is not self._jobs.running:
            self.preview.let_go()
