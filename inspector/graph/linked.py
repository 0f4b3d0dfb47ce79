"""One place in a network, wherever it is looked at: what an element sees, what a pixel reaches, and where both meet."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from inspector.graph.context import Rectangle
from inspector.graph.model import Array, Layer
from inspector.graph.projective import Reached, reached_along
from inspector.graph.receptive_field import ReceptiveField

Status = Literal["exact", "bound", "whole input", "unknown", "nothing"]


@dataclass(frozen=True, slots=True)
class Maps:
    """How the elements of a layer's feature maps lie, and what they see.

    Attributes:
        layer: Its name.
        field: Of its elements.
        axes: Of the tensor, as stored: those of channels, depth, rows and columns; -1 for one that it has not.
        shape: As stored, of one pass.
    """

    layer: str
    field: ReceptiveField
    axes: tuple[int, int, int, int]
    shape: tuple[int, ...]

    @property
    def height(self) -> int:
        """Rows of a map."""
        return self._length(2)

    @property
    def width(self) -> int:
        """Columns of a map."""
        return self._length(3)

    def _length(self, which: int) -> int:
        return self.shape[self.axes[which]] if self.axes[which] >= 0 else 1


@dataclass(frozen=True, slots=True)
class Element:
    """One element of a layer's feature maps: its place, as the maps are shown."""

    row: int
    column: int
    channel: int = 0
    depth: int = 0


@dataclass(frozen=True, slots=True)
class Seen:
    """What an element sees of the picture.

    Attributes:
        status: As in ``ReceptiveField``; ``nothing`` where only the picture's shape or constants are seen.
        ends: For each axis of the picture, where what is seen begins and ends, in its pixels; it may reach beyond the
            rim. None unless exact or bound.
    """

    status: Status
    ends: tuple[tuple[float, float], ...] | None = None

    @property
    def rectangle(self) -> Rectangle | None:
        """The same in two dimensions; None where there are others, or none."""
        if self.ends is None or len(self.ends) != 2:
            return None
        (top, bottom), (left, right) = self.ends
        return Rectangle(left, top, right, bottom)


def maps_of(layer: Layer, tensor: Array) -> Maps | None:
    """Return how a layer's maps lie in its tensor; None where it cannot be read as maps.

    Args:
        layer: One of the model.
        tensor: Its output in a run.
    """
    shape = tuple(int(each) for each in tensor.shape[layer.output.passes :])
    if not 1 <= len(shape) <= 5:
        return None
    return Maps(layer.name, layer.receptive_field, _axes(len(shape), layer.output.channels_last), shape)


def _axes(rank: int, channels_last: bool) -> tuple[int, int, int, int]:
    if rank == 1:
        return 0, -1, -1, -1
    is_last = channels_last and rank > 2
    spatial = [-1, -1, -1, *(range(1, rank - 1) if is_last else range(2, rank))][-3:]
    return rank - 1 if is_last else 1, spatial[0], spatial[1], spatial[2]


def seen_by(maps: Maps, element: Element) -> Seen:
    """Return what an element sees of the picture, which may reach into the padding."""
    field = maps.field
    if field.size is None:
        return Seen(field.status)
    if 0 in field.size:
        return Seen("nothing")
    middles = _middles(maps, element)
    if middles is None:
        return Seen("unknown")
    ends = tuple((at - size / 2, at + size / 2) for at, size in zip(middles, field.size, strict=True))
    return Seen(field.status, ends)


def _middles(maps: Maps, element: Element) -> tuple[float, ...] | None:
    """Return the middle of what an element sees, along each axis of the picture."""
    field = maps.field
    if field.jump is None or field.start is None or field.axes is None:
        return None
    place = _place(maps, element)
    return tuple(
        start + jump * (place[axis] if axis >= 0 else 0)
        for start, jump, axis in zip(field.start, field.jump, field.axes, strict=True)
    )


def _place(maps: Maps, element: Element) -> list[int]:
    """Return where an element is in its tensor, the first of the batch."""
    place = [0] * len(maps.shape)
    for axis, at in zip(maps.axes, (element.channel, element.depth, element.row, element.column), strict=True):
        if axis >= 0:
            place[axis] = at
    return place


def same_place(source: Maps, element: Element, target: Maps) -> Element | None:
    """Return the element of another layer that looks at the same place of the picture.

    Of several that are as near to it, it is the first; where their fields do not move along an axis, the first along
    that. The channel stays 0.

    Returns:
        None where the place means nothing in one of the two layers, or the other one has no element there.
    """
    if source == target:
        return element
    middles = _middles(source, element)
    return at_pixel(target, middles) if middles is not None else None


