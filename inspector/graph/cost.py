"""What a layer costs: learned numbers, multiply-accumulates of one pass, bytes; and what a dense one would cost."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from inspector.graph import kinds
from inspector.graph.dtypes import by_name, size_bytes
from inspector.graph.learned import is_learned
from inspector.graph.model import Layer, Model, Tensor
from inspector.graph.nodes import Graph, Node, Shape, known_sizes, size_of
from inspector.graph.weight import Weight

# They multiply in ways that are not counted here, so that 0 would be wrong.
_NOT_COUNTED = ("Einsum", "Attention", "MultiHeadAttention", "GroupQueryAttention", "MatMulNBits", "If", "Loop", "Scan")
_GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}
_COUNTED = ("Conv", "DeformConv", "ConvTranspose", "Gemm", "MatMul", *_GATES)


def parameters(weights: Iterable[Weight], op_type: str) -> int:
    """Return how many numbers of a layer's weights were learned."""
    return sum(math.prod(each.shape) for each in _once(weights) if is_learned(each, op_type))


def statistics(weights: Iterable[Weight]) -> int:
    """Return how many running statistics are among a layer's weights."""
    return sum(math.prod(each.shape) for each in _once(weights) if each.role in kinds.STATISTICS)


def totals(layers: Sequence[Layer]) -> tuple[int, int]:
    """Return the learned numbers and the running statistics of a network, each stored tensor counted once."""
    learned: dict[str, int] = {}
    running: dict[str, int] = {}
    for layer in layers:
        for weight in layer.weights:
            if is_learned(weight, layer.op_type):
                learned[weight.name] = math.prod(weight.shape)
            elif weight.role in kinds.STATISTICS:
                running[weight.name] = math.prod(weight.shape)
    return sum(learned.values()), sum(running.values())


def _once(weights: Iterable[Weight]) -> Iterable[Weight]:
    return {weight.name: weight for weight in weights}.values()


def macs(node: Node, graph: Graph) -> int | None:
    """Return the multiply-accumulates of a layer; additions of a bias are none.

    A first dimension that is not known is the batch, and counts as one picture.

    Returns:
        None where a shape is not known, or the operator is one that we do not count.
    """
    is_foreign = node.domain != "" and kinds.kind_of(node.op_type, node.domain) is kinds.OTHER
    if node.op_type in _NOT_COUNTED or is_foreign:
        return None
    op_type, names = node.op_type, node.inputs
    variant = kinds.standard(node.op_type, node.domain)
    if variant is not None:
        op_type = variant.op_type
        names = tuple(names[index] for index in kinds.standard_inputs(variant, len(names)))
    if op_type not in _COUNTED or len(names) < 2 or not node.outputs:
        return 0
    first, second = _of_one(graph.shape(names[0])), _of_one(graph.shape(names[1]))
    output = _of_one(graph.shape(node.outputs[0]))
    if op_type in _GATES:
        return _recurrent_macs(_GATES[op_type], first, second)
    if op_type == "ConvTranspose":
        return None if first is None or second is None else math.prod(first) * math.prod(second[1:])
    if output is None:
        return None
    if op_type == "Gemm":
        inner = size_of(graph.shape(names[0]), 0 if node.integer("transA", 0) else 1)
        return None if inner is None else math.prod(output) * inner
    if op_type == "MatMul":
        inner = size_of(graph.shape(names[0]), -2 if node.integer("transA", 0) else -1)
        if inner is None:
            inner = size_of(graph.shape(names[1]), -1 if node.integer("transB", 0) else -2)
        return None if inner is None else math.prod(output) * inner
    return None if second is None else math.prod(output) * math.prod(second[1:])


# ---------------------------------------------------------------- bytes


def tensor_bytes(tensor: Tensor) -> int | None:
    """Return how many bytes a tensor takes, a batch that is not known counting as one picture; None if unknown."""
    sizes, dtype = _of_one(tensor.shape), by_name(tensor.dtype)
    return size_bytes(dtype, sizes) if sizes is not None and dtype.bits else None


def weight_bytes(layer: Layer) -> int:
    """Return how many bytes a layer's weights take in the file, each stored tensor counted once."""
    return sum(size_bytes(by_name(each.dtype), each.stored_shape) for each in _once(layer.weights))


# ---------------------------------------------------------------- a fully connected layer in its place


@dataclass(frozen=True, slots=True)
class Dense:
    """A fully connected layer that joins every element of a layer's input with every one of its output.

    Attributes:
        inputs, outputs: Elements of both volumes, of one picture.
        parameters: Its weights, without a bias: the product of both.
        macs: Multiply-accumulates of a whole batch.
        parameters_factor: How many times the weights of the layer's kernels, without a bias; None where it has none.
        macs_factor: How many times the layer's multiply-accumulates; None where those are none or not known.
    """

    inputs: int
    outputs: int
    parameters: int
    macs: int
    parameters_factor: float | None
    macs_factor: float | None


def shapes_of(model: Model) -> dict[str, Shape]:
    """Return the shapes of a network's tensors that are known before a run, by name."""
    made = (tensor for layer in model.layers for tensor in layer.outputs)
    return {tensor.name: tensor.shape for tensor in (*model.inputs, *made) if tensor.shape is not None}


def dense(layer: Layer, shapes: Mapping[str, Shape]) -> Dense | None:
    """Return what a fully connected layer would cost in a layer's place, between the same two volumes.

    Args:
        layer: One that slides over its input, or is fully connected.
        shapes: Of tensors as stored, by name; the first axis is the batch.

    Returns:
        None for other layers, and where a shape is not known.
    """
    if layer.geometry is None and layer.family != "fully connected":
        return None
    fed = next((name for name in layer.inputs if name and name not in layer.stored), "")
    source, target = _of_one(shapes.get(fed)), _of_one(shapes.get(layer.output.name))
    if not source or not target or 0 in (*source, *target):
        return None
    inputs, outputs = math.prod(source[1:]), math.prod(target[1:])
    kernel = layer.weight("kernel")
    weights = math.prod(kernel.shape) if kernel is not None else 0
    needed = inputs * outputs
    macs = needed * target[0]
    return Dense(
        inputs,
        outputs,
        needed,
        macs,
        needed / weights if weights else None,
        macs / layer.macs if layer.macs else None,
    )


def input_channels(layer: Layer) -> int | None:
    """Return how many channels a convolution's input has, by the shape of its kernels; None for other layers."""
    kernel = layer.weight("kernel")
    if kernel is None or layer.geometry is None or len(kernel.shape) < 3:
        return None
    return kernel.shape[0] if "Transpose" in layer.op_type else kernel.shape[1] * layer.geometry.group


def has_unknown_batch(shape: Shape | None) -> bool:
    """Whether only the first dimension of a shape is not known."""
    return bool(shape) and not isinstance(shape[0], int) and _of_one(shape) is not None  # type: ignore[index]


def _of_one(shape: Shape | None) -> tuple[int, ...] | None:
    """Return the shape that a tensor has for one picture; None if that is not known."""
    if shape is None:
        return None
    return known_sizes(tuple(1 if axis == 0 and not isinstance(size, int) else size for axis, size in enumerate(shape)))


def _recurrent_macs(gates: int, sequence: Sequence[int] | None, kernel: Sequence[int] | None) -> int | None:
    """Of ``sequence`` (steps, batch, inputs) and ``kernel`` (directions, gates * hidden, inputs)."""
    if sequence is None or kernel is None or len(sequence) != 3 or len(kernel) != 3:
        return None
    hidden = kernel[1] // gates
    return sequence[0] * sequence[1] * kernel[0] * gates * hidden * (kernel[2] + hidden)
