"""One place across all channels."""

from __future__ import annotations

import math

import numpy as np
import pytest

from inspector.analysis.profile import profile
from inspector.analysis.reading import reading
from inspector.graph.model import Tensor


def read(values, channels_last=False):
    return reading(values, Tensor("x", str(values.dtype), values.shape, channels_last), {})


@pytest.fixture
def three():
    """Channel c holds 10 c at row 1, column 0, and -c elsewhere."""
    values = np.zeros((1, 3, 2, 2), np.float32) - np.arange(3, dtype=np.float32)[None, :, None, None]
    values[0, :, 1, 0] = [0, 10, 20]
    return values


def test_a_place_is_read_in_every_channel(three):
    assert profile(read(three), 1, 0).values.tolist() == [0, 10, 20]
    found = profile(read(np.ascontiguousarray(np.moveaxis(three, 1, -1)), True), 0, 1)
    assert found.values.tolist() == [0, -1, -2]
    assert (found.low, found.high) == (-2, 0)


def test_where_there_is_no_element_there_is_no_profile(three):
    assert profile(read(three), 2, 0) is None
    assert profile(read(three), 0, -1) is None


def test_the_largest_comes_first_and_what_is_no_number_last():
    found = profile(read(np.array([[1.0, math.nan, 7.0, -3.0]], np.float32)), 0, 0, by_value=True)
    assert found.order.tolist() == [2, 0, 3, 1]
    assert [found.rank(channel) for channel in range(4)] == [1, 3, 0, 2]
    assert found.rank(4) == -1
    assert (found.low, found.high) == (-3, 7)


def test_channels_that_share_a_bar_are_drawn_from_the_smallest_to_the_largest():
    found = profile(read(np.array([[1.0, 5.0, -2.0, 0.5, math.nan, 3.0]], np.float32)), 0, 0)
    assert found.bars(3) == [(1, 5), (-2, 0.5), (0, 3)]
    assert found.bars(6) == [(1, 1), (5, 5), (-2, -2), (0.5, 0.5), (0, 0), (3, 3)]
