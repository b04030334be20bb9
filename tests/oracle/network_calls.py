"""network.*: what the contract says of each call."""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable
from typing import Any

from tests.oracle.file_calls import vectors_sum
from tests.oracle.row import Row, first_list, number
from tests.oracle.syntax import Changed, Function, Quoted, Tagged
from tests.oracle.text import word

_WITHOUT_PROTOCOL = ("UNIX", "UNIX-STREAM", "UNIX-DGRAM", "UNIX-SEQPACKET", "NETLINK")
_PROTOCOLS = {"TCP": "IPPROTO_TCP", "TCPv6": "IPPROTO_TCP", "UDP": "IPPROTO_UDP", "UDPv6": "IPPROTO_UDP"}
_NOTHING: dict[str, Any] = {"family": None, "addr": None, "port": None}


def _scope(value: Any) -> int:
    return socket.if_nametoindex(value.values[0].data.decode()) if isinstance(value, Function) else int(value)


def _unix(value: Quoted | None) -> bytes:
    """The path as the contract writes it."""
    if value is None:
        return b""
    if value.abstract:
        return b"@" + value.data
    return b"./" + value.data if value.data.startswith(b"@") else value.data


def _address(row: Row, value: Any) -> None:
    """The address strace shows, as family, addr and port. What it does not take apart is not compared."""
    if value is None:
        row.put(**_NOTHING)
        return
    if not isinstance(value, dict) or not value:
        return
    family = str(value["sa_family"])
    if family == "AF_INET" and "sin_addr" in value:
        row.put(family=family, addr=value["sin_addr"].values[0].data.decode(), port=value["sin_port"].values[0])
    elif family == "AF_INET6" and "inet_pton" in value:
        text = value["inet_pton"][1].data.decode()
        scope = _scope(value.get("sin6_scope_id", 0))
        row.put(family=family, addr=f"{text}%{scope}" if scope else text, port=value["sin6_port"].values[0])
    elif family == "AF_UNIX":
        row.put(family=family, port=None).bytes_("addr", _unix(value.get("sun_path")))
    elif family == "AF_NETLINK" and "nl_pid" in value:
        pid = value["nl_pid"]
        groups = value["nl_groups"]
        bits = int(word(groups).removeprefix("0x") or "0", 16)
        row.put(family=family, addr=struct.pack("<HII", 0, number(pid), bits).hex(), port=None)


def _ends(value: Any) -> tuple[tuple[str, int] | None, tuple[str, int] | None] | None:
    """(local, peer) of an inet socket as strace describes it; None where it does not."""
    if not isinstance(value, Tagged) or value.kind != "socket" or value.detail not in _PROTOCOLS:
        return None
    local, _, peer = value.tag.decode().partition("->")

    def split(text: str) -> tuple[str, int] | None:
        host, _, port = text.rpartition(":")
        return (host.strip("[]"), int(port)) if host else None

    return split(local), split(peer)


def _protocol(row: Row, value: Tagged) -> None:
    """Of raw sockets and such strace tells the family in its place."""
    if value.detail in _PROTOCOLS or value.detail in _WITHOUT_PROTOCOL:
        row.put(protocol=_PROTOCOLS.get(value.detail))


def _local(row: Row, value: Any) -> None:
    """The socket's own end and protocol."""
    if isinstance(value, Tagged) and value.kind == "socket":
        _protocol(row, value)
        ends = _ends(value)
        if ends is not None and ends[0] is not None:
            row.put(local_addr=ends[0][0], local_port=ends[0][1])


def _named(row: Row) -> Row:
    fd, address, length = row.call.values
    row.fd("fd", fd).put(addr_len=_length(length))
    _address(row, address)
    if isinstance(fd, Tagged) and fd.kind == "socket":
        _protocol(row, fd)
    return row


def _connect(row: Row) -> tuple[str, Row]:
    ends = _ends(row.step.later)
    if not row.call.error and ends is not None and ends[0] is not None and ends[1] is not None:
        row.put(local_addr=ends[0][0], local_port=ends[0][1])
    return "network.connect", _named(row)


def _bind(row: Row) -> tuple[str, Row]:
    return "network.bind", _named(row)


def _length(value: int) -> int:
    """An address's length, as the signed number that the kernel takes it for."""
    return value - (1 << 32) if value >= 1 << 31 else value


def _returned_length(value: Any) -> int | None:
    """Of `[16]` and `[28 => 16]`."""
    if not isinstance(value, list) or not value:
        return None
    one = value[0]
    return int(one.after if isinstance(one, Changed) else one)


def _cut(size: Any) -> bool:
    """Whether the room that the program gave was too small for the address."""
    return isinstance(size, list) and bool(size) and isinstance(size[0], Changed) and size[0].after > size[0].before


