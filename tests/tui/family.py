"""A machine with a build, a container and its threads, a kill, a lost birth: for the tree."""

from __future__ import annotations

from typing import Any

from kellect_tui.events.batch import SourceTotals
from kellect_tui.session.process import Process
from kellect_tui.session.processes import ProcessSeed
from kellect_tui.session.procfs import ThreadSeed
from kellect_tui.session.session import Session
from kellect_tui.session.users import UserNames
from tests.synthetic import EPOCH_OFFSET_NS, START_NS, Maker, source_start

NOW_NS = EPOCH_OFFSET_NS + START_NS + 20_000_000_000
"""20 s after the beginning."""
CONTAINER = "4c01db0b339c" + "0123456789abc" * 4
GROUPS = {1: b"/init.scope", 5: b"/user.slice/user-1000.slice/session-3.scope", 6: f"/system.slice/docker-{CONTAINER}.scope".encode()}


def seed(pid: int, ppid: int, comm: str, *argv: str, group: int = 1, seconds: int = 900, **more: Any) -> ProcessSeed:
    """A process that ran before, `seconds` long."""
    return ProcessSeed(
        pid, ppid, START_NS - seconds * 1_000_000_000, comm.encode(), tuple(word.encode() for word in argv),
        None if not argv else argv[0].encode(), more.pop("uid", 0), cgroup=GROUPS[group], cwd=b"/" if argv else None, **more,
    )  # fmt: skip


SEEDS = (
    seed(1, 0, "systemd", "/sbin/init"),
    seed(2, 0, "kthreadd", kernel=True),
    seed(17, 2, "kworker/0:1", kernel=True),
    seed(812, 1, "sshd", "/usr/sbin/sshd", "-D"),
    seed(4100, 812, "bash", "-bash", group=5, seconds=61, uid=1000),
    seed(4900, 1, "containerd-shim", "/usr/bin/containerd-shim", "-id", CONTAINER),
    seed(5000, 4900, "node", "node", "server.js", group=6, uid=1000, threads=2,
         tasks=(ThreadSeed(5000, START_NS - 900_000_000_000, b"node"), ThreadSeed(5001, START_NS - 900_000_000_000, b"libuv-worker"))),
)  # fmt: skip

SHELL: dict[str, Any] = {"uid": 1000, "gid": 1000, "cgroup": 5}


def told(maker: Maker) -> None:
    """make runs a shell that becomes cc1, an assembler that fails, and a test that is stopped; a second later the server works."""
    maker.fork(4200, pid=4100, comm=b"bash", **SHELL)
    maker.exec(b"/usr/bin/make", (b"make", b"-j2"), pid=4200, ppid=4100, **SHELL)
    maker.fork(4201, pid=4200, comm=b"make", **SHELL)
    maker.exec(b"/bin/sh", (b"sh", b"-c", b"cc1 -O2 main.c"), pid=4201, ppid=4200, **SHELL)
    maker.time_ns += 250_000_000
    maker.exec(b"/usr/lib/gcc/cc1", (b"cc1", b"-O2", b"main.c"), pid=4201, ppid=4200, **SHELL)
    for number in range(30):
        who = {"pid": 4201, "ppid": 4200, "comm": b"cc1", **SHELL}
        maker.open(b"/usr/include/header%02d.h" % number, result=-2 if number % 3 == 0 else 4, **who)
        maker.read(b"/usr/include/header%02d.h" % number, result=4096, **who)
    maker.write(b"/work/main.s", result=9000, pid=4201, ppid=4200, comm=b"cc1", **SHELL)
    maker.fork(4202, pid=4200, comm=b"make", **SHELL)
    maker.exec(b"/usr/bin/as", (b"as", b"main.s"), pid=4202, ppid=4200, **SHELL)
    maker.time_ns += 3_000_000
    maker.exit(status=1, pid=4202, ppid=4200, comm=b"as", **SHELL)
    maker.fork(4203, pid=4200, comm=b"make", **SHELL)
    maker.exec(b"/work/tests", (b"./tests", b"--all"), pid=4203, ppid=4200, **SHELL)
    maker.time_ns += 12_000_000_000
    maker.open(b"/etc/passwd", pid=6000, ppid=1, comm=b"cron", uid=0, gid=0, cgroup=1)  # nobody told of its birth
    maker.fork(5000, child_tid=5002, pid=5000, comm=b"libuv-worker", uid=1000, gid=1000, cgroup=6)
    for number in range(120):
        maker.read(b"/srv/data", result=100 + number, pid=5000, ppid=4900, comm=b"node", uid=1000, gid=1000, cgroup=6)
    maker.connect("10.1.2.3", 5432, pid=5000, ppid=4900, comm=b"node", uid=1000, gid=1000, cgroup=6)


def family(*, finished: bool = True) -> Session:
    """The session; not finished it has rates of the last second."""
    session = Session(users=UserNames.recorded({0: "root", 1000: "ann"}))
    session.begin(source_start(), SEEDS)
    maker = Maker(cgroups=dict(GROUPS))
    session.processes.sample(NOW_NS - 1_000_000_000)
    told(maker)
    session.take(maker.batch())
    at = maker.time_ns + EPOCH_OFFSET_NS
    session.processes.kill(time_ns=at, entered_ns=at, pid=4100, comm=b"bash", target=4203, signal=9)
    maker.exit(signal=9, pid=4203, ppid=4200, comm=b"tests", **SHELL)
    session.take(maker.batch())
    session.processes.sample(NOW_NS)
    if finished:
        session.finish(SourceTotals(stopped_ns=NOW_NS - EPOCH_OFFSET_NS), 0.25)
    return session


def process(session: Session, pid: int) -> Process:
    """The latest life of a pid."""
    found = session.processes.by_pid(pid)
    assert found is not None
    return found
