"""The graphs within nodes (branches of If, bodies of Loop and Scan): names of their own, and their nodes in order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import onnx

from inspector.graph import order
from inspector.graph.nodes import Node
from inspector.graph.parsing import captured, copied, inner_graphs, node_of, text


def bodies_of(node: onnx.NodeProto) -> Iterator[tuple[str, onnx.GraphProto]]:
    """Yield the graphs in a node's attributes, each with a name that tells it from the node's others."""
    for attribute in sorted(node.attribute, key=lambda each: each.name == "else_branch"):  # first what is then done
        if attribute.HasField("g"):
            yield text(attribute.name), attribute.g
        for number, graph in enumerate(attribute.graphs):
            yield f"{text(attribute.name)} {number + 1}", graph


def has_bodies(graph: onnx.GraphProto) -> bool:
    """Whether any node of a graph holds another graph."""
    return any(True for node in graph.node for _ in inner_graphs(node))


def graphs_of(graph: onnx.GraphProto) -> Iterator[onnx.GraphProto]:
    """Yield a graph and all that lie within it."""
    waiting = [graph]
    while waiting:
        each = waiting.pop()
        yield each
        for node in each.node:
            waiting += inner_graphs(node)


def defined_in(graph: onnx.GraphProto) -> Iterator[str]:
    """Yield the names of the tensors that a graph is given or makes, not those of the graphs within its nodes."""
    yield from (each.name for each in graph.input)
    yield from (each.name for each in graph.initializer)
    yield from (each.values.name for each in graph.sparse_initializer)
    for node in graph.node:
        yield from filter(None, node.output)


# ---------------------------------------------------------------- names


def name_apart(graph: onnx.GraphProto) -> None:
    """Give tensors within nodes other names where another tensor of the model has theirs.

    Both branches of an If may use a name, and a body may use one again that is taken around it.
    """
    unique = order.Unique(name for each in graphs_of(graph) for name in defined_in(each))
    seen = set(defined_in(graph))
    for node in graph.node:
        for _, body in bodies_of(node):
            _rename(body, {}, seen, unique)


def _rename(body: onnx.GraphProto, around: Mapping[str, str], seen: set[str], unique: order.Unique) -> None:
    """Rename what a body makes, and what it uses of the graphs around it as they were renamed."""
    names = dict(around)
    for name in dict.fromkeys(defined_in(body)):
        names.pop(name, None)
        if name in seen:
            names[name] = unique.name(name)
        seen.add(name)
    if names:
        _apply(body, names)
    for node in body.node:
        for _, inner in bodies_of(node):
            _rename(inner, names, seen, unique)


def _apply(body: onnx.GraphProto, names: Mapping[str, str]) -> None:
    for value in (*body.input, *body.output, *body.value_info, *body.initializer):
        value.name = names.get(value.name, value.name)
    for sparse in body.sparse_initializer:
        sparse.values.name = names.get(sparse.values.name, sparse.values.name)
    for annotation in body.quantization_annotation:
        annotation.tensor_name = names.get(annotation.tensor_name, annotation.tensor_name)
    for node in body.node:
        for tensors in (node.input, node.output):
            if any(name in names for name in tensors):
                tensors[:] = [names.get(name, name) for name in tensors]


# ---------------------------------------------------------------- nodes


def with_bodies(graph: onnx.GraphProto, nodes: Sequence[Node], name: str) -> list[Node]:
    """Return the nodes of a graph, each followed by those that lie within it.

    Args:
        graph: Its nodes are in execution order; those within nodes are put into it.
        nodes: Of the graph, in the same order.
        name: Of the model's file, for sentences.

    Raises:
        ModelError: Within a node nothing makes a tensor that is used, or nodes wait for each other.
    """
    return list(_followed(graph, nodes, set(defined_in(graph)), name)) if has_bodies(graph) else list(nodes)


def _followed(graph: onnx.GraphProto, nodes: Sequence[Node], visible: set[str], name: str) -> Iterator[Node]:
    for proto, node in zip(graph.node, nodes, strict=True):
        graphs = list(bodies_of(proto))
        if not graphs:
            yield node
            continue
        yield replace(node, opens=tuple(value.name for _, body in graphs for value in body.input if value.name))
        key = next(filter(None, node.outputs), "")
        for attribute, body in graphs:
            inside = (*node.inside, (key, attribute))
            inner = [replace(node_of(each), inside=inside) for each in body.node]
            own = set(defined_in(body))
            given = (visible | own) - {output for each in inner for output in each.outputs}
            places = order.execution_order(inner, given, name)
            if places != sorted(places):
                protos = [copied(body.node[place]) for place in places]
                del body.node[:]
                body.node.extend(protos)
                inner = [inner[place] for place in places]
            yield from _followed(body, inner, visible | own, name)


def captured_by(body: onnx.GraphProto) -> tuple[str, ...]:
    """Return the tensors that a body takes from the graphs around it."""
    return captured([body])
