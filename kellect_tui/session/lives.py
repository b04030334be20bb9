"""Births, programs, ends and signals: the few events that change the tree of processes, handed to it one by one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kellect_tui.events import arguments
from kellect_tui.events.batch import Batch
from kellect_tui.events.catalogue import BY_NAME, EXEC, EXIT, FORK
from kellect_tui.events.record import NO_DURATION, RECORD, TARGET_INFO, Flag, Raw, Section
from kellect_tui.events.syscalls import names
from kellect_tui.session.chunk import Chunk, Row
from kellect_tui.session.processes import Processes

_KILL = BY_NAME["process.kill"]
_IN_TREE = np.zeros(1 << 16, np.bool_)
_IN_TREE[[FORK, EXEC, EXIT, _KILL.id]] = True
_WHO = ("comm", "pid", "tid", "ppid", "uid", "cgroup")
_HARMLESS = frozenset((0, 17, 18, 19, 20, 21, 22, 23, 28))  # no signal; CHLD, CONT, STOP, TSTP, TTIN, TTOU, URG, WINCH end nothing (signal(7))
_SIGNAL_AT = {call.name: call.at["sig"] for call in _KILL.calls}
_WORD = np.uint64(0xFFFFFFFF)
_FEW_KILLS = 64
_WHOLE = 1 << 32
_CHECKED = int(Flag.CHECKED)


class _Told(NamedTuple):
    """One record, whether of a batch or of a chunk; `raw` makes the rest of it, where a decoder is to look."""

    event: int
    time_ns: int
    duration_ns: int
    result: int
    flags: int
    syscall: int
    args: Sequence[int]
    comm: bytes
    pid: int
    tid: int
    ppid: int
    uid: int
    cgroup: str | None
    raw: Callable[[], Raw]


def feed(processes: Processes, batch: Batch, epoch_offset_ns: int, machine: str) -> None:
    """Tell `processes` of the batch's forks, execs, exits and kills, the hidden ones too."""
    records = batch.records
    rows = np.flatnonzero(_IN_TREE[records["event"]])
    if not len(rows):
        return
    chosen = records.view(np.uint64).reshape(len(records), -1)[rows].view(RECORD).reshape(-1)
    if np.count_nonzero(chosen["event"] == _KILL.id) > _FEW_KILLS:
        chosen = _fewer_kills(chosen, batch.payload)
    columns = (chosen[name].tolist() for name in ("event", "time", "duration", "result", "flags", "syscall", "args", *_WHO))
    for at, (event, time, duration, result, flags, syscall, args, comm, pid, tid, ppid, uid, cgroup) in enumerate(zip(*columns, strict=True)):
        group, raw = _group(batch.cgroups, cgroup), partial(raw_of, batch, chosen[at : at + 1])
        duration = -1 if duration == NO_DURATION else duration
        told = _Told(event, time + epoch_offset_ns, duration, result, flags, syscall, args, comm.split(b"\0", 1)[0], pid, tid, ppid, uid, group, raw)
        _tell(processes, told, machine)


def feed_rows(processes: Processes, chunk: Chunk) -> None:
    """Tell `processes` of a chunk's forks, execs, exits and kills."""
    for row in map(Row, np.flatnonzero(_IN_TREE[chunk.event[: chunk.count]]).tolist()):
        comm, pid, tid, ppid, uid, cgroup = chunk.whos[list(_WHO)][chunk.who[row]].item()
        event, time_ns, duration, result, flags, syscall = (
            int(column[row]) for column in (chunk.event, chunk.time, chunk.duration, chunk.result, chunk.flags, chunk.syscall)
        )
        group, raw = _group(chunk.cgroups, cgroup), partial(chunk.raw, row)
        _tell(processes, _Told(event, time_ns, duration, result, flags, syscall, chunk.registers(row), comm, pid, tid, ppid, uid, group, raw), chunk.machine)


def _group(cgroups: Mapping[int, bytes], number: int) -> str | None:
    path = cgroups.get(number)
    return None if path is None else arguments.text(path)[0]


