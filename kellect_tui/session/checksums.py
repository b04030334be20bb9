"""Checksums of a session's file (docs/file-format.md): which of its blocks are what was written, and what is missing between them.

A block is a batch with the dictionaries in front of it. Its CRC-32 is of all its bytes, its own place in them read as
`NO_CRC`. Each block also says how many rows stand before it, so that a gap is known by the blocks around it, whatever is in it.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from kellect_tui.session.messages import Damaged, Header, custom_metadata, messages

NO_CRC = b"00000000"
"""What stands in a CRC's place while it is counted; the CRC is as long, in hexadecimal digits."""

_KEY, _FIRST = b"crc32", b"first"
_TOLD = 3
_MOST_DIGITS = 18


@dataclass(frozen=True, slots=True)
class Block:
    """A batch and its dictionaries at ``[start:end]``, the batch's own message from `batch` on; `rows` as its header says."""

    start: int
    batch: int
    end: int
    rows: int


@dataclass(frozen=True, slots=True)
class Gap:
    """Rows ``[first:end]`` that cannot be read; none: a block that holds no events. `end` None: not known. `offset`: where in the file."""

    first: int
    end: int | None
    offset: int


def seal(block: memoryview) -> memoryview:
    """The block, or the schema's message, with its CRC put into its place, which holds `NO_CRC`."""
    *_, last = (message for message in messages(block) if message is not None)
    start, end = custom_metadata(block[last.start :])[_KEY]
    block[last.start + start : last.start + end] = b"%08x" % zlib.crc32(block)
    return block


def is_right(data: memoryview, message: int = 0) -> bool:
    """Whether the CRC that the message at that place carries is that of all these bytes."""
    return _checked(data, message) is not None


def whole_blocks(data: memoryview, start: int, dictionaries: int) -> tuple[list[Block], list[Gap], bool]:
    """The blocks from `start` on that are as they were written, the gaps between them, and whether the stream ends as it should.

    Args:
        dictionaries: How many stand in front of each batch.
    """
    found, end = _found(data, start, dictionaries)
    blocks: list[Block] = []
    gaps: list[Gap] = []
    at, row = start, 0
    for block in found:
        first = _first(data, block)
        if first is None or first < row:
            continue
        if block.start != at or first != row:
            gaps.append(Gap(row, first, at))
        blocks.append(block)
        at, row = block.end, first + block.rows
    if (end is not None and end != at) or (found and found[-1].end > at):
        gaps.append(Gap(row, None, at))
    return blocks, gaps, end is not None


def told(gaps: Sequence[Gap]) -> str:
    """What is damaged, in words that go on as a sentence; empty: nothing."""
    if not gaps:
        return ""
    parts = [_part(gap) for gap in gaps[:_TOLD]]
    if len(gaps) > _TOLD:
        parts.append(f"{len(gaps) - _TOLD} more parts")
    listed = parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
    return f"damaged: {listed} of the file cannot be read"


def _part(gap: Gap) -> str:
    if gap.end is None:
        return f"what stands behind event {gap.first:,}"
    if gap.end == gap.first:
        return "the first state" if not gap.first else f"what stands between events {gap.first:,} and {gap.first + 1:,}"
    return f"event {gap.end:,}" if gap.end == gap.first + 1 else f"events {gap.first + 1:,} to {gap.end:,}"


def _found(data: memoryview, start: int, dictionaries: int) -> tuple[list[Block], int | None]:
    """What may be blocks, and where the stream's end stands; None: nowhere."""
    found: list[Block] = []
    starts: list[int] = []
    for message in messages(data, start, resume=True):
        if message is None:
            return found, len(data) - 8
        starts.append(message.start)
        if message.header is Header.BATCH:
            # No more than its own dictionaries: a batch before it that is none any more leaves its own ones here.
            found.append(Block(starts[-(dictionaries + 1) :][0], message.start, message.end, message.rows))
            starts.clear()
    return found, None


def _first(data: memoryview, block: Block) -> int | None:
    """How many rows a block says stand before it; None: it is not as it was written."""
    said = _checked(data[block.start : block.end], block.batch - block.start)
    digits = b"" if said is None else said.get(_FIRST, b"")
    return int(digits) if digits.isdigit() and len(digits) <= _MOST_DIGITS else None


def _checked(data: memoryview, message: int) -> dict[bytes, bytes] | None:
    """The custom metadata of a message whose CRC is right."""
    try:
        places = {key: (message + start, message + end) for key, (start, end) in custom_metadata(data[message:]).items()}
    except Damaged:
        return None
    start, end = places.get(_KEY, (0, 0))
    crc = zlib.crc32(data[end:], zlib.crc32(NO_CRC, zlib.crc32(data[:start])))
    if data[start:end] != b"%08x" % crc:
        return None
    return {key: bytes(data[start:end]) for key, (start, end) in places.items()}
