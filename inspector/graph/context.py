"""What a layer is in its network and on the picture: what panels say beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from inspector.graph.model import Array, Layer, Model
from inspector.graph.receptive_field import ReceptiveField
from inspector.graph.weight import Weight

Side = Literal["before", "after", ""]

# Operators that hand values on unchanged or in another order, on the way from a picture to the first kernel.
_HANDED_ON = {"Identity", "Cast", "Transpose", "Pad", "Mul", "Div", "Sub", "Add", "Clip", "BatchNormalization"}
_KEEPS_CHANNELS = {"activation", "normalization", "pooling"}
_TRANSPOSED = {"ConvTranspose"}
_MATRIX_READ_WHOLE = 1 << 22  # numbers
_WITH_ACTIVATION = {"convolution", "fully connected", "normalization", "merge"}


def activation_side(model: Model, layer: Layer) -> Side:
    """Say whether a layer's output is an activation's input or its output; ``""`` if it is neither."""
    if layer.family == "activation":
        return "after"
    if layer.family in _WITH_ACTIVATION:
        name = layer.output.name
        if any(name in other.inputs and other.family == "activation" for other in model.layers):
            return "before"
    return ""


def _makers(model: Model) -> dict[str, Layer]:
    """Return the layer that makes each tensor."""
    return {tensor.name: layer for layer in model.layers for tensor in layer.outputs}


def kernel_layer_before(model: Model, layer: Layer) -> Layer | None:
    """Return the nearest layer with a kernel on the way from the input to this one, itself included."""
    makers = _makers(model)
    waiting, seen = [layer], {layer.name}
    while waiting:
        candidate = waiting.pop(0)
        if candidate.weight("kernel") is not None:
            return candidate
        for name in candidate.inputs:
            maker = makers.get(name)
            if maker is not None and maker.name not in seen:
                seen.add(maker.name)
                waiting.append(maker)
    return None


def sees_picture(model: Model, layer: Layer) -> bool:
    """Say whether a layer's kernel slides over the model's input itself, but for a rescaling of its values."""
    makers = _makers(model)
    fed = {tensor.name for tensor in model.inputs}
    name = layer.inputs[0] if layer.inputs else ""
    for _ in range(len(model.layers)):
        if name in fed:
            return True
        maker = makers.get(name)
        if maker is None or maker.op_type not in _HANDED_ON or not maker.inputs:
            return False
        name = maker.inputs[0]
    return False


def maker_of_maps(model: Model, layer: Layer) -> Layer | None:
    """Return the layer whose kernels made this layer's channels, one each, or None.

    That is the layer itself, or the one before it as long as only activations, normalizations and poolings follow.
    """
    makers = _makers(model)
    current: Layer | None = layer
    for _ in range(len(model.layers)):
        if current is None or current.weight("kernel") is not None:
            return current
        if current.family not in _KEEPS_CHANNELS or not current.inputs:
            return None
        current = makers.get(current.inputs[0])
    return None


# ---------------------------------------------------------------- kernels


@dataclass(frozen=True, slots=True)
class KernelFacts:
    """The shape of a layer's kernels.

    Attributes:
        outputs: How many there are: one per output channel.
        inputs: Input channels that each one looks at.
        spatial: Its size along each axis; empty for a fully connected layer.
        is_depthwise: Each looks at one channel only, so that one picture holds them all.
        transposed: The layer spreads its input (ConvTranspose), and its weight is stored inputs first.
    """

    outputs: int
    inputs: int
    spatial: tuple[int, ...]
    is_depthwise: bool
    transposed: bool


def kernel_facts(layer: Layer) -> KernelFacts | None:
    """Return the shape of a layer's kernels; None if it has none, or a weight that is no kernel or matrix."""
    weight = layer.weight("kernel")
    if weight is None or len(weight.shape) < 2 or 0 in weight.shape:
        return None
    if layer.family != "convolution":
        rows, columns = weight.shape[-2:]
        has_outputs_first = layer.attributes.get("transB") == 1
        return KernelFacts(
            rows if has_outputs_first else columns, columns if has_outputs_first else rows, (), False, False
        )
    first, second, *spatial = weight.shape
    if not spatial:
        return None
    group = layer.geometry.group if layer.geometry is not None else 1
    if group < 1:  # a damaged file may say anything
        return None
    if layer.op_type in _TRANSPOSED:
        return KernelFacts(second * group, first // group, tuple(spatial), first // group == 1, transposed=True)
    return KernelFacts(first, second, tuple(spatial), second == 1, transposed=False)


def kernel_of(layer: Layer, output: int) -> Array:
    """Read the weights of one output channel, ``(inputs, ...)``.

    Raises:
        ValueError: The layer has none.
        ModelError: The file has changed since the model was opened, or cannot be read.
    """
    weight, facts = layer.weight("kernel"), kernel_facts(layer)
    if weight is None or facts is None or not facts.spatial:
        raise ValueError(f"{layer.name} has no kernels")
    if not facts.transposed:
        kernel: Array = weight.read(output, 1)[0]
        return kernel
    per_group = weight.shape[1]
    group = output // per_group
    return weight.read(group * facts.inputs, facts.inputs)[:, output % per_group]


def depthwise_kernels(layer: Layer) -> Array:
    """Read all kernels of a layer whose kernels look at one channel each, ``(outputs, 1, ...)``.

    Raises:
        ValueError: The layer has none.
        ModelError: The file has changed since the model was opened, or cannot be read.
    """
    weight, facts = layer.weight("kernel"), kernel_facts(layer)
    if weight is None or facts is None:
        raise ValueError(f"{layer.name} has no kernels")
    return weight.read().reshape(facts.outputs, 1, *facts.spatial)


@dataclass(frozen=True, slots=True)
class Matrix:
    """The weights of a fully connected layer, or every so manieth of them.

    Attributes:
        values: ``(rows, columns)``.
        row_step, column_step: Distance of the ones that were taken; 1 where all were.
    """

    values: Array
    row_step: int
    column_step: int


def matrix_of(weight: Weight, at_most: int = 1024) -> Matrix:
    """Read a matrix for a picture of at most ``at_most`` rows and columns; large ones are read in part.

    Raises:
        ModelError: The file has changed since the model was opened, or cannot be read.
    """
    rows, columns = weight.shape[-2], weight.shape[-1]
    if rows * columns <= _MATRIX_READ_WHOLE or len(weight.shape) > 2 or weight.steps or weight.encoding == "varints":
        whole = weight.read().reshape(-1, rows, columns)[0]
        return Matrix(whole, 1, 1)
    row_step, column_step = -(-rows // at_most), -(-columns // at_most)
    taken = [weight.read(row, 1)[0, ::column_step] for row in range(0, rows, row_step)]
    return Matrix(np.stack(taken), row_step, column_step)


# ---------------------------------------------------------------- on the picture


@dataclass(frozen=True, slots=True)
class PictureInput:
    """The input that was fed a picture.

    Attributes:
        name: Of the tensor.
        height, width, channels: Of what was fed.
        channels_last: The channels are its last axis.
    """

    name: str
    height: int
    width: int
    channels: int
    channels_last: bool


def picture_input(fed: Mapping[str, Array]) -> PictureInput | None:
    """Return the input that has the shape of a picture, ``(N, C, H, W)`` or ``(N, H, W, C)``, or None."""
    for name, tensor in fed.items():
        if tensor.ndim != 4:
            continue
        _, second, third, fourth = tensor.shape
        if second in (1, 3, 4):
            return PictureInput(name, third, fourth, second, channels_last=False)
        if fourth in (1, 3, 4):
            return PictureInput(name, second, third, fourth, channels_last=True)
    return None


@dataclass(frozen=True, slots=True)
class Rectangle:
    """A part of a picture, in its pixels; it may reach beyond the rim."""

    left: float
    top: float
    right: float
    bottom: float


def field_of(field: ReceptiveField, element: tuple[int, int]) -> Rectangle | None:
    """Return what one element sees, in the input's pixels.

    Args:
        field: Of its layer.
        element: ``(row, column)`` in the feature map.

    Returns:
        The rectangle, which may reach into the padding; None where there is none.
    """
    if field.size is None or field.jump is None or field.start is None or len(field.size) != 2:
        return None
    edges = []
    for size, jump, start, at in zip(field.size, field.jump, field.start, element, strict=True):
        middle = start + jump * at
        edges.append((middle - size / 2, middle + size / 2))
    (top, bottom), (left, right) = edges
    return Rectangle(left, top, right, bottom)


def on_picture(seen: Rectangle, box: tuple[float, float, float, float], height: int, width: int) -> Rectangle:
    """Return a rectangle of the input as one of the picture.

    Args:
        seen: In the input's pixels.
        box: ``(left, top, right, bottom)`` of what the model sees, in the picture's pixels.
        height: Of the input.
        width: Of the input.
    """
    left, top, right, bottom = box
    each_x, each_y = (right - left) / width, (bottom - top) / height
    return Rectangle(
        left + seen.left * each_x, top + seen.top * each_y, left + seen.right * each_x, top + seen.bottom * each_y
    )
