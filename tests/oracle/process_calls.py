"""process.*: what the contract says of each call."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.oracle.file_calls import signed
from tests.oracle.row import Row, dirfd_text, first_list, number
from tests.oracle.syntax import Quoted, Tagged, Word
from tests.oracle.text import Flags, as_text, joined, signal_text, word
from tests.oracle.world import FORKS, executes

_PIDFD_SELF_THREAD, _PIDFD_SELF_THREAD_GROUP = -10000, -10001  # include/uapi/linux/fcntl.h
_CERTAIN_ARGV = 4096


def _script_of(path: bytes) -> tuple[bytes, bytes | None] | None:
    """(interpreter, its argument) of a script; None for what is none (fs/binfmt_script.c)."""
    try:
        line = Path(os.fsdecode(path)).read_bytes()[:256].partition(b"\n")[0]
    except OSError:
        return None
    if not line.startswith(b"#!"):
        return None
    program, _, argument = line[2:].strip(b" \t").partition(b" ")
    return program, argument.strip(b" \t") or None


def _exec(row: Row) -> tuple[str, Row]:
    values = row.call.values
    at = row.call.name == "execveat"
    dirfd, name, argv = values[:3] if at else (None, *values[:2])
    flags = values[4] if at else None
    empty = flags is not None and "AT_EMPTY_PATH" in word(flags).split("|")
    row.put(dirfd=None if dirfd is None else dirfd_text(dirfd), old_pid=row.call.tid, flags=None).flags("flags", flags).string("filename", name)
    if row.task.fs.path is not None and not row.task.fs.elsewhere:
        row.bytes_("cwd", row.task.fs.path)
    # What lies beyond a record's promise is cut, and marked: other tests measure where.
    whole = isinstance(argv, list) and all(isinstance(one, Quoted) and not one.cut for one in argv) and sum(len(one.data) + 1 for one in argv) <= _CERTAIN_ARGV
    words = [one.data for one in argv] if whole else None
    if not executes(row.call):
        row.named_path("path", dirfd, name, empty).put(interpreter=None)
    else:
        words = _executed(row, dirfd, name, empty, words)
    if words is not None:
        _argv(row, words)
    return "process.exec", row


def _executed(row: Row, dirfd: Any, name: Any, empty: bool, words: list[bytes] | None) -> list[bytes] | None:
    """Path and interpreter of an exec that succeeded; returns what the new program sees of its arguments."""
    base = dirfd.path if isinstance(dirfd, Tagged) else row.task.fs.path
    named = (base if empty and not name.data else joined(base, name.data)) if isinstance(name, Quoted) else None
    if named is None or row.task.fs.elsewhere or not row.step.names.steady(os.path.normpath(named)):
        return None
    script = _script_of(named)
    if script is None:
        row.bytes_("path", os.path.realpath(named)).put(interpreter=None)
        return words
    if row.call.name == "execveat":
        return None  # named through /dev/fd/N: what the program sees is a matter of a test of its own
    row.named_path("path", dirfd, name, empty)
    shown = name.data
    while script is not None:
        shown_interpreter, argument = script
        if words is not None:
            words = [shown_interpreter, *([argument] if argument is not None else []), shown, *words[1:]]
        shown = shown_interpreter
        named = joined(row.task.fs.path, shown) or shown
        script = _script_of(named)
    row.bytes_("interpreter", os.path.realpath(named))
    return words


def _argv(row: Row, words: list[bytes]) -> None:
    texts = [as_text(word) for word in words]
    row.put(argv=[text for text, _escaped in texts])
    if any(escaped for _text, escaped in texts):
        row.marks.add("argv:escaped")


def _exit_signal(value: Word | int) -> str:
    """Of clone3, where it has 64 bits."""
    return hex(value) if isinstance(value, int) and value >= 1 << 32 else signal_text(value)


def _clone(row: Row) -> tuple[str, Row]:
    call = row.call
    row.put(child_tid=call.child or None)
    if call.name in ("fork", "vfork"):
        return "process.clone", row.put(clone_flags=None, exit_signal=None, newsp=None, tls=None, parent_tidptr=None, child_tidptr=None)
    if call.name == "clone3":
        how = first_list(call.values[0])
        if not isinstance(how, dict):
            names = ("clone_flags", "exit_signal", "newsp", "tls", "parent_tidptr", "child_tidptr")
            row.marks |= {f"{name}:unreadable" for name in names}
            return "process.clone", row.put(**dict.fromkeys(names))
        row.flags("clone_flags", how["flags"]).put(exit_signal=_exit_signal(how["exit_signal"])).hexadecimal("newsp", how["stack"])
        for ours, theirs in (("tls", "tls"), ("parent_tidptr", "parent_tid"), ("child_tidptr", "child_tid")):
            if theirs in how:
                row.hexadecimal(ours, how[theirs])
        return "process.clone", row
    parts = word(call.named["flags"]).split("|")
    signals = [part for part in parts if part.startswith("SIG")]
    numbers = [int(part, 0) for part in parts if part[0].isdigit()]
    row.put(exit_signal=signal_text(Word((signals[0],)) if signals else sum(numbers) & 0xFF))
    row.put(clone_flags=Flags(frozenset(part for part in parts if part.startswith("CLONE_")), sum(numbers) & ~0xFF))
    row.hexadecimal("newsp", call.named["child_stack"])
    for ours, theirs in (("tls", "tls"), ("child_tidptr", "child_tidptr")):
        if theirs in call.named:
            row.hexadecimal(ours, call.named[theirs])
    return "process.clone", row


def _pipe(row: Row) -> tuple[str, Row]:
    row.pair("fildes", row.call.values[0])
    if row.call.name == "pipe":
        return "process.pipe", row.put(flags=None)
    return "process.pipe", row.flags("flags", row.call.values[1])


def _pid_behind(row: Row, target: Any) -> int | None:
    """Of a pidfd, of PIDFD_SELF and its kin, and of a directory /proc/PID; strace says no more than where that is."""
    if row.call.error == "EBADF":
        return None
    if not isinstance(target, Tagged):
        return {_PIDFD_SELF_THREAD: row.task.tid, _PIDFD_SELF_THREAD_GROUP: row.task.pid}.get(int(target))
    if target.kind == "pid":
        return int(target.tag)
    name = target.tag.removeprefix(b"/proc/")
    return int(name) if target.kind == "path" and name.isdigit() else None


def _kill(row: Row) -> tuple[str, Row]:
    values, name = row.call.values, row.call.name
    group = name in ("tgkill", "rt_tgsigqueueinfo")
    target, signal = (values[1], values[2]) if group else values[:2]
    row.put(tgid=number(values[0]) if group else None, sig=signal_text(signal))
    if name == "pidfd_send_signal":
        if not row.task.numbered:
            return "process.kill", row
        return "process.kill", row.put(pid=_pid_behind(row, target))
    row.put(pid=number(target))
    if isinstance(target, Tagged) and target.kind == "path":  # a pid's tag, which looks like a descriptor's, is its comm
        row.bytes_("target_comm", target.tag)
    elif number(target) <= 0:
        row.put(target_comm=None)
    return "process.kill", row


def _ptrace(row: Row) -> tuple[str, Row]:
    values = row.call.values
    row.enumeration("request", values[0]).put(pid=number(values[1]))
    for name, value in zip(("addr", "data"), values[2:4], strict=False):
        row.hexadecimal(name, value)
    return "process.ptrace", row


def _mmap(row: Row) -> tuple[str, Row]:
    addr, length, prot, flags, fd, offset = row.call.values
    row.hexadecimal("addr", addr).put(len=length, off=signed(offset)).flags("prot", prot).flags("flags", flags).fd("fd", fd)
    return "process.mmap", row.tag_path("path", fd)


def _mprotect(row: Row) -> tuple[str, Row]:
    values = row.call.values
    row.hexadecimal("start", values[0]).put(len=values[1], pkey=values[3] if len(values) > 3 else None)
    return "process.mprotect", row.flags("prot", values[2])


PROCESS_CALLS: dict[str, Callable[[Row], tuple[str, Row]]] = {
    "execve": _exec, "execveat": _exec, **dict.fromkeys(FORKS, _clone),
    "pipe": _pipe, "pipe2": _pipe, **dict.fromkeys(("kill", "tkill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "pidfd_send_signal"), _kill),
    "ptrace": _ptrace, "mmap": _mmap, "mprotect": _mprotect, "pkey_mprotect": _mprotect,
}  # fmt: skip
