"""From the nodes of a graph to the layers that are shown."""

from __future__ import annotations

from dataclasses import replace

from inspector.errors import ModelError
from inspector.graph import cost, inner, kinds, learned
from inspector.graph.fields.views import Views
from inspector.graph.model import Layer
from inspector.graph.nodes import Graph, Node, geometry
from inspector.graph.order import Unique
from inspector.graph.remedies import DAMAGED


def layers_of(graph: Graph, views: Views) -> tuple[Layer, ...]:
    """Return a layer for every node that makes something, in execution order.

    Raises:
        ModelError: A kernel holds no numbers.
    """
    nodes = [node for node in graph.nodes if any(node.outputs)]
    wanted = [node.name or next(filter(None, node.outputs)) for node in nodes]
    unique = Unique(wanted)
    seen: set[str] = set()
    varying = {tensor.name for tensor in graph.inputs}  # what depends on the inputs
    named: dict[str, str] = {}  # the layers, by their first tensor
    layers = []
    for index, (node, name) in enumerate(zip(nodes, wanted, strict=True)):
        name = unique.name(name) if name in seen else name
        seen.add(name)
        is_constant = varying.isdisjoint((*node.inputs, *node.captured))
        if not is_constant:
            varying.update(filter(None, (*node.outputs, *node.opens)))
        named[next(filter(None, node.outputs))] = name
        inside = tuple((named.get(key, key), branch) for key, branch in node.inside)
        layers.append(replace(_layer(index, name, node, graph, views), is_constant=is_constant, inside=inside))
    return tuple(layers)


def _layer(index: int, name: str, node: Node, graph: Graph, views: Views) -> Layer:
    kind = kinds.kind_of(node.op_type, node.domain)
    weights = learned.weights_of(node, graph)
    if kind.slides and any(each.role == "kernel" and 0 in each.shape for each in weights):
        raise ModelError(f"The kernels of the layer {name!r} hold no numbers at all.", DAMAGED)
    outputs = tuple(graph.tensor(each) for each in node.outputs if each)
    return Layer(
        index=index,
        name=name,
        op_type=node.op_type,
        domain=node.domain,
        family=kind.family,
        inputs=node.inputs,
        outputs=outputs,
        attributes=dict(node.attributes),
        weights=weights,
        stored={each: graph.stored[each] for each in node.inputs if each in graph.stored},
        geometry=geometry(node, graph) if kind.slides else None,
        parameters=cost.parameters(weights, node.op_type),
        statistics=cost.statistics(weights),
        macs=cost.macs(node, graph),
        receptive_field=views.receptive_field(outputs[0].name),
        hidden=inner.why_hidden(node, outputs[0], graph),
    )
