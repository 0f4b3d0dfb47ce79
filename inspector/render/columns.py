"""A layer as a few small tiles: its strongest maps, chosen, reduced, and put on one picture."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from inspector.render.arrays import Index, Values, widened
from inspector.render.grid import Grid
from inspector.render.indices import indices
from inspector.render.limits import Limits
from inspector.render.mosaic import reduced
from inspector.render.palettes import COLORMAPS, palette
from inspector.render.rows import in_rows
from inspector.render.survey import extremes, is_finite

_AT_A_TIME = 1 << 19

Form = Literal["maps", "rows", "vector"]
Ends = Literal["from zero", "around zero", "own"]


@dataclass(frozen=True, slots=True)
class Tiles:
    """What is drawn of a layer.

    Attributes:
        form: ``maps``: a tile for each of some channels. ``rows``: one tile, whose rows are all channels of a signal.
            ``vector``: one tile of one column, whose rows are all elements.
        channels: Of the tiles, the one with the largest mean first; all of them for ``rows`` and ``vector``.
        index: ``(tiles, height, width)``, palette indices, with at most as many elements as were asked for.
        colormap: By which they are drawn.
        ends: From what to what: ``from zero`` to each one's largest value, as far below zero as above it, or ``own``,
            from each one's smallest to its largest value.
        of: ``(channels, height, width)`` of the whole layer.
    """

    form: Form
    channels: tuple[int, ...]
    index: Index
    colormap: str
    ends: Ends
    of: tuple[int, int, int]


def strongest(maps: Values, most: int) -> tuple[int, ...]:
    """Return the channels with the largest mean, the largest first; of equals the first.

    Args:
        maps: ``(channels, height, width)``. NaN and Inf are left out of the mean.
        most: How many at most.
    """
    step = max(1, _AT_A_TIME // max(1, math.prod(maps.shape[1:])))
    means = np.concatenate([_means(maps[start : start + step]) for start in range(0, len(maps), step)])
    return tuple(int(channel) for channel in np.argsort(-means, kind="stable")[:most])


def _means(maps: Values) -> Values:
    values = widened(maps)
    with np.errstate(over="ignore", invalid="ignore"):  # the sum of the largest float64 numbers is none
        if is_finite(values):
            return np.asarray(values.mean(axis=(1, 2), dtype=np.float64))
        finite = np.isfinite(values)
        sums = np.where(finite, values, 0).sum(axis=(1, 2), dtype=np.float64)
    counts = finite.sum(axis=(1, 2))
    means: Values = np.divide(sums, counts, out=np.full(len(values), -np.inf), where=counts > 0)
    return means


def tiles(
    maps: Values,
    size: int,
    most: int,
    is_signal: bool = False,
    channels: Sequence[int] = (),
    beside: Values | None = None,
    is_difference: bool = False,
    colormap: str = "",
) -> Tiles:
    """Choose and draw the tiles of a layer.

    Each tile is drawn from zero to its own largest value. Where one holds a negative value, all are drawn around zero,
    or from their own smallest value if the colormap has no middle.

    Args:
        maps: ``(channels, height, width)``, none of them 0.
        size: Elements that are kept along a tile's longer side, at most.
        most: Tiles, at most.
        is_signal: They are ``(channels, 1, samples)``, to be drawn as one tile of rows.
        channels: The strongest, where that is known already.
        beside: The same maps of another run; where they have the same shape, each tile has limits that hold both.
        is_difference: They are one run's less another's: drawn around zero, those that differ most are the strongest.
        colormap: A name from ``COLORMAPS``; ``""`` lets the values decide. A difference needs one with a middle, and
            goes without one that has none.
    """
    count, height, width = (int(each) for each in maps.shape)
    form: Form = "rows" if is_signal else "vector" if height * width == 1 else "maps"
    if form == "maps":
        sizes = np.abs(maps) if is_difference and len(channels) < min(most, count) else maps
        chosen = tuple(channels[:most]) if len(channels) >= min(most, count) else strongest(sizes, most)
        drawn: Values = maps[list(chosen)]
    else:
        chosen = tuple(range(count))
        drawn = in_rows(maps)
    longest = max(drawn.shape[1:])
    kept_height, kept_width = (max(1, min(each, each * size // longest)) for each in drawn.shape[1:])
    if form == "rows":
        kept_height, kept_width = (min(each, size) for each in drawn.shape[1:])
    lows, highs = extremes(drawn, (1, 2))
    if beside is not None and beside.shape == maps.shape:
        other = extremes(beside[list(chosen)] if form == "maps" else in_rows(beside), (1, 2))
        lows, highs = np.minimum(lows, other[0]), np.maximum(highs, other[1])
    has_negative = bool((lows < 0).any())
    has_middle = COLORMAPS[colormap].is_diverging if colormap else has_negative
    ends: Ends = "around zero" if is_difference or has_middle else "own" if has_negative else "from zero"
    limits = Limits(lows if ends == "own" else np.zeros_like(highs), highs)
    if ends == "around zero":
        limits = Limits(lows, highs).with_middle()
    chosen_name = "" if is_difference and not has_middle else colormap
    name = chosen_name or ("signed" if ends == "around zero" else "viridis")
    means = reduced(drawn, Grid(len(drawn), drawn.shape[1], drawn.shape[2], 1, kept_height, kept_width))
    return Tiles(form, chosen, indices(means, limits), name, ends, (count, height, width))


def pictured(drawn: Tiles, count: int, across: int, height: int, width: int, gap: int) -> Index:
    """Put the first tiles on one picture, row by row.

    Args:
        drawn: The tiles.
        count: How many of them.
        across: How many beside each other.
        height: Of a tile on the picture, in pixels.
        width: Of a tile on the picture, in pixels.
        gap: Pixels between tiles, left transparent.

    Returns:
        ``(height, width, 4)`` uint8 RGBA.
    """
    down = -(-count // across)
    rgba = np.zeros((down * (height + gap) - gap, across * (width + gap) - gap, 4), np.uint8)
    colors = palette(drawn.colormap)
    for place in range(count):
        top, left = place // across * (height + gap), place % across * (width + gap)
        part = rgba[top : top + height, left : left + width]
        part[..., :3] = colors[_scaled(_scaled(drawn.index[place], height, 0), width, 1)]
        part[..., 3] = 255
    return rgba


def _scaled(index: Index, length: int, axis: int) -> Index:
    """Bring palette indices to a length: each repeated, or the mean of those that share a pixel."""
    there = index.shape[axis]
    if length >= there:
        repeated: Index = np.take(index, np.arange(length) * there // length, axis=axis)
        return repeated
    starts = np.arange(length) * there // length
    sums = np.add.reduceat(index, starts, axis=axis, dtype=np.float32)
    counts = np.diff(np.append(starts, there)).astype(np.float32)
    means: Index = (sums / (counts[:, None] if axis == 0 else counts) + 0.5).astype(np.uint8)
    return means
