"""The reader against a program that is a few lines of Python: what goes in comes out, or is counted as lost."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kellect_tui.bpf import ring as ring_module
from kellect_tui.bpf.paths import CUT
from kellect_tui.bpf.program import CHUNK_BYTES
from kellect_tui.bpf.ring import CGROUPDEF, GAP, LOSSES, PATHDEF, Reader, fair_share
from kellect_tui.events.batch import Batch
from kellect_tui.events.catalogue import MONITOR_LOST
from kellect_tui.events.record import RECORD, ROOT_GROUP, Flag, Section

SLOTS, CHUNKS, RESERVE = 32, 2, 8
CTL = np.dtype(
    [
        *((name, "<u8") for name in ("head", "tail", "heap_tail", "busy", "gap", "last_group", "heap", "seq", "special")),
        ("lost", "<u8", (6,)),
        ("told", "<u8", (6,)),
    ]
)
CFG = np.dtype([("reader_generation", "<u8")])
FILE, PROCESS, USER = 0, 1, 3


class Kernel:
    """The producing side, as kernel/ring.h does it: claim, gap record, event, definitions, publish."""

    def __init__(self, cpus: int = 2) -> None:
        self.cpus, self.slots, self.chunks = cpus, SLOTS, CHUNKS
        self.records, self.payload = np.zeros(cpus * SLOTS, RECORD), np.zeros(cpus * CHUNKS * CHUNK_BYTES, np.uint8)
        self.ring, self.heap = np.split(self.records, cpus), np.split(self.payload, cpus)
        self.ctl = np.zeros(cpus, CTL)
        self.cfg = np.zeros(1, CFG)
        self.sent: set[int] = set()
        self.now = 1_000

    def event(self, cpu: int, number: int, family: int = FILE, payload: bytes = b"", path: tuple[int, bytes] | None = None) -> bool:
        """One event with `number` in its first register. False: lost."""
        ctl, self.now = self.ctl[cpu], self.now + 10
        ctl["seq"] += 1
        if int(ctl["head"]) + RESERVE - int(ctl["tail"]) > SLOTS:
            ctl["lost"][family] += 1
            ctl["gap"] = 1
            return False
        head = int(ctl["head"])
        lost = np.zeros(6, np.uint64)
        if ctl["gap"]:
            lost = ctl["lost"] - ctl["told"]
            ctl["gap"], ctl["told"], ctl["special"] = 0, ctl["lost"], head + 1
            if lost[3:].any():
                head = self._put(cpu, head, GAP, lost)
                lost[:] = 0
        at = head
        head = self._put(cpu, head, 1 | (LOSSES if lost.any() else 0), [number], payload)
        row = self.ring[cpu][at % SLOTS]
        row["who_pad"], row["what_pad"], row["record_pad"] = lost[:3]
        self.ring[cpu][at % SLOTS]["seq"], self.ring[cpu][at % SLOTS]["key0"] = ctl["seq"], path[0] if path else 0
        if path and path[0] not in self.sent:
            self.sent.add(path[0])
            head = self._put(cpu, head, PATHDEF, [path[0], 0xEF53, 1, 0], path[1])
            ctl["special"] = head
        ctl["head"] = head
        return True

    def _put(self, cpu: int, head: int, event: int, args: object, payload: bytes = b"") -> int:
        row = self.ring[cpu][head % SLOTS]
        row["event"], row["time"], row["cpu"], row["flags"], row["payload_len"] = event, self.now, cpu, 0, len(payload)
        row["args"] = 0
        row["args"][: len(args)] = args  # type: ignore[arg-type]
        if payload:
            at = (int(self.ctl[cpu]["heap"]) + 7) & ~7
            if at % CHUNK_BYTES + len(payload) > CHUNK_BYTES:
                at = -(-at // CHUNK_BYTES) * CHUNK_BYTES
            row["payload_at"] = at
            start = at % (CHUNKS * CHUNK_BYTES)
            self.heap[cpu][start : start + len(payload)] = np.frombuffer(payload, np.uint8)
            self.ctl[cpu]["heap"] = at + len(payload)
        return head + 1


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> Kernel:
    made = Kernel()
    monkeypatch.setattr(ring_module, "boot_ns", lambda: made.now)
    return made


def payload_of(batch: Batch, index: int) -> bytes:
    row = batch.records[index]
    return batch.payload[int(row["payload_at"]) : int(row["payload_at"] + row["payload_len"])].tobytes()


def test_events_of_two_cpus_come_in_the_order_of_time_with_their_payload(kernel: Kernel) -> None:
    reader = Reader(kernel)  # type: ignore[arg-type]
    for number in range(10):
        kernel.event(number % 2, number, payload=b"p%07d" % number)
    batch = reader.read()
    assert batch is not None
    assert batch.records["args"][:, 0].tolist() == list(range(10))
    assert [payload_of(batch, index) for index in range(10)] == [b"p%07d" % number for number in range(10)]
    assert reader.read() is None


def test_a_path_is_known_in_the_batch_that_leans_on_it_and_is_no_event(kernel: Kernel) -> None:
    reader = Reader(kernel)  # type: ignore[arg-type]
    kernel.event(0, 1, path=(77, b"f\0d\0"))
    batch = reader.read()
    assert batch is not None
    assert len(batch.records) == 1
    assert batch.paths[77] == b"/d/f"


def test_nothing_is_handed_over_past_a_cpu_that_is_still_writing(kernel: Kernel) -> None:
    reader = Reader(kernel)  # type: ignore[arg-type]
    kernel.event(0, 1)
    kernel.event(1, 2)
    kernel.ctl["busy"][0] = 1
    batch = reader.read()
    assert batch is not None
    assert batch.records["args"][:, 0].tolist() == [1]
    kernel.ctl["busy"][0] = 0
    batch = reader.read()
    assert batch is not None
    assert batch.records["args"][:, 0].tolist() == [2]


def test_a_loss_stands_between_the_events_around_it_one_row_a_family(kernel: Kernel) -> None:
    reader = Reader(kernel)  # type: ignore[arg-type]
    kept = [number for number in range(40) if kernel.event(0, number, family=PROCESS if number % 3 == 0 else FILE)]
    last = kernel.ring[0]["time"][(int(kernel.ctl["head"][0]) - 1) % SLOTS]
    first_batch = reader.read()
    kernel.event(0, 100)
    batch = reader.read()
    assert first_batch is not None
    assert batch is not None
    assert first_batch.records["args"][:, 0].tolist() == kept
    losses = batch.records[batch.records["event"] == MONITOR_LOST]
    lost = [number for number in range(40) if number not in kept]
    by_family = [sum(number % 3 != 0 for number in lost), sum(number % 3 == 0 for number in lost)]
    assert losses["args"][:, :5].tolist() == [[count, family, 0, last, kernel.now] for family, count in enumerate(by_family)]
    assert losses["time"].tolist() == [last, last]
    assert batch.records["event"].tolist() == [MONITOR_LOST, MONITOR_LOST, 1]
    assert reader.gaps == 1
    assert kernel.cfg["reader_generation"][0] == 0  # nothing that was sent is gone


@pytest.mark.parametrize(("families", "slots"), [((FILE, PROCESS), 1), ((FILE, USER), 2)])
def test_an_event_that_tells_of_a_loss_is_as_any_other_then(kernel: Kernel, families: tuple[int, int], slots: int) -> None:
    reader = Reader(kernel)  # type: ignore[arg-type]
    kept = sum(kernel.event(0, number) for number in range(30))
    assert not any(kernel.event(0, 30, family) for family in families)
    reader.read()
    head = int(kernel.ctl["head"][0])
    assert kernel.event(0, 31)
    assert kernel.ctl["head"][0] == head + slots  # three families fit into the event's own record
    batch = reader.read()
    assert batch is not None
    losses, event = batch.records[:2], batch.records[2]
    assert losses["args"][:, :2].tolist() == [[30 - kept + 1, families[0]], [1, families[1]]]
    assert (event["event"], event["args"][0], event["who_pad"], event["what_pad"], event["record_pad"]) == (1, 31, 0, 0, 0)


def test_a_loss_is_told_with_the_event_before_it_though_the_event_behind_it_has_to_wait(kernel: Kernel) -> None:
    reader = Reader(kernel, most_rows=4)  # type: ignore[arg-type]
    kernel.event(1, 1)
    last = kernel.now
    kernel.ctl["lost"][1][FILE], kernel.ctl["gap"][1] = 5, 1
    others = [kernel.now for number in range(3) if kernel.event(0, number)]
    kernel.event(1, 2)
    batches = [[(int(row["event"]), int(row["time"]), int(row["cpu"])) for row in batch.records] for _look in range(3) if (batch := reader.read()) is not None]
    assert batches == [
        [(1, last, 1), (MONITOR_LOST, last, 1), (1, others[0], 0), (1, others[1], 0)],
        [(1, others[2], 0), (1, kernel.now, 1)],
    ]


def test_a_loss_on_a_cpu_that_falls_silent_is_told_at_the_end(kernel: Kernel) -> None:
    reader = Reader(kernel)  # type: ignore[arg-type]
    for number in range(40):
        kernel.event(0, number)
    reader.read()
    batch = reader.read(final=True)
    assert batch is not None
    assert batch.records["event"].tolist() == [MONITOR_LOST]
    assert batch.records["args"][0][:2].tolist() == [40 - (SLOTS - RESERVE + 1), FILE]
    assert reader.read(final=True) is None


@pytest.mark.parametrize("most_rows", [1_000, 8])
@pytest.mark.parametrize("pause", [30_000_000, 60_000_000])
def test_losses_stay_in_the_order_of_time_however_long_the_overload_lasts(kernel: Kernel, most_rows: int, pause: int) -> None:
    reader = Reader(kernel, most_rows=most_rows)  # type: ignore[arg-type]  # as far as a reader needs one
    times: list[int] = []
    for look in range(30):
        while look < 8 and kernel.event(0, 1):
            pass
        kernel.event(1, 2)  # between the last event before the loss and the first after it
        kernel.now += pause
        batch = reader.read()
        times += [] if batch is None else batch.records["time"].tolist()
    assert reader.gaps > 5
    assert times == sorted(times)


@pytest.mark.parametrize("most_rows", [4, 8, 12])
def test_losses_stay_in_the_order_of_time_when_less_is_read_than_happens(kernel: Kernel, most_rows: int) -> None:
    reader = Reader(kernel, most_rows=most_rows)  # type: ignore[arg-type]
    rows: list[tuple[int, int, int]] = []
    for look in range(60):
        for _turn in range(5):
            kernel.event(look % 3 % 2, 1)
            kernel.event(1, 2)
            kernel.event(0, 3)
        batch = reader.read()
        rows += [] if batch is None else zip(batch.records["time"].tolist(), batch.records["event"].tolist(), batch.records["cpu"].tolist(), strict=True)
    assert reader.gaps > 10
    assert [time for time, _event, _cpu in rows] == sorted(time for time, _event, _cpu in rows)
    for cpu in range(2):  # each stands behind the event before it, at that one's time
        own = [(time, event) for time, event, at in rows if at == cpu]
        losses = [index for index, (_time, event) in enumerate(own) if event == MONITOR_LOST]
        assert losses
        assert all(own[index] == (own[index - 1][0], MONITOR_LOST) for index in losses)


def test_what_a_cpu_loses_after_all_was_told_is_not_told_to_have_begun_before(kernel: Kernel) -> None:
    reader = Reader(kernel)  # type: ignore[arg-type]
    kernel.event(1, 1)
    kernel.event(0, 2)
    assert (first := reader.read()) is not None
    told = kernel.now
    kernel.now += 1_000
    kernel.ctl["lost"][1][FILE] += 1  # one that found the ring in use
    kernel.ctl["gap"][1] = 1
    kernel.event(1, 3)
    assert (batch := reader.read()) is not None
    assert first.records["time"].tolist() == [told - 10, told]
    assert batch.records["event"].tolist() == [MONITOR_LOST, 1]
    assert batch.records["args"][0][:5].tolist() == [1, FILE, 1, told, kernel.now]


HOLD_NS = 1_000


def numbers(batch: Batch | None) -> list[int]:
    return [] if batch is None else batch.records["args"][:, 0].tolist()


def test_few_records_wait_to_be_read_together_but_not_for_long(kernel: Kernel) -> None:
    reader = Reader(kernel, hold_ns=HOLD_NS)  # type: ignore[arg-type]
    kernel.event(0, 1)
    assert numbers(reader.read()) == [1], "after a quiet time the first is read at once"
    kernel.event(0, 2)
    assert numbers(reader.read()) == []
    kernel.now += HOLD_NS
    kernel.event(1, 3)
    assert numbers(reader.read()) == [2, 3]


def test_many_records_do_not_wait(kernel: Kernel) -> None:
    reader = Reader(kernel, hold_ns=1 << 60)  # type: ignore[arg-type]
    for number in range(SLOTS // 8 - 1):
        kernel.event(number % 2, number)
    assert numbers(reader.read()) == []
    kernel.event(0, 99)
    assert numbers(reader.read())[-1] == 99


def test_records_with_much_payload_do_not_wait(kernel: Kernel) -> None:
    reader = Reader(kernel, hold_ns=1 << 60)  # type: ignore[arg-type]
    kernel.event(1, 5, payload=b"x" * (CHUNKS * CHUNK_BYTES // 8 - 1))
    assert numbers(reader.read()) == []
    kernel.event(1, 6, payload=b"y")
    assert numbers(reader.read()) == [5, 6]


def test_at_the_end_nothing_waits(kernel: Kernel) -> None:
    reader = Reader(kernel, hold_ns=1 << 60)  # type: ignore[arg-type]
    kernel.event(0, 1)
    assert numbers(reader.read(final=True)) == [1]


def test_a_loss_is_told_though_few_records_wait(kernel: Kernel) -> None:
    """On a CPU that has fallen silent: its gap has no event behind it."""
    reader = Reader(kernel, hold_ns=HOLD_NS)  # type: ignore[arg-type]
    while kernel.event(0, 1):
        pass
    told: list[int] = []
    for _look in range(8):
        kernel.now += 20_000_000
        batch = reader.read()
        told += [] if batch is None else batch.records["event"].tolist()
    assert told == [1] * (SLOTS - RESERVE + 1) + [MONITOR_LOST]


@pytest.mark.parametrize(
    ("waiting", "most", "share"),
    [([5, 5], 20, 5), ([30, 5], 20, 15), ([30, 30], 20, 10), ([0] * 63 + [9_000], 4_096, 4_096), ([1, 2, 30, 40], 43, 20), ([9, 9, 9], 3, 2), ([0, 0], 10, 2)],
)
def test_what_some_cpus_do_not_need_of_a_batch_others_get(waiting: list[int], most: int, share: int) -> None:
    assert fair_share(waiting, most) == share


@pytest.mark.parametrize("comes", [False, True])
def test_a_loss_that_waited_is_told_though_its_cpu_speaks_meanwhile(kernel: Kernel, monkeypatch: pytest.MonkeyPatch, comes: bool) -> None:
    reader = Reader(kernel)  # type: ignore[arg-type]
    last = [kernel.now for _number in range(40) if kernel.event(0, 1)][-1]
    reader.read()
    reader.read()
    kernel.now += 60_000_000
    look = kernel.now
    real = reader._spans

    def spans(*given: object, **more: object) -> object:
        if comes:
            kernel.event(0, 2)  # it finds room after the look
        return real(*given, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(reader, "_spans", spans)
    batch = reader.read()
    assert batch is not None
    assert batch.records["event"].tolist() == [MONITOR_LOST]
    assert batch.records["args"][0][:5].tolist() == [40 - (SLOTS - RESERVE + 1), FILE, 0, last, look]
    monkeypatch.setattr(reader, "_spans", real)
    batch = reader.read()
    assert (batch.records["event"].tolist() if batch is not None else []) == [1] * comes


def test_a_script_by_descriptor_gets_the_text_of_its_base_directory(kernel: Kernel) -> None:
    reader = Reader(kernel)  # type: ignore[arg-type]
    name = bytes([Section.STRING, 0, 0, 0]) + (2).to_bytes(4, "little") + b"ab" + b"\0" * 6
    key = bytes([Section.KEY, 7, 0, 0]) + (8).to_bytes(4, "little") + (77).to_bytes(8, "little")
    kernel.event(0, 1, payload=name + key, path=(77, b"dir\0"))
    kernel.ring[0]["flags"][0] = int(Flag.KEYED)
    batch = reader.read()
    assert batch is not None
    assert payload_of(batch, 0) == name + bytes([Section.TEXT, 7, 0, 0]) + (4).to_bytes(4, "little") + b"/dir\0\0\0\0"


@pytest.mark.parametrize(
    ("group", "is_mounted", "bits", "expected"),
    [(5, True, 0, {5: b"/a"}), (5, False, 0, {5: b"/a"}), (5, True, CUT, {}), (ROOT_GROUP, True, 0, {1: b"/a"}), (ROOT_GROUP, False, 0, {})],
)
def test_control_groups_are_learned_but_for_the_root_of_those_that_nobody_uses(
    kernel: Kernel, group: int, is_mounted: bool, bits: int, expected: dict[int, bytes]
) -> None:
    reader = Reader(kernel, cgroups=is_mounted)  # type: ignore[arg-type]
    reader._learn(SimpleNamespace(number=0), _definition(kernel, group, bits))  # type: ignore[arg-type]
    assert reader.cgroups == expected


def _definition(kernel: Kernel, group: int = 5, bits: int = 0) -> np.void:
    kernel.ctl["heap"][0] = 0
    kernel._put(0, 0, CGROUPDEF, [group, 0, 0, bits], b"a\0")
    row: np.void = kernel.ring[0][0]
    return row


@pytest.mark.parametrize("most_rows", [4, 6, 10])
def test_a_gap_is_not_parted_from_the_event_behind_it_however_little_is_read_at_once(kernel: Kernel, most_rows: int) -> None:
    reader = Reader(kernel, most_rows=most_rows)  # type: ignore[arg-type]
    kept = [number for number in range(40) if kernel.event(0, number)]
    got: list[tuple[int, int]] = []
    while (batch := reader.read()) is not None:
        assert len(batch.records) <= most_rows
        got += zip(batch.records["event"].tolist(), batch.records["args"][:, 0].tolist(), strict=True)
        if 100 not in kept and kernel.event(0, 100):
            kept.append(100)
    assert got == [*((1, number) for number in kept[:-1]), (MONITOR_LOST, 40 - len(kept[:-1])), (1, 100)]


ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("event"), st.integers(0, 1), st.integers(0, 3), st.binary(max_size=40)),
        st.tuples(st.just("path"), st.integers(0, 1), st.integers(1, 9), st.just(b"")),
        st.tuples(st.just("big"), st.integers(0, 1), st.just(0), st.just(b"x" * 60_000)),
        st.tuples(st.just("read"), st.just(0), st.just(0), st.just(b"")),
    ),
    max_size=150,
)


@settings(max_examples=150, deadline=None)
@given(actions=ACTIONS, most_rows=st.sampled_from((4, 10, 1_000)))
def test_captured_and_lost_are_what_happened(actions: list[tuple[str, int, int, bytes]], most_rows: int) -> None:
    """Across the wrap of ring and heap: every event comes out once, in order, whole, or is counted where it is missing.

    A path is sent once, and yet every event that comes out knows its own, whatever was lost before it.
    """
    kernel = Kernel()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ring_module, "boot_ns", lambda: kernel.now)
        reader = Reader(kernel, most_rows=most_rows)  # type: ignore[arg-type]
        sent: dict[int, bytes] = {}
        happened = [0, 0, 0, 0]
        got: list[tuple[int, bytes]] = []
        lost = [0, 0, 0, 0]
        times: list[int] = []

        def collect(batch: Batch | None) -> None:
            for index, row in enumerate(batch.records if batch is not None else ()):
                times.append(int(row["time"]))
                if row["event"] == MONITOR_LOST:
                    lost[int(row["args"][1])] += int(row["args"][0])
                else:
                    assert batch is not None
                    if key := int(row["key0"]):
                        assert batch.paths[key] == b"/%d" % key
                    got.append((int(row["args"][0]), payload_of(batch, index)))

        for number, (what, cpu, family, data) in enumerate(actions):
            if what == "read":
                collect(reader.read())
                continue
            if what == "path":
                happened[FILE] += 1
                if kernel.event(cpu, number, path=(family, b"%d\0" % family)):
                    sent[number] = b""
                continue
            room = int(kernel.ctl["heap"][cpu]) + len(data) + CHUNK_BYTES - int(kernel.ctl["heap_tail"][cpu]) < CHUNKS * CHUNK_BYTES
            happened[family] += 1
            if kernel.event(cpu, number, family, data if room else b""):
                sent[number] = data if room else b""
        collect(reader.read(final=True))
        collect(reader.read(final=True))
        assert sorted(got) == sorted(sent.items())
        assert len(got) + sum(lost) == sum(happened)
        assert times == sorted(times)
