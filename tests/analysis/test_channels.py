"""Channels in order: every expected number is worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from inspector.analysis.channels import AT_A_TIME, KEYS, order, ordered

# means 2, 4, 0, 3; maxima 2, 10, 0, 6; standard deviations 0, 6, 0, 3; zeros 0, 0, 1, 1/2 (of -2 and 10: mean 4)
MAPS = np.array([[[2, 2]], [[-2, 10]], [[0, 0]], [[6, 0]]], np.float32)


@pytest.mark.parametrize(
    ("key", "channels", "numbers"),
    [
        ("index", [0, 1, 2, 3], [0, 1, 2, 3]),
        ("mean", [1, 3, 0, 2], [2, 4, 0, 3]),
        ("maximum", [1, 3, 0, 2], [2, 10, 0, 6]),
        ("std", [1, 3, 0, 2], [0, 6, 0, 3]),
        ("sparsity", [2, 3, 0, 1], [0, 0, 1, 0.5]),
    ],
)
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.int8])
def test_the_largest_comes_first_and_equal_ones_stay_in_order(key, channels, numbers, dtype):
    found = order(MAPS.astype(dtype), key)
    assert found.channels.tolist() == channels
    assert found.numbers.tolist() == numbers
    assert [found.channel_at(found.place_of(channel)) for channel in range(4)] == [0, 1, 2, 3]


@pytest.mark.parametrize(("key", "numbers"), [("mean", [3, 1]), ("maximum", [4, 1]), ("std", [1, 0])])
def test_only_finite_values_count_and_a_channel_without_one_is_last(key, numbers):
    maps = np.array([[np.nan, np.inf, -np.inf], [2, np.nan, 4], [1, 1, np.inf]], np.float32)
    found = order(maps, key)
    assert found.channels.tolist() == [1, 2, 0]
    assert np.isnan(found.numbers[0])
    assert found.numbers[1:].tolist() == numbers


def test_float16_sums_do_not_overflow():
    maps = np.full((2, 100, 100), 60_000, np.float16)
    maps[1] += np.float16(32)
    assert order(maps, "mean").numbers.tolist() == [60_000, 60_032]


def test_many_channels_are_looked_at_in_parts():
    maps = np.zeros((3, AT_A_TIME // 2 + 1), np.uint8)
    maps[1], maps[2, 0] = 7, 9
    assert order(maps, "maximum").channels.tolist() == [2, 1, 0]


@pytest.mark.parametrize("key", KEYS)
def test_empty_maps_have_an_order(key):
    assert order(np.zeros((2, 0, 3), np.float32), key).channels.tolist() == [0, 1]


def test_an_unknown_key_is_refused():
    with pytest.raises(KeyError):
        order(MAPS, "beauty")


def test_a_channel_that_is_not_there_has_no_place():
    assert order(MAPS, "mean").place_of(4) == -1


def test_magnitude_counts_values_of_both_signs_and_the_first_places_are_a_short_order():
    known = order(np.array([[1, -1], [-4, 0], [0, 0]], np.float32), "magnitude")
    assert known.numbers.tolist() == [1, 2, 0]
    short = known.first(2)
    assert short.channels.tolist() == [1, 0]
    assert [short.place_of(channel) for channel in range(3)] == [1, 0, -1]


def test_numbers_that_are_known_put_channels_in_order_with_nan_last():
    assert ordered("contribution", np.array([-1, np.nan, 2])).channels.tolist() == [2, 0, 1]
