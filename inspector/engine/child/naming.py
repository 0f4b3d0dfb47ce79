"""Nodes under the names of their layers: what ONNX Runtime says of a node, it then says of a layer."""

from __future__ import annotations

from collections.abc import Iterable

import onnx

from inspector.graph.model import Layer
from inspector.graph.order import Unique

Inside = tuple[tuple[str, str], ...]  # as in ``Layer.inside``


def name_nodes(graph: onnx.GraphProto, layers: Iterable[Layer]) -> None:
    """Give every node the name of its layer, and every other node one that no layer has; ``graph`` is changed.

    Args:
        graph: Of ``reader.Opened.proto``, perhaps with more nodes and outputs.
        layers: Of the same model, those in the bodies of others among them.
    """
    names = {(layer.inside, output.name): layer.name for layer in layers for output in layer.outputs}
    _name(graph, (), names, Unique(names.values()))


def _name(graph: onnx.GraphProto, inside: Inside, names: dict[tuple[Inside, str], str], unique: Unique) -> None:
    for node in graph.node:
        layer = next((names[inside, output] for output in node.output if (inside, output) in names), "")
        node.name = layer or unique.name(node.name or node.op_type)
        for attribute in node.attribute:
            bodies = [attribute.g] if attribute.HasField("g") else attribute.graphs
            for body in bodies:
                _name(body, (*inside, (node.name, attribute.name)), names, unique)
