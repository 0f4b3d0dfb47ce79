"""Values as palette indices."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inspector.render.arrays import BLOCK, Index, Values, widened
from inspector.render.limits import Limits

_STRAIGHT = 1e30  # float32 arithmetic is safe for limits and spans between 1 / this and this


def indices(values: Values, limits: Limits) -> Index:
    """Turn values into palette indices.

    Args:
        values: ``(channels, height, width)``, any number type.
        limits: Shared, or one pair per channel. Values beyond them get the first or last color.

    Returns:
        The same shape, uint8. NaN and constant channels get index 0.
    """
    out = np.zeros(values.shape, np.uint8)
    if not values.size:
        return out
    values = widened(values)
    rows = 1 if limits.is_shared else values.shape[0]
    flat, drawn = values.reshape(rows, -1), out.reshape(rows, -1)
    conversion = _conversion(values.dtype, limits)
    high, wide = max(1, BLOCK // flat.shape[1]), min(BLOCK, flat.shape[1])
    for row in range(0, rows, high):
        lines = slice(row, row + high)
        for column in range(0, flat.shape[1], wide):
            part = (lines, slice(column, column + wide))
            drawn[part] = conversion.apply(flat[part], lines)
    return out


@dataclass(frozen=True, slots=True)
class _Conversion:
    """``(value * shrink - low) * step + 0.5``, cut off to 0..255.

    Attributes:
        shrink: 1, or what keeps very large or very small numbers within the range of float64.
        low, step: ``(rows, 1)``, already shrunk; the step of a row whose limits are equal is 0.
    """

    kind: type[np.floating]
    shrink: float
    low: NDArray[np.floating]
    step: NDArray[np.floating]

    def apply(self, values: Values, lines: slice) -> NDArray[np.floating]:
        with np.errstate(invalid="ignore", over="ignore"):
            if self.shrink == 1:
                work = np.subtract(values, self.low[lines], dtype=self.kind, casting="unsafe")
            else:
                work = np.multiply(values, self.shrink, dtype=self.kind, casting="unsafe")
                work -= self.low[lines]
            work *= self.step[lines]
            work += self.kind(0.5)
            np.fmax(work, self.kind(0), out=work)  # also turns NaN into 0
            np.fmin(work, self.kind(255), out=work)
        drawn: NDArray[np.floating] = work
        return drawn


def _conversion(dtype: np.dtype[np.generic], limits: Limits) -> _Conversion:
    span = np.maximum(np.abs(limits.low), np.abs(limits.high))
    largest = float(span.max(initial=0.0))
    differ = limits.low < limits.high
    shrink = 0.25 if largest > 1e300 else 2.0**600 if largest < 1e-200 else 1.0
    low = limits.low * shrink
    width = np.where(differ, limits.high * shrink - low, 1.0)
    is_wide = dtype.itemsize > 4 or dtype in (np.int32, np.uint32) or shrink != 1
    is_extreme = largest > _STRAIGHT or float(width.min(initial=1.0)) < 1 / _STRAIGHT
    kind: type[np.floating] = np.float64 if is_wide or is_extreme else np.float32
    step = np.where(differ, 255 / width, 0.0)
    return _Conversion(kind, shrink, low.astype(kind)[:, None], step.astype(kind)[:, None])
