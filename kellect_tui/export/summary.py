"""A summary as a document for scripts: `kellect-tui/summary-1`. docs/summary.md is its description."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from kellect_tui.session.session import Session
from kellect_tui.session.summary import Summary
from kellect_tui.session.sums import Name, Tally
from kellect_tui.session.view import Predicate, View

FORMAT = "kellect-tui/summary-1"

Document = dict[str, Any]
Stopped = Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Command:
    """The command that was recorded, and how it ended.

    Attributes:
        status: 0-255; None while it runs, or where a signal ended it.
        signal: The signal that ended it.
        seconds: From its exec to its end; None while it runs.
        left_running: Pids of its descendants that were left running, itself where it was.
    """

    argv: Sequence[str]
    pid: int
    status: int | None = None
    signal: str | None = None
    seconds: float | None = None
    left_running: Sequence[int] = ()


def summarize(session: Session, predicate: Predicate | None = None, stopped: Stopped = lambda: False) -> Summary | None:
    """The sums over a session as it stands, or over what a predicate lets through; None where it was stopped."""
    summary = Summary()
    summary.dropped = session.store.dropped
    if predicate is None:
        for chunk in session.store.chunks:
            if stopped():
                return None
            summary.add(chunk)
        return summary
    view = View(session.store, predicate)
    if not view.build(stopped):
        return None
    for chunk, rows in view.spans(0, len(view)):
        if stopped():
            return None
        summary.add(chunk, rows)
    return summary


def document(session: Session, summary: Summary, *, command: Command | None = None, filter: str = "") -> Document:
    """The summary as plain JSON values. A section whose event types were not captured is null: nothing is known of it."""
    chosen = _Chosen(session, summary)
    ledger, stop = session.ledger, session.stop
    return {
        "format": FORMAT,
        "host": session.start.get("host"),
        "kernel": session.start.get("kernel"),
        "version": session.start.get("version"),
        "started": _micros(session.started_ns),
        "stopped": _micros(session.stopped_ns),
        "command": None if command is None else _command(command),
        "options": dict(session.start.get("options") or {}),
        "filter": filter or None,
        "events": {
            "summarized": summary.events,
            "missed": summary.missed,
            "captured": ledger.captured,
            "lost": ledger.lost,
            "coalesced": summary.further_calls,
            "dropped": summary.dropped,
            "incomplete": ledger.incomplete,
            "not_decoded": {abi: dict(calls) for abi, calls in session.totals.not_decoded.items()},
            "io_uring": dict(session.totals.io_uring),
            "skipped": session.totals.skipped,
            "cut_short": session.cut_short,
            "damage": session.damage or None,
            "by_type": summary.by_type,
        },
        "seconds": {
            "wall": None if session.started_ns is None or session.stopped_ns is None else _seconds(session.stopped_ns - session.started_ns),
            "monitor_cpu": None if stop is None else stop.get("cpu_seconds"),
            "in_calls": _seconds(int(summary.time_ns.sum())),
            "in_calls_by_family": {family: _seconds(ns) for family, ns in summary.time_by_family.items()},
        },
        "processes": chosen.of(("process.fork", "process.exit"), lambda: _processes(summary)),
        "programs": chosen.of(("process.exec",), lambda: _programs(summary)),
        "files": {
            "read": chosen.of(("file.read",), lambda: _moved(summary.files, "read", "reads")),
            "written": chosen.of(("file.write",), lambda: _moved(summary.files, "written", "writes")),
            "created": chosen.of(_MADE, lambda: _things(summary, summary.created)),
            "deleted": chosen.of(_GONE, lambda: _things(summary, summary.removed)),
            "renamed": chosen.of(("file.rename",), lambda: _renamed(summary)),
        },
        "streams": chosen.of(("file.read", "file.write"), lambda: [{"what": what} | sums for what, sums in summary.streams.rows("written", "read")]),
        "peers": chosen.of(_TALK, lambda: _peers(summary)),
        "failures": _failures(summary),
        "signals": chosen.of(("process.kill",), lambda: _signals(summary)),
        "beyond": {name: sums for name in _BOUNDED if any((sums := _others(getattr(summary, name))).values())},
    }


_MADE = ("file.create", "file.mkdir", "file.link", "file.symlink")
_GONE = ("file.delete", "file.rmdir")
_TALK = ("network.connect", "network.accept", "network.send", "network.receive")
_BOUNDED = ("ends", "programs", "files", "streams", "created", "removed", "renamed", "peers", "failures", "signals")


class _Chosen:
    """Which types were captured."""

    def __init__(self, session: Session, summary: Summary) -> None:
        names = dict(session.start.get("options") or {}).get("events")
        self._names = None if names is None else {*names, *summary.by_type}  # those of the start, and what was switched on later

    def of(self, types: Sequence[str], section: Callable[[], Any]) -> Any:
        """The section, or None where none of its types was captured."""
        return section() if self._names is None or self._names.intersection(types) else None


def _micros(ns: int | None) -> int | None:
    return None if ns is None else ns // 1000


def _seconds(ns: int) -> float:
    return round(ns / 1e9, 6)


def _others(tally: Tally[Any]) -> dict[str, int]:
    return dict(zip(tally.fields, tally.others, strict=True))


def _named(**names: Name) -> dict[str, Any]:
    """Texts by key, and what is to be said of them, as events say it."""
    row: dict[str, Any] = {key: name.text for key, name in names.items()}
    marks = [f"{key}:{name.mark}" for key, name in names.items() if name.mark]
    return row | ({"incomplete": marks} if marks else {})


def _command(command: Command) -> dict[str, Any]:
    return {
        "argv": list(command.argv),
        "pid": command.pid,
        "status": command.status,
        "signal": command.signal,
        "seconds": None if command.seconds is None else round(command.seconds, 6),
        "left_running": list(command.left_running),
    }


def _processes(summary: Summary) -> dict[str, Any]:
    ends = [{"status": end.status, "signal": end.signal, **_named(comm=end.comm), **sums} for end, sums in summary.ends.rows("count")]
    return {"started": summary.processes, "threads_started": summary.threads, "ended": summary.ends.totals()["count"], "ends": ends}


def _programs(summary: Summary) -> list[dict[str, Any]]:
    return [_named(path=program.path, interpreter=program.interpreter) | sums for program, sums in summary.programs.rows("runs")]


def _moved(files: Tally[Name], amount: str, calls: str) -> list[dict[str, Any]]:
    return [_named(path=name) | {"bytes": sums[amount], "calls": sums[calls]} for name, sums in files.rows(amount, calls) if sums[calls]]


def _things(summary: Summary, tally: Tally[tuple[str, Name]]) -> list[dict[str, Any]]:
    rows = [
        {"what": what, **_named(path=name), "times": sums["count"], "bytes_written": summary.files.get(name)["written"] if what == "file" else None}
        for (what, name), sums in tally.rows("count")
    ]
    return sorted(rows, key=lambda row: (row["bytes_written"] is None, -(row["bytes_written"] or 0)))


def _renamed(summary: Summary) -> list[dict[str, Any]]:
    return [
        {**_named(**{"from": old, "to": new}), "times": sums["count"], "bytes_written": summary.files.get(old)["written"]}
        for (old, new), sums in summary.renamed.rows("count")
    ]


def _peers(summary: Summary) -> list[dict[str, Any]]:
    rows = [
        {"family": peer.family, "protocol": peer.protocol, **_named(addr=peer.addr), "port": peer.port, **sums}
        for peer, sums in summary.peers.rows("connections", "accepted", "failed")
    ]
    return sorted(rows, key=lambda row: -(row["sent"] + row["received"]))


def _failures(summary: Summary) -> list[dict[str, Any]]:
    by_errno: dict[str, list[dict[str, Any]]] = {}
    for failure, sums in summary.failures.rows("count"):
        by_errno.setdefault(failure.errno, []).append({"event_type": failure.event_type, **_named(target=failure.target), **sums})
    return [{"errno": errno, **sums, "by": by_errno.get(errno, [])} for errno, sums in summary.errnos.rows("count")]


def _signals(summary: Summary) -> list[dict[str, Any]]:
    return [
        {
            "signal": sent.signal,
            **_named(comm=sent.comm, target_comm=sent.target_comm),
            "pid": sent.sender,
            "target_pid": sent.pid,
            "error": sent.error,
            **sums,
        }
        for sent, sums in summary.signals.rows("count")
    ]

