"""Layers and kernels as pictures, ready to be written: the same colours as in the window."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inspector.analysis.reading import Reading, reading
from inspector.export.wish import Look
from inspector.graph.model import Array, Picture, Tensor
from inspector.render.columns import strongest
from inspector.render.grid import Grid, best_columns, best_grid
from inspector.render.kernels import first_layer_rgb
from inspector.render.limits import Limits, fitted, fixed, limits, resolve
from inspector.render.mosaic import Mosaic, mosaic, painted, reduced_colors, sheet, window
from inspector.render.overlay import colored
from inspector.render.palettes import COLORMAPS, MARK, palette
from inspector.render.survey import INFINITE, NAN, survey

Pixels = NDArray[np.uint8]

BACKGROUND = (0x1F, 0x20, 0x23)  # between the tiles
RGB = "rgb"  # stands for a colormap where the pixels are colours themselves
_COMFORTABLE_PIXELS = 512  # a smaller picture is magnified
_MOST_MAGNIFIED = 16
_LARGEST_SIDE = 8192
_USUAL = Look()


@dataclass(frozen=True, slots=True)
class Painting:
    """A picture as numbers of colours.

    Attributes:
        index: ``(height, width)`` uint8.
        colors: ``(256, 3)`` uint8 RGB.
    """

    index: Pixels
    colors: Pixels


@dataclass(frozen=True, slots=True)
class Drawn:
    """A picture and what its colours stand for.

    Attributes:
        painting: Its pixels, as numbers of colours where 256 are enough, else ``(height, width, 3)`` uint8 RGB.
        limits: The values drawn as the first and the last colour; a pair for each tile where these differ.
        colormap: A name from ``COLORMAPS``, or ``RGB``.
        grid: How the tiles lie; None where there are none.
        channels: Of the tensor, those of the tiles in their order; empty for all as stored.
    """

    painting: Painting | Pixels
    limits: tuple[float, float] | tuple[tuple[float, float], ...]
    colormap: str
    grid: Grid | None = None
    channels: tuple[int, ...] = ()

    @property
    def pixels(self) -> Pixels:
        """``(height, width, 3)`` uint8 RGB."""
        if isinstance(self.painting, Painting):
            return self.painting.colors[self.painting.index]
        return self.painting


@dataclass(frozen=True, slots=True)
class Shown:
    """A tensor made ready to be drawn.

    Attributes:
        read: As feature maps.
        limits: Shared, or one pair for each channel.
        colormap: A name from ``COLORMAPS``.
    """

    read: Reading
    limits: Limits
    colormap: str

    @property
    def has_maps(self) -> bool:
        """Whether its maps have places that lie on the picture."""
        return self.read.form in ("maps", "volume") and max(self.read.maps.shape[1:]) > 1


def shown(tensor: Array, known: Tensor, tensors: Mapping[str, Array], look: Look = _USUAL) -> Shown | None:
    """Read a tensor, and find limits and colours for it.

    Args:
        tensor: As stored.
        known: What the model says of it. A quantized one is drawn as the real numbers that its codes stand for.
        tensors: Of the same run.
        look: How it is to be drawn.

    Returns:
        None where the tensor has no reading as feature maps.
    """
    read = reading(tensor, known, tensors)
    return None if read is None else limited(read, look)


def limited(read: Reading, look: Look) -> Shown:
    """Find limits and colours for a tensor that is read, the same as in the window."""
    if look.limits is not None:
        return Shown(read, *fixed(*look.limits, look.colormap, survey(read.all_slices)))
    return Shown(read, *resolve(read.all_slices, look.scaling, look.colormap))


def mosaic_picture(ready: Shown, look: Look = _USUAL) -> Drawn:
    """Draw all channels as one mosaic; of a volume its middle slice, with limits of all slices."""
    return _drawn(ready.read.maps, ready.limits, ready.colormap, look)


def boxed_picture(ready: Shown, height: int, width: int, magnified: int = 8) -> Drawn:
    """Draw all channels as one mosaic that fits into a box, as far as each tile can have a pixel.

    Args:
        ready: The tensor.
        height: Of the box, in pixels.
        width: Of the box, in pixels.
        magnified: Pixels along an element's side, at most.
    """
    maps = ready.read.maps
    count, rows, columns = (int(each) for each in maps.shape)
    grid = best_grid(count, rows, columns, width, height)
    if grid.tile_height > magnified * rows:
        grid = Grid(count, rows, columns, grid.columns, magnified * rows, magnified * columns)
    own = ready.limits.of(0) if ready.limits.is_shared else tuple(ready.limits.of(each) for each in range(count))
    painting = _painting(mosaic(maps, ready.limits, grid), palette(ready.colormap))
    return Drawn(painting, own, ready.colormap, grid)


def channel_picture(ready: Shown, channel: int, look: Look = _USUAL) -> Drawn:
    """Draw one channel, with the limits that it has in the mosaic."""
    own = ready.limits if ready.limits.is_shared else ready.limits.arranged(np.array([channel]))
    drawn = _drawn(ready.read.maps[channel : channel + 1], own, ready.colormap, look)
    return Drawn(drawn.painting, own.of(0), drawn.colormap, drawn.grid, (channel,))


def strongest_channel(ready: Shown) -> int:
    """Return the channel with the largest mean."""
    return strongest(ready.read.maps, 1)[0]


def overlay_picture(ready: Shown, channel: int, picture: Picture, look: Look = _USUAL) -> Drawn:
    """Draw one map over what the model saw of a picture, the more transparent the less it responds.

    Args:
        ready: With maps whose places lie on the picture, see ``Shown.has_maps``.
        channel: Of it; it has limits of its own, unless some were chosen.
        picture: That was fed.
        look: Limits that were chosen, and how large each pixel of the picture becomes.
    """
    own = ready.limits
    if look.limits is None:
        own, _ = fitted(limits(ready.read.all_slices[channel : channel + 1]), ready.colormap)
    has_middle = COLORMAPS[ready.colormap].is_diverging
    rgba = colored(ready.read.maps[channel], own, palette(ready.colormap), responds=True, has_middle=has_middle)
    pixels = picture.pixels.copy()
    height, width = pixels.shape[:2]
    across, down = width / picture.size[0], height / picture.size[1]
    left, top, right, bottom = picture.box
    y, rows = _under(top * down, bottom * down, height, rgba.shape[0])
    x, columns = _under(left * across, right * across, width, rgba.shape[1])
    over = rgba[np.ix_(rows, columns)].astype(np.uint16)
    there = np.ix_(y, x)
    strength = over[..., 3:]
    pixels[there] = ((over[..., :3] * strength + pixels[there] * (255 - strength) + 127) // 255).astype(np.uint8)
    times = look.scale or max(1, min(_MOST_MAGNIFIED, (look.width or _COMFORTABLE_PIXELS) // max(height, width)))
    return Drawn(pixels.repeat(times, 0).repeat(times, 1), own.of(0), ready.colormap, None, (channel,))


def _under(start: float, stop: float, length: int, elements: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return which pixels of a side lie under a map, and the row (or column) of the map over each of them."""
    middle = np.arange(length) + 0.5
    at = np.flatnonzero((middle >= start) & (middle < stop))
    element = ((middle[at] - start) / max(stop - start, 1e-9) * elements).astype(np.intp)
    return at, np.minimum(element, elements - 1)


