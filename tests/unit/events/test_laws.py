"""decode ∘ encode = identity: an encoder of every kind of argument, written from the contract, against the decoders.

The encoder draws what an argument is to mean, writes it into registers and payload as the kernel program would, and says
what has to come back. Numbers and texts come back equal; symbols and escaped bytes are read back by a reader of their own.
"""

from __future__ import annotations

import ipaddress
import re
import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kellect_tui.events import arguments, constants
from kellect_tui.events.catalogue import ALL_TYPES, EXEC, RESULT, TYPES, Argument, Call, EventType, Kind
from kellect_tui.events.constants import Flags
from kellect_tui.events.record import NONE_REGISTER, Flag, Raw, Section
from kellect_tui.events.syscalls import X86_64
from tests.synthetic import section

M32, M64 = (1 << 32) - 1, (1 << 64) - 1
NATIVE = [(row, call) for row in TYPES for call in row.calls]
ALL_FLAGS = {name: table for name, table in vars(constants).items() if isinstance(table, Flags)}
ALL_FLAGS |= {f"AT of {name}": table for name, table in constants.AT_FLAGS.items()}

S32, S64, U32, U64 = st.integers(-(1 << 31), (1 << 31) - 1), st.integers(-(1 << 63), (1 << 63) - 1), st.integers(0, M32), st.integers(0, M64)
COMPONENT = st.binary(min_size=1, max_size=12).map(lambda data: re.sub(rb"[\0/]", b"_", data)).filter(lambda data: data != b".")
RELATIVE = st.lists(COMPONENT, min_size=1, max_size=4).map(b"/".join)
ABSOLUTE = RELATIVE.map(lambda name: b"/" + name)
NAME = st.one_of(RELATIVE, ABSOLUTE)
COMM = st.binary(max_size=15).map(lambda data: data.replace(b"\0", b"_"))


# ---- what has to come back


@dataclass(frozen=True)
class Bytes:
    """A text that stands for these bytes."""

    data: bytes

    def is_meant_by(self, said: Any, *, escaped: bool) -> bool:
        """Whether the text can be read back to the bytes."""
        return isinstance(said, str) and (arguments.unescape(said) if escaped else said.encode()) == self.data


@dataclass(frozen=True)
class Listed:
    """A list of such texts, with one mark for all."""

    parts: tuple[bytes, ...]

    def is_meant_by(self, said: Any, *, escaped: bool) -> bool:
        """Whether all of them can be read back."""
        if not isinstance(said, list) or len(said) != len(self.parts):
            return False
        return all(Bytes(part).is_meant_by(text, escaped=escaped) for part, text in zip(self.parts, said, strict=True))


@dataclass(frozen=True)
class Symbols:
    """The symbols of a number."""

    table: Flags
    number: int

    def is_meant_by(self, said: Any, *, escaped: bool) -> bool:
        """Whether the symbols together are the number."""
        return isinstance(said, str) and not escaped and number_of(self.table, said) == self.number & ((1 << self.table.width) - 1)


def number_of(table: Flags, text: str) -> int:
    """The number behind symbols joined by `|`."""
    values = dict(table.bits) | {name: value for value, name in (*table.values.items(), *table.values2.items())} | {table.zero: 0, "0": 0}
    number = 0
    for part in text.split("|"):
        number |= int(part, 16) if part.startswith("0x") else values[part]
    return number


def symbol(names: dict[int, str] | Any, number: int) -> str:
    """An enumeration's symbol, hex where it has none."""
    return str(names.get(number, hex(number & M32)))


# ---- the encoder


@dataclass
class Built:
    """A record while it is written."""

    draw: Callable[[Any], Any]
    row: EventType
    call: Call
    ok: bool
    result: int = 0
    registers: list[int] = field(default_factory=lambda: [0] * 6)
    payload: dict[tuple[int, int], bytes] = field(default_factory=dict)
    flags: int = 0
    paths: list[bytes | None] = field(default_factory=lambda: [None, None])
    facts: dict[str, Any] = field(default_factory=dict)
    comm: bytes = b"comm"
    names: dict[int, bytes] = field(default_factory=dict)
    peer: tuple[str | None, int | None, Any] = (None, None, None)
    local: tuple[str | None, int | None, Any] = (None, None, None)
    protocol: str | None = None

    def register(self, name: str, value: int, bits: int = 64) -> bool:
        """Put a value where the call has this argument, rubbish above its bits; False where it has none."""
        at = self.call.at.get(name)
        if at is None or at >= RESULT:
            return False
        self.registers[at] = (value & ((1 << bits) - 1)) | (self.draw(U64) >> bits << bits if bits < 64 else 0)
        return True

    def add(self, kind: Section, register: int, data: bytes) -> None:
        """Put a payload section."""
        self.payload[kind, register] = section(kind, register, data)

    def raw(self) -> Raw:
        """The record."""
        return Raw(
            self.row.id, X86_64[self.call.name], self.flags, self.result, 5, tuple(self.registers), b"".join(self.payload.values()),
            self.paths[0], self.paths[1], comm=self.comm, pid=10, tid=11, **self.facts,
        )  # fmt: skip


