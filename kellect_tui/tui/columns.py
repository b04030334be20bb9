"""Which columns each tab has, declared as data, and how they share a line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kellect_tui.events.catalogue import BY_NAME
from kellect_tui.events.record import Event
from kellect_tui.tui.quantities import duration, size

MOVED = frozenset(("file.read", "file.write"))
ADDRESS_RESULT = frozenset(("process.mmap",))


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes:
        title: Its heading.
        least, width: Cells it needs, and cells it likes; a line that is too narrow loses columns from the right.
        text: What it says of an event, still unsafe; None for the time, which the table's clock writes.
        field: The display filter's field that `i` and `x` use for the cell; of an event where it depends on it.
        right: Numbers stand on the right.
        grows: Takes what the others leave.
        style: Component style of the cell.
        from_end: Where it is a path a cut keeps its end: a name says more than its root.
    """

    title: str
    least: int
    width: int
    text: Callable[[Event], str] | None
    field: str | Callable[[Event], str] = ""
    right: bool = False
    grows: bool = False
    style: str | Callable[[Event], str] = "plain"
    from_end: bool = False

    def filter_field(self, event: Event) -> str:
        """The filter field of this event's cell; empty where there is none."""
        return self.field if isinstance(self.field, str) else self.field(event)

    def style_of(self, event: Event) -> str:
        """The component style of this event's cell."""
        return self.style if isinstance(self.style, str) else self.style(event)


def argument(event: Event, *names: str) -> str:
    """The first of these arguments that the event has and that is not null, as text; empty for none."""
    for name in names:
        value = event.arguments.get(name)
        if value is not None:
            return ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    return ""


def endpoint(address: object, port: object, protocol_family: object = None) -> str:
    """`10.0.0.1:80`, `[fe80::1]:80`, a Unix path, `(unnamed)`; empty for none."""
    if address is None:
        return ""
    text = str(address)
    if port is not None:
        return f"[{text}]:{port}" if ":" in text else f"{text}:{port}"
    return text or ("(unnamed)" if protocol_family == "AF_UNIX" else "")


def peer(event: Event) -> str:
    """The peer that a network event names."""
    of = event.arguments
    return endpoint(of.get("addr"), of.get("port"), of.get("family"))


def local(event: Event) -> str:
    """The socket's own end; a bind's address is one."""
    of = event.arguments
    if event.event_type == "network.bind":
        return peer(event)
    return endpoint(of.get("local_addr"), of.get("local_port"), of.get("family"))


def ends(event: Event) -> str:
    """`local → peer` of a network event, in the direction in which it went."""
    if event.event_type == "network.socketpair":
        return f"{argument(event, 'family')} {argument(event, 'usockvec')}"
    if event.event_type == "network.bind":
        return local(event)
    arrow = "←" if event.event_type in ("network.receive", "network.accept") else "→"
    left, right = local(event), peer(event)
    if not left and not right:
        return f"fd {argument(event, 'fd')}"
    return f"{left or '·'} {arrow} {right or '·'}"


def _exec(event: Event) -> str:
    """The command line; of one that could not be executed, with the file that was tried: a search through PATH is the same command line each time."""
    tried, argv = argument(event, "path", "filename"), list(map(str, event.arguments.get("argv") or ()))
    return " ".join([tried, *argv[1:]] if tried and (event.failed or not argv) else argv)


def _exit(event: Event) -> str:
    signal = argument(event, "signal")
    return f"by {signal}" if signal else f"status {argument(event, 'exit_code')}"


def _fork(event: Event) -> str:
    what = "thread" if event.arguments.get("thread") else "child"
    return f"{what} {argument(event, 'child_tid', 'child_pid')} {argument(event, 'child_comm')}".rstrip()


def _kill(event: Event) -> str:
    return f"{argument(event, 'sig')} → {argument(event, 'pid')} {argument(event, 'target_comm')}".rstrip()


def _mmap(event: Event) -> str:
    return argument(event, "path") or f"{size(int(argument(event, 'len') or 0))} {argument(event, 'flags')}"


def _renamed(event: Event) -> str:
    return f"{argument(event, 'oldpath', 'oldname')} → {argument(event, 'newpath', 'newname')}"


