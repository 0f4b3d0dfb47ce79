"""What each channel added to a logit, against the logit that ONNX Runtime computed and sums by hand."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from inspector.analysis.contributions import contributions
from inspector.bundled import model as bundled
from inspector.graph.reader import read
from tests.explain.check import run, save

RNG = np.random.default_rng(3)


def network(tmp_path, nodes, weights, shape):
    stored = [numpy_helper.from_array(value.astype(np.float32), name) for name, value in weights.items()]
    fed = helper.make_tensor_value_info("x", 1, shape)
    graph = helper.make_graph(nodes, "graph", [fed], [onnx.ValueInfoProto(name="y")], stored)
    proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    picture = RNG.normal(size=shape).astype(np.float32)
    return read(str(save(proto, tmp_path))).model, run(proto, {"x": picture}), picture


def test_means_and_a_dense_layer_give_each_map_its_mean_times_its_weight(tmp_path):
    weights = {"w": RNG.normal(size=(5, 4)), "b": RNG.normal(size=5)}
    nodes = [
        helper.make_node("Relu", ["x"], ["maps"], "relu"),
        helper.make_node("GlobalAveragePool", ["maps"], ["means"], "gap"),
        helper.make_node("Flatten", ["means"], ["flat"]),
        helper.make_node("Gemm", ["flat", "w", "b"], ["logits"], "dense", transB=1),
        helper.make_node("Softmax", ["logits"], ["y"]),
    ]
    model, tensors, picture = network(tmp_path, nodes, weights, (1, 4, 6, 7))
    found = contributions(model, tensors, "y", 3)
    expected = np.maximum(picture[0], 0).astype(np.float64).mean(axis=(1, 2)) * weights["w"][3]
    np.testing.assert_allclose(found.parts, expected, rtol=1e-5)
    assert found.layer == "relu"
    assert found.bias == pytest.approx(weights["b"][3])
    assert found.logit == pytest.approx(float(tensors["logits"][0, 3]))
    assert abs(found.rest) < 1e-6


def test_a_dense_layer_on_flattened_maps_adds_up_each_map(tmp_path):
    weights = {"w": RNG.normal(size=(2 * 3 * 3, 4)), "b": RNG.normal(size=4)}
    nodes = [
        helper.make_node("Relu", ["x"], ["maps"], "relu"),
        helper.make_node("Flatten", ["maps"], ["flat"]),
        helper.make_node("MatMul", ["flat", "w"], ["products"], "dense"),
        helper.make_node("Add", ["products", "b"], ["y"]),
    ]
    model, tensors, picture = network(tmp_path, nodes, weights, (1, 2, 3, 3))
    found = contributions(model, tensors, "y", 1)
    products = np.maximum(picture[0], 0).reshape(-1) * weights["w"][:, 1]
    np.testing.assert_allclose(found.parts, [products[:9].sum(), products[9:].sum()], rtol=1e-5)
    assert found.logit == pytest.approx(float(tensors["y"][0, 1]), rel=1e-5)
    assert abs(found.rest) < 1e-5


def test_behind_a_relu_only_what_it_lets_through_counts(tmp_path):
    weights = {"w": RNG.normal(size=(3, 4, 1, 1)), "b": RNG.normal(size=3)}
    nodes = [
        helper.make_node("Tanh", ["x"], ["maps"], "tanh"),
        helper.make_node("Conv", ["maps", "w", "b"], ["scores"], "conv"),
        helper.make_node("Relu", ["scores"], ["kept"]),
        helper.make_node("GlobalAveragePool", ["kept"], ["means"]),
        helper.make_node("Softmax", ["means"], ["y"], axis=1),
    ]
    model, tensors, _ = network(tmp_path, nodes, weights, (1, 4, 8, 8))
    found = contributions(model, tensors, "y", 2)
    assert found.layer == "tanh"
    assert found.logit == pytest.approx(float(tensors["means"][0, 2, 0, 0]))
    assert abs(found.rest) < 1e-6
    assert found.parts.shape == (4,)


def test_a_network_that_ends_otherwise_has_none(tmp_path):
    nodes = [helper.make_node("Conv", ["x", "w"], ["y"], "conv")]
    model, tensors, _ = network(tmp_path, nodes, {"w": RNG.normal(size=(3, 4, 3, 3))}, (1, 4, 8, 8))
    assert contributions(model, tensors, "y", 0) is None


@pytest.mark.parametrize("name", ["shapes", "digits"])
def test_the_bundled_classifiers_logits_are_their_channels_parts(name):
    proto = onnx.load(bundled(name))
    model = read(str(bundled(name))).model
    shape = [axis.dim_value or 1 for axis in proto.graph.input[0].type.tensor_type.shape.dim]
    tensors = run(proto, {proto.graph.input[0].name: RNG.random(shape).astype(np.float32)})
    for index in range(3):
        found = contributions(model, tensors, model.outputs[0].name, index)
        assert found is not None
        assert abs(found.rest) < 1e-4 * max(1, abs(found.logit))
        assert found.ranked()[0] == int(np.abs(found.parts).argmax())
