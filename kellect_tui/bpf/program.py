"""The kernel program: compiled or from the cache, loaded, attached; knows nothing of what the records mean."""

from __future__ import annotations

import hashlib
import mmap
import os
import platform
import resource
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kellect_tui.bpf import cache
from kellect_tui.bpf.btf import VMLINUX, Btf
from kellect_tui.bpf.compiled import CAST_CALL, INCLUDES, ORDERED_ADD, Compiled
from kellect_tui.bpf.compiler import compile_apart
from kellect_tui.bpf.layout import TRACEPOINTS, defines, structs, uring
from kellect_tui.bpf.syscall import attach, create_map, load, misses, put, run_time
from kellect_tui.bpf.table import DESCRIPTOR
from kellect_tui.bpf.text import kernel_text
from kellect_tui.errors import CannotTrace
from kellect_tui.events.catalogue import EXEC, EXIT, FORK
from kellect_tui.events.options import MAX_COMMS, MAX_UIDS
from kellect_tui.events.record import RECORD, Flag, Mark, Section
from kellect_tui.events.syscalls import native

CAST, CAST_TO = "bpf_rdonly_cast", {"file": "file", "dentry": "dentry", "list": "list_head", "task": "task_struct"}
JIT = Path("/proc/sys/net/core/bpf_jit_enable")
CHUNK_BYTES = 262_144
MIN_SLOTS, MIN_CHUNKS = 1024, 2
PID_LIMIT = 1 << 22
"""PID_MAX_LIMIT of include/linux/threads.h: kernel.pid_max may be raised up to it at any time."""

PROGRAMS = {
    "on_enter": "sys_enter", "early": "sys_enter", "early_walk": "sys_enter",
    "on_exit": "sys_exit", "exit_walk": "sys_exit", "step": "sys_exit", "argv": "sys_exit", "messages": "sys_exit",
    "on_fork": "sched_process_fork", "on_gone": "sched_process_exit",
    "on_exec": "sched_process_exec", "exec_walk": "sched_process_exec",
    "on_uring": "io_uring_submit_req",  # or its older name
}  # fmt: skip
TAIL_CALLS = {"enter_next": ("early", "early_walk"), "exit_next": ("exit_walk", "step", "argv", "messages"), "exec_next": ("exec_walk",)}
MAPS = ("ring", "heap", "ctl", "desc", "cfg", "pids", "foreign", "uring", "flights", "sent", *TAIL_CALLS)
VERIFIED_LONG = ("messages", "exit_walk", "exec_walk", "early_walk", "argv", "on_exit")  # loaded first: the others fill up
LAYOUTS = ("ring", "ctl", "desc", "cfg")
MAPPED = ("records", "payload", "ctl", "cfg", "desc", "pids", "foreign", "uring")
ATTACHED = ("on_fork", "on_exec", "on_gone", "on_uring", "on_enter", "on_exit")

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
    values |= {f"NR_{name.upper()}": native(platform.machine())[name] for name in ("execve", "execveat")}
    return values | {"EV_FORK": FORK, "EV_EXEC": EXEC, "EV_EXIT": EXIT, "N_COMM": MAX_COMMS, "N_UID": MAX_UIDS, "N_SENT": 65_536}


def layout_differences(compiled: np.dtype[np.void], ours: np.dtype[np.void]) -> list[str]:
    """Fields that are not at the same offset with the same size, in words; empty when the two are the same."""

    def places(dtype: np.dtype[np.void]) -> dict[str, tuple[int, int]]:
        return {name: (dtype.fields[name][1], dtype.fields[name][0].itemsize) for name in dtype.names or () if dtype.fields}

    left, right = places(compiled), places(ours)
    wrong = [f"{name}: {left.get(name)} in C, {right.get(name)} in Python" for name in left.keys() | right.keys() if left.get(name) != right.get(name)]
    return sorted(wrong) + ([f"size: {compiled.itemsize} in C, {ours.itemsize} in Python"] if compiled.itemsize != ours.itemsize else [])


