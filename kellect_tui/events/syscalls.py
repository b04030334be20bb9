"""Numbers of the system calls that the catalogue names, by ABI.

Source: the kernel's arch/x86/entry/syscalls/syscall_64.tbl, syscall_32.tbl and include/uapi/asm-generic/unistd.h.
A call that an ABI lacks has no entry there, and that is no error.
"""

from __future__ import annotations

import platform
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

X86_64: Mapping[str, int] = MappingProxyType({
    "read": 0, "write": 1, "open": 2, "close": 3, "stat": 4, "fstat": 5, "lstat": 6, "mmap": 9, "mprotect": 10,
    "pread64": 17, "pwrite64": 18, "readv": 19, "writev": 20, "pipe": 22, "dup": 32, "dup2": 33, "connect": 42, "accept": 43,
    "sendto": 44, "recvfrom": 45, "sendmsg": 46, "recvmsg": 47, "bind": 49, "getpeername": 52, "socketpair": 53, "clone": 56,
    "fork": 57, "vfork": 58, "execve": 59, "kill": 62, "fcntl": 72, "truncate": 76, "ftruncate": 77, "chdir": 80, "fchdir": 81,
    "rename": 82, "mkdir": 83, "rmdir": 84, "creat": 85, "link": 86, "unlink": 87, "symlink": 88, "chmod": 90, "fchmod": 91,
    "ptrace": 101, "setuid": 105, "setgid": 106, "setreuid": 113, "setregid": 114, "setresuid": 117, "setresgid": 119,
    "rt_sigqueueinfo": 129, "pivot_root": 155, "chroot": 161, "mount": 165, "umount2": 166, "tkill": 200, "tgkill": 234, "openat": 257, "mkdirat": 258,
    "newfstatat": 262, "unlinkat": 263, "renameat": 264, "linkat": 265, "symlinkat": 266, "fchmodat": 268, "unshare": 272, "accept4": 288,
    "dup3": 292, "pipe2": 293, "preadv": 295, "pwritev": 296, "rt_tgsigqueueinfo": 297, "recvmmsg": 299, "sendmmsg": 307, "setns": 308,
    "renameat2": 316, "execveat": 322, "preadv2": 327, "pwritev2": 328, "pkey_mprotect": 329, "statx": 332,
    "pidfd_send_signal": 424, "open_tree": 428, "move_mount": 429, "fsmount": 432, "clone3": 435, "close_range": 436, "openat2": 437,
    "fchmodat2": 452, "open_tree_attr": 467,
})  # fmt: skip

AARCH64: Mapping[str, int] = MappingProxyType({
    "dup": 23, "dup3": 24, "fcntl": 25, "mkdirat": 34, "unlinkat": 35, "symlinkat": 36, "linkat": 37, "renameat": 38, "umount2": 39,
    "mount": 40, "pivot_root": 41, "truncate": 45, "ftruncate": 46, "chdir": 49, "fchdir": 50, "chroot": 51, "fchmod": 52, "fchmodat": 53,
    "openat": 56, "close": 57, "pipe2": 59, "read": 63, "write": 64, "readv": 65, "writev": 66, "pread64": 67, "pwrite64": 68,
    "preadv": 69, "pwritev": 70, "newfstatat": 79, "fstat": 80, "unshare": 97, "ptrace": 117, "kill": 129, "tkill": 130, "tgkill": 131,
    "rt_sigqueueinfo": 138, "setregid": 143, "setgid": 144, "setreuid": 145, "setuid": 146, "setresuid": 147, "setresgid": 149,
    "socketpair": 199, "bind": 200, "accept": 202, "connect": 203, "getpeername": 205, "sendto": 206, "recvfrom": 207,
    "sendmsg": 211, "recvmsg": 212, "clone": 220, "execve": 221, "mmap": 222, "mprotect": 226, "rt_tgsigqueueinfo": 240,
    "accept4": 242, "recvmmsg": 243, "setns": 268, "sendmmsg": 269, "renameat2": 276, "execveat": 281, "preadv2": 286, "pwritev2": 287,
    "pkey_mprotect": 288, "statx": 291, "pidfd_send_signal": 424, "open_tree": 428, "move_mount": 429, "fsmount": 432, "clone3": 435, "close_range": 436,
    "openat2": 437, "fchmodat2": 452, "open_tree_attr": 467,
})  # fmt: skip

I386: Mapping[str, int] = MappingProxyType({
    "fork": 2, "read": 3, "write": 4, "open": 5, "close": 6, "creat": 8, "link": 9, "unlink": 10, "execve": 11, "chdir": 12, "chmod": 15,
    "oldstat": 18, "setuid": 23, "ptrace": 26, "kill": 37, "rename": 38, "mkdir": 39, "rmdir": 40, "dup": 41, "pipe": 42, "setgid": 46, "fcntl": 55,
    "oldfstat": 28, "oldlstat": 84,
    "dup2": 63, "setreuid": 70, "setregid": 71, "symlink": 83, "mmap": 90, "truncate": 92, "ftruncate": 93, "fchmod": 94, "socketcall": 102,
    "stat": 106, "lstat": 107, "fstat": 108, "clone": 120, "mprotect": 125, "fchdir": 133, "readv": 145, "writev": 146, "setresuid": 164,
    "setresgid": 170, "rt_sigqueueinfo": 178, "pread64": 180, "pwrite64": 181, "vfork": 190, "mmap2": 192, "truncate64": 193,
    "ftruncate64": 194, "stat64": 195, "lstat64": 196, "fstat64": 197, "setreuid32": 203, "setregid32": 204, "setresuid32": 208,
    "setresgid32": 210, "setuid32": 213, "setgid32": 214, "fcntl64": 221, "tkill": 238, "tgkill": 270, "openat": 295, "mkdirat": 296,
    "fstatat64": 300, "unlinkat": 301, "renameat": 302, "linkat": 303, "symlinkat": 304, "fchmodat": 306, "dup3": 330, "pipe2": 331,
    "preadv": 333, "pwritev": 334, "rt_tgsigqueueinfo": 335, "recvmmsg": 337, "sendmmsg": 345, "renameat2": 353, "execveat": 358,
    "socketpair": 360, "bind": 361, "connect": 362, "accept4": 364, "getpeername": 368, "sendto": 369, "sendmsg": 370, "recvfrom": 371,
    "recvmsg": 372, "preadv2": 378, "pwritev2": 379, "pkey_mprotect": 380, "statx": 383, "recvmmsg_time64": 417,
    "pidfd_send_signal": 424, "clone3": 435, "close_range": 436, "openat2": 437, "fchmodat2": 452,
})  # fmt: skip

_NATIVE = {"x86_64": X86_64, "aarch64": AARCH64}

PATH_MOVERS = ("mount", "umount2", "move_mount", "open_tree", "open_tree_attr", "fsmount", "pivot_root", "chroot", "unshare", "setns")
"""Calls that are no event, whose success gives every path a new generation: mounts come and go, and roots change."""


def native(machine: str | None = None) -> Mapping[str, int]:
    """Name → number of the machine's own ABI (default: the one this runs on; x86_64 where it is unknown)."""
    return _NATIVE.get(machine or platform.machine(), X86_64)


@lru_cache(8)
def names(machine: str | None = None) -> Mapping[int, str]:
    """Number → name of the machine's own ABI."""
    return MappingProxyType({number: name for name, number in native(machine).items()})
