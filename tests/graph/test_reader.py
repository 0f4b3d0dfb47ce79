"""What is read of a file: layers, names, shapes, order; and sentences about what cannot be shown."""

from __future__ import annotations

import itertools
import json
import time

import msgspec
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from inspector.errors import LimitError, ModelError
from inspector.graph.model import Model
from inspector.graph.preprocessing import preset
from inspector.graph.reader import read
from inspector.graph.shapes import infer_shapes
from tests.graph.build import model, node, run, save, tensor, value, weights

IMAGE = [value("x", [1, 3, 8, 8])]
W = weights("w", 4, 3, 3, 3)


def opened(folder, *arguments, **settings):
    return read(save(folder / "network.onnx", *arguments, **settings))


def test_a_layer_says_what_its_node_is(tmp_path):
    conv = node("Conv", "x w b", "y", "stem", strides=[2, 1], pads=[1, 0, 2, 1])
    leaky = node("LeakyRelu", "y", "z", alpha=0.1)
    facts = opened(tmp_path, [conv, leaky], IMAGE, ["z"], [W, weights("b", 4)]).model
    stem, after = facts.layers
    assert (stem.index, stem.name, stem.op_type, stem.domain, stem.family) == (0, "stem", "Conv", "", "convolution")
    assert (stem.inputs, [each.name for each in stem.outputs]) == (("x", "w", "b"), ["y"])
    assert (stem.output.dtype, stem.output.shape) == ("float32", (1, 4, 5, 7))
    geometry = stem.geometry
    assert (geometry.kernel_shape, geometry.strides, geometry.pads) == ((3, 3), (2, 1), (1, 0, 2, 1))
    assert (geometry.dilations, geometry.group) == ((1, 1), 1)
    assert [(each.role, each.shape) for each in stem.weights] == [("kernel", (4, 3, 3, 3)), ("bias", (4,))]
    assert (after.name, after.family, after.attributes) == ("z", "activation", {"alpha": 0.1})
    assert after.geometry is None
    assert (facts.inputs[0].name, facts.inputs[0].shape, facts.outputs[0].shape) == ("x", (1, 3, 8, 8), (1, 4, 5, 7))


def test_facts_of_the_file_are_kept(tmp_path):
    made = model([node("Relu", "x", "y")], IMAGE, ["y"], opset=13, producer_name="maker", producer_version="2.1")
    helper.set_model_props(made, {"names": "['cat']"})
    path = tmp_path / "network.onnx"
    path.write_bytes(made.SerializeToString())
    (tmp_path / "network.inspector.toml").write_text('labels = ["cat", "dog"]\n[preprocessing]\npreset = "signed"\n')
    facts = read(str(path)).model
    assert (facts.path, facts.opset, facts.producer, facts.metadata) == (
        str(path),
        13,
        "maker 2.1",
        {"names": "['cat']"},
    )
    assert facts.labels == ("cat", "dog")
    assert facts.preprocessing.scale == preset("signed", "").scale
    assert facts.remarks == ()


def test_facts_survive_the_way_between_processes(tmp_path):
    nodes = [
        node("DequantizeLinear", "q s", "w"),
        node("Conv", "x w", "y", auto_pad="SAME_UPPER"),
        node("Elu", "y", "z", alpha=float("nan")),
    ]
    codes = tensor("q", np.ones((4, 3, 3, 3), np.int8))
    facts = opened(tmp_path, nodes, IMAGE, ["z"], [codes, tensor("s", np.float32(0.5))]).model
    again = msgspec.json.decode(msgspec.json.encode(facts), type=Model)
    assert again == facts
    assert again.layers[2].attributes == {"alpha": "NaN"}


@pytest.mark.parametrize(
    ("auto_pad", "stride", "size", "kernel", "expected"),
    [
        ("SAME_UPPER", 1, 8, 3, (1, 1)),
        ("SAME_UPPER", 2, 8, 3, (0, 1)),
        ("SAME_LOWER", 2, 8, 3, (1, 0)),
        ("SAME_UPPER", 2, 7, 3, (1, 1)),
        ("SAME_UPPER", 3, 8, 2, (0, 0)),
        ("SAME_LOWER", 1, 8, 4, (2, 1)),
        ("VALID", 2, 8, 3, (0, 0)),
        ("SAME_UPPER", 1, "height", 4, (1, 2)),  # with stride 1 the size does not matter
    ],
)
def test_automatic_padding_is_worked_out(auto_pad, stride, size, kernel, expected, tmp_path):
    conv = node("Conv", "x k", "y", auto_pad=auto_pad, strides=[stride, 1])
    facts = opened(tmp_path, [conv], [value("x", [1, 3, size, 9])], ["y"], [weights("k", 2, 3, kernel, 1)]).model
    assert facts.layers[0].geometry.pads == (expected[0], 0, expected[1], 0)


