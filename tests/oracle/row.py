"""Collects what is expected of one event, from strace's values."""

from __future__ import annotations

import re
from typing import Any

from tests.oracle.strace import Call
from tests.oracle.syntax import Changed, Quoted, Tagged, Word
from tests.oracle.text import Flags, Prefix, as_text, joined, mode_of, mode_text, word
from tests.oracle.world import Step

_INODE = re.compile(rb"(\d+)(?:->\d+)?(?:,.*)?", re.DOTALL)


class Row:
    """Collects the arguments of one event.

    Attributes:
        marks: Names that have to be marked `unreadable` or `escaped`.
        file: The path of the file whose inode, owner and mode are arguments, if it is one that can be asked for them later.
    """

    def __init__(self, call: Call, step: Step) -> None:
        self.call, self.step, self.task = call, step, step.task
        self.arguments: dict[str, Any] = {}
        self.marks: set[str] = set()
        self.file: bytes | None = None

    def put(self, **values: Any) -> Row:
        self.arguments |= values
        return self

    def flags(self, name: str, value: Word | int | None) -> Row:
        if value is not None:
            self.arguments[name] = Flags.read(word(value))
        return self

    def enumeration(self, name: str, value: Word | int) -> Row:
        self.arguments[name] = word(value)
        return self

    def mode(self, name: str, value: Word | int) -> Row:
        self.arguments[name] = mode_text(mode_of(value)[0])
        return self

    def fd(self, name: str, value: Tagged | int) -> Row:
        self.arguments[name] = number(value)
        return self

    def hexadecimal(self, name: str, value: Any) -> Row:
        if value is None or isinstance(value, int):
            self.arguments[name] = hex(value or 0)
        return self

    def pair(self, name: str, value: Any) -> Row:
        """Two descriptors that the kernel wrote."""
        value = first_list(value)
        done = isinstance(value, list) and not self.call.error
        self.arguments[name] = [number(one) for one in value] if done else None
        return self

    def bytes_(self, name: str, data: bytes | None, cut: bool = False) -> Row:
        """A text made of bytes; None is null."""
        if data is None:
            self.arguments[name] = None
            return self
        text, escaped = as_text(data)
        self.arguments[name] = Prefix(text) if cut else text
        if escaped:
            self.marks.add(f"{name}:escaped")
        return self

    def string(self, name: str, value: Any) -> Row:
        """A string that the program passed; an address is what strace could not read either."""
        if isinstance(value, Quoted):
            return self.bytes_(name, value.data, value.cut)
        self.arguments[name] = None
        self.marks.add(f"{name}:unreadable")
        return self

    def tag_path(self, name: str, value: Any) -> Row:
        """The path of a descriptor as strace says it. Not open: null. Of sockets with addresses `socket:` is all that is sure."""
        if self.task.fs.elsewhere:
            return self
        if isinstance(value, Tagged) and value.kind == "path":
            return self.bytes_(name, value.path)
        if isinstance(value, Tagged) and value.kind == "socket":
            inode = socket_inode(value)
            return self.put(**{name: Prefix("socket:[") if inode is None else f"socket:[{inode}]"})
        if isinstance(value, Tagged) and value.kind == "pid":
            return self.put(**{name: Prefix("anon_inode:")})
        if self.is_nameless(value):
            return self
        return self.put(**{name: None})

    def is_nameless(self, value: Any) -> bool:
        """Whether a descriptor is open, but has no name for strace: it is longer than a path may be."""
        return not isinstance(value, Tagged) and value is not None and value >= 0 and self.call.error != "EBADF"

    def named_path(self, name: str, dirfd: Any, filename: Any, empty: bool = False) -> Row:
        """The path of a name below a descriptor (`CWD`: the working directory).

        Args:
            empty: AT_EMPTY_PATH was passed: an empty name is the descriptor itself.
        """
        if self.task.fs.elsewhere:
            return self
        if not isinstance(filename, Quoted):
            if filename is None and empty and isinstance(dirfd, Tagged) and dirfd.value != -100:
                return self.tag_path(name, dirfd)
            return self.put(**{name: None})
        base = self.task.fs.path if dirfd is None or number(dirfd) == -100 else dirfd.path if isinstance(dirfd, Tagged) else None
        bad = dirfd is not None and number(dirfd) != -100 and not isinstance(dirfd, Tagged) and not self.is_nameless(dirfd)
        if not filename.data:
            if empty and dirfd is not None and number(dirfd) != -100:
                return self.tag_path(name, dirfd)
            return self.bytes_(name, base) if empty and base is not None else self if empty else self.put(**{name: None})
        if not filename.data.startswith(b"/") and base is None:
            return self.put(**{name: None}) if bad else self
        path = joined(base, filename.data)
        self.bytes_(name, path, filename.cut)
        return self


def number(value: Any) -> int:
    """The number of a descriptor, described or not."""
    return value.value if isinstance(value, Tagged) else int(value)


def dirfd_text(value: Any) -> str | int:
    """A directory's descriptor as the contract writes it."""
    return "AT_FDCWD" if number(value) == -100 else number(value)


def socket_inode(value: Tagged) -> int | None:
    """A socket's inode, which strace tells where it knows no address."""
    found = _INODE.fullmatch(value.tag)
    return int(found[1]) if found is not None else None


def first_list(value: Any) -> Any:
    """What stands before `=>`."""
    return value.before if isinstance(value, Changed) else value
