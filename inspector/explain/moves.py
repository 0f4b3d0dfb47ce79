"""Operators that only move elements, or change their type: which index became which."""

from __future__ import annotations

import math

import numpy as np

from inspector.explain.elementwise import moved
from inspector.explain.facts import Arithmetic, Index, Step
from inspector.explain.sources import Explainer, NotExplainedError, Sources


def reshape(at: Index, sources: Sources) -> Arithmetic:
    """Explain Reshape, Flatten, Squeeze and Unsqueeze: the elements keep their order, rows first."""
    shape, made = sources.shape(0), sources.made().shape
    flat = int(np.ravel_multi_index(at, made)) if at else 0
    inside = tuple(int(each) for each in np.unravel_index(flat, shape)) if shape else ()
    words = f"element {flat:,} in the order of the rows: {_words(inside)} became {_words(at)}"
    return moved(sources.at("input", 0, inside), words)


def identity(at: Index, sources: Sources) -> Arithmetic:
    """Explain Identity, and Dropout as it is in use, not in training."""
    if sources.layer.op_type == "Dropout":
        if sources.output:
            raise NotExplainedError("The mask of a Dropout is not explained.")
        if sources.has(2) and sources.number(2, 0.0):
            raise NotExplainedError("A Dropout in training mode draws random numbers.")
        return moved(sources.at("input", 0, at), "Dropout does nothing when a trained network is used")
    return moved(sources.at("input", 0, at), "as it is")


def transpose(at: Index, sources: Sources) -> Arithmetic:
    """Explain Transpose: the axes change places."""
    rank = len(at)
    order = sources.list_of("perm") or tuple(reversed(range(rank)))
    inside = [0] * rank
    for axis, source in enumerate(order):
        inside[source] = at[axis]
    return moved(sources.at("input", 0, tuple(inside)), f"{_words(tuple(inside))} became {_words(at)}")


def slice_(at: Index, sources: Sources) -> Arithmetic:
    """Explain Slice: where each axis starts, and in what steps."""
    shape = sources.shape(0)
    if sources.opset < 10 and not sources.has(1):
        starts, steps = sources.list_of("starts") or (), None
        axes = sources.list_of("axes") or tuple(range(len(starts)))
    else:
        starts = sources.integers(1)
        axes = sources.integers(3) if sources.has(3) else tuple(range(len(starts)))
        steps = sources.integers(4) if sources.has(4) else None
    inside = list(at)
    for number, (axis, start) in enumerate(zip(axes, starts, strict=True)):
        axis += len(shape) if axis < 0 else 0
        step = steps[number] if steps is not None else 1
        start += shape[axis] if start < 0 else 0
        start = min(max(start, 0), shape[axis] - (1 if step < 0 else 0))
        inside[axis] = start + at[axis] * step
    return moved(sources.at("input", 0, tuple(inside)), f"{_words(tuple(inside))} became {_words(at)}")


def split(at: Index, sources: Sources) -> Arithmetic:
    """Explain Split: which part of the input this output is."""
    axis = sources.integer("axis", 0)
    axis += len(at) if axis < 0 else 0
    before = sum(sources.made(number).shape[axis] for number in range(sources.output))
    inside = (*at[:axis], at[axis] + before, *at[axis + 1 :])
    return moved(sources.at("input", 0, inside), f"part {sources.output} starts at {before} along axis {axis}")


def gather(at: Index, sources: Sources) -> Arithmetic:
    """Explain Gather: an input of indices chooses along one axis."""
    shape, chosen = sources.shape(0), sources.shape(1)
    axis = sources.integer("axis", 0)
    axis += len(shape) if axis < 0 else 0
    which = at[axis : axis + len(chosen)]
    index = sources.at("index", 1, which)
    place = int(index.values) + (shape[axis] if index.values < 0 else 0)
    inside = (*at[:axis], place, *at[axis + len(chosen) :])
    found = moved(sources.at("input", 0, inside), f"index {place} along axis {axis}")
    return Arithmetic("move", (*found.operands, index), found.result, 0.0, steps=found.steps)


def gather_elements(at: Index, sources: Sources) -> Arithmetic:
    """Explain GatherElements: each element says itself where it comes from along one axis."""
    shape = sources.shape(0)
    axis = sources.integer("axis", 0)
    axis += len(shape) if axis < 0 else 0
    index = sources.at("index", 1, at)
    place = int(index.values) + (shape[axis] if index.values < 0 else 0)
    found = moved(sources.at("input", 0, (*at[:axis], place, *at[axis + 1 :])), f"index {place} along axis {axis}")
    return Arithmetic("move", (*found.operands, index), found.result, 0.0, steps=found.steps)


