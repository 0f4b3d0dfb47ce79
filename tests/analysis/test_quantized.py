"""Codes as real numbers, by hand and by ONNX Runtime's own DequantizeLinear."""

from __future__ import annotations

import tracemalloc

import numpy as np
import onnxruntime as ort
import pytest
from onnx import helper

from inspector.analysis.quantized import is_known, real, scales
from inspector.graph.model import Codes

BYTES = np.array([[[[0, 128], [129, 255]], [[127, 128], [1, 2]]]], np.uint8)


def test_a_code_is_its_distance_from_the_zero_point_in_steps_of_the_scale():
    found = real(BYTES, Codes((0.5,), (128,)), {})
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, [[[[-64, 0], [0.5, 63.5]], [[-0.5, 0], [-63.5, -63]]]])


def test_without_a_zero_point_it_is_zero():
    np.testing.assert_array_equal(real(np.int8([-128, 127]), Codes((0.25,)), {}), [-32, 31.75])


@pytest.mark.parametrize("axis", [1, -3])
def test_each_channel_may_have_its_own_scale(axis):
    found = real(BYTES, Codes((0.5, 2), (128, 1), axis), {})
    np.testing.assert_array_equal(found, [[[[-64, 0], [0.5, 63.5]], [[252, 254], [0, 2]]]])


def test_a_part_is_what_the_whole_has_there():
    codes = Codes((0.5, 2), (128, 1), 1)
    whole = real(BYTES, codes, {})
    for part in (np.s_[0], np.s_[0, 1], np.s_[:, 1:], np.s_[0, :, 1], np.s_[..., ::-1], np.s_[0, 1, 1, 0]):
        np.testing.assert_array_equal(real(BYTES, codes, {}, part), whole[part])


def test_a_scale_that_is_computed_comes_from_the_run():
    codes = Codes(scale_tensor="s", zero_point_tensor="z")
    tensors = {"s": np.float32(0.5), "z": np.uint8(128)}
    assert scales(codes, tensors) == ((0.5,), (128,))
    np.testing.assert_array_equal(real(BYTES, codes, tensors)[0, 0], [[-64, 0], [0.5, 63.5]])
    for part in ({}, {"s": np.float32(0.5)}, {"z": np.uint8(128)}):
        assert scales(codes, part) == ((), ())
        assert not is_known(BYTES, codes, part)
        with pytest.raises(ValueError, match="not known"):
            real(BYTES, codes, part)


@pytest.mark.parametrize(
    "codes", [Codes((1.0, 2.0, 3.0)), Codes((1.0,), (1, 2, 3)), Codes((1.0, 2.0), axis=7), Codes()]
)
def test_scales_that_do_not_fit_are_not_applied(codes):
    assert not is_known(BYTES, codes, {})


def test_small_integers_and_floats_of_8_bits_come_as_float32_and_are_scaled_likewise():
    np.testing.assert_array_equal(real(np.float32([-8, 7, 1.5]), Codes((0.5,), (1,)), {}), [-4.5, 3, 0.25])


@pytest.mark.parametrize("kind", ["uint8", "int8", "uint16", "int16", "int32"])
def test_every_number_is_the_one_that_onnx_runtime_computes(kind):
    random = np.random.default_rng(0)
    bounds = np.iinfo(kind)
    codes = random.integers(bounds.min, bounds.max, (3, 5, 7), kind, endpoint=True)
    codes.reshape(-1)[:2] = bounds.min, bounds.max
    scale = random.random(5).astype(np.float32)
    zero = np.zeros(5, kind) if kind == "int32" else random.integers(bounds.min, bounds.max, 5, kind, endpoint=True)
    node = helper.make_node("DequantizeLinear", ["x", "s", "z"], ["y"], axis=1)
    inputs = [
        helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(array.dtype), array.shape)
        for name, array in (("x", codes), ("s", scale), ("z", zero))
    ]
    graph = helper.make_graph([node], "one", inputs, [helper.make_tensor_value_info("y", 1, codes.shape)])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    (expected,) = session.run(None, {"x": codes, "s": scale, "z": zero})
    found = real(codes, Codes(tuple(map(float, scale)), tuple(map(int, zero)), 1), {})
    assert found.tobytes() == expected.tobytes()


def test_beside_the_numbers_themselves_hardly_any_memory_is_taken():
    codes = np.zeros((1, 64, 512, 512), np.uint8)
    known = Codes(tuple([0.5] * 64), tuple([3] * 64), 1)
    tracemalloc.start()
    try:
        real(codes, known, {}, np.s_[:, :8])
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 8 * 512 * 512 * 4 + (1 << 20)
