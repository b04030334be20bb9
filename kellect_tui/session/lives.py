"""Births, programs and ends: the few events that change the tree of processes, handed to it one by one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from kellect_tui.events import arguments
from kellect_tui.events.batch import Batch
from kellect_tui.events.catalogue import EXEC, EXIT, FORK
from kellect_tui.events.record import RECORD, Raw
from kellect_tui.session.chunk import Chunk, Row
from kellect_tui.session.processes import Processes

_IN_TREE = np.zeros(1 << 16, np.bool_)
_IN_TREE[[FORK, EXEC, EXIT]] = True
_WHO = ("comm", "pid", "tid", "ppid", "uid")


def feed(processes: Processes, batch: Batch, epoch_offset_ns: int, machine: str) -> None:
    """Tell `processes` of the batch's forks, execs and exits, the hidden ones too."""
    records = batch.records
    rows = np.flatnonzero(_IN_TREE[records["event"]])
    if not len(rows):
        return
    chosen = records.view(np.uint64).reshape(len(records), -1)[rows].view(RECORD).reshape(-1)
    columns = (chosen[name].tolist() for name in ("event", "time", "result", "args", *_WHO))
    for at, (event, time, result, args, comm, *ids) in enumerate(zip(*columns, strict=True)):
        _tell(processes, event, time + epoch_offset_ns, result, args, comm.split(b"\0", 1)[0], ids, machine, partial(raw_of, batch, chosen[at : at + 1]))


def feed_rows(processes: Processes, chunk: Chunk) -> None:
    """Tell `processes` of a chunk's forks, execs and exits."""
    for row in map(Row, np.flatnonzero(_IN_TREE[chunk.event[: chunk.count]]).tolist()):
        comm, *ids = chunk.whos[list(_WHO)][chunk.who[row]].item()
        event, time_ns, result = int(chunk.event[row]), int(chunk.time[row]), int(chunk.result[row])
        _tell(processes, event, time_ns, result, chunk.registers(row), comm, ids, chunk.machine, partial(chunk.raw, row))


def _tell(
    processes: Processes,
    event: int,
    time_ns: int,
    result: int,
    args: Sequence[int],
    comm: bytes,
    ids: Sequence[int],
    machine: str,
    raw: Callable[[], Raw],
) -> None:
    pid, tid, ppid, uid = ids
    if event == FORK:
        child = b"".join(word.to_bytes(8, "little") for word in args[4:6]).split(b"\0", 1)[0]
        processes.fork(time_ns=time_ns, pid=pid, child_pid=args[0], child_tid=args[1], parent_pid=args[2], start_ns=args[3], comm=child)
    elif event == EXIT:
        processes.exit(time_ns=time_ns, pid=pid, tid=tid, code=args[0], group_dead=bool(args[2]), start_ns=args[3], comm=comm, ppid=ppid, uid=uid)
    elif result == 0:
        said, _ = arguments.decode(raw(), machine)
        argv, path, interpreter = said["argv"], said["path"], said["interpreter"]
        processes.exec(time_ns=time_ns, pid=pid, start_ns=args[3], comm=comm, argv=argv, path=path, interpreter=interpreter, uid=uid, ppid=ppid)


def raw_of(batch: Batch, record: NDArray[np.void]) -> Raw:
    """A record of a batch (``(1,)``) as decoders want it."""
    names = ("event", "syscall", "flags", "result", "duration", "args", "payload_at", "payload_len", "key0", "key1", "inode", "file_uid", "file_mode")
    event, syscall, flags, result, duration, args, at, length, key0, key1, inode, file_uid, file_mode = (record[name][0].tolist() for name in names)
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
