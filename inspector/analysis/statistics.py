"""What a tensor holds, in numbers."""

from __future__ import annotations

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


def statistics(tensor: Array) -> Statistics:
    """Return what a tensor of numbers or booleans holds; of complex numbers, their magnitudes."""
    nans = positive = negative = zeros = finite = 0
    low, high, mean, squares = math.inf, -math.inf, 0.0, 0.0
    for chunk in _chunks(tensor):
        values = _finite(chunk)
        if values is not chunk:
            nans += int(np.isnan(chunk).sum())
            positive += int((chunk == np.inf).sum())
            negative += int((chunk == -np.inf).sum())
        if not values.size:
            continue
        zeros += int(values.size - np.count_nonzero(values))
        low, high = min(low, float(values.min())), max(high, float(values.max()))
        with np.errstate(over="ignore", invalid="ignore"):
            # Chan, Golub and LeVeque, Updating Formulae and a Pairwise Algorithm, 1979.
            part = float(values.mean())
            apart, total = part - mean, finite + values.size
            squares += float(((values - part) ** 2).sum()) + apart * apart * finite * values.size / total
            mean += apart * values.size / total
        finite = total
    if not finite:
        low = high = mean = squares = math.nan
    part_zero = zeros / tensor.size if tensor.size else math.nan
    std = math.sqrt(squares / finite) if finite else math.nan
    return Statistics(tensor.size, low, high, mean, std, part_zero, nans, positive, negative)


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
    counts = np.zeros(bins, np.int64)
    if not (math.isfinite(low) and math.isfinite(high) and low < high and math.isfinite(high - low)):
        return counts[:0], low, high
    for chunk in _chunks(tensor):
        counts += np.histogram(_finite(chunk), bins, (low, high))[0]
    return counts, low, high


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
