"""A trace that ui.perfetto.dev and chrome://tracing open: processes and threads as tracks, calls as slices.

The Trace Event Format's array form: events one by one, in any order, and readable though its end is missing. Times are µs since the
start of the session, with nanoseconds as decimals. A thread makes one call at a time, so the slices of a track follow one another
or lie within the program that made them.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

import orjson

from kellect_tui.events.record import Event

_NUMBERS = 1 << 22  # PID_MAX_LIMIT, include/linux/threads.h
_LIVES = 512  # so that ids stay below 2**31
_UNSEEN, _ALIVE, _ENDED = 0, 1, 2

Row = dict[str, Any]


class Perfetto:
    """Writes events as trace events. What it remembers is bounded by the number of processes that live at a time.

    A number that is given to another process or thread later gets another id, by 4,194,304 larger for each life before, so that
    two processes never share a track. That is known where `process.fork` was captured.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._is_first = True
        self._origin_ns: int | None = None
        self._lives = array("H", bytes(2 * _NUMBERS))
        self._states = bytearray(_NUMBERS)
        self._names: dict[tuple[int, int], str] = {}  # (pid's id, tid's id) of what lives → comm
        self._programs: dict[int, str] = {}  # leader's id → the program whose slice is open
        self._flows = 0
        self._waiting: dict[int, tuple[int, int, float]] = {}  # a child's id → its forker's ids, and when: until the slice of that call is there
        file.write(b"[")

    def write(self, event: Event) -> None:
        """The trace events of one event."""
        if self._origin_ns is None:
            self._origin_ns = event.time_ns
        if event.family == "monitor":
            self._write_own(event)
            return
        handler = _HANDLERS.get(event.event_type)
        for row in (self._call(event) if handler is None else handler(self, event)):
            self._put(row)

    def close(self) -> None:
        """The names of what still lives, and the end."""
        for pid, tid in list(self._names):
            self._put_names(pid, tid)
        self._file.write(b"\n]\n")

    # What events become.

    def _write_own(self, event: Event) -> None:
        name = event.event_type
        if name == "monitor.lost":
            name = f"LOST {event.arguments['count']:,} {event.arguments['family']} events"
        self._put({"ph": "i", "s": "g", "name": name, "cat": "monitor", "ts": self._at(event.time_ns), "args": event.arguments})

    def _call(self, event: Event) -> Iterator[Row]:
        """A slice, or a moment where its beginning was not seen."""
        yield self._slice(event, *self._track(event.pid or 0, event.tid or 0, event.comm))

    def _slice(self, event: Event, pid: int, tid: int) -> Row:
        args = {"event": event.event_type, "result": event.result if event.error is None else event.error, **event.arguments}
        if event.incomplete:
            args["incomplete"] = list(event.incomplete)
        row = {"pid": pid, "tid": tid, "name": event.syscall or event.event_type, "cat": event.family, "args": args}
        if event.duration_ns is None:
            return {"ph": "i", "s": "t", "ts": self._at(event.time_ns), **row}
        return {"ph": "X", "ts": self._at(event.time_ns - event.duration_ns), "dur": event.duration_ns / 1000, **row}

    def _fork(self, event: Event) -> Iterator[Row]:
        said = event.arguments
        pid, tid = self._track(event.pid or 0, event.tid or 0, event.comm)
        if said["thread"]:
            self._born(said["child_tid"])
            self._track(said["child_pid"], said["child_tid"], said["child_comm"])
            return
        self._born(said["child_pid"])
        child, _leader = self._track(said["child_pid"], said["child_pid"], said["child_comm"])
        at = self._at(event.time_ns)
        yield self._begin(child, said["child_comm"], at, {"forked_by": event.pid})
        if tid in self._programs:
            yield from self._arrow(child, pid, tid, at)
        else:
            self._waiting[child] = pid, tid, at

    def _clone(self, event: Event) -> Iterator[Row]:
        yield from self._call(event)
        number = event.arguments["child_tid"]
        if event.error is None and event.duration_ns is not None and number is not None:
            waiting = self._waiting.pop(self._id(number), None)
            if waiting is not None and waiting[:2] == self._track(event.pid or 0, event.tid or 0, event.comm):
                yield from self._arrow(self._id(number), *waiting)

    def _arrow(self, child: int, pid: int, tid: int, at: float) -> Iterator[Row]:
        """From the slice in which a process was forked to its own first one."""
        self._flows += 1
        flow = {"id": self._flows, "name": "fork", "cat": "process", "ts": at}
        yield {"ph": "s", "pid": pid, "tid": tid, **flow}
        yield {"ph": "f", "bp": "e", "pid": child, "tid": child, **flow}

    def _exec(self, event: Event) -> Iterator[Row]:
        said, at = event.arguments, self._at(event.time_ns)
        if event.error is not None or event.result != 0 or "AT_EXECVE_CHECK" in (said["flags"] or ""):
            yield from self._call(event)
            return
        pid, leader = self._track(event.pid or 0, event.pid or 0, event.comm)
        caller = leader
        if said["old_pid"] not in (None, event.pid):  # another thread called, and is the leader from now on
            caller = self._track(event.pid or 0, said["old_pid"], None)[1]
        yield self._slice(event, pid, caller)
        if caller != leader:
            self._states[said["old_pid"] % _NUMBERS] = _ENDED
            self._put_names(pid, caller)
        if pid in self._programs:
            yield self._end(pid, at)
        yield self._begin(pid, event.comm or "", at, {"path": said["path"], "argv": said["argv"], "cwd": said["cwd"]})
        yield {"ph": "i", "s": "p", "pid": pid, "tid": leader, "name": f"exec {said['path']}", "cat": "process", "ts": at, "args": said}

    def _exit(self, event: Event) -> Iterator[Row]:
        said, at = event.arguments, self._at(event.time_ns)
        pid, tid = self._track(event.pid or 0, event.tid or 0, event.comm, ending=True)
        how = said["signal"] or f"exit {said['exit_code']}"
        yield {"ph": "i", "s": "p" if said["group_dead"] else "t", "pid": pid, "tid": tid, "name": how, "cat": "process", "ts": at, "args": said}
        if pid == tid and pid in self._programs:
            yield self._end(pid, at)
        if pid != tid:
            self._states[(event.tid or 0) % _NUMBERS] = _ENDED
            self._put_names(pid, tid)
        if said["group_dead"]:  # not before: the process has its leader's number, whether that has ended or not
            self._states[(event.pid or 0) % _NUMBERS] = _ENDED
            self._put_names(pid, pid)

    def _kill(self, event: Event) -> Iterator[Row]:
        yield from self._call(event)
        said = event.arguments
        if event.error is None:
            pid, tid = self._track(event.pid or 0, event.tid or 0, event.comm)
            to = f"{said['pid']}" + (f" ({said['target_comm']})" if said["target_comm"] else "")
            yield {"ph": "i", "s": "t", "pid": pid, "tid": tid, "name": f"{said['sig']} → {to}", "cat": "process", "ts": self._at(event.time_ns), "args": said}

    # Ids and names.

    def _born(self, number: int) -> None:
        """A new life of a number: what had it before is over, though its end was not seen."""
        place = number % _NUMBERS
        if self._states[place] != _UNSEEN:
            before = self._id(number)
            self._put_names(before, before)
            self._programs.pop(before, None)
            self._waiting.pop(before, None)
            self._lives[place] = (self._lives[place] + 1) % _LIVES
        self._states[place] = _ALIVE

    def _id(self, number: int) -> int:
        place = number % _NUMBERS
        return place + int(self._lives[place]) * _NUMBERS

    def _track(self, pid: int, tid: int, comm: str | None, *, ending: bool = False) -> tuple[int, int]:
        """The ids of a thread and its process; one that does something after its end has had a fork that was lost."""
        for number in {pid, tid}:
            state = self._states[number % _NUMBERS]
            if state == _UNSEEN or (state == _ENDED and not ending):
                self._born(number)
        ids = self._id(pid), self._id(tid)
        if comm is not None and not (ending and ids not in self._names and self._states[tid % _NUMBERS] == _ENDED):
            self._names[ids] = comm
        return ids

    def _begin(self, pid: int, name: str, at: float, args: Mapping[str, Any]) -> Row:
        self._programs[pid] = name
        return {"ph": "B", "pid": pid, "tid": pid, "name": name, "cat": "program", "ts": at, "args": args}

    def _end(self, pid: int, at: float) -> Row:
        return {"ph": "E", "pid": pid, "tid": pid, "name": self._programs.pop(pid), "cat": "program", "ts": at}

    def _put_names(self, pid: int, tid: int) -> None:
        """Name a track, once, when what it shows is over."""
        comm = self._names.pop((pid, tid), None)
        if comm is not None:
            self._put({"ph": "M", "pid": pid, "tid": tid, "name": "thread_name", "args": {"name": comm}})
            if pid == tid:
                self._put({"ph": "M", "pid": pid, "tid": tid, "name": "process_name", "args": {"name": comm}})

    def _at(self, time_ns: int) -> float:
        return (time_ns - (self._origin_ns or 0)) / 1000

    def _put(self, row: Row) -> None:
        self._file.write((b"\n" if self._is_first else b",\n") + orjson.dumps(row))
        self._is_first = False


_HANDLERS = {
    "process.fork": Perfetto._fork,
    "process.clone": Perfetto._clone,
    "process.exec": Perfetto._exec,
    "process.exit": Perfetto._exit,
    "process.kill": Perfetto._kill,
}
