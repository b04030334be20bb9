"""The parser: a line that it got wrong could hide a difference, so every form of value that strace writes is here."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.oracle.strace import Call, End, Other, read
from tests.oracle.syntax import Changed, Function, Quoted, Reader, Tagged, Unreadable, Word


def value(text: str) -> Any:
    """The only value in a text."""
    reader = Reader(text)
    found = reader.value()
    reader.skip()
    assert reader.at == len(text)
    return found


def hexadecimal(text: str) -> str:
    """As `-xx` writes it."""
    return "".join(f"\\x{byte:02x}" for byte in text.encode())


def run_of(place: Path, **threads: str) -> dict[int, list[Call | Other | End]]:
    """What is read of files written by hand: `t7="…"` is thread 7's."""
    for thread, text in threads.items():
        (place / f"s.{thread[1:]}").write_text(text)
    return read(place / "s", {"openat", "read", "execve", "close", "clone"})


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("0", 0),
        ("-1", -1),
        ("18446744073709551615", 18446744073709551615),
        ("0x7f00", 0x7F00),
        ("NULL", None),
        ("0644", Word(("0644",))),
        ("O_RDONLY", Word(("O_RDONLY",))),
        ("O_RDWR|O_CREAT|0x40000000", Word(("O_RDWR", "O_CREAT", "0x40000000"))),
        ("S_IFREG|S_ISUID|04755", Word(("S_IFREG", "S_ISUID", "04755"))),
        ("0x8000 /* O_LARGEFILE? */", 0x8000),
        ('"\\x61\\x22\\x5d"', Quoted(b'a"]')),
        ('"\\x61"...', Quoted(b"a", cut=True)),
        ('@"\\x61\\x00"', Quoted(b"a\0", abstract=True)),
        ('""', Quoted(b"")),
        ("AT_FDCWD", Tagged(-100)),
        ("AT_FDCWD<\\x2f\\x77>", Tagged(-100, "path", b"/w")),
        ("3<\\x2f\\x66\\x3e>", Tagged(3, "path", b"/f>")),
        ("3<\\x2f\\x66>(deleted)", Tagged(3, "path", b"/f", deleted=True)),
        ("1<\\x2f\\x64\\x65\\x76<char 1:3>>", Tagged(1, "path", b"/dev", "char 1:3")),
        ("4<\\x70\\x69\\x70\\x65\\x3a\\x5b\\x39\\x5d>", Tagged(4, "path", b"pipe:[9]")),
        ("5<TCP:[127.0.0.1:1->127.0.0.1:2]>", Tagged(5, "socket", b"127.0.0.1:1->127.0.0.1:2", "TCP")),
        ("5<TCPv6:[[::1]:1->[::1]:2]>", Tagged(5, "socket", b"[::1]:1->[::1]:2", "TCPv6")),
        ('5<UNIX:[9->10,"\\x61"]>', Tagged(5, "socket", b'9->10,"\\x61"', "UNIX")),
        ("6<anon_inode:[pidfd]>", Tagged(6, "path", b"anon_inode:[pidfd]")),
        ("6<pid:77>", Tagged(6, "pid", b"77")),
        ("[1, 2]", [1, 2]),
        ("[]", []),
        ("{a=1, b=[{c=NULL}], ...}", {"a": 1, "b": [{"c": None}]}),
        ("[28 => 16]", [Changed(28, 16)]),
        ("{x=1} => {x=2}", Changed({"x": 1}, {"x": 2})),
        ("htons(80)", Function("htons", (80,))),
        ("makedev(0x1, 0x3)", Function("makedev", (1, 3))),
        ("{sa_family=AF_INET6, inet_pton(AF_INET6, \"\\x3a\\x3a\", &sin6_addr)}",
         {"sa_family": Word(("AF_INET6",)), "inet_pton": [Word(("AF_INET6",)), Quoted(b"::"), Word(("&sin6_addr",))]}),
        ("~[RTMIN RT_1]", Word(("~",))),
        ("1795787255 /* 2026-11-27T13:47:35+0000 */", 1795787255),
    ],
)  # fmt: skip
def test_every_form_of_value(text: str, wanted: Any) -> None:
    assert value(text) == wanted


@pytest.mark.parametrize("text", ["", "{a", "{a&1}", "[1)", "3<what is this>", '"\\x6"', "?"])
def test_what_is_not_understood_is_said(text: str) -> None:
    with pytest.raises(Unreadable):
        value(text)


