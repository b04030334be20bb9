"""What a command prints: lines, however it comes, bounded, nothing obeyed; its terminal; who goes on writing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kellect_tui.command_output import LINE_BYTES, CommandTerminal, OutputLog

PIECES = st.lists(st.sampled_from([b"a", b"bc", b"\n", b"\r", b"\r\n", b"\x1b[31m", "é".encode(), b"x" * 5000]), max_size=12)


def lines_of(log: OutputLog) -> list[str]:
    return [*log.lines(0)[1], *([log.last] if log.last else [])]


@settings(max_examples=50)
@given(PIECES, st.sampled_from([1, 2, 7, 1000]))
def test_lines_do_not_hang_on_how_the_bytes_came(pieces: list[bytes], step: int) -> None:
    data = b"".join(pieces)
    whole, bitten = OutputLog(), OutputLog()
    whole.add(data)
    for at in range(0, len(data), step):
        bitten.add(data[at : at + step])
    assert bitten.total == whole.total == len(data)
    # A line longer than the bound is broken where it happens to be when it grows beyond it.
    assert "".join(lines_of(whole)) == "".join(lines_of(bitten))
    if b"x" not in data:
        assert lines_of(whole) == lines_of(bitten)
        assert whole.end == bitten.end
    assert "".join(lines_of(whole)).encode() == data.replace(b"\x1b[31m", b"").replace(b"\r", b"").replace(b"\n", b"")


def test_carriage_returns_end_lines_and_colours_go() -> None:
    log = OutputLog()
    log.add(b"10 %\r20 %\rdone\r\n\x1b[1;31mred\x1b[0m\x1b]0;title\x07\na\ttab\n\xff\nlast")
    assert log.lines(0) == (0, ["10 %", "20 %", "done", "red\x1b]0;title\x07", "a       tab", "\\xff"])
    assert log.last == "last"


def test_a_long_line_goes_on_in_the_next() -> None:
    log = OutputLog()
    log.add(b"x" * (2 * LINE_BYTES + 5) + b"\n")
    assert [len(line) for line in log.lines(0)[1]] == [LINE_BYTES, LINE_BYTES, 5]


def test_the_oldest_lines_go_and_their_numbers_stay() -> None:
    log = OutputLog(keep=3)
    log.add(b"".join(b"%d\n" % number for number in range(10)))
    assert (log.first, log.end) == (7, 10)
    assert log.lines(0) == (7, ["7", "8", "9"])
    assert log.lines(9) == (9, ["9"])
    assert log.lines(10) == (10, [])


def spawn(terminal: CommandTerminal, script: str) -> int:
    """A shell that has the terminal."""
    pid = os.fork()
    if pid == 0:
        try:
            terminal.give()
            os.execv("/bin/sh", ["sh", "-c", script])
        finally:
            os._exit(99)
    terminal.start()
    return pid


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # fork beside threads: the child only executes
def test_a_command_can_print_and_cannot_read(tmp_path: Path) -> None:
    with (tmp_path / "out").open("wb") as file:
        terminal = CommandTerminal(77, 11, file, "out")
        deeds = (
            'test -t 1 && test -t 2 && echo "$TERM"',
            "read x || echo eof",
            "(: </dev/tty) 2>/dev/null || echo no tty",
            "read x <&2 || echo no keys",
            "echo a",
        )
        _, status = os.waitpid(spawn(terminal, "; ".join(deeds)), 0)
        terminal.finish()
    assert status == 0
    assert not terminal.is_open
    assert terminal.log.lines(0)[1] == ["dumb", "eof", "no tty", "no keys", "a"]
    assert (tmp_path / "out").read_bytes() == b"dumb\neof\nno tty\nno keys\na\n"


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_who_is_left_running_goes_on_writing_into_the_file(tmp_path: Path) -> None:
    out, go = tmp_path / "out", tmp_path / "go"
    os.mkfifo(go)
    with out.open("wb") as file:
        terminal = CommandTerminal(80, 24, file, "out")
        pid = spawn(terminal, f"echo before; read x < {go}; echo after; echo more >&2")
        while terminal.log.end < 1:
            assert terminal.is_open
        terminal.finish()
    go.write_text("go\n")
    _, status = os.waitpid(pid, 0)
    assert status == 0
    assert terminal.heir is not None
    assert terminal.heir.wait(30) == 1  # cat ends with the terminal: EIO
    assert out.read_text() == "before\nafter\nmore\n"


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_full_disk_ends_the_file_not_the_command() -> None:
    with Path("/dev/full").open("wb", buffering=0) as file:
        terminal = CommandTerminal(80, 24, file, "build.log")
        _, status = os.waitpid(spawn(terminal, "echo one; echo two"), 0)
        terminal.finish()
    assert status == 0
    assert terminal.log.lines(0)[1] == ["one", "two"]
    assert terminal.error is not None
    assert "build.log" in terminal.error.message
