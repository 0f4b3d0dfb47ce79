"""The receptive fields of chains, and those published for whole networks."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

import pytest

from inspector.graph.receptive_field import Interval, ReceptiveField, View, regrouped, united


class Window(NamedTuple):
    """How a layer slides over one axis."""

    kernel: int
    stride: int = 1
    dilation: int = 1
    pad: int = 0


CONV, POOL = Window(kernel=3, pad=1), Window(kernel=2, stride=2)
VGG16 = [CONV, CONV, POOL] * 2 + [CONV, CONV, CONV, POOL] * 3
HALVED = Window(1, stride=2)
RESNET50 = [Window(7, stride=2, pad=3), CONV, HALVED]  # a max pooling of 3 x 3 with stride 2 sees what these two see
RESNET50 += [CONV] * 3 + [HALVED] + [CONV] * 4 + [HALVED] + [CONV] * 6 + [HALVED] + [CONV] * 3


@pytest.mark.parametrize(
    ("windows", "size", "jump", "start"),
    [
        ([], 1, 1, 0.5),
        ([Window(7, stride=2, pad=3)], 7, 2, 0.5),
        ([Window(3, dilation=2)], 5, 1, 2.5),
        ([Window(1, stride=2), Window(2)], 3, 2, 1.5),
        (VGG16[:-1], 196, 16, 8.0),
        (VGG16, 212, 32, 16.0),
        (RESNET50, 483, 32, 0.5),  # 212, 483: the table of Araujo, Norris and Sim
    ],
    ids=["picture", "resnet stem", "dilated", "strided", "vgg16 conv5_3", "vgg16 pool5", "resnet50"],
)
def test_chains_have_the_published_fields(windows, size, jump, start):
    view = View((Interval(0, 0, (1,)),))
    for window in windows:
        view = view.slid(0, window.stride, -window.pad, window.dilation * (window.kernel - 1) - window.pad)
    assert view.receptive_field((None,)) == ReceptiveField((size,), (jump,), (start,), "exact", axes=(0,))


def test_paths_with_the_same_jump_see_both_their_fields():
    near, far = _line(-1, 1, 2), _line(2, 5, 2)
    found = united([near, far], (9,))
    assert found.intervals == (Interval(-1, 5, (2,)),)
    assert found.is_exact


def test_fields_with_a_gap_between_them_give_a_bound():
    assert not united([_line(0, 1, 2), _line(5, 6, 2)], (9,)).is_exact


def test_paths_with_different_jumps_see_all_that_both_can():
    found = united([_line(0, 2, 1), _line(1, 1, 3)], (5,))
    assert found.intervals == (Interval(0, 13, (0,)),)  # 1 + 3 * 4 from the one, 2 + 4 from the other
    assert not found.is_exact


def test_paths_with_different_jumps_and_no_known_size_see_everything():
    found = united([_line(0, 2, 1), _line(1, 1, 3)], (None,))
    assert found.receptive_field((100,)).status == "whole input"


def test_fractions_become_whole_pixels():
    upsampled = Interval(Fraction(-1, 2), 0, (Fraction(1, 2),))  # nearest, twice as large
    assert [upsampled.at((place,)) for place in range(4)] == [(0, 0), (0, 0), (1, 1), (1, 1)]


def test_a_line_cut_into_rows_and_put_together_is_the_line():
    assert regrouped([1], [120], [12, 10]) == (10, 1)
    assert regrouped([10, 1], [12, 10], [120]) == (1,)
    assert regrouped([10, 1], [12, 10], [4, 3, 10]) == (30, 10, 1)


def test_rows_that_do_not_go_on_stay_apart_until_they_are_cut_again():
    merged = regrouped([0, 8, 0], [4, 5, 6], [120])
    assert merged == (((4, 0), (5, 8), (6, 0)),)
    assert Interval(0, 0, merged).at((7 * 6 + 3,)) == (16, 16)  # row 7 of all is row 2 of the second channel
    assert regrouped(merged, [120], [4, 5, 6]) == (0, 8, 0)
    assert regrouped([0, 8], [4, 6], [3, 8]) is None


def _line(low: int, high: int, jump: int) -> View:
    return View((Interval(low, high, (jump,)),))
