"""The live event source: probes, rings, capture filter and counters behind `events.batch.EventSource`."""

from __future__ import annotations

import ctypes
import os
import platform
import pwd
import socket
import uuid
from collections.abc import Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kellect_tui import __version__
from kellect_tui.bpf.coalesce import coalesced
from kellect_tui.bpf.program import Program
from kellect_tui.bpf.ring import HOLD_NS, SHOWN_FAMILIES, Reader
from kellect_tui.bpf.screen import carriers
from kellect_tui.bpf.syscall import own_pid
from kellect_tui.bpf.table import descriptors
from kellect_tui.errors import BadOption, CannotTrace
from kellect_tui.events.batch import Batch, SourceStart, SourceTotals
from kellect_tui.events.catalogue import BY_NAME, FAMILIES
from kellect_tui.events.escaping import of_system
from kellect_tui.events.options import MAX_COMMS, MAX_UIDS, CaptureOptions
from kellect_tui.events.syscalls import I386, native
from kellect_tui.namespaces import boot_ns, sees_all

# Bits of the pid table and of cfg.mode, kernel/records.h
P_SELF, P_SCREEN, P_CHOSEN, P_TREE, P_ON_EXEC = 1, 2, 4, 8, 16
M_PID, M_TREE, M_COMM, M_UID = 1, 2, 4, 8

_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_THRESHOLD = -1, -2, -3  # malloc.h
_OPCODES = (
    "NOP", "READV", "WRITEV", "FSYNC", "READ_FIXED", "WRITE_FIXED", "POLL_ADD", "POLL_REMOVE", "SYNC_FILE_RANGE", "SENDMSG", "RECVMSG",
    "TIMEOUT", "TIMEOUT_REMOVE", "ACCEPT", "ASYNC_CANCEL", "LINK_TIMEOUT", "CONNECT", "FALLOCATE", "OPENAT", "CLOSE", "FILES_UPDATE", "STATX",
    "READ", "WRITE", "FADVISE", "MADVISE", "SEND", "RECV", "OPENAT2", "EPOLL_CTL", "SPLICE", "PROVIDE_BUFFERS", "REMOVE_BUFFERS", "TEE",
    "SHUTDOWN", "RENAMEAT", "UNLINKAT", "MKDIRAT", "SYMLINKAT", "LINKAT", "MSG_RING", "FSETXATTR", "SETXATTR", "FGETXATTR", "GETXATTR",
    "SOCKET", "URING_CMD", "SEND_ZC", "SENDMSG_ZC", "READ_MULTISHOT", "WAITID", "FUTEX_WAIT", "FUTEX_WAKE", "FUTEX_WAITV", "FIXED_FD_INSTALL",
    "FTRUNCATE", "BIND", "LISTEN", "RECV_ZC", "EPOLL_WAIT", "READV_FIXED", "WRITEV_FIXED", "PIPE",
)  # fmt: skip
"""include/uapi/linux/io_uring.h, enum io_uring_op"""
_I386_NAMES = {number: name for name, number in I386.items()}
_X32 = 1024  # where x32 numbers begin in the table of foreign calls


