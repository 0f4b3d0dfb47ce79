"""What the integers of a quantized network stand for: held against what ONNX Runtime computes with them."""

from __future__ import annotations

import json

import msgspec
import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto

from inspector.graph.model import Codes, Model, Tensor
from inspector.graph.reader import Opened, read
from tests.graph.build import node, run, save, tensor, value, weights

IMAGE = [value("x", [1, 3, 8, 8])]
MS = {"com.microsoft": 1}
RANDOM = np.random.default_rng(11)
X = RANDOM.standard_normal((1, 3, 8, 8)).astype(np.float32)
SCALES = [  # numbers that float32 holds exactly
    *(tensor("s", np.float32(0.0625)), tensor("z", np.uint8(128))),
    *(tensor("s2", np.float32(0.25)), tensor("z2", np.uint8(7))),
    *(tensor("ws", np.array([0.5, 0.25, 0.125, 2], np.float32)), tensor("wz", np.zeros(4, np.int8))),
]
KERNEL = RANDOM.integers(-100, 100, (4, 3, 3, 3), dtype=np.int8)
S, S2 = Codes((0.0625,), (128,)), Codes((0.25,), (7,))


def opened(folder, nodes, outputs, initializers=(), inputs=IMAGE, **settings) -> Opened:
    settings = {"domains": MS, **settings}
    return read(save(folder / "network.onnx", nodes, inputs, outputs, [*SCALES, *initializers], **settings))


def tensors(model: Model) -> dict[str, Tensor]:
    return {each.name: each for layer in model.layers for each in layer.outputs} | {
        each.name: each for each in model.inputs
    }


def codes_in(made: Opened) -> dict[str, Codes | None]:
    return {name: each.codes for name, each in tensors(made.model).items()}


# ---------------------------------------------------------------- activations


def test_a_tensor_that_is_quantized_says_by_what(tmp_path):
    nodes = [
        node("QuantizeLinear", "x s z", "q"),
        node("DequantizeLinear", "q s z", "d"),
        node("QuantizeLinear", "d axis_scale axis_zero", "p", axis=-3),
        node("DequantizeLinear", "p axis_scale axis_zero", "e", axis=1),
        node("QuantizeLinear", "e s", "plain"),
        node("DequantizeLinear", "plain s", "y"),
    ]
    per_axis = [
        tensor("axis_scale", np.array([0.5, 0.25, 2], np.float32)),
        tensor("axis_zero", np.array([0, 3, -5], np.int8)),
    ]
    made = opened(tmp_path, nodes, ["y"], per_axis)
    assert made.model.quantized == "QDQ"
    found = codes_in(made)
    assert found == {
        "x": None,
        "q": S,
        "d": None,
        "p": Codes((0.5, 0.25, 2.0), (0, 3, -5), axis=1),
        "e": None,
        "plain": Codes((0.0625,)),
        "y": None,
    }
    computed = run(made, {"x": X})
    np.testing.assert_array_equal((computed["q"].astype(np.float32) - 128) * 0.0625, computed["d"])
    zero = np.array([0, 3, -5]).reshape(1, 3, 1, 1)
    np.testing.assert_array_equal((computed["p"] - zero) * np.reshape([0.5, 0.25, 2], (1, 3, 1, 1)), computed["e"])
    again = msgspec.json.decode(msgspec.json.encode(made.model), type=Model)
    assert again == made.model
    assert json.loads(msgspec.json.encode(made.model))["quantized"] == "QDQ"