def test_padding_that_depends_on_an_open_size_is_not_known(tmp_path):
    conv = node("Conv", "x w", "y", auto_pad="SAME_UPPER", strides=[2, 2])
    layer = opened(tmp_path, [conv], [value("x", ["n", 3, "height", 8])], ["y"], [W]).model.layers[0]
    assert layer.geometry.pads is None
    assert layer.receptive_field.status == "bound"
    assert layer.receptive_field.jump == (2.0, 2.0)


def test_layers_come_in_the_order_in_which_they_run(tmp_path):
    nodes = [
        node("Add", "b c", "y", "last"),
        node("Relu", "a", "c", "right"),
        node("Relu", "x", "a", "first"),
        node("Exp", "a", "b", "left"),
    ]
    made = opened(tmp_path, nodes, IMAGE, ["y"])
    assert [layer.name for layer in made.model.layers] == ["first", "right", "left", "last"]
    assert all(layer.output.shape == (1, 3, 8, 8) for layer in made.model.layers)
    np.testing.assert_array_equal(run(made, {"x": -np.ones((1, 3, 8, 8), np.float32)})["y"], 1)


def test_names_are_unique_and_those_given_twice_are_repaired(tmp_path):
    nodes = [
        node("Relu", "x", "a", "same"),
        node("Relu", "a", "b", "same"),
        node("Relu", "b", "same_2"),
        node("Relu", "same_2", "y", "same"),
    ]
    made = opened(tmp_path, nodes, IMAGE, ["y"])
    assert [layer.name for layer in made.model.layers] == ["same", "same_3", "same_2", "same_4"]
    assert made.model.remarks == ("2 layers had names that others have too; they were renamed.",)
    assert set(run(made, {"x": np.ones((1, 3, 8, 8), np.float32)})) == {"a", "b", "same_2", "y"}


def test_a_layer_with_several_outputs_is_one_layer(tmp_path):
    split = node("Split", "x parts", "a _ b", "halves", axis=2)
    split.output[1] = ""
    layer = opened(tmp_path, [split], IMAGE, ["b"], [tensor("parts", np.array([3, 1, 4]))]).model.layers[0]
    assert [(each.name, each.shape) for each in layer.outputs] == [("a", (1, 3, 3, 8)), ("b", (1, 3, 4, 8))]


def test_constants_are_weights_and_not_layers(tmp_path):
    nodes = [
        node("Constant", "", "w", value=W),
        node("Constant", "", "half", value_float=0.5),
        node("Constant", "", "axes", value_ints=[2, 3]),
        node("Conv", "x w", "a"),
        node("Mul", "a half", "b"),
        node("Squeeze", "c axes", "y"),
        node("GlobalAveragePool", "b", "c"),
    ]
    facts = opened(tmp_path, nodes, IMAGE, ["y"]).model
    assert [layer.op_type for layer in facts.layers] == ["Conv", "Mul", "GlobalAveragePool", "Squeeze"]
    assert facts.outputs[0].shape == (1, 4)
    assert facts.layers[0].weight("kernel").name == "w"
    assert facts.layers[1].weight("constant").read() == 0.5


def test_layers_that_do_not_depend_on_the_input_are_constant(tmp_path):
    nodes = [
        node("Exp", "k", "e"),
        node("Add", "x e", "a"),
        node("Shape", "x", "s"),
        node("RandomNormal", "", "r", shape=[1]),
        node("Mul", "a r", "y"),
    ]
    facts = opened(tmp_path, nodes, IMAGE, ["y"], [weights("k", 8)]).model
    assert {layer.op_type: layer.is_constant for layer in facts.layers} == {
        "Exp": True,
        "Add": False,
        "Shape": False,
        "RandomNormal": True,
        "Mul": False,
    }


