"""One writer per text format: events in, bytes out. EVENTS.md's table of files is what they follow."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache
from operator import attrgetter
from typing import Any, BinaryIO, Protocol

import orjson

from kellect_tui.events.catalogue import BY_NAME, MONITOR_TYPES, TYPES, Kind
from kellect_tui.events.record import FIELDS, Event, to_dict
from kellect_tui.export.perfetto import Perfetto

FORMAT = "kellect-tui/1"
_FRAME = ("monitor.start", "monitor.stop")


class EventWriter(Protocol):
    """Takes a session's rows in order, monitor records among them, `monitor.start` first."""

    def write(self, event: Event) -> None:
        """Take one event. Raises OSError."""
        ...

    def close(self) -> None:
        """Write what is still to come; the file stays open. Raises OSError."""
        ...


class JsonLines:
    """An event a line."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def write(self, event: Event) -> None:
        """One line."""
        self._file.write(orjson.dumps(to_dict(event), option=orjson.OPT_APPEND_NEWLINE))

    def close(self) -> None:
        """Nothing is left to write."""


class Json:
    """One document: format, start, events, stop."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._stop = b"null"
        self._start: bytes | None = None
        self._any = False

    def write(self, event: Event) -> None:
        """One element; start and stop stand beside the list."""
        data = orjson.dumps(to_dict(event))
        if event.event_type == "monitor.stop":
            self._stop = data
            return
        if event.event_type == "monitor.start" and self._start is None:
            self._begin(data)
            return
        self._begin(b"null")
        self._file.write((b",\n" if self._any else b"\n") + data)
        self._any = True

    def _begin(self, start: bytes) -> None:
        if self._start is None:
            self._start = start
            self._file.write(b'{"format": "%s", "start": %s, "events": [' % (FORMAT.encode(), start))

    def close(self) -> None:
        """The end of the document."""
        self._begin(b"null")
        self._file.write(b'\n], "stop": %s}\n' % self._stop)


_KELLECT_NAMES = {"dirfd": "dfd", "olddirfd": "olddfd", "newdirfd": "newdfd"}
_KELLECT_ARGUMENTS: Mapping[str, tuple[tuple[str, str], ...]] = {
    row.name: tuple((argument.name, _KELLECT_NAMES.get(argument.name, argument.name)) for argument in row.arguments if argument.classic) for row in TYPES
}


