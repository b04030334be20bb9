"""The bpf(2) system call, as far as it is needed; knows nothing of what is loaded.

BCC 0.26 cannot load BTF-typed raw tracepoints (BPF_PROG_TYPE_TRACING, BPF_TRACE_RAW_TP), which cost half of what plain
ones do, so programs are loaded here. Source of the numbers: include/uapi/linux/bpf.h.
"""

from __future__ import annotations

import contextlib
import ctypes as ct
import errno
import os
import platform
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from kellect_tui.errors import CannotTrace

_SYS_BPF = {"x86_64": 321, "aarch64": 280}
_MAP_CREATE, _MAP_UPDATE_ELEM, _PROG_LOAD, _PROG_TEST_RUN, _OBJ_GET_INFO_BY_FD, _RAW_TRACEPOINT_OPEN = 0, 2, 5, 10, 15, 17
_TYPE_RAW_TRACEPOINT, _TYPE_TRACING, _ATTACH_TRACE_RAW_TP = 17, 26, 23
_ENABLE_STATS = 32
_libc = ct.CDLL(None, use_errno=True)


class _MapAttr(ct.Structure):
    _fields_ = [
        ("map_type", ct.c_uint32), ("key_size", ct.c_uint32), ("value_size", ct.c_uint32), ("max_entries", ct.c_uint32), ("map_flags", ct.c_uint32),
        ("inner_map_fd", ct.c_uint32), ("numa_node", ct.c_uint32), ("map_name", ct.c_char * 16),
    ]  # fmt: skip


class _ElementAttr(ct.Structure):
    _fields_ = [("map_fd", ct.c_uint32), ("pad", ct.c_uint32), ("key", ct.c_uint64), ("value", ct.c_uint64), ("flags", ct.c_uint64)]


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


class _TestRunAttr(ct.Structure):
    _fields_ = [
        ("prog_fd", ct.c_uint32), ("retval", ct.c_uint32), ("data", ct.c_uint64 * 3), ("repeat", ct.c_uint32), ("duration", ct.c_uint32),
        ("ctx_size_in", ct.c_uint32), ("ctx_size_out", ct.c_uint32), ("ctx_in", ct.c_uint64), ("ctx_out", ct.c_uint64),
        ("flags", ct.c_uint32), ("cpu", ct.c_uint32),
    ]  # fmt: skip


class _StatsAttr(ct.Structure):
    _fields_ = [("type", ct.c_uint32)]  # BPF_STATS_RUN_TIME is 0


class _InfoAttr(ct.Structure):
    _fields_ = [("fd", ct.c_uint32), ("length", ct.c_uint32), ("info", ct.c_uint64)]


def _bpf(command: int, attr: ct.Structure) -> int:
    result: int = _libc.syscall(_SYS_BPF[platform.machine()], command, ct.byref(attr), ct.sizeof(attr))
    return result if result >= 0 else -ct.get_errno()


@dataclass(frozen=True, slots=True)
class MapShape:
    """What a map is made of (enum bpf_map_type; bytes; BPF_F_*)."""

    type: int
    key_size: int
    value_size: int
    max_entries: int
    flags: int


def create_map(name: str, shape: MapShape) -> int:
    """Make a map. Returns its descriptor. Raises CannotTrace."""
    attr = _MapAttr(shape.type, shape.key_size, shape.value_size, shape.max_entries, shape.flags, 0, 0, name.encode()[:15])
    fd = _bpf(_MAP_CREATE, attr)
    if fd >= 0:
        return fd
    if -fd == errno.EPERM:
        raise no_rights()
    remedy = "give less memory to the rings: `--ring-size 16M`" if -fd in (errno.ENOMEM, errno.E2BIG) else "`kellect-tui doctor` shows what this machine lacks"
    raise CannotTrace(f"the kernel refused the map {name}: {os.strerror(-fd)}", remedy)


def map_shape(fd: int) -> MapShape:
    """What the kernel says of a map (struct bpf_map_info)."""
    info = ct.create_string_buffer(128)
    if (result := _bpf(_OBJ_GET_INFO_BY_FD, _InfoAttr(fd, len(info), ct.addressof(info)))) < 0:
        raise OSError(-result, os.strerror(-result))
    kind, _id, *rest = struct.unpack_from("<6I", info.raw)
    return MapShape(kind, *rest)


def put(map_fd: int, index: int, value: int) -> None:
    """Set element `index` of an array whose values are descriptors."""
    key, element = ct.c_uint32(index), ct.c_uint32(value)
    result = _bpf(_MAP_UPDATE_ELEM, _ElementAttr(map_fd, 0, ct.addressof(key), ct.addressof(element), 0))
    if result < 0:
        raise CannotTrace(f"the kernel refused to chain the probes: {os.strerror(-result)}", "please report this kernel's version")


def no_rights() -> CannotTrace:
    """The kernel said EPERM."""
    why = "the kernel refused the probes: CAP_BPF and CAP_PERFMON are missing"
    return CannotTrace(why, "run `sudo kellect-tui`; `kellect-tui doctor` shows what this machine lacks")


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
    if refused == errno.EPERM:
        raise no_rights()
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


_OWN_PID = (0x0000000E_00000085, 0x00000020_00000077, 0x95)
"""r0 = bpf_get_current_pid_tgid(); r0 >>= 32; exit"""


def own_pid() -> int:
    """The pid of this process in the initial pid namespace, which events have. Raises CannotTrace (a kernel before 5.10)."""
    code = (ct.c_uint64 * len(_OWN_PID))(*_OWN_PID)
    fd, _log = load(ct.addressof(code), len(code), "own_pid", 0)
    try:
        attr = _TestRunAttr(prog_fd=fd)
        if (result := _bpf(_PROG_TEST_RUN, attr)) < 0:
            raise CannotTrace(f"the kernel does not tell our own pid: {os.strerror(-result)}", "start it in the initial pid namespace: `docker run --pid=host`")
        return int(attr.retval)
    finally:
        os.close(fd)


def misses(fd: int) -> int:
    """Runs of a program that the kernel skipped because it was running already (`recursion_misses`, 5.12); 0 where unknown."""
    return _counters(fd)[2]


def run_time(fd: int) -> tuple[int, int]:
    """(ns, runs) of a program while `measuring` (`run_time_ns`, `run_cnt`, 5.8)."""
    return _counters(fd)[:2]


def _counters(fd: int) -> tuple[int, int, int]:
    """run_time_ns, run_cnt, recursion_misses of struct bpf_prog_info; 0 where unknown."""
    info = ct.create_string_buffer(256)
    if _bpf(_OBJ_GET_INFO_BY_FD, _InfoAttr(fd, len(info), ct.addressof(info))) < 0:
        return 0, 0, 0
    spent, runs, missed = (int.from_bytes(info.raw[at : at + 8], "little") for at in (192, 200, 208))
    return spent, runs, missed


@contextlib.contextmanager
def measuring() -> Iterator[None]:
    """Let the kernel time every program meanwhile: two readings of its clock a run."""
    fd = _bpf(_ENABLE_STATS, _StatsAttr(0))
    try:
        yield
    finally:
        if fd >= 0:
            os.close(fd)
