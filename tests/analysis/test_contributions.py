"""What each channel added to a logit, against the logit that ONNX Runtime computed and sums by hand."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from inspector.analysis.contributions import contributions, explained
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


def held(found, tensors, name, index):
    """Parts and bias give the runtime's own number."""
    logit = float(tensors[name].reshape(-1)[index])
    assert found.logit == pytest.approx(logit, rel=1e-6)
    assert found.parts.sum() + found.bias == pytest.approx(logit, rel=1e-5, abs=1e-5)


def test_the_maximum_of_each_map_counts_once(tmp_path):
    weights = {"w": RNG.normal(size=(4, 3))}
    nodes = [
        helper.make_node("Tanh", ["x"], ["maps"], "tanh"),
        helper.make_node("GlobalMaxPool", ["maps"], ["most"], "gmp"),
        helper.make_node("Flatten", ["most"], ["flat"]),
        helper.make_node("MatMul", ["flat", "w"], ["y"], "dense"),
    ]
    model, tensors, picture = network(tmp_path, nodes, weights, (1, 4, 5, 5))
    found = contributions(model, tensors, "y", 2)
    assert found.layer == "tanh"
    assert found.sentence.startswith("The largest value of each map")
    np.testing.assert_allclose(found.parts, np.tanh(picture[0].max(axis=(1, 2))) * weights["w"][:, 2], rtol=1e-4)
    held(found, tensors, "y", 2)


def test_a_pooling_that_leaves_several_places_adds_up_each_channel(tmp_path):
    """Four numbers of each channel are no channels themselves."""
    weights = {"w": RNG.normal(size=(3 * 2 * 2, 5))}
    nodes = [
        helper.make_node("Relu", ["x"], ["maps"], "relu"),
        helper.make_node("AveragePool", ["maps"], ["means"], "pool", kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("Flatten", ["means"], ["flat"]),
        helper.make_node("MatMul", ["flat", "w"], ["y"], "dense"),
    ]
    model, tensors, _ = network(tmp_path, nodes, weights, (1, 3, 4, 4))
    found = contributions(model, tensors, "y", 4)
    assert found.layer == "pool"
    products = tensors["means"].reshape(3, 4).astype(np.float64) * weights["w"][:, 4].reshape(3, 4)
    np.testing.assert_allclose(found.parts, products.sum(axis=1), rtol=1e-4)
    held(found, tensors, "y", 4)


def test_maps_flattened_with_channels_last_keep_their_channels(tmp_path):
    weights = {"w": RNG.normal(size=(3 * 4 * 2, 5))}
    nodes = [
        helper.make_node("Relu", ["x"], ["maps"], "relu"),
        helper.make_node("Transpose", ["maps"], ["last"], "transpose", perm=[0, 2, 3, 1]),
        helper.make_node("Flatten", ["last"], ["flat"]),
        helper.make_node("MatMul", ["flat", "w"], ["y"], "dense"),
    ]
    model, tensors, picture = network(tmp_path, nodes, weights, (1, 2, 3, 4))
    found = contributions(model, tensors, "y", 0)
    assert found.layer == "relu"
    by_hand = (np.maximum(picture[0], 0).transpose(1, 2, 0) * weights["w"][:, 0].reshape(3, 4, 2)).sum(axis=(0, 1))
    np.testing.assert_allclose(found.parts, by_hand, rtol=1e-4)
    held(found, tensors, "y", 0)


@pytest.mark.parametrize(("axes", "has_parts"), [([2, 3], True), ([1, 2], False), ([3], False)])
def test_a_mean_is_of_maps_only_if_channels_are_left(tmp_path, axes, has_parts):
    """With as many channels as columns, the shape alone does not tell them apart."""
    left = 4 if len(axes) == 2 else 4 * 4
    weights = {"w": RNG.normal(size=(left, 3)), "b": RNG.normal(size=3)}
    nodes = [
        helper.make_node("Tanh", ["x"], ["maps"], "tanh"),
        helper.make_node("ReduceMean", ["maps"], ["means"], "mean", axes=axes, keepdims=0),
        helper.make_node("Flatten", ["means"], ["flat"]),
        helper.make_node("Gemm", ["flat", "w", "b"], ["y"], "dense"),
    ]
    model, tensors, picture = network(tmp_path, nodes, weights, (1, 4, 4, 4))
    found = contributions(model, tensors, "y", 1)
    assert (found is not None and found.layer == "tanh") is has_parts
    if has_parts:
        np.testing.assert_allclose(found.parts, np.tanh(picture[0]).mean(axis=(1, 2)) * weights["w"][:, 1], rtol=1e-4)
        held(found, tensors, "y", 1)


def test_a_convolution_that_covers_the_map_is_a_dense_layer(tmp_path):
    weights = {"w": RNG.normal(size=(5, 3, 4, 4)), "b": RNG.normal(size=5)}
    nodes = [
        helper.make_node("Relu", ["x"], ["maps"], "relu"),
        helper.make_node("Conv", ["maps", "w", "b"], ["scores"], "conv"),
        helper.make_node("Flatten", ["scores"], ["y"]),
    ]
    model, tensors, picture = network(tmp_path, nodes, weights, (1, 3, 4, 4))
    found = contributions(model, tensors, "y", 3)
    np.testing.assert_allclose(found.parts, (np.maximum(picture[0], 0) * weights["w"][3]).sum(axis=(1, 2)), rtol=1e-4)
    assert found.bias == pytest.approx(weights["b"][3])
    held(found, tensors, "y", 3)


def test_a_constant_that_is_added_before_the_dense_layer_belongs_to_the_channels(tmp_path):
    weights = {"c": RNG.normal(size=(1, 4)), "w": RNG.normal(size=(4, 3)), "b": RNG.normal(size=3)}
    nodes = [
        helper.make_node("Tanh", ["x"], ["units"], "tanh"),
        helper.make_node("Add", ["units", "c"], ["moved"], "add"),
        helper.make_node("Gemm", ["moved", "w", "b"], ["y"], "dense", alpha=0.5, beta=2.0),
    ]
    model, tensors, picture = network(tmp_path, nodes, weights, (1, 4))
    found = contributions(model, tensors, "y", 1)
    assert found.layer == "add"
    np.testing.assert_allclose(
        found.parts, 0.5 * (np.tanh(picture[0]) + weights["c"][0]) * weights["w"][:, 1], rtol=1e-4
    )
    assert found.bias == pytest.approx(2 * weights["b"][1])
    held(found, tensors, "y", 1)


def test_two_classes_differ_by_what_each_channel_added_more_to_one(tmp_path):
    weights = {"w": RNG.normal(size=(4, 3)), "b": RNG.normal(size=3)}
    nodes = [
        helper.make_node("Tanh", ["x"], ["units"], "tanh"),
        helper.make_node("Gemm", ["units", "w", "b"], ["y"], "dense"),
    ]
    model, tensors, picture = network(tmp_path, nodes, weights, (1, 4))
    one, two = (contributions(model, tensors, "y", index) for index in (0, 2))
    found = one.minus(two)
    np.testing.assert_allclose(found.parts, np.tanh(picture[0]) * (weights["w"][:, 0] - weights["w"][:, 2]), rtol=1e-4)
    assert found.logit == pytest.approx(float(tensors["y"][0, 0] - tensors["y"][0, 2]), rel=1e-5)
    assert found.running()[-1] == pytest.approx(found.parts.sum())
    assert abs(found.rest) < 1e-5


def test_why_there_are_no_parts_is_said_with_the_layer_that_is_in_the_way(tmp_path):
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["scores"], "conv"),
        helper.make_node("LeakyRelu", ["scores"], ["kept"], "leaky"),
        helper.make_node("GlobalAveragePool", ["kept"], ["means"], "gap"),
        helper.make_node("Flatten", ["means"], ["y"]),
    ]
    model, tensors, _ = network(tmp_path, nodes, {"w": RNG.normal(size=(3, 4, 1, 1))}, (1, 4, 8, 8))
    assert "leaky (LeakyRelu), whose output gap (GlobalAveragePool) averages," in explained(model, tensors, "y", 0)


