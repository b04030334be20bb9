"""Strings as passed, and the absolute paths that they mean."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from kellect_tui.events.catalogue import Argument, Kind
from kellect_tui.events.decoders.context import NO_OBJECT, OBJECT, TRUNCATED, UNREADABLE, Context, Decoder, word
from kellect_tui.events.decoders.registers import AT_FDCWD, s32
from kellect_tui.events.record import Section

AT_EMPTY_PATH = 0x1000
MAP_ANONYMOUS = 0x20
RESOLVE_IN_ROOT = 0x10
_EMPTY_PATH_CALLS = frozenset(("newfstatat", "statx", "linkat", "fchmodat2", "execveat"))  # in other calls' flags the bit means something else


def _string(c: Context, a: Argument) -> str | None:
    register = c.register(a.name)
    if register is None:
        return None
    data = string_in(c, a.name, register)
    return None if data is None else c.write(a.name, data)


def string_in(c: Context, name: str, register: int) -> bytes | None:
    found = c.section(Section.STRING, register)
    if found is None or found[1] & UNREADABLE:
        c.unreadable(name)
        return None
    if found[1] & TRUNCATED:
        c.mark(name, "truncated")
    return found[0]


def joined(base: bytes | None, name: bytes) -> bytes | None:
    """`name` made absolute by EVENTS.md's rules; None where there is no base to a relative one."""
    if name.startswith(b"/"):
        return _tidied(name)
    if base is None:
        return None
    rest = _tidied(b"/" + name)
    if rest == b"/" and not name.endswith(b"/"):
        rest = b""  # `.`: the base itself
    return base.removesuffix(b"/") + rest or b"/"


def _tidied(path: bytes) -> bytes:
    if b"//" not in path and b"/." not in path:
        return path
    parts = [part for part in path.split(b"/") if part not in (b"", b".")]
    out = b"/" + b"/".join(parts)
    return out + b"/" if parts and path.endswith(b"/") else out


def _path(c: Context, a: Argument) -> str | None:
    raw, call = c.raw, c.call
    if call is None:
        return None
    if call.name == "mmap" and raw.args[3] & MAP_ANONYMOUS:
        return None
    if raw.flags & OBJECT or (call.object is not None and call.base is None):
        return object_path(c, a.name)
    return named_path(c, a.name, call.base, _first_string(c), raw.path0)


def _path2(c: Context, a: Argument) -> str | None:
    if c.call is None or c.call.base2 is None:
        return None
    register = c.register("newname")
    return named_path(c, a.name, c.call.base2, register, c.raw.path1, may_be_empty=False)


def object_path(c: Context, name: str) -> str | None:
    raw = c.raw
    if raw.path0 is not None:
        return c.write(name, raw.path0)
    if raw.flags & OBJECT or (c.call is not None and c.call.early and not raw.flags & NO_OBJECT):
        c.unreadable(name)  # there was one, and its name did not reach us
    return None


def _first_string(c: Context) -> int | None:
    for name in ("filename", "oldname"):
        register = c.register(name)
        if register is not None:
            return register
    return None


def named_path(c: Context, name: str, base_register: int | None, register: int | None, base: bytes | None, *, may_be_empty: bool = True) -> str | None:
    found = c.section(Section.STRING, register) if register is not None else None
    if found is None:
        if register is not None:
            c.missing(name)
        return None
    filename, marks = found
    if marks & UNREADABLE and not (_takes_null(c) and may_be_empty):
        return None
    if not filename:
        if not (may_be_empty and _takes_empty(c)):
            return None
        path = base
    else:
        path = joined(base, filename.lstrip(b"/") or b"." if _is_in_root(c) else filename)
    if path is None:
        is_cwd = base_register is None or base_register > 5 or s32(c.raw.args[base_register]) == AT_FDCWD
        if c.raw.lost_path or is_cwd or _is_base_unseen(c):
            c.unreadable(name)  # a working directory there always is, and the one of a call that went well: its name did not reach us
        return None
    if marks & TRUNCATED:
        c.mark(name, "truncated")
    return c.write(name, path)


def _is_base_unseen(c: Context) -> bool:
    """A call that went well had a base directory, which is looked at when it begins."""
    return c.call is not None and c.call.early and c.raw.result >= 0


def _takes_empty(c: Context) -> bool:
    flags = c.value("flags")
    return bool(flags and flags & AT_EMPTY_PATH) and c.call is not None and c.call.name in _EMPTY_PATH_CALLS


def _takes_null(c: Context) -> bool:
    """A call that succeeds without a name had NULL for it: the descriptor alone is meant (since 6.11, fs/stat.c)."""
    return c.raw.result >= 0 and c.call is not None and c.call.name in ("newfstatat", "statx")


def _is_in_root(c: Context) -> bool:
    """Whether openat2 takes the base directory for the root."""
    if c.call is None or c.call.name != "openat2":
        return False
    found = c.section(Section.HOW, 2)
    return found is not None and bool((word(found[0], 2) or 0) & RESOLVE_IN_ROOT)


DECODERS: Mapping[Kind, Decoder] = MappingProxyType({Kind.STRING: _string, Kind.PATH: _path, Kind.PATH2: _path2})
