"""One tile by itself, to be taken away: a pixel for each element, coloured as it is seen, and its numbers as text."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inspector.render.arrays import Index, Values
from inspector.render.indices import indices
from inspector.render.limits import Limits
from inspector.render.palettes import MARK, to_rgb
from inspector.render.rows import in_rows

MOST_NUMBERS = 10_000  # that are written as text


@dataclass(frozen=True, slots=True)
class Taken:
    """A tile by itself. Its arrays are copies: one that is kept keeps no run in memory.

    Attributes:
        pixels: ``(height, width, 3)`` uint8 RGB.
        values: ``(height, width)``, what the pixels were made of; None for a picture.
        limits: The values drawn as the first and the last color; None for a picture.
    """

    pixels: Index
    values: Values | None = None
    limits: tuple[float, float] | None = None

    @property
    def text(self) -> str:
        """The numbers, rows on lines and tabs between; empty where there are none, or more than ``MOST_NUMBERS``."""
        return tab_separated(self.values) if self.values is not None else ""


def taken(values: Values, limits: Limits, colors: Index, channel: int = 0) -> Taken:
    """Draw one map.

    Args:
        values: ``(height, width)``, any number type. NaN is drawn in the color of its mark, Inf white.
        limits: That it is drawn with among others.
        colors: The palette.
        channel: Whose limits hold, where each channel has its own.
    """
    own = limits if limits.is_shared else limits.arranged(np.array([channel]))
    pixels = to_rgb(indices(values[np.newaxis], own)[0], colors)
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        pixels[np.isnan(values)] = MARK
        pixels[np.isinf(values)] = 255
    return Taken(pixels, values.copy(), own.of(0))


def taken_rows(maps: Values, limits: Limits, colors: Index) -> Taken:
    """Draw signals, ``(channels, 1, samples)``, as one picture whose rows are the channels."""
    index = in_rows(indices(maps, limits))[0]
    return Taken(to_rgb(index, colors), in_rows(maps)[0].copy(), limits.of(0) if limits.is_shared else None)


def tab_separated(values: Values) -> str:
    """Return ``(height, width)`` numbers as text, each so exactly that it can be read back; empty for too many."""
    if values.size > MOST_NUMBERS:
        return ""
    return "\n".join("\t".join(str(each) for each in row) for row in values)
