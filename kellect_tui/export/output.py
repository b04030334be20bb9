"""Files that are whole or not there: written beside their place, then put into it; they belong to who typed sudo."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from kellect_tui.errors import CannotWrite

MODE = 0o600
_BLOCK = 1 << 20
_REMEDIES = {
    "ENOSPC": "make room or choose another place",
    "EDQUOT": "make room or choose another place",
    "EACCES": "choose a directory that you may write to",
    "EPERM": "choose a directory that you may write to",
    "EROFS": "choose a place that is not read-only",
    "ENOENT": "make the directory first, or choose another",
    "EISDIR": "give a file's name, not a directory's",
    "ELOOP": "give the name that it points to: links are not followed when root writes",
    "EEXIST": "give a name that is a plain file's or nobody's",
    "EFBIG": "the limit of a file's size (ulimit -f) is reached: raise it or export less",
    "ENAMETOOLONG": "choose a shorter name",
    "ENOTDIR": "a part of the path is a file, not a directory: choose another",
}


def cannot_write(path: Path | str, error: OSError) -> CannotWrite:
    """What to tell about a failed open or write; `-` is standard output."""
    name = "the output" if str(path) == "-" else path
    symbol = errno.errorcode.get(error.errno or 0, "")
    return CannotWrite(f"{name} cannot be written: {error.strerror or error}", _REMEDIES.get(symbol, "choose another place"))


def standard_output() -> BinaryIO:
    """Standard output, for bytes. Raises CannotWrite where it is closed."""
    if sys.stdout is None:
        raise CannotWrite("standard output is closed", "leave out `>&-`, or give a file's name")
    return sys.stdout.buffer


def owner() -> tuple[int, int] | None:
    """(uid, gid) of who typed sudo; None where nobody did."""
    if os.geteuid() != 0:
        return None
    uid, gid = os.environ.get("SUDO_UID", ""), os.environ.get("SUDO_GID", "")
    return (int(uid), int(gid)) if uid.isdecimal() and gid.isdecimal() else None


def _require_plain(path: Path) -> None:
    """A place that holds something else than a plain file is not written over."""
    try:
        mode = path.lstat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return  # nothing is there; whether it can be made, its making says
    except OSError as error:  # a directory that may not be entered, a name that is too long
        raise cannot_write(path, error) from error
    except ValueError as error:  # pasted
        raise CannotWrite("a file's name with a NUL in it cannot be written", "choose another name") from error
    if stat.S_ISLNK(mode):
        raise CannotWrite(f"{path} is a symbolic link", _REMEDIES["ELOOP"])
    if stat.S_ISDIR(mode):
        raise CannotWrite(f"{path} is a directory", _REMEDIES["EISDIR"])
    if not stat.S_ISREG(mode):  # replacing /dev/null as root would take it from everybody
        raise CannotWrite(f"{path} is a device, pipe or socket", "give a file's name; `-o -` of record and export can go into any of them")


def open_new(path: Path, *, shown: Path | None = None) -> BinaryIO:
    """A new file, mode 0600, owned by who typed sudo; never through a link. Raises CannotWrite, which names `shown`."""
    name = shown or path
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, MODE)
    except OSError as error:
        raise cannot_write(name, error) from error
    try:
        who = owner()
        if who is not None:
            os.fchown(fd, *who)
    except OSError as error:
        os.close(fd)
        path.unlink(missing_ok=True)
        raise cannot_write(name, error) from error
    return os.fdopen(fd, "wb", buffering=1 << 20)


def check(path: Path) -> None:
    """Say before anything is captured whether the place can be written. Raises CannotWrite."""
    _require_plain(path)
    probe = path.with_name(f".{path.name[:200]}.{secrets.token_hex(4)}")
    open_new(probe, shown=path).close()
    probe.unlink()


@contextmanager
def growing(path: Path) -> Iterator[BinaryIO]:
    """A file that grows at its own place while a recording runs; an older plain file there is replaced. Raises CannotWrite."""
    _require_plain(path)
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise cannot_write(path, error) from error
    file = open_new(path)
    try:
        yield file
    except BaseException:
        with contextlib.suppress(OSError):  # what could not be written cannot be written now; the first error is the one to tell
            file.close()
        raise
    try:
        file.close()
    except OSError as error:
        raise cannot_write(path, error) from error


def end_at_line(path: Path) -> None:
    """Take away from a file of lines the last one where it was not written to its end; where that cannot be done, it stays."""
    with contextlib.suppress(OSError), path.open("r+b") as file:
        end = file.seek(0, os.SEEK_END)
        while end:
            start = max(0, end - _BLOCK)
            file.seek(start)
            end = start + file.read(end - start).rfind(b"\n") + 1
            if end > start:
                break
        file.truncate(end)


class Output:
    """A file under way to its place."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.is_wanted = True

    def give_up(self) -> None:
        """It is not to appear."""
        self.is_wanted = False


@contextmanager
def whole(path: Path) -> Iterator[Output]:
    """A file that appears at `path` when the block ends well and did not give it up, and not at all otherwise. Raises CannotWrite."""
    _require_plain(path)
    beside = path.with_name(f".{path.name[:200]}.{secrets.token_hex(4)}.part")
    try:
        output = Output(open_new(beside, shown=path))  # within: also a signal just after it leaves nothing
        with output.file as file:
            yield output
            file.flush()
            os.fsync(file.fileno())
        if output.is_wanted:
            beside.replace(path)
    except OSError as error:
        raise cannot_write(path, error) from error
    finally:
        with contextlib.suppress(OSError):
            beside.unlink()
