"""The filter line: what is let through, and while it is typed its faults, its completions and its history.

It knows no grammar: whether a text is right, and what could come next, it is told by the functions it is given.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar, Protocol

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widgets import Input

from kellect_tui.errors import BadFilter
from kellect_tui.tui.safe_text import safe_text
from kellect_tui.tui.widgets.line import MARK, Line, Word
from kellect_tui.tui.widgets.text_input import TextInput

HISTORY = 100
CANDIDATES = 12
"""So many completions are shown at a time."""
TEXT_CELLS = 22
"""The status leaves so much to prompt and text, or half of the line."""


class Candidate(Protocol):
    """What a completion says: put `text` in place of the text from `start` to `end`."""

    @property
    def text(self) -> str: ...
    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...
    @property
    def help(self) -> str: ...


Check = Callable[[str, str], BadFilter | None]
"""Why a text is wrong for a purpose; None where it is right."""
Complete = Callable[[str, int, str], Sequence[Candidate]]
"""What could stand in a text at a place, for a purpose."""


class FilterInput(TextInput):
    """One line of text with the keys of a shell."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "older", show=False),
        Binding("down", "newer", show=False),
        Binding("tab", "complete(1)", show=False),
        Binding("shift+tab", "complete(-1)", show=False),
        Binding("escape", "leave", show=False),
    ]

    class Asked(Message):
        """A key of the bar's, not of the text's."""

        def __init__(self, what: str, step: int = 0) -> None:
            super().__init__()
            self.what = what
            self.step = step

    def action_older(self) -> None:
        """The filter before."""
        self.post_message(self.Asked("history", -1))

    def action_newer(self) -> None:
        """The filter after."""
        self.post_message(self.Asked("history", 1))

    def action_complete(self, step: int) -> None:
        """What could stand here."""
        self.post_message(self.Asked("complete", step))

    def action_leave(self) -> None:
        """Forget what was typed."""
        self.post_message(self.Asked("leave"))


