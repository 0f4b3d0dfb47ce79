"""Where the numbers of an explanation come from: the tensors of a run, and what is stored in the model's file."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, MutableMapping, Sequence

import numpy as np
from numpy.typing import NDArray

from inspector.explain.facts import PADDING, Arithmetic, Index, Numbers, Operand, Places
from inspector.graph.dtypes import by_name
from inspector.graph.model import Array, AttributeValue, Layer, Model
from inspector.graph.weight import Weight

Indices = NDArray[np.int64]
MOST_NUMBERS = 1 << 20  # that go into one element; each takes some 50 bytes with its place
_KEPT_BYTES = 64 << 20  # of a weight that was read whole, so that the next element need not read it again


class NotKeptError(Exception):
    """The run does not hold a tensor that is needed; ``args[0]`` is its name."""


class NotExplainedError(Exception):
    """This use of the operator has no explanation; ``args[0]`` says why, as a sentence."""


class Sources:
    """The inputs of one layer.

    Args:
        model: For the version of the operators.
        layer: Whose inputs.
        tensors: Of an instrumented run, by name.
        output: Which of the layer's outputs is explained.
        kept: Weights read before, by name; may be shared by many explanations.
    """

    def __init__(
        self,
        model: Model,
        layer: Layer,
        tensors: Mapping[str, Array],
        output: int = 0,
        kept: MutableMapping[str, Array] | None = None,
    ) -> None:
        self.opset = model.opset
        self.layer = layer
        self.output = output
        self.attributes: Mapping[str, AttributeValue] = layer.attributes
        self._tensors = tensors
        self._kept: MutableMapping[str, Array] = {} if kept is None else kept

    # ---------------------------------------------------------------- inputs

    @property
    def count(self) -> int:
        """How many inputs the layer names, optional ones that are left out included."""
        return len(self.layer.inputs)

    def has(self, place: int) -> bool:
        """Whether the layer has that input."""
        return place < len(self.layer.inputs) and self.layer.inputs[place] != ""

    def name(self, place: int) -> str:
        return self.layer.inputs[place]

    def shape(self, place: int) -> tuple[int, ...]:
        """Return the shape of an input.

        Raises:
            NotKeptError: The run does not hold it.
        """
        array, weight = self._tensors.get(self.name(place)), self.layer.stored.get(self.name(place))
        if array is not None:
            return array.shape
        if weight is not None:
            return weight.shape
        raise NotKeptError(self.name(place))

    def array(self, place: int) -> Array:
        """Return an input whole, as it is stored.

        Raises:
            NotKeptError: The run does not hold it. ModelError: The file cannot be read any more.
        """
        name = self.name(place)
        array = self._tensors.get(name)
        if array is None:
            array = self._kept.get(name)
        if array is None:
            if name not in self.layer.stored:
                raise NotKeptError(name)
            array = _whole(self.layer.stored[name])
            if array.nbytes <= _KEPT_BYTES:
                self._kept[name] = array
        return array

    def integers(self, place: int) -> tuple[int, ...]:
        """Return a small input of whole numbers (a shape, axes, pads)."""
        return tuple(int(each) for each in self.array(place).reshape(-1))

    def number(self, place: int, default: float) -> float:
        """Return an input that is a single number."""
        return float(self.array(place).reshape(-1)[0]) if self.has(place) else default

    def made(self, output: int | None = None) -> Array:
        """Return one of the layer's outputs, by default the one that is explained.

        Raises:
            NotKeptError: The run does not hold it.
        """
        name = self.layer.outputs[self.output if output is None else output].name
        if name not in self._tensors:
            raise NotKeptError(name)
        return self._tensors[name]

    # ---------------------------------------------------------------- attributes

    def attribute(self, name: str, default: float) -> float:
        value = self.attributes.get(name, default)
        return float(value) if isinstance(value, int | float | str) else default

    def integer(self, name: str, default: int) -> int:
        value = self.attributes.get(name, default)
        return value if isinstance(value, int) else default

    def word(self, name: str, default: str) -> str:
        value = self.attributes.get(name, default)
        return value if isinstance(value, str) else default

    def list_of(self, name: str) -> tuple[int, ...] | None:
        """Return an attribute that is a list of whole numbers, or None without it."""
        value = self.attributes.get(name)
        return tuple(int(each) for each in value) if isinstance(value, tuple) else None

    # ---------------------------------------------------------------- operands

    def at(self, role: str, place: int, index: Index) -> Operand:
        """Return one element of an input."""
        weight = self._by_row(place)
        value = self.array(place)[index] if weight is None else weight.read(index[0], 1)[(0, *index[1:])]
        return Operand(role, self.name(place), np.asarray(value, np.float64), np.asarray(index, np.int64))

    def broadcast(self, role: str, place: int, index: Index) -> Operand:
        """Return the element of an input that goes with ``index`` of the output, as numpy and ONNX broadcast."""
        shape = self.shape(place)
        tail = index[len(index) - len(shape) :]
        return self.at(role, place, tuple(0 if length == 1 else at for length, at in zip(shape, tail, strict=True)))

    def grid(self, role: str, place: int, axes: Sequence[Indices]) -> Operand:
        """Return the elements of an input at all combinations of ``axes``, the indices along each of its axes.

        Those below 0 or beyond the end are padding, and 0.

        Raises:
            NotExplainedError: They are more than can be written out.
        """
        shape, count = self.shape(place), math.prod(len(each) for each in axes)
        if count > MOST_NUMBERS:
            raise NotExplainedError(
                f"{count:,} numbers go into this element; up to {MOST_NUMBERS:,} are written out and added up here."
            )
        inside = [(each >= 0) & (each < length) for each, length in zip(axes, shape, strict=True)]
        clipped = [np.where(keep, each, 0) for keep, each in zip(inside, axes, strict=True)]
        values: Numbers = np.zeros([len(each) for each in axes], np.float64)
        if math.prod(shape):
            weight = self._by_row(place)
            # No copy is made of anything but what is asked for: an input may have gigabytes.
            taken = self.array(place)[np.ix_(*clipped)] if weight is None else _rows_of(weight, clipped)
            values = taken.astype(np.float64)
        outside = [np.where(keep, each, PADDING) for keep, each in zip(inside, clipped, strict=True)]
        places: Places = np.stack(np.meshgrid(*outside, indexing="ij"), axis=-1) if axes else np.zeros(0, np.int64)
        if not all(keep.all() for keep in inside):
            values[(places == PADDING).any(axis=-1)] = 0.0
        return Operand(role, self.name(place), values, places)

    def _by_row(self, place: int) -> Weight | None:
        """Return the weight of which only some rows should be read, None where the whole is at hand or small."""
        name = self.name(place)
        weight = self.layer.stored.get(name)
        if name in self._tensors or name in self._kept or weight is None or not _is_read_by_row(weight):
            return None
        return weight


def _rows_of(weight: Weight, axes: Sequence[Indices]) -> Array:
    """Return the elements at all combinations of some indices along each axis; of a file only their rows are read."""
    rows = axes[0]
    parts = {row: weight.read(row, 1)[0] for row in dict.fromkeys(int(each) for each in rows)}
    return np.stack([parts[int(row)] for row in rows])[np.ix_(np.arange(len(rows)), *axes[1:])]


def _is_read_by_row(weight: Weight) -> bool:
    """Whether reading a few rows is cheaper than all, and gives the same numbers."""
    return by_name(weight.dtype).is_float and not weight.steps and math.prod(weight.shape) * 4 > (1 << 16)


def _whole(weight: Weight) -> Array:
    return weight.codes()


Explainer = Callable[[Index, Sources], Arithmetic]
