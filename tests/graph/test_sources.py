"""Which source counts, and what is said where one cannot be."""

from __future__ import annotations

import json

import numpy as np
import pytest

from inspector.errors import ModelError
from inspector.graph import reader
from inspector.graph.model import Tensor
from inspector.graph.sources import read
from tests.graph import build

PHOTO = (Tensor("x", "float32", (1, 3, 224, 224)),)
THREE = (Tensor("y", "float32", (1, 3)),)
IMAGENET = {"image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225], "size": 224}
YOLO = {"names": "{0: 'a', 1: 'b', 2: 'c'}", "task": "detect", "imgsz": "[224, 224]", "stride": "32"}


@pytest.fixture
def folder(tmp_path):
    def write(**files):
        for name, content in files.items():
            text = content if isinstance(content, str) else json.dumps(content)
            (tmp_path / name.replace("__", ".")).write_text(text)
        return str(tmp_path / "net.onnx")

    return write


def test_the_first_source_that_speaks_counts(folder):
    files = {"preprocessor_config__json": IMAGENET, "config__json": {"id2label": ["d", "e", "f"]}}
    path = folder(**files, net__inspector__toml="labels = ['g', 'h', 'i']\n[preprocessing]\npreset = 'unit'")
    found = read(path, PHOTO, THREE, YOLO)
    assert (found.preprocessing.name, found.labels) == ("unit", ("g", "h", "i"))
    assert found.labels_source == "net.inspector.toml beside the model"

    folder(net__inspector__toml="")
    found = read(path, PHOTO, THREE, YOLO)
    assert (found.preprocessing.name, found.labels) == ("huggingface", ("d", "e", "f"))
    assert found.labels_source == "config.json beside the model"

    folder(preprocessor_config__json={}, config__json={})
    found = read(path, PHOTO, THREE, YOLO)
    assert (found.preprocessing.name, found.labels) == ("yolo", ("a", "b", "c"))
    assert found.labels_source == "the metadata names in the file"

    assert read(path, PHOTO, THREE, {}).preprocessing is None


def test_a_wrong_sidecar_is_refused_and_a_wrong_foreign_file_is_a_remark(folder):
    path = folder(config__json="{")
    assert "config.json" in read(path, PHOTO, THREE).remarks[0]
    folder(net__inspector__toml="labels = [")
    with pytest.raises(ModelError, match="not valid TOML"):
        read(path, PHOTO, THREE)


def test_a_recipe_for_coloured_pictures_is_not_for_a_grey_input(folder):
    path = folder(preprocessor_config__json=IMAGENET)
    found = read(path, (Tensor("x", "float32", (1, 1, 28, 28)),), THREE)
    assert found.preprocessing is None
    assert found.remarks == (
        "preprocessor_config.json beside the model is for coloured pictures; "
        "the model takes grey ones, and it is passed over.",
    )


def test_one_number_for_all_channels_does_for_grey_pictures(folder):
    path = folder(preprocessor_config__json={"image_mean": 0.5, "image_std": 0.5, "size": 28})
    found = read(path, (Tensor("x", "float32", (1, 1, 28, 28)),), THREE)
    assert (found.preprocessing.channels, found.preprocessing.mean, found.remarks) == ("grey", (0.5,), ())


def test_a_size_that_the_model_does_not_take_is_said(folder):
    path = folder(preprocessor_config__json=IMAGENET)
    found = read(path, (Tensor("x", "float32", (1, 3, 384, 384)),), THREE)
    assert found.preprocessing is not None
    assert "says 224 × 224; the model takes 384 × 384" in found.remarks[0]
    assert read(path, (Tensor("x", "float32", (1, 3, "h", "w")),), THREE).remarks == ()


def test_a_network_without_a_picture_has_no_recipe(folder):
    path = folder(preprocessor_config__json=IMAGENET)
    assert read(path, (Tensor("x", "float32", (1, 1960)),), THREE).preprocessing is None


@pytest.mark.parametrize(
    "name", ["labels.txt", "synset.txt", "classes.txt", "net.labels.txt", "net_labels.txt", "net.names"]
)
def test_a_list_beside_the_model_counts_where_it_has_a_name_for_each_class(folder, tmp_path, name):
    (tmp_path / name).write_text("cat\ndog\nbird\n")
    found = read(folder(), PHOTO, THREE)
    assert (found.labels, found.labels_source) == (("cat", "dog", "bird"), f"{name} beside the model")


@pytest.mark.parametrize("text", ["cat\ndog\n", "cat\ndog\nbird\nfish\n", "", "\xff", "[7]"])
def test_a_list_of_another_length_or_none_is_not_for_this_model(folder, tmp_path, text):
    (tmp_path / "labels.txt").write_bytes(text.encode("latin-1"))
    found = read(folder(), PHOTO, THREE)
    assert (found.labels, found.labels_source, found.remarks) == ((), "", ())


def test_a_list_does_not_count_where_the_number_of_classes_is_not_known(folder, tmp_path):
    (tmp_path / "labels.txt").write_text("cat\ndog\nbird\n")
    assert read(folder(), PHOTO, (Tensor("y", "float32", ("N", "C")),)).labels == ()


def test_names_that_fit_count_before_names_that_do_not(folder, tmp_path):
    (tmp_path / "labels.txt").write_text("cat\ndog\nbird\n")
    path = folder(config__json={"id2label": ["a", "b"]})
    assert read(path, PHOTO, THREE).labels_source == "labels.txt beside the model"


def test_named_classes_of_a_wrong_number_are_kept_so_that_this_can_be_said(folder):
    path = folder(config__json={"id2label": ["a", "b"]})
    assert read(path, PHOTO, THREE).labels == ("a", "b")


def test_eighty_names_are_those_of_a_detector_with_85_numbers(folder, tmp_path):
    (tmp_path / "coco_classes.txt").write_text("\n".join(f"thing {index}" for index in range(80)))
    outputs = (Tensor("y", "float32", (1, 3549, 85)),)
    found = read(folder(), (Tensor("x", "float32", (1, 3, 416, 416)),), outputs)
    assert len(found.labels) == 80


def test_a_model_carries_what_was_found_and_where(tmp_path):
    proto = build.model(
        [build.node("Flatten", "x", "f"), build.node("MatMul", "f W", "y")],
        [build.value("x", (1, 3, 2, 2))],
        [build.value("y", (1, 3))],
        [build.weights("W", 12, 3)],
    )
    for key, value in YOLO.items():
        entry = proto.metadata_props.add()
        entry.key, entry.value = key, value
    path = tmp_path / "net.onnx"
    path.write_bytes(proto.SerializeToString())
    (tmp_path / "preprocessor_config.json").write_text("[")
    model = reader.read(str(path)).model
    assert (model.labels, model.labels_source) == (("a", "b", "c"), "the metadata names in the file")
    assert model.preprocessing.fit == "letterbox"
    assert any(each.startswith("preprocessor_config.json") for each in model.remarks)
    assert np.isclose(model.preprocessing.scale * 255, 1)
