"""Inputs of every kind on the command line: shapes, several inputs, signals, frames."""

from __future__ import annotations

import json

import numpy as np
import pytest
from onnx import TensorProto, helper
from PIL import Image

from inspector.cli.main import main
from tests.cli.build import FED, FLOAT, LOGITS, WEIGHTS, save
from tests.engine.child.sounds import wave


@pytest.fixture
def open_sizes(tmp_path):
    """The mean of each channel of a picture of any size."""
    nodes = [helper.make_node("GlobalAveragePool", ["x"], ["y"])]
    shapes = {"x": (FLOAT, ["N", 3, "height", "width"])}, {"y": (FLOAT, ["N", 3, 1, 1])}
    return save(tmp_path / "open.onnx", nodes, *shapes)


@pytest.fixture
def three_inputs(tmp_path):
    """The sum of a signal, times its rate, plus a state."""
    nodes = [
        helper.make_node("ReduceSum", ["input", "axis"], ["sum"]),
        helper.make_node("Cast", ["sr"], ["rate"], to=FLOAT),
        helper.make_node("Mul", ["sum", "rate"], ["product"]),
        helper.make_node("Add", ["product", "state"], ["y"]),
    ]
    inputs = {
        "input": (FLOAT, ["batch", "time"]),
        "sr": (TensorProto.INT64, []),
        "state": (FLOAT, ["batch", 2]),
    }
    return save(tmp_path / "three.onnx", nodes, inputs, {"y": (FLOAT, ["batch", 2])}, {"axis": np.array([1])})


@pytest.fixture
def grey(tmp_path):
    Image.new("RGB", (64, 32), (0, 51, 255)).save(tmp_path / "grey.png")
    return str(tmp_path / "grey.png")


@pytest.fixture
def tone(tmp_path):
    (tmp_path / "tone.wav").write_bytes(wave(np.full((6, 1), 16_384), 16, rate=8_000))
    return str(tmp_path / "tone.wav")


def fed(result):
    return {each["name"]: (each["shape"], each["from"]) for each in result["inputs"]}


def test_the_shape_of_an_open_input_is_given_by_name_or_without(answered, open_sizes, grey):
    for text, shape in (("x=1,3,48,192", [1, 3, 48, 192]), ("2,3,40,40", [2, 3, 40, 40])):
        (result,) = answered("classify", open_sizes, grey, "--preprocess", "unit", "--input-shape", text)["results"]
        assert fed(result) == {"x": (shape, "the picture")}
        assert result["note"] == ("repeated 2 times" if shape[0] == 2 else "")
        assert result["outputs"][0]["shape"] == [shape[0], 3, 1, 1]
    (result,) = answered("classify", open_sizes, grey)["results"]
    assert fed(result) == {"x": ([1, 3, 32, 64], "the picture")}


def test_options_with_a_value_may_stand_before_the_command(answered, open_sizes, grey):
    given = ("--input-shape", "x=1,3,8,8", "--frame", "2", "--input", "x=1", "classify", open_sizes)
    (result,) = answered(*given)["results"]
    assert fed(result) == {"x": ([1, 3, 8, 8], "1")}


@pytest.mark.parametrize(
    ("option", "value", "code", "sentence"),
    [
        ("--input-shape", "y=1,3,8,8", 2, "open.onnx has no input 'y'. Its inputs: x."),
        ("--input", "y=1", 2, "open.onnx has no input 'y'. Its inputs: x."),
        (
            "--input-shape",
            "x=1,4,8,8",
            3,
            "The input 'x' takes N × 3 × height × width, which 1 × 4 × 8 × 8 does not fit.",
        ),
        ("--input-shape", "x=1,3,8", 3, "which 1 × 3 × 8 does not fit."),
        ("--input", "x=nothing.npy", 3, "There is no file"),
    ],
)
def test_wrong_names_and_shapes_are_said_with_their_exit_code(said, open_sizes, grey, option, value, code, sentence):
    found, out, err = said("classify", open_sizes, grey, option, value)
    assert (found, out) == (code, "")
    assert sentence in err


@pytest.mark.parametrize(
    "arguments",
    [
        ("--input-shape", "x=1,a"),
        ("--input-shape", "x=0,3"),
        ("--input-shape", ""),
        ("--frame", "-1"),
        ("--frame", "x"),
    ],
)
def test_what_cannot_be_a_shape_or_a_frame_is_wrong_usage(capsys, arguments):
    with pytest.raises(SystemExit) as stopped:
        main(["classify", "m.onnx", "a.png", *arguments])
    assert stopped.value.code == 2
    assert capsys.readouterr().err.endswith("See inspector classify --help.\n")


