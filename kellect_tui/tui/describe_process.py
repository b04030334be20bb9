"""Everything that is known about one process, as lines: the detail of the tree."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kellect_tui.events.constants import errno_name, errno_text
from kellect_tui.session.cgroup import place
from kellect_tui.session.history import program_at, programs
from kellect_tui.session.process import Birth, Counts, Generation, Process, Thread
from kellect_tui.session.processes import Processes
from kellect_tui.session.tally import Rollup
from kellect_tui.tui.quantities import Clock, duration, short, size
from kellect_tui.tui.safe_text import safe_text
from kellect_tui.tui.tree_columns import age_ns, signal_name
from kellect_tui.tui.widgets.pane import Layout, Row, beside, labelled

TWO_BLOCKS = 96
"""Cells from which what it is and what it did stand beside each other."""
LEFT_SHARE = 60
"""Of the width, in percent."""
LABEL = 11
FIGURE = 10
MOST_ERRNOS = 6
FAMILIES = ("file", "process", "network", "user")


def quoted(item: object) -> str:
    """A word of a list such as argv: with quotes where its end would not be seen."""
    text = safe_text(str(item))
    return f"'{text}'" if not text or " " in text or "'" in text else text


def command_line(argv: Sequence[str]) -> str:
    """The words of a command line, apart."""
    return " ".join(map(quoted, argv))


def called(process: Process, time_ns: int) -> str:
    """`make(4121)`: its comm at that moment, and its pid."""
    return f"{safe_text(program_at(process, time_ns).comm) or '?'}({process.pid})"


def ancestry_line(process: Process, processes: Processes, time_ns: int) -> str:
    """`systemd(1) › sshd(812) › bash(4100)`: who made it, each as it was called at that moment."""
    return " › ".join(called(member, time_ns) for member in (*reversed(processes.ancestry(process)), process))


def runs_in(cgroup: str) -> str:
    """`unit ssh.service`, `docker 4c01db0b339c, pod …`: what the control group's path says; empty for nothing."""
    where = place(cgroup)
    parts = (f"unit {where.unit}" if where.unit else "", where.label, f"pod {where.pod}" if where.pod else "")
    return safe_text(", ".join(filter(None, parts)))


@dataclass(frozen=True, slots=True)
class Told:
    """What a description is made from.

    Attributes:
        rollup: Sums over subtrees, where they are at hand; None: this one's is made by itself.
        now_ns: Epoch ns that ages count to.
    """

    processes: Processes
    rollup: Rollup | None
    clock: Clock
    user_name: Callable[[int], str | None]
    now_ns: int


def title(process: Process, thread: Thread | None) -> str:
    """What the line over the detail says."""
    name = f"process {process.pid} {safe_text(process.comm)}"
    return name if thread is None else f"thread {thread.tid} {safe_text(thread.comm)} of {name}"


def state_text(process: Process, told: Told) -> tuple[str, str]:
    """`running for 3m12s`, `exit 1 after 12ms`, `SIGKILL after 3s, sent by 4121 (sh)`; and its style."""
    age = age_ns(process, told.now_ns)
    if process.running:
        return f"running for {duration(age)}" if age is not None else "running", "good"
    after = "" if age is None else f" after {duration(age)}"
    when = told.clock.full(process.ended_ns or 0)
    if not process.exit_seen:
        return f"gone since {when} at the latest: its end was lost", "warn"
    if process.exit_signal is None:
        return f"exit {process.exit_status}{after}, {when}", "failed" if process.exit_status else "plain"
    killer = process.killed_by
    by = "" if killer is None else f", sent by {killer.pid} ({safe_text(killer.comm)}) at {told.clock.of_day_ms(killer.time_ns)}"
    return f"{signal_name(process.exit_signal)}{' and a core dump' if process.core_dumped else ''}{after}, {when}{by}", "failed"


def birth_text(process: Process, told: Told) -> tuple[str, str]:
    """When and how it came to be."""
    when = "" if process.started_ns is None else told.clock.full(process.started_ns)
    if process.birth is Birth.BEFORE:
        return f"{when or 'before'}, before the session" if when else "before the session", "plain"
    if process.birth is Birth.LOST:
        return f"{when + ', ' if when else ''}its birth was lost", "warn"
    return when, "plain"


Said = list[tuple[str, str, str]]
"""Label, value, style; without a value it is not said."""


def _said(rows: Said, width: int) -> list[Row]:
    return [row for label, value, style in rows if value for row in labelled(label, value, LABEL, width, style, prose=style != "plain")]


def _life(process: Process, told: Told) -> Said:
    forker = process.forked_by
    rows: Said = [("state", *state_text(process, told)), ("born", *birth_text(process, told))]
    if forker is not None:
        moved = process.ppid is not None and process.ppid != forker.pid
        ended = " (ended)" if not forker.running else ""
        label = "forked by" if process.birth is Birth.FORKED else "parent"
        rows.append((label, f"{forker.pid} {safe_text(forker.comm)}{ended}{f', parent now {process.ppid}' if moved else ''}", "plain"))
    elif process.ppid:
        rows.append(("parent", str(process.ppid), "plain"))
    rows.append(("healed", ", ".join(process.healed), "warn"))
    if told.processes.lossy(process):
        rows.append(("beware", "events that make the tree were lost while it lived: an exec, a thread or a child may be missing", "warn"))
    return rows


