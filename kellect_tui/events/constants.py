"""Numbers and their symbols, as Linux has them on x86_64; literal, so that they do not hang on this host's Python.

Sources: include/uapi/asm-generic/{errno-base,errno,fcntl,mman-common,socket}.h, include/uapi/linux/{fcntl,stat,fs,openat2,
sched,ptrace,mman,close_range}.h, include/linux/{errno,socket}.h, arch/x86/include/uapi/asm/{signal,mman,ptrace-abi}.h.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType


def _numbered(first: int, names: str) -> dict[int, str]:
    return {first + index: name for index, name in enumerate(names.split()) if name != "-"}


ERRNO: Mapping[int, str] = MappingProxyType(
    _numbered(1, """EPERM ENOENT ESRCH EINTR EIO ENXIO E2BIG ENOEXEC EBADF ECHILD EAGAIN ENOMEM EACCES EFAULT ENOTBLK EBUSY EEXIST EXDEV ENODEV ENOTDIR
    EISDIR EINVAL ENFILE EMFILE ENOTTY ETXTBSY EFBIG ENOSPC ESPIPE EROFS EMLINK EPIPE EDOM ERANGE EDEADLK ENAMETOOLONG ENOLCK ENOSYS ENOTEMPTY ELOOP
    - ENOMSG EIDRM ECHRNG EL2NSYNC EL3HLT EL3RST ELNRNG EUNATCH ENOCSI EL2HLT EBADE EBADR EXFULL ENOANO EBADRQC EBADSLT - EBFONT ENOSTR ENODATA ETIME
    ENOSR ENONET ENOPKG EREMOTE ENOLINK EADV ESRMNT ECOMM EPROTO EMULTIHOP EDOTDOT EBADMSG EOVERFLOW ENOTUNIQ EBADFD EREMCHG ELIBACC ELIBBAD ELIBSCN
    ELIBMAX ELIBEXEC EILSEQ ERESTART ESTRPIPE EUSERS ENOTSOCK EDESTADDRREQ EMSGSIZE EPROTOTYPE ENOPROTOOPT EPROTONOSUPPORT ESOCKTNOSUPPORT EOPNOTSUPP
    EPFNOSUPPORT EAFNOSUPPORT EADDRINUSE EADDRNOTAVAIL ENETDOWN ENETUNREACH ENETRESET ECONNABORTED ECONNRESET ENOBUFS EISCONN ENOTCONN ESHUTDOWN
    ETOOMANYREFS ETIMEDOUT ECONNREFUSED EHOSTDOWN EHOSTUNREACH EALREADY EINPROGRESS ESTALE EUCLEAN ENOTNAM ENAVAIL EISNAM EREMOTEIO EDQUOT ENOMEDIUM
    EMEDIUMTYPE ECANCELED ENOKEY EKEYEXPIRED EKEYREVOKED EKEYREJECTED EOWNERDEAD ENOTRECOVERABLE ERFKILL EHWPOISON""")
    | _numbered(512, "ERESTARTSYS ERESTARTNOINTR ERESTARTNOHAND ENOIOCTLCMD ERESTART_RESTARTBLOCK EPROBE_DEFER EOPENSTALE ENOPARAM")
    | _numbered(521, "EBADHANDLE ENOTSYNC EBADCOOKIE ENOTSUPP ETOOSMALL ESERVERFAULT EBADTYPE EJUKEBOX EIOCBQUEUED ERECALLCONFLICT ENOGRACE")
)  # fmt: skip
MAX_ERRNO = 4095  # include/linux/err.h
RESTARTS = (512, 513, 514, 516)
"""ERESTARTSYS, ERESTARTNOINTR, ERESTARTNOHAND, ERESTART_RESTARTBLOCK (include/linux/errno.h): the call was interrupted, and
the kernel may restart it."""
ENOIOCTLCMD = 515  # between them, but a failure like any other

SIGNALS: Mapping[int, str] = MappingProxyType(
    _numbered(1, """SIGHUP SIGINT SIGQUIT SIGILL SIGTRAP SIGABRT SIGBUS SIGFPE SIGKILL SIGUSR1 SIGSEGV SIGUSR2 SIGPIPE SIGALRM SIGTERM SIGSTKFLT SIGCHLD
    SIGCONT SIGSTOP SIGTSTP SIGTTIN SIGTTOU SIGURG SIGXCPU SIGXFSZ SIGVTALRM SIGPROF SIGWINCH SIGIO SIGPWR SIGSYS""")
    | {34: "SIGRTMIN"} | {34 + n: f"SIGRTMIN+{n}" for n in range(1, 31)}
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Flags:
    """Symbols of a set of bits.

    Attributes:
        bits: (name, value), composites too; the longest composite wins. They are written in the order of their values.
        mask, values: Mask of a part that is a number, not bits (O_ACCMODE), and the names of its numbers.
        mask2, values2: A second such part, written last (the page size of mmap's flags).
        zero: What none set is called.
        width: Significant bits of the register.
    """

    bits: Sequence[tuple[str, int]]
    mask: int = 0
    values: Mapping[int, str] = field(default_factory=dict)
    zero: str = "0"
    width: int = 32
    mask2: int = 0
    values2: Mapping[int, str] = field(default_factory=dict)

    def text(self, value: int) -> str:
        """`O_WRONLY|O_CREAT|0x40000000`."""
        return _symbols(self, value & ((1 << self.width) - 1))


@lru_cache(8192)
def _symbols(flags: Flags, value: int) -> str:
    if value == 0 and not (flags.mask and 0 in flags.values):
        return flags.zero
    names: list[str] = []
    number = value & flags.mask
    rest = value & ~flags.mask
    if flags.mask:
        if number in flags.values:
            names.append(flags.values[number])
        elif number:
            rest |= number
    found: list[tuple[int, str]] = []
    left = rest
    for name, bits in sorted(flags.bits, key=lambda item: -bin(item[1]).count("1")):
        if bits and left & bits == bits and rest & bits == bits:
            found.append((bits, name))
            left &= ~bits
    names += [name for _bits, name in sorted(found)]
    size = left & flags.mask2
    if size in flags.values2:
        names.append(flags.values2[size])
        left &= ~flags.mask2
    if left:
        names.append(hex(left))
    return "|".join(names)


def enumeration(values: Mapping[int, str], number: int) -> str:
    """The symbol of a number, hex where it has none."""
    return values.get(number) or hex(number & 0xFFFFFFFF)


OPEN = Flags(
    (
        ("O_CREAT", 0o100), ("O_EXCL", 0o200), ("O_NOCTTY", 0o400), ("O_TRUNC", 0o1000), ("O_APPEND", 0o2000), ("O_NONBLOCK", 0o4000),
        ("O_DSYNC", 0o10000), ("FASYNC", 0o20000), ("O_DIRECT", 0o40000), ("O_LARGEFILE", 0o100000), ("O_DIRECTORY", 0o200000),
        ("O_NOFOLLOW", 0o400000), ("O_NOATIME", 0o1000000), ("O_CLOEXEC", 0o2000000), ("O_SYNC", 0o4010000), ("O_PATH", 0o10000000),
        ("O_TMPFILE", 0o20200000), ("__O_SYNC", 0o4000000), ("__O_TMPFILE", 0o20000000),
    ),
    mask=3, values={0: "O_RDONLY", 1: "O_WRONLY", 2: "O_RDWR"}, width=64,
)  # fmt: skip
RESOLVE = Flags(
    (("RESOLVE_NO_XDEV", 1), ("RESOLVE_NO_MAGICLINKS", 2), ("RESOLVE_NO_SYMLINKS", 4), ("RESOLVE_BENEATH", 8), ("RESOLVE_IN_ROOT", 16), ("RESOLVE_CACHED", 32)),
    width=64,
)
_AT_COMMON = (("AT_SYMLINK_NOFOLLOW", 0x100), ("AT_NO_AUTOMOUNT", 0x800), ("AT_EMPTY_PATH", 0x1000))
AT_FLAGS: Mapping[str, Flags] = MappingProxyType({
    "unlinkat": Flags((("AT_REMOVEDIR", 0x200), *_AT_COMMON)),
    "linkat": Flags((("AT_SYMLINK_FOLLOW", 0x400), *_AT_COMMON)),
    "statx": Flags((*_AT_COMMON, ("AT_STATX_FORCE_SYNC", 0x2000), ("AT_STATX_DONT_SYNC", 0x4000)), zero="AT_STATX_SYNC_AS_STAT"),
    "execveat": Flags((*_AT_COMMON, ("AT_EXECVE_CHECK", 0x10000))),
})  # fmt: skip
AT_OTHERS = Flags(_AT_COMMON)
RENAME = Flags((("RENAME_NOREPLACE", 1), ("RENAME_EXCHANGE", 2), ("RENAME_WHITEOUT", 4)))
CLOSE_RANGE = Flags((("CLOSE_RANGE_UNSHARE", 2), ("CLOSE_RANGE_CLOEXEC", 4)))
CLONE = Flags(
    (
        ("CLONE_NEWTIME", 0x80), ("CLONE_VM", 0x100), ("CLONE_FS", 0x200), ("CLONE_FILES", 0x400), ("CLONE_SIGHAND", 0x800), ("CLONE_PIDFD", 0x1000),
        ("CLONE_PTRACE", 0x2000), ("CLONE_VFORK", 0x4000), ("CLONE_PARENT", 0x8000), ("CLONE_THREAD", 0x10000), ("CLONE_NEWNS", 0x20000),
        ("CLONE_SYSVSEM", 0x40000), ("CLONE_SETTLS", 0x80000), ("CLONE_PARENT_SETTID", 0x100000), ("CLONE_CHILD_CLEARTID", 0x200000),
        ("CLONE_DETACHED", 0x400000), ("CLONE_UNTRACED", 0x800000), ("CLONE_CHILD_SETTID", 0x1000000), ("CLONE_NEWCGROUP", 0x2000000),
        ("CLONE_NEWUTS", 0x4000000), ("CLONE_NEWIPC", 0x8000000), ("CLONE_NEWUSER", 0x10000000), ("CLONE_NEWPID", 0x20000000),
        ("CLONE_NEWNET", 0x40000000), ("CLONE_IO", 0x80000000), ("CLONE_CLEAR_SIGHAND", 0x100000000), ("CLONE_INTO_CGROUP", 0x200000000),
        ("CLONE_AUTOREAP", 1 << 34), ("CLONE_NNP", 1 << 35), ("CLONE_PIDFD_AUTOKILL", 1 << 36), ("CLONE_EMPTY_MNTNS", 1 << 37),
    ),
    width=64,
)  # fmt: skip
CLONE_CALL = Flags(tuple((name, bit) for name, bit in CLONE.bits if bit < 1 << 32), width=64)
"""Of clone() itself, which looks at 32 bits."""
PIPE = Flags((("O_CLOEXEC", 0o2000000), ("O_DIRECT", 0o40000), ("O_NONBLOCK", 0o4000), ("O_NOTIFICATION_PIPE", 0o200)))
DUP = Flags((("O_CLOEXEC", 0o2000000),))
PROT = Flags(
    (("PROT_READ", 1), ("PROT_WRITE", 2), ("PROT_EXEC", 4), ("PROT_SEM", 8), ("PROT_GROWSDOWN", 0x1000000), ("PROT_GROWSUP", 0x2000000)),
    zero="PROT_NONE",
    width=64,
)
_MMAP_BITS = (
    ("MAP_FIXED", 0x10), ("MAP_ANONYMOUS", 0x20), ("MAP_32BIT", 0x40), ("MAP_ABOVE4G", 0x80), ("MAP_GROWSDOWN", 0x100), ("MAP_DENYWRITE", 0x800),
    ("MAP_EXECUTABLE", 0x1000), ("MAP_LOCKED", 0x2000), ("MAP_NORESERVE", 0x4000), ("MAP_POPULATE", 0x8000), ("MAP_NONBLOCK", 0x10000),
    ("MAP_STACK", 0x20000), ("MAP_HUGETLB", 0x40000), ("MAP_SYNC", 0x80000), ("MAP_FIXED_NOREPLACE", 0x100000),
)  # fmt: skip
_HUGE = {14: "16KB", 16: "64KB", 19: "512KB", 20: "1MB", 21: "2MB", 23: "8MB", 24: "16MB", 25: "32MB", 28: "256MB", 29: "512MB", 30: "1GB", 31: "2GB", 34: "16GB"}  # fmt: skip
_HUGE_SHIFT, _HUGE_MASK = 26, 0x3F
_MMAP_TYPES = {1: "MAP_SHARED", 2: "MAP_PRIVATE", 3: "MAP_SHARED_VALIDATE", 8: "MAP_DROPPABLE"}
MMAP = Flags((*_MMAP_BITS, ("MAP_UNINITIALIZED", 0x4000000)), mask=0xF, values=_MMAP_TYPES, width=64)
MMAP_HUGE = Flags(
    _MMAP_BITS, mask=0xF, values=_MMAP_TYPES, width=64,
    mask2=_HUGE_MASK << _HUGE_SHIFT, values2={log2 << _HUGE_SHIFT: f"MAP_HUGE_{size}" for log2, size in _HUGE.items()},
)  # fmt: skip
"""With MAP_HUGETLB bits 26 to 31 are the page size (its base 2 logarithm), where otherwise MAP_UNINITIALIZED stands."""
MESSAGE = Flags(
    (
        ("MSG_OOB", 1), ("MSG_PEEK", 2), ("MSG_DONTROUTE", 4), ("MSG_CTRUNC", 8), ("MSG_PROBE", 0x10), ("MSG_TRUNC", 0x20), ("MSG_DONTWAIT", 0x40),
        ("MSG_EOR", 0x80), ("MSG_WAITALL", 0x100), ("MSG_FIN", 0x200), ("MSG_SYN", 0x400), ("MSG_CONFIRM", 0x800), ("MSG_RST", 0x1000),
        ("MSG_ERRQUEUE", 0x2000), ("MSG_NOSIGNAL", 0x4000), ("MSG_MORE", 0x8000), ("MSG_WAITFORONE", 0x10000), ("MSG_BATCH", 0x40000),
        ("MSG_SOCK_DEVMEM", 0x2000000), ("MSG_ZEROCOPY", 0x4000000), ("MSG_FASTOPEN", 0x20000000), ("MSG_CMSG_CLOEXEC", 0x40000000), ("MSG_CMSG_COMPAT", 0x80000000),
    )
)  # fmt: skip
ACCEPT = Flags((("SOCK_CLOEXEC", 0o2000000), ("SOCK_NONBLOCK", 0o4000)))
SOCKET_TYPE = Flags(
    (("SOCK_CLOEXEC", 0o2000000), ("SOCK_NONBLOCK", 0o4000)),
    mask=0xF, values={1: "SOCK_STREAM", 2: "SOCK_DGRAM", 3: "SOCK_RAW", 4: "SOCK_RDM", 5: "SOCK_SEQPACKET", 6: "SOCK_DCCP", 10: "SOCK_PACKET"},
)  # fmt: skip

FAMILIES: Mapping[int, str] = MappingProxyType(
    _numbered(0, """AF_UNSPEC AF_UNIX AF_INET AF_AX25 AF_IPX AF_APPLETALK AF_NETROM AF_BRIDGE AF_ATMPVC AF_X25 AF_INET6 AF_ROSE AF_DECnet AF_NETBEUI
    AF_SECURITY AF_KEY AF_NETLINK AF_PACKET AF_ASH AF_ECONET AF_ATMSVC AF_RDS AF_SNA AF_IRDA AF_PPPOX AF_WANPIPE AF_LLC AF_IB AF_MPLS AF_CAN AF_TIPC
    AF_BLUETOOTH AF_IUCV AF_RXRPC AF_ISDN AF_PHONET AF_IEEE802154 AF_CAIF AF_ALG AF_NFC AF_VSOCK AF_KCM AF_QIPCRTR AF_SMC AF_XDP AF_MCTP""")
)  # fmt: skip
PROTOCOLS: Mapping[int, str] = MappingProxyType({
    0: "IPPROTO_IP", 1: "IPPROTO_ICMP", 2: "IPPROTO_IGMP", 4: "IPPROTO_IPIP", 6: "IPPROTO_TCP", 8: "IPPROTO_EGP", 12: "IPPROTO_PUP", 17: "IPPROTO_UDP",
    22: "IPPROTO_IDP", 29: "IPPROTO_TP", 33: "IPPROTO_DCCP", 41: "IPPROTO_IPV6", 43: "IPPROTO_ROUTING", 44: "IPPROTO_FRAGMENT", 46: "IPPROTO_RSVP",
    47: "IPPROTO_GRE", 50: "IPPROTO_ESP", 51: "IPPROTO_AH", 58: "IPPROTO_ICMPV6", 59: "IPPROTO_NONE", 60: "IPPROTO_DSTOPTS",
    92: "IPPROTO_MTP", 94: "IPPROTO_BEETPH", 98: "IPPROTO_ENCAP", 103: "IPPROTO_PIM", 108: "IPPROTO_COMP", 115: "IPPROTO_L2TP",
    132: "IPPROTO_SCTP", 135: "IPPROTO_MH", 136: "IPPROTO_UDPLITE", 137: "IPPROTO_MPLS", 143: "IPPROTO_ETHERNET", 144: "IPPROTO_AGGFRAG", 255: "IPPROTO_RAW",
    256: "IPPROTO_SMC", 262: "IPPROTO_MPTCP",
})  # fmt: skip
PTRACE: Mapping[int, str] = MappingProxyType(
    _numbered(0, "PTRACE_TRACEME PTRACE_PEEKTEXT PTRACE_PEEKDATA PTRACE_PEEKUSER PTRACE_POKETEXT PTRACE_POKEDATA PTRACE_POKEUSER PTRACE_CONT PTRACE_KILL PTRACE_SINGLESTEP")
    | _numbered(12, "PTRACE_GETREGS PTRACE_SETREGS PTRACE_GETFPREGS PTRACE_SETFPREGS PTRACE_ATTACH PTRACE_DETACH PTRACE_GETFPXREGS PTRACE_SETFPXREGS")
    | {21: "PTRACE_OLDSETOPTIONS", 24: "PTRACE_SYSCALL", 25: "PTRACE_GET_THREAD_AREA", 26: "PTRACE_SET_THREAD_AREA", 30: "PTRACE_ARCH_PRCTL", 31: "PTRACE_SYSEMU", 32: "PTRACE_SYSEMU_SINGLESTEP", 33: "PTRACE_SINGLEBLOCK"}
    | _numbered(0x4200, """PTRACE_SETOPTIONS PTRACE_GETEVENTMSG PTRACE_GETSIGINFO PTRACE_SETSIGINFO PTRACE_GETREGSET PTRACE_SETREGSET PTRACE_SEIZE PTRACE_INTERRUPT
    PTRACE_LISTEN PTRACE_PEEKSIGINFO PTRACE_GETSIGMASK PTRACE_SETSIGMASK PTRACE_SECCOMP_GET_FILTER PTRACE_SECCOMP_GET_METADATA PTRACE_GET_SYSCALL_INFO
    PTRACE_GET_RSEQ_CONFIGURATION PTRACE_SET_SYSCALL_USER_DISPATCH_CONFIG PTRACE_GET_SYSCALL_USER_DISPATCH_CONFIG PTRACE_SET_SYSCALL_INFO""")
)  # fmt: skip
FILE_TYPES: Mapping[int, str] = MappingProxyType(
    {0o100000: "regular", 0o040000: "directory", 0o120000: "symlink", 0o020000: "character", 0o060000: "block", 0o010000: "fifo", 0o140000: "socket"}
)


def errno_name(number: int) -> str:
    """`ENOENT` of 2; hex where there is none."""
    return ERRNO.get(number) or hex(number)


def errno_text(name: str) -> str:
    """What an errno's symbol means, in the C library's words; of the kernel's own: that it may restart the call."""
    if name.startswith("ERESTART"):
        return "interrupted; the kernel may restart the call"
    number = getattr(errno, name, None)
    return os.strerror(number) if number is not None else ""


def signal_name(number: int) -> str:
    """`SIGTERM`, `SIGRTMIN+2`; `0` of 0; hex of the others."""
    return SIGNALS.get(number) or ("0" if number == 0 else hex(number & 0xFFFFFFFF if number < 0 else number))