def test_a_weight_that_old_files_list_among_the_inputs_is_no_input(tmp_path):
    inputs = [*IMAGE, value("w", [4, 3, 3, 3])]
    facts = opened(tmp_path, [node("Conv", "x w", "y")], inputs, ["y"], [W], opset=8, ir_version=3).model
    assert [each.name for each in facts.inputs] == ["x"]
    assert facts.parameters == 4 * 3 * 3 * 3


def test_graphs_within_a_layer_use_what_is_around_them(tmp_path):
    def branch(op_type: str) -> onnx.GraphProto:
        inner = [node(op_type, "late", "inner"), node("Neg", "inner", "out")]
        return helper.make_graph(inner, op_type, [], [value("out", None)])

    nodes = [
        node("If", "yes", "y", "choice", then_branch=branch("Relu"), else_branch=branch("Exp")),
        node("Abs", "x", "late", "before"),
    ]
    made = opened(tmp_path, nodes, IMAGE, ["y"], [tensor("yes", np.array(True))])
    assert [layer.name for layer in made.model.layers] == ["before", "choice", "inner", "out", "inner_2", "out_2"]
    assert not made.model.layers[1].is_constant
    assert made.model.layers[1].macs is None
    assert made.model.layers[1].receptive_field.status == "unknown"
    assert made.model.layers[1].attributes == {}


def test_open_sizes_are_told_by_name_or_not_at_all(tmp_path):
    facts = opened(tmp_path, [node("Conv", "x w", "y")], [value("x", ["batch", 3, -1, None])], ["y"], [W]).model
    assert facts.inputs[0].shape == ("batch", 3, None, None)
    shape = facts.outputs[0].shape
    assert (shape[0], shape[1]) == ("batch", 4)


def test_what_a_file_claims_of_its_shapes_gives_way_to_what_they_are(tmp_path):
    made = model([node("Relu", "x", "a"), node("Relu", "a", "y")], IMAGE, [value("y", [1, 99, 8, 8])])
    made.graph.value_info.append(value("a", [7, 7]))
    path = tmp_path / "network.onnx"
    path.write_bytes(made.SerializeToString())
    facts = read(str(path)).model
    assert [layer.output.shape for layer in facts.layers] == [(1, 3, 8, 8)] * 2


def test_what_a_file_says_of_operators_that_onnx_does_not_know_is_believed(tmp_path):
    nodes = [node("Magic", "x", "a", domain="com.acme"), node("Relu", "a", "y")]
    made = model(nodes, IMAGE, ["y"], domains={"com.acme": 1})
    made.graph.value_info.append(value("a", [1, 5]))
    path = tmp_path / "network.onnx"
    path.write_bytes(made.SerializeToString())
    magic, relu = read(str(path)).model.layers
    assert (magic.family, magic.domain, magic.output.shape, relu.output.shape) == ("other", "com.acme", (1, 5), (1, 5))
    assert (magic.macs, magic.receptive_field.status, relu.receptive_field.status) == (None, "unknown", "unknown")


def test_shapes_of_onnx_runtimes_own_operators_are_worked_out(tmp_path):
    scale, zero = tensor("s", np.float32(0.1)), tensor("z", np.uint8(128))
    nodes = [
        node("QuantizeLinear", "x s z", "q"),
        node("QLinearAdd", "q s z q s z s z", "a", domain="com.microsoft"),
        node("QLinearAveragePool", "a s z s z", "p", kernel_shape=[2, 2], strides=[2, 2], domain="com.microsoft"),
        node("QLinearConcat", "s z p s z p s z", "c", axis=1, domain="com.microsoft"),
        node("DequantizeLinear", "c s z", "d"),
        node("FusedConv", "d k", "f", activation="Relu", domain="com.microsoft"),
        node("FusedMatMul", "f m", "y", transB=1, domain="com.microsoft"),
    ]
    initializers = [scale, zero, weights("k", 2, 6, 3, 3), weights("m", 5, 2)]
    made = opened(tmp_path, nodes, IMAGE, ["y"], initializers, domains={"com.microsoft": 1})
    found = run(made, {"x": np.ones((1, 3, 8, 8), np.float32)})
    checked = 0
    for layer in made.model.layers:
        if layer.op_type != "FusedMatMul":
            assert layer.output.shape == found[layer.output.name].shape, layer.op_type
            assert layer.output.dtype == found[layer.output.name].dtype, layer.op_type
            checked += 1
    assert checked == 6


