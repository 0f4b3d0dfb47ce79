"""A tensor of a run as the view wants it: its feature maps, and the integer codes behind them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from inspector.analysis.maps import volumes
from inspector.analysis.quantized import is_known, real, scales
from inspector.graph.model import Array, Codes, Tensor

Form = Literal["vector", "signal", "maps", "volume"]

_FORMS: Mapping[int, Form] = {1: "vector", 2: "vector", 3: "signal", 4: "maps", 5: "volume"}


@dataclass(frozen=True, slots=True)
class Scales:
    """What a quantized tensor's codes are multiplied by, resolved in a run.

    Attributes:
        scale, zero_point: One for all channels, or one for each.
        along: What they belong to where that is not the channels: an axis as stored; -1 otherwise.
    """

    scale: tuple[float, ...]
    zero_point: tuple[int, ...]
    along: int = -1

    def of(self, channel: int) -> tuple[float, int] | None:
        """Return scale and zero point of a channel; None where one channel has several."""
        if self.along >= 0:
            return None
        last = len(self.scale) - 1, len(self.zero_point) - 1
        return self.scale[min(channel, last[0])], self.zero_point[min(channel, last[1])]


@dataclass(frozen=True, slots=True)
class Reading:
    """A tensor read as feature maps.

    Attributes:
        form: What the axes beside the channels are: none, time, height and width, or these and depth.
        values: ``(channels, depth, height, width)``: what is looked at, real numbers unless codes were asked for. A
            signal's time is its width.
        slice: Which place of the depth is looked at.
        batch: How many the tensor holds; the first is read.
        passes: How many passes of a loop the run holds of it; the first is read. 0 outside of loops.
        codes: The stored integers, of the same shape; None for a tensor that is not quantized.
        real: The real numbers, of the same shape; None where this run does not tell a code's scale.
        scales: What the codes are multiplied by; None where there are none, or that is not known.
        is_difference: The values are one run's less another's: zero is their middle.
    """

    form: Form
    values: Array
    slice: int
    batch: int
    codes: Array | None = None
    real: Array | None = None
    scales: Scales | None = None
    passes: int = 0
    is_difference: bool = False

    @property
    def maps(self) -> Array:
        """The slice that is looked at, ``(channels, height, width)``, a view."""
        return self.values[:, self.slice]

    @property
    def all_slices(self) -> Array:
        """All slices below each other, ``(channels, depth * height, width)``: what limits and counts are of."""
        channels, depth, height, width = self.values.shape
        return self.values.reshape(channels, depth * height, width)

    @property
    def colormap(self) -> str:
        """What suits it; ``""`` lets the values decide. Zero is no middle for codes, and always one of a difference."""
        if self.is_difference:
            return "signed"
        return "viridis" if self.shows_codes else ""

    @property
    def shows_codes(self) -> bool:
        """Whether ``values`` are integers that stand for other numbers."""
        return self.codes is not None and self.values is self.codes

    def at(self, slice: int | None) -> Reading:
        """Return the same with another slice; None for the middle one."""
        place = _within(slice, self.values.shape[1])
        return self if place == self.slice else replace(self, slice=place)

    def has(self, channel: int, row: int, column: int) -> bool:
        """Say whether there is such an element."""
        channels, _, height, width = map(int, self.values.shape)
        return 0 <= channel < channels and 0 <= row < height and 0 <= column < width

    def number(self, channel: int, row: int, column: int) -> float | None:
        """Return the real number of an element; None where only its code is known."""
        source = self.real if self.codes is not None else self.values
        return None if source is None else float(source[channel, self.slice, row, column])

    def code(self, channel: int, row: int, column: int) -> float | None:
        """Return the number that is stored for an element; None where the tensor is not quantized."""
        return None if self.codes is None else float(self.codes[channel, self.slice, row, column])


def reading(
    tensor: Array,
    known: Tensor,
    tensors: Mapping[str, Array],
    slice: int | None = None,
    codes: bool = False,
) -> Reading | None:
    """Read a tensor as feature maps: what panels, status bar, clipboard, small pictures and exports show of it.

    Args:
        tensor: As it is stored, ``(N, C, H, W)`` or of another rank, see ``maps.feature_maps``.
        known: What the model says of it: where its channels are, and what its integers stand for.
        tensors: Of the same run: a dynamic quantization computes its scale.
        slice: Of a volume; None for the middle one. One that is not there becomes the nearest.
        codes: Give a quantized tensor's integers, not the real numbers.

    Returns:
        None where the tensor cannot be read as feature maps.
    """
    passes = 0
    if known.passes and tensor.ndim >= known.passes and tensor.size:
        passes = math.prod(tensor.shape[: known.passes])
        tensor = np.asarray(tensor[(0,) * known.passes])
    last = known.channels_last and tensor.ndim > 2
    stored = volumes(tensor, last)
    if stored is None:
        return None
    at = _within(slice, stored.shape[1])
    form, batch = _FORMS[tensor.ndim], tensor.shape[0] if tensor.ndim > 1 else 1
    if last:
        stored = np.ascontiguousarray(stored)  # a channel is looked at as a whole, over and over
    if known.codes is None:
        return Reading(form, stored, at, batch, passes=passes)
    if not is_known(tensor, known.codes, tensors):
        return Reading(form, stored, at, batch, stored, passes=passes)
    numbers = volumes(real(tensor, known.codes, tensors, np.s_[:1] if tensor.ndim > 1 else ...), last)
    assert numbers is not None
    numbers = np.ascontiguousarray(numbers) if last else numbers
    found = _resolved(known.codes, tensor, last, tensors)
    return Reading(form, stored if codes else numbers, at, batch, stored, numbers, found, passes)


def _within(slice: int | None, depth: int) -> int:
    return depth // 2 if slice is None else min(max(slice, 0), depth - 1)


def _resolved(codes: Codes, tensor: Array, channels_last: bool, tensors: Mapping[str, Array]) -> Scales:
    """Say to what the scales belong: to the channels, or to another axis."""
    scale, zero_point = scales(codes, tensors)
    if max(len(scale), len(zero_point)) == 1:
        return Scales(scale, zero_point)
    axis = codes.axis % tensor.ndim
    channel_axis = 0 if tensor.ndim == 1 else tensor.ndim - 1 if channels_last else 1
    if axis == 0 != channel_axis:  # of each picture of the batch
        return Scales(scale[:1], zero_point[:1])
    return Scales(scale, zero_point, -1 if axis == channel_axis else axis)