Encoder = Callable[[Built, Argument], Any]


def plain(strategy: Any, bits: int, shown: Callable[[int], Any] = int) -> Encoder:
    """An argument that is one register."""

    def encode(b: Built, a: Argument) -> Any:
        number = b.draw(strategy)
        return shown(number) if b.register(a.name, number, bits) else None

    return encode


def symbols(table: Flags, bits: int = 32) -> Encoder:
    """Flags in one register: some known bits, sometimes any."""
    known = st.lists(st.sampled_from([value for _name, value in table.bits]), max_size=4).map(lambda values: sum(set(values)) & M64)
    return plain(st.one_of(known, st.integers(0, (1 << table.width) - 1)), bits, lambda number: Symbols(table, number))


def octal(mode: int) -> str:
    """Permission bits."""
    return "0" + format(mode & 0o7777, "03o")


def named(b: Built, register: int) -> bytes:
    """A name in user memory, drawn once."""
    if register not in b.names:
        b.names[register] = b.draw(NAME)
        b.add(Section.STRING, register, b.names[register])
    return b.names[register]


def string(b: Built, a: Argument) -> Any:
    """A name as it was passed."""
    return Bytes(named(b, b.call.at[a.name])) if a.name in b.call.at else None


def below(base: bytes | None, name: bytes) -> Bytes | None:
    """A name, made absolute."""
    return Bytes(name) if name.startswith(b"/") else None if base is None else Bytes(base.rstrip(b"/") + b"/" + name)


def is_object(b: Built) -> bool:
    """Whether the kernel holds the file itself when the call ends."""
    return (b.call.object is not None and (b.call.base is None or b.ok)) or (b.call.cwd_object and b.ok)


def path(b: Built, a: Argument) -> Any:
    """The object's own path, or base and name joined."""
    if b.call.name == "mmap" and b.registers[3] & 0x20:
        return None
    if is_object(b):
        return Bytes(b.paths[0]) if b.paths[0] is not None else None
    if b.call.base is None:
        return None
    name = named(b, next(b.call.at[name] for name in ("filename", "oldname") if name in b.call.at))
    is_in_root = b.call.name == "openat2" and open_words(b)[2] & 0x10  # RESOLVE_IN_ROOT: the base directory is the root
    return below(b.paths[0], name.lstrip(b"/") if is_in_root else name)


def path2(b: Built, a: Argument) -> Any:
    """The second name's."""
    return below(b.paths[1], named(b, b.call.at["newname"])) if b.call.base2 is not None else None


def open_words(b: Built) -> list[int]:
    """openat2's how, drawn once."""
    if "how" not in b.facts:
        creates = 0o100 if b.row.name == "file.create" else 0
        words = [b.draw(U64) & ~0o20000100 | creates, b.draw(st.integers(0, 0o7777)), b.draw(st.integers(0, 63))]
        b.add(Section.HOW, 2, struct.pack("<3Q", *words))
        b.facts["how"] = 0
        b.names[-1] = struct.pack("<3Q", *words)
    return list(struct.unpack("<3Q", b.names[-1]))


def open_flags(b: Built, a: Argument) -> Any:
    if b.call.name == "creat":
        return "O_WRONLY|O_CREAT|O_TRUNC"
    if b.call.name == "openat2":
        return Symbols(constants.OPEN, open_words(b)[0])
    flags = b.draw(U32) & ~0o20000100 | (0o100 if b.row.name == "file.create" else 0)
    b.register(a.name, flags, 32)
    return Symbols(constants.OPEN, flags)


