"""Batches as a source would hand them over, made of nothing: every record and payload section is a valid one.

    maker = Maker()
    maker.open(b"/etc/passwd", pid=4121, comm=b"nginx")
    maker.lost(312)
    session = session_of(maker.batch())
"""

from __future__ import annotations

import random
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kellect_tui.events.batch import Batch, SourceStart, SourceTotals
from kellect_tui.events.catalogue import BY_NAME, EXEC, EXIT, FAMILIES, FORK, MONITOR_LOST
from kellect_tui.events.record import NO_DURATION, NO_ID, NO_SYSCALL, NONE_REGISTER, RECORD, SOCKET_INFO, STAT_INFO, TARGET_INFO, Flag, Mark, Section
from kellect_tui.events.syscalls import X86_64
from kellect_tui.session.session import Session

START_NS = 1_000_000_000_000
"""Boot-clock ns of the first record."""
EPOCH_OFFSET_NS = 1_700_000_000_000_000_000
STEP_NS = 1_000

HOSTILE = (
    b"/tmp/\x1b[31mred\x1b[0m\x1b]0;pwned\x07.txt",
    b"/tmp/[red]markup[/red]",
    b"/tmp/new\nline\ttab",
    "/tmp/\u202egpj.exe".encode(),
    "/home/王小明/文档/报告.txt".encode(),
    "/tmp/e\u0301combining\u200bzero 🚀".encode(),
    b"/tmp/latin1-\xe9\xff.txt",
    b"/tmp/c1-\xc2\x9b31m",
    b"/tmp/back\\slash \"quote' $(x)",
    b"/tmp/" + b"long" * 900,
)
"""Names that a program may choose to hurt who looks at them."""

AT_FDCWD = (1 << 64) - 100


def section(kind: Section, register: int, data: bytes, marks: int = 0) -> bytes:
    """One payload section."""
    return struct.pack("<BBHI", kind, register, marks, len(data)) + data + b"\0" * (-len(data) % 8)


def inet(address: str, port: int) -> bytes:
    """struct sockaddr_in."""
    return struct.pack("<H", 2) + port.to_bytes(2, "big") + bytes(int(part) for part in address.split(".")) + bytes(8)


def socket_info(*, local: str = "10.0.0.2", local_port: int = 40_000, peer: str = "93.184.216.34", peer_port: int = 443, state: int = 1) -> bytes:
    """What the kernel says of a connected TCP socket."""
    info = np.zeros(1, SOCKET_INFO)
    info["family"], info["type"], info["protocol"], info["state"] = 2, 1, 6, state
    info["local_port"], info["peer_port"] = local_port, peer_port
    info["local"] = bytes(int(part) for part in local.split(".")).ljust(16, b"\0")
    info["peer"] = bytes(int(part) for part in peer.split(".")).ljust(16, b"\0")
    return info.tobytes()


