"""The differences that are known, each with its reason in docs/exactness.md and a test that makes it happen."""

from __future__ import annotations

from tests.oracle.compare import Classes, Difference
from tests.oracle.row import first_list
from tests.oracle.strace import Call

CERTAIN_VECTORS = 128
_SMALLEST = {"openat2": 24, "clone3": 64}
"""Bytes of their first version's structure."""


def many_vectors(difference: Difference) -> bool:
    """More vectors than a record promises to sum up: null, and marked."""
    record, event = difference.expected and difference.expected.record, difference.event
    if not isinstance(record, Call) or event is None or set(difference.fields) != {"arg.count", "incomplete"}:
        return False
    vectors = first_list(record.values[1])
    return len(vectors) > CERTAIN_VECTORS and event["arguments"]["count"] is None and "count:unreadable" in event["incomplete"]


def socket_named_once(difference: Difference) -> bool:
    """strace asks for a socket's addresses once: it goes on showing the wildcard that a later connect made a real address."""
    if set(difference.fields) != {"arg.local_addr"}:
        return False
    theirs, ours = difference.fields["arg.local_addr"]
    return theirs in ("0.0.0.0", "::") and ours not in (None, theirs)


def ended_in_the_call(difference: Difference) -> bool:
    """A thread that its process's end met in a call: the kernel left the call before the thread ended, strace sees only its beginning."""
    expected, event = difference.expected, difference.event
    return expected is not None and event is not None and not expected.returned and not difference.fields


def structure_of_a_wrong_size(difference: Difference) -> bool:
    """openat2 and clone3 with fewer bytes than the kernel ever knew: refused; strace reads none of them, the monitor shows what they say."""
    record = difference.expected and difference.expected.record
    if not isinstance(record, Call) or record.name not in _SMALLEST or record.error != "EINVAL" or difference.event is None:
        return False
    unlike = set(difference.fields) - {"event_type", "incomplete"}
    return record.values[-1] < _SMALLEST[record.name] and all(name.startswith("arg.") for name in unlike)


def refused_by_seccomp(difference: Difference) -> bool:
    """The kernel does not enter a call that a filter refuses: no duration, no facts of the beginning; strace times its own two stops."""
    event = difference.event
    if event is None or event["duration_ns"] is not None or "duration_ns" not in difference.fields:
        return False
    unreadable = {f"arg.{mark.partition(':')[0]}" for mark in event.get("incomplete", ())}
    left = set(difference.fields) - {"duration_ns", "incomplete"} - unreadable
    return not left or (event["result"] is None and left <= {"result", "arg.fd", "arg.path"})


def beyond_the_root(difference: Difference) -> bool:
    """A file that the program's own root and mounts do not lead to: strace tells where it is in its own."""
    return bool(difference.fields) and all(
        isinstance(theirs, str) and ours == f"(unreachable){theirs}" for theirs, ours in difference.fields.values()
    )


KNOWN: Classes = {
    "many vectors": many_vectors, "socket named once": socket_named_once, "ended in the call": ended_in_the_call,
    "structure of a wrong size": structure_of_a_wrong_size, "refused by seccomp": refused_by_seccomp,
    "beyond the root": beyond_the_root,
}  # fmt: skip
