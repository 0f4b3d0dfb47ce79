"""What a tensor holds, in numbers."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inspector.graph.model import Array

CHUNK = 1 << 20  # elements turned to float64 at a time


@dataclass(frozen=True, slots=True)
class Statistics:
    """What a tensor holds.

    Attributes:
        count: Elements.
        minimum, maximum, mean, std: Over the finite elements, in float64; NaN if there are none.
        zeros: The part of all elements that is exactly zero; NaN for an empty tensor.
        nans: Elements that are not a number.
        positive_infinities, negative_infinities: Elements.
    """

    count: int
    minimum: float
    maximum: float
    mean: float
    std: float
    zeros: float
    nans: int = 0
    positive_infinities: int = 0
    negative_infinities: int = 0

    @property
    def infs(self) -> int:
        """Infinite elements of both signs."""
        return self.positive_infinities + self.negative_infinities

    @property
    def finite(self) -> int:
        """Elements that are finite numbers."""
        return self.count - self.nans - self.infs


_NOTHING = Statistics(0, math.nan, math.nan, math.nan, math.nan, math.nan)


def statistics(tensor: Array) -> Statistics:
    """Return what a tensor of numbers or booleans holds; of complex numbers, their magnitudes."""
    parts = map(_of_chunk, _chunks(tensor))
    return functools.reduce(merged, parts, _NOTHING)


def _of_chunk(chunk: NDArray[np.float64]) -> Statistics:
    values = _finite(chunk)
    odd = (0, 0, 0)
    if values is not chunk:
        odd = int(np.isnan(chunk).sum()), int((chunk == np.inf).sum()), int((chunk == -np.inf).sum())
    zeros = (values.size - np.count_nonzero(values)) / chunk.size
    if not values.size:
        return Statistics(chunk.size, math.nan, math.nan, math.nan, math.nan, zeros, *odd)
    with np.errstate(over="ignore", invalid="ignore"):
        mean, std = float(values.mean()), float(values.std())
    return Statistics(chunk.size, float(values.min()), float(values.max()), mean, std, zeros, *odd)


def merged(one: Statistics, other: Statistics) -> Statistics:
    """Return the statistics of two sets of numbers together.

    Source:
        Chan, Golub and LeVeque, Updating Formulae and a Pairwise Algorithm for Computing Sample Variances, 1979.
    """
    if not (one.count and other.count):
        return one if one.count else other
    count, first, second = one.count + other.count, one.finite, other.finite
    if first and second:
        apart, total = other.mean - one.mean, first + second
        mean = one.mean + apart * second / total
        # Products, as a power that is too large for a float is an error.
        squares = one.std * one.std * first + other.std * other.std * second + apart * apart * first * second / total
        low, high = min(one.minimum, other.minimum), max(one.maximum, other.maximum)
        std = math.sqrt(squares / total)
    else:
        kept = one if first else other
        low, high, mean, std = kept.minimum, kept.maximum, kept.mean, kept.std
    return Statistics(
        *(count, low, high, mean, std, (one.zeros * one.count + other.zeros * other.count) / count),
        *(one.nans + other.nans, one.positive_infinities + other.positive_infinities),
        one.negative_infinities + other.negative_infinities,
    )


def histogram(tensor: Array, bins: int = 64, known: Statistics | None = None) -> tuple[NDArray[np.int64], float, float]:
    """Count a tensor's finite values in equal steps from the smallest to the largest.

    Args:
        tensor: Of numbers or booleans; of complex numbers, the magnitudes are counted.
        bins: How many steps.
        known: The statistics of this tensor, if there are any: it spares looking again.

    Returns:
        ``(bins,)`` counts, and both ends; no counts where no value is finite or all are the same.
    """
    known = known if known is not None else statistics(tensor)
    low, high = known.minimum, known.maximum
    counts = counted(tensor, bins, low, high) if has_steps(known) else np.zeros(0, np.int64)
    return counts, low, high


def has_steps(known: Statistics) -> bool:
    """Say whether there are steps between the smallest and the largest value: they differ, and not beyond float64."""
    return known.minimum < known.maximum and math.isfinite(known.maximum - known.minimum)


def counted(tensor: Array, bins: int, low: float, high: float) -> NDArray[np.int64]:
    """Count a tensor's finite values in equal steps between two ends, ``(bins,)``; see ``has_steps``."""
    counts = np.zeros(bins, np.int64)
    for chunk in _chunks(tensor):
        counts += np.histogram(_finite(chunk), bins, (low, high))[0]
    return counts


def _finite(chunk: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the finite ones; where all are, the same array."""
    is_finite = np.isfinite(chunk)
    return chunk if is_finite.all() else chunk[is_finite]


def _chunks(tensor: Array) -> Iterator[NDArray[np.float64]]:
    """Yield all elements in float64, a few at a time."""
    flat = tensor.reshape(-1)
    for start in range(0, flat.size, CHUNK):
        chunk = flat[start : start + CHUNK]
        yield (np.abs(chunk) if chunk.dtype.kind == "c" else chunk).astype(np.float64)