def _tell(processes: Processes, told: _Told, machine: str) -> None:
    args = told.args
    if told.event == FORK:
        processes.fork(
            time_ns=told.time_ns, pid=told.pid, child_pid=args[0], child_tid=args[1], parent_pid=args[2], start_ns=args[3],
            comm=b"".join(word.to_bytes(8, "little") for word in args[4:6]).split(b"\0", 1)[0],
            kernel=bool(told.flags & Flag.KERNEL), cgroup=told.cgroup,
        )  # fmt: skip
    elif told.event == EXIT:
        processes.exit(
            time_ns=told.time_ns, pid=told.pid, tid=told.tid, code=args[0], group_dead=bool(args[2]), start_ns=args[3],
            group_code=args[5] % _WHOLE if args[5] >= _WHOLE else None, kernel=bool(told.flags & Flag.KERNEL),
            comm=told.comm, ppid=told.ppid, uid=told.uid, cgroup=told.cgroup,
        )  # fmt: skip
    elif told.result == 0 and not told.flags & _CHECKED:
        (_tell_exec if told.event == EXEC else _tell_kill)(processes, told, machine)


def _tell_exec(processes: Processes, told: _Told, machine: str) -> None:
    said, _ = arguments.decode(told.raw(), machine)
    processes.exec(
        time_ns=told.time_ns, pid=told.pid, start_ns=told.args[3], comm=told.comm, argv=said["argv"], path=said["path"], interpreter=said["interpreter"],
        cwd=said["cwd"], tid=said["old_pid"], arg_start=told.args[4], uid=told.uid, ppid=told.ppid, cgroup=told.cgroup,
    )  # fmt: skip


def _tell_kill(processes: Processes, told: _Told, machine: str) -> None:
    register = _SIGNAL_AT.get(names(machine).get(told.syscall, ""))
    if register is None or told.duration_ns < 0:  # where the beginning was not seen the target was not either
        return
    signal, target = told.args[register] % _WHOLE, _target(told.raw().payload)
    if target and signal not in _HARMLESS:
        processes.kill(time_ns=told.time_ns, entered_ns=told.time_ns - told.duration_ns, pid=told.pid, comm=told.comm, target=target, signal=signal)


def _target(payload: bytes) -> int:
    """The process that a signal was sent to, by its number in the initial pid namespace; 0 where that is not known."""
    size = int.from_bytes(payload[4:8], "little")
    known = len(payload) >= 16 + TARGET_INFO.itemsize and payload[0] == Section.TARGET and size == TARGET_INFO.itemsize + 8
    return int.from_bytes(payload[8 + TARGET_INFO.itemsize : 16 + TARGET_INFO.itemsize], "little") if known else 0


def _fewer_kills(rows: NDArray[np.void], payload: NDArray[np.uint8]) -> NDArray[np.void]:
    """Of a storm of signals, from each sender to each target only the first and the last of a kind: no other can be the one that ended it."""
    kills = np.flatnonzero(rows["event"] == _KILL.id)
    ends = (rows["payload_at"][kills] + rows["payload_len"][kills]).astype(np.int64)
    targets = payload[np.maximum(ends[:, None] - 8, 0) + np.arange(8)].view(np.uint64)[:, 0] if len(payload) >= 8 else np.zeros(len(kills), np.uint64)
    keys = np.column_stack((rows["pid"][kills].astype(np.uint64), targets, rows["args"][kills, 1:3] & _WORD, rows["syscall"][kills].astype(np.uint64)))
    first = np.unique(keys, axis=0, return_index=True)[1]
    last = len(keys) - 1 - np.unique(keys[::-1], axis=0, return_index=True)[1]
    kept = np.ones(len(rows), np.bool_)
    kept[kills] = False
    kept[kills[first]] = kept[kills[last]] = True
    chosen: NDArray[np.void] = rows.view(np.uint64).reshape(len(rows), -1)[kept].view(RECORD).reshape(-1)
    return chosen


def raw_of(batch: Batch, record: NDArray[np.void]) -> Raw:
    """A record of a batch (``(1,)``) as decoders want it."""
    wanted = ("event", "syscall", "flags", "result", "duration", "args", "payload_at", "payload_len", "key0", "key1", "inode", "file_uid", "file_mode")
    event, syscall, flags, result, duration, args, at, length, key0, key1, inode, file_uid, file_mode = (record[name][0].tolist() for name in wanted)
    paths = [batch.paths.get(key) if key else None for key in (key0, key1)]
    return Raw(
        event=event,
        syscall=syscall,
        flags=flags,
        result=result,
        duration=duration,
        args=tuple(args),
        payload=batch.payload[at : at + length].tobytes(),
        path0=paths[0],
        path1=paths[1],
        inode=inode,
        file_uid=file_uid,
        file_mode=file_mode,
        lost_path=any(key and text is None for key, text in zip((key0, key1), paths, strict=True)),
        comm=record["comm"][0].split(b"\0", 1)[0],
        pid=int(record["pid"][0]),
        tid=int(record["tid"][0]),
    )