class FilterBar(Vertical):
    """A prompt, a text, a status on its right; while it is edited two lines more for faults and completions.

    Args:
        check, complete: The language. The purpose they are given is that of `edit`.
    """

    class Edited(Message):
        """The text is another one; `error` says why it is no filter."""

        def __init__(self, text: str, purpose: str, error: BadFilter | None) -> None:
            super().__init__()
            self.text = text
            self.purpose = purpose
            self.error = error

    class Entered(Message):
        """Enter was pressed on a text that parses."""

        def __init__(self, text: str, purpose: str) -> None:
            super().__init__()
            self.text = text
            self.purpose = purpose

    class Left(Message):
        """Editing ended without a new text."""

    class Wanted(Message):
        """The line was clicked: the user wants to type."""

    def __init__(self, check: Check, complete: Complete, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._check = check
        self._complete = complete
        self.purpose = ""
        self.applied = ""
        self._history: dict[str, list[str]] = {"filter": [], "processes": [], "search": []}
        self._at = 0
        self._draft = ""
        self._status_cells = 0
        self._before_completion = ""
        self._candidates: Sequence[Candidate] = ()
        self._chosen = -1
        self._completed = ""
        hint = "no filter: / to type one, for example  comm = nginx and failed"
        self._input = FilterInput(id="filter-text", hint=hint)
        self._prompt = Line(id="filter-prompt")
        self._status = Line(id="filter-status")
        self._fault = Line(id="filter-fault")
        self._hints = Line(id="filter-hints")

    def compose(self) -> ComposeResult:
        """The line itself, then the two that appear while it is edited."""
        with Horizontal(id="filter-line"):
            yield self._prompt
            yield self._input
            yield self._status
        yield self._fault
        yield self._hints

    def on_mount(self) -> None:
        """Nothing is edited yet."""
        self._prompt.show([Word("/ ", "key")])
        self._input.can_focus = False

    # From outside.

    @property
    def editing(self) -> bool:
        """Whether keys go into the text."""
        return bool(self.purpose)

    @property
    def text(self) -> str:
        """The text as it stands."""
        return self._input.value

    @property
    def fault(self) -> str:
        """What the line under the text says."""
        return self._fault.text

    def show_status(self, words: Sequence[Word]) -> None:
        """Say how many are let through. Its room grows in steps, so that a digit more does not move the text, and leaves the text some."""
        needed = sum(len(word.text) for word in words)
        most = max(self.size.width // 2, self.size.width - TEXT_CELLS)
        cells = min(max(24, -(-needed // 8) * 8), most)
        if self._status_cells != cells:
            self._status_cells = cells
            self._status.styles.width = cells
        self._status.show(*(((), words) if needed <= cells else (words, ())))  # what is cut is its end

    def show_applied(self, text: str) -> None:
        """The filter that is in force."""
        self.applied = text
        if not self.editing:
            self._set_text(safe_text(text))

    def edit(self, purpose: str, text: str) -> None:
        """Let the user type; `purpose` is `filter`, `processes` (the tree's filter) or `search`. The focus goes at once, so that keys typed ahead arrive."""
        self.purpose = purpose
        self._at = len(self._history[purpose])
        self.add_class("-editing")
        self._prompt.show([Word("? " if purpose == "search" else "/ ", "key")])
        self._input.can_focus = True
        self._set_text(text)
        self.screen.set_focus(self._input)
        self._validate()

    def end(self) -> None:
        """Keys go elsewhere again; the old filter's text is shown."""
        self.purpose = ""
        self.remove_class("-editing")
        self._input.can_focus = False
        self._prompt.show([Word("/ ", "key")])
        self._set_text(safe_text(self.applied))

    def remember(self, text: str, purpose: str = "filter") -> None:
        """Put a text into the history, newest last, once."""
        history = self._history[purpose]
        if text:
            if text in history:
                history.remove(text)
            history.append(text)
            del history[:-HISTORY]

    # Keys and text.

    def on_click(self) -> None:
        """A click on the line begins to edit."""
        if not self.editing:
            self.post_message(self.Wanted())

    def on_filter_input_asked(self, message: FilterInput.Asked) -> None:
        """A key of ours."""
        message.stop()
        if message.what == "leave":
            self.end()
            self.post_message(self.Left())
        elif message.what == "history":
            self._recall(message.step)
        else:
            self._next_candidate(message.step)

    def on_input_changed(self, message: Input.Changed) -> None:
        """The text changed, by a key or by us."""
        message.stop()
        if self.editing and message.value == self._input.value:
            if message.value != self._completed:
                self._candidates, self._chosen = (), -1
            self._validate()

    def on_input_submitted(self, message: Input.Submitted) -> None:
        """Enter: a right text is applied; a wrong one stays, with its fault under it."""
        message.stop()
        if not self.editing:
            return
        text, purpose = message.value.strip(), self.purpose
        if self._check(text, purpose) is None:
            self.remember(text, purpose)
            self.post_message(self.Entered(text, purpose))

    def _set_text(self, text: str) -> None:
        self._input.value = text
        self._input.cursor_position = len(text)

    def _recall(self, step: int) -> None:
        history = self._history[self.purpose]
        if self._at == len(history):
            self._draft = self._input.value
        at = max(0, min(self._at + step, len(history)))
        if at != self._at:
            self._at = at
            self._set_text(history[at] if at < len(history) else self._draft)

    def _next_candidate(self, step: int) -> None:
        if not self._candidates:
            self._candidates = self._complete(self._input.value, self._input.cursor_position, self.purpose)
            self._chosen = -1 if step > 0 else 0
            self._before_completion = self._input.value
        if not self._candidates:
            self._hints.show([Word("  nothing to complete here", "dim")])
            return
        self._chosen = (self._chosen + step) % len(self._candidates)
        candidate = self._candidates[self._chosen]
        text = self._before_completion[: candidate.start] + candidate.text + self._before_completion[candidate.end :]
        self._completed = text
        self._input.value = text
        self._input.cursor_position = candidate.start + len(candidate.text)
        self._show_candidates()
        if len(self._candidates) == 1:
            self._candidates, self._chosen = (), -1

    def _show_candidates(self) -> None:
        first = max(0, self._chosen - 3)
        words = [Word("… " if first else "  ", "dim")]
        for number, candidate in enumerate(self._candidates[first : first + CANDIDATES], first):
            words += [Word(f" {safe_text(candidate.text)} ", "choice--here" if number == self._chosen else "choice"), Word(" ")]
        if first + CANDIDATES < len(self._candidates):
            words.append(MARK)
        help = safe_text(self._candidates[self._chosen].help)
        self._hints.show(words, [Word(f" {help} ", "dim")] if help else [])

    def _validate(self) -> None:
        error = self._check(self._input.value, self.purpose)
        self._input.set_class(error is not None, "-wrong")
        if not self._candidates:
            self._hints.show([Word("  Tab completes, ↑ ↓ history", "dim")])
        self._show_fault(error)
        if error is not None:
            self.call_after_refresh(self._show_fault, error)  # a long text is scrolled only then
        self.post_message(self.Edited(self._input.value, self.purpose, error))

    def _show_fault(self, error: BadFilter | None) -> None:
        text = self._input.value
        if error is None:
            self._fault.show([Word("  ✓ Enter applies, Esc leaves" if text.strip() else "  Enter shows everything, Esc leaves", "dim")])
            return
        column = max(0, min(error.column, len(text)) - int(self._input.scroll_offset.x))
        message = safe_text(str(error))
        beside = column + len(message) + 4 <= self.size.width
        self._fault.show([Word(" " * (2 + column)), Word("^ ", "caret"), Word(message if beside else "", "alarm")])
        if not beside:
            self._hints.show([Word(f"  {message}", "alarm")])
