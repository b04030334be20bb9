"""From a record's registers and payload to the arguments of EVENTS.md; one decoder per kind of argument.

Whatever the bytes, a decoder gives a value or null, and says where a value was truncated, unreadable or escaped. It
never raises and never guesses.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import orjson

from kellect_tui.events import constants
from kellect_tui.events.catalogue import BY_ID, EXEC, EXIT, FAMILIES, FORK, MONITOR_LOST, RESULT, Argument, Call, EventType, Kind
from kellect_tui.events.record import (
    MESSAGE_INFO,
    NONE_REGISTER,
    OLD_IDS_INFO,
    SOCKET_INFO,
    STAT_INFO,
    TARGET_INFO,
    Flag,
    Mark,
    Raw,
    Section,
)
from kellect_tui.events.syscalls import names

AF_UNIX, AF_INET, AF_INET6, AF_NETLINK = 1, 2, 10, 16
SOCK_STREAM, SOCK_SEQPACKET = 1, 5
MSG_ERRQUEUE = 0x2000
AT_FDCWD, AT_EMPTY_PATH = -100, 0x1000
_EMPTY_PATH_CALLS = frozenset(("newfstatat", "statx", "linkat", "fchmodat2", "execveat"))  # in other calls' flags the bit means something else
MAP_ANONYMOUS, MAP_HUGETLB = 0x20, 0x40000
O_TMPFILE_BIT = 0o20000000
RESOLVE_IN_ROOT = 0x10
NETLINK_CONNECTED = 1  # net/netlink/af_netlink.c, in sk_state
TCP_CLOSE = 7  # include/net/tcp_states.h; also of a datagram socket that is not connected
NO_PEER = 0xFFFF
_EINPROGRESS = 115
_HOLDING = frozenset((AF_UNIX, AF_INET, AF_INET6))  # families whose sockets tell their peer
_STREAMS = frozenset(((AF_UNIX, SOCK_STREAM), (AF_UNIX, SOCK_SEQPACKET), (AF_INET, SOCK_STREAM), (AF_INET6, SOCK_STREAM)))

# Plain numbers: an operation on an IntFlag costs a microsecond, and this runs for every row on the screen.
_COALESCED = int(Flag.COALESCED)
_OBJECT, _NO_OBJECT, _SCRIPT, _CREATED = int(Flag.OBJECT), int(Flag.NO_OBJECT), int(Flag.SCRIPT), int(Flag.CREATED)
_FD_NAME = int(Flag.FD_NAME)
_NO_ROOM = int(Flag.NO_PAYLOAD | Flag.MORE)
_TRUNCATED, _UNREADABLE = int(Mark.TRUNCATED), int(Mark.UNREADABLE)

_HEAD = struct.Struct("<BBHI")
_U64 = struct.Struct("<Q")
_PAIR = struct.Struct("<ii")
_MESSAGE = struct.Struct("<QQQiI")
_STAT = struct.Struct("<IIIIQq")
_TARGET = struct.Struct("<iI16s")
_OLD_IDS = struct.Struct("<6I")
_SOCKET = struct.Struct("<8H16s16s4I")
for _layout, _dtype in ((_MESSAGE, MESSAGE_INFO), (_STAT, STAT_INFO), (_TARGET, TARGET_INFO), (_OLD_IDS, OLD_IDS_INFO), (_SOCKET, SOCKET_INFO)):
    if _layout.size != _dtype.itemsize:
        raise AssertionError(f"{_layout.format} is not {_dtype}")


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


class Context:
    """One record while it is being decoded.

    Attributes:
        raw: The record. row: its type. call: the call's entry in the row; None for what is no call.
        failed: the call's result is an error (or it was interrupted).
        marks: What to say of each argument, in order.
    """

    __slots__ = ("_sections", "call", "failed", "marks", "raw", "row")

    def __init__(self, raw: Raw, row: EventType, call: Call | None) -> None:
        self.raw = raw
        self.row = row
        self.call = call
        self.failed = -constants.MAX_ERRNO <= raw.result < 0
        self.marks: list[tuple[str, str]] = []
        self._sections: dict[tuple[int, int], tuple[bytes, int]] | None = None

    def mark(self, name: str, what: str) -> None:
        """Say that an argument is `truncated`, `unreadable` or `escaped`."""
        if (name, what) not in self.marks:
            self.marks.append((name, what))

    def unreadable(self, name: str) -> None:
        """Null, and why."""
        self.mark(name, "unreadable")

    def section(self, kind: Section, register: int) -> tuple[bytes, int] | None:
        """(data, marks) of a payload section, None where the record has none such."""
        if self._sections is None:
            self._sections = sections(self.raw.payload)
        return self._sections.get((kind, register))

    def missing(self, name: str) -> None:
        """A section is not there: say so where that is for want of room."""
        if self.raw.flags & _NO_ROOM:
            self.unreadable(name)

    def data(self, name: str, kind: Section, register: int, size: int = 0) -> bytes | None:
        """A section's bytes, at least `size` of them; None, marked, where it could not be read."""
        found = self.section(kind, register)
        if found is None:
            self.missing(name)
            return None
        body, marks = found
        if marks & _UNREADABLE or len(body) < size:
            self.unreadable(name)
            return None
        return body

    def register(self, name: str) -> int | None:
        """Where the call has this argument (0-5), None where it has not."""
        return self.call.at.get(name) if self.call is not None else None

    def value(self, name: str) -> int | None:
        """The register that holds this argument, 64 bit unsigned; None where the call has none."""
        register = self.register(name)
        return None if register is None else self.raw.args[register]

    def write(self, name: str, data: bytes) -> str:
        """Bytes as text, marked where they had to be escaped."""
        value, escaped = text(data)
        if escaped:
            self.mark(name, "escaped")
        return value

    def write_list(self, name: str, parts: list[bytes]) -> list[str]:
        """The same of a list. Its mark speaks of all of it, so where one part is escaped, backslashes are doubled in all."""
        values = [text(part) for part in parts]
        if not any(escaped for _value, escaped in values):
            return [value for value, _escaped in values]
        self.mark(name, "escaped")
        return [value if escaped else value.replace("\\", "\\\\") for value, escaped in values]


