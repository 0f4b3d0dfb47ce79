"""What each output is. Shapes are those that networks really have; expected values are by hand."""

from __future__ import annotations

import numpy as np
import pytest

from inspector.analysis.grids import SHOWN_AS, Output, cell_at, changed_classes, class_map, image_difference, planes
from inspector.analysis.heads import answered
from inspector.analysis.outputs import described, most_telling, shown_as
from inspector.graph.model import Prediction
from inspector.graph.preprocessing import preset
from tests.analysis.test_heads import network

RANDOM = np.random.default_rng(5)


def noise(*shape):
    return RANDOM.normal(0, 3, shape).astype(np.float32)


def what(model, outputs, fed=(1, 3, 64, 64), said=None, recipe=None):
    """Describe the outputs of a run that was fed a tensor of this shape."""
    prediction = Prediction("p.png", {"x": np.zeros(fed, np.float32)}, outputs, recipe, None, "CPU", 0.1)
    return described(model, prediction, answered(model, prediction), said)


def one(operator, values, fed=(1, 3, 64, 64), **settings):
    return what(network((operator, "x W", "y"), **settings), {"y": values}, fed)[0]


# ---------------------------------------------------------------- images


@pytest.mark.parametrize(
    ("values", "fed", "size"),
    [
        (noise(1, 1, 64, 64), (1, 3, 64, 64), (64, 64)),
        (noise(1, 3, 192, 192), (1, 3, 64, 64), (192, 192)),  # three times as large
        (noise(1, 1, 32, 32), (1, 1, 64, 64), (32, 32)),
        (noise(1, 48, 64, 3), (1, 48, 64, 3), (64, 48)),  # channels last
        (noise(1, 48, 64), (1, 3, 48, 64), (64, 48)),  # a depth
        (noise(48, 64), (1, 3, 48, 64), (64, 48)),
        (noise(1, 4, 64, 64), (1, 4, 64, 64), (64, 64)),
        (RANDOM.integers(0, 256, (1, 64, 64, 3)).astype(np.uint8), (1, 3, 64, 64), (64, 64)),
        (noise(1, 3, 94, 125), (1, 3, 375, 500), (125, 94)),  # 93.75 rounded up
    ],
)
def test_one_or_three_channels_in_the_pictures_proportions_are_an_image(values, fed, size):
    found = one("Conv", values, fed)
    assert found.kind == "image"
    assert (found.width, found.height) == size
    assert planes(found, values).shape == (found.channels, found.height, found.width)


@pytest.mark.parametrize(
    "values",
    [
        noise(1, 1, 64, 32),  # in other proportions
        noise(1, 3, 8, 8),  # too small to look at
        noise(1, 3549, 85),
        noise(1, 85, 22),
        noise(2, 1, 128),
        np.zeros((1, 0, 64, 64), np.float32),
        np.zeros((1, 1, 64, 64), np.complex64),
    ],
)
def test_what_is_not_shaped_like_the_picture_is_a_tensor(values):
    assert one("Conv", values).kind == "tensor"


def test_a_generator_that_is_fed_numbers_gives_an_image():
    assert one("Tanh", noise(1, 3, 64, 64), (1, 100)).kind == "image"
    assert one("Conv", noise(1, 3, 64, 8), (1, 100)).kind == "tensor"


@pytest.mark.parametrize(
    ("operator", "low", "high", "limits"),
    [
        ("Conv", -0.04, 1.16, (0, 1)),  # super-resolution leaves its range at edges
        ("Conv", -0.9, 1.1, (-1, 1)),
        ("Conv", -12.0, 262.0, (0, 255)),
        ("Conv", 0.0, 6.5, (0, 6.5)),
        ("Conv", 0.0, 0.25, (0, 0.25)),
        ("Sigmoid", 0.1, 0.2, (0, 1)),
        ("Tanh", 0.1, 0.2, (-1, 1)),
    ],
)
def test_the_range_of_an_image_is_the_usual_one_that_it_fills(operator, low, high, limits):
    values = np.linspace(low, high, 64 * 64, dtype=np.float32).reshape(1, 1, 64, 64)
    found = one(operator, values)
    assert found.limits == pytest.approx(limits)
    assert found.rule


