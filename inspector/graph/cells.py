"""The part of a layer's weights that is edited at a time: one slice of a kernel, one weight of a matrix, one bias."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inspector.graph.dtypes import by_name
from inspector.graph.edits import real_number, stored_place
from inspector.graph.kernels import KernelFacts, kernel_facts
from inspector.graph.model import Layer
from inspector.graph.weight import Weight


@dataclass(frozen=True, slots=True)
class Block:
    """Some numbers of a weight, in rows and columns.

    Attributes:
        weight: With its changes.
        indices: ``(rows, columns, axes of the weight)``, into ``weight.shape``.
        values: ``(rows, columns)``, as they are stored: codes, of a quantized weight.
        changed: ``(rows, columns)``: which are not the file's.
    """

    weight: Weight
    indices: NDArray[np.int64]
    values: NDArray[np.generic]
    changed: NDArray[np.bool_]

    @property
    def has_codes(self) -> bool:
        """Whether the numbers are codes that stand for others."""
        return self.weight.quantization is not None

    def place(self, row: int, column: int) -> int:
        """Return where a number lies in the stored tensor."""
        return stored_place(self.weight, tuple(self.indices[row, column]))

    def real(self, row: int, column: int) -> float:
        """Return what a number stands for; itself, if it is no code."""
        index = tuple(int(each) for each in self.indices[row, column])
        return real_number(self.weight, index, float(self.values[row, column].item()))

    def all_as(self, kernel: NDArray[np.float64]) -> Mapping[int, float]:
        """Return the changes that make the whole block this ``(rows, columns)`` of real numbers.

        Where a type does not hold them they become the nearest that it has; a kernel beyond what codes can stand for
        is made smaller, keeping its form.
        """
        rows, columns = self.values.shape
        places = [self.place(row, column) for row, column in np.ndindex(rows, columns)]
        wanted = kernel if not self.has_codes else self._codes(kernel)
        return dict(zip(places, wanted.reshape(-1).tolist(), strict=True))

    def _codes(self, kernel: NDArray[np.float64]) -> NDArray[np.float64]:
        index = tuple(int(each) for each in self.indices[0, 0])
        limits = np.iinfo(by_name(self.weight.dtype).numpy)
        zero, one = real_number(self.weight, index, 0), real_number(self.weight, index, 1)
        scale = one - zero
        zero_point = -zero / scale
        above, below = kernel.max(initial=0.0), kernel.min(initial=0.0)
        fits = min(
            (limits.max - zero_point) * scale / above if above > 0 else 1.0,
            (limits.min - zero_point) * scale / below if below < 0 else 1.0,
            1.0,
        )
        return np.clip(np.round(kernel * fits / scale + zero_point), limits.min, limits.max)


def kernel_block(layer: Layer, weight: Weight, output: int, input_: int, plane: int = 0) -> Block | None:
    """Return one slice of a kernel, or one weight of a fully connected layer; None if the layer has neither.

    Args:
        layer: With a kernel.
        weight: Its kernel, with changes.
        output: Which output channel.
        input_: Which of the inputs that it looks at.
        plane: Of a kernel of three axes.

    Raises:
        ModelError: The file has changed since the model was opened, or cannot be read.
    """
    facts = kernel_facts(layer)
    if facts is None:
        return None
    if not facts.spatial:
        last = (output, input_) if layer.attributes.get("transB") == 1 else (input_, output)
        index = (*([0] * (len(weight.shape) - 2)), *last)
        return _block(weight, np.array([[index]], np.int64))
    first, second = _ahead(weight, facts, output, input_)
    window = facts.spatial[-2:] if len(facts.spatial) > 1 else (1, facts.spatial[0])
    grid = np.stack(np.meshgrid(*(np.arange(each) for each in window), indexing="ij"), axis=-1)
    grid = grid[..., -len(facts.spatial) :] if len(facts.spatial) < 3 else grid
    ahead = [first, second, *([plane] if len(facts.spatial) == 3 else [])]
    fixed = np.broadcast_to(np.array(ahead, np.int64), (*grid.shape[:2], len(ahead)))
    return _block(weight, np.concatenate([fixed, grid], axis=-1))


def _ahead(weight: Weight, facts: KernelFacts, output: int, input_: int) -> tuple[int, int]:
    if not facts.transposed:
        return output, input_
    per_group = weight.shape[1]
    return output // per_group * facts.inputs + input_, output % per_group


def bias_block(weight: Weight, output: int) -> Block | None:
    """Return the bias of one output channel; None where it is not one number for each."""
    size = int(np.prod(weight.shape)) if weight.shape else 0
    if size == 1:
        return _block(weight, np.zeros((1, 1, len(weight.shape)), np.int64))
    if weight.shape[-1:] != (size,) or not 0 <= output < size:
        return None
    index = [0] * (len(weight.shape) - 1) + [output]
    return _block(weight, np.array([[index]], np.int64))


def _block(weight: Weight, indices: NDArray[np.int64]) -> Block:
    first = int(indices[0, 0, 0])
    row = weight.codes(first, 1)[0]
    values = row[tuple(np.moveaxis(indices[..., 1:], -1, 0))] if indices.shape[-1] > 1 else row
    values = np.asarray(values).reshape(indices.shape[:2])
    edited = set(weight.edit.places) if weight.edit is not None else set()
    if not edited:
        return Block(weight, indices, values, np.zeros(values.shape, bool))
    changed = [stored_place(weight, tuple(index)) in edited for index in indices.reshape(-1, indices.shape[-1])]
    return Block(weight, indices, values, np.array(changed, bool).reshape(values.shape))
