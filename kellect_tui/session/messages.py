"""The messages of an Arrow IPC stream, found by their headers alone, so that a file opens without being decoded.

Format: arrow.apache.org/docs/format/Columnar.html, "Encapsulated message format" and "IPC streaming format"; the few
fields that are read here are those of format/Message.fbs. Whatever the bytes, nothing but `Damaged` is raised.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

_CONTINUATION = 0xFFFFFFFF
_MARK = struct.pack("<I", _CONTINUATION)
_ALIGNMENT = 8
_PIECE_BYTES = 1 << 20

END_OF_STREAM = struct.pack("<II", _CONTINUATION, 0)


class Damaged(ValueError):
    """Bytes that are no message."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.offset = offset


class Header(IntEnum):
    """Kinds of message (Message.fbs, MessageHeader)."""

    NONE = 0
    SCHEMA = 1
    DICTIONARY = 2
    BATCH = 3


@dataclass(frozen=True, slots=True)
class Message:
    """A message at ``[start:end]`` of the stream; `rows` of a batch, else 0."""

    header: Header
    start: int
    end: int
    rows: int = 0


def messages(data: memoryview, at: int = 0, *, resume: bool = False) -> Iterator[Message | None]:
    """The messages, one after the other; None at last where the stream ends as it should.

    Ends without None where the data is cut off. Raises Damaged where it is something else.

    Args:
        at: Where the first of them begins.
        resume: Pass over what is no message, to the next place where one can begin; what stands there may be a piece of another.
    """
    marks: Iterator[int] | None = None
    while at + 8 <= len(data):
        try:
            message = _message(data, at, may_go_on=not resume)
        except Damaged:
            if not resume:
                raise
            message = None
        if message is not None:
            if not message.end:
                yield None
                return
            yield message
            at = message.end
        elif resume:
            marks = _marks(data, at) if marks is None else marks
            at = next((mark for mark in marks if mark > at), len(data))
        else:
            return


def _message(data: memoryview, at: int, *, may_go_on: bool) -> Message | None:
    """What begins here: with no `end`, the end of the stream, behind which bytes may go on; None: it is cut off. Raises Damaged."""
    mark, length = struct.unpack_from("<II", data, at)
    if mark != _CONTINUATION:
        raise Damaged("no message begins here", at)
    if not length and not may_go_on and at + 8 != len(data):
        raise Damaged("the stream ends before its end", at)
    if not length:
        return Message(Header.NONE, at, 0)
    if length % _ALIGNMENT:
        raise Damaged("a message of an odd length", at)
    body_at = at + 8 + length
    if body_at > len(data):
        return None
    try:
        header, body, rows = _header(data[at + 8 : body_at])
    except (struct.error, IndexError, ValueError) as error:
        raise Damaged("a message header that cannot be read", at) from error
    if body < 0 or rows < 0 or body % _ALIGNMENT:
        raise Damaged("a message of impossible size", at)
    return None if body_at + body > len(data) else Message(header, at, body_at + body, rows)


def _marks(data: memoryview, at: int) -> Iterator[int]:
    """Where a message can begin, from `at` on, which is one of the places that messages are aligned to."""
    for start in range(at, len(data), _PIECE_BYTES):
        piece = bytes(data[start : start + _PIECE_BYTES])
        found = piece.find(_MARK)
        while found >= 0:
            if not found % _ALIGNMENT:
                yield start + found
            found = piece.find(_MARK, found + 1)


def custom_metadata(data: memoryview) -> dict[bytes, tuple[int, int]]:
    """Where in these bytes, which a message begins, each value of its custom metadata stands: of a schema its own, else the message's.

    Raises Damaged.
    """
    try:
        (length,) = struct.unpack_from("<I", data, 4)
        header = data[8 : 8 + length]
        (table,) = struct.unpack_from("<I", header, 0)
        is_schema = header[_field(header, table, 1)] == Header.SCHEMA
        pairs = _field(header, _table(header, _field(header, table, 2)), 2) if is_schema else _field(header, table, 4)
        return dict(_pairs(header, _table(header, pairs))) if pairs else {}
    except (struct.error, IndexError, ValueError) as error:
        raise Damaged("a message header that cannot be read", 0) from error