def test_nan_and_infinity_do_not_stretch_an_image():
    values = np.full((1, 1, 64, 64), 2.0, np.float32)
    values[0, 0, 0, :3] = np.nan, np.inf, 9
    assert one("Conv", values).limits == (2.0, 9.0)


def test_an_image_of_a_network_that_is_fed_blue_first_has_blue_first():
    recipe = preset("caffe", "")
    (found,) = what(network(("Conv", "x W", "y")), {"y": noise(1, 3, 64, 64)}, recipe=recipe)
    assert recipe.channels == "BGR"
    assert found.is_bgr


# ---------------------------------------------------------------- maps of classes


def test_channels_at_full_size_are_a_map_of_classes():
    found = one("Upsample", noise(1, 21, 64, 64))
    assert (found.kind, found.classes) == ("class map", 21)
    assert found.reason == (
        "A map of classes: 21 channels of the input's size, 64 × 64; the last operator is Upsample (Upsample0). "
        "The largest at each place is its class."
    )


@pytest.mark.parametrize(
    ("operator", "shape", "kind"),
    [
        ("Resize", (1, 19, 16, 16), "class map"),
        ("Conv", (1, 2, 64, 64), "class map"),
        ("Softmax", (1, 3, 64, 64), "class map"),  # three classes, not red, green and blue
        ("Softmax", (1, 150, 16, 16), "class map"),
        ("Conv", (1, 85, 16, 16), "tensor"),  # a quarter of the size: a detector's grid looks the same
        ("Concat", (1, 85, 64, 64), "tensor"),
        ("Relu", (1, 64, 64, 64), "tensor"),
        ("Sigmoid", (1, 5, 64, 64), "tensor"),  # masks that may overlap
    ],
)
def test_the_last_operator_tells_classes_from_features(operator, shape, kind):
    assert one(operator, noise(*shape)).kind == kind


def test_labels_for_each_channel_make_a_small_grid_a_map_of_classes():
    labels = tuple(f"class {place}" for place in range(85))
    assert one("Conv", noise(1, 85, 16, 16), labels=labels).kind == "class map"


def test_whole_numbers_on_the_pictures_grid_are_classes():
    numbers = RANDOM.integers(0, 19, (1, 64, 64))
    model = network(
        ("Conv", "x W", "z"), *[("ArgMax", "z", "y", {"attributes": {"axis": 1}})], shapes={"z": (1, 19, 64, 64)}
    )
    (found,) = what(model, {"y": numbers})
    assert (found.kind, found.classes) == ("class map", 19)
    np.testing.assert_array_equal(class_map(found, numbers).classes, numbers[0])
    assert one("Conv", numbers[:, np.newaxis].astype(np.int32)).kind == "class map"
    assert one("Greater", numbers > 9).classes == 2


@pytest.mark.parametrize("channels_last", [False, True])
def test_the_class_of_a_place_is_the_channel_with_the_largest_value(channels_last):
    grid = np.full((1, 3, 64, 64), -5, np.float32)
    grid[0, 1, :16] = 1  # 16 of 64 rows
    grid[0, 2, 60:] = 7  # 4 rows
    grid[0, 2, 10, 10] = 1  # as large as channel 1, which comes first
    grid[0, 0, 0, 0] = np.nan
    values = np.ascontiguousarray(np.moveaxis(grid, 1, -1)) if channels_last else grid
    output = shown_as(one("Resize", values), values, "class map")
    found = class_map(output, values)
    expected = np.zeros((64, 64), int)
    expected[:16], expected[60:], expected[0, 0] = 1, 2, -1
    np.testing.assert_array_equal(found.classes, expected)
    assert [(each.index, each.places) for each in found.present] == [(0, 44 * 64), (1, 16 * 64 - 1), (2, 4 * 64)]
    assert sum(each.share for each in found.present) == pytest.approx(1 - 1 / 4096)
    assert found.values[63, 0] == 7
    assert found.values[10, 10] == 1


def test_numbers_that_are_no_class_are_none():
    values = np.zeros((1, 1, 64, 64), np.float32)
    values[0, 0, 0, :3] = -1, np.nan, 5
    output = shown_as(one("Conv", values), values, "class map")
    found = class_map(output, values)
    assert found.classes[0, :4].tolist() == [-1, -1, 5, 0]
    assert output.kind == "class map"


