"""Receptive fields of operators that slide over space, or look at all of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from inspector.graph.fields.common import Seeing, first, rank_of, same, whole
from inspector.graph.nodes import Graph, Node, first_spatial_axis, geometry, size_of
from inspector.graph.receptive_field import UNKNOWN, Number, View


def slide(node: Node, seeing: Seeing, graph: Graph) -> Sequence[View]:
    view = first(seeing)
    window = geometry(node, graph)
    if view is None or any(seeing[1:]) or window is None:
        return whole(node, seeing, graph)
    first_axis, count = first_spatial_axis(node), len(window.kernel_shape)
    if first_axis + count > rank_of(view):
        return [UNKNOWN] * len(node.outputs)
    is_transposed = node.op_type == "ConvTranspose"
    if window.group == 1 and "Conv" in node.op_type:
        view = replace(view, differs=False)
    for index in range(count):
        axis, stride = first_axis + index, window.strides[index]
        reach = window.dilations[index] * (window.kernel_shape[index] - 1)
        least, most = _begin_pads(node, window.pads, index, count, reach, stride)
        if least != most:
            view = view.bound()
        if not is_transposed:
            view = view.slid(axis, stride, -most, reach - least)
            continue
        if stride > 1 and view.moves_along(axis):
            view = view.bound()
        view = view.slid(axis, Fraction(1, stride), Fraction(least - reach, stride), Fraction(most, stride))
    return same(node, view)


def _begin_pads(
    node: Node, pads: tuple[int, ...] | None, index: int, count: int, reach: int, stride: int
) -> tuple[int, int]:
    """Return the least and the most that may be added before an axis; they differ where its size is not known."""
    if pads is not None:
        return pads[index], pads[index]
    if node.op_type == "ConvTranspose":
        return 0, reach
    least, most = max(0, reach + 1 - stride), reach
    is_lower = node.text("auto_pad", "") == "SAME_LOWER"
    return (least + is_lower) // 2, (most + is_lower) // 2


def over_space(node: Node, seeing: Seeing, graph: Graph) -> Sequence[View]:
    view = first(seeing)
    if view is None:
        return whole(node, seeing, graph)
    start = 1 if node.integer("channels_last", 0) else 2
    axes = range(start, rank_of(view) - (start == 1))
    return same(node, view.spread(axes, graph.shape(node.inputs[0]), is_whole=True))


def resize(node: Node, seeing: Seeing, graph: Graph) -> Sequence[View]:
    view, shape = first(seeing), graph.shape(node.input(0))
    if view is None or any(seeing[1:]):
        return whole(node, seeing, graph)
    rank = rank_of(view)
    coordinates = node.text("coordinate_transformation_mode", "half_pixel" if graph.opset >= 11 else "asymmetric")
    scales = _scales(node, graph, rank)
    for axis in range(rank):
        if not view.moves_along(axis):
            continue
        before, after = size_of(shape, axis), size_of(graph.shape(node.outputs[0]), axis)
        if before == 1:
            view = view.each(lambda each, axis=axis: each.moved(axis, 0))  # type: ignore[misc]
            continue
        scale = scales[axis]
        if scale == 1 and before == after:
            continue
        line = _line(coordinates, scale, before, after)
        if line is None or scale is None:
            view = view.spread([axis], shape, is_whole=True).bound()
            continue
        step, offset = line
        reach = _reach(node, scale)
        view = view.slid(axis, step, offset - reach, offset + reach).bound()
    return same(node, view)


def _scales(node: Node, graph: Graph, rank: int) -> list[Fraction | None]:
    """Return by how much each axis grows; None where that is not known."""
    before, after = graph.shape(node.input(0)), graph.shape(node.outputs[0])
    index = 1 if node.op_type == "Upsample" or graph.opset < 11 else 2
    values = graph.constant(node.input(index)) if node.input(index) else None
    given: list[Fraction | None] = []
    listed = node.attributes.get("scales")
    if values is not None and values.size:
        given = [Fraction(float(value)) if float(value) > 0 else None for value in values.reshape(-1)]
    elif isinstance(listed, tuple):
        given = [Fraction(value) if isinstance(value, float) and value > 0 else None for value in listed]
    else:
        sizes = [(size_of(before, axis), size_of(after, axis)) for axis in range(rank)]
        return [Fraction(new, old) if old and new else None for old, new in sizes]
    axes = node.integers("axes") or tuple(range(rank))
    found: list[Fraction | None] = [Fraction(1)] * rank
    for axis, scale in zip(axes, given, strict=False):
        if -rank <= axis < rank:
            found[axis] = scale
    return found


def _line(
    coordinates: str, scale: Fraction | None, before: int | None, after: int | None
) -> tuple[Number, Number] | None:
    """Return step and offset from an element to its place in the input; None where there is no such line."""
    half = Fraction(1, 2)
    if coordinates == "align_corners":
        if before is None or after is None:
            return None
        return (Fraction(before - 1, after - 1) if after > 1 else 0), 0
    if scale is None:
        return None
    if coordinates == "asymmetric":
        return 1 / scale, 0
    if coordinates == "tf_half_pixel_for_nn":
        return 1 / scale, half / scale
    if coordinates == "pytorch_half_pixel" and after == 1:
        return 0, 0
    if coordinates == "half_pixel_symmetric" and before is not None and after is not None:
        shift = Fraction(before, 2) * (1 - Fraction(after) / (scale * before))
        return 1 / scale, shift + half / scale - half
    if coordinates in ("half_pixel", "pytorch_half_pixel"):
        return 1 / scale, half / scale - half
    return None


def _reach(node: Node, scale: Fraction) -> Number:
    """Return how far from its place an element looks; one more than it must, since the outermost are pushed inwards."""
    mode = node.text("mode", "nearest")
    reach = 2 if mode == "cubic" else 1
    return reach / scale + 1 if node.integer("antialias", 0) and scale < 1 else reach


def depth_to_space(node: Node, seeing: Seeing, graph: Graph) -> Sequence[View]:
    view, block = first(seeing), node.integer("blocksize", 1)
    if view is None or block < 1 or rank_of(view) != 4:
        return [UNKNOWN] * len(node.outputs)
    for axis in (2, 3):
        view = view.slid(axis, Fraction(1, block), Fraction(1 - block, block), 0)
    return same(node, view.bound() if block > 1 else view)


def space_to_depth(node: Node, seeing: Seeing, graph: Graph) -> Sequence[View]:
    view, block = first(seeing), node.integer("blocksize", 1)
    if view is None or block < 1 or rank_of(view) != 4:
        return [UNKNOWN] * len(node.outputs)
    for axis in (2, 3):
        view = view.slid(axis, block, 0, block - 1)
    return same(node, replace(view, differs=view.differs or block > 1))
