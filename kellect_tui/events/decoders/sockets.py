"""Network calls: the peer they were about, the socket's own address, and messages."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from kellect_tui.events import constants
from kellect_tui.events.catalogue import RESULT, Argument, Kind
from kellect_tui.events.decoders.addresses import AF_INET, AF_INET6, AF_NETLINK, AF_UNIX, NO_PEER, TCP_CLOSE, Peer, address_of, sockaddr
from kellect_tui.events.decoders.context import NO_ROOM, TRUNCATED, UNREADABLE, Context, Decoder
from kellect_tui.events.decoders.registers import s32
from kellect_tui.events.record import MESSAGE_INFO, SOCKET_INFO, Section

SOCK_STREAM, SOCK_SEQPACKET = 1, 5
MSG_ERRQUEUE = 0x2000
_EINPROGRESS = 115
_HOLDING = frozenset((AF_UNIX, AF_INET, AF_INET6))  # families whose sockets tell their peer
_STREAMS = frozenset(((AF_UNIX, SOCK_STREAM), (AF_UNIX, SOCK_SEQPACKET), (AF_INET, SOCK_STREAM), (AF_INET6, SOCK_STREAM)))
_MESSAGE = struct.Struct("<QQQiI")
_SOCKET = struct.Struct("<8H16s16s4I")
for _layout, _dtype in ((_MESSAGE, MESSAGE_INFO), (_SOCKET, SOCKET_INFO)):
    if _layout.size != _dtype.itemsize:
        raise AssertionError(f"{_layout.format} is not {_dtype}")

_NOBODY: Peer = (None, None, None)
_ANSWERED = frozenset(("network.accept", "network.receive", "network.getpeername"))
"""The address is the kernel's answer."""


def _socket(c: Context) -> tuple[tuple[Any, ...], bytes] | None:
    """(fields of SOCKET_INFO, the Unix names) of the socket that the call is about; of accept the new one."""
    for register in (RESULT, 0):
        found = c.section(Section.SOCKET, register)
        if found is not None and len(found[0]) >= _SOCKET.size:
            return _SOCKET.unpack_from(found[0]), found[0][_SOCKET.size :]
    return None


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
    return _Address(data, bool(marks & UNREADABLE), bool(marks & TRUNCATED) or in_a_small_room, pointer)


def _held(c: Context) -> tuple[Peer, str] | None:
    """((family, port, address), what to mark) of the peer that the socket itself holds; None where the call goes by an address that it was given.

    Memory of the program may have been rewritten while the call ran; the socket was not. A stream goes by its peer whatever address stands beside
    it (but errors that are asked for name whom they speak of), and connect by what it has made of the address.
    """
    found = _socket(c)
    if found is None or found[0][0] not in _HOLDING:
        return None
    kind, fields, result = c.row.name, found[0], c.raw.result
    if kind in ("network.accept", "network.getpeername") or (kind == "network.connect" and result in (0, -_EINPROGRESS)):
        peer = address_of(*found, peer=True, moved=True)
        if peer[0] is not None:
            return peer, ""
        if kind == "network.connect" and not result and _is_dissolved(fields):
            data = (c.section(Section.SOCKADDR, 1) or (b"", 0))[0]
            return None if data[:2] == b"\0\0" else (_NOBODY, "unreadable")  # the address that dissolves is AF_UNSPEC's: another was written over it
    elif kind in ("network.send", "network.receive") and result >= 0 and (fields[0], fields[1]) in _STREAMS and not (c.value("flags") or 0) & MSG_ERRQUEUE:
        return address_of(*found, peer=True, moved=result > 0), ""
    return None


def _is_dissolved(fields: tuple[Any, ...]) -> bool:
    number, state, peer_port, peer_len = fields[0], fields[3], fields[5], fields[7]
    return peer_len == NO_PEER if number == AF_UNIX else state == TCP_CLOSE and not peer_port


def _peer(c: Context) -> tuple[Peer, str]:
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
        is_gone = address.data is None and bool(c.raw.flags & NO_ROOM)
        return (_NOBODY, "unreadable") if not address.pointer or is_gone else _told(sockaddr(address.data or b""), address)
    if address.data and len(address.data) >= 2 and not (address.cut and c.row.name in _ANSWERED):
        return _told(sockaddr(address.data), address)
    found = _socket(c)
    if found is None and c.raw.flags & NO_ROOM and (c.row.name != "network.getpeername" or address.pointer):
        return _NOBODY, "unreadable"
    peer = address_of(*found, peer=True, moved=c.raw.result > 0) if found is not None else _NOBODY
    return (peer, "") if peer != _NOBODY or (not address.data and not address.cut) else _told(sockaddr(address.data or b""), address)


def _told(peer: Peer, address: _Address) -> tuple[Peer, str]:
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
        value = address_of(*found, peer=False)[index]
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
    if found is None or found[1] & UNREADABLE or len(found[0]) < _MESSAGE.size:
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


DECODERS: Mapping[Kind, Decoder] = MappingProxyType({
    Kind.ADDR_LEN: _addr_len, Kind.PEER_FAMILY: _peer_part(0), Kind.PEER_PORT: _peer_part(1), Kind.PEER_ADDR: _peer_part(2),
    Kind.LOCAL_ADDR: _local_part(2), Kind.LOCAL_PORT: _local_part(1), Kind.PROTOCOL: _protocol, Kind.MESSAGE_LEN: _message_len,
    Kind.MESSAGES: _messages, Kind.MESSAGE_BYTES: _message_bytes,
})  # fmt: skip
