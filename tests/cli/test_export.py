"""What is written of pictures, held against sessions of our own."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import helper, numpy_helper
from PIL import Image

from inspector import __version__
from tests.cli.build import FED, FLOAT, WEIGHTS, save
from tests.cli.processes import COMMAND


def reference(model, feeds):
    """Every tensor of the model, from a session of ours: all marked, nothing optimised."""
    proto = onnx.load(model)
    names = [name for node in proto.graph.node if node.op_type != "Constant" for name in node.output if name]
    del proto.graph.output[:]
    proto.graph.output.extend(helper.make_empty_tensor_value_info(name) for name in names)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
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
            *("004-split-output1.npy", "005-norm.npy", f"006-{'n' * 88}.npy", "007-flat.npy", "008-重み.npy"),
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


def test_a_second_export_replaces_if_it_may_and_then_only_what_the_first_one_wrote(
    said, network, linear, fed, picture, tmp_path
):
    Path(fed).rename(tmp_path / "noise.png.npy")
    assert said("export", network, picture, "--to", str(tmp_path / "out"))[0] == 0
    folder = tmp_path / "out" / "noise.png"
    (folder / "notes.txt").write_text("mine")
    again = ("export", network, picture, "--to", str(tmp_path / "out"), "--what", "probabilities")
    code, out, err = said(*again)
    assert (code, out) == (7, "")
    assert f"{folder} holds an earlier export. Give --overwrite to replace it" in err
    assert len(os.listdir(folder)) > 3
    assert said(*again, "--overwrite")[0] == 0
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


def shown_on_a_terminal(*arguments):
    """Run the program with a terminal as stderr; return its exit code, and what came there."""
    terminal, theirs = os.openpty()
    try:
        process = subprocess.Popen([*COMMAND, *arguments], stdout=subprocess.DEVNULL, stderr=theirs)
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
        return process.wait(), shown.decode()
    finally:
        os.close(terminal)


def test_progress_is_one_changing_line_on_a_terminal(network, picture, tmp_path):
    code, shown = shown_on_a_terminal("export", network, picture, "--to", str(tmp_path / "out"))
    assert code == 0
    total = len(os.listdir(tmp_path / "out" / "noise.png")) - 1  # without the index
    assert f"\rnoise.png: 1 of {total} files" in shown
    assert f"\rnoise.png: {total} of {total} files" in shown
    assert shown.endswith(" \r")
    assert shown.count("\n") == 1  # after the comparison with the deployed model


def test_an_export_that_breaks_off_says_so_on_a_line_of_its_own(network, picture, tmp_path):
    folder = tmp_path / "out" / "noise.png"
    folder.mkdir(parents=True)
    (folder / "probabilities.json").write_text("mine")
    code, shown = shown_on_a_terminal("export", network, picture, "--to", str(tmp_path / "out"))
    assert code == 7
    assert shown.splitlines()[-1].rpartition("\r")[2].startswith(f"{folder / 'probabilities.json'} is in the way")


def test_progress_is_lines_elsewhere_if_it_is_asked_for(said, network, picture, tmp_path):
    _, out, err = said("export", network, picture, "--to", str(tmp_path / "out"))
    assert " of " not in err.replace("output 'y' of", "")
    quiet = err
    code, again, err = said("export", network, picture, "--to", str(tmp_path / "out"), "--progress", "--overwrite")
    assert (code, again) == (0, out)
    total = len(os.listdir(tmp_path / "out" / "noise.png")) - 1
    lines = [f"noise.png: {done} of {total} files\n" for done in range(1, total + 1)]
    assert err == quiet + "".join(lines)


def test_labels_of_another_number_are_said_once_and_not_written(said, linear, fed, tmp_path):
    (tmp_path / "names.txt").write_text("cat\ndog\n")
    names = str(tmp_path / "names.txt")
    np.save(tmp_path / "second.npy", FED + 1)
    code, _, err = said(
        "export", linear, fed, str(tmp_path / "second.npy"), "--to", str(tmp_path / "out"), "--labels", names
    )
    assert code == 0
    assert err.count(f"{names}: There are 2 labels for 3 classes") == 1
    content = json.loads((tmp_path / "out" / "fed.npy" / "probabilities.json").read_text())
    assert [each["label"] for each in content["classes"]] == ["", "", ""]


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


STEPS = {"s0": np.float32(0.05), "z0": np.uint8(10), "s1": np.float32(0.02), "z1": np.uint8(3)}


def quantized(path, is_shown=True):
    """Codes, a Sigmoid that ONNX Runtime computes on them, codes; or codes of codes, which it makes one of."""
    steps = [helper.make_node("QuantizeLinear", ["x", "s0", "z0"], ["q0"], "q0")]
    steps.append(helper.make_node("DequantizeLinear", ["q0", "s0", "z0"], ["d0"], "d0"))
    if is_shown:
        steps.append(helper.make_node("Sigmoid", ["d0"], ["sigmoid"], "sigmoid"))
    steps.append(helper.make_node("QuantizeLinear", [steps[-1].output[0], "s1", "z1"], ["q1"], "q1"))
    steps.append(helper.make_node("DequantizeLinear", ["q1", "s1", "z1"], ["y"], "d1"))
    shape = (FLOAT, [1, 1, 2, 2])
    coarse = {} if is_shown else {"s0": np.float32(0.3)}  # what it rounds away is there when the two are one
    return save(path, steps, {"x": shape}, {"y": shape}, STEPS | coarse)


def test_a_quantized_network_is_exported_step_by_step_with_what_its_codes_stand_for(said, fed, tmp_path):
    model = quantized(tmp_path / "quantized.onnx")
    assert said("export", model, fed, "--to", str(tmp_path / "out"))[0] == 0
    folder = tmp_path / "out" / "fed.npy"
    assert assert_faithful(model, folder) == (5, 0)
    index, files = exported(folder)
    assert index["view"] == "step by step"
    assert index["difference"]["output"] == "y"
    stated = {"scale": [pytest.approx(0.05)], "zero_point": [10], "axis": None}
    assert files["tensors", "q0"]["quantization"] == {**stated, "holds": "codes"}
    assert files["maps", "q0"]["quantization"] == {**stated, "holds": "real numbers"}
    assert files["maps", "q0"]["limits"] == pytest.approx([1, 4])  # what was fed
    np.testing.assert_array_equal(np.load(folder / files["tensors", "q0"]["file"]), [[[[30, 50], [70, 90]]]])
    assert files["tensors", "d0"]["quantization"] is None


def test_a_quantized_network_is_exported_as_deployed(said, fed, tmp_path):
    model = quantized(tmp_path / "quantized.onnx")
    code, _, err = said("export", model, fed, "--to", str(tmp_path / "out"), "--view", "deployed")
    assert code == 0
    assert "Tensors not written, as the deployed network fuses them away: 2." in err
    index, files = exported(tmp_path / "out" / "fed.npy")
    assert index["view"] == "as deployed"
    assert (index["difference"]["max_abs"], index["difference"]["top_changed"]) == (0, False)
    assert {tensor for what, tensor in files if what == "tensors"} == {"q0", "q1", "y"}
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    (expected,) = session.run(["y"], {"x": FED})
    np.testing.assert_array_equal(np.load(tmp_path / "out" / "fed.npy" / files["tensors", "y"]["file"]), expected)


def test_what_has_no_view_as_deployed_is_said_and_nothing_is_written(said, linear, fed, tmp_path):
    both = quantized(tmp_path / "pairs.onnx", is_shown=False)
    for model, why in (
        (both, "pairs.onnx cannot be shown as deployed"),
        (linear, "linear.onnx has no view as deployed"),
    ):
        code, out, err = said("export", model, fed, "--to", str(tmp_path / "out"), "--view", "deployed")
        assert (code, out) == (4, "")
        assert why in err
        assert "Look at it step by step." in err
        assert not (tmp_path / "out").exists()
