"""What this process may do; knows nothing of probes."""

from __future__ import annotations

import os
from pathlib import Path

from kellect_tui.errors import CannotTrace

CAP_SYS_ADMIN, CAP_PERFMON, CAP_BPF = 21, 38, 39  # include/uapi/linux/capability.h


def effective_capabilities() -> int:
    """Bits of the capabilities in effect (proc(5), CapEff)."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("CapEff:"):
            return int(line.split()[1], 16)
    return 0


def may_trace() -> bool:
    """Whether the kernel will load tracing programs for us: CAP_SYS_ADMIN, or CAP_BPF with CAP_PERFMON."""
    bits = effective_capabilities()
    return bool(bits >> CAP_SYS_ADMIN & 1) or (bool(bits >> CAP_BPF & 1) and bool(bits >> CAP_PERFMON & 1))


def require() -> None:
    """Raises CannotTrace where we may not trace."""
    if not may_trace():
        who = "root" if os.geteuid() == 0 else "you"
        raise CannotTrace(
            "tracing needs root" if who == "you" else "tracing needs CAP_BPF and CAP_PERFMON, which root lacks here",
            "run `sudo kellect-tui`; `kellect-tui --demo` shows the program without"
            if who == "you"
            else "in a container, add `--cap-add BPF --cap-add PERFMON --pid host`",
        )


def lockdown() -> str:
    """The kernel's lockdown mode: `none`, `integrity`, `confidentiality`; empty where it is not told."""
    try:
        text = Path("/sys/kernel/security/lockdown").read_text()
    except OSError:
        return ""
    start, end = text.find("["), text.find("]")
    return text[start + 1 : end] if 0 <= start < end else ""
