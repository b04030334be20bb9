"""Bytes that programs made, as text that shows all of them and can be read back."""

from __future__ import annotations

import os


def text(data: bytes) -> tuple[str, bool]:
    r"""Bytes as EVENTS.md writes them: what is no UTF-8, and NUL, as ``\xNN``; then a real backslash is doubled.

    Returns the text and whether anything was escaped; only then is it to be read back with `unescape`.
    """
    if data.isascii() and b"\0" not in data:
        return data.decode("ascii"), False
    if b"\0" not in data:
        try:
            return data.decode("utf-8"), False
        except UnicodeDecodeError:
            pass
    return data.replace(b"\\", b"\\\\").decode("utf-8", "backslashreplace").replace("\0", "\\x00"), True


def of_system(value: str) -> str:
    """A name or word as Python has it from the system, where bytes that are no UTF-8 are surrogates that no file can hold, as `text` writes its bytes."""
    return text(os.fsencode(value))[0]


def unescape(value: str) -> bytes:
    """The bytes behind an escaped text."""
    out = bytearray()
    at = 0
    while at < len(value):
        if value[at] != "\\":
            end = value.find("\\", at)
            end = len(value) if end < 0 else end
            out += value[at:end].encode()
            at = end
        elif value[at + 1 : at + 2] == "x":
            out.append(int(value[at + 2 : at + 4], 16))
            at += 4
        else:
            out += b"\\"
            at += 2
    return bytes(out)
