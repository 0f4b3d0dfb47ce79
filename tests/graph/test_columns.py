"""Networks as columns: what is drawn as one, what feeds what, and what it is part of."""

from __future__ import annotations

from dataclasses import replace

import pytest

from inspector.graph.columns import INPUT, columns_of
from inspector.graph.model import Layer, Model, Tensor
from inspector.graph.reader import read

FAMILIES = {
    **dict.fromkeys(("Conv",), "convolution"),
    **dict.fromkeys(("Relu", "Sigmoid", "Clip", "Softmax"), "activation"),
    **dict.fromkeys(("MaxPool",), "pooling"),
    **dict.fromkeys(("BatchNormalization",), "normalization"),
    **dict.fromkeys(("Add", "Mul", "Concat", "Div"), "merge"),
    **dict.fromkeys(("Reshape", "Slice", "Shape", "Gather", "Resize"), "shape"),
}


def layer(name: str, op_type: str, *inputs: str, inside: tuple[tuple[str, str], ...] = ()) -> Layer:
    """A layer whose only tensor has its name."""
    family = FAMILIES.get(op_type, "other")
    return Layer(0, name, op_type, "", family, inputs, (Tensor(name, "float32", None),), inside=inside)


def network(*layers: Layer, outputs: tuple[str, ...] = ()) -> Model:

    numbered = tuple(replace(each, index=index) for index, each in enumerate(layers))
    ends = tuple(Tensor(name, "float32", None) for name in outputs or (layers[-1].name,))
    return Model("m.onnx", 17, "", (Tensor("x", "float32", (1, 3, 8, 8)),), ends, numbered)


def grouped(model: Model) -> list[list[str]]:
    return [[each.name for each in column.layers] for column in columns_of(model).columns]


def test_a_convolution_is_drawn_with_its_normalization_and_activation():
    model = network(
        layer("conv", "Conv", "x"), layer("norm", "BatchNormalization", "conv"), layer("relu", "Relu", "norm")
    )
    (column,) = columns_of(model).columns
    assert [each.name for each in column.layers] == ["conv", "norm", "relu"]
    assert column.shown.name == "relu"
    assert column.families == ("convolution", "normalization", "activation")
    assert column.sources == (INPUT,)


def test_every_layer_can_have_a_column_of_its_own():
    model = network(layer("conv", "Conv", "x"), layer("relu", "Relu", "conv"), layer("pool", "MaxPool", "relu"))
    assert grouped(model) == [["conv", "relu"], ["pool"]]
    found = columns_of(model, apart=True).columns
    assert [[each.name for each in column.layers] for column in found] == [["conv"], ["relu"], ["pool"]]
    assert [column.sources for column in found] == [(INPUT,), (0,), (1,)]


def test_an_activation_made_of_several_operators_belongs_to_its_convolution():
    silu = network(layer("conv", "Conv", "x"), layer("gate", "Sigmoid", "conv"), layer("mul", "Mul", "conv", "gate"))
    assert grouped(silu) == [["conv", "gate", "mul"]]
    hard_swish = network(
        layer("conv", "Conv", "x"),
        layer("add", "Add", "conv", "three"),
        layer("clip", "Clip", "add"),
        layer("mul", "Mul", "conv", "clip"),
        layer("div", "Div", "mul", "six"),
    )
    assert grouped(hard_swish) == [["conv", "add", "clip", "mul", "div"]]


def test_what_somebody_else_takes_ends_its_column():
    model = network(
        layer("conv", "Conv", "x"),
        layer("relu", "Relu", "conv"),
        layer("sum", "Add", "conv", "relu"),
        layer("p", "MaxPool", "relu"),
        outputs=("sum", "p"),
    )
    assert grouped(model) == [["conv"], ["relu"], ["sum"], ["p"]]


def test_an_output_of_the_model_ends_its_column():
    model = network(layer("conv", "Conv", "x"), layer("relu", "Relu", "conv"), outputs=("conv", "relu"))
    assert grouped(model) == [["conv"], ["relu"]]
    assert [column.gives for column in columns_of(model).columns] == [("conv",), ("relu",)]


def test_a_sum_of_two_ways_is_a_bar_unless_an_activation_follows():
    ways = (layer("a", "Conv", "x"), layer("b", "Conv", "a"))
    bar = columns_of(network(*ways, layer("sum", "Add", "a", "b"), layer("pool", "MaxPool", "sum"))).columns[2]
    assert (bar.is_bar, bar.sources) == (True, (0, 1))
    active = columns_of(network(*ways, layer("sum", "Add", "a", "b"), layer("relu", "Relu", "sum"))).columns[2]
    assert (active.is_bar, active.shown.name) == (False, "relu")


