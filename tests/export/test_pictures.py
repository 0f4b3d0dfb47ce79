"""Pictures of layers and kernels, compared with pixels by hand."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from inspector.export.pictures import BACKGROUND, Painting, kernels_picture
from inspector.export.png import encode
from inspector.graph.model import Codes, Tensor
from tests.export.made import maps_picture

# The first and the last colour of viridis (van der Walt and Smith, 2015), and those of the signed palette.
VIRIDIS = (0x44, 0x01, 0x54), (0xFD, 0xE7, 0x25)
SIGNED = (0x0B, 0x3C, 0x78), (0x8A, 0x3A, 0x00)
MARK = (0xFF, 0x5F, 0xA8)
MAGNIFIED = 16  # of small pictures
PLAIN = Tensor("maps", "float32", None)


def test_maps_are_drawn_from_the_smallest_to_the_largest_value_of_the_layer():
    tensor = np.array([[[[0, 10], [0, 10]], [[10, 10], [0, 0]], [[0, 0], [0, 0]]]], np.float32)
    drawn = maps_picture(tensor, PLAIN, {})
    assert drawn.limits == (0, 10)
    assert drawn.colormap == "viridis"
    low, high = VIRIDIS
    # Three tiles of 2 x 2 elements in 2 columns, 16 pixels each element, 1 pixel between the tiles.
    side = 2 * MAGNIFIED
    expected = np.full((2 * side + 1, 2 * side + 1, 3), BACKGROUND, np.uint8)
    expected[:side, :MAGNIFIED] = low
    expected[:side, MAGNIFIED:side] = high
    expected[:MAGNIFIED, side + 1 :] = high
    expected[MAGNIFIED:side, side + 1 :] = low
    expected[side + 1 :, :side] = low
    np.testing.assert_array_equal(drawn.pixels, expected)


def test_maps_of_both_signs_are_drawn_around_zero():
    drawn = maps_picture(np.array([[[[-1.0, 4.0]]]], np.float16), PLAIN, {})
    assert drawn.limits == (-4, 4)
    assert drawn.colormap == "signed"
    assert tuple(drawn.pixels[0, -1]) == SIGNED[1]


def test_nan_and_infinity_are_marked_and_do_not_spoil_the_limits():
    drawn = maps_picture(np.array([[[[np.nan, np.inf, 0.0, 2.0]]]], np.float32), PLAIN, {})
    assert drawn.limits == (0, 2)
    row = drawn.pixels[0, ::MAGNIFIED]
    assert [tuple(pixel) for pixel in row] == [MARK, (255, 255, 255), *VIRIDIS]


def test_the_numbers_of_a_vector_are_tiles_of_one_element():
    drawn = maps_picture(np.array([[0.0, 1.0, 1.0, 0.0]], np.float32), PLAIN, {})
    size = 2 * MAGNIFIED + 1
    assert drawn.pixels.shape == (size, size, 3)
    assert tuple(drawn.pixels[0, 0]) == VIRIDIS[0]
    assert tuple(drawn.pixels[0, -1]) == VIRIDIS[1]
    assert tuple(drawn.pixels[MAGNIFIED, 0]) == BACKGROUND


@pytest.mark.parametrize("tensor", [np.float32(3), np.zeros((0, 4)), np.zeros((1,) * 6)])
def test_what_has_no_reading_as_maps_is_not_drawn(tensor):
    assert maps_picture(np.asarray(tensor), PLAIN, {}) is None


def test_quantized_maps_are_drawn_in_real_units():
    codes = np.array([[[[10, 12], [14, 30]]]], np.uint8)
    drawn = maps_picture(codes, Tensor("maps", "uint8", None, codes=Codes((0.5,), (10,))), {})
    assert drawn.limits == (0, 10)  # (30 - 10) * 0.5
    assert drawn.colormap == "viridis"


def test_codes_are_drawn_as_they_are_where_the_run_does_not_tell_their_scale():
    codes = np.array([[[[10, 12], [14, 30]]]], np.uint8)
    known = Tensor("maps", "uint8", None, codes=Codes(scale_tensor="scale"))
    assert maps_picture(codes, known, {}).limits == (10, 30)
    assert maps_picture(codes, known, {"scale": np.float32(0.1)}).limits == pytest.approx((1, 3))


def test_a_picture_that_no_program_could_open_is_reduced():
    drawn = maps_picture(np.zeros((1, 1, 20_000, 10), np.float32), PLAIN, {})
    assert max(drawn.pixels.shape) <= 8192


def test_a_row_of_kernel_tiles_is_an_output_channel():
    kernel = np.zeros((2, 3, 1, 2), np.float32)
    kernel[1, 2, 0, 1] = 5  # second row, third tile, second element
    kernel[0, 0, 0, 0] = -5
    drawn = kernels_picture(kernel)
    assert drawn.limits == (-5, 5)
    assert drawn.colormap == "signed"
    assert drawn.pixels.shape == (2 * MAGNIFIED + 1, 3 * 2 * MAGNIFIED + 2, 3)
    assert tuple(drawn.pixels[-1, -1]) == SIGNED[1]
    assert tuple(drawn.pixels[0, 0]) == SIGNED[0]
    assert tuple(drawn.pixels[-1, -MAGNIFIED - 1]) != SIGNED[1]


def test_a_matrix_is_one_picture_of_its_numbers():
    kernel = np.zeros((2, 3), np.float32)
    kernel[0, 2], kernel[1, 0] = 1, -1
    for each in (kernel, kernel.reshape(2, 3, 1, 1)):
        drawn = kernels_picture(each)
        assert drawn.pixels.shape == (2 * MAGNIFIED, 3 * MAGNIFIED, 3)
        assert tuple(drawn.pixels[0, -1]) == SIGNED[1]
        assert tuple(drawn.pixels[-1, 0]) == SIGNED[0]


@pytest.mark.parametrize("shape", [(4,), (4, 3), (4, 3, 5), (4, 3, 5, 5), (4, 1, 3, 3), (4, 3, 2, 5, 5), (1, 1, 3, 3)])
def test_kernels_of_every_rank_are_drawn(shape):
    kernel = np.linspace(-1, 1, int(np.prod(shape)), dtype=np.float32).reshape(shape)
    assert kernels_picture(kernel).limits == (-1, 1)


@pytest.mark.parametrize("kernel", [np.zeros((0, 3, 3, 3)), np.float32(1), np.zeros((1,) * 6)])
def test_what_is_no_kernel_is_not_drawn(kernel):
    assert kernels_picture(np.asarray(kernel)) is None


@pytest.mark.parametrize("bgr", [False, True])
def test_kernels_on_a_picture_are_drawn_in_its_colours(bgr):
    kernel = np.zeros((1, 3, 1, 1), np.float32)
    kernel[0, 0], kernel[0, 1] = 1, -1
    drawn = kernels_picture(kernel, bgr, as_rgb=True)
    assert drawn.colormap == "rgb"
    assert drawn.limits == (-1, 1)
    color = (255, 1, 128)
    assert tuple(drawn.pixels[0, 0]) == (color[::-1] if bgr else color)


def decoded(content):
    image = Image.open(io.BytesIO(content))
    image.load()
    return image


def test_a_png_of_numbered_colours_has_a_palette_and_the_same_pixels():
    random = np.random.default_rng(0)
    index, colors = random.integers(0, 256, (7, 5), dtype=np.uint8), random.integers(0, 256, (256, 3), dtype=np.uint8)
    image = decoded(encode(Painting(index, colors)))
    assert image.mode == "P"
    np.testing.assert_array_equal(np.asarray(image.convert("RGB")), colors[index])


def test_a_png_of_many_colours_has_the_same_pixels():
    random = np.random.default_rng(0)
    smooth = np.cumsum(random.integers(-3, 4, (40, 50, 3)), axis=1).astype(np.uint8)  # of which differences are kept
    for pixels in (random.integers(0, 256, (40, 50, 3), dtype=np.uint8), smooth, smooth[:1, :1]):
        image = decoded(encode(pixels))
        assert image.mode == ("RGB" if pixels.size > 3 else "P")
        np.testing.assert_array_equal(np.asarray(image.convert("RGB")), pixels)


def test_a_volume_is_drawn_as_its_middle_slice_with_the_limits_of_all():
    values = np.arange(3 * 2, dtype=np.float32).reshape(1, 1, 3, 1, 2)
    drawn = maps_picture(values, PLAIN, {})
    assert drawn.limits == (0, 5)
    assert drawn.pixels.shape == (MAGNIFIED, 2 * MAGNIFIED, 3)
    assert not {tuple(drawn.pixels[0, 0]), tuple(drawn.pixels[0, -1])} & set(VIRIDIS)  # 2 and 3 lie between


def test_channels_that_come_last_are_tiles():
    values = np.array([[[[0, 10]], [[0, 10]]]], np.float32)  # 2 rows, 1 column, 2 channels
    drawn = maps_picture(values, Tensor("maps", "float32", None, channels_last=True), {})
    low, high = VIRIDIS
    assert (tuple(drawn.pixels[0, 0]), tuple(drawn.pixels[0, -1])) == (low, high)
