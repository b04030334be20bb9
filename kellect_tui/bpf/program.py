"""Compiles the kernel program with BCC, loads it, attaches it; knows nothing of what the records mean.

BCC compiles (and creates the maps); the programs are loaded here, because BCC 0.26 cannot load BTF-typed raw
tracepoints (BPF_PROG_TYPE_TRACING, BPF_TRACE_RAW_TP), which cost half of what plain ones do. Plain raw tracepoints
from the same source are the fallback (5.8 to 5.10). Source of the numbers: include/uapi/linux/bpf.h, bpf(2).
"""

from __future__ import annotations

import ctypes as ct
import mmap
import os
import platform
import resource
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from kellect_tui.bpf.btf import Btf
from kellect_tui.bpf.layout import TRACEPOINTS, defines, structs
from kellect_tui.bpf.table import DESCRIPTOR
from kellect_tui.errors import CannotTrace
from kellect_tui.events.catalogue import EXEC, EXIT, FORK
from kellect_tui.events.options import MAX_COMMS, MAX_UIDS
from kellect_tui.events.record import RECORD, Flag, Mark, Section
from kellect_tui.events.syscalls import native

HERE = Path(__file__).parent
SOURCE = HERE / "kellect.bpf.c"
CHUNK_BYTES = 262_144
MIN_SLOTS, MIN_CHUNKS = 1024, 2

PROGRAMS: Mapping[str, str] = {
    "on_enter": "sys_enter", "early": "sys_enter", "early_walk": "sys_enter",
    "on_exit": "sys_exit", "exit_walk": "sys_exit", "step": "sys_exit", "argv": "sys_exit", "messages": "sys_exit",
    "on_fork": "sched_process_fork", "on_gone": "sched_process_exit",
    "on_exec": "sched_process_exec", "exec_walk": "sched_process_exec",
    "on_uring": "io_uring_submit_req",
}  # fmt: skip
TAIL_CALLS = {"enter_next": ("early", "early_walk"), "exit_next": ("exit_walk", "step", "argv", "messages"), "exec_next": ("exec_walk",)}
ATTACHED = ("on_fork", "on_exec", "on_gone", "on_uring", "on_enter", "on_exit")

_SYS_BPF = {"x86_64": 321, "aarch64": 280}
_PROG_LOAD, _RAW_TRACEPOINT_OPEN, _OBJ_GET_INFO_BY_FD = 5, 17, 15
_TYPE_RAW_TRACEPOINT, _TYPE_TRACING, _ATTACH_TRACE_RAW_TP = 17, 26, 23
_libc = ct.CDLL(None, use_errno=True)


class _LoadAttr(ct.Structure):
    _fields_ = [
        ("prog_type", ct.c_uint32), ("insn_cnt", ct.c_uint32), ("insns", ct.c_uint64), ("license", ct.c_uint64),
        ("log_level", ct.c_uint32), ("log_size", ct.c_uint32), ("log_buf", ct.c_uint64), ("kern_version", ct.c_uint32),
        ("prog_flags", ct.c_uint32), ("prog_name", ct.c_char * 16), ("prog_ifindex", ct.c_uint32), ("expected_attach_type", ct.c_uint32),
        ("prog_btf_fd", ct.c_uint32), ("func_info_rec_size", ct.c_uint32), ("func_info", ct.c_uint64), ("func_info_cnt", ct.c_uint32),
        ("line_info_rec_size", ct.c_uint32), ("line_info", ct.c_uint64), ("line_info_cnt", ct.c_uint32), ("attach_btf_id", ct.c_uint32),
        ("attach_prog_fd", ct.c_uint32), ("pad", ct.c_uint32),
    ]  # fmt: skip


class _OpenAttr(ct.Structure):
    _fields_ = [("name", ct.c_uint64), ("prog_fd", ct.c_uint32), ("pad", ct.c_uint32)]


class _InfoAttr(ct.Structure):
    _fields_ = [("fd", ct.c_uint32), ("length", ct.c_uint32), ("info", ct.c_uint64)]


class Bcc(Protocol):
    """What we use of bcc.BPF, which is untyped."""

    module: Any

    def __getitem__(self, name: bytes) -> Any: ...
    def cleanup(self) -> None: ...


def _bpf(command: int, attr: ct.Structure) -> int:
    result: int = _libc.syscall(_SYS_BPF[platform.machine()], command, ct.byref(attr), ct.sizeof(attr))
    return result if result >= 0 else -ct.get_errno()


