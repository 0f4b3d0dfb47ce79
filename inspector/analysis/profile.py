"""One place of a layer's maps across its channels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inspector.analysis.reading import Reading


@dataclass(frozen=True, slots=True)
class Profile:
    """What every channel holds at one place.

    Attributes:
        values: ``(channels,)`` float64.
        order: The channels as they are listed.
        low, high: The smallest and the largest finite value, zero among them.
    """

    values: NDArray[np.float64]
    order: NDArray[np.intp]
    low: float
    high: float

    def rank(self, channel: int) -> int:
        """Return the place of a channel in the order; -1 if there is no such channel."""
        found = np.flatnonzero(self.order == channel)
        return int(found[0]) if found.size else -1

    def bars(self, count: int) -> Sequence[tuple[float, float]]:
        """Return the smallest and largest value of each of ``count`` equal parts of the order.

        NaN and Inf count as 0. A part holds its neighbour's channel where there are fewer channels than parts.
        """
        values = self.values[self.order]
        starts = np.arange(count) * len(values) // count
        ends = np.maximum(starts + 1, np.append(starts[1:], len(values)))
        finite = np.where(np.isfinite(values), values, 0.0)
        return [
            (float(finite[a:b].min()), float(finite[a:b].max()))
            for a, b in zip(starts.tolist(), ends.tolist(), strict=True)
        ]


def profile(found: Reading, row: int, column: int, by_value: bool = False) -> Profile | None:
    """Return a layer's values at one place.

    Args:
        found: The layer, read as maps.
        row: Of a map.
        column: Of a map.
        by_value: List the channel with the largest value first, NaN last; otherwise by number.

    Returns:
        None where there is no such element.
    """
    if not found.has(0, row, column):
        return None
    values = np.asarray(found.values[:, found.slice, row, column], np.float64)
    order = np.argsort(-values, kind="stable") if by_value else np.arange(len(values))
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
    return Profile(values, order, min(low, 0.0), max(high, 0.0))