def test_several_inputs_are_fed_from_files_numbers_and_defaults(answered, three_inputs, tone, tmp_path):
    np.save(tmp_path / "state.npy", np.array([[1, 2]], np.float32))
    (result,) = answered("classify", three_inputs, tone, "--input", f"state={tmp_path / 'state.npy'}")["results"]
    assert fed(result) == {
        "input": ([1, 6], "tone.wav"),
        "sr": ([], "8000, the sampling rate of tone.wav"),
        "state": ([1, 2], "state.npy"),
    }
    assert result["note"] == "0.00075 s, 8 kHz"
    assert result["outputs"][0]["min"] == 6 * 0.5 * 8_000 + 1
    (result,) = answered("classify", three_inputs, tone, "--input", "sr=2", "--input", "state=0.5")["results"]
    assert result["outputs"][0]["max"] == 6 * 0.5 * 2 + 0.5
    assert fed(result)["state"] == ([1, 2], "0.5")


def test_a_network_whose_inputs_have_defaults_needs_no_file(said, answered, three_inputs):
    (result,) = answered("classify", three_inputs)["results"]
    assert result["image"] is None
    assert fed(result) == {
        "input": ([1, 16_000], "zeros"),
        "sr": ([], "16000, a usual sampling rate"),
        "state": ([1, 2], "zeros"),
    }
    code, out, _ = said("classify", three_inputs)
    assert code == 0
    assert out.startswith("no picture  (CPU, ")
    assert "defaults where nothing is given" in out
    assert (
        "  input sr, of a single number: 16000, a usual sampling rate\n" in out or "16000, a usual sampling rate" in out
    )


def test_a_network_for_pictures_needs_one(said, linear, fed):
    code, out, err = said("classify", linear)
    assert (code, out) == (2, "")
    assert err == f"{linear} takes a picture, and none is given. Give it after the model, or with --input.\n"
    code, _, err = said("classify", linear, "--try-preprocessing")
    assert code == 2
    assert "There is no picture to try it on." in err


def test_the_picture_itself_may_be_given_as_an_input(answered, linear, fed):
    (result,) = answered("classify", linear, "--input", f"x={fed}")["results"]
    assert [each["logit"] for each in sorted(result["top"], key=lambda each: each["index"])] == LOGITS


@pytest.mark.parametrize("name", ["fed.npz", "fed.csv", "flat.npy"])
def test_other_files_of_numbers_stand_in_for_pictures(answered, linear, tmp_path, name):
    path = tmp_path / name
    if name.endswith(".npz"):
        np.savez(path, FED)
    elif name.endswith(".csv"):
        path.write_text("1,2\n3,4\n")
    else:
        np.save(path, FED[0, 0])
    (result,) = answered("classify", linear, str(path))["results"]
    assert result["preprocessing"] is None
    assert [each["logit"] for each in sorted(result["top"], key=lambda each: each["index"])] == LOGITS
    assert np.array_equal(FED.reshape(1, 4) @ WEIGHTS, [LOGITS])


def test_a_frame_of_an_animation_is_chosen(answered, open_sizes, tmp_path):
    frames = [Image.new("RGB", (32, 32), (level, 0, 0)) for level in (0, 51, 255)]
    frames[0].save(tmp_path / "x.gif", save_all=True, append_images=frames[1:])
    for wanted, level in ((0, 0), (1, 51), (9, 255)):
        given = ("classify", open_sizes, str(tmp_path / "x.gif"), "--preprocess", "byte", "--frame", str(wanted))
        (result,) = answered(*given)["results"]
        assert result["outputs"][0]["max"] == level
        assert result["note"].startswith(f"frame {min(wanted, 2) + 1} of 3")


def test_export_feeds_the_same(said, three_inputs, tone, tmp_path):
    code, _, err = said("export", three_inputs, tone, "--to", str(tmp_path / "out"), "--input", "sr=2")
    assert code == 0, err
    (folder,) = (tmp_path / "out").iterdir()
    assert np.load(folder / "input-sr.npy").tolist() == 2
    assert np.load(folder / "input-input.npy").tolist() == [[0.5] * 6]
    assert json.loads((folder / "index.json").read_text())
