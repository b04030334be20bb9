"""Priorities of our threads, where we may change them: the one that reads the rings stands above the screen's, that one above all others.

A reader that waits is what loses events. The screen is looked at when the machine has no time left: at load 3 on two cores
a key took 219 ms at p99 without its priority, 44 ms with it.

Where the kernel has sched_autogroup_enabled, as most distributions do, that counts within a session only: sessions first share the CPU
as equals, however high their threads stand. Beside eight busy sessions on two cores the first paint came after 5.3 s, and a key
took 189 ms at p99; with the session preferred, after 0.8 s and 50 ms.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

READER_NICE, SCREEN_NICE, ORDINARY_NICE = -15, -10, 0
SESSION_NICE = -10
SWITCH_SECONDS = 0.0005
"""How long another thread may hold the interpreter while the reader wants it. With Python's 5 ms, a thread that decodes
events for a text format makes the reader lose: each of its numpy calls gives the interpreter away and waits for it again."""


def be_reader() -> None:
    """Of the thread that reads the rings: above everything, and its share of the interpreter soon."""
    sys.setswitchinterval(SWITCH_SECONDS)
    _set(READER_NICE)


def be_screen() -> None:
    """Of the thread that draws: above the others."""
    _set(SCREEN_NICE)


def be_ordinary() -> None:
    """Of a thread that the screen has started: give back what it inherited."""
    _set(ORDINARY_NICE)


@contextlib.contextmanager
def preferred_session(place: Path = Path("/proc/self/autogroup")) -> Iterator[None]:
    """In the block our session counts for more than others: the terminal's, with whatever else was started in it.

    Not for what starts a command in its own session, which would be preferred too. A session that somebody has given another priority keeps it.
    """
    changed = _has_preferred(place)
    try:
        yield
    finally:
        if changed:
            with contextlib.suppress(OSError):
                place.write_text("0")


def _has_preferred(place: Path) -> bool:
    try:
        if place.read_text().split()[-1:] != ["0"]:
            return False
        place.write_text(str(SESSION_NICE))
    except OSError:  # not root, or a kernel without it
        return False
    return True


def _set(nice: int) -> None:
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), nice)
