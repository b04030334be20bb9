"""Session files as older versions wrote them."""

from __future__ import annotations

import pyarrow as pa

from kellect_tui.session.messages import END_OF_STREAM


def without_checksums(data: bytes) -> bytes:
    """The session in these bytes in format 1, each batch with all of its dictionaries; cut off where it is cut off."""
    reader = pa.ipc.open_stream(data)
    metadata = {key: value for key, value in reader.schema.metadata.items() if key != b"crc32"}
    kind = reader.schema.with_metadata(metadata | {b"format": b"kellect-tui/1"})
    head = _stream(kind)
    out = [head]
    while True:
        try:
            batch, said = reader.read_next_batch_with_custom_metadata()
        except StopIteration:
            break
        state = {key: value for key, value in said.items() if key == b"state"}
        out.append(_stream(kind, pa.RecordBatch.from_arrays(batch.columns, schema=kind), state)[len(head) :])
    return b"".join(out) + (END_OF_STREAM if data.endswith(END_OF_STREAM) else b"")


def _stream(kind: pa.Schema, batch: pa.RecordBatch | None = None, metadata: dict[bytes, bytes] | None = None) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, kind, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
        if batch is not None:
            writer.write_batch(batch, custom_metadata=metadata or None)
    data: bytes = sink.getvalue().to_pybytes()
    return data[: -len(END_OF_STREAM)]
