"""The summary at the end of `record` and `run`, and of a session that is opened: in which form, and where to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import orjson

from kellect_tui.command import Child
from kellect_tui.events.escaping import of_system
from kellect_tui.export.output import check, whole
from kellect_tui.export.summary import Command, Document, document
from kellect_tui.export.summary_text import text
from kellect_tui.session.session import Session
from kellect_tui.session.summary import Summary
from kellect_tui.telling import tell_bytes

FORMS = ("text", "json", "none")


@dataclass(frozen=True, slots=True)
class SummaryWish:
    """What summary is wanted.

    Attributes:
        form: `text`, `json` or `none`.
        file: Where to; None: standard error.
    """

    form: str = "none"
    file: Path | None = None

    @property
    def wanted(self) -> bool:
        """Whether one is."""
        return self.form != "none"

    def check(self) -> None:
        """Say before anything is captured whether its place can be written. Raises CannotWrite."""
        if self.wanted and self.file is not None:
            check(self.file)

    def write(self, session: Session, summary: Summary, command: Command | None) -> None:
        """Write it. Raises CannotWrite."""
        data = rendered(document(session, summary, command=command), as_json=self.form == "json")
        if self.file is None:
            tell_bytes(data)
        else:
            with whole(self.file) as output:
                output.file.write(data)


def rendered(said: Document, *, as_json: bool) -> bytes:
    """The document's bytes: one line of JSON, or text."""
    return orjson.dumps(said, option=orjson.OPT_APPEND_NEWLINE) if as_json else text(said).encode()


def command_of(child: Child, session: Session) -> Command:
    """What a summary says of the command."""
    ending = child.poll()
    left = alive_below(session, child.pid)
    argv = list(map(of_system, child.argv))
    if ending is None:
        return Command(argv, child.pid, left_running=[child.pid, *left])
    return Command(argv, child.pid, ending.status, ending.signal_name, ending.seconds, left)


def alive_below(session: Session, pid: int) -> list[int]:
    """Pids of a process's descendants that have not ended."""
    root = session.processes.by_pid(pid)
    if root is None:
        return []
    return [process.pid for process in session.processes.descendants(root) if process.pid != pid and process.ended_ns is None]
