"""Numbers about a layer's kernels: read as they are looked at, how large they are, folded, and as frequencies."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from inspector.analysis.statistics import Statistics, counted, has_steps, histogram, merged, statistics
from inspector.graph.kernels import KernelFacts, arranged_kernels, has_rows_of_outputs, numbers_read
from inspector.graph.model import Array, Layer
from inspector.graph.weight import Weight

Vector = NDArray[np.float64]
Order = Literal["index", "L1", "L2"]

BINS = 40
CHUNK = 1 << 18  # numbers that are looked through at a time
SPECTRUM = 32  # elements a side of a frequency response, if the kernel is not larger
_KEPT = 1 << 22  # numbers that are kept once they were read

ORDERS: dict[Order, tuple[str, str]] = {
    "index": ("index", "In the order of the output channels."),
    "L1": ("L1 norm", "The kernel with the largest sum of absolute weights first."),
    "L2": ("L2 norm", "The kernel with the largest sum of squared weights first."),
}


# ---------------------------------------------------------------- a normalization, folded in


@dataclass(frozen=True, slots=True, eq=False)
class Fold:
    """What a normalization does to the channels that come out of a layer.

    Attributes:
        normalization: The name of its layer.
        factor: ``(outputs,)``: a kernel is multiplied by its channel's.
        bias: ``(outputs,)``: what the layer adds then, instead of its own bias.
    """

    normalization: str
    factor: Vector
    bias: Vector


def fold(layer: Layer, normalization: Layer) -> Fold:
    """Return how a BatchNormalization is folded into the layer before it: ``scale / sqrt(variance + epsilon)``.

    Args:
        layer: One with kernels.
        normalization: See ``kernels.normalization_after``.

    Raises:
        ModelError: The file has changed since the model was opened, or cannot be read.

    Source:
        Jacob et al., Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference,
        CVPR 2018, section 3.2.
    """
    scale, offset, mean, variance = (
        _read(normalization.weight(role)) for role in ("scale", "offset", "mean", "variance")
    )
    epsilon = float(normalization.attributes.get("epsilon", 1e-5))  # type: ignore[arg-type]
    bias = layer.weight("bias")
    own = _read(bias) if bias is not None else np.zeros(1)
    with np.errstate(divide="ignore", invalid="ignore"):  # what a damaged file may hold is shown as it is
        factor = scale / np.sqrt(variance + epsilon)
        return Fold(normalization.name, factor, (own - mean) * factor + offset)


def _read(weight: Weight | None) -> Vector:
    assert weight is not None, "asked for with a normalization that has all four"
    return np.asarray(weight.read(), np.float64).reshape(-1)


# ---------------------------------------------------------------- reading


class KernelReader:
    """The kernels of a layer, read from its file when they are looked at; the last ones are kept.

    Args:
        layer: One with kernels.
        facts: Their shape.
        codes: Read what is stored of a quantized kernel, not the real numbers that it stands for.
        folded: A normalization that is folded in, in float64; not for codes.
    """

    def __init__(self, layer: Layer, facts: KernelFacts, codes: bool = False, folded: Fold | None = None) -> None:
        weight = layer.weight("kernel")
        assert weight is not None, "asked for with the facts of a layer that has one"
        self.layer = layer
        self.facts = facts
        self.folded = folded
        self._weight = weight
        self._read = weight.codes if codes else weight.read
        self._has_rows = has_rows_of_outputs(layer, facts) and not numbers_read(weight)
        self._whole: Array | None = None
        self._kept: dict[int, Array] = {}

    @property
    def numbers(self) -> int:
        """How many a kernel has."""
        return math.prod((self.facts.inputs, *self.facts.spatial))

    def to_read(self, outputs: Sequence[int]) -> int:
        """Return how many numbers have to be read from the file for these kernels."""
        if not self._has_rows:
            return 0 if self._whole is not None else math.prod(self._weight.shape)
        return sum(output not in self._kept for output in outputs) * self.numbers

    def of(self, outputs: Sequence[int]) -> Array:
        """Return kernels, ``(kernels, inputs, ...)``.

        Raises:
            ModelError: The file has changed since the model was opened, or cannot be read.
        """
        chosen = np.asarray(outputs, np.intp)
        if not len(chosen):
            return np.zeros((0, self.facts.inputs, *self.facts.spatial), np.float32)
        stored = self._all()[chosen] if not self._has_rows else np.stack([self._one(int(each)) for each in chosen])
        return self._with_factor(stored, chosen)

    def parts(self) -> Iterator[tuple[int, Array]]:
        """Yield all kernels, some at a time, each time with the number of the first; none of them is kept.

        Raises:
            ModelError: The file has changed since the model was opened, or cannot be read.
        """
        step = max(1, CHUNK // max(1, self.numbers))
        for first in range(0, self.facts.outputs, step):
            chosen = np.arange(first, min(first + step, self.facts.outputs))
            if self._has_rows:
                stored = arranged_kernels(self._read(first, len(chosen)), self.layer, self.facts)
            else:
                stored = self._all()[chosen]
            yield first, self._with_factor(stored, chosen)

    def _all(self) -> Array:
        if self._whole is None:
            self._whole = arranged_kernels(self._read(0, None), self.layer, self.facts)
        return self._whole

    def _one(self, output: int) -> Array:
        kept = self._kept.pop(output, None)
        if kept is None:
            kept = arranged_kernels(self._read(output, 1), self.layer, self.facts)[0]
        self._kept[output] = kept
        while len(self._kept) > max(1, _KEPT // max(1, self.numbers)):
            del self._kept[next(iter(self._kept))]
        return kept

    def _with_factor(self, kernels: Array, outputs: NDArray[np.intp]) -> Array:
        if self.folded is None:
            return kernels
        factor = self.folded.factor[outputs].reshape(-1, *[1] * (kernels.ndim - 1))
        return np.asarray(kernels, np.float64) * factor


# ---------------------------------------------------------------- what they hold


@dataclass(frozen=True, slots=True, eq=False)
class KernelNumbers:
    """What one kernel holds, or all of a layer.

    Attributes:
        known: Statistics.
        l1, l2: The sum of absolute weights, and the root of the sum of squares; of what is finite.
        counts: How many weights lie in each of equal steps from ``low`` to ``high``; empty where all are the same.
    """

    known: Statistics
    l1: float
    l2: float
    counts: NDArray[np.int64]
    low: float
    high: float


@dataclass(frozen=True, slots=True, eq=False)
class KernelSurvey:
    """What the kernels of a layer hold.

    Attributes:
        l1, l2: ``(outputs,)``, float64.
        all: Of all of them together.
    """

    l1: Vector
    l2: Vector
    all: KernelNumbers

    def order(self, by: Order) -> NDArray[np.intp]:
        """Return the output channels in order, the largest norm first; equals in the order of their numbers."""
        if by == "index":
            return np.arange(len(self.l1))
        return np.argsort(-(self.l1 if by == "L1" else self.l2), kind="stable")


def kernel_numbers(kernel: Array) -> KernelNumbers:
    """Return what a kernel holds, of any shape."""
    counts, low, high = histogram(kernel, BINS)
    l1, l2 = _norms(kernel.reshape(1, -1))
    return KernelNumbers(statistics(kernel), float(l1[0]), float(l2[0]), counts, low, high)


def kernel_survey(reader: KernelReader) -> KernelSurvey:
    """Look through all kernels of a layer.

    Raises:
        ModelError: The file has changed since the model was opened, or cannot be read.
    """
    l1, l2 = np.zeros(reader.facts.outputs), np.zeros(reader.facts.outputs)
    together: Statistics | None = None
    for first, kernels in reader.parts():
        part = slice(first, first + len(kernels))
        l1[part], l2[part] = _norms(kernels.reshape(len(kernels), -1))
        found = statistics(kernels)
        together = found if together is None else merged(together, found)
    assert together is not None, "there is a kernel"
    low, high = together.minimum, together.maximum
    counts = np.zeros(BINS if has_steps(together) else 0, np.int64)
    if counts.size:
        for _, kernels in reader.parts():
            counts += counted(kernels, BINS, low, high)
    whole = KernelNumbers(together, float(l1.sum()), float(np.sqrt((l2**2).sum())), counts, low, high)
    return KernelSurvey(l1, l2, whole)


def _norms(rows: Array) -> tuple[Vector, Vector]:
    sizes = np.abs(np.asarray(rows, np.float64))
    sizes[~np.isfinite(sizes)] = 0
    return sizes.sum(axis=1), np.sqrt((sizes**2).sum(axis=1))


# ---------------------------------------------------------------- frequencies


@dataclass(frozen=True, slots=True, eq=False)
class Spectrum:
    """How strongly a kernel answers to waves.

    Attributes:
        magnitude: ``(frequencies down, frequencies across)``, zero frequency in the middle.
        down, across: The frequencies, in cycles per pixel, from -1/2 on.
    """

    magnitude: NDArray[np.float64]
    down: Vector
    across: Vector


def frequency_response(kernel: Array) -> Spectrum:
    """Return the magnitude of the Fourier transform of a kernel, filled up with zeros to ``SPECTRUM`` a side.

    Args:
        kernel: ``(height, width)``; of one row, only the frequencies across are told apart.
    """
    numbers = np.nan_to_num(np.asarray(kernel, np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    height, width = (1 if size == 1 and axis == 0 else max(SPECTRUM, size) for axis, size in enumerate(numbers.shape))
    magnitude = np.abs(np.fft.fftshift(np.fft.fft2(numbers, (height, width))))
    down, across = (np.fft.fftshift(np.fft.fftfreq(size)) for size in (height, width))
    return Spectrum(magnitude, down, across)
