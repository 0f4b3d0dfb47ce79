"""The value that so many others are smaller than: exact, without sorting them all."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from inspector.render.arrays import blocks

Reals = NDArray[np.floating]  # integers too

_SAMPLE = 1 << 15
_MARGIN = 0.003  # of all values: five times what such a sample is usually wrong by


def ranked(values: Reals, fraction: float) -> tuple[float, float]:
    """Return the values that ``fraction`` of all lie below, and above.

    Of ``n`` values in order these are number ``round((n - 1) * fraction)``, counted from 0 and from either end: exact,
    whatever their order and however many are equal.

    Args:
        values: A vector of finite numbers, 1 or more.
        fraction: From 0 to 1.

    Source:
        Floyd and Rivest, Expected Time Bounds for Selection, Communications of the ACM 18(3), 1975: a sample says where
        to look, and counting says whether that was right.
    """
    first = round((values.size - 1) * fraction)
    ranks = (first, values.size - 1 - first)
    step = max(1, values.size // _SAMPLE) | 1  # odd, so that it meets every column of a map
    sample = np.sort(values[::step])
    margin = round(sample.size * _MARGIN)
    found = []
    for rank in ranks:
        lower, upper = (sample[min(max(rank // step + away, 0), sample.size - 1)] for away in (-margin, margin))
        number = _between(values, rank, lower, upper)
        if number is None:
            parted = np.partition(values, ranks)
            return float(parted[ranks[0]]), float(parted[ranks[1]])
        found.append(number)
    return found[0], found[1]


def _between(values: Reals, rank: int, lower: np.floating, upper: np.floating) -> float | None:
    """Return number ``rank`` in order, or None if it is not one from ``lower`` to ``upper``."""
    smaller, inside = 0, []
    for part in blocks(values):
        beginning = part < lower
        smaller += int(np.count_nonzero(beginning))
        inside.append(part[np.greater(part < upper, beginning)])
    rank -= smaller
    middle = np.concatenate(inside)
    if 0 <= rank < middle.size:
        return float(np.partition(middle, rank)[rank])
    if rank < 0:
        return None
    equal = sum(int(np.count_nonzero(part == upper)) for part in blocks(values))
    return float(upper) if rank < middle.size + equal else None
