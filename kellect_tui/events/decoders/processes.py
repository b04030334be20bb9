"""Births, ends and signals, and the ids that a call has changed."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from types import MappingProxyType

from kellect_tui.events import constants
from kellect_tui.events.catalogue import Argument, Kind
from kellect_tui.events.decoders.context import Context, Decoder, word
from kellect_tui.events.decoders.registers import from_record, id32, s32, s64
from kellect_tui.events.escaping import text
from kellect_tui.events.record import NONE_REGISTER, OLD_IDS_INFO, TARGET_INFO, Section

_EBADF = 9
_PAIR = struct.Struct("<ii")
_TARGET = struct.Struct("<iI16s")
_OLD_IDS = struct.Struct("<6I")
for _layout, _dtype in ((_TARGET, TARGET_INFO), (_OLD_IDS, OLD_IDS_INFO)):
    if _layout.size != _dtype.itemsize:
        raise AssertionError(f"{_layout.format} is not {_dtype}")

_OLD_PLACES = {"old_ruid": 0, "old_euid": 1, "old_uid": 1, "old_suid": 2, "old_rgid": 3, "old_egid": 4, "old_gid": 4, "old_sgid": 5}
_CLONE_WORDS = {"clone_flags": 0, "child_tidptr": 2, "parent_tidptr": 3, "exit_signal": 4, "newsp": 5, "tls": 7}
"""Places in struct clone_args (include/uapi/linux/sched.h)."""


def _comm_of_words(low: int, high: int) -> bytes:
    return struct.pack("<QQ", low, high).split(b"\0", 1)[0]


def _own_comm(c: Context, _a: Argument) -> str:
    return text(c.raw.comm.split(b"\0", 1)[0])[0]  # its mark is the field's: one for both


def _parent_comm(c: Context, a: Argument) -> str | None:
    return c.write(a.name, c.raw.comm.split(b"\0", 1)[0]) if s32(c.raw.args[2]) == c.raw.pid else None


def _child_comm(c: Context, a: Argument) -> str:
    return c.write(a.name, _comm_of_words(c.raw.args[4], c.raw.args[5]))


def _clone_word(c: Context, name: str) -> int | None:
    if c.call is None or c.call.name != "clone3":
        return c.value(name)
    data = c.data(name, Section.CLONE, 0)
    return None if data is None else word(data, _CLONE_WORDS[name])


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
    if c.call is None or (c.call.name == "pidfd_send_signal" and c.raw.result == -_EBADF):  # whatever it is, it stands for no process
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


def _old_id(c: Context, a: Argument) -> int | None:
    data = c.data(a.name, Section.OLD_IDS, NONE_REGISTER, _OLD_IDS.size)
    return None if data is None else id32(_OLD_IDS.unpack_from(data)[_OLD_PLACES[a.name]])


DECODERS: Mapping[Kind, Decoder] = MappingProxyType({
    Kind.CHILD_PID: from_record(lambda raw: s32(raw.args[0])), Kind.CHILD_TID: from_record(lambda raw: s32(raw.args[1])), Kind.CHILD_COMM: _child_comm,
    Kind.PARENT_PID: from_record(lambda raw: s32(raw.args[2])), Kind.PARENT_COMM: _parent_comm,
    Kind.THREAD: from_record(lambda raw: raw.args[0] != raw.args[1]), Kind.CLONE_FLAGS: _clone_flags, Kind.EXIT_SIGNAL: _exit_signal,
    Kind.CLONE_FIELD: _clone_field, Kind.CALLS_CHILD: _child_of_call, Kind.EXIT_CODE: _exit_code, Kind.EXIT_BY_SIGNAL: _exit_by_signal,
    Kind.CORE_DUMPED: from_record(lambda raw: bool(raw.args[0] & 0x80)), Kind.PRIORITY: from_record(lambda raw: s32(raw.args[1])),
    Kind.OWN_TID: from_record(lambda raw: raw.tid), Kind.OWN_COMM: _own_comm, Kind.GROUP_DEAD: from_record(lambda raw: bool(raw.args[2])),
    Kind.LIFETIME: from_record(lambda raw: s64(raw.args[4]) - s64(raw.args[3])), Kind.PAIR: _pair, Kind.SIGNAL_PID: _signal_pid,
    Kind.TARGET_COMM: _target_comm, Kind.OLD_ID: _old_id,
})  # fmt: skip
