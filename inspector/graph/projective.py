"""What an element of the picture reaches: the receptive field, looked at from the other side."""

from __future__ import annotations

import math
from dataclasses import dataclass

from inspector.graph.receptive_field import ReceptiveField


@dataclass(frozen=True, slots=True)
class Reached:
    """The elements of a feature map that see a pixel.

    Attributes:
        top, left: The first of them.
        bottom, right: One beyond the last; none is reached if one is not beyond its first.
        is_bound: They are at most these; some of them may not see it.
    """

    top: int
    left: int
    bottom: int
    right: int
    is_bound: bool

    @property
    def count(self) -> int:
        """How many elements there are."""
        return max(0, self.bottom - self.top) * max(0, self.right - self.left)


def reached(field: ReceptiveField, pixel: tuple[int, int], height: int, width: int) -> Reached | None:
    """Return which elements of a feature map see a pixel of the input.

    Args:
        field: Of the layer.
        pixel: ``(row, column)`` in the input.
        height: Of the feature map.
        width: Of the feature map.

    Returns:
        None where nothing is known of it.
    """
    if field.status == "whole input":
        return Reached(0, 0, height, width, is_bound=True)
    if field.size is None or field.jump is None or field.start is None or len(field.size) != 2:
        return None
    lengths = enumerate((height, width))
    ends = [reached_along(field.size[k], field.jump[k], field.start[k], pixel[k], length) for k, length in lengths]
    (top, bottom), (left, right) = ends
    return Reached(top, left, bottom, right, is_bound=field.status != "exact")


def reached_along(size: int, jump: float, start: float, pixel: int, length: int) -> tuple[int, int]:
    """Return the first element that sees a pixel along one axis, and the one after the last.

    Args:
        size: Of the receptive field.
        jump: Of the receptive field; 0 where all elements see the same.
        start: Centre of the first element's field.
        pixel: Its place.
        length: How many elements there are.
    """
    at = pixel + 0.5  # a pixel is seen where its centre is
    if size <= 0:
        return 0, 0
    if jump == 0:
        return 0, length if abs(at - start) < size / 2 else 0
    one, other = (at - start - size / 2) / jump, (at - start + size / 2) / jump
    low, high = math.floor(min(one, other)) + 1, math.ceil(max(one, other))
    return min(max(low, 0), length), max(min(high, length), 0)
