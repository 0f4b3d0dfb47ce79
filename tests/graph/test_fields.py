"""What each element of real networks sees, held against ONNX Runtime: only the pixels we say may change it."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from inspector.graph.reader import Opened, read
from tests.graph.build import node, save, tapped, tensor, value, weights

SIZE = 24
IMAGE = [value("x", [1, 3, SIZE, SIZE])]
INTEGERS = np.int64


def conv(inputs: str, output: str, **attributes: object):
    return node("Conv", inputs, output, **attributes)


def ints(name: str, *values: int):
    return tensor(name, np.array(values, INTEGERS))


def floats(name: str, *values: float):
    return tensor(name, np.array(values, np.float32))


W = weights("w", 4, 3, 3, 3)
V = weights("v", 4, 4, 3, 3)
NETWORKS = {
    "plain": ([conv("x w", "a", pads=[1] * 4), conv("a v", "b"), node("Tanh", "b", "c")], [W, V]),
    "strided": (
        [conv("x w", "a", pads=[0, 1, 2, 1], strides=[2, 3]), conv("a v", "b", pads=[2, 1, 0, 1], strides=[2, 1])],
        [W, V],
    ),
    "dilated": ([conv("x w", "a", dilations=[2, 3]), conv("a v", "b", pads=[2] * 4, dilations=[2, 2])], [W, V]),
    "depthwise": (
        [conv("x d", "a", group=3, pads=[2, 0, 2, 0]), conv("a p", "b")],
        [weights("d", 3, 1, 5, 1), weights("p", 4, 3, 1, 1)],
    ),
    "residual": (
        [
            conv("x w", "a", pads=[1] * 4),
            conv("a v", "b", pads=[1] * 4),
            conv("b v", "c", pads=[1] * 4),
            node("Add", "a c", "d"),
            node("MaxPool", "d", "e", kernel_shape=[2, 2], strides=[2, 2]),
        ],
        [W, V],
    ),
    "inception": (
        [
            conv("x o", "a"),
            conv("x w", "b", pads=[1] * 4),
            conv("x k", "c", pads=[2] * 4),
            node("MaxPool", "x", "d", kernel_shape=[3, 3], pads=[1] * 4),
            node("Concat", "a b c d", "e", axis=1),
            node("AveragePool", "e", "f", kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1, pads=[0, 1, 0, 1]),
        ],
        [weights("o", 2, 3, 1, 1), W, weights("k", 2, 3, 5, 5)],
    ),
    "same upper": (
        [
            conv("x w", "a", auto_pad="SAME_UPPER", strides=[2, 2]),
            conv("a f", "b", auto_pad="SAME_UPPER", strides=[3, 1]),
            node("MaxPool", "b", "c", kernel_shape=[2, 3], auto_pad="SAME_UPPER"),
        ],
        [W, weights("f", 4, 4, 4, 2)],
    ),
    "same lower": (
        [
            conv("x w", "a", auto_pad="SAME_LOWER", strides=[2, 2]),
            conv("a f", "b", auto_pad="SAME_LOWER", strides=[3, 1]),
            node("AveragePool", "b", "c", kernel_shape=[2, 3], auto_pad="SAME_LOWER"),
        ],
        [W, weights("f", 4, 4, 4, 2)],
    ),
    "valid": ([conv("x w", "a", auto_pad="VALID", strides=[2, 2])], [W]),
    "u-net": (
        [
            conv("x w", "a", pads=[1] * 4),
            node("MaxPool", "a", "b", kernel_shape=[2, 2], strides=[2, 2]),
            conv("b v", "c", pads=[1] * 4),
            node("ConvTranspose", "c t", "d", kernel_shape=[2, 2], strides=[2, 2]),
            node("Concat", "a d", "e", axis=1),
        ],
        [W, V, weights("t", 4, 4, 2, 2)],
    ),
    "transposed": (
        [
            conv("x w", "a"),
            node("ConvTranspose", "a t", "b", strides=[2, 3], pads=[1, 0, 2, 1], output_padding=[1, 0]),
            node("ConvTranspose", "a t", "c", pads=[1, 1, 1, 1], dilations=[2, 1]),
            conv("b v", "d"),
        ],
        [W, weights("t", 4, 4, 3, 4), V],
    ),
    "transposed same": (
        [
            node("ConvTranspose", "x t", "a", strides=[2, 2], auto_pad="SAME_UPPER"),
            node("ConvTranspose", "x t", "b", strides=[2, 2], auto_pad="SAME_LOWER"),
            node("ConvTranspose", "x t", "c", strides=[2, 2], output_shape=[47, 50]),
        ],
        [weights("t", 3, 4, 3, 5)],
    ),
    "resized": (
        [
            conv("x w", "a", pads=[1] * 4, strides=[2, 2]),
            node("Resize", "a _ s", "b", mode="nearest"),
            node("Resize", "a _ s", "c", mode="linear", coordinate_transformation_mode="align_corners"),
            node("Resize", "a _ r", "d", coordinate_transformation_mode="asymmetric", nearest_mode="floor"),
            node("Resize", "a _ q", "e", mode="linear", coordinate_transformation_mode="asymmetric"),
            node("Resize", "a _ _ z", "f", mode="cubic"),
            node("Resize", "a _ _ z", "g", mode="linear", coordinate_transformation_mode="pytorch_half_pixel"),
            node("Resize", "a _ h", "h1", mode="nearest", nearest_mode="ceil"),
            conv("b v", "i", pads=[1] * 4),
            conv("e v", "j"),
        ],
        [
            W,
            V,
            floats("s", 1, 1, 2, 3),
            floats("r", 1, 1, 2, 2),
            floats("q", 1, 1, 1.7, 0.6),
            floats("h", 1, 1, 0.4, 1.3),
            ints("z", 1, 4, 31, 7),
        ],
    ),
    "focus": (
        [
            node("Slice", "x zero end rows two", "a"),
            node("Slice", "x one end rows two", "b"),
            node("Concat", "a b", "c", axis=1),
            node("Slice", "c zero end columns two", "d"),
            node("Slice", "c one end columns two", "e"),
            node("Concat", "d e", "f", axis=1),
            conv("f k", "g", pads=[1] * 4),
        ],
        [
            ints("zero", 0),
            ints("one", 1),
            ints("two", 2),
            ints("end", 2**31),
            ints("rows", 2),
            ints("columns", 3),
            weights("k", 4, 12, 3, 3),
        ],
    ),
    "cropped": (
        [
            conv("x w", "a"),
            node("Slice", "a starts ends axes steps", "b"),
            conv("b v", "c"),
            node("Slice", "c back front rows minus", "d"),
            node("Split", "d parts", "e f", axis=3),
            conv("f v", "g"),
        ],
        [
            W,
            V,
            ints("starts", 3, -18),
            ints("ends", 20, -1),
            ints("axes", 2, -1),
            ints("steps", 1, 1),
            ints("back", -1),
            ints("front", -100),
            ints("rows", 2),
            ints("minus", -1),
            ints("parts", 6, 9),
        ],
    ),
    "padded": (
        [
            node("Pad", "x p", "a"),
            node("Pad", "x p", "b", mode="reflect"),
            node("Pad", "x p", "c", mode="edge"),
            node("Pad", "x m", "d"),
            conv("b w", "e"),
            conv("c w", "f", strides=[2, 2]),
        ],
        [W, ints("p", 0, 0, 2, 3, 0, 0, 1, 4), ints("m", 0, 0, -2, 1, 0, 0, 3, -4)],
    ),
    "shuffled": (
        [
            conv("x w", "a", pads=[1] * 4),
            node("Reshape", "a grouped", "b"),
            node("Transpose", "b", "c", perm=[0, 2, 1, 3, 4]),
            node("Reshape", "c flat", "d"),
            conv("d v", "e", pads=[1] * 4, strides=[2, 2]),
            node("Reshape", "e halves", "f"),
            node("Gather", "f first", "g", axis=1),
            node("Reshape", "g square", "h"),
            conv("h k", "i", pads=[1] * 4),
        ],
        [
            W,
            V,
            weights("k", 4, 2, 3, 3),
            ints("grouped", 1, 2, 2, SIZE, SIZE),
            ints("flat", 1, 4, SIZE, SIZE),
            ints("halves", 2, 2, 144),
            tensor("first", np.array(1, INTEGERS)),
            ints("square", 1, 2, 12, 12),
        ],
    ),
    "pixel shuffle": (
        [
            conv("x w", "a", pads=[1] * 4),
            node("DepthToSpace", "a", "b", blocksize=2),
            node("DepthToSpace", "a", "c", blocksize=2, mode="CRD"),
            node("SpaceToDepth", "x", "d", blocksize=3),
            conv("b k", "e", pads=[1] * 4),
        ],
        [W, weights("k", 4, 1, 3, 3)],
    ),
    "squeezed": (
        [
            conv("x w", "a", pads=[1] * 4),
            node("GlobalAveragePool", "a", "b"),
            node("Sigmoid", "b", "c"),
            node("Mul", "a c", "d"),
            node("ReduceMean", "a", "e", axes=[3], keepdims=0),
            node("ReduceMax", "a", "f", axes=[-2]),
            node("Unsqueeze", "e three", "g"),
            node("Squeeze", "f two", "h"),
        ],
        [W, ints("three", 3), ints("two", 2)],
    ),
    "classifier": (
        [
            conv("x w", "a", strides=[4, 4]),
            node("Flatten", "a", "b"),
            node("Gemm", "b o", "c"),
            node("Softmax", "c", "d", axis=-1),
            node("Softmax", "a", "e", axis=1),
            node("Softmax", "a", "f", axis=3),
            node("LpNormalization", "a", "h", axis=2),
            node("InstanceNormalization", "a s s", "i"),
            node("MatMul", "a m", "j"),
        ],
        [W, weights("o", 144, 10), weights("s", 4), weights("m", 6, 5)],
    ),
    "normalized": (
        [
            conv("x w", "a", pads=[1] * 4),
            node("BatchNormalization", "a s s s u", "b"),
            node("LRN", "b", "c", size=3),
            node("PRelu", "c p", "d"),
            node("Clip", "d low", "e"),
            node("LayerNormalization", "e l", "f", axis=-1),
            node("Transpose", "e", "g", perm=[0, 2, 3, 1]),
            node("LayerNormalization", "g s", "h", axis=-1),
        ],
        [
            W,
            weights("s", 4),
            floats("u", 1, 1, 1, 1),
            weights("p", 4, 1, 1),
            weights("l", SIZE),
            tensor("low", np.float32(-1)),
        ],
    ),
    "gathered": (
        [
            conv("x w", "a"),
            node("Gather", "a even", "b", axis=2),
            node("Gather", "a uneven", "c", axis=3),
            node("Gather", "a channel", "d", axis=1),
            node("Tile", "d twice", "e"),
            node("Expand", "d wide", "f"),
            node("Concat", "zeros a", "g", axis=2),
            node("Concat", "a a", "h", axis=2),
        ],
        [
            W,
            ints("even", 1, 3, 5, 7),
            ints("uneven", 1, 2, 5),
            tensor("channel", np.array(2, INTEGERS)),
            ints("twice", 1, 1, 2),
            ints("wide", 2, 22, 22),
            tensor("zeros", np.zeros((1, 4, 3, 22), np.float32)),
        ],
    ),
    "by shape": (
        [
            conv("x w", "a", strides=[2, 2]),
            node("Shape", "a", "s"),
            node("ConstantOfShape", "s", "z"),
            node("Add", "a z", "b"),
            node("Slice", "s two four", "hw"),
            node("Concat", "nc hw", "again", axis=0),
            node("Resize", "x _ _ small", "c", mode="linear"),
        ],
        [W, ints("two", 2), ints("four", 4), ints("nc", 1, 4), ints("small", 1, 3, 9, 11)],
    ),
    "attention": (
        [
            conv("x w", "a", strides=[4, 4]),
            node("Reshape", "a line", "b"),
            node("Transpose", "b", "q", perm=[0, 2, 1]),
            node("MatMul", "q b", "r"),
            node("Softmax", "r", "s", axis=-1),
            node("MatMul", "s q", "t"),
        ],
        [W, ints("line", 1, 4, 36)],
    ),
    "quantized": (
        [
            node("QuantizeLinear", "x s z", "a"),
            node("QLinearConv", "a s z k s zk s z", "b", pads=[1] * 4),
            node("DequantizeLinear", "b s z", "c"),
            node("DynamicQuantizeLinear", "c", "d e f"),
            node("ConvInteger", "d ku f", "g"),
        ],
        [
            tensor("s", np.float32(0.05)),
            tensor("z", np.uint8(128)),
            tensor("k", np.random.default_rng(1).integers(-99, 99, (4, 3, 3, 3), np.int8)),
            tensor("zk", np.int8(0)),
            tensor("ku", np.random.default_rng(1).integers(-99, 99, (4, 4, 3, 3), np.int8)),
        ],
    ),
}  # fmt: skip
CHANNELS_LAST = (
    [
        node("Transpose", "x", "a", perm=[0, 3, 1, 2]),
        conv("a w", "b", strides=[2, 1], pads=[0, 1, 1, 1]),
        node("Transpose", "b", "c", perm=[0, 2, 3, 1]),
        node("Add", "c bias", "d"),
        node("Transpose", "d", "e", perm=[0, 3, 1, 2]),
        conv("e v", "f"),
    ],
    [W, V, weights("bias", 4)],
)
UPSAMPLED = (
    [
        conv("x w", "a", strides=[2, 2]),
        node("Upsample", "a s", "b", mode="nearest"),
        node("Upsample", "a q", "c", mode="linear"),
        node("Slice", "a", "d", starts=[2, -5], ends=[9, 100], axes=[2, 3]),
        node("Softmax", "d", "e"),
    ],
    [W, floats("s", 1, 1, 2, 3), floats("q", 1, 1, 1.5, 2.2)],
)
LINE = (
    [
        node("Reshape", "x rows", "a"),
        conv("a k", "b", pads=[1] * 4, strides=[2, 2]),
        node("Reshape", "b flat", "d"),
    ],
    [ints("rows", 1, 1, 12, 10), weights("k", 2, 1, 3, 3), ints("flat", 1, -1)],
)


@pytest.mark.parametrize("name", NETWORKS)
def test_only_the_pixels_in_its_field_change_an_element(name, tmp_path):
    nodes, initializers = NETWORKS[name]
    is_rounded = name == "quantized"  # there, a pixel more or less may be lost
    _check(_opened(tmp_path, nodes, IMAGE, initializers), (1, 3, SIZE, SIZE), with_edges=not is_rounded)


def test_channels_last_has_its_rows_and_columns_in_front(tmp_path):
    opened = _opened(tmp_path, CHANNELS_LAST[0], [value("x", [1, SIZE, SIZE + 2, 3])], CHANNELS_LAST[1])
    assert opened.views.axes == (1, 2)
    _check(opened, (1, SIZE, SIZE + 2, 3))


def test_old_operators_take_their_settings_from_attributes(tmp_path):
    nodes, initializers = UPSAMPLED
    _check(_opened(tmp_path, nodes, IMAGE, initializers, opset=9), (1, 3, SIZE, SIZE))


def test_a_line_that_is_cut_into_rows_is_followed(tmp_path):
    nodes, initializers = LINE
    opened = _opened(tmp_path, nodes, [value("x", [1, 120])], initializers)
    assert opened.views.axes == (1,)
    # rows of ten: a 3 x 3 window reaches over two rows and two columns, and begins one of each before
    assert opened.model.layer("b").receptive_field.size == (23,)
    _check(opened, (1, 120))


def test_a_signal_has_one_axis(tmp_path):
    kernel = tensor("one", np.random.default_rng(3).standard_normal((3, 2, 4)).astype(np.float32))
    nodes = [node("Conv", "x one", "a", strides=[2], dilations=[3]), node("MaxPool", "a", "b", kernel_shape=[2])]
    opened = _opened(tmp_path, nodes, [value("x", [1, 2, 60])], [kernel])
    field = opened.model.layer("b").receptive_field
    assert (field.size, field.jump, field.start, field.status) == ((12,), (2.0,), (6.0,), "exact")
    _check(opened, (1, 2, 60))


def test_a_volume_has_three_axes(tmp_path):
    nodes = [node("Conv", "x w", "a", strides=[1, 2, 1]), node("AveragePool", "a", "b", kernel_shape=[2, 1, 2])]
    opened = _opened(tmp_path, nodes, [value("x", [1, 1, 8, 9, 10])], [weights("w", 2, 1, 3, 2, 1)])
    field = opened.model.layer("b").receptive_field
    assert (field.size, field.jump, field.status) == ((4, 2, 2), (1.0, 2.0, 1.0), "exact")
    _check(opened, (1, 1, 8, 9, 10))


def _opened(folder: Path, nodes, inputs, initializers, opset: int = 17) -> Opened:
    outputs = list(nodes[-1].output)[:1]
    return read(save(folder / "network.onnx", nodes, inputs, outputs, initializers, opset=opset))


def _check(opened: Opened, shape: tuple[int, ...], with_edges: bool = True) -> None:
    """Change every pixel outside an element's field, and the element stays; change its edges, and it does not."""
    random = np.random.default_rng(11)
    picture = random.standard_normal(shape).astype(np.float32)
    run = tapped(opened)
    before = run({"x": picture})
    seen = 0
    for layer in opened.model.layers:
        for made in layer.outputs:
            values = before[made.name]
            for _ in range(4 if values.size else 0):
                place = tuple(int(random.integers(size)) for size in values.shape)
                inside = _inside(opened, made.name, place, shape)
                assert inside is not None, f"{made.name} has no field"
                changed = np.where(inside, picture, random.standard_normal(shape).astype(np.float32) * 9)
                after = run({"x": changed})[made.name]
                assert after[place] == values[place], f"{made.name}{place} sees more than we say"
                seen += not inside.all()
                if with_edges and layer.receptive_field.status == "exact" and inside.any():
                    _check_edges(opened, made.name, place, picture, run)
    assert seen, "no element of this network has a field smaller than the picture"


