"""From onnx's messages to plain nodes: attributes, execution order, unique names, and how far functions unfold."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

import numpy as np
import onnx

from inspector.errors import LimitError, ModelError
from inspector.graph import order
from inspector.graph.model import AttributeValue
from inspector.graph.nodes import Node
from inspector.graph.remedies import DAMAGED

MOST_UNFOLDED_NODES = 200_000  # of a network whose functions are written out
STANDARD_DOMAINS = ("", "ai.onnx")

Message = TypeVar("Message", onnx.ModelProto, onnx.NodeProto, onnx.ValueInfoProto)


def text(value: str | bytes) -> str:
    """Return a name as text, also one that is not in UTF-8."""
    return value if isinstance(value, str) else value.decode("utf-8", "replace")


def copied(message: Message) -> Message:
    """Return a message of its own, which outlives the list that this one is in."""
    copy = type(message)()
    copy.CopyFrom(message)
    return copy


def opset_of(proto: onnx.ModelProto) -> int:
    """Return the version of the standard operators; 0 if the model names none."""
    return next((each.version for each in proto.opset_import if each.domain in STANDARD_DOMAINS), 0)


def inner_graphs(node: onnx.NodeProto) -> Iterator[onnx.GraphProto]:
    """Yield the graphs in a node's attributes: branches and the bodies of loops."""
    for attribute in node.attribute:
        if attribute.HasField("g"):
            yield attribute.g
        yield from attribute.graphs


# ---------------------------------------------------------------- nodes


def node_of(proto: onnx.NodeProto) -> Node:
    """Return a node as plain values; attributes that are tensors or graphs are left out."""
    return Node(
        text(proto.op_type),
        tuple(proto.input),
        tuple(proto.output),
        {text(each.name): value for each in proto.attribute if (value := _attribute(each)) is not None},
        "" if proto.domain in STANDARD_DOMAINS else text(proto.domain),
        text(proto.name),
        captured(list(inner_graphs(proto))),
    )


def _attribute(attribute: onnx.AttributeProto) -> AttributeValue | None:
    kind = attribute.type
    if kind == onnx.AttributeProto.INT:
        return attribute.i
    if kind == onnx.AttributeProto.INTS:
        return tuple(attribute.ints)
    if kind == onnx.AttributeProto.FLOAT:
        return _float(attribute.f)
    if kind == onnx.AttributeProto.FLOATS:
        return tuple(_float(value) for value in attribute.floats)
    if kind == onnx.AttributeProto.STRING:
        return text(attribute.s)
    if kind == onnx.AttributeProto.STRINGS:
        return tuple(text(value) for value in attribute.strings)
    return None


def _float(value: float) -> float | str:
    """Return a float32 as the shortest number that means it: 0.01, not 0.009999999776."""
    if math.isfinite(value):
        return float(str(np.float32(value)))
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def captured(graphs: Sequence[onnx.GraphProto]) -> tuple[str, ...]:
    """Return the tensors that graphs within a node take from around them."""
    used: dict[str, None] = {}  # a set that keeps its order
    made: set[str] = set()
    waiting = list(graphs)
    while waiting:
        graph = waiting.pop()
        made.update(each.name for each in (*graph.input, *graph.initializer))
        used.update((each.name, None) for each in graph.output)
        for inner in graph.node:
            used.update((each, None) for each in inner.input)
            made.update(inner.output)
            waiting += inner_graphs(inner)
    return tuple(each for each in used if each and each not in made)


def sort_nodes(proto: onnx.ModelProto, stored: Iterable[str], name: str) -> list[Node]:
    """Return the nodes in execution order, and put those of ``proto`` into it.

    Args:
        proto: Its graph's nodes are sorted in place.
        stored: Names of the initializers and constants.
        name: Of the model's file, for the sentence.

    Raises:
        ModelError: Nothing makes a tensor that is used, two nodes make one, or nodes wait for each other.
    """
    nodes = [node_of(each) for each in proto.graph.node]
    given = {value.name for value in proto.graph.input} | set(stored)
    given |= {sparse.values.name for sparse in proto.graph.sparse_initializer}
    places = order.execution_order(nodes, given, name)
    made = {output for node in nodes for output in node.outputs}
    for value in proto.graph.output:
        if value.name not in made and value.name not in given:
            raise ModelError(f"Nothing in {name} makes its output {value.name!r}.", DAMAGED)
    if places != sorted(places):
        protos = [copied(proto.graph.node[place]) for place in places]
        del proto.graph.node[:]
        proto.graph.node.extend(protos)
    return [nodes[place] for place in places]


def repair_names(graphs: Iterable[onnx.GraphProto]) -> str:
    """Give nodes of the same name in one graph different ones, since ONNX Runtime would refuse them.

    Returns:
        A remark on what was done; ``""`` if it was nothing.
    """
    repaired = sum(_repaired(graph) for graph in graphs)
    if not repaired:
        return ""
    if repaired == 1:
        return "1 layer had a name that another has too; it was renamed."
    return f"{repaired:,} layers had names that others have too; they were renamed."


def _repaired(graph: onnx.GraphProto) -> int:
    unique = order.Unique(node.name or next(iter(node.output), "") for node in graph.node)
    seen: set[str] = set()
    repaired = 0
    for node in graph.node:
        if node.name and node.name in seen:
            node.name = unique.name(text(node.name))
            repaired += 1
        seen.add(node.name)
    return repaired


# ---------------------------------------------------------------- functions


def refuse_bombs(proto: onnx.ModelProto, name: str) -> None:
    """Count the nodes of a network with its functions written out, without writing them out.

    Raises:
        ModelError: A function calls itself.
        LimitError: There are too many.
    """
    if not proto.functions:
        return
    calls = {(each.domain, each.name): list(_called(each.node)) for each in proto.functions}
    try:
        sizes = order.unfolded_sizes(calls)
    except RecursionError as error:
        raise ModelError(f"A function of {name} calls itself: {error.args[0][1]!r}.", DAMAGED) from None
    total = sum(sizes.get(key, 1) for key in _called(proto.graph.node))
    if total > MOST_UNFOLDED_NODES:
        raise LimitError(
            f"{name} would unfold to {total:,} nodes; the limit is {MOST_UNFOLDED_NODES:,}.",
            "Export the network without nested functions.",
        )


def _called(nodes: Iterable[onnx.NodeProto]) -> Iterator[tuple[str, str]]:
    """Yield domain and operator of every node, also of those within nodes."""
    waiting = list(nodes)
    while waiting:
        node = waiting.pop()
        yield node.domain, node.op_type
        for graph in inner_graphs(node):
            waiting += graph.node
