"""Signals as curves: however many samples there are, as few points as the screen has columns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inspector.render.arrays import Numbers, Values, widened

LEAST_SAMPLES = 4.0  # a curve is not stretched beyond this many samples across
_LARGEST = float(np.finfo(np.float64).max)
_ROOM = 0.04  # of the height, left free above and below a curve


@dataclass(frozen=True, slots=True)
class Trace:
    """A curve in pixels of the place where it is drawn, cut where numbers are missing.

    Attributes:
        runs: Each ``(points, 3)``: x, and the highest and the lowest y there; they differ where several samples
            share a column of the screen.
        odd: The x of what holds NaN or Inf.
        is_exact: Each point is one sample.
    """

    runs: tuple[Numbers, ...]
    odd: Numbers
    is_exact: bool


@dataclass(frozen=True, slots=True)
class Stretch:
    """Which samples are seen, from ``start`` on and before ``stop``; both may lie between two samples."""

    start: float
    stop: float

    @property
    def length(self) -> float:
        """How many samples are seen."""
        return self.stop - self.start

    def at(self, fraction: float) -> float:
        """Return the place at a fraction of the width, in samples; the first sample reaches from 0 to 1."""
        return self.start + fraction * self.length

    def fraction(self, sample: float) -> float:
        """Return where the middle of a sample lies, 0 at the left end and 1 at the right one."""
        return (sample + 0.5 - self.start) / self.length

    def zoomed(self, fraction: float, factor: float, samples: int) -> Stretch:
        """Return a stretch ``factor`` times shorter; what lies at ``fraction`` stays there."""
        length = min(max(self.length / factor, min(LEAST_SAMPLES, samples)), samples)
        return Stretch(0, length).moved(self.at(fraction) - fraction * length, samples)

    def moved(self, by: float, samples: int) -> Stretch:
        """Return a stretch of the same length that begins ``by`` samples later, as far as there are samples."""
        start = min(max(self.start + by, 0.0), max(0.0, samples - self.length))
        return Stretch(start, start + self.length)


def value_range(low: float, high: float) -> tuple[float, float]:
    """Return the values at the foot and at the top of a drawing that holds these, with a little room."""
    low, high = float(low), float(high)
    room = (abs(low) or 1.0) / 2 if low == high else high * _ROOM - low * _ROOM
    return max(low - room, -_LARGEST), min(high + room, _LARGEST)


def trace(values: Values, seen: Stretch, width: int, height: float, low: float, high: float) -> Trace:
    """Bring a curve to the pixels of the screen.

    Args:
        values: ``(samples,)``, any number type.
        seen: Which of them.
        width: In pixels, at least 1.
        height: In pixels; ``high`` is drawn at 0 and ``low`` at this.
        low: The value at the foot.
        high: The value at the top; another one than ``low``.
    """
    first, last = max(0, int(np.floor(seen.start)) - 1), min(len(values), int(np.ceil(seen.stop)) + 1)
    part = np.asarray(widened(values[first:last]), np.float64)
    if seen.length <= width:
        x: Numbers = (np.arange(first, last, dtype=np.float64) + 0.5 - seen.start) / seen.length * width
        return _cut(x, part, part, ~np.isfinite(part), height, low, high, is_exact=True)
    edges = np.floor(np.linspace(seen.start, seen.stop, width + 1)).astype(np.intp) - first
    part = part[: max(1, edges[-1])]
    starts = np.clip(edges[:-1], 0, len(part) - 1)
    odd = ~np.isfinite(part)
    known = np.where(odd, np.nan, part)
    lows, highs = np.fmin.reduceat(known, starts), np.fmax.reduceat(known, starts)
    is_odd = np.logical_or.reduceat(odd, starts)
    return _cut(np.arange(width, dtype=np.float64) + 0.5, lows, highs, is_odd, height, low, high, is_exact=False)


def _cut(
    x: Numbers,
    lows: Numbers,
    highs: Numbers,
    is_odd: NDArray[np.bool_],
    height: float,
    low: float,
    high: float,
    is_exact: bool,
) -> Trace:
    """Return the stretches between what cannot be drawn; halves keep the largest numbers within float64."""
    span = high / 2 - low / 2
    top, bottom = ((high / 2 - each / 2) / span * height for each in (highs, lows))
    drawn = np.isfinite(top) & np.isfinite(bottom)
    ends = np.flatnonzero(np.diff(np.concatenate(([False], drawn, [False]))))
    points = np.stack([x, top, bottom], axis=1)
    runs = tuple(points[start:stop] for start, stop in ends.reshape(-1, 2))
    return Trace(runs, x[is_odd], is_exact)