def open_mode(b: Built, a: Argument) -> Any:
    if b.call.name == "openat2":
        return octal(open_words(b)[1])
    mode = b.draw(st.integers(0, 0o7777))
    return octal(mode) if b.register(a.name, mode) else None


def resolve(b: Built, a: Argument) -> Any:
    return Symbols(constants.RESOLVE, open_words(b)[2]) if b.call.name == "openat2" else None


def created(b: Built, a: Argument) -> Any:
    made = b.draw(st.booleans())
    b.flags |= Flag.CREATED if made else 0
    return made if b.ok else None


def at_flags(b: Built, a: Argument) -> Any:
    table = constants.AT_FLAGS.get(b.call.name, constants.AT_OTHERS)
    flags = b.draw(U32)
    if b.call.name == "unlinkat":
        flags &= ~0x200
    if b.row.id == EXEC:
        if b.call.name != "execveat":
            return None
        b.registers[2 if b.ok else 4] = flags
        return Symbols(table, flags)
    return Symbols(table, flags) if b.register(a.name, flags, 32) else None


def dup_flags(b: Built, a: Argument) -> Any:
    if b.call.name == "fcntl":
        b.registers[1] = b.draw(st.sampled_from([0, 1030]))
        return "O_CLOEXEC" if b.registers[1] else None
    return symbols(constants.DUP)(b, a)


def dirfd(b: Built, a: Argument) -> Any:
    number = b.draw(st.one_of(st.just(-100), S32))
    said = "AT_FDCWD" if number == -100 else number
    if b.row.id == EXEC:
        if b.call.name != "execveat":
            return None
        b.registers[1 if b.ok else 0] = number & M32
        return said
    return said if b.register(a.name, number, 32) else None


def newfd(b: Built, a: Argument) -> Any:
    passed = b.draw(S32)
    there = b.register(a.name, passed, 32)
    return b.result if b.ok else passed if there else None


STAT_FIELDS = {
    Kind.STAT_TYPE: (1, 1), Kind.STAT_MODE: (1, 2), Kind.STAT_UID: (2, 8), Kind.STAT_GID: (3, 0x10), Kind.STAT_INODE: (4, 0x100), Kind.STAT_SIZE: (5, 0x200),
}  # fmt: skip


def stat(b: Built, a: Argument) -> Any:
    """A fact of struct stat: mask, mode, uid, gid, inode, size."""
    if not b.ok:
        return None
    if -2 not in b.names:
        mask = b.draw(U32) if b.call.name == "statx" else M32
        b.names[-2] = struct.pack("<IIIIQq", mask, b.draw(st.integers(0, 0xFFFF)), b.draw(U32), b.draw(U32), b.draw(U64), b.draw(S64))
        b.add(Section.STAT, b.call.reads[0][1], b.names[-2])
    facts = struct.unpack("<IIIIQq", b.names[-2])
    index, bit = STAT_FIELDS[a.kind]
    number = facts[index]
    if not facts[0] & bit:
        return None
    if a.kind is Kind.STAT_MODE:
        return octal(number)
    if a.kind is Kind.STAT_TYPE:
        return constants.FILE_TYPES.get(number & 0o170000)
    return -1 if a.kind in (Kind.STAT_UID, Kind.STAT_GID) and number == M32 else number


def of_file(name: str, strategy: Any, shown: Callable[[int], Any] = int) -> Encoder:
    """A fact of the file behind a descriptor."""

    def encode(b: Built, a: Argument) -> Any:
        number = b.facts.setdefault(name, b.draw(strategy))
        return shown(number) if b.flags & Flag.OBJECT else None

    return encode


def count(b: Built, a: Argument) -> Any:
    number = b.draw(U64)
    if not b.register(a.name, number):
        b.add(Section.VECTORS, 1, struct.pack("<Q", number))
    return number


def run(b: Built, a: Argument) -> int | None:
    """What a run of equal calls comes to, where it is one."""
    if -4 not in b.names:
        b.names[-4] = struct.pack("<4Q", *(b.draw(U64) for _fact in range(4))) if b.draw(st.booleans()) else b""
        if b.names[-4]:
            b.flags |= Flag.COALESCED
            b.add(Section.RUN, NONE_REGISTER, b.names[-4])
    facts = b.names[-4]
    return struct.unpack("<4Q", facts)[("calls", "bytes", "total_ns", "span_ns").index(a.name)] if facts else None


