"""Feature maps and kernels as images of palette indices; palettes; limits.

A value becomes a palette index by its limits, an index becomes a color by its palette. Windows draw indices, files hold
colors; both come from here, so that a picture on disk is the picture on the screen.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from dataclasses import dataclass

import cmap
import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.generic]
Numbers = NDArray[np.float64]
Index = NDArray[np.uint8]
Mask = NDArray[np.bool_]

NAN, INFINITE = 1, 2  # in ``specials``
MARK = (0xFF, 0x5F, 0xA8)  # pink is in no palette that is a default
_BLOCK = 1 << 16  # numbers converted at a time: what stays in the processor's cache
_SAMPLE = 1 << 19  # values that percentiles are taken of, where there are many more
_STRAIGHT = 1e30  # float32 arithmetic is safe for limits and spans between 1 / this and this


# ---------------------------------------------------------------- colors


@dataclass(frozen=True, slots=True)
class Colormap:
    """A row of ``COLORMAPS``.

    Attributes:
        source: Its name in the ``cmap`` catalogue; ``""`` for our own.
        is_diverging: Its middle color stands for zero; it is drawn with limits of the same size on both sides.
    """

    source: str
    is_diverging: bool = False


COLORMAPS: Mapping[str, Colormap] = {
    "viridis": Colormap("bids:viridis"),
    "cividis": Colormap("cividis:cividis"),
    "magma": Colormap("bids:magma"),
    "inferno": Colormap("bids:inferno"),
    "plasma": Colormap("bids:plasma"),
    "gray": Colormap("matlab:gray"),
    "turbo": Colormap("google:turbo"),
    "signed": Colormap("", is_diverging=True),
    "vik": Colormap("crameri:vik", is_diverging=True),
    "rdbu": Colormap("colorbrewer:RdBu_r", is_diverging=True),
}

_SIGNED = ((0x0B, 0x3C, 0x78), (0x3B, 0x82, 0xC4), (0xF4, 0xF3, 0xF0), (0xE0, 0x8A, 0x2E), (0x8A, 0x3A, 0x00))


@functools.cache
def palette(name: str) -> Index:
    """Return the 256 colors of a colormap, ``(256, 3)`` uint8 RGB, read-only.

    Raises:
        KeyError: ``name`` is not in ``COLORMAPS``.
    """
    source = COLORMAPS[name].source
    if source:
        colors = np.asarray(cmap.Colormap(source).lut(256))[:, :3] * 255
    else:
        at = np.linspace(0, len(_SIGNED) - 1, 256)
        colors = np.stack([np.interp(at, range(len(_SIGNED)), channel) for channel in zip(*_SIGNED, strict=True)], -1)
    rounded: Index = np.rint(colors).astype(np.uint8)
    rounded.flags.writeable = False
    return rounded


def default_colormap(low: float) -> str:
    """Return the colormap for data whose smallest value is ``low``: one with a middle where there are two signs."""
    return "signed" if low < 0 else "viridis"


def to_rgb(index: Index, colors: Index) -> Index:
    """Return palette indices of any shape as ``(..., 3)`` uint8 RGB."""
    rgb: Index = np.take(colors, index, axis=0)
    return rgb


def ink(rgb: Index) -> Mask:
    """Say on which colors ``(..., 3)`` black writing has a higher contrast than white (WCAG 2.2)."""
    channel = np.asarray(rgb, np.float64) / 255
    linear = np.where(channel <= 0.04045, channel / 12.92, ((channel + 0.055) / 1.055) ** 2.4)
    luminance = linear @ np.array([0.2126, 0.7152, 0.0722])
    is_black: Mask = (luminance + 0.05) / 0.05 >= 1.05 / (luminance + 0.05)
    return is_black


# ---------------------------------------------------------------- limits


@dataclass(frozen=True, slots=True)
class Scaling:
    """A row of ``SCALINGS``: how limits are chosen, as a phrase for a list and as a sentence for a tooltip."""

    label: str
    sentence: str


SCALINGS: Mapping[str, Scaling] = {
    "layer": Scaling("layer, min to max", "From the smallest to the largest value of the layer; all channels alike."),
    "percentile": Scaling("layer, 1 to 99 %", "The lowest and highest hundredth of the layer's values are cut off."),
    "symmetric": Scaling("layer, around zero", "As far below zero as above it; all channels alike."),
    "channel": Scaling("each channel", "Every channel from its own minimum to its maximum: do not compare channels."),
}


@dataclass(frozen=True, slots=True)
class Limits:
    """The values drawn as the first and the last color.

    Attributes:
        low, high: One number for all channels, or one per channel; float64, finite.
    """

    low: Numbers
    high: Numbers

    @property
    def is_shared(self) -> bool:
        """All channels have the same limits."""
        return self.low.size == 1

    def of(self, channel: int) -> tuple[float, float]:
        """Return the limits of one channel."""
        place = 0 if self.is_shared else channel
        return float(self.low[place]), float(self.high[place])

    def around_zero(self) -> Limits:
        """Return limits as far below zero as above it that hold these."""
        reach = np.maximum(np.abs(self.low), np.abs(self.high))
        return Limits(-reach, reach)


def shared_limits(low: float, high: float) -> Limits:
    """Return these limits for all channels."""
    return Limits(np.array([low], np.float64), np.array([high], np.float64))


def limits(maps: Values, scaling: str = "layer") -> Limits:
    """Choose limits from the finite values.

    Args:
        maps: ``(channels, height, width)``, any number type. A channel without a finite value has the limits 0 and 0.
        scaling: A name from ``SCALINGS``.

    Raises:
        KeyError: ``scaling`` is not in ``SCALINGS``.
    """
    SCALINGS[scaling]
    if scaling == "channel":
        return _extremes_of_channels(maps)
    if scaling == "percentile":
        return _percentiles(maps)
    found = _extremes(maps)
    return found.around_zero() if scaling == "symmetric" else found


def resolve(maps: Values, scaling: str = "layer", colormap: str = "") -> tuple[Limits, str]:
    """Choose limits and colormap that fit each other.

    Args:
        maps: ``(channels, height, width)``.
        scaling: A name from ``SCALINGS``.
        colormap: A name from ``COLORMAPS``; ``""`` lets the data decide.

    Returns:
        The limits and the colormap's name. With a diverging colormap the limits lie around zero, so that zero has the
        color in the middle.
    """
    return fitted(limits(maps, scaling), colormap)


def fitted(found: Limits, colormap: str = "") -> tuple[Limits, str]:
    """Choose a colormap for limits that were found, and fit them to it, as ``resolve`` does."""
    name = colormap or default_colormap(float(found.low.min()) if found.low.size else 0.0)
    return (found.around_zero() if COLORMAPS[name].is_diverging else found), name


def _extremes(values: Values) -> Limits:
    low, high = _reach(values, None)
    return Limits(low.reshape(1), high.reshape(1))


def _extremes_of_channels(maps: Values) -> Limits:
    low, high = _reach(maps, (1, 2))
    return Limits(low, high)


def _reach(values: Values, axis: tuple[int, ...] | None) -> tuple[Numbers, Numbers]:
    """Return smallest and largest finite value, along ``axis``, as float64; 0 where there is none."""
    if values.size == 0:
        count = values.shape[0] if axis else 1
        return np.zeros(count), np.zeros(count)
    low, high = _extremes_of_halves(values, axis) if values.dtype == np.float16 else _extremes_of(values, axis)
    if np.isfinite(low).all() and np.isfinite(high).all():
        return low, high
    numbers = _widened(values)
    finite = np.isfinite(numbers)
    low = np.asarray(numbers.min(axis=axis, where=finite, initial=np.inf), np.float64)
    high = np.asarray(numbers.max(axis=axis, where=finite, initial=-np.inf), np.float64)
    nothing = low > high
    return np.where(nothing, 0.0, low), np.where(nothing, 0.0, high)


def _extremes_of(values: Values, axis: tuple[int, ...] | None) -> tuple[Numbers, Numbers]:
    numbers = _widened(values)
    return np.asarray(numbers.min(axis=axis), np.float64), np.asarray(numbers.max(axis=axis), np.float64)


def _extremes_of_halves(values: Values, axis: tuple[int, ...] | None) -> tuple[Numbers, Numbers]:
    """Return smallest and largest float16, a hundred times faster than numpy: as integers.

    The bits of positive numbers rise with them, those of negative numbers fall. A NaN's are beyond infinity's.
    """
    bits = values.view(np.uint16)
    positive, negative, nearest = values.view(np.int16).max(axis=axis), bits.max(axis=axis), bits.min(axis=axis)
    high = np.where(positive >= 0, positive.astype(np.uint16), nearest)
    low = np.where(negative >= 0x8000, negative, nearest)
    return tuple(np.asarray(found, np.uint16).view(np.float16).astype(np.float64) for found in (low, high))  # type: ignore[return-value]


def _percentiles(values: Values) -> Limits:
    flat = values.reshape(-1)
    # A part of so many values gives the same limits; an odd step does not meet the same column of every map.
    numbers = _widened(flat[:: max(1, flat.size // _SAMPLE) | 1])
    finite = numbers if np.isfinite(numbers).all() else numbers[np.isfinite(numbers)]
    if finite.size == 0:
        return shared_limits(0.0, 0.0)
    ranks = (round((finite.size - 1) * 0.01), round((finite.size - 1) * 0.99))
    parted = np.partition(finite, ranks)
    return shared_limits(float(parted[ranks[0]]), float(parted[ranks[1]]))


def _widened(values: Values) -> Values:
    """Return numbers that numpy compares quickly: it has no fast float16, and booleans have no minimum."""
    if values.dtype == np.float16:
        return values.astype(np.float32)
    if values.dtype == np.bool_:
        return values.view(np.uint8)
    return values


# ---------------------------------------------------------------- indices


def indices(values: Values, limits: Limits) -> Index:
    """Turn values into palette indices.

    Args:
        values: ``(channels, height, width)``, any number type.
        limits: Shared, or one pair per channel. Values beyond them get the first or last color.

    Returns:
        The same shape, uint8. NaN and constant channels get index 0.
    """
    out = np.zeros(values.shape, np.uint8)
    if not values.size:
        return out
    if values.dtype == np.float16 and limits.is_shared and values.size > 1 << 16:
        halves = np.arange(1 << 16, dtype=np.uint16).view(np.float16).astype(np.float32)
        np.take(indices(halves, limits), values.view(np.uint16), out=out)
        return out
    rows = 1 if limits.is_shared else values.shape[0]
    flat, drawn = values.reshape(rows, -1), out.reshape(rows, -1)
    conversion = _conversion(values.dtype, limits)
    high, wide = max(1, _BLOCK // flat.shape[1]), min(_BLOCK, flat.shape[1])
    for row in range(0, rows, high):
        lines = slice(row, row + high)
        for column in range(0, flat.shape[1], wide):
            part = (lines, slice(column, column + wide))
            drawn[part] = conversion.apply(flat[part], lines)
    return out


@dataclass(frozen=True, slots=True)
class _Conversion:
    """``(value * shrink - low) * step + 0.5``, cut off to 0..255.

    Attributes:
        shrink: 1, or what keeps very large or very small numbers within the range of float64.
        low, step: ``(rows, 1)``, already shrunk; the step of a row whose limits are equal is 0.
    """

    kind: type[np.floating]
    shrink: float
    low: NDArray[np.floating]
    step: NDArray[np.floating]

    def apply(self, values: Values, lines: slice) -> NDArray[np.floating]:
        with np.errstate(invalid="ignore", over="ignore"):
            if self.shrink == 1:
                work = np.subtract(values, self.low[lines], dtype=self.kind, casting="unsafe")
            else:
                work = np.multiply(values, self.shrink, dtype=self.kind, casting="unsafe")
                work -= self.low[lines]
            work *= self.step[lines]
            work += self.kind(0.5)
            np.fmax(work, self.kind(0), out=work)  # also turns NaN into 0
            np.fmin(work, self.kind(255), out=work)
        drawn: NDArray[np.floating] = work
        return drawn


def _conversion(dtype: np.dtype[np.generic], limits: Limits) -> _Conversion:
    span = np.maximum(np.abs(limits.low), np.abs(limits.high))
    largest = float(span.max(initial=0.0))
    differ = limits.low < limits.high
    shrink = 0.25 if largest > 1e300 else 2.0**600 if largest < 1e-200 else 1.0
    low = limits.low * shrink
    width = np.where(differ, limits.high * shrink - low, 1.0)
    is_wide = dtype.itemsize > 4 or dtype in (np.int32, np.uint32) or shrink != 1
    is_extreme = largest > _STRAIGHT or float(width.min(initial=1.0)) < 1 / _STRAIGHT
    kind: type[np.floating] = np.float64 if is_wide or is_extreme else np.float32
    step = np.where(differ, 255 / width, 0.0)
    return _Conversion(kind, shrink, low.astype(kind)[:, None], step.astype(kind)[:, None])


@dataclass(frozen=True, slots=True)
class Specials:
    """What cannot be drawn by a palette.

    Attributes:
        nan, infinite: How many values are.
        kinds: ``(channels, height, width)`` uint8: ``NAN``, ``INFINITE`` or 0; None where all are finite.
    """

    nan: int = 0
    infinite: int = 0
    kinds: Index | None = None


def specials(maps: Values) -> Specials:
    """Find the values that are no finite numbers."""
    if maps.dtype.kind != "f" or not maps.size:
        return Specials()
    if maps.dtype == np.float16:
        if int((maps.view(np.uint16) & np.uint16(0x7FFF)).max()) < 0x7C00:
            return Specials()
    elif bool(np.isfinite(maps).all()):
        return Specials()
    nan, infinite = np.isnan(maps), np.isinf(maps)
    kinds = np.where(nan, np.uint8(NAN), np.where(infinite, np.uint8(INFINITE), np.uint8(0)))
    return Specials(int(np.count_nonzero(nan)), int(np.count_nonzero(infinite)), kinds)


@dataclass(frozen=True, slots=True)
class Summary:
    """What the foot of a mosaic says.

    Attributes:
        dead: Channels that are all zero.
        constant: Channels that hold one other number.
        zeros: Part of all values that is zero.
        low, high: Smallest and largest finite value; both 0 if there is none.
    """

    dead: int
    constant: int
    zeros: float
    low: float
    high: float


def summary(maps: Values, found: Specials) -> Summary:
    """Count what stands out, fast enough to be done at every change of the layer.

    Args:
        maps: ``(channels, height, width)``.
        found: NaN and Inf among them: such a channel is neither dead nor constant.
    """
    each, whole = _extremes_of_channels(maps), _extremes(maps)
    same = each.low == each.high
    if found.kinds is not None:
        same &= ~found.kinds.any(axis=(1, 2))
    dead = same & (each.low == 0)
    bits = maps.view(np.uint16) & np.uint16(0x7FFF) if maps.dtype == np.float16 else maps
    zeros = maps.size - int(np.count_nonzero(bits))
    return Summary(
        int(np.count_nonzero(dead)),
        int(np.count_nonzero(same & ~dead)),
        zeros / maps.size if maps.size else 0.0,
        *whole.of(0),
    )


# ---------------------------------------------------------------- tiles


@dataclass(frozen=True, slots=True)
class Place:
    """One element of a feature map."""

    channel: int
    row: int
    column: int


@dataclass(frozen=True, slots=True)
class Grid:
    """How the tiles of a mosaic lie; lengths in the mosaic's pixels.

    Attributes:
        channels: Number of tiles; the last row may not be full.
        height, width: Of a feature map, in its elements.
        columns: Tiles in a row.
        tile_height, tile_width: Pixels a tile is drawn on.
        gap: Pixels between neighbouring tiles.
    """

    channels: int
    height: int
    width: int
    columns: int
    tile_height: int
    tile_width: int
    gap: int = 1

    @property
    def rows(self) -> int:
        """Rows of tiles."""
        return -(-self.channels // self.columns)

    @property
    def pitch(self) -> tuple[int, int]:
        """Pixels from one tile to the next, down and to the right, gap included."""
        return self.tile_height + self.gap, self.tile_width + self.gap

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the mosaic; no gap follows the last tile."""
        return self.rows * self.pitch[0] - self.gap, self.columns * self.pitch[1] - self.gap

    @property
    def is_reduced(self) -> bool:
        """Several elements share a pixel."""
        return self.tile_height < self.height or self.tile_width < self.width

    def tile(self, channel: int) -> tuple[int, int, int, int]:
        """Return ``(left, top, width, height)`` of a channel's tile."""
        row, column = divmod(channel, self.columns)
        return column * self.pitch[1], row * self.pitch[0], self.tile_width, self.tile_height

    def cell(self, place: Place) -> tuple[float, float, float, float]:
        """Return ``(left, top, width, height)`` of one element."""
        left, top, width, height = self.tile(place.channel)
        each_x, each_y = width / self.width, height / self.height
        return left + place.column * each_x, top + place.row * each_y, each_x, each_y

    def channel_at(self, x: float, y: float) -> Place | None:
        """Return the element drawn at ``(x, y)``, or None in a gap or outside."""
        if x < 0 or y < 0:
            return None
        (row, inside_y), (column, inside_x) = divmod(y, self.pitch[0]), divmod(x, self.pitch[1])
        channel = int(row) * self.columns + int(column)
        if column >= self.columns or channel >= self.channels:
            return None
        if inside_x >= self.tile_width or inside_y >= self.tile_height:
            return None
        return Place(
            channel,
            min(int(inside_y * self.height / self.tile_height), self.height - 1),
            min(int(inside_x * self.width / self.tile_width), self.width - 1),
        )


