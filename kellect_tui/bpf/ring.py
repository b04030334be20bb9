"""Reads the rings: numpy sees them as tables, losses become rows at their place, all CPUs become one order.

A batch holds what every CPU has been read past, ordered by (time, cpu, seq). Records are copied out of the rings once,
straight into their final order; payload is not copied at all. Nothing here runs per event but for path definitions.
Where something was lost, a longer way is gone (`_take`, `_merge`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from kellect_tui.bpf.paths import CUT, PathTable, group_text, path_text
from kellect_tui.bpf.program import CHUNK_BYTES, Program
from kellect_tui.events.batch import Batch
from kellect_tui.events.catalogue import FAMILIES, MONITOR_LOST
from kellect_tui.events.record import NO_DURATION, NO_ID, NO_SYSCALL, RECORD, ROOT_GROUP, Flag, Section
from kellect_tui.namespaces import boot_ns

GAP, PATHDEF, CGROUPDEF = 250, 251, 252
LOSSES = 0x8000
"""Beside an event's type: what was lost before it stands in its own record (`_told_in`)."""
WORDS = RECORD.itemsize // 8
SHOWN_FAMILIES = len(FAMILIES) - 1  # losses of hidden tree records (index 4) are healed, not reported

_BUSY_EVENT = 1
_PATIENCE_NS = 50_000_000
_MOST_ROWS = 16_384  # of one batch: what is worked on stays in the processor's caches
_ENOUGH_ROWS = 8_192
_ENOUGH_SHARE = 8  # an eighth of a ring
HOLD_NS = 100_000_000
"""How long few records are left waiting: a read costs, whatever it finds, as much as two thousand records of a large one."""
_MOST_GROUPS = 20_000
_TIME_WORD = 1
_LOSS_FIELDS = ("who_pad", "what_pad", "record_pad")  # of the first three families
_NO_RECORDS = np.empty(0, RECORD)
_NO_PAYLOAD = np.empty(0, np.uint8)


def _words(rows: NDArray[np.void]) -> NDArray[np.uint64]:
    """Records as ``(n, WORDS)`` numbers: numpy copies those as blocks, structured rows field by field."""
    return rows.view(np.uint64).reshape(-1, WORDS)


def _rows(words: NDArray[np.uint64]) -> NDArray[np.void]:
    return words.view(RECORD).reshape(-1)


def _kept(rows: NDArray[np.void], special: NDArray[np.bool_]) -> NDArray[np.void]:
    return _rows(_words(rows)[~special]) if special.any() else rows


def _joined(pieces: list[NDArray[np.void]]) -> NDArray[np.void]:
    return pieces[0] if len(pieces) == 1 else _rows(np.concatenate([_words(piece) for piece in pieces]))


def _told_in(rows: NDArray[np.void], at: NDArray[np.intp]) -> NDArray[np.uint64]:
    """``(k, 6)``: what each of these gaps and events that tell of a loss says was lost, by family."""
    telling = rows[at]
    is_gap = telling["event"] == GAP
    deltas = np.where(is_gap[:, None], telling["args"], np.uint64(0))
    for family, place in enumerate(_LOSS_FIELDS):
        deltas[:, family] += np.where(is_gap, 0, telling[place]).astype(np.uint64)
    return deltas


def _clear(rows: NDArray[np.void], at: NDArray[np.intp]) -> None:
    """Make events that told of a loss look as all others do."""
    rows["event"][at] &= np.uint16(LOSSES - 1)
    for place in _LOSS_FIELDS:
        rows[place][at] = 0


def fair_share(waiting: list[int], most: int) -> int:
    """How much each may take at most, so that together they take `most`: what some do not need the others get. At least 2."""
    for number, rows in enumerate(sorted(waiting)):
        share = most // (len(waiting) - number)
        if rows > share:
            return max(2, share)  # a loss and its event at least
        most -= rows
    return max(2, *waiting)


