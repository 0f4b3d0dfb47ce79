"""A map as colors over a picture: how much of the picture each value lets through, worked out by hand."""

from __future__ import annotations

import numpy as np

from inspector.render.limits import shared_limits
from inspector.render.overlay import colored
from inspector.render.palettes import MARK, palette

VIRIDIS, SIGNED = palette("viridis"), palette("signed")
RAMP = np.array([[0.0, 1.0], [2.0, 4.0]], np.float32)


def test_a_map_by_itself_is_opaque():
    rgba = colored(RAMP, shared_limits(0, 4), VIRIDIS)
    assert (rgba[..., 3] == 255).all()
    # 1 and 2 of 4 lie at 63.75 and 127.5 of 255.
    np.testing.assert_array_equal(rgba[..., :3].reshape(4, 3), VIRIDIS[[0, 64, 128, 255]])


def test_over_a_picture_the_smallest_value_lets_all_through_and_the_largest_nothing():
    rgba = colored(RAMP, shared_limits(0, 4), VIRIDIS, responds=True)
    assert rgba[..., 3].tolist() == [[0, 64], [128, 255]]


def test_with_two_signs_zero_lets_all_through():
    values = np.array([[-4.0, 0.0, 2.0, 4.0]])
    rgba = colored(values, shared_limits(-4, 4), SIGNED, responds=True, has_middle=True)
    # Zero has the index 128; 2 has 191, which is 63 from the middle.
    assert rgba[0, :, 3].tolist() == [255, 0, 126, 254]


def test_what_is_no_number_is_seen_whatever_is_below():
    values = np.array([[np.nan, np.inf, -np.inf, 0.0]], np.float32)
    rgba = colored(values, shared_limits(0, 1), VIRIDIS, responds=True)
    assert rgba[0, :3].tolist() == [[*MARK, 255], [255] * 4, [255] * 4]
    assert rgba[0, 3, 3] == 0


def test_a_large_map_is_averaged_before_it_is_colored():
    values = np.zeros((4, 6), np.float32)
    values[:2, :2] = [[0, 4], [4, 0]]
    values[3, 5] = np.nan
    rgba = colored(values, shared_limits(0, 4), VIRIDIS, at_most=3)
    assert rgba.shape == (2, 3, 4)
    assert rgba[0, 0, :3].tolist() == VIRIDIS[128].tolist()  # the mean of 0, 4, 4 and 0
    assert rgba[1, 2].tolist() == [*MARK, 255]
