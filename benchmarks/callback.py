"""A plain BCC program as one writes it first: a record for each call through a ring buffer, a Python callback for each record.

    sudo .venv/bin/python benchmarks/callback.py OUT COMM

One of the peers of `peers.py`. Prints `ready`; ended by SIGINT it prints what arrived. What the ring buffer refused is counted
by nobody, as in most such programs.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from pathlib import Path
from typing import Any

os.environ["BCC_KERNEL_SOURCE"] = str(Path(__file__).resolve().parent.parent / "kellect_tui" / "bpf")

TEXT = """
struct event { u64 time; s64 result; u32 pid; u32 number; char comm[16]; };
BPF_RINGBUF_OUTPUT(events, 4096);
RAW_TRACEPOINT_PROBE(sys_exit) {
    u64 number = 0;
    struct event event = {};
    bpf_get_current_comm(event.comm, sizeof(event.comm));
    WANTED
    bpf_probe_read_kernel(&number, 8, (void *)(ctx->args[0] + 15 * 8));  // orig_ax
    event.time = bpf_ktime_get_ns();
    event.result = ctx->args[1];
    event.pid = bpf_get_current_pid_tgid() >> 32;
    event.number = number;
    events.ringbuf_output(&event, sizeof(event), 0);
    return 0;
}
"""


class Event(ctypes.Structure):
    """As the kernel writes it."""

    _fields_ = [("time", ctypes.c_uint64), ("result", ctypes.c_int64), ("pid", ctypes.c_uint32), ("number", ctypes.c_uint32), ("comm", ctypes.c_char * 16)]


def main() -> None:
    """Write a line for every event until SIGINT."""
    from bcc import BPF

    out, comm = sys.argv[1], sys.argv[2]
    tests = " && ".join(f"event.comm[{at}] == '{letter}'" for at, letter in enumerate(comm[:15]))
    probe = BPF(text=TEXT.replace("WANTED", f"if (!({tests})) return 0;" if comm else ""), cflags=["-Wno-macro-redefined"])
    stopped: list[int] = []
    signal.signal(signal.SIGINT, lambda number, _frame: stopped.append(number))
    seen = 0
    with Path(out).open("w") as file:

        def callback(_context: Any, data: int, _size: int) -> None:
            nonlocal seen
            event = Event.from_address(data)
            seen += 1
            file.write(f"{event.time} {event.pid} {event.comm.decode(errors='replace')} {event.number} = {event.result}\n")

        probe[b"events"].open_ring_buffer(callback)
        print("ready", flush=True)
        while not stopped:
            probe.ring_buffer_poll(100)
        probe.ring_buffer_consume()
    print(seen, flush=True)


if __name__ == "__main__":
    main()
