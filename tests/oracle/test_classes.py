"""Each known difference, made to happen; docs/exactness.md has their reasons."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.oracle.classes import KNOWN
from tests.oracle.compare import Outcome, compare
from tests.oracle.programs import PYTHON, Program, workload
from tests.oracle.run import both

DOCUMENT = Path(__file__).parents[2] / "docs" / "exactness.md"
CASES = "vectors open_how clone_arguments refused_with_an_error refused_with_a_signal another_namespace"
SOCKETS_AND_THREADS = """
    import os, socket, threading
    there = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    there.bind(("127.0.0.1", 0))
    here = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    here.sendto(b"one", there.getsockname())
    here.sendto(b"two", there.getsockname())
    here.connect(there.getsockname())
    here.send(b"three")
    one, other = socket.socketpair()
    waits = threading.Event()
    def wait():
        waits.set()
        one.recv(1)
    threading.Thread(target=wait, daemon=True).start()
    waits.wait()
    path = f"/proc/self/task/{max(map(int, os.listdir('/proc/self/task')))}/syscall"
    while not open(path).read().startswith("45 "):
        pass
"""


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> tuple[Outcome, Outcome]:
    """(with the known classes, without)."""
    with_classes, without = Outcome(), Outcome()
    for program in (workload("cases", CASES), Program("program", (PYTHON, "program.py"), python=SOCKETS_AND_THREADS)):
        place, records = (tmp_path_factory.mktemp(name).resolve() for name in ("place", "records"))
        wanted, events = both(program.ready(place), place, records)
        with_classes, without = with_classes + compare(wanted, events, KNOWN), without + compare(wanted, events, {})
    return with_classes, without


@pytest.mark.bpf
@pytest.mark.parametrize("name", KNOWN)
def test_a_known_difference_happens(outcomes: tuple[Outcome, Outcome], name: str) -> None:
    assert outcomes[0].known[name]


@pytest.mark.bpf
def test_nothing_else_differs_and_without_the_classes_all_do(outcomes: tuple[Outcome, Outcome]) -> None:
    with_classes, without = outcomes
    assert with_classes.differences == [], "\n".join(map(str, with_classes.differences))
    assert len(without.differences) == sum(map(len, with_classes.known.values()))


def test_the_document_has_each_with_its_reason_and_they_are_eight_at_most() -> None:
    rows = re.findall(r"^\| ([^|]+) \|", DOCUMENT.read_text().partition("## Known differences")[2].partition("\n## ")[0], re.MULTILINE)
    assert rows[1:] == list(KNOWN)
    assert len(KNOWN) <= 8
