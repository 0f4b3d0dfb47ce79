"""Tiles as one picture: reduced to the pixels there are, laid out, and looked at in part."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inspector.render.arrays import Index, Mask, Values, widened
from inspector.render.grid import Grid
from inspector.render.indices import indices
from inspector.render.limits import Limits
from inspector.render.palettes import MARK, to_rgb
from inspector.render.survey import INFINITE, NAN, Specials, specials

_AT_A_TIME = 1 << 19  # numbers that are averaged together, so that what is made of them stays near the processor


def reduced(maps: Values, grid: Grid, zoom: float = 1) -> Values:
    """Return maps with at most as many elements as there are pixels for them: each the mean of those that share it.

    Values are averaged before they become colors, so that one far beyond the limits counts in full.

    Args:
        maps: ``(channels, height, width)``, any number type.
        grid: For as many channels.
        zoom: What they will be looked at with, 1 or more: a higher one keeps more elements.

    Returns:
        The maps themselves where there are pixels enough; else float32 or float64.
    """
    height, width = (min(pixels, there) for pixels, there in zip(_wanted(grid, zoom), maps.shape[1:3], strict=True))
    if (height, width) == maps.shape[1:3]:
        return maps
    shares = _sharing(maps.shape[1], height), _sharing(maps.shape[2], width)
    is_wide = maps.dtype.itemsize > 4 or maps.dtype in (np.int32, np.uint32)
    means = _averaged(maps, *shares, np.dtype(np.float64 if is_wide else np.float32))
    if not is_wide and not np.isfinite(means).all():  # perhaps only a sum was too large for float32
        means = _averaged(maps, *shares, np.dtype(np.float64))
    return means


def sampled(maps: Values, grid: Grid, zoom: float = 1) -> Values:
    """Return one element of those that share a pixel: what ``reduced`` would give, roughly, but at once.

    Args and what is returned are those of ``reduced``, except that the numbers keep their type.
    """
    height, width = (min(pixels, there) for pixels, there in zip(_wanted(grid, zoom), maps.shape[1:3], strict=True))
    if (height, width) == maps.shape[1:3]:
        return maps
    rows = np.arange(height) * maps.shape[1] // height
    columns = np.arange(width) * maps.shape[2] // width
    return maps[:, rows[:, np.newaxis], columns]


def reduced_colors(tiles: Index, grid: Grid, zoom: float = 1) -> Index:
    """Return ``(channels, height, width, 3)`` colors as ``reduced`` returns numbers."""
    means = reduced(tiles, grid, zoom)
    return tiles if means is tiles else np.floor(means.astype(np.float32) + 0.5).astype(np.uint8)


def _wanted(grid: Grid, zoom: float) -> tuple[int, int]:
    return round(grid.tile_height * zoom), round(grid.tile_width * zoom)


@dataclass(frozen=True, slots=True)
class _Sharing:
    """Which elements share which pixel along an axis, the pixels with most elements first.

    Attributes:
        starts: The first element of each pixel.
        counts: How many there are.
        order: Where each pixel is in these.
    """

    starts: NDArray[np.intp]
    counts: NDArray[np.intp]
    order: NDArray[np.intp]


def _sharing(length: int, pixels: int) -> _Sharing:
    starts = np.arange(pixels) * length // pixels
    counts = np.diff(np.append(starts, length))
    most_first = np.argsort(-counts, kind="stable")
    return _Sharing(starts[most_first], counts[most_first], np.argsort(most_first))


def _averaged(maps: Values, rows: _Sharing, columns: _Sharing, kind: np.dtype[np.floating]) -> NDArray[np.floating]:
    means = np.empty((len(maps), len(rows.starts), len(columns.starts), *maps.shape[3:]), kind)
    counts = np.multiply.outer(rows.counts, columns.counts).astype(kind)
    counts = counts.reshape(*counts.shape, *[1] * (maps.ndim - 3))
    step = max(1, _AT_A_TIME // maps[0].size)
    with np.errstate(invalid="ignore", over="ignore"):
        for start in range(0, len(maps), step):
            part = slice(start, start + step)
            sums = _summed(_summed(widened(maps[part]), 1, rows, kind), 2, columns, kind)
            sums /= counts
            means[part] = np.take(np.take(sums, rows.order, axis=1), columns.order, axis=2)
    return means


def _summed(maps: Values, axis: int, sharing: _Sharing, kind: np.dtype[np.floating]) -> NDArray[np.floating]:
    sums: NDArray[np.floating] = np.take(maps, sharing.starts, axis=axis).astype(kind, copy=False)
    for further in range(1, int(sharing.counts[0])):
        longer = int(np.count_nonzero(sharing.counts > further))
        into = sums[:, :longer] if axis == 1 else sums[:, :, :longer]
        into += np.take(maps, sharing.starts[:longer] + further, axis=axis)
    return sums


@dataclass(frozen=True, slots=True)
class Sheet:
    """Tiles side by side without gaps, ready to be looked at in part and at any enlargement.

    Attributes:
        pixels: ``(rows * height, columns * width)`` indices, or the same with 3 color channels at the end.
        grid: How they lie.
        kinds: NaN and Inf of the same height and width, see ``Specials``; None where all values are finite.
    """

    pixels: Index
    grid: Grid
    kinds: Index | None = None


def sheet(tiles: Index, grid: Grid, found: Specials | None = None, zoom: float = 1) -> Sheet:
    """Put tiles, which were ``reduced`` for the same zoom, where the grid wants them.

    Args:
        tiles: ``(channels, height, width)`` indices or ``(channels, height, width, 3)`` colors.
        grid: For as many channels.
        found: NaN and Inf in the tiles before they were reduced: one of them marks the pixel it shares.
        zoom: What the sheet will be looked at with.
    """
    kinds = found.kinds if found else None
    if kinds is not None:
        for axis, wanted in enumerate(_wanted(grid, zoom), start=1):
            if wanted < kinds.shape[axis]:
                kinds = np.maximum.reduceat(kinds, np.arange(wanted) * kinds.shape[axis] // wanted, axis=axis)
        kinds = _arranged(kinds, grid)
    return Sheet(_arranged(tiles, grid), grid, kinds)


def _arranged(tiles: Index, grid: Grid) -> Index:
    channels, height, width, *color = tiles.shape
    room = np.zeros((grid.rows * grid.columns, height, width, *color), np.uint8)
    room[:channels] = tiles
    lying = room.reshape(grid.rows, grid.columns, height, width, *color).swapaxes(1, 2)
    return lying.reshape(grid.rows * height, grid.columns * width, *color)


@dataclass(frozen=True, slots=True)
class Window:
    """A part of a mosaic as it is painted.

    Attributes:
        pixels: Indices ``(height, width)`` or colors ``(height, width, 3)``.
        blank: True where there is no tile: gaps, missing tiles, outside.
        kinds: NaN and Inf, see ``Specials``; None where all values are finite.
    """

    pixels: Index
    blank: Mask
    kinds: Index | None = None


def window(lying: Sheet, left: float, top: float, width: int, height: int, zoom: float = 1) -> Window:
    """Return what ``width`` by ``height`` screen pixels show of a mosaic; its cost depends on these alone.

    Args:
        lying: The tiles.
        left: Of the view, in the mosaic's pixels.
        top: Of the view, in the mosaic's pixels.
        width: In screen pixels.
        height: In screen pixels.
        zoom: Screen pixels per pixel of the mosaic, 1 or more. Gaps grow with it.
    """
    grid = lying.grid
    stored_height, stored_width = lying.pixels.shape[0] // grid.rows, lying.pixels.shape[1] // grid.columns
    y, no_y = _seen(top, height, zoom, grid.pitch[0], grid.tile_height, stored_height, grid.rows)
    x, no_x = _seen(left, width, zoom, grid.pitch[1], grid.tile_width, stored_width, grid.columns)
    blank = no_y[:, None] | no_x[None, :]
    full = grid.channels - (grid.rows - 1) * grid.columns
    if full < grid.columns:
        blank |= (y >= (grid.rows - 1) * stored_height)[:, None] & (x >= full * stored_width)[None, :]
    pixels = np.take(np.take(lying.pixels, y, axis=0), x, axis=1)
    kinds = None if lying.kinds is None else np.take(np.take(lying.kinds, y, axis=0), x, axis=1)
    if kinds is not None:
        kinds[blank] = 0
    return Window(pixels, blank, kinds)


def _seen(
    start: float, count: int, zoom: float, pitch: int, drawn: int, stored: int, tiles: int
) -> tuple[NDArray[np.intp], Mask]:
    """Return the stored row (or column) under each screen pixel, and where there is none."""
    at = start + (np.arange(count) + 0.5) / zoom
    tile = np.floor(at / pitch)
    inside = at - tile * pitch
    blank: Mask = (tile < 0) | (tile >= tiles) | (inside >= drawn)
    element = np.minimum(inside * stored / drawn, stored - 1)
    source = np.clip(tile, 0, tiles - 1) * stored + element
    return np.clip(source, 0, tiles * stored - 1).astype(np.intp), blank


@dataclass(frozen=True, slots=True)
class Mosaic:
    """All tiles as one image.

    Attributes:
        index: ``(height, width)`` palette indices; 0 where there is no tile.
        mask: True where there is no tile (gaps, places without a channel): left in the color behind the picture.
        grid: How the tiles lie.
        kinds: NaN and Inf, see ``Specials``; None where all values are finite.
    """

    index: Index
    mask: Mask
    grid: Grid
    kinds: Index | None = None


def mosaic(maps: Values, limits: Limits, grid: Grid) -> Mosaic:
    """Draw every channel as a tile, in channel order, row by row.

    Args:
        maps: ``(channels, height, width)``, none of them 0.
        limits: Shared, or one pair per channel.
        grid: For these maps.
    """
    lying = sheet(indices(reduced(maps, grid), limits), grid, specials(maps))
    whole = window(lying, 0, 0, grid.size[1], grid.size[0])
    return Mosaic(np.where(whole.blank, np.uint8(0), whole.pixels), whole.blank, grid, whole.kinds)


def painted(picture: Mosaic, colors: Index, background: tuple[int, int, int]) -> Index:
    """Return a mosaic as ``(height, width, 3)`` uint8 RGB: what the window paints, for a file.

    Args:
        picture: The mosaic. NaN is drawn pink, Inf white.
        colors: Of the palette.
        background: Of gaps and places without a channel.
    """
    rgb = to_rgb(picture.index, colors)
    rgb[picture.mask] = background
    if picture.kinds is not None:
        rgb[picture.kinds == NAN] = MARK
        rgb[picture.kinds == INFINITE] = 255
    return rgb


def overlay(kinds: Index, stripe: int = 2) -> Index:
    """Return NaN and Inf as ``(height, width, 4)`` uint8 RGBA to lie over a picture: hatched pink, hatched white.

    Args:
        kinds: ``(height, width)``, see ``Specials``.
        stripe: Pixels across a line of the hatching.
    """
    height, width = kinds.shape
    rgba = np.zeros((height, width, 4), np.uint8)
    line = (np.arange(height)[:, None] + np.arange(width)) // stripe % 2 == 0
    for kind, color in ((NAN, MARK), (INFINITE, (255, 255, 255))):
        here = kinds == kind
        rgba[here] = (0, 0, 0, 255)
        rgba[here & line] = (*color, 255)
    return rgba