def sections(payload: bytes) -> dict[tuple[int, int], tuple[bytes, int]]:
    """(kind, register) → (data, marks). What does not fit its own lengths ends the walk."""
    out: dict[tuple[int, int], tuple[bytes, int]] = {}
    at = 0
    while at + 8 <= len(payload):
        kind, register, marks, length = _HEAD.unpack_from(payload, at)
        end = at + 8 + length
        if end > len(payload):
            break
        out.setdefault((kind, register), (payload[at + 8 : end], marks))
        at = (end + 7) & ~7
    return out


def s32(value: int) -> int:
    """The low 32 bits, signed."""
    value &= 0xFFFFFFFF
    return value - (1 << 32) if value >> 31 else value


def s64(value: int) -> int:
    """64 bits, signed."""
    return value - (1 << 64) if value >> 63 else value


Decoder = Callable[[Context, Argument], Any]
Convert = Callable[[int], Any]


# ---- registers


def _plain(convert: Convert) -> Decoder:
    def decode(c: Context, a: Argument) -> Any:
        value = c.value(a.name)
        return None if value is None else convert(value)

    return decode


def _dirfd(value: int) -> int | str:
    number = s32(value)
    return "AT_FDCWD" if number == AT_FDCWD else number


def _id(value: int) -> int:
    number = value & 0xFFFFFFFF
    return -1 if number == 0xFFFFFFFF else number


def _mode(value: int) -> str:
    return f"0{value & 0o7777:03o}"


def _enumeration(values: Mapping[int, str]) -> Convert:
    return lambda value: constants.enumeration(values, s32(value))


def _absent(_c: Context, _a: Argument) -> None:
    return None


# ---- strings and paths


def _string(c: Context, a: Argument) -> str | None:
    register = c.register(a.name)
    if register is None:
        return None
    data = _name(c, a.name, register)
    return None if data is None else c.write(a.name, data)


def _name(c: Context, name: str, register: int) -> bytes | None:
    found = c.section(Section.STRING, register)
    if found is None or found[1] & _UNREADABLE:
        c.unreadable(name)
        return None
    if found[1] & _TRUNCATED:
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
    if raw.flags & _OBJECT or (call.object is not None and call.base is None):
        return _object(c, a.name)
    return _named(c, a.name, call.base, _first_string(c), raw.path0)


def _path2(c: Context, a: Argument) -> str | None:
    if c.call is None or c.call.base2 is None:
        return None
    register = c.register("newname")
    return _named(c, a.name, c.call.base2, register, c.raw.path1, may_be_empty=False)


def _object(c: Context, name: str) -> str | None:
    raw = c.raw
    if raw.path0 is not None:
        return c.write(name, raw.path0)
    if raw.flags & _OBJECT or (c.call is not None and c.call.early and not raw.flags & _NO_OBJECT):
        c.unreadable(name)  # there was one, and its name did not reach us
    return None


def _first_string(c: Context) -> int | None:
    for name in ("filename", "oldname"):
        register = c.register(name)
        if register is not None:
            return register
    return None


