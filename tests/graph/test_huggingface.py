"""Hugging Face's files beside a model: what they mean, and that none of them keeps a model from opening."""

from __future__ import annotations

import json
import os

import pytest

from inspector.graph.huggingface import MAX_BYTES, read

VIT = {
    "do_normalize": True,
    "do_rescale": True,
    "do_resize": True,
    "image_mean": [0.5, 0.5, 0.5],
    "image_processor_type": "ViTImageProcessor",
    "image_std": [0.5, 0.5, 0.5],
    "resample": 2,
    "rescale_factor": 0.00392156862745098,
    "size": {"height": 224, "width": 224},
}
CLIP = {
    "crop_size": {"height": 224, "width": 224},
    "do_center_crop": True,
    "do_resize": True,
    "image_mean": [0.48145466, 0.4578275, 0.40821073],
    "image_std": [0.26862954, 0.26130258, 0.27577711],
    "resample": 3,
    "size": {"shortest_edge": 256},
}
TIMM = {
    "architecture": "resnet18",
    "num_classes": 2,
    "pretrained_cfg": {
        "input_size": [3, 240, 240],
        "crop_pct": 0.96,
        "interpolation": "bicubic",
        "mean": [0.485, 0.456, 0.406],
        "std": [0.229, 0.224, 0.225],
        "label_names": ["n01440764", "n01443537"],
        "label_descriptions": {"n01440764": "tench", "n01443537": "goldfish"},
    },
}


@pytest.fixture
def said(tmp_path):
    """Write files beside a model, or above its folder, and read what they say."""

    def write(folder="", **files):
        (tmp_path / folder).mkdir(exist_ok=True)
        for name, content in files.items():
            path = tmp_path / f"{name}.json"
            path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
        return read(str(tmp_path / folder / "model.onnx"))

    return write


def recipe_of(found):
    assert found.remarks == ()
    assert found.preprocessing is not None
    return found.preprocessing


def test_nothing_beside_a_model_says_nothing(said):
    found = said()
    assert (found.preprocessing, found.labels, found.remarks) == (None, (), ())


def test_a_vision_transformer_stretches_to_minus_one_to_one(said):
    recipe = recipe_of(said(preprocessor_config=VIT))
    assert (recipe.fit, recipe.size, recipe.interpolation) == ("stretch", (224, 224), "bilinear")
    black, white = ((pixel * recipe.scale - 0.5) / 0.5 for pixel in (0, 255))
    assert (recipe.mean, recipe.std) == ((0.5,) * 3, (0.5,) * 3)
    assert (black, white) == pytest.approx((-1, 1))
    assert recipe.source == "preprocessor_config.json beside the model"


def test_clip_cuts_the_middle_out_of_the_short_side(said):
    recipe = recipe_of(said(preprocessor_config=CLIP))
    assert (recipe.fit, recipe.size, recipe.interpolation) == ("crop", (224, 224), "bicubic")
    assert recipe.crop == 224 / 256
    assert recipe.scale == pytest.approx(1 / 255)
    assert recipe.mean == (0.48145466, 0.4578275, 0.40821073)


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"size": 384}, {"fit": "stretch", "size": (384, 384)}),
        ({"size": [192, 256]}, {"fit": "stretch", "size": (192, 256)}),
        ({"size": 256, "do_center_crop": True, "crop_size": 224}, {"fit": "crop", "crop": 0.875, "size": (224, 224)}),
        ({"size": {"shortest_edge": 224}, "crop_pct": 0.875}, {"fit": "crop", "crop": 0.875, "size": (224, 224)}),
        ({"size": {"shortest_edge": 384}, "crop_pct": 1.0}, {"fit": "stretch", "size": (384, 384)}),
        ({"size": {"shortest_edge": 224}}, {"fit": "crop", "crop": 1.0, "size": (224, 224)}),
        ({"do_resize": False}, {"fit": "stretch", "size": None}),
        ({"do_rescale": False}, {"scale": 1.0}),
        ({"do_normalize": False}, {"mean": (0.0,), "std": (1.0,)}),
        ({"do_flip_channel_order": True}, {"channels": "BGR"}),
        ({"rescale_offset": True, "do_normalize": False, "rescale_factor": 1 / 127.5}, {"mean": (1.0,)}),
        ({"image_mean": 0.5, "image_std": 0.25}, {"mean": (0.5,), "std": (0.25,)}),
        ({"resample": 0}, {"interpolation": "nearest"}),
        ({"resample": 4}, {"interpolation": "area"}),
    ],
)
def test_the_keys_of_the_processors_are_followed(said, changes, fields):
    recipe = recipe_of(said(preprocessor_config={**VIT, **changes}))
    assert {name: getattr(recipe, name) for name in fields} == fields


