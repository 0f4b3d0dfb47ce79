"""Whether a recomputed number is the runtime's: how far rounding may drive them apart, and no further."""

from __future__ import annotations

import math

import numpy as np

from inspector.explain.facts import Arithmetic, Numbers

# Half the distance from 1 to the next number of a type: how much a single rounding changes a number, relatively.
UNIT_ROUNDOFF = {
    "float16": 2.0**-11,
    "bfloat16": 2.0**-8,
    "float32": 2.0**-24,
    "float64": 2.0**-53,
}
_MANTISSA_BITS = {"float16": 10, "bfloat16": 7, "float32": 23, "float64": 52}
_SMALLEST_EXPONENT = {"float16": -14, "bfloat16": -126, "float32": -126, "float64": -1022}
_RECOMPUTED = 2.0**-50  # what float64 itself may lose on the way, relatively to the sum of the terms


def half_step(value: float, dtype: str) -> float:
    """Return half the distance between the numbers of a type around a value; 0 for integers and what is not finite."""
    if dtype not in _MANTISSA_BITS or not math.isfinite(value):
        return 0.0
    exponent = max(math.frexp(value)[1] - 1 if value else -math.inf, _SMALLEST_EXPONENT[dtype])
    return float(2.0 ** (exponent - _MANTISSA_BITS[dtype] - 1))


def rounded(value: float, dtype: str) -> float:
    """Return a number as the nearest one of a type, ties to even."""
    if math.isnan(value) or math.isinf(value) or dtype not in UNIT_ROUNDOFF:
        return value
    if dtype == "bfloat16":
        step = 2 * half_step(value, dtype)
        return float(np.rint(value / step) * step)
    with np.errstate(over="ignore"):
        return float(np.dtype(dtype).type(value))


def bound(arithmetic: Arithmetic, dtype: str) -> float:
    """Return how far the runtime may be from a recomputed number.

    The type's unit roundoff times the sum of the absolute terms, plus half a step of the output, plus what the running
    sums lose, which are kept in float32 at least; for integers the number of codes that a scale's rounding may cost.

    Source:
        Higham, Accuracy and Stability of Numerical Algorithms, 2nd edition, 2002, 3.3 (running error analysis).
    """
    if dtype not in UNIT_ROUNDOFF:
        return float(arithmetic.codes_allowed)
    summed = UNIT_ROUNDOFF["float64" if dtype == "float64" else "float32"]
    terms = (UNIT_ROUNDOFF[dtype] + _RECOMPUTED) * arithmetic.magnitude + summed * arithmetic.running
    return terms + half_step(arithmetic.result, dtype)


def running(terms: Numbers) -> float:
    """Return the sum of the absolute running sums of some terms, in their order."""
    found = float(np.abs(np.cumsum(terms.reshape(-1))).sum())
    return found if math.isfinite(found) else 0.0


def agree(runtime: float, recomputed: float, within: float, dtype: str) -> bool:
    """Whether two numbers are one, as far as rounding lets one tell. NaN is NaN, infinity that of its sign."""
    if math.isnan(runtime) or math.isnan(recomputed):
        return math.isnan(runtime) and math.isnan(recomputed)
    if math.isinf(runtime) or math.isinf(recomputed):
        return runtime == rounded(recomputed, dtype) or runtime == recomputed
    return abs(runtime - recomputed) <= within
