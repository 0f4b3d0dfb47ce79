"""Tensors as pictures."""

from __future__ import annotations

import numpy as np
import pytest

from inspector.render.pictures import stretched, thinned, thumbnail, unfed
from tests.render.ramp import RAMP, RAMP_INDEX


def test_what_was_fed_is_turned_back_into_the_picture():
    pixels = np.array([[[0, 128, 255], [10, 20, 30]]], np.uint8)  # (1, 2, 3) RGB
    mean, std = (104.0, 117.0, 123.0), (1.0, 2.0, 4.0)
    bgr = pixels[..., ::-1].astype(np.float64).transpose(2, 0, 1)
    fed = ((bgr - np.reshape(mean, (3, 1, 1))) / np.reshape(std, (3, 1, 1))).astype(np.float32)
    np.testing.assert_array_equal(unfed(fed, 1.0, mean, std, bgr=True, invert=False), pixels)


def test_an_inverted_grey_picture_is_turned_back():
    fed = (255 - np.array([[[0, 7, 255]]], np.float32)) / 255
    expected = np.repeat(np.array([[[0], [7], [255]]], np.uint8), 3, axis=2)
    np.testing.assert_array_equal(unfed(fed, 1 / 255, (0.0,), (1.0,), bgr=False, invert=True), expected)


def test_a_tensor_of_unknown_scale_is_stretched():
    np.testing.assert_array_equal(stretched(RAMP)[..., 1], RAMP_INDEX)


def test_a_thumbnail_is_the_mean_of_all_maps():
    maps = np.stack([RAMP[0], 3 * RAMP[0]])
    np.testing.assert_array_equal(thumbnail(maps, 20), RAMP_INDEX)
    blocks = np.kron(RAMP[0], np.ones((10, 10)))[np.newaxis]
    np.testing.assert_array_equal(thumbnail(blocks, 2), RAMP_INDEX)


def test_a_thumbnail_of_halves_does_not_overflow():
    maps = np.full((64, 2, 2), 60_000, np.float16)
    maps[:, 0, 0] = 0
    np.testing.assert_array_equal(thumbnail(maps), [[0, 255], [255, 255]])


def test_a_large_tensor_is_thinned_and_a_small_one_left_alone():
    large = np.arange(3 * 2500 * 10).reshape(3, 2500, 10)
    thin = thinned(large, 1024)
    np.testing.assert_array_equal(thin, large[:, ::3, ::3])
    assert max(thin.shape[1:]) <= 1024
    assert thinned(large, 2500).shape == large.shape


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
def test_every_byte_comes_back_from_what_was_fed_with_a_mean_and_deviation(kind):
    pixels = np.arange(256, dtype=np.float64).reshape(1, 16, 16).repeat(3, axis=0)
    mean, std = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    fed = ((pixels / 255 - mean[:, None, None]) / std[:, None, None]).astype(kind)
    drawn = unfed(fed, 1 / 255, tuple(mean), tuple(std), bgr=False, invert=False)
    np.testing.assert_array_equal(drawn, pixels.transpose(1, 2, 0).astype(np.uint8))


def test_what_is_no_number_is_drawn_as_the_nearest_end():
    fed = np.array([[[np.nan, np.inf, -np.inf, 1e30]]], np.float32)
    np.testing.assert_array_equal(unfed(fed, 1.0, (0.0,), (1.0,), False, False)[0, :, 0], [0, 255, 0, 255])