def _inside(opened: Opened, name: str, place: tuple[int, ...], shape: tuple[int, ...]):
    pixels = opened.views.pixels(name, place)
    if pixels is None:
        return None
    inside = np.ones(shape, bool)
    for axis, (first, end) in zip(opened.views.axes, pixels, strict=True):
        index = np.arange(shape[axis]).reshape([-1 if each == axis else 1 for each in range(len(shape))])
        inside = inside & (index >= first) & (index < end)
    return inside


def _check_edges(opened: Opened, name: str, place: tuple[int, ...], picture, run) -> None:
    """An exact field has no pixel too many: the outermost rows and columns matter, where they are not padding."""
    view = opened.views.view(name)
    for axis, interval, size in zip(opened.views.axes, view.intervals, opened.views.sizes, strict=True):
        low, high = interval.at(place)
        for edge in (low, high):
            if not 0 <= edge < size:
                continue
            differs = False
            for factor in (50.0, -50.0, 0.0):
                changed = picture.copy()
                index = [slice(None)] * picture.ndim
                index[axis] = slice(int(edge), int(edge) + 1)
                changed[tuple(index)] = factor
                differs = differs or run({"x": changed})[name][place] != run({"x": picture})[name][place]
            assert differs or not math.isfinite(low), f"{name}{place} does not see {edge} along axis {axis}"


def test_a_signal_is_what_is_seen_and_not_the_state_that_comes_before_it(tmp_path):
    nodes = [
        node("Unsqueeze", "sound axis", "line"),
        node("Conv", "line w", "heard", strides=[2]),
        node("Identity", "state", "kept"),
    ]
    inputs = [value("state", [2, 1, 128]), value("sound", [1, 512])]
    path = save(
        tmp_path / "speech.onnx",
        nodes,
        inputs,
        ["heard", "kept"],
        [tensor("axis", np.array([1])), weights("w", 4, 1, 5)],
    )
    made = read(path).model
    assert (made.picture, made.picture_axes) == ("sound", (1,))
    heard = made.layers[1].receptive_field
    assert (heard.size, heard.jump, heard.status) == ((5,), (2,), "exact")
