"""What a process ran at which time: the program it came with, and those it executed since."""

from __future__ import annotations

from kellect_tui.session.process import Generation, Process

UNKNOWN = Generation(None, (), None, None, None, "", seen=False)
"""A program of which nothing is known."""


def programs(process: Process) -> tuple[Generation, ...]:
    """The programs of its whole life, oldest first, each from its exec on; never empty.

    A fork runs its forker's program until it executes one of its own: that program is the first here, `started_ns` None. The last one has
    the comm that the process has now, for a program may rename itself. Where programs behind the first are no longer kept, UNKNOWN stands for them, from
    the moment after its exec: when they began is not known.
    """
    ran = tuple(process.generations)
    if len(ran) > 1 and process.executed > sum(program.seen and program.started_ns is not None for program in ran):
        ran = (ran[0], UNKNOWN._replace(started_ns=(ran[0].started_ns or 0) + 1), *ran[1:])
    if not ran or ran[0].started_ns is not None:
        ran = (_inherited(process, executed=bool(ran)), *ran)
    return (*ran[:-1], ran[-1]._replace(comm=process.comm))


def program_at(process: Process, time_ns: int) -> Generation:
    """The program it ran at that moment (epoch ns); before its first one that one, after its end the last."""
    found, *later = programs(process)
    for program in later:
        if (program.started_ns or 0) > time_ns:
            break
        found = program
    return found


def _inherited(process: Process, *, executed: bool) -> Generation:
    """What its forker ran when it forked. Where nobody knows: nothing, but for what the process itself tells."""
    if not executed:  # it never ran anything else
        return Generation(None, process.argv, process.path, process.interpreter, process.cwd, process.comm)
    below, forker = process, process.forked_by
    while forker is not None and below.started_ns is not None:
        known = [program for program in forker.generations if (program.started_ns or 0) <= below.started_ns]
        if known:
            return known[-1]._replace(started_ns=None)
        below, forker = forker, forker.forked_by
    return UNKNOWN
