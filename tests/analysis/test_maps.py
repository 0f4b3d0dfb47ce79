"""Tensors as feature maps. Expected values are by hand or by float64 numpy."""

from __future__ import annotations

import math

import numpy as np
import pytest

from inspector.analysis.maps import channel_statistics, feature_maps


def test_feature_maps_are_the_channels_of_the_first_picture():
    tensor = np.arange(2 * 3 * 4 * 5).reshape(2, 3, 4, 5)
    maps = feature_maps(tensor)
    assert maps.shape == (3, 4, 5)
    np.testing.assert_array_equal(maps, tensor[0])
    assert np.shares_memory(maps, tensor)


@pytest.mark.parametrize(
    ("shape", "channels_last", "maps"),
    [
        ((1, 4, 5, 3), True, (3, 4, 5)),
        ((1, 16, 100), False, (16, 1, 100)),
        ((1, 100, 16), True, (16, 1, 100)),
        ((1, 10), False, (10, 1, 1)),
        ((10,), False, (10, 1, 1)),
        ((1, 2, 7, 4, 5), False, (2, 4, 5)),
        ((1, 7, 4, 5, 2), True, (2, 4, 5)),
    ],
)
def test_tensors_of_every_rank_are_read_as_feature_maps(shape, channels_last, maps):
    tensor = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    found = feature_maps(tensor, channels_last)
    assert found.shape == maps
    assert np.shares_memory(found, tensor)


def test_the_middle_slice_stands_for_a_volume():
    tensor = np.arange(2 * 7 * 4 * 5).reshape(1, 2, 7, 4, 5)
    np.testing.assert_array_equal(feature_maps(tensor), tensor[0, :, 3])


@pytest.mark.parametrize("tensor", [np.float32(3), np.zeros((0, 3, 4, 4)), np.zeros((1,) * 6), np.array(["a"])])
def test_what_has_no_reading_as_feature_maps_gives_none(tensor):
    assert feature_maps(np.asarray(tensor)) is None


def test_a_mask_of_booleans_is_shown_as_zero_and_one():
    maps = feature_maps(np.array([[[[True, False]]]]))
    assert maps.tolist() == [[[1, 0]]]


def test_channel_statistics_are_those_of_each_map():
    maps = np.array(
        [
            [[1, 2], [3, 6]],
            [[0, 0], [0, 0]],
            [[5, 5], [5, 5]],
            [[np.nan, 1], [np.inf, 3]],
            [[np.nan, np.nan], [np.nan, np.nan]],
        ],
        np.float32,
    )
    found = channel_statistics(maps)
    np.testing.assert_array_equal(found.minimum, [1, 0, 5, 1, np.nan])
    np.testing.assert_array_equal(found.maximum, [6, 0, 5, 3, np.nan])
    np.testing.assert_array_equal(found.mean, [3, 0, 5, 2, np.nan])
    np.testing.assert_allclose(found.std, [math.sqrt(3.5), 0, 0, 1, np.nan])
    assert found.nans.tolist() == [0, 0, 0, 1, 4]
    assert found.infs.tolist() == [0, 0, 0, 1, 0]
    assert found.dead.tolist() == [False, True, False, False, False]
    assert found.constant.tolist() == [False, True, True, False, False]


def test_channel_statistics_of_half_floats_do_not_overflow():
    maps = np.full((3, 100, 100), 60000, np.float16)
    maps[1, 0, 0] = 0
    found = channel_statistics(maps)
    wide = maps.astype(np.float64)
    np.testing.assert_allclose(found.mean, wide.mean(axis=(1, 2)))
    np.testing.assert_allclose(found.std, wide.std(axis=(1, 2)))


def test_channel_statistics_of_many_channels_keep_their_order():
    maps = np.random.default_rng(1).normal(size=(40, 300, 301)).astype(np.float32)  # taken in several parts
    found = channel_statistics(maps)
    np.testing.assert_array_equal(found.minimum, maps.min(axis=(1, 2)))
    np.testing.assert_allclose(found.mean, maps.astype(np.float64).mean(axis=(1, 2)))
    assert channel_statistics(maps[:0]).minimum.shape == (0,)