OPERATORS = {
    "QLinearConv": [node("QLinearConv", "q s z k ws wz s2 z2", "y")],
    "QLinearAdd": [node("QLinearAdd", "q s z q s z s2 z2", "y", domain="com.microsoft")],
    "QLinearMul": [node("QLinearMul", "q s z q s z s2 z2", "y", domain="com.microsoft")],
    "QLinearConcat": [node("QLinearConcat", "s2 z2 q s z q s z", "y", axis=1, domain="com.microsoft")],
    "QLinearSigmoid": [node("QLinearSigmoid", "q s z s2 z2", "y", domain="com.microsoft")],
    "QLinearLeakyRelu": [node("QLinearLeakyRelu", "q s z s2 z2", "y", domain="com.microsoft", alpha=0.1)],
    "QLinearSoftmax": [node("QLinearSoftmax", "q s z s2 z2", "y", domain="com.microsoft", opset=13, axis=-1)],
    "QLinearAveragePool": [node("QLinearAveragePool", "q s z s2 z2", "y", domain="com.microsoft", kernel_shape=[2, 2])],
    "QLinearGlobalAveragePool": [node("QLinearGlobalAveragePool", "q s z s2 z2", "y", domain="com.microsoft")],
    "QLinearWhere": [node("QLinearWhere", "yes q s z q s z s2 z2", "y", domain="com.microsoft")],
    "QLinearMatMul": [node("QLinearMatMul", "q s z m s z s2 z2", "y")],
    "QGemm": [node("Flatten", "q", "f"), node("QGemm", "f s z g s z _ s2 z2", "y", domain="com.microsoft")],
}
FLOATS = {  # the same in real numbers, by numpy
    "QLinearAdd": lambda real: real + real,
    "QLinearMul": lambda real: real * real,
    "QLinearConcat": lambda real: np.concatenate([real, real], 1),
    "QLinearSigmoid": lambda real: 1 / (1 + np.exp(-real)),
    "QLinearLeakyRelu": lambda real: np.where(real < 0, 0.1 * real, real),
    "QLinearGlobalAveragePool": lambda real: real.mean((2, 3), keepdims=True),
    "QLinearWhere": lambda real: real,
}


@pytest.mark.parametrize("operator", OPERATORS)
def test_operators_on_codes_say_what_they_give_out(operator, tmp_path):
    nodes = [node("QuantizeLinear", "x s z", "q"), *OPERATORS[operator], node("DequantizeLinear", "y s2 z2", "out")]
    more = [
        tensor("k", KERNEL),
        tensor("yes", np.ones((1, 3, 8, 8), np.bool_)),
        tensor("m", np.full((8, 5), 129, np.uint8)),
        tensor("g", np.full((192, 5), 129, np.uint8)),
    ]
    made = opened(tmp_path, nodes, ["out"], more)
    assert made.model.quantized == "QOperator"
    found = codes_in(made)
    assert found["q"] == S
    assert found["y"] == S2
    computed = run(made, {"x": X})
    real = (computed["q"].astype(np.float64) - 128) * 0.0625
    given = (computed["y"].astype(np.float64) - 7) * 0.25
    if operator in FLOATS:
        expected = np.clip(FLOATS[operator](real), -7 * 0.25, (255 - 7) * 0.25)
        assert np.abs(given - expected).max() <= 0.2501  # half a step, or a whole one where it works in tables


def test_operators_that_move_codes_hand_their_meaning_on(tmp_path):
    nodes = [
        node("QuantizeLinear", "x s z", "q"),
        node("MaxPool", "q", "a", kernel_shape=[2, 2]),
        node("Transpose", "a", "b", perm=[0, 2, 3, 1]),
        node("Reshape", "b shape", "c"),
        node("Slice", "c from to", "d"),
        node("Concat", "d d", "e", axis=1),
        node("Split", "e", "f g", axis=1),
        node("Gather", "f index", "h", axis=0),
        node("Unsqueeze", "h index1", "i"),
        node("Squeeze", "i index1", "j"),
        node("Identity", "j", "k"),
        node("Flatten", "k", "l"),
        node("Resize", "q _ scales", "m", mode="nearest"),
        node("DequantizeLinear", "l s z", "y"),
        node("DequantizeLinear", "m s z", "w"),
        node("DequantizeLinear", "g s z", "v"),
    ]
    numbers = [
        tensor("shape", np.array([1, 49, 3])),
        tensor("from", np.array([0, 1])),
        tensor("to", np.array([1, 41])),
        tensor("index", np.array(0)),
        tensor("index1", np.array([0])),
        tensor("scales", np.array([1, 1, 2, 2], np.float32)),
    ]
    made = opened(tmp_path, nodes, ["y", "w", "v"], numbers)
    found = codes_in(made)
    assert {name for name, each in found.items() if each == S} == set("qabcdefghijklm")
    assert all(found[name] is None for name in "xywv")


