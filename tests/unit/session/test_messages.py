"""The walk over message headers finds what Arrow's own reader finds, and nothing but `Damaged` comes of other bytes."""

from __future__ import annotations

from itertools import pairwise

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kellect_tui.session.messages import END_OF_STREAM, Damaged, Header, custom_metadata, messages, unpacked_bytes


def stream(*rows: int) -> bytes:
    kind = pa.schema([("a", pa.int64()), ("b", pa.dictionary(pa.uint8(), pa.string()))])
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, kind, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
        for count in rows:
            b = pa.DictionaryArray.from_arrays(pa.array([0] * count, pa.uint8()), pa.array([f"{count}"]))
            writer.write_batch(pa.RecordBatch.from_arrays([pa.array(range(count), pa.int64()), b], schema=kind))
    data: bytes = sink.getvalue().to_pybytes()
    return data


EXAMPLE = stream(3, 0, 1000)


def test_kinds_rows_and_places() -> None:
    found = list(messages(memoryview(EXAMPLE)))
    assert found[-1] is None
    whole = [message for message in found if message is not None]
    assert [message.rows for message in whole if message.header is Header.BATCH] == [3, 0, 1000]
    assert [message.header for message in whole].count(Header.DICTIONARY) == 3
    assert whole[0].header is Header.SCHEMA
    assert [message.start for message in whole] == [0, *(message.end for message in whole[:-1])]
    assert whole[-1].end + len(END_OF_STREAM) == len(EXAMPLE)


@given(st.integers(0, len(EXAMPLE)))
def test_a_cut_ends_the_walk_after_the_last_whole_message(length: int) -> None:
    whole = [message for message in messages(memoryview(EXAMPLE)) if message is not None]
    found = list(messages(memoryview(EXAMPLE[:length])))
    assert found == [message for message in whole if message.end <= length] + ([None] if length == len(EXAMPLE) else [])


@given(st.binary(max_size=200), st.binary(max_size=100))
def test_any_bytes(front: bytes, behind: bytes) -> None:
    for data in (front, EXAMPLE[:8] + front, EXAMPLE[: len(EXAMPLE) // 2] + behind):
        try:
            for message in messages(memoryview(data)):
                assert message is None or message.end <= len(data)
        except Damaged as error:
            assert 0 <= error.offset <= len(data)  # noqa: PT017  # whether it is damaged depends on the bytes


@given(st.integers(0, len(EXAMPLE) - 1), st.integers(0, 255), st.binary(max_size=30))
def test_what_is_no_message_can_be_passed_over(at: int, value: int, behind: bytes) -> None:
    data = bytearray(EXAMPLE + behind)
    data[at] = value
    found = [message for message in messages(memoryview(data), resume=True) if message is not None]
    assert all(one.end <= other.start and not other.start % 8 for one, other in pairwise(found))
    assert found
    assert found[-1].end <= len(data)


def test_behind_a_message_that_is_damaged_the_next_one_is_found() -> None:
    whole = [message for message in messages(memoryview(EXAMPLE)) if message is not None]
    for at, damaged in enumerate(whole[:-1]):
        for place in (0, 4, 6):  # no mark, an odd length, one beyond the end
            data = bytearray(EXAMPLE)
            data[damaged.start + place] ^= 1 << 4 if place == 6 else 1
            assert list(messages(memoryview(data), resume=True)) == [*whole[:at], *whole[at + 1 :], None]


@given(st.integers(0, len(EXAMPLE) - 1), st.integers(0, 255))
def test_custom_metadata_of_damaged_messages(at: int, value: int) -> None:
    data = bytearray(EXAMPLE)
    data[at] = value
    for message in messages(memoryview(EXAMPLE)):
        try:
            found = {} if message is None else custom_metadata(memoryview(data)[message.start : message.end])
            assert all(isinstance(key, bytes) for key in found)
        except Damaged as error:
            assert str(error)  # noqa: PT017  # whether it is damaged depends on the byte


def test_custom_metadata_by_its_place() -> None:
    kind = pa.schema([("a", pa.int64())], metadata={"b": "of the schema", "": ""})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, kind) as writer:
        writer.write_batch(pa.RecordBatch.from_arrays([pa.array([1])], schema=kind), custom_metadata={"c": "of the message"})
    data = memoryview(sink.getvalue())
    found = []
    for message in messages(data):
        if message is not None:
            piece = data[message.start : message.end]
            found.append({key: bytes(piece[start:end]) for key, (start, end) in custom_metadata(piece).items()})
    assert found == [{b"b": b"of the schema", b"": b""}, {b"c": b"of the message"}]


def test_what_the_buffers_need_unpacked() -> None:
    batches = list(pa.ipc.open_stream(EXAMPLE))
    columns = [array for batch in batches for array in (batch["a"], batch["b"].indices, batch["b"].dictionary)]
    assert unpacked_bytes(memoryview(EXAMPLE)) == sum(buffer.size for array in columns for buffer in array.buffers() if buffer is not None)
    assert unpacked_bytes(memoryview(EXAMPLE)) > 1003 * 8


@given(st.integers(0, len(EXAMPLE) - 1), st.integers(0, 255))
def test_what_damaged_buffers_need(at: int, value: int) -> None:
    data = bytearray(EXAMPLE)
    data[at] = value
    try:
        assert unpacked_bytes(memoryview(data)) >= 0
    except Damaged as error:
        assert 0 <= error.offset <= len(data)  # noqa: PT017  # whether it is damaged depends on the byte


def test_other_bytes_are_told_with_their_place() -> None:
    second = next(iter(messages(memoryview(EXAMPLE)))).end  # type: ignore[union-attr]  # the first is a message
    with pytest.raises(Damaged) as caught:
        list(messages(memoryview(EXAMPLE[:second] + b"something else")))
    assert caught.value.offset == second
