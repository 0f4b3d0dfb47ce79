"""The kernels of a layer: how many there are, each read by itself, and what a quantized one's codes stand for."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from inspector.graph.model import Array, Layer
from inspector.graph.weight import Quantization, Weight

Flattened = Literal["", "channels first", "channels last"]

_TRANSPOSED = {"ConvTranspose"}
_MATRIX_READ_WHOLE = 1 << 22  # numbers


@dataclass(frozen=True, slots=True)
class KernelFacts:
    """The shape of a layer's kernels.

    Attributes:
        outputs: How many there are: one per output channel.
        inputs: Input channels that each one looks at.
        spatial: Its size along each axis; empty for a fully connected layer.
        is_depthwise: Each looks at one channel only, so that one picture holds them all.
        transposed: The layer spreads its input (ConvTranspose), and its weight is stored inputs first.
        flattened: For a fully connected layer whose input was flattened from feature maps, how these lay: its rows of
            weights are kernels as large as the maps then.
    """

    outputs: int
    inputs: int
    spatial: tuple[int, ...]
    is_depthwise: bool
    transposed: bool
    flattened: Flattened = ""


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


def has_rows_of_outputs(layer: Layer, facts: KernelFacts) -> bool:
    """Say whether a weight has its output channels along its first axis, so that a kernel is read by itself."""
    return layer.attributes.get("transB") == 1 if facts.flattened or not facts.spatial else not facts.transposed


def arranged_kernels(values: Array, layer: Layer, facts: KernelFacts) -> Array:
    """Return a weight as kernels, ``(outputs, inputs, ...)``.

    Args:
        values: All of it; where ``has_rows_of_outputs`` holds, these may be some of its rows.
        layer: Whose weight it is.
        facts: The shape of the kernels.
    """
    if facts.flattened or not facts.spatial:
        rows = values if has_rows_of_outputs(layer, facts) else values.T
        if facts.flattened == "channels last":
            return np.moveaxis(rows.reshape(len(rows), *facts.spatial, facts.inputs), -1, 1)
        return rows.reshape(len(rows), facts.inputs, *facts.spatial)
    if not facts.transposed:
        return values
    groups = len(values) // facts.inputs
    apart = values.reshape(groups, facts.inputs, facts.outputs // groups, *facts.spatial)
    return apart.swapaxes(1, 2).reshape(facts.outputs, facts.inputs, *facts.spatial)


def stored_index(layer: Layer, facts: KernelFacts, output: int, input: int, place: tuple[int, ...]) -> tuple[int, ...]:
    """Return where an element of a kernel lies in its weight, as the layer gets it.

    Args:
        layer: Whose kernel it is.
        facts: The shape of its kernels.
        output: The kernel's channel.
        input: The input channel, of those that this kernel looks at.
        place: Along the axes of ``facts.spatial``.
    """
    if facts.flattened:
        sizes, at = (facts.inputs, *facts.spatial), (input, *place)
        if facts.flattened == "channels last":
            sizes, at = (*facts.spatial, facts.inputs), (*place, input)
        flat = int(np.ravel_multi_index(at, sizes))
        return (output, flat) if has_rows_of_outputs(layer, facts) else (flat, output)
    if not facts.transposed:
        return (output, input, *place)
    weight = layer.weight("kernel")
    per_group = weight.shape[1] if weight is not None else 1
    return (output // per_group * facts.inputs + input, output % per_group, *place)


def numbers_read(weight: Weight) -> int:
    """Return how many numbers are read of a weight's file where not all of it is wanted."""
    return math.prod(weight.stored_shape) if weight.steps or weight.encoding == "varints" else 0


# ---------------------------------------------------------------- fully connected


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


def matrix_of(weight: Weight, at_most: int = 1024, codes: bool = False) -> Matrix:
    """Read a matrix for a picture of at most ``at_most`` rows and columns; large ones are read in part.

    Args:
        weight: Of two axes; of more, the first matrix is read.
        at_most: Rows and columns.
        codes: Read what is stored of a quantized matrix, not the real numbers that it stands for.

    Raises:
        ModelError: The file has changed since the model was opened, or cannot be read.
    """
    if len(weight.shape) == 2 and [step.op for step in weight.steps] == ["transpose"]:
        turned = matrix_of(replace(weight, shape=weight.stored_shape, steps=()), at_most, codes)
        return Matrix(turned.values.T, turned.column_step, turned.row_step)
    read, (rows, columns) = (weight.codes if codes else weight.read), weight.shape[-2:]
    if len(weight.shape) > 2:
        return Matrix(read(0, 1).reshape(-1, rows, columns)[0], 1, 1)
    if rows * columns <= _MATRIX_READ_WHOLE or weight.steps or weight.encoding == "varints":
        return Matrix(read(), 1, 1)
    row_step, column_step = -(-rows // at_most), -(-columns // at_most)
    taken = [read(row, 1)[0, ::column_step] for row in range(0, rows, row_step)]
    return Matrix(np.stack(taken), row_step, column_step)


# ---------------------------------------------------------------- quantized


@dataclass(frozen=True, slots=True)
class KernelScale:
    """What the codes of one kernel are multiplied by, after the zero point was taken away.

    Attributes:
        scale: All that are used in it, float64; one for a kernel as the usual quantizers write it.
        zero_point: Likewise.
    """

    scale: NDArray[np.float64]
    zero_point: NDArray[np.float64]

    @property
    def is_one(self) -> bool:
        """Whether one scale and one zero point hold for the whole kernel."""
        return self.scale.size == self.zero_point.size == 1


def kernel_scale(layer: Layer, output: int) -> KernelScale | None:
    """Return the scale of one output channel's kernel, of the whole matrix for a fully connected layer.

    Raises:
        ModelError: The file has changed since the model was opened, or cannot be read.
    """
    weight, facts = layer.weight("kernel"), kernel_facts(layer)
    if weight is None or facts is None or weight.quantization is None:
        return None
    given = weight.quantization
    scale = np.asarray(given.scale.read(), np.float64)
    if given.input_scale is not None:
        scale = scale * np.asarray(given.input_scale.read(), np.float64)
    zero_point = np.zeros(1) if given.zero_point is None else np.asarray(given.zero_point.codes(), np.float64)
    used = _used_by(weight, given, facts, output)
    return KernelScale(*(_one_of_each(_taken(values, used)) for values in (scale, zero_point)))


def _used_by(weight: Weight, given: Quantization, facts: KernelFacts, output: int) -> slice:
    """Return which places of the quantized axis belong to one output channel."""
    axis = given.axis % len(weight.stored_shape) if weight.stored_shape else 0
    for step in weight.steps:
        if step.op == "reshape":
            return slice(None)
        axis = step.numbers.index(axis)
    if not facts.spatial or axis > 1 or (axis == 1 and not facts.transposed):
        return slice(None)
    if not facts.transposed:
        return slice(output, output + 1)
    per_group = weight.shape[1]
    if axis == 1:
        return slice(output % per_group, output % per_group + 1)
    first = output // per_group * facts.inputs
    return slice(first, first + facts.inputs)


def _taken(values: NDArray[np.float64], used: slice) -> NDArray[np.float64]:
    """Return these of a row of values; of a single one, or of one for each block of the kernels, all."""
    return values[used] if values.ndim == 1 and values.size > 1 else values.reshape(-1)


def _one_of_each(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.unique(values)
