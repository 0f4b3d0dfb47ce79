"""Tensors as pictures: what was fed, and small pictures of a layer."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from inspector.render.arrays import Index, Values
from inspector.render.indices import indices
from inspector.render.limits import limits

Numbers32 = NDArray[np.float32]

_LINES = 16  # that share a pixel of a thumbnail are enough to tell their mean


def unfed(
    tensor: Values, scale: float, mean: tuple[float, ...], std: tuple[float, ...], bgr: bool, invert: bool
) -> Index:
    """Turn what was fed back into a picture: undo ``(pixel * scale - mean) / std``.

    Args:
        tensor: ``(channels, height, width)`` with 1 or 3 channels.
        scale: As in the recipe; not 0.
        mean: One number, or one per channel in the tensor's order.
        std: Likewise.
        bgr: The tensor's channels are blue, green, red.
        invert: The recipe took 255 - pixel first.

    Returns:
        ``(height, width, 3)`` uint8 RGB.
    """
    channels, height, width = tensor.shape
    order = range(channels)[::-1] if bgr and channels > 1 else range(channels)
    picture = np.empty((height, width, 3), np.uint8)
    for place, channel in enumerate(order):
        picture[:, :, place] = _pixels(
            tensor[channel], scale, mean[channel % len(mean)], std[channel % len(std)], invert
        )
    if channels == 1:
        picture[:, :, 1:] = picture[:, :, :1]
    return picture


def _pixels(plane: Values, scale: float, mean: float, std: float, invert: bool) -> Numbers32:
    """Return one channel as numbers from 0 to 255, whole; float32 is fine enough for these, and fast."""
    with np.errstate(over="ignore", invalid="ignore"):
        pixels = np.multiply(plane, np.float32(std / scale), dtype=np.float32, casting="unsafe")
        pixels += np.float32(mean / scale)
        if invert:
            np.subtract(np.float32(255), pixels, out=pixels)
    np.fmin(np.fmax(pixels, np.float32(0), out=pixels), np.float32(255), out=pixels)  # NaN becomes 0
    whole: Numbers32 = np.rint(pixels, out=pixels)
    return whole


def thinned(tensor: Values, longest: int = 1024) -> Values:
    """Return every so manieth row and column of a tensor that is larger than one looks at, a view.

    Args:
        tensor: ``(channels, height, width)``.
        longest: Side of what is returned, at most.
    """
    step = -(-max(tensor.shape[1:]) // longest)
    return tensor[:, ::step, ::step]


def stretched(tensor: Values) -> Index:
    """Draw a tensor of unknown scale as a picture, from its smallest to its largest finite value.

    Args:
        tensor: ``(channels, height, width)`` with 1 or 3 channels.

    Returns:
        ``(height, width, 3)`` uint8.
    """
    drawn = indices(tensor, limits(tensor))
    three = np.repeat(drawn, 3, axis=0) if drawn.shape[0] == 1 else drawn
    return np.ascontiguousarray(three.transpose(1, 2, 0))


def thumbnail(maps: Values, size: int = 20, fills: bool = False, is_signed: bool = False) -> Index:
    """Draw the mean of all channels as a small picture of palette indices, each from its own minimum to maximum.

    Of maps so large that dozens of rows share a pixel, every few rows and columns stand for all.

    Args:
        maps: ``(channels, height, width)``.
        size: The longer side, in pixels; a smaller map is not enlarged.
        fills: Give both sides that length where there are as many elements: for time and channel, which have no ratio.
        is_signed: Draw around zero, which is the color in the middle.
    """
    maps = maps[:, :: max(1, maps.shape[1] // (_LINES * size)), :: max(1, maps.shape[2] // (_LINES * size))]
    _, height, width = maps.shape
    longest = max(height, width)
    kept = (max(1, min(height, height * size // longest)), max(1, min(width, width * size // longest)))
    if fills:
        kept = min(height, size), min(width, size)
    rows, columns = (np.arange(count) * length // count for count, length in zip(kept, (height, width), strict=True))
    with np.errstate(invalid="ignore", over="ignore"):
        mean = np.nan_to_num(np.add.reduce(maps, axis=0, dtype=np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    small = np.add.reduceat(np.add.reduceat(mean, rows, axis=0), columns, axis=1)
    counts = np.outer(np.diff(np.append(rows, height)), np.diff(np.append(columns, width)))
    averaged = (small / counts)[None]
    found = limits(averaged)
    drawn: Index = indices(averaged, found.with_middle() if is_signed else found)[0]
    return drawn
