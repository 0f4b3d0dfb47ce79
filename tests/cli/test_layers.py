"""What is printed of a network."""

from __future__ import annotations

import numpy as np
import pytest
from onnx import helper

from inspector.engine.child.providers import gpu_driver_loads
from tests.cli.build import FLOAT, save


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
        *("bytes", "weight_bytes", "provider", "inside", "hidden", "codes", "dense"),
    ]
    gemm = content["layers"][1]
    assert (gemm["index"], gemm["name"], gemm["op_type"], gemm["family"]) == (1, "fc", "Gemm", "fully connected")
    assert (gemm["inputs"], gemm["outputs"], gemm["output_shape"]) == (["flat", "W"], ["y"], [1, 3])
    assert [gemm[key] for key in ("kernel_shape", "strides", "pads", "dilations", "group")] == [None] * 5
    assert (gemm["parameters"], gemm["macs"]) == (12, 12)
    assert list(gemm["receptive_field"]) == ["size", "jump", "start", "status"]
    assert gemm["receptive_field"]["status"] == "whole input"


def test_layers_of_the_bundled_edge_model_are_those_of_its_design(answered, repository):
    conv, relu, pool = answered("layers", str(repository / "models" / "edges.onnx"))["layers"]
    assert [each["op_type"] for each in (conv, relu, pool)] == ["Conv", "Relu", "MaxPool"]
    assert conv["output_shape"] == [1, 1, 300, 300]
    assert (conv["kernel_shape"], conv["strides"], conv["pads"]) == ([3, 3], [1, 1], [1, 1, 1, 1])
    assert (conv["dilations"], conv["group"]) == ([1, 1], 1)
    assert conv["macs"] == 300 * 300 * 9
    assert conv["receptive_field"] == {"size": [3, 3], "jump": [1, 1], "start": [0.5, 0.5], "status": "exact"}
    assert pool["output_shape"] == [1, 1, 150, 150]
    assert pool["pads"] == [0, 0, 0, 0]
    assert pool["receptive_field"] == {"size": [4, 4], "jump": [2, 2], "start": [1, 1], "status": "exact"}


def test_layers_say_what_bytes_they_take_and_what_a_dense_layer_would_cost(answered, repository):
    conv, relu, pool = answered("layers", str(repository / "models" / "edges.onnx"))["layers"]
    # float32: 300 * 300 * 4 bytes; 90,000 elements joined with 90,000, where 9 weights and 90,000 * 9 MACs do
    assert (conv["bytes"], pool["bytes"]) == (360_000, 90_000)
    assert conv["dense"] == {
        "inputs": 90_000,
        "outputs": 90_000,
        "parameters": 8_100_000_000,
        "macs": 8_100_000_000,
        "parameters_factor": 900_000_000,
        "macs_factor": 10_000,
    }
    assert relu["dense"] is None
    assert (pool["dense"]["parameters"], pool["dense"]["parameters_factor"]) == (90_000 * 22_500, None)


def test_a_wide_table_has_the_geometry_and_the_dense_equivalent(said, repository):
    code, out, _ = said("layers", str(repository / "models" / "edges.onnx"), "--wide")
    assert code == 0
    head, conv = out.splitlines()[:2]
    for word in ("kernel", "stride", "padding", "dilation", "groups", "as stored", "dense parameters", "times MACs"):
        assert word in head
    for cell in ("1 × 1 × 300 × 300", "360 kB", "8,100,000,000", "8.100 G", "900,000,000 ×", "10,000 ×"):
        assert cell in conv


def test_unknown_dimensions_are_names_or_null(answered, tmp_path):
    shape = (FLOAT, ["N", 3, None, "width"])
    model = save(tmp_path / "free.onnx", [helper.make_node("Relu", ["x"], ["y"])], {"x": shape}, {"y": (FLOAT, None)})
    content = answered("layers", model)
    assert content["inputs"][0]["shape"] == ["N", 3, None, "width"]
    dimensions = content["layers"][0]["output_shape"]
    assert dimensions[:2] == ["N", 3]
    assert all(each is None or isinstance(each, str) for each in dimensions[2:])


def test_layers_prints_a_table_for_people(said, repository):
    code, out, _ = said("layers", str(repository / "models" / "edges.onnx"))
    assert code == 0
    lines = out.splitlines()
    assert "300 × 300 × 1" in lines[1]
    assert "810.0 k" in lines[1]
    assert lines[1].endswith("3 × 3")
    assert lines[-3] == "input image: float32, 1 × 1 × 300 × 300"
    assert lines[-2] == "output edges: float32, 1 × 1 × 150 × 150"
    assert lines[-1].startswith("3 layers, ")
    assert "1 MAC = 2 FLOPs" in lines[-1]


