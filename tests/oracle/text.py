"""Texts, paths, flags as the contract writes them: written a second time, from the contract and not from the program."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tests.oracle.syntax import Word

_SIGNALS = (
    "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM", "TERM", "STKFLT",
    "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS",
)  # fmt: skip
_TYPES = {
    "S_IFREG": "regular", "S_IFDIR": "directory", "S_IFLNK": "symlink", "S_IFCHR": "character", "S_IFBLK": "block", "S_IFIFO": "fifo", "S_IFSOCK": "socket",
}  # fmt: skip
_MODE_BITS = {"S_ISUID": 0o4000, "S_ISGID": 0o2000, "S_ISVTX": 0o1000}


def as_text(data: bytes) -> tuple[str, bool]:
    """Bytes as the contract writes them, and whether they had to be escaped."""
    try:
        plain = data.decode()
    except UnicodeDecodeError:
        plain = ""
    else:
        if "\0" not in plain:
            return plain, False
    out, rest = [], data
    while rest:
        for length in (1, 2, 3, 4):  # a UTF-8 character has at most four bytes
            try:
                character = rest[:length].decode()
            except UnicodeDecodeError:
                continue
            out.append({"\\": "\\\\", "\0": "\\x00"}.get(character, character))
            rest = rest[length:]
            break
        else:
            out.append(f"\\x{rest[0]:02x}")
            rest = rest[1:]
    return "".join(out), True


def joined(base: bytes | None, name: bytes) -> bytes | None:
    """The absolute path of a name: `//`, `/./` and a `/.` at the end go, `..` and a slash at the end stay."""
    if name.startswith(b"/"):
        whole = name
    elif base is None:
        return None
    else:
        whole = base + b"/" + name
    slash = whole.endswith(b"/")
    parts = [part for part in whole.split(b"/") if part not in (b"", b".")]
    return b"/" + b"/".join(parts) + (b"/" if slash and parts else b"")


@dataclass(frozen=True, slots=True)
class Prefix:
    """A text of which only the beginning is known."""

    text: str


@dataclass(frozen=True, slots=True)
class Between:
    """A number of which only the bounds are known."""

    low: int
    high: int


_HUGE_PAGES = {"64KB": 16, "512KB": 19, "1MB": 20, "2MB": 21, "8MB": 23, "16MB": 24, "32MB": 25, "256MB": 28, "512MB": 29, "1GB": 30, "2GB": 31, "16GB": 34}
_BITS = {
    "O_ACCMODE": 3, "__O_TMPFILE": 0x400000, "AT_REMOVEDIR": 0x200, "AT_EXECVE_CHECK": 0x10000, "MAP_UNINITIALIZED": 0x4000000,
    **{f"MAP_HUGE_{size}": shift << 26 for size, shift in _HUGE_PAGES.items()},
}  # fmt: skip
"""Symbols that only one of the two has, or that strace borrows from another call."""
ZEROS = frozenset({"O_RDONLY", "PROT_NONE", "AT_STATX_SYNC_AS_STAT", "MAP_FILE"})
"""Symbols for zero: they may stand beside others or not."""


@dataclass(frozen=True, slots=True)
class Flags:
    """Symbols of which the order says nothing, and what has none."""

    names: frozenset[str]
    rest: int

    @staticmethod
    def read(text: str) -> Flags:
        """Of `A|B|0x4`."""
        names, rest = set(), 0
        for part in text.split("|"):
            if part in _BITS:
                rest |= _BITS[part]
            elif re.fullmatch(r"0x[0-9a-f]+|\d+", part):
                rest |= int(part, 8 if part.startswith("0") and part.isdigit() else 0)
            else:
                names.add(part)
        return Flags(frozenset(names) - ZEROS, rest)


def word(value: Word | int) -> str:
    """What strace wrote, as text."""
    return hex(value) if isinstance(value, int) else str(value)


def mode_text(bits: int) -> str:
    """Permission bits: octal, a leading zero, at least four characters."""
    return f"0{bits:03o}"


def mode_of(value: Word | int) -> tuple[int, str | None]:
    """(permission bits, file type) of strace's `S_IFREG|S_ISUID|0755`."""
    if isinstance(value, int):
        return value & 0o7777, None
    bits, kind = 0, None
    for part in value.parts:
        kind = _TYPES.get(part, kind)
        bits |= _MODE_BITS.get(part, 0)
        if part.startswith("0"):
            bits |= int(part, 16 if part.startswith("0x") else 8) & 0o7777
    return bits, kind


def signal_text(value: Word | int) -> str:
    """A signal as the contract names it, of strace's name (`SIGRTMIN` is 32 there)."""
    if isinstance(value, int):
        number = value
    else:
        name = str(value)
        if name.startswith("SIGRT"):
            number = 32 if name == "SIGRTMIN" else 64 if name == "SIGRTMAX" else 32 + int(name.rpartition("_")[2])
        else:
            number = _SIGNALS.index(name.removeprefix("SIG")) + 1 if name.removeprefix("SIG") in _SIGNALS else int(name, 0)
    if 1 <= number <= 31:
        return "SIG" + _SIGNALS[number - 1]
    if 34 <= number <= 64:
        return "SIGRTMIN" + (f"+{number - 34}" if number > 34 else "")
    return hex(number & 0xFFFFFFFF) if number else "0"
