"""What a graph computes from shapes, held against ONNX's own reference evaluator."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx.reference import ReferenceEvaluator

from inspector.graph.folding import folded
from inspector.graph.nodes import Node
from inspector.graph.reader import read
from tests.graph.build import model, node, save, tensor, value, weights

SHAPE = (2, 3, 20, 31)
NUMBERS = {
    "zero": np.array(0),
    "two": np.array([2]),
    "four": np.array([4]),
    "minus": np.array([-1, -9, 7]),
    "three": np.array([2, 2, 2]),
    "floats": np.array([0.5, 1.7, -2.5], np.float32),
    "back": np.array([-1]),
    "end": np.array([-(2**40)]),
    "square": np.array([0, 1]),
    "last": np.array([0, -1]),
}
CASES = {
    "Shape": node("Shape", "x", "y"),
    "Shape, a part": node("Shape", "x", "y", start=1, end=-1),
    "Size": node("Size", "x", "y"),
    "Gather": node("Gather", "minus zero", "y"),
    "Gather several": node("Gather", "minus square", "y", axis=0),
    "Concat": node("Concat", "minus two four", "y", axis=0),
    "Add": node("Add", "minus two", "y"),
    "Sub": node("Sub", "minus two", "y"),
    "Mul": node("Mul", "minus four", "y"),
    "Div towards zero": node("Div", "minus two", "y"),
    "Div of floats": node("Div", "floats floats", "y"),
    "Min": node("Min", "minus three", "y"),
    "Max": node("Max", "minus three", "y"),
    "Neg": node("Neg", "minus", "y"),
    "Floor": node("Floor", "floats", "y"),
    "Ceil": node("Ceil", "floats", "y"),
    "Cast to integers": node("Cast", "floats", "y", to=onnx.TensorProto.INT64),
    "Cast to floats": node("Cast", "minus", "y", to=onnx.TensorProto.FLOAT),
    "Slice": node("Slice", "minus zero2 two", "y"),
    "Slice backwards": node("Slice", "minus back end zero2 back", "y"),
    "Squeeze": node("Squeeze", "two", "y"),
    "Unsqueeze": node("Unsqueeze", "minus last", "y"),
    "Reshape": node("Reshape", "three last", "y"),
    "Range": node("Range", "zero seven step", "y"),
    "ReduceProd": node("ReduceProd", "minus", "y", keepdims=0),
    "ReduceProd kept": node("ReduceProd", "minus", "y"),
    "Equal": node("Equal", "minus three", "y"),
    "Where": node("Where", "yes minus three", "y"),
    "Identity": node("Identity", "floats", "y"),
}
NUMBERS |= {
    "zero2": np.array([0]),
    "seven": np.array(7),
    "step": np.array(3),
    "yes": np.array([True, False, True]),
}


@pytest.mark.parametrize("case", CASES)
def test_values_are_those_of_the_reference(case):
    proto = CASES[case]
    used = [tensor(name, NUMBERS[name]) for name in dict.fromkeys(proto.input) if name in NUMBERS]
    made = model([proto], [value("x", SHAPE)], [], used)
    made.graph.output.add(name="y")
    expected = ReferenceEvaluator(made).run(["y"], {"x": np.zeros(SHAPE, np.float32)})[0]
    attributes = {each.name: onnx.helper.get_attribute_value(each) for each in proto.attribute}
    plain = Node(proto.op_type, tuple(proto.input), tuple(proto.output), attributes)
    found = folded([plain], lambda name: SHAPE if name == "x" else None, NUMBERS.get)["y"]
    np.testing.assert_array_equal(found, expected)
    assert found.dtype == np.asarray(expected).dtype


@pytest.mark.parametrize(
    "wrong",
    [
        Node("Div", ("two", "zero"), ("y",)),
        Node("Gather", ("two", "four"), ("y",)),
        Node("Reshape", ("two", "four"), ("y",)),
        Node("Concat", ("two", "zero"), ("y",)),
        Node("Range", ("zero", "far", "step"), ("y",)),
        Node("Cast", ("two",), ("y",), {"to": 8}),
        Node("Slice", ("two", "minus", "two"), ("y",)),
        Node("Add", ("two", "unknown"), ("y",)),
        Node("Conv", ("two", "two"), ("y",)),
        Node("Shape", ("unknown",), ("y",)),
        Node("Neg", ("two",), ("y",), domain="com.acme"),
    ],
)
def test_what_cannot_be_computed_is_left_open(wrong):
    numbers = {**NUMBERS, "far": np.array(10**12)}
    assert folded([wrong], lambda name: None, numbers.get) == {}


def test_sizes_computed_on_the_way_make_shapes_known(tmp_path):
    """As PyTorch exports ``x.view(x.size(0), -1, 2)``: onnx itself loses the sizes at the first Concat."""
    nodes = [
        node("Conv", "x w", "a"),
        node("Shape", "a", "s"),
        node("Gather", "s zero", "n"),
        node("Unsqueeze", "n", "n1", axes=[0]),
        node("Concat", "n1 back two", "to", axis=0),
        node("Reshape", "a to", "b"),
        node("Concat", "b b", "c", axis=1),
        node("Shape", "c", "s2"),
        node("Slice", "s2", "s3", starts=[1], ends=[3]),
        node("Reshape", "c s3", "y"),
    ]
    numbers = [tensor(name, NUMBERS[name]) for name in ("zero", "back", "two")]
    path = save(
        tmp_path / "network.onnx", nodes, [value("x", SHAPE)], ["y"], [weights("w", 4, 3, 3, 3), *numbers], opset=9
    )
    shapes = {layer.output.name: layer.output.shape for layer in read(path).model.layers}
    assert (shapes["b"], shapes["c"]) == ((2, 1044, 2), (2, 2088, 2))
    assert shapes["to"] == (3,)


def test_a_repaired_name_does_not_keep_sizes_from_being_computed(tmp_path):
    nodes = [
        node("Shape", "x", "s", "same"),
        node("Gather", "s zero", "n", "same"),
        node("Unsqueeze", "n", "n1", axes=[0]),
        node("Concat", "n1 back two", "to", axis=0),
        node("Reshape", "x to", "a"),
        node("Concat", "a a", "b", axis=0),
        node("Shape", "b", "s2"),
        node("Slice", "s2", "first", starts=[0], ends=[1]),
        node("Concat", "first back", "to2", axis=0),
        node("Reshape", "b to2", "y"),
    ]
    numbers = [tensor(name, NUMBERS[name]) for name in ("zero", "back", "two")]
    read_model = read(save(tmp_path / "network.onnx", nodes, [value("x", SHAPE)], ["y"], numbers, opset=9)).model
    assert read_model.remarks[0] == "1 layer had a name that another has too; it was renamed."
    assert read_model.outputs[0].shape == (4, 1860)  # a is (2, 930, 2), for SHAPE holds 3720 elements


def test_a_value_that_fills_a_tensor_is_not_the_tensor(tmp_path):
    nodes = [
        node("Shape", "x", "s"),
        node("ConstantOfShape", "s", "ones", value=tensor("", np.array([1]))),
        node("Expand", "w ones", "a"),
        node("NonZero", "x", "open"),  # its size is not known before a run, so shapes are followed further
        node("Gather", "s zero", "n"),
        node("Unsqueeze", "n", "n1", axes=[0]),
        node("Concat", "n1 back", "to", axis=0),
        node("Reshape", "x to", "y"),
    ]
    numbers = [tensor("zero", NUMBERS["zero"]), tensor("back", NUMBERS["back"]), weights("w", 1)]
    path = save(tmp_path / "network.onnx", nodes, [value("x", SHAPE)], ["y", "a", "open"], numbers, opset=9)
    layers = {layer.output.name: layer for layer in read(path).model.layers}
    assert layers["ones"].output.shape == SHAPE
    assert layers["y"].output.shape == (2, 1860)
    assert layers["a"].output.shape != (1,)
