"""A summary's document as text for people: 80 columns, the most of everything first, names made harmless."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from kellect_tui.amounts import duration, size
from kellect_tui.export.summary import Document
from kellect_tui.safe_text import fit, safe_text

WIDTH = 80
SHOWN = 5
"""Lines of a list; the document has all of it."""

_LABEL, _AMOUNT = 12, 9
_UNKNOWN = "(unknown)"


def text(document: Document, width: int = WIDTH) -> str:
    """The whole summary, lines at most `width` cells wide."""
    lines = [line for part in _PARTS for line in part(document)]
    return "".join(f"{fit(line, width).rstrip()}\n" for line in lines)


def _head(document: Document) -> Iterator[str]:
    events, seconds, command = document["events"], document["seconds"], document["command"]
    yield "── what happened " + "─" * (WIDTH - 17)
    if command is not None:
        yield from _line("command", f"{safe_text(shlex.join(command['argv']))}")
        yield from _line("", _ending(command))
    else:
        yield from _line("session", f"of {safe_text(str(document['host']))}" + ("" if seconds["wall"] is None else f", {_span(seconds['wall'])}"))
    for option, values in document["options"].items():
        if isinstance(values, list) and values:
            yield from _line("captured", safe_text(f"only {option.replace('_', ' ')} {', '.join(map(str, values))}"))
    if document["filter"]:
        yield from _line("only", safe_text(document["filter"]))
    of_all = "" if events["summarized"] == events["captured"] else f" of {events['captured']:,} captured"
    yield from _line("events", f"{events['summarized']:,}{of_all}, {events['lost']:,} lost, {events['incomplete']:,} incomplete{_not_seen(events)}")
    if events["coalesced"]:
        yield from _line("", f"and {_count(events['coalesced'], 'call')} more that stand in these (--coalesce)")
    dropped = "are damaged or gone" if events["damage"] else "had been let go of before"
    for count, why in ((events["missed"], "came faster than they could be summed up"), (events["dropped"], dropped)):
        if count:
            yield from _line("", f"{count:,} events are not in here: they {why}")
    if events["damage"]:
        yield from _line("", events["damage"])
    if events["cut_short"]:
        yield from _line("", "the session was cut short: this is all up to its last whole block")
    yield from _line("in calls", f"{_span(seconds['in_calls'])}, waiting included")
    by_family = [f"{family} {_span(time)}" for family, time in seconds["in_calls_by_family"].items() if time]
    if by_family:
        yield from _line("", _joined(by_family, WIDTH - _LABEL))
    if seconds["monitor_cpu"] is not None:
        watched = "" if seconds["wall"] is None else f"; watched for {_span(seconds['wall'])}"
        yield from _line("monitor", f"{_span(seconds['monitor_cpu'])} of CPU, its start included{watched}")


def _not_seen(events: dict[str, Any]) -> str:
    count = events["skipped"] + sum(events["io_uring"].values()) + sum(sum(calls.values()) for calls in events["not_decoded"].values())
    return f", {count:,} not seen" if count else ""


def _ending(command: dict[str, Any]) -> str:
    after = "" if command["seconds"] is None else f" after {_span(command['seconds'])}"
    left = len(command["left_running"])
    said = f"; {left} left running" if left else ""
    if command["signal"] is not None:
        return f"ended by {command['signal']}{after}{said}"
    return f"exit status {command['status']}{after}{said}" if command["status"] is not None else f"has not ended{said}"


def _processes(document: Document) -> Iterator[str]:
    found = document["processes"]
    if found is None:
        yield from _line("processes", _NOT_CAPTURED)
        return
    yield from _line("processes", f"{found['started']:,} started, {_count(found['threads_started'], 'thread')}; {found['ended']:,} ended")
    ends: dict[str, int] = {}
    for end in found["ends"]:
        if end["status"] != 0:
            how = end["signal"] or f"status {end['status']}"
            ends[f"{_shown(end['comm'])} {how}"] = ends.get(f"{_shown(end['comm'])} {how}", 0) + end["count"]
    good = sum(end["count"] for end in found["ends"] if end["status"] == 0)
    if found["ended"]:
        words = [*([f"{good:,} with status 0"] if good else []), *(f"{count:,} × {how}" for how, count in sorted(ends.items(), key=lambda item: -item[1]))]
        yield from _line("", _joined(words, WIDTH - _LABEL))


def _joined(words: Sequence[str], room: int) -> str:
    """As many words as find room, and how many more there are."""
    for count in range(len(words), 0, -1):
        rest = len(words) - count
        said = " · ".join(words[:count]) + (f" · {rest} more" if rest else "")
        if len(said) <= room:
            return said
    return words[0]


def _programs(document: Document) -> Iterator[str]:
    def cells(row: dict[str, Any]) -> tuple[str, str]:
        by = f" ({_shown(row['interpreter'])})" if row["interpreter"] else ""
        return f"{row['runs']:,} ×", f"{_shown(row['path'])}{by}"

    yield from _list("programs", document["programs"], cells, lambda rows: f"{len(rows):,}, run {_sum(rows, 'runs'):,} time{'s' * (_sum(rows, 'runs') != 1)}")


def _files(document: Document) -> Iterator[str]:
    files = document["files"]

    def moved(row: dict[str, Any]) -> tuple[str, str]:
        return size(row["bytes"]), _shown(row["path"])

    def thing(row: dict[str, Any]) -> tuple[str, str]:
        amount = f"{row['times']:,} ×" if row["times"] > 1 else size(row["bytes_written"]) if row["bytes_written"] else ""
        return amount, ("" if row["what"] == "file" else f"{row['what']} ") + _shown(row["path"])

    yield from _list("written", files["written"], moved, partial(_traffic, "writes"))
    yield from _list("read", files["read"], moved, partial(_traffic, "reads"))
    for label in ("created", "deleted"):
        yield from _list(label, files[label], thing, _names)
    yield from _list(
        "renamed",
        files["renamed"],
        lambda row: (f"{row['times']:,} ×" if row["times"] > 1 else "", f"{_shown(row['from'])} → {_shown(row['to'])}"),
        _names,
    )


def _streams(document: Document) -> Iterator[str]:
    def cells(row: dict[str, Any]) -> tuple[str, str]:
        kinds = ((row["written"], row["writes"], "write"), (row["read"], row["reads"], "read"))
        did = ", ".join(f"{size(amount)} in {_count(calls, call)}" for amount, calls, call in kinds if calls)
        return size(row["written"] + row["read"]), f"{_shown(row['what'])}  {did}{_NO_PEER if row['what'] == 'socket' else ''}"

    rows = document["streams"]
    yield from _list(
        "streams",
        None if rows is None else sorted(rows, key=lambda row: -(row["written"] + row["read"])),
        cells,
        lambda rows: f"{size(_sum(rows, 'written'))} written, {size(_sum(rows, 'read'))} read: pipes, sockets, devices and the like",
    )


_NO_PEER = "; these calls name no peer"


def _traffic(calls: str, rows: Sequence[dict[str, Any]]) -> str:
    return f"{_count(len(rows), 'file')}, {size(_sum(rows, 'bytes'))} in {_sum(rows, 'calls'):,} {calls}"


def _names(rows: Sequence[dict[str, Any]]) -> str:
    times = _sum(rows, "times")
    return _count(len(rows), "name") + (f", {times:,} times" if times > len(rows) else "")


def _sum(rows: Sequence[dict[str, Any]], key: str) -> int:
    return sum(row[key] for row in rows)


def _count(count: int, what: str) -> str:
    return f"{count:,} {what}{'s' * (count != 1)}"


def _peers(document: Document) -> Iterator[str]:
    def cells(row: dict[str, Any]) -> tuple[str, str]:
        kinds = ((row["connections"], "connected"), (row["accepted"], "accepted"), (row["failed"], "failed"))
        did = ", ".join(f"{count:,} {what}" for count, what in kinds if count)
        moved = f"{size(row['sent'])} sent, {size(row['received'])} received" if row["sent"] or row["received"] else ""
        return size(row["sent"] + row["received"]), f"{_address(row)}  {', '.join(filter(None, (did, moved)))}"

    yield from _list(
        "peers",
        document["peers"],
        cells,
        lambda rows: f"{len(rows):,}, {size(_sum(rows, 'sent'))} sent, {size(_sum(rows, 'received'))} received",
    )


def _address(row: dict[str, Any]) -> str:
    if row["family"] is None:
        return "no peer"
    address = _shown(row["addr"]) or "unnamed"
    if row["port"] is not None:
        address = f"[{address}]:{row['port']}" if ":" in address else f"{address}:{row['port']}"
    kind = (row["protocol"] or row["family"]).removeprefix("IPPROTO_").removeprefix("AF_").lower()
    return f"{address} {kind}"


def _failures(document: Document) -> Iterator[str]:
    def cells(row: dict[str, Any]) -> tuple[str, str]:
        if not row["by"]:
            return f"{row['count']:,} ×", row["errno"]
        most = row["by"][0]
        share = "" if most["count"] == row["count"] else f", {most['count']:,} ×"
        return f"{row['count']:,} ×", f"{row['errno']:<12} {most['event_type']}{share}: {_shown(most['target'])}"

    yield from _list("failures", document["failures"], cells, lambda rows: f"{_count(_sum(rows, 'count'), 'call')}, each errno with what met it most often")


def _signals(document: Document) -> Iterator[str]:
    def cells(row: dict[str, Any]) -> tuple[str, str]:
        to = _UNKNOWN if row["target_pid"] is None else f"{row['target_pid']}"
        name = f" ({_shown(row['target_comm'])})" if row["target_comm"] else ""
        return f"{row['count']:,} ×", f"{row['signal']} {_shown(row['comm'])} [{row['pid']}] → {to}{name}{' ' + row['error'] if row['error'] else ''}"

    yield from _list("signals", document["signals"], cells, lambda rows: f"{_sum(rows, 'count'):,} sent")


def _beyond(document: Document) -> Iterator[str]:
    for name, sums in document["beyond"].items():
        said = ", ".join(f"{amount:,} {what}" for what, amount in sums.items() if amount)
        yield from _line("beyond", f"{name}: more different ones than are kept; {said} of them are counted only here")


_PARTS: tuple[Callable[[Document], Iterator[str]], ...] = (_head, _processes, _programs, _files, _streams, _peers, _failures, _signals, _beyond)
_NOT_CAPTURED = "not captured (-e)"


def _line(label: str, said: str) -> Iterator[str]:
    yield f"{label:<{_LABEL}}{said}"


def _list(
    label: str, rows: list[dict[str, Any]] | None, cells: Callable[[dict[str, Any]], tuple[str, str]], headline: Callable[[list[dict[str, Any]]], str]
) -> Iterator[str]:
    """A headline, the first rows, and how many more there are; nothing for an empty list."""
    if rows is None:
        yield from _line(label, _NOT_CAPTURED)
    if not rows:
        return
    yield from _line(label, headline(rows))
    for row in rows[:SHOWN]:
        amount, what = cells(row)
        yield f"  {amount:>{_AMOUNT}} {fit(what, WIDTH - _AMOUNT - 3, from_end=what.startswith('/'))}"
    if len(rows) > SHOWN:
        yield f"  {'':>{_AMOUNT}} … {len(rows) - SHOWN:,} more"


def _shown(name: str | None) -> str:
    return _UNKNOWN if name is None else safe_text(name)


def _span(seconds: float) -> str:
    return duration(round(seconds * 1e9))