def _named(c: Context, name: str, base_register: int | None, register: int | None, base: bytes | None, *, may_be_empty: bool = True) -> str | None:
    found = c.section(Section.STRING, register) if register is not None else None
    if found is None:
        if register is not None:
            c.missing(name)
        return None
    filename, marks = found
    if marks & _UNREADABLE and not (_takes_null(c) and may_be_empty):
        return None
    if not filename:
        if not (may_be_empty and _takes_empty(c)):
            return None
        path = base
    else:
        path = joined(base, filename.lstrip(b"/") or b"." if _is_in_root(c) else filename)
    if path is None:
        is_cwd = base_register is None or base_register > 5 or s32(c.raw.args[base_register]) == AT_FDCWD
        if c.raw.lost_path or is_cwd:
            c.unreadable(name)  # a working directory there always is: its name did not reach us
        return None
    if marks & _TRUNCATED:
        c.mark(name, "truncated")
    return c.write(name, path)


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
    return found is not None and bool((_word(found[0], 2) or 0) & RESOLVE_IN_ROOT)


# ---- files


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
    return None if data is None else _word(data, index)


def _word(data: bytes, index: int) -> int | None:
    """A 64-bit member of a structure that its caller sizes; None where it was not passed (the call then fails)."""
    return _U64.unpack_from(data, index * 8)[0] if len(data) >= index * 8 + 8 else None


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
    return None if value is None else _mode(value)


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
    return bool(c.raw.flags & _CREATED) or bool((flags or 0) & O_TMPFILE_BIT)


def _at_flags(c: Context, a: Argument) -> str | None:
    if c.row.id == EXEC:
        return _exec_flags(c)
    value = c.value(a.name)
    if value is None or c.call is None:
        return None
    return constants.AT_FLAGS.get(c.call.name, constants.AT_OTHERS).text(value)


def _mmap_flags(value: int) -> str:
    return (constants.MMAP_HUGE if value & MAP_HUGETLB else constants.MMAP).text(value)


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
    return None if data is None else _U64.unpack_from(data)[0]


_STATX_TYPE, _STATX_MODE, _STATX_UID, _STATX_GID, _STATX_INO, _STATX_SIZE = 1, 2, 8, 0x10, 0x100, 0x200  # include/uapi/linux/stat.h


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
        return get(c.raw) if c.raw.flags & _OBJECT else None

    return decode


_RUN = ("calls", "bytes", "total_ns", "span_ns")


def _run(c: Context, a: Argument) -> int | None:
    data = c.data(a.name, Section.RUN, NONE_REGISTER, 32) if c.raw.flags & _COALESCED else None
    return None if data is None else _U64.unpack_from(data, 8 * _RUN.index(a.name))[0]


def calls_in(raw: Raw) -> int:
    """How many calls a record stands for: 1, or those of a run (Section.RUN stands alone in its payload)."""
    if not raw.flags & _COALESCED or len(raw.payload) < 16:
        return 1
    calls: int = _U64.unpack_from(raw.payload, 8)[0]
    return calls


# ---- processes


def _comm_of_words(low: int, high: int) -> bytes:
    return struct.pack("<QQ", low, high).split(b"\0", 1)[0]


def _own_comm(c: Context, _a: Argument) -> str:
    return text(c.raw.comm.split(b"\0", 1)[0])[0]  # its mark is the field's: one for both


def _parent_comm(c: Context, a: Argument) -> str | None:
    return c.write(a.name, c.raw.comm.split(b"\0", 1)[0]) if s32(c.raw.args[2]) == c.raw.pid else None


def _child_comm(c: Context, a: Argument) -> str:
    return c.write(a.name, _comm_of_words(c.raw.args[4], c.raw.args[5]))


def _is_success(c: Context) -> bool:
    return c.raw.result >= 0


def _exec_name(c: Context, name: str) -> bytes | None:
    """The filename as passed. The kernel puts `/dev/fd/N/` before execveat's relative names, `/dev/fd/N` for an empty one."""
    if not _is_success(c):
        register = c.register("filename")
        return _name(c, name, register) if register is not None else None
    data = _name(c, name, 0)
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
        return _named(c, a.name, c.call.base if c.call else None, c.register("filename"), raw.path0)
    if not raw.flags & _SCRIPT:
        return _object(c, a.name)
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
        return None if found[1] & _UNREADABLE else found[0]
    return c.raw.path1


def _interpreter(c: Context, a: Argument) -> str | None:
    return _object(c, a.name) if _is_success(c) and c.raw.flags & _SCRIPT else None


def _old_pid(c: Context, _a: Argument) -> int:
    return s32(c.raw.args[0]) if _is_success(c) else c.raw.tid


def _exec_dirfd(c: Context) -> int | str | None:
    if c.call is None or c.call.name != "execveat":
        return None
    return _dirfd(c.raw.args[1] if _is_success(c) else c.raw.args[0])


def _exec_flags(c: Context) -> str | None:
    if c.call is None or c.call.name != "execveat":
        return None
    return constants.AT_FLAGS["execveat"].text(c.raw.args[2] if _is_success(c) else c.raw.args[4])


def _dirfd_argument(c: Context, a: Argument) -> int | str | None:
    if c.row.id == EXEC:
        return _exec_dirfd(c)
    value = c.value(a.name)
    return None if value is None else _dirfd(value)


