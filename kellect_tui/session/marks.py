"""How many events of a chunk carry a mark (`incomplete`), without decoding them.

Looks at each distinct name, path and payload once and at the rows by their codes. The tests compare the count with
what decoding every event says.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kellect_tui.events.arguments import decode, sections, text, unix_text
from kellect_tui.events.catalogue import BY_NAME, EXEC, MONITOR_START, TYPES
from kellect_tui.events.record import MESSAGE_INFO, ROOT_GROUP, SOCKET_INFO, TARGET_INFO, Flag, Section
from kellect_tui.session.chunk import Chunk
from kellect_tui.session.filter.decoded import MARKS, decide

_NO_ROOM = np.uint32(Flag.NO_PAYLOAD | Flag.MORE)
_OBJECT = np.uint32(Flag.OBJECT)
_TEXTS = (Section.STRING, Section.ARGV, Section.TEXT)
_HAS_TEXT = np.zeros(256, np.bool_)
_HAS_TEXT[[*_TEXTS, Section.TARGET]] = True
"""Sections that may have to be escaped whatever the kernel says of them. Of the others high bytes tell nothing: every stat has some."""
_AF_UNIX = 1
_WITH_ADDRESS = (BY_NAME["network.connect"].id, BY_NAME["network.bind"].id)
_CONNECT = BY_NAME["network.connect"].id
_WITH_PEER = tuple(BY_NAME[f"network.{name}"].id for name in ("connect", "send", "receive", "accept", "getpeername"))
_EARLY = tuple(row.id for row in TYPES if any(call.early for call in row.calls))
_MOST_SECTIONS = 32

Marked = NDArray[np.bool_]


def incomplete(chunk: Chunk) -> int:
    """Events of a sealed chunk that carry a mark."""
    if not chunk.count:
        return 0
    flags, event = chunk.flags, chunk.event
    occurs = np.bincount(event, minlength=256) > 0
    absent = _by_code(chunk.whats["path0"] < 0, chunk.what)
    marked = _by_code(_of_payloads(chunk.payloads), chunk.payload)
    if occurs[list(_WITH_PEER)].any():
        _decode_peers(chunk, marked)
    marked |= _by_code(_of_whos(chunk), chunk.who)
    marked |= _by_code(_of_whats(chunk), chunk.what)
    telling = flags & (_NO_ROOM | _OBJECT)
    marked |= telling & _NO_ROOM != 0
    marked |= (telling & _OBJECT != 0) & absent
    if occurs[EXEC]:
        rows = np.flatnonzero(event == EXEC)
        marked[rows] |= chunk.whats["path1"][chunk.what[rows]] < 0
    for number in _WITH_ADDRESS:
        if occurs[number]:
            rows = np.flatnonzero(event == number)
            marked[rows] |= chunk.arg(1, rows) == 0  # a NULL pointer
    _mark_begun_before(chunk, absent, marked)
    return int(np.count_nonzero(marked & (event < MONITOR_START)))


def _by_code(table: Marked, codes: NDArray[np.uint16]) -> Marked:
    """Each row's entry of the table; most tables say nothing, and then no row is looked at."""
    return np.take(table, codes, mode="clip") if table.any() else np.zeros(len(codes), np.bool_)


def _decode_peers(chunk: Chunk, marked: Marked) -> None:
    """Which of two addresses in a payload is the peer's, the argument or the socket's, only decoding says."""
    rows = np.flatnonzero(np.isin(chunk.event, _WITH_PEER) & (marked | ((chunk.event == _CONNECT) & (chunk.result == 0))))
    marked[rows] = decide(chunk, rows, lambda raw, _call: bool(decode(raw, chunk.machine)[1]), MARKS)


def _mark_begun_before(chunk: Chunk, absent: Marked, marked: Marked) -> None:
    """Calls whose beginning was not seen, and with it what only then can be looked at; few: as many as there were threads."""
    known = np.uint32(Flag.OBJECT | Flag.NO_OBJECT)
    rows = np.flatnonzero((chunk.duration < 0) & absent)
    rows = rows[np.isin(chunk.event[rows], _EARLY) & ((chunk.flags[rows] & known) == 0)]
    close = BY_NAME["file.close"].id
    for row in rows.tolist():
        names = [data for (kind, _), (data, _) in sections(chunk.payloads[chunk.payload[row]]).items() if kind == Section.STRING]
        marked[row] |= chunk.event[row] == close or not all(name.startswith(b"/") for name in names)


