"""Elements by channel and place, as indices, and back; what windows touch; what becomes of maps."""

from __future__ import annotations

import numpy as np
import pytest

from inspector.explain.elements import Spot, index_of, map_of, spot_of, strongest
from inspector.explain.facts import Arithmetic, Operand
from inspector.explain.sheets import product_sheets, ranking, shares, sheet, strongest_place
from inspector.explain.sliding_window import Motion
from inspector.explain.unrolling import unrolling
from inspector.graph.model import Geometry, Layer, Tensor

NCHW = Tensor("x", "float32", None)
NHWC = Tensor("x", "float32", None, channels_last=True)
IN_A_LOOP = Tensor("x", "float32", None, passes=1)


@pytest.mark.parametrize(
    ("known", "shape", "spot", "index"),
    [
        (NCHW, (1, 4, 5, 6), Spot(3, (2, 1)), (0, 3, 2, 1)),
        (NHWC, (1, 5, 6, 4), Spot(3, (2, 1)), (0, 2, 1, 3)),
        (NCHW, (1, 4, 6), Spot(3, (0, 5)), (0, 3, 5)),
        (NHWC, (1, 6, 4), Spot(3, (0, 5)), (0, 5, 3)),
        (NCHW, (2, 10), Spot(7, (0, 0)), (0, 7)),
        (NHWC, (2, 10), Spot(7, (0, 0)), (0, 7)),
        (NCHW, (10,), Spot(7, (0, 0)), (7,)),
        (NCHW, (), Spot(0, (0, 0)), ()),
        (NCHW, (1, 4, 3, 5, 6), Spot(3, (4, 5), 2), (0, 3, 2, 4, 5)),
        (NHWC, (1, 3, 5, 6, 4), Spot(3, (4, 5), 2), (0, 2, 4, 5, 3)),
        (IN_A_LOOP, (7, 1, 4, 5, 6), Spot(3, (2, 1)), (0, 0, 3, 2, 1)),
    ],
)
def test_element_has_an_index_for_each_axis_and_is_found_again_by_it(known, shape, spot, index):
    assert index_of(known, shape, spot) == index
    assert spot_of(known, shape, index) == spot


def test_without_a_slice_the_middle_of_a_volume_is_meant():
    assert index_of(NCHW, (1, 4, 5, 6, 6), Spot(0, (1, 1))) == (0, 0, 2, 1, 1)


@pytest.mark.parametrize(
    ("shape", "spot"),
    [
        ((1, 4, 5, 6), Spot(4, (0, 0))),
        ((1, 4, 5, 6), Spot(0, (5, 0))),
        ((1, 4), Spot(0, (0, 1))),
        ((), Spot(1, (0, 0))),
    ],
)
def test_element_that_is_not_there_has_no_index(shape, spot):
    assert index_of(NCHW, shape, spot) is None


def test_element_of_another_picture_of_the_batch_is_not_named_as_panels_do():
    assert spot_of(NCHW, (2, 4, 5, 6), (1, 0, 0, 0)) is None


def test_map_of_a_channel_is_that_part_of_the_tensor():
    tensor = np.arange(2 * 3 * 4 * 5, dtype=np.float32).reshape(2, 3, 4, 5)
    np.testing.assert_array_equal(map_of(NCHW, tensor, Spot(2, (0, 0))), tensor[0, 2])
    np.testing.assert_array_equal(map_of(NHWC, tensor, Spot(2, (0, 0))), tensor[0, :, :, 2])


def test_strongest_element_is_the_one_furthest_from_zero_and_never_nan():
    tensor = np.array([[[[1, -9, 3], [np.nan, 2, 8]]]], np.float32)
    assert strongest(NCHW, tensor, 0) == (0, 1)


# ---------------------------------------------------------------- windows


def motion(shape, kernel, stride, pads, dilation=1):
    geometry = Geometry((kernel, kernel), (stride, stride), pads, (dilation, dilation))
    return Motion(shape, geometry, pads)


def test_window_starts_in_the_padding_and_moves_by_its_stride():
    slides = motion((3, 3), 3, 2, (1, 1, 1, 1))
    assert slides.frame(0, 0).box == (-1, -1, 2, 2)
    assert slides.frame(1, 2).box == (1, 3, 4, 6)
    assert slides.at(5) == (1, 2)
    assert slides.count == 9