def _accept(row: Row) -> tuple[str, Row]:
    fd, address, length = row.call.values[:3]
    done = (row.call.result_number if row.call.result_number is not None else -1) >= 0
    row.fd("fd", fd).put(newfd=row.call.result_number if done else None)
    if not done:
        return "network.accept", row.put(addr_len=None, local_addr=None, local_port=None, protocol=None, **_NOTHING)
    row.put(addr_len=_returned_length(length))
    _local(row, row.call.result)
    ends = _ends(row.call.result)
    if isinstance(address, dict):
        _address(row, address)
    elif ends is not None and ends[1] is not None:
        row.put(addr=ends[1][0], port=ends[1][1])
    if len(row.call.values) > 3:
        row.flags("flags", row.call.values[3])
    else:
        row.put(flags=None)
    return "network.accept", row


def _getpeername(row: Row) -> tuple[str, Row]:
    fd, address, length = row.call.values
    row.fd("fd", fd)
    if row.call.error:
        return "network.getpeername", row.put(addr_len=None, **_NOTHING)
    _address(row, address)
    return "network.getpeername", row.put(addr_len=_returned_length(length))


def _peer_of_socket(row: Row, fd: Any) -> None:
    ends = _ends(fd)
    if ends is not None and ends[1] is not None:
        row.put(family="AF_INET6" if fd.detail.endswith("v6") else "AF_INET", addr=ends[1][0], port=ends[1][1])


def _moved(row: Row) -> int | None:
    return row.call.result_number if not row.call.error else None


def _sendto(row: Row) -> tuple[str, Row]:
    fd, _data, length, flags, address, size = row.call.values
    row.fd("fd", fd).put(len=length, messages=None, bytes=_moved(row), addr_len=None if address is None else _length(size)).flags("flags", flags)
    if address is None:
        _peer_of_socket(row, fd)
    else:
        _address(row, address)
    _local(row, fd)
    return "network.send", row


def _recvfrom(row: Row) -> tuple[str, Row]:
    fd, _data, length, flags, address, size = row.call.values
    row.fd("fd", fd).put(len=length, messages=None, bytes=_moved(row)).flags("flags", flags)
    _local(row, fd)
    if row.call.error:
        return "network.receive", row.put(addr_len=None, **_NOTHING)
    row.put(addr_len=_returned_length(size))
    if not isinstance(address, dict):
        _peer_of_socket(row, fd)
    elif not _cut(size):
        _address(row, address)
    return "network.receive", row


def _message(kind: str) -> Callable[[Row], tuple[str, Row]]:
    def expect(row: Row) -> tuple[str, Row]:
        fd, header, flags = row.call.values[:3]
        row.fd("fd", fd).put(messages=None, bytes=_moved(row)).flags("flags", flags)
        _local(row, fd)
        header = first_list(header)
        if isinstance(header, dict):
            _header(row, kind, header)
            total = vectors_sum(header.get("msg_iov"))
            if total is not None:
                row.put(len=total)
        return kind, row

    return expect


def _header(row: Row, kind: str, header: dict[str, Any]) -> None:
    name, size = header.get("msg_name"), header.get("msg_namelen")
    if row.call.error and kind == "network.receive":
        row.put(addr_len=None, **_NOTHING)
    elif isinstance(name, dict):
        _address(row, name)
        row.put(addr_len=size.after if isinstance(size, Changed) else size)
    elif name is None:
        row.put(addr_len=None)
        _peer_of_socket(row, row.call.values[0])


def _messages(kind: str) -> Callable[[Row], tuple[str, Row]]:
    def expect(row: Row) -> tuple[str, Row]:
        fd, headers, _count, flags = row.call.values[:4]
        row.fd("fd", fd).put(messages=_moved(row)).flags("flags", flags)
        _local(row, fd)
        headers = first_list(headers)
        if not isinstance(headers, list) or not headers or not all(isinstance(one, dict) for one in headers):
            return kind, row
        _header(row, kind, headers[0]["msg_hdr"])
        sums = [vectors_sum(one["msg_hdr"].get("msg_iov")) for one in headers]
        if kind == "network.send" and len(headers) == row.call.values[2] and None not in sums:
            row.put(len=sum(one for one in sums if one is not None))
        if not row.call.error:
            done = row.call.result_number or 0
            row.put(bytes=sum(one["msg_len"] for one in headers[:done]))
        return kind, row

    return expect


def _socketpair(row: Row) -> tuple[str, Row]:
    family, kind, protocol, pair = row.call.values
    row.enumeration("family", family).flags("type", kind)
    if isinstance(protocol, int):
        row.put(protocol=_length(protocol & 0xFFFFFFFF))
    row.pair("usockvec", pair)
    return "network.socketpair", row


NETWORK_CALLS: dict[str, Callable[[Row], tuple[str, Row]]] = {
    "connect": _connect, "bind": _bind, "accept": _accept, "accept4": _accept, "getpeername": _getpeername,
    "sendto": _sendto, "sendmsg": _message("network.send"), "sendmmsg": _messages("network.send"),
    "recvfrom": _recvfrom, "recvmsg": _message("network.receive"), "recvmmsg": _messages("network.receive"),
    "socketpair": _socketpair,
}  # fmt: skip
