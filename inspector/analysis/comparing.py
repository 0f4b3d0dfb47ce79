"""Two runs of one network side by side: what differs between them, and how much."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from inspector.analysis.reading import Reading, reading
from inspector.graph.model import Array, Prediction, Run, Tensor

Side = Literal["current", "reference", "difference"]

MOST = 1 << 20  # elements of a layer that a distance is worked out from
_AT_A_TIME = 1 << 18


@dataclass(frozen=True, slots=True)
class Distance:
    """How far a layer is from what it was in the reference.

    Attributes:
        relative: ``|current - reference| / |reference|``, the square root of the sum of squares of each; infinite where
            the reference is all zero and the current one is not, NaN where no element is finite in both.
        cosine: ``current . reference / (|current| |reference|)``, from -1 to 1; NaN where one of them is all zero.
        is_sampled: From every few elements only: there are more than ``MOST``.
    """

    relative: float
    cosine: float
    is_sampled: bool = False


def difference(current: Reading, reference: Reading) -> Reading | None:
    """Subtract the reference element by element.

    Args:
        current: Real numbers, or codes where these are looked at.
        reference: Likewise.

    Returns:
        Floating-point numbers in at least single precision, integers as 64 bits wide; infinity less infinity is NaN.
        None where the shapes are not the same.
    """
    values = subtracted(current.values, reference.values)
    if values is None:
        return None
    return replace(current, values=values, codes=None, real=None, scales=None, is_difference=True)


def subtracted(current: Array, reference: Array) -> Array | None:
    """Return the one less the other, as ``difference`` does; None where the shapes differ, or they hold no numbers."""
    number = np.result_type(current.dtype, reference.dtype)
    if current.shape != reference.shape or number.kind not in "biuf":
        return None
    wide = np.result_type(number, np.float32) if number.kind == "f" else np.dtype(np.int64)
    values = np.empty(current.shape, wide)
    with np.errstate(invalid="ignore", over="ignore"):
        np.subtract(current, reference, out=values, dtype=wide, casting="unsafe")
    return values


def distance(current: Array, reference: Array) -> Distance | None:
    """Say how far two arrays are apart, over the elements that are finite in both.

    Of more than ``MOST`` elements, evenly spread ones are taken. Sums are in float64.

    Args:
        current: Any shape and number type.
        reference: Likewise.

    Returns:
        None where the shapes are not the same, or there are no elements.
    """
    if current.shape != reference.shape or not current.size:
        return None
    step = -(-current.size // MOST)
    if step > 1 and step % 2 == 0:
        step += 1  # rows are often an even number of elements long: an even step would see the same columns of each
    one, other = current.reshape(-1)[::step], reference.reshape(-1)[::step]
    apart = product = one_squared = other_squared = 0.0
    compared = 0
    scale = _largest(one, other)
    for start in range(0, one.size, _AT_A_TIME):
        first = one[start : start + _AT_A_TIME].astype(np.float64)
        second = other[start : start + _AT_A_TIME].astype(np.float64)
        both = np.isfinite(first) & np.isfinite(second)
        first, second = first[both] / scale, second[both] / scale  # squares of float64 would overflow
        compared += first.size
        gap = first - second
        apart += float(gap @ gap)
        product += float(first @ second)
        one_squared += float(first @ first)
        other_squared += float(second @ second)
    if not compared:
        return Distance(math.nan, math.nan, step > 1)
    if other_squared:
        relative = math.sqrt(apart / other_squared)
    else:
        relative = math.inf if apart else 0.0
    both_norms = math.sqrt(one_squared) * math.sqrt(other_squared)
    cosine = min(1.0, max(-1.0, product / both_norms)) if both_norms else math.nan
    return Distance(relative, cosine, step > 1)


def _largest(*arrays: Array) -> float:
    """Return the largest finite magnitude; 1 where there is none."""
    found = 0.0
    for each in arrays:
        for start in range(0, each.size, _AT_A_TIME):
            part = np.abs(each[start : start + _AT_A_TIME].astype(np.float64))
            found = max(found, float(part.max(initial=0.0, where=np.isfinite(part))))
    return found or 1.0


def curves(sides: Sequence[Reading | None], channel: int) -> Array | None:
    """Return a channel of several readings of a signal below each other, ``(sides, samples)``.

    None where one is missing, has no such channel, or is longer or shorter than the others.
    """
    found = [each.maps[channel].reshape(-1) for each in sides if each is not None and channel < len(each.maps)]
    if len(found) < len(sides) or len({each.size for each in found}) > 1:
        return None
    return np.stack(found)


def is_fed_the_same(one: Prediction, other: Prediction) -> bool:
    """Say whether two runs were fed the same numbers, NaN included."""
    if one.fed.keys() != other.fed.keys():
        return False
    return all(
        each.shape == other.fed[name].shape and each.tobytes() == other.fed[name].tobytes()
        for name, each in one.fed.items()
    )


@dataclass(frozen=True, slots=True, eq=False)
class Sight:
    """What is looked at of a run, or of two.

    Attributes:
        run: The current one.
        reference: The pinned one; None while nothing is compared.
        side: Which of them, or what is between them.
    """

    run: Run
    reference: Run | None = None
    side: Side = "current"

    @property
    def tensors(self) -> Mapping[str, Array]:
        """What is held of the side that is looked at; of a difference, of the current run."""
        return self.reference.tensors if self.reference is not None and self.side == "reference" else self.run.tensors

    def has(self, name: str) -> bool:
        """Say whether the tensor is there, in both runs for a difference."""
        there = name in self.tensors
        return there and (self.side != "difference" or self.reference is None or name in self.reference.tensors)

    def read(self, known: Tensor, slice: int | None = None, codes: bool = False) -> Reading | None:
        """Read a tensor as feature maps; None where it is not there, cannot be read so, or cannot be subtracted."""
        if not self.has(known.name):
            return None
        made = reading(self.tensors[known.name], known, self.tensors, slice, codes)
        if self.side != "difference" or self.reference is None or made is None:
            return made
        tensors = self.reference.tensors
        other = reading(tensors[known.name], known, tensors, slice, codes)
        return difference(made, other) if other is not None else None

    def read_beside(self, known: Tensor, slice: int | None = None, codes: bool = False) -> Reading | None:
        """Read what shares limits with ``read``: the same tensor in the other run; None where there is none."""
        if self.reference is None or self.side == "difference":
            return None
        other = self.reference if self.side == "current" else self.run
        if known.name not in other.tensors:
            return None
        return reading(other.tensors[known.name], known, other.tensors, slice, codes)

    def distance(self, known: Tensor) -> Distance | None:
        """Say how far the current run's real numbers are from the reference's; None where they cannot be compared."""
        if self.reference is None:
            return None
        one = Sight(self.run).read(known)
        other = Sight(self.reference).read(known)
        return distance(_real(one), _real(other)) if one is not None and other is not None else None


def _real(read: Reading) -> Array:
    return read.values if read.real is None else read.real
