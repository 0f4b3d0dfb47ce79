"""Convolutions and poolings: a window over the input."""

from __future__ import annotations

import math

import numpy as np

from inspector.explain.checking import running
from inspector.explain.facts import Arithmetic, Index, Numbers, Operand, Places, Step
from inspector.explain.sources import Explainer, Indices, NotExplainedError, Sources
from inspector.graph.model import Geometry, Tensor
from inspector.graph.nodes import Graph, Node, geometry

CROSS_CORRELATION = "ONNX's Conv is a cross-correlation: the kernel is laid on as it is stored, not flipped."


def window(sources: Sources, kernel: int | None = 1, data: int = 0) -> Geometry:
    """Return how the layer slides over the input that it was really fed, ``auto_pad`` resolved.

    ``kernel`` is the input that holds the kernels, None for a pooling; ``data`` is the one it slides over.
    """
    layer = sources.layer
    tensors = {
        sources.name(place): Tensor(sources.name(place), "", sources.shape(place))
        for place in (data, *(() if kernel is None else (kernel,)))
    }
    outputs = tuple(each.name for each in layer.outputs)
    op_type = "ConvTranspose" if layer.op_type == "ConvTranspose" else "Conv" if kernel is not None else "MaxPool"
    inputs = (sources.name(data), *(() if kernel is None else (sources.name(kernel),)))
    found = geometry(Node(op_type, inputs, outputs, layer.attributes), Graph((), (), tensors))
    if found is None or found.pads is None:
        raise NotExplainedError("How its window slides could not be found out.")
    return found


def conv(at: Index, sources: Sources) -> Arithmetic:
    """Explain Conv of any number of spatial axes: strides, pads, dilations, groups, bias."""
    slides = window(sources)
    kernels = sources.shape(1)
    per_group = kernels[1]
    first = at[1] // (kernels[0] // slides.group) * per_group
    taps = [taps_of(position, slides, axis) for axis, position in enumerate(at[2:])]
    channels = np.arange(first, first + per_group)
    patch = _squeezed(sources.grid("input", 0, [np.array(at[:1]), channels, *taps]))
    kernel = _squeezed(sources.grid("kernel", 1, [np.array([at[1]]), *(np.arange(size) for size in kernels[1:])]))
    return weighted_sum(patch, kernel, channels, _bias(sources, 2, at[1]), (CROSS_CORRELATION,))