@dataclass(slots=True)
class _Cpu:
    """Where the reader stands on one CPU's ring; positions count slots since the start."""

    number: int
    tail: int = 0
    scanned: int = 0
    heap_tail: int = 0
    special: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))  # definitions and gaps scanned but not read
    gap_until: int = 0  # position behind the last record scanned that tells of a loss
    is_ahead: bool = False  # the loss that the next record tells of was told already
    last_ns: int = 0  # time of the last record handed over
    newest_ns: int = 0  # time of the last record published
    lost: NDArray[np.uint64] = field(default_factory=lambda: np.zeros(6, np.uint64))  # told
    lost_in_ring: NDArray[np.uint64] = field(default_factory=lambda: np.zeros(6, np.uint64))  # by the records read
    gap_since_ns: int = 0
    gap_head: int = 0  # at which the loss that is open was first seen
    overdue: NDArray[np.uint64] | None = None  # the counters, where an open loss is told now without waiting for the CPU's next event


class Reader:
    """The consumer of a program's rings; one thread.

    Args:
        cgroups: Whether cgroup v2 is mounted: where it is not, its root is not a path that anybody knows.
        path_bytes: Bound of the texts behind path keys. most_rows: Of a batch.
        hold_ns: How long to leave records where they are, while they are few; 0: none is left waiting.

    Attributes:
        paths: Texts behind path keys. cgroups: control group paths by id (empty on a host without cgroup v2). Both are bounded.
        gaps: how many losses (one per gap) were seen.
    """

    def __init__(self, program: Program, *, cgroups: bool = True, path_bytes: int = 96 << 20, most_rows: int = _MOST_ROWS, hold_ns: int = 0) -> None:
        self._program = program
        self._head = program.ctl["head"]
        self._tail = program.ctl["tail"]
        self._heap_head, self._heap_tail = program.ctl["heap"], program.ctl["heap_tail"]
        self._busy = program.ctl["busy"]
        self._gap = program.ctl["gap"]
        self._lost = program.ctl["lost"]
        self._last_group = program.ctl["last_group"]
        self._special = program.ctl["special"]
        self._generation = program.cfg["reader_generation"]
        self._cpus = [_Cpu(number) for number in range(program.cpus)]
        self._words = [ring.view(np.uint64).reshape(-1, WORDS) for ring in program.ring]
        self._all = program.records.view(np.uint64).reshape(-1, WORDS)
        self._times = self._all.reshape(-1)[_TIME_WORD:].view(np.int64)
        self._heap_bytes = program.chunks * CHUNK_BYTES  # a power of two, as the slots
        self._slot_bits, self._heap_bits = program.slots.bit_length() - 1, self._heap_bytes.bit_length() - 1
        self._most_rows = most_rows
        self._enough_rows, self._enough_bytes = min(_ENOUGH_ROWS, program.slots // _ENOUGH_SHARE), self._heap_bytes // _ENOUGH_SHARE
        self._hold_ns, self._read_ns = hold_ns, 0
        self._batch = np.empty((most_rows, WORDS), np.uint64)
        self._with_groups = cgroups
        self._told_ns = self._next_told_ns = 0  # up to here every CPU has been told: what is lost and not told yet was lost later
        self.paths = PathTable(keep_bytes=path_bytes)
        self.cgroups = PathTable(_MOST_GROUPS)
        self.gaps = 0

    def read(self, *, final: bool = False) -> Batch | None:
        """What has become ready, so much of it as is handled well at once; None for nothing.

        The batch is good until the next call. `final`: the probes are silent, hold nothing back.
        """
        for cpu in self._cpus:  # of the batch before
            self._heap_tail[cpu.number] = cpu.heap_tail
        now = boot_ns()
        if not final and not self._is_worth_it(now):
            return None
        heads, horizon = self._horizon(now, final=final)
        for cpu in self._cpus:  # a path that a record up to `heads` leans on was published before it: read the heads again
            self._scan(cpu, int(self._head[cpu.number]))
        spans = self._spans(heads, horizon, final=final)
        batch = None
        if final or self._has_loss() or (batch := self._gather(spans)) is None:
            blocks = [self._take(cpu, end) for cpu, end in spans if end > cpu.tail or (not cpu.is_ahead and self._behind(cpu, end) is not None)]
            blocks += [block for cpu in self._cpus if (block := self._overdue(cpu, now, final=final)) is not None]
            batch = self._merge(blocks) if blocks else None
        for cpu, end in spans:
            self._hand_back(cpu, end)
        self._told_ns = self._next_told_ns
        return batch if batch is not None and len(batch.records) else None

    def _is_worth_it(self, now: int) -> bool:
        """Whether to read now: much is waiting, or something is and has long been."""
        if self._hold_ns:
            rows = int(np.subtract(self._head, self._tail).sum())
            is_much = rows >= self._enough_rows or int(np.subtract(self._heap_head, self._heap_tail).max()) >= self._enough_bytes
            if not is_much and (now - self._read_ns < self._hold_ns or not (rows or self._has_loss())):
                return False
        self._read_ns = now
        return True

    def _has_loss(self) -> bool:
        """Whether a loss stands among what was scanned, or waits for its place."""
        return any(cpu.gap_until > cpu.tail or cpu.overdue is not None for cpu in self._cpus) or bool(self._gap.any())

    def _spans(self, heads: list[int], horizon: int, *, final: bool) -> list[tuple[_Cpu, int]]:
        """Up to where each CPU is read now: not past the horizon, nor more than a batch holds."""
        ends = [self._due(cpu, head, horizon) for cpu, head in zip(self._cpus, heads, strict=True)]
        share = fair_share([end - cpu.tail for cpu, end in zip(self._cpus, ends, strict=True)], self._most_rows)
        if not final and any(end - cpu.tail > share for cpu, end in zip(self._cpus, ends, strict=True)):
            ends = [min(end, cpu.tail + share) for cpu, end in zip(self._cpus, ends, strict=True)]
            horizon = min(int(self._times_of(cpu, end)[-1]) for cpu, end in zip(self._cpus, ends, strict=True) if end - cpu.tail == share)
            ends = [self._up_to(cpu, end, horizon) for cpu, end in zip(self._cpus, ends, strict=True)]
        self._next_told_ns = max(self._told_ns, horizon)
        return list(zip(self._cpus, ends, strict=True))

    def _gather(self, spans: list[tuple[_Cpu, int]]) -> Batch | None:
        """The records of these spans, in which there is no gap, in their final order; None: a payload has to be changed."""
        places = [self._places(cpu, end) for cpu, end in spans if end > cpu.tail]
        if not places:
            return Batch(_NO_RECORDS, _NO_PAYLOAD, self.paths, self.cgroups)
        place = places[0]
        if len(places) > 1:
            place = np.concatenate(places)
            place = place[np.argsort(self._times[place * WORDS], kind="stable")]
        if len(place) > len(self._batch):
            self._batch = np.empty((len(place), WORDS), np.uint64)
        words = np.take(self._all, place, axis=0, out=self._batch[: len(place)], mode="clip")
        records = _rows(words)
        if (records["flags"] & np.uint32(Flag.KEYED)).any():
            return None
        at = records["payload_at"]
        at &= np.uint64(self._heap_bytes - 1)
        at += (place >> self._slot_bits << self._heap_bits).view(np.uint64)
        for (cpu, end), own in zip(((cpu, end) for cpu, end in spans if end > cpu.tail), places, strict=True):
            cpu.heap_tail = self._payload_end(cpu, end)
            if len(own):
                cpu.last_ns = int(self._times[own[-1] * WORDS])
        return Batch(records, self._program.payload, self.paths, self.cgroups)

    def _places(self, cpu: _Cpu, end: int) -> NDArray[np.int64]:
        """Where the records up to `end` stand among those of all CPUs, definitions left out."""
        positions = np.arange(cpu.tail, end)
        if len(cpu.special):
            kept = np.ones(len(positions), np.bool_)
            kept[cpu.special[: np.searchsorted(cpu.special, end)] - cpu.tail] = False
            positions = positions[kept]
        positions &= self._program.slots - 1
        positions += cpu.number * self._program.slots
        return positions

    def _payload_end(self, cpu: _Cpu, end: int) -> int:
        """Position in the heap behind the last payload up to `end`: most often that of one of the last records."""
        step, stop = 64, end
        while stop > cpu.tail:
            start = max(cpu.tail, stop - step)
            for rows in reversed(list(self._views(cpu, start, stop))):
                carrying = np.flatnonzero(rows["payload_len"])
                if len(carrying):
                    last = rows[carrying[-1]]
                    return int(last["payload_at"]) + int(last["payload_len"])
            step, stop = step * 8, start
        return cpu.heap_tail

    def _horizon(self, now: int, *, final: bool) -> tuple[list[int], int]:
        """The heads, and the time up to which every CPU has been read."""
        heads, horizon = [], now
        for cpu in self._cpus:
            at = cpu.number
            is_open = bool(self._gap[at])  # before the head: what was lost until now is open here or stands before that head
            busy, head = self._look(at)
            heads.append(head)
            if head:
                cpu.newest_ns = int(self._program.ring[at]["time"][(head - 1) % self._program.slots]) if head > cpu.tail else cpu.newest_ns
            if not final and (self._is_waiting_gap(cpu, head, now, is_open=is_open) or busy == _BUSY_EVENT):
                horizon = min(horizon, cpu.newest_ns)
        return heads, (1 << 63) if final else horizon

    def _look(self, at: int) -> tuple[int, int]:
        """(busy, head) of a CPU. A program runs for a microsecond, so look again while one does; `busy` is read before the head."""
        busy, head = int(self._busy[at]), int(self._head[at])
        for _try in range(100):
            if busy != _BUSY_EVENT:
                break
            busy, head = int(self._busy[at]), int(self._head[at])
        return busy, head

    def _is_waiting_gap(self, cpu: _Cpu, head: int, now: int, *, is_open: bool) -> bool:
        """Whether a loss stands open on this CPU: its record comes with the CPU's next event, soon."""
        cpu.overdue = None
        if not is_open:
            cpu.gap_since_ns = 0
            return False
        if not cpu.gap_since_ns or head != cpu.gap_head:  # something was published since: it is another loss
            cpu.gap_since_ns, cpu.gap_head = now, head
        if head != cpu.tail or now - cpu.gap_since_ns < _PATIENCE_NS:
            return True
        cpu.overdue = self._lost[cpu.number].copy()  # all before it is read
        return False

    def _due(self, cpu: _Cpu, head: int, horizon: int) -> int:
        """Position up to which this CPU's records are not younger than the horizon."""
        return head if head == cpu.tail or cpu.newest_ns <= horizon else self._up_to(cpu, head, horizon)

    def _up_to(self, cpu: _Cpu, end: int, horizon: int) -> int:
        """The same, looked for among the records up to `end`. A gap goes with the event before it, whose time a loss is told with."""
        if end == cpu.tail:
            return end
        return cpu.tail + int(np.searchsorted(self._times_of(cpu, end), horizon, "right"))

    def _times_of(self, cpu: _Cpu, end: int) -> NDArray[np.uint64]:
        """Times of the records up to `end`, ascending: a gap and a definition have none of their own."""
        times = np.concatenate([rows["time"] for rows in self._views(cpu, cpu.tail, end)])
        special = cpu.special[: np.searchsorted(cpu.special, end)] - cpu.tail
        times[special] = 0
        return np.maximum.accumulate(times)

    def _views(self, cpu: _Cpu, start: int, end: int) -> Iterator[NDArray[np.void]]:
        slots, ring = self._program.slots, self._program.ring[cpu.number]
        first = start % slots
        count = end - start
        yield ring[first : first + min(count, slots - first)]
        if first + count > slots:
            yield ring[: first + count - slots]

    def _scan(self, cpu: _Cpu, end: int) -> None:
        """Learn the path definitions between where we scanned last and `end`, and remember what is no event.

        The program says up to where there is such a thing (before it publishes it): most often there is none, and the records need not
        be looked at. `end` was read before that.
        """
        if int(self._special[cpu.number]) <= cpu.scanned:
            cpu.scanned = end
        if end == cpu.scanned:
            return
        found = []
        for rows in self._views(cpu, cpu.scanned, end):
            special = np.flatnonzero(rows["event"] >= GAP)
            if len(special):
                events = rows["event"][special]
                telling = special[(events >= LOSSES) | (events == GAP)]
                if len(telling):
                    cpu.gap_until = int(telling[-1]) + cpu.scanned + 1
                    special = special[events < LOSSES]
                found.append(special + cpu.scanned)
                for index in special[rows["event"][special] != GAP].tolist():
                    self._learn(cpu, rows[index])
            cpu.scanned += len(rows)
        if found:
            cpu.special = np.concatenate([cpu.special, *found])

    def _learn(self, cpu: _Cpu, row: np.void) -> None:
        names = self._heap(cpu, int(row["payload_at"]), int(row["payload_len"])).tobytes()
        args = row["args"]
        if row["event"] == CGROUPDEF:
            known = not int(args[3]) & CUT and (self._with_groups or int(args[0]) != ROOT_GROUP)
            if known and self.cgroups.take(int(args[0]), group_text(names)):
                self.new_generation()
            return
        text = path_text(names, int(args[1]), int(args[2]), int(args[3]))
        if text is not None and self.paths.take(int(args[0]), text):
            self.new_generation()

    def new_generation(self) -> None:
        """Have every path and control group sent again on its next use."""
        self._generation[0] += 1
        self._last_group[:] = 0

    def _heap(self, cpu: _Cpu, at: int, length: int) -> NDArray[np.uint8]:
        heap = self._program.heap[cpu.number]
        size = self._program.chunks * CHUNK_BYTES
        first = at % size
        if first + length <= size:
            return heap[first : first + length]
        return np.concatenate([heap[first:], heap[: first + length - size]])

    def _take(self, cpu: _Cpu, end: int) -> tuple[NDArray[np.void], NDArray[np.uint8]]:
        """Copy the records up to `end` and their payload; definitions go, gaps become losses."""
        slots, words = self._program.slots, self._words[cpu.number]
        first, count = cpu.tail % slots, end - cpu.tail
        wrapped = first + count - slots
        block = words[first : first + count].copy() if wrapped <= 0 else np.concatenate([words[first:], words[:wrapped]])
        rows = _rows(block)
        has_payload = rows["payload_len"] != 0
        payload = np.empty(0, np.uint8)
        if has_payload.any():
            base = cpu.heap_tail & ~7  # payloads of events begin at whole words, those of definitions end anywhere: keep the words whole
            stop = int((rows["payload_at"] + rows["payload_len"])[has_payload].max())
            payload = self._heap(cpu, base, (stop - base + 7) & ~7).copy()
            rows["payload_at"] = np.where(has_payload, rows["payload_at"] - np.uint64(base), np.uint64(0))
            cpu.heap_tail = stop
        if cpu.is_ahead:
            _clear(rows, np.zeros(1, np.intp))
        ahead = self._behind(cpu, end)
        cpu.is_ahead = ahead is not None
        special = rows["event"] >= GAP
        if cpu.is_ahead or special.any():
            next_ns = int(self._program.ring[cpu.number]["time"][end % slots])  # for a gap: it was published together with the event behind it
            rows = self._without_special(cpu, rows, ahead, next_ns)
        if len(rows):
            cpu.last_ns = int(rows["time"][-1])
        return rows, payload

    def _behind(self, cpu: _Cpu, end: int) -> NDArray[np.void] | None:
        """The record at `end`, if it tells of a loss before it: that is told with the event before the loss."""
        if end >= cpu.scanned:
            return None
        rows = self._program.ring[cpu.number][end % self._program.slots :][:1]
        return rows if rows["event"][0] >= LOSSES else None

    def _without_special(self, cpu: _Cpu, rows: NDArray[np.void], ahead: NDArray[np.void] | None, next_ns: int) -> NDArray[np.void]:
        """Definitions go; what tells of a loss becomes rows of its own before it. Under overload nearly every event does.

        Args:
            ahead: What `_behind` gave. next_ns: Time of the record behind `rows`.
        """
        events = rows["event"] if ahead is None else np.append(rows["event"], ahead["event"])
        is_gap = events == GAP
        telling = np.flatnonzero((events >= LOSSES) | is_gap)
        deltas = np.concatenate([_told_in(rows, telling[telling < len(rows)]), *(() if ahead is None else (_told_in(ahead, np.zeros(1, np.intp)),))])
        _clear(rows, np.flatnonzero(rows["event"] >= LOSSES))
        gone = rows["event"] >= GAP
        kept = _kept(rows, gone)
        if not len(telling):
            return kept
        places = np.flatnonzero(~gone)
        before = np.searchsorted(places, telling)  # how many kept rows stand before each
        start = np.append(np.uint64(cpu.last_ns), kept["time"])[before]
        end = np.append(rows["time"], np.uint64(next_ns))[telling + is_gap[telling]]
        counters = np.maximum(cpu.lost_in_ring + np.cumsum(deltas, axis=0, dtype=np.uint64), cpu.lost)  # what was overdue is told
        cpu.lost_in_ring = cpu.lost_in_ring + deltas.sum(axis=0, dtype=np.uint64)
        losses, which = self._losses(cpu, counters, start, end)
        if not len(losses):
            return kept
        order = np.argsort(np.concatenate([2 * places + 1, 2 * telling[which]]), kind="stable")
        return _rows(_words(_joined([kept, losses])).take(order, axis=0))

    def _losses(
        self, cpu: _Cpu, counters: NDArray[np.uint64], start_ns: NDArray[np.uint64], end_ns: NDArray[np.uint64]
    ) -> tuple[NDArray[np.void], NDArray[np.intp]]:
        """One row per gap and family that lost something, and which gap each belongs to.

        Args:
            counters: ``(k, 6)``, all that was lost up to each gap; they only ever grow.
            start_ns, end_ns: ``(k,)``, the events around each gap. What was lost on a CPU after all was told up to a later time
                than its last event's began then: so it does not come before what was told already.

        What a lost record would have brought for others is not gone: a path or group counts as sent only once its
        definition stands in the ring, and the tree learns of a lost fork, exec or exit from what the process does next.
        """
        start_ns = np.maximum(start_ns, np.uint64(self._told_ns))
        missing = np.diff(counters, axis=0, prepend=cpu.lost[None])
        cpu.lost = counters[-1].copy()
        which, families = np.nonzero(missing[:, :SHOWN_FAMILIES])
        self.gaps += len(np.unique(which))
        rows = np.zeros(len(which), RECORD)
        rows["event"], rows["time"], rows["cpu"] = MONITOR_LOST, start_ns[which], cpu.number
        rows["syscall"], rows["duration"], rows["flags"], rows["auid"] = NO_SYSCALL, NO_DURATION, int(Flag.NO_RESULT), NO_ID
        rows["args"][:, 0], rows["args"][:, 1], rows["args"][:, 2] = missing[which, families], families, cpu.number
        rows["args"][:, 3], rows["args"][:, 4] = start_ns[which], end_ns[which]
        return rows, which

    def _overdue(self, cpu: _Cpu, now: int, *, final: bool) -> tuple[NDArray[np.void], NDArray[np.uint8]] | None:
        """A loss on a CPU that has fallen silent since: say it now, with the time of this look as its end."""
        counters = self._lost[cpu.number].copy() if final else cpu.overdue
        if counters is None:
            return None
        around = np.array([[cpu.last_ns], [now]], np.uint64)
        rows, _gap = self._losses(cpu, counters[None], around[0], around[1])
        return (rows, np.empty(0, np.uint8)) if len(rows) else None

    def _merge(self, blocks: list[tuple[NDArray[np.void], NDArray[np.uint8]]]) -> Batch | None:
        offset = 0
        for rows, payload in blocks:
            if offset and len(payload):
                rows["payload_at"] += np.where(rows["payload_len"] != 0, np.uint64(offset), np.uint64(0))
            offset += len(payload)
        records = _joined([rows for rows, _payload in blocks])
        payload = np.concatenate([payload for _rows, payload in blocks]) if len(blocks) > 1 else blocks[0][1]
        if not len(records):
            return None
        if len(blocks) > 1:
            order = np.argsort(records["time"].astype(np.int64), kind="stable")
            records = _rows(_words(records).take(order, axis=0))
        keyed = np.flatnonzero(records["flags"] & int(Flag.KEYED))
        if len(keyed):
            payload = self._name_keys(records, payload, keyed.tolist())
        return Batch(records, payload, self.paths, self.cgroups)

    def _name_keys(self, records: NDArray[np.void], payload: NDArray[np.uint8], keyed: list[int]) -> NDArray[np.uint8]:
        """Put the text of a path in place of its key (the base directory of a script run by execveat)."""
        tail = bytearray()
        for index in keyed:
            at, length = int(records["payload_at"][index]), int(records["payload_len"][index])
            body = payload[at : at + length].tobytes()
            key_at = len(body) - 16
            text = self.paths.get(int.from_bytes(body[key_at + 8 :], "little"))
            mark = 0 if text is not None else 2
            data = text or b""
            section = bytes([Section.TEXT, body[key_at + 1], mark, 0]) + len(data).to_bytes(4, "little") + data + b"\0" * (-len(data) % 8)
            records["payload_at"][index] = len(payload) + len(tail)
            records["payload_len"][index] = key_at + len(section)
            tail += body[:key_at] + section
        return np.concatenate([payload, np.frombuffer(bytes(tail), np.uint8)])

    def _hand_back(self, cpu: _Cpu, end: int) -> None:
        if end != cpu.tail:
            cpu.tail = end
            self._tail[cpu.number] = end
            if len(cpu.special):
                cpu.special = cpu.special[np.searchsorted(cpu.special, end) :]
