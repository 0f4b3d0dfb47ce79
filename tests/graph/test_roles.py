"""What an input is for."""

from __future__ import annotations

import pytest

from inspector.graph.model import Geometry, Layer, Model, Tensor
from inspector.graph.roles import channels_are_last, channels_known, role
from inspector.graph.weight import Weight


def network(tensor: Tensor, slides: int, between: int = 0, kernel: tuple[int, ...] = (), group: int = 1) -> Model:
    """Return a model that slides over its only input with that many axes, after some other layers."""
    names = ["x", *(f"t{number}" for number in range(between + 1))]
    layers = [
        Layer(place, f"relu{place}", "Relu", "", "activation", (names[place],), (Tensor(names[place + 1], "", None),))
        for place in range(between)
    ]
    if slides:
        ones = (1,) * slides
        weights = (weight(kernel),) if kernel else ()
        geometry = Geometry(ones, ones, ones * 2, ones, group)
        layers.append(
            Layer(
                *(between, "conv", "Conv", "", "convolution", (names[between],), (Tensor("y", "", None),)),
                weights=weights,
                geometry=geometry,
            )
        )
    return Model("m.onnx", 17, "", (tensor,), (), tuple(layers))


def weight(shape: tuple[int, ...]) -> Weight:
    return Weight("k", "kernel", shape, "float32", shape)


@pytest.mark.parametrize(
    ("shape", "slides", "expected"),
    [
        ((1, 3, 224, 224), 2, "picture"),
        ((1, 12, 8, 8), 2, "picture"),  # of pages
        ((1, 4, 8, 8), 3, "volume"),
        ((1, 1, 16, 16, 16), 3, "volume"),
        ((1, 1, 16, 16, 16), 0, "volume"),
        ((1, 40, 100), 1, "signal"),
        ((1, 40, 100), 2, "picture"),
        ((8, 8, 8), 3, "volume"),
        ((3, 32, 32), 0, "picture"),
        ((32, 32, 3), 0, "picture"),
        ((1, 28, 28), 0, "picture"),
        ((1, 16_000, 1), 0, "signal"),
        ((1, 1, 16_000), 0, "signal"),
        (("batch", 2, "time"), 0, "signal"),
        ((2, "batch", 128), 0, "other"),  # a state
        ((1, 1960), 2, "signal"),  # flat, and folded inside
        (("unknown", 1960), 2, "signal"),
        (("batch", "time"), 0, "signal"),
        (("height", "width"), 2, "picture"),
        ((28, 28), 0, "picture"),
        ((1, 2), 0, "other"),
        ((16_000,), 0, "signal"),
        ((3,), 0, "other"),
        ((), 0, "other"),
        (None, 0, "other"),
    ],
)
def test_an_input_is_for_what_its_shape_and_the_first_layer_say(shape, slides, expected):
    tensor = Tensor("x", "float32", shape)
    assert role(tensor, network(tensor, slides)) == expected


@pytest.mark.parametrize("dtype", ["string", "bool", "complex64", ""])
def test_what_holds_no_numbers_takes_no_picture(dtype):
    tensor = Tensor("x", dtype, (1, 3, 8, 8))
    assert role(tensor, network(tensor, 2)) == "other"


@pytest.mark.parametrize("shape", [(1, 128), ("batch", "sequence"), (512,)])
def test_numbers_of_words_are_no_signal(shape):
    tensor = Tensor("x", "int64", shape)
    assert role(tensor, network(tensor, 0)) == "other"


def test_layers_between_are_followed():
    tensor = Tensor("x", "float32", (1, 40, 100))
    assert role(tensor, network(tensor, 1, between=5)) == "signal"


@pytest.mark.parametrize(
    ("kernel", "group", "expected"),
    [((8, 1, 3, 3), 1, 1), ((8, 3, 3, 3), 1, 3), ((4, 1, 3, 3), 4, 4), ((8, 12, 3, 3), 1, 0)],
)
def test_the_first_kernel_knows_how_many_channels_a_picture_has(kernel, group, expected):
    tensor = Tensor("x", "float32", (None, None, None, None))
    assert channels_known(network(tensor, 2, kernel=kernel, group=group), tensor) == expected


@pytest.mark.parametrize(
    ("shape", "by_graph", "expected"),
    [
        ((1, 3, 8, 8), False, False),
        ((1, 8, 8, 3), False, True),
        ((1, 3, 8, 3), False, False),
        ((1, 3, 8, 3), True, True),
        ((1, None, None, 3), False, True),
        ((None, None, None, None), False, False),
        ((None, None, None, None), True, True),
        ((1, 12, 8, 8), False, None),
        ((8, 8, 4), False, True),
    ],
)
def test_channels_are_last_where_shape_or_graph_say_so(shape, by_graph, expected):
    assert channels_are_last(Tensor("x", "float32", shape, by_graph), shape) is expected
