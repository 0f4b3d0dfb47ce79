"""Kernels as colors and as numbers."""

from __future__ import annotations

import numpy as np
import pytest

from inspector.render.kernels import cells, first_layer_rgb, power_of_ten, strongest, tiles_of, with_gaps
from inspector.render.limits import shared_limits
from inspector.render.palettes import palette


def test_the_first_layers_kernels_are_colors_with_grey_as_zero():
    kernel = np.zeros((2, 3, 1, 1), np.float32)
    kernel[0, :, 0, 0] = (2, 0, -1)
    kernel[1, :, 0, 0] = (0, -2, 0)
    np.testing.assert_array_equal(first_layer_rgb(kernel)[:, 0, 0], [[255, 128, 64], [128, 1, 128]])
    np.testing.assert_array_equal(first_layer_rgb(kernel, bgr=True)[:, 0, 0], [[64, 128, 255], [128, 1, 128]])


def test_kernels_that_are_all_zero_are_grey():
    assert (first_layer_rgb(np.zeros((1, 3, 2, 2), np.float16)) == 128).all()


@pytest.mark.parametrize(
    ("shape", "expected"), [((), (6, 1, 1)), ((5,), (6, 1, 5)), ((4, 5), (6, 4, 5)), ((2, 4, 5), (6, 4, 5))]
)
def test_kernels_of_no_axis_to_three_become_tiles(shape, expected):
    kernels = np.arange(6 * np.prod(shape, dtype=int)).reshape(2, 3, *shape)
    tiles = tiles_of(kernels, plane=1)
    assert tiles.shape == expected
    last = kernels[1, 2, 1] if len(shape) == 3 else kernels[1, 2]
    np.testing.assert_array_equal(tiles[5].reshape(-1), np.reshape(last, -1))


def test_a_dilated_kernel_has_zeros_between_its_elements():
    spread = with_gaps(np.array([[[1, 2], [3, 4]]]), (3, 2))
    np.testing.assert_array_equal(spread, [[[1, 0, 2], [0, 0, 0], [0, 0, 0], [3, 0, 4]]])


def test_the_strongest_slice_has_the_largest_sum_of_sizes():
    assert strongest(np.array([[[1, 1]], [[-3, 0]], [[1.5, 1.5]]], np.float32)) == 1
    assert strongest(np.array([[[np.nan]], [[1]]], np.float32)) == 1


def test_numbers_in_cells_have_the_same_decimals_and_readable_ink():
    written = cells(
        np.array([[[-0.4524, -0.001, 0.4524]]], np.float32),
        shared_limits(-0.4524, 0.4524),
        palette("signed"),
        2,
    )
    assert written.texts == ((("−0.45", "0.00", "0.45"),),)
    np.testing.assert_array_equal(written.rgb[0, 0, [0, 2]], palette("signed")[[0, 255]])
    np.testing.assert_array_equal(written.black, [[[False, True, False]]])


def test_cells_name_what_is_no_number():
    written = cells(np.array([[[np.nan, np.inf, -np.inf]]]), shared_limits(-1, 1), palette("signed"), 1)
    assert written.texts == ((("NaN", "Inf", "−Inf"),),)


@pytest.mark.parametrize(
    ("reach", "expected"), [(0, 0), (0.68, 0), (999, 0), (0.05, 0), (0.0016, -3), (2500, 3), (5e-324, -300)]
)
def test_numbers_that_decimals_would_not_show_are_written_in_powers_of_ten(reach, expected):
    assert power_of_ten(shared_limits(-reach, reach)) == expected
