"""Normalizations that can be folded in, and the feature maps that a fully connected layer looks at."""

from __future__ import annotations

import numpy as np
import onnxruntime
import pytest
from onnx import helper

from inspector.analysis.kernels import KernelReader
from inspector.graph.kernel_neighbours import flattened_facts, normalization_after
from inspector.graph.kernels import stored_index
from inspector.graph.reader import read
from tests.engine.conftest import save

__all__ = ["save"]

FOUR = {name: np.ones(2, np.float32) for name in ("gamma", "beta", "mean", "variance")}


def conv(bias=None):
    return helper.make_node("Conv", ["x", "w", *([bias] if bias else [])], ["c"], name="conv")


def norm(**attributes):
    return helper.make_node("BatchNormalization", ["c", *FOUR], ["n"], name="norm", **attributes)


def after(save, nodes, outputs=("y",)):
    weights = {"w": np.ones((2, 3, 1, 1), np.float32), **FOUR}
    model = read(str(save("net.onnx", nodes, {"x": [1, 3, 4, 4]}, list(outputs), weights))).model
    return normalization_after(model, model.layer("conv"))


def relu(name, output="y"):
    return helper.make_node("Relu", [name], [output])


def test_a_normalization_that_alone_takes_the_output_is_found(save):
    assert after(save, [conv(), norm(), relu("n")]).name == "norm"


@pytest.mark.parametrize(
    ("nodes", "outputs"),
    [
        ([conv(), relu("c")], ("y",)),
        ([conv(), norm(), relu("n"), relu("c", "z")], ("y", "z")),
        ([conv(), norm(), relu("n")], ("y", "c")),
    ],
    ids=["none", "another layer takes it too", "an output of the model"],
)
def test_no_normalization_is_folded_where_the_output_is_needed_by_itself(save, nodes, outputs):
    assert after(save, nodes, outputs) is None


def test_an_output_that_is_scaled_is_not_folded(save):
    weights = {"w": np.ones((3, 2), np.float32), **FOUR}
    nodes = [helper.make_node("Gemm", ["x", "w"], ["c"], name="gemm", alpha=2.0), norm()]
    model = read(str(save("net.onnx", nodes, {"x": [1, 3]}, ["n"], weights))).model
    assert normalization_after(model, model.layer("gemm")) is None


# ---------------------------------------------------------------- behind a Flatten


def reshaped(name, output, shape_name="shape"):
    return helper.make_node("Reshape", [name, shape_name], [output])


def transposed(name, output):
    return helper.make_node("Transpose", [name], [output], perm=[0, 2, 3, 1])


WAYS = {
    "flatten": ([helper.make_node("Flatten", ["maps"], ["flat"])], "channels first"),
    "reshape and activation": (
        [reshaped("maps", "f"), helper.make_node("Relu", ["f"], ["r"]), helper.make_node("Identity", ["r"], ["flat"])],
        "channels first",
    ),
    "channels last": ([transposed("maps", "t"), helper.make_node("Flatten", ["t"], ["flat"])], "channels last"),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("op_type", ["Gemm", "MatMul"])
def test_the_pictures_of_an_output_times_the_maps_are_that_output(save, way, op_type):
    numbers = np.random.default_rng(5)
    matrix = numbers.standard_normal((4, 24)).astype(np.float32)
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["c"], name="conv"),
        helper.make_node("Relu", ["c"], ["maps"]),
        *WAYS[way][0],
        helper.make_node(op_type, ["flat", "d"], ["y"], name="dense", **({"transB": 1} if op_type == "Gemm" else {})),
    ]
    weights = {
        "w": numbers.standard_normal((2, 1, 1, 1)).astype(np.float32),
        "d": matrix if op_type == "Gemm" else np.ascontiguousarray(matrix.T),
        "shape": np.array([1, -1], np.int64),
    }
    path = save("net.onnx", nodes, {"x": [1, 1, 3, 4]}, ["y", "maps"], weights)
    model = read(str(path)).model
    dense = model.layer("dense")
    facts = flattened_facts(model, dense)
    assert (facts.outputs, facts.inputs, facts.spatial, facts.flattened) == (4, 2, (3, 4), WAYS[way][1])

    x = numbers.standard_normal((1, 1, 3, 4)).astype(np.float32)
    y, maps = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"]).run(None, {"x": x})
    pictures = KernelReader(dense, facts).of(range(4)).astype(np.float64)
    np.testing.assert_allclose((pictures * maps).sum(axis=(1, 2, 3)), y[0], rtol=1e-4, atol=1e-5)
    index = stored_index(dense, facts, 2, 1, (0, 3))
    assert weights["d"][index] == np.float32(pictures[2, 1, 0, 3])


def test_a_dense_layer_behind_another_is_no_picture(save):
    nodes = [
        helper.make_node("Flatten", ["x"], ["f"]),
        helper.make_node("MatMul", ["f", "a"], ["g"], name="first"),
        helper.make_node("MatMul", ["g", "b"], ["y"], name="second"),
    ]
    weights = {"a": np.ones((24, 24), np.float32), "b": np.ones((24, 5), np.float32)}
    model = read(str(save("net.onnx", nodes, {"x": [1, 2, 3, 4]}, ["y"], weights))).model
    assert flattened_facts(model, model.layer("first")).spatial == (3, 4)
    assert flattened_facts(model, model.layer("second")) is None