def test_a_detector_pads_with_what_becomes_zero(said):
    detr = {**CLIP, "size": {"shortest_edge": 800, "longest_edge": 1333}, "do_center_crop": False}
    detr |= {"image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]}
    recipe = recipe_of(said(preprocessor_config=detr))
    assert (recipe.fit, recipe.anchor) == ("letterbox", "top left")
    assert recipe.fill == (124, 116, 104)  # 255 x mean


def test_a_processor_in_processor_config_is_found(said):
    recipe = recipe_of(said(processor_config={"image_processor": CLIP, "processor_class": "CLIPProcessor"}))
    assert recipe.crop == 224 / 256


def test_timm_says_it_in_config_json(said):
    found = said(config=TIMM)
    recipe = recipe_of(found)
    assert (recipe.fit, recipe.crop, recipe.size, recipe.interpolation) == ("crop", 0.96, (240, 240), "bicubic")
    assert (recipe.mean[0], recipe.std[0], recipe.scale) == (0.485, 0.229, 1 / 255)
    assert found.labels == ("tench", "goldfish")
    assert found.labels_source == "config.json beside the model"


def test_timm_that_squashes_stretches(said):
    table = {**TIMM["pretrained_cfg"], "crop_mode": "squash"}
    assert recipe_of(said(config={"pretrained_cfg": table})).fit == "stretch"


@pytest.mark.parametrize(
    "names", [{"0": "cat", "1": "dog"}, {"1": "dog", "0": "cat"}, {0: "cat", 1: "dog"}, ["cat", "dog"]]
)
def test_class_names_come_in_the_order_of_their_numbers(said, names):
    assert said(config={"id2label": names}).labels == ("cat", "dog")


def test_names_that_nobody_gave_are_none(said):
    found = said(config={"id2label": {"0": "LABEL_0", "1": "LABEL_1"}})
    assert (found.labels, found.labels_source) == ((), "")


def test_the_folder_above_onnx_is_read_and_no_other(said):
    found = said("onnx", preprocessor_config=VIT, config={"id2label": {"0": "a"}})
    assert found.preprocessing.source == "preprocessor_config.json above the model's folder"
    assert found.labels_source == "config.json above the model's folder"
    assert said("other").preprocessing is None


def test_the_file_beside_the_model_counts_before_the_one_above(tmp_path, said):
    (tmp_path / "onnx").mkdir()
    (tmp_path / "onnx" / "config.json").write_text('{"id2label": {"0": "near"}}')
    assert said("onnx", config={"id2label": {"0": "far"}}).labels == ("near",)


def test_files_of_something_else_say_nothing(said):
    audio = {"feature_extractor_type": "Wav2Vec2FeatureExtractor", "do_normalize": True, "sampling_rate": 16000}
    for content in ({"compilerOptions": {}}, audio, {**VIT, **audio}, [], "text", 7, None):
        found = said(preprocessor_config=content, config=content)
        assert (found.preprocessing, found.labels) == (None, ())


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (b"{", "is not valid JSON"),
        (b"\xff\xfe", "is not UTF-8"),
        (b"[" * 100_000, "is nested too deep"),
        (b" " * (MAX_BYTES + 1), "is larger than 8 MiB"),
        (b'{"image_mean": 1' + b"0" * 5000 + b"}", "is not valid JSON"),
        ({**VIT, "image_std": [0, 1, 1]}, "gives image_std the value [0, 1, 1]"),
        ({**VIT, "image_std": [1, 1]}, "gives image_std"),
        ({**VIT, "image_mean": ["a", "b", "c"]}, "gives image_mean"),
        ({**VIT, "image_mean": [float("nan")] * 3}, "gives image_mean"),
        ({**VIT, "size": {"height": -1, "width": 224}}, "gives size the value -1"),
        ({**VIT, "size": {"height": 10**9, "width": 224}}, "gives size"),
        ({**VIT, "size": {"height": [], "width": 224}}, "gives size"),
        ({**VIT, "size": "large"}, "gives size"),
        ({**VIT, "rescale_factor": 0}, "gives rescale_factor the value 0"),
        ({**VIT, "rescale_factor": float("inf")}, "gives rescale_factor"),
        ({**VIT, "do_rescale": "yes"}, "gives do_rescale"),
        ({**VIT, "resample": 99}, "gives resample the value 99"),
        ({**VIT, "resample": {"a": []}}, "gives resample"),
        ({**VIT, "size": "\x1b[31m" + "x" * 500}, "gives size"),
    ],
)
def test_what_is_wrong_with_a_foreign_file_is_a_remark(said, content, cause):
    found = said(preprocessor_config=content, config={"id2label": {"0": "cat"}})
    assert found.preprocessing is None
    assert found.labels == ("cat",)
    (remark,) = found.remarks
    assert remark.startswith("preprocessor_config.json")
    assert cause in remark
    assert remark.endswith("passed over.")
    assert len(remark) < 250
    assert remark.isprintable()


