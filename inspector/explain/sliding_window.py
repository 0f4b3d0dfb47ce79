"""How a layer's window moves over its input, to be shown: which map it lies on, where, and what it has made so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from inspector.explain.elements import Spot, map_of
from inspector.explain.facts import PADDING, Explanation, Index
from inspector.explain.sliding import taps_of, window
from inspector.explain.sources import NotExplainedError, NotKeptError, Sources
from inspector.graph.model import Array, Geometry, Layer, Model, Tensor

# By operator: which input the window slides over, and which holds the kernels.
_SLIDES: Mapping[str, tuple[int, int | None]] = {
    "Conv": (0, 1),
    "ConvInteger": (0, 1),
    "QLinearConv": (0, 3),
    **dict.fromkeys(("MaxPool", "AveragePool", "LpPool", "QLinearAveragePool"), (0, None)),
}


@dataclass(frozen=True, slots=True)
class Frame:
    """What a window covers, in rows and columns of a map; it may reach beyond it, into the padding.

    Attributes:
        rows, columns: The places of its cells along each axis, in order.
    """

    rows: tuple[int, ...]
    columns: tuple[int, ...]

    @property
    def box(self) -> tuple[int, int, int, int]:
        """Top, left, bottom and right, the last two behind the last cell."""
        return min(self.rows), min(self.columns), max(self.rows) + 1, max(self.columns) + 1


@dataclass(frozen=True, slots=True)
class Motion:
    """The window of one layer, on one picture.

    Attributes:
        shape: Rows and columns of the output's map.
        geometry: How it slides; None for a layer that has no window.
        pads: Rows above, columns at the left, rows below and columns at the right that are padding.
    """

    shape: tuple[int, int]
    geometry: Geometry | None = None
    pads: tuple[int, int, int, int] = (0, 0, 0, 0)

    @property
    def count(self) -> int:
        """How many places the window takes."""
        return self.shape[0] * self.shape[1]

    def at(self, position: int) -> tuple[int, int]:
        """Return the output's row and column at a position, rows first."""
        return divmod(position, self.shape[1])

    def position(self, row: int, column: int) -> int:
        return row * self.shape[1] + column

    def over(self, row: int, column: int, size: tuple[int, int]) -> int:
        """Return the position whose window has its middle nearest to an element of the input.

        Args:
            row: Of the input's map; outside it lies the padding.
            column: Likewise.
            size: Rows and columns of the input's map, for a layer without a window: its maps are laid on each other.
        """
        if self.geometry is None:
            down, across = (row * self.shape[0] // max(1, size[0]), column * self.shape[1] // max(1, size[1]))
        else:
            across = self._nearest(column, len(self.geometry.strides) - 1, self.pads[1])
            down = self._nearest(row, len(self.geometry.strides) - 2, self.pads[0]) if self.shape[0] > 1 else 0
        return self.position(min(max(down, 0), self.shape[0] - 1), min(max(across, 0), self.shape[1] - 1))

    def _nearest(self, place: int, axis: int, before: int) -> int:
        assert self.geometry is not None
        reach = (self.geometry.kernel_shape[axis] - 1) * self.geometry.dilations[axis]
        stride = self.geometry.strides[axis]
        return (2 * (place + before) - reach + stride) // (2 * stride)

    def frame(self, row: int, column: int) -> Frame | None:
        """Return what the window covers for an output element; None for a layer without a window."""
        slides = self.geometry
        if slides is None:
            return None
        axes = len(slides.strides)
        across = taps_of(column, slides, axes - 1)
        down = taps_of(row, slides, axes - 2) if axes > 1 else (0,)
        return Frame(tuple(int(each) for each in down), tuple(int(each) for each in across))


def motion(model: Model, layer: Layer, tensors: Mapping[str, Array], known: Tensor, spot: Spot) -> Motion | None:
    """Return how a layer goes over its input; None where its output has no map of several elements."""
    made = tensors.get(known.name)
    shown = map_of(known, made, spot) if made is not None else None
    if shown is None or shown.size < 2:
        return None
    shape = int(shown.shape[0]), int(shown.shape[1])
    slides = _SLIDES.get(layer.op_type)
    if slides is None or known.channels_last:
        return Motion(shape)
    data, kernel = slides
    try:
        found = window(Sources(model, layer, tensors), kernel, data)
    except (NotKeptError, NotExplainedError):
        return Motion(shape)
    assert found.pads is not None
    axes = len(found.strides)
    left, right = found.pads[axes - 1], found.pads[2 * axes - 1]
    above, below = (found.pads[axes - 2], found.pads[2 * axes - 2]) if axes > 1 else (0, 0)
    return Motion(shape, found, (above, left, below, right))


def touched(found: Explanation, known: Tensor, shape: tuple[int, ...], part: int = 0) -> Frame | None:
    """Return which cells of an input's map go into an element, for layers whose window is not regular.

    Args:
        found: Of the element.
        known: The input.
        shape: Of the input in the run.
        part: Of a sum; only its cells are looked at.
    """
    if found.arithmetic is None or not found.arithmetic.operands or len(shape) - known.passes < 3:
        return None
    operand = found.arithmetic.operands[0]
    places = operand.places
    if operand.tensor != known.name or not places.size or places.shape[-1] != len(shape):
        return None
    if found.arithmetic.kind == "products" and places.ndim > 1:
        places = places[min(part, len(places) - 1)]
    inside = places.reshape(-1, len(shape))
    inside = inside[(inside != PADDING).all(axis=1)]
    if not len(inside):
        return None
    last = len(shape) - (1 if known.channels_last else 0)
    columns = tuple(sorted({int(each) for each in inside[:, last - 1]}))
    rows = (0,) if len(shape) - known.passes == 3 else tuple(sorted({int(each) for each in inside[:, last - 2]}))
    return Frame(rows, columns)


def input_index(found: Explanation, part: int) -> Index | None:
    """Return where the first number of a part lies in the first operand that lies in a tensor: which map to show."""
    for operand in found.inputs():
        if not operand.places.size or operand.places.shape[:-1] != operand.values.shape:
            continue
        places = operand.places
        if found.arithmetic is not None and found.arithmetic.kind == "products" and places.ndim > 1:
            places = places[min(part, len(places) - 1)]
        inside = places.reshape(-1, places.shape[-1])
        index = inside.max(axis=0)  # padding is -1: along each axis some cell lies inside, or none does
        return None if (index == PADDING).any() else tuple(int(each) for each in index)
    return None