def _argv(c: Context, a: Argument) -> list[str] | None:
    register = 1 if _is_success(c) or c.call is None else c.call.at["argv"]
    found = c.section(Section.ARGV, register)
    if found is None:
        c.unreadable(a.name)
        return None
    data, marks = found
    if marks & _UNREADABLE:
        c.unreadable(a.name)
        if not data:
            return None
    if marks & _TRUNCATED:
        c.mark(a.name, "truncated")
    return c.write_list(a.name, data.removesuffix(b"\0").split(b"\0")) if data else []


def _cwd(c: Context, a: Argument) -> str | None:
    if c.raw.path1 is None:
        c.unreadable(a.name)
        return None
    return c.write(a.name, c.raw.path1)


_CLONE_WORDS = {"clone_flags": 0, "child_tidptr": 2, "parent_tidptr": 3, "exit_signal": 4, "newsp": 5, "tls": 7}
"""Places in struct clone_args (include/uapi/linux/sched.h)."""


def _clone_word(c: Context, name: str) -> int | None:
    if c.call is None or c.call.name != "clone3":
        return c.value(name)
    data = c.data(name, Section.CLONE, 0)
    return None if data is None else _word(data, _CLONE_WORDS[name])


def _clone_flags(c: Context, a: Argument) -> str | None:
    value = _clone_word(c, a.name)
    if value is None:
        return None
    return constants.CLONE.text(value) if c.call is not None and c.call.name == "clone3" else constants.CLONE_CALL.text(value & ~0xFF)


def _exit_signal(c: Context, a: Argument) -> str | None:
    if c.call is not None and c.call.name == "clone":
        return constants.signal_name(c.raw.args[0] & 0xFF)
    value = _clone_word(c, a.name)
    return None if value is None else constants.signal_name(value)


def _clone_field(c: Context, a: Argument) -> str | None:
    value = _clone_word(c, a.name)
    return None if value is None else hex(value)


def _child_of_call(c: Context, a: Argument) -> int | None:
    """The new task's number in the initial pid namespace; the result is that of the caller's."""
    if c.raw.result <= 0:
        return None
    data = c.data(a.name, Section.CHILD, NONE_REGISTER, 4)
    return None if data is None else int.from_bytes(data[:4], "little")


def _exit_code(c: Context, _a: Argument) -> int | None:
    word = c.raw.args[0]
    return None if word & 0x7F else word >> 8 & 0xFF


def _exit_by_signal(c: Context, _a: Argument) -> str | None:
    number = c.raw.args[0] & 0x7F
    return constants.signal_name(number) if number else None


def _pair(c: Context, a: Argument) -> list[int] | None:
    if c.raw.result < 0 or c.call is None:
        return None
    data = c.data(a.name, Section.INTS, c.call.at[a.name], 8)
    return None if data is None else list(_PAIR.unpack_from(data))


def _target(c: Context, name: str) -> tuple[int, int, bytes] | None:
    if c.call is None:
        return None
    data = c.data(name, Section.TARGET, c.call.reads[0][1], _TARGET.size)
    return None if data is None else _TARGET.unpack_from(data)


def _signal_pid(c: Context, a: Argument) -> int | None:
    value = c.value(a.name)
    if value is not None:
        return s32(value)
    target = _target(c, a.name)
    return target[0] if target is not None and target[0] else None


def _target_comm(c: Context, a: Argument) -> str | None:
    target = _target(c, a.name)
    return c.write(a.name, target[2].split(b"\0", 1)[0]) if target is not None and target[1] else None


# ---- sockets


def _socket(c: Context) -> tuple[tuple[Any, ...], bytes] | None:
    """(fields of SOCKET_INFO, the Unix names) of the socket that the call is about; of accept the new one."""
    for register in (RESULT, 0):
        found = c.section(Section.SOCKET, register)
        if found is not None and len(found[0]) >= _SOCKET.size:
            return _SOCKET.unpack_from(found[0]), found[0][_SOCKET.size :]
    return None


def unix_text(path: bytes) -> bytes:
    """A Unix socket's name from its sun_path: a path, `@` and an abstract name, empty for an unnamed one."""
    if not path:
        return b""
    if path[0] == 0:
        return b"@" + path[1:]
    name = path.split(b"\0", 1)[0]
    return b"./" + name if name.startswith(b"@") else name


@lru_cache(4096)
def _ip(packed: bytes, scope: int) -> str:
    """As the C library writes it: a mapped IPv4 address keeps its dots (`::ffff:127.0.0.1`), which `ipaddress` does from Python 3.13 on only."""
    address = socket.inet_ntop(socket.AF_INET if len(packed) == 4 else socket.AF_INET6, packed)
    return f"{address}%{scope}" if scope else address


