"""Kernels as they are read from weights: expected shapes and values by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from inspector.graph.kernels import (
    KernelFacts,
    Matrix,
    arranged_kernels,
    kernel_facts,
    kernel_scale,
    matrix_of,
    stored_index,
)
from inspector.graph.weight import Quantization, Step
from tests.graph.test_context import layer, weight


def sliding(op_type, *shape, group=1):
    return layer("c", op_type, "convolution", "x", kernel=weight(*shape), group=group)


def dense(op_type, *shape, **attributes):
    return layer("d", op_type, "fully connected", "x", kernel=weight(*shape), **attributes)


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (sliding("Conv", 4, 3, 2, 2), KernelFacts(4, 3, (2, 2), False, False)),
        (sliding("Conv", 6, 1, 2, 2, group=6), KernelFacts(6, 1, (2, 2), True, False)),
        (sliding("Conv", 6, 2, 2, group=3), KernelFacts(6, 2, (2,), False, False)),
        (sliding("ConvTranspose", 4, 3, 2, 2, group=2), KernelFacts(6, 2, (2, 2), False, True)),
        (dense("MatMul", 5, 7), KernelFacts(7, 5, (), False, False)),
        (dense("Gemm", 5, 7, transB=1), KernelFacts(5, 7, (), False, False)),
        (layer("r", "Relu", "activation", "x"), None),
        (dense("MatMul", 5), None),
    ],
    ids=["conv", "depthwise", "grouped", "transposed", "matmul", "gemm", "none", "vector"],
)
def test_the_shape_of_kernels(made, expected):
    assert kernel_facts(made) == expected


@pytest.mark.parametrize(
    ("made", "output", "input_", "place"),
    [
        (sliding("Conv", 4, 3, 2, 2), 2, 1, (1, 0)),
        (sliding("ConvTranspose", 4, 2, 3, group=2), 3, 1, (2,)),
        (sliding("ConvTranspose", 4, 3, 2, 2), 2, 3, (0, 1)),
    ],
    ids=["conv", "grouped and transposed", "transposed"],
)
def test_an_element_of_a_kernel_is_found_in_its_weight(made, output, input_, place):
    stored, facts = made.weight("kernel").read(), kernel_facts(made)
    kernels = arranged_kernels(stored, made, facts)
    assert kernels.shape == (facts.outputs, facts.inputs, *facts.spatial)
    assert stored[stored_index(made, facts, output, input_, place)] == kernels[(output, input_, *place)]


def test_a_small_matrix_is_read_whole_and_a_large_one_in_part():
    small = matrix_of(weight(2, 3))
    assert (small.row_step, small.column_step) == (1, 1)
    np.testing.assert_array_equal(small.values, [[0, 1, 2], [3, 4, 5]])
    values = np.arange(2_500)[:, np.newaxis] * 10_000.0 + np.arange(2_000)
    large = matrix_of(weight(2_500, 2_000, values=values), at_most=1_000)
    assert isinstance(large, Matrix)
    assert (large.row_step, large.column_step) == (3, 2)
    np.testing.assert_array_equal(large.values, values.astype(np.float32)[::3, ::2])


def test_a_turned_matrix_is_read_in_part_too():
    values = np.arange(2_500)[:, np.newaxis] * 10_000.0 + np.arange(2_000)
    stored = weight(2_500, 2_000, values=values)
    turned = matrix_of(replace(stored, shape=(2_000, 2_500), steps=(Step("transpose", (1, 0)),)), at_most=1_000)
    assert (turned.row_step, turned.column_step) == (2, 3)
    np.testing.assert_array_equal(turned.values, values.astype(np.float32)[::3, ::2].T)


def test_of_a_stack_of_matrices_the_first_is_read():
    np.testing.assert_array_equal(matrix_of(weight(4, 2, 3)).values, [[0, 1, 2], [3, 4, 5]])


# ---------------------------------------------------------------- quantized


def quantized(op_type, shape, scale, zero_point=None, axis=0, group=1, steps=()):
    """A layer whose stored codes are 0, 1, 2, ... of that shape."""
    codes = weight(*shape)
    codes = replace(codes, dtype="int8", values=np.arange(np.prod(shape), dtype=np.int8).tobytes())
    zero = None
    if zero_point is not None:
        zero = replace(weight(len(zero_point)), dtype="int8", values=np.array(zero_point, np.int8).tobytes())
    given = Quantization(weight(len(scale), values=scale), zero, axis)
    after = tuple(shape[each] for each in steps[0].numbers) if steps else shape
    kernel = replace(codes, quantization=given, steps=steps, shape=after)
    return layer("q", op_type, "convolution", "x", kernel=kernel, group=group)


def found(made, output):
    scale = kernel_scale(made, output)
    return scale.scale.tolist(), scale.zero_point.tolist()


def test_each_kernel_has_its_own_scale_and_zero_point():
    made = quantized("QLinearConv", (3, 1, 2, 2), (0.5, 1, 2), (1, 2, 3))
    assert [found(made, each) for each in range(3)] == [([0.5], [1]), ([1], [2]), ([2], [3])]
    assert kernel_scale(made, 0).is_one


def test_one_scale_holds_for_all_kernels():
    assert found(quantized("QLinearConv", (3, 1, 2, 2), (0.5,)), 2) == ([0.5], [0])


def test_the_scale_of_a_transposed_kernel_is_that_of_its_output():
    # 4 inputs and 6 outputs in 2 groups: along axis 1 lie the 3 outputs of each group
    made = quantized("ConvTranspose", (4, 3, 1), (1, 2, 3), axis=1, group=2)
    assert [found(made, each)[0] for each in range(6)] == [[1], [2], [3], [1], [2], [3]]


def test_scales_along_the_inputs_are_all_named():
    made = quantized("ConvTranspose", (4, 3, 1), (1, 2, 3, 4), axis=0, group=2)
    assert found(made, 0)[0] == [1, 2]
    assert found(made, 3)[0] == [3, 4]
    assert not kernel_scale(made, 0).is_one


def test_the_scale_follows_a_kernel_that_the_graph_turns_round():
    made = quantized("Conv", (2, 3, 1), (1, 2, 3), axis=1, steps=(Step("transpose", (1, 0, 2)),))
    assert [found(made, each)[0] for each in range(3)] == [[1], [2], [3]]


def test_kernels_of_real_numbers_have_no_scale():
    assert kernel_scale(sliding("Conv", 4, 3, 2, 2), 0) is None
