"""The end of a network, followed back from an answer to the feature maps it was made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inspector.graph.model import Array, Layer, Model, Tensor

Vector = NDArray[np.float64]

NORMALIZERS = frozenset({"Softmax", "LogSoftmax", "Sigmoid", "QLinearSoftmax", "QLinearSigmoid"})
PASSING = frozenset(  # what changes no order and no value
    {
        *("Identity", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Cast", "Dropout"),
        *("DequantizeLinear", "QuantizeLinear"),  # but for the rounding, which is what is left of a sum
    }
)
MEANS = ("GlobalAveragePool", "AveragePool", "ReduceMean")


@dataclass(frozen=True, slots=True)
class Found:
    """A layer on the way back.

    Attributes:
        tensor: What it makes.
        constants: What was added to that further on.
    """

    layer: Layer
    tensor: str
    constants: tuple[Array, ...] = ()

    @property
    def is_sum(self) -> bool:
        """Whether constants were added."""
        return bool(self.constants)

    def added(self, index: int) -> float:
        """Return what was added to a class."""
        flat = (each.reshape(-1) for each in self.constants)
        return sum(float(each[index if each.size > 1 else 0]) for each in flat)


class Tail:
    """The end of a network and a run of it."""

    def __init__(self, model: Model, tensors: Mapping[str, Array]) -> None:
        self.tensors = tensors
        self._makers = {made.name: layer for layer in model.layers for made in layer.outputs}

    def back(self, tensor: str, through: frozenset[str], over_sums: bool = False) -> Found | None:
        """Follow a tensor back to the first layer that does not merely pass its numbers on.

        Args:
            tensor: Where to start.
            through: The operators that are passed.
            over_sums: Pass the addition of constants too.

        Returns:
            None where that leads to an input of the model.
        """
        constants: list[Array] = []
        for _ in range(len(self._makers) + 1):
            layer = self._makers.get(tensor)
            if layer is None:
                return None
            other = self._beside_a_constant(layer) if over_sums and layer.op_type == "Add" else None
            if other is not None:
                constants.append(other[1])
                tensor = other[0]
            elif layer.op_type in through and layer.inputs:
                tensor = layer.inputs[0]
            else:
                return Found(layer, tensor, tuple(constants))
        return None

    def _beside_a_constant(self, layer: Layer) -> tuple[str, Array] | None:
        """Return the input that an addition adds a constant to, and the constant."""
        for name, other in zip(layer.inputs, layer.inputs[::-1], strict=True):
            maker = self._makers.get(name)
            is_constant = name in layer.stored or (maker is not None and maker.is_constant)
            weight = layer.stored.get(name) or layer.weight("bias") or layer.weight("constant")
            if is_constant and weight is not None and weight.read().size > 0:
                return other, weight.read()
        if len(layer.weights) == 1 and len(layer.inputs) == 2:  # kept as integers, with a scale
            known = [name for name in layer.inputs if name in self.tensors and name in self._makers]
            return (known[0], layer.weights[0].read()) if len(known) == 1 else None
        return None

    def logit(self, output: str, index: int, picture: int) -> float | None:
        """Return a class's number as it goes into what makes probabilities; None where the run has none."""
        found = self.back(output, PASSING)
        name = found.layer.inputs[0] if found is not None and found.layer.op_type in NORMALIZERS else output
        values = self.tensors.get(name)
        if values is None or values.dtype.kind != "f" or values.ndim < 2 or len(values) <= picture:
            return None
        flat = values[picture].reshape(-1)
        return float(flat[index]) if index < flat.size else None

    def known(self, name: str) -> Tensor | None:
        """Return what the model says of a tensor that a layer makes."""
        layer = self._makers.get(name)
        return next((each for each in layer.outputs if each.name == name), None) if layer is not None else None

    def channel_axis(self, name: str) -> int | None:
        """Return along which axis the channels of a tensor lie; None where the run does not hold it."""
        values, known = self.tensors.get(name), self.known(name)
        if values is None or values.ndim < 2:
            return None
        return values.ndim - 1 if known is not None and known.channels_last and values.ndim > 2 else 1

    def length(self, name: str, axis: int) -> int:
        """Return how long a tensor of the run is along an axis."""
        return int(self.tensors[name].shape[axis])


def axis_left(layer: Layer, maps: Array | None) -> int | None:
    """Return the only axis, beside the pictures, that a pooling layer leaves as it is; None if there is no such one."""
    if maps is None or maps.ndim < 3:
        return None
    inner = tuple(range(2, maps.ndim))
    if layer.op_type.startswith("Global"):
        return 1
    if layer.op_type == "AveragePool":
        shape = layer.geometry
        is_whole = shape is not None and shape.kernel_shape == maps.shape[2:] and not any(shape.pads or ())
        return 1 if is_whole else None
    named = layer.attributes.get("axes")
    stored = next((each.read().reshape(-1).tolist() for each in layer.stored.values()), list(inner))
    axes = list(named) if isinstance(named, tuple) else stored
    gone = {int(float(each)) % maps.ndim for each in axes}
    left = [axis for axis in range(1, maps.ndim) if axis not in gone]
    return left[0] if len(left) == 1 and 0 not in gone else None


def weight_rows(layer: Layer) -> int:
    """Return how many numbers a dense layer takes; 0 where its weights are no matrix."""
    weight = layer.weight("kernel")
    if weight is None or len(weight.shape) != 2:
        return 0
    return weight.shape[1] if layer.attributes.get("transB") else weight.shape[0]
