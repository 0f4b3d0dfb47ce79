"""Tensors as feature maps, and what each of them holds."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from inspector.analysis.statistics import CHUNK
from inspector.graph.model import Array

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ChannelStatistics:
    """What each channel holds; every array is ``(channels,)``.

    Attributes:
        minimum, maximum, mean, std: Over the finite elements, in float64; NaN if there are none.
        nans, infs: Elements.
        dead: Every element is zero.
        constant: Every element is the same finite number (zero included).
    """

    minimum: Vector
    maximum: Vector
    mean: Vector
    std: Vector
    nans: NDArray[np.int64]
    infs: NDArray[np.int64]
    dead: NDArray[np.bool_]
    constant: NDArray[np.bool_]


def feature_maps(tensor: Array, channels_last: bool = False) -> Array | None:
    """Return a tensor as feature maps, of the first picture of the batch.

    Args:
        tensor: ``(N, C, H, W)``; ``(N, C, L)`` gives maps of one row, ``(N, F)`` and ``(F,)`` of one element;
            of ``(N, C, D, H, W)`` the middle slice is taken.
        channels_last: The channels are the last axis.

    Returns:
        ``(channels, height, width)``, a view; None where the tensor cannot be read so: it has no elements, no axis,
        or more than five.
    """
    stacked = volumes(tensor, channels_last)
    return stacked[:, stacked.shape[1] // 2] if stacked is not None else None


def volumes(tensor: Array, channels_last: bool = False) -> Array | None:
    """Return a tensor as one volume per channel, of the first picture of the batch.

    Args:
        tensor: As ``feature_maps`` takes it.
        channels_last: The channels are the last axis.

    Returns:
        ``(channels, depth, height, width)``, a view; all but a volume have the depth 1. None as for ``feature_maps``.
    """
    if not tensor.size or not 1 <= tensor.ndim <= 5 or tensor.dtype.kind not in "biuf":
        return None
    maps: Array = tensor.view(np.uint8) if tensor.dtype.kind == "b" else tensor
    if maps.ndim > 1:
        maps = maps[0]
    if channels_last:
        maps = np.moveaxis(maps, -1, 0)
    return maps.reshape(len(maps), 1, 1, 1) if maps.ndim == 1 else maps[(slice(None), *[None] * (4 - maps.ndim))]


def channel_statistics(maps: Array) -> ChannelStatistics:
    """Return what each feature map holds.

    Args:
        maps: ``(channels, height, width)`` of any number type.
    """
    elements = max(1, math.prod(maps.shape[1:]))
    step = max(1, CHUNK // elements)
    parts = [_channel_statistics(maps[start : start + step]) for start in range(0, max(1, len(maps)), step)]
    columns = {each.name: [getattr(part, each.name) for part in parts] for each in fields(ChannelStatistics)}
    return ChannelStatistics(**{name: np.concatenate(arrays) for name, arrays in columns.items()})


def _channel_statistics(maps: Array) -> ChannelStatistics:
    values = maps.reshape(len(maps), math.prod(maps.shape[1:])).astype(np.float64)
    finite = np.isfinite(values)
    counts = finite.sum(axis=1)
    some = counts > 0
    nothing = np.full(len(values), np.nan)
    with np.errstate(over="ignore", invalid="ignore"):
        mean = np.divide(np.where(finite, values, 0).sum(axis=1), counts, out=nothing.copy(), where=some)
        apart = np.where(finite, values - mean[:, np.newaxis], 0)
        variance = np.divide((apart**2).sum(axis=1), counts, out=nothing.copy(), where=some)
    minimum = np.where(some, np.where(finite, values, np.inf).min(axis=1, initial=np.inf), np.nan)
    maximum = np.where(some, np.where(finite, values, -np.inf).max(axis=1, initial=-np.inf), np.nan)
    constant = (counts == values.shape[1]) & some & (minimum == maximum)
    return ChannelStatistics(
        minimum=minimum,
        maximum=maximum,
        mean=mean,
        std=np.sqrt(variance),
        nans=np.isnan(values).sum(axis=1),
        infs=np.isinf(values).sum(axis=1),
        dead=constant & (minimum == 0),
        constant=constant,
    )