class LiveSource:
    """Probes on the running kernel. One thread calls `start`, `read`, `stop`; the setters may be called from another.

    Args:
        options: What to capture.
        screen: Whether a screen is drawn on this process's terminal, so that those who carry it are left out of
            read, write, send and receive.

    Attributes:
        program: What is loaded, with all that is shared with the kernel, from `start` to `stop`; None before and after.
        reader: Reads its rings for `read`, as long.
    """

    def __init__(self, options: CaptureOptions, *, screen: bool = False) -> None:
        if len(options.comms) > MAX_COMMS or len(options.uids) > MAX_UIDS:
            raise BadOption(f"at most {MAX_COMMS} names and {MAX_UIDS} users can be chosen", "use a display filter (`/`, --filter) for more")
        self._options = options
        self._screen = screen
        self.program: Program | None = None
        self.reader: Reader | None = None
        self._events: Iterable[str] = options.events
        self._final: SourceTotals | None = None
        self._loading: Future[Program] | None = None
        self._roots: list[int] = list(options.descendants_of)
        self._waiting: list[int] = []

    def prepare(self) -> None:
        """Begin to load the probes, on a thread, for `start` to take up; what goes wrong is raised there."""
        if self._loading is None:
            self._loading = ThreadPoolExecutor(1, "probes").submit(Program, self._options.ring_bytes)

    # EventSource

    def start(self) -> SourceStart:
        """Compile, load, attach. Raises CannotTrace or BadOption (a pid that is not there)."""
        _keep_memory()
        _require_pids((*self._options.pids, *self._options.descendants_of))
        if (self._options.pids or self._roots or self._waiting) and not sees_all():
            raise _other_numbers()
        self.prepare()
        assert self._loading is not None
        loading, self._loading = self._loading, None  # it would keep the program for ever
        self.program = program = loading.result()
        program.desc[:] = descriptors(native())
        left_out = self._choose(program)
        self.reader = Reader(program, cgroups=has_cgroup2(), path_bytes=self._options.budget.paths, hold_ns=HOLD_NS)
        anchor = epoch_offset_ns()
        program.attach()
        self._take_in_descendants(program)
        started = boot_ns()
        self.set_events(self._events)  # until here the probes record nothing: no event is older than the start
        return SourceStart(
            host=of_system(socket.gethostname()),
            kernel=platform.release(),
            machine=platform.machine(),
            boot_id=Path("/proc/sys/kernel/random/boot_id").read_text().strip(),
            run_id=uuid.uuid4().hex,
            version=__version__,
            options=described(self._options),
            left_out=left_out,
            epoch_offset_ns=anchor,
            started_ns=started,
        )

    def read(self) -> Batch | None:
        """See EventSource."""
        return self._finished(self.reader.read()) if self.reader is not None else None

    def _finished(self, batch: Batch | None) -> Batch | None:
        return coalesced(batch) if batch is not None and self._options.coalesce else batch

    def totals(self) -> SourceTotals:
        """See EventSource."""
        if self._final is not None or self.program is None:
            return self._final or SourceTotals()
        return _totals(self.program, stopped_ns=0)

    def stop(self) -> Batch | None:
        """Silence the probes, hand over the rest, free everything; also after a start that failed half-way, or was only prepared."""
        loading, self._loading = self._loading, None
        if loading is not None and loading.exception() is None:
            loading.result().close()
        program, self.program = self.program, None
        reader, self.reader = self.reader, None
        return None if program is None else self._ended(program, reader)

    def _ended(self, program: Program, reader: Reader | None) -> Batch | None:
        try:
            program.detach()
            stopped = boot_ns()
            try:
                return None if reader is None else self._finished(reader.read(final=True))
            finally:
                self._final = _totals(program, stopped_ns=stopped)
        finally:
            program.close()

    # what can be changed while it runs

    def set_events(self, names: Iterable[str]) -> None:
        """Choose the types that are recorded from now on, or from the start on."""
        self._events = frozenset(names)
        program = self.program  # another thread may stop the capture meanwhile
        if program is not None:
            program.cfg["events"][0] = sum(1 << BY_NAME[name].id for name in self._events)

    def watch_tree(self, pid: int, *, from_exec: bool = False) -> None:
        """Before `start`: record only `pid` and its later descendants; `from_exec`: from its next successful exec on."""
        (self._waiting if from_exec else self._roots).append(pid)

    # the capture filter

    def _choose(self, program: Program) -> tuple[int, ...]:
        options, cfg, pids = self._options, program.cfg, program.pids
        mode = 0
        left_out: list[int] = []
        if not options.include_self:
            is_initial = sees_all()
            left_out = [os.getpid() if is_initial else own_pid()]
            pids[left_out[0]] |= P_SELF
            for pid in sorted(carriers()) if self._screen and is_initial else ():
                pids[pid] |= P_SCREEN
                left_out.append(pid)
        for pid in options.pids:
            pids[pid] |= P_CHOSEN
            mode |= M_PID
        for pid in self._roots:
            pids[pid] |= P_TREE
            mode |= M_TREE
        for pid in self._waiting:
            pids[pid] |= P_ON_EXEC
            mode |= M_TREE
        for index, comm in enumerate(options.comms):
            value, mask = comm_words(comm)
            cfg["comm"][0][2 * index : 2 * index + 2], cfg["comm_mask"][0][2 * index : 2 * index + 2] = value, mask
            mode |= M_COMM
        for index, uid in enumerate(options.uids):
            cfg["uid"][0][index] = uid
            mode |= M_UID
        cfg["comms"][0], cfg["uids"][0], cfg["mode"][0] = len(options.comms), len(options.uids), mode
        return tuple(left_out)

    def _take_in_descendants(self, program: Program) -> None:
        """Living descendants; those born meanwhile are marked by the program itself, so look until nothing is new."""
        while self._roots:
            children = children_by_parent()
            new = [pid for pid in _below(self._roots, children) if not program.pids[pid] & P_TREE]
            if not new:
                return
            program.pids[new] |= P_TREE


def comm_words(comm: str) -> tuple[tuple[int, int], tuple[int, int]]:
    """(value, mask) as two 64-bit words each, of `NAME` (its NUL included) or `PREFIX*`; the first 15 bytes count."""
    prefix = comm.endswith("*")
    name = os.fsencode(comm[:-1] if prefix else comm)[:15]
    length = len(name) if prefix else len(name) + 1
    value, mask = name.ljust(16, b"\0"), (b"\xff" * length).ljust(16, b"\0")
    words = np.frombuffer(value + mask, np.uint64).tolist()
    return (words[0], words[1]), (words[2], words[3])


