"""Breaks the monitor in one place at a time and sees whether the tests notice.

    python tests/mutations.py [--list] [--targeted] [WORD ...]

Each mutation replaces one text by another in a copy of the tree; the text must stand there exactly once, or the script ends with an
error. A mutated kernel program must still pass the verifier, and without a mutation the tests must pass. Then the tests run that ought
to notice, and after them, where they did not, all of tests/unit and tests/bpf. Prints a line for each mutation; exit status 1 if one
survived. Needs root and BPF.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
ENTER, EXIT, SECTIONS, MESSAGES, TASKS, EXEC = (f"kellect_tui/bpf/kernel/{name}.bpf.c" for name in ("enter", "exit", "sections", "messages", "tasks", "exec"))
KEYS, MOVES, SOCKET, WALK, WHO = (f"kellect_tui/bpf/kernel/{name}.h" for name in ("keys", "moves", "socket", "walk", "who"))
RING, TABLE, LAYOUT = (f"kellect_tui/bpf/{name}" for name in ("ring.py", "table.py", "layout.py"))
CATALOGUE, CONSTANTS, DECODE, ESCAPING = (f"kellect_tui/events/{name}.py" for name in ("catalogue", "constants", "decode", "escaping"))
ADDRESSES, PATHS, PROCESSES, SOCKETS = (f"kellect_tui/events/decoders/{name}.py" for name in ("addresses", "paths", "processes", "sockets"))
CALLS, WORKLOAD, CHURN, RACES, LOSS, BYTES = (f"tests/bpf/test_{name}.py" for name in ("calls", "workload", "churn", "races", "loss", "bytes"))
GATE = f"{LOSS}::test_calls_by_the_32_bit_gate_are_counted_and_never_shown_as_others"
EVENTS, RINGS = "tests/unit/events", "tests/unit/bpf"
EVERYTHING = ("tests/unit", "tests/bpf")
LOADS = "from kellect_tui.bpf.program import Program; Program(1 << 20).close()"


@dataclass(frozen=True)
class Mutation:
    """One fault.

    Attributes:
        name: What is wrong then.
        file: Where, below the root. old, new: The text that is replaced, and by what.
        tests: What ought to notice.
    """

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...] = (CALLS,)


MUTATIONS = (
    # the kernel program: who
    Mutation("pid is the thread's", WHO, "r->pid = K(u32, task, OFF_TGID);", "r->pid = K(u32, task, OFF_PID);", (WORKLOAD,)),
    Mutation("tid is the process's", WHO, "r->tid = K(u32, task, OFF_PID);", "r->tid = K(u32, task, OFF_TGID);", (WORKLOAD,)),
    Mutation("ppid is the parent thread's", WHO, "r->ppid = K(u32, parent, OFF_TGID);", "r->ppid = K(u32, parent, OFF_PID);", (WORKLOAD,)),
    Mutation("uid is the real one", WHO, "r->uid = K(u32, cred, OFF_EUID);", "r->uid = K(u32, cred, OFF_UID);"),
    Mutation("gid is the real one", WHO, "r->gid = K(u32, cred, OFF_EGID);", "r->gid = K(u32, cred, OFF_GID);"),
    Mutation("the old uid is the effective one", ENTER, "out[0] = K(u32, cred, OFF_UID) |", "out[0] = K(u32, cred, OFF_EUID) |", (WORKLOAD,)),
    # the kernel program: which calls, and from when
    Mutation("the child's side of clone is an event", EXIT, "if (ret == 0 && flags & (D_EXEC | D_CLONE))", "if (ret == 0 && flags & D_EXEC)"),
    Mutation("a duration from an entry used up", EXIT, "from here on\n    land(g, f);", "from here on", (WORKLOAD,)),
    Mutation("32-bit numbers are taken for ours", EXIT, "    s64 ret = (s64)ctx[1];\n#ifdef OFF_STATUS", "    s64 ret = (s64)ctx[1];\n#ifdef OFF_NOTHING", (GATE,)),
    Mutation("32-bit calls are told as x32", EXIT, "count_foreign(nr, 0);", "count_foreign(nr, 1024);", (GATE,)),
    Mutation("a condition on the wrong bits", EXIT, "hit = (v & d->condition_value) != 0;", "hit = (v & d->condition_value << 1) != 0;"),
    Mutation("the second value of a condition is not looked at", EXIT, "|| (u32)v == (u32)(d->condition_value >> 32)", "|| (u32)v == (u32)d->condition_value"),
    # the kernel program: paths
    Mutation("no new generation after a rename", EXIT, "if (flags & D_MOVES && ret >= 0 && moves(d, regs))", "if (flags & D_MOVES && ret > 0 && moves(d, regs))", (CHURN,)),
    Mutation("a key without its directory's number", KEYS, "    k = mix(k, n.above);\n", "", (CHURN,)),
    Mutation("a key without the beginning of its name", KEYS, "if (n.parent == dentry || !n.pprev) {", "if (n.parent == dentry) {", (CHURN,)),
    Mutation("a key without its mount", KEYS, "    k = mix(k, mnt);\n", "", (WORKLOAD,)),
    Mutation("a 32-bit rename moves nothing", MOVES, "return nr == 38 || nr == 40", "return nr == 40", (CHURN,)),
    Mutation("a removed name is not told as deleted", WALK, "(!D_PPREV(e) && D_PARENT(e) != dentry) ? PATH_UNLINKED : 0;", "0;"),
    Mutation("the task's own root is not the top", WALK, "if (dentry == rdentry && mnt == rmnt)", "if (dentry == rdentry && mnt == rmnt + 1)", (WORKLOAD,)),
    Mutation("AT_FDCWD is not known", KEYS, "(s32)value == -100)", "(s32)value == -101)"),
    Mutation("a created file is not told as created", KEYS, "K(u32, f, OFF_F_MODE) & 0x100000)", "K(u32, f, OFF_F_MODE) & 0x200000)"),
    Mutation("a string one byte too long is not marked", SECTIONS, "        if (len == 4097)", "        if (len == 4098)", (BYTES,)),
    # the kernel program: values
    Mutation("a port in network order", SOCKET, "s->peer_port = port_at(sk, OFF_SK_DPORT);", "s->peer_port = R(u16, sk, OFF_SK_DPORT);"),
    Mutation("only the last vector counts", MESSAGES, "SET(c->sum, GET(c->sum) + w.length);", "SET(c->sum, w.length);"),
    Mutation("exec's caller is the new leader", EXEC, "    r->args[0] = old;", "    r->args[0] = tgid;", (WORKLOAD,)),
    Mutation("the child's parent is always the caller", TASKS, "r->args[2] = own == tgid ? own : K(u32, real, OFF_TGID);", "r->args[2] = own;", (WORKLOAD,)),
    Mutation("every thread's end is the process's", TASKS, "        r->args[2] = dead;", "        r->args[2] = 1;", (WORKLOAD,)),
    Mutation("stat's owner from another offset", LAYOUT, '"x86_64": {"STAT_MODE": 24, "STAT_UID": 28,', '"x86_64": {"STAT_MODE": 24, "STAT_UID": 32,'),
    # the reader
    Mutation("a loss is another family's", RING, "missing[which, families], families, cpu.number", "missing[which, families], families ^ 1, cpu.number", (RINGS,)),
    Mutation("payloads are looked for eight bytes on", RING, 'rows["payload_at"] - np.uint64(base)', 'rows["payload_at"] - np.uint64(base) + np.uint64(8)', (RINGS, CALLS)),
    Mutation("CPUs are not put in one order", RING, 'np.argsort(records["time"].astype(np.int64), kind="stable")', 'np.argsort(records["cpu"].astype(np.int64), kind="stable")', (RINGS,)),
    # the catalogue and its table
    Mutation("renameat2's flags from the wrong register", CATALOGUE, "newdirfd=2, newname=3, flags=4, base=0, base2=2, early=True))", "newdirfd=2, newname=3, flags=2, base=0, base2=2, early=True))"),
    Mutation("an offset without its sign", CATALOGUE, 'A("count", Kind.COUNT, unit="bytes"), X("offset", Kind.LONG, unit="bytes"),', 'A("count", Kind.COUNT, unit="bytes"), X("offset", Kind.SIZE, unit="bytes"),'),
    Mutation("close looks when the file is gone", CATALOGUE, 'C("close", fd=0, object=0, early=True)', 'C("close", fd=0, object=0)'),
    Mutation("tgkill's process and thread swapped", CATALOGUE, 'C("tgkill", tgid=0, pid=1, sig=2, reads=((Section.TARGET, 1),)),', 'C("tgkill", tgid=1, pid=0, sig=2, reads=((Section.TARGET, 1),)),', (WORKLOAD,)),
    Mutation("a removed directory makes no new generation", TABLE, "MOVES: row.moves_paths,", 'MOVES: row.name == "file.rename",', (RINGS,)),
    # the decoders
    Mutation("a shifted exit code", PROCESSES, "else word >> 8 & 0xFF", "else word >> 7 & 0xFF"),
    Mutation("a name joined to its base twice over", PATHS, 'return base.removesuffix(b"/") + rest or b"/"', 'return base + rest or b"/"', (EVENTS,)),
    Mutation("the peer of connect from the program's memory", SOCKETS, '("network.accept", "network.getpeername") or (kind ==', '("network.accept", "network.getpeername") and (kind ==', (EVENTS, RACES)),
    Mutation("backslashes of an escaped name are not doubled", ESCAPING, 'data.replace(b"\\\\", b"\\\\\\\\").decode', "data.decode", (EVENTS,)),
    Mutation("an abstract socket without its sign", ADDRESSES, 'return b"@" + path[1:]', "return path[1:]", (EVENTS,)),
    Mutation("a symbol is missing", CONSTANTS, '("O_NOFOLLOW", 0o400000), ', "", (EVENTS,)),
    Mutation("a signal is another", CONSTANTS, "SIGHUP SIGINT SIGQUIT", "SIGINT SIGHUP SIGQUIT", (EVENTS,)),
    Mutation("an interrupted call has failed", DECODE, "return None, constants.errno_name(-raw.result)", "return raw.result, constants.errno_name(-raw.result)", (EVENTS,)),
    Mutation("an ESC reaches the screen", "kellect_tui/safe_text.py", "return chr(0x2400 + code)", "return character", (BYTES,)),
    Mutation("comm with what lies behind its NUL", DECODE, 'who["comm"].split(b"\\0", 1)[0]', 'who["comm"]', (EVENTS,)),
)


class Stale(Exception):
    """A mutation that no longer fits the source."""


def mutated(place: Path, mutation: Mutation) -> None:
    """Apply a mutation to the copy in `place`. Raises Stale where its text is not there exactly once."""
    path = place / mutation.file
    text = path.read_text()
    if text.count(mutation.old) != 1:
        raise Stale(f"{mutation.name}: {mutation.file} holds the text {text.count(mutation.old)} times: {mutation.old!r}")
    path.write_text(text.replace(mutation.old, mutation.new))


def copied(place: Path) -> None:
    """The tree's sources in `place`, which must be empty."""
    for name in ("kellect_tui", "tests"):
        shutil.copytree(ROOT / name, place / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "Makefile"):
        shutil.copy(ROOT / name, place / name)
    for name in ("docs", "benchmarks", "screenshots"):
        (place / name).symlink_to(ROOT / name)