def sockaddr(data: bytes) -> tuple[str | None, int | None, bytes | str | None]:
    """(family, port, address) of a struct sockaddr; the address of AF_UNIX as bytes. Null is what it is too short for."""
    if len(data) < 2:
        return None, None, None
    number = int.from_bytes(data[:2], "little")
    family = constants.enumeration(constants.FAMILIES, number)
    if number == AF_UNIX:
        return family, None, unix_text(data[2:])
    if number == AF_INET:
        return family, _port(data), _ip(data[4:8], 0) if len(data) >= 8 else None
    if number == AF_INET6:
        scope = int.from_bytes(data[24:28], "little")
        return family, _port(data), _ip(data[8:24], scope) if len(data) >= 24 else None
    return family, None, data[2:].hex()


def _port(data: bytes) -> int | None:
    return int.from_bytes(data[2:4], "big") if len(data) >= 4 else None


def _is_link_local(address: bytes) -> bool:
    return (address[0] == 0xFE and address[1] & 0xC0 == 0x80) or (address[0] == 0xFF and address[1] & 0x0F in (1, 2))


def _of_socket(fields: tuple[Any, ...], unix: bytes, *, peer: bool, moved: bool = False) -> tuple[str | None, int | None, bytes | str | None]:
    """(family, port, address) of the socket's own or its peer's name; all null where it has no peer.

    `moved`: the call moved bytes, so a socket that is closed by now had its peer (a reset may come before the call ends).
    """
    number, _type, _protocol, state, local_port, peer_port, local_len, peer_len, local, remote, scope, nl_own, nl_peer, _pad = fields
    family = constants.enumeration(constants.FAMILIES, number)
    if number in (AF_INET, AF_INET6):
        address = remote if peer else local
        # Port 0 is a peer's too: a raw socket's, and one that was connected to it. A closed socket may still hold an address, but no port.
        if peer and (not (moved and peer_port) if state == TCP_CLOSE else not (peer_port or any(address))):
            return None, None, None
        text = _ip(address[:4], 0) if number == AF_INET else _ip(address, scope if _is_link_local(address) else 0)
        return family, peer_port if peer else local_port, text
    if number == AF_UNIX:
        if peer and peer_len == NO_PEER:
            return None, None, None
        return family, None, unix_text(unix[local_len : local_len + peer_len] if peer else unix[:local_len])
    if number == AF_NETLINK:
        if peer and state != NETLINK_CONNECTED:  # port 0 is the kernel's, so it does not tell
            return None, None, None
        groups = _netlink_mask(int.from_bytes(remote[:4], "little")) if peer else int.from_bytes(local[:4], "little")
        return family, None, struct.pack("<HII", 0, nl_peer if peer else nl_own, groups).hex()
    return (None, None, None) if peer else (family, None, None)


def _netlink_mask(group: int) -> int:
    """A netlink group's number as the bit of sockaddr_nl.nl_groups (net/netlink/af_netlink.c: netlink_group_mask)."""
    return 1 << (group - 1) if 0 < group <= 32 else 0


def _is_told(family: int) -> bool:
    """Whether the program reads the addresses that a socket of this family has."""
    return family in (AF_UNIX, AF_INET, AF_INET6, AF_NETLINK)


@dataclass(frozen=True, slots=True)
class _Address:
    """The address of a network call as it stands in the record.

    Attributes:
        data: Its bytes, None where there are none. unreadable, cut: they could not be read; there are more of them.
        pointer: Whether the call has a pointer to one.
    """

    data: bytes | None
    unreadable: bool
    cut: bool
    pointer: bool


def _passed(c: Context) -> _Address:
    call = c.call
    if call is None:
        return _Address(None, False, False, False)
    register = call.at.get("addr", 1)
    if "addr" in call.at:
        pointer = bool(c.raw.args[register])
        returned = c.section(Section.ADDRLEN, call.reads[0][1])
        length = int.from_bytes(returned[0][:4], "little", signed=True) if returned is not None else 0
    else:
        message = _message(c, "")
        pointer = message is not None and bool(message[2])
        length = message[3] if message is not None else 0
    found = c.section(Section.SOCKADDR, register)
    if found is None:
        return _Address(None, False, False, pointer)
    data, marks = found
    # What the kernel wrote is as long as the room that it was given; the length that it returns is the address's.
    in_a_small_room = c.row.name in _ANSWERED and length > len(data)
    return _Address(data, bool(marks & _UNREADABLE), bool(marks & _TRUNCATED) or in_a_small_room, pointer)


_Peer = tuple[str | None, int | None, bytes | str | None]
_NOBODY: _Peer = (None, None, None)
_ANSWERED = frozenset(("network.accept", "network.receive", "network.getpeername"))
"""The address is the kernel's answer."""