def clone_word(name: str) -> Callable[[Built], int | None]:
    """A word of clone_args, or the register."""
    place = {"clone_flags": 0, "child_tidptr": 2, "parent_tidptr": 3, "exit_signal": 4, "newsp": 5, "tls": 7}[name]

    def word(b: Built) -> int | None:
        if b.call.name == "clone3":
            if -3 not in b.names:
                b.names[-3] = struct.pack("<8Q", *(b.draw(U64) if index != 4 else b.draw(st.integers(0, 64)) for index in range(8)))
                b.add(Section.CLONE, 0, b.names[-3])
            return int(struct.unpack("<8Q", b.names[-3])[place])
        number = b.draw(U64)
        return number if b.register(name, number) else None

    return word


def clone_flags(b: Built, a: Argument) -> Any:
    number = clone_word(a.name)(b)
    return None if number is None else Symbols(constants.CLONE, number if b.call.name == "clone3" else number & ~0xFF)


def exit_signal(b: Built, a: Argument) -> Any:
    number = b.registers[0] & 0xFF if b.call.name == "clone" else clone_word(a.name)(b)
    return None if number is None else symbol({**constants.SIGNALS, 0: "0"}, number)


def clone_field(b: Built, a: Argument) -> Any:
    number = clone_word(a.name)(b)
    return None if number is None else hex(number)


def calls_child(b: Built, a: Argument) -> Any:
    number = b.draw(st.integers(1, 1 << 22))
    b.add(Section.CHILD, NONE_REGISTER, struct.pack("<Q", number))
    return number if b.ok else None


def argv(b: Built, a: Argument) -> Any:
    parts = tuple(b.draw(st.lists(COMM, max_size=4)))
    b.add(Section.ARGV, 1 if b.ok else b.call.at["argv"], b"".join(part + b"\0" for part in parts))
    return Listed(parts)


def exec_filename(b: Built, a: Argument) -> Any:
    register = 0 if b.ok else b.call.at[a.name]
    return Bytes(named(b, register))


def exec_path(b: Built, a: Argument) -> Any:
    if not b.ok:
        return below(b.paths[0], named(b, b.call.at["filename"]))
    if not b.flags & Flag.SCRIPT:
        return Bytes(b.paths[0] or b"")
    if b.call.name == "execveat":
        base = b.draw(ABSOLUTE)
        b.add(Section.TEXT, NONE_REGISTER, base)
        return below(base, named(b, 0))
    return below(b.paths[1], named(b, 0))


def old_pid(b: Built, a: Argument) -> Any:
    b.registers[0] = b.draw(st.integers(1, 1 << 22)) if b.ok else b.registers[0]
    return b.registers[0] if b.ok else 11


def pair(b: Built, a: Argument) -> Any:
    numbers = [b.draw(S32), b.draw(S32)]
    b.add(Section.INTS, b.call.at[a.name], struct.pack("<ii", *numbers))
    return numbers if b.ok else None


def signal_pid(b: Built, a: Argument) -> Any:
    number = b.draw(S32)
    if b.register(a.name, number, 32):
        return number
    target(b, number)
    return number or None


def target(b: Built, number: int) -> bytes | None:
    """Whom a signal goes to, drawn once."""
    if -4 not in b.names:
        found, comm = b.draw(st.booleans()), b.draw(COMM)
        b.names[-4] = struct.pack("<iI16s", number, found, comm)
        b.add(Section.TARGET, b.call.reads[0][1], b.names[-4])
    _pid, found, comm = struct.unpack("<iI16s", b.names[-4])
    return comm.split(b"\0")[0] if found else None


def target_comm(b: Built, a: Argument) -> Any:
    comm = target(b, b.draw(S32))
    return None if comm is None else Bytes(comm)


def old_id(b: Built, a: Argument) -> Any:
    if -5 not in b.names:
        b.names[-5] = struct.pack("<6I", *(b.draw(U32) for _ in range(6)))
        b.add(Section.OLD_IDS, NONE_REGISTER, b.names[-5])
    place = ["old_ruid", "old_euid", "old_suid", "old_rgid", "old_egid", "old_sgid"].index({"old_uid": "old_euid", "old_gid": "old_egid"}.get(a.name, a.name))
    number = struct.unpack("<6I", b.names[-5])[place]
    return -1 if number == M32 else number


# ---- sockets: argument and socket name the same peer, so whichever is asked, it comes back


