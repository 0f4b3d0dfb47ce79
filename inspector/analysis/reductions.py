"""All channels of a layer as one picture: their mean, their maximum, their first principal components."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from inspector.graph.model import Array

Numbers = NDArray[np.float64]

COLORS = 3  # components that are seen
MOST_SAMPLES = 1 << 14  # places that the components are worked out from
MOST_SQUARED = 1024  # the largest matrix that is taken apart, some 0.3 s
TAIL = 0.01  # of the places, drawn as dark or as bright as a component gets
_AT_A_TIME = 1 << 20  # numbers turned to float64
_NOWHERE = (math.inf, -math.inf)  # the ends of nothing


@dataclass(frozen=True, slots=True)
class Reduction:
    """A row of ``REDUCTIONS``: how all channels become less, as words for a list and as a sentence for a tooltip."""

    label: str
    sentence: str


REDUCTIONS: Mapping[str, Reduction] = {
    "": Reduction("all channels", "Every channel a tile."),
    "top": Reduction("strongest", "Only the channels at the first places; by index, those of the largest magnitude."),
    "mean": Reduction("mean", "One map: at each place, the mean of all channels."),
    "maximum": Reduction("maximum", "One map: at each place, the largest value of all channels."),
    "components": Reduction("components", "The first three principal components as red, green and blue."),
}


Ends = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Axes:
    """Where places are measured from, and along what.

    Attributes:
        mean: ``(channels, 1)``, in units of ``scale``.
        directions: ``(channels, 3)``, each of length 1, or 0 where there is none.
        scale: The largest magnitude, by which values are divided first.
    """

    mean: Numbers
    directions: Numbers
    scale: float


@dataclass(frozen=True, slots=True)
class Components:
    """Feature maps in the three directions in which they differ most.

    Attributes:
        scores: ``(3, depth, height, width)`` float32, around the mean; NaN where a channel is no finite number.
        explained: What part of the variance each of them has; NaN where the channels do not vary.
        colors: ``(depth, height, width, 3)`` uint8: red, green and blue, each from the lowest to the highest hundredth
            of a component; black where a channel is no finite number.
        places: How many places they were worked out from.
        axes: What the scores are measured along.
        ends: Of each component, the scores that are drawn as 0 and as 255.
    """

    scores: NDArray[np.float32]
    explained: tuple[float, float, float]
    colors: NDArray[np.uint8]
    places: int
    axes: Axes
    ends: Ends


def over_channels(values: Array, kind: str) -> NDArray[np.float32] | Numbers:
    """Return one map instead of many: of the finite values at each place, NaN where there is none.

    Args:
        values: ``(channels, depth, height, width)``, any number type.
        kind: ``"mean"``, worked out in float64, or ``"maximum"``.

    Returns:
        ``(1, depth, height, width)``, float64 for wide integers and float64, else float32.
    """
    is_wide = values.dtype.itemsize > 4 or values.dtype in (np.int32, np.uint32)
    made = np.empty((1, *values.shape[1:]), np.float64 if is_wide else np.float32)
    flat, out = values.reshape(len(values), -1), made.reshape(-1)
    step = max(1, _AT_A_TIME // max(1, len(values)))
    for start in range(0, flat.shape[1], step):
        part = flat[:, start : start + step]
        if part.dtype.kind == "f":
            finite = np.isfinite(part)
            counts = finite.sum(axis=0)
            if kind == "mean":
                with np.errstate(over="ignore", invalid="ignore"):
                    sums = np.where(finite, part, 0).sum(axis=0, dtype=np.float64)
                found = np.divide(sums, counts, out=np.full(len(counts), np.nan), where=counts > 0)
            else:
                found = np.where(counts > 0, np.where(finite, part, -np.inf).max(axis=0), np.nan)
        else:
            found = part.mean(axis=0, dtype=np.float64) if kind == "mean" else part.max(axis=0)
        out[start : start + step] = found
    return made


def components(values: Array, axes: Axes | None = None) -> Components:
    """Return the first three principal components of the channels, each place being a sample.

    Of many places some are taken, at equal distances; one with a NaN or Inf is none of them. The channel with the
    largest part in a component has a positive one, the first of several: pictures of the same values are the same.

    Args:
        values: ``(channels, depth, height, width)``, any number type.
        axes: Those of as many channels, to measure along instead; None for the directions of these values themselves.
    """
    flat = values.reshape(len(values), -1)
    count = flat.shape[1]
    at_most = MOST_SAMPLES if len(flat) <= MOST_SQUARED else MOST_SQUARED
    step = -(-count // at_most)
    seen = flat[:, :: step | 1 if step > 1 else 1].astype(np.float64)  # odd, so that it meets every column of a map
    seen = seen[:, np.isfinite(seen).all(axis=0)]
    largest = axes.scale if axes is not None else float(np.abs(seen).max(initial=0.0)) or 1.0
    seen /= largest
    mean = seen.mean(axis=1, keepdims=True) if seen.shape[1] else np.zeros((len(flat), 1))
    if axes is None:
        directions, variances, total = _directions(seen - mean)
    else:
        variances, total = _variances(seen - mean, axes.directions)
        mean, directions = axes.mean, axes.directions
    scores = np.empty((COLORS, count), np.float32)
    width = max(1, _AT_A_TIME // max(1, len(flat)))
    for start in range(0, count, width):
        part = flat[:, start : start + width].astype(np.float64) / largest
        odd = ~np.isfinite(part).all(axis=0)
        part[:, odd] = 0
        found = directions.T @ (part - mean)
        found[:, odd] = np.nan
        with np.errstate(over="ignore"):
            scores[:, start : start + width] = found * largest
    part_of = [float(each / total) if total > 0 else np.nan for each in variances]
    shaped = scores.reshape(COLORS, *values.shape[1:])
    ends, along = _ends(shaped), Axes(mean, directions, largest)
    parts = part_of[0], part_of[1], part_of[2]
    return Components(shaped, parts, _colored(shaped, ends), int(seen.shape[1]), along, ends)


def components_of_both(current: Array, reference: Array) -> tuple[Components, Components]:
    """Return the components of two runs of as many channels, so that a colour means the same in both.

    Both are measured along the directions of the current run, from its mean; a component goes from the lowest hundredth
    of one of them to the highest of one of them. What part of its variance a component has is each run's own.
    """
    one = components(current)
    other = components(reference, one.axes)
    known = [[each for each in pair if each[0] <= each[1]] for pair in zip(one.ends, other.ends, strict=True)]
    ends = tuple((min(low for low, _ in each), max(high for _, high in each)) if each else _NOWHERE for each in known)
    drawn = [replace(each, colors=_colored(each.scores, ends), ends=ends) for each in (one, other)]
    return drawn[0], drawn[1]


def _variances(centered: Numbers, directions: Numbers) -> tuple[Numbers, float]:
    """Return the variance along each direction, and that of all together."""
    places = centered.shape[1]
    if places < 2:
        return np.zeros(COLORS), 0.0
    found: Numbers = ((directions.T @ centered) ** 2).sum(axis=1) / places
    return found, float((centered**2).sum() / places)


def _directions(centered: Numbers) -> tuple[Numbers, Numbers, float]:
    """Return the directions of largest variance, ``(channels, 3)``, the variance of each, and that of all together.

    Where there are fewer places than channels, the products of the places are taken apart: they have the same
    variances, and a direction is the sum of the places by their parts of it.
    """
    channels, places = centered.shape
    directions, variances = np.zeros((channels, COLORS)), np.zeros(COLORS)
    if places < 2:
        return directions, variances, 0.0
    is_wide = places < channels
    squared = (centered.T @ centered if is_wide else centered @ centered.T) / places
    found, vectors = np.linalg.eigh(squared)
    total, floor = float(np.trace(squared)), float(found[-1]) * max(channels, places) * np.finfo(np.float64).eps
    for place in range(min(COLORS, len(found))):
        if found[-1 - place] <= max(floor, 0.0):
            break
        vector = vectors[:, -1 - place]
        vector = centered @ vector if is_wide else vector
        vector = vector / np.linalg.norm(vector)
        strongest = vector[int(np.argmax(np.round(np.abs(vector), 9)))]
        directions[:, place], variances[place] = vector * (1 if strongest >= 0 else -1), found[-1 - place]
    return directions, variances, total


def _ends(scores: NDArray[np.float32]) -> Ends:
    """Return where the lowest hundredth of each component ends and its highest begins."""
    finite = np.isfinite(scores).all(axis=0)
    if not finite.any():
        return (_NOWHERE,) * COLORS
    found = [np.quantile(each[finite].astype(np.float64), (TAIL, 1 - TAIL)) for each in scores]
    return tuple((float(low), float(high)) for low, high in found)


def _colored(scores: NDArray[np.float32], ends: Ends) -> NDArray[np.uint8]:
    """Return each component from end to end as 0 to 255; 128 where these are the same."""
    colors = np.zeros((*scores.shape[1:], COLORS), np.uint8)
    finite = np.isfinite(scores).all(axis=0)
    for place, (each, (low, high)) in enumerate(zip(scores, ends, strict=True)):
        seen = each[finite].astype(np.float64)
        if not seen.size:
            continue
        part = (seen - low) / (high - low) if high > low else np.full(seen.shape, 0.5)
        colors[..., place][finite] = np.clip(np.floor(part * 255 + 0.5), 0, 255).astype(np.uint8)
    return colors
