"""Deployed against instrumented, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from inspector.graph.compare import difference
from inspector.graph.model import Difference


def test_the_output_that_differs_most_is_reported():
    deployed = {"a": np.array([1.0, 2.0]), "b": np.array([5.0, 1.0]), "names": np.array(["x"])}
    instrumented = {
        "a": np.array([1.0, 2.5]),
        "b": np.array([2.0, 3.0]),
        "names": np.array(["y"]),
        "inner": np.zeros(3),
    }
    assert difference(deployed, instrumented) == Difference("b", 3.0, True)
    assert difference(deployed, deployed) == Difference("a", 0.0, False)


def test_equal_nan_and_infinities_are_no_difference():
    values = {"a": np.array([np.nan, np.inf, -np.inf, 1.0])}
    assert difference(values, {"a": values["a"].copy()}) == Difference("a", 0.0, False)


@pytest.mark.parametrize(
    "other", [np.array([1.0, np.nan, 3.0]), np.array([1.0, np.inf, 3.0]), np.array([1.0, 2.0]), np.zeros((3, 1))]
)
def test_what_no_number_can_say_has_none_and_is_the_largest_difference(other):
    deployed = {"a": np.array([1.0, 2.0, 3.0]), "b": np.array([1e30])}
    found = difference(deployed, {"a": other, "b": np.array([0.0])})
    assert found is not None
    assert (found.output, found.max_abs) == ("a", None)


def test_outputs_without_numbers_have_no_difference():
    assert difference({"names": np.array(["x"])}, {"names": np.array(["x"])}) is None
    assert difference({"a": np.zeros(1)}, {}) is None
