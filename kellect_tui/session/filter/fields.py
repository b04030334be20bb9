"""THE table of filter fields: names, aliases, what values they take, and what they mean. Help, docs and completion are made from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from kellect_tui.events.catalogue import ALL_TYPES, FAMILIES, Argument, EventType, Kind
from kellect_tui.session.filter.decoded import PATH_KINDS, PORT_KINDS

NUMBER, TEXT, TIME, MIXED = "number", "text", "time", "number or text"

BOOLEAN_KINDS = frozenset((Kind.CREATED, Kind.THREAD, Kind.CORE_DUMPED, Kind.GROUP_DEAD))
OCTAL_KINDS = frozenset((Kind.MODE, Kind.OPEN_MODE, Kind.STAT_MODE, Kind.FILE_MODE))
NUMBER_KINDS = frozenset((
    Kind.FD, Kind.INT, Kind.LONG, Kind.SIZE, Kind.UINT, Kind.ID, Kind.RESULT_FD, Kind.NEWFD, Kind.STAT_UID, Kind.STAT_GID, Kind.STAT_INODE,
    Kind.STAT_SIZE, Kind.COUNT, Kind.FILE_INODE, Kind.FILE_UID, Kind.CHILD_PID, Kind.CHILD_TID, Kind.PARENT_PID, Kind.OLD_PID, Kind.CALLS_CHILD,
    Kind.EXIT_CODE, Kind.PRIORITY, Kind.OWN_TID, Kind.LIFETIME, Kind.PAIR, Kind.SIGNAL_PID, Kind.ADDR_LEN, *PORT_KINDS, Kind.MESSAGE_LEN,
    Kind.MESSAGES, Kind.MESSAGE_BYTES, Kind.OLD_ID, Kind.RUN,
))  # fmt: skip
"""Kinds whose values are numbers, or lists of them."""


@dataclass(frozen=True)
class Field:
    """One field.

    Attributes:
        kind: NUMBER (ordered; integers with a unit), TIME (ordered), TEXT, or MIXED (ordered where the value is a number).
        unit: `ns`, `bytes` or empty.
        aliases: Other names that mean the same.
        choices: All values that there are; empty: any.
        example: A filter with it.
        arguments: Of an argument's field (and of `path`): the arguments by type.
    """

    name: str
    kind: str
    help: str
    unit: str = ""
    aliases: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    example: str = ""
    arguments: Mapping[int, tuple[Argument, ...]] = field(default_factory=dict)

    @property
    def kinds(self) -> frozenset[Kind]:
        """The kinds of its arguments; a type's ABSENT does not count."""
        return frozenset(argument.kind for arguments in self.arguments.values() for argument in arguments) - {Kind.ABSENT}


def _paths(row: EventType) -> tuple[Argument, ...]:
    return tuple(argument for argument in row.arguments if argument.kind in PATH_KINDS)


_PATH_ARGUMENTS = MappingProxyType({row.id: paths for row in ALL_TYPES if (paths := _paths(row))})