def stack_of(ready: Shown, channels: Sequence[int] = ()) -> tuple[Array, str]:
    """Return maps as a stack, and its axes as ImageJ names them: ``CYX``, or ``ZCYX`` of a volume."""
    values = ready.read.values
    chosen = values[[each for each in channels if each < len(values)]] if channels else values
    return (chosen[:, 0], "CYX") if values.shape[1] == 1 else (chosen.swapaxes(0, 1), "ZCYX")


def kernels_picture(kernel: Array, bgr: bool = False, as_rgb: bool = False, look: Look = _USUAL) -> Drawn | None:
    """Draw all kernels of a layer, with limits around zero.

    Each row of tiles is an output channel, each column an input channel; one picture per output channel where the
    input is a picture. A kernel of single numbers is one image of all of them.

    Args:
        kernel: ``(outputs, inputs, ...)`` with 0 to 3 spatial axes.
        bgr: A picture's channels are blue, green, red.
        as_rgb: The input is a picture of three channels.
        look: Its size and captions; weights are always drawn around zero.

    Returns:
        None for a kernel of another rank, or without elements.
    """
    if not kernel.size or not 1 <= kernel.ndim <= 5:
        return None
    outputs = len(kernel)
    if as_rgb and kernel.ndim == 4 and kernel.shape[1] == 3:
        return _rgb_kernels(kernel, bgr, look)
    if math.prod(kernel.shape[2:]) == 1:
        tiles, columns = kernel.reshape(1, outputs, -1), 1
    else:
        height, width = (1, kernel.shape[-1]) if kernel.ndim == 3 else kernel.shape[-2:]
        tiles = kernel.reshape(-1, height, width)
        columns = len(tiles) // outputs if len(tiles) > outputs else 0
    colormap = look.colormap if look.colormap and COLORMAPS[look.colormap].is_diverging else "signed"
    return _drawn(tiles, limits(tiles, "symmetric"), colormap, look, columns)


