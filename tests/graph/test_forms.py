"""What shapes tell: pictures, boxes, grids, classes."""

from __future__ import annotations

import pytest

from inspector.graph.forms import boxes_of, class_count, class_counts, grid_classes, picture_form
from inspector.graph.model import Tensor


def tensors(*shapes):
    return tuple(Tensor(f"t{index}", "float32", shape) for index, shape in enumerate(shapes))


PHOTO = tensors((1, 3, 640, 640))


@pytest.mark.parametrize(
    ("shape", "form"),
    [
        ((1, 3, 224, 320), (3, 224, 320, False)),
        ((1, 224, 320, 3), (3, 224, 320, True)),
        ((3, 224, 320), (3, 224, 320, False)),
        (("N", 1, None, "w"), (1, None, None, False)),
        ((1, None, None, 3), (3, None, None, True)),
        ((1, 3, 4, 3), (3, 4, 3, False)),
    ],
)
def test_an_input_with_the_shape_of_a_picture_is_found(shape, form):
    found = picture_form(tensors((1, 10), shape))
    assert (found.channels, found.height, found.width, found.channels_last) == form
    assert found.name == "t1"


@pytest.mark.parametrize("shape", [None, (), (1, 1960), (1, 64, 8, 8), (1, 3, 8, 8, 8)])
def test_an_input_of_another_shape_takes_no_picture(shape):
    assert picture_form(tensors(shape)) is None


def test_an_ambiguous_input_has_its_channels_where_the_graph_says():
    assert picture_form([Tensor("x", "float32", (1, 3, 4, 3), channels_last=True)]).channels_last


@pytest.mark.parametrize(
    ("shape", "boxes"),
    [
        ((1, 8400, 85), (85, 1, False)),  # 80 x 80 + 40 x 40 + 20 x 20 places
        ((1, 84, 8400), (84, 1, True)),
        ((1, 25200, 85), (85, 3, False)),
        ((1, 1000, 85), None),
        ((1, "boxes", 85), None),
        ((1, 8400, 4), None),  # boxes alone
        ((1, 85), None),
        (None, None),
    ],
)
def test_the_places_of_a_detector_are_counted(shape, boxes):
    found = boxes_of(shape, 640, 640)
    assert (found and (found.values, found.per_place, found.values_first)) == boxes


def test_the_places_of_yolox_nano_are_those_of_416():
    assert boxes_of((1, 3549, 85), 416, 416).per_place == 1  # 52 x 52 + 26 x 26 + 13 x 13


def test_a_grid_of_boxes_is_coarse_and_has_the_classes_of_coco_or_voc():
    assert grid_classes((1, 85, 22, 22), 352, 352) == 80
    assert grid_classes((1, 255, 13, 13), 416, 416) == 80
    assert grid_classes((1, 3, 13, 13, 85), 416, 416) == 80
    assert grid_classes((1, 125, 13, 13), 416, 416) == 20
    assert grid_classes((1, 85, 352, 352), 352, 352) == 0
    assert grid_classes((1, 85, None, None), 352, 352) == 0
    assert grid_classes((1, 64, 22, 22), 352, 352) == 0


@pytest.mark.parametrize("shape", [(1000,), (1, 1000), ("N", 1000), (1, 1000, 1, 1), (1, 1, 1, 1000)])
def test_a_vector_has_one_number_per_class(shape):
    assert class_count(tensors(shape)) == 1000
    assert class_counts(PHOTO, tensors(shape)) == {1000}


def test_two_vectors_are_no_one_count():
    assert class_count(tensors((1, 10), (1, 2))) == 0
    assert class_counts(PHOTO, tensors((1, 10), (1, 2))) == {10, 2}


def test_a_class_map_has_its_classes_where_the_input_has_its_channels():
    assert class_counts(PHOTO, tensors((1, 21, 640, 640))) == {21}
    assert class_counts(tensors((1, 640, 640, 3)), tensors((1, 640, 640, 21))) == {21}


def test_eighty_names_fit_a_detector_of_85_numbers():
    assert 80 in class_counts(PHOTO, tensors((1, 8400, 85)))
    assert 80 in class_counts(PHOTO, tensors((1, 84, 8400)))
    assert class_counts(tensors((1, 3, 352, 352)), tensors((1, 85, 22, 22))) == {80}


def test_unknown_shapes_have_no_classes():
    assert class_counts((), tensors(None, ("N", "classes"), ())) == frozenset()
