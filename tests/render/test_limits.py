"""Limits: expected ones are counted by hand."""

from __future__ import annotations

import numpy as np
import pytest

from inspector.render.indices import indices
from inspector.render.limits import SCALINGS, Limits, limits, resolve, shared_limits, ticks, together
from inspector.render.survey import survey
from tests.render.ramp import NUMBERS, RAMP


@pytest.mark.parametrize("dtype", NUMBERS)
def test_limits_of_the_layer_are_its_extremes(dtype):
    maps = np.array([[[3, 1]], [[7, 5]]], dtype)
    assert limits(maps).of(0) == (1, 7)
    assert limits(maps).is_shared


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_limits_of_negative_numbers(dtype):
    assert limits(np.array([[[-3, -1, -2]]], dtype)).of(0) == (-3, -1)
    assert limits(np.array([[[-3, 1, 0]]], dtype)).of(0) == (-3, 1)
    assert limits(np.array([[[-0.0, 0.0]]], dtype)).of(0) == (0, 0)


def test_limits_of_each_channel():
    found = limits(np.array([[[3, 1]], [[-7, 5]]], np.float16), "channel")
    assert not found.is_shared
    assert [found.of(0), found.of(1)] == [(1, 3), (-7, 5)]


def test_symmetric_limits_reach_as_far_down_as_up():
    assert limits(np.array([[[-3, 1, 0]]], np.float32), "symmetric").of(0) == (-3, 3)


def test_percentiles_cut_off_the_lowest_and_highest_hundredth():
    maps = np.random.default_rng(0).permutation(1001).astype(np.float32).reshape(7, 11, 13)
    assert limits(maps, "percentile").of(0) == (10, 990)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("scaling", SCALINGS)
def test_only_finite_values_count(dtype, scaling):
    maps = np.array([[[np.nan, np.inf, -np.inf, 2, 4]]], dtype)
    expected = (-4, 4) if scaling == "symmetric" else (2, 4)
    assert limits(maps, scaling).of(0) == expected


def test_zero_has_the_color_in_the_middle_also_where_there_is_nothing_else():
    zeros = np.zeros((1, 2, 2), np.float32)
    found, colormap = resolve(zeros, "layer", "signed")
    assert (found.of(0), colormap) == ((-1, 1), "signed")
    assert (indices(zeros, found) == 128).all()
    assert resolve(zeros, "layer")[0].of(0) == (0, 0)


@pytest.mark.parametrize("scaling", SCALINGS)
def test_where_nothing_is_finite_the_limits_are_zero(scaling):
    assert limits(np.full((1, 2, 2), np.nan, np.float32), scaling).of(0) == (0, 0)
    assert limits(np.zeros((0, 2, 2), np.float32), "layer").of(0) == (0, 0)


def test_a_diverging_colormap_has_zero_in_its_middle():
    limits, name = resolve(np.array([[[-1, 3]]], np.float32))
    assert (name, limits.of(0)) == ("signed", (-3, 3))
    limits, name = resolve(np.array([[[-1, 3]]], np.float32), colormap="magma")
    assert (name, limits.of(0)) == ("magma", (-1, 3))
    limits, name = resolve(np.array([[[1, 3]]], np.float32))
    assert (name, limits.of(0)) == ("viridis", (1, 3))


@pytest.mark.parametrize("scaling", SCALINGS)
@pytest.mark.parametrize("odd", [1, np.nan, np.inf])
def test_a_survey_spares_looking_again_and_changes_nothing(scaling, odd):
    maps = np.array([[[-3, 1, 2]], [[odd, 7, 8]]], np.float32)
    assert limits(maps, scaling, survey(maps)).is_same(limits(maps, scaling))


def test_an_unknown_scaling_is_refused():
    with pytest.raises(KeyError):
        limits(RAMP, "no such scaling")


def test_limits_that_hold_two_reach_no_farther_than_they_do():
    apart = Limits(np.array([3.0, 5.0]), np.array([4.0, 9.0]))
    held = together(apart, Limits(np.array([2.0, 6.0]), np.array([8.0, 7.0])))
    assert [held.of(0), held.of(1)] == [(2, 8), (5, 9)]
    assert together(apart, shared_limits(4, 6)).of(0) == (3, 9)


def test_limits_know_their_channel():
    limits = Limits(np.array([0.0, 1.0]), np.array([2.0, 3.0]))
    assert limits.of(1) == (1.0, 3.0)
    assert limits.around_zero().of(1) == (-3.0, 3.0)


@pytest.mark.parametrize(
    ("low", "high", "at_most", "expected"),
    [(0, 169.8, 4, (50, 100, 150)), (-1, 1, 4, (-0.5, 0, 0.5)), (0, 0, 4, ()), (2, 3, 1, ()), (0, 1, 9, None)],
)
def test_ticks_are_round_numbers_between_the_limits(low, high, at_most, expected):
    found = ticks(low, high, at_most)
    assert len(found) <= at_most
    if expected is not None:
        assert found == pytest.approx(expected)
    else:
        assert found == pytest.approx([n / 10 for n in range(1, 10)])


@pytest.mark.parametrize("limits", [(0, float("inf")), (float("nan"), 1), (0, 5e-324), (-1e308, 1e308)])
def test_ticks_of_strange_limits_do_no_harm(limits):
    assert len(ticks(*limits, 4)) <= 4