def _symlink(event: Event) -> str:
    return f"{argument(event, 'newpath', 'newname')} → {argument(event, 'oldname')}"


def _start(event: Event) -> str:
    return f"{argument(event, 'host')} {argument(event, 'kernel')}"


TARGETS: dict[str, Callable[[Event], str]] = {
    "process.exec": _exec,
    "process.exit": _exit,
    "process.fork": _fork,
    "process.kill": _kill,
    "process.mmap": _mmap,
    "file.rename": _renamed,
    "file.link": _renamed,
    "file.symlink": _symlink,
    "monitor.start": _start,
    "monitor.stop": lambda event: f"captured {argument(event, 'captured')}, lost {argument(event, 'lost')}",
    "network.connect": peer,
    "network.send": lambda event: peer(event) or ends(event),
    "network.receive": lambda event: peer(event) or ends(event),
    "network.accept": peer,
    "network.bind": peer,
    "network.getpeername": peer,
    "network.socketpair": ends,
}
"""Types whose target needs more than their first argument."""


def target(event: Event) -> str:
    """What the event was done to."""
    special = TARGETS.get(event.event_type)
    if special is not None:
        return special(event)
    row = BY_NAME.get(event.event_type)
    names = row.target if row is not None else ()
    if event.family == "user":
        return changed_to(event)
    text = argument(event, *names)
    return text or (f"fd {argument(event, 'fd')}" if event.arguments.get("fd") is not None else "")


def target_field(event: Event) -> str:
    """The argument behind the target cell, as the filter names it."""
    row = BY_NAME.get(event.event_type)
    for name in row.target if row is not None else ():
        if event.arguments.get(name) is not None:
            return f"arg.{name}"
    return "arg.fd" if event.arguments.get("fd") is not None else ""


def result(event: Event) -> str:
    """The errno's symbol, or what the call returned."""
    if event.error is not None:
        return event.error
    if event.result is None:
        return ""
    return hex(event.result) if event.event_type in ADDRESS_RESULT else str(event.result)


def result_style(event: Event) -> str:
    """Failures stand out; an interrupted call that may restart has failed as little as it succeeded."""
    return "failed" if event.failed else "dim"


def bytes_of(event: Event) -> str:
    """Bytes really moved, or the size that the call spoke of."""
    if event.event_type in MOVED:
        moved = event.result if event.result is not None and event.result >= 0 else None
    else:
        value = event.arguments.get("bytes", event.arguments.get("length", event.arguments.get("size")))
        moved = value if isinstance(value, int) and value >= 0 else None
    return "" if moved is None else size(moved)


def exit_status(event: Event) -> str:
    """A process's end: status or signal."""
    if event.event_type != "process.exit":
        return ""
    return argument(event, "signal", "exit_code")


def child(event: Event) -> str:
    """The task that a fork made or a signal went to."""
    if event.event_type in ("process.fork", "process.clone"):
        return argument(event, "child_tid", "child_pid")
    return argument(event, "pid") if event.event_type in ("process.kill", "process.ptrace") else ""


def _child_field(event: Event) -> str:
    if event.event_type in ("process.fork", "process.clone"):
        return "arg.child_tid"
    return "arg.pid" if event.event_type in ("process.kill", "process.ptrace") else ""


def protocol(event: Event) -> str:
    """`TCP`, or the family of a socket that has no protocol of the internet."""
    name = argument(event, "protocol")
    return name.removeprefix("IPPROTO_") if name.startswith("IPPROTO_") else argument(event, "family").removeprefix("AF_")


def protocol_field(event: Event) -> str:
    """The argument behind it."""
    return "arg.protocol" if argument(event, "protocol").startswith("IPPROTO_") else "arg.family"


def _ids(event: Event, prefix: str) -> str:
    names = [name for name in event.arguments if name.startswith("old_") == bool(prefix)]
    return " ".join(f"{name.removeprefix('old_')}={'·' if event.arguments[name] is None else event.arguments[name]}" for name in names)


def changed_from(event: Event) -> str:
    """The ids before a user event."""
    return _ids(event, "old_")


def changed_to(event: Event) -> str:
    """The ids that a user event asked for."""
    return _ids(event, "")


def action(event: Event) -> str:
    """`open` of `file.open`: in a family's own tab the family goes without saying."""
    return event.event_type.partition(".")[2]


