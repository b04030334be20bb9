"""From a record with its surroundings to the `Event` that a person or an exporter looks at."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from kellect_tui.events import arguments, constants
from kellect_tui.events.catalogue import BY_ID
from kellect_tui.events.record import NO_ID, NO_SYSCALL, ROOT_GROUP, Event, Flag, Raw
from kellect_tui.events.syscalls import names

_ABIS = ((int(Flag.I386), "i386"), (int(Flag.X32), "x32"), (int(Flag.ARM), "arm"))
_FOREIGN = int(Flag.I386 | Flag.X32 | Flag.ARM)
_NO_RESULT = int(Flag.NO_RESULT)


@lru_cache(8)
def _names(machine: str | None) -> Mapping[int, str]:
    return names(machine)


def event(raw: Raw, *, time_ns: int, who: Any, user: str | None, cgroup: bytes | None, machine: str | None = None) -> Event:
    """One event with the fields of EVENTS.md.

    Args:
        raw: The record.
        time_ns: When, since the epoch.
        who: Mapping with comm, pid, tid, ppid, uid, gid, ruid, auid, cgroup (its id), or a row of a structured array with these; not looked at for the
            monitor's own.
        user: Name of the uid, where it has one.
        cgroup: Path of the control group, where the host has cgroup v2.
        machine: Whose system call numbers these are; None: this host's.
    """
    values, marks = arguments.decode(raw, machine)
    row = BY_ID.get(raw.event)
    family = row.family if row is not None else "monitor"
    name = row.name if row is not None else f"unknown.{raw.event}"
    if family == "monitor":
        return _own(name, time_ns, values)
    if not isinstance(who, Mapping):  # a row of a structured array: one conversion is cheaper than one for each field
        who = dict(zip(who.dtype.names, who.item(), strict=True))
    comm, comm_escaped = arguments.text(who["comm"].split(b"\0", 1)[0])
    group, group_escaped = arguments.text(cgroup) if cgroup is not None else (None, False)
    group_missing = cgroup is None and who.get("cgroup", 0) > ROOT_GROUP
    marks += ("comm:escaped",) * comm_escaped + ("cgroup:escaped",) * group_escaped + ("cgroup:unreadable",) * group_missing
    result, error = outcome(raw)
    pid, tid, auid = who["pid"], who["tid"], who["auid"]
    return Event(
        timestamp=time_ns // 1000,
        event_type=name,
        family=family,
        syscall=_names(machine).get(raw.syscall) if raw.syscall != NO_SYSCALL else None,
        comm=comm,
        pid=pid,
        tid=tid,
        ppid=who["ppid"],
        process_type="process" if pid == tid else "thread",
        uid=who["uid"],
        gid=who["gid"],
        user=user,
        ruid=who["ruid"],
        auid=None if auid == NO_ID else auid,
        cgroup=group,
        result=result,
        error=error,
        duration_ns=raw.duration if 0 <= raw.duration < 1 << 63 else None,
        arguments=values,
        incomplete=marks,
        abi=next((abi for flag, abi in _ABIS if raw.flags & flag), None) if raw.flags & _FOREIGN else None,
        time_ns=time_ns,
    )


def outcome(raw: Raw) -> tuple[int | None, str | None]:
    """(result, error): null and the restart's name for an interrupted call that the kernel may restart."""
    if raw.flags & _NO_RESULT:
        return None, None
    if not -constants.MAX_ERRNO <= raw.result < 0:
        return raw.result, None
    if -raw.result in constants.RESTARTS:
        return None, constants.errno_name(-raw.result)
    return raw.result, constants.errno_name(-raw.result)


def _own(name: str, time_ns: int, values: Mapping[str, Any]) -> Event:
    return Event(
        timestamp=time_ns // 1000, event_type=name, family="monitor", syscall=None, comm=None, pid=None, tid=None, ppid=None, process_type=None, uid=None,
        gid=None, user=None, ruid=None, auid=None, cgroup=None, result=None, error=None, duration_ns=None, arguments=dict(values), time_ns=time_ns,
    )  # fmt: skip