def test_a_call_that_succeeded(tmp_path: Path) -> None:
    name = hexadecimal("/f")
    run = run_of(tmp_path, t7=f'5.000000001 openat(AT_FDCWD<{hexadecimal("/w")}>, "{name}", O_RDONLY) = 3<{name}> <0.000000250>\n')
    assert run == {7: [Call(7, 0, Decimal("5.000000001"), "openat", [Tagged(-100, "path", b"/w"), Quoted(b"/f"), Word(("O_RDONLY",))],
                            result=Tagged(3, "path", b"/f"), took=Decimal("0.000000250"), told=Decimal("5.000000001"))]}  # fmt: skip


def test_a_call_that_failed_one_that_restarts_and_one_that_never_returned(tmp_path: Path) -> None:
    lines = (
        "1.0 read(9, 0x1, 5) = -1 EBADF (Bad file descriptor) <0.1>\n"
        "2.0 read(0, 0x1, 5) = ? ERESTARTSYS (To be restarted if SA_RESTART is set) <0.2>\n"
        "3.0 read(0,  <unfinished ...>) = ?\n"
    )
    calls = [record for record in run_of(tmp_path, t7=lines)[7] if isinstance(record, Call)]
    assert [(call.result, call.error, call.returned) for call in calls] == [(-1, "EBADF", True), (None, "ERESTARTSYS", True), (None, "", False)]


def test_minus_one_that_is_no_error(tmp_path: Path) -> None:
    (call,) = run_of(tmp_path, t7="1.0 read(0, 0x1, 5) = -1 <0.1>\n")[7]
    assert isinstance(call, Call)
    assert (call.result, call.error) == (-1, "")


def test_ends(tmp_path: Path) -> None:
    run = run_of(tmp_path, t7="1.5 +++ exited with 3 +++\n", t8="2.5 --- SIGSEGV {si_signo=SIGSEGV} ---\n2.6 +++ killed by SIGSEGV (core dumped) +++\n")
    assert run == {7: [End(7, Decimal("1.5"), 3, "", False)], 8: [End(8, Decimal("2.6"), None, "SIGSEGV", True)]}


def test_calls_of_another_abi_are_told_apart(tmp_path: Path) -> None:
    lines = "1.0 [ Process PID=7 runs in x32 mode. ]\n1.1 close(3) = 0 <0.1>\n1.2 [ Process PID=7 runs in 64 bit mode. ]\n1.3 close(4) = 0 <0.1>\n"
    calls = [record for record in run_of(tmp_path, t7=lines)[7] if isinstance(record, Call)]
    assert [(call.values, call.abi) for call in calls] == [([3], "x32"), ([4], "")]


def test_of_other_calls_only_the_times_are_read(tmp_path: Path) -> None:
    assert run_of(tmp_path, t7="1.0 wait4(-1, [{WIFEXITED(s) && WEXITSTATUS(s) == 0}], 0, NULL) = 8 <0.5>\n") == {7: [Other(7, Decimal("1.0"), Decimal("1.5"))]}


def test_an_exec_by_a_thread_is_put_together_from_both_files(tmp_path: Path) -> None:
    run = run_of(
        tmp_path,
        t7="1.0 pause() = ?\n3.0 +++ superseded by execve in pid 8 +++\n3.1 <... execve resumed>) = 0 <1.1>\n4.0 +++ exited with 0 +++\n",
        t8=f'2.0 execve("{hexadecimal("/x")}", ["{hexadecimal("x")}"], 0x1 /* 0 vars */ <pid changed to 7 ...>\n',
    )
    (call,) = run[8]
    assert isinstance(call, Call)
    assert (call.result, call.took, call.told, call.returned) == (0, Decimal("1.1"), Decimal("3.1"), True)
    assert [type(record) for record in run[7]] == [Other, End, End]
    assert [record.by for record in run[7] if isinstance(record, End)] == [8, 0]


@pytest.mark.parametrize("line", ["nonsense", "1.0 +++ vanished +++", "1.0 openat(AT_FDCWD, what?) = 3"])
def test_a_line_that_is_not_understood_ends_the_comparison(tmp_path: Path, line: str) -> None:
    with pytest.raises(Unreadable):
        run_of(tmp_path, t7=line + "\n")
