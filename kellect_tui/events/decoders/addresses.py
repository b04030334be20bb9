"""Addresses of sockets, as text."""

from __future__ import annotations

import socket
import struct
from functools import lru_cache
from typing import Any

from kellect_tui.events import constants

AF_UNIX, AF_INET, AF_INET6, AF_NETLINK = 1, 2, 10, 16
NETLINK_CONNECTED = 1  # net/netlink/af_netlink.c, in sk_state
TCP_CLOSE = 7  # include/net/tcp_states.h; also of a datagram socket that is not connected
NO_PEER = 0xFFFF

Peer = tuple[str | None, int | None, bytes | str | None]
"""(family, port, address); the address of AF_UNIX as bytes."""


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


def sockaddr(data: bytes) -> Peer:
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


def address_of(fields: tuple[Any, ...], unix: bytes, *, peer: bool, moved: bool = False) -> Peer:
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
