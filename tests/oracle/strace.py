"""Runs a command under strace, and reads what strace wrote into values.

strace writes one file per thread (`-ff`), so the order within a thread is the file's. Strings are hexadecimal (`-xx`), so
no byte of theirs can be taken for syntax.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.oracle.syntax import NAME, Reader, Tagged, Unreadable

STRING_LIMIT = 4096

OPTIONS = (
    "-ff", "--quiet=attach,path-resolution", "--decode-fds=all", "--decode-pids=comm,pidns", "-v", "-xx", "-s", str(STRING_LIMIT),
    "-e", "abbrev=execve,execveat", "--absolute-timestamps=format:unix,precision:ns", "--syscall-times=ns",
)  # fmt: skip


def command(place: Path, words: Sequence[str]) -> list[str]:
    """The command line that runs `words` under strace, which writes `place`.TID for each thread.

    All calls are traced: one that this strace does not know by name cannot be asked for.
    """
    return ["strace", *OPTIONS, "-o", str(place), *words]


Run = dict[int, "list[Call | Other | End]"]
"""The records of each thread, in order, by tid."""


@dataclass(slots=True)
class Call:
    """One system call as strace saw it.

    Attributes:
        tid: The thread.
        number: Position in the thread's file.
        begun, took: Seconds since the epoch, seconds; `took` is None where the call did not return.
        name: strace's name of it.
        values: Its arguments, without names.
        named: Those that strace writes with their names (`flags=…` of clone).
        result: A number, a `Tagged`, or None (`?`).
        error: The errno's symbol, or empty.
        returned: Whether strace saw it return.
        translated: The result, a pid in another namespace, as strace's own namespace numbers it; 0 where that is the result itself.
        abi: `x32` or `i386` where it is not the native one.
        told: Where it stands among what others did: when it began, but of an exec by a thread when it took its process over.
    """

    tid: int
    number: int
    begun: Decimal
    name: str
    values: list[Any] = field(default_factory=list)
    named: dict[str, Any] = field(default_factory=dict)
    result: Any = None
    error: str = ""
    took: Decimal | None = None
    returned: bool = True
    translated: int = 0
    abi: str = ""
    told: Decimal = Decimal(0)

    @property
    def over(self) -> Decimal:
        """When it returned; when it began, if it did not."""
        return self.begun + (self.took or 0)

    @property
    def child(self) -> int:
        """The task that a call made, in strace's namespace; 0 where it made none."""
        return self.translated or max(self.result_number or 0, 0)

    @property
    def result_number(self) -> int | None:
        """The result without what strace says about it."""
        return self.result.value if isinstance(self.result, Tagged) else self.result


@dataclass(frozen=True, slots=True)
class End:
    """The end of a thread: its status, or the signal that ended its process.

    Attributes:
        by: The thread whose exec took this one's number over; 0 for every other end.
    """

    tid: int
    at: Decimal
    status: int | None
    signal: str
    core: bool
    by: int = 0

    @property
    def told(self) -> Decimal:
        """As of a call: where it stands among what others did."""
        return self.at


@dataclass(frozen=True, slots=True)
class Other:
    """A call of which nothing is wanted but that its thread was there."""

    tid: int
    told: Decimal
    over: Decimal


@dataclass(frozen=True, slots=True)
class Resumed:
    """The rest of an exec that a thread began: it stands in the file of the process whose number the thread took over."""

    at: Decimal
    took: Decimal


