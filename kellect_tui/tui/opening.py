"""The rest of a file, read on a thread behind the screen: what the screen says meanwhile, and how it is told of the end."""

from __future__ import annotations

from functools import partial

from textual.message import Message
from textual.widget import Widget

from kellect_tui.errors import BadSessionFile
from kellect_tui.priority import be_ordinary
from kellect_tui.session.opening import Opening
from kellect_tui.session.session import Session


class Opened(Message):
    """All of the file is there, or cannot be."""

    def __init__(self, error: BadSessionFile | None) -> None:
        super().__init__()
        self.error = error


def read_rest(owner: Widget, session: Session) -> None:
    """Start to read what is missing, if anything is; the owner gets an `Opened`."""
    if session.opening is not None:
        owner.run_worker(partial(_work, owner, session.opening), thread=True, group="opening")


def _work(owner: Widget, opening: Opening) -> None:
    """On a thread: only posts a message."""
    be_ordinary()
    error: BadSessionFile | None = None
    try:
        opening.run()
    except BadSessionFile as caught:
        error = caught
    owner.post_message(Opened(error))


def note(session: Session) -> str:
    """What the header says of a file that is not whole, or not here yet."""
    words = [word for word, is_so in (("damaged", session.damage), ("cut short", session.cut_short)) if is_so]
    if (opening := session.opening) is not None:
        words.append(f"opening {opening.share:.0%}")
    return " · ".join(words)


def unread(session: Session) -> str:
    """Why nothing can be said of processes yet; empty where it can."""
    opening = session.opening
    return "" if opening is None else f"The table of processes is still being read ({opening.share:.0%})."


def is_counting(session: Session) -> bool:
    """Whether the counts are those of a part of the events yet."""
    return session.opening is not None and session.opening.counting