def endpoint(b: Built, family: int) -> tuple[tuple[str, int | None, Any], bytes, bytes]:
    """((family, port, address), its 16 bytes in the socket or its sun_path, struct sockaddr)."""
    port = b.draw(st.integers(1, 0xFFFF))
    head = struct.pack("<H", family) + port.to_bytes(2, "big")
    if family == 2:
        packed = b.draw(st.binary(min_size=4, max_size=4))
        return ("AF_INET", port, str(ipaddress.IPv4Address(packed))), packed.ljust(16, b"\0"), head + packed + bytes(8)
    if family == 10:
        packed = b.draw(st.binary(min_size=16, max_size=16).filter(lambda data: data[0] not in (0xFE, 0xFF)))
        return ("AF_INET6", port, str(ipaddress.IPv6Address(packed))), packed, head + bytes(4) + packed + bytes(4)
    name = b.draw(st.one_of(ABSOLUTE, COMPONENT.map(lambda text: b"\0" + text + b"\0x"), st.just(b""), COMPONENT.map(lambda text: b"@" + text)))
    shown = b"@" + name[1:] if name[:1] == b"\0" else b"./" + name if name[:1] == b"@" else name
    return ("AF_UNIX", None, Bytes(shown)), name, struct.pack("<H", family) + name


def socket(b: Built) -> None:
    """Both ends of the socket, drawn once."""
    if b.peer[0] is not None or b.local[0] is not None:
        return
    family = b.draw(st.sampled_from([1, 2, 10]))
    number = b.draw(st.sampled_from(sorted(constants.PROTOCOLS)))
    b.peer, there, address = endpoint(b, family)
    b.local, here, _own = endpoint(b, family)
    unix = family == 1
    info = struct.pack(
        "<8H16s16s4I", family, b.draw(st.sampled_from([1, 2])), number, 1, b.local[1] or 0, b.peer[1] or 0, len(here) if unix else 0, len(there) if unix else 0,
        b"" if unix else here, b"" if unix else there, 0, 0, 0, 0,
    )  # fmt: skip
    if (Section.SOCKET, 0) in b.call.reads:
        b.add(Section.SOCKET, 0, info + (here + there if unix else b""))
    elif b.ok:
        b.add(Section.SOCKET, RESULT, info + (here + there if unix else b""))
    b.protocol = None if unix else constants.PROTOCOLS[number]
    register = b.call.at.get("addr", 1)
    if "addr" in b.call.at:
        b.registers[register] = 0x1000
    if b.ok or b.row.name in ("network.connect", "network.bind", "network.send"):
        b.add(Section.SOCKADDR, register, address)
    b.names[-6] = address


def answered(b: Built) -> bool:
    """Whether the address is the kernel's answer, and there is none."""
    return b.row.name in ("network.accept", "network.receive", "network.getpeername") and not b.ok


def peer_part(index: int) -> Encoder:
    def encode(b: Built, a: Argument) -> Any:
        socket(b)
        return None if answered(b) else b.peer[index]

    return encode


def local_part(index: int) -> Encoder:
    def encode(b: Built, a: Argument) -> Any:
        socket(b)
        return None if b.row.name == "network.accept" and not b.ok else b.local[index]

    return encode


def protocol(b: Built, a: Argument) -> Any:
    socket(b)
    return None if b.row.name == "network.accept" and not b.ok else b.protocol


def addr_len(b: Built, a: Argument) -> Any:
    socket(b)
    length = len(b.names[-6])
    if b.register(a.name, length, 32):
        return length
    if "addr" in b.call.at:
        b.add(Section.ADDRLEN, b.call.reads[0][1], struct.pack("<i", length))
    else:
        message(b)
    return None if answered(b) else length


def message(b: Built) -> tuple[int, int]:
    """(length, moved) of a message, drawn once."""
    socket(b)
    if -7 not in b.names:
        b.names[-7] = struct.pack("<QQ", b.draw(U64), b.draw(U64))
        b.add(Section.MESSAGE, 1, b.names[-7] + struct.pack("<QiI", 0x2000, len(b.names[-6]), 0))
    length, moved = struct.unpack("<QQ", b.names[-7])
    return length, moved


def message_len(b: Built, a: Argument) -> Any:
    number = b.draw(U64)
    return number if b.register(a.name, number) else message(b)[0]


def messages(b: Built, a: Argument) -> Any:
    return b.result if b.ok and b.call.name.endswith("mmsg") else None


