"""Files: descriptors, flags, structures passed and filled in, and the file that a call was about."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from kellect_tui.events import constants
from kellect_tui.events.catalogue import EXEC, Argument, Kind
from kellect_tui.events.decoders.context import OBJECT, U64, Context, Decoder, word
from kellect_tui.events.decoders.executions import exec_dirfd, exec_flags
from kellect_tui.events.decoders.registers import dirfd, id32, mode_text, s32
from kellect_tui.events.record import NONE_REGISTER, STAT_INFO, Flag, Raw, Section

O_TMPFILE_BIT, O_PATH = 0o20000000, 0o10000000
_COALESCED, _CREATED = int(Flag.COALESCED), int(Flag.CREATED)
_STAT = struct.Struct("<IIIIQq")
if _STAT.size != STAT_INFO.itemsize:
    raise AssertionError(f"{_STAT.format} is not {STAT_INFO}")

_STATX_TYPE, _STATX_MODE, _STATX_UID, _STATX_GID, _STATX_INO, _STATX_SIZE = 1, 2, 8, 0x10, 0x100, 0x200  # include/uapi/linux/stat.h
_RUN = ("calls", "bytes", "total_ns", "span_ns")


def _result_fd(c: Context, _a: Argument) -> int | None:
    return c.raw.result if c.raw.result >= 0 else None


def _newfd(c: Context, a: Argument) -> int | None:
    if c.raw.result >= 0:
        return c.raw.result
    value = c.value(a.name)
    return None if value is None else s32(value)


def _how(c: Context, name: str, index: int) -> int | None:
    """A word of openat2's open_how."""
    data = c.data(name, Section.HOW, 2)
    return None if data is None else word(data, index)


def _open_word(c: Context, name: str, index: int) -> int | None:
    if c.call is not None and c.call.name == "openat2":
        return _how(c, name, index)
    return c.value(name)


def _open_flags(c: Context, a: Argument) -> str | None:
    if c.call is not None and c.call.name == "creat":
        return "O_WRONLY|O_CREAT|O_TRUNC"
    value = _open_word(c, a.name, 0)
    if value is None:
        return None
    return constants.OPEN.text(value if c.call is not None and c.call.name == "openat2" else value & 0xFFFFFFFF)


def _open_mode(c: Context, a: Argument) -> str | None:
    value = _open_word(c, a.name, 1)
    return None if value is None else mode_text(value)


def _resolve(c: Context, a: Argument) -> str | None:
    if c.call is None or c.call.name != "openat2":
        return None
    value = _how(c, a.name, 2)
    return None if value is None else constants.RESOLVE.text(value)


def _created(c: Context, _a: Argument) -> bool | None:
    if c.raw.result < 0:
        return None
    flags = c.value("flags")
    if c.call is not None and c.call.name == "openat2":
        found = c.section(Section.HOW, 2)
        flags = int.from_bytes(found[0][:8], "little") if found else 0
    # O_PATH beats O_TMPFILE, of which FMODE_CREATED says nothing (build_open_how in fs/open.c).
    return bool(c.raw.flags & _CREATED) or (flags or 0) & (O_TMPFILE_BIT | O_PATH) == O_TMPFILE_BIT


def _dirfd_argument(c: Context, a: Argument) -> int | str | None:
    if c.row.id == EXEC:
        return exec_dirfd(c)
    value = c.value(a.name)
    return None if value is None else dirfd(value)


def _at_flags(c: Context, a: Argument) -> str | None:
    if c.row.id == EXEC:
        return exec_flags(c)
    value = c.value(a.name)
    if value is None or c.call is None:
        return None
    return constants.AT_FLAGS.get(c.call.name, constants.AT_OTHERS).text(value)


def _dup_flags(c: Context, a: Argument) -> str | None:
    if c.call is not None and c.call.name == "fcntl":
        return "O_CLOEXEC" if s32(c.raw.args[1]) == 1030 else None
    value = c.value(a.name)
    return None if value is None else constants.DUP.text(value)


def _count(c: Context, a: Argument) -> int | None:
    value = c.value(a.name)
    if value is not None:
        return value
    data = c.data(a.name, Section.VECTORS, 1, 8)
    return None if data is None else U64.unpack_from(data)[0]


def _stat(index: int, bit: int, convert: Callable[[int], Any] = int) -> Decoder:
    def decode(c: Context, a: Argument) -> Any:
        if c.failed or c.call is None:
            return None
        data = c.data(a.name, Section.STAT, c.call.reads[0][1], _STAT.size)
        if data is None:
            return None
        fields = _STAT.unpack_from(data)
        return convert(fields[index]) if fields[0] & bit else None

    return decode


def file_type(mode: int) -> str | None:
    """`regular` and so on of an inode's mode; null where it has none (anonymous inodes)."""
    return constants.FILE_TYPES.get(mode & 0o170000)


def _of_file(get: Callable[[Raw], Any]) -> Decoder:
    def decode(c: Context, _a: Argument) -> Any:
        return get(c.raw) if c.raw.flags & OBJECT else None

    return decode


def _run(c: Context, a: Argument) -> int | None:
    data = c.data(a.name, Section.RUN, NONE_REGISTER, 32) if c.raw.flags & _COALESCED else None
    return None if data is None else U64.unpack_from(data, 8 * _RUN.index(a.name))[0]


def calls_in(raw: Raw) -> int:
    """How many calls a record stands for: 1, or those of a run (Section.RUN stands alone in its payload)."""
    if not raw.flags & _COALESCED or len(raw.payload) < 16:
        return 1
    calls: int = U64.unpack_from(raw.payload, 8)[0]
    return calls


DECODERS: Mapping[Kind, Decoder] = MappingProxyType({
    Kind.DIRFD: _dirfd_argument, Kind.AT_FLAGS: _at_flags, Kind.RESULT_FD: _result_fd, Kind.NEWFD: _newfd, Kind.CREATED: _created,
    Kind.OPEN_FLAGS: _open_flags, Kind.CREATE_FLAGS: _open_flags, Kind.OPEN_MODE: _open_mode, Kind.RESOLVE: _resolve, Kind.DUP_FLAGS: _dup_flags,
    Kind.STAT_MODE: _stat(1, _STATX_MODE, mode_text), Kind.STAT_TYPE: _stat(1, _STATX_TYPE, file_type), Kind.STAT_UID: _stat(2, _STATX_UID, id32),
    Kind.STAT_GID: _stat(3, _STATX_GID, id32), Kind.STAT_INODE: _stat(4, _STATX_INO), Kind.STAT_SIZE: _stat(5, _STATX_SIZE),
    Kind.COUNT: _count, Kind.RUN: _run,
    Kind.FILE_INODE: _of_file(lambda raw: raw.inode), Kind.FILE_UID: _of_file(lambda raw: raw.file_uid),
    Kind.FILE_MODE: _of_file(lambda raw: mode_text(raw.file_mode)), Kind.FILE_TYPE: _of_file(lambda raw: file_type(raw.file_mode)),
})  # fmt: skip
