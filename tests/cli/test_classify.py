"""What is printed of pictures."""

from __future__ import annotations

import numpy as np
import pytest
from onnx import helper
from PIL import Image

from tests.cli.build import FED, FLOAT, LOGITS, PROBABILITIES, save


def test_classify_prints_exactly_the_keys_that_scripts_rely_on(answered, linear, fed):
    content = answered("classify", linear, fed)
    assert list(content) == ["model", "provider", "results"]
    assert (content["model"], content["provider"]) == (linear, "CPU")
    (result,) = content["results"]
    assert list(result) == [
        *("image", "head", "head_reason", "head_warning", "top", "outputs", "preprocessing", "inputs", "note"),
        *("seconds", "instrumented_difference"),
    ]
    assert result["image"] == fed
    assert result["head"] == "logits"
    reason = "The last operator is Gemm (fc), with no softmax after it: these are logits. Softmax was applied here."
    assert (result["head_reason"], result["head_warning"]) == (reason, None)
    assert result["preprocessing"] is None
    assert result["seconds"] > 0
    assert result["instrumented_difference"] is None
    assert [list(each) for each in result["top"]] == [["index", "label", "probability", "logit"]] * 3
    assert [each["index"] for each in result["top"]] == [0, 1, 2]
    assert [each["logit"] for each in result["top"]] == LOGITS
    assert [each["probability"] for each in result["top"]] == pytest.approx(PROBABILITIES)
    (output,) = result["outputs"]
    assert output == {
        **{"name": "y", "kind": "classes", "reason": reason, "shape": [1, 3], "dtype": "float32"},
        **{"min": -1.0, "max": 3.0},
        "mean": pytest.approx(5 / 3),
    }


def test_classify_names_the_preprocessing_of_a_picture(answered, linear, tmp_path):
    Image.fromarray(np.array([[0, 255], [51, 102]], np.uint8)).save(tmp_path / "grey.png")
    image = str(tmp_path / "grey.png")
    (result,) = answered("classify", linear, image, "--preprocess", "unit")["results"]
    assert result["preprocessing"]["name"] == "unit"
    assert result["preprocessing"]["scale"] == 1 / 255
    # 0, 1, 0.2, 0.4 through the weights
    assert [each["logit"] for each in sorted(result["top"], key=lambda each: each["index"])] == pytest.approx(
        [0.2, 1.1, -0.2], abs=1e-6
    )


def test_check_compares_with_the_instrumented_model(answered, linear, fed):
    (result,) = answered("classify", linear, fed, "--check")["results"]
    assert result["instrumented_difference"] == {"output": "y", "max_abs": 0.0, "top_changed": False}


def test_top_limits_the_classes(answered, linear, fed):
    (result,) = answered("classify", linear, fed, "--top", "1")["results"]
    assert [each["index"] for each in result["top"]] == [0]


def test_labels_are_read_from_a_file(answered, linear, fed, tmp_path):
    (tmp_path / "names.txt").write_text("cat\ndog\nfish\n")
    (result,) = answered("classify", linear, fed, "--labels", str(tmp_path / "names.txt"))["results"]
    assert [each["label"] for each in result["top"]] == ["cat", "dog", "fish"]


def test_labels_of_another_number_are_said_and_not_shown(said, linear, fed, tmp_path):
    (tmp_path / "names.txt").write_text("cat\ndog\n")
    code, out, err = said("classify", linear, fed, fed, "--labels", str(tmp_path / "names.txt"))
    assert code == 0
    assert "cat" not in out
    assert err.count(f"{tmp_path / 'names.txt'}: There are 2 labels for 3 classes") == 1


def test_classify_prints_a_table_for_people(said, linear, fed):
    code, out, _ = said("classify", linear, fed)
    assert code == 0
    lines = out.splitlines()
    assert lines[0].startswith(f"{fed}  (CPU, ")
    assert lines[1].split() == ["probability", "logit", "class"]
    assert lines[2].split() == [f"{PROBABILITIES[0]:.4f}", "3.000", "0"]
    assert lines[4].split() == [f"{PROBABILITIES[2]:.4f}", "−1.000", "2"]
    assert lines[5].startswith("  The last operator is Gemm (fc), with no softmax after it")


def test_an_answer_that_is_no_class_is_shown_by_its_numbers(answered, said, tmp_path, fed):
    shape = (FLOAT, [1, 1, 2, 2])
    model = save(tmp_path / "relu.onnx", [helper.make_node("Relu", ["x"], ["y"])], {"x": shape}, {"y": shape})
    (result,) = answered("classify", model, fed)["results"]
    assert (result["head"], result["top"]) == ("none", [])
    assert result["outputs"][0] == {
        **{"name": "y", "kind": "tensor", "shape": [1, 1, 2, 2], "dtype": "float32"},
        **{"min": 1.0, "max": 4.0, "mean": 2.5},
        "reason": "Numbers: 1 × 1 × 2 × 2 is neither one number for each class nor shaped like the picture.",
    }
    _, out, _ = said("classify", model, fed)
    assert out.splitlines()[2].split() == ["1.000", "4.000", "2.500", "float32", "1", "×", "1", "×", "2", "×", "2", "y"]


