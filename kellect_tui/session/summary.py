"""What happened, in sums: processes and programs, files, peers, failures, signals, time.

Counted chunk by chunk: a capture of any length takes no more memory than the names in it, and these are bounded
(`sums.KEYS_KEPT`). Rows that say the same thing are grouped by numpy first; only what is distinct is decoded.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kellect_tui.events import arguments
from kellect_tui.events.catalogue import BY_ID, BY_NAME, EXEC, EXIT, FAMILIES, FORK, MONITOR_START, TYPES
from kellect_tui.events.constants import errno_name
from kellect_tui.events.record import Flag
from kellect_tui.events.syscalls import native
from kellect_tui.session.chunk import LOST_PATH, Chunk, Row
from kellect_tui.session.losses import calls_of, failures
from kellect_tui.session.sums import KEYS_KEPT, Name, Tally

_EVENT_IDS = 256
_FORMAT_BITS, _REGULAR = 0o170000, 0o100000  # S_IFMT, S_IFREG (inode(7))

Rows = NDArray[np.int64]


class Program(NamedTuple):
    """What was executed: the file named, and of a script the program that ran it."""

    path: Name
    interpreter: Name


class End(NamedTuple):
    """How processes ended: status or signal, and the name they had."""

    status: int | None
    signal: str | None
    comm: Name


class Peer(NamedTuple):
    """The other end of a socket."""

    family: str | None
    protocol: str | None
    addr: Name
    port: int | None


class Failure(NamedTuple):
    """A call that failed: why, which, and on what (a path, or `ADDRESS:PORT`)."""

    errno: str
    event_type: str
    target: Name


class Signal(NamedTuple):
    """A signal sent; pid is the number passed (negative: a group)."""

    signal: str
    comm: Name
    sender: int
    pid: int | None
    target_comm: Name
    error: str | None


class Summary:
    """Sums over events, in any order of chunks; one thread adds.

    Args:
        keys: Different names that each list keeps.

    Attributes:
        captured: Events added, by type id ``(256,)``; the monitor's own are not added.
        time_ns: Spent in calls, waiting included, by type id ``(256,)``.
        first_ns, last_ns: Epoch ns of the earliest and latest event; None before one.
        further_calls: What stands in the events of other calls (`--coalesce`): events and these are what happened.
        missed: Events that nobody added for want of time or memory.
        dropped: Events that retention had let go of before anybody could add them.
        processes, threads: Started. ends: Ended processes.
        files: Bytes and calls of read and write on regular files. streams: The same on all else, by what it is.
        created, removed: By (what, path); what is `file`, `directory`, `link` or `symlink`. renamed: By (from, to).
        peers: `failed` are the attempts to connect or accept that failed; failing sends and receives are among the failures only.
        failures: By errno, type and target. errnos: All failures by errno.
    """

    def __init__(self, keys: int = KEYS_KEPT) -> None:
        self.captured = np.zeros(_EVENT_IDS, np.int64)
        self.time_ns = np.zeros(_EVENT_IDS, np.int64)
        self.first_ns: int | None = None
        self.last_ns: int | None = None
        self.further_calls = self.missed = self.dropped = 0
        self.processes = self.threads = 0
        self.ends: Tally[End] = Tally("count", limit=keys)
        self.programs: Tally[Program] = Tally("runs", limit=keys)
        self.files: Tally[Name] = Tally("read", "reads", "written", "writes", limit=keys)
        self.streams: Tally[str] = Tally("read", "reads", "written", "writes", limit=keys)
        self.created: Tally[tuple[str, Name]] = Tally("count", limit=keys)
        self.removed: Tally[tuple[str, Name]] = Tally("count", limit=keys)
        self.renamed: Tally[tuple[Name, Name]] = Tally("count", limit=keys)
        self.peers: Tally[Peer] = Tally("connections", "accepted", "sent", "received", "failed", limit=keys)
        self.failures: Tally[Failure] = Tally("count", limit=keys)
        self.errnos: Tally[str] = Tally("count", limit=keys)
        self.signals: Tally[Signal] = Tally("count", limit=keys)

    @property
    def events(self) -> int:
        """Events added."""
        return int(self.captured.sum())

    @property
    def by_type(self) -> dict[str, int]:
        """Events by type, in the catalogue's order; types that did not occur are left out."""
        return {row.name: count for row in TYPES if (count := int(self.captured[row.id]))}

    @property
    def time_by_family(self) -> dict[str, int]:
        """Nanoseconds in calls by family, all four."""
        out = dict.fromkeys(FAMILIES[:-1], 0)
        for row in TYPES:
            out[row.family] += int(self.time_ns[row.id])
        return out

    def add(self, chunk: Chunk, rows: Rows | None = None) -> None:
        """Add a chunk's events, or those of some rows (ascending)."""
        rows = np.arange(chunk.count) if rows is None else rows
        events = chunk.event[rows]
        rows, events = rows[events < MONITOR_START], events[events < MONITOR_START]
        if not len(rows):
            return
        times = chunk.time[rows]
        self.first_ns = min(int(times.min()), self.first_ns or int(times[0]))
        self.last_ns = max(int(times.max()), self.last_ns or 0)
        self.captured += np.bincount(events, minlength=_EVENT_IDS)
        self.time_ns += np.bincount(events, np.maximum(chunk.duration[rows], 0), _EVENT_IDS).astype(np.int64)
        failed = failures(chunk.result[rows], chunk.flags[rows])
        succeeded = ~failed & (chunk.result[rows] >= 0)
        self._add_failures(chunk, rows[failed])
        for ids, which, adder in self._adders():
            chosen = rows[np.isin(events, ids) & (succeeded if which else True)]
            if len(chosen):
                adder(chunk, chosen)

    def _adders(self) -> Sequence[tuple[tuple[int, ...], bool, Callable[[Chunk, Rows], None]]]:
        """(types, only successful calls, what adds them)."""
        return (
            (_IO, True, self._add_io),
            (_MADE, True, self._add_made),
            (_GONE, True, self._add_gone),
            (_RENAME, True, self._add_renames),
            (_PEERS, False, self._add_peers),
            (_KILL, False, self._add_signals),
            ((FORK,), False, self._add_forks),
            ((EXEC,), True, self._add_programs),
            ((EXIT,), False, self._add_ends),
        )

    def _add_failures(self, chunk: Chunk, rows: Rows) -> None:
        if not len(rows):
            return
        for first, count, _ in _groups(rows, -chunk.result[rows], chunk.event[rows], chunk.syscall[rows], chunk.what[rows], chunk.payload[rows]):
            errno = errno_name(-int(chunk.result[first]))
            event_type = BY_ID[int(chunk.event[first])].name
            self.errnos.add(errno, count)
            self.failures.add(Failure(errno, event_type, _target(*_decoded(chunk, first))), count)

    def _add_io(self, chunk: Chunk, rows: Rows) -> None:
        for first, count, members in _groups(rows, chunk.event[rows], chunk.what[rows]):
            moved, calls = int(chunk.result[members].sum()), int(calls_of(chunk, members).sum())
            self.further_calls += calls - count
            amounts = (moved, calls, 0, 0) if int(chunk.event[first]) == _READ else (0, 0, moved, calls)
            what = chunk.whats[chunk.what[first]]
            if int(what["file_mode"]) & _FORMAT_BITS == _REGULAR:
                self.files.add(_path(chunk, int(what["path0"])), *amounts)
            else:
                self.streams.add(_kind(chunk, what), *amounts)

    def _add_made(self, chunk: Chunk, rows: Rows) -> None:
        for first, count, _ in _groups(rows, *_named(chunk, rows)):
            event = int(chunk.event[first])
            said, marks = _decoded(chunk, first)
            if event != _CREATE or said["created"]:
                self.created.add((_THINGS[event], _name(said, marks, "path" if "path" in said else "newpath")), count)

    def _add_gone(self, chunk: Chunk, rows: Rows) -> None:
        for first, count, _ in _groups(rows, *_named(chunk, rows)):
            self.removed.add((_THINGS[int(chunk.event[first])], _name(*_decoded(chunk, first), "path")), count)

    def _add_renames(self, chunk: Chunk, rows: Rows) -> None:
        for first, count, _ in _groups(rows, *_named(chunk, rows)):
            said, marks = _decoded(chunk, first)
            self.renamed.add((_name(said, marks, "oldpath"), _name(said, marks, "newpath")), count)

    def _add_peers(self, chunk: Chunk, rows: Rows) -> None:
        failed = failures(chunk.result[rows], chunk.flags[rows])
        is_attempt = np.isin(chunk.event[rows], _ATTEMPTS)
        wanted = (failed & is_attempt) | (chunk.result[rows] >= 0)
        rows, failed = rows[wanted], failed[wanted]
        many = np.isin(chunk.syscall[rows], _MANY_MESSAGES)  # their result is a number of messages: the bytes are in the payload
        apart = np.where(many, chunk.result[rows], 0)
        for first, count, members in _groups(rows, chunk.event[rows], chunk.syscall[rows], chunk.payload[rows], apart, failed):
            said, marks = _decoded(chunk, first)
            event, amounts = int(chunk.event[first]), [0] * 5
            if int(chunk.result[first]) < 0:
                amounts[_FAILED] = count
            elif event in _ATTEMPTS:
                amounts[_PEER_FIELDS[event]] = count
            elif int(chunk.syscall[first]) in _MANY_MESSAGES:
                amounts[_PEER_FIELDS[event]] = count * (said["bytes"] or 0)
            else:
                amounts[_PEER_FIELDS[event]] = int(chunk.result[members].sum())
            self.peers.add(Peer(said["family"], said["protocol"], _name(said, marks, "addr"), said["port"]), *amounts)

    def _add_signals(self, chunk: Chunk, rows: Rows) -> None:
        registers = [chunk.arg(register, rows) for register in range(3)]
        for first, count, _ in _groups(rows, chunk.syscall[rows], chunk.who[rows], chunk.payload[rows], chunk.result[rows], *registers):
            said, marks = _decoded(chunk, first)
            who = chunk.whos[chunk.who[first]]
            result = int(chunk.result[first])
            error = errno_name(-result) if result < 0 else None
            target = said["pid"] if said["tgid"] is None else said["tgid"]
            sender = Name(arguments.text(bytes(who["comm"]))[0])
            self.signals.add(Signal(said["sig"], sender, int(who["pid"]), target, _name(said, marks, "target_comm"), error), count)

    def _add_forks(self, chunk: Chunk, rows: Rows) -> None:
        threads = int(np.count_nonzero(chunk.arg(0, rows) != chunk.arg(1, rows)))
        self.threads += threads
        self.processes += len(rows) - threads

    def _add_programs(self, chunk: Chunk, rows: Rows) -> None:
        rows = rows[chunk.flags[rows] & np.uint32(Flag.CHECKED) == 0]
        for first, count, _ in _groups(rows, *_named(chunk, rows)):
            said, marks = _decoded(chunk, first)
            self.programs.add(Program(_name(said, marks, "path"), _name(said, marks, "interpreter")), count)

    def _add_ends(self, chunk: Chunk, rows: Rows) -> None:
        rows = rows[chunk.arg(2, rows) != 0]  # group_dead: the process, not only one of its threads
        for first, count, _ in _groups(rows, chunk.arg(0, rows), chunk.who[rows]):
            said, marks = _decoded(chunk, first)
            self.ends.add(End(said["exit_code"], said["signal"], _name(said, marks, "comm")), count)


