from __future__ import annotations

import re

import numpy as np
import onnx
import pytest

from tests.models.conftest import as_input, png

LABELS = ("circle", "crescent", "cross", "heart", "ring", "square", "star", "triangle")


@pytest.fixture
def shapes(script):
    return script("draw_shapes")


@pytest.fixture
def probabilities(session):
    runtime = session("shapes")

    def probabilities(picture):
        (answer,) = runtime.run(["probabilities"], {"image": as_input(picture, "RGB", 32)})
        return answer[0]

    return probabilities


def test_each_stage_halves_the_picture_and_the_last_layer_is_softmax(folder):
    model = onnx.load(folder / "shapes.onnx")
    assert [(node.name, node.op_type) for node in model.graph.node] == [
        *(
            (f"{kind}{n}", op)
            for n in (1, 2, 3)
            for kind, op in (("conv", "Conv"), ("relu", "Relu"), ("pool", "MaxPool"))
        ),
        ("flatten", "Flatten"),
        ("dense", "Gemm"),
        ("softmax", "Softmax"),
    ]
    weights = {each.name: tuple(each.dims) for each in model.graph.initializer}
    assert weights["conv1.weight"] == (12, 3, 3, 3)
    inferred = onnx.shape_inference.infer_shapes(model, strict_mode=True).graph
    shapes = {
        each.name: tuple(axis.dim_value for axis in each.type.tensor_type.shape.dim)
        for each in (*inferred.input, *inferred.value_info, *inferred.output)
    }
    assert shapes["image"] == (1, 3, 32, 32)
    assert shapes["conv1"] == shapes["relu1"] == (1, 12, 32, 32)
    assert shapes["pool1"] == (1, 12, 16, 16)
    assert shapes["pool2"] == (1, 24, 8, 8)
    assert shapes["pool3"] == (1, 32, 4, 4)
    assert shapes["flatten"] == (1, 512)
    assert shapes["probabilities"] == (1, 8)


def test_the_labels_are_the_classes_in_the_order_they_were_learned(folder, shapes):
    from inspector.graph.sidecar import read

    assert read(str(folder / "shapes.onnx")).labels == shapes.CLASSES == LABELS


@pytest.mark.parametrize("label", LABELS)
def test_each_sample_is_recognised(probabilities, sample_folder, label):
    answer = probabilities(sample_folder / f"shapes-{label}.png")
    assert answer.sum() == pytest.approx(1, abs=1e-6)
    assert LABELS[answer.argmax()] == label
    assert answer.max() > 0.9


def test_no_test_seed_was_learned(shapes):
    ranges = [set(seeds) for seeds in (shapes.TRAIN_SEEDS, shapes.VALIDATION_SEEDS, shapes.TEST_SEEDS)]
    assert sum(len(seeds) for seeds in ranges) == len(set.union(*ranges))
    assert len(shapes.TEST_SEEDS) == 4_000
    counts = np.bincount([shapes.label_of(seed) for seed in shapes.TEST_SEEDS])
    np.testing.assert_array_equal(counts, 500)  # of each class


def test_a_seed_always_draws_the_same_picture_and_every_seed_another(shapes):
    pictures = [shapes.draw(seed).tobytes() for seed in shapes.TEST_SEEDS[:200]]
    assert [shapes.draw(seed).tobytes() for seed in shapes.TEST_SEEDS[:200]] == pictures
    assert len(set(pictures)) == 200


def test_pictures_never_learned_are_recognised_as_often_as_the_card_says(shapes, probabilities, folder):
    seeds = range(7_000_000, 7_001_000)  # outside the three ranges of the script
    right = np.mean([probabilities(png(shapes.draw(seed))).argmax() == shapes.label_of(seed) for seed in seeds])
    assert right >= 0.95
    card = (folder / "shapes.md").read_text(encoding="utf-8")
    claimed = float(re.search(r"\*\*([\d.]+) %\*\*", card)[1]) / 100
    assert right == pytest.approx(claimed, abs=0.01)  # four standard errors at 99 % of 1,000


@pytest.mark.parametrize("size", [64, 250])
def test_larger_pictures_are_recognised_too(shapes, probabilities, size):
    seeds = range(8_000_000, 8_000_080)
    right = np.mean([probabilities(png(shapes.draw(seed, size))).argmax() == shapes.label_of(seed) for seed in seeds])
    assert right >= 0.95