def message_bytes(b: Built, a: Argument) -> Any:
    return None if not b.ok else message(b)[1] if b.call.name.endswith("mmsg") else b.result


def signed_id(number: int) -> int:
    """4294967295 is -1."""
    return -1 if number == M32 else number


ENCODERS: dict[Kind, Encoder] = {
    Kind.ABSENT: lambda b, a: None,
    Kind.DIRFD: dirfd, Kind.FD: plain(S32, 32), Kind.INT: plain(S32, 32), Kind.LONG: plain(S64, 64), Kind.SIZE: plain(U64, 64), Kind.UINT: plain(U32, 32),
    Kind.ID: plain(U32, 32, signed_id), Kind.ADDRESS: plain(U64, 64, hex), Kind.MODE: plain(st.integers(0, 0o7777), 12, octal),
    Kind.STRING: string, Kind.PATH: path, Kind.PATH2: path2, Kind.RESULT_FD: lambda b, a: b.result if b.ok else None, Kind.NEWFD: newfd,
    Kind.CREATED: created, Kind.OPEN_FLAGS: open_flags, Kind.CREATE_FLAGS: open_flags, Kind.OPEN_MODE: open_mode, Kind.RESOLVE: resolve,
    Kind.AT_FLAGS: at_flags, Kind.RENAME_FLAGS: symbols(constants.RENAME), Kind.DUP_FLAGS: dup_flags, Kind.CLOSE_RANGE_FLAGS: symbols(constants.CLOSE_RANGE),
    **dict.fromkeys(STAT_FIELDS, stat), Kind.COUNT: count, Kind.RUN: run,
    Kind.FILE_INODE: of_file("inode", U64), Kind.FILE_UID: of_file("file_uid", U32), Kind.FILE_MODE: of_file("file_mode", st.integers(0, 0xFFFF), octal),
    Kind.FILE_TYPE: of_file("file_mode", st.integers(0, 0xFFFF), lambda mode: constants.FILE_TYPES.get(mode & 0o170000)),
    Kind.EXEC_FILENAME: exec_filename, Kind.EXEC_PATH: exec_path,
    Kind.INTERPRETER: lambda b, a: Bytes(b.paths[0] or b"") if b.ok and b.flags & Flag.SCRIPT else None, Kind.OLD_PID: old_pid, Kind.ARGV: argv,
    Kind.CWD: lambda b, a: Bytes(b.paths[1] or b""), Kind.CLONE_FLAGS: clone_flags, Kind.EXIT_SIGNAL: exit_signal, Kind.CLONE_FIELD: clone_field,
    Kind.CALLS_CHILD: calls_child, Kind.PAIR: pair, Kind.PIPE_FLAGS: symbols(constants.PIPE), Kind.SIGNAL_PID: signal_pid,
    Kind.SIGNAL: plain(st.integers(0, 64), 32, lambda number: symbol({**constants.SIGNALS, 0: "0"}, number)), Kind.TARGET_COMM: target_comm,
    Kind.PTRACE_REQUEST: plain(st.one_of(st.sampled_from(sorted(constants.PTRACE)), S32), 32, lambda number: symbol(constants.PTRACE, number)),
    Kind.PROT: symbols(constants.PROT, 64),
    Kind.MMAP_FLAGS: plain(U64, 64, lambda number: Symbols(constants.MMAP_HUGE if number & 0x40000 else constants.MMAP, number)),
    Kind.SOCKET_FAMILY: plain(S32, 32, lambda number: symbol(constants.FAMILIES, number)), Kind.SOCKET_TYPE: symbols(constants.SOCKET_TYPE),
    Kind.ADDR_LEN: addr_len, Kind.PEER_FAMILY: peer_part(0), Kind.PEER_PORT: peer_part(1), Kind.PEER_ADDR: peer_part(2), Kind.LOCAL_ADDR: local_part(2),
    Kind.LOCAL_PORT: local_part(1), Kind.PROTOCOL: protocol, Kind.MESSAGE_LEN: message_len, Kind.MESSAGE_FLAGS: symbols(constants.MESSAGE),
    Kind.MESSAGES: messages, Kind.MESSAGE_BYTES: message_bytes, Kind.ACCEPT_FLAGS: symbols(constants.ACCEPT), Kind.OLD_ID: old_id,
}  # fmt: skip
"""Of every kind that a system call's argument can be."""


