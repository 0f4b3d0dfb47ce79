"""What panels share of a layer."""

from __future__ import annotations

import gc
import weakref

import numpy as np

from inspector.analysis.reading import reading
from inspector.graph.model import Tensor
from inspector.ui.surveyed import surveyed


def read(values):
    return reading(values, Tensor("x", "float32", values.shape), {})


def test_panels_share_what_was_found_while_one_of_them_holds_it():
    found = read(np.arange(8, dtype=np.float32).reshape(1, 2, 2, 2))
    first = surveyed(found)
    assert surveyed(found) is first
    assert first.limits("layer").of(0) == (0, 7)
    assert first.limits("layer") is first.limits("layer")
    assert first.limits("channel").of(1) == (4, 7)


def test_another_layer_is_looked_over_anew():
    one, other = (read(np.full((1, 1, 2, 2), value, np.float32)) for value in (1, 2))
    first = surveyed(one)
    second = surveyed(other)
    assert (first.survey.high, second.survey.high) == (1, 2)


def test_nothing_is_kept_that_no_panel_holds():
    found = read(np.ones((1, 1, 2, 2), np.float32))
    gone = weakref.ref(surveyed(found))
    gc.collect()
    assert gone() is None
