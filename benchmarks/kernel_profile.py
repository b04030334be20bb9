"""Where the kernel's time goes in a monitored call: samples of the kernel while a load runs, as nanoseconds a call.

    sudo .venv/bin/python benchmarks/kernel_profile.py [close|read|shut|open|getppid] [CALLS]

Needs perf (linux-perf). Sampled by the CPU clock, so it works in virtual machines without counters. A line per kernel function,
the BPF programs among them by their names; all of them together are the kernel's part of a call.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

import loads
import overhead

_LINE = re.compile(r"^\s*([\d.]+)%\s+\[k\] (?:bpf_prog_[0-9a-f]+_)?(\S+)", re.MULTILINE)
SHOWN = 24


def main() -> None:
    """Sample and print."""
    kind = sys.argv[1] if len(sys.argv) > 1 else "read"
    calls = int(sys.argv[2]) if len(sys.argv) > 2 else 2_000_000
    load = loads.build()
    with tempfile.TemporaryDirectory() as directory, overhead.monitored():
        samples = Path(directory) / "samples"
        command = ["perf", "record", "-q", "-F", "5000", "-e", "cpu-clock:k", "-o", str(samples), str(load), kind, str(calls)]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
        report = subprocess.run(["perf", "report", "-i", str(samples), "--stdio", "--sort", "symbol"], check=True, capture_output=True, text=True).stdout
    a_call = float(said[1])
    print(f"{kind}: {a_call:.0f} CPU ns a call; the kernel's part by function")
    for share, name in _LINE.findall(report)[:SHOWN]:
        print(f"{a_call * float(share) / 100:6.0f} ns  {name}")


if __name__ == "__main__":
    main()