@dataclass
class Maker:
    """Collects records; `batch` hands over what came since the last one. Each record is `STEP_NS` after the one before.

    Every method takes the keyword arguments of `add`: pid, tid, ppid, comm, uid, gid, ruid, auid, cgroup, cpu, result, duration, flags, …
    """

    time_ns: int = START_NS
    paths: dict[int, bytes] = field(default_factory=dict)
    cgroups: dict[int, bytes] = field(default_factory=lambda: {1: b"/", 77: b"/system.slice/nginx.service"})
    rows: list[dict[str, Any]] = field(default_factory=list)
    payloads: list[bytes] = field(default_factory=list)
    starts: dict[int, int] = field(default_factory=dict)
    seq: int = 0

    def key(self, path: bytes) -> int:
        """The key that stands for a path."""
        for key, known in self.paths.items():
            if known == path:
                return key
        key = 0x1000 + len(self.paths) * 0x10
        self.paths[key] = path
        return key

    def add(self, event: int | str, syscall: str | None = None, args: Sequence[int] = (), payload: bytes = b"", **fields: Any) -> None:
        """One record; what is not said is that of an nginx worker (pid 4121)."""
        number = event if isinstance(event, int) else BY_NAME[event].id
        self.time_ns += STEP_NS
        self.seq += 1
        pid = fields.pop("pid", 4121)
        row: dict[str, Any] = {
            "seq": self.seq, "time": self.time_ns, "duration": 3_100, "args": tuple(value % (1 << 64) for value in (*args, *[0] * (6 - len(args)))),
            "comm": b"nginx", "cgroup": 77, "pid": pid, "tid": pid, "ppid": 1, "uid": 33, "gid": 33, "ruid": 33, "auid": NO_ID,
            "event": number, "syscall": NO_SYSCALL if syscall is None else X86_64[syscall], "flags": 0,
        }  # fmt: skip
        row.update(fields)
        self.rows.append(row)
        self.payloads.append(payload)

    def open(self, path: bytes, *, syscall: str = "openat", filename: bytes | None = None, result: int = 3, **fields: Any) -> None:
        """An existing file opened by its absolute path; a negative result: not opened."""
        name = path if filename is None else filename
        fields.setdefault("flags", int(Flag.OBJECT) if result >= 0 else 0)
        fields.setdefault("key0", self.key(path) if result >= 0 else 0)
        if result >= 0:
            fields = {"inode": 1234, "file_uid": 0, "file_mode": 0o100644, **fields}
        self.add("file.open", syscall, (AT_FDCWD, 0, 0o2000000), section(Section.STRING, 1, name), result=result, **fields)

    def read(self, path: bytes, *, count: int = 4096, result: int = 512, event: str = "file.read", syscall: str = "read", **fields: Any) -> None:
        """Bytes read from an open file."""
        fields = {"inode": 1234, "file_uid": 0, "file_mode": 0o100644, "flags": int(Flag.OBJECT), "key0": self.key(path), **fields}
        self.add(event, syscall, (3, 0, count), result=result, **fields)

    def write(self, path: bytes, **fields: Any) -> None:
        """Bytes written to an open file."""
        self.read(path, event="file.write", syscall="write", **fields)

    def close(self, path: bytes, **fields: Any) -> None:
        """A descriptor closed."""
        fields = {"inode": 1234, "file_mode": 0o100644, "flags": int(Flag.OBJECT), "key0": self.key(path), **fields}
        self.add("file.close", "close", (3,), result=fields.pop("result", 0), **fields)

    def stat(self, path: bytes, *, result: int = 0, marks: int = 0, **fields: Any) -> None:
        """A file's facts asked for by name, relative to /srv."""
        payload = section(Section.STRING, 1, path, marks)
        if result == 0:
            info = np.zeros(1, STAT_INFO)
            info["filled"], info["mode"], info["inode"], info["size"] = 0xFFFFFFFF, 0o100644, 1234, 5678
            payload += section(Section.STAT, 2, info.tobytes())
        self.add("file.stat", "newfstatat", (AT_FDCWD, 0, 0, 0), payload, result=result, key0=self.key(b"/srv"), **fields)

    def connect(self, address: str = "93.184.216.34", port: int = 443, *, result: int = 0, **fields: Any) -> None:
        """A TCP socket connected."""
        payload = section(Section.SOCKADDR, 1, inet(address, port)) + section(Section.SOCKET, 0, socket_info(peer=address, peer_port=port))
        fields = {"flags": int(Flag.OBJECT), "key0": self.key(b"socket:[99]"), **fields}
        self.add("network.connect", "connect", (7, 0x7FFF_0000_1000, 16), payload, result=result, **fields)

    def fork(self, child: int, *, child_tid: int | None = None, comm: bytes = b"nginx", pid: int = 4121, **fields: Any) -> None:
        """A new task."""
        tid = child if child_tid is None else child_tid
        words = struct.unpack("<2Q", comm[:15].ljust(16, b"\0"))
        if child_tid is None:
            self.starts[child] = self.time_ns
        self.add(FORK, None, (child, tid, pid, self.time_ns, *words), pid=pid, comm=comm, **_no_call(fields))

    def exec(self, path: bytes, argv: Iterable[bytes] = (), *, pid: int = 4121, **fields: Any) -> None:
        """A program started."""
        payload = section(Section.STRING, 0, path) + section(Section.ARGV, 1, b"".join(word + b"\0" for word in (argv or (path,))))
        fields = {"flags": int(Flag.OBJECT), "key0": self.key(path), "key1": self.key(b"/root"), "comm": path.rsplit(b"/", 1)[-1][:15], "tid": pid, **fields}
        self.add(EXEC, "execve", (fields["tid"], 0, 0, self.starts.get(pid, START_NS)), payload, result=0, pid=pid, **fields)

    def exit(self, *, status: int = 0, signal: int = 0, group_dead: bool = True, group_status: int | None = None, **fields: Any) -> None:
        """A task's end; `group_status`: what the parent of the whole process is told, where that is said."""
        start = self.starts.get(fields.get("pid", 4121), START_NS)
        group = 0 if group_status is None else 1 << 32 | group_status << 8
        self.add(EXIT, None, (status << 8 | signal, 120, int(group_dead), start, self.time_ns + STEP_NS, group), **_no_call(fields))

    def kill(self, target: int, signal: int, *, result: int = 0, syscall: str = "kill", told: bool = True, **fields: Any) -> None:
        """A signal sent to a process; not `told`: as recordings of earlier versions have it."""
        info = np.zeros(1, TARGET_INFO)
        info["pid"], info["found"], info["comm"] = target, 1, b"target"
        args = (target, target, signal) if syscall == "tgkill" else (target, signal)
        payload = section(Section.TARGET, len(args) - 2, info.tobytes() + (target.to_bytes(8, "little") if told else b""))
        self.add("process.kill", syscall, args, payload, result=result, **fields)

    def lost(self, count: int, family: str = "file", *, cpu: int = 0) -> None:
        """Events that the kernel could not hand over."""
        nobody: dict[str, Any] = {"comm": b"", "cgroup": 0, "ppid": 0, "uid": 0, "gid": 0, "ruid": 0}
        args = (count, FAMILIES.index(family), cpu, self.time_ns, self.time_ns + 500)
        self.add(MONITOR_LOST, None, args, pid=0, cpu=cpu, **nobody, **_no_call({}))

    def batch(self) -> Batch:
        """What was collected since the last batch."""
        records = records_of(self.rows, self.payloads)
        payload = np.frombuffer(b"".join(self.payloads), np.uint8)
        self.rows, self.payloads = [], []
        return Batch(records, payload, self.paths, self.cgroups)


