"""How one output element comes about: the facts that an explanation holds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Index = tuple[int, ...]
Numbers = NDArray[np.float64]
Places = NDArray[np.int64]

# How an explanation is drawn: products that add up; a window and who won; a curve with a point on it; a few numbers
# put into a formula; numbers that add up, or of which one is taken, as they are; an element that only moved; logits
# and their exponentials; codes and their scales.
Kind = Literal["products", "window", "curve", "formula", "elements", "move", "softmax", "codes", "none"]

PADDING = -1


@dataclass(frozen=True, slots=True)
class Operand:
    """Numbers that go into a result.

    Attributes:
        role: What the operator calls them, in a word: ``"input"``, ``"kernel"``, ``"bias"``, ``"mean"``, ...
        tensor: Where they lie; ``""`` for what the layer's attributes say.
        values: float64, of any shape; codes of a quantized layer are whole numbers.
        places: ``(*values.shape, rank)`` int64: where each number lies in the tensor as stored; ``PADDING`` on an axis
            where it lies outside and stands for a padding cell. Empty for numbers without a place.
    """

    role: str
    tensor: str
    values: Numbers
    places: Places = field(default_factory=lambda: np.zeros(0, np.int64), repr=False)

    def place(self, position: Index) -> Index | None:
        """Return where the number at ``position`` lies in its tensor; None for padding, or if it has no place."""
        if self.places.shape[:-1] != self.values.shape or (self.places.shape == (0,) and not self.tensor):
            return None
        found = self.places[position]
        return None if (found == PADDING).any() else tuple(int(each) for each in found)

    @property
    def is_padding(self) -> NDArray[np.bool_]:
        """Which numbers are padding, in the shape of ``values``."""
        if self.places.shape[:-1] != self.values.shape:
            return np.zeros(self.values.shape, np.bool_)
        found: NDArray[np.bool_] = (self.places == PADDING).any(axis=-1)
        return found


@dataclass(frozen=True, slots=True)
class Step:
    """A line of the arithmetic.

    Attributes:
        text: What is done, in words or as a formula with the numbers in it.
        value: What comes out; NaN for a line that only says something.
    """

    text: str
    value: float


@dataclass(frozen=True, slots=True)
class Curve:
    """The function that an activation draws, around the point it was asked for.

    Attributes:
        x, y: float64, of one length; ``point`` lies on it.
    """

    x: Numbers
    y: Numbers
    point: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """How one element is computed, in float64.

    Attributes:
        operands: What goes in. For ``products`` the first two are multiplied element by element, and their first
            axis is that of ``parts``.
        result: What comes out, before it is rounded to the output's type.
        magnitude: The sum of the absolute values of all terms: rounding errors are in proportion to it.
        running: The sum of the absolute values of all running sums, each of which the runtime rounds too.
        parts: What adds up to the result, in order, without the bias; empty where nothing adds up.
        part_names: What each part belongs to: the number of an input channel, an input tensor's name, ...
        bias: What is added at the end; None where there is none.
        steps: From the operands to the result.
        winner: For a window: which operand element was taken, an index into the first operand's values.
        codes_allowed: How many codes an integer result may be away, where a scale rounds.
        remarks: What must be known to read it ("the kernel is not flipped").
    """

    kind: Kind
    operands: tuple[Operand, ...]
    result: float
    magnitude: float
    running: float = 0.0
    parts: Numbers = field(default_factory=lambda: np.zeros(0))
    part_names: tuple[str, ...] = ()
    bias: float | None = None
    steps: tuple[Step, ...] = ()
    winner: Index | None = None
    curve: Curve | None = None
    codes_allowed: int = 0
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Explanation:
    """One element of a layer's output, recomputed, and held against the runtime's.

    Attributes:
        layer, op_type: Which layer.
        tensor: Its output that holds the element.
        at: Where, in the tensor as stored.
        explained: Whether the arithmetic is known.
        sentence: Why it is not; ``""`` if it is.
        runtime: What ONNX Runtime computed; None where the run does not hold it.
        dtype: Of the output.
        recomputed: In float64; None where it is not explained.
        rounded: ``recomputed`` in the output's type.
        difference: ``runtime - recomputed``; None where one is missing.
        bound: How large rounding may make the difference.
        agrees: Whether it is not larger; None where one is missing.
    """

    layer: str
    op_type: str
    tensor: str
    at: Index
    explained: bool
    sentence: str = ""
    runtime: float | None = None
    dtype: str = ""
    recomputed: float | None = None
    rounded: float | None = None
    difference: float | None = None
    bound: float | None = None
    agrees: bool | None = None
    arithmetic: Arithmetic | None = None

    def ranked_parts(self) -> tuple[int, ...]:
        """Return the parts by the size of what they add, the largest first."""
        parts = self.arithmetic.parts if self.arithmetic is not None else np.zeros(0)
        order = np.argsort(-np.abs(np.nan_to_num(parts, nan=np.inf)), kind="stable")
        return tuple(int(each) for each in order)

    def inputs(self) -> Iterator[Operand]:
        """Yield the operands that lie in tensors."""
        for operand in self.arithmetic.operands if self.arithmetic is not None else ():
            if operand.tensor:
                yield operand
