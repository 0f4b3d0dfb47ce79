"""What networks that people really have answer, through the program's own engine."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from inspector.analysis.grids import class_map, planes
from inspector.analysis.heads import answered, top_classes
from inspector.analysis.outputs import described
from inspector.cli.conversation import Conversation
from inspector.graph.preprocessing import preset
from inspector.render.classes import image_picture

PERSON, CAT, DOG, HORSE, MOTORBIKE = 15, 8, 12, 13, 14  # of the 21 classes of Pascal VOC


@pytest.fixture
def answer(shared):
    """Run a real model; return it with its answer."""

    def run(model, image, recipe=None):
        with Conversation(str(shared / "assets" / "models" / f"{model}.onnx"), "cpu") as talk:
            opened = talk.open()
            talk.ready()
            return opened, talk.predict(str(image), recipe)

    return run


@pytest.fixture
def fed(tmp_path):
    """Write a tensor of these lengths, the same in every run."""

    def write(*shape: int) -> Path:
        path = tmp_path / "fed.npy"
        np.save(path, np.random.default_rng(3).uniform(-1, 1, shape).astype(np.float32))
        return path

    return write


@pytest.fixture
def photo(shared):
    return lambda name: shared / "assets" / "images" / "photos" / name


@pytest.mark.parametrize(
    ("model", "shape", "kind", "words"),
    [
        ("squeezenet_fp16", (1, 3, 224, 224), "softmax", "The last operator is Softmax (softmaxout_1)"),
        ("mnist-8", (1, 1, 28, 28), "logits", "The last operator is Add (Plus214), with no softmax after it"),
        ("digits_external_data/model", (1, 1, 28, 28), "logits", "Gemm (node_linear_1), with no softmax after it"),
        ("kws_fp32", (1, 1960), "softmax", "The last operator is Softmax"),
        ("kws_qdq", (1, 1960), "softmax", "but for QuantizeLinear and DequantizeLinear is Softmax"),
        ("kws_qoperator", (1, 1960), "softmax", "but for DequantizeLinear is QLinearSoftmax"),
        ("ppocr_cls_dynamic_hw", (1, 3, 48, 192), "softmax", "The last operator is Softmax (p2o.Softmax.0)"),
        ("silero_vad_op18", (1, 512), "sigmoid", "in the branches of node_cond__1: one probability"),
        ("openwakeword_embedding", (1, 76, 32, 1), "none", "with a kernel of 3 × 1, and its output is still a map"),
        ("ultraface_rfb320", (1, 3, 240, 320), "none", "None of the outputs is one number for each class."),
        ("yolox_nano", (1, 3, 416, 416), "none", "its shape is 1 × 3549 × 85"),
        ("fastestdet", (1, 3, 352, 352), "none", "its shape is 1 × 85 × 22 × 22"),
        ("super_resolution", (1, 1, 224, 224), "none", "its shape is 1 × 1 × 672 × 672"),
        ("unet_sed_gen", (1, 1, 224, 224), "none", "its shape is 1 × 1 × 224 × 224"),
        ("deeplabv3_nhwc", (1, 257, 257, 3), "none", "its shape is 1 × 257 × 257 × 21"),
    ],
)
def test_each_head_is_read_as_what_it_is(answer, fed, model, shape, kind, words):
    opened, prediction = answer(model, fed(*shape))
    found = answered(opened, prediction)
    assert found.kind == kind
    assert words in found.reason
    if kind in ("softmax", "logits"):
        rounding = 0.02 if "q" in model.replace("squeezenet", "") else 2e-3  # eight bit lose the small ones
        assert found.probabilities.sum() == pytest.approx(1, abs=rounding)


@pytest.mark.parametrize(
    ("model", "shape", "kinds"),
    [
        ("super_resolution", (1, 1, 224, 224), ["image"]),
        ("unet_sed_gen", (1, 1, 224, 224), ["image"]),
        ("deeplabv3_nhwc", (1, 257, 257, 3), ["class map"]),
        ("ultraface_rfb320", (1, 3, 240, 320), ["tensor", "tensor"]),
        ("yolox_nano", (1, 3, 416, 416), ["tensor"]),
        ("fastestdet", (1, 3, 352, 352), ["tensor"]),
        ("silero_vad_op18", (1, 512), ["classes", "tensor"]),
        ("openwakeword_embedding", (1, 76, 32, 1), ["tensor"]),
        ("squeezenet_fp16", (1, 3, 224, 224), ["classes"]),
    ],
)
def test_each_output_is_what_it_is(answer, fed, model, shape, kinds):
    opened, prediction = answer(model, fed(*shape))
    assert [each.kind for each in described(opened, prediction, answered(opened, prediction))] == kinds


@pytest.mark.parametrize(
    ("name", "index", "least", "most"),
    [
        ("astronaut.png", PERSON, 0.35, 0.6),  # she fills about half of the picture
        ("chelsea.png", CAT, 0.4, 0.95),
        ("motorcycle_left.png", MOTORBIKE, 0.1, 0.6),
    ],
)
def test_deeplab_finds_what_is_on_a_photo(answer, photo, name, index, least, most):
    opened, prediction = answer("deeplabv3_nhwc", photo(name), preset("signed", ""))
    (output,) = described(opened, prediction, answered(opened, prediction))
    found = class_map(output, prediction.outputs[output.name])
    shares = {each.index: each.share for each in found.present}
    print(f"{name}: {shares}")
    assert least <= shares[index] <= most
    assert max((share, each) for each, share in shares.items() if each)[1] == index  # of all but the background


def test_super_resolution_is_the_published_picture(answer, photo, tmp_path):
    """The brightness, as onnxruntime-extensions' test feeds it: scaled without smoothing, the middle cut out."""
    pixels = np.asarray(Image.open(photo("test_superresolution.png")).convert("RGB"), np.float64)
    for axis, length in ((0, 224), (1, 232)):
        places = np.clip((np.arange(length) + 0.5) * pixels.shape[axis] / length - 0.5, 0, pixels.shape[axis] - 1)
        before = np.floor(places).astype(int)
        after = np.minimum(before + 1, pixels.shape[axis] - 1)
        part = (places - before).reshape((-1, 1, 1) if axis == 0 else (1, -1, 1))
        pixels = pixels.take(before, axis) * (1 - part) + pixels.take(after, axis) * part
    cut = Image.fromarray(np.rint(pixels[:, 4:228]).astype(np.uint8))
    brightness = np.asarray(cut.convert("YCbCr"))[..., 0].astype(np.float32) / 255
    np.save(tmp_path / "brightness.npy", brightness[np.newaxis, np.newaxis])
    opened, prediction = answer("super_resolution", tmp_path / "brightness.npy")
    (output,) = described(opened, prediction, answered(opened, prediction))
    drawn = image_picture(planes(output, prediction.outputs[output.name]), output.limits)[..., 0]
    expected = Image.open(photo("test_superresolution.expected.png")).convert("RGB").convert("YCbCr")
    apart = drawn.astype(np.float64) - np.asarray(expected)[..., 0]
    ratio = 10 * np.log10(255**2 / (apart**2).mean())
    print(f"super-resolution: {ratio:.1f} dB, mean difference {np.abs(apart).mean():.2f} of 255")
    assert output.limits == (0, 1)
    assert ratio > 45


def test_a_photo_has_the_class_that_is_on_it(answer, photo):
    opened, prediction = answer("squeezenet_fp16", photo("goldfish.jpg"), preset("caffe", ""))
    best = top_classes(answered(opened, prediction), (), 1)[0]
    assert best.index == 1
    assert best.probability == pytest.approx(0.9966, abs=0.002)
