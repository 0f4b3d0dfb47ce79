"""What a tensor holds. Expected values are by hand or by float64 numpy."""

from __future__ import annotations

import math

import numpy as np
import pytest

from inspector.analysis.statistics import histogram, merged, statistics


def test_statistics_are_those_of_the_finite_numbers_and_the_others_are_counted():
    tensor = np.array([[0, 1, 2, 3], [np.nan, np.inf, -np.inf, np.inf]], np.float32)
    found = statistics(tensor)
    assert (found.count, found.minimum, found.maximum, found.mean) == (8, 0, 3, 1.5)
    assert found.std == pytest.approx(math.sqrt(1.25))
    assert found.zeros == 1 / 8
    assert (found.nans, found.positive_infinities, found.negative_infinities, found.infs) == (1, 2, 1, 3)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.int64, np.uint8])
def test_statistics_of_many_numbers_are_those_of_numpy_in_float64(dtype):
    random = np.random.default_rng(0)
    tensor = (random.random((3, 1000, 1001)) * 100).astype(dtype)  # more than two chunks
    found = statistics(tensor[:, ::-1])
    wide = tensor.astype(np.float64)
    assert (found.minimum, found.maximum) == (wide.min(), wide.max())
    assert found.mean == pytest.approx(wide.mean(), rel=1e-12)
    assert found.std == pytest.approx(wide.std(), rel=1e-12)
    assert found.zeros == (wide == 0).mean()


def test_numbers_of_any_size_and_none_are_put_together():
    huge, tiny = np.array([-1e200, 1e200]), np.array([0.0, 4.0])
    both = merged(statistics(tiny), statistics(huge))
    assert (both.count, both.minimum, both.maximum, both.zeros) == (4, -1e200, 1e200, 1 / 4)
    assert both.std == math.inf  # the squares are beyond float64
    odd = merged(statistics(np.full(2, np.nan)), statistics(tiny))
    assert (odd.mean, odd.std, odd.zeros, odd.nans) == (2, 2, 1 / 4, 2)
    assert merged(statistics(np.zeros(0)), odd) == merged(odd, statistics(np.zeros(0))) == odd


def test_half_floats_do_not_overflow_in_statistics():
    found = statistics(np.full((1000, 1000), 60000, np.float16))
    assert found.mean == 60000 - 60000 % 32  # the nearest float16
    assert found.std == 0


def test_statistics_of_nothing_are_nan():
    for tensor in (np.zeros((0, 3)), np.full(3, np.nan, np.float32)):
        found = statistics(tensor)
        assert math.isnan(found.minimum)
        assert math.isnan(found.mean)
        assert math.isnan(found.std)


def test_statistics_of_booleans_are_those_of_zero_and_one():
    found = statistics(np.array([True, False, False, True, True]))
    assert (found.minimum, found.maximum, found.mean, found.zeros) == (0, 1, 0.6, 0.4)


def test_statistics_of_complex_numbers_are_those_of_their_magnitudes():
    found = statistics(np.array([3 + 4j, 0, -5j], np.complex64))
    assert (found.minimum, found.maximum, found.zeros) == (0, 5, 1 / 3)


def test_a_histogram_counts_the_finite_values_in_equal_steps():
    counts, low, high = histogram(np.array([0, 1, 2, 3, 4, 4, np.nan, np.inf]), 4)
    assert (counts.tolist(), low, high) == ([1, 1, 1, 3], 0, 4)  # the last step holds its end


def test_a_histogram_of_one_value_has_no_steps():
    assert histogram(np.full(5, 2.0))[0].size == 0
    assert histogram(np.array([np.nan]))[0].size == 0
    assert histogram(np.zeros(0))[0].size == 0
