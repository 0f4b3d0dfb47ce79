"""Weights, found wherever a file keeps them, and their values as the layer gets them: held against ONNX Runtime."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from inspector.errors import ModelError
from inspector.graph import wire
from inspector.graph.dtypes import by_code
from inspector.graph.reader import Opened, read
from inspector.graph.weight import Quantization, Step, Weight
from tests.graph.build import FLOAT, node, run, save, tensor, value, weights

IMAGE = [value("x", [1, 3, 8, 8])]
RANDOM = np.random.default_rng(3)
KERNEL = RANDOM.standard_normal((4, 3, 3, 3)).astype(np.float32)
CODES = RANDOM.integers(-128, 128, (4, 3, 3, 3), np.int8)


def opened(folder: Path, nodes, initializers=(), outputs=("y",), **settings) -> Opened:
    return read(save(folder / "network.onnx", nodes, IMAGE, outputs, initializers, **settings))


def kernel_of(made: Opened, role: str = "kernel") -> Weight:
    """The one weight of that role."""
    found = [each for layer in made.model.layers for each in layer.weights if each.role == role]
    assert len(found) == 1
    return found[0]


# ---------------------------------------------------------------- where they lie


def test_every_way_to_store_a_kernel_gives_the_kernel(tmp_path):
    flat = KERNEL.reshape(-1)
    half = TensorProto(name="w", data_type=1, dims=KERNEL.shape, float_data=flat[:50]).SerializeToString()
    pieces = TensorProto.FromString(half + TensorProto(float_data=flat[50:]).SerializeToString())
    stored = {
        "raw": [tensor("w", KERNEL)],
        "float_data": [TensorProto(name="w", data_type=1, dims=KERNEL.shape, float_data=flat)],
        "pieces": [pieces],
    }
    for initializers in stored.values():
        made = opened(tmp_path, [node("Conv", "x w", "y")], initializers)
        np.testing.assert_array_equal(kernel_of(made).read(), KERNEL)
    nodes = [node("Constant", "", "w", value=tensor("", KERNEL)), node("Conv", "x w", "y")]
    np.testing.assert_array_equal(kernel_of(opened(tmp_path, nodes)).read(), KERNEL)
    listed = node("Constant", "", "w0", value_floats=flat.tolist())
    shape = tensor("shape", np.array(KERNEL.shape))
    made = opened(tmp_path, [listed, node("Reshape", "w0 shape", "w"), node("Conv", "x w", "y")], [shape])
    assert kernel_of(made).encoding == "inline"
    np.testing.assert_array_equal(kernel_of(made).read(), KERNEL)


def test_large_tensors_are_left_in_the_file_and_run_from_there(tmp_path):
    wide = RANDOM.standard_normal((64, 3, 5, 5)).astype(np.float32)
    for initializers, nodes in (
        ([tensor("w", wide)], []),
        ([TensorProto(name="w", data_type=1, dims=wide.shape, float_data=wide.reshape(-1))], []),
        ([], [node("Constant", "", "w", value=tensor("", wide))]),
    ):
        made = opened(tmp_path, [*nodes, node("Conv", "x w", "y")], initializers)
        weight = kernel_of(made)
        assert (weight.encoding, weight.length_bytes) == ("raw", wide.nbytes)
        np.testing.assert_array_equal(weight.read(), wide)
        assert made.proto.ByteSize() < 1000
        ones = np.ones((1, 3, 8, 8), np.float32)
        np.testing.assert_allclose(run(made, {"x": ones})["y"][0, :, 0, 0], wide.sum((1, 2, 3)), rtol=1e-4)


FLOATS = ["FLOAT16", "BFLOAT16", "DOUBLE", "FLOAT8E4M3FN", "FLOAT8E5M2"]
INTEGERS = ["INT8", "UINT8", "INT4", "UINT4", "INT32", "UINT64"]


@pytest.mark.parametrize("dtype", FLOATS + INTEGERS)
@pytest.mark.parametrize("typed", [False, True], ids=["raw", "typed"])
def test_every_type_is_read_as_onnx_reads_it(dtype, typed, tmp_path):
    values = np.array([[1, 2, 3], [7, 0, 5]], np.float32)
    stored = helper.make_tensor("m", getattr(TensorProto, dtype), values.shape, values.reshape(-1))
    if not typed:
        stored = numpy_helper.from_array(numpy_helper.to_array(stored), "m")
    made = opened(tmp_path, [node("Identity", "m", "y")], [stored], opset=21)
    weight = _stored(made, "m", stored)
    np.testing.assert_array_equal(weight.read().astype(np.float64), values)
    np.testing.assert_array_equal(weight.read(1).astype(np.float64), values[1:])
    assert weight.read().dtype == (np.float64 if dtype == "DOUBLE" else np.float32)


def _stored(made: Opened, name: str, tensor_proto: TensorProto) -> Weight:
    """A weight of any type, from the places that the walk over the file found."""
    data = Path(made.files[0].path).read_bytes()
    place = wire.without_weights(data).places[name]
    return Weight(
        name,
        "kernel",
        tuple(tensor_proto.dims),
        by_code(tensor_proto.data_type).name,
        tuple(tensor_proto.dims),
        made.files[0],
        place.offset_bytes,
        place.length_bytes,
        place.encoding,
    )


def test_single_kernels_are_read_alone(tmp_path):
    weight = kernel_of(opened(tmp_path, [node("Conv", "x w", "y")], [tensor("w", KERNEL)]))
    np.testing.assert_array_equal(weight.read(1, 2), KERNEL[1:3])
    np.testing.assert_array_equal(weight.read(3), KERNEL[3:])
    assert weight.read(4).shape == (0, 3, 3, 3)
    for first, count in ((-1, 1), (0, 5), (5, 0)):
        with pytest.raises(IndexError, match="of 4 in w"):
            weight.read(first, count)


def test_values_cannot_be_changed(tmp_path):
    weight = kernel_of(opened(tmp_path, [node("Conv", "x w", "y")], [tensor("w", KERNEL)]))
    for values in (weight.read(), weight.codes()):
        with pytest.raises(ValueError, match="read-only"):
            values[0] = 0


# ---------------------------------------------------------------- a file that changes


def test_a_file_that_changed_is_not_read(tmp_path):
    made = opened(tmp_path, [node("Conv", "x w", "y")], [tensor("w", KERNEL)])
    weight, path = kernel_of(made), tmp_path / "network.onnx"
    content, times = path.read_bytes(), (path.stat().st_atime_ns, path.stat().st_mtime_ns)
    path.write_bytes(content)
    os.utime(path, ns=(times[0], times[1] + 1))
    with pytest.raises(ModelError, match=r"network\.onnx changed on disk"):
        weight.read()
    os.utime(path, ns=times)
    np.testing.assert_array_equal(weight.read(), KERNEL)
    path.write_bytes(content[:-200])
    os.utime(path, ns=times)
    with pytest.raises(ModelError, match="changed on disk"):
        weight.codes()
    path.rename(tmp_path / "other.onnx")
    path.write_bytes(content)
    os.utime(path, ns=times)
    with pytest.raises(ModelError, match="changed on disk"):  # another inode
        weight.read()
    path.unlink()
    with pytest.raises(ModelError, match="can no longer be read"):
        weight.read()


# ---------------------------------------------------------------- what the graph does to them


def test_changes_of_shape_between_file_and_layer_are_followed(tmp_path):
    stored = np.ascontiguousarray(KERNEL.transpose(2, 3, 1, 0))  # as TensorFlow keeps it
    nodes = [
        node("Identity", "w0", "w1"),
        node("Transpose", "w1", "w2", perm=[3, 2, 0, 1]),
        node("Reshape", "w2 flat", "w3"),
        node("Unsqueeze", "w3 front", "w4"),
        node("Squeeze", "w4 front", "w5"),
        node("Reshape", "w5 back", "w"),
        node("Conv", "x w", "y"),
    ]
    numbers = [
        tensor("flat", np.array([4, -1])),
        tensor("front", np.array([0])),
        tensor("back", np.array(KERNEL.shape)),
    ]
    made = opened(tmp_path, nodes, [tensor("w0", stored), *numbers])
    weight = kernel_of(made)
    assert (weight.name, weight.shape, weight.stored_shape) == ("w0", (4, 3, 3, 3), (3, 3, 3, 4))
    assert weight.steps[0] == Step("transpose", (3, 2, 0, 1))
    np.testing.assert_array_equal(weight.read(), KERNEL)
    np.testing.assert_array_equal(weight.read(2, 1), KERNEL[2:3])
    np.testing.assert_array_equal(run(made, {"x": np.ones((1, 3, 8, 8), np.float32)})["w"], weight.read())


def test_a_cast_is_followed_if_it_keeps_every_value(tmp_path):
    halves = KERNEL.astype(np.float16)
    nodes = [node("Cast", "w0", "w", to=FLOAT), node("Conv", "x w", "y")]
    weight = kernel_of(opened(tmp_path, nodes, [tensor("w0", halves)]))
    assert weight.dtype == "float16"
    np.testing.assert_array_equal(weight.read(), halves.astype(np.float32))
    nodes = [
        node("Cast", "w0", "w1", to=TensorProto.FLOAT16),
        node("Cast", "w1", "w", to=FLOAT),
        node("Conv", "x w", "y"),
    ]
    layers = opened(tmp_path, nodes, [tensor("w0", KERNEL)]).model.layers
    assert layers[-1].weights == ()


def test_a_kernel_that_is_computed_is_no_weight_and_its_factors_are(tmp_path):
    nodes = [node("Mul", "v g", "w"), node("Conv", "x w", "y")]  # weight normalization
    made = opened(tmp_path, nodes, [tensor("v", KERNEL), weights("g", 4, 1, 1, 1)])
    product, conv = made.model.layers
    assert [each.role for each in product.weights] == ["constant", "constant"]
    assert conv.weights == ()
    assert (product.parameters, conv.parameters, made.model.parameters) == (112, 0, 112)


# ---------------------------------------------------------------- quantization


def _dequantized(folder: Path, scale, zero=None, axis=None, nodes=(), codes=CODES, opset=17) -> Weight:
    """The kernel behind a DequantizeLinear; it must be what ONNX Runtime makes of it, bit by bit."""
    names = "q s z" if zero is not None else "q s"
    settings = {} if axis is None else {"axis": axis}
    chain = nodes or [node("DequantizeLinear", names, "w", **settings)]
    numbers = [tensor("q", codes), tensor("s", scale)] + ([] if zero is None else [tensor("z", zero)])
    numbers.append(tensor("shape", np.array([4, 3, 3, 3])))
    made = opened(folder, [*chain, node("Conv", "x w", "y")], numbers, opset=opset)
    weight = kernel_of(made)
    found = run(made, {"x": np.ones((1, 3, 8, 8), np.float32)})["w"]
    np.testing.assert_array_equal(weight.read(), found)
    np.testing.assert_array_equal(weight.read(1, 2), found[1:3])
    assert made.model.parameters == 108
    return weight


SCALES = np.array([0.1, 0.02, 0.3, 1.7], np.float32)
ZEROS = np.array([3, -7, 0, 100], np.int8)


def test_codes_with_one_scale_become_real(tmp_path):
    weight = _dequantized(tmp_path, np.float32(0.013), np.int8(-5))
    np.testing.assert_array_equal(weight.codes(), CODES)
    np.testing.assert_array_equal(weight.read(), (CODES.astype(np.int32) + 5).astype(np.float32) * np.float32(0.013))


def test_codes_with_a_scale_per_kernel_become_real(tmp_path):
    assert _dequantized(tmp_path, SCALES, ZEROS, axis=0).quantization.axis == 0
    _dequantized(tmp_path, SCALES, axis=0)
    _dequantized(tmp_path, SCALES[:3], ZEROS[:3], axis=-3)
    _dequantized(tmp_path, SCALES[:3], ZEROS[:3], axis=None)  # the default is 1


def test_codes_are_reordered_before_or_after_they_become_real(tmp_path):
    turned = np.ascontiguousarray(CODES.transpose(1, 2, 3, 0))
    after = [
        node("DequantizeLinear", "q s z", "w0", axis=3),
        node("Transpose", "w0", "w", perm=[3, 0, 1, 2]),
    ]
    weight = _dequantized(tmp_path, SCALES, ZEROS, nodes=after, codes=turned)
    np.testing.assert_array_equal(weight.codes(), CODES)
    before = [
        node("Transpose", "q", "q0", perm=[3, 0, 1, 2]),
        node("DequantizeLinear", "q0 s z", "w", axis=0),
    ]
    weight = _dequantized(tmp_path, SCALES, ZEROS, nodes=before, codes=turned)
    assert weight.quantization.axis == 3
    np.testing.assert_array_equal(weight.codes(), CODES)
    flat = [
        node("Reshape", "q shape", "q0"),
        node("DequantizeLinear", "q0 s z", "w", axis=0),
    ]
    _dequantized(tmp_path, SCALES, ZEROS, nodes=flat, codes=CODES.reshape(4, 27))


def test_codes_in_blocks_become_real(tmp_path):
    scale = RANDOM.random((4, 3, 2, 3)).astype(np.float32)
    nodes = [node("DequantizeLinear", "q s", "w", axis=2, block_size=2)]
    _dequantized(tmp_path, scale, nodes=nodes, opset=21)


def test_the_kernel_and_bias_of_a_quantized_convolution_are_real_numbers(tmp_path):
    bias = np.array([1000, -2000, 0, 7], np.int32)
    numbers = [
        tensor("sx", np.float32(0.05)),
        tensor("zx", np.uint8(128)),
        tensor("w", CODES),
        tensor("sw", SCALES),
        tensor("zw", np.zeros(4, np.int8)),
        tensor("b", bias),
    ]
    nodes = [node("QuantizeLinear", "x sx zx", "q"), node("QLinearConv", "q sx zx w sw zw sx zx b", "y")]
    made = opened(tmp_path, nodes, numbers, outputs=[value("y", None, TensorProto.UINT8)])
    real = CODES.astype(np.float32) * SCALES.reshape(4, 1, 1, 1)
    np.testing.assert_array_equal(kernel_of(made).read(), real)
    np.testing.assert_array_equal(kernel_of(made).codes(), CODES)
    np.testing.assert_allclose(kernel_of(made, "bias").read(), bias * SCALES * 0.05, rtol=1e-6)
    assert made.model.parameters == 108 + 4


def test_the_columns_of_a_quantized_product_have_their_own_scales(tmp_path):
    codes = RANDOM.integers(0, 255, (8, 4), np.uint8)
    numbers = [
        tensor("sx", np.float32(0.05)),
        tensor("zx", np.uint8(128)),
        tensor("w", codes),
        tensor("sw", SCALES),
        tensor("zw", np.array([1, 2, 3, 4], np.uint8)),
    ]
    nodes = [node("QuantizeLinear", "x sx zx", "q"), node("QLinearMatMul", "q sx zx w sw zw sx zx", "y")]
    weight = kernel_of(opened(tmp_path, nodes, numbers, outputs=[value("y", None, TensorProto.UINT8)]))
    expected = (codes.astype(np.float32) - [1, 2, 3, 4]) * SCALES
    np.testing.assert_allclose(weight.read(), expected, rtol=1e-6)
    np.testing.assert_allclose(weight.read(5, 2), expected[5:7], rtol=1e-6)


def test_dynamic_quantization_keeps_its_codes_and_counts_no_scales(tmp_path):
    nodes = [
        node("DynamicQuantizeLinear", "x", "q s z"),
        node("ConvInteger", "q w z", "a"),
        node("Mul", "s sw", "t"),
        node("Cast", "a", "f", to=FLOAT),
        node("Mul", "f t", "y"),
    ]
    made = opened(tmp_path, nodes, [tensor("w", CODES), weights("sw", 4, 1, 1)])
    np.testing.assert_array_equal(kernel_of(made).read(), CODES)
    assert made.model.parameters == 108


def test_scales_that_do_not_fit_are_a_sentence():
    inline = {"encoding": "inline", "values": np.ones(4, np.float32).tobytes()}
    scale = Weight("s", "quantization scale", (4,), "float32", (4,), **inline)
    codes = {"encoding": "inline", "values": bytes(6)}
    for axis in (0, 1, 5):
        weight = Weight("w", "kernel", (2, 3), "int8", (2, 3), quantization=Quantization(scale, None, axis), **codes)
        with pytest.raises(ModelError, match="do not fit"):
            weight.read()


def test_a_weight_that_is_shorter_than_its_shape_is_a_sentence():
    weight = Weight("w", "kernel", (2, 3), "float32", (2, 3), encoding="inline", values=bytes(6))
    with pytest.raises(ModelError, match="'w' cannot be read"):
        weight.read()
