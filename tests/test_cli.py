"""The command line, with real models, the real engine and real processes."""

from __future__ import annotations

import hashlib
import json
import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from inspector import __version__
from inspector.cli.main import main

COMMAND = [sys.executable, "-m", "inspector"]
PATIENCE_SECONDS = 60
REPOSITORY = Path(__file__).resolve().parents[1]


# ---------------------------------------------------------------- models


def save(path, nodes, inputs, outputs, weights=None, opset=17, **fields):
    """Write a model; the answer is its path as text."""

    def infos(shapes):
        return [helper.make_tensor_value_info(name, kind, shape) for name, (kind, shape) in shapes.items()]

    initializers = [numpy_helper.from_array(np.asarray(array), name) for name, array in (weights or {}).items()]
    graph = helper.make_graph(nodes, "graph", infos(inputs), infos(outputs), initializers)
    proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8, **fields)
    onnx.save(proto, path)
    return str(path)


FLOAT = TensorProto.FLOAT
WEIGHTS = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [0.5, 0.25, -1]], np.float32)
FED = np.array([[[[1, 2], [3, 4]]]], np.float32)
# FED through WEIGHTS is (1 + 2, 2 + 1, 3 - 4), and softmax of that is (e^3, e^3, e^-1) / their sum.
LOGITS = [3.0, 3.0, -1.0]
SUM = 2 * math.exp(3) + math.exp(-1)
PROBABILITIES = [math.exp(3) / SUM, math.exp(3) / SUM, math.exp(-1) / SUM]


@pytest.fixture
def linear(tmp_path):
    """A model that gives three logits for four numbers."""
    nodes = [helper.make_node("Flatten", ["x"], ["flat"], "flat"), helper.make_node("Gemm", ["flat", "W"], ["y"], "fc")]
    inputs, outputs = {"x": (FLOAT, [1, 1, 2, 2])}, {"y": (FLOAT, [1, 3])}
    return save(tmp_path / "linear.onnx", nodes, inputs, outputs, {"W": WEIGHTS}, producer_name="tests")


@pytest.fixture
def fed(tmp_path):
    np.save(tmp_path / "fed.npy", FED)
    return str(tmp_path / "fed.npy")


@pytest.fixture
def network(tmp_path):
    """Convolutions, a normalization, a split and a softmax, with names that no file may have."""
    random = np.random.default_rng(0)
    weights = {
        "K1": random.normal(size=(4, 3, 3, 3)).astype(np.float32),
        "B1": random.normal(size=4).astype(np.float32),
        "K2": random.normal(size=(6, 2, 1, 1)).astype(np.float32),
        "scale": random.random(6).astype(np.float32),
        "offset": random.normal(size=6).astype(np.float32),
        "mean": random.normal(size=6).astype(np.float32),
        "variance": random.random(6).astype(np.float32) + 1,
        "W": random.normal(size=(3, 5)).astype(np.float32),
    }
    nodes = [
        helper.make_node("Conv", ["x", "K1", "B1"], ["a/b"], "../../escape", pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["a/b"], ["A/b"], "CON"),
        helper.make_node("Conv", ["A/b", "K2"], ["c"], "conv\x1b[31m2", group=2),
        helper.make_node("BatchNormalization", ["c", "scale", "offset", "mean", "variance"], ["d"], "Norm"),
        helper.make_node("Split", ["d"], ["left", "right"], "split", axis=1, num_outputs=2),
        helper.make_node("Mul", ["left", "right"], ["product"], "norm"),
        helper.make_node("GlobalAveragePool", ["product"], ["pooled"], "n" * 300),
        helper.make_node("Flatten", ["pooled"], ["flat"], ""),
        helper.make_node("MatMul", ["flat", "W"], ["logits"], "重み"),
        helper.make_node("Softmax", ["logits"], ["y"], ".."),
    ]
    inputs, outputs = {"x": (FLOAT, ["N", 3, 8, 8])}, {"y": (FLOAT, ["N", 5])}
    return save(tmp_path / "network.onnx", nodes, inputs, outputs, weights, opset=18)


