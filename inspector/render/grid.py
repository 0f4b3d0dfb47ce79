"""How tiles lie beside and under each other."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np


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


def one_to_one_grid(channels: int, height: int, width: int, box_width: int, gap: int = 1) -> Grid:
    """Lay tiles out with one pixel for each element, as many in a row as a box is wide, however high that is."""
    columns = min(channels, max(1, (box_width + gap) // (width + gap)))
    return Grid(channels, height, width, columns, height, width, gap)


def _whole(pixels: int, elements: int) -> int:
    """Return at most that many pixels, the same number of them for each element."""
    return max(1, pixels // elements * elements if pixels >= elements else pixels)