def test_dilated_window_leaves_gaps():
    assert motion((1, 1), 3, 1, (0, 0, 0, 0), 2).frame(0, 0).rows == (0, 2, 4)


@pytest.mark.parametrize(("row", "column"), [(0, 0), (1, 1), (2, 0)])
def test_middle_of_each_window_leads_back_to_its_position(row, column):
    slides = motion((3, 3), 3, 2, (1, 1, 1, 1))
    top, left, _, _ = slides.frame(row, column).box
    assert slides.at(slides.over(top + 1, left + 1, (6, 6))) == (row, column)


# ---------------------------------------------------------------- sums and grids


def products(parts, bias=None):
    values = np.asarray(parts, np.float64)
    ones = Operand("kernel", "", np.ones_like(values))
    return Arithmetic("products", (Operand("input", "x", values), ones), 0.0, 0.0, parts=values, bias=bias)


def test_ranking_puts_the_largest_part_first_whatever_its_sign_and_sums_in_that_order():
    ranked = ranking(products([1, -5, 3], bias=0.5))
    assert [ranked.row(place) for place in range(3)] == [(1, -5, -5), (2, 3, -2), (0, 1, -1)]
    assert (ranked.total, ranked.bias, ranked.result, ranked.reach) == (-1, 0.5, -0.5, 5)
    assert ranked.place_of(2) == 1


def test_bars_beyond_the_room_are_taken_as_one():
    assert ranking(products([4, 3, 2, 1])).ends(3) == ((0, 4), (4, 7), (7, 10))


def test_sheets_of_a_part_hold_patch_kernel_and_products_with_their_places():
    places = np.stack(np.meshgrid([0], [0, 1], [-1, 0, 1], indexing="ij"), axis=-1)
    patch = Operand("input", "x", np.array([[[0.0, 2, 3], [0, 5, 6]]]), places)
    kernel = Operand("kernel", "w", np.full((1, 2, 3), 2.0))
    found = Arithmetic("products", (patch, kernel), 32.0, 32.0, parts=np.array([32.0]))
    given, weights, made = product_sheets(found, 0)
    np.testing.assert_array_equal(made.values, [[0, 4, 6], [0, 10, 12]])
    assert given.padding.tolist() == [[True, False, False], [True, False, False]]
    assert given.place(0, 0) is None
    assert given.place(1, 2) == (0, 1, 1)
    assert weights.is_whole
    assert strongest_place(patch, 0) == (0, 1, 1)


def test_long_row_of_numbers_is_broken_and_cells_behind_its_end_are_empty():
    laid = sheet(Operand("input", "x", np.arange(20.0), np.arange(20)[:, None]))
    assert laid.values.shape == (2, 16)
    assert laid.place(1, 3) == (19,)
    assert laid.place(1, 4) is None


def test_shares_of_a_softmax_add_up_to_one():
    found = Arithmetic("softmax", (Operand("logits", "x", np.array([0.0, np.log(3.0)])),), 0.0, 0.0)
    exponentials, quotients = shares(found)
    np.testing.assert_allclose(quotients, [0.25, 0.75])
    np.testing.assert_allclose(exponentials, [1 / 3, 1])


# ---------------------------------------------------------------- flattening


def test_flatten_turns_each_map_into_a_stretch_of_the_vector():
    given = np.arange(2 * 9, dtype=np.float32).reshape(1, 2, 3, 3)
    layer = Layer(0, "flatten", "Flatten", "", "shape", ("x",), (Tensor("y", "float32", (1, 18)),))
    found = unrolling(layer, given, given.reshape(1, 18), (0, 13))
    assert found.count == 9
    np.testing.assert_array_equal(found.cells.values, [[9, 10, 11], [12, 13, 14], [15, 16, 17]])
    position = found.position((0, 13))
    assert found.cell(position) == (1, 1)
    assert found.source(position) == (0, 1, 1, 1)
    assert found.target(position) == (0, 13)
    assert [found.name(each) for each in (0, 8)] == ["9", "17"]


def test_layer_that_keeps_no_order_is_not_unrolled():
    layer = Layer(0, "turn", "Transpose", "", "shape", ("x",), (Tensor("y", "float32", (2, 2)),))
    assert unrolling(layer, np.ones((2, 2)), np.ones((2, 2)), (0, 1)) is None