@pytest.fixture
def picture(tmp_path):
    pixels = np.random.default_rng(1).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "noise.png")
    return str(tmp_path / "noise.png")


def endless(path):
    """A model that runs for ever."""
    body = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["on"]), helper.make_node("Identity", ["state"], ["next"])],
        "body",
        [
            helper.make_tensor_value_info("turn", TensorProto.INT64, []),
            helper.make_tensor_value_info("go", TensorProto.BOOL, []),
            helper.make_tensor_value_info("state", FLOAT, [1, 1, 2, 2]),
        ],
        [
            helper.make_tensor_value_info("on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("next", FLOAT, [1, 1, 2, 2]),
        ],
    )
    nodes = [helper.make_node("Loop", ["M", "", "x"], ["y"], "loop", body=body)]
    shape = {"x": (FLOAT, [1, 1, 2, 2])}, {"y": (FLOAT, [1, 1, 2, 2])}
    return save(path, nodes, *shape, {"M": np.array(2**62)})


# ---------------------------------------------------------------- running


def run(*arguments, **settings):
    """Run the program in a process of its own."""
    done = subprocess.run(
        [*COMMAND, *arguments], capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False, **settings
    )
    assert "Traceback" not in done.stderr
    return done


@pytest.fixture
def said(capsys):
    """Carry out a command in this process; return exit code, stdout and stderr."""

    def carry_out(*arguments):
        code = main(arguments)
        out, err = capsys.readouterr()
        return code, out, err

    return carry_out


@pytest.fixture
def answered(said):
    """Carry out a command that prints JSON."""

    def carry_out(*arguments, code=0):
        found, out, err = said(*arguments, "--json")
        assert found == code, err
        return json.loads(out, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))

    return carry_out


# ---------------------------------------------------------------- classify


