"""The same place in several layers and on the picture; expected places are worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from onnx import numpy_helper

from inspector.graph.context import PictureInput, Rectangle, picture_input
from inspector.graph.linked import (
    Element,
    Maps,
    Seen,
    at_pixel,
    extent,
    in_elements,
    maps_of,
    picture_in_input,
    reached_by,
    same_place,
    seen_by,
)
from inspector.graph.projective import Reached
from inspector.graph.reader import read
from inspector.graph.receptive_field import ReceptiveField
from tests.graph.build import node, save, tapped, value, weights


def made(field: ReceptiveField, height: int, width: int, axes=(1, -1, 2, 3)) -> Maps:
    shape = [1, 1, 1, 1]
    shape[axes[2]], shape[axes[3]] = height, width
    return Maps("layer", field, axes, tuple(shape))


# Element i sees pixel i - 1 to i + 1, and with stride 4 pixels 4 i to 4 i + 3.
SAME = made(ReceptiveField((3, 3), (1.0, 1.0), (0.5, 0.5), "exact", (2, 3)), 16, 20)
COARSE = made(ReceptiveField((4, 4), (4.0, 4.0), (2.0, 2.0), "exact", (2, 3)), 4, 5)


def test_a_place_is_found_again_in_a_coarser_layer_and_back():
    assert same_place(SAME, Element(5, 11), COARSE) == Element(1, 2)
    # Element (1, 2) has its middle at (6, 10), between pixels: of the two as near, the first one.
    assert same_place(COARSE, Element(1, 2), SAME) == Element(5, 9)


def test_a_layer_finds_its_own_elements_even_if_nothing_is_known_of_them():
    unknown = made(ReceptiveField(), 8, 8)
    assert same_place(unknown, Element(3, 4, 2), unknown) == Element(3, 4, 2)
    assert same_place(unknown, Element(3, 4), SAME) is None
    assert same_place(SAME, Element(3, 4), made(ReceptiveField(status="whole input"), 1, 1)) is None


def test_a_place_beyond_a_cropped_layer_is_in_none_of_its_elements():
    cropped = made(ReceptiveField((3, 3), (1.0, 1.0), (6.5, 6.5), "exact", (2, 3)), 4, 4)  # rows 6 to 9
    assert same_place(SAME, Element(7, 8), cropped) == Element(1, 2)
    assert same_place(SAME, Element(1, 8), cropped) is None
    assert same_place(SAME, Element(5, 8), cropped) == Element(0, 2)  # just beyond the rim


def test_channels_last_and_exchanged_axes_are_followed():
    last = made(ReceptiveField((4, 4), (4.0, 2.0), (2.0, 2.0), "exact", (1, 2)), 4, 5, axes=(3, -1, 1, 2))
    assert seen_by(last, Element(2, 3)).rectangle == Rectangle(left=6, top=8, right=10, bottom=12)
    turned = made(ReceptiveField((4, 4), (4.0, 2.0), (2.0, 2.0), "exact", (3, 2)), 5, 4)
    assert seen_by(turned, Element(3, 2)).rectangle == Rectangle(left=6, top=8, right=10, bottom=12)
    assert same_place(last, Element(2, 3), turned) == Element(3, 2)
    assert reached_by(turned, (8, 6)) == Reached(2, 2, 4, 3, is_bound=False)


def test_what_is_seen_is_said_with_how_certain_it_is():
    assert seen_by(SAME, Element(0, 2)) == Seen("exact", ((-1.0, 2.0), (1.0, 4.0)))
    assert seen_by(made(ReceptiveField(), 4, 4), Element(0, 0)) == Seen("unknown")
    assert seen_by(made(ReceptiveField(status="whole input"), 4, 4), Element(0, 0)) == Seen("whole input")
    nothing = ReceptiveField((0, 0), (0.0, 0.0), (0.0, 0.0), "exact", (-1, -1))
    assert seen_by(made(nothing, 4, 4), Element(0, 0)) == Seen("nothing")
    no_distance = ReceptiveField((3, 3), None, (0.5, 0.5), "bound")
    assert seen_by(made(no_distance, 4, 4), Element(0, 0)) == Seen("unknown")
    assert reached_by(made(no_distance, 4, 4), (0, 0)) is None


def test_a_signal_has_a_place_in_time_alone():
    field = ReceptiveField((5,), (2.0,), (2.5,), "exact", (2,))
    maps = Maps("layer", field, (1, -1, -1, 2), (1, 7, 30))
    assert seen_by(maps, Element(0, 3)).ends == ((6.0, 11.0),)
    assert seen_by(maps, Element(0, 3)).rectangle is None
    assert at_pixel(maps, (8.5,)) == Element(0, 3)
    assert reached_by(maps, (8,)) == Reached(0, 2, 1, 5, is_bound=False)
    assert reached_by(maps, (8, 3)) is None


def test_a_row_that_is_averaged_away_sees_all_of_it():
    # Rows are averaged: each element sees its three columns from the first row to the last.
    field = ReceptiveField((16, 3), (0.0, 1.0), (8.0, 0.5), "exact", (-1, 3))
    maps = made(field, 1, 20)
    assert seen_by(maps, Element(0, 4)).rectangle == Rectangle(left=3, top=0, right=6, bottom=16)
    assert same_place(SAME, Element(12, 9), maps) == Element(0, 9)
    assert reached_by(maps, (12, 9)) == Reached(0, 8, 1, 11, is_bound=False)


def test_maps_lie_where_the_middles_of_their_fields_are():
    assert extent(SAME, 16, 20) == Rectangle(0, 0, 20, 16)
    assert extent(COARSE, 16, 20) == Rectangle(0, 0, 20, 16)
    valid = made(ReceptiveField((5, 5), (1.0, 1.0), (2.5, 2.5), "exact", (2, 3)), 12, 16)
    assert extent(valid, 16, 20) == Rectangle(2, 2, 18, 14)
    assert extent(made(ReceptiveField(status="whole input"), 3, 3), 16, 20) == Rectangle(0, 0, 20, 16)


def test_a_part_of_the_input_is_given_in_elements():
    assert in_elements(Rectangle(4, 4, 12, 8), Rectangle(0, 0, 20, 16), 4, 5) == Rectangle(1, 1, 3, 2)


def test_a_letterboxed_picture_lies_within_the_input_and_a_cropped_one_beyond_it():
    # 64 x 32 in a square of 64, with 16 above and below: one pixel of the input is 4 of the picture.
    assert picture_in_input((64, 32), (0, -16, 64, 48), 16, 16) == Rectangle(0, 4, 16, 12)
    assert picture_in_input((64, 32), (16, 0, 48, 32), 16, 16) == Rectangle(-8, 0, 24, 16)


def test_a_network_with_channels_last_is_followed_through_its_transposes(tmp_path):
    nodes = [
        node("Transpose", "x", "a", name="a", perm=[0, 3, 1, 2]),
        node("Conv", "a w", "b", name="b", strides=[2, 2]),
        node("Transpose", "b", "c", name="c", perm=[0, 2, 3, 1]),
    ]
    opened = read(save(tmp_path / "n.onnx", nodes, [value("x", [1, 12, 20, 3])], ["c"], [weights("w", 4, 3, 2, 2)]))
    model = opened.model
    assert (model.picture, model.picture_axes) == ("x", (1, 2))
    tensors = tapped(opened)({"x": np.zeros((1, 12, 20, 3), np.float32)})
    first, last = (maps_of(model.layer(name), tensors[name]) for name in ("b", "c"))
    assert (first.axes, last.axes) == ((1, -1, 2, 3), (3, -1, 1, 2))
    assert seen_by(last, Element(1, 3)).rectangle == Rectangle(left=6, top=2, right=8, bottom=4)
    assert same_place(first, Element(1, 3), last) == Element(1, 3)


def test_the_picture_is_the_input_whose_pixels_fields_are_given_in(tmp_path):
    # The first input has rows and columns too, but 64 channels: it is no picture.
    nodes = [
        node("Conv", "x w", "a", name="a", pads=[1] * 4),
        node("Add", "a state", "b", name="b"),
    ]
    inputs = [value("state", [1, 64, 8, 8]), value("x", [1, 3, 8, 8])]
    opened = read(save(tmp_path / "n.onnx", nodes, inputs, ["b"], [weights("w", 64, 3, 3, 3)]))
    assert opened.model.picture == "x"
    assert opened.model.layer("a").receptive_field.size == (3, 3)
    fed = {"state": np.zeros((1, 64, 8, 8)), "x": np.zeros((1, 3, 8, 8))}
    assert picture_input(fed, opened.model) == PictureInput("x", 8, 8, 3, False)


def test_a_picture_whose_both_ends_could_be_channels_is_read_as_the_network_reads_it(tmp_path):
    # (1, 3, 20, 3): by the shape alone channels come first; the network puts the last axis in front of the others.
    nodes = [
        node("Transpose", "x", "a", name="a", perm=[0, 3, 1, 2]),
        node("Conv", "a w", "b", name="b"),
    ]
    opened = read(save(tmp_path / "n.onnx", nodes, [value("x", [1, 3, 20, 3])], ["b"], [weights("w", 2, 3, 1, 1)]))
    assert opened.model.picture_axes == (1, 2)
    assert picture_input({"x": np.zeros((1, 3, 20, 3))}, opened.model) == PictureInput("x", 3, 20, 3, True)


@pytest.mark.parametrize("kernel", [1, 3])
def test_elements_that_a_transposed_convolution_makes_are_found_again(tmp_path, kernel):
    nodes = [node("ConvTranspose", "x t", "a", name="a", strides=[2, 2], kernel_shape=[kernel, kernel])]
    array = np.ones((1, 1, kernel, kernel), np.float32)
    path = save(tmp_path / "n.onnx", nodes, [value("x", [1, 1, 6, 6])], ["a"], [numpy_helper.from_array(array, "t")])
    opened = read(path)
    run = tapped(opened)
    maps = maps_of(opened.model.layer("a"), run({"x": np.zeros((1, 1, 6, 6), np.float32)})["a"])
    lit = np.zeros((1, 1, 6, 6), np.float32)
    lit[0, 0, 2, 3] = 1
    changed = np.argwhere(run({"x": lit})["a"][0, 0] != 0)
    found = reached_by(maps, (2, 3))
    # What changes is within what we say, which leaves out at most the gaps between the strides.
    assert (changed.min(axis=0) >= (found.top, found.left)).all()
    assert (changed.max(axis=0) < (found.bottom, found.right)).all()
