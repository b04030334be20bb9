"""Which processes carry the monitor's own screen: terminal emulator or sshd, multiplexer, sudo.

A process carries our screen when it holds the master side of our terminal (/dev/ptmx, with the terminal's number in
its fdinfo), or of the terminal of one that does (sudo with use_pty, a multiplexer's client). Their reads, writes, sends
and receives would be caused by our drawing, and drawing them would cause more.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

_PTS_MAJORS = range(136, 144)  # Documentation/admin-guide/devices.txt: Unix98 PTY slaves
_TTY_FIELD = 6  # proc(5), stat: tty_nr, counted from 0
_CLIENTS = {"tmux: server": "tmux: client", "screen": "screen"}


def carriers(tty_fds: tuple[int, ...] = (0, 1, 2)) -> frozenset[int]:
    """Pids of the processes that carry the terminal of this process; empty without one."""
    numbers = {_pts_number(os.fstat(fd).st_rdev) for fd in tty_fds if os.isatty(fd)} - {None}
    found: set[int] = set()
    seen: set[int | None] = set()
    masters = _masters() if numbers else {}
    while numbers - seen:
        number = (numbers - seen).pop()
        seen.add(number)
        for pid in masters.get(number, ()):
            found.add(pid)
            for carrier in (pid, *_clients_of(pid)):
                found.add(carrier)
                numbers.add(_pts_number(_tty_of(carrier)))
    return frozenset(found - {os.getpid()})


def _pts_number(device: int) -> int | None:
    major, minor = os.major(device), os.minor(device)
    return (major - _PTS_MAJORS.start) * 256 + minor if major in _PTS_MAJORS else None


def _pids() -> Iterator[int]:
    yield from (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())


def _masters() -> dict[int | None, list[int]]:
    """Terminal number → pids that hold its master side."""
    out: dict[int | None, list[int]] = {}
    for pid in _pids():
        try:
            for link in Path(f"/proc/{pid}/fd").iterdir():
                if str(link.readlink()).endswith("ptmx"):
                    number = _tty_index(Path(f"/proc/{pid}/fdinfo/{link.name}").read_text())
                    out.setdefault(number, []).append(pid)
        except OSError:
            continue  # gone meanwhile, or not ours to look into
    return out


def _tty_index(fdinfo: str) -> int | None:
    for line in fdinfo.splitlines():
        name, _colon, value = line.partition(":")
        if name == "tty-index":
            return int(value)
    return None


def _stat(pid: int) -> tuple[str, list[str]] | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return None
    comm, rest = text[text.index("(") + 1 : text.rindex(")")], text[text.rindex(")") + 2 :].split()
    return comm, rest


def _tty_of(pid: int) -> int:
    stat = _stat(pid)
    return int(stat[1][_TTY_FIELD - 2]) if stat else 0


def _clients_of(pid: int) -> list[int]:
    """A multiplexer's clients: they stand in terminals of their own."""
    stat = _stat(pid)
    client = _CLIENTS.get(stat[0]) if stat else None
    return [other for other in _pids() if client and other != pid and (found := _stat(other)) and found[0] == client]