def test_codes_of_each_channel_follow_their_axis_or_are_not_known(tmp_path):
    nodes = [
        node("QuantizeLinear", "x cs cz", "q", axis=1),
        node("Transpose", "q", "t", perm=[0, 2, 3, 1]),
        node("MaxPool", "q", "p", kernel_shape=[2, 2]),
        node("Reshape", "q shape", "r"),
        node("DequantizeLinear", "t cs cz", "y", axis=3),
        node("Cast", "p", "p2", to=6),
        node("Cast", "r", "r2", to=6),
    ]
    numbers = [tensor("cs", np.array([1, 2, 4], np.float32)), tensor("cz", np.array([1, 2, 3], np.uint8))]
    numbers.append(tensor("shape", np.array([1, 192])))
    made = opened(tmp_path, nodes, ["y", "p2", "r2"], numbers)
    found = codes_in(made)
    of_three = Codes((1.0, 2.0, 4.0), (1, 2, 3), axis=1)
    assert found["q"] == found["p"] == of_three
    assert found["t"] == Codes((1.0, 2.0, 4.0), (1, 2, 3), axis=3)
    assert found["r"] is None
    computed = run(made, {"x": X})
    np.testing.assert_array_equal((computed["t"] - np.array([1.0, 2, 3])) * [1, 2, 4], computed["y"])


def test_an_input_of_codes_is_told_by_what_reads_it(tmp_path):
    inputs = [value("a", [1, 3, 8, 8], TensorProto.UINT8), value("b", [1, 3, 8, 8], TensorProto.UINT8)]
    inputs.append(value("c", [1, 3, 8, 8], TensorProto.UINT8))
    nodes = [
        node("DequantizeLinear", "a s z", "d"),
        node("Reshape", "b same", "b2"),
        node("QLinearAdd", "b2 s z c s2 z2 s z", "e", domain="com.microsoft"),
        node("DequantizeLinear", "e s z", "f"),
        node("Add", "d f", "y"),
    ]
    found = codes_in(opened(tmp_path, nodes, ["y"], [tensor("same", np.array([1, 3, 8, 8]))], inputs))
    assert (found["a"], found["b2"], found["c"], found["e"]) == (S, S, S2, S)
    assert found["b"] is None  # only its Reshape is read as codes


def test_dynamic_quantization_names_the_tensors_that_hold_its_scales(tmp_path):
    nodes = [
        node("DynamicQuantizeLinear", "x", "q qs qz"),
        node("ConvInteger", "q k qz kz", "sums", "conv"),
        node("Mul", "qs ks", "both"),
        node("Cast", "sums", "floats", to=1),
        node("Mul", "floats both", "y"),
        node("Flatten", "q", "flat"),
        node("MatMulInteger", "flat m qz", "dots", "dense"),
        node("Cast", "dots", "dotted", to=1),
        node("Mul", "qs ms", "each"),
        node("Mul", "each dotted", "w"),
    ]
    matrix, columns = RANDOM.integers(-100, 100, (192, 5), dtype=np.int8), np.array([0.5, 1, 2, 4, 8], np.float32)
    numbers = [tensor("k", KERNEL), tensor("kz", np.int8(3)), tensor("ks", np.float32(0.125))]
    made = opened(tmp_path, nodes, ["y", "w"], [*numbers, tensor("m", matrix), tensor("ms", columns)])
    assert made.model.quantized == "dynamic"
    found = codes_in(made)
    assert found["q"] == found["flat"] == Codes(scale_tensor="qs", zero_point_tensor="qz")
    assert found["sums"] == Codes(scale_tensor="both")
    assert found["dots"].scale_tensor == "each"
    computed = run(made, {"x": X})
    np.testing.assert_array_equal(computed["sums"].astype(np.float32) * computed["both"], computed["y"])
    np.testing.assert_array_equal(computed["dots"].astype(np.float32) * computed["each"], computed["w"])
    conv, dense = made.model.layer("conv").weight("kernel"), made.model.layer("dense").weight("kernel")
    np.testing.assert_array_equal(conv.read(), (KERNEL.astype(np.float64) - 3) * 0.125)
    np.testing.assert_array_equal(dense.read(), matrix * columns.astype(np.float64))
    assert made.model.parameters == KERNEL.size + matrix.size


def test_sums_of_integers_without_a_scale_stand_for_themselves(tmp_path):
    inputs = [value("a", [1, 3, 8, 8], TensorProto.UINT8)]
    made = opened(tmp_path, [node("ConvInteger", "a k", "y", "conv")], ["y"], [tensor("k", KERNEL)], inputs)
    assert codes_in(made) == {"a": None, "y": None}
    assert made.model.layers[0].weight("kernel").quantization is None
    np.testing.assert_array_equal(made.model.layers[0].weight("kernel").read(), KERNEL)


