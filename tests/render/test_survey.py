"""What is counted before anything is drawn."""

from __future__ import annotations

import numpy as np
import pytest

from inspector.render.survey import INFINITE, NAN, Specials, specials, survey


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_nan_and_inf_are_counted_and_found(dtype):
    found = specials(np.array([[[np.nan, 1, np.inf, -np.inf]]], dtype))
    assert (found.nan, found.infinite) == (1, 2)
    np.testing.assert_array_equal(found.kinds, [[[NAN, 0, INFINITE, INFINITE]]])
    assert specials(np.zeros((1, 2, 2), dtype)) == Specials()


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_the_survey_counts_what_stands_out(dtype):
    maps = np.array([[[0, 0]], [[-0.0, 0]], [[3, 3]], [[0, 2]], [[np.nan, 7]]], dtype)
    found = survey(maps)
    assert (found.dead, found.constant, found.low, found.high) == (2, 1, 0, 7)
    assert found.zeros == pytest.approx(5 / 10)
    np.testing.assert_array_equal(found.lows, [0, 0, 3, 0, 7])
    np.testing.assert_array_equal(found.highs, [0, 0, 3, 2, 7])


def test_zeros_are_counted_through_many_blocks():
    maps = np.ones((3, 300, 500), np.float32)
    maps[:, ::3, ::5] = 0
    assert survey(maps).zeros == pytest.approx(1 / 15)


def test_a_survey_of_nothing_says_nothing():
    found = survey(np.zeros((2, 0, 3), np.float32))
    assert (found.dead, found.constant, found.zeros, found.low, found.high) == (2, 0, 0, 0, 0)
