"""Kernels as pictures and as numbers in colored cells."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from inspector.render.arrays import Index, Mask, Numbers, Values
from inspector.render.indices import indices
from inspector.render.limits import Limits, shared_limits
from inspector.render.palettes import ink, to_rgb
from inspector.render.survey import extremes


@dataclass(frozen=True, slots=True)
class Cells:
    """Numbers in colored cells.

    Attributes:
        texts: ``(tiles, height, width)``, all with the same number of decimals; U+2212 is the minus.
        rgb: ``(tiles, height, width, 3)`` uint8.
        black: True where black writing is read best, else white.
    """

    texts: tuple[tuple[tuple[str, ...], ...], ...]
    rgb: Index
    black: Mask


def cells(tiles: Values, limits: Limits, colors: Index, decimals: int) -> Cells:
    """Write numbers on their colors.

    Args:
        tiles: ``(tiles, height, width)``.
        limits: Shared.
        colors: The palette.
        decimals: After the point.
    """
    rgb = to_rgb(indices(tiles, limits), colors)
    texts = tuple(
        tuple(tuple(_decimal(number, decimals) for number in row) for row in tile)
        for tile in np.asarray(tiles, np.float64).tolist()
    )
    return Cells(texts, rgb, ink(rgb))


def around(tiles: Values, middle: float) -> Limits:
    """Return limits as far below a number as above it that hold these weights: for codes, round their zero point."""
    low, high = (float(each) for each in extremes(tiles))
    reach = max(abs(low - middle), abs(high - middle))
    return shared_limits(middle - reach, middle + reach)


def power_of_ten(found: Limits) -> int:
    """Return the exponent of ten in whose multiples numbers are written, 0 where a few decimals show what they are."""
    reach = float(np.maximum(np.abs(found.low), np.abs(found.high)).max(initial=0.0))
    return 0 if reach == 0 or 0.05 <= reach < 1000 else max(-300, math.floor(math.log10(reach)))


def _decimal(value: float, decimals: int) -> str:
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Inf" if value > 0 else "\N{MINUS SIGN}Inf"
    text = f"{abs(value):.{decimals}f}"
    is_negative = value < 0 and any(digit in text for digit in "123456789")
    return f"\N{MINUS SIGN}{text}" if is_negative else text


def first_layer_rgb(kernel: Values, bgr: bool = False) -> Index:
    """Draw kernels on a color picture as color pictures.

    Args:
        kernel: ``(kernels, 3, height, width)``.
        bgr: The network's channels are blue, green, red.

    Returns:
        ``(kernels, height, width, 3)`` uint8 RGB. Zero is grey 128; the weight furthest from zero is 1 or 255.
    """
    weights = _finite(kernel)
    reach = float(np.abs(weights).max(initial=0.0))
    unit = weights / reach if reach else weights
    rgb = np.rint(128 + 127 * unit).astype(np.uint8).transpose(0, 2, 3, 1)
    return np.ascontiguousarray(rgb[..., ::-1]) if bgr else rgb


def tiles_of(kernels: Values, plane: int = 0) -> Values:
    """Return ``(kernels, inputs, ...)`` as tiles, ``(kernels * inputs, height, width)``.

    Args:
        kernels: With 0 to 3 spatial axes. A kernel of one axis is one row.
        plane: The one that is taken of three.
    """
    weights = kernels[:, :, plane] if kernels.ndim == 5 else kernels
    height, width = (1, 1, *weights.shape[2:])[-2:]
    return weights.reshape(-1, height, width)


def with_gaps(tiles: Values, dilations: tuple[int, int]) -> Values:
    """Return tiles with the elements as far apart as a dilated kernel lays them, zeros between them.

    Args:
        tiles: ``(tiles, height, width)``.
        dilations: Down and across; 1 is no gap.
    """
    down, across = dilations
    count, height, width = tiles.shape
    spread = np.zeros((count, (height - 1) * down + 1, (width - 1) * across + 1), tiles.dtype)
    spread[:, ::down, ::across] = tiles
    return spread


def strongest(tiles: Values) -> int:
    """Return the tile with the largest sum of absolute values, the first of equals: ``(tiles, height, width)``."""
    return int(np.argmax(np.abs(_finite(tiles)).sum(axis=(1, 2)))) if len(tiles) else 0


def _finite(values: Values) -> Numbers:
    return np.nan_to_num(np.asarray(values, np.float64), nan=0.0, posinf=0.0, neginf=0.0)
