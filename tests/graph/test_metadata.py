"""What the metadata in a file say."""

from __future__ import annotations

import time

import pytest

from inspector.graph.metadata import labels, preprocessing

YOLO = {
    "description": "Ultralytics YOLO11n model trained on coco.yaml",
    "author": "Ultralytics",
    "stride": "32",
    "task": "detect",
    "batch": "1",
    "imgsz": "[640, 640]",
    "names": "{0: 'person', 1: 'bicycle', 2: \"driver's (seat\"}",
}


def test_nothing_says_nothing():
    assert preprocessing({}) is None
    assert labels({}) == ((), "")
    assert preprocessing({"onnx.infer": "onnxruntime.quant"}) is None


def test_ultralytics_says_names_size_and_task():
    recipe = preprocessing(YOLO)
    assert (recipe.fit, recipe.anchor, recipe.channels, recipe.size) == ("letterbox", "centre", "RGB", (640, 640))
    assert (recipe.scale, recipe.fill) == (1 / 255, (114, 114, 114))
    assert recipe.source == "the metadata in the file (task detect, imgsz 640 × 640, Ultralytics)"
    assert labels(YOLO) == (("person", "bicycle", "driver's (seat"), "the metadata names in the file")


def test_its_classifiers_cut_out_the_middle():
    recipe = preprocessing({**YOLO, "task": "classify", "imgsz": "224"})
    assert (recipe.fit, recipe.crop, recipe.size, recipe.scale) == ("crop", 1.0, (224, 224), 1 / 255)


def test_yolov5_has_names_and_stride_only():
    assert preprocessing({"names": "['a']", "stride": "32"}).fit == "letterbox"
    assert preprocessing({"names": "['a']"}) is None  # anybody's names


@pytest.mark.parametrize(
    "names",
    ["{0: 'cat', 1: 'dog'}", '{"0": "cat", "1": "dog"}', "{1: 'dog', 0: 'cat'}", "['cat', 'dog']", '["cat", "dog"]'],
)
def test_names_are_read_as_python_and_as_json(names):
    assert labels({"names": names})[0] == ("cat", "dog")
    assert labels({"class_names": names})[0] == ("cat", "dog")


@pytest.mark.parametrize(
    "names",
    [
        "",
        "cat, dog",
        "{0: 'cat', 2: 'dog'}",
        "{0: 'cat', 1: 7}",
        "{0: 'cat', 1: __import__('os')}",
        "{0: 'cat', True: 'dog'}",
        "['cat', 7]",
        "{'a': 'cat'}",
        "7",
        "[" * 100_000,
        "-" * 100_000,
        "1+" * 100_000 + "1",
        "x" * (1 << 21),
        "\0",
        "{0: 'cat'",
    ],
)
def test_what_is_no_list_of_names_is_none_and_takes_no_time(names):
    began = time.perf_counter()
    assert labels({"names": names}) == ((), "")
    assert preprocessing({"imgsz": names, "names": "x"}) is None
    assert time.perf_counter() - began < 2


@pytest.mark.parametrize("size", ["[640]", "[0, 640]", "[-1, 640]", "['a', 'b']", "[1e9, 2]", "large", "[640, 640, 3]"])
def test_a_size_that_is_none_is_left_to_the_model(size):
    assert preprocessing({**YOLO, "imgsz": size}).size is None


@pytest.mark.parametrize(
    ("pixels", "numbers", "channels", "white"),
    [
        ("Bgr8", "NominalRange_0_255", "BGR", 255),
        ("Rgb8", "Normalized_0_1", "RGB", 1),
        ("Gray8", "Normalized_1_1", "grey", 1),
        ("Bgr8", "", "BGR", 255),
        ("", "Normalized_0_1", "RGB", 1),
    ],
)
def test_winml_says_order_and_range(pixels, numbers, channels, white):
    recipe = preprocessing({"Image.BitmapPixelFormat": pixels, "Image.NominalPixelRange": numbers})
    assert recipe.channels == channels
    assert 255 * recipe.scale - recipe.mean[0] == pytest.approx(white)
    assert recipe.source.startswith("the metadata in the file (WinML: ")


def test_a_word_of_winml_that_is_none_is_left_out():
    assert preprocessing({"Image.NominalPixelRange": "\x1b[31m"}) is None
    found = preprocessing({"Image.BitmapPixelFormat": "Bgr8", "Image.NominalPixelRange": "\x1b[31m"})
    assert found.source == "the metadata in the file (WinML: Bgr8)"