def load(insns: int, count: int, name: str, btf_id: int, log_level: int = 0, refused: int = 0) -> tuple[int, str]:
    """Load `count` instructions at address `insns`; BTF-typed where `btf_id` is not 0. Returns (fd, verifier's log).

    `refused` is the errno of a first try that was made without a log.

    Raises CannotTrace with the verifier's first words.
    """
    log = ct.create_string_buffer(1 << 24) if log_level else None
    license_text = ct.create_string_buffer(b"GPL")
    attr = _LoadAttr(
        prog_type=_TYPE_TRACING if btf_id else _TYPE_RAW_TRACEPOINT, insn_cnt=count, insns=insns, license=ct.addressof(license_text),
        prog_name=name.encode()[:15], expected_attach_type=_ATTACH_TRACE_RAW_TP if btf_id else 0, attach_btf_id=btf_id,
        log_level=log_level, log_size=len(log) if log else 0, log_buf=ct.addressof(log) if log else 0,
    )  # fmt: skip
    fd = _bpf(_PROG_LOAD, attr)
    text = log.value.decode(errors="replace") if log else ""
    if fd >= 0:
        return fd, text
    if not log_level:
        return load(insns, count, name, btf_id, 1, -fd)  # again, for the verifier's words
    refused = refused or -fd
    if refused == 1:  # EPERM
        raise CannotTrace(
            "the kernel refused the probes: CAP_BPF and CAP_PERFMON are missing", "run `sudo kellect-tui`; `kellect-tui doctor` shows what this machine lacks"
        )
    why = f"the kernel's verifier refused {name}: {os.strerror(refused)}: {_refusal(text)}"
    raise CannotTrace(why, "please report this with the output of `kellect-tui doctor --json`")


def _refusal(log: str) -> str:
    lines = [line for line in log.splitlines() if line and not line.startswith(("processed", ";", "from", "verification time", "stack depth"))]
    return " | ".join(lines[-6:])[-600:]


def attach(fd: int, tracepoint: str | None) -> int:
    """Open a raw tracepoint; None for a typed program, which knows its own. Returns the link's descriptor."""
    name = ct.create_string_buffer(tracepoint.encode()) if tracepoint else None
    link = _bpf(_RAW_TRACEPOINT_OPEN, _OpenAttr(ct.addressof(name) if name else 0, fd, 0))
    if link < 0:
        raise CannotTrace(f"the kernel refused to attach a probe: {os.strerror(-link)}", "`kellect-tui doctor` shows what this machine lacks")
    return link


def misses(fd: int) -> int:
    """Runs of a program that the kernel skipped because it was running already (`recursion_misses`, 5.12); 0 where unknown."""
    info = ct.create_string_buffer(256)
    if _bpf(_OBJ_GET_INFO_BY_FD, _InfoAttr(fd, len(info), ct.addressof(info))) < 0:
        return 0
    return int.from_bytes(info.raw[208:216], "little")


def possible_cpus() -> int:
    """How many CPU numbers the kernel may ever use."""
    return int(Path("/sys/devices/system/cpu/possible").read_text().strip().replace(",", "-").split("-")[-1]) + 1


