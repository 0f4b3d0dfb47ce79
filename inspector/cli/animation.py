"""The window's way over the input as a file: what ``inspector explain --gif`` writes."""

from __future__ import annotations

from collections.abc import Mapping

from inspector.analysis.maps import feature_maps
from inspector.errors import UsageError
from inspector.explain.elements import Spot, map_of, origin, spot_of
from inspector.explain.facts import Index
from inspector.explain.sheets import ranking
from inspector.explain.sliding_window import input_index, motion
from inspector.explain.table import explain
from inspector.export.animation import Map, Sliding, write_gif
from inspector.graph.model import Array, Layer, Model, Tensor
from inspector.render.arrays import widened
from inspector.render.limits import fitted, limits, shared_limits


def write_animation(
    path: str, model: Model, layer: Layer, tensors: Mapping[str, Array], at: Index, part: int | None
) -> int:
    """Write how a layer's window slides over one channel of its input, and one channel of the output fills.

    Args:
        path: Of the GIF file.
        model: That the layer is of.
        layer: With a window: a convolution or a pooling.
        tensors: Of a run.
        at: An element of the output channel that is shown.
        part: Which of the input channels that go into it; None for the one that counts most for this element.

    Returns:
        How many frames were written.

    Raises:
        UsageError: The layer has no window, or no such part. ExportError: The file cannot be written.
    """
    known = layer.output
    spot = spot_of(known, tensors[known.name].shape, at)
    moves = motion(model, layer, tensors, known, spot) if spot is not None else None
    if spot is None or moves is None or moves.geometry is None:
        raise UsageError(
            f"{layer.name} has no window that slides: it is a {layer.op_type}.",
            "Choose a convolution or a pooling; inspector layers names them.",
        )
    given, source = _source(model, layer, tensors, at, part)
    boxes = []
    for position in range(moves.count):
        frame = moves.frame(*moves.at(position))
        assert frame is not None
        boxes.append(frame.box)
    return write_gif(
        path,
        Sliding(
            _drawn(given, tensors, source, f"{given.name}, channel {source.channel}"),
            _drawn(known, tensors, spot, f"{layer.name}, channel {spot.channel}"),
            moves.pads,
            boxes,
        ),
    )


def _source(
    model: Model, layer: Layer, tensors: Mapping[str, Array], at: Index, part: int | None
) -> tuple[Tensor, Spot]:
    """Return on which map of the input the window lies."""
    found = explain(model, layer, tensors, at)
    arithmetic = found.arithmetic
    count = arithmetic.parts.size if arithmetic is not None else 0
    if part is not None and count and part >= count:
        raise UsageError(f"{layer.name} sums over {count} input channels; there is no {part}.", "They count from 0.")
    chosen = part if part is not None else ranking(arithmetic).row(0)[0] if arithmetic is not None and count else 0
    index = input_index(found, chosen)
    operand = next(iter(found.inputs()), None)
    known = _known(model, operand.tensor) if operand is not None else None
    spot = spot_of(known, tensors[known.name].shape, index) if known is not None and index is not None else None
    if known is None or spot is None:
        raise UsageError(f"The input of {layer.name} cannot be drawn.", "Choose another layer or element.")
    return known, spot


def _known(model: Model, name: str) -> Tensor | None:
    found = origin(model, name)
    if found.layer is not None:
        return found.layer.outputs[found.output]
    return next((each for each in model.inputs if each.name == name), None)


def _drawn(known: Tensor, tensors: Mapping[str, Array], spot: Spot, title: str) -> Map:
    array = tensors[known.name]
    shown, maps = map_of(known, array, spot), feature_maps(array, known.channels_last)
    assert shown is not None
    assert maps is not None
    found, colormap = fitted(limits(widened(maps), "percentile"))
    return Map(shown, shared_limits(*found.of(0)), colormap, title)
