"""Outputs as one number for each class, and what such numbers may be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inspector import format
from inspector.analysis.endings import Graph
from inspector.analysis.quantized import is_known, real
from inspector.graph.context import picture_input
from inspector.graph.model import Array, Model

Vector = NDArray[np.float64]
NOTHING: Vector = np.zeros(0)

_MOST_INDICES = 100


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


def sigmoid(vector: Vector) -> Vector:
    with np.errstate(over="ignore"):
        probabilities: Vector = 1 / (1 + np.exp(-vector))
    return probabilities


@dataclass(frozen=True, slots=True)
class Numbers:
    """What an output holds for the first picture.

    Attributes:
        values: ``(classes,)``, real numbers; empty where they are not one number for each class.
        why: Why they are not, as a clause.
        axis: Which axis the classes are; of one class, the last.
        note: A sentence about what was left out.
    """

    output: str
    values: Vector
    why: str = ""
    axis: int = 0
    note: str = ""
    indices: tuple[int, ...] = ()


def class_vector(graph: Graph, name: str, values: Array, tensors: Mapping[str, Array], pictures: int) -> Numbers:
    """Return one real number per class of an output, of the first picture."""
    note = ""
    if pictures > 1 and values.ndim > 1 and values.shape[0] == pictures:
        values, note = values[:1], f" Of {pictures} answers the first is shown."
    long = [axis for axis, length in enumerate(values.shape) if length != 1]
    axis = long[0] if long else values.ndim - 1
    if values.ndim == 0 or len(long) > 1 or not values.size:
        return Numbers(name, NOTHING, f"its shape is {format.shape(values.shape)}")
    flat = values.reshape(-1)
    if flat.dtype.kind in "iu":
        tensor = graph.tensor(name)
        codes = tensor.codes if tensor is not None else None
        if codes is None or not is_known(values, codes, tensors):
            indices = tuple(int(each) for each in flat[:_MOST_INDICES])
            return Numbers(name, NOTHING, "it holds whole numbers", axis, note, indices)
        flat = real(values, codes, tensors).reshape(-1)
    if flat.dtype.kind != "f":
        return Numbers(name, NOTHING, f"it holds {flat.dtype.name}")
    return Numbers(name, flat.astype(np.float64), "", axis, note)


def fixed_batch(model: Model) -> int:
    """Return how many pictures the model takes at once, as far as it says so itself."""
    shapes = [each.shape for each in model.inputs if each.shape is not None and len(each.shape) == 4]
    first = shapes[0][0] if shapes else 1
    return first if isinstance(first, int) else 1


def pictures_fed(fed: Mapping[str, Array]) -> int:
    """Return how many pictures (or signals) one run was fed."""
    seen = picture_input(fed)
    if seen is not None:
        return int(fed[seen.name].shape[0])
    return next((array.shape[0] for array in fed.values() if array.ndim > 1 and array.dtype.kind == "f"), 1)


# ---------------------------------------------------------------- numbers


def extent_words(values: Vector, what: str = "the values") -> str:
    """Return why numbers are no distribution, as a clause."""
    if not between(values, 0, 1 + 1e-3):
        return f"{what} are not between 0 and 1"
    return f"{what} sum to {format.significant(float(np.nansum(values)))}, not to 1"


def between(vector: Vector, low: float, high: float) -> bool:
    finite = vector[~np.isnan(vector)]
    return bool(((finite >= low) & (finite <= high)).all())


def is_distribution(vector: Vector, allowed: float) -> bool:
    """Whether these are probabilities of one thing or another; with a NaN among them nothing speaks against it."""
    if not between(vector, 0, 1 + allowed):
        return False
    return bool(np.isnan(vector).any()) or abs(float(vector.sum()) - 1) <= allowed