class Kellect:
    """JSON lines as KellectAgent-Linux's README has them: its pid is our tid, its ppid our pid."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def write(self, event: Event) -> None:
        """One line; monitor records are left out."""
        names = _KELLECT_ARGUMENTS.get(event.event_type)
        if names is None:
            return
        line = {
            "timestamp": event.timestamp,
            "event_type": event.event_type,
            "comm": event.comm,
            "pid": event.tid,
            "ppid": event.pid,
            "process_type": event.process_type,
            "arguments": {theirs: event.arguments[ours] for ours, theirs in names},
        }
        self._file.write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))

    def close(self) -> None:
        """Nothing is left to write."""


COMMON = (*(name for name in FIELDS if name != "arguments"), "incomplete", "abi")
ARGUMENT_COLUMNS = tuple(dict.fromkeys(f"arg.{argument.name}" for row in BY_NAME.values() for argument in row.arguments))


def flat(event: Event) -> dict[str, Any]:
    """The event as a flat row: common fields, then `arg.NAME`; lists and objects as JSON text."""
    row: dict[str, Any] = {name: getattr(event, name) for name in COMMON}
    row["incomplete"] = " ".join(event.incomplete) or None
    for name, value in event.arguments.items():
        row[f"arg.{name}"] = orjson.dumps(value).decode() if isinstance(value, (list, dict)) else value
    return row


class _Encoded:
    """What `csv` writes to: text in, UTF-8 out. (A TextIOWrapper closes the file behind it when it is let go of.)"""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def write(self, line: str) -> None:
        self._file.write(line.encode())


_PLACES: Mapping[str, tuple[tuple[int, str], ...]] = {
    row.name: tuple((len(COMMON) + ARGUMENT_COLUMNS.index(f"arg.{argument.name}"), argument.name) for argument in row.arguments) for row in BY_NAME.values()
}
_OF_COMMON = attrgetter(*COMMON)


class Csv:
    """A flat table; the first line names the columns. Null is an empty cell, true and false are words, lists and objects JSON."""

    def __init__(self, file: BinaryIO) -> None:
        self._rows = csv.writer(_Encoded(file))
        self._rows.writerow((*COMMON, *ARGUMENT_COLUMNS))

    def write(self, event: Event) -> None:
        """One row."""
        cells = [*_OF_COMMON(event), *_NO_ARGUMENTS]
        cells[_INCOMPLETE] = " ".join(event.incomplete)
        for place, name in _PLACES.get(event.event_type, ()):
            value = event.arguments[name]
            if isinstance(value, (list, dict)):
                value = orjson.dumps(value).decode()
            elif isinstance(value, bool):
                value = "true" if value else "false"
            cells[place] = value
        self._rows.writerow(cells)

    def close(self) -> None:
        """Nothing is left to write."""


_NO_ARGUMENTS = (None,) * len(ARGUMENT_COLUMNS)
_INCOMPLETE = COMMON.index("incomplete")


class Parquet:
    """A flat table; numbers stay numbers, an argument of several kinds becomes text."""

    _GROUP = 65_536

    def __init__(self, file: BinaryIO) -> None:
        import pyarrow as pa

        self._file = file
        self._types = parquet_types()
        self._rows: list[dict[str, Any]] = []
        self._writer: Any = None
        self._schema = pa.schema([(name, self._types.get(name, pa.string())) for name in (*COMMON, *ARGUMENT_COLUMNS)])

    def write(self, event: Event) -> None:
        """One row."""
        row = flat(event)
        self._rows.append({name: value if value is None or name in self._types else _as_text(value) for name, value in row.items()})
        if len(self._rows) >= self._GROUP:
            self._flush()

    def _flush(self) -> None:
        import pyarrow as pa
        from pyarrow import parquet

        if self._writer is None:
            self._writer = parquet.ParquetWriter(self._file, self._schema, compression="zstd")
        there = set().union(*self._rows)  # most arguments are those of a few types: their columns are not gone through row by row
        size = len(self._rows)
        columns = [
            pa.array([row.get(column.name) for row in self._rows], column.type) if column.name in there else pa.nulls(size, column.type)
            for column in self._schema
        ]
        self._writer.write_table(pa.Table.from_arrays(columns, schema=self._schema))
        self._rows = []

    def close(self) -> None:
        """The last rows and the footer."""
        self._flush()
        self._writer.close()


def _as_text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


_MONITOR_NUMBERS = {f"arg.{name}" for name in ("count", "cpu", "from", "to", "captured", "lost", "coalesced", "skipped", "incomplete")}
_MONITOR_TEXTS = {f"arg.{argument.name}" for row in MONITOR_TYPES for argument in row.arguments} - _MONITOR_NUMBERS
_SIGNED = {
    Kind.FD, Kind.INT, Kind.LONG, Kind.UINT, Kind.ID, Kind.OLD_ID, Kind.RESULT_FD, Kind.NEWFD, Kind.FILE_UID, Kind.STAT_UID, Kind.STAT_GID, Kind.STAT_SIZE,
    Kind.CHILD_PID, Kind.CHILD_TID, Kind.PARENT_PID, Kind.OLD_PID, Kind.CALLS_CHILD, Kind.EXIT_CODE, Kind.PRIORITY, Kind.OWN_TID, Kind.LIFETIME,
    Kind.SIGNAL_PID, Kind.ADDR_LEN, Kind.PEER_PORT, Kind.LOCAL_PORT, Kind.MESSAGES, Kind.MESSAGE_BYTES, Kind.RUN,
}  # fmt: skip
_UNSIGNED = {Kind.SIZE, Kind.COUNT, Kind.FILE_INODE, Kind.STAT_INODE, Kind.MESSAGE_LEN}
_BOOLEAN = {Kind.CREATED, Kind.THREAD, Kind.CORE_DUMPED, Kind.GROUP_DEAD}


@cache
def parquet_types() -> Mapping[str, Any]:
    """Column → its type, where it is not text: columns that hold only numbers, or only yes and no, in every type that has them."""
    import pyarrow as pa

    kinds: dict[str, set[Kind]] = {}
    for row in TYPES:
        for argument in row.arguments:
            kinds.setdefault(f"arg.{argument.name}", set()).add(argument.kind)
    types: dict[str, Any] = dict.fromkeys(("timestamp", "pid", "tid", "ppid", "uid", "gid", "ruid", "auid", "result", "duration_ns"), pa.int64())
    types |= dict.fromkeys(_MONITOR_NUMBERS, pa.int64()) | dict.fromkeys(("arg.wall_seconds", "arg.cpu_seconds"), pa.float64())
    for name, found in kinds.items():
        for members, type_ in ((_SIGNED, pa.int64()), (_UNSIGNED, pa.uint64()), (_BOOLEAN, pa.bool_())):
            if name not in _MONITOR_TEXTS and found - {Kind.ABSENT} <= members:
                types[name] = type_
    return types


LINES = ("jsonl", "kellect")
"""Formats of which every line stands for itself: as many as are there are whole."""

WRITERS: Mapping[str, type] = {"jsonl": JsonLines, "json": Json, "csv": Csv, "parquet": Parquet, "kellect": Kellect, "perfetto": Perfetto}
