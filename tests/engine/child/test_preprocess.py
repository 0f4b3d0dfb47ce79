"""Pictures as tensors; every expected value worked out by hand or with plain numpy."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from inspector.engine.child.preprocess import ImageInput, decode, image_input, prepare, recipe_for, shown
from inspector.errors import ImageError, LimitError
from inspector.graph.model import Model, Tensor
from inspector.graph.preprocessing import PRESETS, Preprocessing


def file_of(image: Image.Image, kind: str = "PNG", **options: object) -> io.BytesIO:
    file = io.BytesIO()
    image.save(file, kind, **options)
    file.seek(0)
    return file


def wanted(shape: tuple[int, ...], dtype: str = "float32", channels_last: bool = False) -> ImageInput:
    return ImageInput(Tensor("x", dtype, shape), shape, channels_last)


RED_GREEN = Image.fromarray(np.array([[[255, 0, 0], [0, 255, 0]]], np.uint8))  # 2 wide, 1 high
CLASS_MEAN = {"imagenet": (0.485, 0.456, 0.406), "caffe": (104, 117, 123)}


@pytest.mark.parametrize(
    ("name", "left_pixel"),
    [
        ("unit", [1, 0, 0]),
        ("byte", [255, 0, 0]),
        ("signed", [1, -1, -1]),
        ("imagenet", [(1 - 0.485) / 0.229, -0.456 / 0.224, -0.406 / 0.225]),
        ("caffe", [0 - 104, 0 - 117, 255 - 123]),  # blue, green, red
        ("letterbox", [0, 0, 255]),
    ],
)
def test_a_preset_makes_the_numbers_it_is_known_for(name, left_pixel):
    recipe = next(each for each in PRESETS if each.name == name)
    red = Image.new("RGB", (8, 8), (255, 0, 0))
    tensor, _ = prepare(decode(file_of(red), "red.png"), wanted((1, 3, 8, 8)), recipe)
    assert tensor.dtype == np.float32
    np.testing.assert_allclose(tensor[0, :, 0, 0], left_pixel, rtol=1e-6)


def test_channels_can_come_last_and_in_integers():
    tensor, _ = prepare(decode(file_of(RED_GREEN), "x"), wanted((2, 1, 2, 3), "uint8", True), Preprocessing("byte"))
    np.testing.assert_array_equal(tensor, [[[[255, 0, 0], [0, 255, 0]]]] * 2)  # the picture repeated in the batch


def test_grey_is_the_luma_of_itu_601():
    tensor, _ = prepare(decode(file_of(RED_GREEN), "x"), wanted((1, 1, 1, 2)), Preprocessing("byte"))
    assert tensor.ravel().tolist() == [76, 150]  # 0.299 and 0.587 of 255, rounded


def test_inverting_takes_the_picture_from_white():
    recipe = Preprocessing("byte", invert=True)
    tensor, _ = prepare(decode(file_of(Image.new("L", (2, 2), 10)), "x"), wanted((1, 1, 2, 2)), recipe)
    assert set(tensor.ravel()) == {245}


def test_a_centre_crop_says_which_box_of_the_picture_it_shows():
    photo = Image.new("RGB", (512, 256))
    recipe = Preprocessing("crop", fit="crop", crop=0.875)
    _, box = prepare(decode(file_of(photo), "x"), wanted((1, 3, 224, 224)), recipe)
    assert box == (144, 16, 368, 240)  # short side 256 already: 224 of it from the middle


def test_a_very_long_picture_is_cropped_without_enlarging_all_of_it():
    long = Image.fromarray(np.tile(np.arange(100_000, dtype=np.int64) // 391, (1, 1)).astype(np.uint8))
    recipe = Preprocessing("crop", fit="crop")
    tensor, box = prepare(decode(file_of(long), "x"), wanted((1, 1, 224, 224)), recipe)
    assert (box[0] + box[2]) / 2 == pytest.approx(50_000, abs=1)
    assert set(tensor.ravel()) == {127}


def test_a_letterbox_keeps_the_whole_picture_and_fills_with_grey():
    white = Image.new("RGB", (64, 32), "white")
    recipe = Preprocessing("letterbox", fit="letterbox", fill=(114, 114, 114))
    tensor, box = prepare(decode(file_of(white), "x"), wanted((1, 3, 32, 32)), recipe)
    assert tensor[0, 0, :, 0].tolist() == [114] * 8 + [255] * 16 + [114] * 8
    assert box == (0, -16, 64, 48)
    top_left = Preprocessing("letterbox", fit="letterbox", anchor="top left")
    tensor, box = prepare(decode(file_of(white), "x"), wanted((1, 3, 32, 32)), top_left)
    assert tensor[0, 0, :, 0].tolist() == [255] * 16 + [114] * 16
    assert box == (0, 0, 64, 64)


def test_a_picture_is_turned_as_its_exif_says():
    exif = Image.Exif()
    exif[0x0112] = 6  # turn a quarter to the right
    decoded = decode(file_of(RED_GREEN, "TIFF", exif=exif), "x.tif")
    assert decoded.size == (1, 2)
    np.testing.assert_array_equal(shown(decoded), [[[255, 0, 0]], [[0, 255, 0]]])


def test_sixteen_bits_are_scaled_and_not_clipped():
    deep = Image.fromarray(np.array([[0, 32_896, 65_535]], np.uint16))
    decoded = decode(file_of(deep), "deep.png")
    assert np.asarray(decoded.image).tolist() == [[0, 128, 255]]
    assert "16 bits" in decoded.note


def test_transparency_lies_over_white_and_that_is_said():
    clear = Image.fromarray(np.array([[[200, 0, 0, 0], [200, 0, 0, 255]]], np.uint8))
    decoded = decode(file_of(clear), "clear.png")
    np.testing.assert_array_equal(shown(decoded), [[[255, 255, 255], [200, 0, 0]]])
    assert "white" in decoded.note


@pytest.mark.parametrize("mode", ["1", "P", "CMYK", "LAB", "YCbCr", "LA"])
def test_other_kinds_of_pixels_become_rgb_or_grey(mode):
    kind = "PNG" if mode in ("1", "P", "LA") else "TIFF"
    white = Image.new("RGB", (4, 4), "white").convert("L").convert("LA") if mode == "LA" else None
    image = white or Image.new("RGB", (4, 4), "white").convert(mode if mode != "LAB" else "RGB")
    assert shown(decode(file_of(image, kind), "x")).min() >= 250


def test_the_first_frame_of_an_animation_is_taken_and_said():
    frames = [Image.new("L", (4, 4), level) for level in (0, 100, 200)]
    animation = file_of(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert decode(animation, "x.gif").note == "frame 1 of 3"


def test_a_cut_off_picture_is_damaged_and_not_half_shown():
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8))
    data = file_of(noise).getvalue()
    with pytest.raises(ImageError, match=r"x\.png is damaged"):
        decode(io.BytesIO(data[: len(data) // 2]), "x.png")


def test_a_huge_picture_is_read_reduced():
    big = Image.new("RGB", (9_000, 9_000), (10, 200, 30))
    decoded = decode(file_of(big, "JPEG"), "big.jpg")
    assert decoded.size == (9_000, 9_000)
    assert decoded.image.width * decoded.image.height <= 32_000_000
    _, box = prepare(decoded, wanted((1, 3, 32, 32)), Preprocessing("byte"))
    assert box == (0, 0, 9_000, 9_000)


def test_a_picture_bomb_is_refused_by_its_header():
    header = file_of(Image.new("1", (1, 1))).getvalue()
    width = (60_000).to_bytes(4, "big")
    body = b"IHDR" + width + width + header[24:29]
    import zlib

    bomb = header[:8] + header[8:12] + body + zlib.crc32(body).to_bytes(4, "big") + header[33:]
    with pytest.raises(LimitError, match="60,000"):
        decode(io.BytesIO(bomb), "bomb.png")


@pytest.mark.parametrize(
    ("shape", "expected", "channels_last"),
    [
        ((1, 3, 224, 224), (1, 3, 224, 224), False),
        ((1, 257, 257, 3), (1, 257, 257, 3), True),
        (("N", 1, 28, 28), (1, 1, 28, 28), False),
        ((1, 3, "height", "width"), (1, 3, 96, 192), False),
        (("N", 3, None, None), (1, 3, 96, 192), False),
        ((3, 32, 32), (3, 32, 32), False),
        ((4, 3, 32, 32), (4, 3, 32, 32), False),
    ],
)
def test_the_input_for_pictures_is_found_by_its_shape(shape, expected, channels_last):
    model = Model("m.onnx", 17, "", (Tensor("x", "float32", shape),), (), ())
    found = image_input(model, (200, 100))
    assert (found.shape, found.channels_last) == (expected, channels_last)


@pytest.mark.parametrize("shape", [(1, 1960), (1, 12, 8, 8), None, (2, 1, 128, 5, 5)])
def test_an_input_that_is_no_picture_is_not_taken_for_one(shape):
    assert image_input(Model("m.onnx", 17, "", (Tensor("x", "float32", shape),), (), ())) is None


@pytest.mark.parametrize(
    ("shape", "dtype", "name"),
    [
        ((1, 3, 224, 224), "float32", "imagenet"),
        ((1, 1, 28, 28), "float32", "unit"),
        ((1, 3, 32, 32), "float32", "unit"),
        ((1, 224, 224, 3), "float32", "signed"),
        ((1, 3, 224, 224), "uint8", "byte"),
    ],
)
def test_a_guess_is_called_one(shape, dtype, name):
    model = Model("m.onnx", 17, "", (Tensor("x", dtype, shape),), (), ())
    recipe = recipe_for(model, image_input(model))
    assert recipe.name == name
    assert recipe.source.startswith("guessed")