def _identity(process: Process, told: Told) -> Said:
    threads = f"{process.thread_count} alive of {process.threads_started} seen{', the first has ended' if process.leader_gone else ''}"
    return [
        ("user", "" if process.uid is None else f"{process.uid} ({safe_text(told.user_name(process.uid) or '?')})", "plain"),
        ("runs in", "" if process.cgroup is None else runs_in(process.cgroup), "plain"),
        ("cgroup", safe_text(process.cgroup or ""), "plain"),
        ("kind", "kernel thread" if process.kernel else "", "plain"),
        ("threads", threads if process.threads_started > 1 else "", "plain"),
    ]


def subtree_of(process: Process, told: Told) -> tuple[Counts, int, int]:
    """What a process and its descendants did, how many they are, and how many of them run."""
    if told.rollup is not None:
        return (told.rollup.subtree(process), *told.rollup.size(process))
    family = told.processes.descendants(process)
    return told.processes.totals(process), len(family), sum(member.running for member in family)


def _figures(process: Process, told: Told, width: int) -> list[Row]:
    """Two columns: its own, and with its descendants."""
    own = process.counts
    whole, members, running = subtree_of(process, told)
    rows: list[Row] = [[(f"{'':{LABEL}}{'own':>{FIGURE}}{'subtree':>{FIGURE}}"[:width], "title")]]

    def say(label: str, read: Callable[[Counts], str], style: str = "plain") -> None:
        rows.append([(f"{label:<{LABEL}}", "label"), (f"{read(own):>{FIGURE}}{read(whole):>{FIGURE}}", style)])

    rows.append([(f"{'processes':<{LABEL}}", "label"), (f"{1:>{FIGURE}}{short(members):>{FIGURE}}", "plain"), (f"  {running:,} running", "dim")])
    say("events", lambda counts: short(counts.events))
    for family in FAMILIES:
        if getattr(whole, family):
            say(f"  {family}", lambda counts, family=family: short(getattr(counts, family)), "dim")  # type: ignore[misc]  # a lambda's default has no type
    say("failures", lambda counts: short(counts.failures), "failed" if own.failures else "plain")
    say("in calls", lambda counts: duration(counts.time_ns))
    for name in ("read", "written", "sent", "received"):
        if getattr(whole, name):
            say(name, lambda counts, name=name: size(getattr(counts, name)))  # type: ignore[misc]  # as above
    return rows


def _errnos(process: Process, width: int) -> list[Row]:
    """The commonest failures, with what they mean."""
    commonest = sorted(dict(process.errnos).items(), key=lambda pair: -pair[1])
    if not commonest:
        return []
    named = [f"{count:,} {errno_name(number)} ({errno_text(errno_name(number))})" for number, count in commonest[:MOST_ERRNOS]]
    more = [f"{len(commonest) - MOST_ERRNOS} more"] if len(commonest) > MOST_ERRNOS else []
    return labelled("errnos", ", ".join((*named, *more)), LABEL, width, "failed", prose=True)


def _programs(process: Process, told: Told, width: int) -> list[Row]:
    """What it ran, one exec after the other."""
    ran = programs(process)
    kept = sum(program.seen and program.started_ns is not None for program in process.generations)
    missing = process.executed - kept if process.generations else 0  # recordings of earlier versions have the last program only
    left_out = f"; {missing:,} between the first and the others are no longer kept" if missing > 0 else ""
    ran = tuple(program for program in ran if program.comm or program.argv or program.path)
    heading = f"programs ({len(ran)}{left_out})"
    rows: list[Row] = [[(heading[:width], "title")]]
    for number, program in enumerate(ran):
        inherited = number == 0 and process.birth is Birth.FORKED and bool(process.generations or not process.executed)
        rows += _program(program, told, width, first=number == 0, inherited=inherited)
    return rows


def _program(program: Generation, told: Told, width: int, *, first: bool, inherited: bool) -> list[Row]:
    came = "at birth" if inherited else "ran" if first else "exec lost"
    when = came if program.started_ns is None or not program.seen else told.clock.text(program.started_ns)[:12]
    argv = command_line(program.argv) if program.argv else f"[{safe_text(program.comm) or 'not known'}]"
    rows = labelled(when, argv, 14, width, "plain" if program.seen or first else "warn")
    facts = [f"exe {safe_text(program.path)}"] if program.path else []
    facts += [f"interpreter {safe_text(program.interpreter)}"] if program.interpreter else []
    facts += [f"cwd {safe_text(program.cwd)}"] if program.cwd else []
    return rows + (labelled("", " · ".join(facts), 14, width, "dim") if facts else [])


def describe(process: Process, thread: Thread | None, told: Told) -> Layout:
    """Lines of the detail for any width."""
    line = ancestry_line(process, told.processes, told.now_ns if process.ended_ns is None else process.ended_ns)

    def lay_out(width: int) -> list[Row]:
        rows: list[Row] = labelled("ancestry", line, LABEL, width, "accent")
        if thread is not None:
            rows += _thread(thread, told, width)
        two = width >= TWO_BLOCKS
        left = width * LEFT_SHARE // 100 if two else width + 2
        what = [*_said(_life(process, told), left - 2), *_programs(process, told, left - 2), *_said(_identity(process, told), left - 2)]
        did = [*_figures(process, told, width - left if two else width), *_errnos(process, width - left if two else width)]
        return [*rows, *beside(what, did, left)] if two else [*rows, *what, *did]

    return lay_out


def _thread(thread: Thread, told: Told, width: int) -> list[Row]:
    age = age_ns(thread, told.now_ns)
    lived = "" if age is None else f" for {duration(age)}"
    if thread.running:
        return labelled("thread", f"{thread.tid} runs{lived}", LABEL, width, "good")
    how = signal_name(thread.exit_signal) if thread.exit_signal is not None else "end lost" if thread.exit_status is None else f"exit {thread.exit_status}"
    return labelled("thread", f"{thread.tid} ran{lived}: {how}", LABEL, width)