def _held(c: Context) -> tuple[_Peer, str] | None:
    """((family, port, address), what to mark) of the peer that the socket itself holds; None where the call goes by an address that it was given.

    Memory of the program may have been rewritten while the call ran; the socket was not. A stream goes by its peer whatever address stands beside
    it (but errors that are asked for name whom they speak of), and connect by what it has made of the address.
    """
    found = _socket(c)
    if found is None or found[0][0] not in _HOLDING:
        return None
    kind, fields, result = c.row.name, found[0], c.raw.result
    if kind in ("network.accept", "network.getpeername") or (kind == "network.connect" and result in (0, -_EINPROGRESS)):
        peer = _of_socket(*found, peer=True, moved=True)
        if peer[0] is not None:
            return peer, ""
        if kind == "network.connect" and not result and _is_dissolved(fields):
            data = (c.section(Section.SOCKADDR, 1) or (b"", 0))[0]
            return None if data[:2] == b"\0\0" else (_NOBODY, "unreadable")  # the address that dissolves is AF_UNSPEC's: another was written over it
    elif kind in ("network.send", "network.receive") and result >= 0 and (fields[0], fields[1]) in _STREAMS and not (c.value("flags") or 0) & MSG_ERRQUEUE:
        return _of_socket(*found, peer=True, moved=result > 0), ""
    return None


def _is_dissolved(fields: tuple[Any, ...]) -> bool:
    number, state, peer_port, peer_len = fields[0], fields[3], fields[5], fields[7]
    return peer_len == NO_PEER if number == AF_UNIX else state == TCP_CLOSE and not peer_port


def _peer(c: Context) -> tuple[_Peer, str]:
    """((family, port, address), what to mark) of the peer that the call is about: the mark is `unreadable`, `truncated` or empty."""
    if c.row.name in _ANSWERED and c.raw.result < 0:
        return _NOBODY, ""
    held = _held(c)
    if held is not None:
        return held
    address = _passed(c)
    if address.unreadable:
        return _NOBODY, "unreadable"
    if c.row.name in ("network.connect", "network.bind"):
        is_gone = address.data is None and bool(c.raw.flags & _NO_ROOM)
        return (_NOBODY, "unreadable") if not address.pointer or is_gone else _told(sockaddr(address.data or b""), address)
    if address.data and len(address.data) >= 2 and not (address.cut and c.row.name in _ANSWERED):
        return _told(sockaddr(address.data), address)
    found = _socket(c)
    if found is None and c.raw.flags & _NO_ROOM and (c.row.name != "network.getpeername" or address.pointer):
        return _NOBODY, "unreadable"
    peer = _of_socket(*found, peer=True, moved=c.raw.result > 0) if found is not None else _NOBODY
    return (peer, "") if peer != _NOBODY or (not address.data and not address.cut) else _told(sockaddr(address.data or b""), address)


def _told(peer: _Peer, address: _Address) -> tuple[_Peer, str]:
    """A peer, marked where its text would show more if there were more of its bytes."""
    data = address.data or b""
    whole = peer[2] is not None and (peer[0] in ("AF_INET", "AF_INET6") or (peer[0] == "AF_UNIX" and data[2:3] != b"\0" and b"\0" in data[2:]))
    return peer, "truncated" if address.cut and not whole else ""


def _peer_part(index: int) -> Decoder:
    def decode(c: Context, a: Argument) -> Any:
        peer, mark = _peer(c)
        if mark == "unreadable" or (mark and index == 2):
            c.mark(a.name, mark)
        value = peer[index]
        return c.write(a.name, value) if isinstance(value, bytes) else value

    return decode


def _local_part(index: int) -> Decoder:
    def decode(c: Context, a: Argument) -> Any:
        found = _socket(c)
        if found is None:
            c.missing(a.name)
            return None
        if not _is_told(found[0][0]):
            if index == 2:
                c.unreadable(a.name)
            return None
        value = _of_socket(*found, peer=False)[index]
        return c.write(a.name, value) if isinstance(value, bytes) else value

    return decode


def _protocol(c: Context, a: Argument) -> str | None:
    found = _socket(c)
    if found is None:
        c.missing(a.name)
        return None
    return constants.enumeration(constants.PROTOCOLS, found[0][2]) if found[0][0] in (AF_INET, AF_INET6) else None


def _message(c: Context, name: str) -> tuple[int, int, int, int, int] | None:
    found = c.section(Section.MESSAGE, 1)
    if found is None or found[1] & _UNREADABLE or len(found[0]) < _MESSAGE.size:
        if name:
            if found is None:
                c.missing(name)
            else:
                c.unreadable(name)
        return None
    return _MESSAGE.unpack_from(found[0])


def _addr_len(c: Context, a: Argument) -> int | None:
    call = c.call
    if call is None:
        return None
    if "addr_len" in call.at:
        return s32(c.raw.args[call.at["addr_len"]]) if c.raw.args[call.at["addr"]] else None
    if c.row.name != "network.send" and c.raw.result < 0:
        return None
    if "addr" in call.at:
        if not c.raw.args[call.at["addr"]]:
            return None
        data = c.data(a.name, Section.ADDRLEN, call.reads[0][1], 4)
        return None if data is None else int.from_bytes(data[:4], "little", signed=True)
    message = _message(c, a.name)
    return message[3] if message is not None and message[2] else None