class Program:
    """The loaded program with its maps; attached by `attach`.

    Args:
        ring_bytes: Size of all rings together.
        typed: Whether to use BTF-typed tracepoints; None: where the kernel has them.
        casts: Whether files are read through typed pointers, where the tracepoints are typed and the kernel can (6.2).
        ordered: Whether records are published with a barrier; None: where the processor needs it and the kernel has it.
        log_level: The verifier's, for `logs`.
        text: Another source.
        kept: Where compiled programs are kept; None: nowhere.

    Attributes:
        cpus, slots, chunks: shape of the rings.
        records: ``(cpus * slots,)`` of RECORD, shared with the kernel; ring: the same by CPU, ``(slots,)`` each.
        payload: ``(cpus * chunks * CHUNK_BYTES,) uint8``, shared with the kernel; heap: the same by CPU.
        ctl: ``(cpus,)`` of the control block; cfg: ``(1,)`` of the configuration; desc: ``(512,)`` of DESCRIPTOR;
        pids: ``(PID_LIMIT,) uint8``; foreign: ``(cpus, 2048) uint64``; uring: ``(cpus, 128) uint64``.
        typed: whether BTF-typed tracepoints are used.
        layouts: dtype of the values of `LAYOUTS`, as compiled.
        was_kept: whether it came from the cache.
        instructions, logs: by program; the logs with `log_level` only.
    """

    def __init__(
        self,
        ring_bytes: int,
        *,
        typed: bool | None = None,
        casts: bool = True,
        ordered: bool | None = None,
        log_level: int = 0,
        text: str | None = None,
        kept: Path | None = cache.DIRECTORY,
    ) -> None:
        self.cpus = possible_cpus()
        self.slots, self.chunks = ring_shape(ring_bytes, self.cpus)
        self.typed = _can_be_typed() if typed is None else typed
        pid_max = int(Path("/proc/sys/kernel/pid_max").read_text())
        sizes = {"N_CPU": self.cpus, "N_SLOT": self.slots, "N_CHUNK": self.chunks, "N_PID": PID_LIMIT, "N_FLIGHT": _flight_slots(pid_max)}
        if self.typed:
            sizes["TYPED"] = 1
            sizes["CASTS"] = int(casts and _has_jit())
        if _needs_order() if ordered is None else ordered:
            sizes["ORDERED_ADD"] = ORDERED_ADD
        self._links: list[int] = []
        self._programs: dict[str, int] = {}
        self._fds: dict[str, int] = {}
        self._maps: list[mmap.mmap] = []
        self.logs: dict[str, str] = {}
        _raise_memlock()
        made, self.was_kept = _made(text if text is not None else kernel_text(), sizes, kept)
        self._made = made
        self.layouts = made.layouts
        self.instructions = {name: len(code) // 8 for name, code in made.programs.items()}
        try:
            self._check_layout()
            self._load(log_level)
            self._map()
        except BaseException:
            self.close()
            raise

    def _check_layout(self) -> None:
        wrong = layout_differences(self.layouts["ring"], RECORD) + layout_differences(self.layouts["desc"], DESCRIPTOR)
        if wrong:
            raise CannotTrace("the compiled program lays out its records otherwise than expected: " + "; ".join(wrong[:3]), "please report this")

    def _load(self, log_level: int) -> None:
        for name, shape in self._made.maps.items():
            self._fds[name] = create_map(name, shape)
        fds = list(self._fds.values())

        def one(name: str) -> tuple[int, str]:
            code = self._made.bound(name, fds)
            return load(code.ctypes.data, len(code), name, self._made.facts["ids"][name] if self.typed else 0, log_level)

        # The verifier works with the interpreter let go, and takes no lock for who has the rights.
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            loading = {name: pool.submit(one, name) for name in sorted(self._made.programs, key=VERIFIED_LONG.__contains__, reverse=True)}
        for name, future in loading.items():
            if future.exception() is None:
                self._programs[name], self.logs[name] = future.result()
        for future in loading.values():
            future.result()
        for table, programs in TAIL_CALLS.items():
            for index, name in enumerate(programs):
                put(self._fds[table], index, self._programs[name])

    def _map(self) -> None:
        self.ctl_type = self.layouts["ctl"]
        slots, heap_bytes = self.slots, self.chunks * CHUNK_BYTES
        ring = self._shared("ring", self.cpus * slots * RECORD.itemsize)
        heap = self._shared("heap", self.cpus * heap_bytes)
        self.records: NDArray[np.void] = np.frombuffer(ring, RECORD, self.cpus * slots)
        self.payload: NDArray[np.uint8] = np.frombuffer(heap, np.uint8, self.cpus * heap_bytes)
        self.ring, self.heap = np.split(self.records, self.cpus), np.split(self.payload, self.cpus)
        self.ctl: NDArray[np.void] = np.frombuffer(self._shared("ctl", self.cpus * self.ctl_type.itemsize), self.ctl_type, self.cpus)
        cfg_type = self.layouts["cfg"]
        self.cfg: NDArray[np.void] = np.frombuffer(self._shared("cfg", cfg_type.itemsize), cfg_type, 1)
        self.desc: NDArray[np.void] = np.frombuffer(self._shared("desc", 512 * DESCRIPTOR.itemsize), DESCRIPTOR, 512)
        self.pids: NDArray[np.uint8] = np.frombuffer(self._shared("pids", PID_LIMIT, populated=False), np.uint8, PID_LIMIT)
        self.foreign = np.frombuffer(self._shared("foreign", self.cpus * 2048 * 8), np.uint64, self.cpus * 2048).reshape(self.cpus, 2048)
        self.uring = np.frombuffer(self._shared("uring", self.cpus * 128 * 8), np.uint64, self.cpus * 128).reshape(self.cpus, 128)

    def _shared(self, name: str, length: int, *, populated: bool = True) -> mmap.mmap:
        page = mmap.PAGESIZE
        # populated at once: page faults in the first busy moment made the reader lose
        flags = mmap.MAP_SHARED | (mmap.MAP_POPULATE if populated else 0)
        area = mmap.mmap(self._fds[name], -(-length // page) * page, flags, mmap.PROT_READ | mmap.PROT_WRITE)
        self._maps.append(area)
        return area

    def attach(self) -> None:
        """Put the probes in place; events flow from here on."""
        for name in ATTACHED:
            if name in self._programs:
                self._links.append(attach(self._programs[name], None if self.typed else self._made.facts["tracepoints"][name]))

    def detach(self) -> None:
        """Silence the probes; the maps stay readable."""
        while self._links:
            os.close(self._links.pop())

    def skipped(self) -> int:
        """Runs that the kernel skipped, over all programs."""
        return sum(misses(fd) for fd in self._programs.values())

    def run_times(self) -> dict[str, tuple[int, int]]:
        """(ns, runs) of every program, while `syscall.measuring`."""
        return {name: run_time(fd) for name, fd in self._programs.items()}

    def close(self) -> None:
        """Detach and free everything. Of the mapped arrays a row of zeros is left, so that a late writer does no harm; a batch that is a
        piece of one keeps its memory, and a descriptor of the map, as long as it is there itself."""
        self.detach()
        self._unmap()
        for fd in self._programs.values():
            os.close(fd)
        for fd in self._fds.values():
            os.close(fd)
        self._programs.clear()
        self._fds.clear()

    def _unmap(self) -> None:
        self.ring, self.heap = [], []
        for name in MAPPED:
            if (array := getattr(self, name, None)) is not None:
                setattr(self, name, np.zeros((1, *array.shape[1:]), array.dtype))
                del array
        while self._maps:
            with suppress(BufferError):
                self._maps.pop().close()


def _raise_memlock() -> None:
    """Kernels before 5.11 charge maps to RLIMIT_MEMLOCK."""
    try:
        resource.setrlimit(resource.RLIMIT_MEMLOCK, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    except (ValueError, OSError):
        return  # later kernels charge the control group; a refusal shows when the maps are made


def _release() -> tuple[int, ...]:
    return tuple(int(part) for part in platform.release().split("-")[0].split(".")[:2])


def _can_be_typed() -> bool:
    return _release() >= (5, 11)  # bpf_get_current_task_btf


def _needs_order() -> bool:
    """Whether stores must be kept in order, and can be: arm64's compiler of programs knows fetching atomics since 5.18."""
    return platform.machine() == "aarch64" and _release() >= (5, 18)


def _has_jit(setting: Path = JIT) -> bool:
    """Whether programs may call kernel functions: the interpreter cannot (`add_kfunc_call` in kernel/bpf/verifier.c)."""
    try:
        return setting.read_text().strip() != "0"
    except OSError:
        return True  # a network namespace of its own does not show the setting


def _made(text: str, sizes: Mapping[str, int], kept: Path | None) -> tuple[Compiled, bool]:
    """The compiled program, and whether it came from the cache. Raises CannotTrace."""
    name = _cache_name(text, sizes) if kept is not None else None
    if kept is not None and name is not None and (data := cache.read(name, kept)) is not None:
        try:
            return Compiled.from_bytes(data), True
        except ValueError:
            pass  # a file that was damaged: made anew
    made = _compile(text, sizes)
    if kept is not None and name is not None:
        cache.write(name, made.to_bytes(), kept)
    return made, False


def _cache_name(text: str, sizes: Mapping[str, int]) -> str | None:
    """Everything that a compiled program hangs on: source, headers, kernel types, BCC, and what Python puts in front of the source."""
    import importlib.util

    found = importlib.util.find_spec("bcc")
    if found is None or found.origin is None:
        return None
    try:
        kernel = hashlib.sha256(VMLINUX.read_bytes()).digest()
        version = Path(found.origin).with_name("version.py").read_bytes()
        ours = [Path(__file__).with_name(f"{name}.py").read_bytes() for name in ("btf", "layout", "compiled", "compiler", "program")]
        ours += [header.read_bytes() for header in sorted(INCLUDES.glob("include/**/*.h"))]
    except OSError:
        return None
    names = repr((sorted(sizes.items()), sorted(_numbers().items()), platform.uname()))
    return cache.name_of([text.encode(), kernel, version, found.origin.encode(), *ours, names.encode()])


def _compile(text: str, sizes: Mapping[str, int]) -> Compiled:
    """Compile for this kernel. Raises CannotTrace."""
    machine = platform.machine()
    types = Btf(structs() | set(CAST_TO.values()), [f"btf_trace_{name}" for name in TRACEPOINTS], functions=[CAST])
    if not types.typedef("btf_trace_sys_enter"):
        raise CannotTrace("this kernel has no system call tracepoints", "a kernel with CONFIG_FTRACE_SYSCALLS=y is needed")
    values = {**defines(types, machine), **_numbers(), **sizes}
    if types.parameters("btf_trace_sched_process_exit") == 3:
        values["EXIT_SAYS_GROUP_DEAD"] = 1
    tracepoint, place = uring(types, "OFF_URING_OPCODE" in values)
    values = {"OFF_URING_OPCODE": 0, **values, **place}
    cast = types.function(CAST) if sizes.get("CASTS") else 0
    if cast:
        values |= {"CAST_CALL": CAST_CALL, **{f"BTF_{name.upper()}": types.structure(struct) for name, struct in CAST_TO.items()}}
    source = "".join(f"#define {name} {value}{'ull' if value > 0x7FFFFFFF else ''}\n" for name, value in values.items())
    programs = [name for name in PROGRAMS if name != "on_uring" or tracepoint]
    places = PROGRAMS | {"on_uring": tracepoint}
    ids = {name: types.typedef(f"btf_trace_{place}") for name, place in places.items()}
    return compile_apart(source + text, programs, MAPS, LAYOUTS, {"ids": ids, "tracepoints": places, "cast": cast})
