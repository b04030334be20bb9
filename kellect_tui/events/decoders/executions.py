"""What a program is begun with. The registers of a successful exec are the tracepoint's, not the call's."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from kellect_tui.events import constants
from kellect_tui.events.catalogue import Argument, Kind
from kellect_tui.events.decoders.context import TRUNCATED, UNREADABLE, Context, Decoder
from kellect_tui.events.decoders.paths import joined, named_path, object_path, string_in
from kellect_tui.events.decoders.registers import AT_FDCWD, dirfd, s32
from kellect_tui.events.record import NONE_REGISTER, Flag, Section

_SCRIPT, _FD_NAME, _CHECKED = int(Flag.SCRIPT), int(Flag.FD_NAME), int(Flag.CHECKED)


def _is_success(c: Context) -> bool:
    return c.raw.result >= 0 and not c.raw.flags & _CHECKED


def _exec_name(c: Context, name: str) -> bytes | None:
    """The filename as passed. The kernel puts `/dev/fd/N/` before execveat's relative names, `/dev/fd/N` for an empty one."""
    if not _is_success(c):
        register = c.register("filename")
        return string_in(c, name, register) if register is not None else None
    data = string_in(c, name, 0)
    if data is None or c.call is None or c.call.name != "execveat" or not c.raw.flags & _FD_NAME:
        return data
    prefix = b"/dev/fd/%d" % s32(c.raw.args[1])
    if data == prefix:
        return b""
    return data[len(prefix) + 1 :] if data.startswith(prefix + b"/") else data


def _exec_filename(c: Context, a: Argument) -> str | None:
    data = _exec_name(c, a.name)
    return None if data is None else c.write(a.name, data)


def _exec_path(c: Context, a: Argument) -> str | None:
    raw = c.raw
    if not _is_success(c):
        return named_path(c, a.name, c.call.base if c.call else None, c.register("filename"), raw.path0)
    if not raw.flags & _SCRIPT:
        return object_path(c, a.name)
    name = _exec_name(c, "filename")
    base = _script_base(c)
    path = None if name is None else base if not name else joined(base, name)
    if path is None:
        c.unreadable(a.name)
        return None
    if ("filename", "truncated") in c.marks:
        c.mark(a.name, "truncated")
    return c.write(a.name, path)


def _script_base(c: Context) -> bytes | None:
    found = c.section(Section.TEXT, NONE_REGISTER)
    if found is not None:
        return None if found[1] & UNREADABLE else found[0]
    if c.call is not None and c.call.name == "execveat" and s32(c.raw.args[1]) != AT_FDCWD:
        return None  # called by a 32-bit number: its directory was not looked at
    return c.raw.path1


def _interpreter(c: Context, a: Argument) -> str | None:
    return object_path(c, a.name) if _is_success(c) and c.raw.flags & _SCRIPT else None


def _old_pid(c: Context, _a: Argument) -> int:
    return s32(c.raw.args[0]) if _is_success(c) else c.raw.tid


def exec_dirfd(c: Context) -> int | str | None:
    if c.call is None or c.call.name != "execveat":
        return None
    return dirfd(c.raw.args[1] if _is_success(c) else c.raw.args[0])


def exec_flags(c: Context) -> str | None:
    if c.call is None or c.call.name != "execveat":
        return None
    return constants.AT_FLAGS["execveat"].text(c.raw.args[2] if _is_success(c) else c.raw.args[4])


def _argv(c: Context, a: Argument) -> list[str] | None:
    register = 1 if _is_success(c) or c.call is None else c.call.at["argv"]
    found = c.section(Section.ARGV, register)
    if found is None:
        c.unreadable(a.name)
        return None
    data, marks = found
    if marks & UNREADABLE:
        c.unreadable(a.name)
        if not data:
            return None
    if marks & TRUNCATED:
        c.mark(a.name, "truncated")
    return c.write_list(a.name, data.removesuffix(b"\0").split(b"\0")) if data else []


def _cwd(c: Context, a: Argument) -> str | None:
    if c.raw.path1 is None:
        c.unreadable(a.name)
        return None
    return c.write(a.name, c.raw.path1)


DECODERS: Mapping[Kind, Decoder] = MappingProxyType({
    Kind.EXEC_FILENAME: _exec_filename, Kind.EXEC_PATH: _exec_path, Kind.INTERPRETER: _interpreter, Kind.OLD_PID: _old_pid, Kind.ARGV: _argv,
    Kind.CWD: _cwd,
})  # fmt: skip
