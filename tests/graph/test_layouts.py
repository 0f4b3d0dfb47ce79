"""Where the channels of a tensor are, as the graph tells it."""

from __future__ import annotations

import numpy as np
import pytest
from onnx import helper

from inspector.graph.reader import read
from tests.graph.build import node, save, tensor, value, weights

TO_FIRST, TO_LAST = [0, 3, 1, 2], [0, 2, 3, 1]
K = weights("k", 8, 3, 3, 3)


def last_in(folder, nodes, inputs, outputs, initializers=(), **settings) -> set[str]:
    """The tensors with their channels last."""
    found = read(save(folder / "network.onnx", nodes, inputs, outputs, initializers, **settings)).model
    tensors = [*found.inputs, *(each for layer in found.layers for each in layer.outputs), *found.outputs]
    return {each.name for each in tensors if each.channels_last}


def test_an_input_that_is_turned_before_the_first_kernel_has_its_channels_last(tmp_path):
    nodes = [
        node("Sub", "x mean", "s"),
        node("Transpose", "s", "t", perm=TO_FIRST),
        node("Conv", "t k", "c"),
        node("Relu", "c", "r"),
        node("Transpose", "r", "y", perm=TO_LAST),
        node("Sigmoid", "y", "z"),
    ]
    found = last_in(tmp_path, nodes, [value("x", [1, 20, 30, 3])], ["z"], [K, tensor("mean", np.ones(3, np.float32))])
    assert found == {"x", "s", "y", "z"}


def test_a_network_whose_channels_come_first_has_none_last(tmp_path):
    nodes = [
        node("Conv", "x k", "c"),
        node("MaxPool", "c", "p", kernel_shape=[2, 2]),
        node("GlobalAveragePool", "p", "g"),
        node("Flatten", "g", "y"),
    ]
    assert last_in(tmp_path, nodes, [value("x", [1, 3, 20, 20])], ["y"], [K]) == set()


def test_what_lies_between_two_turns_has_its_channels_last_again(tmp_path):
    nodes = [
        node("Conv", "x k", "c"),
        node("Transpose", "c", "a", perm=TO_LAST),
        node("LayerNormalization", "a scale", "n"),
        node("MatMul", "n m", "f"),
        node("Mul", "f gate", "g"),
        node("Transpose", "g", "b", perm=TO_FIRST),
        node("Add", "b c", "y"),
    ]
    numbers = [tensor("scale", np.ones(8, np.float32)), weights("m", 8, 8), tensor("gate", np.ones(8, np.float32))]
    assert last_in(tmp_path, nodes, [value("x", [1, 3, 20, 20])], ["y"], [K, *numbers]) == {"a", "n", "f", "g"}


def test_channels_are_followed_through_what_joins_cuts_and_resizes(tmp_path):
    nodes = [
        node("Conv", "x k", "c"),
        node("Transpose", "c", "t", perm=TO_LAST),
        node("Split", "t", "one two", axis=3, num_outputs=2),
        node("Concat", "one two one", "joined", axis=3),
        node("Pad", "joined pads", "padded"),
        node("Slice", "padded from to", "cut"),
        node("Resize", "cut _ scales", "large", mode="linear"),
        node("ReduceMean", "large axes", "mean", keepdims=1),
        node("ReduceMean", "large rows", "line", keepdims=0),
        node("Unsqueeze", "line rows", "again"),
        node("Squeeze", "again rows", "flat"),
        node("ArgMax", "large", "classes", axis=-1, keepdims=0),
        node("Cast", "large", "half", to=10),
        node("Where", "yes half half", "chosen"),
    ]
    numbers = [
        tensor("pads", np.array([0, 1, 1, 0, 0, 1, 1, 0])),
        tensor("from", np.array([0, 0, 0])),
        tensor("to", np.array([1, 9, 9])),
        tensor("scales", np.array([1, 2, 2, 1], np.float32)),
        tensor("axes", np.array([1, 2])),
        tensor("rows", np.array([1])),
        tensor("yes", np.array(True)),
    ]
    outputs = ["chosen", "mean", "flat", "classes"]
    found = last_in(tmp_path, nodes, [value("x", [1, 3, 20, 20])], outputs, [K, *numbers], opset=18)
    assert found == {
        "t",
        "one",
        "two",
        "joined",
        "padded",
        "cut",
        "large",
        "mean",
        "line",
        "again",
        "flat",
        "half",
        "chosen",
    }


def test_a_reshape_that_only_moves_channels_of_one_element_is_a_turn(tmp_path):
    """As tf2onnx writes a Transpose of a grey picture, and of a picture of one pixel."""
    nodes = [
        node("Reshape", "x first", "t"),
        node("Conv", "t k", "c"),
        node("GlobalAveragePool", "c", "g"),
        node("Reshape", "g last", "y"),
    ]
    numbers = [tensor("first", np.array([-1, 1, 20, 30])), tensor("last", np.array([-1, 1, 1, 8]))]
    found = last_in(tmp_path, nodes, [value("x", ["n", 20, 30, 1])], ["y"], [weights("k", 8, 1, 3, 3), *numbers])
    assert found == {"x", "y"}


