"""Numbers in another type are the same numbers."""

from __future__ import annotations

import numpy as np

from inspector.render.arrays import widened

EVERY_HALF = np.arange(1 << 16, dtype=np.uint16).view(np.float16)


def test_every_half_there_is_becomes_the_same_float32():
    wide = widened(EVERY_HALF)
    assert wide.dtype == np.float32
    np.testing.assert_array_equal(wide, EVERY_HALF.astype(np.float32))
    np.testing.assert_array_equal(np.signbit(wide), np.signbit(EVERY_HALF))


def test_finite_halves_become_the_same_float32_in_any_layout():
    halves = EVERY_HALF[np.isfinite(EVERY_HALF)]
    table = np.tile(halves, 4).reshape(4, -1).T
    np.testing.assert_array_equal(widened(table), table.astype(np.float32))
    np.testing.assert_array_equal(np.signbit(widened(table)), np.signbit(table))


def test_booleans_become_bytes_and_others_stay():
    np.testing.assert_array_equal(widened(np.array([True, False])), np.array([1, 0], np.uint8))
    floats = np.zeros(3, np.float32)
    assert widened(floats) is floats
