"""A layer as a few small tiles."""

from __future__ import annotations

import numpy as np

from inspector.render.columns import pictured, strongest, tiles
from inspector.render.palettes import palette


def test_the_channels_with_the_largest_mean_come_first():
    maps = np.zeros((5, 2, 2), np.float32)
    maps[3], maps[1], maps[4] = 3, 2, 2
    assert strongest(maps, 4) == (3, 1, 4, 0)


def test_nan_and_inf_are_left_out_of_the_mean():
    maps = np.ones((4, 1, 4), np.float32)
    maps[1] = [np.inf, 2, 2, 2]
    maps[2] = [np.nan, 3, 3, 3]
    maps[3] = np.nan
    assert strongest(maps, 4) == (2, 1, 0, 3)


def test_means_of_half_precision_do_not_overflow():
    maps = np.full((2, 64, 64), 60000, np.float16)
    maps[1] = 60032
    assert strongest(maps, 1) == (1,)


def test_each_map_goes_from_zero_to_its_own_maximum():
    maps = np.array([[[0, 2], [4, 4]], [[10, 20], [40, 40]]], np.float32)
    drawn = tiles(maps, 8, 16)
    assert drawn.channels == (1, 0)
    assert (drawn.colormap, drawn.ends) == ("viridis", "from zero")
    np.testing.assert_array_equal(drawn.index[0], [[64, 128], [255, 255]])  # 255 * 10 / 40 + 0.5, cut off
    np.testing.assert_array_equal(drawn.index[1], [[0, 128], [255, 255]])


def test_a_negative_value_puts_zero_in_the_middle():
    drawn = tiles(np.array([[[-1, 0, 2]]], np.float32).repeat(3, axis=1), 8, 16)
    assert (drawn.colormap, drawn.ends) == ("signed", "around zero")
    np.testing.assert_array_equal(drawn.index[0][0], [64, 128, 255])  # (-1 + 2) / 4, 2 / 4, 4 / 4 of 255


def test_chosen_colours_without_a_middle_go_from_the_smallest_value_and_a_difference_goes_without_them():
    maps = np.array([[[-1, 0, 2]]], np.float32).repeat(3, axis=1)
    chosen = tiles(maps, 8, 16, colormap="magma")
    assert (chosen.colormap, chosen.ends) == ("magma", "own")
    np.testing.assert_array_equal(chosen.index[0][0], [0, 85, 255])  # 0, 1 / 3 and 1 of 255
    positive = tiles(np.abs(maps), 8, 16, colormap="magma")
    assert (positive.colormap, positive.ends) == ("magma", "from zero")
    np.testing.assert_array_equal(positive.index[0][0], [128, 0, 255])
    apart = tiles(maps, 8, 16, is_difference=True, colormap="magma")
    assert (apart.colormap, apart.ends) == ("signed", "around zero")
    middle = tiles(np.abs(maps), 8, 16, colormap="signed")
    assert (middle.colormap, middle.ends) == ("signed", "around zero")
    np.testing.assert_array_equal(middle.index[0][0], [191, 128, 255])
    np.testing.assert_array_equal(tiles(maps * 0, 8, 16, is_difference=True).index, 128)


def test_values_are_averaged_before_they_become_colours():
    maps = np.zeros((1, 4, 4), np.float32)
    maps[0, :2, :2] = [[0, 8], [0, 8]]
    maps[0, 2:, 2:] = 8
    drawn = tiles(maps, 2, 1)
    np.testing.assert_array_equal(drawn.index[0], [[128, 0], [0, 255]])
    assert drawn.of == (1, 4, 4)


def test_a_signal_is_one_tile_of_its_channels():
    drawn = tiles(np.arange(12, dtype=np.float32).reshape(3, 1, 4), 8, 16, is_signal=True)
    assert (drawn.form, drawn.channels, drawn.index.shape) == ("rows", (0, 1, 2), (1, 3, 4))


def test_a_vector_is_one_tile_of_its_elements():
    drawn = tiles(np.arange(5, dtype=np.float32).reshape(5, 1, 1), 8, 16)
    assert (drawn.form, drawn.index.shape) == ("vector", (1, 5, 1))
    np.testing.assert_array_equal(drawn.index[0, :, 0], [0, 64, 128, 191, 255])


def test_known_channels_are_not_chosen_again():
    maps = np.arange(4, dtype=np.float32)[:, None, None].repeat(2, axis=1)
    assert tiles(maps.repeat(2, axis=2), 8, 2, channels=(0, 1, 2)).channels == (0, 1)


def test_tiles_lie_row_by_row_with_gaps_one_sees_through():
    maps = np.ones((3, 2, 2), np.float32) * np.array([3, 2, 1], np.float32)[:, None, None]
    maps[:, 0] = 0
    picture = pictured(tiles(maps, 8, 16), 3, 2, 4, 6, 1)
    assert picture.shape == (9, 13, 4)
    first, last = palette("viridis")[0], palette("viridis")[255]
    np.testing.assert_array_equal(picture[0, 0, :3], first)
    np.testing.assert_array_equal(picture[3, 12, :3], last)
    assert set(picture[4, :, 3]) == {0}
    assert set(picture[:, 6, 3]) == {0}
    assert set(picture[5:, 7:, 3].ravel()) == {0}  # no fourth tile


def test_a_picture_smaller_than_its_tile_shows_means():
    maps = np.zeros((1, 4, 4), np.float32)
    maps[0, :, 2:] = 1
    maps[0, :2, :2] = [[0, 1], [1, 0]]
    picture = pictured(tiles(maps, 4, 1), 1, 1, 2, 2, 0)
    colors = palette("viridis")
    np.testing.assert_array_equal(picture[..., :3], [[colors[128], colors[255]], [colors[0], colors[255]]])
