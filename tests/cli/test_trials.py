"""``classify --try-preprocessing``, with real models and the real engine."""

from __future__ import annotations

import numpy as np
import pytest
from onnx import helper
from PIL import Image

from tests.cli.build import FLOAT, save


@pytest.fixture
def brightness(tmp_path):
    """Three classes for a grey picture by its mean m of the numbers fed: logits 0.1 - m, 0, m - 0.9.

    Fed 0 to 1, black is class 0 and white class 2.
    """
    nodes = [
        helper.make_node("GlobalAveragePool", ["x"], ["mean"]),
        helper.make_node("Flatten", ["mean"], ["flat"]),
        helper.make_node("Gemm", ["flat", "W", "b"], ["y"]),
    ]
    weights = {"W": np.array([[-1, 0, 1]], np.float32), "b": np.array([0.1, 0, -0.9], np.float32)}
    return save(tmp_path / "brightness.onnx", nodes, {"x": (FLOAT, [1, 1, 4, 4])}, {"y": (FLOAT, [1, 3])}, weights)


@pytest.fixture
def picture_of(tmp_path):
    def write(grey, name):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        Image.new("L", (4, 4), grey).save(path)
        return str(path)

    return write


def names(content):
    return [each["preprocessing"]["name"] for each in content["trials"]]


def test_the_right_way_comes_first_where_the_classes_are_named(answered, brightness, picture_of):
    pictures = [picture_of(0, "a.png"), picture_of(128, "b.png"), picture_of(255, "c.png")]
    named = [word for each in ("0", "1", "2") for word in ("--expect", each)]
    content = answered("classify", brightness, *pictures, "--try-preprocessing", *named)
    assert content["basis"] == "accuracy"
    first = content["trials"][0]
    assert first["preprocessing"]["name"] == "digits"
    assert (first["right"], first["judged"]) == (3, 3)
    assert [each["index"] for each in first["answers"]] == [0, 1, 2]
    # By hand: white is fed as 1, so its logits are -0.9, 0, 0.1.
    logits = np.exp([-0.9, 0, 0.1])
    assert first["answers"][2]["probability"] == pytest.approx(logits[2] / logits.sum(), abs=1e-6)
    inverted = next(each for each in content["trials"] if each["preprocessing"]["name"] == "digits-inverted")
    assert inverted["right"] == 1


def test_one_class_holds_for_all_pictures(answered, brightness, picture_of):
    pictures = [picture_of(255, "a.png"), picture_of(250, "b.png")]
    content = answered("classify", brightness, *pictures, "--try-preprocessing", "--expect", "2")
    assert {each["judged"] for each in content["trials"]} == {2}


def test_labels_name_classes(answered, brightness, picture_of, tmp_path):
    (tmp_path / "names.txt").write_text("dark\nmiddle\nbright\n")
    labels = ("--labels", str(tmp_path / "names.txt"))
    arguments = (picture_of(255, "a.png"), "--try-preprocessing", "--expect", "bright", *labels)
    content = answered("classify", brightness, *arguments)
    assert content["trials"][0]["answers"][0]["expected"] == 2
    assert content["trials"][0]["answers"][0]["label"] == "bright"


def test_folders_named_after_classes_name_them(answered, brightness, picture_of):
    pictures = [picture_of(0, "0/a.png"), picture_of(255, "2/b.png")]
    content = answered("classify", brightness, *pictures, "--try-preprocessing")
    assert content["basis"] == "accuracy"
    assert [each["expected"] for each in content["trials"][0]["answers"]] == [0, 2]


def test_without_classes_it_is_a_hint_with_a_warning(said, brightness, picture_of):
    code, out, err = said("classify", brightness, picture_of(255, "a.png"), "--try-preprocessing")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0].split() == ["rank", "probability", "entropy", "fed", "as", "answer"]
    assert lines[1].split()[0:2] == ["1", "1.0000"]  # 0 to 255 is the most sure of itself
    assert "byte" in lines[1]
    assert "confidence misleads" in out
    assert "a larger input scale inflates it" in out


def test_ways_that_agree_are_called_indistinguishable(said, answered, tmp_path, picture_of):
    nodes = [
        helper.make_node("Flatten", ["x"], ["flat"]),
        helper.make_node("MatMul", ["flat", "W"], ["y"]),
    ]
    shapes = {"x": (FLOAT, [1, 1, 4, 4])}, {"y": (FLOAT, [1, 3])}
    deaf = save(tmp_path / "deaf.onnx", nodes, *shapes, {"W": np.zeros((16, 3), np.float32)})
    picture = picture_of(200, "a.png")
    content = answered("classify", deaf, picture, "--try-preprocessing")
    assert {each["rank"] for each in content["trials"]} == {1}
    _, out, _ = said("classify", deaf, picture, "--try-preprocessing")
    assert "are indistinguishable on these pictures" in out