def _rgb_kernels(kernel: Array, bgr: bool, look: Look) -> Drawn:
    count, _, height, width = kernel.shape
    grid = _grid(count, height, width, look)
    lying = sheet(reduced_colors(first_layer_rgb(kernel, bgr), grid), grid)
    seen = window(lying, 0, 0, max(grid.size[1], look.width), grid.size[0])
    pixels = np.where(seen.blank[..., np.newaxis], np.array(BACKGROUND, np.uint8), seen.pixels)
    return Drawn(pixels, limits(kernel.reshape(count, -1, 1), "symmetric").of(0), RGB, grid)


def _drawn(tiles: Array, found: Limits, colormap: str, look: Look, columns: int = 0) -> Drawn:
    count, height, width = tiles.shape
    grid = _grid(count, height, width, look, columns)
    laid = mosaic(tiles, found, grid)
    if look.width > grid.size[1]:
        laid = _widened(laid, look.width)
    own = found.of(0) if found.is_shared else tuple(found.of(each) for each in range(count))
    return Drawn(_painting(laid, palette(colormap)), own, colormap, grid)


def _widened(laid: Mosaic, width: int) -> Mosaic:
    """Bring a mosaic to a width with room at its right."""
    more = ((0, 0), (0, width - laid.index.shape[1]))
    kinds = None if laid.kinds is None else np.pad(laid.kinds, more)
    return Mosaic(np.pad(laid.index, more), np.pad(laid.mask, more, constant_values=True), laid.grid, kinds)


def _painting(laid: Mosaic, colors: Pixels) -> Painting | Pixels:
    """Return a mosaic with its gaps and marks in colours of their own, where 256 colours have room for these."""
    others = [(laid.mask, BACKGROUND)] if laid.mask.any() else []
    if laid.kinds is not None:
        others += [(laid.kinds == NAN, MARK), (laid.kinds == INFINITE, (255, 255, 255))]
    if not others:
        return Painting(laid.index, colors)
    is_used = np.zeros(256, np.bool_)
    is_used[laid.index] = True
    free = np.flatnonzero(~is_used)
    if len(free) < len(others):
        return painted(laid, colors, BACKGROUND)
    index, table = laid.index.copy(), colors.copy()
    for place, (where, color) in zip(free, others, strict=False):
        index[where] = place
        table[place] = color
    return Painting(index, table)


def _grid(count: int, height: int, width: int, look: Look, columns: int = 0) -> Grid:
    """Lay tiles out pixel for pixel; small ones magnified, and reduced only where no program could open the picture."""
    columns = columns or best_columns(count, height, width, 1000, 1000)
    if look.width:
        return _grid_of_width(count, height, width, columns, look.width)
    scale = max(1, look.scale)
    plain = Grid(count, height, width, columns, height * scale, width * scale)
    longest = max(plain.size)
    if longest > _LARGEST_SIDE:
        return best_grid(count, height, width, _LARGEST_SIDE, _LARGEST_SIDE)
    if not look.scale:
        scale = max(1, min(_MOST_MAGNIFIED, _COMFORTABLE_PIXELS // longest))
    return Grid(count, height, width, columns, height * scale, width * scale)


def _grid_of_width(count: int, height: int, width: int, columns: int, wanted: int) -> Grid:
    columns = min(columns, max(1, (wanted + 1) // 2))
    tile_width = (wanted + 1) // columns - 1
    rows = -(-count // columns)
    tile_height = max(1, min(round(height * tile_width / width), (_LARGEST_SIDE + 1) // rows - 1))
    return Grid(count, height, width, columns, tile_height, tile_width)
