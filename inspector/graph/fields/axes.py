"""Receptive fields of operators that look at all there is along an axis: sums, norms and products."""

from __future__ import annotations

from collections.abc import Sequence

from inspector.graph.fields.common import (
    Rule,
    Seeing,
    broadcast,
    elementwise,
    everything,
    first,
    on_first,
    rank_of,
    same,
    whole,
    within,
)
from inspector.graph.nodes import Graph, Node
from inspector.graph.receptive_field import View, united


def reduce(node: Node, seeing: Seeing, graph: Graph) -> Sequence[View]:
    view = first(seeing)
    if view is None:
        return whole(node, seeing, graph)
    rank = rank_of(view)
    axes = _reduced_axes(node, graph, rank)
    if axes is None:
        return whole(node, seeing, graph)
    view = view.spread(axes, graph.shape(node.inputs[0]), is_whole=True)
    if not node.integer("keepdims", 1):
        view = view.arranged([axis for axis in range(rank) if axis not in axes])
    return same(node, view)


def _reduced_axes(node: Node, graph: Graph, rank: int) -> tuple[int, ...] | None:
    if node.op_type.startswith("Arg"):
        return within((node.integer("axis", 0),), rank)
    axes = node.integers("axes")
    if axes is None and node.input(1):
        axes = graph.integers(node.input(1))
        if axes is None:
            return None
    if not axes:
        return () if node.integer("noop_with_empty_axes", 0) else tuple(range(rank))
    return within(axes, rank)


def along(default: int, from_axis_on: bool = False) -> Rule:
    """Return the rule of operators whose elements look at all along an axis, or along it and those that follow."""

    def rule(node: Node, seeing: Seeing, graph: Graph) -> Sequence[View]:
        view = first(seeing)
        if view is None:
            return whole(node, seeing, graph)
        rank = rank_of(view)
        axis = within((node.integer("axis", default),), rank)
        axes = tuple(range(axis[0], rank)) if axis and from_axis_on else axis
        made = view.spread(axes, graph.shape(node.inputs[0]), is_whole=True)
        return on_first(node, [made, *seeing[1:]], graph)

    return rule


def softmax(node: Node, seeing: Seeing, graph: Graph) -> Sequence[View | None]:
    is_old = graph.opset < 13  # then it took everything from its axis on as one
    return along(1 if is_old else -1, from_axis_on=is_old)(node, seeing, graph)


def mean_variance(node: Node, seeing: Seeing, graph: Graph) -> Sequence[View]:
    view = first(seeing)
    if view is None:
        return whole(node, seeing, graph)
    axes = within(node.integers("axes") or (0, 2, 3), rank_of(view))
    return same(node, view.spread(axes, graph.shape(node.inputs[0]), is_whole=True))


def batch_normalization(node: Node, seeing: Seeing, graph: Graph) -> Sequence[View]:
    in_training = node.integer("training_mode", 0) == 1  # then mean and variance are those of the tensor itself
    return whole(node, seeing, graph) if in_training else on_first(node, seeing, graph)


def cumulative(node: Node, seeing: Seeing, graph: Graph) -> Sequence[View]:
    view, axis = first(seeing), graph.integers(node.input(1))
    if view is None or axis is None:
        return whole(node, seeing, graph)
    return same(node, view.spread(within(axis, rank_of(view)), graph.shape(node.inputs[0])).bound())


def dynamic_quantize(node: Node, seeing: Seeing, graph: Graph) -> Sequence[View]:
    """Its scale comes from the extremes of all there is."""
    view = first(seeing)
    if view is None:
        return whole(node, seeing, graph)
    return [everything(node, seeing, graph, rank) for rank in (rank_of(view), 0, 0)[: len(node.outputs)]]


def matmul(node: Node, seeing: Seeing, graph: Graph) -> Sequence[View]:
    left, right = seeing[0], seeing[1]
    shapes = [graph.shape(node.input(0)), graph.shape(node.input(1))]
    ranks = [
        rank_of(view) if view is not None else None if shape is None else len(shape)
        for view, shape in zip((left, right), shapes, strict=True)
    ]
    if ranks[0] is None or ranks[1] is None or min(ranks[0], ranks[1]) < 2:
        return whole(node, seeing, graph)
    rank = max(ranks[0], ranks[1])
    parts = []
    for view, shape, own, is_left in ((left, shapes[0], ranks[0], True), (right, shapes[1], ranks[1], False)):
        if view is None:
            continue
        turned = node.integer("transA" if is_left else "transB", 0)
        inner = own - 1 if is_left != bool(turned) else own - 2
        kept = 2 * own - 3 - inner
        spread = view.spread([inner], shape, is_whole=True)
        batch: list[int | None] = [None] * (rank - own) + list(range(own - 2))
        parts.append(spread.arranged([*batch, kept, None] if is_left else [*batch, None, kept]))
    return same(node, united(parts, graph.shape(node.outputs[0])))


def gemm(node: Node, seeing: Seeing, graph: Graph) -> Sequence[View | None]:
    if all(view is None for view in seeing[:2]):
        return elementwise(node, seeing, graph)
    made = matmul(node, seeing[:2], graph)[0]
    added = seeing[2] if len(seeing) > 2 else None
    if added is not None:
        made = united([made, broadcast(added, 2)], graph.shape(node.outputs[0]))
    return same(node, made)