def expand(at: Index, sources: Sources) -> Arithmetic:
    """Explain Expand: axes of length 1 are repeated."""
    return moved(sources.broadcast("input", 0, at), "repeated along its axes of length 1")


def tile(at: Index, sources: Sources) -> Arithmetic:
    """Explain Tile: the whole is repeated along each axis."""
    inside = tuple(each % length for each, length in zip(at, sources.shape(0), strict=True))
    return moved(sources.at("input", 0, inside), f"{_words(inside)} of one copy")


def pad(at: Index, sources: Sources) -> Arithmetic:
    """Explain Pad: constant, reflected, repeated at the edge, or wrapped around."""
    shape = sources.shape(0)
    given = sources.list_of("pads") or sources.list_of("paddings") or ()
    pads = sources.integers(1) if sources.has(1) else given
    axes = tuple(each % len(shape) for each in sources.integers(3)) if sources.has(3) else tuple(range(len(shape)))
    begins = dict(zip(axes, pads[: len(axes)], strict=True))
    mode = sources.word("mode", "constant")
    inside = []
    for axis, (place, length) in enumerate(zip(at, shape, strict=True)):
        place -= begins.get(axis, 0)
        if not 0 <= place < length:
            if mode == "constant":
                value = sources.number(2, 0.0) if sources.has(2) else sources.attribute("value", 0.0)
                return Arithmetic("move", (), value, 0.0, steps=(Step(f"padding, filled with {value:g}", value),))
            place = _outside(place, length, mode)
        inside.append(place)
    words = f"{_words(tuple(inside))} of the input" + ("" if mode == "constant" else f" ({mode})")
    return moved(sources.at("input", 0, tuple(inside)), words)


def _outside(place: int, length: int, mode: str) -> int:
    if mode == "edge":
        return min(max(place, 0), length - 1)
    if mode == "wrap":
        return place % length
    if mode != "reflect":
        raise NotExplainedError(f"Padding in the mode {mode!r} is not explained.")
    if length == 1:
        return 0
    place %= 2 * (length - 1)
    return place if place < length else 2 * (length - 1) - place


def depth_to_space(at: Index, sources: Sources) -> Arithmetic:
    """Explain DepthToSpace: channels become neighbours in height and width."""
    size, channels = sources.integer("blocksize", 1), sources.made().shape[1]
    picture, channel, row, column = at
    inner = (row % size) * size + column % size
    source = channel * size * size + inner if sources.word("mode", "DCR") == "CRD" else inner * channels + channel
    inside = (picture, source, row // size, column // size)
    return moved(sources.at("input", 0, inside), f"{_words(inside)} became {_words(at)}")


def space_to_depth(at: Index, sources: Sources) -> Arithmetic:
    """Explain SpaceToDepth: neighbours in height and width become channels."""
    size, channels = sources.integer("blocksize", 1), sources.shape(0)[1]
    picture, channel, row, column = at
    inner, source = divmod(channel, channels)
    inside = (picture, source, row * size + inner // size, column * size + inner % size)
    return moved(sources.at("input", 0, inside), f"{_words(inside)} became {_words(at)}")


def cast(at: Index, sources: Sources) -> Arithmetic:
    """Explain Cast: the same number in another type; fractions are cut off for whole numbers."""
    given = sources.at("input", 0, at)
    value, dtype = float(given.values), sources.made().dtype
    if dtype.kind == "b":
        result = float(value != 0)
    elif dtype.kind in "iu":
        bounds = np.iinfo(dtype.name)
        if not math.isfinite(value) or not bounds.min <= math.trunc(value) <= bounds.max:
            raise NotExplainedError("What a number beyond the range of the type becomes depends on the machine.")
        result = float(math.trunc(value))
    else:
        result = value
    return Arithmetic("move", (given,), result, abs(result), steps=(Step(f"as {dtype.name}", result),))


def _words(index: Index) -> str:
    return f"[{', '.join(map(str, index))}]"


MOVES: dict[str, Explainer] = {
    **dict.fromkeys(("Reshape", "Flatten", "Squeeze", "Unsqueeze"), reshape),
    **dict.fromkeys(("Identity", "Dropout"), identity),
    "Transpose": transpose,
    "Slice": slice_,
    "Split": split,
    "Gather": gather,
    "GatherElements": gather_elements,
    "Expand": expand,
    "Tile": tile,
    "Pad": pad,
    "DepthToSpace": depth_to_space,
    "SpaceToDepth": space_to_depth,
    "Cast": cast,
}
