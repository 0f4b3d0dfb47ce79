"""Functions that a model brings along: written out, so that their layers are layers."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime as ort
from onnx import helper

from inspector.graph.reader import read
from tests.graph.build import node, run, save, tensor, value

IMAGE = [value("x", [1, 3, 8, 8])]
RANDOM = np.random.default_rng(3)
KERNEL = RANDOM.standard_normal((16, 3, 3, 3)).astype(np.float32)


def function(
    name: str, nodes, inputs="a", outputs="b", opset=17, attributes=(), domains=(("own", 1),)
) -> onnx.FunctionProto:
    imports = [helper.make_opsetid("", opset), *(helper.make_opsetid(*each) for each in domains)]
    return helper.make_function("own", name, inputs.split(), outputs.split(), nodes, imports, attributes)


def call(name: str, inputs: str, outputs: str, label: str = "", **attributes) -> onnx.NodeProto:
    return node(name, inputs, outputs, label, domain="own", **attributes)


BLOCK = function("Block", [node("Conv", "a k", "c", "conv"), node("Relu", "c", "b", "relu")], "a k")


def written(folder, nodes, outputs, functions, initializers=(), **settings):
    return read(
        save(
            folder / "network.onnx",
            nodes,
            IMAGE,
            outputs,
            initializers,
            domains={"own": 1},
            functions=functions,
            **settings,
        )
    )


def test_the_layers_of_functions_are_shown_with_their_weights(tmp_path):
    twice = function("Twice", [call("Block", "a k", "m"), call("Block", "m j", "b")], "a k j")
    second = RANDOM.standard_normal((2, 16, 3, 3)).astype(np.float32)
    made = written(
        tmp_path,
        [call("Twice", "x k j", "y", "all")],
        ["y"],
        [BLOCK, twice],
        [tensor("k", KERNEL), tensor("j", second)],
    )
    assert [layer.op_type for layer in made.model.layers] == ["Conv", "Relu", "Conv", "Relu"]
    assert [layer.name.rstrip("_0123456789") for layer in made.model.layers] == ["conv", "relu", "conv", "relu"]
    assert len({layer.name for layer in made.model.layers}) == 4
    assert [layer.output.shape for layer in made.model.layers] == [(1, 16, 6, 6)] * 2 + [(1, 2, 4, 4)] * 2
    assert made.model.parameters == KERNEL.size + second.size
    np.testing.assert_array_equal(made.model.layers[2].weight("kernel").read(), second)
    assert made.model.remarks == ("2 local functions were written out.",)
    assert made.model.outputs[0].name == "y"


def test_large_numbers_stay_in_the_file_also_those_within_a_function(tmp_path):
    block = function("Own", [node("Constant", "", "k", value=tensor("", KERNEL)), node("Conv", "a k", "b", "conv")])
    made = written(tmp_path, [call("Own", "x", "y")], ["y"], [block])
    kernel = made.model.layers[0].weight("kernel")
    assert kernel.file is not None
    np.testing.assert_array_equal(kernel.read(), KERNEL)
    assert made.proto.ByteSize() < KERNEL.nbytes
    assert made.deployed.ByteSize() < KERNEL.nbytes


def test_a_written_out_model_computes_the_same_as_the_file(tmp_path):
    leaky = function("Leaky", [node("LeakyRelu", "a", "b")], attributes=["alpha"])
    leaky.node[0].attribute.add(name="alpha", ref_attr_name="alpha", type=onnx.AttributeProto.FLOAT)
    nodes = [call("Block", "x k", "t"), call("Leaky", "t", "y", alpha=0.3)]
    made = written(tmp_path, nodes, ["y"], [BLOCK, leaky], [tensor("k", KERNEL)])
    image = RANDOM.standard_normal((1, 3, 8, 8)).astype(np.float32)
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    plain = ort.InferenceSession(made.model.path, options, providers=["CPUExecutionProvider"]).run(None, {"x": image})
    np.testing.assert_array_equal(run(made, {"x": image})["y"], plain[0])
    assert made.model.layers[-1].attributes == {"alpha": 0.3}
    assert [each.op_type for each in made.deployed.graph.node] == ["Block", "Leaky"]
    assert len(made.deployed.functions) == 2


def test_a_function_for_other_operators_stays_one_layer_and_that_is_said(tmp_path):
    old = function("Old", [node("Relu", "a", "b")], opset=12)
    made = written(
        tmp_path,
        [call("Old", "x", "t", "whole"), call("Block", "t k", "y")],
        ["y"],
        [BLOCK, old],
        [tensor("k", KERNEL)],
    )
    assert [layer.op_type for layer in made.model.layers] == ["Old", "Conv", "Relu"]
    assert made.model.layers[0].name == "whole"
    assert made.model.remarks[0] == (
        "1 local function was written out. Not written out, so that each call is one layer: 'Old'."
    )


def test_operators_that_only_a_function_names_are_imported(tmp_path):
    quick = function("Quick", [node("QuickGelu", "a", "b", domain="com.microsoft")], domains=(("com.microsoft", 1),))
    made = written(tmp_path, [call("Quick", "x", "y")], ["y"], [quick])
    assert {each.domain for each in made.proto.opset_import} >= {"", "com.microsoft"}
    assert run(made, {"x": np.ones((1, 3, 8, 8), np.float32)})["y"].shape == (1, 3, 8, 8)


def test_functions_that_nothing_calls_are_no_matter(tmp_path):
    made = written(tmp_path, [node("Relu", "x", "y")], ["y"], [BLOCK])
    assert made.model.remarks == ()
    assert made.proto is made.deployed


def test_a_function_with_branches_is_written_out_with_them(tmp_path):
    def branch(op_type: str) -> onnx.GraphProto:
        return helper.make_graph([node(op_type, "a", "t", f"{op_type} here")], op_type, [], [value("t", None)])

    choose = function(
        "Choose",
        [node("If", "c", "b", "choice", then_branch=branch("Relu"), else_branch=branch("Exp"))],
        "a c",
    )
    nodes = [call("Choose", "x yes", "m"), call("Choose", "m yes", "y")]
    made = written(tmp_path, nodes, ["y"], [choose], [tensor("yes", np.array(True))])
    assert [layer.op_type for layer in made.model.layers] == ["If", "Relu", "Exp"] * 2
    names = [tensor.name for layer in made.model.layers for tensor in layer.outputs]
    assert len(set(names)) == len(names)
    assert made.model.layers[1].inside == ((made.model.layers[0].name, "then_branch"),)
    assert made.model.layers[4].output.shape == (1, 3, 8, 8)
