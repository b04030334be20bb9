"""What the rows of a batch add to those who did them. Pure: who they are in the tree, and the adding, are `processes`'."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kellect_tui.events.catalogue import EXIT
from kellect_tui.session.tally import calls_only, sums

Person = tuple[int, int, int, int, bytes, bytes | None]
"""Somebody as their rows tell of them, not a process yet: pid, tid, ppid, uid, comm (with what stands behind its NUL), path of the control
group (None where not known)."""


class Work(NamedTuple):
    """What was done, by person.

    Attributes:
        people: Everybody, in no order.
        order: Their numbers, in the order of their last rows: in this one they are to be looked for among the lives of pids.
        lasts: Epoch ns of each one's last row; 0 where it tells nothing of a life: of ends, and where no times are known.
        until_ns: Epoch ns of the last row of all; None where not known.
        table: `(people, COUNT_NAMES) int64`. Bytes of sendmmsg and recvmmsg are missing in it.
        failed: Lists of (person, errno, how often).
        many: (person, row, event) of each sendmmsg and recvmmsg that succeeded; rows as they were given.
    """

    people: list[Person]
    order: list[int]
    lasts: list[int]
    until_ns: int | None
    table: NDArray[np.int64]
    failed: list[list[int]]
    many: list[tuple[int, int, int]]


def work(whos: NDArray[np.void], columns: tuple[NDArray[Any], ...], times: NDArray[np.int64] | None, cgroups: Mapping[int, bytes]) -> Work | None:
    """Sum up rows; None where all of them are the monitor's own.

    Args:
        whos: `(k,)` structured, as `Processes.count` has it.
        columns: Codes into `whos`, events, syscalls, flags, results, durations: `(n,)` each.
        times: Epoch ns, `(n,)` ascending; None: not known.
        cgroups: Paths by control group id.
    """
    rows = calls_only(columns[1])
    if rows is not None:
        columns = tuple(column[rows] for column in columns)
        times = None if times is None else times[rows]
    codes, events = columns[:2]
    if not len(events):
        return None
    found = sums(len(whos), *columns)
    people = list(_people(whos[found.used], cgroups))
    lasts = [0] * len(people)
    if times is not None:  # a thread's own end may come after that of the process: it tells nothing of a new life
        lasts = np.where(events[found.last] == EXIT, 0, times[found.last]).tolist()
    many = []
    if found.many:
        places = np.searchsorted(found.used, codes[found.many]).tolist()
        given = found.many if rows is None else rows[found.many].tolist()
        many = list(zip(places, given, events[found.many].tolist(), strict=True))
    return Work(people, np.argsort(found.last).tolist(), lasts, None if times is None else int(times[-1]), found.table, found.failed, many)


def _people(whos: NDArray[np.void], cgroups: Mapping[int, bytes]) -> Iterator[Person]:
    columns = [whos[name].tolist() for name in ("pid", "tid", "ppid", "uid", "comm")]
    groups = [cgroups.get(number) for number in whos["cgroup"].tolist()] if cgroups else [None] * len(whos)
    return zip(*columns, groups, strict=True)
