"""THE table of event types: kernel descriptors, columns, JSON keys, filter fields, help and docs follow from it.

A row (`EventType`) says what a type is called, which calls feed it, which arguments it has and in which order.
A call (`Call`) says where on the way into the kernel each argument is found, which objects the kernel program
looks at, and what it copies from user memory. Adding a type is adding a row; a new kind of argument also needs
a decoder in `arguments`.

EVENTS.md is the contract that this table writes down; syscall(2) and the kernel's `include/linux/syscalls.h` are
the source of the argument positions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType

from kellect_tui.events.record import NONE_REGISTER, Section

FAMILIES = ("file", "process", "network", "user", "monitor")
"""Index here is the family's number in the kernel and in loss records."""

O_CREAT = 0o100
O_TMPFILE_BIT = 0o20000000  # __O_TMPFILE: O_TMPFILE without O_DIRECTORY
AT_REMOVEDIR = 0x200
F_DUPFD, F_DUPFD_CLOEXEC = 0, 1030

RESULT = 6  # in place of a register: what the call returned
CWD = 8  # in place of a base directory's register: the working directory


class Kind(str, Enum):
    """What an argument is; `arguments.DECODERS` has one decoder for each."""

    ABSENT = "absent"  # always null for this type, kept for KellectAgent-Linux's sake
    DIRFD = "dirfd"  # AT_FDCWD or a descriptor
    FD = "fd"  # signed descriptor
    INT = "int"  # signed 32 bit
    LONG = "long"  # signed 64 bit
    SIZE = "size"  # unsigned 64 bit
    UINT = "uint"  # unsigned 32 bit
    ID = "id"  # uid or gid: unsigned 32 bit, but 4294967295 is -1
    ADDRESS = "address"  # hex string
    MODE = "mode"  # permission bits, octal
    STRING = "string"  # user string, byte for byte
    PATH = "path"  # absolute path of the (first) name or object
    PATH2 = "path2"  # absolute path of the second name
    RESULT_FD = "result_fd"  # the descriptor returned, null on failure
    NEWFD = "newfd"  # of dup: the result; on failure the register where the call has one
    CREATED = "created"
    OPEN_FLAGS = "open_flags"
    CREATE_FLAGS = "create_flags"  # open flags; of creat the fixed ones
    OPEN_MODE = "open_mode"
    RESOLVE = "resolve"
    AT_FLAGS = "at_flags"  # unlinkat, fchmodat2, fstatat, statx, linkat, execveat: symbols of that call
    RENAME_FLAGS = "rename_flags"
    DUP_FLAGS = "dup_flags"
    CLOSE_RANGE_FLAGS = "close_range_flags"
    STAT_MODE = "stat_mode"
    STAT_TYPE = "stat_type"
    STAT_UID = "stat_uid"
    STAT_GID = "stat_gid"
    STAT_INODE = "stat_inode"
    STAT_SIZE = "stat_size"
    COUNT = "count"  # bytes asked for: the register, or the sum of the vectors
    FILE_INODE = "file_inode"
    FILE_UID = "file_uid"
    FILE_MODE = "file_mode"
    FILE_TYPE = "file_type"
    RUN = "run"  # of a run of equal calls (--coalesce), by the argument's own name; null for a single call
    CHILD_PID = "child_pid"
    CHILD_TID = "child_tid"
    CHILD_COMM = "child_comm"
    PARENT_PID = "parent_pid"
    PARENT_COMM = "parent_comm"
    THREAD = "thread"
    EXEC_FILENAME = "exec_filename"
    EXEC_PATH = "exec_path"
    INTERPRETER = "interpreter"
    OLD_PID = "old_pid"
    ARGV = "argv"
    CWD = "cwd"
    CLONE_FLAGS = "clone_flags"
    EXIT_SIGNAL = "exit_signal"
    CLONE_FIELD = "clone_field"  # newsp, tls, parent_tidptr, child_tidptr: register, or the field of clone_args
    CALLS_CHILD = "calls_child"  # of clone: the task made
    EXIT_CODE = "exit_code"
    EXIT_BY_SIGNAL = "exit_by_signal"
    CORE_DUMPED = "core_dumped"
    PRIORITY = "priority"
    OWN_TID = "own_tid"
    OWN_COMM = "own_comm"
    GROUP_DEAD = "group_dead"
    LIFETIME = "lifetime"
    PAIR = "pair"  # two descriptors, null on failure
    PIPE_FLAGS = "pipe_flags"
    SIGNAL_PID = "signal_pid"  # as passed; behind a pidfd its pid
    SIGNAL = "signal"
    TARGET_COMM = "target_comm"
    PTRACE_REQUEST = "ptrace_request"
    PROT = "prot"
    MMAP_FLAGS = "mmap_flags"
    SOCKET_FAMILY = "socket_family"  # of socketpair: the number passed, by name
    SOCKET_TYPE = "socket_type"  # with its flags
    ADDR_LEN = "addr_len"
    PEER_FAMILY = "peer_family"
    PEER_PORT = "peer_port"
    PEER_ADDR = "peer_addr"
    LOCAL_ADDR = "local_addr"
    LOCAL_PORT = "local_port"
    PROTOCOL = "protocol"
    MESSAGE_LEN = "message_len"
    MESSAGE_FLAGS = "message_flags"
    MESSAGES = "messages"
    MESSAGE_BYTES = "message_bytes"
    ACCEPT_FLAGS = "accept_flags"
    OLD_ID = "old_id"  # old_uid and the like: from Section.OLD_IDS, by the argument's own name


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of a type.

    Attributes:
        name: JSON key, column `arg.NAME`, filter field `arg.NAME`.
        kind: Chooses the decoder.
        classic: Whether KellectAgent-Linux documents it (EVENTS.md: not in italics).
        unit: `bytes`, `ns` or empty.
    """

    name: str
    kind: Kind
    classic: bool = True
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Condition:
    """When a call belongs to this type rather than to the call's other type.

    `bits`: any of them set in the register; `values`: the register (32 bit) is one of them; `how`: the bits are
    those of openat2's `how->flags`, which lies behind the register.
    """

    register: int
    bits: int = 0
    values: tuple[int, ...] = ()
    how: bool = False
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """One system call that feeds a type.

    Attributes:
        name: The kernel's name of it.
        at: Argument name → register 0-5 (or RESULT). An argument not in here is null, or comes from elsewhere.
        when: The condition under which the call is of this type; None: always.
        object: Register (or RESULT) of the descriptor whose file the kernel program looks at: path, inode, owner, mode.
        object_failed: Register to take instead where the call failed and `object` is RESULT.
        cwd_object: The new working directory is the object (chdir that succeeded).
        base: Register of the first name's base directory, CWD for the working directory, None for no name.
        base2: The same for the second name.
        early: Object and bases are looked at when the call begins, because it changes or removes them.
        reads: Further payload: (section, register); strings of kind STRING need no entry.
    """

    name: str
    at: Mapping[str, int]
    when: Condition | None = None
    object: int | None = None
    object_failed: int | None = None
    cwd_object: bool = False
    base: int | None = None
    base2: int | None = None
    early: bool = False
    reads: tuple[tuple[Section, int], ...] = ()


@dataclass(frozen=True, slots=True)
class EventType:
    """A row: one of the 38 types (or of the monitor's own four).

    Attributes:
        id: Its number in records and chunks: stable within a run, never in files (those carry names).
        target: Names of the arguments of which the first that is not null is the TARGET column.
        moves_paths: A success of it gives every path a new generation (a directory may have been renamed, or its number is free for another).
        routine: Programs do it without end: when more happens than can be kept, it is lost first. What is not
            routine has a share of every ring to itself.
    """

    id: int
    name: str
    family: str
    arguments: tuple[Argument, ...]
    calls: tuple[Call, ...]
    target: tuple[str, ...]
    help: str
    source: str = "syscalls"
    moves_paths: bool = False
    routine: bool = False
    by_name: Mapping[str, Call] = field(default_factory=dict, compare=False)

    @property
    def action(self) -> str:
        """`open` of `file.open`."""
        return self.name.partition(".")[2]

    @property
    def importance(self) -> str:
        """`routine` or `important`."""
        return "routine" if self.routine else "important"


ROUTINE = frozenset((
    "file.open", "file.stat", "file.read", "file.write", "file.dup", "file.close", "process.mmap", "process.mprotect",
    "network.send", "network.receive", "network.getpeername",
))  # fmt: skip
"""Types that are lost first; all others are important."""


def A(name: str, kind: Kind, *, unit: str = "") -> Argument:
    """An argument that KellectAgent-Linux documents too."""
    return Argument(name, kind, True, unit)


def X(name: str, kind: Kind, *, unit: str = "") -> Argument:
    """An argument beyond KellectAgent-Linux's own."""
    return Argument(name, kind, False, unit)


def C(name: str, **options: object) -> Call:
    """A call; keyword arguments that are fields of `Call` are taken as such, all others are argument positions."""
    fields = {key: options.pop(key) for key in tuple(options) if key in _CALL_FIELDS}
    return Call(name, MappingProxyType(dict(options)), **fields)  # type: ignore[arg-type]  # the table's own shorthand


_CALL_FIELDS = frozenset(("when", "object", "object_failed", "cwd_object", "base", "base2", "early", "reads"))

DIRFD, FD, FILENAME, PATH = A("dirfd", Kind.DIRFD), X("fd", Kind.FD), A("filename", Kind.STRING), X("path", Kind.PATH)
MODE = A("mode", Kind.MODE)
TWO_NAMES = (
    A("olddirfd", Kind.DIRFD), A("oldname", Kind.STRING), X("oldpath", Kind.PATH),
    A("newdirfd", Kind.DIRFD), A("newname", Kind.STRING), X("newpath", Kind.PATH2),
)  # fmt: skip
READ_WRITE = (
    A("fd", Kind.FD), A("count", Kind.COUNT, unit="bytes"), X("offset", Kind.LONG, unit="bytes"),
    A("inode", Kind.FILE_INODE), A("uid", Kind.FILE_UID), A("mode", Kind.FILE_MODE), X("file_type", Kind.FILE_TYPE),
    A("filename", Kind.PATH),
    X("calls", Kind.RUN), X("bytes", Kind.RUN, unit="bytes"), X("total_ns", Kind.RUN, unit="ns"), X("span_ns", Kind.RUN, unit="ns"),
)  # fmt: skip
PEER = (A("addr_len", Kind.ADDR_LEN, unit="bytes"), A("family", Kind.PEER_FAMILY), A("port", Kind.PEER_PORT), A("addr", Kind.PEER_ADDR))
LOCAL = (X("local_addr", Kind.LOCAL_ADDR), X("local_port", Kind.LOCAL_PORT), X("protocol", Kind.PROTOCOL))
SEND_RECEIVE = (
    A("fd", Kind.FD), A("len", Kind.MESSAGE_LEN, unit="bytes"), A("flags", Kind.MESSAGE_FLAGS), *PEER, *LOCAL,
    X("messages", Kind.MESSAGES), X("bytes", Kind.MESSAGE_BYTES, unit="bytes"),
)  # fmt: skip

CREATES = O_CREAT | O_TMPFILE_BIT


def creating(register: int, *, negated: bool = False, how: bool = False) -> Condition:
    """Open flags in `register` (or in the open_how behind it) that ask for a new file."""
    return Condition(register, bits=CREATES, how=how, negated=negated)


def _opens(*, negated: bool) -> tuple[Call, ...]:
    return (
        C("open", filename=0, flags=1, mode=2, object=RESULT, base=CWD, when=creating(1, negated=negated)),
        C("openat", dirfd=0, filename=1, flags=2, mode=3, object=RESULT, base=0, when=creating(2, negated=negated)),
        C("openat2", dirfd=0, filename=1, object=RESULT, base=0, when=creating(2, negated=negated, how=True), reads=((Section.HOW, 2),)),
    )


def _io(kind: str) -> tuple[Call, ...]:
    vectors = ((Section.VECTORS, 1),)
    return (
        C(kind, fd=0, count=2, object=0),
        C(f"p{kind}64", fd=0, count=2, offset=3, object=0),
        C(f"{kind}v", fd=0, object=0, reads=vectors),
        C(f"p{kind}v", fd=0, offset=3, object=0, reads=vectors),
        C(f"p{kind}v2", fd=0, offset=3, object=0, reads=vectors),
    )


SOCKET0 = (Section.SOCKET, 0)
CHILD = (Section.CHILD, NONE_REGISTER)


def _row(
    name: str,
    arguments: tuple[Argument, ...],
    calls: tuple[Call, ...],
    target: tuple[str, ...],
    help: str,
    *,
    source: str = "syscalls",
    moves_paths: bool = False,
) -> tuple[str, tuple[Argument, ...], tuple[Call, ...], tuple[str, ...], str, str, bool]:
    return name, arguments, calls, target, help, source, moves_paths


_ROWS = (
    # file (16)
    _row("file.create", (DIRFD, FILENAME, PATH, A("flags", Kind.CREATE_FLAGS), A("mode", Kind.OPEN_MODE), X("resolve", Kind.RESOLVE), X("created", Kind.CREATED), X("fd", Kind.RESULT_FD)),
         (C("creat", filename=0, mode=1, object=RESULT, base=CWD), *_opens(negated=False)),
         ("path", "filename"), "a file opened with leave to create it (O_CREAT, O_TMPFILE, creat)"),
    _row("file.delete", (DIRFD, FILENAME, PATH, A("flags", Kind.AT_FLAGS)),
         (C("unlink", filename=0, base=CWD, early=True),
          C("unlinkat", dirfd=0, filename=1, flags=2, base=0, early=True, when=Condition(2, bits=AT_REMOVEDIR, negated=True))),
         ("path", "filename"), "a name removed (unlink)"),
    _row("file.rename", (*TWO_NAMES, A("flags", Kind.RENAME_FLAGS)),
         (C("rename", oldname=0, newname=1, base=CWD, base2=CWD, early=True),
          C("renameat", olddirfd=0, oldname=1, newdirfd=2, newname=3, base=0, base2=2, early=True),
          C("renameat2", olddirfd=0, oldname=1, newdirfd=2, newname=3, flags=4, base=0, base2=2, early=True)),
         ("oldpath", "oldname"), "a file or directory renamed", moves_paths=True),
    _row("file.open", (DIRFD, FILENAME, PATH, A("flags", Kind.OPEN_FLAGS), A("mode", Kind.ABSENT), X("resolve", Kind.RESOLVE), X("fd", Kind.RESULT_FD)),
         _opens(negated=True), ("path", "filename"), "an existing file opened"),
    _row("file.chmod", (DIRFD, FD, FILENAME, PATH, MODE, X("flags", Kind.AT_FLAGS)),
         (C("chmod", filename=0, mode=1, base=CWD), C("fchmod", fd=0, mode=1, object=0),
          C("fchmodat", dirfd=0, filename=1, mode=2, base=0), C("fchmodat2", dirfd=0, filename=1, mode=2, flags=3, base=0)),
         ("path", "filename"), "permission bits changed"),
    _row("file.stat", (DIRFD, FD, FILENAME, PATH, X("flags", Kind.AT_FLAGS), A("mode", Kind.STAT_MODE), X("file_type", Kind.STAT_TYPE),
                       A("uid", Kind.STAT_UID), A("gid", Kind.STAT_GID), A("inode", Kind.STAT_INODE), X("size", Kind.STAT_SIZE, unit="bytes")),
         (C("stat", filename=0, base=CWD, reads=((Section.STAT, 1),)), C("lstat", filename=0, base=CWD, reads=((Section.STAT, 1),)),
          C("fstat", fd=0, object=0, reads=((Section.STAT, 1),)),
          C("newfstatat", dirfd=0, filename=1, flags=3, base=0, reads=((Section.STAT, 2),)),
          C("statx", dirfd=0, filename=1, flags=2, base=0, reads=((Section.STAT, 4),))),
         ("path", "filename"), "a file's facts asked for (stat)"),
    _row("file.chdir", (FILENAME, FD, PATH),
         (C("chdir", filename=0, base=CWD, cwd_object=True), C("fchdir", fd=0, object=0)),
         ("path", "filename"), "the working directory changed"),
    _row("file.mkdir", (DIRFD, FILENAME, PATH, MODE),
         (C("mkdir", filename=0, mode=1, base=CWD), C("mkdirat", dirfd=0, filename=1, mode=2, base=0)),
         ("path", "filename"), "a directory made"),
    _row("file.rmdir", (DIRFD, FILENAME, PATH),
         (C("rmdir", filename=0, base=CWD, early=True),
          C("unlinkat", dirfd=0, filename=1, flags=2, base=0, early=True, when=Condition(2, bits=AT_REMOVEDIR))),
         ("path", "filename"), "a directory removed", moves_paths=True),
    _row("file.read", READ_WRITE, _io("read"), ("filename",), "bytes read from a descriptor"),
    _row("file.write", READ_WRITE, _io("write"), ("filename",), "bytes written to a descriptor"),
    _row("file.dup", (A("oldfd", Kind.FD), A("newfd", Kind.NEWFD), X("flags", Kind.DUP_FLAGS), PATH),
         (C("dup", oldfd=0, object=RESULT, object_failed=0), C("dup2", oldfd=0, newfd=1, object=RESULT, object_failed=0),
          C("dup3", oldfd=0, newfd=1, flags=2, object=RESULT, object_failed=0),
          C("fcntl", oldfd=0, command=1, object=RESULT, object_failed=0, when=Condition(1, values=(F_DUPFD, F_DUPFD_CLOEXEC)))),
         ("path",), "a descriptor duplicated"),
    _row("file.close", (A("fd", Kind.FD), X("first", Kind.UINT), X("last", Kind.UINT), X("flags", Kind.CLOSE_RANGE_FLAGS), PATH),
         (C("close", fd=0, object=0, early=True), C("close_range", first=0, last=1, flags=2)),
         ("path", "fd", "first"), "a descriptor closed"),
    _row("file.truncate", (FILENAME, FD, PATH, A("length", Kind.LONG, unit="bytes")),
         (C("truncate", filename=0, length=1, base=CWD), C("ftruncate", fd=0, length=1, object=0)),
         ("path", "filename"), "a file's length set"),
    _row("file.link", (*TWO_NAMES, A("flags", Kind.AT_FLAGS)),
         (C("link", oldname=0, newname=1, base=CWD, base2=CWD),
          C("linkat", olddirfd=0, oldname=1, newdirfd=2, newname=3, flags=4, base=0, base2=2)),
         ("newpath", "newname"), "a hard link made"),
    _row("file.symlink", (A("oldname", Kind.STRING), A("newdirfd", Kind.DIRFD), A("newname", Kind.STRING), X("newpath", Kind.PATH2)),
         (C("symlink", oldname=0, newname=1, base2=CWD), C("symlinkat", oldname=0, newdirfd=1, newname=2, base2=1)),
         ("newpath", "newname"), "a symbolic link made"),
    # process (9)
    _row("process.fork", (A("parent_pid", Kind.PARENT_PID), A("parent_comm", Kind.PARENT_COMM), A("child_pid", Kind.CHILD_PID),
                          X("child_tid", Kind.CHILD_TID), A("child_comm", Kind.CHILD_COMM), X("thread", Kind.THREAD)),
         (), ("child_tid",), "a new task (process or thread)", source="sched_process_fork"),
    _row("process.exec", (A("filename", Kind.EXEC_FILENAME), X("path", Kind.EXEC_PATH), X("interpreter", Kind.INTERPRETER), A("old_pid", Kind.OLD_PID),
                          X("dirfd", Kind.DIRFD), X("flags", Kind.AT_FLAGS), X("argv", Kind.ARGV), X("cwd", Kind.CWD)),
         (C("execve", filename=0, argv=1, base=CWD), C("execveat", dirfd=0, filename=1, argv=2, flags=4, base=0)),
         ("path", "filename"), "a program started, or that could not be", source="sched_process_exec, and failing calls"),
    _row("process.clone", (A("clone_flags", Kind.CLONE_FLAGS), X("exit_signal", Kind.EXIT_SIGNAL), A("newsp", Kind.CLONE_FIELD), A("tls", Kind.CLONE_FIELD),
                           A("parent_tidptr", Kind.CLONE_FIELD), A("child_tidptr", Kind.CLONE_FIELD), X("child_tid", Kind.CALLS_CHILD)),
         (C("clone", clone_flags=0, newsp=1, parent_tidptr=2, child_tidptr=3, tls=4, reads=(CHILD,)), C("clone3", reads=((Section.CLONE, 0), CHILD)),
          C("fork", reads=(CHILD,)), C("vfork", reads=(CHILD,))),
         ("child_tid",), "the call that makes a task, as its caller sees it return"),
    _row("process.exit", (A("exit_code", Kind.EXIT_CODE), X("signal", Kind.EXIT_BY_SIGNAL), X("core_dumped", Kind.CORE_DUMPED), A("prio", Kind.PRIORITY),
                          A("pid", Kind.OWN_TID), A("comm", Kind.OWN_COMM), X("group_dead", Kind.GROUP_DEAD), X("lifetime_ns", Kind.LIFETIME, unit="ns")),
         (), ("signal", "exit_code"), "a task's end", source="sched_process_exit"),
    _row("process.pipe", (A("fildes", Kind.PAIR), A("flags", Kind.PIPE_FLAGS)),
         (C("pipe", fildes=0, reads=((Section.INTS, 0),)), C("pipe2", fildes=0, flags=1, reads=((Section.INTS, 0),))),
         ("fildes",), "a pipe made"),
    _row("process.kill", (A("pid", Kind.SIGNAL_PID), X("tgid", Kind.INT), A("sig", Kind.SIGNAL), X("target_comm", Kind.TARGET_COMM)),
         (C("kill", pid=0, sig=1, reads=((Section.TARGET, 0),)), C("tkill", pid=0, sig=1, reads=((Section.TARGET, 0),)),
          C("tgkill", tgid=0, pid=1, sig=2, reads=((Section.TARGET, 1),)),
          C("rt_sigqueueinfo", pid=0, sig=1, reads=((Section.TARGET, 0),)),
          C("rt_tgsigqueueinfo", tgid=0, pid=1, sig=2, reads=((Section.TARGET, 1),)),
          C("pidfd_send_signal", pidfd=0, sig=1, reads=((Section.TARGET, 0),))),
         ("target_comm", "pid"), "a signal sent"),
    _row("process.ptrace", (A("request", Kind.PTRACE_REQUEST), A("pid", Kind.INT), A("addr", Kind.ADDRESS), A("data", Kind.ADDRESS)),
         (C("ptrace", request=0, pid=1, addr=2, data=3),), ("pid",), "one process looks into another"),
    _row("process.mmap", (A("addr", Kind.ADDRESS), A("len", Kind.SIZE, unit="bytes"), A("prot", Kind.PROT), A("flags", Kind.MMAP_FLAGS),
                          A("fd", Kind.FD), A("off", Kind.LONG, unit="bytes"), X("path", Kind.PATH)),
         (C("mmap", addr=0, len=1, prot=2, flags=3, fd=4, off=5, object=4),), ("path", "len"), "memory mapped"),
    _row("process.mprotect", (A("start", Kind.ADDRESS), A("len", Kind.SIZE, unit="bytes"), A("prot", Kind.PROT), X("pkey", Kind.INT)),
         (C("mprotect", start=0, len=1, prot=2), C("pkey_mprotect", start=0, len=1, prot=2, pkey=3)),
         ("start",), "protection of memory changed"),
    # network (7)
    _row("network.connect", (A("fd", Kind.FD), *PEER, *LOCAL),
         (C("connect", fd=0, addr=1, addr_len=2, reads=((Section.SOCKADDR, 1), SOCKET0)),),
         ("addr", "fd"), "a socket connected"),
    _row("network.send", SEND_RECEIVE,
         (C("sendto", fd=0, len=2, flags=3, addr=4, addr_len=5, reads=((Section.SOCKADDR, 4), SOCKET0)),
          C("sendmsg", fd=0, flags=2, reads=((Section.MESSAGE, 1), SOCKET0)),
          C("sendmmsg", fd=0, vlen=2, flags=3, reads=((Section.MESSAGE, 1), SOCKET0))),
         ("addr", "fd"), "a message sent"),
    _row("network.receive", SEND_RECEIVE,
         (C("recvfrom", fd=0, len=2, flags=3, addr=4, reads=((Section.ADDRLEN, 5), (Section.SOCKADDR, 4), SOCKET0)),
          C("recvmsg", fd=0, flags=2, reads=((Section.MESSAGE, 1), SOCKET0)),
          C("recvmmsg", fd=0, vlen=2, flags=3, reads=((Section.MESSAGE, 1), SOCKET0))),
         ("addr", "fd"), "a message received"),
    _row("network.accept", (A("fd", Kind.FD), X("newfd", Kind.RESULT_FD), *PEER, A("flags", Kind.ACCEPT_FLAGS), *LOCAL),
         (C("accept", fd=0, addr=1, reads=((Section.ADDRLEN, 2), (Section.SOCKADDR, 1), (Section.SOCKET, RESULT))),
          C("accept4", fd=0, addr=1, flags=3, reads=((Section.ADDRLEN, 2), (Section.SOCKADDR, 1), (Section.SOCKET, RESULT)))),
         ("addr", "fd"), "a connection accepted"),
    _row("network.bind", (A("fd", Kind.FD), *PEER, X("protocol", Kind.PROTOCOL)),
         (C("bind", fd=0, addr=1, addr_len=2, reads=((Section.SOCKADDR, 1), SOCKET0)),),
         ("addr", "fd"), "a socket given its address"),
    _row("network.getpeername", (A("fd", Kind.FD), *PEER),
         (C("getpeername", fd=0, addr=1, reads=((Section.ADDRLEN, 2), (Section.SOCKADDR, 1), SOCKET0)),),
         ("addr", "fd"), "the peer's address asked for"),
    _row("network.socketpair", (A("family", Kind.SOCKET_FAMILY), A("type", Kind.SOCKET_TYPE), A("protocol", Kind.INT), A("usockvec", Kind.PAIR)),
         (C("socketpair", family=0, type=1, protocol=2, usockvec=3, reads=((Section.INTS, 3),)),),
         ("usockvec",), "a pair of connected sockets made"),
    # user (6)
    *(
        _row(f"user.set{name}",
             (*(A(argument, Kind.ID) for argument in arguments), *(X(f"old_{argument}", Kind.OLD_ID) for argument in arguments)),
             (C(f"set{name}", reads=((Section.OLD_IDS, NONE_REGISTER),), **{argument: i for i, argument in enumerate(arguments)}),),
             arguments, f"{what} changed")
        for name, arguments, what in (
            ("gid", ("gid",), "the group id"),
            ("regid", ("rgid", "egid"), "the real and effective group ids"),
            ("resgid", ("rgid", "egid", "sgid"), "the real, effective and saved group ids"),
            ("uid", ("uid",), "the user id"),
            ("reuid", ("ruid", "euid"), "the real and effective user ids"),
            ("resuid", ("ruid", "euid", "suid"), "the real, effective and saved user ids"),
        )
    ),
)  # fmt: skip

_MONITOR_ROWS = (
    ("monitor.start", ("host", "kernel", "machine", "boot_id", "run_id", "version", "options", "left_out"), "the monitor began; always first"),
    ("monitor.lost", ("count", "family", "cpu", "from", "to"), "events that the kernel could not hand over, at their place"),
    ("monitor.dropped", ("count",), "events that retention let go of (oldest first)"),
    ("monitor.stop", ("captured", "lost", "coalesced", "not_decoded", "left_out", "skipped", "incomplete", "by_type", "wall_seconds", "cpu_seconds"), "the monitor ended; always last"),
)  # fmt: skip


def _build() -> tuple[EventType, ...]:
    return tuple(
        EventType(
            id=number, name=name, family=name.partition(".")[0], arguments=arguments, calls=calls, target=target, help=help,
            source=source, moves_paths=moves, routine=name in ROUTINE, by_name=MappingProxyType({call.name: call for call in calls}),
        )
        for number, (name, arguments, calls, target, help, source, moves) in enumerate(_ROWS, 1)
    )  # fmt: skip


TYPES: tuple[EventType, ...] = _build()
"""The 38 types; a type's id is its position here plus one."""

MONITOR_TYPES: tuple[EventType, ...] = tuple(
    EventType(
        id=number, name=name, family="monitor", arguments=tuple(X(argument, Kind.ABSENT) for argument in arguments), calls=(),
        target=("count",) if "count" in arguments else (), help=help, source="monitor",
    )
    for number, (name, arguments, help) in enumerate(_MONITOR_ROWS, len(TYPES) + 1)
)  # fmt: skip

ALL_TYPES = TYPES + MONITOR_TYPES
BY_NAME: Mapping[str, EventType] = MappingProxyType({row.name: row for row in ALL_TYPES})
BY_ID: Mapping[int, EventType] = MappingProxyType({row.id: row for row in ALL_TYPES})

MONITOR_START = BY_NAME["monitor.start"].id
MONITOR_LOST = BY_NAME["monitor.lost"].id
MONITOR_DROPPED = BY_NAME["monitor.dropped"].id
MONITOR_STOP = BY_NAME["monitor.stop"].id

FORK, EXEC, CLONE, EXIT = (BY_NAME[f"process.{name}"].id for name in ("fork", "exec", "clone", "exit"))


def call_of(event: int, syscall: str | None) -> Call | None:
    """The row's entry for this call; None for what is no call."""
    return BY_ID[event].by_name.get(syscall) if syscall is not None else None


def calls() -> Iterator[tuple[EventType, Call]]:
    """Every (type, call) pair of the table."""
    for row in TYPES:
        for call in row.calls:
            yield row, call


# How the events that are no calls lay out their six args (registers of the record):
#   process.fork: 0 child tgid, 1 child tid, 2 real parent's tgid (of a thread: its process), 3 child's start (boot-clock ns),
#       4 and 5: the child's comm, 16 bytes. `parent_comm`: the record's own comm where parent_pid == pid, else null (CLONE_PARENT)
#   process.exec that succeeded: 0 old tid (who called), 1 dirfd (of execveat), 2 flags (of execveat), 3 start (boot-clock ns) of the task
#       sections: STRING 0 the filename (bprm's), ARGV 1, TEXT where a script was named relative to a dirfd
#       (a failing one is an ordinary call: registers as in `calls`, sections STRING and ARGV by register)
#   process.exit: 0 exit_code word of the kernel (status << 8 | core 0x80 | signal), 1 prio, 2 group_dead, 3 start (boot-clock ns), 4 the end (boot-clock ns)
#   monitor.lost: 0 count, 1 family index, 2 cpu, 3 from, 4 to (boot-clock ns in batches; epoch ns in chunks)
