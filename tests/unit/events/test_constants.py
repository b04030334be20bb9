"""The literal tables against the host's own C headers, and how values are written."""

from __future__ import annotations

import platform
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import pytest

from kellect_tui.events import constants
from kellect_tui.events.constants import Flags

_HEADERS = """
#define _GNU_SOURCE
#include <stdio.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sched.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <linux/close_range.h>
#include <linux/fs.h>
#include <linux/mman.h>
#include <linux/openat2.h>
#include <linux/ptrace.h>
#include <linux/sched.h>
#include <linux/stat.h>
#include <asm/ptrace-abi.h>
"""
# Names that the kernel keeps to itself, that the C library hides, or that another flag's value goes by.
_HIDDEN = {"FASYNC", "O_LARGEFILE", "O_NOTIFICATION_PIPE", "PTRACE_PEEKUSER", "PTRACE_POKEUSER", "__O_SYNC", "__O_TMPFILE"}
_KERNEL_ONLY = {"ERESTARTSYS", "ERESTARTNOINTR", "ERESTARTNOHAND", "ENOIOCTLCMD", "ERESTART_RESTARTBLOCK"}


def tables() -> Iterator[tuple[str, int]]:
    for flags in (value for value in vars(constants).values() if isinstance(value, Flags)):
        yield from flags.bits
        for values in (flags.values, flags.values2):
            yield from ((name, number) for number, name in values.items())
    for flags in constants.AT_FLAGS.values():
        yield from flags.bits
    for numbered in (constants.ERRNO, constants.FAMILIES, constants.PROTOCOLS, constants.PTRACE):
        yield from ((name, number) for number, name in numbered.items())
    yield from ((name, number) for number, name in constants.SIGNALS.items() if number < 32)


def asked_of_the_headers(names: Iterable[str], directory: Path) -> dict[str, int]:
    """Value of each of the names that the host's headers define as a macro."""
    if shutil.which("gcc") is None or platform.machine() != "x86_64":
        pytest.skip("needs gcc and the x86_64 headers")
    lines = "".join(f'#ifdef {name}\n    printf("{name} %llu\\n", (unsigned long long)({name}));\n#endif\n' for name in sorted(names))
    source = directory / "constants.c"
    source.write_text(f"{_HEADERS}int main(void) {{\n{lines}return 0;\n}}\n")
    subprocess.run(["gcc", "-w", "-o", directory / "constants", source], check=True)
    said = subprocess.run([directory / "constants"], check=True, capture_output=True, text=True).stdout
    return {name: int(value) for name, _, value in (line.partition(" ") for line in said.splitlines())}


@pytest.fixture(scope="module")
def header_values(tmp_path_factory: pytest.TempPathFactory) -> dict[str, int]:
    """Every name of our tables that the host's headers define as a macro, with its value there."""
    return asked_of_the_headers({name for name, _ in tables()}, tmp_path_factory.mktemp("constants"))


# By the beginning of their names; what is no flag but a mask, a size or a limit is left out.
_COMPLETE: Mapping[str, Flags | Mapping[int, str]] = {
    "O_": constants.OPEN, "RESOLVE_": constants.RESOLVE, "PROT_": constants.PROT, "MAP_": constants.MMAP, "MSG_": constants.MESSAGE,
    "CLONE_": constants.CLONE, "RENAME_": constants.RENAME, "CLOSE_RANGE_": constants.CLOSE_RANGE, "AF_": constants.FAMILIES,
}  # fmt: skip
_NO_FLAGS = re.compile("O_ACCMODE|MAP_FAILED|MAP_TYPE|MAP_HUGE_.*|CLONE_ARGS_.*|AF_MAX|CLONE_.*_SIZE.*")


