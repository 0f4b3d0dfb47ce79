"""Pictures as tensors; every expected value worked out by hand or with plain numpy."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from inspector.engine.child.pictures import Decoded, decode
from inspector.engine.child.preprocess import ImageInput, prepare, prepare_pages, recipe_for
from inspector.errors import ImageError, LimitError
from inspector.graph.model import Model, Tensor
from inspector.graph.preprocessing import PRESETS, Preprocessing
from tests.engine.child.pixels import file_of


def wanted(shape: tuple[int, ...], dtype: str = "float32", channels_last: bool = False) -> ImageInput:
    return ImageInput(Tensor("x", dtype, shape), shape, channels_last)


def tensor_of(image: Image.Image, into: ImageInput, recipe: Preprocessing) -> np.ndarray:
    return prepare(decode(file_of(image), "x.png"), into, recipe).tensor


RED_GREEN = Image.fromarray(np.array([[[255, 0, 0], [0, 255, 0]]], np.uint8))  # 2 wide, 1 high


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
    tensor = tensor_of(red, wanted((1, 3, 8, 8)), recipe)
    assert tensor.dtype == np.float32
    np.testing.assert_allclose(tensor[0, :, 0, 0], left_pixel, rtol=1e-6)


def test_channels_can_come_last_and_in_integers():
    tensor = tensor_of(RED_GREEN, wanted((2, 1, 2, 3), "uint8", True), Preprocessing("byte"))
    np.testing.assert_array_equal(tensor, [[[[255, 0, 0], [0, 255, 0]]]] * 2)  # the picture repeated in the batch


def test_grey_is_the_luma_of_itu_601():
    tensor = tensor_of(RED_GREEN, wanted((1, 1, 1, 2)), Preprocessing("byte"))
    assert tensor.ravel().tolist() == [76, 150]  # 0.299 and 0.587 of 255, rounded


def test_inverting_takes_the_picture_from_white():
    recipe = Preprocessing("byte", invert=True)
    tensor = tensor_of(Image.new("L", (2, 2), 10), wanted((1, 1, 2, 2)), recipe)
    assert set(tensor.ravel()) == {245}


def test_a_centre_crop_says_which_box_of_the_picture_it_shows():
    photo = Image.new("RGB", (512, 256))
    recipe = Preprocessing("crop", fit="crop", crop=0.875)
    box = prepare(decode(file_of(photo), "x"), wanted((1, 3, 224, 224)), recipe).box
    assert box == (144, 16, 368, 240)  # short side 256 already: 224 of it from the middle


def test_a_very_long_picture_is_cropped_without_enlarging_all_of_it():
    long = Image.fromarray(np.tile(np.arange(100_000, dtype=np.int64) // 391, (1, 1)).astype(np.uint8))
    recipe = Preprocessing("crop", fit="crop")
    prepared = prepare(decode(file_of(long), "x"), wanted((1, 1, 224, 224)), recipe)
    tensor, box = prepared.tensor, prepared.box
    assert (box[0] + box[2]) / 2 == pytest.approx(50_000, abs=1)
    assert set(tensor.ravel()) == {127}


def test_a_letterbox_keeps_the_whole_picture_and_fills_with_grey():
    white = Image.new("RGB", (64, 32), "white")
    recipe = Preprocessing("letterbox", fit="letterbox", fill=(114, 114, 114))
    prepared = prepare(decode(file_of(white), "x"), wanted((1, 3, 32, 32)), recipe)
    tensor, box = prepared.tensor, prepared.box
    assert tensor[0, 0, :, 0].tolist() == [114] * 8 + [255] * 16 + [114] * 8
    assert box == (0, -16, 64, 48)
    top_left = Preprocessing("letterbox", fit="letterbox", anchor="top left")
    prepared = prepare(decode(file_of(white), "x"), wanted((1, 3, 32, 32)), top_left)
    tensor, box = prepared.tensor, prepared.box
    assert tensor[0, 0, :, 0].tolist() == [255] * 16 + [114] * 16
    assert box == (0, 0, 64, 64)


# ---------------------------------------------------------------- channels


def test_a_transparent_picture_gives_its_transparency_to_a_fourth_channel():
    clear = Image.fromarray(np.array([[[200, 10, 20, 128]]], np.uint8))
    prepared = prepare(decode(file_of(clear), "x.png"), wanted((1, 4, 1, 1)), Preprocessing("byte"))
    assert prepared.tensor.ravel().tolist() == [200, 10, 20, 128]
    assert prepared.note == "its transparency is the fourth channel"


def test_an_opaque_picture_fills_a_fourth_channel_with_255():
    prepared = prepare(decode(file_of(RED_GREEN), "x.png"), wanted((1, 1, 2, 4), "uint8", True), Preprocessing("byte"))
    assert prepared.tensor.tolist() == [[[[255, 0, 0, 255], [0, 255, 0, 255]]]]
    assert prepared.note == "the fourth channel is 255"


def test_blue_first_leaves_the_fourth_channel_last():
    recipe = Preprocessing("x", channels="BGR", mean=(1.0, 2.0, 3.0))
    assert tensor_of(Image.new("RGB", (1, 1), (10, 20, 30)), wanted((1, 4, 1, 1)), recipe).ravel().tolist() == [
        *(30 - 1, 20 - 2, 10 - 3),
        255,  # of which nothing is known: nothing is taken off
    ]


def test_no_picture_fits_an_input_of_seven_channels():
    with pytest.raises(ImageError, match=r"'x' takes 7 channels, which no picture has") as refused:
        tensor_of(RED_GREEN, wanted((1, 7, 1, 2)), Preprocessing("byte"))
    assert ".npy" in refused.value.remedy
    assert "TIFF" in refused.value.remedy


def test_pages_become_channels():
    pages = [Decoded(Image.new("L", (2, 2), level), (2, 2), "") for level in (5, 6, 7, 8, 9)]
    prepared = prepare_pages(pages, wanted((1, 5, 2, 2)), Preprocessing("byte"))
    assert prepared.tensor[0, :, 1, 1].tolist() == [5, 6, 7, 8, 9]
    assert prepared.note == "5 pages as channels"
    with pytest.raises(ImageError, match="takes 6 channels; the picture has 5 pages"):
        prepare_pages(pages, wanted((1, 6, 2, 2)), Preprocessing("byte"))


@pytest.mark.parametrize("shape", [(3, 1, 2), (1, 3, 1, 2), (2, 3, 1, 2)])
def test_channels_come_first_with_and_without_a_batch(shape):
    tensor = tensor_of(RED_GREEN, wanted(shape), Preprocessing("byte"))
    assert tensor.shape == shape
    assert tensor.reshape(-1, 3, 2)[-1].tolist() == [[255, 0], [0, 255], [0, 0]]


def test_an_input_of_rows_and_columns_alone_takes_grey():
    assert tensor_of(RED_GREEN, wanted((1, 2)), Preprocessing("byte")).tolist() == [[76, 150]]


def test_a_batch_is_filled_with_the_picture_and_that_is_said():
    prepared = prepare(decode(file_of(RED_GREEN), "x.png"), wanted((4, 3, 1, 2)), Preprocessing("byte"))
    assert (prepared.tensor == prepared.tensor[0]).all()
    assert prepared.note == "repeated 4 times"


# ---------------------------------------------------------------- types

GREYS = Image.fromarray(np.array([[0, 100, 200, 255]], np.uint8))


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [
        ("float32", [0, 100, 200, 255]),
        ("float16", [0, 100, 200, 255]),
        ("float64", [0, 100, 200, 255]),
        ("bfloat16", [0, 100, 200, 255]),
        ("uint8", [0, 100, 200, 255]),
        ("int32", [0, 100, 200, 255]),
        ("int64", [0, 100, 200, 255]),
        ("int8", [-128, -28, 72, 127]),
    ],
)
def test_pixels_of_0_to_255_fit_every_type(dtype, expected):
    prepared = prepare(decode(file_of(GREYS), "x.png"), wanted((1, 1, 1, 4), dtype), Preprocessing("byte"))
    assert prepared.tensor.dtype == np.dtype("float32" if dtype == "bfloat16" else dtype)
    assert prepared.tensor.ravel().tolist() == expected
    assert prepared.note == ("less 128, as int8 ends at 127" if dtype == "int8" else "")


def test_bfloat16_keeps_eight_bits_of_a_number():
    third = Preprocessing("x", scale=1 / 300)
    values = tensor_of(GREYS, wanted((1, 1, 1, 4), "bfloat16"), third).ravel()
    assert values.tolist() == [0, 0.333984375, 0.66796875, 0.8515625]  # 1/3, 2/3 and 0.85, by hand


def test_a_recipe_for_int8_that_fits_is_left_alone():
    centred = Preprocessing("x", mean=(128.0,))
    prepared = prepare(decode(file_of(GREYS), "x.png"), wanted((1, 1, 1, 4), "int8"), centred)
    assert (prepared.tensor.ravel().tolist(), prepared.note) == ([-128, -28, 72, 127], "")


def test_numbers_of_0_to_1_in_a_whole_type_are_said_to_be_rounded():
    unit = Preprocessing("unit", scale=1 / 255)
    prepared = prepare(decode(file_of(GREYS), "x.png"), wanted((1, 1, 1, 4), "uint8"), unit)
    assert prepared.tensor.ravel().tolist() == [0, 0, 1, 1]
    assert prepared.note == "rounded to whole numbers, as the input takes uint8"


def test_an_input_too_large_to_make_is_refused_with_its_size():
    with pytest.raises(LimitError, match="120,000,000,000 numbers"):
        tensor_of(GREYS, wanted((1, 3, 200_000, 200_000)), Preprocessing("byte"))


@pytest.mark.parametrize("shape", [(1, 3, 224, 224), (1, 1, 28, 28), (1, 3, 32, 32)])
def test_a_guess_is_called_one_and_what_the_files_say_is_not(shape):
    model = Model("m.onnx", 17, "", (Tensor("x", "float32", shape),), (), ())
    assert recipe_for(model, wanted(shape)).source.startswith("guessed")
    own = Preprocessing("sidecar", source="m.inspector.toml")
    told = Model("m.onnx", 17, "", model.inputs, (), (), preprocessing=own)
    assert recipe_for(told, wanted(shape)) is own