def _message_len(c: Context, a: Argument) -> int | None:
    value = c.value(a.name)
    if value is not None:
        return value
    message = _message(c, a.name)
    if message is not None and message[4] & 1:
        c.unreadable(a.name)
        return None
    return None if message is None else message[0]


def _is_many(c: Context) -> bool:
    return c.call is not None and c.call.name.endswith("mmsg")


def _messages(c: Context, _a: Argument) -> int | None:
    return c.raw.result if _is_many(c) and c.raw.result >= 0 else None


def _message_bytes(c: Context, a: Argument) -> int | None:
    if c.raw.result < 0:
        return None
    if not _is_many(c):
        return c.raw.result
    message = _message(c, a.name)
    if message is not None and message[4] & 2:
        c.unreadable(a.name)
        return None
    return None if message is None else message[1]


# ---- users

_OLD_PLACES = {"old_ruid": 0, "old_euid": 1, "old_uid": 1, "old_suid": 2, "old_rgid": 3, "old_egid": 4, "old_gid": 4, "old_sgid": 5}


def _old_id(c: Context, a: Argument) -> int | None:
    data = c.data(a.name, Section.OLD_IDS, NONE_REGISTER, _OLD_IDS.size)
    return None if data is None else _id(_OLD_IDS.unpack_from(data)[_OLD_PLACES[a.name]])


def _signal(value: int) -> str:
    return constants.signal_name(s32(value))


def _from_args(get: Callable[[Raw], Any]) -> Decoder:
    return lambda c, _a: get(c.raw)


PLAIN: Mapping[Kind, Convert] = MappingProxyType({
    Kind.FD: s32, Kind.INT: s32, Kind.LONG: s64, Kind.SIZE: int, Kind.UINT: lambda value: value & 0xFFFFFFFF, Kind.ID: _id, Kind.ADDRESS: hex,
    Kind.MODE: _mode, Kind.RENAME_FLAGS: constants.RENAME.text, Kind.CLOSE_RANGE_FLAGS: constants.CLOSE_RANGE.text,
    Kind.PIPE_FLAGS: constants.PIPE.text, Kind.SIGNAL: _signal, Kind.PTRACE_REQUEST: _enumeration(constants.PTRACE), Kind.PROT: constants.PROT.text,
    Kind.MMAP_FLAGS: _mmap_flags, Kind.SOCKET_FAMILY: _enumeration(constants.FAMILIES), Kind.SOCKET_TYPE: constants.SOCKET_TYPE.text,
    Kind.MESSAGE_FLAGS: constants.MESSAGE.text, Kind.ACCEPT_FLAGS: constants.ACCEPT.text,
})  # fmt: skip
"""Arguments that are one register and no more."""

