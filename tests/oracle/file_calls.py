"""file.*: what the contract says of each call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.oracle.row import Row, dirfd_text, first_list, number, socket_inode
from tests.oracle.syntax import Quoted, Tagged, Word
from tests.oracle.text import Flags, mode_of, mode_text, word


def _opened(row: Row, dirfd: Any, name: Any, flags: Word | int, mode: Any, resolve: Any, creat: bool = False) -> tuple[str, Row]:
    names = frozenset(word(flags).split("|"))
    creates = creat or bool(names & {"O_CREAT", "O_TMPFILE", "__O_TMPFILE"})
    row.put(dirfd=None if dirfd is None else dirfd_text(dirfd)).string("filename", name).flags("flags", flags)
    done = row.call.result_number is not None and row.call.result_number >= 0
    row.put(fd=row.call.result_number if done else None, resolve=None)
    if resolve is not None:
        row.flags("resolve", resolve)
    if done:
        row.tag_path("path", row.call.result)
    elif resolve is not None and "RESOLVE_IN_ROOT" in word(resolve).split("|") and isinstance(name, Quoted):
        row.named_path("path", dirfd, Quoted(name.data.lstrip(b"/") or b"."))
    else:
        row.named_path("path", dirfd, name)
    if not creates:
        return "file.open", row.put(mode=None)
    row.mode("mode", mode if mode is not None else 0)
    if not done:
        row.put(created=None)
    elif ("O_TMPFILE" in names and "O_PATH" not in names) or ("O_EXCL" in names and "O_CREAT" in names):
        row.put(created=True)
    elif row.step.existed is not None:
        row.put(created=not row.step.existed)
    return "file.create", row


def _open(row: Row) -> tuple[str, Row]:
    values = row.call.values
    return _opened(row, None, values[0], values[1], values[2] if len(values) > 2 else None, None)


def _openat(row: Row) -> tuple[str, Row]:
    values = row.call.values
    return _opened(row, values[0], values[1], values[2], values[3] if len(values) > 3 else None, None)


def _creat(row: Row) -> tuple[str, Row]:
    return _opened(row, None, row.call.values[0], Word(("O_WRONLY", "O_CREAT", "O_TRUNC")), row.call.values[1], None, creat=True)


def _openat2(row: Row) -> tuple[str, Row]:
    dirfd, name, how = row.call.values[:3]
    if not isinstance(how, dict):
        row.put(dirfd=dirfd_text(dirfd), flags=None, mode=None, resolve=None, fd=None).string("filename", name).named_path("path", dirfd, name)
        row.marks |= {"flags:unreadable", "resolve:unreadable"}
        return "file.open", row
    return _opened(row, dirfd, name, how["flags"], how.get("mode"), how["resolve"])


def _unlink(row: Row) -> tuple[str, Row]:
    name = row.call.values[0]
    return "file.delete", row.put(dirfd=None, flags=None).string("filename", name).named_path("path", None, name)


def _rmdir(row: Row) -> tuple[str, Row]:
    name = row.call.values[0]
    return "file.rmdir", row.put(dirfd=None).string("filename", name).named_path("path", None, name)


def _unlinkat(row: Row) -> tuple[str, Row]:
    dirfd, name, flags = row.call.values
    row.put(dirfd=dirfd_text(dirfd)).string("filename", name).named_path("path", dirfd, name)
    if "AT_REMOVEDIR" in word(flags).split("|"):
        return "file.rmdir", row
    return "file.delete", row.flags("flags", flags)


def _two_names(kind: str, has_dirs: bool, has_flags: bool) -> Callable[[Row], tuple[str, Row]]:
    def expect(row: Row) -> tuple[str, Row]:
        values = row.call.values
        olddir, old, newdir, new = values[:4] if has_dirs else (None, values[0], None, values[1])
        flags = values[4] if has_flags else None
        empty = flags is not None and "AT_EMPTY_PATH" in word(flags).split("|")
        row.put(olddirfd=None if olddir is None else dirfd_text(olddir), newdirfd=None if newdir is None else dirfd_text(newdir))
        row.string("oldname", old).named_path("oldpath", olddir, old, empty).string("newname", new).named_path("newpath", newdir, new)
        if flags is None:
            return kind, row.put(flags=None)
        return kind, row.flags("flags", flags)

    return expect


def _symlink(row: Row) -> tuple[str, Row]:
    values = row.call.values
    newdir, new = (values[1], values[2]) if row.call.name == "symlinkat" else (None, values[1])
    row.put(newdirfd=None if newdir is None else dirfd_text(newdir))
    return "file.symlink", row.string("oldname", values[0]).string("newname", new).named_path("newpath", newdir, new)


def _chmod(row: Row) -> tuple[str, Row]:
    values, name = row.call.values, row.call.name
    if name == "fchmod":
        return "file.chmod", row.put(dirfd=None, filename=None, flags=None).fd("fd", values[0]).tag_path("path", values[0]).mode("mode", values[1])
    dirfd, filename, mode = (None, *values) if name == "chmod" else values[:3]
    row.put(dirfd=None if dirfd is None else dirfd_text(dirfd), fd=None, flags=None)
    return "file.chmod", row.string("filename", filename).named_path("path", dirfd, filename).mode("mode", mode)


_AT_FLAGS = {0x100: "AT_SYMLINK_NOFOLLOW", 0x1000: "AT_EMPTY_PATH"}


def _fchmodat2(row: Row) -> tuple[str, Row]:
    dirfd, filename, mode, flags = row.call.values
    row.put(dirfd=dirfd_text(dirfd), fd=None).string("filename", filename).mode("mode", mode).flags("flags", flags)
    return "file.chmod", row.named_path("path", dirfd, filename, "AT_EMPTY_PATH" in word(flags).split("|"))


def _fchmodat2_in_registers(row: Row) -> tuple[str, Row]:
    """As strace before 6.6 shows it, which does not know it."""
    dirfd, _filename, mode, flags = row.call.values[:4]
    signed = dirfd - (1 << 64) if dirfd >= 1 << 63 else dirfd
    row.put(dirfd=dirfd_text(signed), fd=None, mode=mode_text(mode & 0o7777))
    known = [bit for bit in _AT_FLAGS if flags & bit]
    return "file.chmod", row.put(flags=Flags(frozenset(_AT_FLAGS[bit] for bit in known), flags & ~sum(known)))


def _stat_facts(row: Row, found: Any, prefix: str) -> None:
    names = ("mode", "file_type", "uid", "gid", "inode", "size")
    if not isinstance(found, dict) or row.call.error:
        row.put(**dict.fromkeys(names))
        return
    bits, kind = mode_of(found[f"{prefix}mode"])
    row.put(mode=mode_text(bits), file_type=kind, uid=found[f"{prefix}uid"], gid=found[f"{prefix}gid"], inode=found[f"{prefix}ino"])
    if f"{prefix}size" in found:  # strace shows a device's number in its place
        row.put(size=found[f"{prefix}size"])


def _stat(row: Row) -> tuple[str, Row]:
    values, name = row.call.values, row.call.name
    if name == "fstat":
        row.put(dirfd=None, filename=None, flags=None).fd("fd", values[0]).tag_path("path", values[0])
        _stat_facts(row, values[1], "st_")
        return "file.stat", row
    if name in ("stat", "lstat"):
        row.put(dirfd=None, fd=None, flags=None).string("filename", values[0]).named_path("path", None, values[0])
        _stat_facts(row, values[1], "st_")
        return "file.stat", row
    dirfd, filename = values[:2]
    found, flags = (values[2], values[3]) if name == "newfstatat" else (values[4], values[2])
    empty = "AT_EMPTY_PATH" in word(flags).split("|")
    row.put(dirfd=dirfd_text(dirfd), fd=None).flags("flags", flags).string("filename", filename).named_path("path", dirfd, filename, empty)
    if name == "statx" and isinstance(found, dict):
        mask = set(word(found["stx_mask"]).split("|"))
        whole = {"STATX_BASIC_STATS", "STATX_ALL"} & mask
        _stat_facts(row, found, "stx_")
        for argument, bit in (("uid", "UID"), ("gid", "GID"), ("inode", "INO"), ("size", "SIZE")):
            if not whole and f"STATX_{bit}" not in mask:
                row.put(**{argument: None})
        if not whole and "STATX_MODE" not in mask:
            row.put(mode=None)
        if not whole and "STATX_TYPE" not in mask:
            row.put(file_type=None)
    else:
        _stat_facts(row, found, "st_")
    return "file.stat", row


def _chdir(row: Row) -> tuple[str, Row]:
    value = row.call.values[0]
    if row.call.name == "fchdir":
        return "file.chdir", row.put(filename=None).fd("fd", value).tag_path("path", value)
    row.put(fd=None).string("filename", value)
    if row.call.result != 0:
        row.named_path("path", None, value)
    elif row.step.goal is not None and not row.task.fs.elsewhere:
        row.bytes_("path", row.step.goal)
    return "file.chdir", row


def _mkdir(row: Row) -> tuple[str, Row]:
    values = row.call.values
    dirfd, name, mode = values if row.call.name == "mkdirat" else (None, *values)
    row.put(dirfd=None if dirfd is None else dirfd_text(dirfd)).mode("mode", mode)
    return "file.mkdir", row.string("filename", name).named_path("path", dirfd, name)


_DEVICE_TYPES = {"char": "character", "block": "block"}


def _io_file(row: Row, value: Any) -> None:
    row.fd("fd", value).tag_path("filename", value)
    if not isinstance(value, Tagged):
        row.put(inode=None, uid=None, mode=None, file_type=None)
    elif value.kind == "socket":
        row.put(file_type="socket", mode="0777")
        if (inode := socket_inode(value)) is not None:
            row.put(inode=inode)
    elif value.tag.startswith(b"pipe:["):
        row.put(file_type="fifo", inode=int(value.tag[6:-1]), mode="0600")
    elif value.tag.startswith(b"anon_inode:"):
        row.put(file_type=None)
    elif value.path is not None and not row.task.fs.elsewhere:
        row.file = value.path
        if value.detail:
            row.put(file_type=_DEVICE_TYPES[value.detail.partition(" ")[0]])


def vectors_sum(value: Any, number_of: int | None = None) -> int | None:
    """What vectors ask for together; None where they cannot be read or no number holds it.

    Args:
        number_of: How many there are; the kernel takes 32 bits of it.
    """
    if number_of is not None and number_of & 0xFFFFFFFF == 0:
        return 0
    value = first_list(value)
    if not isinstance(value, list) or not all(isinstance(vector, dict) for vector in value):
        return None
    total = sum(int(vector["iov_len"]) for vector in value)
    return total if total < 1 << 64 else None


def _io(kind: str, vectors: bool, offset: bool) -> Callable[[Row], tuple[str, Row]]:
    def expect(row: Row) -> tuple[str, Row]:
        values = row.call.values
        _io_file(row, values[0])
        if not vectors:
            row.put(count=values[2])
        else:
            total = vectors_sum(values[1], values[2])
            row.put(count=total)
            if total is None:
                row.marks.add("count:unreadable")
        row.put(offset=values[3] if offset else None, calls=None, bytes=None, total_ns=None, span_ns=None)  # each call is an event
        return kind, row

    return expect


def _dup(row: Row) -> tuple[str, Row]:
    values, name = row.call.values, row.call.name
    row.fd("oldfd", values[0]).tag_path("path", values[0]).put(flags=None)
    if name == "fcntl" and str(values[1]) == "F_DUPFD_CLOEXEC":
        row.put(flags="O_CLOEXEC")
    if name == "dup3":
        row.flags("flags", values[2])
    done = (row.call.result_number or 0) >= 0
    row.put(newfd=row.call.result_number if done else number(values[1]) if name in ("dup2", "dup3") else None)
    return "file.dup", row


def _close(row: Row) -> tuple[str, Row]:
    value = row.call.values[0]
    return "file.close", row.fd("fd", value).tag_path("path", value).put(first=None, last=None, flags=None)


def _close_range(row: Row) -> tuple[str, Row]:
    first, last, flags = row.call.values
    return "file.close", row.put(fd=None, path=None, first=number(first), last=number(last)).flags("flags", flags)


def signed(value: int) -> int:
    return value - (1 << 64) if value >= 1 << 63 else value


def _truncate(row: Row) -> tuple[str, Row]:
    value, length = row.call.values
    row.put(length=signed(length))
    if row.call.name == "ftruncate":
        return "file.truncate", row.put(filename=None).fd("fd", value).tag_path("path", value)
    return "file.truncate", row.put(fd=None).string("filename", value).named_path("path", None, value)


FILE_CALLS: dict[str, Callable[[Row], tuple[str, Row]]] = {
    "open": _open, "openat": _openat, "openat2": _openat2, "creat": _creat,
    "unlink": _unlink, "unlinkat": _unlinkat, "rmdir": _rmdir,
    "rename": _two_names("file.rename", False, False), "renameat": _two_names("file.rename", True, False), "renameat2": _two_names("file.rename", True, True),
    "link": _two_names("file.link", False, False), "linkat": _two_names("file.link", True, True),
    "symlink": _symlink, "symlinkat": _symlink,
    "chmod": _chmod, "fchmod": _chmod, "fchmodat": _chmod, "fchmodat2": _fchmodat2, "syscall_0x1c4": _fchmodat2_in_registers,
    "stat": _stat, "lstat": _stat, "fstat": _stat, "newfstatat": _stat, "statx": _stat,
    "chdir": _chdir, "fchdir": _chdir, "mkdir": _mkdir, "mkdirat": _mkdir,
    "read": _io("file.read", False, False), "pread64": _io("file.read", False, True),
    "readv": _io("file.read", True, False), "preadv": _io("file.read", True, True), "preadv2": _io("file.read", True, True),
    "write": _io("file.write", False, False), "pwrite64": _io("file.write", False, True),
    "writev": _io("file.write", True, False), "pwritev": _io("file.write", True, True), "pwritev2": _io("file.write", True, True),
    "dup": _dup, "dup2": _dup, "dup3": _dup, "fcntl": _dup,
    "close": _close, "close_range": _close_range, "truncate": _truncate, "ftruncate": _truncate,
}  # fmt: skip
