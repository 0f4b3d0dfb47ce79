"""One tile by itself: its colours, and its numbers as text."""

from __future__ import annotations

import numpy as np

from inspector.render.limits import Limits, shared_limits
from inspector.render.palettes import MARK, palette
from inspector.render.taken import tab_separated, taken, taken_rows

GRAY = palette("gray")


def test_a_tile_has_a_pixel_for_each_element_and_its_own_limits():
    values = np.array([[0.0, 51.0], [255.0, 102.0]], np.float32)
    limits = Limits(np.array([0.0, 0.0]), np.array([1.0, 255.0]))
    found = taken(values, limits, GRAY, channel=1)
    assert found.pixels.tolist() == [[[0] * 3, [51] * 3], [[255] * 3, [102] * 3]]
    assert found.limits == (0.0, 255.0)
    values[:] = 0
    assert found.values[1, 0] == 255  # a copy: it outlives the run


def test_nan_is_marked_and_inf_is_white():
    values = np.array([[np.nan, -np.inf, np.inf, 0.0]], np.float32)
    found = taken(values, shared_limits(0, 1), GRAY)
    assert [tuple(each) for each in found.pixels[0]] == [MARK, (255, 255, 255), (255, 255, 255), (0, 0, 0)]


def test_signals_are_one_picture_whose_rows_keep_the_limits_of_their_channels():
    maps = np.array([[[0.0, 1.0]], [[0.0, 100.0]]], np.float32)
    found = taken_rows(maps, Limits(np.array([0.0, 0.0]), np.array([1.0, 200.0])), GRAY)
    assert found.pixels[..., 0].tolist() == [[0, 255], [0, 128]]
    assert found.limits is None


def test_numbers_as_text_can_be_read_back_exactly():
    values = np.random.default_rng(0).standard_normal((7, 5)).astype(np.float32)
    lines = tab_separated(values).split("\n")
    read = np.array([[np.float32(each) for each in line.split("\t")] for line in lines])
    np.testing.assert_array_equal(read, values)
    assert tab_separated(np.array([[1, -2]], np.int8)) == "1\t-2"
    assert tab_separated(np.zeros((101, 100))) == ""