def test_nan_and_infinity_are_strings_in_json(answered, tmp_path):
    np.save(tmp_path / "zeros.npy", np.array([[0, 1, -1]], np.float32))
    nodes = [helper.make_node("Div", ["x", "zero"], ["y"])]
    shape = (FLOAT, [1, 3])
    model = save(tmp_path / "div.onnx", nodes, {"x": shape}, {"y": shape}, {"zero": np.zeros(3, np.float32)})
    (result,) = answered("classify", model, str(tmp_path / "zeros.npy"))["results"]
    assert [each["probability"] for each in result["top"]] == ["NaN"] * 3
    assert [each["logit"] for each in result["top"]] == ["NaN", "Infinity", "-Infinity"]
    assert {result["outputs"][0][key] for key in ("min", "max", "mean")} == {"NaN"}
    np.save(tmp_path / "ones.npy", np.array([[1, 1, -1]], np.float32))
    (result,) = answered("classify", model, str(tmp_path / "ones.npy"))["results"]
    assert [result["outputs"][0][key] for key in ("min", "max", "mean")] == ["-Infinity", "Infinity", "NaN"]


def test_a_picture_that_cannot_be_used_does_not_stop_the_others(answered, linear, fed, tmp_path):
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    broken, missing = str(tmp_path / "broken.png"), str(tmp_path / "missing.png")
    results = answered("classify", linear, broken, fed, missing, "", fed, code=3)["results"]
    assert [list(each) for each in (results[0], results[2], results[3])] == [["image", "error"]] * 3
    assert [results[place]["image"] for place in range(5)] == [broken, fed, missing, "", fed]
    assert "broken.png" in results[0]["error"]
    assert "missing.png" in results[2]["error"]
    assert [results[place]["top"][0]["logit"] for place in (1, 4)] == [3.0, 3.0]


def test_squeezenet_knows_its_pictures(answered, shared):
    assets = shared / "assets"
    photos = [
        str(assets / "images" / "photos" / f"{name}.jpg") for name in ("goldfish", "pineapple", "kimono", "horse-cart")
    ]
    content = answered(
        *("classify", str(assets / "models" / "squeezenet_fp16.onnx"), *photos),
        *("--labels", str(assets / "labels" / "synset.txt"), "--preprocess", "caffe"),
    )
    tops = [[each["index"] for each in result["top"]] for result in content["results"]]
    assert [top[0] for top in tops[:3]] == [1, 953, 614]
    assert tops[3][:2] == [690, 603]
    first = content["results"][0]["top"][0]
    assert first["label"] == "goldfish, Carassius auratus"
    assert first["probability"] == pytest.approx(0.9966, abs=0.002)
    assert {result["head"] for result in content["results"]} == {"softmax"}


def test_labels_have_a_column_where_there_are_any(said, linear, fed, tmp_path):
    (tmp_path / "names.txt").write_text("cat\ndog\nfish\n")
    _, out, _ = said("classify", linear, fed, "--labels", str(tmp_path / "names.txt"), "--top", "1")
    assert out.splitlines()[1].split() == ["probability", "logit", "class", "label"]
    assert out.splitlines()[2].split() == [f"{PROBABILITIES[0]:.4f}", "3.000", "0", "cat"]


def test_more_classes_than_there_are_is_all_of_them(answered, linear, fed):
    (result,) = answered("classify", linear, fed, "--top", "10000")["results"]
    assert sorted(each["index"] for each in result["top"]) == [0, 1, 2]


def test_each_thing_that_is_no_picture_is_named_with_a_remedy(answered, linear, fed, tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "a.png").touch()
    (tmp_path / "empty").mkdir()
    names = [str(tmp_path / each) for each in ("full", "empty", "linear.onnx", "missing.png")]
    results = answered("classify", linear, *names, "-", fed, code=3)["results"]
    assert [each.get("error") for each in results] == [
        f"{names[0]} is a folder, not a picture. Give the pictures in it, as in {names[0]}/*.",
        f"{names[1]} is an empty folder. Give a picture, a .wav or .csv signal, or a .npy, .npz or ONNX .pb tensor.",
        f"{names[2]} is a model, not a picture. Give one model, and then pictures.",
        f"There is no file {names[3]}. Check the name and the folder.",
        "Pictures are not read from standard input (-). Give the name of a file.",
        None,
    ]


def test_a_line_break_in_a_name_is_not_printed_as_one(said, linear, tmp_path):
    image = tmp_path / "two\nlines.npy"
    np.save(image, FED)
    code, out, _ = said("classify", linear, str(image), "--top", "1")
    assert code == 0
    assert "two\N{REPLACEMENT CHARACTER}lines.npy" in out.splitlines()[0]


