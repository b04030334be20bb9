"""Texts behind path keys: what the kernel program sent once, kept as long as it may lean on it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

# Bits of a path definition, kernel/records.h
UNLINKED, PSEUDO, UNREACHABLE, CUT = 1, 2, 4, 8

# include/uapi/linux/magic.h
PIPEFS, SOCKFS, ANON_INODE_FS, NSFS, PIDFS = 0x50495045, 0x534F434B, 0x09041934, 0x6E736673, 0x50494446

_LIMIT, _KEEP_BYTES = 200_000, 96 << 20
_ENTRY_BYTES = 170  # of a text besides its bytes: the object, the key, their places in a dict


def path_text(names: bytes, magic: int, inode: int, bits: int) -> bytes | None:
    """The path as /proc/PID/fd shows it, from its names, child first, each with its NUL.

    Descriptors of no file are named as the kernel's own d_dname operations name them (fs/pipe.c, net/socket.c,
    fs/anon_inodes.c, fs/nsfs.c, fs/pidfs.c, simple_dname in fs/d_path.c). None where the walk did not reach the top.
    """
    if bits & CUT:
        return None
    parts = names.split(b"\0")[:-1]
    if bits & PSEUDO:
        return _pseudo(parts[-1] if parts else b"", magic, inode)
    text = b"/" + b"/".join(reversed(parts))
    if bits & UNREACHABLE:
        text = b"(unreachable)" + text
    return text + b" (deleted)" if bits & UNLINKED else text


def _pseudo(name: bytes, magic: int, inode: int) -> bytes:
    if magic == PIPEFS:
        return b"pipe:[%d]" % inode
    if magic == SOCKFS:
        return b"socket:[%d]" % inode
    if magic == ANON_INODE_FS:
        return b"anon_inode:" + name
    if magic == NSFS:
        return b"%s:[%d]" % (name, inode)
    if magic == PIDFS:
        return b"anon_inode:[pidfd]"
    return b"/" + name + b" (deleted)"


def group_text(names: bytes) -> bytes:
    """A control group's path from its names, child first."""
    return b"/" + b"/".join(reversed(names.split(b"\0")[:-1]))


class PathTable(Mapping[int, bytes]):
    """Key → text, bounded by number and by bytes.

    When it is full the older half is let go of; `take` then answers True, and the caller gives every path a new
    generation, so that the kernel program sends again whatever is still in use. Two generations are kept, because
    records under way still carry old keys.
    """

    def __init__(self, limit: int = _LIMIT, keep_bytes: int = _KEEP_BYTES) -> None:
        self._limit, self._half_bytes = limit, keep_bytes // 2
        self._bytes = 0
        self._new: dict[int, bytes] = {}
        self._old: dict[int, bytes] = {}

    def take(self, key: int, text: bytes) -> bool:
        """Learn a path. True: the table turned over, a new generation is due."""
        self._new[key] = text
        self._bytes += len(text) + _ENTRY_BYTES
        if len(self._new) < self._limit and self._bytes < self._half_bytes:
            return False
        self._old, self._new, self._bytes = self._new, {}, 0
        return True

    def __getitem__(self, key: int) -> bytes:
        text = self._new.get(key)
        return self._old[key] if text is None else text

    def get(self, key: int, default: bytes | None = None) -> bytes | None:  # type: ignore[override]  # bytes only
        text = self._new.get(key)
        return self._old.get(key, default) if text is None else text

    def __iter__(self) -> Iterator[int]:
        yield from self._new
        yield from (key for key in self._old if key not in self._new)

    def __len__(self) -> int:
        return sum(1 for _key in self)