def best_columns(channels: int, height: int, width: int, box_width: float, box_height: float, gap: float = 1) -> int:
    """Return the number of columns with which ``channels`` tiles in a box are largest; the fewest if several are.

    Args:
        channels: How many tiles, 1 or more.
        height: Of a tile, in elements.
        width: Of a tile, in elements.
        box_width: Pixels there are.
        box_height: Pixels there are.
        gap: Pixels between tiles.
    """
    columns = np.arange(1, channels + 1)
    across = (box_width + gap) / columns - gap
    down = (box_height + gap) / np.ceil(channels / columns) - gap
    scale = np.minimum(across / width, down / height)
    return int(columns[np.argmax(scale)])


def best_grid(
    channels: int, height: int, width: int, box_width: int, box_height: int, gap: int = 1, fills: bool = False
) -> Grid:
    """Lay tiles out as large as a box allows.

    Tiles get a whole number of pixels per element where that costs less than a quarter of their size; tiles with more
    elements than there are pixels are reduced, to one pixel at least.

    Args:
        channels: How many tiles, 1 or more.
        height: Of a tile, in elements.
        width: Of a tile, in elements.
        box_width: Pixels there are.
        box_height: Pixels there are.
        gap: Pixels between tiles.
        fills: Give the only tile all the room, though its elements are no squares then: for a matrix.
    """
    if fills and channels == 1:
        return Grid(1, height, width, 1, _whole(box_height, height), _whole(box_width, width), gap)
    columns = best_columns(channels, height, width, box_width, box_height, gap)
    rows = -(-channels // columns)
    scale = min(
        ((box_width + gap) / columns - gap) / width,
        ((box_height + gap) / rows - gap) / height,
    )
    if scale >= 1 and math.floor(scale) > 0.75 * scale:
        scale = math.floor(scale)
    tile_height, tile_width = max(1, int(height * scale + 1e-9)), max(1, int(width * scale + 1e-9))
    return Grid(channels, height, width, columns, tile_height, tile_width, gap)


def _whole(pixels: int, elements: int) -> int:
    """Return at most that many pixels, the same number of them for each element."""
    return max(1, pixels // elements * elements if pixels >= elements else pixels)


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
    """Put the tiles where the grid wants them; tiles larger than the grid's are reduced by averaging.

    Args:
        tiles: ``(channels, height, width)`` indices or ``(channels, height, width, 3)`` colors.
        grid: For as many channels.
        found: NaN and Inf; one of them among the averaged elements marks the pixel.
        zoom: What the sheet will be looked at with, 1 or more: a higher one keeps more elements.
    """
    kinds = found.kinds if found else None
    wanted = (round(grid.tile_height * zoom), round(grid.tile_width * zoom))
    tiles = _reduced(tiles, wanted, average=True)
    if kinds is not None:
        kinds = _arranged(_reduced(kinds, wanted, average=False), grid)
    return Sheet(_arranged(tiles, grid), grid, kinds)


def _arranged(tiles: Index, grid: Grid) -> Index:
    channels, height, width, *color = tiles.shape
    room = np.zeros((grid.rows * grid.columns, height, width, *color), np.uint8)
    room[:channels] = tiles
    lying = room.reshape(grid.rows, grid.columns, height, width, *color).swapaxes(1, 2)
    return lying.reshape(grid.rows * height, grid.columns * width, *color)


def _reduced(tiles: Index, largest: tuple[int, int], average: bool) -> Index:
    """Return tiles of at most that height and width: the mean of the elements that share a pixel, or the largest."""
    for axis, wanted in enumerate(largest, start=1):
        if wanted < tiles.shape[axis]:
            tiles = _averaged(tiles, axis, wanted) if average else _largest(tiles, axis, wanted)
    return tiles


def _averaged(tiles: Index, axis: int, wanted: int) -> Index:
    length = tiles.shape[axis]
    starts = np.arange(wanted) * length // wanted
    counts = np.diff(np.append(starts, length))
    sums = np.take(tiles, starts, axis=axis).astype(np.uint32 if counts.max() > 256 else np.uint16)
    for further in range(1, int(counts.max())):
        longer = np.flatnonzero(counts > further)
        part = (slice(None),) * axis + (longer,)
        if longer.size == wanted:
            sums += np.take(tiles, starts + further, axis=axis)
        else:
            sums[part] += np.take(tiles, starts[longer] + further, axis=axis)
    shape = [1] * tiles.ndim
    shape[axis] = wanted
    divisor = counts.astype(sums.dtype).reshape(shape)
    means: Index = ((sums + divisor // 2) // divisor).astype(np.uint8)
    return means


def _largest(tiles: Index, axis: int, wanted: int) -> Index:
    largest: Index = np.maximum.reduceat(tiles, np.arange(wanted) * tiles.shape[axis] // wanted, axis=axis)
    return largest


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
        nan, infinite: How many values are.
    """

    index: Index
    mask: Mask
    grid: Grid
    kinds: Index | None = None
    nan: int = 0
    infinite: int = 0

    @property
    def pitch(self) -> tuple[int, int]:
        """Pixels from one tile to the next, down and to the right."""
        return self.grid.pitch

    def channel_at(self, x: float, y: float) -> Place | None:
        """Return the element drawn at ``(x, y)``, or None in a gap or outside."""
        return self.grid.channel_at(x, y)


def mosaic(maps: Values, limits: Limits, columns: int = 0, gap: int = 1, magnify: int = 1) -> Mosaic:
    """Draw every channel as a tile.

    Args:
        maps: ``(channels, height, width)``, none of them 0.
        limits: Shared, or one pair per channel.
        columns: Tiles in a row; 0 makes the picture about as high as wide.
        gap: Pixels between tiles.
        magnify: Pixels per element, each way.

    Returns:
        The tiles in channel order, row by row.
    """
    channels, height, width = maps.shape
    columns = columns or best_columns(channels, height * magnify, width * magnify, 1000, 1000, gap)
    grid = Grid(channels, height, width, min(columns, channels), height * magnify, width * magnify, gap)
    found = specials(maps)
    whole = window(sheet(indices(maps, limits), grid, found), 0, 0, grid.size[1], grid.size[0])
    index = np.where(whole.blank, np.uint8(0), whole.pixels)
    return Mosaic(index, whole.blank, grid, whole.kinds, found.nan, found.infinite)


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


def ticks(low: float, high: float, at_most: int) -> tuple[float, ...]:
    """Return round numbers strictly between two limits, in steps of 1, 2 or 5 times a power of ten."""
    span = high - low
    if at_most < 1 or not math.isfinite(span) or span < 1e-300:
        return ()
    step = 10.0 ** math.floor(math.log10(span / at_most))
    for factor in (1, 2, 5, 10):
        first, last = math.ceil(low / (step * factor)), math.floor(high / (step * factor))
        numbers = tuple(n * step * factor for n in range(first, last + 1) if low < n * step * factor < high)
        if len(numbers) <= at_most:
            return numbers
    return ()


# ---------------------------------------------------------------- kernels


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


def kernel_slices(kernel: Values, output: int) -> Values:
    """Return the weights one output channel has for each input channel, ``(inputs, height, width)``.

    Args:
        kernel: ``(outputs, inputs, ...)`` with 0 to 3 spatial axes. A 1-D kernel is one row; the planes of a 3-D kernel
            follow each other, all of input 0 first.
        output: The output channel.
    """
    weights: Values = np.asarray(kernel[output])
    if weights.ndim <= 2:
        return weights.reshape(weights.shape[0] if weights.ndim else 1, 1, -1)
    return weights.reshape(-1, *weights.shape[-2:])


def strongest(tiles: Values) -> int:
    """Return the tile with the largest sum of absolute values, the first of equals: ``(tiles, height, width)``."""
    return int(np.argmax(np.abs(_finite(tiles)).sum(axis=(1, 2)))) if len(tiles) else 0


def kernel_mosaic(kernel: Values, output: int, columns: int = 0, gap: int = 1, magnify: int = 1) -> Mosaic:
    """Draw the weights of one output channel, one tile per input channel, with limits around zero."""
    slices = kernel_slices(kernel, output)
    return mosaic(slices, limits(slices, "symmetric"), columns, gap, magnify)


def _finite(values: Values) -> Numbers:
    return np.nan_to_num(np.asarray(values, np.float64), nan=0.0, posinf=0.0, neginf=0.0)


# ---------------------------------------------------------------- pictures


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
