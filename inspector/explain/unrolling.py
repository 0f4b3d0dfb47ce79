"""Flatten and its kind: a map that becomes a stretch of a vector, cell by cell."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inspector.explain.facts import Index, Operand
from inspector.explain.sheets import Sheet, sheet
from inspector.graph.model import Array, Layer

UNROLLING = ("Reshape", "Flatten", "Squeeze", "Unsqueeze")


@dataclass(frozen=True, slots=True)
class Unrolling:
    """The map that an element was taken from, and where its cells are in the output.

    Attributes:
        cells: The map's numbers.
        given_shape, made_shape: Of the input and the output.
        first: The number of the map's first cell, when the elements are counted row after row.
        axis: Along which axis of the output the cells follow each other; -1 where they do so along several.
        tensor: The input's name.
    """

    cells: Sheet
    given_shape: tuple[int, ...]
    made_shape: tuple[int, ...]
    first: int
    axis: int
    tensor: str

    @property
    def count(self) -> int:
        """How many cells the map has."""
        return self.cells.count

    def source(self, position: int) -> Index:
        """Return where a cell lies in the input."""
        return tuple(int(each) for each in np.unravel_index(self.first + position, self.given_shape))

    def target(self, position: int) -> Index:
        """Return which element of the output it became."""
        return tuple(int(each) for each in np.unravel_index(self.first + position, self.made_shape))

    def name(self, position: int) -> str:
        """Return how the output's element is called: a number in a vector, else its whole index."""
        index = self.target(position)
        return str(index[self.axis]) if self.axis >= 0 else f"[{', '.join(map(str, index))}]"

    def position(self, at: Index) -> int:
        """Return which cell became an element of the output."""
        return int(np.ravel_multi_index(at, self.made_shape)) - self.first

    def cell(self, position: int) -> tuple[int, int]:
        """Return the row and column in which a cell is drawn."""
        row, column = divmod(position, int(self.cells.values.shape[1]))
        return row, column


def unrolling(layer: Layer, given: Array, made: Array, at: Index) -> Unrolling | None:
    """Return the map that holds an element's source, and what became of it; None for another operator or no map.

    Args:
        layer: A Flatten, Reshape, Squeeze or Unsqueeze.
        given: Its input in the run.
        made: Its output in the run.
        at: An element of the output.
    """
    if layer.op_type not in UNROLLING or given.size != made.size or given.size < 2 or not at:
        return None
    start, size = given.ndim, 1
    while start > 0 and (given.ndim - start < 2 or size == 1):
        start -= 1
        size *= given.shape[start]
    if size < 2:
        return None
    flat = int(np.ravel_multi_index(at, made.shape))
    first = flat // size * size
    shape = tuple(each for each in given.shape[start:] if each > 1) or (1,)
    values = given.reshape(-1)[first : first + size].astype(np.float64).reshape(shape)
    cells = sheet(Operand("input", layer.inputs[0], values))
    return Unrolling(cells, given.shape, made.shape, first, _axis(made.shape, first, size), layer.inputs[0])


def _axis(made: tuple[int, ...], first: int, size: int) -> int:
    """Return the axis of the output along which the cells follow each other, -1 for several."""
    behind = 1
    for axis in range(len(made) - 1, -1, -1):
        if made[axis] > 1:
            place = first // behind % made[axis]
            return axis if place + size <= made[axis] and behind == 1 else -1
        behind *= made[axis]
    return -1