def encoded(b: Built) -> dict[str, Any]:
    """Write a record, and say what has to come back."""
    b.result = b.draw(st.integers(1, 1 << 20)) if b.ok else -b.draw(st.integers(1, 133))
    if b.row.id == EXEC:
        b.result = 0 if b.ok else b.result
        b.flags |= Flag.OBJECT if b.ok else 0
        b.flags |= Flag.SCRIPT if b.ok and b.draw(st.booleans()) else 0
    if is_object(b):
        b.flags |= Flag.OBJECT
    b.paths = [b.draw(ABSOLUTE), b.draw(ABSOLUTE)]
    said = {}
    order = sorted(b.row.arguments, key=lambda argument: argument.kind in (Kind.PATH, Kind.PATH2, Kind.EXEC_PATH, Kind.EXIT_SIGNAL))  # they lean on others
    for argument in order:
        said[argument.name] = ENCODERS[argument.kind](b, argument)
    b.facts.pop("how", None)
    return said


@pytest.mark.parametrize(("row", "call"), NATIVE, ids=lambda item: item.name)
@settings(max_examples=40)
@given(data=st.data())
def test_what_was_encoded_is_decoded(row: EventType, call: Call, data: st.DataObject) -> None:
    built = Built(lambda strategy: data.draw(strategy), row, call, data.draw(st.booleans()))
    wanted = encoded(built)
    said, marks = arguments.decode(built.raw(), "x86_64")
    assert {mark.rpartition(":")[2] for mark in marks} <= {"escaped"}
    assert said.keys() == wanted.keys()
    for name, value in wanted.items():
        escaped = f"{name}:escaped" in marks
        if isinstance(value, (Bytes, Listed, Symbols)):
            assert value.is_meant_by(said[name], escaped=escaped), (name, value, said[name])
        else:
            assert (said[name], escaped) == (value, False), name


def kinds(rows: Iterable[EventType]) -> set[Kind]:
    """The kinds of their arguments."""
    return {argument.kind for row in rows for argument in row.arguments}


def test_every_kind_of_a_call_has_an_encoder() -> None:
    assert set(ENCODERS) == kinds(row for row in ALL_TYPES if row.calls) | {Kind.ABSENT}


@pytest.mark.parametrize("name", ALL_FLAGS)
@given(data=st.data())
def test_symbols_are_their_number(name: str, data: st.DataObject) -> None:
    table = ALL_FLAGS[name]
    number = data.draw(st.integers(0, (1 << table.width) - 1))
    assert number_of(table, table.text(number)) == number
    assert len(set(table.text(number).split("|"))) == len(table.text(number).split("|"))


@given(st.integers(1, 1 << 22), st.integers(1, 1 << 22), st.integers(1, 1 << 22), U64, COMM, COMM)
def test_a_fork_is_decoded(child: int, tid: int, parent: int, start: int, comm: bytes, child_comm: bytes) -> None:
    words = struct.unpack("<QQ", child_comm.ljust(16, b"\0"))
    row = next(row for row in TYPES if row.name == "process.fork")
    said, marks = arguments.decode(Raw(row.id, 0xFFFF, int(Flag.NO_RESULT), 0, -1, (child, tid, parent, start, *words), comm=comm, pid=parent, tid=parent))
    assert (said["child_pid"], said["child_tid"], said["parent_pid"], said["thread"]) == (child, tid, parent, child != tid)
    for name, data in (("parent_comm", comm), ("child_comm", child_comm)):
        assert Bytes(data).is_meant_by(said[name], escaped=f"{name}:escaped" in marks)


@given(st.integers(0, 255), st.integers(0, 64), st.booleans(), st.integers(0, 139), st.booleans(), U32, st.integers(0, 1 << 62))
def test_an_exit_is_decoded(code: int, signal: int, core: bool, prio: int, dead: bool, start: int, life: int) -> None:
    word = code << 8 if not signal else signal | core << 7
    row = next(row for row in TYPES if row.name == "process.exit")
    said, _marks = arguments.decode(Raw(row.id, 0xFFFF, int(Flag.NO_RESULT), 0, -1, (word, prio, dead, start, start + life, 0), comm=b"x", pid=1, tid=2))
    assert said == {
        "exit_code": None if signal else code, "signal": symbol(constants.SIGNALS, signal) if signal else None, "core_dumped": core and signal > 0,
        "prio": prio, "pid": 2, "comm": "x", "group_dead": dead, "lifetime_ns": life,
    }  # fmt: skip
