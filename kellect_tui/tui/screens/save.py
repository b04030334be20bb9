"""The save dialogue: where to, in which format, everything or what is shown. The capture goes on meanwhile."""

from __future__ import annotations

import stat
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from kellect_tui.errors import KellectError
from kellect_tui.export import unit_of
from kellect_tui.priority import be_ordinary
from kellect_tui.tui.quantities import size
from kellect_tui.tui.safe_text import safe_text
from kellect_tui.tui.widgets.choice import Choice
from kellect_tui.tui.widgets.line import Line, Word
from kellect_tui.tui.widgets.text_input import TextInput

Write = Callable[[Path, str, bool, Callable[[int, int], None], Callable[[], bool]], int]
"""(path, format, only what is shown, progress(done, total), cancelled) → events or processes written. Raises KellectError."""


@dataclass(frozen=True, slots=True)
class Saved:
    """How a save ended well: how many events or processes it has, and whether every event captured is in it."""

    path: Path
    count: int
    unit: str
    everything: bool


class SaveScreen(ModalScreen[Saved | None]):
    """Asks, writes in a thread, and says where it went; a failure stays on the screen as a sentence and a remedy.

    Args:
        suggested: File name to begin with.
        suffixes: Format name → file suffix, in the order in which they are offered.
        view_text: What the view is, safe text: `204 events of "comm = nginx"`; empty: there is no filter.
        write: Does it.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "stop", show=False, priority=True),
        Binding("ctrl+s", "save", show=False, priority=True),
        Binding("enter", "save", show=False),
        Binding("down", "app.focus_next", show=False),
        Binding("up", "app.focus_previous", show=False),
    ]

    class Progress(Message):
        """So much is written."""

        def __init__(self, done: int, total: int) -> None:
            super().__init__()
            self.done = done
            self.total = total

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, SaveScreen.Progress)

    class Ended(Message):
        """Written, stopped (neither), or failed."""

        def __init__(self, saved: Saved | None, error: KellectError | None) -> None:
            super().__init__()
            self.saved = saved
            self.error = error

    def __init__(self, suggested: str, suffixes: Mapping[str, str], view_text: str, write: Write) -> None:
        super().__init__()
        self._suffixes = suffixes
        self._suggested = suggested
        self._write = write
        self._view_text = view_text
        self._cancelled = threading.Event()
        self._may_replace: Path | None = None
        self.writing = False

    def compose(self) -> ComposeResult:
        """Path, format, scope, and a line for progress or an error."""
        with Vertical(id="dialog"):
            yield Static("Save to a file", id="save-title", markup=False)
            yield TextInput(self._suggested, id="save-path")
            yield Choice("Format  ", [(name, name) for name in self._suffixes], id="save-format")
            yield Choice("Events  ", self._scopes(), id="save-scope")
            yield Static("", id="save-message", markup=False)
            yield Line(id="save-keys")

    def _scopes(self) -> list[tuple[str, str]]:
        everything = [("all", "everything captured")]
        return [*everything, ("view", f"only {self._view_text}")] if self._view_text else everything

    def on_mount(self) -> None:
        """The path is there to be changed."""
        keys = (("Enter", "saves"), ("↑ ↓", "next field"), ("← →", "choose"), ("Esc", "closes"))
        self.query_one("#save-keys", Line).show([word for key, does in keys for word in (Word(key, "key"), Word(f" {does}   "))])
        field = self.query_one("#save-path", Input)
        self.set_focus(field)
        field.cursor_position = len(self._suggested)

    @property
    def path(self) -> Path:
        """Where to, `~` resolved; as it is written where there is no such user."""
        written = Path(self.query_one("#save-path", Input).value.strip())
        with suppress(RuntimeError):
            return written.expanduser()
        return written

    @property
    def message(self) -> str:
        """What stands under the fields."""
        return str(self.query_one("#save-message", Static).content)

    def on_choice_changed(self, message: Choice.Changed) -> None:
        """Another format gives the file another suffix."""
        if message.choice.id == "save-format":
            field = self.query_one("#save-path", Input)
            field.value = field.value.removesuffix(self._suffix_of(field.value)) + self._suffixes[message.choice.value]

    def on_input_changed(self, message: Input.Changed) -> None:
        """Another suffix chooses the format, unless the one chosen has that suffix too. Another name is another file to be asked about."""
        if self.path != self._may_replace:
            self._may_replace = None
        choice = self.query_one("#save-format", Choice)
        suffix = self._suffix_of(message.value)
        if suffix and suffix != self._suffixes[choice.value]:
            choice.choose(next(name for name, of in self._suffixes.items() if of == suffix))

    def _suffix_of(self, name: str) -> str:
        """The longest of the suffixes that a name ends in; empty where it ends in none."""
        return max((suffix for suffix in self._suffixes.values() if name.endswith(suffix)), key=len, default="")

    def on_input_submitted(self, message: Input.Submitted) -> None:
        """Enter in the path saves."""
        message.stop()
        self.action_save()

    def action_save(self) -> None:
        """Begin to write."""
        if self.writing:
            return
        if not self.query_one("#save-path", Input).value.strip():
            self._say("Type the name of a file first.", wrong=True)
            return
        if self._is_to_ask(self.path):
            return
        self.writing = True
        self._cancelled = threading.Event()
        self._say("saving …")
        only_view = self.query_one("#save-scope", Choice).value == "view"
        self.run_worker(partial(self._work, self.path, self.query_one("#save-format", Choice).value, only_view, self._cancelled), thread=True)

    def _is_to_ask(self, path: Path) -> bool:
        """Ask before a file that is there is replaced; whether that was asked just now."""
        try:
            there = path.lstat()
        except (OSError, ValueError):  # whatever it is, writing says it
            return False
        if path == self._may_replace or not stat.S_ISREG(there.st_mode):
            return False
        self._may_replace = path
        self._say(f"{safe_text(str(path))} is there already: {there.st_size:,} bytes.\nEnter replaces it; another name keeps it.", wrong=True)
        return True

    def _work(self, path: Path, format: str, only_view: bool, cancelled: threading.Event) -> None:
        """On a thread of its own: only posts messages."""
        be_ordinary()
        try:
            count = self._write(path, format, only_view, lambda done, total: self._report(done, total), cancelled.is_set)
        except KellectError as error:
            self.post_message(self.Ended(None, None if cancelled.is_set() else error))
        else:
            unit = unit_of(format)
            saved = Saved(path, count, unit, not only_view and unit == "events")
            self.post_message(self.Ended(None if cancelled.is_set() else saved, None))

    def _report(self, done: int, total: int) -> None:
        self.post_message(self.Progress(done, total))

    def on_save_screen_progress(self, message: Progress) -> None:
        """Show how far it is."""
        if self.writing and not self._cancelled.is_set():
            share = message.done / message.total if message.total else 1.0
            bar = "█" * int(30 * share)
            self._say(f"{bar:░<30} {share:4.0%}  {message.done:,} of {message.total:,} events   Esc stops")

    def on_save_screen_ended(self, message: Ended) -> None:
        """Close on success; else say why not and let the user try again."""
        self.writing = False
        if message.saved is not None:
            self.dismiss(message.saved)
        elif message.error is not None:
            remedy = f"\n{safe_text(message.error.remedy)}" if message.error.remedy else ""
            self._say(f"{safe_text(message.error.message)}{remedy}", wrong=True)
        else:
            self._say("Stopped; nothing was written. The events are still here.")

    def action_stop(self) -> None:
        """Stop writing, or close."""
        if self.writing:
            self._cancelled.set()
            self._say("stopping …")
        else:
            self.dismiss(None)

    def on_unmount(self) -> None:
        """The program ends: so does the thread."""
        self._cancelled.set()

    def _say(self, text: str, *, wrong: bool = False) -> None:
        line = self.query_one("#save-message", Static)
        line.set_class(wrong, "-wrong")
        line.update(text)


def saved_text(saved: Saved) -> str:
    """Says where it went."""
    try:
        bytes_text = f", {size(saved.path.stat().st_size)}"
    except OSError:
        bytes_text = ""
    return f"{saved.count:,} {saved.unit} saved to {safe_text(str(saved.path))}{bytes_text}"
