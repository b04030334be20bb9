"""`make -j2` of a real build: the tree of processes is the one that strace -f saw in the same run."""

from __future__ import annotations

import ast
import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from kellect_tui.events.constants import SIGNALS
from kellect_tui.session.file import open_session
from kellect_tui.session.process import Process
from tests.bpf.recording import PROGRAM

pytestmark = pytest.mark.bpf
SOURCES = Path(__file__).parent
MAKEFILE = """
parts := $(notdir $(basename $(wildcard {workload}/*.c)))
parts := $(filter-out helper%,$(parts))
all: workload libcases.a others
workload: $(parts:=.o)
\tgcc -o $@ $^
libcases.a: $(filter cases_%.o,$(parts:=.o))
\tar rcs $@ $^ && ranlib $@
%.o: {workload}/%.c
\tgcc -O1 -c -o $@ $<
others:
\t$(MAKE) -f Makefile loop family fails
%: {sources}/%.c
\tgcc -O1 -pthread -o $@ $< && strip $@
%: {sources}/tree/%.c
\tgcc -O1 -pthread -o $@ $< 2>/dev/null
fails:
\t-gcc -c /no/such/file.c 2>/dev/null
\t-sh -c 'kill -TERM $$$$; sleep 60'
\t@true | sort | uniq > sorted; (exit 3) || true
.PHONY: all others fails
"""
STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
EXEC = re.compile(r'^(?P<pid>\d+) +execve\((?P<path>"(?:[^"\\]|\\.)*"), \[(?P<argv>(?:"(?:[^"\\]|\\.)*"(?:, )?)*)\]')
CLONE = re.compile(r"^(?P<pid>\d+) +(?:<\.\.\. )?(?:clone3?|v?fork)(?:\(| resumed).* = (?P<child>\d+)$")
RESULT = re.compile(r"^(?P<pid>\d+) +<\.\.\. execve resumed>.* = (?P<result>-?\d+)")
END = re.compile(r"^(?P<pid>\d+) +\+\+\+ (?:exited with (?P<status>\d+)|killed by (?P<signal>\w+)(?P<core> \(core dumped\))?) \+\+\+")


@dataclass
class Seen:
    """A process as strace saw it."""

    forker: int | None = None
    programs: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    end: tuple[int | None, str | None] | None = None


def text(quoted: str) -> str:
    value: str = ast.literal_eval(quoted)
    return value


def traced(log: Path, cwd: Path) -> dict[int, Seen]:
    """What strace wrote down, by pid."""
    seen: dict[int, Seen] = {}
    pending: dict[int, tuple[str, tuple[str, ...]]] = {}
    for line in log.read_text().splitlines():
        process = seen.setdefault(int(line.split()[0]), Seen())
        if found := EXEC.match(line):
            program = (os.path.realpath(cwd / text(found["path"])), tuple(map(text, STRING.findall(found["argv"]))))
            if line.endswith("<unfinished ...>"):
                pending[int(found["pid"])] = program
            elif line.endswith(" = 0"):
                process.programs.append(program)
        elif found := RESULT.match(line):
            program = pending.pop(int(found["pid"]))
            if found["result"] == "0":
                process.programs.append(program)
        elif found := CLONE.match(line):
            assert "CLONE_THREAD" not in line
            seen.setdefault(int(found["child"]), Seen()).forker = int(found["pid"])
        elif found := END.match(line):
            status = found["status"]
            process.end = (None if status is None else int(status), found["signal"])
    return seen


def differences(pid: int, seen: Seen, node: Process | None) -> Iterator[str]:
    if node is None:
        yield f"{pid}: missing: {seen}"
        return
    programs = [(program.interpreter or program.path, program.argv) for program in node.generations]
    signal = None if node.exit_signal is None else SIGNALS[node.exit_signal]
    pairs: list[tuple[str, object, object]] = [("programs", seen.programs, programs), ("end", seen.end, (node.exit_status, signal))]
    pairs.append(("healed", (), node.healed))
    if seen.forker is not None:
        pairs.append(("forker", seen.forker, node.forked_by.pid if node.forked_by is not None else None))
    yield from (f"{node}, {name}: strace {was!r}, the tree {told!r}" for name, was, told in pairs if was != told)


def test_the_tree_of_a_build_is_the_one_that_strace_saw(tmp_path: Path) -> None:
    log, out = tmp_path / "strace.log", tmp_path / "out.kellect"
    (tmp_path / "Makefile").write_text(MAKEFILE.format(workload=SOURCES / "workload", sources=SOURCES))
    strace: list[str | Path] = ["strace", "-f", "-e", "trace=process", "-e", "abbrev=none", "-s", "4096", "-o", log]
    words: list[str | Path] = [*PROGRAM, "record", "-o", out, "--", *strace, "make", "-j2"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    session = open_session(out)
    assert session.ledger.lost == 0
    seen = traced(log, tmp_path)
    assert len(seen) > 60
    assert sum(len(process.programs) for process in seen.values()) > 60
    assert {process.end for process in seen.values()} >= {(0, None), (1, None), (3, None), (None, "SIGTERM")}
    table = session.processes
    wrong = [text for pid, process in seen.items() for text in differences(pid, process, table.by_pid(pid))]
    assert not wrong, f"{len(wrong)} of {len(seen)}:\n" + "\n".join(wrong[:20])
    first = table.by_pid(next(iter(seen)))
    assert first is not None
    assert {process.pid for process in table.descendants(first)} == set(seen)
