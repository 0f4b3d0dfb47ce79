"""Tensors of a run as the view wants them. Expected values are by hand or by float64 numpy."""

from __future__ import annotations

import numpy as np
import pytest

from inspector.analysis.reading import reading
from inspector.graph.model import Codes, Tensor


def known(codes=None, channels_last=False):
    return Tensor("t", "", None, channels_last, codes)


@pytest.mark.parametrize(
    ("shape", "channels_last", "form", "maps"),
    [
        ((1, 3, 4, 5), False, "maps", (3, 4, 5)),
        ((1, 4, 5, 3), True, "maps", (3, 4, 5)),
        ((2, 16, 100), False, "signal", (16, 1, 100)),
        ((1, 100, 16), True, "signal", (16, 1, 100)),
        ((1, 10), True, "vector", (10, 1, 1)),
        ((10,), True, "vector", (10, 1, 1)),
        ((1, 2, 7, 4, 5), False, "volume", (2, 4, 5)),
        ((1, 7, 4, 5, 2), True, "volume", (2, 4, 5)),
    ],
)
def test_a_tensor_of_any_rank_is_channels_of_height_and_width(shape, channels_last, form, maps):
    tensor = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    found = reading(tensor, known(channels_last=channels_last), {})
    assert (found.form, found.maps.shape) == (form, maps)
    assert found.batch == (shape[0] if len(shape) > 1 else 1)


def test_channels_that_come_last_are_read_as_channels():
    tensor = np.arange(24, dtype=np.float32).reshape(1, 2, 3, 4)
    found = reading(tensor, known(channels_last=True), {})
    assert found.maps[1].tolist() == [[1, 5, 9], [13, 17, 21]]
    assert found.number(3, 1, 2) == 23


def test_a_volume_shows_its_middle_slice_until_another_is_chosen():
    tensor = np.arange(60, dtype=np.float32).reshape(1, 1, 5, 3, 4)
    found = reading(tensor, known(), {})
    assert (found.slice, found.number(0, 0, 0)) == (2, 24)
    assert (found.at(4).slice, found.at(4).number(0, 2, 3)) == (4, 59)
    assert found.at(99).slice == 4
    assert found.at(None) is found
    assert reading(tensor, known(), {}, slice=0).number(0, 0, 1) == 1


def test_codes_are_shown_as_the_real_numbers_that_they_stand_for():
    tensor = np.array([[[[0, 10, 255]]]], np.uint8)
    found = reading(tensor, known(Codes((0.5,), (10,))), {})
    assert found.maps.tolist() == [[[-5, 0, 122.5]]]
    assert (found.code(0, 0, 2), found.number(0, 0, 2)) == (255, 122.5)
    assert not found.shows_codes
    assert found.scales.of(0) == (0.5, 10)


def test_codes_are_shown_themselves_on_request():
    tensor = np.array([[[[-128, 10, 127]]]], np.int8)
    found = reading(tensor, known(Codes((0.5,), (10,))), {}, codes=True)
    assert found.shows_codes
    assert found.maps.tolist() == [[[-128, 10, 127]]]
    assert found.number(0, 0, 0) == -69  # (-128 - 10) / 2


@pytest.mark.parametrize("channels_last", [False, True])
def test_each_channel_may_have_its_own_scale(channels_last):
    tensor = np.full((1, 2, 2, 3, 3) if not channels_last else (1, 2, 3, 3, 2), 8, np.int8)
    codes = Codes((0.5, 2.0), (0, 4), axis=4 if channels_last else 1)
    found = reading(tensor, known(codes, channels_last), {})
    assert found.values.shape == (2, 2, 3, 3)
    assert [found.number(each, 1, 1) for each in (0, 1)] == [4, 8]
    assert [found.scales.of(each) for each in (0, 1)] == [(0.5, 0), (2.0, 4)]


