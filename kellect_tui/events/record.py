"""The record that the kernel writes, what a decoder is given, and the event that a person sees.

Three forms of one thing: a row of ``RECORD`` in the ring and in batches (never a Python object), ``Raw``
when one row is about to be decoded, ``Event`` when a person or an exporter looks at it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum, IntFlag
from typing import Any

import numpy as np

RECORD = np.dtype(
    [
        ("seq", "<u8"),  # attempts on this CPU: a hole is a place of loss
        ("time", "<u8"),  # boot-clock ns
        ("duration", "<u8"),  # ns; NO_DURATION where the entry was not seen
        ("result", "<i8"),
        ("args", "<u8", (6,)),
        # who: seven words that are interned together
        ("comm", "S16"),  # cut it at the first NUL: 5.10 leaves rubbish behind it
        ("cgroup", "<u8"),  # cgroup v2 id
        ("pid", "<u4"),  # kernel: tgid
        ("tid", "<u4"),  # kernel: pid
        ("ppid", "<u4"),
        ("uid", "<u4"),
        ("gid", "<u4"),
        ("ruid", "<u4"),
        ("auid", "<u4"),  # 0xffffffff: unset
        ("who_pad", "<u4"),
        # what: four words that are interned together
        ("key0", "<u8"),  # path key: the object (flag OBJECT) or the first base directory; 0: none
        ("key1", "<u8"),  # path key: the second base directory; exec: the working directory; 0: none
        ("inode", "<u8"),  # of the object
        ("file_uid", "<u4"),
        ("file_mode", "<u2"),
        ("what_pad", "<u2"),
        ("payload_at", "<u8"),  # position in the payload heap; in a Batch: offset in its payload
        ("payload_len", "<u4"),
        ("flags", "<u4"),  # Flag
        ("event", "<u2"),  # EventType.id, or MonitorId
        ("syscall", "<u2"),  # number in the native ABI's table, NO_SYSCALL for what is no call
        ("cpu", "<u2"),
        ("record_pad", "<u2"),
    ]
)
"""One fixed record, 192 bytes. Its offsets are checked against the compiled program when it is loaded."""

NO_SYSCALL = 0xFFFF
NO_DURATION = (1 << 64) - 1
NO_ID = 0xFFFFFFFF
ROOT_GROUP = 1
"""Id of the control groups' root (fs/kernfs/dir.c: the first number of a hierarchy), in which all tasks are where there is no cgroup v2."""


class Flag(IntFlag):
    """Bits of a record's ``flags``."""

    OBJECT = 1  # key0 is the object itself (an open file, the new cwd, the executed file)
    CREATED = 2  # the open made the file (FMODE_CREATED)
    NO_RESULT = 4  # not a call, or one that seccomp refused by a signal: result is null
    NO_PAYLOAD = 8  # the payload heap was full: what it would have carried is unreadable
    NO_OBJECT = 16  # the descriptor was not open: path and file facts are null
    HIDDEN = 32  # outside the capture filter: feeds the process tree only
    MORE = 64  # payload cut at the record's limit
    SCRIPT = 128  # exec: the file named is a script; key0 is the interpreter that runs at last
    I386 = 256
    X32 = 512
    ARM = 1024
    KERNEL = 4096  # fork: the new task is a kernel thread; exit: the task is one, or a worker that the kernel made for a process
    KEYED = 2048  # the payload holds Section.KEY: a path key to be replaced by its text
    COALESCED = 16384  # a run of equal reads or writes: Section.RUN says of how many
    FD_NAME = 8192  # exec: the kernel put `/dev/fd/N/` before execveat's filename
    CHECKED = 32768  # execveat with AT_EXECVE_CHECK that returned 0: it may be executed, and was not


class Section(IntEnum):
    """Kinds of payload section. A section is {u8 kind, u8 register, u16 marks, u32 length}, then ``length``
    bytes, then zero bytes up to a multiple of 8. Registers are 0-5, RESULT or NONE below.
    All numbers are little endian."""

    STRING = 1  # user string, without its NUL
    SOCKADDR = 2  # struct sockaddr as the program passed or the kernel wrote it, at most 128 bytes
    SOCKET = 3  # SOCKET_INFO, then the local Unix name, then the peer's (lengths in it)
    MESSAGE = 4  # MESSAGE_INFO of a msghdr, or summed over an array of mmsghdr
    INTS = 5  # two s32: pipe, socketpair
    STAT = 6  # STAT_INFO
    HOW = 7  # struct open_how: u64 flags, mode, resolve (as much of it as was passed)
    CLONE = 8  # struct clone_args (as much of it as was passed): u64 flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, ...
    ARGV = 9  # strings, each with its NUL
    VECTORS = 10  # u64 sum of the lengths of an iovec array
    TARGET = 11  # TARGET_INFO: the process that a signal was sent to
    OLD_IDS = 12  # OLD_IDS_INFO: the ids before the call
    ADDRLEN = 13  # s32: the address length that the call returned
    KEY = 14  # u64 path key; never seen by decoders, the source replaces it by TEXT
    TEXT = 15  # text of a path, as bytes: the base directory of an exec by dirfd
    RUN = 17  # RUN_INFO: what a run of equal calls comes to
    CHILD = 16  # u32: the task that clone made, by its number in the initial pid namespace


