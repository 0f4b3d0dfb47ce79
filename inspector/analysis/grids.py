"""Outputs with rows and columns: images, and maps of classes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from inspector.graph.model import Array

OutputKind = Literal["classes", "image", "class map", "tensor"]
SHOWN_AS: tuple[OutputKind, ...] = ("image", "class map", "tensor")  # what a user may say that a grid is


@dataclass(frozen=True, slots=True)
class Output:
    """What an output is.

    Attributes:
        name: Of the tensor.
        kind: ``classes``: one number per class, or the numbers of classes. ``image``: values to be seen as brightness
            or colour. ``class map``: a class for each place of the picture. ``tensor``: anything else.
        reason: Why, in a sentence.
        axes: Of a grid: where the stored tensor's channels, rows and columns are; -1 for no channels. Else empty.
        pictures: Along the first axis, of which the first is read; 0 where there is no such axis.
        height, width, channels: Of a grid; else 0.
        scale: A grid's height as a part of the input's; 0 where the input is no picture.
        limits: Of an image: the values drawn as black and white.
        rule: Of an image: how its limits were chosen, as a clause.
        is_bgr: Of an image of three channels: blue comes first, as in the network's input.
        classes: Of a class map: how many there could be; 0 where that is not known.
    """

    name: str
    kind: OutputKind
    reason: str
    axes: tuple[int, ...] = ()
    pictures: int = 0
    height: int = 0
    width: int = 0
    channels: int = 0
    scale: float = 0.0
    limits: tuple[float, float] = (0.0, 1.0)
    rule: str = ""
    is_bgr: bool = False
    classes: int = 0

    @property
    def is_grid(self) -> bool:
        """Whether it has rows and columns, so that the user may say what it shows."""
        return bool(self.axes)


@dataclass(frozen=True, slots=True)
class ClassShare:
    """A class of a map: its number, and on how many places of the map it is, also as a part of all."""

    index: int
    places: int
    share: float


@dataclass(frozen=True, slots=True)
class ClassMap:
    """The class of each place.

    Attributes:
        classes: ``(height, width)`` int32; -1 where there is none (NaN, a negative number).
        values: ``(height, width)``: the winning value; None where the network gives the class alone.
        present: The classes that occur, the most frequent first.
    """

    classes: NDArray[np.int32]
    values: Array | None
    present: tuple[ClassShare, ...]


def planes(output: Output, values: Array) -> Array:
    """Return a grid's values for the first picture, ``(channels, height, width)``, a view."""
    channels, rows, columns = output.axes
    first = values
    if output.pictures:
        first = values[0]
        channels, rows, columns = (each - 1 if each >= 0 else -1 for each in output.axes)
    if channels < 0:
        return first.reshape(1, output.height, output.width)
    return np.transpose(first, (channels, rows, columns))


def class_map(output: Output, values: Array) -> ClassMap:
    """Return the class of each place: the channel with the largest value, of equal ones the first.

    Args:
        output: A grid; one of one channel holds the classes themselves.
        values: Its tensor.
    """
    grid = planes(output, values)
    if output.channels == 1:
        with np.errstate(invalid="ignore"):
            numbers = (
                np.where(np.isfinite(grid[0]) & (grid[0] >= 0), grid[0], -1) if grid.dtype.kind == "f" else grid[0]
            )
        classes = np.maximum(numbers.astype(np.int64), -1).astype(np.int32)
        return ClassMap(classes, None, _present(classes))
    classes, largest = _largest(np.moveaxis(grid, 0, -1)) if output.axes[0] > output.axes[2] else _largest_plane(grid)
    return ClassMap(classes, largest, _present(classes))


@dataclass(frozen=True, slots=True)
class Changes:
    """Where two maps give other classes.

    Attributes:
        found: The current map there, without a class everywhere else; shares are of the whole map.
        places: On how many places the classes differ.
        share: The same as a part of all places.
    """

    found: ClassMap
    places: int
    share: float


def changed_classes(current: ClassMap, reference: ClassMap) -> Changes | None:
    """Return where two maps differ; None where they are not of the same size."""
    if current.classes.shape != reference.classes.shape:
        return None
    differs = current.classes != reference.classes
    classes = np.where(differs, current.classes, -1).astype(np.int32)
    count = int(np.count_nonzero(differs))
    return Changes(ClassMap(classes, current.values, _present(classes)), count, count / classes.size)


def image_difference(current: Array, reference: Array) -> Array | None:
    """Return one image less another: at each place that of the channel in which they are furthest apart.

    Args:
        current: ``(channels, height, width)`` with 1, 3 or 4 channels; of 4, the last is left out.
        reference: Likewise.

    Returns:
        ``(height, width)`` float64, NaN where one of them is NaN; None where the sizes differ.
    """
    if current.shape != reference.shape:
        return None
    count = 3 if len(current) > 1 else 1
    with np.errstate(invalid="ignore", over="ignore"):
        apart = current[:count].astype(np.float64) - reference[:count].astype(np.float64)
    furthest = np.abs(apart).argmax(axis=0)[np.newaxis]
    found: Array = np.take_along_axis(apart, furthest, axis=0)[0]
    return found


def cell_at(
    at: tuple[int, int], box: tuple[float, float, float, float], height: int, width: int
) -> tuple[int, int] | None:
    """Return which element of a grid lies under a pixel of the picture; None outside of what the network saw.

    Args:
        at: ``(row, column)`` of the pixel, in the file.
        box: ``(left, top, right, bottom)`` of what the network saw, in the same pixels.
        height: Of the grid.
        width: Of the grid.
    """
    left, top, right, bottom = box
    row = math.floor((at[0] + 0.5 - top) / (bottom - top) * height)
    column = math.floor((at[1] + 0.5 - left) / (right - left) * width)
    return (row, column) if 0 <= row < height and 0 <= column < width else None


def _largest(last: Array) -> tuple[NDArray[np.int32], Array]:
    """Return the place of the largest value along the last axis, -1 where one is NaN, and that value."""
    classes = last.argmax(axis=-1)
    largest = np.take_along_axis(last, classes[..., np.newaxis], axis=-1)[..., 0]
    if last.dtype.kind == "f":
        classes[np.isnan(largest)] = -1
    return classes.astype(np.int32), largest


def _largest_plane(grid: Array) -> tuple[NDArray[np.int32], Array]:
    """Return the same along the first axis, six times as fast as numpy's own way."""
    largest = grid[0].copy()
    classes = np.zeros(largest.shape, np.int32)
    has_nan = np.zeros(largest.shape, np.bool_)
    for channel, here in enumerate(grid):
        with np.errstate(invalid="ignore"):
            is_larger = here > largest
        np.copyto(largest, here, where=is_larger)
        classes[is_larger] = channel
        if grid.dtype.kind == "f":
            has_nan |= np.isnan(here)
    classes[has_nan] = -1
    return classes, largest


def _present(classes: NDArray[np.int32]) -> tuple[ClassShare, ...]:
    numbers, counts = np.unique(classes, return_counts=True)
    order = np.lexsort((numbers, -counts))
    return tuple(
        ClassShare(int(numbers[place]), int(counts[place]), float(counts[place]) / classes.size)
        for place in order
        if numbers[place] >= 0
    )


def extremes(grid: Array) -> tuple[float, float]:
    """Return the smallest and the largest finite value."""
    if grid.dtype.kind != "f":
        return float(grid.min()), float(grid.max())
    finite = np.isfinite(grid)
    if not finite.any():
        return 0.0, 1.0
    return (
        float(np.min(grid, where=finite, initial=np.inf)),
        float(np.max(grid, where=finite, initial=-np.inf)),
    )
