"""A question with two answers."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static


class Confirm(ModalScreen[bool]):
    """Asks; `y` and Enter say yes, everything else that closes it says no.

    Args:
        question: Safe text.
        yes: What yes does, a few words.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y,enter", "answer(True)", show=False),
        Binding("n,escape,q,backspace", "answer(False)", show=False),
    ]

    def __init__(self, question: str, yes: str) -> None:
        super().__init__()
        self._question = question
        self._yes = yes

    def compose(self) -> ComposeResult:
        """The question and the keys."""
        with Vertical(id="dialog"):
            yield Static(self._question, markup=False)
            yield Static(f"y {self._yes}   n stay", classes="keys", markup=False)

    def action_answer(self, yes: bool) -> None:
        """Close with an answer."""
        self.dismiss(yes)