def at_pixel(target: Maps, middles: Sequence[float]) -> Element | None:
    """Return the element whose field has its middle nearest to a point of the picture.

    Args:
        target: The layer.
        middles: The point, along each axis of the picture; the middle of its first pixel is 0.5.

    Returns:
        None where no element is there, or that is not known.
    """
    field = target.field
    if field.size is None or field.jump is None or field.start is None or field.axes is None:
        return None
    if len(middles) != len(field.jump) or 0 in field.size or not any(field.jump):
        return None
    place = [0] * len(target.shape)
    for middle, jump, start, axis in zip(middles, field.jump, field.start, field.axes, strict=True):
        if axis < 0 or jump == 0:
            continue
        if axis not in target.axes[1:]:
            return None  # what it shows as channels are places
        nearest = math.ceil((middle - start) / jump - 0.5)
        if not -1 <= nearest <= target.shape[axis]:  # just beyond the rim, the outermost one is meant
            return None
        place[axis] = min(max(nearest, 0), target.shape[axis] - 1)
    depth, row, column = (place[axis] if axis >= 0 else 0 for axis in target.axes[1:])
    return Element(row, column, 0, depth)


def reached_by(maps: Maps, pixel: Sequence[int]) -> Reached | None:
    """Return which elements of a layer's maps see a pixel of the picture.

    Args:
        maps: The layer.
        pixel: Its place, along each axis of the picture.

    Returns:
        None where nothing is known of it.
    """
    field = maps.field
    if field.status == "whole input":
        return Reached(0, 0, maps.height, maps.width, is_bound=True)
    if field.size is None or field.jump is None or field.start is None or field.axes is None:
        return None
    if len(pixel) != len(field.size):
        return None
    ends = {2: (0, maps.height), 3: (0, maps.width)}
    along = zip(field.size, field.jump, field.start, field.axes, pixel, strict=True)
    for size, jump, start, axis, at in along:
        which = maps.axes.index(axis) if axis >= 0 else -1
        found = reached_along(size, jump, start, at, maps.shape[axis] if which >= 0 else 1)
        if which in ends:
            ends[which] = _both(ends[which], found)
        elif found[0] >= found[1]:  # nothing of it is seen, whatever the place
            ends = {2: (0, 0), 3: (0, 0)}
    (top, bottom), (left, right) = ends[2], ends[3]
    return Reached(top, left, bottom, right, is_bound=field.status != "exact")


def _both(one: tuple[int, int], other: tuple[int, int]) -> tuple[int, int]:
    return max(one[0], other[0]), min(one[1], other[1])


# ---------------------------------------------------------------- over the picture


def extent(maps: Maps, height: int, width: int) -> Rectangle:
    """Return where a layer's maps lie on the input, in its pixels.

    Each element lies where the middle of what it sees is, and is as large as the distance to its neighbour. Where that
    is not known, or rows and columns are exchanged or mirrored, the maps lie over all of the input.

    Args:
        maps: The layer.
        height: Of the input.
        width: Of the input.
    """
    field = maps.field
    whole = Rectangle(0, 0, width, height)
    if field.jump is None or field.start is None or field.axes is None or len(field.jump) != 2:
        return whole
    if field.axes != maps.axes[2:] or min(field.jump) <= 0:
        return whole
    (down, across), (top, left) = field.jump, field.start
    left, top = left - across / 2, top - down / 2
    return Rectangle(left, top, left + across * maps.width, top + down * maps.height)


def in_elements(part: Rectangle, place: Rectangle, height: int, width: int) -> Rectangle:
    """Return a part of the input in elements of a map.

    Args:
        part: In pixels of the input.
        place: Where the map lies, see ``extent``.
        height: Of the map.
        width: Of the map.
    """
    across, down = width / (place.right - place.left), height / (place.bottom - place.top)
    return Rectangle(
        (part.left - place.left) * across,
        (part.top - place.top) * down,
        (part.right - place.left) * across,
        (part.bottom - place.top) * down,
    )


def picture_in_input(
    size: tuple[int, int], box: tuple[float, float, float, float], height: int, width: int
) -> Rectangle:
    """Return where a whole picture would lie in the input, of which the model sees what is within ``box``.

    Args:
        size: ``(width, height)`` of the picture.
        box: ``(left, top, right, bottom)`` in its pixels.
        height: Of the input.
        width: Of the input.
    """
    left, top, right, bottom = box
    across, down = width / (right - left), height / (bottom - top)
    return Rectangle(-left * across, -top * down, (size[0] - left) * across, (size[1] - top) * down)
