"""What the rules of receptive fields share, and the rule of operators that look at one element."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from inspector.graph.nodes import Graph, Node, size_of
from inspector.graph.receptive_field import View, united

Seeing = Sequence[View | None]  # what a node's inputs see; None for what sees nothing of the picture
# From a node, what its inputs see and its graph to what each of its outputs sees; a rule is named after its operators.
Rule = Callable[[Node, Seeing, Graph], Sequence[View | None]]


def same(node: Node, view: View) -> Sequence[View]:
    """Return one view for every output of a node."""
    return [view] * len(node.outputs)


def first(seeing: Seeing) -> View | None:
    """Return what the first input sees."""
    return seeing[0] if seeing else None


def rank_of(view: View) -> int:
    """Return how many axes the tensor has."""
    return len(view.intervals[0].jumps) if view.intervals else 0


def within(axes: Iterable[int], rank: int) -> tuple[int, ...]:
    """Return axes counted from the start, without those that there are not."""
    return tuple(axis % rank for axis in axes if -rank <= axis < rank)


def broadcast(view: View, rank: int) -> View:
    """Return a view with new axes in front, as broadcasting adds them."""
    have = rank_of(view) if view.intervals else rank
    return view.arranged([None] * (rank - have) + list(range(max(0, have - rank), have)))


def whole(node: Node, seeing: Seeing, graph: Graph) -> Sequence[View]:
    """Every element may depend on anything that any of its inputs saw."""
    made = []
    for output in node.outputs:
        shape = graph.shape(output)
        made.append(everything(node, seeing, graph, len(shape) if shape is not None else 4))
    return made


def everything(node: Node, seeing: Seeing, graph: Graph, rank: int) -> View:
    """Return a view of all that a node's inputs see, for a tensor of that rank."""
    spread = [
        view.spread(range(rank_of(view)), graph.shape(name), is_whole=True).arranged([None] * rank)
        for view, name in zip(seeing, node.inputs, strict=False)
        if view is not None
    ]
    return united(spread, None).each(lambda each: replace(each, is_whole=True)).bound()


def nothing(node: Node, seeing: Seeing, graph: Graph) -> Sequence[None]:
    """Only the shape of the input counts."""
    return [None] * len(node.outputs)


def elementwise(node: Node, seeing: Seeing, graph: Graph) -> Sequence[View]:
    """Every element of the output looks at one of each input, with broadcasting."""
    output = graph.shape(node.outputs[0])
    if output is not None and len(seeing) == 1 and seeing[0] is not None and graph.shape(node.inputs[0]) == output:
        return same(node, seeing[0])
    known = [len(output)] if output is not None else []
    rank = max([rank_of(view) for view in seeing if view is not None] + known)
    aligned = []
    for view, name in zip(seeing, node.inputs, strict=False):
        if view is None:
            continue
        shape = graph.shape(name)
        moved = broadcast(view, rank)
        for axis in range(rank):
            own = axis - rank + rank_of(view)
            if own >= 0 and size_of(shape, own) == 1 and size_of(output, axis) != 1:
                moved = moved.each(lambda each, axis=axis: each.moved(axis, 0))  # type: ignore[misc]
        aligned.append(moved)
    return same(node, united(aligned, output))


def on_first(node: Node, seeing: Seeing, graph: Graph) -> Sequence[View]:
    """Every element of the first input by itself; the others hold one number, or one per channel."""
    view = first(seeing)
    others = [each for each in seeing[1:] if each is not None]
    if view is None:
        return whole(node, seeing, graph)
    if not others:
        return same(node, view)
    names = [name for name, each in zip(node.inputs[1:], seeing[1:], strict=False) if each is not None]
    added = [
        each.spread(range(rank_of(each)), graph.shape(name)).arranged([None] * rank_of(view))
        for each, name in zip(others, names, strict=True)
    ]
    return same(node, united([view, *added], graph.shape(node.inputs[0])))
