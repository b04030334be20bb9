"""The same work under each tracer: how much of it was kept, how much slower it went, what the tracer took, and whether it said what it lost.

    sudo .venv/bin/python benchmarks/peers.py [--calls 1000000] [--only WORK,…] [--under TRACER,…] [--out benchmarks]

Every tracer writes the calls (with their arguments where it can) to a file in memory; the work's own time is taken inside, so
that a tracer's start is not in it. `kept` is known for the loops, whose number of calls is known; a tracer that cannot run here
is listed with its own words. Writes `peers.json`, of which the tables of README and docs/peers.md are made (`make docs`).
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import loads
from goals import machine

from kellect_tui.session.file import open_session

HERE = Path(__file__).parent
CALLS = ("openat", "read", "newfstatat", "write", "close")
COMM = "kellect-load"
PATIENCE_SECONDS = 300
SOURCES = 24


class CannotRun(Exception):
    """A tracer that does not run here; in its own words."""


@dataclass(frozen=True, slots=True)
class Work:
    """Something to trace.

    Attributes:
        script: For bash.
        calls: How many of `CALLS` its programs of the name `COMM` make; 0 where that is not known.
    """

    script: str
    calls: int = 0


@dataclass(slots=True)
class Seen:
    """What a tracer made of it.

    Attributes:
        seconds: The work's wall time. work_cpu: its own CPU time. cpu: the tracer's.
        kept: Calls of the loop that it wrote down; None where that is not asked.
        lost: What it said of losses; empty: nothing.
    """

    seconds: float = 0.0
    work_cpu: float = 0.0
    cpu: float = 0.0
    kept: int | None = None
    lost: str = ""


# the work


def works(directory: Path, calls: int) -> dict[str, Work]:
    """All of it, made ready in `directory`."""
    load = loads.build(directory)
    sources = directory / "sources"
    sources.mkdir()
    for number in range(SOURCES):
        functions = "".join(f'int f{number}_{at}(int x) {{ return x * {at} + (int)strlen("{at}"); }}\n' for at in range(60))
        (sources / f"s{number}.c").write_text("#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n#include <sys/stat.h>\n" + functions)
    (directory / "sql.py").write_text(SQL)
    return {
        "2 loops of open, read, stat, write, close": Work(f"{load} mixed {calls // 2} & {load} mixed {calls // 2} & wait", calls),
        "2 loops of read": Work(f"{load} read {calls // 2} & {load} read {calls // 2} & wait", calls),
        "tar of /usr/share": Work("tar cf - /usr/share 2>/dev/null | cat"),
        "find /usr": Work("find /usr -newer /etc/hostname"),
        f"gcc of {SOURCES} files": Work(f"cd {sources} && gcc -c -O1 *.c"),
        "SQLite, 2,000 transactions": Work(f"{sys.executable} {directory}/sql.py {directory}/base"),
        "1,000 processes": Work("for i in {1..1000}; do /bin/true; done"),
    }


SQL = """
import os, sqlite3, sys
for name in (sys.argv[1], sys.argv[1] + "-journal"):
    if os.path.exists(name):
        os.unlink(name)
