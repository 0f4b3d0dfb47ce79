"""How often values occur, in equal steps."""

from __future__ import annotations

import numpy as np
import pytest

from inspector.render.levels import level_counts
from inspector.render.survey import survey


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64, np.int8])
def test_levels_are_counted_as_numpy_counts_them(kind):
    maps = np.random.default_rng(0).normal(0, 20, (5, 130, 140)).astype(kind)
    wide = maps.astype(np.float64)
    expected = np.histogram(wide, 64, (wide.min(), wide.max()))[0]
    counts = level_counts(maps, survey(maps), 64)
    assert counts.sum() == maps.size
    at_edges = np.abs(counts.cumsum() - expected.cumsum()).max()  # a value on an edge may fall on either side of it
    assert at_edges <= (0 if kind in (np.float32, np.float64) else 400)


def test_what_is_no_number_is_not_counted():
    maps = np.array([[[0, 1, np.nan]], [[3, np.inf, 4]]], np.float32)
    np.testing.assert_array_equal(level_counts(maps, survey(maps), 4), [1, 1, 0, 2])


def test_equal_values_have_no_levels():
    maps = np.ones((2, 3, 3), np.float32)
    assert level_counts(maps, survey(maps), 8).size == 0