class Mark(IntFlag):
    """Bits of a section's ``marks``."""

    TRUNCATED = 1
    UNREADABLE = 2


NONE_REGISTER = 7

SOCKET_INFO = np.dtype(
    [
        ("family", "<u2"),
        ("type", "<u2"),
        ("protocol", "<u2"),
        ("state", "<u2"),  # skc_state: TCP_ESTABLISHED is 1
        ("local_port", "<u2"),  # host order
        ("peer_port", "<u2"),  # host order
        ("local_len", "<u2"),  # AF_UNIX: bytes of sun_path (0 for an unnamed one)
        ("peer_len", "<u2"),  # AF_UNIX: likewise; 0xffff where there is no peer
        ("local", "V16"),  # IPv4 in the first 4 bytes, network order
        ("peer", "V16"),
        ("scope", "<u4"),  # IPv6: sk_bound_dev_if
        ("netlink_local", "<u4"),  # AF_NETLINK: port id
        ("netlink_peer", "<u4"),
        ("pad", "<u4"),
    ]
)
"""What the socket itself knows, 64 bytes; the Unix names follow, each padded to nothing."""

MESSAGE_INFO = np.dtype(
    [
        ("length", "<u8"),  # asked for: sum over all vectors (of all messages)
        ("moved", "<u8"),  # mmsg calls: sum of msg_len over the messages done
        ("name", "<u8"),  # msg_name pointer of the (first) message
        ("name_length", "<i4"),  # msg_namelen of the (first) message, as it is when the call ended
        ("unreadable", "<u4"),  # bit 0: length is not exact (too many vectors, or unreadable); bit 1: moved likewise
    ]
)
RUN_INFO = np.dtype([("calls", "<u8"), ("bytes", "<u8"), ("total_ns", "<u8"), ("span_ns", "<u8")])
"""``total_ns``: the calls' own time; ``span_ns``: from entering the first to leaving the last."""
STAT_INFO = np.dtype(
    [
        ("filled", "<u4"),  # statx' stx_mask; all ones for the other calls
        ("mode", "<u4"),
        ("uid", "<u4"),
        ("gid", "<u4"),
        ("inode", "<u8"),
        ("size", "<i8"),
    ]
)
TARGET_INFO = np.dtype([("pid", "<i4"), ("found", "<u4"), ("comm", "S16")])
"""``pid``: number of the target in the caller's pid namespace. ``found`` 0: a group, or gone. Behind it (but in recordings of
earlier versions) a u64: the target's process by its number in the initial pid namespace, 0 where it was not found."""
OLD_IDS_INFO = np.dtype([("ruid", "<u4"), ("euid", "<u4"), ("suid", "<u4"), ("rgid", "<u4"), ("egid", "<u4"), ("sgid", "<u4")])


@dataclass(frozen=True, slots=True)
class Raw:
    """One record with its names resolved: everything that a decoder may look at.

    ``path0`` and ``path1`` are the texts behind key0 and key1, as bytes, absolute, `` (deleted)`` appended
    where the kernel says so; None where the record has no key, or the key's text was lost (then
    ``lost_path`` is set and the argument is marked unreadable).
    """

    event: int
    syscall: int
    flags: int
    result: int
    duration: int
    args: tuple[int, ...]  # six unsigned 64-bit registers; unused ones are 0
    payload: bytes = b""
    path0: bytes | None = None
    path1: bytes | None = None
    inode: int = 0
    file_uid: int = 0
    file_mode: int = 0
    lost_path: bool = False
    # who; some types repeat these in their arguments
    comm: bytes = b""
    pid: int = 0
    tid: int = 0


@dataclass(frozen=True, slots=True)
class Event:
    """One event with the fields of EVENTS.md, in its order.

    ``time_ns`` is not a field of the contract's JSON: nanoseconds since the epoch, of which ``timestamp``
    is the whole microseconds.
    """

    timestamp: int
    event_type: str
    family: str
    syscall: str | None
    comm: str | None
    pid: int | None
    tid: int | None
    ppid: int | None
    process_type: str | None
    uid: int | None
    gid: int | None
    user: str | None
    ruid: int | None
    auid: int | None
    cgroup: str | None
    result: int | None
    error: str | None
    duration_ns: int | None
    arguments: dict[str, Any]
    incomplete: tuple[str, ...] = ()
    abi: str | None = None
    time_ns: int = field(default=0, compare=False)

    @property
    def failed(self) -> bool:
        """Whether the call failed: a negative result. An interrupted call that may restart has none."""
        return self.result is not None and self.error is not None


FIELDS = (
    "timestamp", "event_type", "family", "syscall", "comm", "pid", "tid", "ppid", "process_type", "uid", "gid", "user",
    "ruid", "auid", "cgroup", "result", "error", "duration_ns", "arguments",
)  # fmt: skip
"""The fields that every event has, in the contract's order; ``incomplete`` and ``abi`` follow where present."""


def to_dict(event: Event) -> dict[str, Any]:
    """The event as its JSON object: every field in order, ``incomplete`` and ``abi`` only when they say something."""
    out = {name: getattr(event, name) for name in FIELDS}
    if event.incomplete:
        out["incomplete"] = list(event.incomplete)
    if event.abi is not None:
        out["abi"] = event.abi
    return out