_READ = BY_NAME["file.read"].id
_CREATE = BY_NAME["file.create"].id
_SEND, _RECEIVE = BY_NAME["network.send"].id, BY_NAME["network.receive"].id
_IO = (_READ, BY_NAME["file.write"].id)
_THINGS: Mapping[int, str] = {
    BY_NAME[name].id: thing
    for name, thing in (
        ("file.create", "file"), ("file.mkdir", "directory"), ("file.link", "link"), ("file.symlink", "symlink"),
        ("file.delete", "file"), ("file.rmdir", "directory"),
    )
}  # fmt: skip
_MADE = tuple(BY_NAME[name].id for name in ("file.create", "file.mkdir", "file.link", "file.symlink"))
_GONE = tuple(BY_NAME[name].id for name in ("file.delete", "file.rmdir"))
_RENAME = (BY_NAME["file.rename"].id,)
_KILL = (BY_NAME["process.kill"].id,)
_PEER_FIELDS: Mapping[int, int] = {BY_NAME["network.connect"].id: 0, BY_NAME["network.accept"].id: 1, _SEND: 2, _RECEIVE: 3}
_FAILED = 4
_PEERS = tuple(_PEER_FIELDS)
_ATTEMPTS = _PEERS[:2]
_MANY_MESSAGES = tuple(native()[name] for name in ("sendmmsg", "recvmmsg"))
_KINDS = {0o010000: "pipe", 0o140000: "socket", 0o020000: "character device", 0o060000: "block device"}


