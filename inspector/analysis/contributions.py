"""How a logit came about, where the end of the network is linear: what each channel added to it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inspector.graph.model import Array, Layer, Model

Vector = NDArray[np.float64]

_AFTER = {  # what may follow the logits, or lie between the layers of the tail, and change no order and no value
    *("Softmax", "LogSoftmax", "Sigmoid", "QLinearSoftmax", "QLinearSigmoid"),
    *(
        "Identity",
        "Reshape",
        "Flatten",
        "Squeeze",
        "Unsqueeze",
        "Cast",
        "Dropout",
        "DequantizeLinear",
        "QuantizeLinear",
    ),
}
_KEEPS = _AFTER - {"Softmax", "LogSoftmax", "Sigmoid", "QLinearSoftmax", "QLinearSigmoid"}
_MEANS = ("GlobalAveragePool", "AveragePool", "ReduceMean")


@dataclass(frozen=True, slots=True)
class Contributions:
    """What each channel of a layer added to one logit.

    Attributes:
        layer: Whose channels; its output is what the tail reads.
        parts: ``(channels,)``, in the units of the logit.
        bias: What was added besides.
        logit: As the runtime has it.
        sentence: How the end of the network is built.
    """

    layer: str
    parts: Vector
    bias: float
    logit: float
    sentence: str

    @property
    def rest(self) -> float:
        """What parts and bias leave of the logit: rounding."""
        return self.logit - float(self.parts.sum()) - self.bias

    def ranked(self) -> tuple[int, ...]:
        """Return the channels by the size of their part, the largest first."""
        return tuple(int(each) for each in np.argsort(-np.abs(self.parts), kind="stable"))


@dataclass(frozen=True, slots=True)
class _Found:
    """A layer on the way back, the tensor it makes, and the constants that were added behind it."""

    layer: Layer
    tensor: str
    bias: Vector | float


def contributions(
    model: Model, tensors: Mapping[str, Array], output: str, index: int, picture: int = 0
) -> Contributions | None:
    """Return what each channel of the last feature maps added to a class's logit.

    It is exact where the network ends in a dense layer on flattened maps or on their means, or in a convolution, at
    most a ReLU, and the mean of its maps: there only what the ReLU lets through counts.

    Args:
        model: The graph.
        tensors: Of an instrumented run, by name.
        output: The output that holds the classes.
        index: Of the class.
        picture: Of the batch.

    Returns:
        None where the end of the network is built otherwise, or the run does not hold what is needed.
    """
    makers = {made.name: layer for layer in model.layers for made in layer.outputs}
    last = _back(output, makers, _AFTER)
    if last is None:
        return None
    if last.layer.op_type in ("Gemm", "MatMul"):
        return _of_dense(last, makers, tensors, index, picture)
    if last.layer.op_type in _MEANS:
        return _of_means(last, makers, tensors, index, picture)
    return None


def _back(tensor: str, makers: Mapping[str, Layer], through: set[str]) -> _Found | None:
    """Follow a tensor back through layers that keep its numbers, and through the addition of constants."""
    bias: Vector | float = 0.0
    for _ in range(len(makers) + 1):
        layer = makers.get(tensor)
        if layer is None:
            return None
        if layer.op_type == "Add" and any(name in layer.stored for name in layer.inputs):
            constant = next(name for name in layer.inputs if name in layer.stored)
            bias = bias + layer.stored[constant].read().astype(np.float64).reshape(-1)
            tensor = next(name for name in layer.inputs if name != constant)
        elif layer.op_type in through and layer.inputs:
            tensor = layer.inputs[0]
        else:
            return _Found(layer, tensor, bias)
    return None


def _of_dense(
    last: _Found, makers: Mapping[str, Layer], tensors: Mapping[str, Array], index: int, picture: int
) -> Contributions | None:
    layer = last.layer
    weight, logits, given = layer.weight("kernel"), tensors.get(last.tensor), tensors.get(layer.inputs[0])
    if weight is None or len(weight.shape) != 2 or logits is None or given is None or given.size % weight_rows(layer):
        return None
    if layer.attributes.get("transA") or not _is_right(layer):
        return None
    alpha = _factor(layer.attributes.get("alpha", 1.0))
    row = weight.read(index, 1)[0] if layer.attributes.get("transB") else weight.read()[:, index]
    fed = given.reshape(-1, len(row))[picture].astype(np.float64)
    added = layer.weight("bias")
    bias = _at(last.bias, index) + (
        _factor(layer.attributes.get("beta", 1.0)) * _at(added.read().reshape(-1), index) if added is not None else 0.0
    )
    products = alpha * fed * row.astype(np.float64)
    before = _back(layer.inputs[0], makers, _KEEPS)
    if before is None:
        return None
    logit = float(logits.reshape(len(logits), -1)[picture, index]) + _at(last.bias, index)
    if before.layer.op_type in _MEANS:
        maps = _back(before.layer.inputs[0], makers, _KEEPS)
        name = before.layer.name if maps is None else maps.layer.name
        sentence = "The mean of each map, times the class's weight for it, plus the bias."
        return Contributions(name, products, bias, logit, sentence)
    made = tensors.get(before.tensor)
    if made is None or made.ndim < 2 or made[picture].size != len(products) or before.layer.op_type == "Transpose":
        return None
    parts = products.reshape(made.shape[1], -1).sum(axis=1)
    sentence = "Each element of a map, times the class's weight for it, added up over the map, plus the bias."
    return Contributions(before.layer.name, parts, bias, logit, sentence)


def _of_means(
    last: _Found, makers: Mapping[str, Layer], tensors: Mapping[str, Array], index: int, picture: int
) -> Contributions | None:
    averaged = _back(last.layer.inputs[0], makers, _KEEPS)
    has_relu = averaged is not None and averaged.layer.op_type == "Relu"
    conv = _back(averaged.layer.inputs[0], makers, _KEEPS) if averaged is not None and has_relu else averaged
    means = tensors.get(last.tensor)
    if conv is None or conv.layer.op_type != "Conv" or means is None:
        return None
    weight, scores, given = conv.layer.weight("kernel"), tensors.get(conv.tensor), tensors.get(conv.layer.inputs[0])
    is_pointwise = weight is not None and set(weight.shape[2:]) == {1} and conv.layer.attributes.get("group", 1) == 1
    if weight is None or scores is None or given is None or not is_pointwise:
        return None
    if math.prod(means.shape[2:]) != 1 or scores.shape[2:] != given.shape[2:]:
        return None
    own = scores[picture, index].astype(np.float64)
    gate = own > 0 if has_relu else np.ones(own.shape, np.bool_)
    kernel = weight.read(index, 1)[0].reshape(-1).astype(np.float64)
    seen = given[picture].reshape(len(kernel), -1)[:, gate.reshape(-1)].astype(np.float64)
    parts = kernel * seen.sum(axis=1) / own.size
    added = conv.layer.weight("bias")
    bias = _at(added.read().reshape(-1), index) * float(gate.mean()) if added is not None else 0.0
    maker = _back(conv.layer.inputs[0], makers, _KEEPS)
    sentence = "Each channel times the class's kernel, averaged over the map" + (
        ", where the ReLU lets the sum through." if has_relu else "."
    )
    name = conv.layer.name if maker is None else maker.layer.name
    return Contributions(name, parts, bias, float(means[picture, index].reshape(-1)[0]), sentence)


def weight_rows(layer: Layer) -> int:
    """Return how many numbers a dense layer takes."""
    weight = layer.weight("kernel")
    if weight is None or len(weight.shape) != 2:
        return 1
    return weight.shape[1] if layer.attributes.get("transB") else weight.shape[0]


def _is_right(layer: Layer) -> bool:
    """Whether the weights are the layer's second factor, as they nearly always are."""
    weight = layer.weight("kernel")
    return weight is not None and layer.inputs[0] != weight.name


def _at(values: Array | Vector | float, index: int) -> float:
    if isinstance(values, float | int):
        return float(values)
    flat = values.reshape(-1)
    return float(flat[index if flat.size > 1 else 0])


def _factor(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 1.0
