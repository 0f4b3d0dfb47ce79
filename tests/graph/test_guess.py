"""Guesses at preprocessing: right where it is known, and always with a reason."""

from __future__ import annotations

import pytest

from inspector.graph.forms import picture_form
from inspector.graph.guess import guess
from inspector.graph.model import Layer, Model, Tensor
from inspector.graph.preprocessing import preset
from inspector.graph.reader import read


def model(
    takes=(1, 3, 224, 224), gives=((1, 1000),), producer="", dtype="float32", names=("x", "y"), ops=("Conv",), labels=()
):
    layers = tuple(
        Layer(index, f"{op} {index}", op, "", "other", (names[0],), (Tensor(f"l{index}", dtype, None),))
        for index, op in enumerate(ops)
    )
    outputs = tuple(Tensor(name, "float32", shape) for name, shape in zip((*names[1:], "z", "zz"), gives, strict=False))
    return Model("net.onnx", 17, producer, (Tensor(names[0], dtype, takes),), outputs, layers, labels=labels)


def guessed(network, height=224, width=224):
    form = picture_form(network.inputs)
    found = guess(
        network,
        form.channels or 3,
        form.height or height,
        form.width or width,
        form.channels_last,
        network.inputs[0].dtype,
    )
    assert found.source.startswith("guessed: ")
    assert len(found.source) > 20
    return found


@pytest.mark.parametrize(
    ("network", "name"),
    [
        (model(), "imagenet"),
        (model(gives=((1, 5),)), "imagenet"),
        (model(producer="onnx-caffe2"), "caffe"),
        (model(names=("data_0", "y")), "caffe"),
        (model(names=("gpu_0/data_0", "y")), "caffe"),
        (model((1, 224, 224, 3), producer="tf2onnx 1.16"), "signed"),
        (model((1, 224, 224, 3), dtype="uint8"), "byte"),
        (model(dtype="uint8"), "byte"),
        (model(dtype="int32"), "byte"),
        (model((1, 3, 32, 32), ((1, 10),)), "unit"),
        (model((1, 4, 224, 224)), "unit"),
        (model((1, 1, 28, 28), ((1, 10),), "CNTK 2.5.1"), "byte"),
        (model((1, 1, 28, 28), ((1, 10),), "pytorch 2.9"), "mnist"),
        (model((1, 1, 28, 28), ((1, 10),)), "digits"),
        (model((1, 1, 32, 32), ((1, 10),)), "digits"),
        (model((1, 1, 28, 28), ((1, 26),)), "unit"),
        (model((1, 1, 299, 299), ((1, 14),)), "unit"),
        (model((1, 1, 224, 224), ((1, 1, 672, 672),)), "unit"),
        (model((1, 3, 256, 256), ((1, 3, 256, 256),)), "unit"),
        (model((1, 3, 640, 640), ((1, 84, 8400),)), "yolo"),
        (model((1, 3, 640, 640), ((1, 25200, 85),)), "yolo"),
        (model((1, 3, 640, 640), ((1, 8400, 85),)), "yolo"),
        (model((1, 3, 640, 640), ((1, 8400, 85),), ops=("Slice", "Slice")), "letterbox"),
        (model((1, 3, "h", "w"), ((1, 84, "n"),), names=("images", "output0")), "yolo"),
        (model((1, 3, 240, 320), ((1, 4420, 2), (1, 4420, 4)), names=("input", "scores", "boxes")), "ultraface"),
        (model((1, 3, 352, 352), ((1, 85, 22, 22),)), "unit"),
        (model((1, 3, 224, 224), producer="PaddlePaddle"), "imagenet"),
        (model((1, 3, 48, 320), ((1, 40, 6625),), producer="PaddlePaddle"), "signed"),
    ],
)
def test_what_a_file_shows_is_a_reason(network, name):
    assert guessed(network).name == name


def test_what_cannot_be_known_is_said_to_be_so():
    assert "no word in the file" in guessed(model(gives=((1, 5),))).source
    assert "not in the file" in guessed(model((1, 3, 352, 352), ((1, 85, 22, 22),))).source


def test_signed_bytes_are_pixels_less_128():
    found = guessed(model(dtype="int8"))
    assert (0 * found.scale - found.mean[0], 255 * found.scale - found.mean[0]) == (-128, 127)


def test_coloured_pictures_of_cntk_are_bgr_as_they_are():
    found = guessed(model((1, 3, 224, 224), producer="CNTK 2.7"))
    assert (found.channels, found.scale, found.mean, found.std) == ("BGR", 1.0, (0.0,), (1.0,))


def test_one_channel_is_grey_in_words_too():
    assert guessed(model((1, 1, 299, 299), ((1, 14),))).channels == "grey"


def test_labels_of_digits_are_a_reason():
    labels = tuple("0123456789")
    assert guessed(model((1, 1, 32, 32), (("N", "classes"),), labels=labels)).name == "digits"


def test_the_name_of_the_file_is_none():
    assert guessed(model()) == guessed(Model("yolox_caffe_mnist.onnx", 17, "", model().inputs, model().outputs, ()))


KNOWN = {  # from what the makers of these networks say; see manifest.json
    "mnist-8.onnx": "byte",
    "squeezenet_fp16.onnx": "caffe",
    "super_resolution.onnx": "unit",
    "ultraface_rfb320.onnx": "ultraface",
    "yolox_nano.onnx": "letterbox",
    "deeplabv3_nhwc.onnx": "signed",
    "unet_sed_gen.onnx": "unit",
    "digits_external_data/model.onnx": "mnist",
    "ppocr_cls_dynamic_hw.onnx": "signed",
}


@pytest.mark.parametrize("file", KNOWN)
def test_real_networks_are_guessed_right(shared, file):
    network = read(str(shared / "assets" / "models" / file)).model
    found, known = guessed(network), preset(KNOWN[file], "")
    assert found.name == known.name
    assert (found.scale, found.mean, found.std, found.fit) == (known.scale, known.mean, known.std, known.fit)


def test_the_reading_direction_of_paddleocr_takes_lines_of_48_by_192(shared):
    network = read(str(shared / "assets" / "models" / "ppocr_cls_dynamic_hw.onnx")).model
    assert guessed(network).size == (48, 192)


def test_fastestdet_is_guessed_openly(shared):
    found = guessed(read(str(shared / "assets" / "models" / "fastestdet.onnx")).model)
    assert (found.name, found.fit) == ("unit", "stretch")  # its makers say BGR, which the file does not show
    assert "whether it wants RGB or BGR is not in the file" in found.source