def described(options: CaptureOptions) -> dict[str, Any]:
    """The options as `monitor.start` says them: only what differs from the whole system."""
    chosen: Mapping[str, Any] = {
        "events": sorted(options.events) if options.events != CaptureOptions().events else None,
        "pid": list(options.pids),
        "comm": list(map(of_system, options.comms)),
        "uid": list(options.uids),
        "descendants_of": list(options.descendants_of),
        "ring_bytes": options.ring_bytes,
        "include_self": options.include_self or None,
        "coalesce": options.coalesce or None,
        "memory_bytes": options.memory_bytes,
    }
    return {name: value for name, value in chosen.items() if value not in (None, [])}


def epoch_offset_ns() -> int:
    """What to add to boot-clock ns for ns since the epoch; the closest of several pairs of readings."""
    import time

    best, offset = 1 << 62, 0
    for _try in range(16):
        before = boot_ns()
        wall = time.time_ns()
        after = boot_ns()
        if after - before < best:
            best, offset = after - before, wall - (before + after) // 2
    return offset


def has_cgroup2() -> bool:
    """Whether a cgroup v2 hierarchy is mounted: without one every task is in its invisible root."""
    try:
        return any(line.split()[2] == "cgroup2" for line in Path("/proc/mounts").read_text().splitlines())
    except OSError:
        return False


def children_by_parent() -> dict[int, list[int]]:
    """Parent pid → pids of its children, from /proc."""
    out: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                text = (entry / "stat").read_text(errors="replace")
            except OSError:
                continue
            out.setdefault(int(text[text.rindex(")") + 2 :].split()[1]), []).append(int(entry.name))
    return out


def _below(roots: Iterable[int], children: Mapping[int, list[int]]) -> list[int]:
    found: list[int] = []
    todo = list(roots)
    while todo:
        below = children.get(todo.pop(), [])
        found += below
        todo += below
    return found


def _require_pids(pids: Iterable[int]) -> None:
    for pid in pids:
        if not Path(f"/proc/{pid}/stat").exists():
            raise BadOption(f"there is no process {pid}", "`pgrep NAME` finds the pid of a program")


def _other_numbers() -> CannotTrace:
    return CannotTrace(
        "in a pid namespace of its own the monitor cannot choose processes: events have the numbers of the initial one",
        "start it in that one (`docker run --pid=host`), or record all (`record --all -- CMD`) and choose with --filter",
    )


def user_id(name: str) -> int:
    """Uid of a user name or number. Raises BadOption."""
    try:
        return int(name) if name.isdigit() else pwd.getpwnam(name).pw_uid
    except KeyError as error:
        raise BadOption(f"there is no user {name!r}", "give a user name or number") from error


def _totals(program: Program, *, stopped_ns: int) -> SourceTotals:
    ctl = program.ctl
    return SourceTotals(
        lost=int(ctl["lost"][:, :SHOWN_FAMILIES].sum()),
        tree_lost=int(ctl["lost"][:, [FAMILIES.index("process"), SHOWN_FAMILIES]].sum()),
        left_out=int(ctl["left_out"].sum()),
        skipped=program.skipped(),
        not_decoded=_not_decoded(program),
        io_uring={_opcode(number): count for number, count in _counted(program.uring)},
        at_ns=boot_ns(),
        stopped_ns=stopped_ns,
    )


def _opcode(number: int) -> str:
    return _OPCODES[number] if number < len(_OPCODES) else str(number)


def _counted(counts: NDArray[Any]) -> list[tuple[int, int]]:
    """(number, count) of what was counted on any CPU; ``(CPUs, numbers)``."""
    total = counts.sum(axis=0)
    found = np.flatnonzero(total)
    return list(zip(found.tolist(), total[found].tolist(), strict=True))


def _not_decoded(program: Program) -> dict[str, dict[str, int]]:
    """Calls of other ABIs that would have been events, by name; x32 ones by number (no table here names them)."""
    counts = _counted(program.foreign)
    i386 = {_I386_NAMES[number]: count for number, count in counts if number in _I386_NAMES}
    x32 = {str(number - _X32): count for number, count in counts if number >= _X32}
    return {abi: calls for abi, calls in (("i386", i386), ("x32", x32)) if calls}


def _keep_memory() -> None:
    """Let malloc keep what batches free: fresh pages for every batch cost more than the copying itself."""
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):  # glibc
        for parameter, value in ((_M_MMAP_THRESHOLD, 256 << 20), (_M_TRIM_THRESHOLD, 512 << 20), (_M_TOP_PAD, 16 << 20)):
            libc.mallopt(parameter, value)