@pytest.mark.parametrize(
    ("shape", "axis", "channels_last"),
    [((1, 2, 3, 4), 2, False), ((1, 3, 4, 2), 1, True), ((1, 2, 3), 2, False), ((1, 2, 3, 4, 5), 2, False)],
)
def test_scales_along_another_axis_belong_to_that_axis(shape, axis, channels_last):
    rng = np.random.default_rng(0)
    tensor = rng.integers(-128, 127, shape).astype(np.int8)
    scale = (0.25, 0.5, 2.0)
    found = reading(tensor, known(Codes(scale, axis=axis), channels_last), {})
    factors = np.array(scale).reshape([-1 if each == axis else 1 for each in range(len(shape))])
    expected = tensor.astype(np.float64) * factors
    plain = reading(expected, known(channels_last=channels_last), {})
    np.testing.assert_array_equal(found.values, plain.values)
    assert found.scales.of(0) is None


def test_a_scale_that_the_run_computes_is_taken_from_the_run():
    tensor = np.array([[[[0, 4]]]], np.uint8)
    codes = Codes(scale_tensor="s", zero_point_tensor="z")
    run = {"s": np.array(0.5, np.float32), "z": np.array(2, np.uint8)}
    assert reading(tensor, known(codes), run).maps.tolist() == [[[-1, 1]]]
    unknown = reading(tensor, known(codes), {"s": run["s"]})
    assert unknown.shows_codes
    assert unknown.scales is None
    assert (unknown.code(0, 0, 1), unknown.number(0, 0, 1)) == (4, None)


def test_real_numbers_are_those_of_onnx_runtime():
    import onnxruntime as ort
    from onnx import TensorProto, helper

    rng = np.random.default_rng(1)
    tensor = rng.integers(0, 255, (1, 5, 8, 8)).astype(np.uint8)
    scale, zero_point = rng.random(5).astype(np.float32) / 7, rng.integers(0, 255, 5).astype(np.uint8)
    node = helper.make_node("DequantizeLinear", ["x", "s", "z"], ["y"], axis=1)
    inputs = [
        helper.make_tensor_value_info("x", TensorProto.UINT8, [1, 5, 8, 8]),
        helper.make_tensor_value_info("s", TensorProto.FLOAT, [5]),
        helper.make_tensor_value_info("z", TensorProto.UINT8, [5]),
    ]
    outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)]
    graph = helper.make_graph([node], "g", inputs, outputs)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    session = ort.InferenceSession(made.SerializeToString(), providers=["CPUExecutionProvider"])
    (expected,) = session.run(None, {"x": tensor, "s": scale, "z": zero_point})
    codes = Codes(tuple(map(float, scale)), tuple(map(int, zero_point)))
    np.testing.assert_array_equal(reading(tensor, known(codes), {}).maps, expected[0])


def test_scales_that_do_not_fit_are_not_used():
    found = reading(np.ones((1, 3, 2, 2), np.int8), known(Codes((1.0, 2.0))), {})
    assert found.shows_codes
    assert found.real is None


@pytest.mark.parametrize("tensor", [np.float32(3), np.zeros((0, 3, 4, 4)), np.zeros((1,) * 6), np.array(["a"])])
def test_what_has_no_reading_as_feature_maps_gives_none(tensor):
    assert reading(np.asarray(tensor), known(), {}) is None


def test_of_the_passes_of_a_loop_the_first_is_read():
    tensor = np.arange(5 * 3 * 2, dtype=np.float32).reshape(5, 1, 3, 2)
    found = reading(tensor, Tensor("t", "float32", (1, 3, 2), passes=1), {})
    assert (found.form, found.passes, found.batch) == ("signal", 5, 1)
    assert found.maps.tolist() == [[[0, 1]], [[2, 3]], [[4, 5]]]
    assert reading(np.zeros((0, 1, 3, 2)), Tensor("t", "float32", (1, 3, 2), passes=1), {}) is None
