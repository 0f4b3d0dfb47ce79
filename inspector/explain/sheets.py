"""An explanation made ready to be looked at: the parts of a sum in order, and numbers in rows and columns."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from inspector.explain.checking import half_step
from inspector.explain.facts import Arithmetic, Explanation, Index, Numbers, Operand

WIDEST = 16  # numbers in a row, where they have no rows of their own


@dataclass(frozen=True, slots=True)
class Ranking:
    """The parts of a sum, the largest first.

    Attributes:
        order: Which part stands at each place.
        values: What it adds.
        running: The sum up to it.
        reach: The size of the largest part that is finite.
        total: The sum of all parts.
        bias: What is added at the end; None where nothing is.
        result: The sum with it.
    """

    order: NDArray[np.int64]
    values: Numbers
    running: Numbers
    reach: float
    total: float
    bias: float | None
    result: float

    def __len__(self) -> int:
        return len(self.order)

    def place_of(self, part: int) -> int:
        """Return where a part stands."""
        return int(np.flatnonzero(self.order == part)[0])

    def row(self, place: int) -> tuple[int, float, float]:
        """Return which part stands at a place, what it adds, and the sum up to it."""
        return int(self.order[place]), float(self.values[place]), float(self.running[place])

    def ends(self, most: int) -> tuple[tuple[float, float], ...]:
        """Return from where to where each part takes the sum; what comes after ``most`` parts is taken as one."""
        with np.errstate(invalid="ignore"):
            starts = np.concatenate([[0.0], self.running[:-1]])
        pairs = list(zip(starts.tolist(), self.running.tolist(), strict=True))
        if len(pairs) > most:
            pairs = [*pairs[: most - 1], (pairs[most - 1][0], pairs[-1][1])]
        return tuple(pairs)


def ranking(arithmetic: Arithmetic) -> Ranking:
    """Put the parts of a sum in order; equal ones stay as they come."""
    parts = arithmetic.parts
    sizes = np.nan_to_num(np.abs(parts), nan=np.inf)
    order = np.argsort(-sizes, kind="stable").astype(np.int64)
    values = parts[order]
    with np.errstate(invalid="ignore", over="ignore"):
        summed = np.cumsum(values)
        total = float(parts.sum())
        result = total + (arithmetic.bias or 0.0)
    finite = sizes[np.isfinite(sizes)]
    return Ranking(order, values, summed, float(finite.max(initial=0.0)), total, arithmetic.bias, result)


@dataclass(frozen=True, slots=True)
class Sheet:
    """Numbers in rows and columns.

    Attributes:
        values: ``(rows, columns)`` float64.
        padding: Which of them stand for nothing that is there.
        count: How many cells are filled, row by row; those behind them are empty.
        plane: Rows of one plane of a volume; 0 where there is only one.
        tensor: Where the numbers lie; ``""`` for what was computed.
        reach: The size of the largest finite one.
        is_whole: All of them are whole numbers.
    """

    values: Numbers
    padding: NDArray[np.bool_]
    count: int
    plane: int = 0
    tensor: str = ""
    reach: float = 0.0
    is_whole: bool = False
    _operand: Operand | None = field(default=None, repr=False)
    _shape: Index = ()
    _before: Index = ()

    def place(self, row: int, column: int) -> Index | None:
        """Return where a number lies in its tensor; None for padding and for what was computed."""
        flat = row * self.values.shape[1] + column
        if self._operand is None or not 0 <= flat < self.count:
            return None
        inside = tuple(int(each) for each in np.unravel_index(flat, self._shape)) if self._shape else ()
        return self._operand.place((*self._before, *inside))

    def row_of(self, first: int, count: int) -> Numbers:
        """Return some numbers that follow each other, counted row by row, as one row: ``(1, count)``."""
        return self.values.reshape(1, -1)[:, first : first + count]

    def cell_of(self, position: Index) -> tuple[int, int]:
        """Return the row and column of an element of the operand."""
        flat = int(np.ravel_multi_index(position, self._shape)) if self._shape else 0
        row, column = divmod(flat, int(self.values.shape[1]))
        return row, column


def sheet(operand: Operand, part: int | None = None) -> Sheet:
    """Lay out an operand, or one step along its first axis."""
    values = operand.values if part is None else operand.values[part]
    padding = operand.is_padding if part is None else operand.is_padding[part]
    before = () if part is None else (part,)
    return _laid_out(values, padding, operand, before)


def computed_sheet(values: Numbers) -> Sheet:
    """Lay out numbers that lie nowhere."""
    return _laid_out(values, np.zeros(values.shape, np.bool_), None, ())


def product_sheets(arithmetic: Arithmetic, part: int) -> tuple[Sheet, Sheet, Sheet]:
    """Return what goes in, what it is multiplied by, and the products, of one part of a sum."""
    first, second = arithmetic.operands[:2]
    with np.errstate(invalid="ignore", over="ignore"):
        products = first.values[part] * second.values[part]
    return sheet(first, part), sheet(second, part), computed_sheet(np.asarray(products, np.float64))


def _laid_out(values: Numbers, padding: NDArray[np.bool_], operand: Operand | None, before: Index) -> Sheet:
    shape = values.shape
    width = shape[-1] if shape else 1
    if len(shape) < 2 and width > WIDEST:
        width = max(WIDEST, math.ceil(math.sqrt(width)))
    rows = max(1, math.ceil(values.size / max(1, width)))
    spare = rows * width - values.size
    filled = np.concatenate([values.reshape(-1), np.zeros(spare)]).reshape(rows, width)
    outside = np.concatenate([padding.reshape(-1), np.zeros(spare, np.bool_)]).reshape(rows, width)
    sizes = np.abs(values[np.isfinite(values)])
    return Sheet(
        filled,
        outside,
        values.size,
        shape[-2] if len(shape) > 2 else 0,
        operand.tensor if operand is not None else "",
        float(sizes.max(initial=0.0)),
        bool((values == np.rint(values)).all()),
        operand,
        shape,
        before,
    )


def reach_of(operand: Operand) -> float:
    """Return the size of the largest finite number of an operand."""
    sizes = np.abs(operand.values[np.isfinite(operand.values)])
    return float(sizes.max(initial=0.0))


def strongest_place(operand: Operand, part: int | None = None) -> Index | None:
    """Return where the number that is furthest from zero lies in its tensor; padding is no place, nor is NaN."""
    shown = sheet(operand, part)
    sizes = np.where(shown.padding, -1.0, np.nan_to_num(np.abs(shown.values), nan=0.0)).reshape(-1)[: shown.count]
    if not sizes.size or sizes.max() < 0:
        return None
    row, column = divmod(int(np.argmax(sizes)), shown.values.shape[1])
    return shown.place(row, column)


def shares(arithmetic: Arithmetic) -> tuple[Numbers, Numbers]:
    """Return the exponentials of a softmax and their quotients by their sum, in the order of the logits."""
    logits = arithmetic.operands[0].values
    with np.errstate(all="ignore"):
        exponentials = np.exp(logits - logits.max(initial=-np.inf))
        quotients = exponentials / exponentials.sum()
    return exponentials, quotients


def step_around(found: Explanation) -> float:
    """Return the distance between the numbers of the output's type around the result; 0 for integers."""
    return 2 * half_step(found.recomputed, found.dtype) if found.recomputed is not None else 0.0
