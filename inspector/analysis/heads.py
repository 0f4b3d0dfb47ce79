"""What a network's answer means: its classes, and how sure it is."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from inspector.graph.model import Array, Layer, Model

Vector = NDArray[np.float64]
HeadKind = Literal["logits", "probabilities", "sigmoid", "none"]

_NORMALIZERS = {"Softmax": "softmax", "QLinearSoftmax": "softmax", "LogSoftmax": "log"}
_SIGMOIDS = {"Sigmoid", "HardSigmoid", "QLinearSigmoid"}
_UNCHANGED = {
    *("Identity", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Cast", "Transpose", "Dropout"),
    *("QuantizeLinear", "DequantizeLinear"),
}  # the numbers stay what they are, but for rounding


@dataclass(frozen=True, slots=True)
class Head:
    """How a network's answer is read.

    Attributes:
        kind: ``logits``: the output was put through softmax here. ``probabilities``: the model did that.
            ``sigmoid``: each class has a probability of its own. ``none``: the output is not one number per class.
        output: Its name; empty for ``none``.
        probabilities: ``(classes,)``; empty for ``none``.
        logits: ``(classes,)``; empty where the model does not give them.
    """

    kind: HeadKind
    output: str
    probabilities: Vector
    logits: Vector

    @property
    def classes(self) -> int:
        """How many classes there are; 0 for ``none``."""
        return len(self.probabilities)


@dataclass(frozen=True, slots=True)
class ClassScore:
    """One class of an answer.

    Attributes:
        label: Empty where no label is known.
        logit: None where the model does not give it.
    """

    index: int
    label: str
    probability: float
    logit: float | None


_NONE = Head("none", "", np.zeros(0), np.zeros(0))


def softmax(logits: Array) -> Vector:
    """Return ``exp(x) / sum(exp(x))`` of a vector, in float64.

    Infinite logits take all probability between them; a NaN makes every probability NaN.
    """
    values = logits.astype(np.float64)
    if not values.size:
        return values
    highest = values.max()
    if highest == np.inf:
        exponentials = (values == np.inf).astype(np.float64)
    elif highest == -np.inf:  # no class has any: they share
        exponentials = np.ones_like(values)
    else:
        exponentials = np.exp(values - highest)
    probabilities: Vector = exponentials / exponentials.sum()
    return probabilities


def head(model: Model, outputs: Mapping[str, Array], tensors: Mapping[str, Array] | None = None) -> Head:
    """Find the output that holds one number per class, and read it.

    The last operators of the graph decide what its numbers are, and the numbers themselves confirm it, so
    that softmax is never applied twice. Where a model has several outputs, one is a head only if its graph or its
    numbers say so, or if all outputs look like one: the scores of a detector's boxes are no classes.

    Args:
        model: The graph.
        outputs: Of a run, by name.
        tensors: Of an instrumented run; the logits of a model that ends in softmax are among them.
    """
    known = {} if tensors is None else tensors
    found = {name: _read(model, name, values, known) for name, values in outputs.items()}
    for kinds in (("probabilities", "sigmoid"), ("logits",)):
        for each in found.values():
            if each.kind in kinds and (each.kind != "logits" or all(one.kind != "none" for one in found.values())):
                return each
    return _NONE


def top_classes(answer: Head, labels: Sequence[str], count: int) -> tuple[ClassScore, ...]:
    """Return the most probable classes, of equals the one with the larger logit, then the first; NaN last.

    Args:
        answer: As ``head`` returns it.
        labels: One per class, or empty.
        count: How many at most.
    """
    # A probability that rounds to 0 or 1 says less than its logit.
    logits = answer.logits if answer.logits.size else np.zeros_like(answer.probabilities)
    second = np.where(np.isnan(answer.probabilities), 0.0, -logits)
    order = np.lexsort((second, -answer.probabilities))[: max(0, count)]
    return tuple(
        ClassScore(
            index=int(index),
            label=labels[index] if index < len(labels) else "",
            probability=float(answer.probabilities[index]),
            logit=float(answer.logits[index]) if answer.logits.size else None,
        )
        for index in order
    )


def entropy(probabilities: Array) -> float:
    """Return the entropy of a distribution in nats; ``0 ln 0`` is 0."""
    values = probabilities.astype(np.float64)
    some = values[values != 0]
    with np.errstate(invalid="ignore"):
        return float(-(some * np.log(some)).sum()) + 0.0  # no minus zero


def margin(answer: Head) -> float:
    """Return how far the best class is ahead of the second, in logits; NaN for fewer than two classes.

    Where the logits are not known, the logarithm of the ratio of both probabilities is the same number;
    for a sigmoid head it is the difference of both log-odds.
    """
    best = top_classes(answer, (), 2)
    if len(best) < 2:
        return math.nan
    first, second = best
    if first.logit is not None and second.logit is not None:
        return first.logit - second.logit
    with np.errstate(divide="ignore", invalid="ignore"):
        one, two = np.log([first.probability, second.probability])
        if answer.kind == "sigmoid":
            one, two = (one, two) - np.log1p([-first.probability, -second.probability])
        return float(one - two)


def _read(model: Model, name: str, values: Array, tensors: Mapping[str, Array]) -> Head:
    vector = _class_vector(values)
    if vector is None:
        return _NONE
    last, is_quantized = _last_operator(model, name)
    before = _class_vector(tensors[last.inputs[0]]) if last is not None and last.inputs[0] in tensors else None
    logits = before if before is not None and before.shape == vector.shape else np.zeros(0)
    operator = "" if last is None else last.op_type
    if operator in _SIGMOIDS:
        return Head("sigmoid", name, vector, logits) if _between(vector, 0, 1) else _NONE
    if operator in _NORMALIZERS:
        probabilities = np.exp(vector) if _NORMALIZERS[operator] == "log" else vector
        # Rounding to 8 bit loses the small ones. A softmax along an axis without the classes sums to their number.
        allowed = 0.5 if is_quantized else 0.02
        return Head("probabilities", name, probabilities, logits) if _is_distribution(probabilities, allowed) else _NONE
    if _is_distribution(vector, 1e-3) and not np.isnan(vector).any():
        return Head("probabilities", name, vector, np.zeros(0))
    return _NONE if operator == "QuantizeLinear" else Head("logits", name, softmax(vector), vector)


def _class_vector(values: Array) -> Vector | None:
    """Return one floating-point number per class, or None if the tensor is something else."""
    if values.dtype.kind != "f" or values.ndim == 0:
        return None
    classes = values.shape[0] if values.ndim == 1 else values.shape[1]
    if classes < 2 or values.size != classes:
        return None
    return values.reshape(-1).astype(np.float64)


def _last_operator(model: Model, tensor: str) -> tuple[Layer | None, bool]:
    """Return the layer that made these numbers, and whether they were rounded to integers since."""
    makers = {output.name: layer for layer in model.layers for output in layer.outputs}
    is_quantized = False
    for _ in range(len(model.layers)):
        layer = makers.get(tensor)
        if layer is None or layer.op_type not in _UNCHANGED:
            return (layer if layer is not None and layer.inputs else None), is_quantized
        is_quantized |= layer.op_type in ("QuantizeLinear", "DequantizeLinear")
        tensor = layer.inputs[0] if layer.inputs else ""
    return None, is_quantized


def _between(vector: Vector, low: float, high: float) -> bool:
    finite = vector[~np.isnan(vector)]
    return bool(((finite >= low) & (finite <= high)).all())


def _is_distribution(vector: Vector, allowed: float) -> bool:
    """Whether these are probabilities of one thing or another; with a NaN among them nothing speaks against it."""
    if not _between(vector, 0, 1 + allowed):
        return False
    return bool(np.isnan(vector).any()) or abs(float(vector.sum()) - 1) <= allowed
