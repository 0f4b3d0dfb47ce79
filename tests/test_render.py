"""Values as indices, indices as pictures: expected pixels are worked out by hand or in float64."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from inspector import render
from inspector.render import Grid, Limits, Place, Specials

RAMP = np.arange(4, dtype=np.float32).reshape(1, 2, 2)
RAMP_INDEX = [[0, 85], [170, 255]]
NUMBERS = (np.float16, np.float32, np.float64, np.int8, np.uint8, np.int32, np.int64)


def straight_indices(values, low, high):
    """The definition, in float64."""
    wide = np.asarray(values, np.float64)
    return np.clip(np.floor((wide - low) / (high - low) * 255 + 0.5), 0, 255).astype(np.uint8)


# ---------------------------------------------------------------- colors


@pytest.mark.parametrize("name", render.COLORMAPS)
def test_every_palette_has_256_colors(name):
    colors = render.palette(name)
    assert (colors.shape, colors.dtype) == ((256, 3), np.uint8)
    assert len(np.unique(colors, axis=0)) > 200


def test_viridis_is_the_published_one():
    # The first, the middle and the last row of matplotlib's table: 0.267004 0.004874 0.329415, ...
    np.testing.assert_array_equal(
        render.palette("viridis")[[0, 128, 255]], [[68, 1, 84], [33, 145, 140], [253, 231, 37]]
    )


def test_the_signed_palette_goes_from_blue_over_near_white_to_brown():
    colors = render.palette("signed")
    np.testing.assert_array_equal(colors[0], [0x0B, 0x3C, 0x78])
    np.testing.assert_array_equal(colors[255], [0x8A, 0x3A, 0x00])
    for middle in (127, 128):
        assert np.abs(colors[middle].astype(int) - [0xF4, 0xF3, 0xF0]).max() <= 2


@pytest.mark.parametrize(("low", "expected"), [(0.0, "viridis"), (3.5, "viridis"), (-1e-30, "signed")])
def test_the_data_decide_on_the_colormap(low, expected):
    assert render.default_colormap(low) == expected


def test_indices_become_the_colors_of_the_palette():
    colors = np.zeros((256, 3), np.uint8)
    colors[7] = (1, 2, 3)
    np.testing.assert_array_equal(render.to_rgb(np.array([[7, 0]], np.uint8), colors), [[[1, 2, 3], [0, 0, 0]]])


def test_writing_has_the_higher_contrast_of_black_and_white():
    # #777777: white 4.48, black 4.69; #757575: white 4.61, black 4.56 (WCAG 2.2, by hand)
    grey = np.array([[0x77] * 3, [0x75] * 3, [255] * 3, [0] * 3], np.uint8)
    np.testing.assert_array_equal(render.ink(grey), [True, False, True, False])


# ---------------------------------------------------------------- limits


@pytest.mark.parametrize("dtype", NUMBERS)
def test_limits_of_the_layer_are_its_extremes(dtype):
    maps = np.array([[[3, 1]], [[7, 5]]], dtype)
    assert render.limits(maps).of(0) == (1, 7)
    assert render.limits(maps).is_shared


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_limits_of_negative_numbers(dtype):
    assert render.limits(np.array([[[-3, -1, -2]]], dtype)).of(0) == (-3, -1)
    assert render.limits(np.array([[[-3, 1, 0]]], dtype)).of(0) == (-3, 1)
    assert render.limits(np.array([[[-0.0, 0.0]]], dtype)).of(0) == (0, 0)


def test_limits_of_each_channel():
    limits = render.limits(np.array([[[3, 1]], [[-7, 5]]], np.float16), "channel")
    assert not limits.is_shared
    assert [limits.of(0), limits.of(1)] == [(1, 3), (-7, 5)]


def test_symmetric_limits_reach_as_far_down_as_up():
    assert render.limits(np.array([[[-3, 1, 0]]], np.float32), "symmetric").of(0) == (-3, 3)


def test_percentiles_cut_off_the_lowest_and_highest_hundredth():
    maps = np.random.default_rng(0).permutation(1001).astype(np.float32).reshape(7, 11, 13)
    assert render.limits(maps, "percentile").of(0) == (10, 990)


def test_percentiles_of_many_values_are_close_to_those_of_all():
    maps = np.random.default_rng(1).normal(size=(32, 250, 250)).astype(np.float32)
    low, high = np.percentile(maps.astype(np.float64), [1, 99])
    found = render.limits(maps, "percentile").of(0)
    np.testing.assert_allclose(found, (low, high), atol=0.02)  # their steps there are 0.004 wide in probability


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("scaling", render.SCALINGS)
def test_only_finite_values_count(dtype, scaling):
    maps = np.array([[[np.nan, np.inf, -np.inf, 2, 4]]], dtype)
    expected = (-4, 4) if scaling == "symmetric" else (2, 4)
    assert render.limits(maps, scaling).of(0) == expected


@pytest.mark.parametrize("scaling", render.SCALINGS)
def test_where_nothing_is_finite_the_limits_are_zero(scaling):
    assert render.limits(np.full((1, 2, 2), np.nan, np.float32), scaling).of(0) == (0, 0)
    assert render.limits(np.zeros((0, 2, 2), np.float32), "layer").of(0) == (0, 0)


def test_a_diverging_colormap_has_zero_in_its_middle():
    limits, name = render.resolve(np.array([[[-1, 3]]], np.float32))
    assert (name, limits.of(0)) == ("signed", (-3, 3))
    limits, name = render.resolve(np.array([[[-1, 3]]], np.float32), colormap="magma")
    assert (name, limits.of(0)) == ("magma", (-1, 3))
    limits, name = render.resolve(np.array([[[1, 3]]], np.float32))
    assert (name, limits.of(0)) == ("viridis", (1, 3))


def test_an_unknown_scaling_is_refused():
    with pytest.raises(KeyError):
        render.limits(RAMP, "no such scaling")


# ---------------------------------------------------------------- indices


@pytest.mark.parametrize("dtype", NUMBERS)
def test_a_ramp_uses_the_whole_palette(dtype):
    maps = RAMP.astype(dtype)
    np.testing.assert_array_equal(render.indices(maps, render.limits(maps)), [RAMP_INDEX])


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("scaling", render.SCALINGS)
def test_indices_are_those_of_float64(dtype, scaling):
    maps = np.random.default_rng(2).normal(3, 20, (5, 70, 401)).astype(dtype)
    limits = render.limits(maps, scaling)
    expected = np.stack([straight_indices(each, *limits.of(channel)) for channel, each in enumerate(maps)])
    difference = np.abs(render.indices(maps, limits).astype(int) - expected)
    assert difference.max() <= 1  # where a value lies between two colors, float32 may round the other way
    assert np.count_nonzero(difference) <= maps.size / 1000


def test_halves_are_drawn_the_same_by_table_and_by_arithmetic():
    few = np.random.default_rng(3).normal(size=(1, 30, 30)).astype(np.float16)
    many = np.tile(few, (100, 1, 1))
    limits = render.limits(few)
    np.testing.assert_array_equal(render.indices(many, limits), np.tile(render.indices(few, limits), (100, 1, 1)))


def test_values_beyond_the_limits_get_the_last_colors():
    maps = np.array([[[-9, 0, 1, 9, np.inf, -np.inf]]], np.float32)
    np.testing.assert_array_equal(render.indices(maps, render.shared_limits(0, 1)), [[[0, 0, 255, 255, 255, 0]]])


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_nan_and_constants_are_drawn_as_the_first_color(dtype):
    maps = np.array([[[np.nan, 1, 2]], [[5, 5, 5]]], dtype)
    np.testing.assert_array_equal(render.indices(maps, render.limits(maps, "channel")), [[[0, 0, 255]], [[0, 0, 0]]])


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_the_largest_and_the_smallest_numbers_there_are(dtype):
    information = np.finfo(dtype)
    maps = np.array([[[information.min, 0, information.max]]], dtype)
    np.testing.assert_array_equal(render.indices(maps, render.limits(maps)), [[[0, 128, 255]]])
    tiny = np.array([[[0, information.smallest_subnormal]]], dtype)
    np.testing.assert_array_equal(render.indices(tiny, render.limits(tiny)), [[[0, 255]]])


def test_a_small_span_far_from_zero_keeps_its_steps():
    maps = (np.arange(4, dtype=np.float32) / 8 + 2.0**20).reshape(1, 2, 2)
    np.testing.assert_array_equal(render.indices(maps, render.limits(maps)), [RAMP_INDEX])


def test_maps_that_lie_apart_in_memory_are_drawn_too():
    maps = np.moveaxis(np.arange(8, dtype=np.float16).reshape(2, 2, 2), -1, 0)  # as of an (H, W, C) tensor
    expected = straight_indices(maps, 0, 7)
    np.testing.assert_array_equal(render.indices(maps, render.limits(maps)), expected)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_nan_and_inf_are_counted_and_found(dtype):
    found = render.specials(np.array([[[np.nan, 1, np.inf, -np.inf]]], dtype))
    assert (found.nan, found.infinite) == (1, 2)
    np.testing.assert_array_equal(found.kinds, [[[render.NAN, 0, render.INFINITE, render.INFINITE]]])
    assert render.specials(np.zeros((1, 2, 2), dtype)) == Specials()


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_the_summary_counts_what_stands_out(dtype):
    maps = np.array([[[0, 0]], [[-0.0, 0]], [[3, 3]], [[0, 2]], [[np.nan, 7]]], dtype)
    found = render.summary(maps, render.specials(maps))
    assert (found.dead, found.constant, found.low, found.high) == (2, 1, 0, 7)
    assert found.zeros == pytest.approx(5 / 10)


# ---------------------------------------------------------------- tiles


def test_a_mosaic_puts_tiles_in_rows_with_gaps_between():
    picture = render.mosaic(np.concatenate([RAMP, 3 - RAMP, RAMP]), render.shared_limits(0, 3), columns=2)
    expected = np.zeros((5, 5), np.uint8)
    expected[:2, :2] = RAMP_INDEX
    expected[:2, 3:] = [[255, 170], [85, 0]]
    expected[3:, :2] = RAMP_INDEX
    np.testing.assert_array_equal(picture.index, expected)
    empty = np.zeros((5, 5), bool)
    empty[2] = empty[:, 2] = empty[3:, 3:] = True
    np.testing.assert_array_equal(picture.mask, empty)
    assert picture.pitch == (3, 3)


def test_a_mosaic_is_magnified_by_repeating_pixels():
    picture = render.mosaic(RAMP, render.shared_limits(0, 3), columns=1, magnify=3)
    np.testing.assert_array_equal(picture.index, np.kron(np.array(RAMP_INDEX, np.uint8), np.ones((3, 3), np.uint8)))


def test_every_pixel_of_a_mosaic_leads_back_to_its_element():
    maps = np.arange(5 * 2 * 3, dtype=np.float32).reshape(5, 2, 3)
    picture = render.mosaic(maps, render.limits(maps), columns=3, gap=2, magnify=4)
    for y, x in np.ndindex(picture.index.shape):
        place = picture.channel_at(x + 0.5, y + 0.5)
        assert (place is None) == picture.mask[y, x]
        if place is not None:
            value = maps[place.channel, place.row, place.column]
            assert picture.index[y, x] == straight_indices(value, 0, 29)
    for outside in ((-1, 0), (0, -1), (1e6, 0), (0, 1e6)):
        assert picture.channel_at(*outside) is None


def test_the_cell_of_an_element_holds_its_pixels():
    grid = Grid(channels=6, height=2, width=3, columns=4, tile_height=8, tile_width=12, gap=1)
    place = Place(channel=5, row=1, column=2)
    assert grid.cell(place) == (13 + 2 * 4, 9 + 1 * 4, 4, 4)
    left, top, width, height = grid.cell(place)
    assert grid.channel_at(left + width / 2, top + height / 2) == place


def test_nan_and_inf_keep_their_place_in_a_mosaic():
    maps = np.array([[[0, np.nan]], [[np.inf, 1]]], np.float32)
    picture = render.mosaic(maps, render.limits(maps), columns=1)
    np.testing.assert_array_equal(picture.kinds, [[0, render.NAN], [0, 0], [render.INFINITE, 0]])
    rgb = render.painted(picture, render.palette("gray"), (9, 9, 9))
    np.testing.assert_array_equal(rgb, [[[0] * 3, [0xFF, 0x5F, 0xA8]], [[9] * 3, [9] * 3], [[255] * 3, [255] * 3]])


def test_an_overlay_hatches_nan_and_inf_only():
    rgba = render.overlay(np.array([[render.NAN, 0, render.INFINITE]], np.uint8), stripe=1)
    np.testing.assert_array_equal(rgba, [[[0xFF, 0x5F, 0xA8, 255], [0, 0, 0, 0], [255, 255, 255, 255]]])


@pytest.mark.parametrize(
    ("channels", "height", "width", "box", "expected"),
    [
        (64, 55, 55, (559, 400), 10),  # 10 columns: 55 px wide and 7 rows of 56.3: tiles of 55; 9 or 11 give less
        (1, 7, 7, (100, 100), 1),
        (4, 10, 10, (400, 99), 4),
        (4, 10, 10, (99, 400), 1),
        (3, 1, 100, (100, 50), 1),  # wide tiles lie under each other
    ],
)
def test_the_number_of_columns_makes_tiles_largest(channels, height, width, box, expected):
    def scale(columns):
        rows = -(-channels // columns)
        return min(((box[0] + 1) / columns - 1) / width, ((box[1] + 1) / rows - 1) / height)

    assert render.best_columns(channels, height, width, *box) == expected
    assert scale(expected) == max(scale(columns) for columns in range(1, channels + 1))


@pytest.mark.parametrize("channels", [1, 2, 17, 512, 4096])
@pytest.mark.parametrize("size", [(1, 1), (7, 7), (13, 5), (224, 224), (1, 400)])
def test_a_grid_fits_its_box_whenever_a_tile_can_be_a_pixel(channels, size):
    grid = render.best_grid(channels, *size, box_width=560, box_height=420)
    height, width = grid.size
    assert (height <= 420 and width <= 560) or min(grid.tile_height, grid.tile_width) == 1
    assert grid.rows * grid.columns >= channels
    assert (grid.rows - 1) * grid.columns < channels


def test_tiles_that_fit_are_drawn_pixel_for_pixel():
    grid = render.best_grid(1, 100, 100, 130, 140)
    assert (grid.tile_height, grid.tile_width, grid.is_reduced) == (100, 100, False)


def test_a_matrix_fills_the_room_with_whole_pixels():
    grid = render.best_grid(1, 10, 64, 200, 105, fills=True)
    assert (grid.tile_height, grid.tile_width) == (100, 192)


def test_reduced_tiles_are_the_mean_of_what_shares_a_pixel():
    tiles = np.random.default_rng(4).integers(0, 256, (3, 11, 9), np.uint8)
    grid = Grid(3, 11, 9, columns=2, tile_height=4, tile_width=9, gap=1)
    drawn = render.sheet(tiles, grid).pixels
    starts = [0, 2, 5, 8, 11]  # floor(11 * k / 4)
    means = [tiles[:, a:b].astype(np.float64).mean(axis=1) for a, b in itertools.pairwise(starts)]
    expected = np.stack(means, 1)
    np.testing.assert_array_equal(drawn[:4, :9], np.floor(expected[0] + 0.5))
    np.testing.assert_array_equal(drawn[4:, :9], np.floor(expected[2] + 0.5))
    assert not drawn[4:, 9:].any()


def test_a_nan_is_not_lost_when_tiles_are_reduced():
    maps = np.zeros((1, 8, 8), np.float32)
    maps[0, 5, 2] = np.nan
    grid = Grid(1, 8, 8, columns=1, tile_height=2, tile_width=2)
    lying = render.sheet(render.indices(maps, render.limits(maps)), grid, render.specials(maps))
    np.testing.assert_array_equal(lying.kinds, [[0, 0], [render.NAN, 0]])


def test_a_zoomed_window_shows_part_of_the_mosaic():
    maps = np.concatenate([RAMP, 3 - RAMP])
    grid = Grid(2, 2, 2, columns=2, tile_height=2, tile_width=2, gap=1)
    lying = render.sheet(render.indices(maps, render.shared_limits(0, 3)), grid)
    seen = render.window(lying, left=1, top=0, width=6, height=4, zoom=2)
    index = np.where(seen.blank, 1, seen.pixels)
    row0, row1 = [85, 85, 1, 1, 255, 255], [255, 255, 1, 1, 85, 85]
    np.testing.assert_array_equal(index, [row0, row0, row1, row1])


def test_a_window_beyond_the_rim_is_blank():
    grid = Grid(1, 2, 2, columns=1, tile_height=2, tile_width=2)
    seen = render.window(render.sheet(np.full((1, 2, 2), 9, np.uint8), grid), -1, -1, 4, 4)
    expected = np.ones((4, 4), bool)
    expected[1:3, 1:3] = False
    np.testing.assert_array_equal(seen.blank, expected)


def test_a_zoomed_sheet_keeps_more_elements():
    tiles = np.arange(64, dtype=np.uint8).reshape(1, 8, 8)
    grid = Grid(1, 8, 8, columns=1, tile_height=2, tile_width=2)
    assert render.sheet(tiles, grid).pixels.shape == (2, 2)
    assert render.sheet(tiles, grid, zoom=2).pixels.shape == (4, 4)
    np.testing.assert_array_equal(render.sheet(tiles, grid, zoom=9).pixels, tiles[0])


@pytest.mark.parametrize(
    ("low", "high", "at_most", "expected"),
    [(0, 169.8, 4, (50, 100, 150)), (-1, 1, 4, (-0.5, 0, 0.5)), (0, 0, 4, ()), (2, 3, 1, ()), (0, 1, 9, None)],
)
def test_ticks_are_round_numbers_between_the_limits(low, high, at_most, expected):
    found = render.ticks(low, high, at_most)
    assert len(found) <= at_most
    if expected is not None:
        assert found == pytest.approx(expected)
    else:
        assert found == pytest.approx([n / 10 for n in range(1, 10)])


@pytest.mark.parametrize("limits", [(0, float("inf")), (float("nan"), 1), (0, 5e-324), (-1e308, 1e308)])
def test_ticks_of_strange_limits_do_no_harm(limits):
    assert len(render.ticks(*limits, 4)) <= 4


# ---------------------------------------------------------------- kernels


def test_the_first_layers_kernels_are_colors_with_grey_as_zero():
    kernel = np.zeros((2, 3, 1, 1), np.float32)
    kernel[0, :, 0, 0] = (2, 0, -1)
    kernel[1, :, 0, 0] = (0, -2, 0)
    np.testing.assert_array_equal(render.first_layer_rgb(kernel)[:, 0, 0], [[255, 128, 64], [128, 1, 128]])
    np.testing.assert_array_equal(render.first_layer_rgb(kernel, bgr=True)[:, 0, 0], [[64, 128, 255], [128, 1, 128]])


def test_kernels_that_are_all_zero_are_grey():
    assert (render.first_layer_rgb(np.zeros((1, 3, 2, 2), np.float16)) == 128).all()


def test_slices_of_kernels_with_one_two_and_three_axes():
    kernel = np.arange(2 * 3 * 2 * 4 * 5).reshape(2, 3, 2, 4, 5)
    assert render.kernel_slices(kernel, 1).shape == (6, 4, 5)
    np.testing.assert_array_equal(render.kernel_slices(kernel, 1)[3], kernel[1, 1, 1])
    np.testing.assert_array_equal(render.kernel_slices(kernel[:, :, 0], 0), kernel[0, :, 0])
    assert render.kernel_slices(kernel[:, :, 0, 0], 0).shape == (3, 1, 5)
    assert render.kernel_slices(kernel[:, :, 0, 0, 0], 0).shape == (3, 1, 1)


def test_a_kernel_mosaic_has_zero_in_the_middle_of_the_palette():
    kernel = np.array([[[[-2.0]], [[0.0]], [[1.0]]]], np.float32)
    picture = render.kernel_mosaic(kernel, 0, columns=3, gap=0)
    np.testing.assert_array_equal(picture.index, [[0, 128, 191]])  # (1 + 2) / 4 * 255 = 191.25


def test_the_strongest_slice_has_the_largest_sum_of_sizes():
    assert render.strongest(np.array([[[1, 1]], [[-3, 0]], [[1.5, 1.5]]], np.float32)) == 1
    assert render.strongest(np.array([[[np.nan]], [[1]]], np.float32)) == 1


def test_numbers_in_cells_have_the_same_decimals_and_readable_ink():
    cells = render.cells(
        np.array([[[-0.4524, -0.001, 0.4524]]], np.float32),
        render.shared_limits(-0.4524, 0.4524),
        render.palette("signed"),
        2,
    )
    assert cells.texts == ((("−0.45", "0.00", "0.45"),),)
    np.testing.assert_array_equal(cells.rgb[0, 0, [0, 2]], render.palette("signed")[[0, 255]])
    np.testing.assert_array_equal(cells.black, [[[False, True, False]]])


def test_cells_name_what_is_no_number():
    cells = render.cells(
        np.array([[[np.nan, np.inf, -np.inf]]]), render.shared_limits(-1, 1), render.palette("signed"), 1
    )
    assert cells.texts == ((("NaN", "Inf", "−Inf"),),)


# ---------------------------------------------------------------- pictures


def test_what_was_fed_is_turned_back_into_the_picture():
    pixels = np.array([[[0, 128, 255], [10, 20, 30]]], np.uint8)  # (1, 2, 3) RGB
    mean, std = (104.0, 117.0, 123.0), (1.0, 2.0, 4.0)
    bgr = pixels[..., ::-1].astype(np.float64).transpose(2, 0, 1)
    fed = ((bgr - np.reshape(mean, (3, 1, 1))) / np.reshape(std, (3, 1, 1))).astype(np.float32)
    np.testing.assert_array_equal(render.unfed(fed, 1.0, mean, std, bgr=True, invert=False), pixels)


def test_an_inverted_grey_picture_is_turned_back():
    fed = (255 - np.array([[[0, 7, 255]]], np.float32)) / 255
    expected = np.repeat(np.array([[[0], [7], [255]]], np.uint8), 3, axis=2)
    np.testing.assert_array_equal(render.unfed(fed, 1 / 255, (0.0,), (1.0,), bgr=False, invert=True), expected)


def test_a_tensor_of_unknown_scale_is_stretched():
    np.testing.assert_array_equal(render.stretched(RAMP)[..., 1], RAMP_INDEX)


def test_a_thumbnail_is_the_mean_of_all_maps():
    maps = np.stack([RAMP[0], 3 * RAMP[0]])
    np.testing.assert_array_equal(render.thumbnail(maps, 20), RAMP_INDEX)
    blocks = np.kron(RAMP[0], np.ones((10, 10)))[np.newaxis]
    np.testing.assert_array_equal(render.thumbnail(blocks, 2), RAMP_INDEX)


def test_a_thumbnail_of_halves_does_not_overflow():
    maps = np.full((64, 2, 2), 60_000, np.float16)
    maps[:, 0, 0] = 0
    np.testing.assert_array_equal(render.thumbnail(maps), [[0, 255], [255, 255]])


def test_limits_know_their_channel():
    limits = Limits(np.array([0.0, 1.0]), np.array([2.0, 3.0]))
    assert limits.of(1) == (1.0, 3.0)
    assert limits.around_zero().of(1) == (-3.0, 3.0)