# ---------------------------------------------------------------- several outputs, and what the user says


def test_two_maps_of_classes_differ_where_the_class_is_another_one():
    def found(*rows):
        values = np.array(rows, np.int64)
        return class_map(Output("y", "class map", "", (-1, 0, 1), 0, *values.shape, 1), values)

    current, reference = found([0, 1, 2, -1], [1, 1, 1, 1]), found([0, 2, 2, 2], [1, 1, 1, 0])
    changes = changed_classes(current, reference)
    assert changes.found.classes.tolist() == [[-1, 1, -1, -1], [-1, -1, -1, 1]]
    assert (changes.places, changes.share) == (3, 3 / 8)  # one of them has no class now
    assert [(each.index, each.places, each.share) for each in changes.found.present] == [(1, 2, 2 / 8)]
    assert changed_classes(current, found([0, 1], [1, 1])) is None


def test_images_are_subtracted_in_the_channel_in_which_they_are_furthest_apart():
    current = np.array([[[1, 0]], [[0, 3]], [[0, 0]], [[9, 9]]], np.uint8)
    reference = np.array([[[0, 1]], [[3, 1]], [[0, 1]], [[0, 0]]], np.uint8)
    assert image_difference(current, reference).tolist() == [[-3, 2]]  # 1, -3, 0 and -1, 2, -1; no alpha
    grey = np.array([[[np.nan, np.inf, 2.0]]], np.float32)
    np.testing.assert_array_equal(image_difference(grey, np.ones_like(grey)), [[np.nan, np.inf, 1]])
    assert image_difference(current, reference[:3]) is None


def test_the_output_with_the_classes_says_most():
    model = network(("Conv", "x K", "m"), ("Gemm", "m W", "y"), outputs=("m", "y"))
    outputs = what(model, {"m": noise(1, 3, 64, 64), "y": noise(1, 10)})
    assert [each.kind for each in outputs] == ["image", "classes"]
    assert most_telling(outputs).name == "y"
    assert most_telling(()) is None


def test_a_detectors_rows_are_numbers_that_are_not_decoded():
    found = one("Concat", noise(1, 4420, 4))
    assert found.kind == "tensor"
    assert found.reason == (
        "Numbers: 4,420 rows of 4, as detectors and sequences have them. They are not decoded here."
    )


def test_a_vector_beside_other_outputs_is_said_to_be_uncertain():
    model = network(("Gemm", "x W", "y"), ("Conv", "x K", "z"), outputs=("y", "z"))
    found = what(model, {"y": noise(1, 4), "z": noise(1, 7, 2, 9)})
    assert found[0].kind == "tensor"
    assert "nothing says so" in found[0].reason


def test_the_user_may_say_what_a_grid_shows():
    model, values = network(("Conv", "x W", "y")), noise(1, 3, 64, 64)
    for kind in SHOWN_AS:
        (found,) = what(model, {"y": values}, said={"y": kind})
        assert found.kind == kind
        assert "as you chose" in found.reason
    (found,) = what(model, {"y": noise(1, 7, 64, 64)}, said={"y": "image"})
    assert found.kind == "class map"
    assert found.reason.startswith("An image has 1, 3 or 4 channels, not 7.")


def test_one_channel_of_fractions_cannot_be_made_a_map_of_classes():
    values = noise(1, 1, 64, 64)
    found = shown_as(one("Conv", values), values, "class map")
    assert found.kind == "image"
    assert found.reason.startswith("One channel of fractions holds no classes.")


def test_of_several_pictures_the_first_is_shown():
    values = noise(2, 1, 64, 64)
    found = one("Conv", values, (2, 3, 64, 64))
    np.testing.assert_array_equal(planes(found, values), values[0])


@pytest.mark.parametrize(
    ("at", "cell"),
    [((0, 0), None), ((10, 20), (0, 0)), ((29, 59), (9, 9)), ((30, 60), None), ((20, 39), (5, 4))],
)
def test_a_pixel_of_the_picture_lies_on_the_element_below_it(at, cell):
    # the network saw rows 10 to 29 and columns 20 to 59, as 10 x 10 elements
    assert cell_at(at, (20, 10, 60, 30), 10, 10) == cell
