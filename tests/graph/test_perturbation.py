"""Receptive fields of whole networks, held against ONNX Runtime: what lies outside changes nothing, what inside does.

Outside: the picture is changed everywhere but in one element's rectangle; each element that sees nothing else keeps its
value, bit for bit. Inside: in a copy with positive weights, no biases and no activations a picture that is zero but for
one pixel makes an element positive if and only if the pixel reaches it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import numpy_helper

from inspector.graph.kinds import kind_of
from inspector.graph.linked import Element, Maps, maps_of, reached_by, same_place, seen_by
from inspector.graph.model import Tensor
from inspector.graph.reader import Opened, read
from tests.graph.build import node, save, tapped, value, weights

BUNDLED = ("digits", "edges", "shapes")
SHARED = (  # the keyword spotters cut their signal into rows: there is no one distance between fields
    "deeplabv3_nhwc",
    "fastestdet",
    "mnist-8",
    "openwakeword_embedding",
    "ppocr_cls_dynamic_hw",
    "squeezenet_fp16",
    "super_resolution",
    "ultraface_rfb320",
    "unet_sed_gen",
    "yolox_nano",
)
OPEN_SIZES = {"ppocr_cls_dynamic_hw": (1, 3, 48, 192)}
POSITIVE = ("digits", "shapes", "edges", "mnist-8", "squeezenet_fp16", "super_resolution", "ultraface_rfb320")
RECTANGLES, ELEMENTS, PIXELS = 6, 60, 8
Random = np.random.Generator
Kept = tuple[tuple[int, int, int], ...]  # of the picture: an axis, the first pixel that stays, the one after the last


@pytest.fixture
def opened(request: pytest.FixtureRequest, repository) -> Opened:
    name = request.param
    if name in BUNDLED:
        return read(str(repository / "models" / f"{name}.onnx"))
    return read(str(request.getfixturevalue("shared") / "assets" / "models" / f"{name}.onnx"))


# ---------------------------------------------------------------- outside


@pytest.mark.parametrize("opened", [*BUNDLED, *SHARED], indirect=True)
def test_what_lies_outside_of_its_rectangle_does_not_change_an_element(opened):
    random = np.random.default_rng(5)
    run, feeds = tapped(opened), _feeds(opened, random)
    picture = opened.model.picture
    before = run(feeds)
    layers = _layers(opened, before)
    rectangles, checked = 0, 0
    for source, element, kept in _rectangles(layers, opened.model.picture_axes, feeds[picture].shape, random):
        rectangles += 1
        after = run({**feeds, picture: _changed_outside(feeds[picture], kept, random)})
        for maps, tensor in layers:
            for near in _near(source, element, maps, random):
                if _is_within(seen_by(maps, near).ends, kept, feeds[picture].shape):
                    values = [_value(maps, tensors[tensor.name], near) for tensors in (before, after)]
                    assert values[0] == values[1], f"{maps.layer} sees more than we say: {near}, {kept}"
                    checked += 1
    assert rectangles, "no element of this network sees less than the picture"
    assert checked >= rectangles


def _rectangles(
    layers: Sequence[tuple[Maps, Tensor]], axes: tuple[int, ...], shape: tuple[int, ...], random: Random
) -> Iterator[tuple[Maps, Element, Kept]]:
    """Yield some elements, and what they see of the picture."""
    order = [layers[place] for place in random.permutation(len(layers))]
    found = 0
    for maps, _ in order:
        element = next(_elements(maps, random, 1))
        ends = seen_by(maps, element).ends
        if ends is None or found == RECTANGLES:
            continue
        cut = [
            (axis, round(max(low, 0)), round(min(high, shape[axis])))
            for axis, (low, high) in zip(axes, ends, strict=True)
        ]
        if any(high - low < shape[axis] for axis, low, high in cut):
            found += 1
            yield maps, element, tuple(cut)


def _near(source: Maps, element: Element, maps: Maps, random: Random) -> Iterator[Element]:
    """Yield elements of a layer round the place that another one looks at, and some anywhere."""
    yield from _elements(maps, random, ELEMENTS)
    middle = same_place(source, element, maps)
    if middle is None:
        return
    yield middle
    for _ in range(ELEMENTS):
        row, column = (at + int(random.integers(-4, 5)) for at in (middle.row, middle.column))
        if 0 <= row < maps.height and 0 <= column < maps.width:
            yield replace(middle, row=row, column=column, channel=int(random.integers(maps.shape[maps.axes[0]])))


def _is_within(
    ends: tuple[tuple[float, float], ...] | None,
    kept: Kept,
    shape: tuple[int, ...],
) -> bool:
    if ends is None:
        return False
    return all(
        max(low, 0) >= first and min(high, shape[axis]) <= end
        for (axis, first, end), (low, high) in zip(kept, ends, strict=True)
    )


def _changed_outside(picture: NDArray[np.generic], kept: Kept, random: Random) -> NDArray[np.generic]:
    changed = _numbers(picture.shape, picture.dtype, random)
    index = [slice(None)] * picture.ndim
    for axis, first, end in kept:
        index[axis] = slice(first, max(first, end))
    changed[tuple(index)] = picture[tuple(index)]
    return changed


def test_what_a_dynamic_quantization_follows_sees_the_whole_input(tmp_path):
    nodes = [
        node("Conv", "x w", "a", name="a", pads=[1] * 4),
        node("DynamicQuantizeLinear", "a", "q s z", name="q"),
        node("ConvInteger", "q k z", "b", name="b"),
    ]
    kernel = numpy_helper.from_array(np.ones((2, 4, 3, 3), np.int8), "k")
    path = save(
        tmp_path / "dynamic.onnx", nodes, [value("x", [1, 3, 12, 12])], ["b"], [weights("w", 4, 3, 3, 3), kernel]
    )
    statuses = {layer.name: layer.receptive_field.status for layer in read(path).model.layers}
    assert statuses == {"a": "exact", "q": "whole input", "b": "whole input"}


# ---------------------------------------------------------------- inside


@pytest.mark.parametrize("opened", POSITIVE, indirect=True)
def test_each_pixel_of_an_exact_field_changes_its_element(opened):
    random = np.random.default_rng(6)
    run, feeds = tapped(_positive(opened)), _feeds(opened, random)
    picture, axes = opened.model.picture, opened.model.picture_axes
    shape, dtype = feeds[picture].shape, feeds[picture].dtype
    tensors = run(feeds)
    gapless = _without_gaps(opened)
    checked = {True: 0, False: 0}
    for _ in range(PIXELS):
        pixel = [int(random.integers(shape[axis])) for axis in axes]
        lit = np.zeros(shape, dtype)
        index: list[int | slice] = [slice(None)] * lit.ndim
        for axis, at in zip(axes, pixel, strict=True):
            index[axis] = at
        lit[tuple(index)] = 1
        after = run({**feeds, picture: lit})
        for maps, tensor in _layers(opened, tensors):
            if maps.field.status != "exact" or maps.field.jump is None:
                continue
            found = reached_by(maps, pixel)
            assert found is not None
            is_lit = _over_channels(maps, after[tensor.name])
            wanted = np.zeros_like(is_lit)
            wanted[found.top : found.bottom, found.left : found.right] = True
            assert not (is_lit & ~wanted).any(), f"{maps.layer} sees more than we say: {pixel}"
            if maps.layer in gapless:
                assert (is_lit == wanted).all(), f"{maps.layer} sees less than we say: {pixel}"
            checked[maps.layer in gapless] += 1
    assert checked[True] >= PIXELS, "no field of this network is without gaps"


@pytest.mark.parametrize("opened", [*POSITIVE, "yolox_nano", "fastestdet"], indirect=True)
def test_the_outermost_rows_and_columns_of_an_exact_field_change_its_element(opened):
    random = np.random.default_rng(7)
    run, feeds = tapped(_positive(opened)), _feeds(opened, random)
    picture, axes = opened.model.picture, opened.model.picture_axes
    shape, dtype = feeds[picture].shape, feeds[picture].dtype
    layers = [each for each in _layers(opened, run(feeds)) if each[0].field.status == "exact"]
    checked = 0
    for place in random.permutation(len(layers))[:RECTANGLES]:
        maps, tensor = layers[place]
        element = next(_elements(maps, random, 1))
        ends = seen_by(maps, element).ends
        if ends is None:
            continue
        for axis, (low, high) in zip(axes, ends, strict=True):
            for edge in (round(low), round(high) - 1):
                if 0 <= edge < shape[axis]:
                    lit = np.zeros(shape, dtype)
                    lit[tuple(edge if each == axis else slice(None) for each in range(lit.ndim))] = 1
                    lines = run({**feeds, picture: lit})[tensor.name]
                    is_lit = _over_channels(maps, lines)[element.row, element.column]
                    assert is_lit, f"{maps.layer} does not see {edge} along axis {axis}: {element}"
                    checked += 1
    assert checked


def _over_channels(maps: Maps, values: NDArray[np.generic]) -> NDArray[np.bool_]:
    """``(height, width)``: whether any channel is not zero; an exact field holds for each of them together."""
    others = tuple(axis for axis in range(values.ndim) if axis not in maps.axes[2:])
    return (values != 0).any(axis=others)


def _without_gaps(opened: Opened) -> set[str]:
    """The layers whose windows, and those on the way to them, touch: no dilation, no stride beyond the kernel."""
    gapped: set[str] = set()
    names = set()
    for layer in opened.model.layers:
        shape = layer.geometry
        has_gap = shape is not None and (
            any(each > 1 for each in shape.dilations)
            or any(stride > size for stride, size in zip(shape.strides, shape.kernel_shape, strict=True))
        )
        has_gap = has_gap or layer.op_type in ("Resize", "Upsample", "Slice", "ConvTranspose", "SpaceToDepth")
        if has_gap or gapped.intersection(layer.inputs):
            gapped.update(each.name for each in layer.outputs)
        else:
            names.add(layer.name)
    return names


def _positive(opened: Opened) -> Opened:
    """The same network without biases and activations, and with positive weights that neither grow nor fade."""
    proto = onnx.ModelProto()
    proto.CopyFrom(opened.proto)
    graph = proto.graph
    known = {each.name: numpy_helper.to_array(each, opened.folder) for each in graph.initializer}
    known |= {
        each.output[0]: numpy_helper.to_array(each.attribute[0].t, opened.folder)
        for each in graph.node
        if each.op_type == "Constant" and each.attribute[0].name == "value"
    }
    made: dict[str, NDArray[np.generic]] = {}

    def put(name: str, array: NDArray[np.generic]) -> str:
        made[f"{name}/positive/{len(made)}"] = array
        return list(made)[-1]

    for each in graph.node:
        is_activation = kind_of(each.op_type, each.domain).family == "activation" or each.op_type == "LRN"
        constant = [name in known and known[name].dtype.kind == "f" for name in each.input]
        if is_activation:
            each.op_type, each.domain = "Identity", ""
            del each.attribute[:], each.input[1:]
        elif each.op_type in ("Conv", "ConvTranspose") and constant[1]:
            kernel = known[each.input[1]]
            groups = next((a.i for a in each.attribute if a.name == "group"), 1)
            inputs = kernel.shape[1] if each.op_type == "Conv" else kernel.shape[0] // groups
            level = 1 / (inputs * np.prod(kernel.shape[2:]) ** 0.5)
            each.input[1] = put(each.input[1], np.full(kernel.shape, level, kernel.dtype))
            del each.input[2:]
        elif each.op_type == "BatchNormalization":
            for place, level in enumerate((1, 0, 0, 1), start=1):
                each.input[place] = put(each.input[place], np.full_like(known[each.input[place]], level))
        elif each.op_type in ("Add", "Sub", "Mul", "Div") and any(constant):
            place = constant.index(True)
            level = 0 if each.op_type in ("Add", "Sub") else 1
            each.input[place] = put(each.input[place], np.full_like(known[each.input[place]], level))
        elif each.op_type in ("Mul", "Sub"):
            each.op_type = "Add"
    graph.initializer.extend(numpy_helper.from_array(array, name) for name, array in made.items())
    return replace(opened, proto=proto)


# ---------------------------------------------------------------- both


def _feeds(opened: Opened, random: Random) -> dict[str, NDArray[np.generic]]:
    name = opened.model.fingerprint and opened.model.path.rsplit("/", 1)[-1].removesuffix(".onnx")
    feeds = {}
    for each in opened.model.inputs:
        known = OPEN_SIZES.get(name, each.shape or ())
        shape = tuple(size if isinstance(size, int) else 1 for size in known)
        feeds[each.name] = _numbers(shape, np.dtype(each.dtype), random)
    return feeds


def _numbers(shape: tuple[int, ...], dtype: np.dtype[np.generic], random: Random) -> NDArray[np.generic]:
    if dtype.kind in "iu":
        return random.integers(0, 100, shape).astype(dtype)
    return (random.standard_normal(shape) * 40).astype(dtype)


def _layers(opened: Opened, tensors: dict[str, NDArray[np.generic]]) -> list[tuple[Maps, Tensor]]:
    """What a run computed and can be shown as maps, and depends on the picture."""
    found = []
    for layer in opened.model.layers:
        values = tensors.get(layer.output.name)
        if layer.is_constant or values is None or not values.size or layer.inside:
            continue
        maps = maps_of(layer, values)
        if maps is not None:
            found.append((maps, layer.output))
    return found


def _elements(maps: Maps, random: Random, count: int) -> Iterator[Element]:
    lengths = [maps.shape[axis] if axis >= 0 else 1 for axis in maps.axes]
    for _ in range(count):
        channel, depth, row, column = (int(random.integers(length)) for length in lengths)
        yield Element(row, column, channel, depth)


def _value(maps: Maps, values: NDArray[np.generic], element: Element) -> object:
    place = [0] * values.ndim
    for axis, at in zip(maps.axes, (element.channel, element.depth, element.row, element.column), strict=True):
        if axis >= 0:
            place[axis] = at
    return values[tuple(place)].tobytes()
