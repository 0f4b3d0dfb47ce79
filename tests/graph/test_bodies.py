"""Graphs within layers: If, Loop and Scan. What is in them is listed, named, measured and counted."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from inspector.errors import ModelError
from inspector.graph.model import Layer, Model
from inspector.graph.reader import Opened, read
from inspector.graph.shapes import infer_shapes
from tests.graph.build import node, save, tensor, value, weights

IMAGE = [value("x", [1, 3, 8, 8])]
YES = tensor("yes", np.array(True))


def opened(folder, *arguments, **settings) -> Opened:
    return read(save(folder / "network.onnx", *arguments, **settings))


def body(nodes, outputs, inputs=(), initializers=()) -> onnx.GraphProto:
    return helper.make_graph(list(nodes), "body", list(inputs), [value(each, None) for each in outputs], initializers)


def loop_body(nodes, carried, made, shape=None, scanned=()) -> onnx.GraphProto:
    """The body of a Loop that hands ``carried`` on as ``made``."""
    inputs = [
        value("i", [], TensorProto.INT64),
        value("go", [], TensorProto.BOOL),
        helper.make_tensor_value_info(carried, TensorProto.FLOAT, shape),
    ]
    again = node("Identity", "go", "goes_on")
    outputs = [value("goes_on", [], TensorProto.BOOL), value(made, None), *(value(each, None) for each in scanned)]
    return helper.make_graph([*nodes, again], "body", inputs, outputs)


def by_name(model: Model) -> dict[str, Layer]:
    return {layer.name: layer for layer in model.layers}


def test_layers_within_a_layer_follow_it_with_the_way_to_them(tmp_path):
    then = body([node("Relu", "x", "a", "first"), node("Neg", "a", "b", "second")], ["b"])
    other = body([node("Exp", "x", "c", "third")], ["c"])
    nodes = [node("If", "yes", "y", "choice", then_branch=then, else_branch=other), node("Abs", "y", "z", "after")]
    layers = opened(tmp_path, nodes, IMAGE, ["z"], [YES]).model.layers
    assert [layer.name for layer in layers] == ["choice", "first", "second", "third", "after"]
    assert [layer.index for layer in layers] == [0, 1, 2, 3, 4]
    assert [layer.inside for layer in layers] == [
        (),
        (("choice", "then_branch"),),
        (("choice", "then_branch"),),
        (("choice", "else_branch"),),
        (),
    ]
    assert not any(layer.hidden for layer in layers)


def test_layers_are_found_at_any_depth(tmp_path):
    inner = body([node("Relu", "x", "deep", "deep")], ["deep"])
    middle = body([node("If", "yes", "m", "inner", then_branch=inner, else_branch=body([], ["x"]))], ["m"])
    outer = node("If", "yes", "y", "outer", then_branch=middle, else_branch=body([], ["x"]))
    layers = by_name(opened(tmp_path, [outer], IMAGE, ["y"], [YES]).model)
    assert layers["deep"].inside == (("outer", "then_branch"), ("inner", "then_branch"))
    assert layers["deep"].output.shape == (1, 3, 8, 8)


def test_numbers_within_layers_are_counted_once(tmp_path):
    then = body([node("Conv", "x k", "a")], ["a"], initializers=[weights("k", 4, 3, 3, 3)])
    other = body(
        [node("Conv", "x k", "b"), node("Conv", "x shared", "c")], ["b"], initializers=[weights("k", 4, 3, 3, 3)]
    )
    nodes = [
        node("If", "yes", "y", then_branch=then, else_branch=other),
        node("Conv", "x shared", "z"),
    ]
    model = opened(tmp_path, nodes, IMAGE, ["y", "z"], [YES, weights("shared", 5, 3, 1, 1)]).model
    assert model.parameters == 2 * 4 * 3 * 3 * 3 + 5 * 3  # the kernels of each branch, and what both use of around them


def test_the_weights_of_a_branch_are_read_where_they_lie(tmp_path):
    large, small = np.arange(432, dtype=np.float32).reshape(16, 3, 3, 3), np.full((2, 3, 1, 1), 7, np.float32)
    then = body([node("Conv", "x k", "a")], ["a"], initializers=[tensor("k", large)])
    constant = node("Constant", "", "k", value=tensor("", small))
    other = body([constant, node("Conv", "x k", "b")], ["b"])
    around = tensor("k", np.ones((1, 3, 1, 1), np.float32))
    nodes = [node("If", "yes", "y", then_branch=then, else_branch=other), node("Conv", "x k", "z")]
    layers = opened(tmp_path, nodes, IMAGE, ["y", "z"], [YES, around]).model.layers
    kernels = [layer.weight("kernel") for layer in layers if layer.op_type == "Conv"]
    np.testing.assert_array_equal(kernels[0].read(), large)
    np.testing.assert_array_equal(kernels[1].read(), small)
    np.testing.assert_array_equal(kernels[2].read(), np.ones((1, 3, 1, 1)))
    assert len({kernel.name for kernel in kernels}) == 3


def test_a_tensor_name_that_is_used_twice_gets_a_name_of_its_own_everywhere(tmp_path):
    def branch(op_type: str) -> onnx.GraphProto:
        inner = body([node("Neg", "t", "u")], ["u"])
        chosen = node("If", "yes", "t2", then_branch=inner, else_branch=body([node("Abs", "t", "u")], ["u"]))
        return body([node(op_type, "x", "t"), chosen], ["t2"])

    outer = node("If", "yes", "y", "choice", then_branch=branch("Relu"), else_branch=branch("Exp"))
    made = opened(tmp_path, [node("Sqrt", "x", "u"), outer], IMAGE, ["y"], [YES])
    names = [tensor.name for layer in made.model.layers for tensor in layer.outputs]
    assert len(set(names)) == len(names)
    layers = by_name(made.model)
    makers = {tensor.name: layer.op_type for layer in made.model.layers for tensor in layer.outputs}
    users = [layer for layer in made.model.layers if layer.op_type in ("Neg", "Abs")]
    assert [makers[layer.inputs[0]] for layer in users] == ["Relu", "Relu", "Exp", "Exp"]
    assert layers["u"].op_type == "Sqrt"
    for branch in made.deployed.graph.node[1].attribute:
        assert [each.output[0] for each in branch.g.node] == ["t", "t2"]


def test_names_of_nodes_are_repaired_within_layers_too(tmp_path):
    nodes = [node("Relu", "x", "a", "same"), node("Neg", "a", "b", "same")]
    outer = node("If", "yes", "y", "same", then_branch=body(nodes, ["b"]), else_branch=body([], ["x"]))
    made = opened(tmp_path, [outer], IMAGE, ["y"], [YES])
    assert made.model.remarks[0] == "1 layer had a name that another has too; it was renamed."
    names = [layer.name for layer in made.model.layers]
    assert len(set(names)) == 3
    (then,) = (each.g for each in made.deployed.graph.node[0].attribute if each.name == "then_branch")
    assert [each.name for each in then.node] == ["same", "same_2"]


def test_nodes_within_layers_are_put_in_order_and_what_nothing_makes_is_said(tmp_path):
    nodes = [node("Neg", "a", "b", "last"), node("Relu", "x", "a", "first")]
    outer = node("If", "yes", "y", "choice", then_branch=body(nodes, ["b"]), else_branch=body([], ["x"]))
    layers = opened(tmp_path, [outer], IMAGE, ["y"], [YES]).model.layers
    assert [layer.name for layer in layers] == ["choice", "first", "last"]
    lost = node(
        "If", "yes", "y", then_branch=body([node("Neg", "gone", "b", "lost")], ["b"]), else_branch=body([], ["x"])
    )
    with pytest.raises(ModelError, match=r"'lost' of network.onnx needs 'gone'"):
        opened(tmp_path, [lost], IMAGE, ["y"], [YES])


def test_what_a_branch_sees_of_the_picture_and_costs_is_known(tmp_path):
    then = body([node("Conv", "before k", "a", "conv")], ["a"], initializers=[weights("k", 4, 2, 3, 3)])
    nodes = [
        node("Conv", "x w", "before"),
        node("If", "yes", "y", "choice", then_branch=then, else_branch=body([node("Neg", "before", "n")], ["n"])),
    ]
    model = opened(tmp_path, nodes, IMAGE, ["y"], [YES, weights("w", 2, 3, 3, 3)]).model
    conv = by_name(model)["conv"]
    assert (conv.output.shape, conv.macs) == ((1, 4, 4, 4), 4 * 4 * 4 * 2 * 9)
    assert (conv.receptive_field.size, conv.receptive_field.status) == ((5, 5), "exact")
    assert model.macs == 2 * 6 * 6 * 3 * 9  # which branch runs is not known before a run
    assert by_name(model)["choice"].macs is None


def test_what_is_in_a_loop_has_the_shape_of_one_pass(tmp_path):
    nodes = [node("Conv", "state w", "c", "conv", pads=[1, 1, 1, 1]), node("Relu", "c", "r", "relu")]
    loop = node("Loop", "four yes x", "y scans", "loop", body=loop_body(nodes, "state", "r", scanned=["c"]))
    four = tensor("four", np.array(4))
    then, other = (
        body([node("MaxPool", "y", "p", "pool", kernel_shape=[2, 2])], ["p"]),
        body([node("Abs", "y", "a")], ["a"]),
    )
    chosen = node("If", "yes", "z", "after", then_branch=then, else_branch=other)
    made = opened(tmp_path, [loop, chosen], IMAGE, ["z"], [YES, four, weights("w", 3, 3, 3, 3)])
    layers = by_name(made.model)
    assert layers["conv"].output.shape == (1, 3, 8, 8)
    assert layers["conv"].output.passes == 1
    assert layers["conv"].macs == 3 * 8 * 8 * 3 * 9
    assert layers["conv"].receptive_field.status == "unknown"  # it changes from pass to pass
    assert not layers["conv"].is_constant
    assert layers["loop"].output.shape == (1, 3, 8, 8)
    assert layers["pool"].output.shape == (1, 3, 7, 7)
    assert layers["pool"].output.passes == 0


def test_a_shape_that_changes_from_pass_to_pass_is_not_known(tmp_path):
    double = [node("Concat", "state state", "d", "double", axis=0), node("Relu", "d", "r", "relu")]
    loop = node("Loop", "four yes x", "y", "loop", body=loop_body(double, "state", "r"))
    made = opened(tmp_path, [loop], IMAGE, ["y"], [YES, tensor("four", np.array(4))])
    assert by_name(made.model)["relu"].output.shape == (None, 3, 8, 8)
    assert infer_shapes(made.proto, {"x": (1, 3, 8, 8)})["y"].shape in (None, (None, 3, 8, 8))


def test_scan_takes_its_input_apart(tmp_path):
    step = helper.make_graph(
        [node("Mul", "part part", "square", "square"), node("Add", "total square", "sum", "add")],
        "step",
        [value("total", None), value("part", None)],
        [value("sum", None), value("square", None)],
    )
    scan = node("Scan", "zero x", "y squares", "scan", body=step, num_scan_inputs=1, scan_input_axes=[2])
    zero = tensor("zero", np.zeros((1, 3, 8), np.float32))
    layers = by_name(opened(tmp_path, [scan], IMAGE, ["y", "squares"], [zero]).model)
    assert layers["square"].output.shape == (1, 3, 8)
    assert layers["add"].output.passes == 1


def test_numbers_computed_around_a_branch_are_known_within(tmp_path):
    then = body([node("Reshape", "x to", "r", "reshape")], ["r"])
    other = body([node("Reshape", "x to", "s")], ["s"])
    nodes = [
        node("Shape", "x", "sizes"),
        node("Gather", "sizes zero", "n"),
        node("Unsqueeze", "n zeros", "n1"),
        node("Concat", "n1 back", "to", axis=0),
        node("If", "yes", "y", "choice", then_branch=then, else_branch=other),
        node("Relu", "y", "z", "after"),
    ]
    numbers = [tensor("zero", np.array(0)), tensor("zeros", np.array([0])), tensor("back", np.array([-1]))]
    layers = by_name(opened(tmp_path, nodes, IMAGE, ["z"], [YES, *numbers]).model)
    assert [layers[name].output.shape for name in ("reshape", "choice", "after")] == [(1, 192)] * 3


NOT_KNOWN = "how often its Loop runs is not known before a run"
COUNTS = {
    "an input": ("open", NOT_KNOWN),
    "no end": ("endless", NOT_KNOWN),
    "many passes": ("many", "the 1,000,000 passes of its Loop would take 768 MB together"),
    "too much": ("large", "the 4,000 passes of its Loop would take 1.61 GB together"),
    "few passes": ("four", ""),
}


@pytest.mark.parametrize("case", COUNTS)
def test_a_loop_whose_tensors_may_not_fit_hides_them(case, tmp_path):
    count, why = COUNTS[case]
    image = value("x", [1, 3, 8, 8] if case != "too much" else [1, 3, 8, 4192])
    loop = node("Loop", f"{count} yes x", "y", body=loop_body([node("Relu", "state", "r", "relu")], "state", "r"))
    inputs = [image, value("open", [], TensorProto.INT64)]
    numbers = {"endless": (1 << 63) - 1, "many": 1_000_000, "large": 4_000, "four": 4}
    made = [YES, *(tensor(name, np.array(number)) for name, number in numbers.items())]
    assert by_name(opened(tmp_path, [loop], inputs, ["y"], made).model)["relu"].hidden == why


def test_a_branch_within_a_loop_hides_its_tensors(tmp_path):
    then, other = body([node("Relu", "state", "r", "relu")], ["r"]), body([node("Neg", "state", "n")], ["n"])
    inner = [node("If", "go", "made", "choice", then_branch=then, else_branch=other)]
    loop = node("Loop", "four yes x", "y", "loop", body=loop_body(inner, "state", "made"))
    layers = by_name(opened(tmp_path, [loop], IMAGE, ["y"], [YES, tensor("four", np.array(4))]).model)
    assert layers["relu"].hidden == "it lies in a branch within a Loop, which may run in some passes only"
    assert layers["choice"].hidden == ""
    assert layers["relu"].inside == (("loop", "body"), ("choice", "then_branch"))


def test_a_sequence_within_a_branch_is_hidden_as_what_it_is(tmp_path):
    nodes = [node("SplitToSequence", "x", "s", "split", axis=1), node("ConcatFromSequence", "s", "c", "join", axis=1)]
    outer = node("If", "yes", "y", then_branch=body(nodes, ["c"]), else_branch=body([], ["x"]))
    layers = by_name(opened(tmp_path, [outer], IMAGE, ["y"], [YES]).model)
    assert layers["split"].hidden == "a sequence is no array of numbers"
    assert layers["join"].hidden == ""


def test_thirty_branches_within_each_other_open_quickly(tmp_path):
    inner = body([node("Relu", "x", "r0")], ["r0"])
    for depth in range(1, 28):
        chosen = node(
            "If",
            "yes",
            f"r{depth}",
            then_branch=inner,
            else_branch=body([node("Neg", "x", f"n{depth}")], [f"n{depth}"]),
        )
        inner = body([chosen], [f"r{depth}"])
    made = opened(
        tmp_path, [node("If", "yes", "y", then_branch=inner, else_branch=body([], ["x"]))], IMAGE, ["y"], [YES]
    )
    deepest = by_name(made.model)["r0"]
    assert len(deepest.inside) == 28
    assert deepest.output.shape == (1, 3, 8, 8)