def ring_shape(ring_bytes: int, cpus: int) -> tuple[int, int]:
    """(slots, heap chunks) per CPU, powers of two, within `ring_bytes` in total: three quarters slots, one quarter payload."""
    share = ring_bytes // cpus
    slots = max(MIN_SLOTS, _power_below(share * 3 // 4 // RECORD.itemsize))
    chunks = max(MIN_CHUNKS, _power_below(share // 4 // CHUNK_BYTES))
    return slots, chunks


def _power_below(value: int) -> int:
    return 1 << max(0, value.bit_length() - 1)


def _flight_slots(pid_max: int) -> int:
    return max(1 << 12, min(1 << 17, _power_below(pid_max * 2 - 1)))


def _numbers() -> dict[str, int]:
    """What Python owns and the program needs: flags, sections, marks, type ids."""
    values = {f"F_{flag.name}": int(flag) for flag in Flag}
    values |= {f"S_{section.name}": int(section) for section in Section}
    values |= {f"MARK_{mark.name}": int(mark) for mark in Mark}
    return values | {"EV_FORK": FORK, "EV_EXEC": EXEC, "EV_EXIT": EXIT, "N_COMM": MAX_COMMS, "N_UID": MAX_UIDS, "N_SENT": 65_536}


def dtype_of(leaf: type[ct.Structure]) -> np.dtype[np.void]:
    """The numpy dtype of a structure as the compiler laid it out."""
    names, formats, offsets = [], [], []
    for name, kind in leaf._fields_:  # type: ignore[misc]  # BCC makes two-tuples
        names.append(name)
        formats.append(np.dtype(kind))
        offsets.append(getattr(leaf, name).offset)
    return np.dtype({"names": names, "formats": formats, "offsets": offsets, "itemsize": ct.sizeof(leaf)})


def layout_differences(compiled: np.dtype[np.void], ours: np.dtype[np.void]) -> list[str]:
    """Fields that are not at the same offset with the same size, in words; empty when the two are the same."""

    def places(dtype: np.dtype[np.void]) -> dict[str, tuple[int, int]]:
        return {name: (dtype.fields[name][1], dtype.fields[name][0].itemsize) for name in dtype.names or () if dtype.fields}

    left, right = places(compiled), places(ours)
    wrong = [f"{name}: {left.get(name)} in C, {right.get(name)} in Python" for name in left.keys() | right.keys() if left.get(name) != right.get(name)]
    return sorted(wrong) + ([f"size: {compiled.itemsize} in C, {ours.itemsize} in Python"] if compiled.itemsize != ours.itemsize else [])


class Program:
    """The compiled and loaded program with its maps; attached by `attach`.

    Attributes:
        cpus, slots, chunks: shape of the rings.
        records: ``(cpus * slots,)`` of RECORD, shared with the kernel; ring: the same by CPU, ``(slots,)`` each.
        payload: ``(cpus * chunks * CHUNK_BYTES,) uint8``, shared with the kernel; heap: the same by CPU.
        ctl: ``(cpus,)`` of the control block; cfg: ``(1,)`` of the configuration; desc: ``(512,)`` of DESCRIPTOR;
        pids: ``(pid_max,) uint8``; foreign: ``(cpus, 2048) uint64``; uring: ``(cpus, 128) uint64``.
        typed: whether BTF-typed tracepoints are used.
    """

    def __init__(self, ring_bytes: int, *, typed: bool | None = None, log_level: int = 0, text: str | None = None) -> None:
        machine = platform.machine()
        self.btf = Btf(structs(), [f"btf_trace_{name}" for name in TRACEPOINTS])
        if not self.btf.typedef("btf_trace_sys_enter"):
            raise CannotTrace("this kernel has no system call tracepoints", "a kernel with CONFIG_FTRACE_SYSCALLS=y is needed")
        values = defines(self.btf, machine) | _numbers() | {f"NR_{name.upper()}": native(machine)[name] for name in ("execve", "execveat")}
        self.cpus = possible_cpus()
        self.slots, self.chunks = ring_shape(ring_bytes, self.cpus)
        pid_max = int(Path("/proc/sys/kernel/pid_max").read_text())
        self.pid_slots = -(-(pid_max + 1) // 4096) * 4096
        values |= {"N_CPU": self.cpus, "N_SLOT": self.slots, "N_CHUNK": self.chunks, "N_PID": self.pid_slots, "N_FLIGHT": _flight_slots(pid_max)}
        if self.btf.parameters("btf_trace_sched_process_exit") == 3:
            values["EXIT_SAYS_GROUP_DEAD"] = 1
        self._has_uring = bool(self.btf.typedef("btf_trace_io_uring_submit_req")) and "OFF_URING_OPCODE" in values
        values.setdefault("OFF_URING_OPCODE", 0)
        self.typed = self._can_be_typed() if typed is None else typed
        if self.typed:
            values["TYPED"] = 1
        source = "".join(f"#define {name} {value}{'ull' if value > 0x7FFFFFFF else ''}\n" for name, value in values.items())
        self._links: list[int] = []
        self._programs: dict[str, int] = {}
        self._maps: list[mmap.mmap] = []
        self.instructions: dict[str, int] = {}
        self.logs: dict[str, str] = {}
        _raise_memlock()
        self._bcc = _compile(source + (text if text is not None else SOURCE.read_text()))
        try:
            self._check_layout()
            self._load(log_level)
            self._map()
        except BaseException:
            self.close()
            raise

    def _can_be_typed(self) -> bool:
        release = tuple(int(part) for part in platform.release().split("-")[0].split(".")[:2])
        return release >= (5, 11)  # bpf_get_current_task_btf

    def _check_layout(self) -> None:
        wrong = layout_differences(dtype_of(self._bcc[b"ring"].Leaf), RECORD) + layout_differences(dtype_of(self._bcc[b"desc"].Leaf), DESCRIPTOR)
        if wrong:
            raise CannotTrace("the compiled program lays out its records otherwise than expected: " + "; ".join(wrong[:3]), "please report this")

    def _load(self, log_level: int) -> None:
        from bcc.libbcc import lib

        for name, tracepoint in PROGRAMS.items():
            if name == "on_uring" and not self._has_uring:
                continue
            start, size = lib.bpf_function_start(self._bcc.module, name.encode()), lib.bpf_function_size(self._bcc.module, name.encode())
            btf_id = self.btf.typedef(f"btf_trace_{tracepoint}") if self.typed else 0
            self.instructions[name] = size // 8
            self._programs[name], self.logs[name] = load(start, size // 8, name, btf_id, log_level)
        for table, programs in TAIL_CALLS.items():
            for index, name in enumerate(programs):
                self._bcc[table.encode()][ct.c_int(index)] = ct.c_int(self._programs[name])

    def _map(self) -> None:
        self.ctl_type = dtype_of(self._bcc[b"ctl"].Leaf)
        slots, heap_bytes = self.slots, self.chunks * CHUNK_BYTES
        ring = self._shared("ring", self.cpus * slots * RECORD.itemsize)
        heap = self._shared("heap", self.cpus * heap_bytes)
        self.records: NDArray[np.void] = np.frombuffer(ring, RECORD, self.cpus * slots)
        self.payload: NDArray[np.uint8] = np.frombuffer(heap, np.uint8, self.cpus * heap_bytes)
        self.ring, self.heap = np.split(self.records, self.cpus), np.split(self.payload, self.cpus)
        self.ctl: NDArray[np.void] = np.frombuffer(self._shared("ctl", self.cpus * self.ctl_type.itemsize), self.ctl_type, self.cpus)
        cfg_type = dtype_of(self._bcc[b"cfg"].Leaf)
        self.cfg: NDArray[np.void] = np.frombuffer(self._shared("cfg", cfg_type.itemsize), cfg_type, 1)
        self.desc: NDArray[np.void] = np.frombuffer(self._shared("desc", 512 * DESCRIPTOR.itemsize), DESCRIPTOR, 512)
        self.pids: NDArray[np.uint8] = np.frombuffer(self._shared("pids", self.pid_slots), np.uint8, self.pid_slots)
        self.foreign = np.frombuffer(self._shared("foreign", self.cpus * 2048 * 8), np.uint64, self.cpus * 2048).reshape(self.cpus, 2048)
        self.uring = np.frombuffer(self._shared("uring", self.cpus * 128 * 8), np.uint64, self.cpus * 128).reshape(self.cpus, 128)

    def _shared(self, name: str, length: int) -> mmap.mmap:
        page = mmap.PAGESIZE
        # populated at once: page faults in the first busy moment made the reader lose
        area = mmap.mmap(self._bcc[name.encode()].map_fd, -(-length // page) * page, mmap.MAP_SHARED | mmap.MAP_POPULATE, mmap.PROT_READ | mmap.PROT_WRITE)
        self._maps.append(area)
        return area

    def attach(self) -> None:
        """Put the probes in place; events flow from here on."""
        for name in ATTACHED:
            if name in self._programs:
                self._links.append(attach(self._programs[name], None if self.typed else PROGRAMS[name]))

    def detach(self) -> None:
        """Silence the probes; the maps stay readable."""
        while self._links:
            os.close(self._links.pop())

    def skipped(self) -> int:
        """Runs that the kernel skipped, over all programs."""
        return sum(misses(fd) for fd in self._programs.values())

    def close(self) -> None:
        """Detach and free everything. The mapped arrays must not be used afterwards."""
        self.detach()
        for fd in self._programs.values():
            os.close(fd)
        self._programs.clear()
        self._bcc.cleanup()


def _raise_memlock() -> None:
    """Kernels before 5.11 charge maps to RLIMIT_MEMLOCK."""
    try:
        resource.setrlimit(resource.RLIMIT_MEMLOCK, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    except (ValueError, OSError):
        return  # later kernels charge the control group; a refusal shows when the maps are made


def _compile(text: str) -> Bcc:
    os.environ["BCC_KERNEL_SOURCE"] = str(HERE)  # whose include/ stands in for the kernel headers
    try:
        from bcc import BPF
    except ImportError as error:
        raise CannotTrace("BCC's Python module is missing", "run `apt install python3-bpfcc` (Debian, Ubuntu) or `dnf install python3-bcc` (Fedora)") from error
    try:
        program: Bcc = BPF(text=text.encode(), cflags=["-Wno-macro-redefined", "-Wno-unknown-warning-option"])
    except Exception as error:  # BCC raises bare Exception, whatever went wrong
        if os.geteuid() != 0:
            raise CannotTrace("tracing needs root", "run `sudo kellect-tui`") from error
        raise CannotTrace(f"BCC could not build the probes: {error}", "`kellect-tui doctor` shows what this machine lacks") from error
    return program
