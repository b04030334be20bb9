"""A file that was changed by a single bit is never read as if it were right, and what is left of it is what was written."""

from __future__ import annotations

import io
import zlib
from dataclasses import dataclass

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kellect_tui.errors import BadSessionFile
from kellect_tui.export import export
from kellect_tui.session.checksums import Gap, told
from kellect_tui.session.file import SessionWriter
from kellect_tui.session.messages import END_OF_STREAM, Header, custom_metadata, messages
from tests.old_files import without_checksums
from tests.saved import all_events, opened, saved
from tests.synthetic import mixed, session_of


@dataclass(frozen=True)
class Part:
    """A block: where it begins, where its batch's message does, where it ends."""

    start: int
    batch: int
    end: int
    rows: int


def parts_of(data: bytes) -> list[Part]:
    parts: list[Part] = []
    start = 0
    for message in messages(memoryview(data)):
        if message is not None and message.header is Header.SCHEMA:
            start = message.end
        elif message is not None and message.header is Header.BATCH:
            parts.append(Part(start, message.start, message.end, message.rows))
            start = message.end
    return parts


def flipped(data: bytes, at: int, bit: int = 0) -> bytes:
    out = bytearray(data)
    out[at] ^= 1 << bit
    return bytes(out)


DATA = saved(session_of(mixed(60), finished=True, chunk_rows=32))  # rows: 32, 29 (with monitor.start), monitor.stop
PARTS = parts_of(DATA)
EVENTS = all_events(opened(DATA))


def assert_told(data: bytes) -> None:
    """It is refused, or it says that something is missing, and shows nothing that was not there."""
    try:
        session = opened(data)
    except BadSessionFile as error:
        assert error.message  # noqa: PT017  # the schema, without which nothing can be read
        return
    assert session.damage or session.cut_short
    events = iter(EVENTS)
    assert all(event in events for event in all_events(session))  # in their order, too
    assert len(session.store) + session.store.dropped <= len(EVENTS)


@given(st.integers(0, len(DATA) - 1), st.integers(0, 7))
@settings(deadline=None, max_examples=300)
def test_no_bit_can_be_changed_unnoticed(at: int, bit: int) -> None:
    assert_told(flipped(DATA, at, bit))