def test_what_the_layers_lack_is_not_said_of_an_answer(said, tmp_path):
    shape = (FLOAT, ["N", 3])
    model = save(
        tmp_path / "free.onnx",
        [helper.make_node("MatMul", ["x", "W"], ["y"])],
        *[{"x": shape}, {"y": shape}],
        {"W": np.eye(3, dtype=np.float32)},
    )
    np.save(tmp_path / "row.npy", np.array([[1, 2, 3]], np.float32))
    assert "batch size is open" in said("layers", model)[2]
    assert said("classify", model, str(tmp_path / "row.npy"))[2] == ""


# ---------------------------------------------------------------- how the answer is read


def test_the_user_says_how_the_answer_is_read(answered, linear, fed):
    (result,) = answered("classify", linear, fed, "--head", "sigmoid")["results"]
    assert result["head"] == "sigmoid"
    assert result["head_reason"] == "Read as sigmoid, as you chose. Sigmoid was applied here. Found: logits."
    assert result["top"][0]["probability"] == pytest.approx(1 / (1 + np.exp(-3)))


def test_a_reading_that_cannot_be_meant_is_said_once_and_not_followed(said, answered, linear, fed):
    code, _, err = said("classify", linear, fed, fed, "--head", "softmax")
    assert code == 0
    assert err.count("y cannot be read as softmax: the values are not between 0 and 1.") == 1
    (result,) = answered("classify", linear, fed, "--head", "softmax")["results"]
    assert (result["head"], result["head_warning"]) == (
        "logits",
        "y cannot be read as softmax: the values are not between 0 and 1.",
    )


def test_a_class_number_alone_has_no_probability(answered, said, tmp_path, fed):
    nodes = [
        helper.make_node("Flatten", ["x"], ["z"], "flat"),
        helper.make_node("ArgMax", ["z"], ["y"], "best", axis=1, keepdims=0),
    ]
    model = save(tmp_path / "best.onnx", nodes, {"x": (FLOAT, [1, 1, 2, 2])}, {"y": (7, [1])})
    (tmp_path / "names.txt").write_text("a\nb\nc\nd\n")
    labels = ("--labels", str(tmp_path / "names.txt"))
    (result,) = answered("classify", model, fed, *labels)["results"]
    assert result["head"] == "index"
    assert result["top"] == [{"index": 3, "label": "d", "probability": None, "logit": None}]
    _, out, _ = said("classify", model, fed, *labels)
    assert [line.split() for line in out.splitlines()[1:3]] == [["class", "label"], ["3", "d"]]


@pytest.fixture
def segmenter(tmp_path):
    """A map of two classes: white is the first, black the second."""
    nodes = [
        helper.make_node("Mul", ["x", "zero"], ["nothing"], "nothing"),
        helper.make_node("Add", ["nothing", "half"], ["even"], "even"),
        helper.make_node("Concat", ["x", "even"], ["both"], "both", axis=1),
        helper.make_node("Softmax", ["both"], ["y"], "softmax", axis=1),
    ]
    weights = {"zero": np.float32(0), "half": np.float32(0.5)}
    ends = {"x": (FLOAT, [1, 1, 16, 16])}, {"y": (FLOAT, [1, 2, 16, 16])}
    return save(tmp_path / "segmenter.onnx", nodes, *ends, weights)


@pytest.fixture
def quarter(tmp_path):
    """A quarter of it is white."""
    values = np.zeros((1, 1, 16, 16), np.float32)
    values[..., :4, :] = 1
    np.save(tmp_path / "quarter.npy", values)
    return str(tmp_path / "quarter.npy")


def test_a_map_of_classes_is_said_to_be_one_with_its_shares(answered, said, segmenter, quarter, tmp_path):
    (tmp_path / "names.txt").write_text("sky\nland\n")
    labels = ("--labels", str(tmp_path / "names.txt"))
    (result,) = answered("classify", segmenter, quarter, *labels)["results"]
    (output,) = result["outputs"]
    assert (result["head"], output["kind"]) == ("none", "class map")
    assert [(each["index"], each["label"], each["share"]) for each in output["classes"]] == [
        (1, "land", 0.75),
        (0, "sky", 0.25),
    ]
    assert output["classes"][1]["color"] == "#8c8c8c"
    _, out, _ = said("classify", segmenter, quarter, *labels)
    assert "y: A map of classes: 2 channels of the input's size, 16 × 16; the last operator is Softmax" in out
    assert [line.split() for line in out.splitlines()[-2:]] == [["75.0", "%", "1", "land"], ["25.0", "%", "0", "sky"]]


def test_an_image_is_said_to_be_one_with_its_range(answered, said, tmp_path, quarter):
    shape = (FLOAT, [1, 1, 16, 16])
    model = save(tmp_path / "same.onnx", [helper.make_node("Identity", ["x"], ["y"])], {"x": shape}, {"y": shape})
    (result,) = answered("classify", model, quarter)["results"]
    assert (result["outputs"][0]["kind"], result["outputs"][0]["limits"]) == ("image", [0, 1])
    _, out, _ = said("classify", model, quarter)
    assert "y: An image: 1 channel of the input's size, 16 × 16. Drawn from 0 to 1, the usual range" in out