DECODERS: Mapping[Kind, Decoder] = MappingProxyType({
    **{kind: _plain(convert) for kind, convert in PLAIN.items()},
    Kind.ABSENT: _absent, Kind.DIRFD: _dirfd_argument,
    Kind.STRING: _string,
    Kind.PATH: _path, Kind.PATH2: _path2, Kind.RESULT_FD: _result_fd, Kind.NEWFD: _newfd, Kind.CREATED: _created,
    Kind.OPEN_FLAGS: _open_flags, Kind.CREATE_FLAGS: _open_flags, Kind.OPEN_MODE: _open_mode, Kind.RESOLVE: _resolve, Kind.AT_FLAGS: _at_flags,
    Kind.DUP_FLAGS: _dup_flags,
    Kind.STAT_MODE: _stat(1, _STATX_MODE, _mode), Kind.STAT_TYPE: _stat(1, _STATX_TYPE, file_type), Kind.STAT_UID: _stat(2, _STATX_UID, _id),
    Kind.STAT_GID: _stat(3, _STATX_GID, _id), Kind.STAT_INODE: _stat(4, _STATX_INO), Kind.STAT_SIZE: _stat(5, _STATX_SIZE), Kind.COUNT: _count, Kind.RUN: _run,
    Kind.FILE_INODE: _of_file(lambda raw: raw.inode), Kind.FILE_UID: _of_file(lambda raw: raw.file_uid), Kind.FILE_MODE: _of_file(lambda raw: _mode(raw.file_mode)),
    Kind.FILE_TYPE: _of_file(lambda raw: file_type(raw.file_mode)), Kind.CHILD_PID: _from_args(lambda raw: s32(raw.args[0])),
    Kind.CHILD_TID: _from_args(lambda raw: s32(raw.args[1])), Kind.CHILD_COMM: _child_comm, Kind.PARENT_PID: _from_args(lambda raw: s32(raw.args[2])),
    Kind.PARENT_COMM: _parent_comm, Kind.THREAD: _from_args(lambda raw: raw.args[0] != raw.args[1]), Kind.EXEC_FILENAME: _exec_filename, Kind.EXEC_PATH: _exec_path,
    Kind.INTERPRETER: _interpreter, Kind.OLD_PID: _old_pid, Kind.ARGV: _argv, Kind.CWD: _cwd, Kind.CLONE_FLAGS: _clone_flags, Kind.EXIT_SIGNAL: _exit_signal,
    Kind.CLONE_FIELD: _clone_field, Kind.CALLS_CHILD: _child_of_call, Kind.EXIT_CODE: _exit_code, Kind.EXIT_BY_SIGNAL: _exit_by_signal,
    Kind.CORE_DUMPED: _from_args(lambda raw: bool(raw.args[0] & 0x80)), Kind.PRIORITY: _from_args(lambda raw: s32(raw.args[1])), Kind.OWN_TID: _from_args(lambda raw: raw.tid),
    Kind.OWN_COMM: _own_comm, Kind.GROUP_DEAD: _from_args(lambda raw: bool(raw.args[2])), Kind.LIFETIME: _from_args(lambda raw: s64(raw.args[4]) - s64(raw.args[3])),
    Kind.PAIR: _pair, Kind.SIGNAL_PID: _signal_pid, Kind.TARGET_COMM: _target_comm,
    Kind.ADDR_LEN: _addr_len, Kind.PEER_FAMILY: _peer_part(0),
    Kind.PEER_PORT: _peer_part(1), Kind.PEER_ADDR: _peer_part(2), Kind.LOCAL_ADDR: _local_part(2), Kind.LOCAL_PORT: _local_part(1), Kind.PROTOCOL: _protocol,
    Kind.MESSAGE_LEN: _message_len, Kind.MESSAGES: _messages, Kind.MESSAGE_BYTES: _message_bytes,
    Kind.OLD_ID: _old_id,
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Plan:
    """How the events of one type and call are decoded.

    Attributes:
        nulls: Every argument, null. plain: (name, conversion, register) of those that are a register; steps: what needs more.
    """

    row: EventType
    call: Call | None
    nulls: dict[str, Any]
    plain: tuple[tuple[str, Convert, int], ...]
    steps: tuple[tuple[str, Decoder, Argument], ...]


@lru_cache(1024)
def _plan(event: int, syscall: int, machine: str | None) -> _Plan | None:
    row = BY_ID.get(event)
    if row is None:
        return None
    call = row.by_name.get(names(machine).get(syscall, "")) if event not in (FORK, EXIT) else None
    plain: list[tuple[str, Convert, int]] = []
    steps: list[tuple[str, Decoder, Argument]] = []
    for argument in row.arguments:
        convert = _conversion(row, call, argument.kind)
        if convert is None:
            steps.append((argument.name, DECODERS[argument.kind], argument))
        elif call is not None and argument.name in call.at:
            plain.append((argument.name, convert, call.at[argument.name]))
    return _Plan(row, call, dict.fromkeys(argument.name for argument in row.arguments), tuple(plain), tuple(steps))


def _conversion(row: EventType, call: Call | None, kind: Kind) -> Convert | None:
    """What makes the argument of its register alone; None where it is more than that. (exec's registers depend on its result.)"""
    if row.id != EXEC and kind is Kind.DIRFD:
        return _dirfd
    if row.id != EXEC and kind is Kind.AT_FLAGS and call is not None:
        return constants.AT_FLAGS.get(call.name, constants.AT_OTHERS).text
    return PLAIN.get(kind)


def decode(raw: Raw, machine: str | None = None) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The arguments of a record, in the row's order, every one present; and its marks, `NAME:what`."""
    plan = _plan(raw.event, raw.syscall, machine)
    if plan is None:
        return {}, ()
    if plan.row.family == "monitor":
        return monitor(raw), ()
    values = plan.nulls.copy()
    for name, convert, register in plan.plain:
        values[name] = convert(raw.args[register])
    context = Context(raw, plan.row, plan.call)
    for name, decoder, argument in plan.steps:
        values[name] = decoder(context, argument)
    return values, tuple([f"{name}:{what}" for name, what in context.marks]) if context.marks else ()


def monitor(raw: Raw) -> dict[str, Any]:
    """The arguments of one of the monitor's own rows: of a loss from its registers, else from its JSON."""
    if raw.event == MONITOR_LOST:
        count, family, cpu, start, end, _unused = raw.args
        name = FAMILIES[family] if family < len(FAMILIES) else str(family)
        return {"count": count, "family": name, "cpu": cpu, "from": start // 1000, "to": end // 1000}
    try:
        document = orjson.loads(raw.payload)
    except orjson.JSONDecodeError:
        document = None
    names_ = [argument.name for argument in BY_ID[raw.event].arguments]
    return {name: document.get(name) for name in names_} if isinstance(document, dict) else dict.fromkeys(names_)
