"""Makes one record of a run of equal reads or writes by one thread (`--coalesce`); vectorised, on what the reader hands over.

A run is the same call with the same registers on the same file, by the same ids, each time with success, between which the thread
does nothing but other such reads and writes (a copy is two runs). It ends at the latest where a batch ends or after `SLICE` records,
and never reaches across a loss. The record that is left is the last one of its run; its result and duration are the sums, and Section.RUN says of how
many calls.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kellect_tui.events.batch import Batch
from kellect_tui.events.catalogue import BY_NAME, MONITOR_LOST
from kellect_tui.events.record import NO_DURATION, NONE_REGISTER, RECORD, RUN_INFO, Flag, Section

_READ, _WRITE = BY_NAME["file.read"].id, BY_NAME["file.write"].id
_WORDS = RECORD.itemsize // 8
_SECTION = np.dtype([("kind", "u1"), ("register", "u1"), ("marks", "<u2"), ("length", "<u4"), ("run", RUN_INFO)])


def _place(name: str) -> int:
    assert RECORD.fields is not None
    return RECORD.fields[name][1] // 8


_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
SLICE = 4096
"""Records that are looked at together: as many as the processor's cache holds."""
_EQUAL = range(_place("args"), _place("payload_at"))
"""Words that are equal within a run: registers, who, what; beside them event, call and flags."""


def coalesced(batch: Batch) -> Batch:
    """The batch with every run of two or more in one record; the batch itself where there is none. Its records are changed in place."""
    records = batch.records
    found = [_runs(records[start : start + SLICE]) for start in range(0, len(records), SLICE)]
    lengths = np.concatenate([lengths for _places, lengths in found])
    if not len(lengths):
        return batch
    places = np.concatenate([places + start for start, (places, _lengths) in zip(range(0, len(records), SLICE), found, strict=True)])
    starts = np.cumsum(lengths) - lengths
    first, last = places[starts], places[starts + lengths - 1]
    sections = np.zeros(len(lengths), _SECTION)
    sections["kind"], sections["register"], sections["length"] = Section.RUN, NONE_REGISTER, RUN_INFO.itemsize
    run = sections["run"]
    run["calls"] = lengths
    run["bytes"] = np.add.reduceat(records["result"][places], starts)
    run["total_ns"] = np.add.reduceat(records["duration"][places], starts)
    run["span_ns"] = records["time"][last] - (records["time"][first] - records["duration"][first])
    records["result"][last], records["duration"][last] = run["bytes"], run["total_ns"]
    records["flags"][last] |= np.uint32(Flag.COALESCED)
    payload = _compact(records, batch.payload)
    records["payload_at"][last] = len(payload) + np.arange(len(lengths)) * _SECTION.itemsize
    records["payload_len"][last] = _SECTION.itemsize
    kept = np.ones(len(records), np.bool_)
    kept[places] = False
    kept[last] = True
    left: NDArray[np.void] = records.view(np.uint64).reshape(-1, _WORDS)[kept].view(RECORD).reshape(-1)
    return Batch(left, np.concatenate([payload, sections.view(np.uint8)]), batch.paths, batch.cgroups, len(records) - len(left))


def _compact(records: NDArray[np.void], payload: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Only the payloads that records have, each at a whole word: what they lie in may be the whole of the rings' heaps."""
    rows = np.flatnonzero(records["payload_len"])
    lengths = -(-records["payload_len"][rows].astype(np.int64) // 8) * 8
    starts = np.cumsum(lengths) - lengths
    index = np.arange(int(lengths.sum())) + np.repeat(records["payload_at"][rows].astype(np.int64) - starts, lengths)
    records["payload_at"][rows] = starts
    return payload.take(index, mode="clip") if len(rows) else payload[:0]


def _runs(records: NDArray[np.void]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Places of the records in runs of two and more, run by run, and the length of each run."""
    nothing = np.empty(0, np.intp)
    events, flags = records["event"], records["flags"]
    fit = ((events == _READ) | (events == _WRITE)) & (flags & np.uint32(~int(Flag.CREATED) & 0xFFFFFFFF) == np.uint32(Flag.OBJECT)) & (records["result"] >= 0)
    fit &= (records["payload_len"] == 0) & (records["duration"] != NO_DURATION)
    if np.count_nonzero(fit) < 2:
        return nothing, nothing
    by_thread = np.argsort(records["tid"], kind="stable")
    # A stretch is what a thread does without anything else between: it ends with any other record of the thread, and with a loss.
    stretch = np.empty(len(records), np.uint64)
    stretch[by_thread] = np.cumsum(~fit[by_thread])
    stretch = stretch << np.uint64(32) | np.cumsum(events == MONITOR_LOST).astype(np.uint64)
    order = by_thread[fit[by_thread]]
    words = records.view(np.uint64).reshape(-1, _WORDS)
    equal = np.empty((2 + len(_EQUAL), len(order)), np.uint64)
    equal[0] = stretch[order]
    equal[1] = events[order] | records["syscall"][order].astype(np.uint64) << np.uint64(16) | flags[order].astype(np.uint64) << np.uint64(32)
    equal[2:] = words[order, _EQUAL.start : _EQUAL.stop].T
    key = np.zeros(len(order), np.uint64)
    for word in equal:  # only brings equal ones together: what is equal is looked at below
        key = (key ^ word) * _MULTIPLIER
        key ^= key >> np.uint64(29)
    together = np.argsort(key, kind="stable")
    goes_on = (equal[:, together[1:]] == equal[:, together[:-1]]).all(axis=0)
    number = np.concatenate([[0], np.cumsum(~goes_on)])  # of the run that each place belongs to
    counts = np.bincount(number)
    return order[together][counts[number] > 1], counts[counts > 1]
