"""Every error that a user can cause: one sentence, and its remedy.

KellectError
├── CannotTrace       the machine, its kernel or our rights do not let the probes in
├── BadOption         an option, event name, format or pid that does not make sense (exit status 2)
├── BadFilter         a display filter that does not parse; knows its column
├── BadSessionFile    a file that is no session, or a broken one; knows its offset
└── CannotWrite       a file, directory or pipe that takes no more
"""

from __future__ import annotations


class KellectError(Exception):
    """A sentence for the user, and what to do about it.

    Args:
        message: One sentence, without a full stop, that says what is wrong.
        remedy: What the user can do, one sentence; empty where nothing can be done.
    """

    exit_status = 1

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message}; {self.remedy}" if self.remedy else self.message


class CannotTrace(KellectError):
    """The kernel does not let us trace: no root, no BTF, no BCC, lockdown, too old."""


class BadOption(KellectError):
    """A command line value that does not make sense."""

    exit_status = 2


class BadFilter(KellectError):
    """A display filter that does not parse or names an unknown field.

    Args:
        column: Zero-based position in the filter's text that the message speaks of.
    """

    exit_status = 2

    def __init__(self, message: str, remedy: str = "", *, column: int = 0) -> None:
        super().__init__(message, remedy)
        self.column = column


class BadSessionFile(KellectError):
    """A session file that cannot be read.

    Args:
        offset: Byte offset in the file where reading failed.
    """

    def __init__(self, message: str, remedy: str = "", *, offset: int = 0) -> None:
        super().__init__(message, remedy)
        self.offset = offset


class CannotWrite(KellectError):
    """An output that cannot be opened, or that failed while being written."""
