"""Colors: published tables, and contrast by hand."""

from __future__ import annotations

import numpy as np
import pytest

from inspector.render.palettes import COLORMAPS, default_colormap, ink, palette, to_rgb


@pytest.mark.parametrize("name", COLORMAPS)
def test_every_palette_has_256_colors(name):
    colors = palette(name)
    assert (colors.shape, colors.dtype) == ((256, 3), np.uint8)
    assert len(np.unique(colors, axis=0)) > 200


def test_viridis_is_the_published_one():
    # The first, the middle and the last row of matplotlib's table: 0.267004 0.004874 0.329415, ...
    np.testing.assert_array_equal(palette("viridis")[[0, 128, 255]], [[68, 1, 84], [33, 145, 140], [253, 231, 37]])


def test_the_signed_palette_goes_from_blue_over_near_white_to_brown():
    colors = palette("signed")
    np.testing.assert_array_equal(colors[0], [0x0B, 0x3C, 0x78])
    np.testing.assert_array_equal(colors[255], [0x8A, 0x3A, 0x00])
    for middle in (127, 128):
        assert np.abs(colors[middle].astype(int) - [0xF4, 0xF3, 0xF0]).max() <= 2


@pytest.mark.parametrize(("low", "expected"), [(0.0, "viridis"), (3.5, "viridis"), (-1e-30, "signed")])
def test_the_data_decide_on_the_colormap(low, expected):
    assert default_colormap(low) == expected


def test_indices_become_the_colors_of_the_palette():
    colors = np.zeros((256, 3), np.uint8)
    colors[7] = (1, 2, 3)
    np.testing.assert_array_equal(to_rgb(np.array([[7, 0]], np.uint8), colors), [[[1, 2, 3], [0, 0, 0]]])


def test_writing_has_the_higher_contrast_of_black_and_white():
    # #777777: white 4.48, black 4.69; #757575: white 4.61, black 4.56 (WCAG 2.2, by hand)
    grey = np.array([[0x77] * 3, [0x75] * 3, [255] * 3, [0] * 3], np.uint8)
    np.testing.assert_array_equal(ink(grey), [True, False, True, False])
