"""How far two answers of one network are apart."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from inspector.graph.model import Array, Difference

_CHUNK = 1 << 20  # elements compared at a time: float64 copies of a large output would need its memory twice more


def difference(deployed: Mapping[str, Array], instrumented: Mapping[str, Array]) -> Difference | None:
    """Return the output in which the instrumented model is furthest from the deployed one.

    Two NaN, and two equal infinities, count as equal. What no number can say (NaN or infinity against
    something else, outputs of different shapes) is the largest difference there is, and its ``max_abs`` is None.

    Args:
        deployed: Outputs by name.
        instrumented: Tensors by name; those that are not outputs are not looked at.

    Returns:
        None if no output with numbers is in both.
    """
    worst: Difference | None = None
    for name, expected in deployed.items():
        got = instrumented.get(name)
        if got is None or expected.dtype.kind not in "biuf" or got.dtype.kind not in "biuf":
            continue
        found = _output_difference(name, expected, got)
        if worst is None or _size(found) > _size(worst):
            worst = found
    return worst


def _size(found: Difference) -> float:
    return math.inf if found.max_abs is None else found.max_abs


def _output_difference(name: str, expected: Array, got: Array) -> Difference:
    if expected.shape != got.shape:
        return Difference(name, None, True)
    return Difference(name, _max_abs(expected.reshape(-1), got.reshape(-1)), _top(expected) != _top(got))


def _max_abs(expected: Array, got: Array) -> float | None:
    largest = 0.0
    for start in range(0, expected.size, _CHUNK):
        one = expected[start : start + _CHUNK].astype(np.float64)
        other = got[start : start + _CHUNK].astype(np.float64)
        both = (one == other) | (np.isnan(one) & np.isnan(other))
        with np.errstate(invalid="ignore", over="ignore"):
            apart: NDArray[np.float64] = np.where(both, 0.0, np.abs(one - other))
        if not np.isfinite(apart).all():
            return None
        largest = max(largest, float(apart.max()))
    return largest


def _top(values: Array) -> int:
    """Return the place of the largest number, the first of equal ones; -1 if there is none."""
    flat = values.reshape(-1)
    if flat.dtype.kind == "f":
        flat = np.where(np.isnan(flat), -np.inf, flat)
    return int(flat.argmax()) if flat.size else -1
