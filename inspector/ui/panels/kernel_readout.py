"""What is drawn of a layer's kernels, and what the cursor reads there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from inspector import format
from inspector.graph.model import Array
from inspector.render.grid import Place
from inspector.render.limits import Limits


@dataclass(frozen=True, slots=True)
class Shown:
    """What is drawn of a layer's kernels.

    Attributes:
        what: Each tile is a kernel as a color picture, a kernel of one channel, or one input channel's slice of the
            kernel ``output``; or the only one is a matrix.
        tiles: ``(tiles, height, width)`` weights behind the tiles; of color pictures
            ``(kernels, 3, height, width)``.
        limits: Of the colors.
        output: The chosen output channel.
        steps: Of a matrix: every so many rows and columns are drawn.
        order: Of color pictures: where red, green and blue are.
    """

    what: Literal["colors", "kernels", "slices", "matrix"]
    tiles: Array
    limits: Limits
    output: int = 0
    steps: tuple[int, int] = (1, 1)
    order: tuple[int, int, int] = (0, 1, 2)


def read_out(shown: Shown, place: Place) -> tuple[tuple[str, str], ...]:
    """Return the weight at a place as (label, value) pairs."""
    if shown.what == "matrix":
        row, column = place.row * shown.steps[0], place.column * shown.steps[1]
        return ("row", str(row)), ("column", str(column)), ("=", _number(shown.tiles[0, place.row, place.column]))
    where = (("row", str(place.row)), ("column", str(place.column)))
    if shown.what == "colors":
        values = shown.tiles[place.channel, :, place.row, place.column]
        colors = tuple((name, _number(values[at])) for name, at in zip("RGB", shown.order, strict=True))
        return ("kernel", str(place.channel)), *where, *colors
    value = ("=", _number(shown.tiles[place.channel, place.row, place.column]))
    if shown.what == "kernels":
        return ("kernel", str(place.channel)), *where, value
    return ("kernel", str(shown.output)), ("input", str(place.channel)), *where, value


def _number(value: float) -> str:
    return format.significant(float(value))