@pytest.mark.parametrize(
    ("dtype", "low", "high"), [("uint4", 0, 15), ("int4", -8, 7), ("int16", -(1 << 15), (1 << 15) - 1)]
)
def test_codes_of_other_widths_are_known_too(dtype, low, high, tmp_path):
    code = TensorProto.DataType.Value(dtype.upper())
    zero = onnx.helper.make_tensor("narrow", code, [], [1])
    nodes = [node("QuantizeLinear", "x s2 narrow", "q"), node("DequantizeLinear", "q s2 narrow", "y")]
    made = opened(tmp_path, nodes, ["y"], [zero], opset=21, ir_version=10)
    assert codes_in(made)["q"] == Codes((0.25,), (1,))
    found = ort.InferenceSession(made.model.path, providers=["CPUExecutionProvider"]).run(None, {"x": X})[0]
    expected = (np.clip(np.rint(X.astype(np.float64) / 0.25) + 1, low, high) - 1) * 0.25
    np.testing.assert_array_equal(found, expected)


def test_scales_that_no_number_can_be_are_not_believed(tmp_path):
    nodes = [node("QuantizeLinear", "x bad z", "q"), node("DequantizeLinear", "q bad z", "y")]
    made = opened(tmp_path, nodes, ["y"], [tensor("bad", np.float32(np.nan))])
    assert codes_in(made)["q"] is None
    nodes = [node("QuantizeLinear", "x seven z", "q"), node("DequantizeLinear", "q seven z", "y")]
    assert codes_in(opened(tmp_path, nodes, ["y"], [tensor("seven", np.ones(7, np.float32))]))["q"] is None


def test_a_scale_that_a_run_computes_is_named(tmp_path):
    nodes = [
        node("ReduceMax", "x", "m", keepdims=0),
        node("Div", "m two", "scale"),
        node("QuantizeLinear", "x scale z", "q"),
        node("DequantizeLinear", "q scale z", "y"),
    ]
    made = opened(tmp_path, nodes, ["y"], [tensor("two", np.float32(127))])
    assert codes_in(made)["q"] == Codes(zero_point=(128,), scale_tensor="scale")


def test_a_network_with_quantized_weights_alone_is_not_quantized(tmp_path):
    nodes = [node("DequantizeLinear", "k ws wz", "w", axis=0), node("Conv", "x w", "y")]
    made = opened(tmp_path, nodes, ["y"], [tensor("k", KERNEL)])
    assert made.model.quantized == ""
    assert codes_in(made)["y"] is None


# ---------------------------------------------------------------- kernels


def test_the_kernel_of_a_quantized_convolution_has_a_scale_for_each_output(tmp_path):
    zero = tensor("kz", np.array([1, -2, 3, 0], np.int8))
    bias = tensor("b", np.array([16, -32, 64, 8], np.int32))
    nodes = [
        node("QuantizeLinear", "x s z", "q"),
        node("QLinearConv", "q s z k ws kz s2 z2 b", "c", "conv"),
        node("DequantizeLinear", "c s2 z2", "y"),
    ]
    made = opened(tmp_path, nodes, ["y"], [tensor("k", KERNEL), zero, bias])
    conv = made.model.layer("conv")
    scale = np.array([0.5, 0.25, 0.125, 2]).reshape(4, 1, 1, 1)
    offset = np.array([1, -2, 3, 0]).reshape(4, 1, 1, 1)
    np.testing.assert_array_equal(conv.weight("kernel").read(), (KERNEL.astype(np.float64) - offset) * scale)
    np.testing.assert_array_equal(conv.weight("kernel").read(2, 1), ((KERNEL.astype(np.float64) - offset) * scale)[2:3])
    np.testing.assert_array_equal(
        conv.weight("bias").read(), np.array([16, -32, 64, 8]) * [0.5, 0.25, 0.125, 2] * 0.0625
    )
    assert conv.parameters == KERNEL.size + 4