def _groups(rows: Rows, *columns: NDArray[Any]) -> list[tuple[Row, int, Rows]]:
    """Rows that are equal in all columns ``(n,)``: (the first of them, how many, which), in order of their first."""
    codes = np.zeros(len(rows), np.int64)
    for column in columns:
        values, inverse = np.unique(column, return_inverse=True)
        _, codes = np.unique(codes * len(values) + inverse, return_inverse=True)
    order = np.argsort(codes, kind="stable")
    edges = np.flatnonzero(np.diff(codes[order], prepend=-1))
    members = np.split(rows[order], edges[1:]) if len(rows) else []
    return sorted(((Row(int(group[0])), len(group), group) for group in members), key=lambda group: group[0])


def _named(chunk: Chunk, rows: Rows) -> tuple[NDArray[Any], ...]:
    """What a call's paths hang on."""
    return chunk.event[rows], chunk.syscall[rows], chunk.what[rows], chunk.payload[rows], chunk.flags[rows]


def _decoded(chunk: Chunk, row: Row) -> tuple[dict[str, Any], tuple[str, ...]]:
    return arguments.decode(chunk.raw(row), chunk.machine)


def _name(said: Mapping[str, Any], marks: Sequence[str], argument: str) -> Name:
    found = [mark.partition(":")[2] for mark in marks if mark.partition(":")[0] == argument]
    return Name(said[argument], found[0] if found else "")