def family_style(event: Event) -> str:
    """Each family has its colour."""
    return event.family


def _optional(value: int | None) -> str:
    return "" if value is None else str(value)


TIME = Column("TIME", 12, 15, None, "timestamp", style="dim")
COMM = Column("COMM", 10, 15, lambda event: event.comm or "", "comm")
PID = Column("PID", 7, 7, lambda event: _optional(event.pid), "pid", right=True)
TYPE = Column("EVENT", 15, 19, lambda event: event.event_type, "event_type", style=family_style)
ACTION = Column("EVENT", 8, 8, action, "event_type", style=family_style)
RESULT = Column("RESULT", 9, 12, result, lambda event: "error" if event.error else "result", right=True, style=result_style)
DURATION = Column("DURATION", 8, 8, lambda event: "" if event.duration_ns is None else duration(event.duration_ns), "duration_ns", right=True, style="dim")
PPID = Column("PPID", 7, 7, lambda event: _optional(event.ppid), "ppid", right=True, style="dim")
FD = Column("FD", 4, 5, lambda event: argument(event, "fd", "oldfd"),
            lambda event: "arg.fd" if "fd" in event.arguments else "arg.oldfd", right=True)  # fmt: skip
BYTES = Column("BYTES", 6, 7, bytes_of, lambda event: "result" if event.event_type in MOVED else "", right=True)
FLAGS = Column("FLAGS", 10, 18, lambda event: argument(event, "flags"), "arg.flags", style="dim")

ALL = (TIME, COMM, PID, TYPE, Column("TARGET", 11, 48, target, target_field, grows=True, from_end=True), RESULT, DURATION)
FILE = (TIME, COMM, PID, ACTION, Column("PATH", 22, 42, target, target_field, grows=True, from_end=True), RESULT, FD, BYTES, DURATION, FLAGS)
PROCESS = (
    TIME, COMM, PID, ACTION, Column("WHAT", 22, 40, target, target_field, grows=True),
    Column("RESULT", 9, 14, result, RESULT.field, right=True, style=result_style),  # an address has 14 digits
    Column("EXIT", 7, 9, exit_status, lambda event: "arg.signal" if event.arguments.get("signal") else "arg.exit_code", right=True, style="dim"),
    Column("CHILD", 7, 7, child, _child_field, right=True), DURATION, PPID,
)  # fmt: skip
NETWORK = (
    TIME, COMM, PID, Column("EVENT", 11, 11, action, "event_type", style=family_style),
    Column("PROTO", 5, 5, protocol, protocol_field),
    Column("LOCAL → PEER", 19, 42, ends, lambda event: "arg.addr" if event.arguments.get("addr") else "arg.local_addr", grows=True),
    RESULT, BYTES, DURATION,
)  # fmt: skip
USER = (
    TIME, COMM, PID, Column("EVENT", 9, 10, action, "event_type", style=family_style),
    Column("USER", 8, 12, lambda event: event.user or _optional(event.uid), "user"),
    Column("FROM", 12, 28, changed_from), Column("TO", 12, 28, changed_to, grows=True), RESULT, DURATION,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Placed:
    """A column and the cells it got."""

    column: Column
    width: int


def place(columns: Sequence[Column], width: int) -> tuple[Placed, ...]:
    """Share `width` cells among the columns, one blank between two.

    Columns leave from the right until the rest fits at its least widths; what is left over goes to the growing
    column up to its liking, then to the others from the right up to theirs (the last digits of the time last), then to the growing one.
    """
    shown = list(columns)
    while len(shown) > 1 and sum(column.least for column in shown) + len(shown) - 1 > width:
        shown.pop()
    widths = [column.least for column in shown]
    spare = width - sum(widths) - len(shown) + 1
    if spare < 0:
        return (Placed(shown[0], max(0, width)),)
    for index in sorted(range(len(shown)), key=lambda index: (not shown[index].grows, -index)):
        more = min(spare, shown[index].width - widths[index])
        widths[index] += more
        spare -= more
    growing = next((index for index, column in enumerate(shown) if column.grows), len(shown) - 1)
    widths[growing] += spare
    return tuple(Placed(column, cells) for column, cells in zip(shown, widths, strict=True))
