"""Layers and kernels as pictures, ready to be written: the same colours as in the window."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inspector.analysis.reading import reading
from inspector.graph.model import Array, Tensor
from inspector.render.grid import Grid, best_columns, best_grid
from inspector.render.kernels import first_layer_rgb
from inspector.render.limits import Limits, limits, resolve
from inspector.render.mosaic import mosaic, painted, reduced_colors, sheet, window
from inspector.render.palettes import palette

Pixels = NDArray[np.uint8]

BACKGROUND = (0x1F, 0x20, 0x23)  # between the tiles
RGB = "rgb"  # stands for a colormap where the pixels are colours themselves
_COMFORTABLE_PIXELS = 512  # a smaller picture is magnified
_MOST_MAGNIFIED = 16
_LARGEST_SIDE = 8192


@dataclass(frozen=True, slots=True)
class Drawn:
    """A picture and what its colours stand for.

    Attributes:
        pixels: ``(height, width, 3)`` uint8 RGB.
        limits: The values drawn as the first and the last colour.
        colormap: A name from ``COLORMAPS``, or ``RGB``.
    """

    pixels: Pixels
    limits: tuple[float, float]
    colormap: str


def maps_picture(tensor: Array, known: Tensor, tensors: Mapping[str, Array]) -> Drawn | None:
    """Draw all channels of a tensor as one mosaic, with the same limits for all.

    Of a volume it is the middle slice, with the limits of all slices.

    Args:
        tensor: As stored.
        known: What the model says of it. A quantized one is drawn as the real numbers that its codes stand for.
        tensors: Of the same run.

    Returns:
        None where the tensor has no reading as feature maps.
    """
    read = reading(tensor, known, tensors)
    if read is None:
        return None
    found, colormap = resolve(read.all_slices)
    return Drawn(_mosaic(read.maps, found, colormap), found.of(0), colormap)


def kernels_picture(kernel: Array, bgr: bool = False, as_rgb: bool = False) -> Drawn | None:
    """Draw all kernels of a layer, with limits around zero.

    Each row of tiles is an output channel, each column an input channel; one picture per output channel where the
    input is a picture. A kernel of single numbers is one image of all of them.

    Args:
        kernel: ``(outputs, inputs, ...)`` with 0 to 3 spatial axes.
        bgr: A picture's channels are blue, green, red.
        as_rgb: The input is a picture of three channels.

    Returns:
        None for a kernel of another rank, or without elements.
    """
    if not kernel.size or not 1 <= kernel.ndim <= 5:
        return None
    outputs = len(kernel)
    if as_rgb and kernel.ndim == 4 and kernel.shape[1] == 3:
        return _rgb_kernels(kernel, bgr)
    if math.prod(kernel.shape[2:]) == 1:
        tiles, columns = kernel.reshape(1, outputs, -1), 1
    else:
        height, width = (1, kernel.shape[-1]) if kernel.ndim == 3 else kernel.shape[-2:]
        tiles = kernel.reshape(-1, height, width)
        columns = len(tiles) // outputs if len(tiles) > outputs else 0
    found = limits(tiles, "symmetric")
    return Drawn(_mosaic(tiles, found, "signed", columns), found.of(0), "signed")


def _rgb_kernels(kernel: Array, bgr: bool) -> Drawn:
    count, _, height, width = kernel.shape
    grid = _grid(count, height, width)
    lying = sheet(reduced_colors(first_layer_rgb(kernel, bgr), grid), grid)
    seen = window(lying, 0, 0, grid.size[1], grid.size[0])
    pixels = np.where(seen.blank[..., np.newaxis], np.array(BACKGROUND, np.uint8), seen.pixels)
    return Drawn(pixels, limits(kernel.reshape(count, -1, 1), "symmetric").of(0), RGB)


def _mosaic(tiles: Array, found: Limits, colormap: str, columns: int = 0) -> Pixels:
    count, height, width = tiles.shape
    return painted(mosaic(tiles, found, _grid(count, height, width, columns)), palette(colormap), BACKGROUND)


def _grid(count: int, height: int, width: int, columns: int = 0) -> Grid:
    """Lay tiles out pixel for pixel; small ones magnified, and reduced only where no program could open the picture."""
    columns = columns or best_columns(count, height, width, 1000, 1000)
    plain = Grid(count, height, width, columns, height, width)
    longest = max(plain.size)
    if longest > _LARGEST_SIDE:
        return best_grid(count, height, width, _LARGEST_SIDE, _LARGEST_SIDE)
    scale = max(1, min(_MOST_MAGNIFIED, _COMFORTABLE_PIXELS // longest))
    return Grid(count, height, width, columns, height * scale, width * scale)
