"""Signals as one picture of time and channel."""

from __future__ import annotations

import numpy as np

from inspector.render.indices import indices
from inspector.render.limits import limits
from inspector.render.rows import drawn_in_rows
from inspector.render.survey import specials

SIGNALS = np.array([[[0, 1, 2]], [[0, 100, 200]]], np.float32)


def test_each_channel_is_a_row_of_one_tile():
    tile, found, _ = drawn_in_rows(SIGNALS, limits(SIGNALS), specials(SIGNALS))
    assert tile.shape == (1, 2, 3)
    assert indices(tile, found)[0].tolist() == [[0, 1, 3], [0, 128, 255]]  # of 0 to 200


def test_a_row_keeps_the_colors_of_its_own_limits():
    tile, found, _ = drawn_in_rows(SIGNALS, limits(SIGNALS, "channel"), specials(SIGNALS))
    assert indices(tile, found)[0].tolist() == [[0, 128, 255], [0, 128, 255]]


def test_what_is_no_number_stays_in_its_row():
    signals = SIGNALS.copy()
    signals[1, 0, 2] = np.nan
    _, _, found = drawn_in_rows(signals, limits(signals), specials(signals))
    assert found.kinds.tolist() == [[[0, 0, 0], [0, 0, 1]]]
    assert found.nan == 1
