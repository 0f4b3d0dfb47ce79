"""Tiles as pictures: expected pixels are worked out by hand."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from inspector.render.grid import Grid
from inspector.render.indices import indices
from inspector.render.limits import limits, shared_limits
from inspector.render.mosaic import mosaic, overlay, painted, reduced, reduced_colors, sheet, window
from inspector.render.palettes import palette
from inspector.render.survey import INFINITE, NAN, specials
from tests.render.ramp import NUMBERS, RAMP, RAMP_INDEX, straight_indices


def test_a_mosaic_puts_tiles_in_rows_with_gaps_between():
    picture = mosaic(
        np.concatenate([RAMP, 3 - RAMP, RAMP]),
        shared_limits(0, 3),
        Grid(3, 2, 2, columns=2, tile_height=2, tile_width=2),
    )
    expected = np.zeros((5, 5), np.uint8)
    expected[:2, :2] = RAMP_INDEX
    expected[:2, 3:] = [[255, 170], [85, 0]]
    expected[3:, :2] = RAMP_INDEX
    np.testing.assert_array_equal(picture.index, expected)
    empty = np.zeros((5, 5), bool)
    empty[2] = empty[:, 2] = empty[3:, 3:] = True
    np.testing.assert_array_equal(picture.mask, empty)
    assert picture.grid.pitch == (3, 3)


def test_a_mosaic_is_magnified_by_repeating_pixels():
    picture = mosaic(RAMP, shared_limits(0, 3), Grid(1, 2, 2, columns=1, tile_height=6, tile_width=6))
    np.testing.assert_array_equal(picture.index, np.kron(np.array(RAMP_INDEX, np.uint8), np.ones((3, 3), np.uint8)))


def test_every_pixel_of_a_mosaic_leads_back_to_its_element():
    maps = np.arange(5 * 2 * 3, dtype=np.float32).reshape(5, 2, 3)
    picture = mosaic(maps, limits(maps), Grid(5, 2, 3, columns=3, tile_height=8, tile_width=12, gap=2))
    for y, x in np.ndindex(picture.index.shape):
        place = picture.grid.channel_at(x + 0.5, y + 0.5)
        assert (place is None) == picture.mask[y, x]
        if place is not None:
            value = maps[place.channel, place.row, place.column]
            assert picture.index[y, x] == straight_indices(value, 0, 29)
    for outside in ((-1, 0), (0, -1), (1e6, 0), (0, 1e6)):
        assert picture.grid.channel_at(*outside) is None


def test_nan_and_inf_keep_their_place_in_a_mosaic():
    maps = np.array([[[0, np.nan]], [[np.inf, 1]]], np.float32)
    picture = mosaic(maps, limits(maps), Grid(2, 1, 2, columns=1, tile_height=1, tile_width=2))
    np.testing.assert_array_equal(picture.kinds, [[0, NAN], [0, 0], [INFINITE, 0]])
    rgb = painted(picture, palette("gray"), (9, 9, 9))
    np.testing.assert_array_equal(rgb, [[[0] * 3, [0xFF, 0x5F, 0xA8]], [[9] * 3, [9] * 3], [[255] * 3, [255] * 3]])


def test_an_overlay_hatches_nan_and_inf_only():
    rgba = overlay(np.array([[NAN, 0, INFINITE]], np.uint8), stripe=1)
    np.testing.assert_array_equal(rgba, [[[0xFF, 0x5F, 0xA8, 255], [0, 0, 0, 0], [255, 255, 255, 255]]])


@pytest.mark.parametrize("dtype", NUMBERS)
def test_a_reduced_map_holds_the_mean_of_what_shares_a_pixel(dtype):
    maps = np.random.default_rng(4).integers(0, 100, (3, 11, 9)).astype(dtype)
    means = reduced(maps, Grid(3, 11, 9, columns=2, tile_height=4, tile_width=2))
    rows, columns = [0, 2, 5, 8, 11], [0, 4, 9]  # floor(11 * k / 4), floor(9 * k / 2)
    expected = np.array(
        [
            [
                [maps[channel, top:bottom, left:right].astype(np.float64).mean() for left, right in pairwise(columns)]
                for top, bottom in pairwise(rows)
            ]
            for channel in range(3)
        ]
    )
    np.testing.assert_allclose(means, expected, rtol=1e-6)


def test_reduced_colors_are_rounded_means():
    tiles = np.array([[[[0, 1, 255], [1, 2, 255]]]], np.uint8)
    grid = Grid(1, 1, 2, columns=1, tile_height=1, tile_width=1)
    np.testing.assert_array_equal(reduced_colors(tiles, grid), [[[[1, 2, 255]]]])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_mean_of_the_largest_numbers_there_are_is_no_infinity(dtype):
    largest = np.finfo(dtype).max / (1 if dtype is np.float32 else 16)
    means = reduced(np.full((1, 4, 4), largest, dtype), Grid(1, 4, 4, columns=1, tile_height=2, tile_width=2))
    np.testing.assert_allclose(means.astype(np.float64), float(largest), rtol=1e-6)


def test_an_outlier_counts_in_full_where_it_shares_a_pixel():
    maps = np.array([[[0, 8]]], np.float32)  # limits 0 to 4: the mean is their upper end
    grid = Grid(1, 1, 2, columns=1, tile_height=1, tile_width=1)
    assert mosaic(maps, shared_limits(0, 4), grid).index == [[255]]


def test_tiles_lie_in_rows_without_gaps_on_a_sheet():
    tiles = np.arange(12, dtype=np.uint8).reshape(3, 2, 2)
    lying = sheet(tiles, Grid(3, 2, 2, columns=2, tile_height=2, tile_width=2))
    np.testing.assert_array_equal(lying.pixels, [[0, 1, 4, 5], [2, 3, 6, 7], [8, 9, 0, 0], [10, 11, 0, 0]])


def test_a_nan_is_not_lost_when_maps_are_reduced():
    maps = np.zeros((1, 8, 8), np.float32)
    maps[0, 5, 2] = np.nan
    grid = Grid(1, 8, 8, columns=1, tile_height=2, tile_width=2)
    lying = sheet(indices(reduced(maps, grid), limits(maps)), grid, specials(maps))
    np.testing.assert_array_equal(lying.kinds, [[0, 0], [NAN, 0]])


def test_a_zoomed_window_shows_part_of_the_mosaic():
    maps = np.concatenate([RAMP, 3 - RAMP])
    grid = Grid(2, 2, 2, columns=2, tile_height=2, tile_width=2, gap=1)
    lying = sheet(indices(maps, shared_limits(0, 3)), grid)
    seen = window(lying, left=1, top=0, width=6, height=4, zoom=2)
    index = np.where(seen.blank, 1, seen.pixels)
    row0, row1 = [85, 85, 1, 1, 255, 255], [255, 255, 1, 1, 85, 85]
    np.testing.assert_array_equal(index, [row0, row0, row1, row1])


def test_a_window_beyond_the_rim_is_blank():
    grid = Grid(1, 2, 2, columns=1, tile_height=2, tile_width=2)
    seen = window(sheet(np.full((1, 2, 2), 9, np.uint8), grid), -1, -1, 4, 4)
    expected = np.ones((4, 4), bool)
    expected[1:3, 1:3] = False
    np.testing.assert_array_equal(seen.blank, expected)


def test_a_higher_zoom_keeps_more_elements():
    maps = np.arange(64, dtype=np.float32).reshape(1, 8, 8)
    grid = Grid(1, 8, 8, columns=1, tile_height=2, tile_width=2)
    assert reduced(maps, grid).shape == (1, 2, 2)
    assert reduced(maps, grid, zoom=2).shape == (1, 4, 4)
    np.testing.assert_array_equal(reduced(maps, grid, zoom=9), maps)