def test_a_reshape_that_joins_rows_and_columns_keeps_the_channels(tmp_path):
    nodes = [
        node("Conv", "x k", "c"),
        node("Reshape", "c flat", "tokens_first"),
        node("Transpose", "tokens_first", "tokens", perm=[0, 2, 1]),
        node("Add", "tokens position", "sum"),
        node("Reshape", "sum square", "y"),
        node("Reshape", "sum mixed", "z"),
    ]
    numbers = [tensor("flat", np.array([1, 8, 324])), tensor("square", np.array([1, 18, 18, 8]))]
    numbers += [tensor("mixed", np.array([1, 81, 32])), weights("position", 1, 324, 8)]
    found = last_in(tmp_path, nodes, [value("x", [1, 3, 20, 20])], ["y", "z"], [K, *numbers])
    assert found == {"tokens", "sum", "y"}


def test_a_signal_can_have_its_channels_last(tmp_path):
    nodes = [node("Transpose", "x", "t", perm=[0, 2, 1]), node("Conv", "t k", "y")]
    assert last_in(tmp_path, nodes, [value("x", [1, 100, 4])], ["y"], [weights("k", 8, 4, 3)]) == {"x"}


def test_operators_of_onnx_runtime_that_want_channels_last_say_so(tmp_path):
    codes = [tensor("s", np.float32(0.1)), tensor("z", np.uint8(0)), tensor("w", np.ones((4, 3, 1, 1), np.uint8))]
    nodes = [
        node("QuantizeLinear", "x s z", "q"),
        node("QLinearConv", "q s z w s z s z", "c", domain="com.microsoft", channels_last=1),
        node("QLinearSigmoid", "c s z s z", "g", domain="com.microsoft"),
        node("DequantizeLinear", "g s z", "y"),
    ]
    made = save(
        tmp_path / "network.onnx", nodes, [value("x", [1, 8, 8, 3])], ["y"], codes, domains={"com.microsoft": 1}
    )
    model = read(made).model
    assert model.inputs[0].channels_last
    assert next(layer for layer in model.layers if layer.op_type == "QuantizeLinear").output.channels_last


def test_what_the_graph_does_not_tell_is_not_guessed(tmp_path):
    nodes = [node("Relu", "x", "a"), node("Reshape", "a shape", "y")]
    shape = tensor("shape", np.array([1, 10, 60, 3]))
    assert last_in(tmp_path, nodes, [value("x", [1, 20, 30, 3])], ["y"], [shape]) == set()


def test_channels_are_followed_into_branches(tmp_path):
    inner = [
        node("Transpose", "x", "t", perm=TO_FIRST),
        node("Conv", "t k", "c"),
        node("Transpose", "c", "b", perm=TO_LAST),
    ]
    then = helper.make_graph(inner, "then", [], [value("b", None)])
    other = helper.make_graph([node("Relu", "x", "e")], "else", [], [value("e", None)])
    nodes = [node("If", "yes", "y", then_branch=then, else_branch=other)]
    found = last_in(tmp_path, nodes, [value("x", [1, 20, 30, 3])], ["y"], [K, tensor("yes", np.array(True))])
    assert found == {"x", "b", "e"}


REAL = {
    "deeplabv3_nhwc": ({"sub_7", "ResizeBilinear_3"}, 2),
    "openwakeword_embedding": ({"input_1", "conv2d_19"}, 3),  # and the picture behind its Pad
    "mnist-8": (set(), 0),
    "unet_sed_gen": (set(), 0),
    "super_resolution": (set(), 0),
    "squeezenet_fp16": (set(), 0),
}


@pytest.mark.parametrize("name", REAL)
def test_real_networks(name, shared):
    model = read(str(shared / "assets" / "models" / f"{name}.onnx")).model
    ends, count = REAL[name]
    tensors = {each.name: each for each in (*model.inputs, *(each for layer in model.layers for each in layer.outputs))}
    assert {each.name for each in (*model.inputs, *model.outputs) if each.channels_last} == ends
    assert sum(each.channels_last for each in tensors.values()) == count


def test_most_tensors_of_a_detector_have_their_channels_first(shared):
    model = read(str(shared / "assets" / "models" / "fastestdet.onnx")).model
    for layer in model.layers:
        if layer.op_type in ("Conv", "MaxPool", "Relu", "AveragePool"):
            assert not layer.output.channels_last
    last = {layer.name for layer in model.layers if layer.output.channels_last}
    assert all(model.layer(name).op_type in ("Transpose", "Softmax") for name in last)
