"""Tensors as pictures: what was fed, and small pictures of a layer."""

from __future__ import annotations

import numpy as np

from inspector.render.arrays import Index, Values
from inspector.render.indices import indices
from inspector.render.limits import limits


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
    wide = np.asarray(tensor, np.float64)
    pixels = (wide * np.reshape(std, (-1, 1, 1)) + np.reshape(mean, (-1, 1, 1))) / scale
    if invert:
        pixels = 255 - pixels
    bytes_ = np.rint(np.clip(np.nan_to_num(pixels), 0, 255)).astype(np.uint8)
    if bytes_.shape[0] == 1:
        bytes_ = np.repeat(bytes_, 3, axis=0)
    elif bgr:
        bytes_ = bytes_[::-1]
    return np.ascontiguousarray(bytes_.transpose(1, 2, 0))


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


def thumbnail(maps: Values, size: int = 20) -> Index:
    """Draw the mean of all channels as a small picture of palette indices, each from its own minimum to maximum.

    Args:
        maps: ``(channels, height, width)``.
        size: The longer side, in pixels; a smaller map is not enlarged.
    """
    _, height, width = maps.shape
    longest = max(height, width)
    kept = (max(1, min(height, height * size // longest)), max(1, min(width, width * size // longest)))
    rows, columns = (np.arange(count) * length // count for count, length in zip(kept, (height, width), strict=True))
    with np.errstate(invalid="ignore", over="ignore"):
        mean = np.nan_to_num(np.add.reduce(maps, axis=0, dtype=np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    small = np.add.reduceat(np.add.reduceat(mean, rows, axis=0), columns, axis=1)
    counts = np.outer(np.diff(np.append(rows, height)), np.diff(np.append(columns, width)))
    averaged = (small / counts)[None]
    drawn: Index = indices(averaged, limits(averaged))[0]
    return drawn
