"""What part of the picture an element of a feature map sees.

A tensor's *view* says, for each spatial axis of the picture, which pixels an element sees: an interval whose ends move
linearly with the element's place. Layers transform views; where paths meet, views are united.

Source:
    Araujo, Norris and Sim, Computing Receptive Fields of Convolutional Neural Networks, Distill 2019,
    doi:10.23915/distill.00021; here on graphs, per axis, and with a lower and an upper end of its own.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal

Status = Literal["exact", "bound", "whole input", "unknown"]
Number = int | Fraction | float  # floats are infinities only
Rows = tuple[tuple[int, Number], ...]  # an axis that was put together from several: their sizes and jumps
Jump = Number | Rows


@dataclass(frozen=True, slots=True)
class ReceptiveField:
    """What an element sees, per spatial axis of the picture; all in the input's pixels.

    Attributes:
        size: Height and width of the field; it may reach into the padding. None unless exact or bound;
            0 where nothing of the picture is seen, only its shape or constants.
        jump: Distance between the fields of neighbouring elements; None where there is no one distance.
        start: Centre of the first element's field; pixel 0 has its centre at 0.5.
        status: ``exact``: these pixels and no others, but for the gaps that dilation and strides leave between them;
            ``bound``: no others than these; ``whole input``: any pixel; ``unknown``: an operator on the way is not
            known.
        axes: Of the layer's tensor, as stored: the one along which the field moves along each axis of the picture,
            -1 where it stands still. None with ``jump``.
    """

    size: tuple[int, ...] | None = None
    jump: tuple[float, ...] | None = None
    start: tuple[float, ...] | None = None
    status: Status = "unknown"
    axes: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class Interval:
    """The pixels that an element sees along one axis of the picture.

    Attributes:
        low, high: First and last pixel that the element at the origin sees, numbered from 0; they may lie outside.
        jumps: By how many pixels both move from one element to the next, per axis of the tensor.
        is_whole: Something on the way looks at all there is; the ends say what that was, where it is known.
    """

    low: Number
    high: Number
    jumps: tuple[Jump, ...]
    is_whole: bool = False

    def slid(self, axis: int, step: Number, first: Number, last: Number) -> Interval:
        """Return what an element sees that looks at elements ``step * place + first`` to ``... + last`` of this one."""
        jump = self.jumps[axis]
        if isinstance(jump, tuple):
            return self.spread(axis, math.prod(size for size, _ in jump))
        if jump == 0:
            return self
        ends = jump * first, jump * last
        low, high = _tidy(self.low + min(ends)), _tidy(self.high + max(ends))
        return replace(self.moved(axis, _tidy(jump * step)), low=low, high=high)

    def spread(self, axis: int, size: int | None, is_whole: bool = False) -> Interval:
        """Return what an element sees that may look at any of the ``size`` elements along an axis."""
        jump = self.jumps[axis]
        if jump == 0 or size == 1:
            return self
        still = self.moved(axis, 0)
        if size is None:
            return replace(still, low=-math.inf, high=math.inf, is_whole=True)
        rows = jump if isinstance(jump, tuple) else ((size, jump),)
        reaches = [each * (count - 1) for count, each in rows]
        low, high = (
            self.low + sum(min(0, reach) for reach in reaches),
            self.high + sum(max(0, reach) for reach in reaches),
        )
        return replace(still, low=low, high=high, is_whole=is_whole or self.is_whole)

    def moved(self, axis: int, jump: Jump) -> Interval:
        """Return this with another jump along an axis."""
        return replace(self, jumps=(*self.jumps[:axis], jump, *self.jumps[axis + 1 :]))

    def arranged(self, axes: Iterable[int | None]) -> Interval:
        """Return this for a tensor whose axes are those of this one in another order; None is a new axis."""
        count = len(self.jumps)
        jumps: tuple[Jump, ...] = tuple(0 if axis is None or axis >= count else self.jumps[axis] for axis in axes)
        return replace(self, jumps=jumps)

    def at(self, place: Sequence[int]) -> tuple[Number, Number]:
        """Return the first and the last pixel that the element at ``place`` sees; the last may lie before the first."""
        if math.isinf(self.low):
            return self.low, self.high
        moved = sum(_way(jump, index) for jump, index in zip(self.jumps, place, strict=False))
        return math.ceil(self.low + moved), math.floor(self.high + moved)


@dataclass(frozen=True, slots=True)
class View:
    """What the elements of a tensor see of the picture.

    Attributes:
        intervals: One per spatial axis of the picture.
        is_exact: Each element sees the ends of its intervals; otherwise it sees nothing beyond them.
        is_known: Every operator on the way is known; otherwise the intervals mean nothing.
        differs: Channels see different parts of the intervals, until a layer mixes all of them.
    """

    intervals: tuple[Interval, ...]
    is_exact: bool = True
    is_known: bool = True
    differs: bool = False

    def each(self, change: Callable[[Interval], Interval]) -> View:
        """Return this with every interval changed."""
        return replace(self, intervals=tuple(change(interval) for interval in self.intervals))

    def slid(self, axis: int, step: Number, first: Number, last: Number) -> View:
        """Return what a layer sees that slides along one axis; see ``Interval.slid``."""
        is_exact = self.is_exact and (first == last or not any(_is_mixed(each, axis) for each in self.intervals))
        return replace(self.each(lambda each: each.slid(axis, step, first, last)), is_exact=is_exact)

    def spread(self, axes: Iterable[int], shape: Sequence[object] | None, is_whole: bool = False) -> View:
        """Return what a layer sees whose elements may look at anything along some axes of this tensor."""
        found = self
        for axis in axes:
            size = shape[axis] if shape is not None and axis < len(shape) else None
            known = size if isinstance(size, int) else None
            found = found.each(lambda each, axis=axis, known=known: each.spread(axis, known, is_whole))  # type: ignore[misc]
        return found

    def arranged(self, axes: Sequence[int | None]) -> View:
        """Return this for a tensor with rearranged axes; see ``Interval.arranged``."""
        if self.intervals and list(axes) == list(range(len(self.intervals[0].jumps))):
            return self
        return self.each(lambda each: each.arranged(axes))

    def bound(self) -> View:
        """Return this as a bound."""
        return replace(self, is_exact=False)

    def moves_along(self, axis: int) -> bool:
        """Whether what an element sees depends on its place along an axis."""
        return any(axis < len(each.jumps) and each.jumps[axis] != 0 for each in self.intervals)

    def receptive_field(self, sizes: Sequence[int | None]) -> ReceptiveField:
        """Return this in the words of a ``ReceptiveField``.

        Args:
            sizes: Of the picture, per spatial axis.
        """
        if not self.is_known or not self.intervals:
            return ReceptiveField()
        whole = [_is_everything(each, size) for each, size in zip(self.intervals, sizes, strict=True)]
        if all(whole) or any(each and size is None for each, size in zip(whole, sizes, strict=True)):
            return ReceptiveField(status="whole input")
        extents = [
            (0, size - 1) if is_whole and size is not None else (each.low, each.high)
            for each, size, is_whole in zip(self.intervals, sizes, whole, strict=True)
        ]
        jumps = [_only(each) for each in self.intervals]
        known = tuple(float(jump) for jump in jumps if jump is not None)
        is_known = len(known) == len(jumps)
        return ReceptiveField(
            size=tuple(math.ceil(high - low) + 1 for low, high in extents),
            jump=known if is_known else None,
            start=tuple(float(low + high) / 2 + 0.5 for low, high in extents),
            status="exact" if self.is_exact and not self.differs else "bound",
            axes=tuple(_moving_axis(each) for each in self.intervals) if is_known else None,
        )


UNKNOWN = View((), is_exact=False, is_known=False)


def united(views: Sequence[View], shape: Sequence[object] | None) -> View:
    """Return what a tensor sees whose elements look at the same place in several.

    Args:
        views: For tensors of the same rank, at least one.
        shape: Of the tensors.
    """
    found = views[0]
    for other in views[1:]:
        if not (found.is_known and other.is_known) or len(found.intervals[0].jumps) != len(other.intervals[0].jumps):
            return UNKNOWN
        for axis in range(len(found.intervals[0].jumps)):
            pairs = zip(found.intervals, other.intervals, strict=True)
            if any(a.jumps[axis] != b.jumps[axis] for a, b in pairs):  # they part: there, only all of it is certain
                found, other = found.spread([axis], shape).bound(), other.spread([axis], shape).bound()
        both = list(zip(found.intervals, other.intervals, strict=True))
        found = View(
            tuple(_hull(a, b) for a, b in both),
            is_exact=found.is_exact and other.is_exact and all(_touch(a, b) for a, b in both),
            differs=found.differs or other.differs,
        )
    return found


def _hull(a: Interval, b: Interval) -> Interval:
    return Interval(min(a.low, b.low), max(a.high, b.high), a.jumps, a.is_whole or b.is_whole)


def _touch(a: Interval, b: Interval) -> bool:
    return max(a.low, b.low) <= min(a.high, b.high) + 1


def _is_mixed(interval: Interval, axis: int) -> bool:
    """Whether an axis is one of several along which the same pixels lie, as after a line is cut into rows."""
    return interval.jumps[axis] != 0 and sum(jump != 0 for jump in interval.jumps) > 1


def _is_everything(interval: Interval, size: int | None) -> bool:
    if interval.is_whole:
        return True
    return size is not None and not any(interval.jumps) and interval.low <= 0 and interval.high >= size - 1


def _only(interval: Interval) -> Number | None:
    """Return the one distance between neighbouring elements: 0 where all see the same; None where there is no one."""
    moving = [jump for jump in interval.jumps if jump != 0]
    if not moving:
        return 0
    return moving[0] if len(moving) == 1 and not isinstance(moving[0], tuple) else None


def _moving_axis(interval: Interval) -> int:
    return next((axis for axis, jump in enumerate(interval.jumps) if jump != 0), -1)


def _way(jump: Jump, index: int) -> Number:
    """Return how far the place ``index`` along an axis moves an element's pixels."""
    if not isinstance(jump, tuple):
        return jump * index
    way: Number = 0
    for size, each in reversed(jump):
        index, along = divmod(index, size)
        way += each * along
    return way


