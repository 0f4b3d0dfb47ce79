"""Percentiles are exact: the numbers that sorting all of them gives."""

from __future__ import annotations

import numpy as np
import pytest

from inspector.render.limits import limits
from inspector.render.percentiles import ranked

RANDOM = np.random.default_rng(1)
MANY = 600_011
FLAT = RANDOM.normal(size=MANY)


def by_sorting(values, fraction=0.01):
    ordered = np.sort(np.asarray(values, np.float64))
    rank = round((ordered.size - 1) * fraction)
    return ordered[rank], ordered[ordered.size - 1 - rank]


@pytest.mark.parametrize("size", [1, 2, 3, 50, 51, 149, 150, 1001, 70_000])
def test_a_few_numbers_are_ranked(size):
    values = RANDOM.normal(size=size).astype(np.float32)
    assert ranked(values, 0.01) == by_sorting(values)


@pytest.mark.parametrize("fraction", [0, 0.001, 0.01, 0.25, 0.49, 0.5])
def test_every_rank_can_be_asked_for(fraction):
    values = FLAT.astype(np.float32)
    assert ranked(values, fraction) == by_sorting(values, fraction)


@pytest.mark.parametrize(
    "values",
    [
        np.maximum(FLAT, 0),  # half of them are zero
        np.clip(FLAT, -0.5, 0.5),  # both limits are shared by many
        np.rint(FLAT * 3),  # few different numbers
        np.where(np.arange(MANY) < MANY // 99, -1, 0),  # a step just beyond the rank
        np.where(np.arange(MANY) < MANY // 101, -1, 0),  # and just before it
        np.zeros(MANY),
        np.sort(FLAT),
        FLAT * 1e-40,
    ],
    ids=["relu", "clip", "steps", "beyond", "before", "zeros", "sorted", "tiny"],
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_percentiles_are_those_of_sorting(values, dtype):
    values = values.astype(dtype)
    assert ranked(values, 0.01) == by_sorting(values)


def test_percentiles_of_bytes_are_those_of_sorting():
    values = RANDOM.integers(-128, 128, MANY).astype(np.int8)
    assert ranked(values, 0.01) == by_sorting(values)


def test_numbers_that_a_sample_does_not_meet_count_all_the_same():
    step = (MANY // (1 << 15)) | 1
    values = np.full(MANY, 5.0, np.float32)
    values[np.arange(MANY) % step != 0] = -5  # nearly all of them; the sample sees none
    values[1::step] = np.linspace(-9, -8, values[1::step].size)
    assert ranked(values, 0.01) == by_sorting(values)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_limits_of_a_large_layer_are_its_percentiles(dtype):
    maps = RANDOM.normal(size=(32, 140, 150)).astype(dtype)
    assert limits(maps, "percentile").of(0) == by_sorting(maps.reshape(-1))
    maps[3, 5] = np.nan
    maps[4, 6] = np.inf
    assert limits(maps, "percentile").of(0) == by_sorting(maps[np.isfinite(maps)])
