"""Channels that are stuck at the ends of what their layer can give."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inspector.analysis.reading import Reading
from inspector.graph.model import Array, Layer

HALF = 0.5  # of a channel's elements from which on it is saturated
NEAR = 0.001  # of the range: as far from an end as a curve that only comes near it may be
SENTENCE = (
    "At least half of the channel's elements are at the smallest or the largest value that the layer can give:\n"
    "the ends of a Clip or HardSigmoid, the ends of the type of stored codes, or, as a Sigmoid or Tanh only\n"
    "comes near its ends, within a thousandth of the range of one. For a Clip and for codes an end that\n"
    "stands for 0 is not counted: zeros are counted by themselves."
)
_AT_A_TIME = 1 << 20
_CURVES: Mapping[str, tuple[float, float]] = {"Sigmoid": (0.0, 1.0), "Tanh": (-1.0, 1.0)}


@dataclass(frozen=True, slots=True)
class Ends:
    """Where a layer saturates: at values up to ``low``, or from ``high`` on; None where it has no such end.

    Attributes:
        are_codes: They are of the stored integers, not of the numbers that these stand for.
    """

    low: float | None = None
    high: float | None = None
    are_codes: bool = False

    def __bool__(self) -> bool:
        return self.low is not None or self.high is not None


def ends(layer: Layer, reading: Reading, tensors: Mapping[str, Array]) -> Ends:
    """Return where a layer saturates, see ``SENTENCE``; neither end for one that does not.

    Args:
        layer: Whose output is read.
        reading: Of it.
        tensors: Of the run: a Clip may get its ends from other layers.
    """
    if reading.is_difference:
        return Ends()
    if reading.codes is not None and reading.codes.dtype.kind in "iu":
        bounds, scales = np.iinfo(reading.codes.dtype.name), reading.scales
        zeros = set(scales.zero_point) if scales is not None else set()
        first, last = int(bounds.min), int(bounds.max)
        return Ends(None if first in zeros else first, None if last in zeros else last, are_codes=True)
    if layer.op_type in _CURVES:
        bottom, top = _CURVES[layer.op_type]
        near = (top - bottom) * NEAR
        return Ends(bottom + near, top - near)
    if layer.op_type == "HardSigmoid":
        return Ends(0.0, 1.0)
    if layer.op_type == "Clip":
        kind = reading.values.dtype  # an end is a number of that type
        low, high = (_bound(layer, tensors, name, place) for place, name in enumerate(("min", "max"), start=1))
        return Ends(float(np.asarray(low, kind)) if low else None, float(np.asarray(high, kind)) if high else None)
    return Ends()


def _bound(layer: Layer, tensors: Mapping[str, Array], name: str, place: int) -> float | None:
    """Return an end of a Clip, from where its version of the operator has it; None where it has none."""
    given = layer.attributes.get(name)
    if isinstance(given, int | float):
        return float(given)
    source = layer.inputs[place] if place < len(layer.inputs) else ""
    stored = layer.stored.get(source)
    found = stored.read() if stored is not None else tensors.get(source)
    return float(np.asarray(found).reshape(-1)[0]) if found is not None and found.size == 1 else None


def saturated(reading: Reading, found: Ends) -> NDArray[np.bool_]:
    """Say of each channel whether it is saturated, ``(channels,)``."""
    values = reading.codes if found.are_codes and reading.codes is not None else reading.values
    stuck = np.zeros(len(values), np.bool_)
    if not found or not values.size:
        return stuck
    flat: NDArray[np.floating] = values.reshape(len(values), -1)  # type: ignore[assignment]
    step = max(1, _AT_A_TIME // flat.shape[1])
    for start in range(0, len(flat), step):
        part = flat[start : start + step]
        at_low = np.count_nonzero(part <= found.low, axis=1) if found.low is not None else np.zeros(len(part), np.intp)
        at_high = np.count_nonzero(part >= found.high, axis=1) if found.high is not None else np.zeros_like(at_low)
        stuck[start : start + step] = np.maximum(at_low, at_high) >= HALF * flat.shape[1]
    return stuck
