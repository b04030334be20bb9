"""Whose signal ended a process: of those that were sent to it, the one that its end tells of."""

from __future__ import annotations

from signal import SIGKILL

from kellect_tui.session.process import Killer, Process

KILL_NS = 5_000_000_000
"""How long before an end a signal may have been sent that is told as its cause; SIGKILL, which nothing can put off, at any time."""


def sent(process: Process, killer: Killer) -> None:
    """Remember a signal that a running process was sent: of each kind the last, of SIGKILL the first, which nothing outlives."""
    if process.signals is None:
        process.signals = {killer.signal: killer}
    elif killer.signal != SIGKILL or killer.signal not in process.signals:
        process.signals[killer.signal] = killer


def ended(process: Process) -> bool:
    """Blame the sender of the signal that a process has just ended by; whether there was one."""
    signals, process.signals = process.signals, None
    killer = None if not signals or not process.exit_signal else signals.get(process.exit_signal)
    return killer is not None and blame(process, killer)


def blame(process: Process, killer: Killer) -> bool:
    """Take this signal for the one that ended a process, if it can be: of SIGKILL the first, of others the last before the end. Whether it was taken."""
    end = process.ended_ns
    if end is None or killer.signal != process.exit_signal or killer.time_ns > end:
        return False
    if killer.signal != SIGKILL and end - killer.time_ns > KILL_NS:
        return False
    known = process.killed_by
    if known is not None and (killer.time_ns < known.time_ns) != (killer.signal == SIGKILL):
        return False
    process.killed_by = killer
    return True
