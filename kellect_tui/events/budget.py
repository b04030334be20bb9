"""How `--memory` is shared out among what grows: events, names of paths, processes, and what the screen makes of events.

Without `--memory` each has a bound of its own, which the default of `--keep` fits.
"""

from __future__ import annotations

from dataclasses import dataclass

from kellect_tui.errors import BadOption

PROGRAM_BYTES = 288 << 20
"""The program without any event: interpreter, libraries, screen, compiler; measured 225 MiB beside the rings (benchmarks/idle.py)."""
LEAST_BYTES = 64 << 20
PROCESS_BYTES = 4_096
"""A process with its programs and their arguments, as it usually is."""
_EVENTS, _PATHS, _PROCESSES, _TEXTS = 0.5, 0.1, 0.08, 0.1  # the rest: views, batches under way, what malloc holds back


@dataclass(frozen=True, slots=True)
class Budget:
    """Bounds.

    Attributes:
        events: Bytes of chunks; None: as the number of events to keep says.
        paths: Bytes of path texts behind keys.
        exited: Ended processes that are kept; threads likewise.
        texts: Bytes of composed path texts that filters keep.
    """

    events: int | None = None
    paths: int = 96 << 20
    exited: int = 50_000
    texts: int = 128 << 20


def budget(memory_bytes: int | None, ring_bytes: int) -> Budget:
    """The shares of so much resident memory, the rings' included; None: the usual bounds. Raises BadOption."""
    if memory_bytes is None:
        return Budget()
    rest = memory_bytes - PROGRAM_BYTES - ring_bytes
    if rest < LEAST_BYTES:
        least = PROGRAM_BYTES + ring_bytes + LEAST_BYTES
        raise BadOption(f"--memory {memory_bytes >> 20}M is too little", f"with this --ring-size give at least {-(-least >> 20)}M")
    usual = Budget()
    exited = min(usual.exited, int(rest * _PROCESSES) // PROCESS_BYTES)
    return Budget(int(rest * _EVENTS), min(usual.paths, int(rest * _PATHS)), exited, min(usual.texts, int(rest * _TEXTS)))
