"""Which element of a tensor is looked at: a channel and a place in its map as an index, and back; who made a tensor."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from inspector.explain.facts import Index
from inspector.graph.model import Array, Layer, Model, Tensor

_MOST_LOOKED_AT = 1 << 21  # elements of a map
_MOST_AXES = 5  # of a tensor that is read as maps, without those that count the passes of a loop


@dataclass(frozen=True, slots=True)
class Spot:
    """An element, as panels name it.

    Attributes:
        channel: Of the tensor.
        element: Row and column of the map; ``(0, 0)`` where the axes are fewer.
        slice: The place along the depth of a volume; None for all others.
    """

    channel: int
    element: tuple[int, int]
    slice: int | None = None


def index_of(known: Tensor, shape: tuple[int, ...], spot: Spot) -> Index | None:
    """Return the full index of an element, of the first picture of a batch and the first pass of a loop.

    Args:
        known: Of the tensor: whether the channels are its last axis, how many loops it is computed in.
        shape: Of the tensor in the run, as stored.
        spot: A slice of None is the middle one.

    Returns:
        None where the tensor has no such element.
    """
    passes, rest = shape[: known.passes], shape[known.passes :]
    row, column = spot.element
    if len(rest) > _MOST_AXES or math.prod(shape) == 0:
        return None
    depth = rest[-3 if not _is_last(known, rest) else 1] if len(rest) == 5 else 1
    place = depth // 2 if spot.slice is None else min(max(spot.slice, 0), depth - 1)
    spatial = ((), (), (), (column,), (row, column), (place, row, column))[len(rest)]
    if len(rest) <= 1:
        inside: Index = (spot.channel,) * len(rest)
    else:
        inside = (0, *spatial, spot.channel) if _is_last(known, rest) else (0, spot.channel, *spatial)
    if (not rest and spot.channel) or (len(rest) < 4 and row) or (len(rest) < 3 and column):
        return None
    found = (*(0 for _ in passes), *inside)
    return found if all(0 <= each < length for each, length in zip(found, shape, strict=True)) else None


def spot_of(known: Tensor, shape: tuple[int, ...], index: Index) -> Spot | None:
    """Return how panels name an element; None where they do not show it: another picture of the batch, more axes."""
    rest, inside = shape[known.passes :], index[known.passes :]
    if len(rest) > _MOST_AXES or any(index[: known.passes]) or (len(rest) > 1 and inside[0]):
        return None
    if len(rest) <= 1:
        return Spot(inside[0] if inside else 0, (0, 0))
    is_last = _is_last(known, rest)
    channel = inside[-1] if is_last else inside[1]
    spatial = inside[1:-1] if is_last else inside[2:]
    padded = (*(0,) * (3 - len(spatial)), *spatial)
    return Spot(channel, (padded[1], padded[2]), padded[0] if len(spatial) == 3 else None)


def _is_last(known: Tensor, rest: tuple[int, ...]) -> bool:
    return known.channels_last and len(rest) > 2


def map_of(known: Tensor, tensor: Array, spot: Spot) -> Array | None:
    """Return the channel's map that holds an element, ``(height, width)``, a view; None where there is none."""
    index = index_of(known, tensor.shape, replace(spot, element=(0, 0)))
    rest = tensor.ndim - known.passes
    if index is None or rest < 3:
        return None
    taken: list[int | slice] = list(index)
    is_last = known.channels_last
    last = tensor.ndim - (1 if is_last else 0)
    for axis in range(max(known.passes, last - (1 if rest == 3 else 2)), last):
        taken[axis] = slice(None)
    found: Array = tensor[tuple(taken)]
    return found if found.ndim == 2 else found[None]


def strongest(known: Tensor, tensor: Array, channel: int, slice: int | None = None) -> tuple[int, int]:
    """Return where a channel's map is furthest from zero; the first place where all are alike, or where it has none.

    Of a very large map only some elements are looked at.
    """
    found = map_of(known, tensor, Spot(channel, (0, 0), slice))
    if found is None or not found.size or found.dtype.kind not in "biuf":
        return (0, 0)
    step = math.ceil(math.sqrt(found.size / _MOST_LOOKED_AT))
    found = found[::step, ::step]
    with np.errstate(invalid="ignore"):
        sizes = np.nan_to_num(np.abs(found.astype(np.float32)), nan=0.0, posinf=0.0, neginf=0.0)
    row, column = np.unravel_index(int(np.argmax(sizes)), found.shape)
    return int(row) * step, int(column) * step


# ---------------------------------------------------------------- who made what


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a tensor comes from.

    Attributes:
        layer: That made it; None for an input of the model, and for what is stored in the file.
        output: Which of the layer's outputs it is.
        is_input: It is what the model was fed.
    """

    layer: Layer | None
    output: int = 0
    is_input: bool = False


_last: tuple[tuple[Layer, ...], Mapping[str, tuple[Layer, int]]] = ((), {})


def origin(model: Model, tensor: str) -> Origin:
    """Return who made a tensor."""
    made = _makers(model).get(tensor)
    if made is not None:
        return Origin(*made)
    return Origin(None, is_input=any(each.name == tensor for each in model.inputs))


def _makers(model: Model) -> Mapping[str, tuple[Layer, int]]:
    """Return the layer and the output that make each tensor; found out once for a model."""
    global _last
    if _last[0] is not model.layers:
        makers = {made.name: (layer, place) for layer in model.layers for place, made in enumerate(layer.outputs)}
        _last = model.layers, makers
    return _last[1]


def way_here(model: Model, layer: Layer) -> tuple[Layer, ...]:
    """Return the layers before one, the furthest first: each is what made the next one's first computed input."""
    found: list[Layer] = []
    seen = {layer.name}
    current: Layer | None = layer
    while current is not None:
        before = (origin(model, name).layer for name in current.inputs if name and name not in current.stored)
        current = next((each for each in before if each is not None and not each.is_constant), None)
        if current is None or current.name in seen:
            break
        seen.add(current.name)
        found.append(current)
    return tuple(reversed(found))
