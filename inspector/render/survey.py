"""What feature maps hold: their extremes, what is no number, what stands out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inspector.render.arrays import Index, Mask, Numbers, Values, blocks, widened

NAN, INFINITE = 1, 2  # in ``Specials.kinds``


@dataclass(frozen=True, slots=True)
class Specials:
    """What cannot be drawn by a palette.

    Attributes:
        nan, infinite: How many values are.
        kinds: ``(channels, height, width)`` uint8: ``NAN``, ``INFINITE`` or 0; None where all are finite.
    """

    nan: int = 0
    infinite: int = 0
    kinds: Index | None = None


@dataclass(frozen=True, slots=True)
class Survey:
    """What is known of feature maps before any is drawn.

    Attributes:
        found: NaN and Inf.
        lows, highs: Smallest and largest finite value of each channel, float64; both 0 where there is none.
        low, high: The same of all channels together.
        dead: Channels that are all zero.
        constant: Channels that hold one other number.
        zeros: Part of all values that is zero.
    """

    found: Specials
    lows: Numbers
    highs: Numbers
    low: float
    high: float
    dead: int
    constant: int
    zeros: float


def survey(maps: Values) -> Survey:
    """Look at every value once, fast enough to be done at every change of the layer.

    Args:
        maps: ``(channels, height, width)``, any number type. A channel with a NaN or Inf is neither dead nor constant.
    """
    maps = widened(maps)
    lows, highs = _raw_extremes(maps, (1, 2))
    found = Specials()
    if not (np.isfinite(lows).all() and np.isfinite(highs).all()):
        found, (lows, highs) = specials(maps), extremes(maps, (1, 2))
    low, high = extremes(maps) if found.kinds is not None or not maps.size else (lows.min(), highs.max())
    dead, constant = _flat(lows, highs, found)
    zeros = sum(int(np.count_nonzero(part == 0)) for part in blocks(maps.reshape(-1)))
    return Survey(
        found,
        lows,
        highs,
        float(low),
        float(high),
        int(np.count_nonzero(dead)),
        int(np.count_nonzero(constant)),
        zeros / maps.size if maps.size else 0.0,
    )


def flat_channels(known: Survey) -> tuple[Mask, Mask]:
    """Say of each channel whether it is dead, and whether it is constant: ``(channels,)`` each."""
    return _flat(known.lows, known.highs, known.found)


def _flat(lows: Numbers, highs: Numbers, found: Specials) -> tuple[Mask, Mask]:
    same: Mask = lows == highs
    if found.kinds is not None:
        same &= ~found.kinds.any(axis=(1, 2))
    dead = same & (lows == 0)
    return dead, same & ~dead


def specials(maps: Values) -> Specials:
    """Find the values that are no finite numbers, in ``(channels, height, width)``."""
    maps = widened(maps)
    if maps.dtype.kind != "f" or is_finite(maps):
        return Specials()
    nan, infinite = np.isnan(maps), np.isinf(maps)
    kinds = np.where(nan, np.uint8(NAN), np.where(infinite, np.uint8(INFINITE), np.uint8(0)))
    return Specials(int(np.count_nonzero(nan)), int(np.count_nonzero(infinite)), kinds)


def is_finite(values: Values) -> bool:
    """Say whether there is no NaN and no Inf."""
    low, high = _raw_extremes(values)
    return bool(np.isfinite(low) and np.isfinite(high))


def extremes(values: Values, axis: tuple[int, ...] | None = None) -> tuple[Numbers, Numbers]:
    """Return the smallest and the largest finite value along ``axis``, as float64; 0 where there is none."""
    low, high = _raw_extremes(values, axis)
    if np.isfinite(low).all() and np.isfinite(high).all():
        return low, high
    numbers = widened(values)
    finite = np.isfinite(numbers)
    low = np.asarray(numbers.min(axis=axis, where=finite, initial=np.inf), np.float64)
    high = np.asarray(numbers.max(axis=axis, where=finite, initial=-np.inf), np.float64)
    empty = low > high
    return np.where(empty, 0.0, low), np.where(empty, 0.0, high)


def _raw_extremes(values: Values, axis: tuple[int, ...] | None = None) -> tuple[Numbers, Numbers]:
    """Return smallest and largest value, NaN where there is one, and 0 where there is nothing."""
    if values.size == 0:
        nothing = np.zeros(values.shape[0] if axis else ())
        return nothing, nothing
    numbers = widened(values)
    return np.asarray(numbers.min(axis=axis), np.float64), np.asarray(numbers.max(axis=axis), np.float64)