def test_no_bit_of_any_part_of_a_message_can_be_changed_unnoticed() -> None:
    for message in messages(memoryview(DATA)):
        start, end = (len(DATA) - len(END_OF_STREAM), len(DATA)) if message is None else (message.start, message.end)
        header_end = min(end, start + 8 + int.from_bytes(DATA[start + 4 : start + 8], "little"))
        header = {start, start + 3, start + 4, start + 6, start + 7, min(start + 8, end - 1), header_end - 1}
        for at in header | {min(header_end, end - 1), (header_end + end) // 2 - 1, end - 1}:
            assert_told(flipped(DATA, at, at % 8))


def test_what_is_there_when_nothing_is_damaged() -> None:
    session = opened(DATA)
    assert (session.damage, session.cut_short, session.store.dropped) == ("", False, 0)
    assert [part.rows for part in PARTS] == [0, 32, 29, 1, 0]


@pytest.mark.parametrize(
    ("part", "damage", "gone"),
    [
        (1, "damaged: events 1 to 32 of the file cannot be read", range(32)),
        (2, "damaged: events 33 to 61 of the file cannot be read", range(32, 61)),
        (3, "damaged: event 62 of the file cannot be read", range(61, 62)),
        (0, "damaged: the first state of the file cannot be read", range(0)),
    ],
)
def test_which_part_is_damaged_is_told_and_the_rest_is_there(part: int, damage: str, gone: range) -> None:
    whole = opened(DATA)
    for at in (PARTS[part].start + 9, PARTS[part].batch + 4, PARTS[part].batch + 40, PARTS[part].end - 9):
        session = opened(flipped(DATA, at))
        assert (session.damage, session.cut_short, session.store.dropped) == (damage, False, len(gone))
        assert all_events(session) == [event for number, event in enumerate(EVENTS) if number not in gone]
        assert session.processes.to_json() == whole.processes.to_json()  # the last state has them all
        assert session.ledger.to_json() == whole.ledger.to_json()


def test_without_its_last_state_a_file_is_cut_short() -> None:
    session = opened(flipped(DATA, PARTS[-1].end - 9))
    assert (session.damage, session.cut_short) == ("damaged: what stands behind event 62 of the file cannot be read", True)
    assert all_events(session) == EVENTS
    assert session.ledger.captured == opened(DATA).ledger.captured


def test_a_block_that_is_not_there_is_missed() -> None:
    for number, damage in ((1, "events 1 to 32"), (2, "events 33 to 61")):
        session = opened(DATA[: PARTS[number].start] + DATA[PARTS[number].end :])
        assert session.damage == f"damaged: {damage} of the file cannot be read"
        assert len(session.store) + session.store.dropped == 62


def test_blocks_in_another_order_are_not_taken_for_events() -> None:
    one, two = PARTS[1], PARTS[2]
    session = opened(DATA[: one.start] + DATA[two.start : two.end] + DATA[one.start : one.end] + DATA[two.end :])
    assert session.damage.startswith("damaged: events 1 to 32 and ")
    assert all_events(session) == EVENTS[32:]


def test_a_batch_that_is_taken_for_a_dictionary_does_not_take_the_next_block_with_it() -> None:
    batch = PARTS[1].batch
    length = int.from_bytes(DATA[batch + 4 : batch + 8], "little")
    kinds = [at for at in range(batch, batch + 8 + length) if Header.DICTIONARY in kinds_with(at, batch)]
    assert len(kinds) == 1
    session = opened(flipped(DATA, kinds[0]))
    assert session.damage == "damaged: events 1 to 32 of the file cannot be read"
    assert all_events(session) == EVENTS[32:]


def kinds_with(at: int, batch: int) -> list[Header]:
    """The kind of the message there, with the lowest bit of a byte changed."""
    found = [message for message in messages(memoryview(flipped(DATA, at)), batch, resume=True) if message is not None]
    return [message.header for message in found if (message.start, message.end) == (batch, PARTS[1].end)]


def cut() -> bytes:
    """As a recorder leaves it that was killed: rows 0 to 31 and 32 to 60."""
    session = session_of(chunk_rows=32)
    file = io.BytesIO()
    writer = SessionWriter(file, session)
    writer.update(session)
    session.take(mixed(60, losses=False))
    session.store.seal()
    return file.getvalue()


def test_in_a_cut_file_the_tree_says_when_something_is_missing() -> None:
    data = cut()
    whole, session = opened(data), opened(flipped(data, parts_of(data)[1].end - 9))
    assert (session.damage, session.cut_short) == ("damaged: events 1 to 32 of the file cannot be read", True)
    assert list(session.processes.gaps) == [(whole.started_ns, all_events(whole)[32]["ns"])]
    assert (session.ledger.captured, session.store.dropped, len(whole.processes.gaps)) == (29, 32, 0)


def test_in_a_cut_file_the_last_block_may_be_the_damaged_one() -> None:
    data = cut()
    session = opened(flipped(data, parts_of(data)[2].end - 9))
    assert (session.damage, session.cut_short) == ("damaged: what stands behind event 32 of the file cannot be read", True)
    assert all_events(session) == all_events(opened(data))[:32]


def test_what_is_made_of_a_damaged_file_says_what_is_missing() -> None:
    session = opened(flipped(DATA, PARTS[2].end - 9))
    again = opened(saved(session))
    assert (again.damage, again.store.dropped) == ("", 29)
    assert [(event["event_type"], event["arguments"]) for event in all_events(again)][1] == ("monitor.dropped", {"count": 29})
    lines = io.BytesIO()
    export(session, lines, "jsonl")
    assert b'"monitor.dropped"' in lines.getvalue().splitlines()[1]


def test_another_reader_can_check_it_as_it_is_described() -> None:
    schema = pa.ipc.open_stream(DATA).schema
    head = DATA[: PARTS[0].start]
    said = schema.metadata[b"crc32"]
    assert head.count(said) == 1
    assert said == b"%08x" % zlib.crc32(head.replace(said, b"00000000"))
    rows = 0
    reader = pa.ipc.open_stream(DATA)
    for part in PARTS:
        batch, metadata = reader.read_next_batch_with_custom_metadata()
        assert int(metadata[b"first"]) == rows
        block = DATA[part.start : part.end]
        start, end = custom_metadata(memoryview(DATA)[part.batch :])[b"crc32"]
        start, end = part.batch - part.start + start, part.batch - part.start + end
        assert block[start:end] == metadata[b"crc32"]
        assert metadata[b"crc32"] == b"%08x" % zlib.crc32(block[:start] + b"00000000" + block[end:])
        rows += batch.num_rows
    assert rows == len(EVENTS)


def test_a_file_without_checksums_is_the_same_session() -> None:
    session = opened(without_checksums(DATA))
    assert (session.damage, session.cut_short) == ("", False)
    assert all_events(session) == EVENTS
    assert session.processes.to_json() == opened(DATA).processes.to_json()


@pytest.mark.parametrize(
    ("gaps", "text"),
    [
        ([], ""),
        ([Gap(0, 1, 9)], "damaged: event 1 of the file cannot be read"),
        ([Gap(0, 0, 9), Gap(7, 7, 9)], "damaged: the first state and what stands between events 7 and 8 of the file cannot be read"),
        (
            [Gap(10, 2_000, 9), Gap(3_000, 3_001, 9), Gap(4_000, 4_002, 9), Gap(5_000, 5_001, 9), Gap(6_000, None, 9)],
            "damaged: events 11 to 2,000, event 3,001, events 4,001 to 4,002 and 2 more parts of the file cannot be read",
        ),
    ],
)
def test_words(gaps: list[Gap], text: str) -> None:
    assert told(gaps) == text
