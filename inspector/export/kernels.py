"""What an export says of kernels."""

from __future__ import annotations

import numpy as np

from inspector.graph.model import Codes, Layer
from inspector.graph.weight import Weight


def kernel_codes(weight: Weight) -> Codes | None:
    """Return what the integers of a quantized weight stand for, in the shape in which the layer gets it.

    None for one that is not quantized, or has a scale for each block of an axis.
    """
    if weight.quantization is None:
        return None
    scale, axis = weight.quantization.scale.read().reshape(-1), weight.quantization.axis
    zeros = weight.quantization.zero_point
    offsets = np.zeros(1) if zeros is None else zeros.codes().reshape(-1)
    for step in weight.steps:
        if max(scale.size, offsets.size) > 1:
            if step.op != "transpose":
                return None
            axis = step.numbers.index(axis)
    if not {scale.size, offsets.size} <= {1, weight.shape[axis] if axis < len(weight.shape) else 1}:
        return None
    return Codes(tuple(float(each) for each in scale), tuple(int(each) for each in offsets), axis)


def spatial_kernel(layer: Layer) -> bool:
    """Say whether a layer has kernels of rows and columns."""
    weight = layer.weight("kernel")
    return weight is not None and len(weight.shape) == 4
