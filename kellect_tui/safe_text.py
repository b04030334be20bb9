"""Text from programs, made safe and visible in a terminal, cheaply.

An event's texts are hostile: a file name may hold ESC, a newline, a bidi override or a hundred combining marks.
Nothing here knows markup, and nothing that leaves here can be obeyed, hidden or reordered by a terminal.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from rich.cells import cell_len, set_cell_size

# Control, format (bidi, zero-width, tags), surrogate, private, unassigned, line and paragraph separators, odd
# spaces, and marks that join or stack on their neighbours: exactness before beauty.
_ESCAPED = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs", "Mn", "Me"})


def safe_text(text: str) -> str:
    """`text` without anything a terminal could obey, hide or reorder.

    C0 controls become control pictures (ESC is shown as U+241B), other unsafe code points become escapes such
    as ``\\u202e``. The result is printable and one line.
    """
    if text.isascii() and text.isprintable():
        return text
    return _escaped(text)


@lru_cache(8192)
def _escaped(text: str) -> str:
    return "".join([_visible(character) for character in text])


@lru_cache(4096)
def _visible(character: str) -> str:
    code = ord(character)
    if character == " " or unicodedata.category(character) not in _ESCAPED:
        return character
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "\u2421"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def fit(text: str, width: int, *, right: bool = False, from_end: bool = False) -> str:
    """`text` (safe already) cut or padded to exactly `width` cells; a cut is marked with an ellipsis.

    Args:
        right: Pad on the left.
        from_end: Cut at the beginning, so that the end stays (of a path its name).
    """
    if width <= 0:
        return ""
    if text.isascii():
        if len(text) <= width:
            return text.rjust(width) if right else text.ljust(width)
        return "…" + text[len(text) - width + 1 :] if from_end else text[: width - 1] + "…"
    return _fit_cells(text, width, right, from_end)


@lru_cache(8192)
def _fit_cells(text: str, width: int, right: bool, from_end: bool) -> str:
    gap = width - cell_len(text)
    if gap >= 0:
        return " " * gap + text if right else text + " " * gap
    if not from_end:
        return set_cell_size(text, width - 1) + "…"
    tail = text
    while cell_len(tail) > width - 1:
        tail = tail[1:]
    return "…" + tail + " " * (width - 1 - cell_len(tail))