def regrouped(jumps: Sequence[Jump], sizes: Sequence[int], wanted: Sequence[int]) -> tuple[Jump, ...] | None:
    """Return the jumps along new axes that hold the same elements in the same order.

    Args:
        jumps: Along the old axes.
        sizes: Of the old axes.
        wanted: Sizes of the new axes; their product is that of ``sizes``.

    Returns:
        None where a new axis starts in the middle of an old one.
    """
    rows = _joined(
        row
        for jump, size in zip(jumps, sizes, strict=True)
        for row in (jump if isinstance(jump, tuple) else ((size, jump),))
    )
    made: list[Jump] = []
    for count in wanted:
        part: list[tuple[int, Number]] = []
        while count > 1 and rows:
            size, jump = rows.pop(0)
            if count % size == 0:
                part.append((size, jump))
                count //= size
            elif size % count == 0:
                part.append((count, _tidy(jump * (size // count))))
                rows.insert(0, (size // count, jump))
                count = 1
            elif jump == 0 and not any(each for _, each in rows):
                part.append((count, 0))
                rows, count = [(0, 0)], 1  # what follows stands still too
            else:
                return None
        part = _joined(part)
        made.append(tuple(part) if len(part) > 1 else part[0][1] if part else 0)
    return tuple(made)


def _joined(rows: Iterable[tuple[int, Number]]) -> list[tuple[int, Number]]:
    """Return rows with those put together that go on where the one before ends."""
    made: list[tuple[int, Number]] = []
    for size, jump in rows:
        if size == 1:
            continue
        if made and made[-1][1] == jump * size:
            made[-1] = (made[-1][0] * size, jump)
        else:
            made.append((size, jump))
    return made


def _tidy(value: Number) -> Number:
    """Return a fraction without a denominator as the integer it is: integers are ten times as fast."""
    return value.numerator if isinstance(value, Fraction) and value.denominator == 1 else value
