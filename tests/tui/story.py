"""A small session that a person can follow: a web server, a shell under it, a failing connect, a loss, hostile names."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

from textual.pilot import Pilot

from kellect_tui.errors import KellectError
from kellect_tui.events.record import NONE_REGISTER, Section
from kellect_tui.session.session import Session
from kellect_tui.tui.app import KellectApp
from kellect_tui.tui.meter import Cost, Rate
from tests.synthetic import HOSTILE, Maker, section, session_of

COST = Cost(6.0, 212 << 20)
SHELL: dict[str, Any] = {"pid": 4200, "comm": b"bash", "uid": 0, "ppid": 4121}


def told(maker: Maker | None = None) -> Maker:
    """The records, 60 ms of them."""
    maker = maker or Maker()
    maker.exec(b"/usr/sbin/nginx", (b"nginx", b"-g", b"daemon off;"), pid=4121, duration=412_000)
    for number in range(12):
        path = b"/srv/www/page%02d.html" % number
        failed = number % 4 == 3
        maker.open(path, result=-2 if failed else 5, duration=3_100 + 97 * number)
        if not failed:
            maker.read(path, result=512 * (number + 1), duration=1_800)
            maker.write(b"/var/log/nginx/access.log", result=96, duration=2_300)
            maker.close(path, duration=410)
    maker.connect("10.1.2.3", 5432, duration=612_000)
    maker.connect("10.9.9.9", 80, result=-111, duration=1_204_000)
    maker.fork(4200, comm=b"nginx", pid=4121)
    maker.exec(b"/bin/bash", (b"bash", b"-c", b"cat /etc/shadow"), pid=4200, uid=0, ppid=4121, duration=390_000)
    maker.open(b"/etc/shadow", result=-13, duration=2_900, **SHELL)
    maker.lost(312, cpu=1)
    for number, name in enumerate(HOSTILE):
        maker.open(name, result=4 if number % 3 else -2, duration=2_000 + number, **SHELL)
    maker.add("user.setuid", "setuid", (1000,), section(Section.OLD_IDS, NONE_REGISTER, bytes(24)), result=0, **SHELL)
    maker.exit(pid=4200, comm=b"bash", uid=0, ppid=4121, signal=9)
    maker.stat(b"/srv/www/index.html", duration=1_500)
    maker.connect("10.1.2.3", 5432, result=-512, duration=90_000)
    return maker


def story(*, finished: bool = True) -> Session:
    """The session."""
    return session_of(told().batch(), finished=finished)


class FakeCapture:
    """A capture that does nothing, and remembers what it was told."""

    def __init__(self) -> None:
        self.error: KellectError | None = None
        self.types: frozenset[str] | None = None

    def set_events(self, types: Iterable[str]) -> None:
        """Remember the types."""
        self.types = frozenset(types)


class StoppedClock:
    """Seconds that pass only when told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        """The time."""
        return self.now


def still(session: Session, *, live: FakeCapture | None = None, initial_filter: str = "", now_ns: int = 0) -> KellectApp:
    """The program with a cost that does not change and clocks that stand still."""
    return KellectApp(session, live=live, initial_filter=initial_filter, cost=lambda: COST, rate=Rate(StoppedClock()), now=lambda: now_ns)


async def until(pilot: Pilot[Any], condition: Callable[[], bool], seconds: float = 10.0) -> None:
    """Let the program go on until something has come true; fails where it does not."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come true"
        await pilot.pause(0.01)
