"""What this machine can do, what is missing, and the command that mends it: `kellect-tui doctor`."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import orjson

from kellect_tui.bpf import privileges
from kellect_tui.bpf.btf import VMLINUX, Btf
from kellect_tui.bpf.layout import REGISTERS, TRACEPOINTS, defines, structs
from kellect_tui.errors import CannotTrace

OLDEST = (5, 8)
_NEEDS_BTF = "boot a kernel 5.8 or later built with CONFIG_DEBUG_INFO_BTF=y (all of Debian's and Ubuntu's are)"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at.

    Attributes:
        name: What. ok: whether it is as needed. found: what is there. remedy: what mends it; empty where it is ok.
    """

    name: str
    ok: bool
    found: str
    remedy: str = ""


def _rights() -> Check:
    if privileges.may_trace():
        return Check("rights", True, "root" if os.geteuid() == 0 else "CAP_BPF and CAP_PERFMON")
    return Check("rights", False, f"uid {os.geteuid()} without CAP_BPF and CAP_PERFMON", "run it with sudo: `sudo kellect-tui`")


def _kernel() -> Check:
    release = platform.release()
    numbers = tuple(int(part) for part in release.split("-")[0].split(".")[:2] if part.isdecimal())
    ok = numbers >= OLDEST
    return Check("kernel", ok, release, "" if ok else "a kernel 5.8 or later is needed")


def _machine() -> Check:
    machine = platform.machine()
    ok = machine in REGISTERS
    return Check("machine", ok, machine, "" if ok else f"kellect-tui traces {' and '.join(REGISTERS)} kernels")


def _btf() -> Check:
    try:
        btf = Btf(structs(), [f"btf_trace_{name}" for name in TRACEPOINTS])
        defines(btf, platform.machine())
    except CannotTrace as error:
        return Check("BTF", False, error.message, error.remedy or _NEEDS_BTF)
    if not btf.typedef("btf_trace_sys_enter"):
        return Check("BTF", False, "no system call tracepoints", "a kernel with CONFIG_FTRACE_SYSCALLS=y is needed")
    return Check("BTF", True, f"{VMLINUX}, {VMLINUX.stat().st_size >> 10:,} KiB")


def _bcc() -> Check:
    try:
        import bcc
    except ImportError:
        return Check("BCC", False, "Python's bcc module is missing", "`apt install python3-bpfcc` (Debian, Ubuntu), `dnf install python3-bcc` (Fedora)")
    if not hasattr(bcc, "BPF"):
        return Check("BCC", False, f"{bcc.__file__} is another package", "`pip uninstall bcc`, then `apt install python3-bpfcc`")
    return Check("BCC", True, str(getattr(bcc, "__version__", "unknown version")))


def _lockdown() -> Check:
    mode = privileges.lockdown()
    ok = mode != "confidentiality"
    remedy = "" if ok else "lockdown mode `confidentiality` forbids BPF to read the kernel: boot with lockdown=integrity or without"
    return Check("lockdown", ok, mode or "none", remedy)


def _control_groups() -> Check:
    from kellect_tui.bpf.source import has_cgroup2

    return Check("control groups", True, "v2" if has_cgroup2() else "no v2 hierarchy: `cgroup` will be null")


def _load() -> Check:
    from kellect_tui.bpf.program import Program

    try:
        program = Program(1 << 20)
    except CannotTrace as error:
        return Check("probes", False, error.message, error.remedy)
    kind = "BTF-typed raw tracepoints" if program.typed else "plain raw tracepoints (twice the cost: the kernel is older than 5.11)"
    uring = "io_uring operations counted by opcode, not decoded" if "on_uring" in program.instructions else "io_uring operations not even counted"
    program.close()
    return Check("probes", True, f"{len(program.instructions)} programs loaded, {kind}, {uring}")


CHECKS: tuple[Callable[[], Check], ...] = (_rights, _kernel, _machine, _btf, _bcc, _lockdown, _control_groups)


def examine() -> list[Check]:
    """Look at everything; the real load last, and only where nothing before it failed."""
    results = [check() for check in CHECKS]
    if all(result.ok for result in results):
        results.append(_load())
    else:
        results.append(Check("probes", False, "not tried", "mend what is missing above first"))
    return results


def as_text(results: list[Check]) -> str:
    """A line per check, its remedy below."""
    lines: list[str] = []
    for result in results:
        lines.append(f"{'ok     ' if result.ok else 'MISSING'}  {result.name:15} {result.found}")
        if not result.ok:
            lines.append(f"{'':25}{result.remedy}")
    lines.append("" if not all(result.ok for result in results) else "\nEverything is there: `sudo kellect-tui`")
    return "\n".join(lines).rstrip()


def as_json(results: list[Check]) -> str:
    """An object: whether all is well, and the checks."""
    document = {"ok": all(result.ok for result in results), "checks": [asdict(result) for result in results], "pid_max": _pid_max()}
    return orjson.dumps(document, option=orjson.OPT_INDENT_2).decode()


def _pid_max() -> int:
    return int(Path("/proc/sys/kernel/pid_max").read_text())