@pytest.mark.parametrize("turned", [0, 1])
def test_the_matrix_of_a_quantized_gemm_has_a_scale_for_each_output(turned, tmp_path):
    matrix = RANDOM.integers(0, 255, (192, 4), dtype=np.uint8)
    nodes = [
        node("QuantizeLinear", "x s z", "q"),
        node("Flatten", "q", "f"),
        node("QGemm", "f s z m ws mz b s2 z2", "g", "gemm", domain="com.microsoft", transB=turned),
        node("DequantizeLinear", "g s2 z2", "y"),
    ]
    numbers = [tensor("m", matrix.T if turned else matrix), tensor("mz", np.full(4, 100, np.uint8))]
    made = opened(tmp_path, nodes, ["y"], [*numbers, tensor("b", np.array([4, 8, 16, 32], np.int32))])
    expected = (matrix.astype(np.float64) - 100) * [0.5, 0.25, 0.125, 2]
    gemm = made.model.layer("gemm")
    np.testing.assert_array_equal(gemm.weight("kernel").read(), expected.T if turned else expected)
    np.testing.assert_array_equal(gemm.weight("bias").read(), np.array([4, 8, 16, 32]) * [0.5, 0.25, 0.125, 2] * 0.0625)


@pytest.mark.parametrize("axis", [0, 1])
def test_weights_with_a_scale_for_each_block_are_read(axis, tmp_path):
    codes = RANDOM.integers(-8, 7, (12, 10), dtype=np.int8)
    blocks = (3, 10) if axis == 0 else (12, 3)
    scale = RANDOM.standard_normal(blocks).astype(np.float32)
    zero = RANDOM.integers(-3, 3, blocks, dtype=np.int8)
    nodes = [
        node("DequantizeLinear", "m bs bz", "w", axis=axis, block_size=4),
        node("MatMul", "x w", "y", "dense"),
    ]
    inputs = [value("x", [12, 12])]
    made = opened(
        tmp_path,
        nodes,
        ["y"],
        [tensor("m", codes), tensor("bs", scale), tensor("bz", zero)],
        inputs,
        opset=21,
        ir_version=10,
    )
    expected = ort.InferenceSession(made.model.path, providers=["CPUExecutionProvider"]).run(
        None, {"x": np.eye(12, dtype=np.float32)}
    )[0]
    np.testing.assert_allclose(made.model.layer("dense").weight("kernel").read(), expected, rtol=1e-6)
    by_hand = (
        np.array([[(codes[i, j] - zero[i // 4, j]) * scale[i // 4, j] for j in range(10)] for i in range(12)])
        if axis == 0
        else (np.array([[(codes[i, j] - zero[i, j // 4]) * scale[i, j // 4] for j in range(10)] for i in range(12)]))
    )
    np.testing.assert_allclose(made.model.layer("dense").weight("kernel").read(), by_hand, rtol=1e-6)


@pytest.mark.parametrize("bits", [4, 8])
@pytest.mark.parametrize("has_zero_points", [False, True])
def test_a_matrix_in_few_bits_is_read(bits, has_zero_points, tmp_path):
    """MatMulNBits, held against what ONNX Runtime makes of the unit matrix with it."""
    outputs, inputs, block = 6, 64, 32
    codes = RANDOM.integers(0, 1 << bits, (outputs, inputs), dtype=np.uint8)
    bytes_ = codes if bits == 8 else codes[:, ::2] | codes[:, 1::2] << 4
    scale = RANDOM.standard_normal((outputs, inputs // block)).astype(np.float32)
    zero = RANDOM.integers(0, 1 << bits, (outputs, 2), dtype=np.uint8)
    numbers = [tensor("b", bytes_.reshape(outputs, 2, -1)), tensor("scales", scale.reshape(-1))]
    if has_zero_points:
        numbers.append(tensor("zeros", (zero if bits == 8 else zero[:, ::2] | zero[:, 1::2] << 4).reshape(-1)))
    names = "x b scales zeros" if has_zero_points else "x b scales"
    nodes = [
        node(
            "MatMulNBits", names, "y", "dense", domain="com.microsoft", K=inputs, N=outputs, bits=bits, block_size=block
        )
    ]
    made = opened(tmp_path, nodes, ["y"], numbers, [value("x", [64, 64])])
    kernel = made.model.layer("dense").weight("kernel")
    assert kernel.shape == (inputs, outputs)
    assert made.model.layer("dense").parameters == inputs * outputs
    offset = zero.repeat(block, 1) if has_zero_points else 1 << (bits - 1)
    by_hand = ((codes.astype(np.float64) - offset) * scale.repeat(block, 1)).T
    np.testing.assert_allclose(kernel.read(), by_hand, rtol=1e-6)
    computed = run(made, {"x": np.eye(64, dtype=np.float32)})["y"]
    np.testing.assert_allclose(computed, by_hand, rtol=1e-2, atol=2e-2)  # it may compute in 8 bits


def test_a_matrix_that_cannot_be_read_yet_is_said(tmp_path):
    numbers = [tensor("b", np.zeros((4, 2, 16), np.uint8)), tensor("scales", np.ones(8, np.float32))]
    nodes = [node("MatMulNBits", "x b scales", "y", domain="com.microsoft", K=40, N=4, bits=4, block_size=32)]
    model = opened(tmp_path, nodes, ["y"], numbers, [value("x", [3, 40])]).model
    assert model.layers[0].weight("kernel") is None
    assert model.remarks[0] == "The kernels of 1 layer are packed in a way that cannot be read as a matrix yet."


# ---------------------------------------------------------------- real networks


def test_a_real_network_in_pairs(shared):
    model = read(str(shared / "assets" / "models" / "kws_qdq.onnx")).model
    proto = onnx.load(shared / "assets" / "models" / "kws_qdq.onnx")
    stored = {each.name: onnx.numpy_helper.to_array(each) for each in proto.graph.initializer}
    assert model.quantized == "QDQ"
    quantizing = {each.output[0]: each for each in proto.graph.node if each.op_type == "QuantizeLinear"}
    found = {name: each.codes for name, each in tensors(model).items() if each.codes is not None}
    assert set(found) == set(quantizing)
    for name, each in found.items():
        scale, zero = (stored[key] for key in quantizing[name].input[1:3])
        assert each.scale == (float(scale),)
        assert (each.zero_point or (0,)) == (int(zero),)
    kernels = [layer.weight("kernel") for layer in model.layers if layer.op_type in ("Conv", "MatMul")]
    assert len(kernels) == 6
    assert all(kernel.quantization is not None for kernel in kernels)


def test_a_real_network_of_operators_on_codes(shared):
    opened_ = read(str(shared / "assets" / "models" / "kws_qoperator.onnx"))
    model = opened_.model
    assert model.quantized == "QOperator"
    integers = [each for each in tensors(model).values() if each.dtype in ("int8", "uint8")]
    assert len(integers) == 15
    assert all(each.codes is not None and len(each.codes.scale) == 1 for each in integers)
    signal = RANDOM.standard_normal((1, 1960)).astype(np.float32)
    computed = run(opened_, {"serving_default_input:0": signal})
    reals = 0
    for layer in model.layers:
        if layer.op_type == "DequantizeLinear":
            known, before = tensors(model)[layer.inputs[0]].codes, computed[layer.inputs[0]].astype(np.float32)
            zero = known.zero_point[0] if known.zero_point else 0
            np.testing.assert_array_equal((before - zero) * np.float32(known.scale[0]), computed[layer.output.name])
            reals += 1
    assert reals == 2


@pytest.mark.parametrize("name", ["kws_fp32", "yolox_nano", "squeezenet_fp16"])
def test_a_real_network_of_real_numbers_is_not_quantized(name, shared):
    model = read(str(shared / "assets" / "models" / f"{name}.onnx")).model
    assert model.quantized == ""
    assert not any(each.codes for each in tensors(model).values())


def test_what_onnx_runtimes_own_quantizer_writes_is_known(tmp_path):
    from onnxruntime.quantization import quantize_dynamic  # it writes warnings when it is loaded

    path = save(
        tmp_path / "float.onnx",
        [node("Conv", "x k", "c", "conv"), node("Flatten", "c", "f"), node("MatMul", "f m", "y", "dense")],
        IMAGE,
        ["y"],
        [weights("k", 4, 3, 3, 3), weights("m", 144, 5)],
    )
    quantize_dynamic(path, str(tmp_path / "dynamic.onnx"))
    made = read(str(tmp_path / "dynamic.onnx"))
    assert made.model.quantized == "dynamic"
    computed = run(made, {"x": X})
    compared = 0
    for layer in made.model.layers:
        known = layer.output.codes
        if layer.op_type in ("ConvInteger", "MatMulInteger"):
            after = next(
                each for each in made.model.layers if each.op_type == "Mul" and known.scale_tensor in each.inputs
            )
            real = computed[layer.output.name].astype(np.float32) * computed[known.scale_tensor]
            np.testing.assert_array_equal(real, computed[after.output.name])
            assert layer.weight("kernel").quantization is not None
            compared += 1
    assert compared == 2
    plain = read(path).model.layers[0].weight("kernel").read()
    kernel = next(layer for layer in made.model.layers if layer.op_type == "ConvInteger").weight("kernel")
    assert np.abs(kernel.read() - plain).max() <= np.abs(plain).max() / 127
