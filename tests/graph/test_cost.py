"""Parameters and multiply-accumulates, held against published numbers and sums done by hand."""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from inspector.graph import cost
from inspector.graph.model import Model, Tensor
from inspector.graph.reader import read
from tests.graph.build import FLOAT, model, node, save, tensor, value, weights

IMAGE = [value("x", [1, 3, 8, 8])]


def facts(folder: Path, nodes, initializers=(), inputs=IMAGE, outputs=("y",), **settings) -> Model:
    return read(save(folder / "network.onnx", nodes, inputs, outputs, initializers, **settings)).model


# ---------------------------------------------------------------- published


def vgg16(path: Path) -> str:
    """VGG-16 (Simonyan and Zisserman 2015, configuration D): the structure, with weights that are holes in the file."""
    nodes, shapes, before, channels = [], [], "x", 3
    for stage, (count, width) in enumerate([(2, 64), (2, 128), (3, 256), (3, 512), (3, 512)], start=1):
        for index in range(1, count + 1):
            name = f"conv{stage}_{index}"
            nodes.append(node("Conv", f"{before} {name}_w {name}_b", name, name, pads=[1] * 4, kernel_shape=[3, 3]))
            nodes.append(node("Relu", name, f"{name}_relu"))
            shapes += [(f"{name}_w", (width, channels, 3, 3)), (f"{name}_b", (width,))]
            before, channels = f"{name}_relu", width
        nodes.append(node("MaxPool", before, f"pool{stage}", f"pool{stage}", kernel_shape=[2, 2], strides=[2, 2]))
        before = f"pool{stage}"
    nodes.append(node("Flatten", before, "flat"))
    before = "flat"
    for name, outputs, inputs in (("fc6", 4096, 25088), ("fc7", 4096, 4096), ("fc8", 1000, 4096)):
        nodes.append(node("Gemm", f"{before} {name}_w {name}_b", name, name, transB=1))
        shapes += [(f"{name}_w", (outputs, inputs)), (f"{name}_b", (outputs,))]
        before = name
        if name != "fc8":
            nodes.append(node("Relu", name, f"{name}_relu"))
            before = f"{name}_relu"
    made = model(nodes, [value("x", [1, 3, 224, 224])], [before])
    return _with_holes(path, made, shapes)


def _with_holes(path: Path, made: onnx.ModelProto, shapes) -> str:
    """Write a model whose weights are holes: it takes as many bytes as a real one, and no room on the disk."""
    pieces: list[bytes | int] = []
    for name, shape in shapes:
        head = TensorProto(name=name, data_type=1, dims=shape).SerializeToString()
        count = 4 * int(np.prod(shape))
        head += b"\x4a" + _varint(count)  # raw_data
        pieces += [b"\x2a" + _varint(len(head) + count) + head, count]  # graph.initializer
    graph = made.graph.SerializeToString()
    made.ClearField("graph")
    length = len(graph) + sum(each if isinstance(each, int) else len(each) for each in pieces)
    with path.open("wb") as file:
        file.write(made.SerializeToString() + b"\x3a" + _varint(length) + graph)
        for piece in pieces:
            if isinstance(piece, int):
                file.seek(piece, os.SEEK_CUR)
            else:
                file.write(piece)
        file.truncate(file.tell())
    return str(path)


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


def test_vgg16_has_its_published_size_and_opens_at_once(tmp_path):
    path = vgg16(tmp_path / "vgg16.onnx")
    assert os.path.getsize(path) > 553e6
    began = time.perf_counter()
    opened = read(path)
    seconds = time.perf_counter() - began
    made = opened.model
    assert made.parameters == 138_357_544
    assert made.macs == 15_470_264_320
    assert opened.proto.ByteSize() < 20_000
    fields = {name: made.layer(name).receptive_field for name in ("conv1_1", "conv5_3", "pool5")}
    assert [field.size[0] for field in fields.values()] == [3, 196, 212]  # Araujo, Norris and Sim
    assert fields["pool5"].jump == (32.0, 32.0)
    assert fields["pool5"].status == "exact"
    assert made.layer("fc6").receptive_field.status == "whole input"
    assert made.layer("conv5_3").weight("kernel").read(500, 1).shape == (1, 512, 3, 3)
    assert seconds < 0.5  # measured 0.02


