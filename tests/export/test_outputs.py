"""Outputs that can be seen, as files."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest
from PIL import Image

from inspector.export.writer import Source, Wish, export
from inspector.graph.model import Layer, Model, Prediction, Run, Tensor
from inspector.render.classes import class_color

SIDE = 24
ANSWERS = Wish(frozenset({"probabilities"}))


def source(op_type, shape, labels=(), head=""):
    output = Tensor("y/../1", "float32", shape)
    layer = Layer(0, "last", op_type, "", "other", ("x",), (output,))
    model = Model("/models/net.onnx", 17, "", (Tensor("x", "float32", (1, 3, SIDE, SIDE)),), (output,), (layer,))
    return Source(model, "net.onnx", "ab" * 32, labels, head)


@pytest.fixture
def written(tmp_path):
    """Export a run whose only output is this; return the folder and the entry of the picture."""

    def write(values, known, folder="out", wish=ANSWERS):
        prediction = Prediction(
            "cat.png", {"x": np.zeros((1, 3, SIDE, SIDE), np.float32)}, {"y/../1": values}, None, None, "CPU", 0.1
        )

        def fetch(names):
            return Run(1, prediction, {}, None, 0.1)

        export(tmp_path / folder, known, prediction, fetch, wish)
        index = json.loads((tmp_path / folder / "index.json").read_text())
        return tmp_path / folder, next((each for each in index["files"] if each["what"] == "output"), None)

    return write


def test_an_image_is_written_element_for_element_with_its_range(written):
    values = np.linspace(0, 1, SIDE * SIDE, dtype=np.float32).reshape(1, 1, SIDE, SIDE)
    folder, entry = written(values, source("Conv", (1, 1, SIDE, SIDE)))
    assert entry["file"].startswith("output-")
    assert "/" not in entry["file"]
    assert (entry["as"], entry["limits"], entry["tensor"]) == ("image", [0, 1], "y/../1")
    assert entry["rule"] == "0 to 1, the usual range closest to its values"
    pixels = np.asarray(Image.open(folder / entry["file"]).convert("RGB"))
    np.testing.assert_array_equal(pixels[..., 0], np.rint(values[0, 0] * 255))


def test_a_map_of_classes_is_written_in_its_colours_with_a_legend(written):
    values = np.zeros((1, 3, SIDE, SIDE), np.float32)
    values[0, 2, : SIDE // 4] = 1
    folder, entry = written(values, source("Softmax", values.shape, ("sky", "land", "sea")))
    assert (entry["as"], entry["limits"], entry["colormap"]) == ("class map", None, "classes")
    assert [(each["index"], each["label"], each["share"]) for each in entry["legend"]] == [
        (0, "sky", 0.75),
        (2, "sea", 0.25),
    ]
    assert entry["legend"][0]["color"] == "#{:02x}{:02x}{:02x}".format(*class_color(0))
    pixels = np.asarray(Image.open(folder / entry["file"]).convert("RGB"))
    assert pixels.shape == (SIDE, SIDE, 3)
    assert tuple(pixels[0, 0]) == class_color(2)
    assert tuple(pixels[-1, -1]) == class_color(0)


def test_the_same_run_is_written_the_same_twice(written):
    values = np.random.default_rng(0).normal(size=(1, 5, SIDE, SIDE)).astype(np.float32)
    known = source("Resize", values.shape)
    first, entry = written(values, known, "first")
    second, again = written(values, known, "second")
    assert entry == again
    assert (first / entry["file"]).read_bytes() == (second / entry["file"]).read_bytes()
    assert Image.open(io.BytesIO((first / entry["file"]).read_bytes())).mode == "P"


def test_what_is_no_picture_is_written_as_none(written):
    assert written(np.zeros((1, 100, 4), np.float32), source("Concat", (1, 100, 4)))[1] is None


def test_without_the_answer_no_output_is_written(written):
    values = np.zeros((1, 1, SIDE, SIDE), np.float32)
    assert written(values, source("Conv", values.shape), wish=Wish(frozenset({"kernels"})))[1] is None


def test_the_answer_is_written_as_the_user_reads_it(written):
    folder, _ = written(np.array([[0.5, 3.0]], np.float32), source("Gemm", (1, 2), head="sigmoid"))
    content = json.loads((folder / "probabilities.json").read_text())
    assert content["head"] == "sigmoid"
    assert content["classes"][0]["probability"] == pytest.approx(1 / (1 + np.exp(-3)))
    assert content["outputs"][0]["kind"] == "classes"