def test_every_flag_of_the_headers_has_a_symbol(tmp_path: Path) -> None:
    (tmp_path / "headers.c").write_text(_HEADERS)
    if shutil.which("gcc") is None:
        pytest.skip("needs gcc")
    macros = subprocess.run(["gcc", "-dM", "-E", tmp_path / "headers.c"], check=True, capture_output=True, text=True).stdout
    defined = re.findall(r"^#define ([A-Z_0-9]+) ", macros, re.MULTILINE)
    names = {name for name in defined if name.startswith(tuple(_COMPLETE)) and not _NO_FLAGS.fullmatch(name)}
    unnamed = []
    for name, value in asked_of_the_headers(names, tmp_path).items():
        table = next(table for prefix, table in _COMPLETE.items() if name.startswith(prefix))
        shown = table.text(value) if isinstance(table, Flags) else constants.enumeration(table, value)
        unnamed += [name] if "0x" in shown else []
    assert len(names) > 120
    assert unnamed == []


def test_values_are_those_of_the_headers(header_values: dict[str, int]) -> None:
    compared = [(name, number) for name, number in tables() if name in header_values and name not in _HIDDEN]
    wrong = [(name, number, header_values[name]) for name, number in compared if number & 0xFFFFFFFFFFFFFFFF != header_values[name] & 0xFFFFFFFFFFFFFFFF]
    assert wrong == []
    assert len(compared) > 300


@pytest.mark.parametrize("name", ["OPEN", "PROT", "CLONE", "RENAME", "RESOLVE", "MESSAGE", "ACCEPT", "PIPE", "DUP"])
def test_single_bits_are_not_named_twice(name: str) -> None:
    flags: Flags = getattr(constants, name)
    values = [value for _, value in flags.bits]
    assert len(set(values)) == len(values)
    assert len({bit_name for bit_name, _ in flags.bits}) == len(values)


@pytest.mark.parametrize(
    ("flags", "value", "text"),
    [
        (constants.OPEN, 0, "O_RDONLY"),
        (constants.OPEN, 0o101 | 0x40000000, "O_WRONLY|O_CREAT|0x40000000"),
        (constants.OPEN, 3, "0x3"),
        (constants.OPEN, 0o4010002, "O_RDWR|O_SYNC"),
        (constants.OPEN, 0o10001, "O_WRONLY|O_DSYNC"),
        (constants.OPEN, 0o20200002, "O_RDWR|O_TMPFILE"),
        (constants.OPEN, 0o200000 | 0o2000000, "O_RDONLY|O_DIRECTORY|O_CLOEXEC"),
        (constants.OPEN, 1 << 40, "O_RDONLY|0x10000000000"),
        (constants.PROT, 0, "PROT_NONE"),
        (constants.PROT, 7, "PROT_READ|PROT_WRITE|PROT_EXEC"),
        (constants.PROT, 0x10, "0x10"),
        (constants.RENAME, 0, "0"),
        (constants.RENAME, 5, "RENAME_NOREPLACE|RENAME_WHITEOUT"),
        (constants.CLOSE_RANGE, 6, "CLOSE_RANGE_UNSHARE|CLOSE_RANGE_CLOEXEC"),
        (constants.MMAP, 0x22, "MAP_PRIVATE|MAP_ANONYMOUS"),
        (constants.MMAP, 0x03 | 0x80000, "MAP_SHARED_VALIDATE|MAP_SYNC"),
        (constants.MMAP, 0, "0"),
        (constants.MMAP, 0x20, "MAP_ANONYMOUS"),
        (constants.MMAP_HUGE, 0x40022 | 21 << 26, "MAP_PRIVATE|MAP_ANONYMOUS|MAP_HUGETLB|MAP_HUGE_2MB"),
        (constants.MMAP_HUGE, 0x40022 | 34 << 26, "MAP_PRIVATE|MAP_ANONYMOUS|MAP_HUGETLB|MAP_HUGE_16GB"),
        (constants.MMAP_HUGE, 0x40022, "MAP_PRIVATE|MAP_ANONYMOUS|MAP_HUGETLB"),
        (constants.SOCKET_TYPE, 0o2004001, "SOCK_STREAM|SOCK_NONBLOCK|SOCK_CLOEXEC"),
        (constants.SOCKET_TYPE, 9, "0x9"),
        (constants.PIPE, 0o2004000, "O_NONBLOCK|O_CLOEXEC"),
        (constants.PIPE, 0o200, "O_NOTIFICATION_PIPE"),
        (constants.MESSAGE, 0x4040, "MSG_DONTWAIT|MSG_NOSIGNAL"),
        (constants.MESSAGE, 0xFFFFFFFF_00000000, "0"),
        (constants.AT_FLAGS["statx"], 0, "AT_STATX_SYNC_AS_STAT"),
        (constants.AT_FLAGS["statx"], 0x1900, "AT_SYMLINK_NOFOLLOW|AT_NO_AUTOMOUNT|AT_EMPTY_PATH"),
        (constants.AT_FLAGS["unlinkat"], 0x200, "AT_REMOVEDIR"),
        (constants.AT_FLAGS["linkat"], 0x1400, "AT_SYMLINK_FOLLOW|AT_EMPTY_PATH"),
        (constants.AT_OTHERS, 0x200, "0x200"),
        (constants.CLONE, 0x3D0F00,
        "CLONE_VM|CLONE_FS|CLONE_FILES|CLONE_SIGHAND|CLONE_THREAD|CLONE_SYSVSEM|CLONE_SETTLS|CLONE_PARENT_SETTID|CLONE_CHILD_CLEARTID"),
        (constants.CLONE, 0x300000080, "CLONE_NEWTIME|CLONE_CLEAR_SIGHAND|CLONE_INTO_CGROUP"),
    ],
)  # fmt: skip
def test_flags_are_written_by_their_symbols(flags: Flags, value: int, text: str) -> None:
    assert flags.text(value) == text


