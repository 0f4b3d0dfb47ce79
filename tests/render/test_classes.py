"""Colours of classes. Contrast is that of WCAG 2.2, by its own formula."""

from __future__ import annotations

import numpy as np

from inspector.render.classes import class_color, class_colors, class_picture, difference_picture, image_picture
from inspector.render.palettes import palette


def luminance(color):
    channels = [each / 255 for each in color]
    linear = [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_256_classes_have_a_colour_each_and_the_next_ones_have_them_again():
    assert len({class_color(index) for index in range(256)}) == 256
    assert class_color(256) == class_color(0)


def test_a_class_keeps_its_colour_for_ever():
    assert [class_color(index) for index in range(4)] == [(140, 140, 140), (0, 238, 0), (255, 0, 255), (51, 51, 255)]
    assert class_color(15) == (0, 170, 255)


def test_every_colour_shows_in_both_themes():
    for color in class_colors().tolist():
        assert contrast(color, (0x1F, 0x20, 0x23)) > 2.2
        assert contrast(color, (0xFB, 0xFB, 0xFC)) > 1.5


def test_the_first_colours_lie_far_apart():
    first = class_colors()[:21].astype(int)
    apart = [np.abs(one - other).sum() for place, one in enumerate(first) for other in first[:place]]
    assert min(apart) >= 64  # of 765


def test_a_map_is_drawn_in_the_colours_of_its_classes():
    drawn = class_picture(np.array([[0, 1], [-1, 257]], np.int32), hidden=[0])
    assert drawn[0, 0].tolist() == [0, 0, 0, 0]  # hidden
    assert drawn[0, 1].tolist() == [*class_color(1), 255]
    assert drawn[1, 0].tolist() == [0, 0, 0, 0]  # no class
    assert drawn[1, 1].tolist() == [*class_color(1), 255]


def test_an_image_is_drawn_between_its_limits():
    values = np.array([[[-0.5, 0.0], [0.5, 2.0]]], np.float32)
    drawn = image_picture(values, (0.0, 1.0))
    assert drawn[..., 0].tolist() == [[0, 0], [128, 255]]
    assert (drawn == drawn[..., :1]).all()


def test_a_difference_is_drawn_around_zero():
    picture, reach = difference_picture(np.array([[-2, 0, 1, np.inf]], np.float64))
    assert reach == 2
    colors = palette("signed")
    np.testing.assert_array_equal(picture[0], [colors[0], colors[128], colors[191], colors[255]])
    blank, reach = difference_picture(np.zeros((2, 2)))
    assert reach == 0
    assert (blank == colors[128]).all()


def test_an_image_whose_first_channel_is_blue_is_turned_round():
    values = np.array([[[1.0]], [[0.5]], [[0.0]]])
    assert image_picture(values, (0.0, 1.0), bgr=True)[0, 0].tolist() == [0, 128, 255]
    assert image_picture(values, (0.0, 1.0))[0, 0].tolist() == [255, 128, 0]
    assert image_picture(np.concatenate([values, values[:1]]), (0.0, 1.0))[0, 0].tolist() == [255, 128, 0]
