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

_COMFORTABLE = 512  # pixels that a small picture is enlarged to
_MOST_MAGNIFIED = 16
# Bytes, measured on shapes and squeezenet.
_INDEX_ENTRY, _OVERLAY, _PAGE = 500, 60_000, 150_000
_PER_ELEMENT, _PER_ENLARGING = 0.55, 0.15  # of a PNG, and how much more of that each further enlarging takes
_PER_FRAME = {"gif": 20_000, "mp4": 2_000}


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
    return Estimate(
        len(layers), len(files) + 1, round(size + len(files) * _INDEX_ENTRY + (_PAGE if "report" in wish.what else 0))
    )


def _of_layer(layer: Layer, tensors: Mapping[str, Array], wish: Wish) -> float:
    size = 0.0
    for output in layer.outputs:
        array = tensors.get(output.name)
        shape = array.shape if array is not None else _lengths(output.shape)
        count = math.prod(shape)
        data = array.nbytes if array is not None else size_bytes(by_name(output.dtype), shape)
        size += data * sum(wish.has("tensors", each) for each in ("npy", "npz"))
        size += _of_pictures(count, shape[1] if len(shape) > 1 else 1, wish)
        size += count / 10 if "report" in wish.what else 0
    weight = layer.weight("kernel")
    if weight is not None and "kernels" in wish.what:
        count = math.prod(weight.shape)
        numbers = sum(wish.has("kernels", each) for each in ("npy", "npz", "tiff"))
        size += count * (4 * numbers + (0.9 if wish.has("kernels", "png") else 0))
    return size


def _of_pictures(count: int, channels: int, wish: Wish) -> float:
    look, side = wish.look, max(1.0, math.sqrt(count))
    enlarged = look.scale or min(_MOST_MAGNIFIED, max(1, _COMFORTABLE // side))
    if look.width:
        enlarged = max(1.0, look.width / side)
    size = 4.0 * count if wish.has("maps", "tiff") else 0.0
    if wish.has("maps", "png"):
        size += count * _PER_ELEMENT * (1 + _PER_ENLARGING * (enlarged - 1))
    size += sum(channels * each for format, each in _PER_FRAME.items() if wish.has("maps", format))
    return size + (_OVERLAY if wish.has("overlay", "png") else 0)


def _lengths(shape: Sequence[int | str | None] | None) -> tuple[int, ...]:
    return tuple(each if isinstance(each, int) else 1 for each in shape or ())
