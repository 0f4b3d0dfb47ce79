"""What an input is fed that nobody gave anything: named, so that it can be said and changed."""

from __future__ import annotations

import math
import re

import numpy as np

from inspector.graph.model import Array, Tensor

DEFAULT_RATE = 16_000
_RATE = re.compile(r"(^|[._/])(sr|fs|sample_?rate|sampling_?rate)([._/:]|$)")
_SIZE = re.compile(r"(im|image|img|orig|original|target|input)_?(shape|size|sizes|target_sizes|info)([._/:]|$)")
_ONES = re.compile(r"scale_?factor|(^|[._/])im_?scale|mask")


def default_of(
    tensor: Tensor, shape: tuple[int, ...], rate: tuple[int, str], picture: tuple[int, ...]
) -> tuple[Array, str]:
    """Return the numbers for an input, and what they are called.

    Zeros, but for a few inputs whose names say what they are: a sampling rate, the size of the picture for detectors
    that give their boxes in its pixels, factors and masks, where zeros would leave nothing.

    Args:
        tensor: The input.
        shape: To fill.
        rate: Sampling rate of a signal that another input is fed, and its file; 0 without one.
        picture: Shape of the picture that another input is fed; empty without one.
    """
    name = tensor.name.casefold()
    count = math.prod(shape)
    if count == 1 and tensor.dtype not in ("bool", "string") and _RATE.search(name):
        value, file = rate
        origin = f"{value}, the sampling rate of {file}" if value else f"{DEFAULT_RATE}, a usual sampling rate"
        return np.full(shape, value or DEFAULT_RATE, np.int64), origin
    if len(picture) == 4 and shape and shape[-1] in (2, 3) and count == shape[-1] and _SIZE.search(name):
        is_last = picture[1] not in (1, 3, 4) and picture[3] in (1, 3, 4)
        height, width = picture[1:3] if is_last else picture[2:]
        numbers = [height, width, 1][: shape[-1]]
        return np.asarray(numbers, np.int64).reshape(shape), f"{height} × {width}, the size of the picture as fed"
    if tensor.dtype != "string" and _ONES.search(name):
        return np.ones(shape, np.int64), "ones"
    return np.zeros(shape, np.str_ if tensor.dtype == "string" else np.int64), (
        "empty text" if tensor.dtype == "string" else "zeros"
    )