def test_a_run_that_left_tensors_out_is_named_as_the_reason(tmp_path):
    weights = {"w": RNG.normal(size=(4, 3))}
    nodes = [
        helper.make_node("Tanh", ["x"], ["units"], "tanh"),
        helper.make_node("MatMul", ["units", "w"], ["y"], "dense"),
    ]
    model, tensors, _ = network(tmp_path, nodes, weights, (1, 4))
    some = {name: values for name, values in tensors.items() if name != "units"}
    assert explained(model, some, "y", 0) == (
        "This run does not hold what dense (MatMul) reads or makes, so the parts cannot be added up."
    )


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


@pytest.mark.parametrize(
    ("name", "shape", "layer", "allowed"),
    [
        ("squeezenet_fp16", (1, 3, 224, 224), "fire9/concat_1", 2e-3),  # half precision
        ("mnist-8", (1, 1, 28, 28), "Pooling160", 1e-5),
        ("ppocr_cls_dynamic_hw", (1, 3, 48, 192), "p2o.MaxPool.0", 1e-5),
        ("kws_fp32", (1, 1960), "Relu__19", 1e-5),
        ("kws_qdq", (1, 1960), "Add__22", 2e-2),  # the sum is rounded to a code
    ],
)
def test_real_networks_logits_are_their_channels_parts(shared, name, shape, layer, allowed):
    path = shared / "assets" / "models" / f"{name}.onnx"
    proto, model = onnx.load(path), read(str(path)).model
    fed = model.inputs[0]
    tensors = run(proto, {fed.name: (RNG.random(shape) * 100).astype(fed.dtype)})
    for index in range(2):
        found = contributions(model, tensors, model.outputs[0].name, index)
        assert found.layer == layer
        assert abs(found.rest) <= allowed * max(1, abs(found.logit))
