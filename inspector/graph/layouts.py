"""Which tensors have their channels last, followed through the graph from the layers that say where channels are."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence

from inspector.graph import kinds
from inspector.graph.learned import stored_at
from inspector.graph.nodes import Graph, Node, Shape, first_spatial_axis, size_of

Axes = Mapping[int, int]  # from those of one tensor to those of another; what is in neither is left out

_CHANNELS_FIRST = (  # besides the layers that slide
    *("GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool", "BatchNormalization", "InstanceNormalization"),
    *("GroupNormalization", "LRN", "DepthToSpace", "SpaceToDepth"),
)
_TAKES_LAST = ("QLinearGlobalAveragePool",)
_SAME_AXES = (  # of every output and the first input, and of other inputs that are no numbers for the operator
    "Abs Acos Acosh Add And ArgMax ArgMin Asin Asinh Atan Atanh BiasGelu BitShift BitwiseAnd BitwiseNot BitwiseOr "
    "BitwiseXor Cast CastLike Ceil Celu Clip Concat Cos Cosh CumSum DequantizeLinear Div Dropout "
    "DynamicQuantizeLinear Elu Equal Erf Exp Expand FastGelu Floor Gelu Greater GreaterOrEqual HardSigmoid HardSwish "
    "Hardmax Identity IsInf IsNaN LayerNormalization LeakyRelu Less LessOrEqual Log LogSoftmax LpNormalization MatMul "
    "Max Mean MeanVarianceNormalization Min Mish Mod Mul Neg Not Or PRelu Pad Pow QLinearAdd QLinearConcat "
    "QLinearLeakyRelu QLinearMul QLinearSigmoid QLinearSoftmax QuantizeLinear QuickGelu RMSNormalization Reciprocal "
    "Relu Resize Round Selu Shrink Sigmoid Sign SimplifiedLayerNormalization Sin Sinh Slice Softmax Softplus Softsign "
    "Split Sqrt Sub Sum Swish Tan Tanh ThresholdedRelu Tile Upsample Where Xor"
)
_SAME = frozenset(_SAME_AXES.split())
_FIRST_ALONE = ("Expand", "Tile", "Resize", "Upsample", "Slice", "Pad", "MatMul")  # the rest is numbers for it


def channels_last(graph: Graph) -> frozenset[str]:
    """Return the tensors of three and more axes whose last one is that of the channels, as far as the graph tells."""
    edges: dict[str, list[tuple[str, Axes]]] = {}
    found: dict[str, int] = {}
    for node in graph.nodes:
        for name, axis in _seeds(node, graph):
            found.setdefault(name, axis)
        for one, other, moved in _relations(node, graph):
            edges.setdefault(one, []).append((other, moved))
            edges.setdefault(other, []).append((one, {to: at for at, to in moved.items()}))
    waiting = deque(found)
    while waiting:
        name = waiting.popleft()
        for other, moved in edges.get(name, ()):
            place = moved.get(found[name]) if other not in found else None
            if place is not None:
                found[other] = place
                waiting.append(other)
    return frozenset(name for name, axis in found.items() if axis == _rank(name, graph) - 1 >= 2)


def _rank(name: str, graph: Graph) -> int:
    shape = graph.shape(name)
    return -1 if shape is None else len(shape)


def _seeds(node: Node, graph: Graph) -> Iterator[tuple[str, int]]:
    """Yield the tensors whose channels a layer knows, with their axis."""
    slides = kinds.kind_of(node.op_type, node.domain).slides
    if not slides and node.op_type not in (*_CHANNELS_FIRST, *_TAKES_LAST):
        return
    is_last = first_spatial_axis(node) == 1
    for name in (node.input(0), *node.outputs[:1]):
        rank = _rank(name, graph) if name else -1
        if rank >= 3:
            yield name, rank - 1 if is_last else 1


def _relations(node: Node, graph: Graph) -> Iterator[tuple[str, str, Axes]]:
    """Yield pairs of tensors of a node between which axes can be followed."""
    if not node.outputs or (node.domain and kinds.kind_of(node.op_type, node.domain) is kinds.OTHER):
        return
    inputs = list(_data_inputs(node, graph))
    for output in filter(None, node.outputs):
        for name in inputs:
            before, after = graph.shape(name), graph.shape(output)
            if before is None or after is None:
                continue
            moved = _moved(node, graph, before, after)
            if moved is not None:
                yield name, output, moved


def _data_inputs(node: Node, graph: Graph) -> Iterator[str]:
    names = node.inputs
    variant = kinds.standard(node.op_type, node.domain)
    if variant is not None:
        names = tuple(names[index] for index in kinds.standard_inputs(variant, len(names)))
    if node.op_type == "MatMul" and (len(names) < 2 or stored_at(names[1], graph, "") is None):
        return  # of two computed tensors
    if node.op_type not in _SAME or node.op_type in _FIRST_ALONE:
        names = names[:1]
    yield from (name for name in names if name and name not in graph.stored)


def _moved(node: Node, graph: Graph, before: Shape, after: Shape) -> dict[int, int] | None:
    """Return where each axis of an input is in an output; those that are nowhere are left out."""
    op_type = node.op_type
    if op_type == "Transpose":
        perm = node.integers("perm") or tuple(reversed(range(len(before))))
        return {axis: place for place, axis in enumerate(perm)} if len(perm) == len(before) else None
    if op_type in ("Squeeze", "Unsqueeze"):
        return _squeezed(op_type, _axes(node, graph), before, after)
    if op_type in ("Reshape", "Flatten"):
        return _reshaped(before, after)
    if op_type.startswith("Reduce") or op_type in ("ArgMax", "ArgMin", "Gather"):
        if len(before) == len(after):
            return {axis: axis for axis in range(len(before))}
        axes = (node.integer("axis", 0),) if not op_type.startswith("Reduce") else _axes(node, graph)
        return _squeezed("Squeeze", axes, before, after)
    if op_type in _SAME:
        shift = len(after) - len(before)
        return {axis: axis + shift for axis in range(len(before))} if shift >= 0 else None
    return None


def _axes(node: Node, graph: Graph) -> tuple[int, ...] | None:
    return graph.integers(node.input(1)) if node.input(1) else node.integers("axes")


def _squeezed(op_type: str, axes: Sequence[int] | None, before: Shape, after: Shape) -> dict[int, int] | None:
    longer, shorter = (before, after) if op_type == "Squeeze" else (after, before)
    if axes is None:
        axes = [axis for axis, size in enumerate(longer) if size == 1] if op_type == "Squeeze" else []
    gone = {axis % len(longer) for axis in axes if -len(longer) <= axis < len(longer)}
    kept = [axis for axis in range(len(longer)) if axis not in gone]
    if len(kept) != len(shorter):
        return None
    pairs = enumerate(kept)
    return {at: place for place, at in pairs} if op_type == "Squeeze" else dict(pairs)


def _reshaped(before: Shape, after: Shape) -> dict[int, int]:
    """Return which axes of a Reshape stay: those with the same size and as many elements in front of them."""
    if before == after:
        return {axis: axis for axis in range(len(before))}
    fronts, behind = _fronts(before), _fronts(after)
    moved = {}
    for axis in range(1, len(before)):
        size = size_of(before, axis)
        for place in range(1, len(after)):
            same = behind[place] == fronts[axis] is not None and size_of(after, place) == size
            if same and size is not None and size > 1:
                moved[axis] = place
    return moved | _moved_ones(before, after)


def _moved_ones(before: Shape, after: Shape) -> dict[int, int]:
    """Return where channels of one element went: ``(N, H, W, 1)`` becomes ``(N, 1, H, W)`` by a Reshape, too."""
    last = len(before) - 1
    if last < 2 or len(after) != len(before):
        return {}
    if before[last] == 1 and after[1:] == (1, *before[1:last]):
        return {last: 1}
    if before[1] == 1 and after[1:] == (*before[2:], 1):
        return {1: last}
    return {}


def _fronts(shape: Shape) -> list[int | None]:
    """Return how many elements of one picture lie in front of each axis; None where that is not known."""
    fronts: list[int | None] = []
    product: int | None = 1
    for axis, size in enumerate(shape):
        fronts.append(product)
        known = size if isinstance(size, int) else 1 if axis == 0 else None
        product = None if product is None or known is None else product * known
    return fronts
