"""The question when the screen is left while its command runs."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static

END, LEAVE = "end", "leave"


class LeaveCommand(ModalScreen[str | None]):
    """Asks what becomes of the command; anything that is no answer stays.

    Args:
        name: The command's, safe text.
        unsaved: What else is to be said, safe text; may be empty.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y,enter", f"answer('{END}')", show=False),
        Binding("l", f"answer('{LEAVE}')", show=False),
        Binding("n,escape,q,backspace", "answer('')", show=False),
    ]

    def __init__(self, name: str, unsaved: str) -> None:
        super().__init__()
        self._command, self._unsaved = name, unsaved

    def compose(self) -> ComposeResult:
        """The question and the keys."""
        with Vertical(id="dialog"):
            yield Static(f"{self._command} still runs. {self._unsaved}".rstrip(), markup=False)
            yield Static("y end it (SIGTERM, after 5 s SIGKILL) and quit\nl leave it running and quit\nn stay", classes="keys", markup=False)

    def action_answer(self, what: str) -> None:
        """Close with an answer."""
        self.dismiss(what or None)
