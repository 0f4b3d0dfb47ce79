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
    for axis, wanted in enumerate(_wanted(grid, zoom), start=1):
        if wanted < maps.shape[axis]:
            maps = _averaged(maps, axis, wanted)
    return maps


def reduced_colors(tiles: Index, grid: Grid, zoom: float = 1) -> Index:
    """Return ``(channels, height, width, 3)`` colors as ``reduced`` returns numbers."""
    means = reduced(tiles, grid, zoom)
    return tiles if means is tiles else np.floor(means.astype(np.float32) + 0.5).astype(np.uint8)


def _wanted(grid: Grid, zoom: float) -> tuple[int, int]:
    return round(grid.tile_height * zoom), round(grid.tile_width * zoom)


def _averaged(maps: Values, axis: int, wanted: int) -> NDArray[np.floating]:
    length = maps.shape[axis]
    starts = np.arange(wanted) * length // wanted
    counts = np.diff(np.append(starts, length))
    shape = [1] * maps.ndim
    shape[axis] = wanted
    numbers = widened(maps)
    kind = np.float64 if numbers.dtype.itemsize > 4 or numbers.dtype in (np.int32, np.uint32) else np.float32
    with np.errstate(invalid="ignore", over="ignore"):
        means: NDArray[np.floating] = _summed(numbers, axis, starts, counts, kind) / counts.reshape(shape).astype(kind)
        if kind is np.float32 and not np.isfinite(means).all():  # perhaps only their sum is too large for float32
            means = _summed(numbers, axis, starts, counts, np.float64) / counts.reshape(shape)
    return means


def _summed(
    numbers: Values, axis: int, starts: NDArray[np.intp], counts: NDArray[np.intp], kind: type[np.floating]
) -> NDArray[np.floating]:
    sums: NDArray[np.floating] = np.take(numbers, starts, axis=axis).astype(kind, copy=False)
    for further in range(1, int(counts.max())):
        longer = np.flatnonzero(counts > further)
        if longer.size == starts.size:
            sums += np.take(numbers, starts + further, axis=axis)
        else:
            sums[(slice(None),) * axis + (longer,)] += np.take(numbers, starts[longer] + further, axis=axis)
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
    y, no_y = _sampled(top, height, zoom, grid.pitch[0], grid.tile_height, stored_height, grid.rows)
    x, no_x = _sampled(left, width, zoom, grid.pitch[1], grid.tile_width, stored_width, grid.columns)
    blank = no_y[:, None] | no_x[None, :]
    full = grid.channels - (grid.rows - 1) * grid.columns
    if full < grid.columns:
        blank |= (y >= (grid.rows - 1) * stored_height)[:, None] & (x >= full * stored_width)[None, :]
    pixels = np.take(np.take(lying.pixels, y, axis=0), x, axis=1)
    kinds = None if lying.kinds is None else np.take(np.take(lying.kinds, y, axis=0), x, axis=1)
    if kinds is not None:
        kinds[blank] = 0
    return Window(pixels, blank, kinds)


def _sampled(
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
