"""The rules of the Trace Event Format that our traces keep, as a check: what breaks one is not drawn, or drawn wrong.

Rules as ui.perfetto.dev's importer and the format's description have them: events are ordered by time first (equal ones stay
as they are); slices of a track nest or follow one another; an end ends the innermost begun one; an arrow has both its ends,
each within a slice; a track has one name.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

Row = dict[str, Any]
NEEDED = {
    "X": {"pid", "tid", "ts", "dur", "name", "cat"}, "B": {"pid", "tid", "ts", "name"}, "E": {"pid", "tid", "ts"}, "i": {"ts", "name", "s"},
    "M": {"pid", "tid", "name", "args"}, "s": {"pid", "tid", "ts", "id", "name"}, "f": {"pid", "tid", "ts", "id", "name", "bp"},
}  # fmt: skip


def faults(rows: list[Row]) -> list[str]:
    """What is wrong with a trace; empty where nothing is."""
    found = [f"{row} lacks {missing}" for row in rows if (missing := NEEDED[row["ph"]] - row.keys())]
    found += [f"{row} is before the beginning" for row in rows if row.get("ts", 0) < 0 or row.get("dur", 0) < 0]
    found += [f"{row} is not 31 bits" for row in rows if not 0 <= row.get("pid", 0) < 1 << 31 or not 0 <= row.get("tid", 0) < 1 << 31]
    names = Counter((row["pid"], row["tid"], row["name"]) for row in rows if row["ph"] == "M")
    found += [f"{key} is named {count} times" for key, count in names.items() if count > 1]
    tracks: dict[tuple[int, int], list[Row]] = defaultdict(list)
    for row in rows:
        if row["ph"] in "XBEsf":
            tracks[row["pid"], row["tid"]].append(row)
    for track, members in tracks.items():
        found += [f"track {track}: {fault}" for fault in _track_faults(sorted(members, key=lambda row: float(row["ts"])))]
    arrows = Counter((row["id"], row["ph"]) for row in rows if row["ph"] in "sf")
    found += [f"arrow {id} has {count} {end}" for (id, end), count in arrows.items() if count != 1 or (id, "f" if end == "s" else "s") not in arrows]
    return found


def _track_faults(rows: list[Row]) -> list[str]:
    found = []
    stack: list[tuple[str, int | None]] = []  # name, end in ns; None: begun
    for row in rows:
        at = _ns(row["ts"])
        while stack and stack[-1][1] is not None and stack[-1][1] <= at:
            stack.pop()
        if row["ph"] == "X":
            end = at + _ns(row["dur"])
            if stack and stack[-1][1] is not None and stack[-1][1] < end:
                found.append(f"{row['name']} at {at} ends after {stack[-1][0]}, in which it began")
            stack.append((row["name"], end))
        elif row["ph"] == "B":
            stack.append((row["name"], None))
        elif row["ph"] == "E":
            while stack and stack[-1][1] is not None:
                found.append(f"{stack[-1][0]} goes on after the end of what it lies in, at {at}")
                stack.pop()
            if not stack:
                found.append(f"an end at {at} without a beginning")
            elif stack.pop()[0] != row["name"]:
                found.append(f"an end of another at {at}: {row['name']}")
        elif not stack:
            found.append(f"an arrow at {at} outside of any slice")
    return found


def _ns(micros: float) -> int:
    return round(micros * 1000)
