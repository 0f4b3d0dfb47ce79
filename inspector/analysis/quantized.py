"""Integer codes as the real numbers that they stand for."""

from __future__ import annotations

from collections.abc import Mapping
from types import EllipsisType
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from inspector.graph.model import Array, Codes

Index = int | slice | EllipsisType | None
_Number = TypeVar("_Number", np.float32, np.float64)
Scales = tuple[tuple[float, ...], tuple[int, ...]]


def scales(codes: Codes, tensors: Mapping[str, Array]) -> Scales:
    """Return the scales and the zero points of a tensor, one or one for each element of ``codes.axis``.

    Args:
        codes: What the model says of the tensor.
        tensors: Of the same run, in which dynamic quantization computes them.

    Returns:
        Two tuples; both empty where this run does not hold them.
    """
    scale, zero_point = codes.scale, codes.zero_point
    if codes.scale_tensor:
        found = tensors.get(codes.scale_tensor)
        scale = () if found is None else tuple(float(each) for each in found.reshape(-1))
    if codes.zero_point_tensor:
        found = tensors.get(codes.zero_point_tensor)
        if found is None:
            return (), ()
        zero_point = tuple(int(each) for each in found.reshape(-1))
    return (scale, zero_point or (0,)) if scale else ((), ())


def is_known(tensor: Array, codes: Codes, tensors: Mapping[str, Array]) -> bool:
    """Say whether ``real`` can tell the numbers: the run holds the scales, and they fit the tensor."""
    scale, zero_point = scales(codes, tensors)
    return bool(scale) and _fits(scale, tensor, codes.axis) and _fits(zero_point, tensor, codes.axis)


def real(
    tensor: Array, codes: Codes, tensors: Mapping[str, Array], part: Index | tuple[Index, ...] = ...
) -> NDArray[np.float32]:
    """Return the real numbers behind a tensor's integers, as DequantizeLinear computes them.

    Args:
        tensor: The integers, as stored; or as float32, where numpy lacks their type.
        codes: What they stand for.
        tensors: Of the same run.
        part: Which part of the tensor, in numpy's words (``[0, 3:5]`` is ``(0, slice(3, 5))``); only that is computed,
            and beside the result no memory is taken.

    Raises:
        ValueError: It cannot be told, see ``is_known``.
    """
    if not is_known(tensor, codes, tensors):
        raise ValueError("the scales of the tensor are not known")
    scale, zero_point = scales(codes, tensors)
    factors = _spread(np.array(scale, np.float32), tensor, codes.axis)
    offsets = _spread(np.array(zero_point, np.float64), tensor, codes.axis)
    return dequantized(np.asarray(tensor[part]), factors[part], offsets[part])


def dequantized(codes: Array, scale: NDArray[np.float32], zero_point: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return ``(codes - zero_point) * scale``, rounded to float32 after each of the two, as ONNX Runtime has it.

    Args:
        codes: Integers.
        scale: Of a shape that broadcasts to theirs.
        zero_point: Likewise.
    """
    numbers = np.empty(codes.shape, np.float32)
    # In float64 every difference of two integers of 32 bits is exact; numpy converts a few thousand at a time.
    np.subtract(codes, zero_point, out=numbers, dtype=np.float64, casting="unsafe")
    np.multiply(numbers, scale, out=numbers)
    return numbers


def _fits(values: tuple[float, ...] | tuple[int, ...], tensor: Array, axis: int) -> bool:
    return len(values) == 1 or (-tensor.ndim <= axis < tensor.ndim and len(values) == tensor.shape[axis])


def _spread(values: NDArray[_Number], tensor: Array, axis: int) -> NDArray[_Number]:
    """Return one value, or one for each element of an axis, for every element of the tensor; a view."""
    shape = [1] * tensor.ndim
    if values.size > 1:
        shape[axis] = -1
    return np.broadcast_to(values.reshape(shape), tensor.shape)