def conv_transpose(at: Index, sources: Sources) -> Arithmetic:
    """Explain ConvTranspose: each input element lays the kernel, times itself, on the output."""
    slides = window(sources)
    kernels = sources.shape(1)  # (input channels, output channels / group, ...)
    per_group_in = kernels[0] // slides.group
    group = at[1] // kernels[1]
    channels = np.arange(group * per_group_in, (group + 1) * per_group_in)
    taps, cells = [], []
    assert slides.pads is not None
    for axis, position in enumerate(at[2:]):
        from_start = position + slides.pads[axis] - np.arange(slides.kernel_shape[axis]) * slides.dilations[axis]
        reaches = from_start % slides.strides[axis] == 0
        cells.append(np.flatnonzero(reaches))
        taps.append(from_start[reaches] // slides.strides[axis])
    patch = _squeezed(sources.grid("input", 0, [np.array(at[:1]), channels, *taps]))
    whole = sources.grid("kernel", 1, [channels, np.array([at[1] % kernels[1]]), *cells])
    kernel = Operand("kernel", whole.tensor, whole.values[:, 0], whole.places[:, 0])
    remark = (
        "A transposed convolution lays the kernel, times each input element, on the output; here are the elements "
        "whose kernel reaches this place, and the kernel's cell that lies on it."
    )
    return weighted_sum(patch, kernel, channels, _bias(sources, 2, at[1]), (remark,))


def weighted_sum(
    patch: Operand, kernel: Operand, names: Indices, bias: Operand | None, remarks: tuple[str, ...] = ()
) -> Arithmetic:
    """Return ``sum(patch * kernel) + bias``; the first axis of both has one step for each of ``names``."""
    with np.errstate(invalid="ignore", over="ignore"):
        products = patch.values * kernel.values
        parts: Numbers = products.reshape(len(products), -1).sum(axis=1)
        total = float(parts.sum())
        added = float(bias.values) if bias is not None else None
        result = total + (added or 0.0)
        magnitude = float(np.abs(products).sum()) + abs(added or 0.0)
    steps = [Step(f"sum of {products.size:,} products", total)]
    if added is not None:
        steps.append(Step("plus the bias", result))
    return Arithmetic(
        kind="products",
        operands=(patch, kernel, *(() if bias is None else (bias,))),
        result=result,
        magnitude=magnitude,
        running=running(products),
        parts=parts,
        part_names=tuple(str(each) for each in names),
        bias=added,
        steps=tuple(steps),
        remarks=remarks,
    )


def max_pool(at: Index, sources: Sources) -> Arithmetic:
    """Explain MaxPool: the largest of the window; padding never wins. Its second output is the winner's index."""
    seen = _seen(at, sources)
    values = np.where(seen.is_padding, -np.inf, seen.values)
    if seen.is_padding.all():
        raise NotExplainedError("The window lies in the padding alone.")
    winner = _first(values, float(values.max()))
    largest = float(values[winner])
    steps = [Step(f"largest of {int((~seen.is_padding).sum()):,} elements", largest)]
    result = largest
    if sources.output:
        result = float(_flat_index(seen.places[winner], sources))
        steps.append(Step("its number among all elements of the input", result))
    return Arithmetic("window", (seen,), result, 0.0, steps=tuple(steps), winner=winner)


def _flat_index(place: Places, sources: Sources) -> int:
    """Return the number of an element among all, as MaxPool counts them: rows first, or columns first on request."""
    shape, at = list(sources.shape(0)), [int(each) for each in place]
    if sources.integer("storage_order", 0):
        shape, at = [*shape[:2], *reversed(shape[2:])], [*at[:2], *reversed(at[2:])]
    return int(np.ravel_multi_index(at, shape))


def average_pool(at: Index, sources: Sources) -> Arithmetic:
    """Explain AveragePool; with ``count_include_pad`` padding cells count as zeros."""
    slides = window(sources, None)
    seen = _seen(at, sources)
    count = int((~seen.is_padding).sum())
    remarks: tuple[str, ...] = ()
    if sources.integer("count_include_pad", 0) and slides.pads is not None:
        # With ceil_mode a window may reach beyond the padding; what lies there never counts.
        count = 1
        for axis, position in enumerate(at[2:]):
            size = sources.shape(0)[2 + axis] + slides.pads[axis] + slides.pads[axis + len(slides.strides)]
            taps = position * slides.strides[axis] + np.arange(slides.kernel_shape[axis]) * slides.dilations[axis]
            count *= int((taps < size).sum())
        remarks = ("Padding cells count as zeros (count_include_pad).",)
    if not count:
        raise NotExplainedError("The window lies in the padding alone.")
    return _mean(seen, count, remarks)


def lp_pool(at: Index, sources: Sources) -> Arithmetic:
    """Explain LpPool: ``sum(|x| ** p) ** (1 / p)`` of the window."""
    return _norm(_seen(at, sources), sources.integer("p", 2))


def global_max_pool(at: Index, sources: Sources) -> Arithmetic:
    seen = _map(at, sources)
    winner = _first(seen.values, np.max(seen.values))
    result = float(seen.values[winner])
    step = Step(f"largest of {seen.values.size:,} elements", result)
    return Arithmetic("window", (seen,), result, 0.0, steps=(step,), winner=winner)


def global_average_pool(at: Index, sources: Sources) -> Arithmetic:
    seen = _map(at, sources)
    return _mean(seen, seen.values.size, ())


def global_lp_pool(at: Index, sources: Sources) -> Arithmetic:
    return _norm(_map(at, sources), sources.integer("p", 2))


# ---------------------------------------------------------------- windows


def taps_of(position: int, slides: Geometry, axis: int) -> Indices:
    """Return the places that a window touches along one axis; outside the input they are padding."""
    assert slides.pads is not None
    start = position * slides.strides[axis] - slides.pads[axis]
    taps: Indices = start + np.arange(slides.kernel_shape[axis], dtype=np.int64) * slides.dilations[axis]
    return taps


def _squeezed(operand: Operand) -> Operand:
    """Leave out the first axis, of length 1."""
    return Operand(operand.role, operand.tensor, operand.values[0], operand.places[0])


def _seen(at: Index, sources: Sources) -> Operand:
    slides = window(sources, None)
    taps = [taps_of(position, slides, axis) for axis, position in enumerate(at[2:])]
    return _squeezed(_squeezed(sources.grid("input", 0, [np.array([at[0]]), np.array([at[1]]), *taps])))


def _map(at: Index, sources: Sources) -> Operand:
    """Return a whole feature map."""
    axes = [np.array([at[0]]), np.array([at[1]]), *(np.arange(size) for size in sources.shape(0)[2:])]
    return _squeezed(_squeezed(sources.grid("input", 0, axes)))


def _bias(sources: Sources, place: int, channel: int) -> Operand | None:
    return sources.at("bias", place, (channel,)) if sources.has(place) else None


def _first(values: Numbers, wanted: float) -> Index:
    """Return where a value is first; NaN is found too."""
    hits = np.isnan(values) if math.isnan(wanted) else values == wanted
    return tuple(int(each) for each in np.unravel_index(int(np.argmax(hits)), values.shape))


def _mean(seen: Operand, count: int, remarks: tuple[str, ...]) -> Arithmetic:
    total = float(seen.values.sum())
    steps = (
        Step(f"sum of {seen.values.size:,} elements", total),
        Step(f"divided by {count:,}", total / count),
    )
    magnitude = float(np.abs(seen.values).sum()) / count
    mean, summed = total / count, running(seen.values) / count
    return Arithmetic("window", (seen,), mean, magnitude, summed, steps=steps, remarks=remarks)


def _norm(seen: Operand, power: int) -> Arithmetic:
    total = float((np.abs(seen.values) ** power).sum())
    result = total ** (1 / power)
    steps = (
        Step(f"sum of the absolute values of {seen.values.size:,} elements to the power of {power}", total),
        Step(f"its root of degree {power}", result),
    )
    # The root takes back of the power's relative error what it is of degree.
    share = result / total if total else 0.0
    powers = np.abs(seen.values) ** power
    magnitude = (power * share * float(powers.sum()) + result) if total else 0.0
    return Arithmetic("window", (seen,), result, magnitude, running(powers) * share, steps=steps)


SLIDING: dict[str, Explainer] = {
    "Conv": conv,
    "ConvTranspose": conv_transpose,
    "MaxPool": max_pool,
    "AveragePool": average_pool,
    "LpPool": lp_pool,
    "GlobalMaxPool": global_max_pool,
    "GlobalAveragePool": global_average_pool,
    "GlobalLpPool": global_lp_pool,
}
