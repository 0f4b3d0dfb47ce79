"""What the integers of a quantized network stand for, as far as the graph says it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace

from inspector.graph.dtypes import by_name
from inspector.graph.learned import accumulator_scale, stored_at
from inspector.graph.model import Codes, Quantized, Tensor
from inspector.graph.nodes import Graph, Node, size_of

# Where an operator that gives out codes keeps their scale; the zero point is the input after it.
_OUTPUT_SCALE = {
    **{"QuantizeLinear": 1, "QLinearConv": 6, "QLinearMatMul": 6, "QGemm": 7, "QLinearAdd": 6, "QLinearMul": 6},
    **{"QLinearConcat": 0, "QLinearSigmoid": 3, "QLinearLeakyRelu": 3, "QLinearSoftmax": 3, "QLinearReduceMean": 3},
    **{"QLinearAveragePool": 3, "QLinearGlobalAveragePool": 3, "QLinearWhere": 7},
}
# Which inputs of an operator are codes, and where their scale is; the zero point is the input after it.
_INPUT_SCALES = {
    **dict.fromkeys(("DequantizeLinear", "QLinearConv", "QLinearMatMul", "QGemm"), ((0, 1),)),
    **dict.fromkeys(("QLinearAdd", "QLinearMul"), ((0, 1), (3, 4))),
    **dict.fromkeys(("QLinearSigmoid", "QLinearLeakyRelu", "QLinearSoftmax", "QLinearReduceMean"), ((0, 1),)),
    **dict.fromkeys(("QLinearAveragePool", "QLinearGlobalAveragePool"), ((0, 1),)),
    "QLinearWhere": ((1, 2), (4, 5)),
}
_DYNAMIC = (
    *("DynamicQuantizeLinear", "ConvInteger", "MatMulInteger", "DynamicQuantizeMatMul", "MatMulIntegerToFloat"),
    "DynamicQuantizeLSTM",
)
_SUMS = ("ConvInteger", "MatMulInteger")
# They hand codes on: as they are, fewer of them, or in another order.
_MOVES_AXES = (
    *("Reshape", "Flatten", "Squeeze", "Unsqueeze", "Gather", "GatherND", "GatherElements", "Transpose"),
    *("DepthToSpace", "SpaceToDepth", "Tile", "Expand", "Slice", "Split", "Pad", "Concat", "TopK", "Compress"),
)
_KEEPS_AXES = (
    *("Identity", "Dropout", "MaxPool", "NhwcMaxPool", "GlobalMaxPool", "Relu", "Clip", "Max", "Min", "Resize"),
    *("Upsample", "ReduceMax", "ReduceMin", "ReverseSequence"),
)
_MOST_SCALES = 1 << 16
_WHOLE = ("int", "uint")


def kind(graph: Graph) -> Quantized:
    """Return how a network is quantized; ``""`` if none of its activations is."""
    names = {node.op_type for node in graph.nodes}
    if any(name in ("QGemm",) or name.startswith("QLinear") for name in names):
        return "QOperator"
    pairs = (
        any(user.op_type == "DequantizeLinear" for output in node.outputs for user in graph.users.get(output, ()))
        for node in graph.nodes
        if node.op_type == "QuantizeLinear"
    )
    if any(pairs):
        return "QDQ"
    return "dynamic" if not names.isdisjoint(_DYNAMIC) else ""


def codes(graph: Graph) -> dict[str, Codes]:
    """Return what the integers of each tensor stand for, by its name, where the graph gives a scale for them."""
    found: dict[str, Codes] = {}
    for tensor in graph.inputs:
        given = _as_read(tensor, graph)
        if given is not None:
            found[tensor.name] = given
    for node in graph.nodes:
        for output, made in _made(node, graph, found):
            if output and made is not None:
                found[output] = made
        for output in filter(None, node.outputs):
            read = None if output in found else _as_read(graph.tensor(output), graph)
            if read is not None:
                found[output] = read
    return found


def _as_read(tensor: Tensor, graph: Graph) -> Codes | None:
    """Return what those that read a tensor take its integers for."""
    if not tensor.dtype.startswith(_WHOLE):
        return None
    for user in graph.users.get(tensor.name, ()):
        for index, scale in _INPUT_SCALES.get(user.op_type, ()):
            if user.input(index) == tensor.name:
                axis = user.integer("axis", 1) if user.op_type == "DequantizeLinear" else 1
                return _stated(user.input(scale), user.input(scale + 1), axis, tensor, graph)
    return None


def _made(node: Node, graph: Graph, found: Mapping[str, Codes]) -> Iterator[tuple[str, Codes | None]]:
    output = node.outputs[0] if node.outputs else ""
    if node.op_type in _OUTPUT_SCALE:
        scale = _OUTPUT_SCALE[node.op_type]
        axis = node.integer("axis", 1) if node.op_type == "QuantizeLinear" else 1
        yield output, _stated(node.input(scale), node.input(scale + 1), axis, graph.tensor(output), graph)
    elif node.op_type == "DynamicQuantizeLinear" and len(node.outputs) == 3:
        yield output, Codes(scale_tensor=node.outputs[1], zero_point_tensor=node.outputs[2])
    elif node.op_type in _SUMS:
        product = accumulator_scale(node, graph)
        yield output, _stated(product, "", -1 if node.op_type == "MatMulInteger" else 1, graph.tensor(output), graph)
    elif node.op_type in (*_MOVES_AXES, *_KEEPS_AXES) and _hands_on(node):
        handed = _handed_on(node, graph, found)
        yield from ((name, handed) for name in node.outputs[: None if node.op_type == "Split" else 1])


def _stated(scale: str, zero_point: str, axis: int, tensor: Tensor, graph: Graph) -> Codes | None:
    """Return codes with scale and zero point from the file, or else from the tensors of a run that hold them."""
    if not scale:
        return None
    scales, zeros = _numbers(scale, graph), _numbers(zero_point, graph) if zero_point else ()
    if scales is not None and not all(math.isfinite(each) for each in (*scales, *(zeros or ()))):
        return None
    several = max(len(scales or ()), len(zeros or ())) > 1
    if several and tensor.shape is not None:
        axis = axis + len(tensor.shape) if axis < 0 else axis
        size = size_of(tensor.shape, axis)
        if size is None or any(len(each or ()) not in (0, 1, size) for each in (scales, zeros)):
            return None  # one for each block of an axis, or a file that contradicts itself
    return Codes(
        scales or (),
        tuple(int(each) for each in zeros or ()) if any(zeros or ()) else (),
        axis if several else 1,
        scale if scales is None else "",
        zero_point if zeros is None else "",
    )


def _numbers(name: str, graph: Graph) -> tuple[float, ...] | None:
    """Return the numbers of a stored tensor, flat; None for one that is computed in a run."""
    stored = stored_at(name, graph, "")
    if stored is None or math.prod(stored.shape) > _MOST_SCALES or not by_name(stored.dtype).bits:
        return None
    values = stored.read().reshape(-1)
    return tuple(float(each) for each in values.tolist()) if values.dtype.kind == "f" else None


# ---------------------------------------------------------------- codes that are handed on


def _hands_on(node: Node) -> bool:
    if node.op_type in ("Resize", "Upsample"):
        return node.text("mode", "nearest") == "nearest"
    return True


def _handed_on(node: Node, graph: Graph, found: Mapping[str, Codes]) -> Codes | None:
    """Return the codes of a node's data, if they mean the same after it."""
    joined = node.op_type in ("Concat", "Max", "Min")
    handed = {found.get(name) for name in (node.inputs if joined else node.inputs[:1]) if name not in graph.stored}
    first = handed.pop() if len(handed) == 1 else None
    if first is None or not graph.tensor(node.outputs[0]).dtype.startswith((*_WHOLE, "float8")):
        return None
    if max(len(first.scale), len(first.zero_point)) < 2 and not first.scale_tensor:
        return first
    if first.scale_tensor and not _may_be_several(first, graph):
        return first
    if node.op_type == "Transpose":
        perm, rank = node.integers("perm"), len(graph.shape(node.inputs[0]) or ())
        perm = perm or tuple(reversed(range(rank)))
        axis = first.axis % len(perm) if perm else 0
        return replace(first, axis=perm.index(axis)) if axis in perm else None
    return first if node.op_type in _KEEPS_AXES else None


def _may_be_several(given: Codes, graph: Graph) -> bool:
    shape = graph.known_shape(given.scale_tensor)
    return shape is None or math.prod(shape) > 1
