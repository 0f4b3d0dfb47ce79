"""Signals brought to the pixels of the screen."""

from __future__ import annotations

import numpy as np
import pytest

from inspector.render.curves import Stretch, trace, value_range


def test_few_samples_are_points_in_the_middle_of_their_share():
    drawn = trace(np.array([0, 10, 5], np.float32), Stretch(0, 3), 300, 100, 0, 10)
    assert drawn.is_exact
    np.testing.assert_allclose(drawn.runs[0], [[50, 100, 100], [150, 0, 0], [250, 50, 50]])


def test_many_samples_become_the_smallest_and_largest_of_each_column():
    values = np.array([0, 4, 2, 8, 6, 6, 10, 0], np.float32)
    drawn = trace(values, Stretch(0, 8), 4, 10, 0, 10)
    assert not drawn.is_exact
    # Columns hold (0, 4), (2, 8), (6, 6), (10, 0); y runs downwards from 10 to 0.
    np.testing.assert_allclose(drawn.runs[0], [[0.5, 6, 10], [1.5, 2, 8], [2.5, 4, 4], [3.5, 0, 10]])


def test_no_peak_is_lost_however_narrow_the_screen():
    values = np.zeros(1_000_003, np.float32)
    values[654_321] = 1
    drawn = trace(values, Stretch(0, len(values)), 97, 50, 0, 1)
    assert len(drawn.runs[0]) == 97
    assert drawn.runs[0][:, 1].min() == 0  # the top
    peak = int(np.argmin(drawn.runs[0][:, 1]))
    assert peak == 654_321 * 97 // 1_000_003


def test_a_curve_is_cut_where_numbers_are_missing():
    values = np.array([1, np.nan, 2, 3, np.inf], np.float64)
    drawn = trace(values, Stretch(0, 5), 50, 10, 0, 4)
    assert [len(run) for run in drawn.runs] == [1, 2]
    np.testing.assert_allclose(drawn.odd, [15, 45])


def test_a_column_with_some_numbers_missing_is_drawn_and_counted():
    values = np.array([1, np.nan, np.nan, np.nan, 3, 4], np.float64)
    drawn = trace(values, Stretch(0, 6), 3, 10, 0, 10)
    assert [len(run) for run in drawn.runs] == [1, 1]
    np.testing.assert_allclose(drawn.runs[0], [[0.5, 9, 9]])
    np.testing.assert_allclose(drawn.odd, [0.5, 1.5])


def test_a_stretch_within_a_signal_shows_what_lies_there():
    values = np.arange(100, dtype=np.int16)
    drawn = trace(values, Stretch(40, 50), 100, 100, 0, 100)
    in_view = drawn.runs[0][(drawn.runs[0][:, 0] >= 0) & (drawn.runs[0][:, 0] <= 100)]
    np.testing.assert_allclose(in_view[:, 0], np.arange(5, 100, 10))
    np.testing.assert_allclose(in_view[:, 1], 100 - np.arange(40, 50))


@pytest.mark.parametrize("kind", [np.float16, np.uint8, np.int64, np.bool_])
def test_any_number_type_is_drawn(kind):
    drawn = trace(np.array([0, 1, 1], kind), Stretch(0, 3), 30, 10, 0, 1)
    np.testing.assert_allclose(drawn.runs[0][:, 1], [10, 0, 0])


def test_the_largest_numbers_do_not_overflow():
    top = np.finfo(np.float64).max
    drawn = trace(np.array([-top, top]), Stretch(0, 2), 20, 10, -top, top)
    np.testing.assert_allclose(drawn.runs[0][:, 1], [10, 0])
    assert np.isfinite(value_range(0, top)).all()


def test_a_constant_lies_in_the_middle_of_its_range():
    assert value_range(4, 4) == (2, 6)
    assert value_range(0, 0) == (-0.5, 0.5)
    low, high = value_range(0, 100)
    assert low < 0
    assert high > 100


def test_enlarging_keeps_what_is_under_the_cursor_and_ends_at_four_samples():
    seen = Stretch(0, 100).zoomed(0.25, 2, 100)
    assert (seen.start, seen.stop) == (12.5, 62.5)  # sample 25 stays at a quarter
    for _ in range(20):
        seen = seen.zoomed(0.5, 2, 100)
    assert seen.length == 4
    for _ in range(20):
        seen = seen.zoomed(0.9, 0.5, 100)
    assert (seen.start, seen.stop) == (0, 100)


def test_moving_ends_at_the_signals_ends():
    seen = Stretch(10, 30)
    assert seen.moved(-50, 100) == Stretch(0, 20)
    assert seen.moved(500, 100) == Stretch(80, 100)
    assert seen.at(0.5) == 20
    assert seen.fraction(19.5) == 0.5