def run(place: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Python in the copy."""
    environment = os.environ | {"KELLECT_REQUIRE_BPF": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run([sys.executable, *words], cwd=place, env=environment, capture_output=True, text=True, check=False)


def noticed(place: Path, tests: Sequence[str]) -> str | None:
    """The first test that fails; None where all pass."""
    done = run(place, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests)
    if done.returncode == 0:
        return None
    found = re.search(r"^(?:FAILED|ERROR) tests/(\S+)", done.stdout, re.MULTILINE)
    if done.returncode != 1 or found is None:
        raise Stale(f"the tests did not run: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    return found[1]


def tried(mutations: Sequence[Mutation], *, targeted: bool = False) -> Iterator[tuple[Mutation, str | None, float]]:
    """(mutation, the test that noticed, seconds), one after the other."""
    for mutation in mutations:
        began = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="kellect-mutation-") as directory:
            place = Path(directory)
            copied(place)
            mutated(place, mutation)
            loads = run(place, "-c", LOADS)
            if loads.returncode:
                raise Stale(f"{mutation.name}: the program does not load: {loads.stderr[-1000:]}")
            by = noticed(place, mutation.tests) or (None if targeted else noticed(place, EVERYTHING))
        yield mutation, by, time.monotonic() - began


def main() -> int:
    """Try them, and print what noticed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--list", action="store_true", help="only print the names, and see that each fits the source")
    parser.add_argument("--targeted", action="store_true", help="only the tests that ought to notice")
    parser.add_argument("names", nargs="*", help="words of the names of those to try (default: all)")
    options = parser.parse_args()
    chosen = [mutation for mutation in MUTATIONS if not options.names or any(word in mutation.name for word in options.names)]
    if options.list:
        for mutation in chosen:
            fits = (ROOT / mutation.file).read_text().count(mutation.old) == 1
            print(f"{'' if fits else 'STALE '}{mutation.name}")
        return 0
    with tempfile.TemporaryDirectory(prefix="kellect-mutation-") as directory:
        copied(Path(directory))
        by = noticed(Path(directory), sorted({test for mutation in chosen for test in mutation.tests}))
    if by:
        raise Stale(f"{by} fails without a mutation")
    caught = 0
    print(f"{'what is wrong':50} {'where':15} noticed by")
    for mutation, by, seconds in tried(chosen, targeted=options.targeted):
        caught += by is not None
        print(f"{mutation.name:50} {Path(mutation.file).name:15} {by or 'NOTHING'}  ({seconds:.0f} s)", flush=True)
    print(f"{caught} of {len(chosen)} noticed")
    return caught != len(chosen)


if __name__ == "__main__":
    sys.exit(main())
