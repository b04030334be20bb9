"""Events with a mark are counted as decoding them would."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kellect_tui.events.batch import Batch
from kellect_tui.events.record import MESSAGE_INFO, SOCKET_INFO, Flag, Mark, Section
from kellect_tui.session import marks
from kellect_tui.session.marks import incomplete
from kellect_tui.session.session import Session
from tests.synthetic import HOSTILE, Maker, mixed, section, session_of


def counted(session: Session) -> int:
    session.store.seal()
    return sum(incomplete(chunk) for chunk in session.store.chunks)


def decoded(session: Session) -> int:
    view = session.view()
    view.advance()
    return sum(bool(event.incomplete) for event in view.rows(0, len(view)))


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10_000), st.integers(1, 400))
def test_any_mix(seed: int, rows: int) -> None:
    session = session_of(mixed(rows, seed=seed), chunk_rows=128)
    assert counted(session) == decoded(session)


def one(**fields: object) -> Batch:
    maker = Maker()
    maker.add(**fields)  # type: ignore[arg-type]  # what `add` takes
    return maker.batch()


def unix(name: bytes) -> bytes:
    return section(Section.SOCKADDR, 1, b"\1\0" + name)


def unix_socket(local: bytes, peer: bytes | None) -> bytes:
    info = np.zeros(1, SOCKET_INFO)
    info["family"], info["local_len"], info["peer_len"] = 1, len(local), 0xFFFF if peer is None else len(peer)
    return section(Section.SOCKET, 0, info.tobytes() + local + (peer or b""))


def message(unreadable: int) -> bytes:
    info = np.zeros(1, MESSAGE_INFO)
    info["unreadable"] = unreadable
    return section(Section.MESSAGE, 1, info.tobytes())


def connected(payload: bytes, **fields: object) -> Batch:
    return one(event="network.connect", syscall="connect", args=(3, 9, 5), payload=payload, **fields)


ARGV = section(Section.STRING, 0, b"/bin/a")
CASES = {
    "plain": (one(event="file.chdir", syscall="chdir", payload=section(Section.STRING, 0, b"/a"), result=-2), 0),
    "truncated": (one(event="file.chdir", syscall="chdir", payload=section(Section.STRING, 0, b"/a", Mark.TRUNCATED), result=-2), 1),
    "unreadable": (one(event="file.chdir", syscall="chdir", payload=section(Section.STRING, 0, b"", Mark.UNREADABLE), result=-14), 1),
    "latin1": (one(event="file.chdir", syscall="chdir", payload=section(Section.STRING, 0, b"/\xe9"), result=-2), 1),
    "utf8": (one(event="file.chdir", syscall="chdir", payload=section(Section.STRING, 0, "/é".encode()), result=-2), 0),
    "no room": (one(event="file.chdir", syscall="chdir", flags=int(Flag.NO_PAYLOAD), result=-2), 1),
    "comm": (one(event="file.read", syscall="read", comm=b"\xff"), 1),
    "unix path": (one(event="network.connect", syscall="connect", args=(3, 9, 5), payload=unix(b"/run/\xe9\0") + unix_socket(b"", b""), result=-2), 1),
    "abstract": (one(event="network.connect", syscall="connect", args=(3, 9, 5), payload=unix(b"\0abc\0") + unix_socket(b"", b"\0abc\0")), 1),
    "the argument of a success": (connected(unix(b"/\xff") + unix_socket(b"", b"/run/x")), 0),
    "the argument of a failure": (connected(unix(b"/\xff") + unix_socket(b"", b""), result=-2), 1),
    "an address over AF_UNSPEC": (connected(unix(b"/a") + unix_socket(b"", None)), 1),
    "a peer's own name": (one(event="network.getpeername", syscall="getpeername", args=(3, 9, 5), payload=unix_socket(b"/\xff", b"/run/x")), 0),
    "unix": (one(event="network.connect", syscall="connect", args=(3, 9, 5), payload=unix(b"/run/x\0\xff") + unix_socket(b"", b"/run/x")), 0),
    "local name": (one(event="network.connect", syscall="connect", args=(3, 9, 5), payload=unix(b"/run/x\0") + unix_socket(b"\0\xff", b"/run/x")), 1),
    "null address": (one(event="network.connect", syscall="connect", args=(3, 0, 0), payload=unix_socket(b"", b""), result=-14), 1),
    "vectors": (one(event="network.send", syscall="sendmsg", args=(3,), payload=message(1) + unix_socket(b"", b""), result=5), 1),
    "exact": (one(event="network.send", syscall="sendmsg", args=(3,), payload=message(0) + unix_socket(b"", b""), result=5), 0),
    "argv": (one(event="process.exec", syscall="execve", payload=ARGV + section(Section.ARGV, 1, b"a\0\xff\0"), key1=1, result=-2), 1),
    "a group whose path is not known": (one(event="file.read", syscall="read", cgroup=78), 1),
    "the root of groups that nobody uses": (one(event="file.read", syscall="read", cgroup=1), 0),
    "exit": (one(event="process.exit", args=(0,), flags=int(Flag.NO_RESULT)), 0),
}


@pytest.mark.parametrize("case", CASES)
def test_each_reason(case: str) -> None:
    batch, marked = CASES[case]
    session = session_of(replace(batch, paths={1: b"/root"}))
    assert (counted(session), decoded(session)) == (marked, marked)


def test_a_path_that_was_lost_and_names_that_have_to_be_escaped() -> None:
    maker = Maker()
    maker.read(b"/a")
    lost = replace(maker.batch(), paths={})
    for name in HOSTILE:
        maker.read(name)
        maker.open(name)
    session = session_of(lost, maker.batch())
    assert counted(session) == decoded(session) == 3


def test_of_payloads_with_numbers_only_those_with_doubtful_text_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each stat brings a payload of its own, whose numbers have high bytes: one by one they would keep the reader from the rings."""
    looked_at: list[bytes] = []
    judge = marks._is_marked

    def watched(payload: bytes) -> bool:
        looked_at.append(payload)
        return judge(payload)

    monkeypatch.setattr(marks, "_is_marked", watched)
    maker = Maker()
    for number in range(50):
        maker.stat(b"f%d" % number)
    maker.stat("fä".encode())
    maker.stat(b"f\xff")
    session = session_of(maker.batch())
    session.store.seal()
    assert len(looked_at) == 2
    assert session.ledger.incomplete == 1


def test_monitor_stop_says_how_many() -> None:
    session = session_of(mixed(500), finished=True, chunk_rows=100)
    assert session.stop is not None
    assert session.stop["incomplete"] == decoded(session) > 0
