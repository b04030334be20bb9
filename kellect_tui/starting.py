"""What makes the start quick: no threads of numpy's, no collector, a fair share for the thread that loads the probes.

Imported before anything that imports numpy.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_THREADS = "OPENBLAS_NUM_THREADS"
_SWITCH_SECONDS = 0.0005
"""How long importing may hold the interpreter while the thread that loads the probes wants it: with Python's 5 ms each thing that
it reads waited that long, 0.2 s in all. A capture wants the same (`priority.SWITCH_SECONDS`)."""


def _load_numpy() -> None:
    """OpenBLAS starts a thread for every core, which looks for work: 60 ms of CPU that others need, for a library that we never call.

    The variable is not left behind: commands that we run would see it.
    """
    given = os.environ.get(_THREADS)
    os.environ[_THREADS] = given or "1"
    try:
        import numpy  # noqa: F401
    finally:
        if given is None:
            del os.environ[_THREADS]


@contextmanager
def quickly() -> Iterator[None]:
    """No garbage collection in the block: what is imported stays, and looking at it again and again takes a tenth of the start.

    The screen switches the collector on again as soon as it stands (`tui.app.spare_the_collector`).
    """
    gc.disable()
    sys.setswitchinterval(_SWITCH_SECONDS)
    try:
        yield
    finally:
        gc.enable()


_load_numpy()
