"""Writers over a session: its events (session, jsonl, json, csv, parquet, kellect, perfetto) or its processes (tree-json, dot).

Knows neither the screen nor BPF.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from kellect_tui.errors import BadOption, CannotWrite
from kellect_tui.events import decode
from kellect_tui.events.catalogue import BY_ID, MONITOR_DROPPED, MONITOR_START, MONITOR_STOP
from kellect_tui.events.record import Event, Flag, Raw
from kellect_tui.export.output import cannot_write, whole
from kellect_tui.export.process_tree import TREES, chosen
from kellect_tui.export.writers import WRITERS
from kellect_tui.session.chunk import Row
from kellect_tui.session.losses import Ledger
from kellect_tui.session.session import Session
from kellect_tui.session.view import Predicate, View

FORMATS = ("session", *WRITERS, *TREES)
SUFFIXES = {
    ".kellect": "session", ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "json", ".csv": "csv", ".parquet": "parquet",
    ".trace.json": "perfetto", ".perfetto.json": "perfetto", ".perfetto-trace": "perfetto", ".tree.json": "tree-json", ".dot": "dot", ".gv": "dot",
}  # fmt: skip
_FRAME = (MONITOR_START, MONITOR_STOP, MONITOR_DROPPED)

Progress = Callable[[int, int], None]
Cancelled = Callable[[], bool]


def format_of(path: Path) -> str:
    """The format that a file's name says. Raises BadOption."""
    endings = [suffix for suffix in SUFFIXES if path.name.lower().endswith(suffix)]
    if not endings:
        raise BadOption(f"{path.name or 'an empty name'} does not say which format it is to have", f"end it in {', '.join(SUFFIXES)}, or give --format")
    return SUFFIXES[max(endings, key=len)]


def unit_of(format: str) -> str:
    """What a format's count is of: `events` or `processes`."""
    return "processes" if format in TREES else "events"


def known_format(name: str) -> str:
    """The format of that name. Raises BadOption with the nearest right one."""
    if name not in FORMATS:
        near = difflib.get_close_matches(name, FORMATS, 1, 0.4)
        raise BadOption(f"there is no format {name!r}", f"did you mean {near[0]}?" if near else f"the formats are {', '.join(FORMATS)}")
    return name


def export(
    session: Session,
    out: Path | BinaryIO,
    format: str,
    *,
    predicate: Predicate | None = None,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> int:
    """Write a session, or what a predicate lets through, into a file (whole or not at all) or a stream.

    Returns the number of events written, the monitor's own not counted, or of processes (`unit_of`); -1 when cancelled.
    Raises CannotWrite, BadOption; BrokenPipeError where a stream's reader has gone.
    """
    known_format(format)
    if not isinstance(out, Path):
        try:
            return _write(session, out, format, predicate, progress, cancelled)
        except BrokenPipeError:
            raise
        except OSError as error:
            raise cannot_write("-", error) from error
    with whole(out) as output:
        count = _write(session, output.file, format, predicate, progress, cancelled)
        if count < 0:
            output.give_up()
    return count


def _write(session: Session, file: BinaryIO, format: str, predicate: Predicate | None, progress: Progress | None, cancelled: Cancelled | None) -> int:
    try:
        return _written(session, file, format, predicate, progress, cancelled)
    except (TypeError, ValueError, OverflowError) as error:  # such as a number beyond 64 bits, in a file that no recorder wrote
        remedy = "it was made by another program, or is damaged; if not, please report this"
        raise CannotWrite(f"the session holds what {format} cannot: {error}", remedy) from error


def _written(session: Session, file: BinaryIO, format: str, predicate: Predicate | None, progress: Progress | None, cancelled: Cancelled | None) -> int:
    view = None
    if predicate is not None:
        view = View(session.store, predicate)
        if not view.build(cancelled or (lambda: False)):
            return -1
    if format in TREES:
        return TREES[format](session, file, None if view is None else chosen(session, view), cancelled or (lambda: False))
    if format == "session":
        from kellect_tui.session.file import write_session  # with pyarrow, which the screen's start does not wait for

        return write_session(session, file, view=view, progress=progress, cancelled=cancelled)
    ledger = Ledger()
    ledger.begin(session.started_ns or 0)
    writer = WRITERS[format](file)
    for event in _events(session, view, ledger, progress, cancelled):
        if event is None:
            return -1
        writer.write(event)
    writer.close()
    return ledger.captured


def _events(session: Session, view: View | None, ledger: Ledger, progress: Progress | None, cancelled: Cancelled | None) -> Iterator[Event | None]:
    """All rows: `monitor.start`, what was dropped, the events, `monitor.stop`; None when cancelled."""
    import numpy as np

    chunks = session.store.chunks
    parts = [(chunk, np.arange(chunk.count)) for chunk in chunks] if view is None else list(view.spans(0, len(view)))
    total, done, newest = sum(len(rows) for _chunk, rows in parts), 0, session.started_ns or 0
    yield own(MONITOR_START, newest, dict(session.start))
    if session.store.dropped and view is None:
        yield own(MONITOR_DROPPED, int(chunks[0].time[0]) if chunks else newest, {"count": session.store.dropped})
    for chunk, rows in parts:
        kept = rows[~np.isin(chunk.event[rows], _FRAME)]
        if len(kept):
            piece = chunk.part(kept)
            ledger.count(piece, 0, piece.count)
            newest = max(newest, int(piece.time[piece.count - 1]))
        for at, row in enumerate(kept.tolist()):
            if not at & 1023 and cancelled is not None and cancelled():
                yield None
                return
            event = chunk.event_at(Row(row))
            ledger.incomplete += bool(event.incomplete)
            yield event
        done += len(rows)
        if progress is not None:
            progress(done, total)
    yield own(MONITOR_STOP, session.stopped_ns or newest, _stop(session, ledger, newest))


def _stop(session: Session, ledger: Ledger, newest_ns: int) -> dict[str, Any]:
    """What `monitor.stop` says of a file with these events in it."""
    stop = dict(session.stop) if session.stop is not None else session.stop_arguments(newest_ns, 0.0)
    return stop | {"captured": ledger.captured, "lost": ledger.lost, "coalesced": ledger.coalesced, "incomplete": ledger.incomplete, "by_type": ledger.by_type}


def own(event_id: int, time_ns: int, arguments: dict[str, Any]) -> Event:
    """One of the monitor's own rows, as an event."""
    import orjson

    raw = Raw(event=event_id, syscall=0xFFFF, flags=int(Flag.NO_RESULT), result=0, duration=-1, args=(0,) * 6, payload=orjson.dumps(arguments))
    assert BY_ID[event_id].family == "monitor"
    return decode.event(raw, time_ns=time_ns, who=None, user=None, cgroup=None)
