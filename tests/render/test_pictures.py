"""Tensors as pictures."""

from __future__ import annotations

import numpy as np

from inspector.render.pictures import stretched, thumbnail, unfed
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
