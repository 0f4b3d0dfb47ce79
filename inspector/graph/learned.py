"""What a layer learned: its constant inputs, followed back to where they are stored."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

from inspector.graph import kinds, packed
from inspector.graph.dtypes import by_name
from inspector.graph.nodes import Graph, Node
from inspector.graph.weight import Quantization, Step, Weight

_LONGEST_CHAIN = 32  # nodes between a layer and its weight
_SAME_VALUES = ("Identity", "Dropout")
_HELD_BY = {  # each type and those whose every value it holds
    "float16": ("float16", "int8", "uint8"),
    "float32": ("float32", "float16", "bfloat16", "int8", "uint8", "int16", "uint16"),
    "float64": ("float64", "float32", "float16", "bfloat16", "int8", "uint8", "int16", "uint16", "int32", "uint32"),
}
_RESHAPES = ("Reshape", "Squeeze", "Unsqueeze", "Flatten")


def weights_of(node: Node, graph: Graph) -> tuple[Weight, ...]:
    """Return the weights of a layer, in the order of its inputs."""
    kind = kinds.kind_of(node.op_type, node.domain)
    codes = dict(kind.codes)
    found = []
    for index, role in enumerate(kind.roles):
        name = node.input(index)
        weight = stored_at(name, graph, role) if name and role else None
        if weight is None or (role == "embedding" and not _is_embedding(weight, node, graph)):
            continue
        if role == "constant" and _scales_integers(node, graph):
            continue
        if index in codes:
            weight = _with_codes(weight, codes[index], node, graph)
        elif index == 1 and node.op_type in kinds.CODES_ALONE:
            weight = _with_scale_behind(weight, node, graph)
        elif index == 1 and node.op_type == "MatMulNBits":
            unpacked = packed.matrix(weight, node, graph) if not weight.steps else None
            if unpacked is None:
                continue
            weight = unpacked
        found.append(weight)
    return tuple(found)


def is_learned(weight: Weight, op_type: str) -> bool:
    """Whether the numbers of a layer's weight were learned; running statistics were not."""
    if weight.role in kinds.STATISTICS:
        return False
    is_real = by_name(weight.dtype).is_float or weight.quantization is not None
    if weight.role == "constant":
        return is_real and math.prod(weight.shape) > 1
    return is_real or op_type in kinds.CODES_ALONE


def stored_at(name: str, graph: Graph, role: str) -> Weight | None:
    """Follow a tensor back to an initializer or constant, through nodes that change its shape only.

    Returns:
        None if it is computed in any other way.
    """
    steps: list[Step] = []  # from the layer back to the file
    quantization: Quantization | None = None
    for _ in range(_LONGEST_CHAIN):
        stored = graph.stored.get(name)
        if stored is not None:
            found = replace(stored, role=role, quantization=quantization, steps=tuple(reversed(steps)))
            shapes = _shapes(found)
            return None if shapes is None else replace(found, shape=shapes[-1])
        node = graph.makers.get(name)
        if node is None or node.outputs[0] != name:
            return None
        if node.op_type == "DequantizeLinear":
            if quantization is not None:
                return None
            quantization = _dequantization(node, graph)
            if quantization is None:
                return None
        elif node.op_type in _SAME_VALUES or (node.op_type == "Cast" and _keeps_values(node, graph)):
            pass
        else:
            step = _step(node, graph)
            if step is None:
                return None
            if quantization is not None:
                quantization = _moved(quantization, step, graph.known_shape(node.input(0)), graph.known_shape(name))
                if quantization is None:
                    return None
            steps.append(step)
        name = node.input(0)
    return None


def _shapes(weight: Weight) -> list[tuple[int, ...]] | None:
    """Return a weight's shape as stored and after each of its steps; None if one of them does not fit."""
    shapes = [weight.stored_shape]
    for step in weight.steps:
        shape = shapes[-1]
        if step.op == "transpose":
            if sorted(step.numbers) != list(range(len(shape))):
                return None
            shapes.append(tuple(shape[axis] for axis in step.numbers))
        elif math.prod(step.numbers) != math.prod(shape):
            return None
        else:
            shapes.append(step.numbers)
    return shapes


def _step(node: Node, graph: Graph) -> Step | None:
    if node.op_type == "Transpose":
        before = graph.shape(node.input(0))
        if before is None:
            return None
        return Step("transpose", node.integers("perm") or tuple(reversed(range(len(before)))))
    after = graph.known_shape(node.outputs[0])
    if node.op_type not in _RESHAPES or after is None:
        return None
    return Step("reshape", after)


