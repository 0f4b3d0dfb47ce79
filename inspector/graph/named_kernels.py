"""The kernels that image processing has names for, at the size of a kernel of the network.

ONNX's Conv is cross-correlation: they are laid over the picture as they are written here, not turned round.

Source:
    Gonzalez and Woods, Digital Image Processing, 4th edition, chapters 3 and 10; the 5 x 5 Laplacian is that of a
    Gaussian, as given there.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Kernel = NDArray[np.float64]

_LAPLACIAN = ((-1, -1, -1), (-1, 8, -1), (-1, -1, -1))  # with the sign and the diagonals of models/edges.onnx
_LAPLACIAN_5 = ((0, 0, -1, 0, 0), (0, -1, -2, -1, 0), (-1, -2, 16, -2, -1), (0, -1, -2, -1, 0), (0, 0, -1, 0, 0))
_SHARPEN = ((0, -1, 0), (-1, 5, -1), (0, -1, 0))
_EMBOSS = ((-2, -1, 0), (-1, 1, 1), (0, 1, 2))
_EMBOSS_5 = ((-2, -1, -1, -1, 0), (-1, -2, -1, 0, 1), (-1, -1, 1, 1, 1), (-1, 0, 1, 2, 1), (0, 1, 1, 1, 2))
NAMES = ("Identity", "Laplacian", "Sobel x", "Sobel y", "Sharpen", "Box", "Gaussian", "Emboss")


def offered(height: int, width: int) -> tuple[str, ...]:
    """Return the names of the kernels that there are at a size."""
    names = NAMES if height * width > 1 else ("Identity",)
    return tuple(name for name in names if named(name, height, width) is not None)


def named(name: str, height: int, width: int) -> Kernel | None:
    """Return a kernel ``(height, width)``; None where there is none at that size.

    The derivatives are 3 x 3 and, where they are defined, 5 x 5; in a larger kernel of odd size they are in the
    middle, with zeros around.
    """
    if min(height, width) < 1:
        return None
    is_odd = height % 2 == 1 and width % 2 == 1
    if name == "Box":
        return np.full((height, width), 1.0 / (height * width))
    if name == "Gaussian":
        kernel: Kernel = np.outer(_binomial(height), _binomial(width))
        return np.asarray(kernel / kernel.sum(), np.float64)
    if not is_odd:
        return None
    if name == "Identity":
        return _in_the_middle(np.ones((1, 1)), height, width)
    small = _derivative(name, 5 if height == width == 5 else 3)
    if small is None or min(height, width) < len(small):
        return None
    return _in_the_middle(small, height, width)


def _derivative(name: str, size: int) -> Kernel | None:
    across = np.array([-1.0, -2, 0, 2, 1]) if size == 5 else np.array([-1.0, 0, 1])
    if name == "Sobel x":
        return np.outer(_binomial(size), across)
    if name == "Sobel y":
        return np.outer(across, _binomial(size))
    rows = {
        "Laplacian": _LAPLACIAN_5 if size == 5 else _LAPLACIAN,
        "Sharpen": _SHARPEN,
        "Emboss": _EMBOSS_5 if size == 5 else _EMBOSS,
    }.get(name)
    return None if rows is None else np.array(rows, np.float64)


def _in_the_middle(small: Kernel, height: int, width: int) -> Kernel:
    kernel = np.zeros((height, width))
    top, left = (height - small.shape[0]) // 2, (width - small.shape[1]) // 2
    kernel[top : top + small.shape[0], left : left + small.shape[1]] = small
    return kernel


def _binomial(length: int) -> Kernel:
    return np.array([math.comb(length - 1, place) for place in range(length)], np.float64)
