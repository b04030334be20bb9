"""Keeps compiled programs between runs, where only root can have put them.

What lies here goes into the kernel. So only files of root in a directory of root that nobody else may enter are read, and a
name says all that the content hangs on: one that does not match in anything is simply not found. Whatever is wrong with the directory
or a file means that nothing was kept, never an error.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

DIRECTORY = Path("/var/cache/kellect-tui")
KEPT = 16
_SUFFIX = ".bpf"
_LARGEST = 16 << 20
_UNFINISHED = "tmp"
STALE_SECONDS = 3600.0
"""What was not finished by then is of a program that was killed."""


def name_of(parts: Iterable[bytes]) -> str:
    """A file's name from everything that its content depends on."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "little"))
        digest.update(part)
    return digest.hexdigest() + _SUFFIX


def read(name: str, directory: Path = DIRECTORY) -> bytes | None:
    """What was kept under that name; None where there is nothing, or nothing that can be trusted."""
    try:
        with _opened(directory) as place:
            _clear(place)
            fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=place)
            with os.fdopen(fd, "rb") as file:
                about = os.fstat(fd)
                if not stat.S_ISREG(about.st_mode) or about.st_uid != 0 or about.st_mode & 0o022 or about.st_size > _LARGEST:
                    return None
                return file.read()
    except OSError:
        return None


def write(name: str, data: bytes, directory: Path = DIRECTORY) -> bool:
    """Keep `data` under that name, whole or not at all; the oldest files go. False: it could not be kept."""
    if os.geteuid() != 0:
        return False
    import tempfile  # for the first start only

    try:
        with contextlib.suppress(FileExistsError):
            directory.mkdir(mode=0o700)
        with _opened(directory) as place:
            here = f"/proc/self/fd/{place}"  # the directory that was looked at, whatever its path leads to by now
            fd, made = tempfile.mkstemp(prefix=_UNFINISHED, dir=here)
            try:
                with os.fdopen(fd, "wb") as file:
                    file.write(data)
                Path(made).replace(f"{here}/{name}")
            except BaseException:
                Path(made).unlink()
                raise
            _let_go(place)
    except OSError:
        return False
    return True


@contextlib.contextmanager
def _opened(directory: Path) -> Iterator[int]:
    """The directory, if it is root's alone. Raises OSError."""
    place = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        about = os.fstat(place)
        if about.st_uid != 0 or about.st_mode & 0o077:
            raise PermissionError(f"{directory} is not root's alone")
        yield place
    finally:
        os.close(place)


def _let_go(place: int) -> None:
    files = sorted(((entry.stat(follow_symlinks=False).st_mtime_ns, entry.name) for entry in os.scandir(place) if entry.name.endswith(_SUFFIX)), reverse=True)
    for _time, name in files[KEPT:]:
        os.unlink(name, dir_fd=place)


def _clear(place: int) -> None:
    """Remove what a program that was killed had begun to write."""
    with contextlib.suppress(OSError):
        stale = time.time() - STALE_SECONDS
        for entry in os.scandir(place):
            if entry.name.startswith(_UNFINISHED) and entry.is_file(follow_symlinks=False):
                about = entry.stat(follow_symlinks=False)
                if about.st_uid == 0 and about.st_mtime < stale:
                    os.unlink(entry.name, dir_fd=place)
