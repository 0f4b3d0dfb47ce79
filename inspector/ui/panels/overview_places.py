"""Where everything of the overview is, at one enlargement: columns and their tiles, and the ways between them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QPointF, QRectF

from inspector.graph.columns import INPUT, Columns
from inspector.graph.layering import Layered
from inspector.render.columns import Form

STRIPE = 4
STRIPE_ROOM = 8  # with the space below it
BRACKETS = 22  # pixels above the columns
EDGE = 12
_APART = 14  # between columns above each other
_MOST = 16  # tiles of a column
_LOWEST = 12.0  # pixels: a tile that is narrower keeps this height, so that a thousand layers still show something
_MOST_FOR_WAYS = 0.3  # of the height


@dataclass(frozen=True, slots=True)
class Content:
    """What a column holds.

    Attributes:
        kind: How its layer is drawn; ``bar`` for what only brings together, ``blank`` for what cannot be drawn.
        tiles: How many there may be.
        aspect: Height of a tile, as a part of its width.
    """

    kind: Form | Literal["bar", "blank"]
    tiles: int = 1
    aspect: float = 1.0


@dataclass(frozen=True, slots=True)
class Spot:
    """A column on the screen.

    Attributes:
        left, top, width, height: Of its tiles together.
        count, across: How many tiles there are, and how many beside each other.
        tile_width, tile_height: Of one.
        gap: Pixels between them.
    """

    left: float
    top: float
    width: int
    height: int
    count: int = 1
    across: int = 1
    tile_width: int = 0
    tile_height: int = 0
    gap: int = 0

    @property
    def rect(self) -> QRectF:
        return QRectF(self.left, self.top, self.width, self.height)

    @property
    def middle(self) -> float:
        return self.top + self.height / 2

    @property
    def right(self) -> float:
        return self.left + self.width

    def tile(self, number: int) -> QRectF:
        """Return where a tile is."""
        row, column = divmod(number, self.across)
        left = self.left + column * (self.tile_width + self.gap)
        return QRectF(left, self.top + row * (self.tile_height + self.gap), self.tile_width, self.tile_height)

    def tile_at(self, at: QPointF) -> int:
        """Return the tile there, or -1."""
        column = int((at.x() - self.left) // (self.tile_width + self.gap))
        row = int((at.y() - self.top) // (self.tile_height + self.gap))
        number = row * self.across + column
        inside = 0 <= column < self.across and row >= 0 and number < self.count
        return number if inside and self.tile(number).contains(at) else -1


@dataclass(frozen=True, slots=True)
class Drawing:
    """What is laid out: the columns, what each holds, and what leads where."""

    columns: Columns
    layered: Layered
    contents: tuple[Content, ...]


class Places:
    """Where everything is, in pixels from the left end of the network and from the top of the view.

    Args:
        drawing: What is laid out.
        tile: Width of a column of maps.
        top, bottom: Of the room for columns.
        ends: The widths that the picture and the answer need at this enlargement.

    Attributes:
        axis: The height at which a single column has its middle.
        picture: Where the picture may be.
        answer: Where the answer may be.
        width: Of all.
    """

    def __init__(self, drawing: Drawing, tile: float, top: float, bottom: float, ends: tuple[float, float]) -> None:
        self.drawing = drawing
        self.tile = tile
        self.gap = gap_of(tile)
        levels = {
            side: max((way.level + 1 for way in drawing.layered.ways if way.side == side), default=0)
            for side in ("above", "below")
        }
        room = (bottom - top) * _MOST_FOR_WAYS
        self.pitch = max(1.5, min(6.0, room / max(1, sum(levels.values()))))
        above, below = (min(levels[side] * self.pitch + 4 * (levels[side] > 0), room) for side in ("above", "below"))
        self.top, self.bottom = top, bottom
        self._first = top + above + STRIPE_ROOM
        self._last = max(self._first + 24, bottom - below)
        self.axis = (self._first + self._last) / 2
        self.picture = QRectF(EDGE, self._first, ends[0], self._last - self._first)
        self.lefts: list[float] = []
        self.widths: list[float] = []
        self.spots: dict[int, Spot] = {}
        self._place_columns(EDGE + ends[0] + self.gap if ends[0] else EDGE)
        right = self.lefts[-1] + self.widths[-1] if self.lefts else EDGE
        self.answer = QRectF(right + max(self.gap, EDGE), self._first, ends[1], self._last - self._first)
        self.width = self.answer.right() + EDGE if ends[1] else right + EDGE
        self.heights = self._place_ways()

    def _place_columns(self, left: float) -> None:
        contents = self.drawing.contents
        for generation in self.drawing.layered.generations:
            width = max(width_of(contents[place].kind, self.tile) for place in generation)
            self._stack(generation, left, width)
            self.lefts.append(left)
            self.widths.append(width)
            left += width + self.gap

    def _stack(self, generation: Sequence[int], left: float, width: float) -> None:
        """Put the columns of a generation above each other, their middle on the axis."""
        room = self._last - self._first
        apart = min(_APART, room * 0.3 / max(1, len(generation) - 1))
        each = max(3.0, (room - (apart + STRIPE_ROOM) * (len(generation) - 1)) / len(generation))
        most = _MOST if len(generation) == 1 else max(4, _MOST * 5 // 4 // len(generation))
        sizes = [_sized(self.drawing.contents[place], self.tile, each, most) for place in generation]
        height = sum(size.height for size in sizes) + (apart + STRIPE_ROOM) * (len(sizes) - 1)
        top = self.axis - height / 2 - STRIPE_ROOM
        for place, size in zip(generation, sizes, strict=True):
            self.spots[place] = Spot(
                round(left + (width - size.width) / 2),
                round(top + STRIPE_ROOM),
                *(size.width, size.height, size.count, size.across, size.tile_width, size.tile_height, size.gap),
            )
            top += size.height + STRIPE_ROOM + apart

    def _place_ways(self) -> dict[int, float]:
        """Return the height at which each way passes, by its source: as near to the columns as others leave room."""
        layered = self.drawing.layered
        highest = [min(self.spots[place].top for place in each) - STRIPE_ROOM for each in layered.generations]
        lowest = [max(self.spots[place].rect.bottom() for place in each) for each in layered.generations]
        heights = {}
        for way in layered.ways:
            passed = slice(way.first, way.last + 1)
            if way.side == "above":
                height = max(self.top, min(highest[passed]) - self.pitch)
                highest[passed] = [height] * (way.last + 1 - way.first)
            else:
                height = min(self.bottom, max(lowest[passed]) + self.pitch)
                lowest[passed] = [height] * (way.last + 1 - way.first)
            heights[way.source] = height
        return heights

    # ---------------------------------------------------------------- finding

    def seen(self, left: float, right: float) -> range:
        """Return the generations between two places."""
        first = max(0, bisect_right(self.lefts, left) - 1)
        return range(first, bisect_left(self.lefts, right))

    def generation_at(self, x: float) -> int:
        """Return the generation there, or the one before the gap; -1 before the first."""
        return bisect_right(self.lefts, x) - 1

    def column_at(self, at: QPointF) -> int | None:
        """Return the column there, its stripe included."""
        number = self.generation_at(at.x())
        for near in (number, number + 1):
            if not 0 <= near < len(self.lefts):
                continue
            for place in self.drawing.layered.generations[near]:
                slack = max(0.0, 5 - self.spots[place].width / 2)
                if self.spots[place].rect.adjusted(-slack, -STRIPE_ROOM, slack, 0).contains(at):
                    return place
        return None

    def start(self, source: int) -> QPointF:
        """Return where the ways of a column begin."""
        if source == INPUT:
            return QPointF(self.picture.right(), self.axis)
        return QPointF(self.spots[source].right, self.spots[source].middle)

    def goal(self, target: int) -> QPointF:
        """Return where the ways to a column end."""
        if target == self.drawing.layered.end:
            return QPointF(self.answer.left() - 4, self.axis)
        return QPointF(self.spots[target].left, self.spots[target].middle)


def gap_of(tile: float) -> float:
    """Return the room between two generations."""
    return max(1.5, min(36.0, 0.48 * tile))


def width_of(kind: str, tile: float) -> float:
    """Return the width of a column."""
    if kind == "bar":
        return max(1.5, min(8.0, 0.16 * tile))
    if kind in ("vector", "blank"):
        return max(1.5, min(22.0, 0.36 * tile))
    return max(1.0, tile)


def widths_of(drawing: Drawing) -> Mapping[str, int]:
    """Count the generations by what the widest column in each holds: for ``width_of_all``."""
    counted: dict[str, int] = {}
    for generation in drawing.layered.generations:
        widest = max((drawing.contents[place].kind for place in generation), key=_RANK.__getitem__)
        counted[widest] = counted.get(widest, 0) + 1
    return counted


_RANK: Mapping[str, int] = {"bar": 0, "blank": 1, "vector": 1, "rows": 2, "maps": 2}


def width_of_all(counted: Mapping[str, int], tile: float, ends: tuple[float, float]) -> float:
    """Return the width of the whole network at an enlargement."""
    gap = gap_of(tile)
    inner = sum(count * (width_of(kind, tile) + gap) for kind, count in counted.items())
    return inner + 3 * EDGE + sum(ends) + gap


def _sized(content: Content, tile: float, room: float, most: int) -> Spot:
    """Return how large a column becomes and how its tiles, at most so many, lie; its place is still open."""
    width = width_of(content.kind, tile)
    if content.kind == "bar":
        height = min(room, max(6.0, min(56.0, 1.1 * tile)))
    elif content.kind in ("vector", "blank"):
        height = min(room, max(16.0, 5 * tile))
    elif content.kind == "rows":
        height = min(room, max(4.0, 1.6 * tile))
    else:
        return _tiled(content, tile, room, most)
    whole = max(1, round(width)), max(1, round(height))
    return Spot(0, 0, *whole, 1, 1, *whole)


def _tiled(content: Content, tile: float, room: float, most: int) -> Spot:
    gap = 2 if tile >= 16 else 1 if tile >= 4 else 0
    high, wide = max(tile * content.aspect, _LOWEST), tile
    if high > room:
        high, wide = room, min(tile, room / content.aspect)
    tile_width, tile_height = max(1, round(wide)), max(1, round(high))
    across = max(1, int((tile + gap) // (tile_width + gap)))
    down = max(1, int((room + gap) // (tile_height + gap)))
    count = min(most, content.tiles, across * down)
    across = min(across, count)
    down = -(-count // across)
    size = across * (tile_width + gap) - gap, down * (tile_height + gap) - gap
    return Spot(0, 0, *size, count, across, tile_width, tile_height, gap)