@pytest.mark.parametrize(
    "names", [{"0": "cat", "2": "dog"}, {"a": "cat"}, {"0": 7}, ["cat", 7], "cat", {"0": "cat", "00": "dog"}]
)
def test_class_names_with_gaps_are_passed_over_and_this_is_said(said, names):
    found = said(config={"id2label": names}, preprocessor_config=VIT)
    assert found.labels == ()
    assert found.preprocessing is not None
    assert "config.json beside the model does not number its classes in order" in found.remarks[0]


def test_what_cannot_be_done_quite_alike_is_said(said):
    found = said(preprocessor_config={**VIT, "do_center_crop": True, "crop_size": 192, "resample": 1})
    assert (found.preprocessing.fit, found.preprocessing.crop) == ("crop", 192 / 224)
    assert any("here they keep their shape" in each for each in found.remarks)
    assert any("Lanczos" in each for each in found.remarks)


@pytest.mark.skipif(os.name == "nt", reason="needs POSIX links")
def test_a_link_out_of_the_folder_is_passed_over_and_this_is_said(tmp_path):
    (tmp_path / "secret.json").write_text(json.dumps(VIT))
    (tmp_path / "net").mkdir()
    (tmp_path / "net" / "preprocessor_config.json").symlink_to("../secret.json")
    found = read(str(tmp_path / "net" / "model.onnx"))
    assert found.preprocessing is None
    assert "a link that leads out" in found.remarks[0]


@pytest.mark.skipif(os.name == "nt", reason="needs POSIX links")
def test_links_among_the_blobs_of_a_cache_are_followed(tmp_path):
    blobs, snapshot = tmp_path / "models--a--b" / "blobs", tmp_path / "models--a--b" / "snapshots" / "1" / "onnx"
    blobs.mkdir(parents=True)
    snapshot.mkdir(parents=True)
    (blobs / "0").write_bytes(b"")
    (blobs / "1").write_text(json.dumps(VIT))
    (snapshot / "model.onnx").symlink_to("../../../blobs/0")
    (snapshot.parent / "preprocessor_config.json").symlink_to("../../blobs/1")
    found = read(str(snapshot / "model.onnx"))
    assert (found.remarks, found.preprocessing.size) == ((), (224, 224))
