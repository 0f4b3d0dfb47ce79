"""The arrays that pictures are made of, and numbers in a form that numpy works on quickly."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.generic]
Numbers = NDArray[np.float64]
Index = NDArray[np.uint8]
Mask = NDArray[np.bool_]

BLOCK = 1 << 16  # numbers worked on at a time: what stays in the processor's cache

_Any = TypeVar("_Any", bound=np.generic)


def widened(values: Values) -> Values:
    """Return the same numbers, float16 as float32 and bool as uint8: for these two numpy has no fast code."""
    if values.dtype == np.float16:
        return _from_halves(values)
    if values.dtype == np.bool_:
        return values.view(np.uint8)
    return values


def blocks(flat: NDArray[_Any]) -> list[NDArray[_Any]]:
    """Return a vector in parts that stay in the processor's cache, views of it."""
    return [flat[start : start + BLOCK] for start in range(0, flat.size, BLOCK)]


def _from_halves(values: Values) -> Values:
    """Return float16 as float32, three times as fast as ``astype``.

    Sign, exponent and fraction are moved to where float32 has them; the exponents then differ by 112. That is wrong for
    NaN and Inf alone, whose exponents are all ones in both.
    """
    halves = np.ascontiguousarray(values)
    wide = np.empty(halves.shape, np.float32)
    for bits, out in zip(blocks(halves.view(np.int16).reshape(-1)), blocks(wide.reshape(-1)), strict=True):
        moved = out.view(np.int32)
        np.copyto(moved, bits)  # in two steps, as numpy shifts no int16 into an int32 quickly
        moved <<= 13
        moved &= np.int32(-0x70000001)  # the sign, which was repeated, once
        out *= np.float32(2.0**112)
        if out.size and max(out.max(), -out.min()) >= 65536:
            out[:] = bits.view(np.float16)
    return wide
