"""A chunk from a batch of another version's layout, and batches that no chunk can be made of."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from kellect_tui.events.catalogue import ALL_TYPES
from kellect_tui.session.arrow import FIELDS, LazyChunk, Unreadable, fill, layout, record_batch, schema
from kellect_tui.session.chunk import Chunk, EventId, Row
from tests.synthetic import mixed, session_of

SCHEMA = schema({})


def example() -> tuple[Chunk, pa.RecordBatch]:
    session = session_of(mixed(300))
    session.store.seal()
    chunk = session.store.chunks[0]
    return chunk, record_batch(chunk, SCHEMA)


def with_column(batch: pa.RecordBatch, name: str, column: pa.Array) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays([column if field == name else batch[field] for field, _ in FIELDS], schema=SCHEMA)


def filled(batch: pa.RecordBatch, registers: dict[str, list[int]] | None = None) -> Chunk:
    chunk = LazyChunk(EventId(0), batch.num_rows, lambda _: None)
    fill(chunk, batch, registers or layout(), "x86_64")
    return chunk


def test_registers_are_put_where_this_version_keeps_them() -> None:
    chunk, batch = example()
    six = [list(chunk.registers(Row(row))) for row in range(chunk.count)]
    other = with_column(batch, "raw.args", pa.array(six, pa.list_(pa.uint64())))
    again = filled(other, {row.name: list(range(6)) for row in ALL_TYPES})
    assert np.array_equal(again.args, chunk.args)
    assert np.array_equal(again.offsets, chunk.offsets)


def recoded(batch: pa.RecordBatch, name: str, values: list[bytes | str | None]) -> pa.RecordBatch:
    column = batch[name]
    return with_column(batch, name, pa.DictionaryArray.from_arrays(column.indices, pa.array(values, column.dictionary.type)))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda batch: with_column(batch, "raw.args", pa.array([[1]] * batch.num_rows, pa.list_(pa.uint64()))), "raw.args"),
        (lambda batch: recoded(batch, "raw.who", [b"short"] * len(batch["raw.who"].dictionary)), "raw.who"),
        (lambda batch: recoded(batch, "raw.what", [b"\x7f" * 22] * len(batch["raw.what"].dictionary)), "paths"),
        (lambda batch: recoded(batch, "raw.payload", [None] * len(batch["raw.payload"].dictionary)), "null"),
        (lambda batch: recoded(batch, "event_type", ["file.future"] * len(batch["event_type"].dictionary)), "type"),
        (lambda batch: batch.slice(0, 5), "rows"),
    ],
)
def test_what_cannot_be_is_refused(damage, message: str) -> None:  # type: ignore[no-untyped-def]  # a lambda of the table above
    batch = damage(example()[1])
    chunk = LazyChunk(EventId(0), 301, lambda _: None)
    with pytest.raises(Unreadable, match=message):
        fill(chunk, batch, layout(), "x86_64")


def test_a_chunk_loads_once() -> None:
    whole, batch = example()
    loads: list[int] = []

    def load(chunk: Chunk) -> None:
        loads.append(chunk.count)
        fill(chunk, batch, layout(), "x86_64")

    chunk = LazyChunk(EventId(0), whole.count, load)
    assert (chunk.nbytes, chunk.is_loaded) == (0, False)
    assert chunk.raw(Row(5)) == whole.raw(Row(5))
    assert chunk.raw(Row(6)) == whole.raw(Row(6))
    assert loads == [301]
    assert chunk.nbytes > 0
    with pytest.raises(AttributeError):
        chunk.nothing  # noqa: B018  # asking is the test
