"""What of a batch belongs to one command's tree: a recording of a command is not to carry other people's command lines.

The kernel tells of every fork, exec and exit on the machine, flagged HIDDEN outside the capture filter, so that the tree is
whole. Of these a recording of one command keeps its own processes' only.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kellect_tui.events.batch import Batch
from kellect_tui.events.catalogue import EXEC, EXIT, FORK
from kellect_tui.events.record import RECORD, Flag


class Scope:
    """The living processes of one tree, by pid; one thread.

    Args:
        pid: The tree's first process.
    """

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._pids = {pid}

    def cut(self, batch: Batch) -> Batch:
        """The batch without the hidden records of other processes. What is not hidden passed the capture filter, and stays."""
        records = batch.records
        rows = np.flatnonzero(np.isin(records["event"], (FORK, EXEC, EXIT)))
        if not len(rows):
            return batch
        foreign = rows[~self._is_ours(records[rows])]
        if not len(foreign):
            return batch
        keep = np.ones(len(records), np.bool_)
        keep[foreign] = False
        words = records.view(np.uint64).reshape(len(records), -1)  # copied as blocks, not field by field
        return Batch(words[keep].view(RECORD).reshape(-1), batch.payload, batch.paths, batch.cgroups)

    def _is_ours(self, records: NDArray[np.void]) -> NDArray[np.bool_]:
        """Which of these forks, execs and exits are our processes' ``(n,)``, in their order."""
        hidden = (records["flags"] & np.uint32(Flag.HIDDEN)) != 0
        columns = (hidden.tolist(), records["event"].tolist(), records["pid"].tolist(), records["args"][:, :3].tolist())
        return np.array([self._is_one(*row) for row in zip(*columns, strict=True)], np.bool_)

    def _is_one(self, hidden: bool, event: int, pid: int, args: list[int]) -> bool:
        if hidden and pid not in self._pids:
            return False
        self._pids.add(pid)  # one that was let through belongs to the tree, though its fork was lost
        if event == FORK:
            self._pids.add(args[0])
        elif event == EXIT and args[2]:
            self._pids.discard(pid)
        return True
