"""A command's own tree keeps its processes and nobody else's, whatever their numbers were before."""

from __future__ import annotations

from kellect_tui.events.record import Flag
from kellect_tui.session.scope import Scope
from kellect_tui.session.session import Session
from tests.synthetic import Maker, source_start

HIDDEN = int(Flag.HIDDEN)


def known(maker: Maker) -> list[tuple[int, str]]:
    """(pid, comm) of the processes of a session of the tree of 100."""
    session = Session(scope=Scope(100))
    session.begin(source_start())
    session.take(maker.batch())
    return [(process.pid, process.comm) for process in session.processes.all()]


def test_hidden_records_of_others_are_left_out() -> None:
    maker = Maker()
    maker.exec(b"/bin/sh", [b"sh"], pid=100)
    maker.fork(200, pid=100, comm=b"ours", flags=HIDDEN)
    maker.fork(500, pid=400, comm=b"secret", flags=HIDDEN)
    maker.exec(b"/bin/secret", [b"secret", b"--password"], pid=500, flags=HIDDEN)
    maker.fork(201, pid=200, comm=b"deeper", flags=HIDDEN)
    maker.exit(pid=500, flags=HIDDEN)
    assert known(maker) == [(100, "sh"), (200, "ours"), (201, "deeper")]


def test_a_number_that_was_ours_and_is_another_s_now() -> None:
    maker = Maker()
    maker.exec(b"/bin/sh", [b"sh"], pid=100)
    maker.fork(200, pid=100, comm=b"ours", flags=HIDDEN)
    maker.exit(pid=200, comm=b"ours", flags=HIDDEN)
    maker.fork(200, pid=400, comm=b"another", flags=HIDDEN)
    maker.exec(b"/bin/another", [b"another"], pid=200, flags=HIDDEN)
    assert known(maker) == [(100, "sh"), (200, "ours")]


def test_what_is_shown_belongs_to_the_tree_though_its_fork_was_lost() -> None:
    maker = Maker()
    maker.exec(b"/bin/sh", [b"sh"], pid=100)
    maker.exec(b"/bin/lost", [b"lost"], pid=300)
    maker.fork(301, pid=300, comm=b"below", flags=HIDDEN)
    assert {300, 301} <= {pid for pid, _ in known(maker)}


def test_a_batch_without_others_is_the_same_batch() -> None:
    maker = Maker()
    maker.exec(b"/bin/sh", [b"sh"], pid=100)
    maker.read(b"/a", pid=100)
    batch = maker.batch()
    assert Scope(100).cut(batch) is batch
