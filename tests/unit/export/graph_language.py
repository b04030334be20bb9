"""A strict reader of the part of Graphviz' language that is written here (https://graphviz.org/doc/info/lang.html)."""

from __future__ import annotations

import html
import re
from typing import NamedTuple

_TOKEN = re.compile(r'\s*(?:(?P<string>"(?:[^"\\\n]|\\.)*")|(?P<name>[A-Za-z_][A-Za-z_0-9]*|-?\d+)|(?P<mark>->|[{}\[\]=,]))')


class Graph(NamedTuple):
    """Nodes with the lines of their labels, edges, and the dashed ones among these."""

    nodes: dict[str, list[str]]
    edges: set[tuple[str, str]]
    dashed: set[tuple[str, str]]


def read(text: str) -> Graph:
    """The graph. Raises ValueError for anything that Graphviz would not take."""
    tokens = _tokens(text)
    if tokens[:3] != ["digraph", "processes", "{"] or tokens[-1] != "}":
        raise ValueError(tokens[:3])
    graph, at = Graph({}, set(), set()), 3
    while at < len(tokens) - 1:
        subject, at = tokens[at], at + 1
        target = None
        if tokens[at] == "->":
            target, at = tokens[at + 1], at + 2
        attributes: dict[str, str] = {}
        if tokens[at] == "[":
            attributes, at = _attributes(tokens, at + 1)
        if target is not None:
            graph.edges.add((subject, target))
            if attributes.get("style") == "dashed":
                graph.dashed.add((subject, target))
        elif subject not in ("graph", "node"):
            graph.nodes[subject] = _lines(attributes["label"])
    return graph


def _tokens(text: str) -> list[str]:
    tokens, at = [], 0
    while at < len(text.rstrip()):
        match = _TOKEN.match(text, at)
        if match is None:
            raise ValueError(f"at {at}: {text[at : at + 30]!r}")
        tokens.append(match[0].strip())
        at = match.end()
    return tokens


def _attributes(tokens: list[str], at: int) -> tuple[dict[str, str], int]:
    found = {}
    while tokens[at] != "]":
        if tokens[at + 1] != "=":
            raise ValueError(tokens[at : at + 3])
        found[tokens[at]] = tokens[at + 2].removeprefix('"').removesuffix('"')
        at += 3
        if tokens[at] == ",":
            at += 1
    return found, at + 1


def _lines(label: str) -> list[str]:
    """What a label shows: escapes, then entities."""
    lines, line, at = [], "", 0
    label = label.replace('\\"', '"')  # the lexer's own
    while at < len(label):
        if label[at] == "\\":
            if label[at + 1] == "l":
                lines.append(line)
                line = ""
            elif label[at + 1] == "\\":
                line += "\\"
            else:
                raise ValueError(f"an escape that Graphviz would obey: {label[at : at + 2]}")
            at += 2
        else:
            line += label[at]
            at += 1
    if line:
        raise ValueError(f"a line without its end: {line}")
    return [html.unescape(line) for line in lines]
