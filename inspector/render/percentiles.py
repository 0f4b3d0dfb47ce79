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
        fraction: From 0 to 0.5.

    Source:
        Floyd and Rivest, Expected Time Bounds for Selection, Communications of the ACM 18(3), 1975: a sample says where
        to look, and counting says whether that was right.
    """
    last = values.size - 1
    rank = round(last * fraction)
    step = max(1, values.size // _SAMPLE) | 1  # odd, so that it meets every column of a map
    sample = values[::step].copy()
    reach = rank // step + round(sample.size * _MARGIN)
    if 2 * reach < sample.size:
        sample.partition((reach, sample.size - 1 - reach))
        lower, upper = sample[reach], sample[-1 - reach]
        beyond = np.concatenate([part.compress((part < lower) | (part > upper)) for part in blocks(values)])
        low, high = beyond[beyond < lower], beyond[beyond > upper]
        if _holds(low.size, rank, values, lower) and _holds(high.size, rank, values, upper):
            return _number(low, rank, lower), _number(high, high.size - 1 - rank, upper)
    parted = np.partition(values, sorted({rank, last - rank}))
    return float(parted[rank]), float(parted[last - rank])


def _holds(beyond: int, rank: int, values: Reals, bound: np.floating) -> bool:
    """Say whether number ``rank``, counted from an end, is among those beyond a bound or equal to it."""
    return rank < beyond or rank < beyond + sum(int(np.count_nonzero(part == bound)) for part in blocks(values))


def _number(tail: Reals, rank: int, bound: np.floating) -> float:
    """Return number ``rank`` of a tail in order; a rank that it does not have is the bound it was cut off at."""
    return float(np.partition(tail, rank)[rank]) if 0 <= rank < tail.size else float(bound)
