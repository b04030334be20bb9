"""Arguments that are one register and no more."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from kellect_tui.events import constants
from kellect_tui.events.catalogue import Argument, Kind
from kellect_tui.events.decoders.context import Context, Decoder
from kellect_tui.events.record import Raw

AT_FDCWD = -100
MAP_HUGETLB = 0x40000

Convert = Callable[[int], Any]


def s32(value: int) -> int:
    """The low 32 bits, signed."""
    value &= 0xFFFFFFFF
    return value - (1 << 32) if value >> 31 else value


def s64(value: int) -> int:
    """64 bits, signed."""
    return value - (1 << 64) if value >> 63 else value


def plain(convert: Convert) -> Decoder:
    def decode(c: Context, a: Argument) -> Any:
        value = c.value(a.name)
        return None if value is None else convert(value)

    return decode


def dirfd(value: int) -> int | str:
    number = s32(value)
    return "AT_FDCWD" if number == AT_FDCWD else number


def id32(value: int) -> int:
    number = value & 0xFFFFFFFF
    return -1 if number == 0xFFFFFFFF else number


def mode_text(value: int) -> str:
    return f"0{value & 0o7777:03o}"


def enumerated(values: Mapping[int, str]) -> Convert:
    return lambda value: constants.enumeration(values, s32(value))


def _mmap_flags(value: int) -> str:
    return (constants.MMAP_HUGE if value & MAP_HUGETLB else constants.MMAP).text(value)


def _signal(value: int) -> str:
    return constants.signal_name(s32(value))


def _absent(_c: Context, _a: Argument) -> None:
    return None


def from_record(get: Callable[[Raw], Any]) -> Decoder:
    return lambda c, _a: get(c.raw)


PLAIN: Mapping[Kind, Convert] = MappingProxyType({
    Kind.FD: s32, Kind.INT: s32, Kind.LONG: s64, Kind.SIZE: int, Kind.UINT: lambda value: value & 0xFFFFFFFF, Kind.ID: id32, Kind.ADDRESS: hex,
    Kind.MODE: mode_text, Kind.RENAME_FLAGS: constants.RENAME.text, Kind.CLOSE_RANGE_FLAGS: constants.CLOSE_RANGE.text,
    Kind.PIPE_FLAGS: constants.PIPE.text, Kind.SIGNAL: _signal, Kind.PTRACE_REQUEST: enumerated(constants.PTRACE), Kind.PROT: constants.PROT.text,
    Kind.MMAP_FLAGS: _mmap_flags, Kind.SOCKET_FAMILY: enumerated(constants.FAMILIES), Kind.SOCKET_TYPE: constants.SOCKET_TYPE.text,
    Kind.MESSAGE_FLAGS: constants.MESSAGE.text, Kind.ACCEPT_FLAGS: constants.ACCEPT.text,
})  # fmt: skip
"""Arguments that are one register and no more."""

DECODERS: Mapping[Kind, Decoder] = MappingProxyType({**{kind: plain(convert) for kind, convert in PLAIN.items()}, Kind.ABSENT: _absent})