def _keeps_values(node: Node, graph: Graph) -> bool:
    """Whether a Cast changes no value: to a type that holds all of the other's."""
    before, after = graph.tensors.get(node.input(0)), graph.tensors.get(node.outputs[0])
    return before is not None and after is not None and before.dtype in _HELD_BY.get(after.dtype, ())


def _dequantization(node: Node, graph: Graph) -> Quantization | None:
    scale = stored_at(node.input(1), graph, "quantization scale")
    zero_point = stored_at(node.input(2), graph, "zero point") if node.input(2) else None
    if scale is None or (node.input(2) and zero_point is None):
        return None
    return Quantization(scale, zero_point, _from_start(node.integer("axis", 1), graph.shape(node.input(0))))


def _with_codes(weight: Weight, codes: kinds.Codes, node: Node, graph: Graph) -> Weight:
    def constant(index: int | None, role: str) -> Weight | None:
        name = "" if index is None else node.input(index)
        return stored_at(name, graph, role) if name else None

    scale = constant(codes.scale, "quantization scale")
    zero_point = constant(codes.zero_point, "zero point")
    input_scale = constant(codes.input_scale, "quantization scale")
    if scale is None or (codes.input_scale is not None and input_scale is None):
        return weight  # the codes are shown as they are
    axis = 0 if codes.axis == -1 and node.integer("transB", 0) else codes.axis  # then the outputs come first
    found: Quantization | None = Quantization(scale, zero_point, _from_start(axis, weight.shape), input_scale)
    shapes = _shapes(weight) or []  # never none: ``stored_at`` gives no weight whose steps do not fit
    for step, (before, after) in reversed(list(zip(weight.steps, itertools.pairwise(shapes), strict=True))):
        found = None if found is None else _moved(found, step, before, after)
    return weight if found is None else replace(weight, quantization=found)


def accumulator_scale(node: Node, graph: Graph) -> str:
    """Return the tensor by which the integer sums of a ConvInteger or MatMulInteger are multiplied, or ``""``.

    It is the product of the scales of both inputs, as quantizers write it behind them: Cast, then Mul.
    """
    name = node.outputs[0] if node.outputs else ""
    for _ in range(2):
        users = graph.users.get(name, ())
        if len(users) != 1:
            return ""
        user = users[0]
        if user.op_type == "Mul" and not user.domain and len(user.inputs) == 2:
            others = [each for each in user.inputs if each != name]
            return others[0] if others else ""
        if user.op_type != "Cast" or not user.outputs:
            return ""
        name = user.outputs[0]
    return ""


def _with_scale_behind(weight: Weight, node: Node, graph: Graph) -> Weight:
    """Return the kernel of an operator on integers with the scale that follows it; as it is where none does."""
    product = graph.makers.get(accumulator_scale(node, graph))
    if product is None or product.op_type != "Mul":
        return weight
    scales = [stored_at(name, graph, "quantization scale") for name in product.inputs]
    found = [each for each in scales if each is not None]
    zero_point = stored_at(node.input(3), graph, "zero point") if node.input(3) else None
    if len(found) != 1 or weight.steps or (node.input(3) and zero_point is None):
        return weight
    axis = 0 if node.op_type == "ConvInteger" else len(weight.shape) - 1
    if math.prod(found[0].shape) != 1 and found[0].shape != (weight.shape[axis],):
        return weight
    return replace(weight, quantization=Quantization(found[0], zero_point, axis))


def _moved(
    quantization: Quantization, step: Step, before: tuple[int, ...] | None, after: tuple[int, ...] | None
) -> Quantization | None:
    """Return the quantization of what a step starts from, given that of what it makes; None if it has none."""
    if math.prod(quantization.scale.shape) == 1:
        return quantization
    if before is None or after is None or len(quantization.scale.shape) > 1 or quantization.axis >= len(after):
        return None
    if step.op == "transpose":
        return replace(quantization, axis=step.numbers[quantization.axis])
    ahead, size = math.prod(after[: quantization.axis]), after[quantization.axis]
    for axis in range(len(before)):
        if math.prod(before[:axis]) == ahead and before[axis] == size:
            return replace(quantization, axis=axis)
    return None


def _from_start(axis: int, shape: tuple[object, ...] | None) -> int:
    return axis if axis >= 0 or shape is None else max(0, axis + len(shape))


def _is_embedding(weight: Weight, node: Node, graph: Graph) -> bool:
    return len(weight.shape) == 2 and node.integer("axis", 0) == 0 and stored_at(node.input(1), graph, "") is None


def _scales_integers(node: Node, graph: Graph) -> bool:
    """Whether a product is of two quantization scales, as dynamic quantization makes it."""
    makers = (graph.makers.get(name) for name in node.inputs)
    return any(maker is not None and maker.op_type == "DynamicQuantizeLinear" for maker in makers)