def _pairs(header: memoryview, vector: int) -> Iterator[tuple[bytes, tuple[int, int]]]:
    """Each key and where its value stands in the message."""
    (count,) = struct.unpack_from("<I", header, vector)
    for number in range(count):
        pair = _table(header, vector + 4 + 4 * number)
        key, value = (_table(header, _field(header, pair, place)) for place in (0, 1))
        (key_length,), (value_length,) = struct.unpack_from("<I", header, key), struct.unpack_from("<I", header, value)
        yield bytes(header[key + 4 : key + 4 + key_length]), (8 + value + 4, 8 + value + 4 + value_length)


def unpacked_bytes(data: memoryview) -> int:
    """Bytes that the buffers of these whole messages say they need once they are decompressed: what a reader of them asks memory for.

    Raises Damaged.
    """
    total = 0
    for message in messages(data):
        if message is not None and message.header in (Header.DICTIONARY, Header.BATCH):
            try:
                total += sum(_unpacked(data[message.start : message.end]))
            except (struct.error, IndexError, ValueError) as error:
                raise Damaged("a message header that cannot be read", message.start) from error
    return total


def _unpacked(message: memoryview) -> Iterator[int]:
    """The size of each buffer of a batch, or of a dictionary's: compressed ones have it in front of them, -1 where they were left as they are."""
    (length,) = struct.unpack_from("<I", message, 4)
    header, body = message[8 : 8 + length], message[8 + length :]
    (table,) = struct.unpack_from("<I", header, 0)
    kind_at, batch = _field(header, table, 1), _table(header, _field(header, table, 2))
    if Header(header[kind_at]) is Header.DICTIONARY:
        batch = _table(header, _field(header, batch, 1))
    buffers, is_compressed = _field(header, batch, 2), bool(_field(header, batch, 3))
    if not buffers:
        return
    first = _table(header, buffers)
    (count,) = struct.unpack_from("<I", header, first)
    for number in range(count):
        at, size = struct.unpack_from("<qq", header, first + 4 + 16 * number)
        if at < 0 or size < 0 or at + size > len(body):
            raise ValueError(at)
        unpacked = struct.unpack_from("<q", body, at)[0] if is_compressed and size else -1
        yield size if unpacked < 0 else unpacked


def _table(data: memoryview, at: int) -> int:
    """What an offset points at."""
    if not at:
        raise ValueError(at)
    return at + int(struct.unpack_from("<I", data, at)[0])


def _header(data: memoryview) -> tuple[Header, int, int]:
    """Kind, length of the body, rows."""
    (table,) = struct.unpack_from("<I", data, 0)
    kind_at, header_at, body_at = _field(data, table, 1), _field(data, table, 2), _field(data, table, 3)
    header = Header(data[kind_at]) if kind_at else Header.NONE
    if header is Header.NONE:
        raise ValueError(header)
    (body,) = struct.unpack_from("<q", data, body_at) if body_at else (0,)
    if header is not Header.BATCH or not header_at:
        return header, body, 0
    (offset,) = struct.unpack_from("<I", data, header_at)
    rows_at = _field(data, header_at + offset, 0)
    (rows,) = struct.unpack_from("<q", data, rows_at) if rows_at else (0,)
    return header, body, rows


def _field(data: memoryview, table: int, number: int) -> int:
    """Where a flatbuffer table's field stands; 0 where it is left out."""
    (back,) = struct.unpack_from("<i", data, table)
    entry = table - back
    if entry < 0:
        raise ValueError(back)
    (size,) = struct.unpack_from("<H", data, entry)
    place = 4 + 2 * number
    if place + 2 > size:
        return 0
    (offset,) = struct.unpack_from("<H", data, entry + place)
    return table + offset if offset else 0
