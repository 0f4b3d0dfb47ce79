"""Layers within other layers: how often they run, and whether what they compute can be handed out."""

from __future__ import annotations

from inspector import format
from inspector.graph.dtypes import by_name, size_bytes
from inspector.graph.model import Tensor
from inspector.graph.nodes import Graph, Node, known_sizes

LOOPS = ("Loop", "Scan")
NOT_ARRAYS = frozenset(["string", "sequence", "optional", "map", "sparse_tensor"])

_ARTICLES = {"optional": "an"}

_ENDLESS = 1 << 31  # passes: what exporters write where a condition alone ends a loop
_MOST_PASSES = 4096  # of a loop whose tensors are kept for every pass
_MOST_BYTES = 1 << 30  # of one tensor, over all of them
_OLDEST_SCAN = 9  # before, Scan ran each picture of the batch by itself


def holders(node: Node, graph: Graph) -> tuple[Node, ...]:
    """Return the nodes that a node lies within, outermost first."""
    return tuple(graph.makers[key] for key, _ in node.inside if key in graph.makers)


def passes(node: Node, graph: Graph) -> int:
    """Return how many loops a node lies in."""
    return sum(_is(each, *LOOPS) for each in holders(node, graph))


def why_hidden(node: Node, output: Tensor, graph: Graph) -> str:
    """Say why what a node within others makes cannot be handed out of these, as a clause; ``""`` if it can."""
    around = holders(node, graph)
    loop: Node | None = None
    times = 1
    for holder in around:
        if _is(holder, "If") and loop is not None:
            return f"it lies in a branch within a {loop.op_type}, which may run in some passes only"
        if _is(holder, "Loop"):
            count = graph.integers(holder.input(0)) or ()
            if len(count) != 1 or count[0] >= _ENDLESS:
                return "how often its Loop runs is not known before a run"
            times *= max(0, count[0])
        elif not _is(holder, "If") and not (_is(holder, "Scan") and graph.opset >= _OLDEST_SCAN):
            return f"the operator {holder.op_type} hands out nothing of its inside"
        loop = holder if _is(holder, *LOOPS) else loop
    if around and output.dtype in NOT_ARRAYS:
        return f"{_ARTICLES.get(output.dtype, 'a')} {output.dtype} is no array of numbers"
    if around and not output.dtype:
        return "its type is not known before a run"
    size = size_bytes(by_name(output.dtype), known_sizes(output.shape) or (1,)) * times
    if times > _MOST_PASSES or size > _MOST_BYTES:
        return f"the {times:,} passes of its Loop would take {format.memory(size)} together"
    return ""


def _is(node: Node, *op_types: str) -> bool:
    return node.op_type in op_types and not node.domain
