"""Receptive fields of operators that move elements about: what they see goes with them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import replace

from inspector.graph.fields.common import Seeing, elementwise, first, rank_of, same, whole, within
from inspector.graph.nodes import Graph, Node, Shape, size_of
from inspector.graph.receptive_field import UNKNOWN, Jump, View, regrouped, united


def reshape(node: Node, seeing: Seeing, graph: Graph) -> Sequence[View]:
    view = first(seeing)
    before, after = graph.shape(node.input(0)), graph.shape(node.outputs[0])
    if view is None or before is None or after is None or len(before) != rank_of(view):
        return whole(node, seeing, graph)
    return same(node, _regrouped(view, before, after))


def _regrouped(view: View, before: Shape, after: Shape) -> View:
    """Follow axes through a reshape: those that stay, those that are cut into rows and those put together."""
    columns: list[list[Jump]] = [[] for _ in view.intervals]
    intervals = list(view.intervals)
    is_exact = view.is_exact
    for old, new in _groups(before, after):
        sizes = [size for axis in old if (size := size_of(before, axis)) is not None]
        wanted = [size for axis in new if (size := size_of(after, axis)) is not None]
        is_known = len(sizes) == len(old) and len(wanted) == len(new) and math.prod(sizes) == math.prod(wanted)
        for index, interval in enumerate(intervals):
            jumps = [interval.jumps[axis] for axis in old]
            made: Sequence[Jump] | None = None
            if not any(jumps):
                made = [0] * len(new)
            elif len(old) == len(new) == 1:
                made = jumps
            elif is_known:
                made = regrouped(jumps, sizes, wanted)
            if made is None:
                for axis in old:
                    intervals[index] = intervals[index].spread(axis, size_of(before, axis), is_whole=True)
                is_exact, made = False, [0] * len(new)
            columns[index] += made
    changed = (replace(each, jumps=tuple(jumps)) for each, jumps in zip(intervals, columns, strict=True))
    return replace(view, intervals=tuple(changed), is_exact=is_exact)


def _groups(before: Shape, after: Shape) -> list[tuple[list[int], list[int]]]:
    """Return the smallest runs of axes that hold the same elements before and after a reshape."""
    front = 0
    while front < min(len(before), len(after)) and _equal(before[front], after[front], front):
        front += 1
    back = 0
    while back < min(len(before), len(after)) - front and _equal(before[-1 - back], after[-1 - back], 1):
        back += 1
    groups = [([axis], [axis]) for axis in range(front)]
    old, new = list(range(front, len(before) - back)), list(range(front, len(after) - back))
    groups += _by_product(before, after, old, new)
    groups += [([len(before) - each], [len(after) - each]) for each in range(back, 0, -1)]
    return groups


def _equal(a: object, b: object, place: int) -> bool:
    """Whether two sizes are certainly equal; an open first one is the batch."""
    return (a is not None and a == b) or (place == 0 and not isinstance(a, int) and not isinstance(b, int))


def _by_product(before: Shape, after: Shape, old: list[int], new: list[int]) -> list[tuple[list[int], list[int]]]:
    if not old and not new:
        return []
    if not all(isinstance(before[axis], int) for axis in old) or not all(isinstance(after[axis], int) for axis in new):
        return [(old, new)]
    groups: list[tuple[list[int], list[int]]] = []
    a = b = 0
    while a < len(old) or b < len(new):
        left, right = [], []
        count_left = count_right = 1
        while True:
            if a < len(old) and (count_left <= count_right or b >= len(new)):
                left.append(old[a])
                count_left *= size_of(before, old[a]) or 0
                a += 1
            elif b < len(new):
                right.append(new[b])
                count_right *= size_of(after, new[b]) or 0
                b += 1
            if (count_left == count_right and left and right) or (a >= len(old) and b >= len(new)):
                break
        groups.append((left, right))
    return groups


def transpose(node: Node, seeing: Seeing, graph: Graph) -> Sequence[View]:
    view = first(seeing)
    if view is None:
        return whole(node, seeing, graph)
    order = node.integers("perm") or tuple(reversed(range(rank_of(view))))
    return same(node, view.arranged(list(order)))


def squeeze(node: Node, seeing: Seeing, graph: Graph) -> Sequence[View]:
    view = first(seeing)
    if view is None:
        return whole(node, seeing, graph)
    rank, shape = rank_of(view), graph.shape(node.inputs[0])
    axes = node.integers("axes") or graph.integers(node.input(1))
    if axes is None:
        if shape is None or node.input(1):
            return whole(node, seeing, graph)
        axes = tuple(axis for axis, size in enumerate(shape) if size == 1)
    gone = within(axes, rank)
    return same(node, view.arranged([axis for axis in range(rank) if axis not in gone]))


def unsqueeze(node: Node, seeing: Seeing, graph: Graph) -> Sequence[View]:
    view, axes = first(seeing), node.integers("axes") or graph.integers(node.input(1))
    if view is None or axes is None:
        return whole(node, seeing, graph)
    rank = rank_of(view) + len(axes)
    new = within(axes, rank)
    old = iter(range(rank_of(view)))
    return same(node, view.arranged([None if axis in new else next(old, None) for axis in range(rank)]))


def expand(node: Node, seeing: Seeing, graph: Graph) -> Sequence[View]:
    return whole(node, seeing, graph) if seeing[0] is None else elementwise(node, seeing[:1], graph)


def tile(node: Node, seeing: Seeing, graph: Graph) -> Sequence[View]:
    view, repeats = first(seeing), graph.integers(node.input(1))
    if view is None or repeats is None or len(repeats) != rank_of(view):
        return whole(node, seeing, graph)
    axes = [axis for axis, count in enumerate(repeats) if count != 1]
    made = view.spread(axes, graph.shape(node.inputs[0]))
    return same(node, made if made == view else made.bound())


def slice_(node: Node, seeing: Seeing, graph: Graph) -> Sequence[View]:
    view = first(seeing)
    if view is None:
        return whole(node, seeing, graph)
    rank, shape = rank_of(view), graph.shape(node.inputs[0])
    starts = node.integers("starts") or graph.integers(node.input(1))
    axes = node.integers("axes") or graph.integers(node.input(3))
    steps = graph.integers(node.input(4))
    if starts is None:
        cut = range(rank) if axes is None else within(axes, rank)
        return same(node, view.spread(cut, shape).bound())
    axes = axes if axes is not None else tuple(range(len(starts)))
    steps = steps if steps is not None else (1,) * len(starts)
    for start, axis, step in zip(starts, axes, steps, strict=False):
        if not -rank <= axis < rank or step == 0:
            return [UNKNOWN] * len(node.outputs)
        axis %= rank
        size = size_of(shape, axis)
        if start < 0 and size is None:
            view = view.spread([axis], shape).bound()
            continue
        begin = start if size is None else _clamped(start, size, step)
        view = view.slid(axis, step, begin, begin)
    return same(node, view)


def _clamped(start: int, size: int, step: int) -> int:
    start = start + size if start < 0 else start
    return min(max(start, 0), size) if step > 0 else min(max(start, 0), size - 1)


def split(node: Node, seeing: Seeing, graph: Graph) -> Sequence[View]:
    view = first(seeing)
    if view is None:
        return whole(node, seeing, graph)
    axis = within((node.integer("axis", 0),), rank_of(view))
    if not axis or not view.moves_along(axis[0]):
        return same(node, view)
    made: list[View] = []
    begin = 0
    for output in node.outputs:
        made.append(view.slid(axis[0], 1, begin, begin))
        size = size_of(graph.shape(output), axis[0])
        if size is None:
            return same(node, view.spread(axis, graph.shape(node.inputs[0])).bound())
        begin += size
    return made


def concat(node: Node, seeing: Seeing, graph: Graph) -> Sequence[View]:
    present = [(view, name) for view, name in zip(seeing, node.inputs, strict=False) if view is not None]
    rank = rank_of(present[0][0])
    axis = within((node.integer("axis", 0),), rank)
    if not axis or any(rank_of(view) != rank for view, _ in present):
        return [UNKNOWN] * len(node.outputs)
    if not any(view.moves_along(axis[0]) for view, _ in present):
        made = united([view for view, _ in present], graph.shape(node.outputs[0]))
        differs = len(present) < len(node.inputs) or any(view.intervals != made.intervals for view, _ in present)
        return same(node, replace(made, differs=made.differs or differs))
    ahead = [size_of(graph.shape(name), axis[0]) for name in node.inputs[: seeing.index(present[0][0])]]
    if len(present) == 1 and None not in ahead:  # the others are constant, as padding is
        begin = sum(size for size in ahead if size is not None)
        return same(node, present[0][0].slid(axis[0], 1, -begin, -begin))
    parts = [view.spread(axis, graph.shape(name), is_whole=True).bound() for view, name in present]
    return same(node, united(parts, graph.shape(node.outputs[0])))


def pad(node: Node, seeing: Seeing, graph: Graph) -> Sequence[View]:
    view = first(seeing)
    if view is None:
        return whole(node, seeing, graph)
    rank = rank_of(view)
    pads = node.integers("pads") or node.integers("paddings") or graph.integers(node.input(1))
    axes = graph.integers(node.input(3)) if node.input(3) else tuple(range(rank))
    if pads is None or axes is None or len(pads) != 2 * len(axes) or not all(-rank <= axis < rank for axis in axes):
        return whole(node, seeing, graph)
    mode = node.text("mode", "constant")
    for index, axis in enumerate(axes):
        axis, begin, end = axis % rank, pads[index], pads[index + len(axes)]
        if mode == "constant" or (begin <= 0 and end <= 0):
            view = view.slid(axis, 1, -begin, -begin)
        elif mode in ("reflect", "edge"):
            # a mirrored element shows one from as far inside as it lies outside; a repeated one shows the edge
            times = 2 if mode == "reflect" else 1
            view = view.slid(axis, 1, -begin - times * max(0, end), -begin + times * max(0, begin)).bound()
        else:
            view = view.spread([axis], graph.shape(node.inputs[0]), is_whole=True).bound()
    return same(node, view)


def gather(node: Node, seeing: Seeing, graph: Graph) -> Sequence[View]:
    view, indices = seeing[0], graph.shape(node.input(1))
    shape = graph.shape(node.input(0))
    if indices is None or (view is not None and seeing[1] is not None):
        return whole(node, seeing, graph)
    if view is None:
        return _looked_up(node, seeing, graph)
    rank = rank_of(view)
    axis = within((node.integer("axis", 0),), rank)
    if not axis:
        return [UNKNOWN] * len(node.outputs)
    values = graph.integers(node.input(1))
    place = axis[0]
    if view.moves_along(place):
        size = size_of(shape, place)
        progression = _progression(values, size) if len(indices) <= 1 else None
        if progression is None:
            view = view.spread([place], shape).bound()
        else:
            view = view.slid(place, progression[1], progression[0], progression[0])
    middle: list[int | None] = [place] if len(indices) == 1 else [None] * len(indices)
    return same(node, view.arranged([*range(place), *middle, *range(place + 1, rank)]))


def _progression(values: Sequence[int] | None, size: int | None) -> tuple[int, int] | None:
    """Return start and step of evenly spaced indices, or None."""
    if not values or (size is None and min(values) < 0):
        return None
    places = [value + (size or 0) if value < 0 else value for value in values]
    step = places[1] - places[0] if len(places) > 1 else 1
    return (places[0], step) if all(b - a == step for a, b in itertools.pairwise(places)) and step else None


def _looked_up(node: Node, seeing: Seeing, graph: Graph) -> Sequence[View]:
    view, shape = seeing[1], graph.shape(node.input(0))
    if view is None or shape is None:
        return whole(node, seeing, graph)
    axis = node.integer("axis", 0) % max(1, len(shape))
    return same(node, view.arranged([*[None] * axis, *range(rank_of(view)), *[None] * (len(shape) - axis - 1)]))
