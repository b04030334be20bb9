"""`make exactness`: runs programs under strace and under the monitor at once, and prints how far the two agree.

    python -m tests.oracle [PROGRAM…]

Exit status: 0 all agree, 1 some do not, 2 no such program.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from tests.oracle.classes import KNOWN
from tests.oracle.compare import Outcome
from tests.oracle.programs import PROGRAMS, Program
from tests.oracle.run import exactness
from tests.oracle.table import arguments, known, table

SHOWN = 10


def measured(program: Program) -> Outcome:
    """The outcome of one program."""
    directory = Path(tempfile.mkdtemp()).resolve()
    place, records = directory / "place", directory / "records"
    place.mkdir()
    records.mkdir()
    try:
        return exactness(program.ready(place), place, records, KNOWN)
    finally:
        subprocess.run(["rm", "-rf", directory], check=True)  # the workload makes trees too deep for shutil's recursion


def main(names: list[str]) -> int:
    """Measures the programs of these names, or all."""
    chosen = [program for program in PROGRAMS if not names or program.name in names]
    if len(chosen) < len(names):
        print("programs:", ", ".join(program.name for program in PROGRAMS), file=sys.stderr)
        return 2
    outcomes: dict[str, Outcome] = {}
    for program in chosen:
        print(f"{program.name} …", file=sys.stderr)
        outcomes[program.name] = measured(program)
    print(*table(outcomes), "", "known differences:", *known(outcomes), "", "arguments compared:", *arguments(outcomes), sep="\n")
    differences = [difference for outcome in outcomes.values() for difference in outcome.differences]
    for difference in differences[:SHOWN]:
        print(f"\n{difference}")
    if len(differences) > SHOWN:
        print(f"\n… and {len(differences) - SHOWN} more")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