def test_classify_prints_exactly_the_keys_that_scripts_rely_on(answered, linear, fed):
    content = answered("classify", linear, fed)
    assert list(content) == ["model", "provider", "results"]
    assert (content["model"], content["provider"]) == (linear, "CPU")
    (result,) = content["results"]
    assert list(result) == [
        *("image", "head", "top", "outputs", "preprocessing", "seconds", "instrumented_difference"),
    ]
    assert result["image"] == fed
    assert result["head"] == "logits"
    assert result["preprocessing"] is None
    assert result["seconds"] > 0
    assert result["instrumented_difference"] is None
    assert [list(each) for each in result["top"]] == [["index", "label", "probability", "logit"]] * 3
    assert [each["index"] for each in result["top"]] == [0, 1, 2]
    assert [each["logit"] for each in result["top"]] == LOGITS
    assert [each["probability"] for each in result["top"]] == pytest.approx(PROBABILITIES)
    (output,) = result["outputs"]
    assert output == {
        **{"name": "y", "shape": [1, 3], "dtype": "float32", "min": -1.0, "max": 3.0},
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
    assert err.count("There are 2 labels for 3 classes") == 1


def test_classify_prints_a_table_for_people(said, linear, fed):
    code, out, _ = said("classify", linear, fed)
    assert code == 0
    lines = out.splitlines()
    assert lines[0].startswith(f"{fed}  (CPU, ")
    assert lines[1].split() == ["probability", "logit", "class", "label"]
    assert lines[2].split() == [f"{PROBABILITIES[0]:.4f}", "3.000", "0"]
    assert lines[4].split() == [f"{PROBABILITIES[2]:.4f}", "−1.000", "2"]


def test_an_answer_that_is_no_class_is_shown_by_its_numbers(answered, said, tmp_path, fed):
    shape = (FLOAT, [1, 1, 2, 2])
    model = save(tmp_path / "relu.onnx", [helper.make_node("Relu", ["x"], ["y"])], {"x": shape}, {"y": shape})
    (result,) = answered("classify", model, fed)["results"]
    assert (result["head"], result["top"]) == ("none", [])
    assert result["outputs"][0] == {
        **{"name": "y", "shape": [1, 1, 2, 2], "dtype": "float32", "min": 1.0, "max": 4.0, "mean": 2.5}
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


# ---------------------------------------------------------------- layers


def test_layers_prints_exactly_the_keys_that_scripts_rely_on(answered, linear):
    content = answered("layers", linear)
    assert list(content) == ["model", "opset", "producer", "inputs", "outputs", "parameters", "macs", "layers"]
    assert (content["model"], content["opset"], content["producer"]) == (linear, 17, "tests")
    assert content["inputs"] == [{"name": "x", "dtype": "float32", "shape": [1, 1, 2, 2]}]
    assert content["outputs"] == [{"name": "y", "dtype": "float32", "shape": [1, 3]}]
    assert (content["parameters"], content["macs"]) == (12, 12)
    assert list(content["layers"][1]) == [
        *("index", "name", "op_type", "family", "inputs", "outputs", "output_shape", "dtype"),
        *("kernel_shape", "strides", "pads", "dilations", "group", "parameters", "macs", "receptive_field"),
    ]
    gemm = content["layers"][1]
    assert (gemm["index"], gemm["name"], gemm["op_type"], gemm["family"]) == (1, "fc", "Gemm", "fully connected")
    assert (gemm["inputs"], gemm["outputs"], gemm["output_shape"]) == (["flat", "W"], ["y"], [1, 3])
    assert [gemm[key] for key in ("kernel_shape", "strides", "pads", "dilations", "group")] == [None] * 5
    assert (gemm["parameters"], gemm["macs"]) == (12, 12)
    assert list(gemm["receptive_field"]) == ["size", "jump", "start", "status"]
    assert gemm["receptive_field"]["status"] == "whole input"


def test_layers_of_the_bundled_edge_model_are_those_of_its_design(answered):
    conv, relu, pool = answered("layers", str(REPOSITORY / "models" / "edges.onnx"))["layers"]
    assert [each["op_type"] for each in (conv, relu, pool)] == ["Conv", "Relu", "MaxPool"]
    assert conv["output_shape"] == [1, 1, 300, 300]
    assert (conv["kernel_shape"], conv["strides"], conv["pads"]) == ([3, 3], [1, 1], [1, 1, 1, 1])
    assert (conv["dilations"], conv["group"]) == ([1, 1], 1)
    assert conv["macs"] == 300 * 300 * 9
    assert conv["receptive_field"] == {"size": [3, 3], "jump": [1, 1], "start": [0.5, 0.5], "status": "exact"}
    assert pool["output_shape"] == [1, 1, 150, 150]
    assert pool["pads"] == [0, 0, 0, 0]
    assert pool["receptive_field"] == {"size": [4, 4], "jump": [2, 2], "start": [1, 1], "status": "exact"}


def test_unknown_dimensions_are_names_or_null(answered, tmp_path):
    shape = (FLOAT, ["N", 3, None, "width"])
    model = save(tmp_path / "free.onnx", [helper.make_node("Relu", ["x"], ["y"])], {"x": shape}, {"y": (FLOAT, None)})
    content = answered("layers", model)
    assert content["inputs"][0]["shape"] == ["N", 3, None, "width"]
    dimensions = content["layers"][0]["output_shape"]
    assert dimensions[:2] == ["N", 3]
    assert all(each is None or isinstance(each, str) for each in dimensions[2:])


def test_layers_prints_a_table_for_people(said):
    code, out, _ = said("layers", str(REPOSITORY / "models" / "edges.onnx"))
    assert code == 0
    lines = out.splitlines()
    assert "300 × 300 × 1" in lines[1]
    assert "810.0 k" in lines[1]
    assert lines[1].endswith("3 × 3")
    assert lines[-1].startswith("3 layers, ")
    assert "1 MAC = 2 FLOPs" in lines[-1]


def test_names_cannot_steer_the_terminal(said, network):
    code, out, err = said("layers", network)
    assert code == 0
    assert "conv\N{REPLACEMENT CHARACTER}[31m2" in out
    assert "\x1b" not in out + err


# ---------------------------------------------------------------- export


def reference(model, feeds):
    """Every tensor of the model, from a session of ours: all marked, nothing optimised, nothing prepacked."""
    proto = onnx.load(model)
    names = [name for node in proto.graph.node if node.op_type != "Constant" for name in node.output if name]
    del proto.graph.output[:]
    proto.graph.output.extend(helper.make_empty_tensor_value_info(name) for name in names)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.add_session_config_entry("session.disable_prepacking", "1")
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(proto.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return dict(zip(names, session.run(names, feeds), strict=True)), proto


def exported(folder):
    index = json.loads((folder / "index.json").read_text())
    return index, {(each["what"], each["tensor"]): each for each in index["files"]}


def assert_faithful(model, folder):
    """Every tensor and kernel in the folder is the one that ONNX Runtime and the model's file have."""
    index, files = exported(folder)
    assert sorted(os.listdir(folder)) == sorted([*(each["file"] for each in index["files"]), "index.json"])
    inputs = [each for each in index["files"] if each["what"] == "input"]
    expected, proto = reference(model, {each["tensor"]: np.load(folder / each["file"]) for each in inputs})
    for name, array in expected.items():
        entry = files["tensors", name]
        found = np.load(folder / entry["file"], allow_pickle=False)
        assert (found.dtype, found.shape) == (array.dtype, array.shape)
        assert (entry["shape"], entry["dtype"]) == (list(array.shape), array.dtype.name)
        assert found.tobytes() == array.tobytes(), name
    initializers = {each.name: numpy_helper.to_array(each) for each in proto.graph.initializer}
    kernels = [node for node in proto.graph.node if node.op_type == "Conv" and node.input[1] in initializers]
    for node in kernels:
        found = np.load(folder / files["kernels", node.input[1]]["file"].replace(".png", ".npy"))
        np.testing.assert_array_equal(found, initializers[node.input[1]])
        assert found.dtype == initializers[node.input[1]].dtype
    return len(expected), len(kernels)


def test_export_writes_every_tensor_bit_for_bit_and_the_kernels(said, network, picture, tmp_path):
    code, out, err = said("export", network, picture, "--to", str(tmp_path / "out"), "--preprocess", "signed")
    assert code == 0, err
    assert sorted(os.listdir(tmp_path / "out")) == ["noise.png"]
    folder = tmp_path / "out" / "noise.png"
    assert assert_faithful(network, folder) == (11, 2)
    index, files = exported(folder)
    assert index["sha256"] == hashlib.sha256(Path(network).read_bytes()).hexdigest()
    assert (index["model"], index["image"], index["provider"]) == (network, picture, "CPU")
    assert index["preprocessing"]["name"] == "signed"
    assert index["version"] == __version__
    assert out == f"{folder}: {len(index['files']) + 1} files\n"
    assert "differs from the deployed one by at most" in err or "equals the deployed one" in err
    fed = np.load(folder / "input-x.npy")
    assert fed.shape == (1, 3, 8, 8)
    assert fed.min() >= -1
    assert fed.max() <= 1
    content = json.loads((folder / "probabilities.json").read_text())
    logits = np.load(folder / files["tensors", "logits"]["file"])[0]
    assert {each["index"]: each["logit"] for each in content["classes"]} == dict(enumerate(logits.tolist()))
    for entry in index["files"]:
        assert len(entry["file"].encode()) <= 120
        if entry["what"] == "maps":
            with Image.open(folder / entry["file"]) as image:
                assert image.mode in ("P", "RGB")
            assert entry["limits"][0] <= entry["limits"][1]
            assert entry["colormap"] in ("viridis", "signed")


def test_export_names_files_by_index_and_safe_name(said, network, picture, tmp_path):
    assert said("export", network, picture, "--to", str(tmp_path / "out"), "--what", "tensors")[0] == 0
    assert sorted(os.listdir(tmp_path / "out" / "noise.png")) == sorted(
        [
            *("000-escape.npy", "001-x_CON.npy", "002-conv_31m2.npy", "003-Norm.npy", "004-split.npy"),
            *("004-split-output1.npy", "005-norm.npy", f"006-{'n' * 96}.npy", "007-flat.npy", "008-重み.npy"),
            *("009-unnamed.npy", "input-x.npy", "index.json"),
        ]
    )


def test_export_writes_only_the_layers_of_a_pattern(said, network, picture, tmp_path):
    assert said("export", network, picture, "--to", str(tmp_path / "out"), "--layers", "[Nn]orm")[0] == 0
    files = [each for each in os.listdir(tmp_path / "out" / "noise.png") if each[0].isdigit()]
    assert sorted(files) == ["003-Norm.npy", "003-Norm.png", "005-norm.npy", "005-norm.png"]
    code, _, err = said("export", network, picture, "--to", str(tmp_path / "other"), "--layers", "nothing*")
    assert code == 2
    assert "No layer of network.onnx has a name like 'nothing*'" in err
    assert not (tmp_path / "other").exists()


def test_export_of_pictures_of_one_name_makes_a_folder_for_each(said, network, picture, tmp_path):
    (tmp_path / "second").mkdir()
    other = tmp_path / "second" / "noise.png"
    Image.new("RGB", (8, 8), "red").save(other)
    code, _, err = said("export", network, picture, str(other), "nowhere.png", "--to", str(tmp_path / "out"))
    assert code == 3
    assert "nowhere.png" in err
    assert sorted(os.listdir(tmp_path / "out")) == ["noise.png", "noise.png-2"]
    images = [exported(tmp_path / "out" / name)[0]["image"] for name in ("noise.png", "noise.png-2")]
    assert images == [picture, str(other)]
    for name in ("noise.png", "noise.png-2"):
        assert_faithful(network, tmp_path / "out" / name)


def test_a_second_export_replaces_only_what_the_first_one_wrote(said, network, linear, fed, picture, tmp_path):
    Path(fed).rename(tmp_path / "noise.png.npy")
    assert said("export", network, picture, "--to", str(tmp_path / "out"))[0] == 0
    folder = tmp_path / "out" / "noise.png"
    (folder / "notes.txt").write_text("mine")
    assert said("export", network, picture, "--to", str(tmp_path / "out"), "--what", "probabilities")[0] == 0
    assert sorted(os.listdir(folder)) == ["index.json", "notes.txt", "probabilities.json"]


def test_a_file_in_the_way_is_named_and_nothing_is_written(said, network, picture, tmp_path):
    folder = tmp_path / "out" / "noise.png"
    folder.mkdir(parents=True)
    (folder / "probabilities.json").write_text("mine")
    code, out, err = said("export", network, picture, "--to", str(tmp_path / "out"))
    assert (code, out) == (7, "")
    assert f"{folder / 'probabilities.json'} is in the way" in err
    assert os.listdir(folder) == ["probabilities.json"]


def test_export_of_a_tensor_file_has_no_preprocessing(said, linear, fed, tmp_path):
    assert said("export", linear, fed, "--to", str(tmp_path / "out"))[0] == 0
    folder = tmp_path / "out" / "fed.npy"
    assert exported(folder)[0]["preprocessing"] is None
    np.testing.assert_array_equal(np.load(folder / "input-x.npy"), FED)
    np.testing.assert_array_equal(np.load(folder / "001-fc-kernels.npy"), WEIGHTS)


def test_the_pixels_of_an_exported_picture_are_the_values_in_their_colours(said, tmp_path):
    np.save(tmp_path / "ramp.npy", np.array([[[[0, 1], [1, 0]]]], np.float32))
    shape = (FLOAT, [1, 1, 2, 2])
    model = save(tmp_path / "relu.onnx", [helper.make_node("Relu", ["x"], ["y"])], {"x": shape}, {"y": shape})
    assert said("export", model, str(tmp_path / "ramp.npy"), "--to", str(tmp_path / "out"), "--what", "maps")[0] == 0
    with Image.open(tmp_path / "out" / "ramp.npy" / "000-y.png") as image:
        assert image.mode == "P"
        pixels = np.asarray(image.convert("RGB"))
    expected = np.array([[[68, 1, 84], [253, 231, 37]], [[253, 231, 37], [68, 1, 84]]], np.uint8)  # viridis' ends
    np.testing.assert_array_equal(pixels, expected.repeat(16, 0).repeat(16, 1))


def test_progress_is_shown_on_a_terminal_only(network, picture, tmp_path):
    done = run("export", network, picture, "--to", str(tmp_path / "out"))
    assert done.returncode == 0
    assert "Writing" not in done.stderr
    terminal, theirs = os.openpty()
    try:
        command = [*COMMAND, "export", network, picture, "--to", str(tmp_path / "out")]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=theirs)
        os.close(theirs)
        shown = b""
        while True:
            try:
                part = os.read(terminal, 65536)
            except OSError:  # the terminal is closed with the process
                break
            shown += part
            if not part:
                break
        assert process.wait() == 0
    finally:
        os.close(terminal)
    total = shown.count(b"\rWriting ")
    assert total > 20
    assert shown.rstrip(b" ").endswith(b"\r")


# ---------------------------------------------------------------- wrong usage and failures


@pytest.mark.parametrize(
    "arguments",
    [
        ("classify",),
        ("classify", "model.onnx"),
        ("classify", "model.onnx", "a.png", "--top", "0"),
        ("classify", "model.onnx", "a.png", "--preprocess", "magic"),
        ("classify", "model.onnx", "a.png", "--provider", "tpu"),
        ("layers",),
        ("layers", "a.onnx", "b.onnx"),
        ("export", "model.onnx", "a.png"),
        ("export", "model.onnx", "a.png", "--to", "out", "--what", "maps,films"),
        ("doctor", "model.onnx"),
        ("--size", "big"),
        ("--theme", "pink"),
        ("--nonsense",),
    ],
)
def test_wrong_usage_is_exit_code_2(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "usage: inspector" in err


def test_a_word_that_is_neither_command_nor_file_is_said(said):
    code, _, err = said("clasify")
    assert code == 2
    assert "clasify is neither a command nor a file. The commands are classify, layers, export, doctor." in err


def test_an_input_that_is_refused_is_exit_code_3(tmp_path, linear):
    (tmp_path / "empty.onnx").touch()
    (tmp_path / "text.onnx").write_text("<html></html>")
    for model in ("empty.onnx", "text.onnx", "missing.onnx"):
        done = run("layers", str(tmp_path / model))
        assert (done.returncode, done.stdout) == (3, "")
        assert model in done.stderr
    done = run("classify", linear, linear, "--labels", str(tmp_path / "missing.txt"))
    assert done.returncode == 3
    assert "missing.txt" in done.stderr


def test_a_model_that_fails_is_exit_code_4(tmp_path, fed):
    shape = (FLOAT, [1, 1, 2, 2])
    nodes = [helper.make_node("Relu", ["x"], ["r"]), helper.make_node("Gather", ["r", "i"], ["y"], "bad", axis=3)]
    indices = {"i": np.array([7])}
    model = save(tmp_path / "gather.onnx", nodes, {"x": shape}, {"y": (FLOAT, None)}, indices)
    done = run("classify", model, fed, "--json")
    assert done.returncode == 4
    assert "gather.onnx" in json.loads(done.stdout)["results"][0]["error"]
    assert "gather.onnx" in done.stderr


def test_a_model_that_needs_too_much_memory_is_exit_code_5(tmp_path, fed):
    nodes = [
        helper.make_node("Shape", ["x"], ["shape"]),
        helper.make_node("Mul", ["shape", "factor"], ["huge"]),
        helper.make_node("ConstantOfShape", ["huge"], ["y"], "huge"),
    ]
    weights = {"factor": np.array([2**12, 2**12, 2**10, 2**4])}
    model = save(tmp_path / "huge.onnx", nodes, {"x": (FLOAT, [1, 1, 2, 2])}, {"y": (FLOAT, None)}, weights)
    done = run("classify", model, fed)
    assert done.returncode == 5
    assert "huge.onnx" in done.stderr


def engine_of(process):
    """Return the process that runs the model, once it is there."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        for task in Path(f"/proc/{process.pid}/task").glob("*/children"):
            for pid in task.read_text().split():
                if b"multiprocessing.spawn" in Path(f"/proc/{pid}/cmdline").read_bytes():
                    return int(pid)
        time.sleep(0.01)
    raise AssertionError("no engine")


def busy(pid, seconds=0.3):
    """Wait until a process has computed for that long."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    ticks = os.sysconf("SC_CLK_TCK")
    while time.monotonic() < deadline:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        if (int(fields[11]) + int(fields[12])) / ticks > seconds:
            return
        time.sleep(0.01)
    raise AssertionError("the engine does nothing")


@pytest.fixture
def running(tmp_path, fed):
    """The program with a model that never ends."""
    model = endless(tmp_path / "endless.onnx")
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    process = subprocess.Popen([*COMMAND, "classify", model, fed], text=True, **pipes)
    yield process
    process.kill()
    process.communicate()


def test_an_engine_that_dies_is_exit_code_6(running):
    pid = engine_of(running)
    busy(pid, 2)
    os.kill(pid, signal.SIGKILL)
    out, err = running.communicate(timeout=PATIENCE_SECONDS)
    assert (running.returncode, out) == (6, "")
    assert "SIGKILL" in err
    assert "Traceback" not in err


def test_ctrl_c_stops_the_program_and_its_engine(running):
    pid = engine_of(running)
    busy(pid, 2)
    os.kill(running.pid, signal.SIGINT)
    out, err = running.communicate(timeout=PATIENCE_SECONDS)
    assert (running.returncode, out) == (130, "")
    assert err.endswith("Stopped.\n")
    assert "Traceback" not in err
    assert not Path(f"/proc/{pid}").exists()


def test_an_export_that_fails_is_exit_code_7(linear, fed, tmp_path):
    (tmp_path / "file").touch()
    done = run("export", linear, fed, "--to", str(tmp_path / "file"))
    assert (done.returncode, done.stdout) == (7, "")
    assert "cannot be written: Not a directory" in done.stderr or "File exists" in done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="/dev/full is Linux")
def test_a_full_disk_behind_stdout_is_said():
    with open("/dev/full", "w") as full:
        command = [*COMMAND, "layers", str(REPOSITORY / "models" / "edges.onnx")]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 7
    assert done.stderr == "The output cannot be written: No space left on device. Send it elsewhere.\n"


def test_a_reader_that_has_read_enough_is_no_failure(network):
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    process = subprocess.Popen([*COMMAND, "layers", network], text=True, **pipes)
    process.stdout.close()
    assert "Error" not in process.stderr.read()
    process.stderr.close()
    assert process.wait() == 0


def test_cuda_that_cannot_be_had_is_a_failure_and_no_silent_cpu(linear, fed):
    done = run("classify", linear, fed, "--provider", "cuda", "--json")
    if done.returncode == 0:  # a machine with a GPU
        assert json.loads(done.stdout)["provider"] == "CUDA"
        return
    assert (done.returncode, done.stdout) == (4, "")
    assert "CUDA" in done.stderr


# ---------------------------------------------------------------- the program as a whole


def test_options_may_stand_before_the_command_and_between_files(answered, linear, fed):
    content = answered("--provider", "cpu", "--preprocess=unit", "classify", linear, fed, "--top", "2", fed)
    assert len(content["results"]) == 2
    assert len(content["results"][0]["top"]) == 2


def test_files_after_two_dashes_may_have_any_name(linear, tmp_path):
    np.save(tmp_path / "-x.npy", FED)
    done = run(
        "classify", "--json", "--", linear, "-x.npy", cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(REPOSITORY)}
    )
    assert done.returncode == 0
    assert json.loads(done.stdout)["results"][0]["image"] == "-x.npy"


@pytest.mark.skipif(sys.platform != "linux", reason="other systems always have a display")
def test_the_window_without_a_display_is_one_sentence_and_exit_code_2(linear):
    hidden = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    for arguments in ([], [linear], [linear, "picture.png"]):
        done = run(*arguments, env=environment)
        assert (done.returncode, done.stdout) == (2, "")
        assert len(done.stderr.splitlines()) == 1
        assert "inspector classify" in done.stderr
        assert "inspector export" in done.stderr


def test_the_version_is_printed_before_anything_heavy_is_loaded():
    code = """
import sys
from inspector.cli.main import main
try:
    main(["--version"])
except SystemExit as stop:
    assert not stop.code
heavy = {"numpy", "msgspec", "multiprocessing", "PySide6", "onnx", "onnxruntime", "PIL"}
print(sorted(heavy & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == f"Feature Map Inspector {__version__}\n[]\n"


@pytest.mark.parametrize("command", [(), ("classify",), ("layers",), ("export",), ("doctor",)])
def test_every_command_has_a_help(command, capsys):
    with pytest.raises(SystemExit) as caught:
        main([*command, "--help"])
    assert caught.value.code == 0
    out, err = capsys.readouterr()
    assert out.startswith("usage: inspector")
    assert err == ""


def test_the_command_line_loads_neither_qt_nor_a_model_library(linear, fed, tmp_path):
    code = f"""
import sys
from inspector.cli.main import main
if __name__ == "__main__":
    for arguments in (["classify", {linear!r}, {fed!r}], ["layers", {linear!r}], ["doctor", "--json"]):
        assert main(arguments) == 0
    forbidden = {{"PySide6", "shiboken6", "pyqtgraph", "onnx", "onnxruntime", "PIL"}}
    print(sorted(forbidden & set(sys.modules)), file=sys.stderr)
    assert main(["export", {linear!r}, {fed!r}, "--to", {str(tmp_path / "out")!r}]) == 0
    print(sorted((forbidden - {{"PIL"}}) & set(sys.modules)), file=sys.stderr)
"""
    script = tmp_path / "script.py"
    script.write_text(code)
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True, env=environment)
    assert [line for line in done.stderr.splitlines() if line.startswith("[")] == ["[]", "[]"]


def test_nothing_is_written_into_the_home_of_the_user(linear, fed, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    kept = {name: value for name, value in os.environ.items() if not name.startswith("XDG_")}
    done = run("classify", linear, fed, env={**kept, "HOME": str(home)})
    assert done.returncode == 0
    assert [*home.rglob("*")] == []


def test_doctor_prints_sentences_or_json(said, answered):
    assert answered("doctor")["inspector"] == __version__
    code, out, _ = said("doctor")
    assert code == 0
    assert out.startswith(f"Feature Map Inspector {__version__}")


# ---------------------------------------------------------------- known answers of real models


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
    assert {result["head"] for result in content["results"]} == {"probabilities"}


@pytest.mark.parametrize("number", [0, 1, 2])
def test_mnist_reproduces_its_reference_pairs(said, shared, tmp_path, number):
    models = shared / "assets" / "models"
    pair = models / "ref" / "mnist-8" / f"test_data_set_{number}"
    expected = numpy_helper.to_array(onnx.load_tensor(pair / "output_0.pb"))
    image = str(pair / "input_0.pb")
    assert said("export", str(models / "mnist-8.onnx"), image, "--to", str(tmp_path))[0] == 0
    content = json.loads((tmp_path / "input_0.pb" / "probabilities.json").read_text())
    found = [each["logit"] for each in sorted(content["classes"], key=lambda each: each["index"])]
    assert content["head"] == "logits"
    np.testing.assert_allclose(found, expected[0], rtol=0, atol=1e-3)
    assert_faithful(str(models / "mnist-8.onnx"), tmp_path / "input_0.pb")


def test_every_tensor_of_squeezenet_is_exported_bit_for_bit(said, shared, tmp_path):
    assets = shared / "assets"
    model = str(assets / "models" / "squeezenet_fp16.onnx")
    photo = str(assets / "images" / "photos" / "goldfish.jpg")
    code, _, err = said("export", model, photo, "--to", str(tmp_path), "--preprocess", "caffe")
    assert code == 0, err
    assert assert_faithful(model, tmp_path / "goldfish.jpg") == (67, 26)  # Dropout has two
