"""What an export says of kernels."""

from __future__ import annotations

import numpy as np

from inspector.graph.model import Codes, Layer, Model, Prediction
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


def first_spatial(model: Model) -> Layer | None:
    """Return the first layer with kernels of rows and columns: one that sees a colour picture is drawn in colours."""
    return next((each for each in model.layers if _is_spatial(each.weight("kernel"))), None)


def _is_spatial(weight: Weight | None) -> bool:
    return weight is not None and len(weight.shape) == 4


def sees_bgr(prediction: Prediction) -> bool:
    """Say whether the channels of what was fed are blue, green, red."""
    return prediction.preprocessing is not None and prediction.preprocessing.channels == "BGR"
