"""What each argument of each type is decoded to, null and marks included."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kellect_tui.events import arguments
from kellect_tui.events.catalogue import ALL_TYPES, BY_ID, BY_NAME, TYPES, Kind
from kellect_tui.events.record import NONE_REGISTER, TARGET_INFO, Flag, Mark, Raw, Section
from kellect_tui.events.syscalls import X86_64
from tests.synthetic import AT_FDCWD, inet, section, socket_info

MASK = (1 << 64) - 1
STRING, SOCKADDR, SOCKET, MESSAGE = Section.STRING, Section.SOCKADDR, Section.SOCKET, Section.MESSAGE
RESULT = 6
TARGET_INFO_OF_7 = struct.pack("<iI16s", 7, 1, b"seven")


def raw(event: str, syscall: str | None, *args: int, payload: bytes = b"", result: int = 0, flags: int = 0, duration: int = 100, **fields: Any) -> Raw:
    number = 0xFFFF if syscall is None else X86_64[syscall]
    registers = tuple(value & MASK for value in (*args, *[0] * (6 - len(args))))
    return Raw(BY_NAME[event].id, number, int(flags), result, duration, registers, payload, **{"comm": b"prog", "pid": 10, "tid": 11, **fields})


def decode(event: str, syscall: str | None, *args: int, **fields: Any) -> tuple[dict[str, Any], tuple[str, ...]]:
    return arguments.decode(raw(event, syscall, *args, **fields), "x86_64")


def values(event: str, syscall: str | None, *args: int, **fields: Any) -> dict[str, Any]:
    said, marks = decode(event, syscall, *args, **fields)
    assert marks == ()
    return said


def name(register: int, text: bytes, marks: int = 0) -> bytes:
    return section(STRING, register, text, marks)


# ---- text


@given(st.binary(max_size=60))
@example(b"a\\x41")
@example(b"\xff\\x41\\")
@example(b"\xed\xa0\x80")
def test_any_bytes_can_be_had_back(data: bytes) -> None:
    value, escaped = arguments.text(data)
    value.encode()  # no lone surrogates: it can be written as UTF-8
    assert "\0" not in value
    assert (arguments.unescape(value) if escaped else value.encode()) == data


@pytest.mark.parametrize(
    ("data", "value", "escaped"),
    [
        (b"plain\\x41", "plain\\x41", False), ("häß".encode(), "häß", False), (b"\x1b[31m", "\x1b[31m", False),
        (b"\xff\\", "\\xff\\\\", True), (b"a\0b", "a\\x00b", True), ("é".encode() + b"\xe9", "é\\xe9", True),
    ],
)  # fmt: skip
def test_bytes_are_written_as_the_contract_says(data: bytes, value: str, escaped: bool) -> None:
    assert arguments.text(data) == (value, escaped)


# ---- paths


@pytest.mark.parametrize(
    ("base", "filename", "path"),
    [
        (b"/w", b"x", b"/w/x"), (b"/w", b"/x", b"/x"), (b"/", b"x", b"/x"), (b"/w", b".", b"/w"), (b"/", b".", b"/"), (b"/w", b"./.", b"/w"),
        (b"/", b"./.", b"/"),
        (b"/w", b"./", b"/w/"), (b"/w", b"..", b"/w/.."), (b"/w", b"../x", b"/w/../x"), (b"/w", b"a//b", b"/w/a/b"), (b"/w", b"a/./b", b"/w/a/b"),
        (b"/w", b"a/.", b"/w/a"), (b"/w", b"a/./", b"/w/a/"), (b"/w", b"a/", b"/w/a/"), (b"/w", b"a//", b"/w/a/"), (b"/w", b".hidden", b"/w/.hidden"),
        (b"/w", b"...", b"/w/..."), (b"/w", b"//x", b"/x"), (b"/w", b"/", b"/"), (b"/w", b"//", b"/"), (b"/w", b"/.", b"/"), (b"/w", b"/a/.", b"/a"),
        (b"/w/lost (deleted)", b"x", b"/w/lost (deleted)/x"), (b"pipe:[7]", b"x", b"pipe:[7]/x"), (None, b"x", None), (None, b"/x", b"/x"),
    ],
)  # fmt: skip
def test_base_and_name_are_joined(base: bytes | None, filename: bytes, path: bytes | None) -> None:
    assert arguments.joined(base, filename) == path


def opened(**fields: Any) -> dict[str, Any]:
    return {"dirfd": "AT_FDCWD", "filename": "x", "path": "/w/x", "flags": "O_RDONLY", "mode": None, "resolve": None, "fd": None, **fields}


def test_a_failed_open_is_named_by_base_and_name() -> None:
    assert values("file.open", "openat", AT_FDCWD, 0, 0, payload=name(1, b"x"), result=-2, path0=b"/w") == opened()


def test_a_successful_open_is_named_by_the_kernel() -> None:
    said = values("file.open", "openat", 5, 0, 0, payload=name(1, b"x"), result=7, flags=Flag.OBJECT, path0=b"/real")
    assert said == opened(dirfd=5, path="/real", fd=7)


def test_open_has_no_dirfd() -> None:
    assert values("file.open", "open", 0, 0o2, payload=name(0, b"x"), result=-13, path0=b"/w") == opened(dirfd=None, flags="O_RDWR")


def test_a_relative_name_with_a_bad_descriptor_has_no_path() -> None:
    assert values("file.open", "openat", -1, 0, 0, payload=name(1, b"x"), result=-9) == opened(dirfd=-1, path=None)


def test_a_base_directory_that_nobody_looked_at_leaves_the_path_unreadable() -> None:
    said, marks = decode("file.delete", "unlinkat", 5, 0, 0, payload=name(1, b"x"), duration=-1)
    assert (said["path"], marks) == (None, ("path:unreadable",))
    assert values("file.delete", "unlinkat", 5, 0, 0, payload=name(1, b"/x"), duration=-1)["path"] == "/x"


def test_a_working_directory_whose_name_was_lost_leaves_the_path_unreadable() -> None:
    said, marks = decode("file.open", "openat", AT_FDCWD, 0, 0, payload=name(1, b"x"), result=-2, lost_path=True)
    assert (said, marks) == (opened(path=None), ("path:unreadable",))


def test_an_object_whose_name_was_lost_leaves_the_path_unreadable() -> None:
    said, marks = decode("file.open", "openat", AT_FDCWD, 0, 0, payload=name(1, b"x"), result=3, flags=Flag.OBJECT, lost_path=True)
    assert (said, marks) == (opened(path=None, fd=3), ("path:unreadable",))


@pytest.mark.parametrize("payload", [b"", name(1, b"", Mark.UNREADABLE)])
def test_an_unreadable_name_is_null_and_marked(payload: bytes) -> None:
    said, marks = decode("file.open", "openat", AT_FDCWD, 0, 0, payload=payload, result=-14, path0=b"/w")
    assert (said, marks) == (opened(filename=None, path=None), ("filename:unreadable",))


def test_a_cut_name_cuts_its_path_too() -> None:
    said, marks = decode("file.open", "openat", AT_FDCWD, 0, 0, payload=name(1, b"x", Mark.TRUNCATED), result=-36, path0=b"/w")
    assert (said, marks) == (opened(), ("filename:truncated", "path:truncated"))


def test_a_name_that_is_no_utf8_is_escaped_in_name_and_path() -> None:
    said, marks = decode("file.open", "openat", AT_FDCWD, 0, 0, payload=name(1, b"\xff\\"), result=-2, path0=b"/w")
    assert (said, marks) == (opened(filename="\\xff\\\\", path="/w/\\xff\\\\"), ("filename:escaped", "path:escaped"))


@pytest.mark.parametrize("flags", [0, 0o10000])  # O_DSYNC has AT_EMPTY_PATH's value
def test_an_empty_name_has_no_path(flags: int) -> None:
    assert values("file.open", "openat", 5, 0, flags, payload=name(1, b""), result=-2, path0=b"/w")["path"] is None


def test_an_empty_name_with_at_empty_path_is_the_descriptor() -> None:
    assert values("file.stat", "newfstatat", 5, 0, 0, 0x1000, payload=name(1, b""), result=-13, path0=b"/w")["path"] == "/w"
    assert values("file.stat", "newfstatat", 5, 0, 0, 0, payload=name(1, b""), result=-2, path0=b"/w")["path"] is None


def test_at_empty_path_of_linkat_is_about_the_old_name_only() -> None:
    said = values("file.link", "linkat", 5, 0, 6, 0, 0x1000, payload=name(1, b"") + name(3, b""), result=-2, path0=b"/old", path1=b"/new")
    assert (said["oldpath"], said["newpath"], said["flags"]) == ("/old", None, "AT_EMPTY_PATH")


# ---- file


def test_create_of_creat() -> None:
    said = values("file.create", "creat", 0, 0o4755, payload=name(0, b"x"), result=3, flags=Flag.OBJECT | Flag.CREATED, path0=b"/w/x")
    assert said == {
        "dirfd": None, "filename": "x", "path": "/w/x", "flags": "O_WRONLY|O_CREAT|O_TRUNC", "mode": "04755", "resolve": None, "created": True, "fd": 3,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("open_flags", "record_flags", "result", "created"),
    [
        (0o101, Flag.OBJECT, 3, False), (0o101, Flag.OBJECT | Flag.CREATED, 3, True), (0o20200002, Flag.OBJECT, 3, True),
        (0o30200002, Flag.OBJECT, 3, False), (0o101, 0, -13, None),
    ],
)  # fmt: skip
def test_created(open_flags: int, record_flags: int, result: int, created: bool | None) -> None:
    said = values("file.create", "openat", AT_FDCWD, 0, open_flags, 0o640, payload=name(1, b"/x"), result=result, flags=record_flags, path0=b"/x")
    assert (said["created"], said["mode"], said["fd"]) == (created, "0640", 3 if result > 0 else None)


def test_openat2_has_its_words_behind_a_pointer() -> None:
    how = section(Section.HOW, 2, struct.pack("<3Q", 0o100 | 1 << 40, 0o600, 8))
    said = values("file.create", "openat2", AT_FDCWD, 0, 0, 24, payload=name(1, b"x") + how, result=-22, path0=b"/w")
    assert said == {
        "dirfd": "AT_FDCWD", "filename": "x", "path": "/w/x", "flags": "O_RDONLY|O_CREAT|0x10000000000", "mode": "0600", "resolve": "RESOLVE_BENEATH",
        "created": None, "fd": None,
    }  # fmt: skip


def test_openat2_whose_how_cannot_be_read() -> None:
    how = section(Section.HOW, 2, b"", Mark.UNREADABLE)
    said, marks = decode("file.open", "openat2", AT_FDCWD, 0, 0, 24, payload=name(1, b"x") + how, result=-14, path0=b"/w")
    assert (said, marks) == (opened(flags=None), ("flags:unreadable", "resolve:unreadable"))


def test_rename_of_two_names() -> None:
    said = values("file.rename", "renameat2", 5, 0, AT_FDCWD, 0, 1, payload=name(1, b"a") + name(3, b"b"), path0=b"/one", path1=b"/two")
    assert said == {
        "olddirfd": 5, "oldname": "a", "oldpath": "/one/a", "newdirfd": "AT_FDCWD", "newname": "b", "newpath": "/two/b", "flags": "RENAME_NOREPLACE",
    }  # fmt: skip


def test_symlink_keeps_its_target_as_it_is() -> None:
    said = values("file.symlink", "symlinkat", 0, 5, 0, payload=name(0, b"../t") + name(2, b"l"), path1=b"/d")
    assert said == {"oldname": "../t", "newdirfd": 5, "newname": "l", "newpath": "/d/l"}


STAT = struct.pack("<IIIIQq", MASK & 0xFFFFFFFF, 0o104755, 0, 0xFFFFFFFF, 99, 5)


def test_stat_tells_the_files_facts() -> None:
    said = values("file.stat", "fstat", 4, payload=section(Section.STAT, 1, STAT), flags=Flag.OBJECT, path0=b"pipe:[1]")
    assert said == {
        "dirfd": None, "fd": 4, "filename": None, "path": "pipe:[1]", "flags": None, "mode": "04755", "file_type": "regular", "uid": 0, "gid": -1, "inode": 99,
        "size": 5,
    }  # fmt: skip


def test_stat_that_failed_has_no_facts() -> None:
    said = values("file.stat", "stat", payload=name(0, b"/x"), result=-2)
    assert said == dict.fromkeys(said) | {"filename": "/x", "path": "/x"}


def test_statx_leaves_out_what_it_did_not_fill() -> None:
    stat = struct.pack("<IIIIQq", 0x202, 0o100644, 7, 8, 99, 5)  # STATX_MODE, STATX_SIZE
    said = values("file.stat", "statx", AT_FDCWD, 0, 0, payload=name(1, b"/x") + section(Section.STAT, 4, stat))
    assert {key: said[key] for key in ("flags", "mode", "file_type", "uid", "gid", "inode", "size")} == {
        "flags": "AT_STATX_SYNC_AS_STAT", "mode": "0644", "file_type": None, "uid": None, "gid": None, "inode": None, "size": 5,
    }  # fmt: skip


FILE = {"flags": Flag.OBJECT, "path0": b"/x", "inode": 5, "file_uid": 1000, "file_mode": 0o100600}
FACTS = {"inode": 5, "uid": 1000, "mode": "0600", "file_type": "regular", "filename": "/x", **dict.fromkeys(("calls", "bytes", "total_ns", "span_ns"))}


def test_read_and_its_kin() -> None:
    assert values("file.read", "read", 3, 0, MASK, result=9, **FILE) == {"fd": 3, "count": MASK, "offset": None, **FACTS}
    assert values("file.read", "pread64", 3, 0, 8, MASK, result=-22, **FILE) == {"fd": 3, "count": 8, "offset": -1, **FACTS}
    vectors = section(Section.VECTORS, 1, struct.pack("<Q", 77))
    assert values("file.write", "pwritev", 3, 0, 2, 16, payload=vectors, result=9, **FILE) == {"fd": 3, "count": 77, "offset": 16, **FACTS}


def test_more_vectors_than_are_looked_at() -> None:
    said, marks = decode("file.read", "readv", 3, 0, 200, payload=section(Section.VECTORS, 1, bytes(8), Mark.UNREADABLE), result=9, **FILE)
    assert (said, marks) == ({"fd": 3, "count": None, "offset": None, **FACTS}, ("count:unreadable",))


def test_a_file_without_a_type() -> None:
    said = values("file.read", "read", 3, 0, 8, result=8, flags=Flag.OBJECT, path0=b"anon_inode:[eventfd]", file_mode=0o600)
    assert (said["file_type"], said["mode"], said["filename"]) == (None, "0600", "anon_inode:[eventfd]")


def test_a_read_from_a_bad_descriptor_knows_no_file() -> None:
    said = values("file.read", "read", -1, 0, 8, result=-9, flags=Flag.NO_OBJECT)
    assert said == {**dict.fromkeys(said), "fd": -1, "count": 8}


@pytest.mark.parametrize(
    ("syscall", "args", "result", "newfd", "flags"),
    [
        ("dup", (3,), 4, 4, None), ("dup", (3,), -24, None, None), ("dup2", (3, 9), 9, 9, None), ("dup2", (3, 9), -9, 9, None),
        ("dup3", (3, 9, 0o2000000), 9, 9, "O_CLOEXEC"),
        ("dup3", (3, 9, 0), 9, 9, "0"), ("fcntl", (3, 0, 10), 10, 10, None), ("fcntl", (3, 1030, 10), 10, 10, "O_CLOEXEC"),
        ("fcntl", (3, 1030, 10), -24, None, "O_CLOEXEC"),
    ],
)  # fmt: skip
def test_dup(syscall: str, args: tuple[int, ...], result: int, newfd: int | None, flags: str | None) -> None:
    said = values("file.dup", syscall, *args, result=result, flags=Flag.OBJECT, path0=b"/x")
    assert said == {"oldfd": 3, "newfd": newfd, "flags": flags, "path": "/x"}


def test_close_and_close_range() -> None:
    assert values("file.close", "close", 3, flags=Flag.OBJECT, path0=b"/x") == {"fd": 3, "first": None, "last": None, "flags": None, "path": "/x"}
    assert values("file.close", "close", -1, result=-9, flags=Flag.NO_OBJECT)["path"] is None
    assert values("file.close", "close_range", 3, MASK, 4) == {"fd": None, "first": 3, "last": 4294967295, "flags": "CLOSE_RANGE_CLOEXEC", "path": None}


def test_a_close_that_began_before_the_start_does_not_know_its_file() -> None:
    said, marks = decode("file.close", "close", 3)
    assert (said["path"], marks) == (None, ("path:unreadable",))


def test_truncate_has_a_signed_length() -> None:
    assert values("file.truncate", "truncate", 0, -5, payload=name(0, b"/x"), result=-22) == {"filename": "/x", "fd": None, "path": "/x", "length": -5}


def test_chdir_that_succeeded_is_the_new_directory() -> None:
    assert values("file.chdir", "chdir", payload=name(0, b"link"), flags=Flag.OBJECT, path0=b"/real") == {"filename": "link", "fd": None, "path": "/real"}


# ---- process


def test_fork_of_a_process_and_of_a_thread() -> None:
    low, high = struct.unpack("<QQ", b"child\0rubbish___")
    said = values("process.fork", None, 20, 20, 10, 5, low, high, flags=Flag.NO_RESULT)
    assert said == {"parent_pid": 10, "parent_comm": "prog", "child_pid": 20, "child_tid": 20, "child_comm": "child", "thread": False}
    assert values("process.fork", None, 10, 21, 10, 5, low, high)["thread"] is True
    assert values("process.fork", None, 20, 20, 1, 5, low, high)["parent_comm"] is None  # CLONE_PARENT


ARGV = section(Section.ARGV, 1, b"sh\0-c\0\0")


def test_exec_that_succeeded() -> None:
    said = values("process.exec", "execve", 11, payload=name(0, b"sh") + ARGV, flags=Flag.OBJECT, path0=b"/bin/dash", path1=b"/w")
    assert said == {
        "filename": "sh", "path": "/bin/dash", "interpreter": None, "old_pid": 11, "dirfd": None, "flags": None, "argv": ["sh", "-c", ""], "cwd": "/w",
    }  # fmt: skip


def test_exec_of_a_script() -> None:
    said = values("process.exec", "execve", 11, payload=name(0, b"./s") + ARGV, flags=Flag.OBJECT | Flag.SCRIPT, path0=b"/bin/dash", path1=b"/w")
    assert (said["filename"], said["path"], said["interpreter"], said["cwd"]) == ("./s", "/w/s", "/bin/dash", "/w")


def test_exec_of_a_script_by_descriptor() -> None:
    payload = name(0, b"/dev/fd/5/s") + ARGV + section(Section.TEXT, NONE_REGISTER, b"/dir")
    said = values("process.exec", "execveat", 11, 5, 0x100, payload=payload, flags=Flag.OBJECT | Flag.SCRIPT | Flag.FD_NAME, path0=b"/bin/dash", path1=b"/w")
    assert (said["filename"], said["path"], said["dirfd"], said["flags"]) == ("s", "/dir/s", 5, "AT_SYMLINK_NOFOLLOW")


def test_a_script_by_a_descriptor_that_nobody_looked_at_has_no_path() -> None:
    payload, flags = name(0, b"/dev/fd/5/s") + ARGV, Flag.OBJECT | Flag.SCRIPT | Flag.FD_NAME | Flag.I386
    said, marks = decode("process.exec", "execveat", 11, 5, payload=payload, flags=flags, path0=b"/bin/dash", path1=b"/w")
    assert (said["filename"], said["path"], marks) == ("s", None, ("path:unreadable",))


def test_exec_that_was_only_asked_for_is_an_ordinary_call() -> None:
    payload = name(1, b"x") + section(Section.ARGV, 2, b"x\0")
    said = values("process.exec", "execveat", 5, 0, 0, 0, 0x10000, payload=payload, flags=Flag.CHECKED, path0=b"/dir", path1=b"/w")
    assert said == {
        "filename": "x", "path": "/dir/x", "interpreter": None, "old_pid": 11, "dirfd": 5, "flags": "AT_EXECVE_CHECK", "argv": ["x"], "cwd": "/w",
    }  # fmt: skip


def test_a_signal_by_what_stands_for_no_process_has_no_target() -> None:
    target = section(Section.TARGET, 0, TARGET_INFO_OF_7)
    assert values("process.kill", "pidfd_send_signal", 5, 15, payload=target) == {"pid": 7, "tgid": None, "sig": "SIGTERM", "target_comm": "seven"}
    assert values("process.kill", "pidfd_send_signal", 5, 15, payload=target, result=-9)["target_comm"] is None
    assert values("process.kill", "pidfd_send_signal", 5, 15, payload=target, result=-9)["pid"] is None


def test_a_cut_name_of_a_script_cuts_its_path_too() -> None:
    payload = name(0, b"./s", Mark.TRUNCATED) + ARGV
    said, marks = decode("process.exec", "execve", 11, payload=payload, flags=Flag.OBJECT | Flag.SCRIPT, path0=b"/bin/dash", path1=b"/w")
    assert (said["path"], marks) == ("/w/s", ("filename:truncated", "path:truncated"))


def test_exec_of_a_descriptor_itself() -> None:
    payload = name(0, b"/dev/fd/5") + ARGV
    said = values("process.exec", "execveat", 11, 5, 0x1000, payload=payload, flags=Flag.OBJECT | Flag.FD_NAME, path0=b"/memfd:x (deleted)", path1=b"/w")
    assert (said["filename"], said["path"], said["flags"]) == ("", "/memfd:x (deleted)", "AT_EMPTY_PATH")


def test_exec_that_failed_is_an_ordinary_call() -> None:
    payload = name(1, b"x") + section(Section.ARGV, 2, b"x\0")
    said = values("process.exec", "execveat", 5, 0, 0, 0, 0x100, payload=payload, result=-2, path0=b"/dir", path1=b"/w")
    assert said == {
        "filename": "x", "path": "/dir/x", "interpreter": None, "old_pid": 11, "dirfd": 5, "flags": "AT_SYMLINK_NOFOLLOW", "argv": ["x"], "cwd": "/w",
    }  # fmt: skip


def test_a_list_is_escaped_as_a_whole() -> None:
    payload = name(0, b"/p") + section(Section.ARGV, 1, b"a\\x41\0\xff\0", Mark.TRUNCATED)
    said, marks = decode("process.exec", "execve", 11, payload=payload, flags=Flag.OBJECT, path0=b"/p", path1=b"/w")
    assert (said["argv"], marks) == (["a\\\\x41", "\\xff"], ("argv:truncated", "argv:escaped"))
    assert [arguments.unescape(part) for part in said["argv"]] == [b"a\\x41", b"\xff"]


def test_a_null_argv_is_null() -> None:
    payload = name(0, b"/p") + section(Section.ARGV, 1, b"", Mark.UNREADABLE)
    said, marks = decode("process.exec", "execve", payload=payload, result=-14, path0=b"/w", path1=b"/w")
    assert (said["argv"], marks) == (None, ("argv:unreadable",))


CHILD = section(Section.CHILD, NONE_REGISTER, struct.pack("<IIQQ", 7055, 0, 0, 0))
"""The new task by the initial pid namespace's numbers; the result is the caller's."""


def test_clone_has_its_signal_in_the_low_byte() -> None:
    assert values("process.clone", "clone", 0x01200011, 0x7000, 0, 0x8000, 0x9000, payload=CHILD, result=55) == {
        "clone_flags": "CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID", "exit_signal": "SIGCHLD", "newsp": "0x7000", "tls": "0x9000", "parent_tidptr": "0x0",
        "child_tidptr": "0x8000", "child_tid": 7055,
    }  # fmt: skip


def test_clone3_has_its_words_behind_a_pointer() -> None:
    words = section(Section.CLONE, 0, struct.pack("<8Q", 0x80, 0, 2, 3, 0, 5, 6, 7))
    assert values("process.clone", "clone3", 0, 64, payload=words, result=-22) == {
        "clone_flags": "CLONE_NEWTIME", "exit_signal": "0", "newsp": "0x5", "tls": "0x7", "parent_tidptr": "0x3", "child_tidptr": "0x2", "child_tid": None,
    }  # fmt: skip


def test_fork_the_call_has_nothing_but_a_child() -> None:
    said = values("process.clone", "fork", payload=CHILD, result=55)
    assert said == dict.fromkeys(said) | {"child_tid": 7055}


@pytest.mark.parametrize(
    ("word", "code", "signal", "core"),
    [(0, 0, None, False), (3 << 8, 3, None, False), (9, None, "SIGKILL", False), (0x80 | 11, None, "SIGSEGV", True), (255 << 8, 255, None, False),
    (35, None, "SIGRTMIN+1", False)],
)  # fmt: skip
def test_exit(word: int, code: int | None, signal: str | None, core: bool) -> None:
    assert values("process.exit", None, word, 120, 1, 1_000, 5_000, flags=Flag.NO_RESULT) == {
        "exit_code": code, "signal": signal, "core_dumped": core, "prio": 120, "pid": 11, "comm": "prog", "group_dead": True, "lifetime_ns": 4_000,
    }  # fmt: skip


def test_pipe() -> None:
    ints = section(Section.INTS, 0, struct.pack("<ii", 3, 4))
    assert values("process.pipe", "pipe", payload=ints) == {"fildes": [3, 4], "flags": None}
    assert values("process.pipe", "pipe2", 0, 0o2000000, result=-24) == {"fildes": None, "flags": "O_CLOEXEC"}


def target(register: int, pid: int, comm: bytes | None) -> bytes:
    data = struct.pack("<iI16s", pid, comm is not None, comm or b"")
    assert len(data) == TARGET_INFO.itemsize
    return section(Section.TARGET, register, data)


def test_signals_sent() -> None:
    assert values("process.kill", "kill", 20, 15, payload=target(0, 20, b"victim")) == {"pid": 20, "tgid": None, "sig": "SIGTERM", "target_comm": "victim"}
    assert values("process.kill", "kill", -1, 0, payload=target(0, 0, None)) == {"pid": -1, "tgid": None, "sig": "0", "target_comm": None}
    assert values("process.kill", "tgkill", 20, 21, 36, payload=target(1, 21, b"v")) == {"pid": 21, "tgid": 20, "sig": "SIGRTMIN+2", "target_comm": "v"}
    assert values("process.kill", "pidfd_send_signal", 7, 9, payload=target(0, 20, b"v")) == {"pid": 20, "tgid": None, "sig": "SIGKILL", "target_comm": "v"}


def test_ptrace() -> None:
    assert values("process.ptrace", "ptrace", 16, 20, 0, MASK) == {"request": "PTRACE_ATTACH", "pid": 20, "addr": "0x0", "data": "0xffffffffffffffff"}


def test_mmap() -> None:
    said = values("process.mmap", "mmap", 0, 4096, 5, 2, 3, 8192, flags=Flag.OBJECT, path0=b"/lib/x", result=0x7F00)
    assert said == {"addr": "0x0", "len": 4096, "prot": "PROT_READ|PROT_EXEC", "flags": "MAP_PRIVATE", "fd": 3, "off": 8192, "path": "/lib/x"}
    assert values("process.mmap", "mmap", 0, 4096, 0, 0x22, 3, 0, flags=Flag.OBJECT, path0=b"/lib/x")["path"] is None
    assert values("process.mmap", "mmap", 0, 1 << 21, 0, 0x54040022, -1)["flags"] == "MAP_PRIVATE|MAP_ANONYMOUS|MAP_HUGETLB|MAP_HUGE_2MB"


def test_mprotect() -> None:
    assert values("process.mprotect", "mprotect", 0x1000, 10, 0) == {"start": "0x1000", "len": 10, "prot": "PROT_NONE", "pkey": None}
    assert values("process.mprotect", "pkey_mprotect", 0x1000, 10, 1, -1)["pkey"] == -1


# ---- network


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (inet("10.0.0.1", 443), ("AF_INET", 443, "10.0.0.1")),
        (struct.pack("<H", 10) + b"\0\x50" + bytes(4) + bytes(15) + b"\1" + bytes(4), ("AF_INET6", 80, "::1")),
        (struct.pack("<H", 10) + b"\0\x50" + bytes(4) + b"\xfe\x80" + bytes(13) + b"\1" + struct.pack("<I", 2), ("AF_INET6", 80, "fe80::1%2")),
        (struct.pack("<H", 1), ("AF_UNIX", None, b"")),
        (struct.pack("<H", 1) + b"/run/x\0junk", ("AF_UNIX", None, b"/run/x")),
        (struct.pack("<H", 1) + b"\0name", ("AF_UNIX", None, b"@name")),
        (struct.pack("<H", 1) + b"@name", ("AF_UNIX", None, b"./@name")),
        (struct.pack("<H", 0) + bytes(4), ("AF_UNSPEC", None, "00000000")),
        (struct.pack("<H", 16) + b"\0\0\xAB\0\0\0\1\0\0\0", ("AF_NETLINK", None, "0000ab00000001000000")),
        (struct.pack("<H", 2), ("AF_INET", None, None)),
        (b"\2", (None, None, None)),
    ],
)  # fmt: skip
def test_socket_addresses(data: bytes, said: tuple[Any, ...]) -> None:
    assert arguments.sockaddr(data) == said


HERE = {"local_addr": "10.0.0.2", "local_port": 40_000, "protocol": "IPPROTO_TCP"}
THERE = {"family": "AF_INET", "port": 443, "addr": "93.184.216.34"}
NOBODY = {"family": None, "port": None, "addr": None}


ANOTHER = {"family": "AF_INET", "port": 80, "addr": "1.2.3.4"}
UNREADABLE_PEER = ("family:unreadable", "port:unreadable", "addr:unreadable")


@pytest.mark.parametrize(("result", "peer"), [(0, THERE), (-115, THERE), (-111, ANOTHER), (-106, ANOTHER), (-512, ANOTHER)])
def test_connect_names_the_sockets_peer_where_it_has_made_one_of_the_address(result: int, peer: dict[str, Any]) -> None:
    payload = section(SOCKADDR, 1, inet("1.2.3.4", 80)) + section(SOCKET, 0, socket_info())
    said = values("network.connect", "connect", 7, 0x1000, 16, payload=payload, result=result)
    assert said == {"fd": 7, "addr_len": 16, **peer, **HERE}


def test_connect_that_was_reset_before_its_end_had_its_peer() -> None:
    payload = section(SOCKADDR, 1, inet("1.2.3.4", 80)) + section(SOCKET, 0, socket_info(state=7))
    assert values("network.connect", "connect", 7, 0x1000, 16, payload=payload) == {"fd": 7, "addr_len": 16, **THERE, **HERE}


def test_connect_that_dissolves() -> None:
    socket = section(SOCKET, 0, socket_info(peer_port=0, state=7))
    said = values("network.connect", "connect", 7, 0x1000, 16, payload=section(SOCKADDR, 1, bytes(16)) + socket)
    assert said == {"fd": 7, "addr_len": 16, "family": "AF_UNSPEC", "port": None, "addr": "00" * 14, **HERE}
    rewritten = decode("network.connect", "connect", 7, 0x1000, 16, payload=section(SOCKADDR, 1, inet("1.2.3.4", 80)) + socket)
    assert rewritten == ({"fd": 7, "addr_len": 16, **NOBODY, **HERE}, UNREADABLE_PEER)


def test_connect_of_a_family_whose_sockets_tell_no_peer_is_named_by_its_argument() -> None:
    info = bytearray(socket_info())
    info[:2] = struct.pack("<H", 40)
    said, marks = decode("network.connect", "connect", 7, 0x1000, 6, payload=section(SOCKADDR, 1, b"\x28\0\1\2\3\4") + section(SOCKET, 0, bytes(info)))
    assert (said["family"], said["port"], said["addr"], marks) == ("AF_VSOCK", None, "01020304", ("local_addr:unreadable",))


def test_connect_to_a_null_pointer() -> None:
    said, marks = decode("network.connect", "connect", 7, 0, 16, payload=section(SOCKET, 0, socket_info()), result=-14)
    assert (said, marks) == ({"fd": 7, "addr_len": None, **NOBODY, **HERE}, UNREADABLE_PEER)


def test_connect_on_what_is_no_socket() -> None:
    said = values("network.connect", "connect", 7, 0x1000, 16, payload=section(SOCKADDR, 1, inet("1.2.3.4", 80)), result=-88)
    assert (said["local_addr"], said["local_port"], said["protocol"]) == (None, None, None)


def test_connect_without_room_for_its_payload() -> None:
    said, marks = decode("network.connect", "connect", 7, 0x1000, 16, flags=Flag.NO_PAYLOAD)
    assert said == {"fd": 7, "addr_len": 16, **NOBODY, "local_addr": None, "local_port": None, "protocol": None}
    assert [mark.split(":")[0] for mark in marks] == ["family", "port", "addr", "local_addr", "local_port", "protocol"]


def message(length: int, moved: int = 0, pointer: int = 0, name_length: int = 0, unreadable: int = 0) -> bytes:
    return section(MESSAGE, 1, struct.pack("<QQQiI", length, moved, pointer, name_length, unreadable))


SENT = {"fd": 7, "len": 100, "flags": "MSG_NOSIGNAL", "addr_len": None, **THERE, **HERE, "messages": None, "bytes": 60}


def test_send_on_a_connected_socket_goes_to_its_peer() -> None:
    assert values("network.send", "sendto", 7, 0, 100, 0x4000, payload=section(SOCKET, 0, socket_info()), result=60) == SENT


def test_send_to_an_address_goes_there() -> None:
    payload = section(SOCKADDR, 4, inet("1.2.3.4", 53)) + section(SOCKET, 0, socket_info(peer_port=0))
    said = values("network.send", "sendto", 7, 0, 100, 0x4000, 0x1000, 16, payload=payload, result=-101)
    assert said == SENT | {"addr_len": 16, "port": 53, "addr": "1.2.3.4", "bytes": None}


def test_send_without_a_peer() -> None:
    said = values("network.send", "sendto", 7, 0, 100, 0x4000, payload=section(SOCKET, 0, socket_info(peer="0.0.0.0", peer_port=0)), result=-89)
    assert said == SENT | NOBODY | {"bytes": None}
    raw = values("network.send", "sendto", 7, 0, 100, 0x4000, payload=section(SOCKET, 0, socket_info(peer_port=0)), result=60)
    assert raw == SENT | {"port": 0}, "a raw socket's peer has no port"


def test_a_send_that_moved_bytes_had_its_peer_though_a_reset_came_before_its_end() -> None:
    closed = section(SOCKET, 0, socket_info(state=7))
    assert values("network.send", "sendto", 7, 0, 100, 0x4000, payload=closed, result=60) == SENT
    assert values("network.send", "sendto", 7, 0, 100, 0x4000, payload=closed, result=-32) == SENT | NOBODY | {"bytes": None}


def datagram_info(**fields: Any) -> bytes:
    """A connected UDP socket, which sends to and receives from others too."""
    info = bytearray(socket_info(**fields))
    info[2:6] = struct.pack("<HH", 2, 17)
    return bytes(info)


DATAGRAM = {"protocol": "IPPROTO_UDP"}


@pytest.mark.parametrize("result", [0, 60])
def test_a_stream_goes_by_its_peer_whatever_address_stands_beside_it(result: int) -> None:
    payload = section(SOCKADDR, 4, inet("1.2.3.4", 53)) + section(SOCKET, 0, socket_info())
    assert values("network.send", "sendto", 7, 0, 100, 0x4000, 0x1000, 16, payload=payload, result=result) == SENT | {"addr_len": 16, "bytes": result}
    payload = section(Section.ADDRLEN, 5, struct.pack("<i", 16)) + payload
    said = values("network.receive", "recvfrom", 7, 0, 100, 0x4000, 0x1000, 0x2000, payload=payload, result=result)
    assert said == SENT | {"addr_len": 16, "bytes": result}


def test_an_error_asked_for_names_whom_it_speaks_of() -> None:
    payload = section(Section.ADDRLEN, 5, struct.pack("<i", 16)) + section(SOCKADDR, 4, inet("1.2.3.4", 53)) + section(SOCKET, 0, socket_info())
    said = values("network.receive", "recvfrom", 7, 0, 100, 0x2000, 0x1000, 0x2000, payload=payload, result=60)
    assert (said["addr"], said["flags"]) == ("1.2.3.4", "MSG_ERRQUEUE")


def test_a_stream_without_a_peer_is_read_from_nobody() -> None:
    payload = section(Section.ADDRLEN, 5, struct.pack("<i", 16)) + section(SOCKADDR, 4, inet("1.2.3.4", 53)) + section(SOCKET, 0, socket_info(state=7))
    said = values("network.receive", "recvfrom", 7, 0, 100, 0x4000, 0x1000, 0x2000, payload=payload, result=0)
    assert said == SENT | NOBODY | {"addr_len": 16, "bytes": 0}


def test_sendmmsg_counts_messages_and_bytes() -> None:
    payload = message(100, 60, 0x1000, 16) + section(SOCKADDR, 1, inet("1.2.3.4", 53)) + section(SOCKET, 0, datagram_info())
    said = values("network.send", "sendmmsg", 7, 0, 3, 0x4000, payload=payload, result=2)
    assert said == SENT | {"addr_len": 16, "port": 53, "addr": "1.2.3.4", "messages": 2, "bytes": 60, **DATAGRAM}
    assert values("network.send", "sendmmsg", 7, 0, 3, 0x4000, payload=payload, result=-32)["messages"] is None


def test_sums_that_are_not_exact() -> None:
    said, marks = decode("network.receive", "recvmmsg", 7, 0, 3, 0x4000, payload=message(0, 0, unreadable=3) + section(SOCKET, 0, socket_info()), result=3)
    assert (said, marks) == (SENT | {"len": None, "messages": 3, "bytes": None}, ("len:unreadable", "bytes:unreadable"))


def test_receive_names_what_the_kernel_wrote() -> None:
    payload = section(Section.ADDRLEN, 5, struct.pack("<i", 16)) + section(SOCKADDR, 4, inet("1.2.3.4", 53)) + section(SOCKET, 0, datagram_info())
    said = values("network.receive", "recvfrom", 7, 0, 100, 0x4000, 0x1000, 0x2000, payload=payload, result=60)
    assert said == SENT | {"addr_len": 16, "port": 53, "addr": "1.2.3.4", **DATAGRAM}


def test_receive_where_the_kernel_wrote_nothing_is_from_the_sockets_peer() -> None:
    payload = section(Section.ADDRLEN, 5, struct.pack("<i", 0)) + section(SOCKADDR, 4, b"") + section(SOCKET, 0, socket_info())
    assert values("network.receive", "recvfrom", 7, 0, 100, 0x4000, 0x1000, 0x2000, payload=payload, result=60) == SENT | {"addr_len": 0}


def test_a_failed_receive_names_nobody() -> None:
    payload = message(100, 0, 0x1000, 128) + section(SOCKET, 0, socket_info())
    assert values("network.receive", "recvmsg", 7, 0, 0x4000, payload=payload, result=-11) == SENT | NOBODY | {"bytes": None}


def test_accept() -> None:
    payload = section(Section.ADDRLEN, 2, struct.pack("<i", 16)) + section(SOCKADDR, 1, inet("1.2.3.4", 9)) + section(SOCKET, RESULT, socket_info())
    said = values("network.accept", "accept4", 3, 0x1000, 0x2000, 0o4000, payload=payload, result=8)
    assert said == {"fd": 3, "newfd": 8, "addr_len": 16, **THERE, "flags": "SOCK_NONBLOCK", **HERE}


def test_accept_without_a_pointer_names_the_new_sockets_peer() -> None:
    said = values("network.accept", "accept", 3, payload=section(SOCKET, RESULT, socket_info()), result=8)
    assert said == {"fd": 3, "newfd": 8, "addr_len": None, **THERE, "flags": None, **HERE}


def test_a_failed_accept_knows_no_other_side() -> None:
    said = values("network.accept", "accept4", 3, 0x1000, 0x2000, 0, result=-11)
    assert said == dict.fromkeys(said) | {"fd": 3, "flags": "0"}


def test_bind_and_getpeername() -> None:
    payload = section(SOCKADDR, 1, struct.pack("<H", 1) + b"\0ab\xff")
    said, marks = decode("network.bind", "bind", 3, 0x1000, 6, payload=payload)
    assert (said, marks) == ({"fd": 3, "addr_len": 6, "family": "AF_UNIX", "port": None, "addr": "@ab\\xff", "protocol": None}, ("addr:escaped",))
    payload = section(Section.ADDRLEN, 2, struct.pack("<i", 16)) + section(SOCKADDR, 1, inet("1.2.3.4", 9))
    assert values("network.getpeername", "getpeername", 3, 0x1000, 0x2000, payload=payload) == {
        "fd": 3,
        "addr_len": 16,
        "family": "AF_INET",
        "port": 9,
        "addr": "1.2.3.4",
    }
    said = values("network.getpeername", "getpeername", 3, 0x1000, 0x2000, payload=payload + section(SOCKET, 0, socket_info()))
    assert said == {"fd": 3, "addr_len": 16, **THERE}
    assert values("network.getpeername", "getpeername", 3, 0x1000, 0x2000, result=-107) == {"fd": 3, "addr_len": None, **NOBODY}


def unix_socket(local: bytes, peer: bytes | None) -> bytes:
    info = bytearray(socket_info())
    struct.pack_into("<8H", info, 0, 1, 1, 0, 1, 0, 0, len(local), 0xFFFF if peer is None else len(peer))
    return section(SOCKET, 0, bytes(info) + local + (peer or b""))


@pytest.mark.parametrize(
    ("local", "peer", "said"),
    [
        (b"", b"/run/x\0", ("AF_UNIX", "/run/x", "")), (b"\0me", b"", ("AF_UNIX", "", "@me")), (b"/me", None, (None, None, "/me")),
    ],
)  # fmt: skip
def test_unix_sockets_of_a_send(local: bytes, peer: bytes | None, said: tuple[Any, ...]) -> None:
    sent = values("network.send", "sendto", 7, 0, 100, 0, payload=unix_socket(local, peer), result=60)
    assert (sent["family"], sent["addr"], sent["local_addr"], sent["protocol"], sent["port"], sent["local_port"]) == (*said, None, None, None)


def test_socketpair() -> None:
    said = values("network.socketpair", "socketpair", 1, 0o2000001, 0, payload=section(Section.INTS, 3, struct.pack("<ii", 5, 6)))
    assert said == {"family": "AF_UNIX", "type": "SOCK_STREAM|SOCK_CLOEXEC", "protocol": 0, "usockvec": [5, 6]}


# ---- user and monitor


def test_ids_and_what_they_were() -> None:
    old = section(Section.OLD_IDS, NONE_REGISTER, struct.pack("<6I", 1, 2, 3, 4, 5, 6))
    assert values("user.setuid", "setuid", 1000, payload=old) == {"uid": 1000, "old_uid": 2}
    assert values("user.setresgid", "setresgid", MASK, 0xFFFFFFFF, 7, payload=old) == {
        "rgid": -1,
        "egid": -1,
        "sgid": 7,
        "old_rgid": 4,
        "old_egid": 5,
        "old_sgid": 6,
    }


def test_a_loss_is_told_in_microseconds() -> None:
    lost = raw("monitor.lost", None, 312, 2, 1, 5_000, 9_999)
    assert arguments.decode(lost) == ({"count": 312, "family": "network", "cpu": 1, "from": 5, "to": 9}, ())


@pytest.mark.parametrize("payload", [b"", b"[]", b"{", b'{"count": 3, "other": 1}'])
def test_the_monitors_own_rows_have_all_their_arguments(payload: bytes) -> None:
    assert arguments.decode(raw("monitor.dropped", None, payload=payload))[0] == {"count": 3 if b"count" in payload else None}


# ---- laws


def test_every_kind_has_a_decoder() -> None:
    assert set(arguments.DECODERS) == set(Kind)


ANY_SECTION = st.builds(
    lambda kind, register, marks, data: section(kind, register, data, marks),
    st.sampled_from(list(Section)),
    st.integers(0, 7),
    st.sampled_from([0, 0, 0, 1, 2, 3]),
    st.binary(max_size=90),
)
ANY_PAYLOAD = st.one_of(st.binary(max_size=80), st.lists(ANY_SECTION, max_size=5).map(b"".join))
WORD = st.one_of(st.integers(0, MASK), st.sampled_from([0, 1, AT_FDCWD, 0x1000, MASK, 0x7FFFFFFF, 1 << 63]))
CALLS = [(row.id, X86_64[call.name]) for row in TYPES for call in row.calls] + [(row.id, 0xFFFF) for row in ALL_TYPES]


@given(
    st.sampled_from(CALLS), st.integers(0, 0xFFF), st.one_of(st.integers(-4096, 4096), st.integers(-(1 << 63), (1 << 63) - 1)),
    st.tuples(*[WORD] * 6), ANY_PAYLOAD,
    st.sampled_from([None, b"/w", b"", b"/\xff", b"pipe:[1]"]), st.booleans(),
)  # fmt: skip
def test_whatever_the_bytes_every_argument_is_there_and_can_be_written(
    which: tuple[int, int], flags: int, result: int, args: tuple[int, ...], payload: bytes, path: bytes | None, lost: bool
) -> None:
    import orjson

    record = Raw(which[0], which[1], flags, result, -1, args, payload, path, path, 1, 0xFFFFFFFF, 0xFFFF, lost, b"\xffcomm", 1, 2)
    said, marks = arguments.decode(record, "x86_64")
    row = BY_ID[which[0]]
    assert list(said) == [argument.name for argument in row.arguments]
    if row.family != "monitor":
        assert {mark.rpartition(":")[0] for mark in marks} <= set(said)
    assert {mark.rpartition(":")[2] for mark in marks} <= {"truncated", "unreadable", "escaped"}
    assert len(set(marks)) == len(marks)
    assert orjson.loads(orjson.dumps(said)) == said


@given(st.integers(0, 0xFFFF), st.integers(0, 0xFFFF), ANY_PAYLOAD)
def test_an_unknown_event_or_call_is_no_error(event: int, syscall: int, payload: bytes) -> None:
    said, _ = arguments.decode(Raw(event, syscall, 0, 0, 0, (0,) * 6, payload), "x86_64")
    assert list(said) == ([argument.name for argument in BY_ID[event].arguments] if event in BY_ID else [])


def test_a_path_whose_name_found_no_room_is_marked_too() -> None:
    said, marks = decode("file.rmdir", "rmdir", 0x1000, path0=b"/w", flags=Flag.NO_PAYLOAD)
    assert (said["filename"], said["path"]) == (None, None)
    assert list(marks) == ["filename:unreadable", "path:unreadable"]