def _of_whos(chunk: Chunk) -> Marked:
    plain = {0, ROOT_GROUP, *chunk.cgroups} - {group for group, path in chunk.cgroups.items() if text(path)[1]}
    pairs = zip(chunk.whos["comm"].tolist(), chunk.whos["cgroup"].tolist(), strict=True)
    return np.array([text(comm)[1] or group not in plain for comm, group in pairs], np.bool_)


def _of_whats(chunk: Chunk) -> Marked:
    """Whether a path is not there though it should be (-2, the last place), or had to be escaped; -1 is none."""
    paths = np.array([*(not path.isascii() and text(path)[1] for path in chunk.paths), True, False], np.bool_)
    out: Marked = paths[chunk.whats["path0"]] | paths[chunk.whats["path1"]]
    return out


def _of_payloads(payloads: list[bytes]) -> Marked:
    """Which payloads have a marked section, or text that has to be escaped: all payloads walked at once, section by section."""
    marked: Marked = np.zeros(len(payloads), np.bool_)
    whole = [payload if len(payload) % 8 == 0 else b"" for payload in payloads]  # the others are not the kernel's
    lengths = np.fromiter(map(len, whole), np.int64, len(whole))
    ends = np.cumsum(lengths)
    joined = np.frombuffer(b"".join(whole), np.uint8)
    words = joined.view(np.uint64)
    high = np.concatenate([np.zeros(1, np.int64), np.cumsum(joined >= 0x80)])
    at, which = ends - lengths, np.arange(len(payloads))
    for _ in range(_MOST_SECTIONS):
        inside = at + 8 <= ends[which]
        at, which = at[inside], which[inside]
        if not len(at):
            break
        heads = words[at >> 3]
        kinds, marks, sizes = heads & np.uint64(0xFF), heads >> np.uint64(16) & np.uint64(0xFFFF), (heads >> np.uint64(32)).astype(np.int64)
        end = np.minimum(at + 8 + sizes, ends[which])
        marked[which] |= marks != 0
        # What may have to be escaped, or says in its data that it is not exact, is looked at one by one.
        addresses = (kinds == Section.SOCKADDR) | (kinds == Section.SOCKET)
        families = words[np.minimum((at >> 3) + 1, len(words) - 1)] & np.uint64(0xFFFF)
        high_bytes = high[end] > high[np.minimum(at + 8, end)]
        doubtful = (high_bytes & _HAS_TEXT[kinds.astype(np.intp)]) | (addresses & (families == _AF_UNIX)) | (kinds == Section.MESSAGE)
        for number in np.unique(which[doubtful & ~marked[which]]).tolist():
            marked[number] = _is_marked(payloads[number])
        at = (end + 7) & ~7
    return marked


def _is_marked(payload: bytes) -> bool:
    return any(marks or _is_escaped(kind, data) for (kind, _), (data, marks) in sections(payload).items())


def _is_escaped(kind: int, data: bytes) -> bool:
    """Whether a section's text has to be escaped, or its numbers are not exact."""
    if kind in _TEXTS:
        return any(text(part)[1] for part in (data.removesuffix(b"\0").split(b"\0") if kind == Section.ARGV else (data,)))
    if kind == Section.SOCKADDR:
        return int.from_bytes(data[:2], "little") == _AF_UNIX and text(unix_text(data[2:]))[1]
    if kind == Section.SOCKET and len(data) >= SOCKET_INFO.itemsize:
        info = np.frombuffer(data, SOCKET_INFO, 1)[0]
        names, local = data[SOCKET_INFO.itemsize :], int(info["local_len"])
        return int(info["family"]) == _AF_UNIX and any(text(unix_text(name))[1] for name in (names[:local], names[local:]))
    if kind == Section.TARGET and len(data) >= TARGET_INFO.itemsize:
        return text(data[8:24].split(b"\0", 1)[0])[1]
    if kind == Section.MESSAGE and len(data) >= MESSAGE_INFO.itemsize:
        return bool(np.frombuffer(data, MESSAGE_INFO, 1)["unreadable"][0])
    return False