def _path(chunk: Chunk, index: int) -> Name:
    """A path of a chunk."""
    if index < 0:
        return Name(None, "unreadable" if index == LOST_PATH else "")
    text, escaped = arguments.text(chunk.paths[index])
    return Name(text, "escaped" if escaped else "")


def _kind(chunk: Chunk, what: np.void) -> str:
    """What is read or written, where it is no regular file."""
    kind = _KINDS.get(int(what["file_mode"]) & _FORMAT_BITS)
    if kind is None:
        text = _path(chunk, int(what["path0"])).text
        kind = text if text is not None and text.startswith("anon_inode:") else "unknown"
    return kind


_TARGETS = ("path", "oldpath", "newpath", "filename", "oldname", "newname")


def _target(said: Mapping[str, Any], marks: Sequence[str]) -> Name:
    """What a call was about, as one text."""
    for argument in _TARGETS:
        if said.get(argument) is not None:
            return _name(said, marks, argument)
    if said.get("addr") is not None:
        addr, port = _name(said, marks, "addr"), said.get("port")  # of mmap the address stands alone
        return addr if port is None else Name(f"[{addr.text}]:{port}" if ":" in (addr.text or "") else f"{addr.text}:{port}", addr.mark)
    return Name(None, next((mark.partition(":")[2] for mark in marks if mark.partition(":")[0] in _TARGETS), ""))
