"""What is between two runs: subtracted, and as one number for a layer. Expected values by hand or by float64 numpy."""

from __future__ import annotations

import math

import numpy as np
import pytest

from inspector.analysis.comparing import MOST, Sight, curves, difference, distance, is_fed_the_same
from inspector.analysis.reading import reading
from inspector.graph.model import Codes, Prediction, Run, Tensor


def read(values, **known):
    values = np.asarray(values)
    return reading(values, Tensor("x", str(values.dtype), values.shape, **known), {})


def ran(fed, **tensors):
    prediction = Prediction("a.png", {"x": np.asarray(fed, np.float32)}, {}, None, None, "CPU", 0.0)
    return Run(1, prediction, tensors, None, 0.0)


def test_the_reference_is_subtracted_from_the_current_run():
    made = difference(read([[[[1.0, 2.0]]]]), read([[[[4.0, -1.0]]]]))
    np.testing.assert_array_equal(made.values, [[[[-3, 3]]]])
    assert made.is_difference
    assert made.colormap == "signed"


def test_half_precision_is_subtracted_in_single_precision():
    made = difference(*(read(np.full((1, 1, 1, 1), each, np.float16)) for each in (65504, -65504)))
    assert made.values.dtype == np.float32
    assert made.values.item() == 131008  # beyond the largest float16


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.bool_])
def test_small_integers_do_not_wrap_round(dtype):
    low, high = (np.full((1, 1, 1, 1), each, dtype) for each in (0, 1))
    made = difference(read(low), read(high))
    assert made.values.dtype == np.int64
    assert made.values.item() == -1


def test_codes_are_subtracted_as_codes_and_else_as_what_they_stand_for():
    known = Tensor("x", "uint8", (1, 1, 1, 2), codes=Codes((0.5,), (128,)))
    stored = [np.array([[[codes]]], np.uint8) for codes in ([130, 0], [126, 255])]
    real = difference(*(reading(each, known, {}) for each in stored))
    np.testing.assert_array_equal(real.values.ravel(), [2.0, -127.5])
    codes = difference(*(reading(each, known, {}, codes=True) for each in stored))
    np.testing.assert_array_equal(codes.values.ravel(), [4, -255])
    assert codes.code(0, 0, 0) is None
    assert codes.number(0, 0, 1) == -255


def test_infinity_less_infinity_is_no_number_and_says_nothing_on_the_way():
    made = difference(read([[[[np.inf, np.inf, np.nan]]]]), read([[[[np.inf, 1.0, 1.0]]]]))
    np.testing.assert_array_equal(made.values.ravel(), [np.nan, np.inf, np.nan])


def test_other_shapes_are_not_subtracted():
    one, other = np.zeros((1, 2, 3, 3)), np.zeros((1, 2, 4, 4))
    assert difference(read(one), read(other)) is None
    assert distance(one, other) is None


def test_distance_is_relative_and_cosine_is_of_the_angle():
    found = distance(np.array([3.0, 0.0]), np.array([0.0, 4.0]))
    assert found.relative == pytest.approx(5 / 4)  # |(3, -4)| / |(0, 4)|
    assert found.cosine == 0.0
    twice = distance(np.array([2.0, -4.0], np.float16), np.array([1.0, -2.0], np.float16))
    assert (twice.relative, twice.cosine) == pytest.approx((1.0, 1.0))
    opposite = distance(np.array([1, 2], np.int8), np.array([-1, -2], np.int8))
    assert (opposite.relative, opposite.cosine) == pytest.approx((2.0, -1.0))


def test_distances_where_one_is_all_zero():
    zero, one = np.zeros(3), np.ones(3)
    assert distance(zero, zero).relative == 0.0
    assert distance(one, zero).relative == math.inf
    assert distance(zero, one).relative == 1.0
    assert math.isnan(distance(zero, one).cosine)


def test_distance_leaves_out_what_is_not_finite_in_both():
    found = distance(np.array([np.nan, 1.0, np.inf, 3.0]), np.array([1.0, 2.0, 1.0, 3.0]))
    expected = np.linalg.norm([1 - 2, 0]) / np.linalg.norm([2, 3])
    assert found.relative == pytest.approx(expected)
    nothing = distance(np.array([np.nan]), np.array([1.0]))
    assert math.isnan(nothing.relative)


def test_the_largest_numbers_have_a_distance():
    found = distance(np.array([1e300, 0.0]), np.array([0.0, 1e300]))
    assert (found.relative, found.cosine) == pytest.approx((math.sqrt(2), 0.0))


def test_a_large_layer_is_judged_by_some_of_its_values():
    random = np.random.default_rng(1)
    one, other = (random.standard_normal((4, 2 * MOST)).astype(np.float32) for _ in range(2))
    found = distance(one, other)
    assert found.is_sampled
    assert found.relative == pytest.approx(np.linalg.norm((one - other).ravel()) / np.linalg.norm(other.ravel()), 0.01)


def test_a_sight_reads_either_run_or_what_is_between_them():
    known = Tensor("y", "float32", (1, 1, 1, 1))
    current, reference = ran([0], y=np.full((1, 1, 1, 1), 5.0)), ran([0], y=np.full((1, 1, 1, 1), 2.0))
    seen = {side: Sight(current, reference, side) for side in ("current", "reference", "difference")}
    assert [seen[side].read(known).values.item() for side in seen] == [5, 2, 3]
    assert seen["current"].read_beside(known).values.item() == 2
    assert seen["reference"].read_beside(known).values.item() == 5
    assert seen["difference"].read_beside(known) is None
    assert seen["current"].distance(known).relative == pytest.approx(1.5)
    lacking = Sight(current, ran([0]), "difference")
    assert not lacking.has("y")
    assert lacking.read(known) is None
    assert lacking.distance(known) is None


def test_curves_of_one_length_lie_below_each_other():
    one, other = read(np.arange(6.0).reshape(1, 2, 3)), read(np.ones((1, 2, 3)))
    np.testing.assert_array_equal(curves([one, other], 1), [[3, 4, 5], [1, 1, 1]])
    assert curves([one, None], 0) is None
    assert curves([one, read(np.ones((1, 2, 4)))], 0) is None


def test_runs_of_the_same_numbers_are_told_from_others():
    assert is_fed_the_same(ran([1, np.nan]).prediction, ran([1, np.nan]).prediction)
    assert not is_fed_the_same(ran([1, 2]).prediction, ran([1, 3]).prediction)
    assert not is_fed_the_same(ran([1, 2]).prediction, ran([[1, 2]]).prediction)