def _no_call(fields: dict[str, Any]) -> dict[str, Any]:
    return {"duration": NO_DURATION, "result": 0, **fields, "flags": int(fields.get("flags", 0)) | int(Flag.NO_RESULT)}


def records_of(rows: Sequence[dict[str, Any]], payloads: Sequence[bytes]) -> NDArray[np.void]:
    """Rows as records, their payloads one behind the other."""
    records = np.zeros(len(rows), RECORD)
    at = 0
    for record, row, payload in zip(records, rows, payloads, strict=True):
        for name, value in row.items():
            record[name] = value
        record["payload_at"], record["payload_len"] = at if payload else 0, len(payload)
        at += len(payload)
    return records


def mixed(rows: int, *, seed: int = 1, processes: int = 20, files: int = 50, losses: bool = True, maker: Maker | None = None) -> Batch:
    """A believable mix of `rows` records: mostly reads, opens and closes, some failures, some of every other kind here, hostile names."""
    chance = random.Random(seed)
    maker = maker or Maker()
    names = [b"/usr/lib/x86_64-linux-gnu/lib%03d.so.%d" % (number, number % 7) for number in range(files)] + list(HOSTILE)
    comms = [b"nginx", b"bash", b"python3", b"postgres", b"kworker/0:1", b"\x1b[31mevil", b"a b\"c'"]
    for _ in range(rows):
        pid = 4000 + chance.randrange(processes)
        who: dict[str, Any] = {"pid": pid, "comm": comms[pid % len(comms)], "uid": (0, 33, 1000)[pid % 3]}
        who |= {"cpu": chance.randrange(2), "duration": chance.randrange(200, 90_000)}
        path = names[int(len(names) * chance.random() ** 2)]
        kind = chance.randrange(1000)
        if kind < 300:
            maker.read(path, result=chance.choice((0, 512, 4096, -11)), **who)
        elif kind < 400:
            maker.write(path, result=chance.choice((1, 80, -32)), **who)
        elif kind < 600:
            maker.open(path, result=chance.choice((3, 4, 5, -2, -13)), **who)
        elif kind < 750:
            maker.close(path, **who)
        elif kind < 900:
            maker.stat(path, result=chance.choice((0, 0, -2)), marks=int(Mark.TRUNCATED) if kind == 899 else 0, **who)
        elif kind < 950:
            maker.connect(f"10.0.0.{chance.randrange(9)}", chance.choice((80, 443)), result=chance.choice((0, -111, -512)), **who)
        elif kind < 965:
            maker.add("user.setuid", "setuid", (1000,), section(Section.OLD_IDS, NONE_REGISTER, bytes(24)), result=0, **who)
        elif kind < 980:
            who.pop("duration")
            maker.fork(9000 + chance.randrange(500), **who)
        elif kind < 988:
            maker.exec(path, (b"prog", b"--flag", path[:200]), **who)
        elif kind < 998 or not losses:
            who.pop("duration")
            maker.exit(status=chance.randrange(3), signal=chance.choice((0, 0, 9)), group_dead=chance.random() < 0.5, **who)
        else:
            maker.lost(chance.randrange(1, 500), chance.choice(FAMILIES[:4]), cpu=who["cpu"])
    return maker.batch()


def tiled(batch: Batch, rows: int) -> Batch:
    """The batch's records again and again until there are `rows`, time going on."""
    words = batch.records.view(np.uint64).reshape(len(batch.records), -1)
    records = np.tile(words, (-(-rows // len(words)), 1))[:rows].copy().view(RECORD).reshape(-1)
    records["time"] = int(batch.records["time"][0]) + np.arange(rows) * STEP_NS
    return Batch(records, batch.payload, batch.paths, batch.cgroups)


def source_start() -> SourceStart:
    """What a source on a host of no name says."""
    return SourceStart(
        host="testhost", kernel="6.1.0", machine="x86_64", boot_id="b0070000-0000-4000-8000-000000000000", run_id="0" * 32, version="1.0",
        options={}, left_out=(77,), epoch_offset_ns=EPOCH_OFFSET_NS, started_ns=START_NS,
    )  # fmt: skip


def session_of(*batches: Batch, finished: bool = False, chunk_rows: int | None = None, keep_events: int = 5_000_000) -> Session:
    """A session that has begun and taken these batches."""
    from kellect_tui.session.users import UserNames

    session = Session(keep_events, users=UserNames.recorded({0: "root", 33: "www-data", 1000: "user"}), chunk_rows=chunk_rows)
    session.begin(source_start())
    for batch in batches:
        session.take(batch)
    if finished:
        last = max((int(batch.records["time"][-1]) for batch in batches), default=START_NS)
        session.finish(SourceTotals(stopped_ns=last + STEP_NS), 0.25)
    return session
