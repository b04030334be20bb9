"""A session that is opened at once is in the end the session that is opened whole; what is not there yet is never passed off as there."""

from __future__ import annotations

import io
import struct
from typing import Any

import pytest

from kellect_tui.errors import BadSessionFile
from kellect_tui.events.record import to_dict
from kellect_tui.session import state_document
from kellect_tui.session.arrow import LazyChunk
from kellect_tui.session.file import SessionWriter, open_at_once, open_session
from kellect_tui.session.filter import Context, parse
from kellect_tui.session.processes import Processes
from kellect_tui.session.session import Session
from tests.old_files import without_checksums
from tests.saved import saved
from tests.synthetic import Maker, mixed, session_of


def cut(session: Session) -> bytes:
    """As a recorder leaves it that was killed: all chunks, and no end."""
    file = io.BytesIO()
    writer = SessionWriter(file, session)
    session.store.seal()
    writer.update(session)
    return file.getvalue()


def said(session: Session) -> dict[str, Any]:
    """All that a session says."""
    view = session.view()
    view.advance()
    return {
        "events": [to_dict(event) for event in view.rows(0, len(view))], "processes": session.processes.to_json(), "ledger": session.ledger.to_json(),
        "start": session.start, "stop": session.stop, "times": (session.started_ns, session.stopped_ns, session.epoch_offset_ns),
        "totals": session.totals, "dropped": session.store.dropped, "cut": session.cut_short, "rollup": session.processes.rollup().whole.tolist(),
    }  # fmt: skip


WHOLE = saved(session_of(mixed(700), mixed(300, seed=2), finished=True, chunk_rows=256))
DROPPED = saved(session_of(mixed(900, losses=False), keep_events=100, chunk_rows=50, finished=True))
CUT = cut(session_of(mixed(700), mixed(300, seed=2), chunk_rows=256))


@pytest.mark.parametrize("data", [WHOLE, CUT, DROPPED, without_checksums(WHOLE)], ids=["whole", "cut", "dropped", "old"])
@pytest.mark.parametrize("piece_bytes", [300, 1 << 18])
def test_in_the_end_both_are_the_same(data: bytes, piece_bytes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state_document, "PIECE_BYTES", piece_bytes)
    whole, session = open_session(io.BytesIO(data)), open_at_once(io.BytesIO(data))
    assert whole.opening is None
    assert session.opening is not None
    session.opening.run()
    assert session.opening is None
    assert said(session) == said(whole)


def test_at_once_there_are_events_and_counts_and_no_processes() -> None:
    session, whole = open_at_once(io.BytesIO(WHOLE)), open_session(io.BytesIO(WHOLE))
    assert session.opening is not None
    assert not session.opening.counting
    assert (len(session.processes), session.opening.share) == (0, 0.0)
    assert session.ledger.to_json() == whole.ledger.to_json()
    assert (session.ledger.captured, session.stop, session.totals) == (997, whole.stop, whole.totals)
    loaded = [chunk.is_loaded for chunk in session.store.chunks if isinstance(chunk, LazyChunk)]
    assert loaded == [False] * (len(loaded) - 1) + [True]
    session.opening.run()
    assert [chunk.is_loaded for chunk in session.store.chunks if isinstance(chunk, LazyChunk)] == loaded


def test_of_a_cut_file_the_counts_come_too_chunk_by_chunk(monkeypatch: pytest.MonkeyPatch) -> None:
    session = open_at_once(io.BytesIO(CUT))
    opening = session.opening
    assert opening is not None
    assert opening.counting
    assert session.cut_short
    assert (session.ledger.captured, len(session.store)) == (0, 1_001)
    told: list[tuple[float, int]] = []
    monkeypatch.setattr(opening, "_told", lambda share: told.append((share, session.ledger.captured)))
    opening.run()
    of_chunks = told[-4:]
    assert [share for share, _ in of_chunks] == pytest.approx([0.2, 0.4, 0.6, 0.8])
    assert [count for _, count in of_chunks] == [0, 252, 508, 764]
    assert session.ledger.captured == 997


