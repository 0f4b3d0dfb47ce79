"""Kernels read, measured, folded, and as frequencies."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import onnxruntime
import pytest
from onnx import helper

from inspector.analysis import kernels
from inspector.analysis.kernels import KernelReader, fold, frequency_response, kernel_numbers, kernel_survey
from inspector.graph.kernel_neighbours import normalization_after
from inspector.graph.kernels import KernelFacts, kernel_facts
from inspector.graph.reader import read
from inspector.graph.weight import Quantization
from tests.engine.conftest import save
from tests.graph.test_context import layer, weight

__all__ = ["save"]


def sliding(op_type, *shape, group=1, values=None):
    return layer("c", op_type, "convolution", "x", kernel=weight(*shape, values=values), group=group)


def reader_of(made, **settings):
    return KernelReader(made, kernel_facts(made), **settings)


# ---------------------------------------------------------------- reading


def test_kernels_are_read_in_any_order():
    reader = reader_of(sliding("Conv", 4, 1, 1, 2))
    assert reader.of((3, 0)).tolist() == [[[[6, 7]]], [[[0, 1]]]]


def test_a_kernel_that_was_read_is_not_read_again():
    reader = reader_of(sliding("Conv", 4, 3, 2, 2))
    assert reader.to_read((0, 1)) == 24
    reader.of((1,))
    assert reader.to_read((0, 1)) == 12


def test_grouped_transposed_kernels_are_put_together():
    # Stored as (inputs, outputs of a group): outputs 0 and 1 are made of inputs 0 and 1, the others of inputs 2 and 3.
    reader = reader_of(sliding("ConvTranspose", 4, 2, 1, group=2))
    assert reader.of(range(4))[:, :, 0].tolist() == [[0, 2], [1, 3], [4, 6], [5, 7]]


@pytest.mark.parametrize(
    ("lie", "expected"),
    [("channels first", [[[0, 1, 2]], [[3, 4, 5]]]), ("channels last", [[[0, 2, 4]], [[1, 3, 5]]])],
)
@pytest.mark.parametrize("turned", [False, True], ids=["outputs first", "inputs first"])
def test_rows_of_a_dense_layer_are_pictures_of_each_channel(lie, expected, turned):
    # 6 inputs are 2 channels of 1 x 3; of outputs 0 and 1 the first has the weights 0 ... 5
    values = np.arange(12).reshape(2, 6)
    made = layer(
        *("d", "Gemm", "fully connected", "x"),
        kernel=weight(6, 2, values=values.T) if turned else weight(2, 6, values=values),
        transB=0 if turned else 1,
    )
    reader = KernelReader(made, KernelFacts(2, 2, (1, 3), False, False, lie))
    assert reader.of((0,))[0].tolist() == expected
    assert reader.of((1,))[0, 0, 0, 0] == 6


# ---------------------------------------------------------------- numbers


def test_norms_and_statistics_of_one_kernel():
    known = kernel_numbers(np.array([[[3.0, -4.0]], [[0.0, np.nan]]]))
    assert (known.l1, known.l2, known.low, known.high) == (7, 5, -4, 3)
    assert known.known.nans == 1
    assert known.counts.sum() == 3


def test_a_layer_is_looked_through_in_parts_as_in_one_piece(monkeypatch):
    values = np.random.default_rng(1).standard_normal((7, 3, 2, 2)).astype(np.float32)
    values[3, 0] = 0
    reader = reader_of(sliding("Conv", 7, 3, 2, 2, values=values))
    monkeypatch.setattr(kernels, "CHUNK", 24)  # two kernels
    found, exact = kernel_survey(reader), values.astype(np.float64)
    np.testing.assert_allclose(found.l1, np.abs(exact).sum(axis=(1, 2, 3)), rtol=1e-12)
    np.testing.assert_allclose(found.l2, np.sqrt((exact**2).sum(axis=(1, 2, 3))), rtol=1e-12)
    known = found.all.known
    np.testing.assert_allclose(
        (known.minimum, known.maximum, known.mean, known.std, known.zeros, found.all.l2),
        (exact.min(), exact.max(), exact.mean(), exact.std(), 4 / 84, np.linalg.norm(exact)),
        rtol=1e-12,
    )
    assert found.all.counts.tolist() == np.histogram(exact, kernels.BINS)[0].tolist()


def test_kernels_are_put_in_order_by_their_norms():
    values = np.array([[1, 1, 1, 1], [0, 0, 0, 3], [2, 2, 0, 0]], np.float32).reshape(3, 1, 2, 2)
    found = kernel_survey(reader_of(sliding("Conv", 3, 1, 2, 2, values=values)))
    assert found.order("index").tolist() == [0, 1, 2]
    assert found.order("L1").tolist() == [0, 2, 1]  # 4, 4, 3
    assert found.order("L2").tolist() == [1, 2, 0]  # 3, 2.83, 2


# ---------------------------------------------------------------- folding

NORMALIZED = {
    "gamma": np.array([1.5, -0.5, 2.0, 0.25], np.float32),
    "beta": np.array([0.1, 0.2, -0.3, 0.4], np.float32),
    "mean": np.array([0.5, -1.0, 0.0, 2.0], np.float32),
    "variance": np.array([1.0, 4.0, 0.25, 9.0], np.float32),
}


def network_of(op_type, shape, bias, **attributes):
    numbers = np.random.default_rng(3)
    weights = {"w": numbers.standard_normal(shape).astype(np.float32), **NORMALIZED}
    if bias:
        weights["b"] = numbers.standard_normal(4).astype(np.float32)
    inputs = ["x", "w", "b"] if bias else ["x", "w"]
    nodes = [
        helper.make_node(op_type, inputs, ["c"], name="layer", **attributes),
        helper.make_node("BatchNormalization", ["c", *NORMALIZED], ["y"], name="norm", epsilon=1e-3),
    ]
    return nodes, weights


FOLDABLE = [
    ("Conv", (4, 3, 3, 3), True, {}, [1, 3, 6, 6]),
    ("Conv", (4, 2, 3, 3), False, {"group": 2}, [1, 4, 6, 6]),
    ("ConvTranspose", (4, 2, 2, 2), True, {"group": 2, "strides": [2, 2]}, [1, 4, 5, 5]),
    ("Gemm", (4, 5), True, {"transB": 1}, [3, 5]),
    ("Gemm", (5, 4), False, {}, [3, 5]),
    ("MatMul", (5, 4), False, {}, [3, 5]),
]


@pytest.mark.parametrize(("op_type", "shape", "bias", "attributes", "fed"), FOLDABLE)
def test_folded_kernels_give_what_layer_and_normalization_give(save, op_type, shape, bias, attributes, fed):
    nodes, weights = network_of(op_type, shape, bias, **attributes)
    path = save("two.onnx", nodes, {"x": fed}, ["y"], weights)
    model = read(str(path)).model
    made = model.layer("layer")
    known = fold(made, normalization_after(model, made))

    variance = NORMALIZED["variance"].astype(np.float64) + np.float32(1e-3)
    by_hand = NORMALIZED["gamma"] / np.sqrt(variance)
    np.testing.assert_allclose(known.factor, by_hand, rtol=1e-9)
    own = weights["b"].astype(np.float64) if bias else 0.0
    np.testing.assert_allclose(known.bias, (own - NORMALIZED["mean"]) * by_hand + NORMALIZED["beta"], rtol=1e-9)

    read_kernels = KernelReader(made, kernel_facts(made), folded=known).of(range(4))
    stored = as_stored(read_kernels, op_type, shape, attributes).astype(np.float32)
    one = helper.make_node("Conv" if op_type == "Conv" else op_type, ["x", "w", "b"], ["y"], **attributes)
    if op_type == "MatMul":
        one = helper.make_node("Gemm", ["x", "w", "b"], ["y"])
    folded = save("one.onnx", [one], {"x": fed}, ["y"], {"w": stored, "b": known.bias.astype(np.float32)})
    x = np.random.default_rng(4).standard_normal(fed).astype(np.float32)
    expected, found = (
        onnxruntime.InferenceSession(str(each), providers=["CPUExecutionProvider"]).run(None, {"x": x})[0]
        for each in (path, folded)
    )
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def as_stored(read_kernels, op_type, shape, attributes):
    """Put kernels back to where the operator wants them."""
    if op_type == "ConvTranspose":
        groups = attributes["group"]
        apart = read_kernels.reshape(groups, shape[1], shape[0] // groups, *shape[2:])
        return apart.swapaxes(1, 2).reshape(shape)
    if op_type in ("Gemm", "MatMul"):
        rows = read_kernels.reshape(4, -1)
        return rows if attributes.get("transB") else rows.T
    return read_kernels


# ---------------------------------------------------------------- frequencies


def test_the_frequency_response_of_a_difference_and_a_mean():
    waves = np.fft.fftshift(np.fft.fftfreq(32))
    difference = frequency_response(np.array([[1.0, -1.0]]))
    np.testing.assert_array_equal(difference.across, waves)
    np.testing.assert_allclose(difference.magnitude[0], 2 * np.abs(np.sin(np.pi * waves)), atol=1e-12)
    mean = frequency_response(np.full((3, 3), 1 / 9))
    along = np.abs(1 + 2 * np.cos(2 * np.pi * waves)) / 3
    np.testing.assert_allclose(mean.magnitude, np.outer(along, along), atol=1e-12)
    assert mean.magnitude[16, 16] == pytest.approx(1)  # zero frequency in the middle
    assert mean.down[16] == mean.across[16] == 0


def test_a_large_kernel_is_not_cut_off_by_its_frequencies():
    assert frequency_response(np.ones((40, 2))).magnitude.shape == (40, 32)


def test_codes_of_each_kernel_have_a_scale_and_zero_point_of_their_own():
    stored = replace(weight(3, 1, 2, 2), dtype="int8", values=np.arange(12, dtype=np.int8).tobytes())
    zero = replace(weight(3), dtype="int8", values=np.array([1, 2, 3], np.int8).tobytes())
    kernel = replace(stored, quantization=Quantization(weight(3, values=(0.5, 1, 2)), zero))
    made = layer("q", "QLinearConv", "convolution", "x", kernel=kernel)
    assert reader_of(made, codes=True).of((2,)).tolist() == [[[[8, 9], [10, 11]]]]
    assert reader_of(made).of((2,)).tolist() == [[[[10, 12], [14, 16]]]]  # (8 - 3) * 2, ...


def test_codes_are_read_beside_the_numbers_they_stand_for():
    stored = replace(weight(2, 1, 1), dtype="int8", values=np.array([3, -5], np.int8).tobytes())
    scaled = replace(stored, quantization=Quantization(weight(1, values=[0.5]), None))
    made = layer("q", "QLinearConv", "convolution", "x", kernel=scaled)
    assert reader_of(made).of((0, 1)).reshape(-1).tolist() == [1.5, -2.5]
    assert reader_of(made, codes=True).of((0, 1)).reshape(-1).tolist() == [3, -5]