base = sqlite3.connect(sys.argv[1], isolation_level=None)
base.execute("pragma synchronous = off")
base.execute("create table t (k integer primary key, v text)")
for number in range(2000):
    base.execute("insert into t (v) values (?)", ("x" * 100,))
    base.execute("select v from t where k = ?", (number // 2,)).fetchall()
"""


def timed(work: Work, directory: Path) -> list[str]:
    """The command that does the work and writes its wall, user and system seconds to `directory`/time."""
    script = f"TIMEFORMAT='%R %U %S'; {{ time {{ {work.script} ; }} >/dev/null 2>&1 ; }} 2>{directory}/time"
    return ["bash", "-c", script]


def times(directory: Path) -> tuple[float, float]:
    """(wall, CPU) seconds of the work."""
    wall, user, system = (directory / "time").read_text().split()[-3:]
    return float(wall), float(user) + float(system)


# tracers


def children_cpu() -> float:
    """CPU seconds of all children that have been waited for."""
    spent = os.times()
    return spent.children_user + spent.children_system


def around(command: Sequence[str], directory: Path, *, waits: bool = True) -> tuple[Seen, str]:
    """Run a tracer that runs the work; what it printed. Raises CannotRun.

    Args:
        waits: Whether the tracer waits for its child, so that the work's CPU time is in the tracer's.
    """
    before = children_cpu()
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=PATIENCE_SECONDS, check=False)
    if not (directory / "time").exists():
        raise CannotRun(words_of(done.stderr or done.stdout))
    wall, work = times(directory)
    return Seen(wall, work, max(0.0, children_cpu() - before - (work if waits else 0.0))), done.stdout + done.stderr


@contextmanager
def beside(command: Sequence[str], ready: str, output: Path) -> Iterator[subprocess.Popen[str]]:
    """A tracer in the background, from when it says that it is ready; stopped by SIGINT. Raises CannotRun."""
    try:
        with output.open("w") as file:
            process = subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT, text=True)
    except FileNotFoundError as error:
        raise CannotRun(f"{command[0]} is not installed") from error
    try:
        end = time.monotonic() + 30
        while ready not in output.read_text(errors="replace"):
            if process.poll() is not None or time.monotonic() > end:
                raise CannotRun(words_of(output.read_text(errors="replace")))
            time.sleep(0.05)
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def work_beside(command: Sequence[str], ready: str, output: Path, work: Work, directory: Path) -> Seen:
    """Do the work while a tracer runs in the background."""
    before = children_cpu()
    with beside(command, ready, output):
        subprocess.run(timed(work, directory), timeout=PATIENCE_SECONDS, check=True)
    wall, spent = times(directory)
    return Seen(wall, spent, max(0.0, children_cpu() - before - spent))


def words_of(text: str) -> str:
    """The last line that says something."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:160] if lines else "it said nothing"


def lines_with(path: Path, pattern: str) -> int:
    """Lines of a file in which the pattern is found."""
    wanted = re.compile(pattern)
    with path.open(errors="replace") as file:
        return sum(1 for line in file if wanted.search(line))


def nothing(work: Work, directory: Path) -> Seen:
    """No tracer."""
    return around(timed(work, directory), directory)[0]


def ours(work: Work, directory: Path) -> Seen:
    """kellect-tui record."""
    out = directory / "ours.kellect"
    seen, _ = around([sys.executable, "-m", "kellect_tui", "record", "--summary", "none", "-o", str(out), "--", *timed(work, directory)], directory)
    session = open_session(out)
    seen.lost = f"{session.ledger.lost:,}, each at its place"
    if work.calls:
        seen.kept = sum(process.counts.events for process in session.processes.all() if process.comm == COMM)
    return seen


def strace(work: Work, directory: Path) -> Seen:
    """strace -f: stops the program at every call."""
    out = directory / "strace"
    command = ["strace", "-f", "-qq", "-o", str(out), "-e", "trace=file,desc,process,network", *timed(work, directory)]
    seen, _ = around(command, directory)
    if work.calls:
        seen.kept = lines_with(out, rf" ({'|'.join(CALLS)})\(")
    seen.lost = "loses nothing: it stops the program"
    return seen


def perf_trace(work: Work, directory: Path) -> Seen:
    """perf trace."""
    out = directory / "perf"
    seen, said = around(["perf", "trace", "-o", str(out), *timed(work, directory)], directory, waits=False)
    lost = [int(number) for number in re.findall(r"LOST (\d+) events", out.read_text(errors="replace") + said)]
    if work.calls:
        seen.kept = lines_with(out, rf"{COMM[:15]}.* ({'|'.join(CALLS)})\(")
    seen.lost = f"{sum(lost):,}, not where" if lost else ""
    return seen


def bpftrace(work: Work, directory: Path) -> Seen:
    """A bpftrace script that prints each call."""
    out = directory / "bpftrace"
    test = f'/comm == "{COMM}"/' if work.calls else ""
    line = '{ printf("%llu %d %s %d = %d\\n", nsecs, pid, comm, args->id, args->ret); }'
    program = f'BEGIN {{ printf("ready\\n"); }} tracepoint:raw_syscalls:sys_exit {test} {line}'
    seen = work_beside(["bpftrace", "-e", program], "ready", out, work, directory)
    lost = [int(number) for number in re.findall(r"Lost (\d+) events", out.read_text(errors="replace"))]
    if work.calls:
        seen.kept = lines_with(out, rf" {COMM} ")
    seen.lost = f"{sum(lost):,}, not where" if lost else ""
    return seen


def callback(work: Work, directory: Path) -> Seen:
    """BCC, a Python callback an event."""
    out = directory / "callback"
    command = [sys.executable, str(HERE / "callback.py"), str(out), COMM if work.calls else ""]
    seen = work_beside(command, "ready", directory / "callback.said", work, directory)
    if work.calls:
        seen.kept = lines_with(out, f" {COMM} ")
    return seen


def auditd(work: Work, directory: Path) -> Seen:
    """The audit daemon with a rule for these calls of the work's programs."""
    if shutil.which("auditd") is None or shutil.which("auditctl") is None:
        raise CannotRun("auditd is not installed")
    conf = directory / "audit"
    conf.mkdir(exist_ok=True)
    log = conf / "log"
    log.write_text("")
    settings = {"log_file": log, "log_format": "RAW", "flush": "NONE", "max_log_file": 4000, "num_logs": 0, "max_log_file_action": "IGNORE",
                "space_left": 75, "space_left_action": "IGNORE", "admin_space_left": 50, "admin_space_left_action": "IGNORE",
                "disk_full_action": "IGNORE", "disk_error_action": "IGNORE", "local_events": "yes", "write_logs": "yes"}  # fmt: skip
    (conf / "auditd.conf").write_text("".join(f"{name} = {value}\n" for name, value in settings.items()))
    own = ["-F", f"exe={work.script.split()[0]}"] if work.calls else []
    rule = ["-a", "always,exit", "-F", "arch=b64", *(word for call in CALLS for word in ("-S", call)), *own]
    before = children_cpu()
    daemon = subprocess.Popen(["auditd", "-n", "-c", str(conf)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        time.sleep(1)
        if daemon.poll() is not None:
            raise CannotRun(words_of(daemon.stderr.read() if daemon.stderr is not None else ""))
        for words in (["-e", "1"], ["-b", "8192"], ["--reset-lost"], rule):
            done = subprocess.run(["auditctl", *words], capture_output=True, text=True, check=False)
            if done.returncode:
                raise CannotRun(words_of(done.stderr))
        subprocess.run(timed(work, directory), timeout=PATIENCE_SECONDS, check=True)
        status = subprocess.run(["auditctl", "-s"], capture_output=True, text=True, check=False).stdout
    finally:
        for words in (["-D"], ["-e", "0"]):
            subprocess.run(["auditctl", *words], capture_output=True, check=False)
        daemon.terminate()
        daemon.wait(30)
    wall, spent = times(directory)
    seen = Seen(wall, spent, max(0.0, children_cpu() - before - spent))
    found = re.search(r"^lost (\d+)", status, re.MULTILINE)
    seen.lost = f"{int(found[1]):,} by auditctl -s, not where" if found and int(found[1]) else ""
    if work.calls:
        seen.kept = lines_with(log, rf'type=SYSCALL.* comm="{COMM}"')
    return seen


TRACERS: dict[str, Callable[[Work, Path], Seen]] = {
    "nothing": nothing, "kellect-tui record": ours, "strace -f": strace, "perf trace": perf_trace,
    "bpftrace": bpftrace, "BCC, a callback an event": callback, "auditd": auditd,
}  # fmt: skip


# the table

@dataclass(frozen=True, slots=True)
class Row:
    """One work under one tracer, as `peers.json` has it.

    Attributes:
        under: The tracer.
        seconds: The work's wall time. slower: that, in times of the time under nothing. cpu: seconds of the tracer's CPU.
        kept: Percent of the calls that were written down; None where that is not known.
        lost: What the tracer said of losses; empty: nothing.
        refused: Why there is nothing of all that.
    """

    under: str
    seconds: float = 0.0
    slower: float = 0.0
    cpu: float = 0.0
    kept: float | None = None
    lost: str = ""
    refused: str = ""

    def __str__(self) -> str:
        if self.refused:
            return f"  {self.under:20} {self.refused}"
        kept = "" if self.kept is None else f"{self.kept:.1f} % kept"
        return f"  {self.under:20} {self.seconds:7.2f} s {self.slower:7.1f} x {self.cpu:6.1f} s CPU  {kept:14} {self.lost or 'says nothing of losses'}"


def measured(work: Work, under: Sequence[str], directory: Path) -> Iterator[Row]:
    """One work under all tracers."""
    bare = 0.0
    for name in under:
        (directory / "time").unlink(missing_ok=True)
        try:
            seen = TRACERS[name](work, directory)
        except CannotRun as error:
            yield Row(name, refused=f"cannot run here: {error}")
        except subprocess.TimeoutExpired:
            yield Row(name, refused=f"not done after {PATIENCE_SECONDS} s")
        else:
            bare = bare or max(seen.seconds, 0.001)
            kept = None if seen.kept is None else round(min(100.0, seen.kept / work.calls * 100), 1)
            yield Row(name, round(seen.seconds, 3), round(seen.seconds / bare, 2), round(seen.cpu, 2), kept, seen.lost)


def main() -> None:
    """Run, print, write."""
    line = argparse.ArgumentParser(description="the same work under each tracer")
    line.add_argument("--calls", type=int, default=1_000_000, help="of each loop")
    line.add_argument("--only", default="", help="works whose name begins so, with commas")
    line.add_argument("--under", default="", help="tracers whose name begins so, with commas")
    line.add_argument("--out", type=Path, default=HERE, help="directory for peers.json; - writes none")
    given = line.parse_args()
    chosen = [name for name in TRACERS if name == "nothing" or not given.under or name.startswith(tuple(given.under.split(",")))]
    head = f"{machine()}; {time.strftime('%Y-%m-%d')}"
    print(head)
    found: dict[str, list[dict[str, object]]] = {}
    with tempfile.TemporaryDirectory(dir="/dev/shm") as place:
        directory = Path(place)
        for name, work in works(directory, given.calls).items():
            if given.only and not name.startswith(tuple(given.only.split(","))):
                continue
            title = name + (f", {work.calls:,} calls" if work.calls else "")
            print(f"\n{title}")
            around(timed(work, directory), directory)  # the page cache
            rows = found[title] = []
            for row in measured(work, chosen, directory):
                print(row, flush=True)
                rows.append(asdict(row))
    if str(given.out) != "-":
        (given.out / "peers.json").write_text(json.dumps({"machine": head, "works": found}, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
