"""How many files an export will write, and about how much: known before anything runs, and without Pillow."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from inspector.analysis.heads import answered
from inspector.analysis.outputs import described
from inspector.export.names import FileNames, matching
from inspector.export.wish import Wish
from inspector.graph.dtypes import by_name, size_bytes
from inspector.graph.model import Array, Layer, Model, Prediction

_SMALL = 2_000  # bytes of a table's line, an index entry, a small drawing
_COMFORTABLE = 512  # pixels that a small picture is enlarged to
_MOST_MAGNIFIED = 16
# Bytes for each element of a map, beside what enlarging adds: measured on shapes and squeezenet.
_PER_ELEMENT = {"png": 0.6, "tiff": 4.0, "gif": 0.7, "mp4": 0.1}


@dataclass(frozen=True, slots=True)
class Estimate:
    """What an export will write.

    Attributes:
        layers: How many are chosen.
        files: How many there may be, with the index.
        bytes: Roughly, all together.
    """

    layers: int
    files: int
    bytes: int


def estimate(model: Model, prediction: Prediction, tensors: Mapping[str, Array], wish: Wish, head: str) -> Estimate:
    """Return what an export of a run will write.

    Args:
        model: The network.
        prediction: Its answer.
        tensors: Of the run, as far as they are there.
        wish: What is wanted.
        head: How the answer is read, see ``analysis.heads``.
    """
    layers = matching(model, wish.layers)
    answer = answered(model, prediction, None, head)
    seen = [each.name for each in described(model, prediction, answer) if each.kind in ("image", "class map")]
    files = FileNames(model, layers, prediction, seen, wish).every()
    size = sum(_of_layer(layer, tensors, wish) for layer in layers)
    if wish.has("tensors", "npy") or wish.has("input", "npy"):
        size += sum(array.nbytes for array in prediction.fed.values())
    return Estimate(len(layers), len(files) + 1, round(size + len(files) * _SMALL // 4))


def _of_layer(layer: Layer, tensors: Mapping[str, Array], wish: Wish) -> float:
    size = 0.0
    for output in layer.outputs:
        array = tensors.get(output.name)
        shape = array.shape if array is not None else _lengths(output.shape)
        count = math.prod(shape)
        data = array.nbytes if array is not None else size_bytes(by_name(output.dtype), shape)
        size += data * sum(wish.has("tensors", each) for each in ("npy", "npz"))
        size += _of_pictures(count, max(shape, default=1), wish)
        size += count / 10 if "report" in wish.what else 0
    weight = layer.weight("kernel")
    if weight is not None and "kernels" in wish.what:
        count = math.prod(weight.shape)
        numbers = sum(wish.has("kernels", each) for each in ("npy", "npz", "tiff"))
        size += count * (4 * numbers + (0.9 if wish.has("kernels", "png") else 0))
    return size


def _of_pictures(count: int, longest: int, wish: Wish) -> float:
    look = wish.look
    enlarged = look.scale or min(_MOST_MAGNIFIED, max(1, _COMFORTABLE // max(1, longest)))
    pixels = look.width**2 if look.width else count * enlarged
    size = 0.0
    for each, per_element in _PER_ELEMENT.items():
        if wish.has("maps", each):
            size += (pixels if each == "png" else count) * per_element
    return size + (100_000 if wish.has("overlay", "png") else 0)


def _lengths(shape: Sequence[int | str | None] | None) -> tuple[int, ...]:
    return tuple(each if isinstance(each, int) else 1 for each in shape or ())
