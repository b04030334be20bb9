"""What an event source hands over, and the protocol it keeps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Batch:
    """A run of records in their final order; good until the source's next `read`, whose memory it may be.

    Attributes:
        records: ``(n,)`` of ``record.RECORD``, ordered by (time, cpu, seq); ``time`` is boot-clock ns. A loss is a
            row of its own with event ``catalogue.MONITOR_LOST``: args = count, family index, cpu, from ns, to ns.
        payload: ``(m,) uint8``; ``records["payload_at"]`` are offsets into it.
        paths: text behind path keys, as bytes (absolute, ` (deleted)` appended); live, read only: look a key up
            while the batch is being taken in.
        cgroups: cgroup v2 paths by id; live, read only.
        coalesced: records that stand in others of the batch; with them it was as large as it looked to the reader.
    """

    records: NDArray[np.void]
    payload: NDArray[np.uint8]
    paths: Mapping[int, bytes]
    cgroups: Mapping[int, bytes]
    coalesced: int = 0


@dataclass(frozen=True, slots=True)
class SourceStart:
    """What `monitor.start` says, and how boot-clock time becomes wall-clock time."""

    host: str
    kernel: str
    machine: str
    boot_id: str
    run_id: str
    version: str
    options: Mapping[str, Any]
    left_out: tuple[int, ...]
    epoch_offset_ns: int  # epoch ns = boot-clock ns + this; anchored once
    started_ns: int  # boot-clock ns


@dataclass(frozen=True, slots=True)
class SourceTotals:
    """What the source counted besides events; all cumulative since the start."""

    lost: int = 0
    tree_lost: int = 0  # records among which there can be forks, execs and exits; hidden ones too, which `lost` does not count
    left_out: int = 0  # events of the monitor's own screen (terminal, sudo, sshd) not recorded
    skipped: int = 0  # runs that the kernel refused (recursion) and records that met another one
    not_decoded: Mapping[str, Mapping[str, int]] = field(default_factory=dict)  # abi → call or number → n
    io_uring: Mapping[str, int] = field(default_factory=dict)  # opcode → n
    at_ns: int = 0  # boot-clock ns at which these were read
    stopped_ns: int = 0  # boot-clock ns at which the probes went silent; 0 while running

    @property
    def unseen(self) -> int:
        """What happened and is neither an event nor lost: skipped runs, calls of other ABIs, io_uring operations."""
        return self.skipped + sum(self.io_uring.values()) + sum(sum(calls.values()) for calls in self.not_decoded.values())


class EventSource(Protocol):
    """Where batches come from. One thread calls `start`, `read` and `stop`."""

    def start(self) -> SourceStart:
        """Begin; the probes are in place when this returns. Raises CannotTrace."""
        ...

    def read(self) -> Batch | None:
        """What has become ready since the last call; None for nothing, or for so little that it can wait a moment. Never blocks."""
        ...

    def totals(self) -> SourceTotals:
        """The counters as they stand."""
        ...

    def stop(self) -> Batch | None:
        """Silence the probes and hand over what was still held back; afterwards `totals` is final."""
        ...
