"""How long limits hold that were chosen as numbers."""

from __future__ import annotations

import pytest

from inspector.ui.fixed_limits import carried_on
from inspector.ui.session import View

FIXED = View(layer="one", limits=(0.0, 1.0))
LOCKED = View(layer="one", limits=(0.0, 1.0), is_locked=True)
OTHER_NUMBERS = ({"layer": "two"}, {"codes": True}, {"compare": "difference"})
SAME_NUMBERS = ({"channel": 3}, {"colormap": "magma"}, {"compare": "reference"}, {"order": "mean"}, {"slice": 2})


@pytest.mark.parametrize("changes", OTHER_NUMBERS)
def test_fixed_limits_end_with_their_numbers_unless_they_are_locked(changes):
    assert carried_on(FIXED, changes).limits is None
    assert carried_on(LOCKED, changes).limits == (0, 1)


@pytest.mark.parametrize("changes", SAME_NUMBERS)
def test_fixed_limits_hold_while_the_numbers_are_the_same(changes):
    assert carried_on(FIXED, changes).limits == (0, 1)


def test_a_scaling_that_is_chosen_ends_them_even_if_it_is_the_one_of_before():
    for view in (FIXED, LOCKED):
        changed = carried_on(view, {"scaling": view.scaling})
        assert (changed.limits, changed.is_locked) == (None, False)


def test_another_model_ends_fixed_limits_though_its_layer_is_called_the_same():
    assert carried_on(FIXED, {"layer": "one"}, is_new=True).limits is None
    assert carried_on(LOCKED, {"layer": "one"}, is_new=True).limits == (0, 1)