def resnet50() -> onnx.ModelProto:
    """ResNet-50 (He et al. 2016) with the stride in the 3 x 3 convolution, as torchvision has it."""
    nodes, initializers = [], []

    def conv(before: str, name: str, inputs: int, outputs: int, kernel: int, stride: int = 1) -> str:
        initializers.append(tensor(f"{name}_w", np.zeros((outputs, inputs, kernel, kernel), np.float32)))
        nodes.append(node("Conv", f"{before} {name}_w", name, name, strides=[stride] * 2, pads=[kernel // 2] * 4))
        parts = [f"{name}_{part}" for part in ("scale", "offset", "mean", "variance")]
        initializers.extend(tensor(part, np.zeros(outputs, np.float32)) for part in parts)
        nodes.append(node("BatchNormalization", f"{name} {' '.join(parts)}", f"{name}_bn"))
        return f"{name}_bn"

    def relu(before: str) -> str:
        nodes.append(node("Relu", before, f"{before}_relu"))
        return f"{before}_relu"

    last = relu(conv("x", "stem", 3, 64, 7, 2))
    nodes.append(node("MaxPool", last, "pool", "pool", kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4))
    last, channels = "pool", 64
    for stage, (count, width) in enumerate([(3, 64), (4, 128), (6, 256), (3, 512)], start=1):
        for block in range(count):
            name, stride = f"s{stage}b{block}", 2 if stage > 1 and block == 0 else 1
            inner = relu(conv(last, f"{name}a", channels, width, 1))
            inner = relu(conv(inner, f"{name}b", width, width, 3, stride))
            inner = conv(inner, f"{name}c", width, width * 4, 1)
            skip = conv(last, f"{name}d", channels, width * 4, 1, stride) if block == 0 else last
            nodes.append(node("Add", f"{inner} {skip}", name, name))
            last, channels = relu(name), width * 4
    nodes += [node("GlobalAveragePool", last, "gap", "gap"), node("Flatten", "gap", "flat")]
    nodes.append(node("Gemm", "flat fc_w fc_b", "fc", "fc", transB=1))
    initializers += [tensor("fc_w", np.zeros((1000, 2048), np.float32)), tensor("fc_b", np.zeros(1000, np.float32))]
    return model(nodes, [value("x", [1, 3, 224, 224])], ["fc"], initializers)


def test_resnet50_has_its_published_size(tmp_path):
    path = tmp_path / "resnet50.onnx"
    path.write_bytes(resnet50().SerializeToString())
    made = read(str(path)).model
    assert made.parameters == 25_557_032
    assert made.statistics == 53_120  # mean and variance of 26,560 channels
    assert made.macs == 4_089_184_256
    stem = made.layer("stem").receptive_field
    assert (stem.size, stem.jump, stem.start) == ((7, 7), (2.0, 2.0), (0.5, 0.5))
    last = made.layer("s4b2").receptive_field
    assert (last.size, last.status) == ((427, 427), "exact")  # 483 - 56: the stride comes after the 3 x 3 field
    assert made.layer("gap").receptive_field.status == "whole input"


def test_squeezenet_has_its_published_size(shared):
    made = read(str(shared / "assets/models/squeezenet_fp16.onnx")).model
    assert made.parameters == 1_235_496
    assert made.macs == 349_151_936
    field = made.layer("fire2/expand3x3_2").receptive_field
    assert (field.size, field.status) == ((15, 15), "exact")  # 3, 3 / 2, 1, 3: 3 + 2 * 2 + 4 * 2


# ---------------------------------------------------------------- by hand


def test_the_cost_of_each_kind_of_layer(tmp_path):
    nodes = [
        node("Conv", "x w b", "a", group=3, strides=[2, 1]),
        node("ConvTranspose", "a t", "c", strides=[2, 2]),
        node("Flatten", "c", "d"),
        node("Gemm", "d g", "e"),
        node("MatMul", "e m", "y"),
    ]
    initializers = [
        weights("w", 6, 1, 3, 2),
        weights("b", 6),
        weights("t", 6, 4, 2, 2),
        weights("g", 4 * 6 * 14, 5),
        weights("m", 5, 7),
    ]
    made = facts(tmp_path, nodes, initializers)
    assert [layer.output.shape for layer in made.layers] == [(1, 6, 3, 7), (1, 4, 6, 14), (1, 336), (1, 5), (1, 7)]
    assert [layer.macs for layer in made.layers] == [6 * 3 * 7 * 6, 6 * 3 * 7 * 4 * 4, 0, 336 * 5, 5 * 7]
    assert [layer.parameters for layer in made.layers] == [36 + 6, 96, 0, 1680, 35]
    assert (made.macs, made.parameters) == (756 + 2016 + 1680 + 35, 42 + 96 + 1680 + 35)


def test_integer_and_fused_layers_cost_what_their_plain_ones_do(tmp_path):
    codes = tensor("k", np.ones((4, 3, 3, 3), np.int8))
    numbers = [
        tensor("s", np.float32(0.1)),
        tensor("z", np.uint8(0)),
        tensor("zk", np.int8(0)),
        weights("w", 4, 3, 3, 3),
    ]
    nodes = [
        node("QuantizeLinear", "x s z", "q"),
        node("QLinearConv", "q s z k s zk s z", "a"),
        node("ConvInteger", "q k z", "b"),
        node("FusedConv", "x w", "c", activation="Relu", domain="com.microsoft"),
        node("QLinearMatMul", "a s z m s z s z", "d"),
        node("MatMulInteger", "a m", "e"),
    ]
    matrix = tensor("m", np.ones((6, 5), np.uint8))
    made = facts(tmp_path, nodes, [codes, *numbers, matrix], outputs=["c"], domains={"com.microsoft": 1})
    conv, product = 4 * 6 * 6 * 27, 4 * 6 * 5 * 6
    assert [layer.macs for layer in made.layers] == [0, conv, conv, conv, product, product]
    assert [layer.parameters for layer in made.layers] == [0, 108, 108, 108, 30, 30]
    assert made.parameters == 108 + 108 + 30  # two kernels and a matrix, each once


def test_recurrent_layers_are_counted_gate_by_gate(tmp_path):
    nodes = [node("LSTM", "x w r b", "y", hidden_size=5, direction="bidirectional")]
    initializers = [weights("w", 2, 20, 3), weights("r", 2, 20, 5), weights("b", 2, 40)]
    made = facts(tmp_path, nodes, initializers, inputs=[value("x", [7, 1, 3])])
    assert made.macs == 7 * 2 * 4 * 5 * (3 + 5)
    assert made.parameters == 2 * 20 * 3 + 2 * 20 * 5 + 2 * 40


def test_a_weight_that_two_layers_share_counts_in_both_and_once_in_all(tmp_path):
    nodes = [node("Conv", "x w", "a", pads=[1] * 4), node("Conv", "a w", "y")]
    made = facts(tmp_path, nodes, [weights("w", 3, 3, 3, 3)])
    assert [layer.parameters for layer in made.layers] == [81, 81]
    assert made.parameters == 81


def test_running_statistics_are_listed_apart(tmp_path):
    nodes = [node("BatchNormalization", "x s b m v", "y")]
    made = facts(tmp_path, nodes, [weights(name, 3) for name in "sbmv"])
    assert (made.parameters, made.statistics) == (6, 6)
    assert [each.role for each in made.layers[0].weights] == ["scale", "offset", "mean", "variance"]


def test_only_what_was_learned_counts(tmp_path):
    nodes = [
        node("Add", "x plane", "a"),  # counted: a plane of numbers
        node("Mul", "a half", "b"),  # not: a single number
        node("Clip", "b half half", "c"),  # not: bounds
        node("PRelu", "c slope", "d"),  # counted
        node("Reshape", "d shape", "e"),  # not: a shape
        node("Resize", "e _ scales", "f"),  # not: scales
        node("Shape", "f", "g"),
        node("Mul", "g shape", "h"),  # not: integers
        node("Reshape", "f h", "y"),
    ]
    initializers = [
        weights("plane", 3, 8, 8),
        tensor("half", np.float32(0.5)),
        weights("slope", 3, 1, 1),
        tensor("shape", np.array([1, 3, 8, 8])),
        tensor("scales", np.array([1, 1, 2, 2], np.float32)),
    ]
    made = facts(tmp_path, nodes, initializers)
    assert {layer.output.name: layer.parameters for layer in made.layers if layer.parameters} == {"a": 192, "d": 3}
    assert made.parameters == 195


def test_a_table_that_is_looked_up_was_learned_and_indices_were_not(tmp_path):
    nodes = [node("Cast", "x", "i", to=TensorProto.INT64), node("Gather", "table i", "a"), node("Gather", "a one", "y")]
    made = facts(tmp_path, nodes, [weights("table", 100, 16), tensor("one", np.array([1]))])
    assert [layer.parameters for layer in made.layers] == [0, 1600, 0]


def test_an_open_batch_counts_as_one_picture_and_an_open_size_as_unknown(tmp_path):
    conv = [node("Conv", "x w", "a", "stem"), node("Relu", "a", "y")]
    kernel = [weights("w", 4, 3, 3, 3)]
    made = facts(tmp_path, conv, kernel, inputs=[value("x", ["batch", 3, 8, 8])])
    assert made.macs == 4 * 6 * 6 * 27
    assert made.remarks == ("The batch size is open; multiply-accumulates are those of one picture.",)
    made = facts(tmp_path, conv, kernel, inputs=[value("x", [1, 3, "height", 8])])
    assert [layer.macs for layer in made.layers] == [None, 0]
    assert made.remarks == ("The multiply-accumulates of 1 layer are not known before a run.",)


def test_an_operator_that_nobody_knows_has_no_known_cost(tmp_path):
    made = facts(tmp_path, [node("Magic", "x", "y", domain="com.acme")], domains={"com.acme": 1})
    assert made.layers[0].macs is None
    assert made.macs is None


@pytest.mark.parametrize("dtype", [FLOAT, TensorProto.FLOAT16])
def test_weights_in_constants_count_too(dtype, tmp_path):
    kernel = helper.make_tensor("", dtype, [4, 3, 3, 3], np.ones(108))
    nodes = [node("Constant", "", "w", value=kernel), node("Conv", "x w", "y")]
    made = facts(tmp_path, nodes, inputs=[value("x", [1, 3, 8, 8], dtype)])
    assert (made.parameters, made.macs) == (108, 4 * 36 * 27)


# ---------------------------------------------------------------- bytes, and a fully connected layer in its place


def test_a_dense_layer_joins_every_element_of_one_volume_with_every_one_of_the_other(tmp_path):
    nodes = [node("Conv", "x w b", "c", "stem", strides=[2, 2]), node("Relu", "c", "y")]
    made = facts(tmp_path, nodes, [weights("w", 4, 3, 3, 3), weights("b", 4)])
    conv, relu = made.layers
    found = cost.dense(conv, cost.shapes_of(made))
    # 3 * 8 * 8 = 192 elements in, 4 * 3 * 3 = 36 out: 6,912, where 108 weights and 36 * 27 = 972 MACs do
    assert (found.inputs, found.outputs, found.parameters, found.macs) == (192, 36, 6_912, 6_912)
    assert found.parameters_factor == 64
    assert found.macs_factor == pytest.approx(6_912 / 972)
    assert cost.dense(relu, cost.shapes_of(made)) is None


def test_a_dense_layer_costs_what_a_fully_connected_one_does(tmp_path):
    made = facts(tmp_path, [node("MatMul", "x w", "y")], [weights("w", 8, 5)], [value("x", [2, 8])])
    found = cost.dense(made.layers[0], cost.shapes_of(made))
    assert (found.parameters, found.macs, found.parameters_factor, found.macs_factor) == (40, 80, 1, 1)


def test_a_batch_counts_for_the_work_of_a_dense_layer_and_an_open_one_as_one_picture(tmp_path):
    conv, kernel = [node("Conv", "x w", "y")], [weights("w", 4, 3, 3, 3)]
    for batch, times in ((5, 5), ("N", 1)):
        made = facts(tmp_path, conv, kernel, [value("x", [batch, 3, 8, 8])])
        found = cost.dense(made.layers[0], cost.shapes_of(made))
        assert (found.parameters, found.macs) == (192 * 144, times * 192 * 144)
        assert found.macs_factor == pytest.approx(192 * 144 / (144 * 27))
    made = facts(tmp_path, conv, kernel, [value("x", [1, 3, "height", 8])])
    assert cost.dense(made.layers[0], cost.shapes_of(made)) is None


def test_a_dense_layer_on_a_picture_of_8k_would_need_more_weights_than_fit_anywhere(tmp_path):
    kernel = [weights("w", 1, 3, 3, 3)]
    made = facts(tmp_path, [node("Conv", "x w", "y", pads=[1] * 4)], kernel, [value("x", [1, 3, 4320, 7680])])
    found = cost.dense(made.layers[0], cost.shapes_of(made))
    # 7680 * 4320 = 33,177,600 pixels: 3 * 33,177,600 squared, in 27 weights' place
    assert found.parameters == 3 * 33_177_600**2 == 3_302_259_425_280_000
    assert found.parameters_factor == pytest.approx(122_305_904_640_000)


def test_bytes_are_those_of_the_type_and_of_each_stored_tensor_once(tmp_path):
    kernel = helper.make_tensor("w", TensorProto.FLOAT16, [4, 3, 3, 3], np.ones(108))
    shapes = [value("x", [1, 3, 8, 8], TensorProto.FLOAT16)]
    made = facts(tmp_path, [node("Conv", "x w", "y")], [kernel], shapes)
    assert cost.weight_bytes(made.layers[0]) == 216
    assert cost.tensor_bytes(made.layers[0].output) == 4 * 36 * 2
    assert cost.tensor_bytes(Tensor("codes", "int4", ("N", 3))) == 2  # twelve bits
    assert cost.tensor_bytes(Tensor("open", "float32", (1, None))) is None
    assert cost.tensor_bytes(Tensor("words", "string", (1,))) is None
    twice = facts(tmp_path, [node("Add", "w w", "y")], [weights("w", 2, 5)])
    assert cost.weight_bytes(twice.layers[0]) == 40