def test_slices_are_bars_and_an_enlargement_is_a_picture():
    model = network(layer("cut", "Slice", "x"), layer("again", "Slice", "cut"), layer("large", "Resize", "again"))
    columns = columns_of(model).columns
    assert [[each.name for each in column.layers] for column in columns] == [["cut", "again"], ["large"]]
    assert [column.is_bar for column in columns] == [True, False]


def test_layers_that_compute_from_sizes_alone_are_left_out_and_counted():
    model = network(
        layer("conv", "Conv", "x"),
        layer("shape", "Shape", "conv"),
        layer("first", "Gather", "shape", "zero"),
        layer("flat", "Reshape", "conv", "first"),
    )
    found = columns_of(model)
    assert [column.shown.name for column in found.columns] == ["conv", "flat"]
    assert found.left_out == 2
    assert "shape" not in found.of_layer
    assert found.columns[1].sources == (0,)


def test_graphs_within_a_layer_come_before_it():
    branch = (("if", "then_branch"),)
    model = network(
        layer("condition", "Conv", "x"),
        layer("if", "If", "condition"),
        layer("inner", "Conv", "constant_like", inside=branch),
        layer("last", "Relu", "inner", inside=branch),
        outputs=("if",),
    )
    columns = {column.shown.name: column for column in columns_of(model).columns}
    assert [each.name for each in columns["last"].layers] == ["inner", "last"]
    assert columns["last"].place in columns["if"].sources
    assert columns["last"].sources == (columns["condition"].place,)  # what the branch is taken for
    assert columns["last"].path == ("if, then branch",)


@pytest.mark.parametrize(
    ("name", "op_type", "path", "short"),
    [
        ("/layer1/layer1.0/conv1/Conv", "Conv", ("layer1", "layer1.0"), "conv1"),
        ("fire2/squeeze1x1", "Conv", ("fire2",), "squeeze1x1"),
        ("MobilenetV2/expanded_conv/depthwise/Relu6", "Conv", ("MobilenetV2", "expanded_conv"), "depthwise"),
        ("Conv_41", "Conv", (), "Conv_41"),
        ("/Conv", "Conv", (), "Conv"),
    ],
)
def test_a_name_says_what_a_column_is_part_of(name, op_type, path, short):
    (column,) = columns_of(network(layer(name, op_type, "x"))).columns
    assert (column.path, column.name) == (path, short)


def test_what_a_block_computes_itself_is_part_of_it():
    model = network(
        layer("/layer1.0/conv1/Conv", "Conv", "x"), layer("/layer1.0/Add", "Add", "/layer1.0/conv1/Conv", "x")
    )
    columns = columns_of(model).columns
    assert [(column.path, column.name) for column in columns] == [(("layer1.0",), "conv1"), (("layer1.0",), "Add")]


def test_numbers_that_only_count_the_layers_of_a_column_are_no_name():
    (column,) = columns_of(network(layer("conv1_1", "Conv", "x"), layer("conv1_2", "Relu", "conv1_1"))).columns
    assert column.name == "conv1"


def test_every_layer_of_real_networks_is_in_one_column(shared):
    for name in ("squeezenet_fp16", "yolox_nano", "silero_vad_op18", "unet_sed_gen", "deeplabv3_nhwc"):
        model = read(str(shared / "assets" / "models" / f"{name}.onnx")).model
        found = columns_of(model)
        drawn = [each.name for column in found.columns for each in column.layers]
        assert len(drawn) == len(set(drawn)) == len(model.layers) - found.left_out
        assert all(found.columns[found.of_layer[each]].place == found.of_layer[each] for each in drawn)


def test_squeezenet_has_its_eight_fire_modules_of_three_columns_and_a_bar(shared):
    found = columns_of(read(str(shared / "assets" / "models" / "squeezenet_fp16.onnx")).model)
    for number in range(2, 10):
        module = [column for column in found.columns if column.path == (f"fire{number}",)]
        assert [column.is_bar for column in module] == [False, False, False, True]
        squeeze, left, right, concat = (column.place for column in module)
        assert module[1].sources == module[2].sources == (squeeze,)
        assert module[3].sources == (left, right)
        assert concat == module[3].place
