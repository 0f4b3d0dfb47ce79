"""A network's answer as a picture: colours for classes, and values as brightness."""

from __future__ import annotations

import functools
from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from inspector.render.arrays import Index, Numbers, Values
from inspector.render.indices import indices
from inspector.render.limits import limits, shared_limits
from inspector.render.palettes import palette, to_rgb

COLORS = 256  # so many classes have a colour of their own; behind them they come again

_BACKGROUND = (0x8C, 0x8C, 0x8C)  # of class 0, which in most networks is what is nothing else
_DARKEST, _LIGHTEST = 0.10, 0.62  # relative luminance: what shows on a dark panel, a light one and a photo
_LEVELS = range(0, 256, 17)


def class_color(index: int) -> tuple[int, int, int]:
    """Return the colour of a class, the same in every picture and every network."""
    red, green, blue = (int(each) for each in class_colors()[index % COLORS])
    return red, green, blue


@functools.cache
def class_colors() -> Index:
    """Return the colours of the first classes, ``(256, 3)`` uint8 RGB, read-only.

    Each is the one that differs most from all before it, of those that are neither too dark nor too light; class 0 is
    grey.

    Source:
        Glasbey, van der Heijden, Toh and Gray, Colour Displays for Categorical Images, 2007; distances are taken in
        Oklab, Ottosson 2020.
    """
    grid = np.stack(np.meshgrid(_LEVELS, _LEVELS, _LEVELS, indexing="ij"), -1).reshape(-1, 3).astype(np.uint8)
    luminance = _linear(grid) @ np.array([0.2126, 0.7152, 0.0722])
    candidates = grid[(luminance >= _DARKEST) & (luminance <= _LIGHTEST)]
    places = _oklab(candidates)
    chosen = [np.array(_BACKGROUND, np.uint8)]
    nearest = _distances(places, _oklab(chosen[0][np.newaxis])[0])
    while len(chosen) < COLORS:
        farthest = int(nearest.argmax())
        chosen.append(candidates[farthest])
        nearest = np.minimum(nearest, _distances(places, places[farthest]))
    colors: Index = np.stack(chosen)
    colors.flags.writeable = False
    return colors


def class_picture(classes: NDArray[np.int32], hidden: Collection[int] = ()) -> Index:
    """Draw a map of classes.

    Args:
        classes: ``(height, width)``; -1 where there is none.
        hidden: Classes that are not to be drawn.

    Returns:
        ``(height, width, 4)`` uint8 RGBA; transparent where there is no class, or a hidden one.
    """
    drawn = np.empty((*classes.shape, 4), np.uint8)
    drawn[..., :3] = class_colors()[classes % COLORS]
    drawn[..., 3] = np.where((classes < 0) | np.isin(classes, list(hidden)), 0, 255)
    drawn[drawn[..., 3] == 0] = 0
    return drawn


def image_picture(planes: Values, limits: tuple[float, float], bgr: bool = False) -> Index:
    """Draw values as brightness or colours.

    Args:
        planes: ``(channels, height, width)`` with 1, 3 or 4 channels; of 4, the last is left out.
        limits: The values drawn as 0 and as 255; what lies beyond them is cut off.
        bgr: Of three channels blue comes first.

    Returns:
        ``(height, width, 3)`` uint8 RGB.
    """
    drawn = indices(planes[:3] if len(planes) > 1 else planes, shared_limits(*limits))
    three = np.repeat(drawn, 3, axis=0) if len(drawn) == 1 else drawn[::-1] if bgr else drawn
    return np.ascontiguousarray(three.transpose(1, 2, 0))


def difference_picture(values: Values) -> tuple[Index, float]:
    """Draw one image less another around zero, as ``(height, width, 3)`` uint8 RGB.

    Args:
        values: ``(height, width)``.

    Returns:
        The picture, and the difference that is drawn as the last color; 0 where there is none.
    """
    found = limits(values[np.newaxis]).with_middle()
    reach = found.of(0)[1] if values.any() else 0.0
    return to_rgb(indices(values[np.newaxis], found)[0], palette("signed")), reach


def _linear(colors: Index) -> Numbers:
    channel = colors / 255
    linear: Numbers = np.where(channel <= 0.04045, channel / 12.92, ((channel + 0.055) / 1.055) ** 2.4)
    return linear


def _oklab(colors: Index) -> Numbers:
    to_cones = np.array(
        [
            [0.4122214708, 0.5363325363, 0.0514459929],
            [0.2119034982, 0.6806995451, 0.1073969566],
            [0.0883024619, 0.2817188376, 0.6299787005],
        ]
    )
    to_lab = np.array(
        [
            [0.2104542553, 0.7936177850, -0.0040720468],
            [1.9779984951, -2.4285922050, 0.4505937099],
            [0.0259040371, 0.7827717662, -0.8086757660],
        ]
    )
    lab: Numbers = np.cbrt(_linear(colors) @ to_cones.T) @ to_lab.T
    return lab


def _distances(places: Numbers, place: Numbers) -> Numbers:
    """Return distances, rounded so that every machine chooses the same of two that are equally far."""
    distances: Numbers = np.round(np.sqrt(((places - place) ** 2).sum(axis=1)), 6)
    return distances
