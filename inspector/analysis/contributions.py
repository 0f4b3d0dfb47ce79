"""How a logit came about, where the end of the network is linear: what each channel added to it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from inspector import format
from inspector.analysis.tails import MEANS, NORMALIZERS, PASSING, Found, Tail, axis_left, weight_rows
from inspector.graph.model import Array, Layer, Model

Vector = NDArray[np.float64]

_LONGEST_NAME = 40
_POOLED = {  # how one number of each map is made, as a sentence says it
    **dict.fromkeys(MEANS, "mean"),
    "GlobalMaxPool": "largest value",
    "ReduceMax": "largest value",
}
_OF_ELEMENTS = "Each element of a map times the class's weight for it, added up over the map, plus the bias."
_OF_UNITS = "Each unit times the class's weight for it, plus the bias."


@dataclass(frozen=True, slots=True)
class Contributions:
    """What each channel of a layer added to one logit.

    Attributes:
        layer: Whose channels; its output is what the tail reads.
        parts: ``(channels,)``, in the units of the logit.
        bias: What was added besides.
        logit: As the runtime has it.
        sentence: How the end of the network is built.
    """

    layer: str
    parts: Vector
    bias: float
    logit: float
    sentence: str

    @property
    def rest(self) -> float:
        """What parts and bias leave of the logit: rounding."""
        return self.logit - float(self.parts.sum()) - self.bias

    @property
    def reach(self) -> float:
        """The size of the largest part that is finite."""
        sizes = np.abs(self.parts)
        return float(sizes[np.isfinite(sizes)].max(initial=0.0))

    @property
    def widest(self) -> float:
        """The size of the largest finite number among parts, bias, logit and the sums up to each part."""
        sizes = np.abs(np.concatenate([self.parts, self.running(), [self.bias, self.logit, self.logit - self.rest]]))
        return float(sizes[np.isfinite(sizes)].max(initial=0.0))

    def ranked(self) -> tuple[int, ...]:
        """Return the channels by the size of their part, the largest first."""
        return tuple(int(each) for each in np.argsort(-np.abs(self.parts), kind="stable"))

    def running(self) -> Vector:
        """Return the sum of the parts up to each one, in the order of ``ranked``."""
        return np.cumsum(self.parts[list(self.ranked())])

    def minus(self, other: Contributions) -> Contributions:
        """Return what each channel added to the distance of this logit from another one of the same run."""
        return replace(
            self, parts=self.parts - other.parts, bias=self.bias - other.bias, logit=self.logit - other.logit
        )


def contributions(
    model: Model, tensors: Mapping[str, Array], output: str, index: int, picture: int = 0
) -> Contributions | None:
    """Return what each channel of the last feature maps added to a class's logit; see ``explained``.

    Returns:
        None where the end of the network is built otherwise, or the run does not hold what is needed.
    """
    found = explained(model, tensors, output, index, picture)
    return found if isinstance(found, Contributions) else None


def explained(
    model: Model, tensors: Mapping[str, Array], output: str, index: int, picture: int = 0
) -> Contributions | str:
    """Return what each channel of the last feature maps added to a class's logit, or a sentence that says why not.

    It is exact where the network ends in a dense layer on flattened maps, on one number of each of them or on the units
    of a layer before it, or in a convolution, at most a ReLU, and the mean of its maps: there only what the ReLU lets
    through counts. A convolution that covers the whole map is a dense layer.

    Args:
        model: The graph.
        tensors: Of an instrumented run, by name.
        output: The output that holds the classes.
        index: Of the class.
        picture: Of the batch.
    """
    tail = Tail(model, tensors)
    last = tail.back(output, NORMALIZERS | PASSING, over_sums=True)
    if last is None:
        return "No layer makes this answer: an input is handed on."
    if last.layer.op_type in MEANS:
        found = _of_means(last, tail, index, picture)
    elif last.layer.op_type in ("Gemm", "MatMul", "Conv"):
        found = _of_dense(last, tail, index, picture)
    else:
        return _other(last.layer)
    logit = tail.logit(output, index, picture)
    return found if isinstance(found, str) or logit is None else replace(found, logit=logit)


# ---------------------------------------------------------------- a dense layer


@dataclass(frozen=True, slots=True)
class _Products:
    """What a dense layer multiplies and adds for one class.

    Attributes:
        each: ``(inputs,)``: value times weight.
        bias: Of the class.
    """

    each: Vector
    bias: float


def _of_dense(last: Found, tail: Tail, index: int, picture: int) -> Contributions | str:
    layer = last.layer
    made = tail.tensors.get(last.tensor)
    if made is None or layer.inputs[0] not in tail.tensors:
        return _missing(layer)
    if made.shape[0] <= picture or made[picture].size <= index:
        return _other(layer)
    products = _of_convolution(last, tail, index, picture) if layer.op_type == "Conv" else None
    products = products or (_of_matrix(last, tail, index, picture) if layer.op_type != "Conv" else None)
    if products is None:
        return _other(layer)
    logit = float(made[picture].reshape(-1)[index]) + last.added(index)
    return _by_channel(layer, products, logit, tail, picture)


def _of_matrix(last: Found, tail: Tail, index: int, picture: int) -> _Products | None:
    """Return the products of a Gemm or MatMul whose second factor is learned."""
    layer, weight, given = last.layer, last.layer.weight("kernel"), tail.tensors[last.layer.inputs[0]]
    count = weight_rows(layer)
    if weight is None or not count or layer.attributes.get("transA") or layer.inputs[0] == weight.name:
        return None
    if given.dtype.kind != "f" or given.size % count or given.size // count <= picture:
        return None
    row = weight.read(index, 1)[0] if layer.attributes.get("transB") else weight.read()[:, index]
    fed = given.reshape(-1, count)[picture].astype(np.float64)
    added = layer.weight("bias")
    bias = _factor(layer, "beta") * _at(added.read(), index) if added is not None else 0.0
    return _Products(_factor(layer, "alpha") * fed * row.astype(np.float64), bias + last.added(index))


def _of_convolution(last: Found, tail: Tail, index: int, picture: int) -> _Products | None:
    """Return the products of a convolution whose kernel lies on the whole map once: a dense layer."""
    layer, weight, given = last.layer, last.layer.weight("kernel"), tail.tensors[last.layer.inputs[0]]
    shape = layer.geometry
    if weight is None or shape is None or shape.group != 1 or given.dtype.kind != "f":
        return None
    is_whole = weight.shape[1:] == given.shape[1:] and not any(shape.pads or ()) and set(shape.dilations) <= {1}
    if not is_whole or tail.tensors[last.tensor][picture].size != weight.shape[0]:
        return None
    row = weight.read(index, 1)[0].reshape(-1).astype(np.float64)
    added = layer.weight("bias")
    bias = _at(added.read(), index) if added is not None else 0.0
    return _Products(row * given[picture].reshape(-1).astype(np.float64), bias + last.added(index))


def _by_channel(layer: Layer, products: _Products, logit: float, tail: Tail, picture: int) -> Contributions | str:
    """Add up the products of each channel of the maps that a dense layer reads."""
    before = tail.back(layer.inputs[0], PASSING)
    if before is None:
        return f"{_name(layer)} reads an input of the model: there are no feature maps before it."
    if before.layer.op_type in _POOLED:
        maps = before.layer.inputs[0]
        axis = axis_left(before.layer, tail.tensors.get(maps))
        if axis is not None and axis == tail.channel_axis(maps) and tail.length(maps, axis) == products.each.size:
            source = tail.back(maps, PASSING)
            name = before.layer.name if source is None else source.layer.name
            pooled = _POOLED[before.layer.op_type]
            sentence = f"The {pooled} of each map times the class's weight for it, plus the bias."
            return Contributions(name, products.each, products.bias, logit, sentence)
    turned = tuple(range(8))
    read, source = before.tensor, before
    if before.layer.op_type == "Transpose":  # channels last, as TensorFlow flattens
        perm = before.layer.attributes.get("perm")
        below = tail.back(before.layer.inputs[0], PASSING)
        if not isinstance(perm, tuple) or below is None:
            return _other(before.layer)
        turned, source = tuple(int(str(each)) for each in perm), below
    made, axis = tail.tensors.get(read), tail.channel_axis(source.tensor)
    if made is None:
        return _missing(before.layer)
    if axis is None or made.ndim < 2 or len(made) <= picture or made[picture].size != products.each.size:
        return _other(before.layer)
    place = turned.index(axis) - 1
    shaped = products.each.reshape(made.shape[1:])
    parts = shaped.sum(axis=tuple(each for each in range(shaped.ndim) if each != place))
    sentence = _OF_UNITS if parts.size == products.each.size else _OF_ELEMENTS
    return Contributions(source.layer.name, parts, products.bias, logit, sentence)


# ---------------------------------------------------------------- a convolution and the mean of its maps


def _of_means(last: Found, tail: Tail, index: int, picture: int) -> Contributions | str:
    pool = last.layer
    averaged = tail.back(pool.inputs[0], PASSING)
    has_relu = averaged is not None and averaged.layer.op_type == "Relu"
    conv = tail.back(averaged.layer.inputs[0], PASSING) if averaged is not None and has_relu else averaged
    if conv is None or conv.layer.op_type != "Conv" or last.is_sum:
        return _other(pool if conv is None or last.is_sum else conv.layer, pool)
    weight, shape = conv.layer.weight("kernel"), conv.layer.geometry
    means, scores = tail.tensors.get(last.tensor), tail.tensors.get(conv.tensor)
    given = tail.tensors.get(conv.layer.inputs[0])
    if means is None or scores is None or given is None:
        return _missing(conv.layer)
    if weight is None or shape is None or set(weight.shape[2:]) != {1} or shape.group != 1:
        return (
            f"The logits are the means of what {_name(conv.layer)} makes with kernels larger than one element or in "
            "groups, so the parts of its input channels are not told apart here."
        )
    is_global = axis_left(pool, tail.tensors.get(pool.inputs[0])) == 1 and math.prod(means.shape[2:]) == 1
    if not is_global or scores.shape[2:] != given.shape[2:] or len(scores) <= picture or scores.shape[1] <= index:
        return _other(pool)
    own = scores[picture, index].astype(np.float64)
    gate = own > 0 if has_relu else np.ones(own.shape, np.bool_)
    kernel = weight.read(index, 1)[0].reshape(-1).astype(np.float64)
    seen = given[picture].reshape(len(kernel), -1)[:, gate.reshape(-1)].astype(np.float64)
    parts = kernel * seen.sum(axis=1) / own.size
    added = conv.layer.weight("bias")
    bias = _at(added.read(), index) * float(gate.mean()) if added is not None else 0.0
    maker = tail.back(conv.layer.inputs[0], PASSING)
    through = ", where the ReLU lets the sum through" if has_relu else ""
    sentence = f"Each channel times the class's kernel, averaged over the map{through}, plus the bias."
    name = conv.layer.name if maker is None else maker.layer.name
    return Contributions(name, parts, bias, float(means[picture, index].reshape(-1)[0]), sentence)


# ---------------------------------------------------------------- why not, and numbers


def _name(layer: Layer) -> str:
    half = _LONGEST_NAME // 2
    name = layer.name if len(layer.name) <= _LONGEST_NAME else f"{layer.name[:half]}…{layer.name[-half:]}"
    return f"{format.printable(name)} ({layer.op_type})"


def _missing(layer: Layer) -> str:
    return f"This run does not hold what {_name(layer)} reads or makes, so the parts cannot be added up."


def _other(layer: Layer, reader: Layer | None = None) -> str:
    what = (
        f"{_name(layer)}, whose output {_name(reader)} averages,"
        if reader and reader is not layer
        else f"{_name(layer)},"
    )
    return (
        f"Between the feature maps and the logits lies {what} which does more than add up one part for each channel. "
        "Parts can be told where pooling, a dense layer and nothing else follow the maps."
    )


def _at(values: Array, index: int) -> float:
    flat = values.reshape(-1)
    return float(flat[index if flat.size > 1 else 0])


def _factor(layer: Layer, name: str) -> float:
    value = layer.attributes.get(name, 1.0)
    return float(value) if isinstance(value, int | float) else 1.0
