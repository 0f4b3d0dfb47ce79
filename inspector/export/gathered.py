"""What is gathered over all layers while their tensors pass by: statistics, and the overview's picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inspector import format
from inspector.analysis.statistics import Statistics
from inspector.export.captions import labelled
from inspector.export.pictures import BACKGROUND, Shown
from inspector.format import json_number
from inspector.graph.columns import Column, columns_of
from inspector.graph.model import Array, Layer, Model, Prediction
from inspector.labels import MAX_CLASSES
from inspector.render.columns import Tiles, pictured, tiles

Pixels = NDArray[np.uint8]

STATISTICS = (
    *("layer", "op_type", "tensor", "shape", "dtype", "count", "minimum", "maximum", "mean", "std", "zeros"),
    *("nans", "positive_infinities", "negative_infinities"),
)
_SIDE, _MOST = 64, 4  # of a tile in pixels, and how many of a layer, one above the other
_GAP, _BETWEEN, _EDGE = 2, 14, 12
_ROW = 1600  # pixels that columns take before the next row of them begins


def statistics_facts(layer: Layer, tensor: str, array: Array, found: Statistics) -> dict[str, Any]:
    """Return what a tensor holds as one row of a table."""
    return {
        "layer": layer.name,
        "op_type": layer.op_type,
        "tensor": tensor,
        "shape": list(array.shape),
        "dtype": array.dtype.name,
        "count": found.count,
        "minimum": json_number(found.minimum),
        "maximum": json_number(found.maximum),
        "mean": json_number(found.mean),
        "std": json_number(found.std),
        "zeros": json_number(found.zeros),
        "nans": found.nans,
        "positive_infinities": found.positive_infinities,
        "negative_infinities": found.negative_infinities,
    }


def logits(prediction: Prediction, tensors: Mapping[str, Array]) -> dict[str, Array]:
    """Return copies of the tensors that may be the logits of an output: of its size, if that is one of classes."""
    sizes = {output.size for output in prediction.outputs.values() if output.size <= MAX_CLASSES}
    return {name: array.copy() for name, array in tensors.items() if array.size in sizes}


def overview_layers(model: Model, chosen: Sequence[Layer]) -> dict[str, Column]:
    """Return the columns of the overview whose layers are chosen, by the tensor that each shows."""
    names = {layer.name for layer in chosen}
    columns = columns_of(model).columns
    return {column.shown.output.name: column for column in columns if column.shown.name in names}


def overview_tiles(ready: Shown) -> Tiles:
    """Return the strongest maps of a layer, small."""
    return tiles(ready.read.maps, _SIDE, _MOST, is_signal=ready.read.form == "signal")


def overview_picture(columns: Mapping[str, Column], drawn: Mapping[str, Tiles], scale: int = 1) -> Pixels | None:
    """Draw all layers beside each other, in execution order.

    Args:
        columns: By the tensor that each shows.
        drawn: The tiles, by the same names; columns without any are left out.
        scale: Of everything.

    Returns:
        ``(height, width, 3)``; None where there is nothing to draw.
    """
    cards = [_card(column, drawn[name], scale) for name, column in columns.items() if name in drawn]
    if not cards:
        return None
    rows: list[list[Pixels]] = [[]]
    for card in cards:
        taken = sum(each.shape[1] + _BETWEEN * scale for each in rows[-1])
        if rows[-1] and taken + card.shape[1] > _ROW * scale:
            rows.append([])
        rows[-1].append(card)
    between, edge = _BETWEEN * scale, _EDGE * scale
    heights = [max(card.shape[0] for card in row) for row in rows]
    width = max(sum(card.shape[1] + between for card in row) for row in rows) - between + 2 * edge
    height = sum(heights) + between * (len(rows) - 1) + 2 * edge
    found = np.full((height, width, 3), BACKGROUND, np.uint8)
    top = edge
    for row, row_height in zip(rows, heights, strict=True):
        left = edge
        for card in row:
            found[top : top + card.shape[0], left : left + card.shape[1]] = card
            left += card.shape[1] + between
        top += row_height + between
    return found


def _card(column: Column, drawn: Tiles, scale: int) -> Pixels:
    """Draw one column: its tiles, its name and its size below them."""
    count, side = len(drawn.index), _SIDE * scale
    height, width = (max(1, each * side // max(drawn.index.shape[1:])) for each in drawn.index.shape[1:])
    if drawn.form != "maps":
        height, width = side * 2, max(10 * scale, min(side, drawn.index.shape[2] * scale))
    rgba = pictured(drawn, count, 1, height, width, _GAP * scale)
    alpha = rgba[..., 3:] > 0
    pixels = np.where(alpha, rgba[..., :3], np.array(BACKGROUND, np.uint8)).astype(np.uint8)
    channels, rows, columns = drawn.of
    size = [rows, columns, channels] if drawn.form == "maps" else [columns, channels] if columns > 1 else [channels]
    return labelled(pixels, [column.name, *column.path[-1:], format.shape(size)], side + 12 * scale, scale)