def test_who_holds_the_table_sees_it_come_and_a_filter_that_waits_is_right() -> None:
    maker = Maker()
    maker.fork(5_000)
    maker.read(b"/a", pid=5_000)
    maker.read(b"/b", pid=77)
    session = open_at_once(io.BytesIO(saved(session_of(maker.batch(), finished=True))))
    table, version = session.processes, session.processes.version
    filter = parse("tree = 4121", Context(table))
    chunk = session.store.chunks[0]
    assert filter.about_processes
    assert not filter.mask(chunk, 1, 4).any()
    assert session.opening is not None
    session.opening.run()
    assert session.processes is table
    assert table.version > version
    assert filter.mask(chunk, 1, 4).tolist() == [True, True, False]


@pytest.mark.parametrize(("text", "asked"), [("tree = 1", True), ("comm = a and not exe = /bin/sh", True), ("argv ~ x", True), ("ancestor.comm = sshd", True),
                                             ("pid = 1", False), ("passwd", False), ("cgroup = /a or failed", False)])  # fmt: skip
def test_which_filters_need_the_table(text: str, asked: bool) -> None:
    assert parse(text, Context(Processes())).about_processes is asked


def test_who_waits_goes_on_when_all_is_there_or_nobody_wants_it_any_more() -> None:
    session = open_at_once(io.BytesIO(WHOLE))
    opening = session.opening
    assert opening is not None
    assert not opening.wait(lambda: True)
    opening.run()
    assert opening.wait()


def test_one_that_is_stopped_ends_soon_and_is_not_called_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state_document, "PIECE_BYTES", 300)
    for data in (WHOLE, CUT):
        session = open_at_once(io.BytesIO(data))
        opening = session.opening
        assert opening is not None
        opening.stop()
        opening.run()
        assert session.opening is opening
        assert not opening.wait()
        assert session.ledger.captured == (997 if data is WHOLE else 0)


def with_a_bad_row(monkeypatch: pytest.MonkeyPatch) -> bytes:
    """A file in whose table of processes the last row lacks its pid."""
    session = session_of(mixed(100), finished=True)
    table = session.processes.to_json()
    del table["processes"][-1]["pid"]
    monkeypatch.setattr(Processes, "to_json", lambda self: table)
    return saved(session)


def test_a_damaged_table_is_told_alike_whether_it_is_read_at_once_or_later(monkeypatch: pytest.MonkeyPatch) -> None:
    data = with_a_bad_row(monkeypatch)
    with pytest.raises(BadSessionFile, match=r"the session's process table or counts cannot be read: KeyError\('pid'\)") as whole:
        open_session(io.BytesIO(data))
    session = open_at_once(io.BytesIO(data))
    opening = session.opening
    assert opening is not None
    with pytest.raises(BadSessionFile) as later:
        opening.run()
    assert (str(later.value), later.value.remedy, later.value.offset) == (str(whole.value), whole.value.remedy, whole.value.offset)
    assert 0 < later.value.offset < len(data)
    assert not opening.wait()
    assert (session.opening, len(session.processes)) == (opening, 0)


def test_damaged_counts_are_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    session = session_of(mixed(100), finished=True)
    monkeypatch.setattr(type(session.ledger), "to_json", lambda self: {"by_type": {}})
    with pytest.raises(BadSessionFile, match="cannot be read: KeyError"):
        open_at_once(io.BytesIO(saved(session)))


@pytest.mark.parametrize("data", [WHOLE, CUT], ids=["whole", "cut"])
def test_a_chunk_without_checksum_that_is_damaged_is_told_when_it_is_looked_at_and_the_rest_is_read(data: bytes) -> None:
    data = without_checksums(data)
    third, frame = len(data) // 3, struct.pack("<I", 0xFD2FB528)  # of zstd
    damaged = data[:third] + data[third : 2 * third].replace(frame, bytes(4)) + data[2 * third :]
    session, eager = open_at_once(io.BytesIO(damaged)), open_session(io.BytesIO(damaged))
    assert session.opening is not None
    session.opening.run()
    assert session.opening is None
    assert session.ledger.to_json() == eager.ledger.to_json()
    assert session.processes.to_json() == eager.processes.to_json()
    with pytest.raises(BadSessionFile, match="a part of the session is damaged"):
        said(session)