def test_names_cannot_steer_the_terminal(said, network):
    code, out, err = said("layers", network)
    assert code == 0
    assert "conv\N{REPLACEMENT CHARACTER}[31m2" in out
    assert "\x1b" not in out + err


def test_lists_of_a_one_dimensional_convolution_have_one_element(answered, tmp_path):
    nodes = [
        helper.make_node("Conv", ["x", "K"], ["a"], strides=[2]),
        helper.make_node("MaxPool", ["a"], ["y"], kernel_shape=[2]),
    ]
    kernels = {"K": np.ones((4, 2, 3), np.float32)}
    model = save(tmp_path / "one.onnx", nodes, {"x": (FLOAT, [1, 2, 20])}, {"y": (FLOAT, [1, 4, 8])}, kernels)
    conv, pool = answered("layers", model)["layers"]
    assert (conv["kernel_shape"], conv["strides"], conv["pads"], conv["dilations"]) == ([3], [2], [0, 0], [1])
    # Output 0 of the pool sees outputs 0 and 1 of the convolution, which see elements 0..2 and 2..4: 0..4, centre 2.5.
    assert pool["receptive_field"] == {"size": [5], "jump": [2], "start": [2.5], "status": "exact"}


def test_pads_that_depend_on_an_unknown_size_are_null(answered, tmp_path):
    nodes = [helper.make_node("Conv", ["x", "K"], ["y"], auto_pad="SAME_UPPER", strides=[2, 2])]
    kernels = {"K": np.ones((2, 1, 3, 3), np.float32)}
    model = save(tmp_path / "free.onnx", nodes, {"x": (FLOAT, ["N", 1, "H", None])}, {"y": (FLOAT, None)}, kernels)
    content = answered("layers", model)
    assert content["macs"] is None
    (conv,) = content["layers"]
    assert (conv["pads"], conv["macs"]) == (None, None)
    assert conv["receptive_field"]["status"] == "bound"


def test_a_picture_in_the_place_of_the_model_is_told_from_one(said, picture):
    code, out, err = said("layers", picture)
    assert (code, out) == (3, "")
    assert err == "noise.png is a PNG picture. Give an ONNX model first, and then pictures.\n"


def test_the_time_of_each_layer_stands_beside_it_with_what_it_ran_on(answered, said, network, picture):
    content = answered("layers", network, "--time", picture, "--repeats", "3")
    assert all(layer["seconds"] > 0 for layer in content["layers"])
    assert {layer["provider"] for layer in content["layers"]} == {"CPU"}
    times = content["times"]
    assert (times["image"], times["repeats"]) == (picture, 3)
    assert times["layers_seconds"] == sum(layer["seconds"] for layer in content["layers"])
    assert times["layers_seconds"] <= times["run_seconds"]
    assert times["run_without_profiling_seconds"] > 0
    assert times["deployed_run_seconds"] > 0

    code, out, _ = said("layers", network, "--time", picture)
    lines = out.splitlines()
    assert code == 0
    assert lines[0].split()[-2:] == ["ms", "on"]
    for line in lines[1 : 1 + len(content["layers"])]:
        milliseconds, provider = line.split()[-2:]
        assert float(milliseconds) >= 0.001
        assert provider == "CPU"
    assert "in all layers" in lines[-2]
    assert "without profiling" in lines[-2]
    assert "instrumented network" in lines[-1]
    assert "the median of 5 runs" in lines[-1]


def test_without_time_nothing_is_known_of_what_a_layer_runs_on(answered, linear):
    content = answered("layers", linear)
    assert [layer["provider"] for layer in content["layers"]] == [None, None]
    assert "times" not in content


def test_layers_cannot_be_timed_on_what_is_no_picture(said, linear, tmp_path):
    code, out, err = said("layers", linear, "--time", str(tmp_path / "absent.png"))
    assert (code, out) == (3, "")
    assert "absent.png" in err


@pytest.mark.skipif(gpu_driver_loads(), reason="this machine has a GPU")
def test_a_model_that_cuda_cannot_run_is_timed_only_if_that_is_allowed(said, linear, fed):
    code, out, err = said("layers", linear, "--time", fed, "--provider", "cuda")
    assert (code, out) == (4, "")
    assert "--allow-fallback" in err
    code, out, err = said("layers", linear, "--time", fed, "--provider", "cuda", "--allow-fallback")
    assert code == 0
    assert "CPU" in err
    assert "ms" in out