def test_a_few_pictures_have_a_line_each(said, brightness, picture_of):
    pictures = [picture_of(0, "a.png"), picture_of(255, "b.png")]
    code, out, _ = said("classify", brightness, *pictures, "--try-preprocessing", "--expect", "0", "--expect", "2")
    assert code == 0
    lines = [line.split() for line in out.splitlines()]
    assert lines[1][:4] == ["1", "2", "of", "2"]
    assert [lines[2][0], lines[2][3]] == ["yes", "a.png"]
    assert [lines[3][0], lines[3][3]] == ["yes", "b.png"]


def test_a_preset_that_is_asked_for_is_one_of_those_tried(answered, brightness, picture_of):
    content = answered("classify", brightness, picture_of(9, "a.png"), "--try-preprocessing", "--preprocess", "caffe")
    assert "caffe" in names(content)


def test_a_network_without_classes_is_refused(said, repository, picture_of):
    model = str(repository / "models" / "edges.onnx")
    code, out, err = said("classify", model, picture_of(9, "a.png"), "--try-preprocessing")
    assert (code, out) == (3, "")
    assert err.startswith("edges.onnx does not answer with one number per class")


def test_a_picture_that_cannot_be_used_does_not_stop_the_others(answered, brightness, picture_of, tmp_path):
    (tmp_path / "bad.png").write_text("no")
    pictures = [str(tmp_path / "bad.png"), picture_of(255, "a.png")]
    arguments = (*pictures, "--try-preprocessing", "--expect", "0", "--expect", "2")
    content = answered("classify", brightness, *arguments, code=3)
    assert [each["image"] for each in content["trials"][0]["answers"]] == [pictures[1]]
    assert content["trials"][0]["answers"][0]["expected"] == 2


@pytest.mark.parametrize(
    ("arguments", "cause"),
    [
        (("--expect", "0"), "--expect says what to rank"),
        (("--try-preprocessing", "--check"), "two questions"),
        (("--try-preprocessing", "--expect", "3"), "There is no class '3'"),
        (
            ("--try-preprocessing", "--expect", "0", "--expect", "1", "--expect", "2"),
            "given 3 times, and the number of pictures is 1",
        ),
    ],
)
def test_wrong_usage_is_exit_code_2(said, brightness, picture_of, arguments, cause):
    code, out, err = said("classify", brightness, picture_of(9, "a.png"), *arguments)
    assert (code, out) == (2, "")
    assert cause in err


def test_a_tensor_file_is_refused_for_it(said, brightness, tmp_path):
    np.save(tmp_path / "fed.npy", np.zeros((1, 1, 4, 4), np.float32))
    code, out, err = said("classify", brightness, str(tmp_path / "fed.npy"), "--try-preprocessing")
    assert (code, out) == (3, "")
    assert "fed.npy is fed as it is" in err


PHOTOS = {"goldfish.jpg": 1, "pineapple.jpg": 953, "kimono.jpg": 614, "chelsea.png": 285}


def test_squeezenet_is_found_to_want_caffes_pictures(answered, shared):
    assets = shared / "assets"
    photos = [str(assets / "images" / "photos" / each) for each in PHOTOS]
    named = [word for each in PHOTOS.values() for word in ("--expect", str(each))]
    model = str(assets / "models" / "squeezenet_fp16.onnx")
    content = answered("classify", model, *photos, "--try-preprocessing", *named)
    first = content["trials"][0]
    assert first["preprocessing"]["name"] == "caffe"
    assert (first["right"], first["judged"]) == (4, 4)
    wrong = next(each for each in content["trials"] if each["preprocessing"]["name"] == "imagenet")
    assert wrong["right"] == 0  # as manifest.json says: 0 of 50


def test_squeezenet_is_found_by_the_names_of_its_classes(answered, shared):
    assets = shared / "assets"
    names = {
        "goldfish.jpg": "goldfish",
        "pineapple.jpg": "pineapple",
        "EgyptianCat.png": "285",
        "gorilla.png": "gorilla",
    }
    photos = [str(assets / "images" / "photos" / each) for each in names]
    named = [word for each in names.values() for word in ("--expect", each)]
    model = str(assets / "models" / "squeezenet_fp16.onnx")
    labels = ("--labels", str(assets / "labels" / "synset.txt"))
    content = answered("classify", model, *photos, "--try-preprocessing", *named, *labels)
    assert content["trials"][0]["preprocessing"]["name"] == "caffe"
    assert [each["expected"] for each in content["trials"][0]["answers"]] == [1, 953, 285, 366]


@pytest.mark.parametrize(
    ("file", "right"),
    [("mnist-8.onnx", {"byte", "mnist"}), ("digits_external_data/model.onnx", {"mnist"})],
)
def test_networks_for_digits_are_found_to_want_white_on_black(answered, shared, file, right):
    pictures = sorted((shared / "assets" / "images" / "mnist" / "png").glob("*.png"))
    named = [word for each in pictures for word in ("--expect", each.name[0])]
    arguments = (*(str(each) for each in pictures), "--try-preprocessing", *named)
    content = answered("classify", str(shared / "assets" / "models" / file), *arguments)
    first = content["trials"][0]
    assert first["preprocessing"]["name"] in right
    assert (first["right"], first["judged"]) == (60, 60)
    inverted = next(each for each in content["trials"] if each["preprocessing"]["name"] == "digits-inverted")
    assert inverted["right"] < 30
