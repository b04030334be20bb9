"""The hard cases of tests/bpf/workload under another kernel: `make kernels BOOT='…'`.

    python -m tests.kernels build PLACE          compiles the programs; on the machine that boots the kernel
    python -m tests.kernels run PLACE [CASE…]    records and compares; under that kernel, as root, where no compiler is needed

The largest cases are left out unless they are named: an emulated processor takes minutes for them. Prints what the kernel is, how
many cases are right, what is wrong in the others; status 1 if something was told that did not happen so, or is missing though
the kernel skipped no probe.
"""

from __future__ import annotations

import platform
import shutil
import sys
import tempfile
from pathlib import Path

from kellect_tui.bpf.program import Program
from tests.bpf.compare import Line, compare, lies
from tests.bpf.test_workload import CASES, compiled, recording

LARGE = frozenset((
    "reused_mounts", "burst", "many_components", "many_files", "side_by_side", "many_pipes", "many_directories", "ends_close_together",
    "many_sockets_and_memories", "renamed_parents",
))  # fmt: skip
"""More than 100 calls each."""
PATIENCE_SECONDS = 1_500
SHOWN = 600


def untrue(expected: list[Line], recorded: list[Line]) -> list[Line]:
    """What was told and did not happen so. Where a kernel skips probes, events may be missing and durations null."""
    judged = [{**line, "duration_ns": line["duration_ns"] if line["syscall"] is None else 0} for line in recorded]
    return lies([{**line, "no_duration": False} for line in expected], judged)


def variant() -> str:
    """Which variant of the probes this kernel takes."""
    program = Program(1 << 20)
    program.close()
    return "typed" if program.typed else "plain"


def run(place: Path, cases: list[str]) -> int:
    """Record the cases, and say what came of them."""
    print(f"kernel {platform.release()} {platform.machine()}, {variant()} tracepoints, {len(cases)} cases", flush=True)
    with tempfile.TemporaryDirectory() as directory:
        own = Path(directory).resolve() / "programs"  # in one file system with what they make: they link themselves
        shutil.copytree(place, own)
        done = recording(own.parent, made=(own / "workload", own / "helper"), cases=cases, patience=PATIENCE_SECONDS)
    stop = done.recorded[-1]["arguments"]
    right, told, missing = 0, 0, 0
    for case in cases:
        expected = done.truth.get(case, [])
        wrong = [f"did not go as it was meant to: {text}" for text in done.broken.get(case, [])] + compare(expected, done.recorded)
        if not wrong and expected:
            right += 1
            continue
        false = untrue(expected, done.recorded)
        told, missing = told + len(false), missing + 1
        print(f"{case}: {len(wrong)} differences, {len(false)} untrue")
        for text in (wrong or ["it was not run"])[:3]:
            print("  " + text[:SHOWN])
    events = sum(len(lines) for lines in done.truth.values())
    print(f"{right} of {len(cases)} cases right, {events} events; told and not so: {told}; skipped {stop['skipped']}, lost {stop['lost']}")
    return int(told > 0 or (missing > 0 and not stop["skipped"] and not stop["lost"]))


def main() -> int:
    """Build or run."""
    match sys.argv[1:]:
        case ["build", place]:
            Path(place).mkdir(exist_ok=True)
            compiled(Path(place).resolve())
            return 0
        case ["run", place, *cases]:
            return run(Path(place).resolve(), cases or [case for case in CASES if case not in LARGE])
        case _:
            print(__doc__)
            return 2


if __name__ == "__main__":
    sys.exit(main())
