"""The steps of a histogram in the colors in which their values are drawn."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from inspector.render.arrays import Index, Values, blocks
from inspector.render.indices import indices
from inspector.render.limits import shared_limits
from inspector.render.palettes import to_rgb
from inspector.render.survey import Survey


def level_counts(maps: Values, known: Survey, steps: int) -> NDArray[np.int64]:
    """Count the finite values in equal steps from the smallest to the largest.

    Args:
        maps: ``(channels, height, width)``, as they were surveyed.
        known: The survey.
        steps: How many.

    Returns:
        ``(steps,)`` counts; none where all values are the same, or too far apart for a float64.
    """
    width = known.high - known.low
    counts = np.zeros(steps, np.int64)
    if not (0 < width < np.inf):
        return counts[:0]
    for part in blocks(maps.reshape(-1)):
        numbers = part.astype(np.float64)
        if known.found.kinds is not None:
            numbers = numbers[np.isfinite(numbers)]
        numbers -= known.low
        numbers *= steps / width
        places = np.minimum(numbers.astype(np.intp), steps - 1)  # the largest value ends the last step
        counts += np.bincount(places, minlength=steps)
    return counts


def step_colors(count: int, ends: tuple[float, float], limits: tuple[float, float], colors: Index) -> Index:
    """Return the color of the middle of each of ``count`` equal steps between two ends, ``(count, 3)``.

    Args:
        count: How many steps.
        ends: Where the first one begins, and where the last one ends.
        limits: The values drawn as the first and the last color.
        colors: The palette.
    """
    low, high = ends
    middles = low + (high - low) * (np.arange(count) + 0.5) / max(1, count)
    found: Index = to_rgb(indices(middles[None, None], shared_limits(*limits))[0], colors)[0]
    return found