_LINE = re.compile(r"(\d+\.\d+) (?:(\w+)\(|\+\+\+ (.*) \+\+\+|---|<\.\.\. execve(?:at)? resumed>\) = 0 <(\d+\.\d+)>)")
_RETURNED = re.compile(r"\s*= (?:(\?)|(0x[0-9a-f]+|-?\d+))")
_ERROR = re.compile(r" (E[A-Z0-9]+)\b")
_MODE = re.compile(r"\S+ \[ Process PID=\d+ runs in (.*) mode\. \]")
_ABIS = {"64 bit": "", "32 bit": "i386", "x32": "x32"}
_PID_CHANGED = re.compile(r"<pid changed to \d+ \.\.\.>")
_TRANSLATED = re.compile(r" /\* (\d+) in strace's PID NS \*/")
_TOOK = re.compile(r"<(\d+\.\d+)>$")
_SUPERSEDED = re.compile(r"superseded by execve in pid (\d+)")
_EXITED = re.compile(r"exited with (\d+)")
_KILLED = re.compile(r"killed by (\w+)( \(core dumped\))?")


def _call(tid: int, number: int, text: str, head: re.Match[str]) -> Call:
    call = Call(tid, number, Decimal(head[1]), head[2], told=Decimal(head[1]))
    reader = Reader(text, head.end())
    while not reader.take(")"):
        if reader.take("<unfinished ...>") or reader.take("<detached ...>") or reader.match(_PID_CHANGED):
            call.returned = False
            return call
        start = reader.at
        name = reader.match(NAME)
        if name is not None and reader.text.startswith("=", reader.at) and not reader.text.startswith("=>", reader.at):
            reader.at += 1
            call.named[name[0]] = reader.value()
        else:
            reader.at = start
            call.values.append(reader.value())
        reader.take(",")
    returned = reader.match(_RETURNED)
    if returned is None:
        call.returned = False
        return call
    if took := _TOOK.search(text):
        call.took = Decimal(took[1])
    if returned[1]:
        error = _ERROR.match(text, reader.at)
        call.error = error[1] if error else ""
        call.returned = bool(error)
        return call
    call.result = reader.tagged(int(returned[2], 0))
    if translated := _TRANSLATED.match(text, reader.at):
        call.translated = int(translated[1])
    if call.result == -1 and (error := _ERROR.match(text, reader.at)):
        call.error = error[1]
    return call


def read_thread(path: Path, names: Collection[str]) -> Iterator[Call | Other | End | Resumed]:
    """What strace wrote about one thread, in order.

    Args:
        names: Calls that are wanted; the others are `Other`.

    Raises:
        Unreadable: A line that is not understood.
    """
    tid, abi = int(path.suffix[1:]), ""
    for number, text in enumerate(path.read_text("ascii").splitlines()):
        if mode := _MODE.fullmatch(text):
            abi = _ABIS[mode[1]]
            continue
        head = _LINE.match(text)
        if head is None:
            raise Unreadable(text[:200])
        if head[3]:
            if killed := _KILLED.match(head[3]):
                yield End(tid, Decimal(head[1]), None, killed[1], bool(killed[2]))
            elif exited := _EXITED.match(head[3]):
                yield End(tid, Decimal(head[1]), int(exited[1]), "", False)
            elif superseded := _SUPERSEDED.match(head[3]):
                yield End(tid, Decimal(head[1]), None, "", False, int(superseded[1]))
            else:
                raise Unreadable(text[:200])
        elif head[4]:
            yield Resumed(Decimal(head[1]), Decimal(head[4]))
        elif head[2] in names:
            call = _call(tid, number, text, head)
            call.abi = abi
            yield call
        elif head[2]:
            took = _TOOK.search(text)
            begun = Decimal(head[1])
            yield Other(tid, begun, begun + Decimal(took[1]) if took else begun)


def read(place: Path, names: Collection[str]) -> Run:
    """All threads' files of one run, by tid; `names` are the calls that are wanted."""
    files = {int(path.suffix[1:]): list(read_thread(path, names)) for path in sorted(place.parent.glob(place.name + ".*"))}
    for records in files.values():
        for end, rest in itertools.pairwise(records):
            if isinstance(rest, Resumed) and isinstance(end, End):
                call = files[end.by][-1]
                assert isinstance(call, Call)
                call.result, call.took, call.told, call.returned = 0, rest.took, rest.at, True
    return {tid: [record for record in records if not isinstance(record, Resumed)] for tid, records in files.items()}
