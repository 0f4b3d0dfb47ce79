"""What a layer is in its network and on the picture."""

from __future__ import annotations

import numpy as np
import pytest

from inspector.graph import context
from inspector.graph.context import PictureInput, Rectangle
from inspector.graph.model import Geometry, Layer, Model, Tensor
from inspector.graph.receptive_field import ReceptiveField
from inspector.graph.weight import Weight


def weight(*shape: int, values=None) -> Weight:
    numbers = np.arange(np.prod(shape), dtype="<f4") if values is None else np.asarray(values, "<f4")
    return Weight("w", "kernel", shape, "float32", shape, encoding="inline", values=numbers.tobytes())


def layer(name, op_type, family, *inputs, kernel=None, group=1, **attributes) -> Layer:
    geometry = None
    if kernel is not None and len(kernel.shape) > 2:
        ones = (1,) * (len(kernel.shape) - 2)
        geometry = Geometry(kernel.shape[2:], ones, (0,) * 2 * len(ones), ones, group)
    weights = () if kernel is None else (kernel,)
    outputs = (Tensor(name, "float32", None),)
    return Layer(0, name, op_type, "", family, inputs, outputs, attributes, weights, geometry=geometry)


def network(*layers: Layer) -> Model:
    picture = Tensor("x", "float32", (1, 3, 8, 8))
    return Model("m.onnx", 17, "", (picture,), layers[-1].outputs, layers)


CONV = layer("conv", "Conv", "convolution", "x", kernel=weight(4, 3, 2, 2))
NETWORK = network(
    CONV,
    layer("norm", "BatchNormalization", "normalization", "conv"),
    layer("relu", "Relu", "activation", "norm"),
    layer("pool", "MaxPool", "pooling", "relu"),
    layer("other", "Conv", "convolution", "pool", kernel=weight(4, 4, 1, 1)),
    layer("sum", "Add", "merge", "pool", "other"),
    layer("end", "Softmax", "activation", "sum"),
)


def of(name: str) -> Layer:
    found = NETWORK.layer(name)
    assert found is not None
    return found


SIDES = {"conv": "", "norm": "before", "relu": "after", "pool": "", "other": "", "sum": "before", "end": "after"}
MAKERS = {"conv": "conv", "norm": "conv", "pool": "conv", "other": "other", "sum": None, "end": None}


@pytest.mark.parametrize(("name", "side"), SIDES.items())
def test_an_output_lies_before_or_after_an_activation(name, side):
    assert context.activation_side(NETWORK, of(name)) == side


@pytest.mark.parametrize(("name", "maker"), MAKERS.items())
def test_maps_are_made_by_the_kernels_before_them_as_long_as_channels_stay(name, maker):
    found = context.maker_of_maps(NETWORK, of(name))
    assert (found.name if found else None) == maker


@pytest.mark.parametrize(("name", "nearest"), [("relu", "conv"), ("sum", "other"), ("end", "other"), ("conv", "conv")])
def test_the_nearest_kernels_before_a_layer_are_found(name, nearest):
    assert context.kernel_layer_before(NETWORK, of(name)).name == nearest


def test_a_network_without_kernels_has_none_before():
    alone = network(layer("relu", "Relu", "activation", "x"))
    assert context.kernel_layer_before(alone, alone.layers[0]) is None
    assert context.maker_of_maps(alone, alone.layers[0]) is None


def test_a_layer_sees_the_picture_itself_also_behind_a_rescaling():
    scaled = network(
        layer("minus", "Sub", "merge", "x"),
        layer("padded", "Pad", "shape", "minus"),
        layer("conv", "Conv", "convolution", "padded", kernel=weight(2, 3, 1, 1)),
        layer("second", "Conv", "convolution", "conv", kernel=weight(2, 2, 1, 1)),
    )
    assert context.sees_picture(scaled, scaled.layers[2])
    assert not context.sees_picture(scaled, scaled.layers[3])


# ---------------------------------------------------------------- on the picture


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((1, 3, 20, 30), PictureInput("x", 20, 30, 3, False)),
        ((1, 20, 30, 3), PictureInput("x", 20, 30, 3, True)),
        ((1, 1, 28, 28), PictureInput("x", 28, 28, 1, False)),
        ((1, 1960), None),
        ((1, 64, 7, 7), None),
    ],
)
def test_the_input_that_has_the_shape_of_a_picture(shape, expected):
    assert context.picture_input({"number": np.zeros(1), "x": np.zeros(shape)}) == expected


def test_what_an_element_sees_in_the_input():
    # Two 3 x 3 convolutions with stride 2 and padding 1: fields of 7 x 7, 4 apart, the first one centred on pixel 0.
    field = ReceptiveField((7, 7), (4.0, 4.0), (0.5, 0.5), "exact")
    assert context.field_of(field, (0, 2)) == Rectangle(left=5.0, top=-3.0, right=12.0, bottom=4.0)


@pytest.mark.parametrize(
    "field", [ReceptiveField(), ReceptiveField(status="whole input"), ReceptiveField((3,), (1.0,), (0.5,), "exact")]
)
def test_where_no_rectangle_is_known_there_is_none(field):
    assert context.field_of(field, (0, 0)) is None


def test_a_rectangle_of_the_input_is_moved_onto_the_picture():
    # The input of 10 x 20 shows the picture's pixels from (100, 50) to (140, 80): each is 2 wide and 3 high.
    seen = Rectangle(1, 2, 3, 4)
    assert context.on_picture(seen, (100, 50, 140, 80), height=10, width=20) == Rectangle(102, 56, 106, 62)