@pytest.mark.parametrize(
    ("number", "name"),
    [(0, "0"), (1, "SIGHUP"), (9, "SIGKILL"), (15, "SIGTERM"), (29, "SIGIO"), (31, "SIGSYS"), (32, "0x20"), (33, "0x21"), (34, "SIGRTMIN"), (36, "SIGRTMIN+2"),
     (64, "SIGRTMIN+30"), (65, "0x41"), (-1, "0xffffffff")],
)  # fmt: skip
def test_signals(number: int, name: str) -> None:
    assert constants.signal_name(number) == name


@pytest.mark.parametrize(
    ("number", "name"), [(2, "ENOENT"), (11, "EAGAIN"), (35, "EDEADLK"), (95, "EOPNOTSUPP"), (133, "EHWPOISON"), (524, "ENOTSUPP"), (4000, "0xfa0")]
)
def test_errno_names(number: int, name: str) -> None:
    assert constants.errno_name(number) == name


def test_results_of_interrupted_calls_have_the_kernels_names() -> None:
    assert {constants.errno_name(number) for number in constants.RESTARTS} == _KERNEL_ONLY - {"ENOIOCTLCMD"}
    assert constants.errno_name(constants.ENOIOCTLCMD) == "ENOIOCTLCMD"


def test_errno_texts_are_the_c_librarys() -> None:
    assert constants.errno_text("ENOENT") == "No such file or directory"
    assert constants.errno_text("ERESTARTSYS") == "interrupted; the kernel may restart the call"
    assert constants.errno_text("0xfa0") == ""


def test_an_unknown_number_of_an_enumeration_is_hex() -> None:
    assert constants.enumeration(constants.FAMILIES, 2) == "AF_INET"
    assert constants.enumeration(constants.FAMILIES, 999) == "0x3e7"
    assert constants.enumeration(constants.PTRACE, -1) == "0xffffffff"


def test_every_type_of_inode() -> None:
    assert {Path("/dev/null").stat().st_mode & 0o170000: "character", Path("/").stat().st_mode & 0o170000: "directory"}.items() <= constants.FILE_TYPES.items()
    assert sorted(constants.FILE_TYPES.values()) == ["block", "character", "directory", "fifo", "regular", "socket", "symlink"]