def test_shapes_follow_from_the_inputs_of_a_run(tmp_path):
    nodes = [
        node("Conv", "x w", "a", strides=[2, 2]),
        node("Shape", "a", "s"),
        node("Slice", "s two four", "hw"),
        node("Resize", "x _ _ to", "b"),
        node("Concat", "nc hw", "to", axis=0),
        node("Flatten", "b", "y"),
    ]
    numbers = [tensor("two", np.array([2])), tensor("four", np.array([4])), tensor("nc", np.array([2, 3]))]
    made = opened(tmp_path, nodes, [value("x", ["n", 3, "h", "w"])], ["y"], [W, *numbers])
    shapes = infer_shapes(made.proto, {"x": (2, 3, 20, 30)})
    found = run(made, {"x": np.ones((2, 3, 20, 30), np.float32)})
    assert set(found) <= set(shapes)
    assert {name: shapes[name].shape for name in found} == {name: each.shape for name, each in found.items()}
    assert {name: shapes[name].dtype for name in found} == {name: str(each.dtype) for name, each in found.items()}
    assert made.proto.graph.input[0].type.tensor_type.shape.dim[0].dim_param == "n"


def test_values_that_are_no_tensors_are_called_what_they_are(tmp_path):
    nodes = [node("SplitToSequence", "x", "s", axis=1), node("ConcatFromSequence", "s", "y", axis=1)]
    sequence, whole = opened(tmp_path, nodes, IMAGE, ["y"]).model.layers
    assert (sequence.output.dtype, sequence.output.shape) == ("sequence", None)
    assert whole.receptive_field.status == "unknown"


def test_shapes_that_contradict_each_other_are_a_remark(tmp_path):
    layer = opened(tmp_path, [node("Conv", "x w", "a", strides=[-1, 0])], IMAGE, ["a"], [W]).model.layers[0]
    assert (layer.geometry, layer.output.shape, layer.macs) == (None, None, None)
    made = model([node("Relu", "x", "y")], IMAGE, ["y"], [tensor("x", np.ones((2, 2), np.float32))])
    path = tmp_path / "network.onnx"
    path.write_bytes(made.SerializeToString())
    facts = read(str(path)).model
    assert facts.remarks[0].startswith("The shapes could not be worked out before a run: ")


@pytest.mark.parametrize(
    ("nodes", "why"),
    [
        ([node("Add", "x b", "a", "A"), node("Relu", "a", "b", "B")], "in a circle, among them 'A', 'B'"),
        ([node("Add", "x a", "a", "A")], "in a circle, among them 'A'"),
        ([node("Relu", "x", "a"), node("Exp", "x", "a")], "Two layers of network.onnx make the tensor 'a'"),
        ([node("Conv", "x nowhere", "a", "stem")], "'stem' of network.onnx needs 'nowhere'"),
        ([node("Relu", "x", "b")], "Nothing in network.onnx makes its output 'a'"),
        ([node("Relu", "x", "x")], "makes 'x', which is an input"),
        ([node("Constant", "", "a", value=weights("", 3))], "holds no layers"),
        ([], "holds no layers"),
    ],
)
def test_a_graph_that_cannot_run_is_refused_with_the_names(nodes, why, tmp_path):
    with pytest.raises(ModelError) as caught:
        opened(tmp_path, nodes, IMAGE, ["a"])
    assert why in caught.value.message
    assert caught.value.remedy


def test_tensors_that_are_not_what_they_say_are_refused(tmp_path):
    def refuse(match: str, **fields: object) -> None:
        wrong = TensorProto(name="w", **{"data_type": 1, "dims": [4, 3, 3, 3], **fields})
        with pytest.raises(ModelError, match=match):
            opened(tmp_path, [node("Conv", "x w", "y")], IMAGE, ["y"], [wrong])

    refuse("take 432 bytes, but 100 are there", raw_data=bytes(100))
    refuse("take 432 bytes, but 4,000 are there", raw_data=bytes(4000))
    refuse("take 432 bytes, but 4 are there", float_data=[1.0])
    refuse("take 432 bytes, but 0 are there")
    refuse("negative size", dims=[-4, 3, 3, 3], raw_data=bytes(432))
    refuse("take 166,020", dims=[2**31, 2**31, 3, 3])
    refuse("stored twice", raw_data=bytes(432), float_data=[0.0] * 108)


