"""All channels as one picture: expected numbers are worked out by hand, or by numpy's singular values in float64."""

from __future__ import annotations

import numpy as np
import pytest

from inspector.analysis import reductions
from inspector.analysis.reductions import components, components_of_both, over_channels

NAN, INF = np.nan, np.inf


def maps(*channels: list[float], dtype: type = np.float32) -> np.ndarray:
    """Channels of one row each, as a volume of one slice."""
    return np.array(channels, dtype).reshape(len(channels), 1, 1, -1)


def test_the_mean_and_the_maximum_are_taken_at_each_place():
    values = maps([1, -4, 0], [3, -2, 0])
    assert over_channels(values, "mean").tolist() == [[[[2, -3, 0]]]]
    assert over_channels(values, "maximum").tolist() == [[[[3, -2, 0]]]]


def test_only_finite_values_count_and_none_gives_nan():
    values = maps([1, NAN, NAN], [5, 3, INF])
    np.testing.assert_array_equal(over_channels(values, "mean")[0, 0, 0], [3, 3, NAN])
    np.testing.assert_array_equal(over_channels(values, "maximum")[0, 0, 0], [5, 3, NAN])


def test_means_of_float16_do_not_overflow_and_integers_keep_fractions():
    assert over_channels(np.full((8, 1, 1, 1), 60_000, np.float16), "mean").item() == 60_000
    assert over_channels(maps([1], [2], dtype=np.uint8), "mean").item() == 1.5
    assert over_channels(maps([2**31 - 1], [2**31 - 2], dtype=np.int32), "maximum").item() == 2**31 - 1


def test_many_places_are_reduced_in_parts(monkeypatch):
    values = np.random.default_rng(0).standard_normal((3, 2, 5, 7)).astype(np.float32)
    monkeypatch.setattr(reductions, "_AT_A_TIME", 12)
    np.testing.assert_allclose(over_channels(values, "mean")[0], values.astype(np.float64).mean(axis=0), rtol=1e-6)


@pytest.mark.parametrize("shape", [(5, 1, 9, 11), (60, 1, 4, 5), (2, 3, 4, 5)])
def test_components_are_those_of_the_singular_values(shape):
    values = np.random.default_rng(1).standard_normal(shape).astype(np.float32)
    values[0] *= 5
    flat = values.reshape(shape[0], -1).astype(np.float64)
    centered = flat - flat.mean(axis=1, keepdims=True)
    left, singular, _ = np.linalg.svd(centered, full_matrices=False)
    found = components(values)
    for place in range(min(3, shape[0])):
        direction = left[:, place] * np.sign(left[np.argmax(np.abs(left[:, place])), place])
        np.testing.assert_allclose(found.scores[place].reshape(-1), direction @ centered, rtol=1e-4, atol=1e-4)
        assert found.explained[place] == pytest.approx(singular[place] ** 2 / (singular**2).sum(), rel=1e-6)


def test_two_runs_are_measured_along_the_axes_of_the_first_and_share_their_colors():
    current, reference = maps([0, 1, 2, 3], [0, 0, 0, 0]), maps([0, 6, 0, 0], [2, 2, 2, 10])
    one, other = components_of_both(current, reference)
    # The current run lies along the first channel, around 1.5; along it the reference is at 0, 6, 0, 0.
    np.testing.assert_allclose(one.scores[0, 0, 0], [-1.5, -0.5, 0.5, 1.5])
    np.testing.assert_allclose(other.scores[0, 0, 0], [-1.5, 4.5, -1.5, -1.5])
    # Its variance there is 27 / 4 of (27 + 48) / 4 in all.
    assert (one.explained[0], other.explained[0]) == pytest.approx((1, 27 / 75))
    low, high = one.ends[0]
    assert one.ends == other.ends
    assert low == pytest.approx(-1.5)
    assert high == pytest.approx(-1.5 + 6 * 0.97)  # the last hundredth of four places, between the last two
    np.testing.assert_array_equal(
        one.colors[0, 0, :, 0], np.floor((one.scores[0, 0, 0] - low) / (high - low) * 255 + 0.5)
    )
    assert other.colors[0, 0, :, 0].tolist() == [0, 255, 0, 0]
    alone = components(current)
    np.testing.assert_array_equal(alone.scores, one.scores)
    assert alone.colors[0, 0, :, 0].tolist() != one.colors[0, 0, :, 0].tolist()


def test_places_along_a_line_have_one_component_and_its_colors_go_from_end_to_end():
    values = maps([0, 1, 2, 3], [0, 2, 4, 6])
    found = components(values)
    assert found.explained == pytest.approx((1, 0, 0))
    step = np.sqrt(5)  # from one place to the next along (1, 2)
    np.testing.assert_allclose(found.scores[0, 0, 0], [-1.5 * step, -0.5 * step, 0.5 * step, 1.5 * step], rtol=1e-6)
    assert found.colors[0, 0, :, 0].tolist() == [
        0,
        84,
        171,
        255,
    ]  # without the outer hundredths
    assert found.colors[0, 0, :, 1:].tolist() == [[128, 128]] * 4


def test_a_place_that_is_no_number_is_black_and_changes_nothing_else():
    values = maps([0, 1, 2, 3, NAN], [0, 2, 4, 6, 1])
    found, without = components(values), components(values[..., :4])
    np.testing.assert_array_equal(found.scores[..., :4], without.scores)
    assert np.isnan(found.scores[..., 4]).all()
    assert found.colors[0, 0, 4].tolist() == [0, 0, 0]
    assert (found.places, found.explained) == (4, without.explained)


@pytest.mark.parametrize(
    "values", [np.full((4, 1, 3, 3), 7, np.int8), np.ones((4, 1, 1, 1)), np.full((2, 1, 2, 2), NAN)]
)
def test_channels_that_do_not_vary_have_no_components(values):
    found = components(values)
    assert np.isnan(found.explained).all()
    assert found.colors.shape == (*values.shape[1:], 3)


def test_very_large_and_half_numbers_have_components_too():
    line = [[0.0, 1, 2, 3], [0, 2, 4, 6]]
    large = components(maps(*[[each * 1e300 for each in row] for row in line], dtype=np.float64))
    half = components(maps(*line, dtype=np.float16))
    assert large.explained == pytest.approx((1, 0, 0))
    np.testing.assert_array_equal(half.colors, components(maps(*line)).colors)


def test_of_many_places_some_are_taken_and_the_same_ones_again(monkeypatch):
    monkeypatch.setattr(reductions, "MOST_SAMPLES", 50)
    values = np.random.default_rng(2).standard_normal((4, 1, 20, 20)).astype(np.float32)
    one, other = components(values), components(values.copy())
    assert 25 <= one.places <= 50
    np.testing.assert_array_equal(one.scores, other.scores)
    assert np.isfinite(one.scores).all()
