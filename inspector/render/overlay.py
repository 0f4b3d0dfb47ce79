"""One feature map as colors: by itself, and to lie over the picture it came from."""

from __future__ import annotations

import numpy as np

from inspector.render.arrays import Index, Values
from inspector.render.grid import Grid
from inspector.render.indices import indices
from inspector.render.limits import Limits
from inspector.render.mosaic import reduced
from inspector.render.palettes import MARK, to_rgb

_NEUTRAL = 128  # the index of zero in a palette with a middle


def colored(
    values: Values, limits: Limits, colors: Index, responds: bool = False, has_middle: bool = False, at_most: int = 0
) -> Index:
    """Return a map as colors.

    Args:
        values: ``(height, width)``.
        limits: Shared.
        colors: The palette.
        responds: Make it the more transparent, the nearer a value is to what the palette begins with, or to the middle
            of a palette that has one: what does not respond lets the picture through.
        has_middle: The palette has one.
        at_most: Average elements to no more rows and columns than that; 0 for all there are.

    Returns:
        ``(height, width, 4)`` uint8 RGBA; NaN is pink, Inf white, both opaque.
    """
    kinds = _kinds(values)
    if at_most and max(values.shape) > at_most:
        values, kinds = _fewer(values, kinds, at_most)
    index = indices(values[np.newaxis], limits)[0]
    rgba = np.empty((*index.shape, 4), np.uint8)
    rgba[..., :3] = to_rgb(index, colors)
    rgba[..., 3] = _strength(index, has_middle) if responds else 255
    if kinds is not None:
        rgba[kinds == 1] = (*MARK, 255)
        rgba[kinds == 2] = 255
    return rgba


def _strength(index: Index, has_middle: bool) -> Index:
    if not has_middle:
        return index
    apart = np.abs(index.astype(np.int16) - _NEUTRAL)
    strength: Index = np.minimum(2 * apart, 255).astype(np.uint8)
    return strength


def _kinds(values: Values) -> Index | None:
    if values.dtype.kind != "f" or np.isfinite(values).all():
        return None
    kinds: Index = np.where(np.isnan(values), np.uint8(1), np.where(np.isinf(values), np.uint8(2), np.uint8(0)))
    return kinds


def _fewer(values: Values, kinds: Index | None, at_most: int) -> tuple[Values, Index | None]:
    height, width = values.shape
    longest = max(height, width)
    small = max(1, height * at_most // longest), max(1, width * at_most // longest)
    less = reduced(values[np.newaxis], Grid(1, height, width, 1, *small))[0]
    if kinds is not None:
        for axis in (0, 1):
            starts = np.arange(small[axis]) * kinds.shape[axis] // small[axis]
            kinds = np.maximum.reduceat(kinds, starts, axis=axis)
    return less, kinds
