"""A terminal that goes away, however it goes: the program ends, and soon."""

from __future__ import annotations

import os
import platform
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kellect_tui.tui.terminal import GoneTerminal
from tests.tui.pseudo import STREAM, Window

WAYS = {"hang-up": Window.hang_up, "signal": Window.signal, "keys": Window.lose_keys, "picture": Window.lose_picture}
SCREENS = {
    "table": ("", "LIVE"),
    "filter": ("/comm", "comm"),
    "help": ("?", "Moving"),
    "save": ("\x13", "Save to a file"),
    "palette": (":", "Search"),
    "tree": ("6", "ARGV"),
}


def test_a_write_that_fails_is_thrown_away_and_told_once() -> None:
    reader, writer = os.pipe()
    told: list[bool] = []
    with os.fdopen(writer, "w") as file:
        terminal = GoneTerminal(file, lambda: told.append(True))
        terminal.write("a")
        terminal.flush()
        assert os.read(reader, 10) == b"a"
        os.close(reader)
        for _ in range(3):
            assert terminal.write("lost") == 4
            terminal.flush()
    assert told == [True]


@pytest.fixture
def opened() -> Iterator[Callable[..., Window]]:
    """Makes windows, which are closed at the end."""
    made: list[Window] = []

    def make(*words: str, controlling: bool = False) -> Window:
        made.append(Window(words or STREAM, controlling=controlling))
        return made[-1]

    yield make
    for window in made:
        window.close()


@pytest.mark.parametrize(
    ("way", "screen"), [("hang-up", "table"), ("signal", "filter"), ("keys", "save"), ("picture", "help"), ("hang-up", "tree"), ("keys", "palette")]
)
def test_it_ends_in_order_however_the_terminal_goes(opened: Callable[..., Window], way: str, screen: str) -> None:
    window = opened(controlling=way == "hang-up")
    window.shows("LIVE")
    keys, text = SCREENS[screen]
    if keys:
        window.press(keys)
        window.shows(text)
    WAYS[way](window)
    assert window.ends() == 0


@pytest.mark.parametrize("way", ["hang-up", "keys", "picture"])
def test_it_ends_where_the_terminal_goes_before_the_screen_is_there(opened: Callable[..., Window], way: str) -> None:
    window = opened(controlling=way == "hang-up")
    WAYS[way](window)
    assert window.ends() in (0, -signal.SIGHUP)  # SIGHUP ends a program that has not asked for it yet


def test_a_program_that_is_continued_while_it_ends_still_ends(opened: Callable[..., Window]) -> None:
    window = opened()
    window.shows("LIVE")
    window.process.send_signal(signal.SIGHUP)
    while window.process.poll() is None:
        window.process.send_signal(signal.SIGCONT)
        threading.Event().wait(0.01)
    assert window.ends() == 0


def test_a_program_that_is_continued_takes_keys_and_draws_itself_again(opened: Callable[..., Window]) -> None:
    window = opened()
    window.shows("LIVE")
    threads = Path(f"/proc/{window.process.pid}/task")
    before = len(list(threads.iterdir()))
    for _ in range(3):
        window.process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, window.process.pid, os.WSTOPPED | os.WNOWAIT)
        window.process.send_signal(signal.SIGCONT)
        window.shows("\x1b[?1049h")
        window.shows("LIVE")
    window.press("?")
    window.shows("Moving")
    assert len(list(threads.iterdir())) <= before + 1  # memory's housekeeper may have come


def test_bytes_that_are_no_text_are_no_keys(opened: Callable[..., Window]) -> None:
    window = opened()
    window.shows("LIVE")
    os.write(window.keys, b"\xff\xfe\x80")
    window.press("?")
    window.shows("Moving")


def test_a_save_under_way_ends_with_the_terminal_and_leaves_no_file(opened: Callable[..., Window], tmp_path: Path) -> None:
    window = opened(*STREAM, "--rate", "400000", controlling=True)
    window.matches("1 All [0-9.]+M")  # to write a million takes many seconds
    window.press("\x13")
    window.shows("Save to a file")
    window.press(f"\x15{tmp_path}/all.jsonl\r")
    while not list(tmp_path.iterdir()):
        assert window.process.poll() is None
        threading.Event().wait(0.01)
    assert [path.suffix for path in tmp_path.iterdir()] == [".part"]  # under way
    window.hang_up()
    assert window.ends() == 0
    assert list(tmp_path.iterdir()) == []


def test_a_shell_that_ignores_the_hang_up_does_not_keep_the_screen(opened: Callable[..., Window]) -> None:
    window = opened("sh", "-c", f"trap '' HUP; {subprocess.list2cmdline(STREAM)}; exit $?", controlling=True)
    window.shows("LIVE")
    window.hang_up()
    assert window.ends() == 0


X86_64 = pytest.mark.skipif(platform.machine() != "x86_64", reason="the numbers of its calls are needed")


@X86_64
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_terminal_that_takes_nothing_does_not_keep_a_program_that_is_told_to_end(opened: Callable[..., Window], number: int) -> None:
    window = opened()
    window.shows("LIVE")
    window.stall()
    window.process.send_signal(number)
    assert window.ends() == 0


@X86_64
def test_a_terminal_that_stood_still_for_a_while_has_missed_nothing(opened: Callable[..., Window]) -> None:
    window = opened()
    window.shows("LIVE")
    window.stall()
    window.take()
    window.press("?")
    window.shows("Moving")
    window.signal()
    window.shows("\x1b[?1049l")
    assert window.ends() == 0
