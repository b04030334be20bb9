"""Which names are there below a directory, followed through a run: whether a file was made, and where a moved directory is."""

from __future__ import annotations

import os
from collections.abc import Callable
from copy import copy
from pathlib import Path

from tests.oracle.strace import Call
from tests.oracle.syntax import Quoted, Tagged, Word
from tests.oracle.text import joined

# call → position of the base directory (None: the working directory) and of the name
_NEW = {
    "mkdir": (None, 0), "mkdirat": (0, 1), "mknod": (None, 0), "mknodat": (0, 1),
    "symlink": (None, 1), "symlinkat": (1, 2), "link": (None, 1), "linkat": (2, 3),
}  # fmt: skip
_GONE = {"unlink": (None, 0), "unlinkat": (0, 1), "rmdir": (None, 0)}
_MOVED = {"rename": (None, 0, None, 1), "renameat": (0, 1, 2, 3), "renameat2": (0, 1, 2, 3)}
_CHANGED = {"chmod": (None, 0), "fchmodat": (0, 1), "fchmodat2": (0, 1), "chown": (None, 0), "lchown": (None, 0), "fchownat": (0, 1)}
_CHANGED_FD = ("fchmod", "fchown")
_OF_A_PROCESS = (b"/proc/", b"/dev/fd/")
DELETED = b" (deleted)"


def _symbols(value: object) -> tuple[str, ...]:
    """Of a word, or of openat2's flags."""
    value = value.get("flags") if isinstance(value, dict) else value
    return value.parts if isinstance(value, Word) else ()


def _path(call: Call, cwd: bytes | None, base: int | None, name: int) -> bytes | None:
    """The path of one of a call's names, `..` folded: right where no symbolic link is on the way."""
    value = call.values[name]
    if not isinstance(value, Quoted):
        return None
    there = cwd
    if base is not None and isinstance(call.values[base], Tagged) and call.values[base].value != -100:
        there = call.values[base].path
    whole = joined(there, value.data)
    return None if whole is None else os.path.normpath(whole)


class Names:
    """The names below `root`, from what is there before the run.

    Attributes:
        changed: Paths whose file was replaced, removed, moved or given other rights.
        links: Symbolic links: a path through one of them is not what it says.
        directories: A rename of anything else changes one name only.
    """

    def __init__(self, root: Path) -> None:
        self.root = os.fsencode(root) + b"/"
        self.there: set[bytes] = set()
        self.changed: set[bytes] = set()
        self.directories: set[bytes] = set()
        for place, directories, files in os.walk(os.fsencode(root)):
            self.directories.update(place + b"/" + name for name in directories)
            self.there.update(place + b"/" + name for name in (*directories, *files))
        self.links = {path for path in self.there if Path(os.fsdecode(path)).is_symlink()}

    def copy(self) -> Names:
        """Another that is followed for itself."""
        other = copy(self)
        other.there, other.changed, other.links, other.directories = set(self.there), set(self.changed), set(self.links), set(self.directories)
        return other

    def existed(self, path: bytes) -> bool | None:
        """Whether there is such a name now; None for one that is not below the root."""
        return path in self.there if path.startswith(self.root) else None

    def directory(self, path: bytes) -> bytes | None:
        """The directory that an absolute path leads to; None where that is not known any more."""
        if path.startswith(_OF_A_PROCESS):
            return None
        if path.startswith(self.root):
            through = any(path.startswith(link) and path[len(link) : len(link) + 1] in (b"", b"/") for link in self.links)
            return None if through else os.path.normpath(path)
        return os.path.realpath(path) if Path(os.fsdecode(path)).is_dir() else None

    def follow(self, call: Call, cwd: bytes | None) -> None:
        """What a call that succeeded made of them."""
        if call.name in _NEW:
            new = _path(call, cwd, *_NEW[call.name])
            self._add(new)
            if new is not None and call.name.startswith("symlink"):
                self.links.add(new)
            if new is not None and call.name.startswith("mkdir"):
                self.directories.add(new)
        elif call.name in _GONE:
            gone = _path(call, cwd, *_GONE[call.name])
            self._change(gone)
            self.there.discard(gone or b"")
            self.links.discard(gone or b"")
        elif call.name in _CHANGED:
            self._change(_path(call, cwd, *_CHANGED[call.name]))
        elif call.name in _CHANGED_FD and isinstance(call.values[0], Tagged):
            self._change(call.values[0].path)
        elif call.name in _MOVED:
            pairs = self.pairs(call, cwd)
            for old, new in pairs:
                self._change(old)
                self._change(new)
            self._rename(pairs)
        elif isinstance(call.result, Tagged) and (call.name == "creat" or any("O_CREAT" in _symbols(value) for value in call.values)):
            self._add(call.result.path)

    def pairs(self, call: Call, cwd: bytes | None) -> list[tuple[bytes, bytes]]:
        """(from, to) of a rename; both ways of an exchange."""
        oldbase, oldname, newbase, newname = _MOVED[call.name]
        old, new = _path(call, cwd, oldbase, oldname), _path(call, cwd, newbase, newname)
        if old is None or new is None or old == new:
            return []
        exchange = call.name == "renameat2" and "RENAME_EXCHANGE" in str(call.values[4])
        return [(old, new), (new, old)] if exchange else [(old, new)]

    def mover(self, call: Call, cwd: bytes | None) -> Callable[[bytes], bytes]:
        """What any directory is called after a rename or removal."""
        if call.name in _MOVED:
            pairs = self.pairs(call, cwd)
            return lambda path: _renamed(path, pairs)
        gone = _path(call, cwd, *_GONE[call.name])
        return lambda path: path + DELETED if path == gone else path

    def steady(self, path: bytes) -> bool:
        """Whether the file of that name is today what it was during the run."""
        parts = path.split(b"/")
        above = {b"/".join(parts[:length]) for length in range(2, len(parts) + 1)}
        return not path.startswith((*_OF_A_PROCESS, b"/sys/")) and not path.endswith(DELETED) and not above & self.changed

    def _rename(self, pairs: list[tuple[bytes, bytes]]) -> None:
        deep = any(old in self.directories for old, _new in pairs)
        for names in (self.there, self.links, self.directories):
            moved = {path for path in names if _renamed(path, pairs) != path} if deep else {old for old, _new in pairs if old in names}
            names -= moved
            names |= {_renamed(path, pairs) for path in moved}

    def _add(self, path: bytes | None) -> None:
        if path is not None:
            self.there.add(path)

    def _change(self, path: bytes | None) -> None:
        if path is not None:
            self.changed.add(path)


def _renamed(path: bytes, pairs: list[tuple[bytes, bytes]]) -> bytes:
    for old, new in pairs:
        if path == old or path.startswith(old + b"/"):
            return new + path[len(old) :]
    return path