def test_a_file_without_versions_or_with_impossible_ones_is_refused(tmp_path):
    path = tmp_path / "network.onnx"
    made = model([node("Relu", "x", "y")], IMAGE, ["y"])
    for version, match in ((0, "version 0"), (-7, "version -7"), (None, "cut off")):
        del made.opset_import[:]
        if version is not None:
            made.opset_import.add(domain="", version=version)
        path.write_bytes(made.SerializeToString())
        with pytest.raises(ModelError, match=match):
            read(str(path))


def test_names_that_are_not_utf8_are_refused_and_other_texts_repaired(tmp_path):
    path = tmp_path / "network.onnx"
    made = model([node("Relu", "x", "QQQQ", "NNNN")], IMAGE, ["QQQQ"], producer_name="PPPP")
    data = made.SerializeToString()
    path.write_bytes(data.replace(b"QQQQ", b"\xff\xfe\x80\xc0"))
    with pytest.raises(ModelError, match="not in UTF-8"):
        read(str(path))
    path.write_bytes(data.replace(b"NNNN", b"a\xffbc").replace(b"PPPP", b"\xff\xfe\x80\xc0"))
    facts = read(str(path)).model
    assert facts.layers[0].name == "a\ufffdbc"
    json.dumps(facts.producer).encode()


def test_functions_that_unfold_without_end_are_refused_at_once(tmp_path):
    def function(name: str, *calls: str) -> onnx.FunctionProto:
        tensors = ["a", *(f"t{index}" for index in range(len(calls) - 1)), "b"]
        nodes = [
            helper.make_node(call, [tensors[index]], [tensors[index + 1]], domain="" if call == "Relu" else "own")
            for index, call in enumerate(calls)
        ]
        imports = [helper.make_opsetid("", 17), helper.make_opsetid("own", 1)]
        return helper.make_function("own", name, ["a"], ["b"], nodes, imports)

    def read_call(name: str, *functions: onnx.FunctionProto) -> Model:
        nodes = [node(name, "x", "y", domain="own")]
        return opened(tmp_path, nodes, IMAGE, ["y"], domains={"own": 1}, functions=functions).model

    bomb = [function("F0", "Relu", "Relu"), *(function(f"F{n}", f"F{n - 1}", f"F{n - 1}") for n in range(1, 40))]
    began = time.perf_counter()
    with pytest.raises(LimitError, match="1,099,511,627,776 nodes"):
        read_call("F39", *bomb)
    assert time.perf_counter() - began < 1
    with pytest.raises(ModelError, match="calls itself"):
        read_call("F", function("F", "Relu", "G"), function("G", "F"))
    layers = read_call("F1", *bomb[:2]).layers
    assert [(layer.op_type, layer.domain, layer.output.shape) for layer in layers] == [("Relu", "", (1, 3, 8, 8))] * 4


def test_hostile_names_and_texts_come_through_as_they_are(tmp_path):
    names = ["../../x", "/etc/cron.d/x", "line\nbreak", "nul\0byte", "n" * 300, "\U0001f9e0重み", "<b>bold</b>", "%s%n"]
    tensors = ["x", *names]
    nodes = [
        helper.make_node("Relu", [before], [after], name=f"node:{after}")
        for before, after in itertools.pairwise(tensors)
    ]
    facts = opened(tmp_path, nodes, IMAGE, [names[-1]]).model
    assert [layer.output.name for layer in facts.layers] == names
    assert [layer.name for layer in facts.layers] == [f"node:{name}" for name in names]


@pytest.mark.parametrize("count", [5_000, 50_000])
def test_long_networks_take_time_in_proportion_to_their_length(count, tmp_path):
    nodes = [helper.make_node("Relu", ["x" if n == 0 else f"t{n - 1}"], [f"t{n}"], f"n{n % 7}") for n in range(count)]
    path = save(tmp_path / "chain.onnx", nodes, [value("x", [1, 1, 2, 2])], [f"t{count - 1}"])
    began = time.process_time()
    facts = read(path).model
    assert len(facts.layers) == count
    assert time.process_time() - began < count * 0.6e-3  # seconds; measured 0.12 ms a layer
