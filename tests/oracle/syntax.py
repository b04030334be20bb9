"""The values in a line of strace: strings, numbers, symbols, structures, and descriptors with what strace knows of them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Quoted:
    """A string in memory. `cut`: strace shows its beginning only. `abstract`: it stood behind an `@`."""

    data: bytes
    cut: bool = False
    abstract: bool = False


@dataclass(frozen=True, slots=True)
class Tagged:
    """A descriptor, pid or AT_FDCWD with what strace found out about it.

    Attributes:
        value: The number; -100 for AT_FDCWD.
        kind: `path` (of a pid: its comm), `socket`, `pid` (a pidfd) or empty.
        tag: The path's or comm's bytes; of a socket the text in brackets; of a pidfd the pid.
        detail: `char 1:3` behind a device's path, the socket's protocol, or empty.
        deleted: Whether the name is gone.
    """

    value: int
    kind: str = ""
    tag: bytes = b""
    detail: str = ""
    deleted: bool = False

    @property
    def path(self) -> bytes | None:
        """As /proc/PID/fd says it; None for a socket that strace describes by its addresses."""
        return None if self.kind != "path" else self.tag + (b" (deleted)" if self.deleted else b"")


@dataclass(frozen=True, slots=True)
class Word:
    """Symbols and numbers joined by `|`."""

    parts: tuple[str, ...]

    def __str__(self) -> str:
        return "|".join(self.parts)


@dataclass(frozen=True, slots=True)
class Function:
    """`htons(80)`, `makedev(1, 3)`."""

    name: str
    values: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Changed:
    """`before => after`: what the program passed, and what the kernel made of it."""

    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Unread:
    """A netlink message, which strace takes apart into a language of its own; nothing of it is an argument."""


class Unreadable(ValueError):
    """A line of strace that this module does not understand."""


_NUMBER = re.compile(r"-?(?:0x[0-9a-f]+|\d+)(?![\w])")
NAME = re.compile(r"[A-Za-z_&][\w.]*")
_SPACE = re.compile(r"(?:\s|/\*.*?\*/)*")
_QUOTED = re.compile(r'(@?)"((?:\\x[0-9a-f]{2})*)"(\.\.\.)?')
_HUGE = re.compile("<<MAP_HUGE_SHIFT")
_MAP_HUGE_SHIFT = 26
_NETLINK = ("[{nlmsg_len=", "{nlmsg_len=", "[{nla_len=", "{nla_len=")
_PATH_TAG = re.compile(r"((?:\\x[0-9a-f]{2})+)(?:<([^>]*)>)?>(\(deleted\))?")
_PIDFD_TAG = re.compile(r"pid:(-?\d+)(?:<[^>]*>)?>")
_ANONYMOUS_TAG = re.compile(r"(anon_inode:[^>]*)>")
_SOCKET_TAG = re.compile(r"([\w-]+):\[(.*?)\]>")


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", ""))


class Reader:
    """A recursive descent over one line."""

    def __init__(self, text: str, at: int = 0) -> None:
        self.text, self.at = text, at

    def skip(self) -> None:
        found = _SPACE.match(self.text, self.at)
        assert found is not None
        self.at = found.end()

    def take(self, token: str) -> bool:
        self.skip()
        if self.text.startswith(token, self.at):
            self.at += len(token)
            return True
        return False

    def match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        self.skip()
        found = pattern.match(self.text, self.at)
        if found is not None:
            self.at = found.end()
        return found

    def fail(self) -> Unreadable:
        return Unreadable(f"{self.text[max(0, self.at - 40) : self.at]}⟨here⟩{self.text[self.at : self.at + 80]}")

    def value(self) -> Any:
        first = self.single()
        if self.take("=>"):
            return Changed(first, self.single())
        return first

    def single(self) -> Any:
        self.skip()
        if (quoted := self.match(_QUOTED)) is not None:
            return Quoted(_bytes(quoted[2]), bool(quoted[3]), bool(quoted[1]))
        if self.text.startswith(_NETLINK, self.at):
            return self.unread()
        if self.take("{"):
            return self.fields("}")
        if self.take("["):
            return self.items("]")
        if self.take("~["):
            self.items("]")
            return Word(("~",))
        return self.expression()

    def unread(self) -> Unread:
        depth = 0
        while True:
            character = self.text[self.at : self.at + 1]
            if not character:
                raise self.fail()
            depth += (character in "[{") - (character in "]}")
            self.at += 1
            if not depth:
                return Unread()

    def items(self, end: str) -> list[Any]:
        found: list[Any] = []
        while not self.take(end):
            if not self.take("..."):
                found.append(self.value())
            if not self.take(",") and not self.text.startswith(end, self.at):
                if self.text[self.at : self.at + 1] in ("=", ")"):  # `[28 => 16]` is taken above; anything else is not known
                    raise self.fail()
                self.skip()
        return found

    def fields(self, end: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while not self.take(end):
            if not self.take("...") and self.match(_QUOTED) is None:  # bytes beyond the structure that strace knows
                name = self.match(NAME)
                if name is None:
                    raise self.fail()
                if self.take("="):
                    found[name[0]] = self.value()
                elif self.take("("):  # inet_pton(AF_INET6, "::1", &sin6_addr)
                    found[name[0]] = self.items(")")
                else:
                    raise self.fail()
            self.take(",")
        return found

    def expression(self) -> Any:
        parts: list[Any] = []
        while True:
            parts.append(self.term())
            if not self.take("|"):
                break
        if len(parts) == 1:
            return Word((parts[0],)) if isinstance(parts[0], str) else parts[0]
        return Word(tuple(hex(part) if isinstance(part, int) else str(part) for part in parts))

    def term(self) -> Any:
        start = self.at
        if (number := self.match(_NUMBER)) is not None:
            digits = number[0].lstrip("-")
            if len(digits) > 1 and digits.startswith("0") and digits.isdigit():  # permission bits, in octal; a Word keeps their form
                return number[0]
            value = int(number[0], 0)
            if self._here(_HUGE):
                return value << _MAP_HUGE_SHIFT
            return self.tagged(value)
        if (name := self.match(NAME)) is not None:
            if name[0] == "NULL":
                return None
            if name[0] == "AT_FDCWD":
                return self.tagged(-100)
            if self.take("("):
                return Function(name[0], tuple(self.items(")")))
            return name[0]
        self.at = start
        raise self.fail()

    def tagged(self, value: int) -> Any:
        if not self.text.startswith("<", self.at):
            return value if value != -100 else Tagged(value)
        self.at += 1
        if found := self._here(_PATH_TAG):
            return Tagged(value, "path", _bytes(found[1]), found[2] or "", bool(found[3]))
        if found := self._here(_ANONYMOUS_TAG):
            return Tagged(value, "path", found[1].encode())
        if found := self._here(_PIDFD_TAG):
            return Tagged(value, "pid", found[1].encode())
        if found := self._here(_SOCKET_TAG):
            return Tagged(value, "socket", found[2].encode(), found[1])
        raise self.fail()

    def _here(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """As `match`, where no space may stand before."""
        found = pattern.match(self.text, self.at)
        if found is not None:
            self.at = found.end()
        return found
