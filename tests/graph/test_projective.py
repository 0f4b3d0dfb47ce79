"""Which elements see a pixel, counted by hand and by turning receptive fields round."""

from __future__ import annotations

import pytest

from inspector.graph.context import field_of
from inspector.graph.projective import Reached, reached
from inspector.graph.receptive_field import ReceptiveField

# A convolution of 3 x 3 with padding 1: element 0 is centred on pixel 0.
SAME = ReceptiveField((3, 3), (1.0, 1.0), (0.5, 0.5), "exact")
# 7 x 7 with stride 2 and padding 3, as in the stem of a ResNet.
STEM = ReceptiveField((7, 7), (2.0, 2.0), (0.5, 0.5), "exact")


def test_a_pixel_reaches_its_neighbours_through_a_small_kernel():
    assert reached(SAME, (5, 0), 10, 10) == Reached(4, 0, 7, 2, is_bound=False)
    assert reached(SAME, (9, 9), 10, 10) == Reached(8, 8, 10, 10, is_bound=False)


def test_a_stride_thins_out_what_is_reached():
    # Element i sees pixels 2 i - 3 to 2 i + 3; pixel 10 lies in those of 4, 5 and 6.
    assert reached(STEM, (10, 10), 112, 112) == Reached(4, 4, 7, 7, is_bound=False)


@pytest.mark.parametrize("field", [SAME, STEM, ReceptiveField((4, 5), (3.0, 2.0), (-1.0, 2.5), "bound")])
def test_an_element_is_reached_exactly_if_its_field_holds_the_pixel(field):
    for pixel in [(0, 0), (3, 7), (11, 4), (19, 19)]:
        found = reached(field, pixel, 12, 12)
        for row in range(12):
            for column in range(12):
                seen = field_of(field, (row, column))
                holds = seen.top < pixel[0] + 0.5 < seen.bottom and seen.left < pixel[1] + 0.5 < seen.right
                is_reached = found.top <= row < found.bottom and found.left <= column < found.right
                assert is_reached == holds, (pixel, row, column)


def test_what_sees_everything_is_reached_whole_and_what_is_unknown_not_at_all():
    assert reached(ReceptiveField(status="whole input"), (0, 0), 4, 5) == Reached(0, 0, 4, 5, is_bound=True)
    assert reached(ReceptiveField(), (0, 0), 4, 5) is None


def test_constants_are_not_reached():
    assert reached(ReceptiveField((0, 0), (0.0, 0.0), (0.0, 0.0), "exact"), (0, 0), 4, 5).count == 0
