"""What a network's inputs and outputs look like, by their shapes alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from inspector.graph.model import Dimension, Tensor

COCO = 80  # classes of the set that most detectors are trained for
VOC = 20
_PICTURE_CHANNELS = (1, 3, 4)
_STRIDES = ((8, 16, 32), (8, 16, 32, 64), (4, 8, 16, 32), (16, 32))
_COARSE = 8  # a detector's grid is at least that much coarser than the picture


@dataclass(frozen=True, slots=True)
class PictureForm:
    """An input that has the shape of a picture; None is a length that the model leaves open."""

    name: str
    channels: int | None
    height: int | None
    width: int | None
    channels_last: bool


@dataclass(frozen=True, slots=True)
class Boxes:
    """An output that has one row of numbers for each place of a detector's grids.

    Attributes:
        values: How many numbers each place has: a box, and how sure each class is.
        per_place: How many boxes a place has.
        values_first: ``(N, values, places)``, as Ultralytics has it, rather than ``(N, places, values)``.
    """

    values: int
    per_place: int
    values_first: bool


def picture_form(inputs: Iterable[Tensor]) -> PictureForm | None:
    """Return the first input that has the shape of a picture, or None."""
    for tensor in inputs:
        shape = tensor.shape
        if shape is None or len(shape) not in (3, 4) or tensor.dtype in ("string", "bool"):
            continue
        last = shape[-1] in _PICTURE_CHANNELS and (tensor.channels_last or shape[-3] not in _PICTURE_CHANNELS)
        channels, height, width = (shape[-1], shape[-3], shape[-2]) if last else shape[-3:]
        if channels in _PICTURE_CHANNELS or not isinstance(channels, int):
            return PictureForm(tensor.name, _length(channels), _length(height), _length(width), last)
    return None


def boxes_of(shape: Sequence[Dimension] | None, height: int, width: int) -> Boxes | None:
    """Return how an output lists the places of a detector's grids, or None if it does not.

    A picture of 640 x 640 has 80 x 80 + 40 x 40 + 20 x 20 = 8,400 places.
    """
    if shape is None or len(shape) != 3:
        return None
    _, second, third = shape
    if not isinstance(second, int) or not isinstance(third, int):
        return None
    for strides in _STRIDES:
        places = sum(-(-height // stride) * -(-width // stride) for stride in strides)
        for per_place in (1, 3):
            if second == places * per_place and third > 4:
                return Boxes(third, per_place, values_first=False)
            if third == places * per_place and second > 4:
                return Boxes(second, per_place, values_first=True)
    return None


def grid_classes(shape: Sequence[Dimension] | None, height: int, width: int) -> int:
    """Return how many classes a detector's grid tells apart; 0 for an output that is no such grid.

    A grid is coarse, and its channels are a box, how sure it is, and the classes of COCO or VOC; once, or for three or
    five boxes at each place.
    """
    if shape is None or len(shape) not in (4, 5):
        return 0
    channels, grid = (shape[1], shape[2:]) if len(shape) == 4 else (shape[4], shape[2:4])
    if not all(
        isinstance(each, int) and each * _COARSE <= side for each, side in zip(grid, (height, width), strict=True)
    ):
        return 0
    boxes = (1, 3, 5) if len(shape) == 4 else (1,)
    return next((classes for classes in (COCO, VOC) for each in boxes if channels == each * (5 + classes)), 0)


def class_count(outputs: Sequence[Tensor]) -> int:
    """Return how many classes the only vector among the outputs tells apart; 0 where there is none, or several."""
    found = {_vector(each.shape) for each in outputs} - {0}
    return found.pop() if len(found) == 1 else 0


def class_counts(inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> frozenset[int]:
    """Return the numbers of classes that the outputs may have: of a vector, of a class map, of a detector's places."""
    picture = picture_form(inputs)
    height, width = ((picture.height or 0, picture.width or 0)) if picture is not None else (0, 0)
    is_last = picture is not None and picture.channels_last
    found: set[Dimension] = set()
    for tensor in outputs:
        shape = tensor.shape or ()
        in_grid = grid_classes(shape, height, width)
        rows = boxes_of(shape, height, width)
        if _vector(shape) or in_grid:
            found.add(_vector(shape) or in_grid)
        elif rows is not None:  # with or without a number for how sure the box is
            found |= {rows.values - 4, rows.values - 5}
        elif len(shape) == 4:
            found.add(shape[-1] if is_last else shape[1])
        elif len(shape) == 3 and isinstance(shape[2], int):  # with or without a class for what is nothing
            found |= {shape[2], shape[2] - 1}
    return frozenset(each for each in found if isinstance(each, int) and each > 1)


def _vector(shape: Sequence[Dimension] | None) -> int:
    """Return the length of ``(C,)``, ``(N, C)``, ``(N, C, 1, 1)`` or ``(N, 1, 1, C)``; 0 for any other shape."""
    if not shape or len(shape) > 5:
        return 0
    rest = shape if len(shape) == 1 else shape[1:]
    long = [each for each in rest if each != 1]
    return long[0] if len(long) == 1 and isinstance(long[0], int) else 0


def _length(dimension: Dimension) -> int | None:
    return dimension if isinstance(dimension, int) else None
