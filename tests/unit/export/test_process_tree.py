"""The tree as nested JSON and as a graph: node by node the model's, whatever names programs choose."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from kellect_tui.export import export
from kellect_tui.session.file import open_session
from kellect_tui.session.filter import Context, parse
from kellect_tui.session.process import COUNT_NAMES, Process
from kellect_tui.session.session import Session
from tests.synthetic import HOSTILE, Maker, mixed, session_of
from tests.unit.export.graph_language import read

Node = dict[str, Any]


def exported(session: Session, format: str, **options: Any) -> bytes:
    file = io.BytesIO()
    export(session, file, format, **options)
    return file.getvalue()


def flat(nodes: list[Node], parent: int | None = None) -> list[tuple[int | None, Node]]:
    """(pid of the forker, node), a forker first."""
    out: list[tuple[int | None, Node]] = []
    for node in nodes:
        out += [(parent, node), *flat(node["children"], node["pid"])]
    return out


def told(process: Process) -> tuple[Any, ...]:
    """What is compared, of the model."""
    ended = None if process.running else (process.exit_status, process.exit_seen, process.ended_ns and process.ended_ns // 1000)
    programs = [(program.path, list(program.argv), program.cwd) for program in process.generations]
    parent = None if process.forked_by is None else process.forked_by.pid
    counts = {name: getattr(process.counts, name) for name in COUNT_NAMES}
    return parent, process.pid, process.comm, list(process.argv), process.path, ended, programs, counts, list(process.healed), process.birth.value


def said(parent: int | None, node: Node) -> tuple[Any, ...]:
    """The same, of a node."""
    ended = None if node["ended"] is None else (node["ended"]["status"], node["ended"]["seen"], node["ended"]["time"])
    programs = [(program["path"], program["argv"], program["cwd"]) for program in node["programs"]]
    return parent, node["pid"], node["comm"], node["argv"], node["path"], ended, programs, node["counts"], node["healed"], node["birth"]


@pytest.mark.parametrize("seed", range(5))
def test_every_node_is_the_model_s(seed: int) -> None:
    session = session_of(mixed(2000, seed=seed), finished=True)
    document = json.loads(exported(session, "tree-json"))
    assert document["format"] == "kellect-tui/tree-1"
    nodes = flat(document["processes"])
    assert sorted((said(parent, node) for parent, node in nodes), key=str) == sorted(map(told, session.processes.all()), key=str)
    assert all(node["selected"] for _, node in nodes)


@pytest.mark.parametrize("seed", range(5))
def test_every_node_and_edge_is_in_the_graph(seed: int) -> None:
    session = session_of(mixed(2000, seed=seed), finished=True)
    graph = read(exported(session, "dot").decode())
    processes = session.processes.all()
    assert set(graph.nodes) == {f"p{process.number}" for process in processes}
    assert graph.edges == {(f"p{process.forked_by.number}", f"p{process.number}") for process in processes if process.forked_by is not None}
    assert graph.dashed == {
        (f"p{process.forked_by.number}", f"p{process.number}") for process in processes if process.forked_by is not None and process.birth != "forked"
    }
    assert all(graph.nodes[f"p{process.number}"][1].startswith(f"{process.pid} ") for process in processes)


def hostile() -> Session:
    maker = Maker()
    words = [*HOSTILE, b"\\N \\G \\l \\", b'"]; evil [label="', b"&#x41;&quot;&amp;", b"<b>bold</b>", b"// no comment"]
    for number, word in enumerate(words):
        maker.fork(300 + number, pid=100)
        maker.exec(b"/bin/x", [word[:200]], pid=300 + number, comm=word[:15])
    return session_of(maker.batch(), finished=True)


def test_hostile_names_are_text_and_nothing_else() -> None:
    session = hostile()
    assert sorted(map(str, (node["argv"] for _, node in flat(json.loads(exported(session, "tree-json"))["processes"])))) == sorted(
        str(list(process.argv)) for process in session.processes.all()
    )
    data = exported(session, "dot").decode()
    assert all(character.isprintable() or character == "\n" for character in data)
    labels = [lines[0] for lines in read(data).nodes.values()]
    for text in ("\\N \\G \\l \\", '"]; evil [label="', "&#x41;&quot;&amp;", "<b>bold</b>", "// no comment"):
        assert text in labels


@pytest.mark.skipif(shutil.which("dot") is None, reason="graphviz is not installed")
def test_graphviz_draws_it() -> None:
    drawn = subprocess.run(["dot", "-Tplain"], input=exported(hostile(), "dot"), capture_output=True, check=True)
    assert drawn.stderr == b""
    assert drawn.stdout.count(b"\nnode ") == len(hostile().processes.all())


def test_a_chain_of_forks_of_any_length() -> None:
    maker = Maker()
    for number in range(3000):
        maker.fork(1001 + number, pid=1000 + number)
    session = session_of(maker.batch(), finished=True)
    data = exported(session, "tree-json")
    assert data.count(b'"children":[') == 3001
    depth = deepest = 0
    for character in data.decode():
        depth += (character == "{") - (character == "}")
        deepest = max(deepest, depth)
    assert depth == 0
    assert deepest >= 3001
    assert len(read(exported(session, "dot").decode()).edges) == 3000


def test_a_filter_selects_and_keeps_the_way() -> None:
    maker = Maker()
    maker.fork(200, pid=100)
    maker.fork(300, pid=200)
    maker.fork(201, pid=100)
    maker.exit(pid=300)
    maker.fork(300, pid=100)  # another life of the number
    maker.read(b"/wanted", pid=300)
    session = session_of(maker.batch(), finished=True)
    predicate = parse("path = /wanted", Context(session.processes, session.started_ns or 0))
    document = json.loads(exported(session, "tree-json", predicate=predicate))
    assert [(parent, node["pid"], node["selected"], node["ended"] is None) for parent, node in flat(document["processes"])] == [
        (None, 100, False, True),
        (100, 300, True, True),
    ]
    assert export(session, io.BytesIO(), "dot", predicate=predicate) == 1


def test_every_life_of_a_number_that_did_it_is_selected() -> None:
    maker = Maker()
    for _ in range(4):
        maker.fork(300, pid=100)
        maker.read(b"/wanted", pid=300)
        maker.exit(pid=300)
    session = session_of(maker.batch(), finished=True)
    predicate = parse("path = /wanted", Context(session.processes, session.started_ns or 0))
    nodes = flat(json.loads(exported(session, "tree-json", predicate=predicate))["processes"])
    assert [node["pid"] for _, node in nodes if node["selected"]] == [300] * 4


def test_the_recording_that_comes_with_the_program_has_a_tree(tmp_path: Path) -> None:
    session = open_session(Path(__file__).parents[3] / "kellect_tui" / "data" / "demo.kellect")
    assert export(session, tmp_path / "t.tree.json", "tree-json") == len(session.processes.all())
