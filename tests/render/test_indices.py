"""Indices: expected ones are worked out by hand or in float64."""

from __future__ import annotations

import numpy as np
import pytest

from inspector.render.indices import indices
from inspector.render.limits import SCALINGS, limits, shared_limits
from tests.render.ramp import NUMBERS, RAMP, RAMP_INDEX, straight_indices


@pytest.mark.parametrize("dtype", NUMBERS)
def test_a_ramp_uses_the_whole_palette(dtype):
    maps = RAMP.astype(dtype)
    np.testing.assert_array_equal(indices(maps, limits(maps)), [RAMP_INDEX])


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("scaling", SCALINGS)
def test_indices_are_those_of_float64(dtype, scaling):
    maps = np.random.default_rng(2).normal(3, 20, (5, 70, 401)).astype(dtype)
    found = limits(maps, scaling)
    expected = np.stack([straight_indices(each, *found.of(channel)) for channel, each in enumerate(maps)])
    difference = np.abs(indices(maps, found).astype(int) - expected)
    assert difference.max() <= 1  # where a value lies between two colors, float32 may round the other way
    assert np.count_nonzero(difference) <= maps.size / 1000


def test_halves_are_drawn_the_same_however_many_there_are():
    few = np.random.default_rng(3).normal(size=(1, 30, 30)).astype(np.float16)
    many = np.tile(few, (100, 1, 1))
    found = limits(few)
    np.testing.assert_array_equal(indices(many, found), np.tile(indices(few, found), (100, 1, 1)))


def test_values_beyond_the_limits_get_the_last_colors():
    maps = np.array([[[-9, 0, 1, 9, np.inf, -np.inf]]], np.float32)
    np.testing.assert_array_equal(indices(maps, shared_limits(0, 1)), [[[0, 0, 255, 255, 255, 0]]])


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_nan_and_constants_are_drawn_as_the_first_color(dtype):
    maps = np.array([[[np.nan, 1, 2]], [[5, 5, 5]]], dtype)
    np.testing.assert_array_equal(indices(maps, limits(maps, "channel")), [[[0, 0, 255]], [[0, 0, 0]]])


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_the_largest_and_the_smallest_numbers_there_are(dtype):
    information = np.finfo(dtype)
    maps = np.array([[[information.min, 0, information.max]]], dtype)
    np.testing.assert_array_equal(indices(maps, limits(maps)), [[[0, 128, 255]]])
    tiny = np.array([[[0, information.smallest_subnormal]]], dtype)
    np.testing.assert_array_equal(indices(tiny, limits(tiny)), [[[0, 255]]])


def test_a_small_span_far_from_zero_keeps_its_steps():
    maps = (np.arange(4, dtype=np.float32) / 8 + 2.0**20).reshape(1, 2, 2)
    np.testing.assert_array_equal(indices(maps, limits(maps)), [RAMP_INDEX])


def test_maps_that_lie_apart_in_memory_are_drawn_too():
    maps = np.moveaxis(np.arange(8, dtype=np.float16).reshape(2, 2, 2), -1, 0)  # as of an (H, W, C) tensor
    expected = straight_indices(maps, 0, 7)
    np.testing.assert_array_equal(indices(maps, limits(maps)), expected)