COMMON = (
    Field("event_type", TEXT, "what happened", aliases=("type",), choices=tuple(row.name for row in ALL_TYPES), example="event_type = file.*"),
    Field("family", TEXT, "file, process, network, user, monitor", choices=FAMILIES, example="family = network"),
    Field("path", TEXT, "any absolute path of the event", example='path ~ "^/etc/"', arguments=_PATH_ARGUMENTS),
    Field("comm", TEXT, "the task's name", example="comm = nginx"),
    Field("pid", NUMBER, "process", example="pid = 42"),
    Field("tid", NUMBER, "thread", example="tid != 42"),
    Field("ppid", NUMBER, "parent process", example="ppid = 1"),
    Field("tree", NUMBER, "this process and its descendants; PID@TIME where the pid was used again", example="tree = 42"),
    Field("ancestor.comm", TEXT, "the comm, at that time, of who forked it, who forked that, …", example="ancestor.comm = make"),
    Field("exe", TEXT, "the program its process ran then: the file, and a script's interpreter", example="exe = /usr/bin/python3*"),
    Field("argv", TEXT, "that program's command line: a word of it, or all of it", example='argv contains "-m http.server"'),
    Field("process_type", TEXT, "process (the first thread) or thread", choices=("process", "thread"), example="process_type = thread"),
    Field("syscall", TEXT, "the system call", example="syscall = openat2"),
    Field("error", TEXT, "the errno's symbol (or its number)", aliases=("errno",), example="errno in (EACCES, EPERM)"),
    Field("result", NUMBER, "what the call returned", example="result >= 4k"),
    Field("duration_ns", NUMBER, "from entering the call to leaving it", unit="ns", aliases=("duration",), example="duration > 5ms"),
    Field("timestamp", TIME, "when it happened", aliases=("time",), example="time >= 12:01:02"),
    Field("user", TEXT, "the name of uid", example="user = www-data"),
    Field("uid", NUMBER, "effective user id", example="uid = 0"),
    Field("gid", NUMBER, "effective group id", example="gid = 100"),
    Field("ruid", NUMBER, "real user id", example="ruid >= 1000"),
    Field("auid", NUMBER, "login uid: who it was before sudo", example="auid = 1000"),
    Field("cgroup", TEXT, "the control group's path", example="cgroup = /system.slice/*"),
    Field("unit", TEXT, "the systemd unit, from the control group's path", example="unit = ssh.service"),
    Field("container", TEXT, "the container's id, whole or its first 12 characters", example="container = 4c01db0b339c"),
    Field("pod", TEXT, "the Kubernetes pod's uid", example="pod = 8b3c1f2e-*"),
    Field("incomplete", TEXT, "marks of what is cut or could not be read", example="incomplete = *:truncated"),
    Field("abi", TEXT, "where not the native one", choices=("i386", "x32", "arm"), example="abi = i386"),
)
"""The event's own fields, the most useful first."""


def _argument_fields() -> tuple[Field, ...]:
    by_name: dict[str, dict[int, tuple[Argument, ...]]] = {}
    for row in ALL_TYPES:
        for argument in row.arguments:
            by_name.setdefault(argument.name, {})[row.id] = (argument,)
    return tuple(_argument_field(name, rows) for name, rows in sorted(by_name.items()))


def _argument_field(name: str, rows: Mapping[int, tuple[Argument, ...]]) -> Field:
    kinds = {argument.kind for arguments in rows.values() for argument in arguments} - {Kind.ABSENT}
    unit = next((argument.unit for arguments in rows.values() for argument in arguments if argument.unit), "")
    kind = NUMBER if kinds and kinds <= NUMBER_KINDS else MIXED
    types = [ALL_TYPES[row - 1].name for row in rows]
    shown = ", ".join(types[:3]) + (f" and {len(types) - 3} more" if len(types) > 3 else "")
    choices = ("true", "false") if kinds and kinds <= BOOLEAN_KINDS else ()
    return Field(f"arg.{name}", kind, f"argument of {shown}", unit, choices=choices, arguments=MappingProxyType(dict(rows)))


ARGUMENTS = _argument_fields()
"""`arg.NAME` of every argument; NAME alone means the same where no field of COMMON has it."""

FIELDS: Mapping[str, Field] = MappingProxyType({entry.name: entry for entry in (*COMMON, *ARGUMENTS)})


def _spellings() -> dict[str, Field]:
    names = {entry.name.removeprefix("arg."): entry for entry in ARGUMENTS}
    names |= {alias: entry for entry in COMMON for alias in (entry.name, *entry.aliases)}
    return names | {entry.name: entry for entry in ARGUMENTS}


SPELLINGS: Mapping[str, Field] = MappingProxyType(_spellings())
"""Every name by which a field can be called."""
